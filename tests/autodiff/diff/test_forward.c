/* SPDX-License-Identifier: MIT */
#include "forward.h"
#include "ops.h"
#include "reverse.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

/* y0 = x w + sin x, y1 = exp(w): J = [[w + cos x, x], [0, e^w]] */
Test(forward, a_jvp_is_the_jacobian_times_the_tangent)
{
    ad_tape *tape = ad_tape_new();
    ad_var x[] = {ad_input(tape, 0.7), ad_input(tape, -1.2)};
    ad_var v[] = {ad_input(tape, 2.0), ad_literal(-3.0)};
    ad_var y[] = {ad_add(ad_mul(x[0], x[1]), ad_sin(x[0])), ad_exp(x[1])}, dy[2];
    cr_assert_eq(ad_jvp(2, y, 2, x, v, dy), AD_OK, "%s", ad_tape_message(tape));
    cr_expect_float_eq(ad_value(dy[0]), 2.0 * (-1.2 + cos(0.7)) - 3.0 * 0.7, 1e-15);
    cr_expect_float_eq(ad_value(dy[1]), -3.0 * exp(-1.2), 1e-15);
    ad_tape_free(tape);
}

Test(forward, a_jvp_can_be_differentiated_by_point_and_tangent)
{
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input(tape, 0.4), v = ad_input(tape, 1.5);
    ad_var y = ad_sin(ad_square(x)), dy, d[2]; /* dy = 2 x v cos x^2 */
    cr_assert_eq(ad_jvp(1, &y, 1, &x, &v, &dy), AD_OK);
    cr_assert_eq(ad_grad(dy, 2, (ad_var[]){x, v}, d), AD_OK);
    cr_expect_float_eq(ad_value(d[0]), 3.0 * cos(0.16) - 4.0 * 0.16 * 1.5 * sin(0.16), 1e-14);
    cr_expect_float_eq(ad_value(d[1]), 0.8 * cos(0.16), 1e-15);
    ad_tape_free(tape);
}

Test(forward, jvp_and_vjp_are_each_others_transpose_on_tensors)
{
    ad_tape *tape = ad_tape_new();
    const double a[] = {0.3, -1.1, 0.8, 2.0, -0.4, 0.6}, b[] = {1.5, -0.5, 0.25};
    const double va[] = {1, -2, 3, -4, 5, -6}, vb[] = {0.5, 0.1, -0.2};
    ad_var x[] = {ad_input_array(tape, AD_F64, AD_SHAPE(2, 3), a),
                  ad_input_array(tape, AD_F64, AD_SHAPE(3), b)};
    ad_var v[] = {ad_input_array(tape, AD_F64, AD_SHAPE(2, 3), va),
                  ad_input_array(tape, AD_F64, AD_SHAPE(3), vb)};
    ad_var y = ad_tanh(ad_mul(x[0], x[1])), z = ad_sum(ad_exp(x[0]), AD_AXES(0));
    ad_var u[] = {ad_sin(x[0]), ad_literal(0.75)};
    ad_var results[] = {y, z}, dy[2], dx[2];
    cr_assert_eq(ad_jvp(2, results, 2, x, v, dy), AD_OK, "%s", ad_tape_message(tape));
    cr_assert_eq(ad_vjp(2, results, 2, x, u, dx), AD_OK, "%s", ad_tape_message(tape));
    double left =
        ad_value(ad_add(ad_sum(ad_mul(u[0], dy[0]), AD_ALL), ad_sum(ad_mul(0.75, dy[1]), AD_ALL)));
    double right =
        ad_value(ad_add(ad_sum(ad_mul(dx[0], v[0]), AD_ALL), ad_sum(ad_mul(dx[1], v[1]), AD_ALL)));
    cr_expect_float_eq(left, right, 1e-13 * fabs(left));
    cr_expect(fabs(left) > 1e-3);
    ad_tape_free(tape);
}

Test(forward, results_that_do_not_depend_on_x_get_zeros_of_their_shape)
{
    ad_tape *tape = ad_tape_new();
    const float ones[] = {1, 1, 1};
    ad_var x = ad_input(tape, 2.0), w = ad_input(tape, 3.0);
    ad_var y[] = {w, ad_literal(4.0), ad_input_array(tape, AD_F32, AD_SHAPE(3), ones), x};
    ad_var v = ad_literal(1.25), dy[4];
    cr_assert_eq(ad_jvp(4, y, 1, &x, &v, dy), AD_OK, "%s", ad_tape_message(tape));
    cr_expect(ad_value(dy[0]) == 0 && ad_value(dy[1]) == 0 && ad_value(dy[3]) == 1.25);
    ad_shape shape = ad_shape_of(dy[2]);
    cr_expect(shape.rank == 1 && shape.len[0] == 3 && ad_type_of(dy[2]) == AD_F32);
    ad_tape_free(tape);
}

Test(forward, infinite_derivatives_meet_zero_tangents_as_zero)
{
    ad_tape *tape = ad_tape_new();
    ad_var x[] = {ad_input(tape, 0.0), ad_input(tape, 4.0)};
    ad_var y = ad_add(ad_sqrt(x[0]), ad_sqrt(x[1])), dy;
    cr_assert_eq(ad_jvp(1, &y, 2, x, (ad_var[]){ad_literal(0), ad_literal(1)}, &dy), AD_OK);
    cr_expect_eq(ad_value(dy), 0.25);
    cr_assert_eq(ad_jvp(1, &y, 2, x, (ad_var[]){ad_literal(1), ad_literal(1)}, &dy), AD_OK);
    cr_expect_eq(ad_value(dy), INFINITY);
    ad_tape_free(tape);
}

/* y = x0^2 x1 + x1^3: H = [[2 x1, 2 x0], [2 x0, 6 x1]] */
Test(forward, an_hvp_is_the_hessian_times_the_vector)
{
    ad_tape *tape = ad_tape_new();
    ad_var x[] = {ad_input(tape, 1.5), ad_input(tape, -0.5)};
    ad_var y = ad_add(ad_mul(ad_square(x[0]), x[1]), ad_pow(x[1], 3.0)), hv[2];
    cr_assert_eq(ad_hvp(y, 2, x, (ad_var[]){ad_literal(2.0), ad_literal(-1.0)}, hv), AD_OK);
    cr_expect_float_eq(ad_value(hv[0]), 2 * -1.0 - 3.0, 1e-14);
    cr_expect_float_eq(ad_value(hv[1]), 2 * 3.0 + 3.0, 1e-14);
    ad_tape_free(tape);
}

Test(forward, mistakes_leave_an_error_and_dead_handles)
{
    const double three[] = {1, 2, 3};
    const int64_t labels[] = {1, 2, 3};
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(3), three), v = ad_input(tape, 1.0), d;
    ad_var y = ad_sum(x, AD_ALL);
    cr_expect_eq(ad_jvp(1, &y, 1, &x, &v, &d), AD_ERR_SHAPE);
    cr_expect(strstr(ad_tape_message(tape), "ad_jvp: tangent 0 is f64 [], its x is f64 [3]"), "%s",
              ad_tape_message(tape));
    cr_expect(ad_is_dead(d));
    ad_tape_clear_error(tape);
    cr_expect_eq(ad_hvp(y, 1, &x, &v, &d), AD_ERR_SHAPE);
    cr_expect(strstr(ad_tape_message(tape), "ad_hvp: tangent 0"));
    ad_tape_clear_error(tape);
    ad_var k = ad_input_array(tape, AD_I64, AD_SHAPE(3), labels);
    cr_expect_eq(ad_jvp(1, &k, 1, &x, &x, &d), AD_ERR_TYPE);
    ad_tape_clear_error(tape);
    ad_tape *other = ad_tape_new();
    ad_var far = ad_input(other, 1.0);
    cr_expect_eq(ad_jvp(1, &far, 1, &x, &x, &d), AD_ERR_FOREIGN);
    cr_expect_eq(ad_jvp(1, &y, 1, &x, &x, &d), AD_ERR_FOREIGN, "the first error stays");
    ad_tape_clear_error(tape);
    cr_expect_eq(ad_jvp(1, &y, 1, (ad_var[]){ad_literal(1)}, &v, &d), AD_ERR_DOMAIN);
    ad_tape_free(other);
    ad_tape_free(tape);
}

Test(forward, every_failed_allocation_is_an_error_and_leaks_nothing)
{
    for (size_t n = 0;; n++) {
        ad_failing_allocator state = {.fail_at = n};
        ad_allocator allocator = ad_allocator_failing(&state);
        ad_tape *tape = ad_tape_new_in(&allocator);
        double data[4000] = {1};
        ad_var x = tape ? ad_input_array(tape, AD_F64, AD_SHAPE(4000), data) : ad_literal(0);
        ad_var y = ad_sum(ad_square(ad_square(x)), AD_ALL), d = ad_literal(0);
        if (tape != NULL) {
            ad_jvp(1, &y, 1, &x, &x, &d);
            ad_hvp(y, 1, &x, &x, &d);
        }
        int failed = state.requests > n;
        cr_assert_eq(failed, ad_tape_status(tape) == AD_ERR_MEMORY, "request %zu", n);
        cr_assert(!failed || tape == NULL || ad_is_dead(d));
        ad_tape_free(tape);
        cr_assert_eq(state.live, 0);
        if (!failed) {
            break;
        }
    }
}
