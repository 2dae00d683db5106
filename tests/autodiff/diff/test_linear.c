/* SPDX-License-Identifier: MIT */
#include "autodiff.h"
#include "diff/linear_internal.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

/* What ad__linearise has of the call that needs it. */
static ad_status linearise(ad_tape *tape, int results, const ad_var *y, int count, const ad_var *x,
                           ad__linear *out)
{
    ad__reverse r = {.origin = "test"};
    ad_status status = ad__reverse_begin(&r, results, y, count, x);
    cr_assert_eq(status, ad_tape_status(tape));
    return status == AD_OK ? ad__linearise(&r, results, y, count, x, out) : status;
}

Test(linear, steps_are_the_nodes_between_variables_and_results)
{
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input(tape, 3.0), w = ad_input(tape, 5.0);
    ad_var y = ad_mul(ad_mul(x, w), x); /* x, x w, x w x; w is no variable */
    (void)ad_exp(x);                    /* not on the way to y */
    ad__linear l;
    cr_assert_eq(linearise(tape, 2, (ad_var[]){y, w}, 2, (ad_var[]){x, x}, &l), AD_OK);
    cr_expect_eq(l.count, 3);
    cr_expect(l.x[0] == 0 && l.x[1] == 0 && l.y[0] == 2 && l.y[1] == AD__NO_STEP);
    cr_expect(l.step[0].count == 0 && l.step[1].count == 1 && l.step[2].count == 2);
    cr_expect(l.step[1].partial[0] == 5 && l.step[1].from[0] == 0);
    cr_expect(l.step[2].partial[0] == 3 && l.step[2].partial[1] == 15);
    ad_tape_free(tape);
}

/* Each contribution is added by itself, as a reverse sweep does. */
Test(linear, an_argument_that_occurs_twice_is_two_edges)
{
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input(tape, 3.0), y = ad_mul(x, x);
    ad__linear l;
    cr_assert_eq(linearise(tape, 1, &y, 1, &x, &l), AD_OK);
    cr_expect(l.count == 2 && l.step[1].count == 2);
    cr_expect(l.step[1].partial[0] == 3 && l.step[1].partial[1] == 3);
    cr_expect(l.step[1].from[0] == 0 && l.step[1].from[1] == 0);
    ad_tape_free(tape);
}

/* y = sin(x w) + x: both directions give dy = (w cos(x w) + 1) dx + x cos(x w) dw. */
Test(linear, both_sweeps_carry_a_vector_in_each_lane)
{
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input(tape, 0.5), w = ad_input(tape, 2.0);
    ad_var y = ad_add(ad_sin(ad_mul(x, w)), x);
    ad__linear l;
    cr_assert_eq(linearise(tape, 1, &y, 2, (ad_var[]){x, w}, &l), AD_OK);
    double t[5 * AD__LANES], dx = 2 * cos(1.0) + 1, dw = 0.5 * cos(1.0);
    cr_assert_eq(l.count, 5);
    for (int vectors = 1; vectors <= AD__LANES; vectors++) {
        const int n = ad__lanes_for((size_t)vectors);
        cr_assert(n >= vectors && n <= AD__LANES);
        memset(t, 0, sizeof t);
        for (int k = 0; k < n; k++) {
            t[l.x[0] * (uint32_t)n + (uint32_t)k] = k;
            t[l.x[1] * (uint32_t)n + (uint32_t)k] = 1 - 2 * k;
        }
        ad__push_forward(&l, n, t);
        for (int k = 0; k < n; k++) {
            cr_expect_float_eq(t[l.y[0] * (uint32_t)n + (uint32_t)k], k * dx + (1 - 2 * k) * dw,
                               1e-14);
        }
        memset(t, 0, sizeof t);
        for (int k = 0; k < n; k++) {
            t[l.y[0] * (uint32_t)n + (uint32_t)k] = k - 3;
        }
        ad__pull_back(&l, n, t);
        for (int k = 0; k < n; k++) {
            cr_expect_float_eq(t[l.x[0] * (uint32_t)n + (uint32_t)k], (k - 3) * dx, 1e-14);
            cr_expect_float_eq(t[l.x[1] * (uint32_t)n + (uint32_t)k], (k - 3) * dw, 1e-14);
        }
    }
    ad_tape_free(tape);
}

Test(linear, the_structure_tells_programs_apart_but_not_their_points)
{
    uint64_t structure[4];
    for (int i = 0; i < 4; i++) {
        ad_tape *tape = ad_tape_new();
        ad_var x = ad_input(tape, i == 1 ? 0.1 : 2.0), w = ad_input(tape, 3.0);
        ad_var y = i == 2 ? ad_mul(x, x) : ad_mul(x, w);
        ad_var order[] = {i == 3 ? w : x, i == 3 ? x : w};
        ad__linear l;
        cr_assert_eq(linearise(tape, 1, &y, 2, order, &l), AD_OK);
        structure[i] = ad__structure_of(&l);
        ad_tape_free(tape);
    }
    cr_expect_eq(structure[0], structure[1]);
    cr_expect_neq(structure[0], structure[2]);
    cr_expect_neq(structure[0], structure[3]);
}

Test(linear, programs_of_tensors_are_refused_without_an_error_on_the_tape)
{
    ad_tape *tape = ad_tape_new();
    const double data[] = {1, 2};
    ad_var x = ad_input(tape, 1.0), t = ad_input_array(tape, AD_F64, AD_SHAPE(2), data);
    ad_var y = ad_sum(ad_mul(t, x), AD_ALL);
    ad__linear l;
    cr_expect_eq(linearise(tape, 1, &y, 1, &x, &l), AD_ERR_UNSUPPORTED);
    cr_expect_eq(ad_tape_status(tape), AD_OK);
    ad_tape_free(tape);
}
