/* SPDX-License-Identifier: MIT */
/* Values and derivatives of the elementwise operations against 50-digit references. The rows are in
 * reference/elementwise.tsv; reference/elementwise.py makes them and explains the columns. */
#include "autodiff.h"
#include "tape/tape_internal.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char path[] = "tests/autodiff/reference/elementwise.tsv";
static const double most_ulp = 4, most_relative_at_order_2 = 1e-13;

enum { MOST_ROWS = 400, MOST_ARGS = 3, MOST_OUTPUTS = 6 };

/* An answer: a number of the row's type, and the rest of the true value in its last places. */
typedef struct answer {
    int given;
    double number, rest;
} answer;

typedef struct row {
    char line[512]; /* as it stands in the file, for messages */
    const ad_op *op;
    char spec[4]; /* f64, f32 or d2 */
    double x[MOST_ARGS];
    answer out[MOST_OUTPUTS];
} row;

/* Consecutive rows of one operation and kind. */
typedef struct block {
    int count;
    row rows[MOST_ROWS];
} block;

static const ad_op *find(const char *name)
{
    for (const ad_op *const *op = ad__catalogue; *op != NULL; op++) {
        if (strcmp((*op)->name + strlen("ad_"), name) == 0) {
            return *op;
        }
    }
    cr_assert_fail("%s: no such operation", name);
    return NULL;
}

static int outputs_of(const row *r)
{
    int n = r->op->arity;
    return strcmp(r->spec, "d2") == 0 ? n * (n + 1) / 2 : 1 + n;
}

static answer parse_answer(const char *text)
{
    answer a = {.given = strcmp(text, "-") != 0};
    if (a.given) {
        char *end;
        a.number = strtod(text, &end);
        a.rest = *end == '@' ? strtod(end + 1, NULL) : 0;
    }
    return a;
}

static int parse(const char *line, row *r)
{
    char fields[512], *rest = fields;
    snprintf(fields, sizeof fields, "%.*s", (int)strcspn(line, "\n"), line);
    snprintf(r->line, sizeof r->line, "%s", fields);
    if (line[0] == '#') {
        return 0;
    }
    r->op = find(strsep(&rest, "\t"));
    snprintf(r->spec, sizeof r->spec, "%s", strsep(&rest, "\t"));
    for (int i = 0; i < r->op->arity; i++) {
        r->x[i] = strtod(strsep(&rest, "\t"), NULL);
    }
    for (int i = 0; i < outputs_of(r); i++) {
        char *field = strsep(&rest, "\t");
        cr_assert_not_null(field, "too few columns: %s", r->line);
        r->out[i] = parse_answer(field);
    }
    cr_assert_null(rest, "too many columns: %s", r->line);
    return 1;
}

/* Calls visit for every block of rows whose kind is given. */
static void each_block(const char *spec, void (*visit)(const block *))
{
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file, "%s cannot be read; run the tests in the root of the tree", path);
    block *b = calloc(1, sizeof *b);
    char line[512];
    row r;
    int blocks = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        if (!parse(line, &r) || strcmp(r.spec, spec) != 0) {
            continue;
        }
        if (b->count > 0 && b->rows[0].op != r.op) {
            visit(b);
            b->count = 0;
            blocks++;
        }
        cr_assert_lt(b->count, MOST_ROWS);
        b->rows[b->count++] = r;
    }
    cr_assert_gt(b->count, 0);
    visit(b);
    cr_assert_gt(blocks, 30, "the file lost rows");
    free(b);
    fclose(file);
}

/* The distance of z from the answer in units of the answer's last place. */
static double ulp_error(double z, const answer *a, ad_type type)
{
    int bits = type == AD_F64 ? 53 : 24, least = type == AD_F64 ? -1074 : -149;
    int unit = a->number == 0 ? least : ilogb(a->number) - bits + 1;
    unit = unit < least ? least : unit;
    return fabs(ldexp(z - a->number, -unit) - a->rest);
}

/* The worst error of a block so far, and where it is. */
typedef struct worst {
    double error;
    const row *row;
    int output;
    double got;
} worst;

static void note(worst *w, const row *r, int output, double got, ad_type type)
{
    const answer *a = &r->out[output];
    if (!a->given) {
        return;
    }
    double error = ulp_error(got, a, type);
    if (!(error <= w->error)) { /* NaN counts */
        *w = (worst){error, r, output, got};
    }
}

static void expect_close(const worst *w, const char *form)
{
    cr_expect(w->error <= most_ulp, "%s, %s form: output %d is %a, off by %.2f ulp at %s",
              w->row->op->name, form, w->output, w->got, w->error, w->row->line);
}

/* The value and its derivatives for the elements of count rows at once: a tensor, or a scalar. */
static void evaluate(ad_tape *tape, const block *b, int first, int count, int rank, ad_type type,
                     worst *w)
{
    const ad_op *op = b->rows[0].op;
    ad_shape shape = {.rank = rank, .len = {count}};
    double wide[MOST_ROWS];
    float narrow[MOST_ROWS];
    ad_var x[MOST_ARGS], dx[MOST_ARGS], one = ad_literal(1);
    ad_mark mark = ad_tape_mark(tape);
    for (int i = 0; i < op->arity; i++) {
        for (int k = 0; k < count; k++) {
            wide[k] = b->rows[first + k].x[i];
            narrow[k] = (float)wide[k];
        }
        const void *data = type == AD_F64 ? (const void *)wide : (const void *)narrow;
        x[i] = ad_input_array(tape, type, shape, data);
    }
    ad_var z = ad__record(op, op->arity, x, NULL, 0);
    ad_vjp(1, &z, &one, op->arity, x, dx);
    for (int i = 0; i <= op->arity; i++) {
        cr_assert_eq(ad_read(i == 0 ? z : dx[i - 1], (size_t)count, wide), AD_OK, "%s",
                     ad_tape_message(tape));
        for (int k = 0; k < count; k++) {
            note(w, &b->rows[first + k], i, wide[k], type);
        }
    }
    ad_tape_rewind(tape, mark);
}

static void check_first_order(const block *b, ad_type type)
{
    ad_tape *tape = ad_tape_new();
    worst scalar = {.row = b->rows}, tensor = {.row = b->rows};
    for (int k = 0; k < b->count; k++) {
        evaluate(tape, b, k, 1, 0, type, &scalar);
    }
    evaluate(tape, b, 0, b->count, 1, type, &tensor);
    expect_close(&scalar, "scalar");
    expect_close(&tensor, "tensor");
    ad_tape_free(tape);
}

static void check_f64(const block *b)
{
    check_first_order(b, AD_F64);
}

static void check_f32(const block *b)
{
    check_first_order(b, AD_F32);
}

static void check_second_order(const block *b)
{
    const ad_op *op = b->rows[0].op;
    for (int k = 0; k < b->count; k++) {
        const row *r = &b->rows[k];
        ad_tape *tape = ad_tape_new();
        ad_var x[MOST_ARGS], dx[MOST_ARGS], ddx[MOST_ARGS];
        for (int i = 0; i < op->arity; i++) {
            x[i] = ad_input(tape, r->x[i]);
        }
        ad_grad(ad__record(op, op->arity, x, NULL, 0), op->arity, x, dx);
        const answer *a = r->out;
        for (int i = 0; i < op->arity; i++) {
            ad_grad(dx[i], op->arity, x, ddx);
            for (int j = i; j < op->arity; j++, a++) {
                double got = ad_value(ddx[j]), size = fmax(fabs(a->number), 1e-3);
                cr_expect(fabs(got - a->number) <= most_relative_at_order_2 * size,
                          "%s: d2/dx%d dx%d is %.17g at %s", op->name, i, j, got, r->line);
            }
        }
        cr_expect_eq(ad_tape_status(tape), AD_OK, "%s", ad_tape_message(tape));
        ad_tape_free(tape);
    }
}

Test(ops_accuracy, values_and_derivatives_are_within_4_ulp_in_f64)
{
    each_block("f64", check_f64);
}

Test(ops_accuracy, values_and_derivatives_are_within_4_ulp_in_f32)
{
    each_block("f32", check_f32);
}

Test(ops_accuracy, second_derivatives_are_right_to_13_digits)
{
    each_block("d2", check_second_order);
}
