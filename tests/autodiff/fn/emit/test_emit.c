/* SPDX-License-Identifier: MIT */
/* A function emitted as C computes what the recording does, bit for bit: every operation of the
 * catalogue with its first and second derivative. Many are one program, so that the compiler runs
 * seldom. */
#include "fn/emitted.h"
#include "samples.h"
#include "tape/launch_internal.h"
#include "tape/op_internal.h"
#include "tape/tape_internal.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST = 2048 }; /* inputs, outputs of a program */

/* What a program is made of: a value and its derivatives by some of the inputs. */
typedef struct subject {
    const char *name;
    const ad_op *op;
    ad_var (*build)(const ad_var *x); /* NULL: a row */
    int count, first;                 /* inputs */
    ad_shape shape[3];
    double lo, hi;
} subject;

typedef struct program {
    ad_type type;
    int subject_count, in_count, out_count;
    subject subject[256];
    void *x[MOST];   /* inputs */
    int owner[MOST]; /* by output: its subject */
} program;

/* The value, its gradient, and the gradient of the gradient's sum. */
static void record_subject(program *p, int number, ad_tape *tape, const ad_var *in, ad_var *out)
{
    const subject *s = &p->subject[number];
    const ad_var *x = in + s->first;
    ad_var *z = out + p->out_count, sum = ad_literal(0);
    z[0] = s->build != NULL ? s->build(x) : ad__record(s->op, s->count, x, NULL, 0);
    int has_gradient = ad_type_of(z[0]) != AD_I64;
    if (has_gradient) {
        ad_grad(ad_sum(ad_sin(z[0]), AD_ALL), s->count, x, z + 1);
        for (int i = 0; i < s->count; i++) {
            sum = ad_add(sum, ad_sum(ad_mul(z[1 + i], z[1 + i]), AD_ALL));
        }
        sum = sum.tape == NULL ? ad_input(tape, 0) : sum;
        ad_grad(sum, s->count, x, z + 1 + s->count);
    }
    int count = has_gradient ? 1 + 2 * s->count : 1;
    for (int i = 0; i < count; i++) {
        p->owner[p->out_count++] = number;
    }
    cr_assert_eq(ad_tape_status(tape), AD_OK, "%s: %s", s->name, ad_tape_message(tape));
}

static ad_tape *record(program *p, ad_var *in, ad_var *out)
{
    ad_tape *tape = ad_tape_new();
    p->out_count = 0;
    for (int i = 0; i < p->subject_count; i++) {
        const subject *s = &p->subject[i];
        for (int a = 0; a < s->count; a++) {
            in[s->first + a] = ad_input_array(tape, p->type, s->shape[a], p->x[s->first + a]);
        }
    }
    for (int i = 0; i < p->subject_count; i++) {
        record_subject(p, i, tape, in, out);
    }
    return tape;
}

static void draw(program *p, uint64_t seed)
{
    for (int i = 0; i < p->subject_count; i++) {
        const subject *s = &p->subject[i];
        for (int a = 0; a < s->count; a++) {
            size_t n = ad_shape_count(&s->shape[a]);
            ad_rng rng = {.seed = seed, .stream = (uint64_t)(s->first + a)};
            for (size_t k = 0; k < n; k++) {
                double u = s->lo + (s->hi - s->lo) * ad_rng_uniform(&rng);
                if (p->type == AD_F64) {
                    ((double *)p->x[s->first + a])[k] = u;
                } else {
                    ((float *)p->x[s->first + a])[k] = (float)u;
                }
            }
        }
    }
}

/* f64 programs of many inputs take and give one array. */
static void run_emitted(emitted *e, const program *p, const ad_var *in, const ad_var *out, void **z)
{
    static double flat_in[1 << 16], flat_out[1 << 20];
    const void *x[MOST];
    void *y[MOST];
    size_t at = 0;
    memcpy(x, p->x, (size_t)p->in_count * sizeof *x);
    memcpy(y, z, (size_t)p->out_count * sizeof *y);
    int flat = strstr(emitted_text(e), "const void *const *in") == NULL;
    for (int i = 0; i < p->in_count && flat && p->in_count > 32; i++) {
        memcpy(flat_in + at, p->x[i], ad_count(in[i]) * sizeof *flat_in);
        at += ad_count(in[i]);
    }
    int flat_outputs = strstr(emitted_text(e), "double *out") != NULL && p->out_count > 32;
    x[0] = flat && p->in_count > 32 ? flat_in : x[0];
    y[0] = flat_outputs ? flat_out : y[0];
    cr_assert_eq(emitted_run(e, x, y, NULL), 0);
    at = 0;
    for (int i = 0; i < p->out_count && flat_outputs; i++) {
        memcpy(z[i], flat_out + at, ad_count(out[i]) * sizeof *flat_out);
        at += ad_count(out[i]);
    }
}

static void compare(program *p, emitted *e, uint64_t seed)
{
    static ad_var in[MOST], out[MOST];
    static void *z[MOST];
    draw(p, seed);
    ad_tape *tape = record(p, in, out);
    for (int i = 0; i < p->out_count; i++) {
        z[i] = malloc(ad_count(out[i]) * ad_type_bytes(ad_type_of(out[i])) + 1);
    }
    run_emitted(e, p, in, out, z);
    for (int i = 0; i < p->out_count; i++) {
        int is_first = i == 0 || p->owner[i] != p->owner[i - 1];
        cr_expect(same_elements(ad_type_of(out[i]), ad_count(out[i]), z[i], ad_data(out[i])),
                  "%s, subject %d, %s: output %d has other bits than the recording",
                  p->subject[p->owner[i]].name, p->owner[i], is_first ? "value" : "derivative", i);
        free(z[i]);
    }
    ad_tape_free(tape);
}

static void check_program(program *p)
{
    static ad_var in[MOST], out[MOST];
    p->in_count = 0;
    for (int i = 0; i < p->subject_count; i++) {
        subject *s = &p->subject[i];
        s->first = p->in_count;
        for (int a = 0; a < s->count; a++) {
            p->x[p->in_count++] = malloc(ad_shape_count(&s->shape[a]) * sizeof(double) + 1);
        }
    }
    draw(p, 0);
    ad_tape *tape = record(p, in, out);
    ad_fn *f = ad_fn_new(tape, p->in_count, in, p->out_count, out);
    cr_assert_not_null(f, "%s", ad_tape_message(tape));
    ad_tape_free(tape);
    emitted *e = emitted_new(f, p->in_count, p->out_count, 0, NULL, "gcc");
    for (uint64_t seed = 1; seed < 4; seed++) {
        compare(p, e, seed);
    }
    emitted_free(e);
    ad_fn_free(f);
    for (int i = 0; i < p->in_count; i++) {
        free(p->x[i]);
    }
}

/* ---- rows ---- */

static void check_rows(ad_type type, const ad_shape *shapes)
{
    static program p;
    p = (program){.type = type};
    for (const ad_op *const *op = ad__catalogue; *op != NULL; op++) {
        if ((*op)->arity > 0) {
            p.subject[p.subject_count++] = (subject){.name = (*op)->name,
                                                     .op = *op,
                                                     .count = (*op)->arity,
                                                     .shape = {shapes[0], shapes[1], shapes[2]},
                                                     .lo = 0.3,
                                                     .hi = 0.9};
        }
    }
    check_program(&p);
}

Test(emit, rows_over_scalars_have_the_bits_of_the_recording)
{
    const ad_shape shapes[3] = {AD_SCALAR, AD_SCALAR, AD_SCALAR};
    check_rows(AD_F64, shapes);
}

Test(emit, rows_over_tensors_have_the_bits_of_the_recording)
{
    const ad_shape shapes[3] = {AD_SHAPE(7, 5), AD_SHAPE(7, 5), AD_SHAPE(7, 5)};
    check_rows(AD_F64, shapes);
    check_rows(AD_F32, shapes);
}

Test(emit, rows_that_broadcast_have_the_bits_of_the_recording)
{
    const ad_shape shapes[3] = {AD_SHAPE(5), AD_SHAPE(7, 1), AD_SHAPE(2, 1, 1)};
    check_rows(AD_F64, shapes);
    check_rows(AD_F32, shapes);
}

/* ---- structured operations ---- */

static void check_samples(ad_type type)
{
    static program p;
    p = (program){.type = type};
    for (const operation_sample *o = all_samples(); o->name != NULL; o++) {
        if (o->op == NULL || ad__can_write(o->op)) {
            subject s = {.op = o->op,
                         .name = o->name,
                         .build = o->own.build,
                         .count = o->own.count,
                         .lo = o->own.lo,
                         .hi = o->own.hi};
            memcpy(s.shape, o->own.shape, sizeof s.shape);
            p.subject[p.subject_count++] = s;
        }
    }
    check_program(&p);
}

Test(emit, structured_operations_have_the_bits_of_the_recording)
{
    check_samples(AD_F64);
    check_samples(AD_F32);
}

/* ---- larger than samples, and compositions ---- */

static ad_var hot(const ad_var *x)
{
    ad_var place = ad_argmax(x[0], AD_AXES(-1));
    return ad_mul(ad_one_hot(place, 3, ad_type_of(x[0])), x[0]);
}

static ad_var other_type(const ad_var *x)
{
    ad_type type = ad_type_of(x[0]) == AD_F64 ? AD_F32 : AD_F64;
    return ad_cast(ad_exp(ad_cast(x[0], type)), ad_type_of(x[0]));
}

static ad_var whole_sums(const ad_var *x)
{
    ad_var n = ad_cast(ad_mul(x[0], 100), AD_I64), row = ad_select(n, 0, 0);
    const int64_t places[] = {0, 1, 0};
    ad_var at = ad_input_array(n.tape, AD_I64, AD_SHAPE(3), places);
    row = ad_slice(row, 0, 0, 3, 1);
    return ad_concat(6,
                     (ad_var[]){ad_sum(n, AD_AXES(1)), ad_max(n, AD_AXES(1)), ad_min(n, AD_AXES(1)),
                                ad_segment_sum(row, at, 0, 2), ad_scatter_sum(row, at, 0, 2),
                                ad_scatter_add(row, at, row, 0)},
                     0);
}

static ad_var product(const ad_var *x)
{
    return ad_matmul(x[0], x[1]);
}

static ad_var product_of_transposed(const ad_var *x)
{
    return ad_matmul_with(x[0], x[1], 0, 1);
}

static ad_var middle_sum(const ad_var *x)
{
    return ad_sum(x[0], AD_AXES(0, 2));
}

static ad_var statistics(const ad_var *x)
{
    ad_var c =
        ad_concat(2, (ad_var[]){ad_variance(x[0], AD_AXES(0), 1), ad_std(x[0], AD_AXES(0), 0)}, 0);
    return ad_concat(2, (ad_var[]){c, ad_logsumexp(x[0], AD_AXES(0))}, 0);
}

static ad_var many(const ad_var *x)
{
    ad_var part[40];
    ad_split(x[0], 0, 40, NULL, part);
    return ad_concat(40, part, 1);
}

static ad_var many_scalars(const ad_var *x)
{
    ad_var part[40];
    for (int i = 0; i < 40; i++) {
        part[i] = ad_mul(ad_select(x[0], 0, i), i);
    }
    return ad_stack(40, part, 0);
}

static ad_var empty(const ad_var *x)
{
    ad_var none = ad_slice(x[0], 0, 0, 0, 1);
    return ad_add(ad_sum(none, AD_ALL),
                  ad_matmul(ad_reshape(none, AD_SHAPE(2, 0)), ad_reshape(none, AD_SHAPE(0, 2))));
}

static void check_programs(ad_type type)
{
    static const struct {
        ad_var (*build)(const ad_var *x);
        int count;
        ad_shape shape[2];
    } list[] = {
        {hot, 1, {{2, {5, 3}}}},
        {whole_sums, 1, {{2, {5, 300}}}},
        {other_type, 1, {{2, {5, 3}}}},
        {product, 2, {{2, {33, 600}}, {2, {600, 41}}}},
        {product, 2, {{2, {3, 30}}, {1, {30}}}},
        {product, 2, {{3, {4, 3, 30}}, {3, {4, 30, 2}}}},
        {product_of_transposed, 2, {{2, {2, 37}}, {2, {7, 37}}}},
        {product_of_transposed, 2, {{2, {70, 37}}, {2, {5, 37}}}},
        {middle_sum, 1, {{3, {9, 5, 80}}}},
        {middle_sum, 1, {{3, {300, 2, 1}}}},
        {statistics, 1, {{2, {1200, 3}}}},
        {many, 1, {{2, {40, 3}}}},
        {many_scalars, 1, {{1, {40}}}},
        {empty, 1, {{2, {2, 3}}}},
    };
    static const ad_op program_op = {.name = "program"};
    static program p;
    p = (program){.type = type};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        subject s = {.op = &program_op,
                     .build = list[i].build,
                     .count = list[i].count,
                     .lo = 0.3,
                     .hi = 0.9};
        memcpy(s.shape, list[i].shape, sizeof list[i].shape);
        p.subject[p.subject_count++] = s;
    }
    check_program(&p);
}

Test(emit, programs_have_the_bits_of_the_recording)
{
    check_programs(AD_F64);
    check_programs(AD_F32);
}

/* The softmax is nothing, and kept nowhere but in the workspace. */
Test(emit, a_workspace_of_empty_tensors_alone_is_one)
{
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input_array(tape, AD_F32, AD_SHAPE(3, 0), NULL);
    ad_var z = ad_matmul(x, ad_softmax(ad_matrix_transpose(x), AD_AXES(0)));
    ad_fn *f = ad_fn_new(tape, 1, &x, 1, &z);
    emitted *e = emitted_new(f, 1, 1, 0, NULL, "gcc");
    float got[9] = {1, 1};
    cr_expect_eq(emitted_run(e, (const void *[]){NULL}, (void *[]){got}, NULL), 0);
    cr_expect(same_elements(AD_F32, 9, got, ad_data(z)));
    emitted_free(e);
    ad_fn_free(f);
    ad_tape_free(tape);
}

/* The sum is of other shapes, and so a step of its own, in the place of what it reads last. */
Test(emit, a_result_in_the_place_of_an_argument_is_one_parameter_with_it)
{
    double x[24], y[6], got[24];
    for (int i = 0; i < 24; i++) {
        x[i] = 0.1 * i;
        y[i % 6] = 1.0 / (i + 1);
    }
    ad_tape *tape = ad_tape_new();
    ad_var in[2] = {ad_input_array(tape, AD_F64, AD_SHAPE(2, 4, 3), x),
                    ad_input_array(tape, AD_F64, AD_SHAPE(2, 1, 3), y)};
    ad_var z = ad_cumsum(ad_add(in[1], ad_cumsum(in[0], 1)), 1);
    ad_fn *f = ad_fn_new(tape, 2, in, 1, &z);
    emitted *e = emitted_new(f, 2, 1, 0, NULL, "gcc");
    cr_expect_eq(emitted_run(e, (const void *[]){x, y}, (void *[]){got}, NULL), 0);
    cr_expect(same_elements(AD_F64, 24, got, ad_data(z)));
    emitted_free(e);
    ad_fn_free(f);
    ad_tape_free(tape);
}

/* Of a file whose name has the end of a comment in it. */
Test(emit, the_site_of_an_operation_ends_no_comment)
{
    const char *site = "a*/ b \"c\" *?"
                       "?/.c:1";
    double x[2] = {1, 2}, s = 3, got[3];
    ad_tape *tape = ad_tape_new();
    ad_var in[2] = {ad_input_array_at(tape, AD_F64, AD_SHAPE(2), x, site),
                    ad_input_at(tape, s, site)};
    ad_var out[2] = {ad_sum_at(ad_exp_at(in[0], site), AD_ALL, site), ad_exp_at(in[1], site)};
    ad_fn *f = ad_fn_new(tape, 2, in, 2, out);
    emitted *e = emitted_new(f, 2, 2, 0, NULL, "gcc");
    cr_expect_eq(emitted_run(e, (const void *[]){x, &s}, (void *[]){got, got + 1}, NULL), 0);
    cr_expect_eq(got[0], ad_value(out[0]));
    cr_expect_eq(got[1], ad_value(out[1]));
    emitted_free(e);
    ad_fn_free(f);
    ad_tape_free(tape);
}

/* ---- what cannot be written ---- */

Test(emit, a_device_that_takes_no_text_stays)
{
    char path[256];
    strcpy(path, emitted_path("full"));
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input(tape, 1), y = ad_exp(x);
    ad_fn *f = ad_fn_new(tape, 1, &x, 1, &y);
    if (access("/dev/full", W_OK) == 0) {
        cr_assert_eq(symlink("/dev/full", path), 0);
        cr_expect_eq(ad_fn_emit_c(f, path, "model"), AD_ERR_IO);
        cr_expect_eq(remove(path), 0, "it was removed");
    }
    ad_fn_free(f);
    ad_tape_free(tape);
}
