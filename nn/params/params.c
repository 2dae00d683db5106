/* SPDX-License-Identifier: MIT */
#include "params.h"

#include "common/memory_internal.h"

#include <math.h>
#include <string.h>

enum { ALIGNMENT = 64 };

static const struct {
    int trains, decays;
} roles[] = {[NN_WEIGHT] = {1, 1},
             [NN_BIAS] = {1, 0},
             [NN_GAIN] = {1, 0},
             [NN_STATE] = {0, 0},
             [NN_FROZEN] = {0, 0}};

static int is_role(nn_role role)
{
    return (unsigned)role < sizeof roles / sizeof roles[0];
}

int nn_role_trains(nn_role role)
{
    return is_role(role) && roles[role].trains;
}

int nn_role_decays(nn_role role)
{
    return is_role(role) && roles[role].decays;
}

/* One block holds the elements, aligned, and the name behind them. */
typedef struct entry {
    nn_param param;
    void *block;
    int next; /* 1 + the entry before it in its list, or 0 */
} entry;

struct nn_params {
    ad_allocator allocator;
    int count, capacity; /* a power of 2 */
    entry *entries;
    int *lists; /* capacity, by the hash of the name: 1 + the latest entry, or 0 */
};

nn_params *nn_params_new(const ad_allocator *allocator)
{
    ad_allocator own = nn__allocator(allocator);
    nn_params *params = nn__resize(&own, NULL, 1, sizeof *params);
    if (params != NULL) {
        *params = (nn_params){.allocator = own};
    }
    return params;
}

void nn_params_free(nn_params *params)
{
    if (params == NULL) {
        return;
    }
    ad_allocator allocator = params->allocator;
    for (int i = 0; i < params->count; i++) {
        nn__free(&allocator, params->entries[i].block);
    }
    nn__free(&allocator, params->entries);
    nn__free(&allocator, params->lists);
    nn__free(&allocator, params);
}

static int *list_of(const nn_params *params, const char *name)
{
    uint64_t hash = 0;
    for (; *name != '\0'; name++) {
        hash = (hash + (unsigned char)*name) * 0x9e3779b97f4a7c15U;
    }
    return &params->lists[(hash >> 32) & (uint64_t)(params->capacity - 1)];
}

static void enter(nn_params *params, int i)
{
    int *list = list_of(params, params->entries[i].param.name);
    params->entries[i].next = *list;
    *list = i + 1;
}

/* Makes the block of a parameter of zeros. */
static int fill_entry(const ad_allocator *allocator, const char *name, entry *e)
{
    nn_param *p = &e->param;
    size_t width = ad_type_bytes(p->type), name_bytes = strlen(name) + 1;
    if (p->count > (SIZE_MAX - ALIGNMENT - name_bytes) / width) {
        return 0;
    }
    size_t bytes = p->count * width;
    e->block = nn__resize(allocator, NULL, bytes + ALIGNMENT + name_bytes, 1);
    if (e->block == NULL) {
        return 0;
    }
    size_t past = (uintptr_t)e->block % ALIGNMENT;
    p->data = (char *)e->block + (ALIGNMENT - past) % ALIGNMENT;
    memset(p->data, 0, bytes);
    p->name = memcpy((char *)p->data + bytes, name, name_bytes);
    return 1;
}

static int reserve(nn_params *params)
{
    if (params->count < params->capacity) {
        return 1;
    }
    int capacity = params->capacity ? 2 * params->capacity : 8;
    entry *moved = nn__resize(&params->allocator, params->entries, (size_t)capacity, sizeof *moved);
    params->entries = moved != NULL ? moved : params->entries;
    int *lists = nn__resize(&params->allocator, NULL, (size_t)capacity, sizeof *lists);
    if (moved == NULL || lists == NULL) {
        nn__free(&params->allocator, lists);
        return 0;
    }
    memset(lists, 0, (size_t)capacity * sizeof *lists);
    nn__free(&params->allocator, params->lists);
    params->lists = lists;
    params->capacity = capacity;
    for (int i = 0; i < params->count; i++) {
        enter(params, i);
    }
    return 1;
}

ad_status nn_params_add(nn_params *params, const char *name, nn_role role, ad_type type,
                        ad_shape shape, ad_error *error)
{
    char text[160];
    if (params == NULL || name == NULL) {
        return ad_error_set(error, AD_ERR_STATE, "nn_params_add: %s",
                            params == NULL ? "there is no set to add to" : "give a name");
    }
    if (nn_params_find(params, name) != NULL) {
        return ad_error_set(error, AD_ERR_STATE, "there is a parameter %s already; name it anew",
                            name);
    }
    if (type != AD_F64 && type != AD_F32 && !(type == AD_I64 && role == NN_STATE)) {
        return ad_error_set(error, AD_ERR_TYPE, "parameter %s is %s; parameters are f64 or f32",
                            name, ad_type_name(type));
    }
    if (!ad_shape_is_valid(&shape)) {
        return ad_error_set(error, AD_ERR_SHAPE, "parameter %s has the shape %s", name,
                            ad_shape_print(&shape, text, sizeof text));
    }
    entry e = {
        .param = {.role = role, .type = type, .shape = shape, .count = ad_shape_count(&shape)}};
    if (!reserve(params) || !fill_entry(&params->allocator, name, &e)) {
        return ad_error_set(error, AD_ERR_MEMORY, "parameter %s: out of memory", name);
    }
    params->entries[params->count] = e;
    enter(params, params->count++);
    return AD_OK;
}

int nn_params_count(const nn_params *params)
{
    return params != NULL ? params->count : 0;
}

size_t nn_params_len(const nn_params *params)
{
    size_t len = 0;
    for (int i = 0; i < nn_params_count(params); i++) {
        len += params->entries[i].param.count;
    }
    return len;
}

const nn_param *nn_params_at(const nn_params *params, int i)
{
    return i >= 0 && i < nn_params_count(params) ? &params->entries[i].param : NULL;
}

const nn_param *nn_params_find(const nn_params *params, const char *name)
{
    int i = name != NULL && nn_params_count(params) > 0 ? *list_of(params, name) : 0;
    while (i != 0 && strcmp(params->entries[i - 1].param.name, name) != 0) {
        i = params->entries[i - 1].next;
    }
    return i != 0 ? &params->entries[i - 1].param : NULL;
}

double nn_param_value(const nn_param *param, size_t i)
{
    if (param == NULL || i >= param->count) {
        return NAN;
    }
    return param->type == AD_F64   ? ((const double *)param->data)[i]
           : param->type == AD_F32 ? (double)((const float *)param->data)[i]
                                   : (double)((const int64_t *)param->data)[i];
}

void nn_param_set(const nn_param *param, size_t i, double value)
{
    if (param == NULL || i >= param->count) {
        return;
    }
    if (param->type == AD_F64) {
        ((double *)param->data)[i] = value;
    } else if (param->type == AD_F32) {
        ((float *)param->data)[i] = (float)value;
    } else if (isfinite(value)) {
        ((int64_t *)param->data)[i] = (int64_t)value;
    }
}

ad_status nn_params_write(nn_params *params, const char *name, size_t count, const double *values,
                          ad_error *error)
{
    const nn_param *p = nn_params_find(params, name);
    if (p == NULL) {
        return ad_error_set(error, AD_ERR_INDEX, "there is no parameter %s",
                            name != NULL ? name : "without a name");
    }
    if (p->count != count) {
        char text[160];
        return ad_error_set(error, AD_ERR_SHAPE, "parameter %s is %s, not of %zu elements", name,
                            ad_shape_print(&p->shape, text, sizeof text), count);
    }
    if (values == NULL && count > 0) {
        return ad_error_set(error, AD_ERR_DOMAIN, "parameter %s: the values are NULL", name);
    }
    for (size_t i = 0; i < count; i++) {
        nn_param_set(p, i, values[i]);
    }
    return AD_OK;
}

ad_status nn_params_bind(const nn_params *params, ad_tape *tape, ad_var *vars)
{
    if (vars == NULL && nn_params_count(params) > 0) {
        return tape == NULL ? ad_tape_status(tape)
                            : ad_tape_fail(tape, AD_ERR_DOMAIN, "nn_params_bind", NULL,
                                           "there is no room for variables: it is NULL");
    }
    for (int i = 0; i < nn_params_count(params); i++) {
        const nn_param *p = &params->entries[i].param;
        vars[i] = ad_input_view(tape, p->type, p->shape, p->data);
    }
    return ad_tape_status(tape);
}

ad_status nn_params_grad(const nn_params *params, ad_var cost, const ad_var *w, ad_var *dw)
{
    int count = nn_params_count(params), trained = 0;
    for (int i = 0; i < count; i++) {
        trained += nn_role_trains(params->entries[i].param.role);
    }
    if (trained == count || w == NULL || dw == NULL) {
        return ad_grad(cost, count, w, dw);
    }
    ad_var *x = nn__resize(&params->allocator, NULL, 2 * (size_t)trained + 1, sizeof *x);
    if (x == NULL) {
        return ad_tape_fail(cost.tape, AD_ERR_MEMORY, "nn_params_grad", NULL, "out of memory");
    }
    ad_var *dx = x + trained;
    for (int i = 0, k = 0; i < count; i++) {
        if (nn_role_trains(params->entries[i].param.role)) {
            x[k++] = w[i];
        }
    }
    ad_status status = ad_grad(cost, trained, x, dx);
    for (int i = 0, k = 0; i < count; i++) {
        dw[i] = nn_role_trains(params->entries[i].param.role) ? dx[k++] : ad_literal(0);
    }
    nn__free(&params->allocator, x);
    return status;
}

nn_params *nn_params_copy(const nn_params *params, const ad_allocator *allocator)
{
    nn_params *copy = nn_params_new(allocator);
    for (int i = 0; copy != NULL && i < nn_params_count(params); i++) {
        const nn_param *p = &params->entries[i].param;
        if (nn_params_add(copy, p->name, p->role, p->type, p->shape, NULL) != AD_OK) {
            nn_params_free(copy);
            return NULL;
        }
    }
    if (copy != NULL) {
        nn_params_assign(copy, params, NULL);
    }
    return copy;
}

ad_status nn_params_assign(nn_params *to, const nn_params *from, ad_error *error)
{
    int count = nn_params_count(to), same = nn_params_count(from) == count;
    for (int i = 0; i < count && same; i++) {
        const nn_param *p = &to->entries[i].param, *q = &from->entries[i].param;
        same = strcmp(p->name, q->name) == 0 && p->type == q->type &&
               ad_shape_equal(&p->shape, &q->shape);
    }
    if (!same) {
        return ad_error_set(error, AD_ERR_STATE,
                            "the two sets of parameters differ in names, types or shapes");
    }
    for (int i = 0; i < count; i++) {
        const nn_param *p = &to->entries[i].param;
        memcpy(p->data, from->entries[i].param.data, p->count * ad_type_bytes(p->type));
    }
    return AD_OK;
}
