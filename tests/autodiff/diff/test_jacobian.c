/* SPDX-License-Identifier: MIT */
#include "jacobian.h"
#include "ops.h"
#include "reverse.h"
#include "rng.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

/* y = (x0 x1, sin x0, x2^2 + x1, 7): rows by hand */
static void expect_by_hand(const double *j, double x0, double x1, double x2)
{
    const double expected[] = {x1, x0, 0, cos(x0), 0, 0, 0, 1, 2 * x2, 0, 0, 0};
    for (int i = 0; i < 12; i++) {
        cr_expect_float_eq(j[i], expected[i], 1e-15, "entry %d: %g", i, j[i]);
    }
}

Test(jacobian, of_scalars_has_a_row_a_result_and_a_column_a_variable)
{
    ad_tape *tape = ad_tape_new();
    ad_var x[] = {ad_input(tape, 0.6), ad_input(tape, -2.0), ad_input(tape, 1.1)};
    ad_var y[] = {ad_mul(x[0], x[1]), ad_sin(x[0]), ad_add(ad_square(x[2]), x[1]), ad_literal(7)};
    double j[12], rows[4][3];
    size_t before = ad_tape_len(tape);
    cr_assert_eq(ad_jacobian_values(4, y, 3, x, j), AD_OK);
    expect_by_hand(j, 0.6, -2.0, 1.1);
    for (int r = 0; r < 3; r++) { /* one row at a time takes the backward sweeps */
        cr_assert_eq(ad_jacobian_values(1, &y[r], 3, x, rows[r]), AD_OK);
    }
    cr_assert_eq(ad_jacobian_values(2, &y[2], 3, x, rows[2]), AD_OK);
    expect_by_hand(rows[0], 0.6, -2.0, 1.1);
    cr_expect_eq(ad_tape_len(tape), before, "the tape is as before");
    cr_expect_not(ad_is_dead(x[0]) || ad_is_dead(y[2]));
    ad_tape_free(tape);
}

/* Both ways of tensors: 2 results by 6 elements goes by rows, 6 by 2 by columns. */
Test(jacobian, of_tensors_agrees_with_one_vjp_an_element)
{
    ad_tape *tape = ad_tape_new();
    const double a[] = {0.3, -0.7, 1.9, 0.2, 0.5, -1.4}, b[] = {0.8, -0.6};
    ad_var wide = ad_input_array(tape, AD_F64, AD_SHAPE(2, 3), a);
    ad_var tall = ad_input_array(tape, AD_F64, AD_SHAPE(2, 1), b);
    ad_var p = ad_sin(ad_mul(wide, tall)), q = ad_sum(ad_square(p), AD_AXES(1));
    double by_rows[2 * 6], by_columns[6 * 2], both[8 * 8];
    cr_assert_eq(ad_jacobian_values(1, &q, 1, &wide, by_rows), AD_OK);
    cr_assert_eq(ad_jacobian_values(1, &p, 1, &tall, by_columns), AD_OK, "%s",
                 ad_tape_message(tape));
    cr_assert_eq(ad_jacobian_values(2, (ad_var[]){p, q}, 2, (ad_var[]){wide, tall}, both), AD_OK);
    for (int i = 0; i < 6; i++) {
        int r = i / 3;
        double z = a[i] * b[r], dp = cos(z), dq = 2 * sin(z) * cos(z);
        for (int k = 0; k < 2; k++) {
            double here = k == r;
            cr_expect_float_eq(by_rows[k * 6 + i], here * dq * b[r], 1e-15);
            cr_expect_float_eq(by_columns[i * 2 + k], here * dp * a[i], 1e-15);
            cr_expect_float_eq(both[(6 + k) * 8 + i], here * dq * b[r], 1e-15);
            cr_expect_float_eq(both[i * 8 + 6 + k], here * dp * a[i], 1e-15);
        }
        for (int k = 0; k < 6; k++) {
            cr_expect_float_eq(both[i * 8 + k], k == i ? dp * b[r] : 0, 1e-15);
        }
    }
    ad_tape_free(tape);
}

Test(jacobian, of_f32_tensors_is_read_as_doubles)
{
    ad_tape *tape = ad_tape_new();
    const float a[] = {1.5F, -2.0F};
    ad_var x = ad_input_array(tape, AD_F32, AD_SHAPE(2), a), y = ad_square(x);
    double j[4];
    cr_assert_eq(ad_jacobian_values(1, &y, 1, &x, j), AD_OK);
    cr_expect(j[0] == 3 && j[1] == 0 && j[2] == 0 && j[3] == -4);
    ad_tape_free(tape);
}

/* More variables than lanes, a variable that is a function of another, and one named twice. */
Test(jacobian, counts_every_path_between_variables_and_results)
{
    enum { N = 19 };
    ad_tape *tape = ad_tape_new();
    ad_var x[N], y[N];
    for (int i = 0; i < N - 2; i++) {
        x[i] = ad_input(tape, 1 + i);
    }
    x[N - 2] = ad_mul(x[0], x[1]);
    x[N - 1] = x[2];
    for (int i = 0; i < N; i++) {
        y[i] = ad_mul(x[i], x[N - 2]);
    }
    double j[N * N], backward[N];
    cr_assert_eq(ad_jacobian_values(N, y, N, x, j), AD_OK);
    for (int r = 0; r < N; r++) {
        double dx[N];
        cr_assert_eq(ad_grad_values(y[r], N, x, dx), AD_OK);
        cr_assert_eq(ad_jacobian_values(1, &y[r], N, x, backward), AD_OK);
        for (int c = 0; c < N; c++) {
            cr_expect_eq(j[r * N + c], dx[c], "[%d, %d]", r, c);
            cr_expect_eq(backward[c], dx[c]);
        }
    }
    ad_tape_free(tape);
}

/* Programs of every row: one sweep a row, and eight rows in one. */
Test(jacobian, rows_have_the_bits_of_the_recorded_gradient)
{
    enum { VARS = 9, STEPS = 60 };
    ad_rng rng = {.seed = 5};
    for (int trial = 0; trial < 300; trial++) {
        ad_tape *tape = ad_tape_new();
        ad_var v[VARS + STEPS], dx[VARS];
        double j[VARS * VARS];
        for (int i = 0; i < VARS; i++) {
            v[i] = ad_input(tape, ad_rng_normal(&rng));
        }
        for (int i = VARS; i < VARS + STEPS; i++) {
            ad_var a = v[ad_rng_below(&rng, i)], b = v[ad_rng_below(&rng, i)];
            ad_var choice[] = {ad_mul(a, a),         ad_fma(a, a, a),    ad_sub(a, b),
                               ad_pow(ad_abs(a), b), ad_hypot(a, b),     ad_atan2(a, b),
                               ad_logaddexp(a, a),   ad_sigmoid(a),      ad_div(a, b),
                               ad_maximum(a, b),     ad_sqrt(ad_abs(a)), ad_tanh(b)};
            v[i] = choice[ad_rng_below(&rng, sizeof choice / sizeof *choice)];
        }
        const int rows = 1 + trial % (VARS - 1);
        const ad_var *y = v + VARS + STEPS - rows;
        cr_assert_eq(ad_jacobian_values(rows, y, VARS, v, j), AD_OK);
        for (int r = 0; r < rows; r++) {
            cr_assert_eq(ad_grad(y[r], VARS, v, dx), AD_OK);
            for (int c = 0; c < VARS; c++) {
                double got = j[r * VARS + c] + 0.0, want = ad_value(dx[c]) + 0.0;
                cr_expect(memcmp(&got, &want, sizeof got) == 0 || (isnan(got) && isnan(want)),
                          "trial %d, [%d, %d] of %d rows: %.17g, not %.17g", trial, r, c, rows, got,
                          want);
            }
        }
        ad_tape_free(tape);
    }
}

Test(jacobian, infinite_partials_do_not_spoil_other_entries)
{
    ad_tape *tape = ad_tape_new();
    ad_var x[] = {ad_input(tape, 0.0), ad_input(tape, 4.0)};
    ad_var y[] = {ad_add(ad_sqrt(x[0]), ad_sqrt(x[1])), ad_sqrt(x[1])};
    double j[4];
    cr_assert_eq(ad_jacobian_values(2, y, 2, x, j), AD_OK);
    cr_expect(j[0] == INFINITY && j[1] == 0.25 && j[2] == 0 && j[3] == 0.25);
    ad_tape_free(tape);
}

/* A cotangent that is infinite does not enter what was not taken, in one sweep of many rows either.
 */
Test(jacobian, a_branch_that_was_not_taken_stays_zero)
{
    enum { ROWS = 8 };
    ad_tape *tape = ad_tape_new();
    ad_var x[ROWS], y[ROWS];
    for (int i = 0; i < ROWS; i++) {
        x[i] = ad_input(tape, i < 2 ? 0.0 : 1.0 + i);
    }
    for (int i = 0; i < ROWS; i++) {
        y[i] = ad_sqrt(ad_add(ad_where(1, x[0], x[2]), ad_floor(x[1])));
    }
    double j[ROWS * ROWS];
    cr_assert_eq(ad_jacobian_values(ROWS - 1, y, ROWS, x, j), AD_OK);
    for (int r = 0; r < ROWS - 1; r++) {
        cr_expect(j[r * ROWS] == INFINITY && j[r * ROWS + 1] == 0 && j[r * ROWS + 2] == 0,
                  "%g %g %g", j[r * ROWS], j[r * ROWS + 1], j[r * ROWS + 2]);
    }
    cr_assert_eq(ad_jacobian_values(ROWS, y, ROWS, x, j), AD_OK);
    for (int r = 0; r < ROWS; r++) {
        cr_expect(j[r * ROWS] == INFINITY && j[r * ROWS + 1] == 0 && j[r * ROWS + 2] == 0);
    }
    ad_tape_free(tape);
}

/* y = x0^2 x1 + exp(x1 x2) */
Test(jacobian, a_hessian_holds_the_second_derivatives)
{
    ad_tape *tape = ad_tape_new();
    double v[] = {0.5, -1.0, 0.25}, h[9], e = exp(-0.25);
    ad_var x[] = {ad_input(tape, v[0]), ad_input(tape, v[1]), ad_input(tape, v[2])};
    ad_var y = ad_add(ad_mul(ad_square(x[0]), x[1]), ad_exp(ad_mul(x[1], x[2])));
    const double expected[] = {2 * v[1], 2 * v[0], 0,        2 * v[0], v[2] * v[2] * e,
                               e * 0.75, 0,        e * 0.75, e};
    cr_assert_eq(ad_hessian_values(y, 3, x, h), AD_OK);
    for (int i = 0; i < 9; i++) {
        cr_expect_float_eq(h[i], expected[i], 1e-15, "%d: %g", i, h[i]);
    }
    ad_var t = ad_input_array(tape, AD_F64, AD_SHAPE(3), v);
    ad_var s = ad_square(ad_sum(ad_square(t), AD_ALL)); /* H = 4 |t|^2 I + 8 t t' */
    cr_assert_eq(ad_hessian_values(s, 1, &t, h), AD_OK, "%s", ad_tape_message(tape));
    for (int i = 0; i < 9; i++) {
        double diagonal = i % 4 == 0 ? 4 * 1.3125 : 0;
        cr_expect_float_eq(h[i], diagonal + 8 * v[i / 3] * v[i % 3], 1e-14);
    }
    ad_tape_free(tape);
}

Test(jacobian, as_a_variable_has_both_shapes_and_can_be_differentiated)
{
    ad_tape *tape = ad_tape_new();
    const double a[] = {0.5, -1.5, 2.0, 0.25, 1.0, -0.75}, b[] = {1.25, -0.5};
    ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(3, 2), a);
    ad_var w = ad_input_array(tape, AD_F64, AD_SHAPE(2), b);
    ad_var y = ad_sin(ad_mul(x, w)), s = ad_sum(y, AD_AXES(1)), wide, tall, d;
    double j[18], again[18];
    cr_assert_eq(ad_jacobian(s, x, &wide), AD_OK, "%s", ad_tape_message(tape)); /* by rows */
    ad_shape shape = ad_shape_of(wide);
    cr_expect(shape.rank == 3 && shape.len[0] == 3 && shape.len[1] == 3 && shape.len[2] == 2);
    cr_assert_eq(ad_jacobian_values(1, &s, 1, &x, j), AD_OK);
    cr_assert_eq(ad_read(wide, 18, again), AD_OK);
    cr_expect_arr_eq(j, again, sizeof j);
    cr_assert_eq(ad_jacobian(y, w, &tall), AD_OK, "%s", ad_tape_message(tape)); /* by columns */
    shape = ad_shape_of(tall);
    cr_expect(shape.rank == 3 && shape.len[0] == 3 && shape.len[1] == 2 && shape.len[2] == 2);
    cr_assert_eq(ad_jacobian_values(1, &y, 1, &w, j), AD_OK);
    cr_assert_eq(ad_read(tall, 12, again), AD_OK);
    cr_expect_arr_eq(j, again, 12 * sizeof *j);
    /* the sum of all entries is sum x_ij cos(x_ij w_j) */
    cr_assert_eq(ad_grad(ad_sum(tall, AD_ALL), 1, &w, &d), AD_OK, "%s", ad_tape_message(tape));
    double expected = 0;
    for (int i = 0; i < 3; i++) {
        expected -= a[2 * i] * a[2 * i] * sin(a[2 * i] * b[0]);
    }
    cr_expect_float_eq(((const double *)ad_data(d))[0], expected, 1e-14);
    ad_tape_free(tape);
}

/* y = prod over i of x_i, of three */
Test(jacobian, a_hessian_as_a_variable_gives_third_derivatives)
{
    ad_tape *tape = ad_tape_new();
    const double v[] = {2.0, 3.0, 5.0};
    ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(3), v), h, d;
    ad_var y = ad_mul(ad_mul(ad_select(x, 0, 0), ad_select(x, 0, 1)), ad_select(x, 0, 2));
    cr_assert_eq(ad_hessian(y, x, &h), AD_OK, "%s", ad_tape_message(tape));
    const double expected[] = {0, 5, 3, 5, 0, 2, 3, 2, 0};
    double got[9];
    cr_assert_eq(ad_read(h, 9, got), AD_OK);
    cr_expect_arr_eq(got, expected, sizeof got);
    cr_assert_eq(ad_jacobian(h, x, &d), AD_OK, "%s", ad_tape_message(tape));
    double third[27];
    cr_assert_eq(ad_read(d, 27, third), AD_OK);
    for (int i = 0; i < 27; i++) {
        int p = i / 9, q = i / 3 % 3, r = i % 3;
        cr_expect_eq(third[i], p != q && q != r && p != r);
    }
    ad_tape_free(tape);
}

Test(jacobian, as_a_variable_of_nothing_is_zeros)
{
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input(tape, 1.5), j;
    ad_var none = ad_full(tape, AD_F64, AD_SHAPE(0, 2), 1);
    cr_assert_eq(ad_jacobian(ad_input(tape, 3), x, &j), AD_OK);
    cr_expect_eq(ad_value(j), 0);
    cr_assert_eq(ad_jacobian(ad_mul(none, x), x, &j), AD_OK, "%s", ad_tape_message(tape));
    cr_expect(ad_shape_of(j).rank == 2 && ad_count(j) == 0);
    ad_var deep = ad_full(tape, AD_F64, AD_SHAPE(1, 1, 1, 1, 1), 1);
    cr_expect_eq(ad_jacobian(deep, deep, &j), AD_ERR_SHAPE);
    cr_expect(strstr(ad_tape_message(tape), "more than 8 axes"), "%s", ad_tape_message(tape));
    cr_expect(ad_is_dead(j));
    ad_tape_clear_error(tape);
    cr_expect_eq(ad_hessian(x, ad_literal(1), &j), AD_ERR_DOMAIN);
    ad_tape_free(tape);
}

Test(jacobian, mistakes_are_named)
{
    ad_tape *tape = ad_tape_new();
    const int64_t labels[] = {1, 2};
    ad_var x = ad_input(tape, 1.0), k = ad_input_array(tape, AD_I64, AD_SHAPE(2), labels);
    double j[4];
    cr_expect_eq(ad_jacobian_values(1, &k, 1, &x, j), AD_ERR_TYPE);
    cr_expect(strstr(ad_tape_message(tape), "ad_jacobian_values: y[0] is i64"));
    ad_tape_clear_error(tape);
    cr_expect_eq(ad_jacobian_values(1, &x, 1, &k, j), AD_ERR_TYPE);
    cr_expect(strstr(ad_tape_message(tape), "ad_jacobian_values: x[0] is i64"));
    ad_tape_clear_error(tape);
    ad_mark mark = ad_tape_mark(tape);
    ad_var y = ad_square(x);
    ad_tape_rewind(tape, mark);
    cr_expect_eq(ad_jacobian_values(1, &y, 1, &x, j), AD_ERR_STALE);
    ad_var number = ad_literal(1);
    cr_expect_eq(ad_jacobian_values(1, &x, 1, &number, j), AD_ERR_STALE, "the first error stays");
    ad_tape_clear_error(tape);
    cr_expect_eq(ad_jacobian_values(1, &x, 1, &number, j), AD_ERR_DOMAIN);
    ad_tape_clear_error(tape);
    cr_expect_eq(ad_hessian_values(x, 1, &number, j), AD_ERR_DOMAIN);
    ad_tape_free(tape);
}

Test(jacobian, every_failed_allocation_is_an_error_and_leaks_nothing)
{
    static double data[3000];
    for (size_t n = 0;; n++) {
        ad_failing_allocator state = {.fail_at = n};
        ad_allocator allocator = ad_allocator_failing(&state);
        ad_tape *tape = ad_tape_new_in(&allocator);
        ad_status status = AD_ERR_MEMORY;
        if (tape != NULL) {
            static double j[3000 * 2];
            ad_var x[300], sum = ad_literal(0);
            for (int i = 0; i < 300; i++) {
                x[i] = ad_input(tape, i);
                sum = ad_fma(x[i], x[i], sum);
            }
            ad_var t = ad_input_array(tape, AD_F64, AD_SHAPE(3000), data);
            ad_var y[] = {ad_sum(ad_exp(t), AD_ALL), ad_sum(ad_mul(t, x[0]), AD_ALL)};
            ad_jacobian_values(1, &sum, 300, x, j);
            ad_jacobian_values(2, y, 1, &t, j);
            status = ad_jacobian_values(1, &t, 2, x, j);
        }
        int failed = state.requests > n;
        cr_assert_eq(status, failed ? AD_ERR_MEMORY : AD_OK, "request %zu", n);
        ad_tape_free(tape);
        cr_assert_eq(state.live, 0);
        if (!failed) {
            break;
        }
    }
}
