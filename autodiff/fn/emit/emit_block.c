/* SPDX-License-Identifier: MIT */
/* Blocks of elementwise operations as one loop, alone or after a product; two nested ones where
 * operands are spread, so that the inner one crosses each of them with a step of 0 or 1. In machine
 * code short rows would leave vectors half empty: there such operands are spread out for a piece of
 * many rows at a time. */
#include "fn/emit/emit_internal.h"

#include "ops/matmul_internal.h"

#include <stdio.h>
#include <string.h>

enum {
    PIECE = 256,       /* elements that operands are spread out for */
    LONG_PERIOD = 1024 /* elements of an operand that are too many to be repeated */
};

/* A block, whose elements are those of a panel if it follows a product. */
typedef struct loop {
    emission *m;
    const ad__block *b;
    parameters p;
    uint32_t *operand; /* by operand: its parameter; AD__NONE: a number */
    uint32_t *result;  /* by operation: its parameter, or AD__NONE */
    uint8_t *is_read;  /* by operand: it has a local already */
    size_t run;        /* elements that the inner loop crosses, or 0: one loop */
    size_t piece;      /* elements for which operands are spread out, or 0 */
    uint32_t panel;    /* the operand that is called panel, or AD__NONE */
    uint32_t product;  /* the operand that a product has left in the cell `over`, or AD__NONE */
    uint32_t over;
} loop;

static int is_spread(const loop *l, const ad__operand *o)
{
    return o->end == 0 && o->period != 1 && o->period != l->b->count;
}

/* Runs are as long as the elements that every spread operand crosses alike. */
static size_t run_of(const loop *l)
{
    size_t run = 0;
    for (uint32_t r = 0; r < l->b->operand_count; r++) {
        const ad__operand *o = &l->b->operands[r];
        size_t own = o->repeat > 1 ? o->repeat : o->period;
        if (is_spread(l, o)) {
            run = run == 0 || own < run ? own : run;
        }
    }
    return run;
}

static size_t piece_of(const loop *l)
{
    int is_short = l->m->is_native && l->run > 0 && l->run < PIECE;
    for (uint32_t r = 0; r < l->b->operand_count && is_short; r++) {
        const ad__operand *o = &l->b->operands[r];
        is_short = !is_spread(l, o) || o->repeat > 1 || o->period <= LONG_PERIOD;
    }
    return !is_short ? 0 : l->b->count < PIECE ? l->b->count : PIECE;
}

static int prepare(loop *l)
{
    const ad__block *b = l->b;
    ad__arena *arena = &l->m->arena;
    l->operand = ad__arena_take(arena, ((size_t)b->operand_count + 1) * sizeof *l->operand);
    l->result = ad__arena_take(arena, ((size_t)b->op_count + 1) * sizeof *l->result);
    l->is_read = ad__arena_take(arena, (size_t)b->operand_count + 1);
    if (l->operand == NULL || l->result == NULL || l->is_read == NULL ||
        !ad__emit_parameters(l->m, b->operand_count + b->op_count + 3, &l->p)) {
        l->m->e.is_out_of_memory = 1;
        return 0;
    }
    memset(l->is_read, 0, (size_t)b->operand_count + 1);
    l->run = run_of(l);
    l->piece = piece_of(l);
    return 1;
}

static void find_parameters(loop *l)
{
    const ad__block *b = l->b;
    for (uint32_t r = 0; r < b->operand_count; r++) {
        uint32_t cell = r == l->product ? l->over : b->operands[r].cell;
        l->operand[r] = AD__NONE;
        if (r != l->panel && ad__emit_number(l->m, cell) == NULL) {
            l->operand[r] = ad__emit_parameter(l->m, &l->p, cell, 0);
        }
    }
    for (uint32_t j = 0; j < b->op_count; j++) {
        l->result[j] =
            b->cell[j] == AD__NONE ? AD__NONE : ad__emit_parameter(l->m, &l->p, b->cell[j], 1);
    }
}

/* ---- the body ---- */

static const char *index_of(const loop *l)
{
    return l->run > 0 ? "at + i" : "i";
}

/* Zero, but where the operand is. */
static void put_placed(const loop *l, uint32_t r)
{
    ad__emit *e = &l->m->e;
    const ad__operand *o = &l->b->operands[r];
    const char *index = index_of(l);
    ad__put(e, "%s - %zu < %zu ? ", index, o->from, o->end - o->from);
    if (l->operand[r] == AD__NONE) {
        ad__put_number(e, l->b->type, ad__emit_number(l->m, o->cell));
    } else {
        ad__put(e, "p%u[%s - %zu]", (unsigned)l->operand[r], index, o->from);
    }
    ad__put(e, " : 0");
}

/* x = the element of an operand: before the inner loop where it is the same throughout. */
static void put_operand(loop *l, uint32_t r, const char *indent)
{
    ad__emit *e = &l->m->e;
    const ad__operand *o = &l->b->operands[r];
    const char *type = ad__c_type(l->b->type);
    ad__put(e, "%sconst %s x%u = ", indent, type, (unsigned)r);
    if (o->end > 0) {
        put_placed(l, r);
    } else if (r == l->panel) {
        ad__put(e, "panel[%s - first]", index_of(l));
    } else if (l->operand[r] == AD__NONE) {
        ad__put_number(e, l->b->type, ad__emit_number(l->m, o->cell));
    } else if (o->period == 1) {
        ad__put(e, "p%u[0]", (unsigned)l->operand[r]);
    } else if (!is_spread(l, o)) {
        ad__put(e, "p%u[%s]", (unsigned)l->operand[r], index_of(l));
    } else if (l->piece > 0) {
        ad__put(e, o->repeat == 1 ? "t%u[o%u + i]" : "t%u[i]", (unsigned)r, (unsigned)r);
    } else if (o->repeat == 1) {
        ad__put(e, o->period == l->run ? "p%u[i]" : "p%u[at %% %zu + i]", (unsigned)l->operand[r],
                o->period);
    } else if (o->repeat * o->period == l->b->count) {
        ad__put(e, "p%u[at / %zu]", (unsigned)l->operand[r], o->repeat);
    } else {
        ad__put(e, "p%u[at / %zu %% %zu]", (unsigned)l->operand[r], o->repeat, o->period);
    }
    ad__put(e, ";\n");
    l->is_read[r] = 1;
}

/* Whether an operand is the same throughout the inner loop, or, if there is but one, throughout. */
static int is_outside(const loop *l, uint32_t r)
{
    const ad__operand *o = &l->b->operands[r];
    int is_row = l->piece == 0 && is_spread(l, o) && o->repeat > 1;
    return r != l->panel && o->end == 0 && (o->period == 1 || is_row);
}

/* A single number is read before all loops. That it may be the place of a result does not matter:
 * such a result has one element too. */
static void put_outside(loop *l, int varies, const char *indent)
{
    for (uint32_t r = 0; r < l->b->operand_count; r++) {
        if (is_outside(l, r) && (l->b->operands[r].period != 1) == varies) {
            put_operand(l, r, indent);
        }
    }
}

static void put_operations(loop *l, const char *indent)
{
    const ad__block *b = l->b;
    ad__emit *e = &l->m->e;
    const char *site = NULL;
    for (uint32_t j = 0; j < b->op_count; j++) {
        const ad__block_op *op = &b->ops[j];
        char text[3][PLACE];
        const char *arg[3] = {text[0], text[1], text[2]};
        for (uint32_t a = 0; a < op->count; a++) {
            int is_operand = op->x[a] < b->operand_count;
            if (is_operand && !l->is_read[op->x[a]]) {
                put_operand(l, op->x[a], indent);
            }
            (void)snprintf(text[a], PLACE, is_operand ? "x%u" : "v%u",
                           (unsigned)(is_operand ? op->x[a] : op->x[a] - b->operand_count));
        }
        ad__put(e, "%sconst %s v%u = ", indent, ad__c_type(b->type), (unsigned)j);
        ad__put_text(e, op->op->text, (int)b->type, arg);
        ad__put(e, ";");
        const char *own = l->m->program->values[op->id].site;
        if (j == 0 || (own != NULL && (site == NULL || strcmp(own, site) != 0))) {
            ad__put(e, " /* ");
            ad__put_origin(l->m, op->id);
            ad__put(e, " */");
            site = own;
        }
        ad__put(e, "\n");
        if (l->result[j] != AD__NONE) {
            ad__put(e, "%sp%u[%s] = v%u;\n", indent, (unsigned)l->result[j], index_of(l),
                    (unsigned)j);
        }
    }
}

/* ---- pieces ---- */

/* Rows that are the same in every piece, again and again; from element at % period on they are
 * those of a piece. */
static void put_repeated(loop *l, uint32_t r)
{
    ad__emit *e = &l->m->e;
    const ad__operand *o = &l->b->operands[r];
    const char *type = ad__c_type(l->b->type);
    size_t len = (l->piece / o->period + 2) * o->period;
    ad__put(e,
            "    %s t%u[%zu];\n    for (size_t i = 0; i < %zu; i += %zu) {\n"
            "        memcpy(t%u + i, p%u, %zu);\n    }\n",
            type, (unsigned)r, len, len, o->period, (unsigned)r, (unsigned)l->operand[r],
            o->period * ad_type_bytes(l->b->type));
}

/* Each element as often as it is repeated. */
static void put_filled(loop *l, uint32_t r)
{
    ad__emit *e = &l->m->e;
    const ad__operand *o = &l->b->operands[r];
    const char *type = ad__c_type(l->b->type);
    ad__put(e,
            "        for (size_t i = 0, stop; i < n; i = stop) {\n"
            "            const %s x = p%u[(at + i) / %zu %% %zu];\n"
            "            stop = i + %zu - (at + i) %% %zu;\n"
            "            stop = stop < n ? stop : n;\n"
            "            for (size_t k = i; k < stop; k++) {\n"
            "                t%u[k] = x;\n            }\n        }\n",
            type, (unsigned)l->operand[r], o->repeat, o->period, o->repeat, o->repeat, (unsigned)r);
}

/* Elements first .. end - 1 in pieces. */
static void put_pieces(loop *l, const char *first, const char *end)
{
    ad__emit *e = &l->m->e;
    const ad__block *b = l->b;
    for (uint32_t r = 0; r < b->operand_count; r++) {
        if (is_spread(l, &b->operands[r]) && b->operands[r].repeat == 1) {
            put_repeated(l, r);
        } else if (is_spread(l, &b->operands[r])) {
            ad__put(e, "    %s t%u[%zu];\n", ad__c_type(b->type), (unsigned)r, l->piece);
        }
    }
    ad__put(e,
            "    for (size_t at = %s, n; at < %s; at += n) {\n"
            "        n = %s - at < %zu ? %s - at : %zu;\n",
            first, end, end, l->piece, end, l->piece);
    for (uint32_t r = 0; r < b->operand_count; r++) {
        if (is_spread(l, &b->operands[r]) && b->operands[r].repeat == 1) {
            ad__put(e, "        const size_t o%u = at %% %zu;\n", (unsigned)r,
                    b->operands[r].period);
        } else if (is_spread(l, &b->operands[r])) {
            put_filled(l, r);
        }
    }
    ad__put(e, "        for (size_t i = 0; i < n; i++) {\n");
    put_operations(l, "            ");
    ad__put(e, "        }\n    }\n");
}

/* Elements first .. end - 1, which are texts. */
static void put_loops(loop *l, const char *first, const char *end, int is_range)
{
    ad__emit *e = &l->m->e;
    put_outside(l, 0, "    ");
    if (l->run == 0) {
        ad__put(e, "    for (size_t i = %s; i < %s; i++) {\n", first, end);
        put_operations(l, "        ");
        ad__put(e, "    }\n");
        return;
    }
    if (l->piece > 0) {
        put_pieces(l, first, end);
        return;
    }
    if (is_range) {
        ad__put(e,
                "    for (size_t at = %s, run; at < %s; at += run) {\n"
                "        run = %zu - at %% %zu < %s - at ? %zu - at %% %zu : %s - at;\n",
                first, end, l->run, l->run, end, l->run, l->run, end);
    } else {
        ad__put(e, "    for (size_t at = %s; at < %s; at += %zu) {\n", first, end, l->run);
    }
    put_outside(l, 1, "        ");
    if (is_range) {
        ad__put(e, "        for (size_t i = 0; i < run; i++) {\n");
    } else {
        ad__put(e, "        for (size_t i = 0; i < %zu; i++) {\n", l->run);
    }
    put_operations(l, "            ");
    ad__put(e, "        }\n    }\n");
}

void ad__emit_block(emission *m, uint32_t number, const ad__block *b)
{
    loop l = {.m = m, .b = b, .panel = AD__NONE, .product = AD__NONE};
    char count[24];
    if (!prepare(&l)) {
        return;
    }
    find_parameters(&l);
    m->e.out = &m->steps;
    ad__put(&m->e, "\n");
    ad__put_step_head(m, number, &l.p, "");
    (void)snprintf(count, sizeof count, "%zu", b->count);
    put_loops(&l, "0", count, 0);
    ad__put(&m->e, "}\n");
    m->e.out = &m->body;
    ad__put(&m->e, "    ");
    ad__put_step_call(m, number, &l.p, "");
}

void ad__emit_native_block(emission *m, uint32_t number, const ad__block *b, uint32_t panel,
                           uint32_t over)
{
    loop l = {.m = m,
              .b = b,
              .panel = over == AD__NONE ? panel : AD__NONE,
              .product = over == AD__NONE ? AD__NONE : panel,
              .over = over};
    char more[PLACE];
    if (!prepare(&l)) {
        return;
    }
    find_parameters(&l);
    m->e.out = &m->steps;
    ad__put(&m->e, "\n");
    (void)snprintf(more, sizeof more, "size_t first, size_t end, const %s *restrict panel",
                   ad__c_type(b->type));
    ad__put_step_head(m, number, &l.p, more);
    put_loops(&l, "first", "end", 1);
    ad__put(&m->e,
            "}\n\nvoid block_%u(void *const *cell, size_t first, size_t end, const void *panel)\n"
            "{\n    ",
            (unsigned)number);
    ad__put_step_call(m, number, &l.p, "first, end, panel");
    ad__put(&m->e, "}\n");
}

/* ---- products ---- */

/* The rows of x, from `at` on if that is not NULL, times y. */
static void put_product(emission *m, const ad__product *p, const parameters *params, const char *at,
                        const char *rows, const char *z)
{
    char x[PLACE], y[PLACE];
    ad__gemm gemm = p->gemm;
    uint32_t left = 0, right = 0;
    while (!ad__emit_same(m, params->cell[left], p->x)) {
        left++;
    }
    while (!ad__emit_same(m, params->cell[right], p->y)) {
        right++;
    }
    if (at != NULL) {
        (void)snprintf(x, sizeof x, "p%u + %s * %lld", (unsigned)left, at,
                       (long long)(gemm.transpose_a ? 1 : gemm.lda));
    } else {
        (void)snprintf(x, sizeof x, "p%u", (unsigned)left);
    }
    (void)snprintf(y, sizeof y, "p%u", (unsigned)right);
    ad__put_gemm(&m->e, p->type, &gemm, rows, x, y, z);
}

/* The result is not kept: a panel of rows at a time, and the block over it. */
static void put_panels(loop *l, const ad__product *p)
{
    ad__emit *e = &l->m->e;
    const long long panel = (long long)p->panel, rows = (long long)p->gemm.m;
    const long long n = (long long)p->gemm.n;
    if (panel < rows) {
        ad__put(e,
                "    for (size_t row = 0; row < %lld; row += %lld) {\n"
                "        const size_t rows = %lld - row < %lld ? %lld - row : %lld;\n    ",
                rows, panel, rows, panel, rows, panel);
        put_product(l->m, p, &l->p, "row", "rows", "panel");
        ad__put(e, "        const size_t first = row * %lld, end = first + rows * %lld;\n", n, n);
        put_loops(l, "first", "end", 1);
        ad__put(e, "    }\n");
    } else {
        ad__put(e, "    const size_t first = 0, end = %lld;\n", rows * n);
        put_product(l->m, p, &l->p, NULL, NULL, "panel");
        put_loops(l, "first", "end", 1);
    }
}

void ad__emit_product(emission *m, uint32_t number, const ad__product *product)
{
    const ad__block none = {.type = product->type};
    loop l = {.m = m,
              .b = product->block != NULL ? product->block : &none,
              .panel = product->z == AD__NONE ? product->operand : AD__NONE,
              .product = AD__NONE};
    char text[PLACE], count[24];
    const char *scratch = "";
    if (!prepare(&l)) {
        return;
    }
    ad__emit_parameter(m, &l.p, product->x, 0);
    ad__emit_parameter(m, &l.p, product->y, 0);
    uint32_t z = product->z != AD__NONE ? ad__emit_parameter(m, &l.p, product->z, 1) : AD__NONE;
    find_parameters(&l);
    const ad__gemm *gemm = &product->gemm;
    size_t panel = (size_t)((product->panel < gemm->m ? product->panel : gemm->m) * gemm->n);
    if (z == AD__NONE) {
        m->scratch[product->type] =
            panel > m->scratch[product->type] ? panel : m->scratch[product->type];
        scratch = product->type == AD_F64 ? "w->scratch_f64" : "w->scratch_f32";
    }
    m->e.out = &m->steps;
    ad__put(&m->e, "\n/* ");
    ad__put_origin(m, product->id);
    ad__put(&m->e, " */\n");
    ad__put_step_head(m, number, &l.p,
                      z != AD__NONE             ? ""
                      : product->type == AD_F64 ? "double *restrict panel"
                                                : "float *restrict panel");
    if (z == AD__NONE) {
        put_panels(&l, product);
    } else {
        (void)snprintf(text, sizeof text, "p%u", (unsigned)z);
        (void)snprintf(count, sizeof count, "%zu", l.b->count);
        put_product(m, product, &l.p, NULL, NULL, text);
        if (product->block != NULL) {
            put_loops(&l, "0", count, 0);
        }
    }
    ad__put(&m->e, "}\n");
    m->e.out = &m->body;
    ad__put(&m->e, "    ");
    ad__put_step_call(m, number, &l.p, scratch);
}
