/* SPDX-License-Identifier: MIT */
/* Every row of ops/rewrites.def, by itself, in programs that are made from its pattern: it applies,
 * and its bits are those of the recording at every special value. */
#include "fn/passes.h"

#include "fn/passes/passes_internal.h"
#include "operations.h"
#include "samples.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <string.h>

TestSuite(fn_rewrites, .init = test_passes_start, .fini = test_passes_stop);

/* ---- special values ---- */

enum { SPECIALS = 30, MOST_LEN = 64, FEW = 20 };

static double with_bits(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static double special(size_t i)
{
    const double x[SPECIALS] = {0.0,
                                -0.0,
                                1,
                                -1,
                                NAN,
                                -NAN,
                                with_bits(0x7ff80000deadbeefu),
                                with_bits(0xfff8123456789abcu),
                                INFINITY,
                                -INFINITY,
                                5e-324,
                                -5e-324,
                                1e-310,
                                -DBL_MIN,
                                1e-45,
                                -1e-40,
                                (double)FLT_MIN,
                                (double)-FLT_MAX,
                                DBL_MAX,
                                1e300,
                                -1e300,
                                1e-300,
                                0.5,
                                1.5,
                                -2.5,
                                0x1p53 + 2,
                                1 - DBL_EPSILON / 2,
                                1 + DBL_EPSILON,
                                -3.75,
                                700.5};
    return x[i % SPECIALS];
}

/* An input of special values, in their order from `from` on. */
static ad_var specials(ad_type type, ad_shape shape, size_t from)
{
    double x[MOST_LEN];
    float narrow[MOST_LEN];
    size_t count = ad_shape_count(&shape);
    cr_assert_leq(count, MOST_LEN);
    for (size_t i = 0; i < count; i++) {
        x[i] = special(from + i);
        narrow[i] = (float)x[i];
    }
    return ad_input_array_at(test_tape, type, shape, type == AD_F64 ? (const void *)x : narrow,
                             NULL);
}

/* ---- programs from a pattern ---- */

typedef struct instance {
    ad_type type;
    ad_shape shape;      /* of X, Y and other arguments */
    size_t from;         /* which special value is the first */
    size_t choice, ways; /* of the operations that a pattern leaves open: which way, of how many */
    ad_var in[8];
    int in_count;
    ad_var slot[AD__TERM_SLOTS]; /* tape NULL: not there yet */
} instance;

static ad_var fresh(instance *s)
{
    cr_assert_lt(s->in_count, 8);
    size_t nth =
        (size_t)s->in_count++; /* as `from` goes round, every value meets every other one */
    return s->in[nth] = specials(s->type, s->shape, s->from * (nth + 1) + 7 * nth);
}

/* One of n, by the part of the choice that is left. */
static size_t choose(instance *s, size_t n)
{
    size_t own = s->choice % n;
    s->choice /= n;
    s->ways *= n;
    return own;
}

/* Whether a term may stand for an operation. */
static int fits(const ad__term *t, const ad_op *op)
{
    return op == NULL                        ? 0
           : t->form == AD__TERM_OF          ? op == t->op
           : t->form == AD__TERM_ELEMENTWISE ? op->arity > 0
           : t->form == AD__TERM_ALIAS       ? op->alias != NULL
                                             : op->alias != NULL || ad__has(op, AD__SPREADS);
}

/* The row that a term is of, or one of all those that it may be; NULL if it is no row. */
static const ad_op *row_of(instance *s, const ad__term *t)
{
    size_t count = 0;
    const ad_op *const *op = ad__catalogue;
    for (; *op != NULL; op++) {
        count += (*op)->arity > 0 && fits(t, *op);
    }
    if (count == 0) {
        return NULL;
    }
    size_t nth = choose(s, count);
    for (op = ad__catalogue; (*op)->arity == 0 || !fits(t, *op) || nth-- > 0; op++) {
    }
    return *op;
}

/* A sample of a structured operation that a term may stand for. */
static const ad__sample *sample_of(instance *s, const ad__term *t)
{
    size_t count = 0;
    const operation_sample *o = all_samples();
    for (; o->name != NULL; o++) {
        count += fits(t, o->op) && o->own.count == t->count;
    }
    cr_assert_gt(count, 0);
    size_t nth = choose(s, count);
    for (o = all_samples(); !fits(t, o->op) || o->own.count != t->count || nth-- > 0; o++) {
    }
    return &o->own;
}

static ad_var build(instance *s, const ad__term *t)
{
    if (t->form == AD__TERM_NUMBER) {
        return ad_literal(t->number);
    }
    if (t->form == AD__TERM_ANY) {
        s->slot[t->slot] = s->slot[t->slot].tape != NULL ? s->slot[t->slot] : fresh(s);
        return s->slot[t->slot];
    }
    const ad_op *op = row_of(s, t);
    const ad__sample *sample = op == NULL ? sample_of(s, t) : NULL;
    const int is_open = t->form == AD__TERM_ELEMENTWISE, count = op != NULL ? op->arity : t->count;
    const int at = is_open ? (int)choose(s, (size_t)count) : 0;
    ad_var x[3];
    for (int i = 0; i < count; i++) {
        x[i] = !is_open ? build(s, t->arg[i]) : i == at ? build(s, t->arg[0]) : fresh(s);
    }
    return op != NULL ? ad__record(op, count, x, NULL, 0) : sample->build(x);
}

/* ---- one row in one program ---- */

typedef struct tally {
    int applied, differing;
    char text[240]; /* of the first that differs */
} tally;

static int is_changed(const ad__program *before, const ad__program *p)
{
    int changed = before->outputs[0] != p->outputs[0];
    for (ad__id id = 0; id < p->count; id++) {
        const ad__value *v = &before->values[id], *w = &p->values[id];
        changed |= v->op != w->op || v->count != w->count ||
                   memcmp(before->args + v->first, p->args + w->first, v->count * sizeof *p->args);
    }
    return changed;
}

static void try_row(const ad__rewrite *row, instance *s, tally *t)
{
    ad_mark start = ad_tape_mark(test_tape);
    ad_var out[2];
    int outs = 1;
    ad__program before;
    for (int i = 0; i < row->replacement->count; i++) { /* what it seeks is computed earlier */
        if (row->replacement->arg[i]->form == AD__TERM_OF) {
            out[outs++] = build(s, row->replacement->arg[i]);
        }
    }
    out[0] = build(s, row->pattern);
    if (ad_tape_status(test_tape) == AD_OK && out[0].tape != NULL) {
        ad__program *p = test_capture(s->in_count, s->in, outs, out);
        cr_assert_eq(ad__program_copy(p, &before), AD_OK);
        cr_assert_eq(ad__rewrite_by(p, 1, row), AD_OK);
        int applied = is_changed(&before, p), differing = test_differing(p, s->in, outs, out);
        if (differing > 0 && t->differing == 0) {
            (void)snprintf(t->text, sizeof t->text, "%s of %s, %s, from %zu on", row->text,
                           p->values[before.outputs[0]].op->name, ad_type_name(s->type), s->from);
        }
        t->applied += applied;
        t->differing += differing;
        ad__program_clear(&before);
    }
    ad_tape_clear_error(test_tape);
    ad_tape_rewind(test_tape, start);
}

/* A row in every program that its pattern allows, of this type and shape. */
static void try_all(const ad__rewrite *row, ad_type type, ad_shape shape, tally *t)
{
    size_t ways = 1, len = ad_shape_count(&shape);
    for (size_t choice = 0; choice < ways; choice++) {
        size_t step = ways <= FEW ? 1 : len < SPECIALS ? len : SPECIALS / 3;
        for (size_t from = 0; from < SPECIALS; from += step) {
            instance s = {.type = type, .shape = shape, .from = from, .choice = choice, .ways = 1};
            try_row(row, &s, t);
            ways = s.ways > ways ? s.ways : ways;
        }
    }
}

static tally try_shapes(const ad__rewrite *row, ad_type type)
{
    const ad_shape shapes[] = {AD_SCALAR,   AD_SHAPE(SPECIALS), AD_SHAPE(1), AD_SHAPE(1, 1),
                               AD_SHAPE(6), AD_SHAPE(2, 3),     AD_SHAPE(3), AD_SHAPE(2, 3, 4)};
    tally t = {.applied = 0};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        try_all(row, type, shapes[i], &t);
    }
    return t;
}

/* ---- the tests ---- */

Test(fn_rewrites, every_row_applies_and_keeps_the_bits_of_every_special_value)
{
    for (int i = 0; i < ad__rewrite_count; i++) {
        for (int type = AD_F64; type <= AD_F32; type++) {
            tally t = try_shapes(&ad__rewrites[i], (ad_type)type);
            cr_expect_gt(t.applied, 0, "%s: never applies", ad__rewrites[i].text);
            cr_expect_eq(t.differing, 0, "%s", t.text);
        }
    }
}

/* The operation of a row of this catalogue, by its name: only tests know operations so. */
static const ad_op *named(const char *name)
{
    const ad_op *const *op = ad__catalogue;
    while (strcmp((*op)->name, name) != 0) {
        op++;
    }
    return *op;
}

Test(fn_rewrites, rows_that_are_nearly_right_are_caught)
{
    const ad__term x = {.form = AD__TERM_ANY}, zero = {.form = AD__TERM_NUMBER, .slot = 2},
                   minus = {.form = AD__TERM_NUMBER, .slot = 2, .number = -0.0},
                   y = {.form = AD__TERM_ANY, .slot = 1};
#define OF2(NAME, A, B)                                                                            \
    &(const ad__term)                                                                              \
    {                                                                                              \
        .form = AD__TERM_OF, .op = named(NAME), .count = 2, .arg = { A, B }                        \
    }
#define OF1(NAME, A)                                                                               \
    &(const ad__term)                                                                              \
    {                                                                                              \
        .form = AD__TERM_OF, .op = named(NAME), .count = 1, .arg = { A }                           \
    }
    const ad__rewrite wrong[] = {
        {"x + 0 -> x", OF2("ad_add", &x, &zero), &x},
        {"x - -0 -> x", OF2("ad_sub", &x, &minus), &x},
        {"0 x -> 0", OF2("ad_mul", &zero, &x), &zero},
        {"chain(-0, x) -> -0", OF2("ad_chain", &minus, &x), &minus},
        {"0 - x -> -x", OF2("ad_sub", &zero, &x), OF1("ad_neg", &x)},
        {"max(x, 0) -> relu(x)", OF2("ad_fmax", &x, &zero), OF1("ad_relu", &x)},
        {"1 / (1 / x) -> x", OF1("ad_reciprocal", OF1("ad_reciprocal", &x)), &x},
        {"exp(log(x)) -> x", OF1("ad_exp", OF1("ad_log", &x)), &x},
        {"x + y - y -> x", OF2("ad_sub", OF2("ad_add", &x, &y), &y), &x},
        {"sign(x) -> ceil(x)", OF1("ad_sign", &x), OF1("ad_ceil", &x)},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        for (int type = AD_F64; type <= AD_F32; type++) {
            tally t = try_shapes(&wrong[i], (ad_type)type);
            cr_expect_gt(t.applied, 0, "%s", wrong[i].text);
            cr_expect_gt(t.differing, 0, "%s", wrong[i].text);
        }
    }
}

/* Whether a letter or number of a replacement is one of the pattern. */
static int has(const ad__term *pattern, const ad__term *t)
{
    int found = pattern->form == t->form && pattern->slot == t->slot && pattern->count == 0 &&
                pattern->number == t->number && signbit(pattern->number) == signbit(t->number);
    for (int i = 0; i < pattern->count; i++) {
        found |= has(pattern->arg[i], t);
    }
    return found;
}

/* What rewrites.def says of its rows, and the engine takes for granted. */
Test(fn_rewrites, rows_are_well_formed)
{
    for (int i = 0; i < ad__rewrite_count; i++) {
        const ad__rewrite *r = &ad__rewrites[i];
        const ad__term *from = r->pattern, *to = r->replacement;
        cr_expect(from->count > 0, "%s", r->text);
        cr_expect(to->count > 0 || has(from, to), "%s", r->text);
        if (to->count > 0) {
            int both = (from->form == AD__TERM_OF && to->form == AD__TERM_OF &&
                        (from->op == to->op || (from->op->arity > 0 && to->op->arity > 0))) ||
                       (from->form == AD__TERM_ELEMENTWISE && to->form == from->form);
            cr_expect(both && to->count <= from->count, "%s", r->text);
        }
        for (int a = 0; a < to->count; a++) {
            const ad__term *x = to->arg[a];
            cr_expect(x->count == 0 || (x->form == AD__TERM_OF && x->count == 1 &&
                                        x->arg[0]->form == AD__TERM_ANY),
                      "%s", r->text);
            cr_expect(has(from, x->count == 0 ? x : x->arg[0]), "%s", r->text);
        }
    }
}
