/* SPDX-License-Identifier: MIT */
#include "autodiff.h"

#include "operations.h"

#include <criterion/criterion.h>
#include <string.h>

static ad_tape *tape;

static void start(void)
{
    tape = ad_tape_new();
}

static void stop(void)
{
    ad_tape_free(tape);
}

TestSuite(tape_storage, .init = start, .fini = stop);

Test(tape_storage, a_long_tape_keeps_every_value)
{
    enum { LONG = 200000 };
    ad_var x = ad_input(tape, 0), first = ad_full(tape, AD_F64, AD_SHAPE(3), 7);
    for (int i = 0; i < LONG; i++) {
        x = ad_add(x, 1);
    }
    cr_expect_eq(ad_value(x), LONG);
    test_expect(first, AD_SHAPE(3), TEST_NUMBERS(7, 7, 7));
}

/* One step of a small program: scalars, tensors, reductions, indices, gradients of both orders. */
static ad_status step(ad_tape *t, double *result)
{
    static const int64_t rows[] = {1, 0, 1};
    double numbers[6];
    ad_mark mark = ad_tape_mark(t);
    ad_var x = ad_full(t, AD_F64, AD_SHAPE(2, 3), 0.5), s = ad_input(t, 0.25), dx[2], dd[2];
    ad_var at = ad_constant(t, AD_I64, AD_SHAPE(3), rows);
    ad_var many[6] = {s, s, s, s, s, s};
    ad_var h = ad_tanh(ad_mul(ad_take(x, at, 0), s));
    h = ad_concat(2, (ad_var[]){h, ad_transpose(ad_reshape(x, AD_SHAPE(3, 2)), AD_AXES(1, 0))}, 0);
    h = ad_add(ad_sum(ad_matmul(h, ad_matrix_transpose(h)), AD_ALL),
               ad_sum(ad_sin(ad_stack(6, many, 0)), AD_ALL));
    ad_grad(h, 2, (ad_var[]){x, s}, dx);
    ad_grad(ad_sum(ad_square(dx[0]), AD_ALL), 2, (ad_var[]){x, s}, dd);
    ad_status status = ad_grad_values(dx[1], 1, &x, numbers);
    *result = ad_value(dd[1]);
    ad_status rewound = ad_tape_rewind(t, mark);
    return status != AD_OK ? status : rewound;
}

Test(tape_storage, a_repeated_step_allocates_nothing_after_its_first_run)
{
    ad_failing_allocator state = {.fail_at = SIZE_MAX};
    ad_allocator allocator = ad_allocator_failing(&state);
    ad_tape *t = ad_tape_new_in(&allocator);
    double first, again;
    cr_assert_eq(step(t, &first), AD_OK, "%s", ad_tape_message(t));
    size_t requests = state.requests, bytes = ad_tape_bytes(t);
    for (int i = 0; i < 10; i++) {
        cr_assert_eq(step(t, &again), AD_OK);
        cr_expect_eq(memcmp(&first, &again, sizeof first), 0);
    }
    cr_expect_eq(state.requests, requests);
    cr_expect_eq(ad_tape_bytes(t), bytes);
    ad_tape_free(t);
    cr_expect_eq(state.live, 0);
}

/* Fails request after request, for once or from then on, until a run needs no more of them. */
Test(tape_storage, every_allocation_that_fails_gives_an_error_and_leaks_nothing)
{
    for (int forever = 0; forever <= 1; forever++) {
        size_t failures = 0;
        for (int reached = 1; reached; failures++) {
            ad_failing_allocator state = {.fail_at = failures, .fail_forever = forever};
            ad_allocator allocator = ad_allocator_failing(&state);
            ad_tape *t = ad_tape_new_in(&allocator);
            double result;
            ad_status status = t == NULL ? AD_ERR_MEMORY : step(t, &result);
            reached = state.requests > failures;
            cr_expect_eq(status, reached ? AD_ERR_MEMORY : AD_OK, "request %zu", failures);
            if (t != NULL && reached) {
                cr_expect_eq(ad_tape_status(t), AD_ERR_MEMORY);
                cr_expect_not_null(strstr(ad_tape_message(t), "out of memory"));
            }
            if (t != NULL && reached && !forever) { /* the tape is good for another try */
                ad_tape_clear_error(t);
                cr_expect_eq(step(t, &result), AD_OK, "request %zu: %s", failures,
                             ad_tape_message(t));
            }
            ad_tape_free(t);
            cr_expect_eq(state.live, 0, "request %zu leaks", failures);
        }
        cr_expect_gt(failures, 10);
    }
}

Test(tape_storage, too_many_shapes_at_a_time_are_an_error)
{
    ad_mark mark = ad_tape_mark(tape);
    for (int64_t n = 0; ad_tape_status(tape) == AD_OK && n < 100000; n++) {
        ad_full(tape, AD_F64, AD_SHAPE(0, n), 1);
    }
    cr_expect_eq(ad_tape_status(tape), AD_ERR_UNSUPPORTED);
    const char text[] = "ad_full: 65535 different shapes at a time on one tape are the most; start "
                        "a new one, or rewind it (";
    cr_expect_eq(strncmp(ad_tape_message(tape), text, sizeof text - 1), 0, "%s",
                 ad_tape_message(tape));
    ad_tape_rewind(tape, mark);
    ad_tape_clear_error(tape);
    cr_expect_eq(ad_count(ad_full(tape, AD_F64, AD_SHAPE(7, 2), 1)), 14);
}

/* 200,000 lengths, of which a step has three; what lies below the mark keeps its own. */
Test(tape_storage, a_rewind_gives_shapes_back)
{
    ad_var below = ad_full(tape, AD_F64, AD_SHAPE(5), 2);
    ad_mark mark = ad_tape_mark(tape);
    for (int64_t n = 0; n < 200000; n++) {
        ad_var x = ad_full(tape, AD_F32, AD_SHAPE(1, 1, n), 1);
        ad_var y = ad_full(tape, AD_F64, AD_SHAPE(0, n + 1), 1);
        ad_shape of_x = ad_shape_of(x), of_y = ad_shape_of(y);
        cr_assert(of_x.rank == 3 && of_x.len[2] == n && ad_type_of(x) == AD_F32, "%d", (int)n);
        cr_assert(of_y.rank == 2 && of_y.len[1] == n + 1);
        cr_assert_eq(ad_tape_rewind(tape, mark), AD_OK);
    }
    test_expect(ad_add(below, ad_full(tape, AD_F64, AD_SHAPE(5), 1)), AD_SHAPE(5),
                TEST_NUMBERS(3, 3, 3, 3, 3));
}

Test(tape_storage, no_allocator_means_the_c_librarys)
{
    ad_tape *own = ad_tape_new_in(NULL);
    cr_expect_eq(ad_value(ad_mul(ad_input(own, 2), 3)), 6);
    ad_tape_free(own);
}
