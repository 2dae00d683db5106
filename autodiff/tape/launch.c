/* SPDX-License-Identifier: MIT */
#include "tape/launch_internal.h"

#include "base/c_source_internal.h"

ad__region ad__scratch(ad__runner *r, ad_type type, size_t count)
{
    const size_t bytes = count * ad_type_bytes(type);
    if (r->evaluates) {
        char *elements = r->status == AD_OK ? ad__arena_take(r->call->scratch, bytes) : NULL;
        r->status = r->status == AD_OK && elements == NULL ? AD_ERR_MEMORY : r->status;
        return (ad__region){AD__ADDRESS, (uint8_t)type, 0, {elements}};
    }
    r->bytes += ad__rounded(bytes);
    const size_t at = r->emit != NULL ? ad__emit_scratch(r->emit, type, count) : 0;
    return (ad__region){count > 0 ? AD__SCRATCH : AD__NOTHING, (uint8_t)type, 0, {.at = at}};
}

/* ---- a launch ---- */

static void put_region(ad__emit *e, const ad__region *region)
{
    if (region->memory == AD__NOTHING) {
        ad__put(e, "NULL");
        return;
    }
    if (region->memory == AD__ARGUMENT) {
        ad__put_argument(e, region->argument, (ad_type)region->type);
    } else if (region->memory == AD__RESULT) {
        ad__put(e, "z");
    } else {
        ad__put(e, "scratch_%s", ad_type_name((ad_type)region->type));
    }
    if (region->at > 0) {
        ad__put(e, " + %zu", region->at);
    }
}

/* The arguments, if there are any. */
static int put_arguments(ad__emit *e, const ad__launch *l)
{
    int count = 0;
    for (; count < AD__LAUNCH_ARGUMENTS && l->x[count].memory != AD__NOTHING; count++) {
        ad__put(e, count > 0 ? ", " : "        const void *const from[] = {");
        put_region(e, &l->x[count]);
    }
    ad__put(e, count > 0 ? "};\n" : "");
    return count > 0;
}

/* The numbers are an array of their own so that compilers see them as constants in the kernel. */
static void put_launch(ad__emit *e, const ad__launch *l)
{
    ad__put(e, "    {\n        static const size_t n[] = {");
    for (size_t i = 0; i < l->count; i++) {
        const int is_negative = l->n[i] > PTRDIFF_MAX;
        ad__put(e, "%s%s%zu", i > 0 ? ", " : "", is_negative ? "(size_t)-" : "",
                is_negative ? 0 - l->n[i] : l->n[i]);
    }
    ad__put(e, "};\n");
    const int reads = put_arguments(e, l);
    ad__put(e, "        %s", l->explain != NULL ? "if (" : "");
    ad__put_kernel(e, l->name, l->type);
    ad__put(e, "(&(const ");
    ad__put_kernel(e, "ad__args", AD__NO_TYPE);
    ad__put(e, "){n, ");
    ad__put_number(e, AD_F64, &l->number);
    ad__put(e, reads ? ", from, " : ", NULL, ");
    put_region(e, &l->z);
    ad__put(e, ", ");
    put_region(e, &l->scratch);
    ad__put(e, l->explain != NULL ? "}) != 0) {\n            return 1;\n        }\n    }\n"
                                  : "});\n    }\n");
    e->fails |= l->explain != NULL;
}

void ad__launch_kernel(ad__runner *r, const ad__launch *l)
{
    if (!r->evaluates) {
        if (r->emit != NULL) {
            put_launch(r->emit, l);
        }
        return;
    }
    if (r->status == AD_OK) {
        const void *const x[] = {l->x[0].elements, l->x[1].elements, l->x[2].elements};
        const ad__args args = {l->n, l->number, x, l->z.elements, l->scratch.elements};
        r->status = l->kernel(&args) == 0 ? AD_OK : l->explain(r->call, l);
    }
}

/* ---- operations ---- */

ad_status ad__evaluate(const ad_op *op, const ad__call *call)
{
    if (op->run == NULL) {
        return op->eval(call);
    }
    ad__runner r = {.call = call, .evaluates = 1};
    op->run(&r, call);
    return r.status;
}

size_t ad__scratch_of(const ad_op *op, const ad__call *call)
{
    if (op->run == NULL) {
        return op->scratch != NULL ? op->scratch(call) : 0;
    }
    ad__runner r = {.call = call};
    op->run(&r, call);
    return r.bytes;
}

int ad__can_write(const ad_op *op)
{
    return op->run != NULL || op->emit != NULL;
}

void ad__write(const ad_op *op, ad__emit *e, const ad__call *call)
{
    if (op->run == NULL) {
        op->emit(e, call);
        return;
    }
    ad__runner r = {.call = call, .emit = e};
    op->run(&r, call);
}
