/* SPDX-License-Identifier: MIT */
/* Views that share memory but are not one variable: a gradient by one that would miss what was
 * computed from the other is refused, and no other is. */
#include "autodiff.h"

#include "operations.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static ad_tape *tape;
static double m[8];

static void start(void)
{
    tape = ad_tape_new();
    for (int i = 0; i < 8; i++) {
        m[i] = i + 1;
    }
}

static void stop(void)
{
    ad_tape_free(tape);
}

TestSuite(tape_views, .init = start, .fini = stop);

/* Views at lines of their own, which texts name. */
static ad_var own_view(ad_shape shape, double *memory)
{
    return ad_input_view_at(tape, AD_F64, shape, memory, "own.c:7");
}

static ad_var other_view(ad_shape shape, double *memory)
{
    return ad_input_view_at(tape, AD_F64, shape, memory, "other.c:9");
}

static ad_var squares(ad_var x)
{
    return ad_sum(ad_square(x), AD_ALL);
}

static void expect_refused(ad_status status, const char *origin)
{
    char text[sizeof(ad_error)];
    (void)snprintf(text, sizeof text,
                   "%s: x[0], viewed at own.c:7, overlaps what y has from the view at other.c:9; "
                   "view the memory once, and take parts with ad_slice, other shapes with "
                   "ad_reshape",
                   origin);
    cr_expect_eq(status, AD_ERR_STATE, "%s", origin);
    cr_expect_str_eq(ad_tape_message(tape), text);
    ad_tape_clear_error(tape);
}

/* Every way in which a derivative of y by v can be asked for. */
static void expect_all_refused(ad_var y, ad_var v)
{
    static double out[64];
    const ad_var g = ad_literal(1);
    ad_var dv;
    expect_refused(ad_grad(y, 1, &v, &dv), "ad_grad");
    cr_expect(ad_is_dead(dv));
    out[0] = 5;
    expect_refused(ad_grad_values(y, 1, &v, out), "ad_grad_values");
    cr_expect(isnan(out[0]));
    expect_refused(ad_vjp(1, &y, 1, &v, &g, &dv), "ad_vjp");
    expect_refused(ad_jvp(1, &y, 1, &v, &g, &dv), "ad_jvp");
    expect_refused(ad_hvp(y, 1, &v, &g, &dv), "ad_hvp");
    expect_refused(ad_jacobian(y, v, &dv), "ad_jacobian");
    expect_refused(ad_hessian(y, v, &dv), "ad_hessian");
    expect_refused(ad_jacobian_values(1, &y, 1, &v, out), "ad_jacobian_values");
    expect_refused(ad_hessian_values(y, 1, &v, out), "ad_hessian_values");
}

Test(tape_views, a_derivative_by_a_view_that_overlaps_what_y_has_is_refused_however_it_is_asked)
{
    ad_var v = own_view(AD_SHAPE(4), m), u = other_view(AD_SHAPE(3), m + 2);
    expect_all_refused(ad_add(squares(v), squares(u)), v);
    expect_all_refused(squares(u), v);
}

Test(tape_views, a_sparse_derivative_is_refused_too)
{
    ad_var v = own_view(AD_SCALAR, m), y = squares(other_view(AD_SHAPE(2), m));
    ad_sparse *sparse = NULL;
    expect_refused(ad_sparse_jacobian(1, &y, 1, &v, &sparse), "ad_sparse_jacobian");
    expect_refused(ad_sparse_hessian(y, 1, &v, &sparse), "ad_sparse_hessian");
    ad_var fine = ad_square(v);
    cr_assert_eq(ad_sparse_jacobian(1, &fine, 1, &v, &sparse), AD_OK, "%s", ad_tape_message(tape));
    expect_refused(ad_sparse_update(sparse, 1, &y, 1, &v), "ad_sparse_update");
    ad_sparse_free(sparse);
}

Test(tape_views, a_view_in_another_shape_or_type_is_another_variable)
{
    ad_var v = own_view(AD_SHAPE(4), m), dv;
    ad_var square = other_view(AD_SHAPE(2, 2), m);
    expect_refused(ad_grad(squares(square), 1, &v, &dv), "ad_grad");
    ad_var f32 = ad_input_view_at(tape, AD_F32, AD_SHAPE(4), m, "other.c:9");
    expect_refused(ad_grad(ad_cast(squares(f32), AD_F64), 1, &v, &dv), "ad_grad");
}

Test(tape_views, one_shared_byte_and_a_lone_number_are_enough)
{
    ad_var v = own_view(AD_SHAPE(4), m), dv;
    ad_var u = other_view(AD_SCALAR, m + 3);
    expect_refused(ad_grad(ad_square(u), 1, &v, &dv), "ad_grad");
    ad_var lone = own_view(AD_SCALAR, m + 6), row = other_view(AD_SHAPE(1), m + 6);
    expect_refused(ad_grad(squares(row), 1, &lone, &dv), "ad_grad");
}

Test(tape_views, the_variable_that_is_refused_is_named_by_its_number)
{
    ad_var x[] = {ad_input(tape, 2), own_view(AD_SHAPE(2), m), own_view(AD_SHAPE(2), m + 4)};
    ad_var y = squares(other_view(AD_SHAPE(2), m + 5)), dx[3];
    cr_expect_eq(ad_grad(y, 3, x, dx), AD_ERR_STATE);
    cr_expect_eq(strncmp(ad_tape_message(tape), "ad_grad: x[2], viewed", 21), 0, "%s",
                 ad_tape_message(tape));
}

static void expect_gradient(ad_var y, ad_var v, const double *expected)
{
    double out[8];
    cr_assert_eq(ad_grad_values(y, 1, &v, out), AD_OK, "%s", ad_tape_message(tape));
    for (size_t i = 0; i < ad_count(v); i++) {
        cr_expect_eq(out[i], expected[i]);
    }
}

Test(tape_views, neighbours_and_empty_views_overlap_nothing)
{
    ad_var v = own_view(AD_SHAPE(3), m + 2);
    ad_var y = ad_add(squares(other_view(AD_SHAPE(2), m)), squares(other_view(AD_SHAPE(3), m + 5)));
    y = ad_add(y, squares(other_view(AD_SHAPE(0), m + 3)));
    expect_gradient(ad_add(y, squares(v)), v, TEST_NUMBERS(6, 8, 10));
    ad_var empty = own_view(AD_SHAPE(0), m + 3);
    expect_gradient(squares(v), empty, NULL);
}

Test(tape_views, the_same_view_is_one_variable)
{
    ad_var v = own_view(AD_SHAPE(3), m), u = other_view(AD_SHAPE(3), m);
    expect_gradient(ad_add(squares(v), squares(u)), v, TEST_NUMBERS(4, 8, 12));
}

Test(tape_views, rows_of_data_may_overlap_each_other)
{
    double w[2] = {3, 4};
    ad_var v = own_view(AD_SHAPE(2), w), y = ad_input(tape, 0);
    for (int i = 0; i < 6; i++) {
        y = ad_add(y, ad_sum(ad_mul(v, other_view(AD_SHAPE(2), m + i)), AD_ALL));
    }
    expect_gradient(y, v, TEST_NUMBERS(21, 27));
}

Test(tape_views, a_view_without_a_part_in_y_is_no_hindrance)
{
    ad_var v = own_view(AD_SHAPE(4), m), u = other_view(AD_SHAPE(2, 2), m), y = squares(v);
    ad_var whole = ad_input_view(tape, AD_I64, AD_SHAPE(4), (void *)m);
    ad_var later = squares(u);
    expect_gradient(y, v, TEST_NUMBERS(2, 4, 6, 8));
    y = ad_add(y, ad_stop_gradient(later));
    y = ad_add(y, ad_cast(ad_sum(whole, AD_ALL), AD_F64));
    expect_gradient(y, v, TEST_NUMBERS(2, 4, 6, 8));
    ad_var dy;
    expect_refused(ad_grad(ad_add(y, later), 1, &v, &dy), "ad_grad");
}

Test(tape_views, what_is_computed_from_a_view_can_be_asked_for)
{
    ad_var v = own_view(AD_SHAPE(4), m), u = other_view(AD_SHAPE(2, 2), m);
    ad_var part = ad_slice(v, 0, 1, 3, 1);
    expect_gradient(ad_add(squares(part), squares(u)), part, TEST_NUMBERS(4, 6));
}

Test(tape_views, parts_of_one_view_have_its_whole_gradient)
{
    ad_var v = own_view(AD_SHAPE(4), m);
    ad_var y = ad_add(squares(ad_slice(v, 0, 1, 3, 1)), squares(ad_reshape(v, AD_SHAPE(2, 2))));
    expect_gradient(y, v, TEST_NUMBERS(2, 8, 12, 8));
}

Test(tape_views, views_that_a_rewind_has_forgotten_overlap_nothing)
{
    double w[2] = {3, 4};
    ad_var v = own_view(AD_SHAPE(4), m), dv;
    ad_mark mark = ad_tape_mark(tape);
    for (int round = 0; round < 4; round++) {
        ad_var u = other_view(AD_SHAPE(2), round % 2 == 0 ? m + 1 : w);
        ad_var y = ad_add(squares(v), squares(u));
        if (round % 2 == 0) {
            expect_refused(ad_grad(y, 1, &v, &dv), "ad_grad");
        } else {
            expect_gradient(y, v, TEST_NUMBERS(2, 4, 6, 8));
        }
        cr_assert_eq(ad_tape_rewind(tape, mark), AD_OK);
        expect_gradient(squares(v), v, TEST_NUMBERS(2, 4, 6, 8));
    }
}

/* ---- assignments ---- */

/* v and a lone number of its memory are kept, a view that is assigned to overlaps both. */
static void expect_stale(int rewinds)
{
    ad_var v = own_view(AD_SHAPE(4), m), x = ad_input(tape, 3), dx;
    ad_var stale = ad_sum(ad_mul(x, v), AD_ALL), lone = own_view(AD_SCALAR, m + 1);
    ad_var number = ad_square(lone);
    ad_mark mark = ad_tape_mark(tape);
    ad_var u = other_view(AD_SHAPE(3, 1), m + 1);
    ad_assign(u, ad_mul(u, 10));
    cr_assert_eq(ad_tape_status(tape), AD_OK);
    if (rewinds) {
        cr_assert_eq(ad_tape_rewind(tape, mark), AD_OK);
    }
    cr_expect_eq(ad_grad(stale, 1, &x, &dx), AD_ERR_STATE);
    cr_expect_not_null(strstr(ad_tape_message(tape), "changed by ad_assign"));
    ad_tape_clear_error(tape);
    cr_expect_eq(ad_grad(stale, 1, &v, &dx), AD_ERR_STATE);
    ad_tape_clear_error(tape);
    expect_gradient(number, lone, TEST_NUMBERS(4));
    expect_gradient(squares(v), v, TEST_NUMBERS(2, 40, 60, 80));
}

Test(tape_views, what_was_computed_before_a_view_of_its_memory_was_assigned_to_has_no_gradient)
{
    expect_stale(0);
}

Test(tape_views, an_assignment_that_a_rewind_has_forgotten_has_changed_the_memory_all_the_same)
{
    expect_stale(1);
}

Test(tape_views, the_last_of_several_assignments_counts)
{
    ad_var v = own_view(AD_SHAPE(4), m), u = other_view(AD_SHAPE(2, 2), m), dv;
    ad_assign(v, ad_mul(v, 2));
    ad_assign(u, ad_mul(u, 2));
    ad_var y = squares(v), z = squares(u);
    expect_gradient(y, v, TEST_NUMBERS(8, 16, 24, 32));
    ad_assign(v, ad_mul(v, 2));
    ad_assign(v, ad_mul(v, 2));
    ad_assign(u, ad_mul(u, 0.25));
    cr_expect_eq(ad_grad(y, 1, &v, &dv), AD_ERR_STATE);
    ad_tape_clear_error(tape);
    cr_expect_eq(ad_grad(z, 1, &u, &dv), AD_ERR_STATE);
    ad_tape_clear_error(tape);
    expect_gradient(squares(u), u, TEST_NUMBERS(8, 16, 24, 32));
}

Test(tape_views, an_assignment_leaves_neighbours_and_other_memory_alone)
{
    ad_var before = own_view(AD_SHAPE(2), m), after = own_view(AD_SHAPE(3), m + 4);
    ad_var y = ad_mul(squares(before), squares(after)), u = other_view(AD_SHAPE(2), m + 2);
    ad_var beside = other_view(AD_SHAPE(1), m + 3);
    ad_assign(u, ad_mul(u, 10));
    cr_expect_eq(ad_data(beside), m + 3);
    expect_gradient(y, before, TEST_NUMBERS(2 * 110, 4 * 110));
    expect_gradient(y, after, TEST_NUMBERS(50, 60, 70));
}

/* ---- all that there may be ---- */

/* Some of a pool's numbers, as a row or as a column. */
typedef struct piece {
    int64_t begin, len, is_column;
    ad_var view;
    ad_mark before;
} piece;

static piece some_piece(ad_rng *rng, double *pool)
{
    piece p = {ad_rng_below(rng, 60), ad_rng_below(rng, 4), ad_rng_below(rng, 2),
               .before = ad_tape_mark(tape)};
    ad_shape shape = p.is_column ? AD_SHAPE(p.len, 1) : AD_SHAPE(p.len);
    p.view = ad_input_view(tape, AD_F64, shape, pool + p.begin);
    return p;
}

static int overlap(const piece *a, const piece *b)
{
    int is_same = a->begin == b->begin && a->len == b->len && a->is_column == b->is_column;
    return !is_same && a->len > 0 && b->len > 0 && a->begin < b->begin + b->len &&
           b->begin < a->begin + a->len;
}

/* Asks for the gradient of a function of some of the pieces by one of them; returns whether that
 * was to be refused. */
static int ask(ad_rng *rng, const piece *pieces, int count)
{
    ad_mark before = ad_tape_mark(tape);
    const piece *asked = &pieces[ad_rng_below(rng, count)];
    ad_var y = ad_input(tape, 0);
    double out[4];
    int is_wrong = 0;
    for (int i = 0; i < count; i++) {
        if (ad_rng_below(rng, 2) == 0) {
            y = ad_add(y, squares(pieces[i].view));
            is_wrong |= overlap(&pieces[i], asked);
        }
    }
    cr_assert_eq(ad_grad_values(y, 1, &asked->view, out), is_wrong ? AD_ERR_STATE : AD_OK, "%s",
                 ad_tape_message(tape));
    ad_tape_clear_error(tape);
    cr_assert_eq(ad_tape_rewind(tape, before), AD_OK);
    return is_wrong;
}

Test(tape_views, overlaps_are_found_as_by_comparing_each_view_with_each)
{
    enum { VIEWS = 12, ROUNDS = 2000 };
    static double pool[64];
    ad_rng rng = {.seed = 11};
    piece pieces[VIEWS];
    int count = 0, refused = 0;
    for (int round = 0; round < ROUNDS; round++) {
        int keep = (int)ad_rng_below(&rng, count + 1);
        if (keep < count && (count == VIEWS || ad_rng_below(&rng, 3) == 0)) {
            cr_assert_eq(ad_tape_rewind(tape, pieces[keep].before), AD_OK);
            count = keep;
        }
        while (count < VIEWS && ad_rng_below(&rng, 3) != 0) {
            pieces[count++] = some_piece(&rng, pool);
        }
        refused += count > 0 && ask(&rng, pieces, count);
    }
    cr_expect(refused > ROUNDS / 20 && refused < ROUNDS / 2, "%d", refused);
}

/* Without memory there is an error, and the next try is right. */
Test(tape_views, every_allocation_that_fails_while_overlaps_are_looked_for_is_an_error)
{
    size_t failures = 0;
    for (int reached = 1; reached; failures++) {
        ad_failing_allocator state = {.fail_at = SIZE_MAX};
        ad_allocator allocator = ad_allocator_failing(&state);
        ad_tape *own = tape;
        tape = ad_tape_new_in(&allocator);
        ad_var v = own_view(AD_SHAPE(4), m + 1), u = other_view(AD_SHAPE(3), m), dv;
        ad_var y = ad_add(squares(v), squares(u));
        cr_expect_eq(ad_grad(squares(v), 1, &v, &dv), AD_OK);
        u = other_view(AD_SHAPE(3), m + 4);
        y = ad_add(y, squares(u));
        ad_assign(u, ad_mul(u, 2));
        cr_assert_eq(ad_tape_status(tape), AD_OK);
        state.fail_at = state.requests + failures;
        size_t before = state.requests;
        ad_status status = ad_grad(y, 1, &v, &dv);
        reached = state.requests > before + failures;
        cr_expect_eq(status, reached ? AD_ERR_MEMORY : AD_ERR_STATE, "request %zu", failures);
        ad_tape_clear_error(tape);
        cr_expect_eq(ad_grad(y, 1, &v, &dv), AD_ERR_STATE);
        ad_tape_free(tape);
        tape = own;
        cr_expect_eq(state.live, 0);
    }
}

/* ---- many ---- */

enum { MANY = 100000 };

Test(tape_views, a_hundred_thousand_views_of_one_memory_are_one_variable)
{
    ad_var v = own_view(AD_SHAPE(2), m), y = ad_input(tape, 0);
    size_t before = ad_tape_len(tape);
    for (int i = 0; i < MANY; i++) {
        cr_assert_eq(own_view(AD_SHAPE(2), m).ref.at.node, v.ref.at.node);
    }
    cr_expect_eq(ad_tape_len(tape), before);
    expect_gradient(ad_add(y, squares(v)), v, TEST_NUMBERS(2, 4));
}

Test(tape_views, a_lone_number_that_c_changes_a_hundred_thousand_times_is_found_each_time)
{
    static ad_var lone[MANY];
    for (int i = 0; i < MANY; i++) {
        m[0] = i;
        lone[i] = own_view(AD_SCALAR, m);
        cr_assert_eq(ad_value(lone[i]), i);
    }
    for (int i = 0; i < MANY; i++) {
        m[0] = i;
        cr_assert_eq(own_view(AD_SCALAR, m).ref.at.node, lone[i].ref.at.node);
    }
    m[0] = 5;
    expect_gradient(ad_mul(lone[5], lone[6]), own_view(AD_SCALAR, m), TEST_NUMBERS(6));
}

Test(tape_views, a_number_that_is_assigned_is_found_by_what_it_is_then)
{
    ad_mark mark = ad_tape_mark(tape);
    for (int round = 0; round < 3; round++) {
        m[0] = 3;
        ad_var old = own_view(AD_SCALAR, m);
        m[0] = 4;
        ad_var v = own_view(AD_SCALAR, m);
        ad_assign(v, 9);
        cr_expect_eq(m[0], 9);
        cr_expect_eq(own_view(AD_SCALAR, m).ref.at.node, v.ref.at.node);
        m[0] = 3;
        cr_expect_eq(own_view(AD_SCALAR, m).ref.at.node, old.ref.at.node);
        m[0] = 4;
        cr_expect_gt(own_view(AD_SCALAR, m).ref.at.node, v.ref.at.node);
        cr_assert_eq(ad_tape_rewind(tape, mark), AD_OK);
    }
}

/* All of distinct memory, from the last to the first; then one more, which overlaps two. */
Test(tape_views, a_hundred_thousand_views_are_asked_for_at_once)
{
    double *memory = calloc(2 * (size_t)MANY, sizeof *memory);
    ad_var *x = malloc(MANY * sizeof *x);
    double *out = malloc(2 * (size_t)MANY * sizeof *out);
    ad_var y = ad_input(tape, 0);
    cr_assert(memory != NULL && x != NULL && out != NULL);
    for (size_t i = 0; i < MANY; i++) {
        memory[2 * i] = (double)i;
        x[i] = own_view(AD_SHAPE(2), memory + 2 * (MANY - 1 - i));
    }
    for (int i = 0; i < MANY; i++) {
        y = ad_add(y, squares(x[i]));
    }
    cr_assert_eq(ad_grad_values(y, MANY, x, out), AD_OK, "%s", ad_tape_message(tape));
    for (size_t i = 0; i < MANY; i++) {
        cr_assert_eq(out[2 * i], 2 * (double)(MANY - 1 - i));
    }
    ad_var across = other_view(AD_SHAPE(2), memory + 7);
    cr_assert_eq(ad_grad_values(y, MANY, x, out), AD_OK, "%s", ad_tape_message(tape));
    cr_expect_eq(ad_grad_values(ad_add(y, squares(across)), MANY, x, out), AD_ERR_STATE);
    free(memory);
    free(x);
    free(out);
}
