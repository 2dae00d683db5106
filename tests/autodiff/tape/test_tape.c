/* SPDX-License-Identifier: MIT */
#include "autodiff.h"

#include "operations.h"
#include "tape/tape_internal.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
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

TestSuite(tape, .init = start, .fini = stop);

/* ---- life and errors ---- */

Test(tape, a_new_tape_is_empty_and_without_error)
{
    cr_expect_eq(ad_tape_status(tape), AD_OK);
    cr_expect_str_eq(ad_tape_message(tape), "");
    cr_expect_eq(ad_tape_len(tape), 0);
    cr_expect_gt(ad_tape_bytes(tape), 0);
}

Test(tape, a_missing_tape_reports_memory_and_is_harmless)
{
    double number = 1;
    ad_var dx, x = ad_input(NULL, 1.5);
    ad_var y = ad_sum(ad_mul(ad_full(NULL, AD_F64, AD_SHAPE(2), 1), x), AD_ALL);
    cr_expect_eq(ad_tape_status(NULL), AD_ERR_MEMORY);
    cr_expect_str_eq(ad_tape_message(NULL), "ad_tape_new: out of memory");
    cr_expect(isnan(ad_value(x)) && isnan(ad_value(y)));
    cr_expect_neq(ad_grad(y, 1, &x, &dx), AD_OK);
    cr_expect_neq(ad_grad_values(y, 1, &x, &number), AD_OK);
    ad_mark mark = ad_tape_mark(NULL);
    cr_expect_eq(ad_tape_rewind(NULL, mark), AD_ERR_MEMORY);
    cr_expect_eq(ad_tape_set_threads(NULL, 2), AD_ERR_MEMORY);
    cr_expect_eq(ad_tape_len(NULL), 0);
    cr_expect_eq(ad_tape_bytes(NULL), 0);
    ad_tape_clear_error(NULL);
    ad_tape_free(NULL);
}

Test(tape, the_first_error_names_operation_shapes_and_line)
{
    char expected[256];
    ad_var x = ad_full(tape, AD_F64, AD_SHAPE(2, 3), 1), y = ad_full(tape, AD_F64, AD_SHAPE(4), 1);
    int line = __LINE__ + 1;
    ad_var z = ad_add(x, y);
    ad_mul(ad_full(tape, AD_F32, AD_SHAPE(2), 1), y);
    (void)snprintf(expected, sizeof expected,
                   "ad_add: [2, 3] with [4]: aligned at the last axis, lengths must agree or be 1; "
                   "reshape one? (tests/autodiff/tape/test_tape.c:%d)",
                   line);
    cr_expect_eq(ad_tape_status(tape), AD_ERR_SHAPE);
    cr_expect_str_eq(ad_tape_message(tape), expected);
    cr_expect(ad_is_dead(z));
}

Test(tape, the_site_of_a_gradients_error_is_that_of_the_forward_operation)
{
    char expected[160];
    double memory = 1;
    ad_var x = ad_input_view(tape, AD_F64, AD_SCALAR, &memory), dx;
    int line = __LINE__ + 1;
    ad_var y = ad_exp(x);
    ad_assign(x, 2);
    cr_expect_eq(ad_grad(y, 1, &x, &dx), AD_ERR_STATE);
    (void)snprintf(expected, sizeof expected,
                   "ad_exp: an argument was changed by ad_assign; take gradients before assigning "
                   "(tests/autodiff/tape/test_tape.c:%d)",
                   line);
    cr_expect_str_eq(ad_tape_message(tape), expected);
}

Test(tape, operations_after_an_error_do_nothing)
{
    double number;
    ad_var x = ad_input(tape, 2), w = ad_full(tape, AD_F64, AD_SHAPE(2), 1), dx;
    ad_var bad = ad_reshape(w, AD_SHAPE(3));
    size_t len = ad_tape_len(tape);
    cr_expect(ad_is_dead(bad) && ad_is_dead(ad_sin(bad)) && ad_is_dead(ad_sin(x)));
    cr_expect(ad_is_dead(ad_input(tape, 1)) && ad_is_dead(ad_concat(2, (ad_var[]){w, w}, 0)));
    cr_expect(ad_is_dead(ad_full(tape, AD_F64, AD_SHAPE(2), 1)));
    cr_expect_eq(ad_grad(x, 1, &x, &dx), AD_ERR_SHAPE);
    cr_expect(ad_is_dead(dx));
    cr_expect_eq(ad_grad_values(x, 1, &x, &number), AD_ERR_SHAPE);
    cr_expect_eq(ad_read(x, 1, &number), AD_ERR_SHAPE);
    cr_expect_eq(ad_tape_len(tape), len);
    cr_expect_eq(ad_value(x), 2, "what was recorded before can still be looked at");
}

Test(tape, after_clearing_an_error_recording_goes_on_and_the_dead_stay_dead)
{
    ad_var x = ad_input(tape, 2), w = ad_full(tape, AD_F64, AD_SHAPE(2), 1);
    ad_var bad = ad_reshape(w, AD_SHAPE(3));
    ad_tape_clear_error(tape);
    cr_expect_str_eq(ad_tape_message(tape), "");
    cr_expect_eq(ad_value(ad_square(x)), 4);
    TEST_ERROR(tape, ad_neg(bad), AD_ERR_STALE,
               "ad_neg: a variable is dead because an earlier operation failed");
    cr_expect(isnan(ad_value(bad)));
    cr_expect_null(ad_data(bad));
    cr_expect_eq(ad_count(bad), 0);
}

Test(tape, builders_outside_the_library_can_report)
{
    cr_expect_eq(ad_tape_fail(NULL, AD_ERR_DOMAIN, "my_layer", NULL, "none"), AD_ERR_MEMORY);
    cr_expect_eq(ad_tape_fail(tape, AD_OK, "my_layer", NULL, "none"), AD_OK);
    cr_expect_str_empty(ad_tape_message(tape));
    cr_expect_eq(ad_tape_fail(tape, AD_ERR_DOMAIN, "my_layer", "net.c:7", "width %d", -1),
                 AD_ERR_DOMAIN);
    cr_expect_eq(ad_tape_fail(tape, AD_ERR_SHAPE, "other", NULL, "later"), AD_ERR_DOMAIN);
    cr_expect_str_eq(ad_tape_message(tape), "my_layer: width -1 (net.c:7)");
    ad_tape_clear_error(tape);
    ad_tape_fail(tape, AD_ERR_IO, "reader", NULL, "gone");
    cr_expect_str_eq(ad_tape_message(tape), "reader: gone");
}

Test(tape, threads_are_at_least_one)
{
    cr_expect_eq(ad_tape_set_threads(tape, 4), AD_OK);
    cr_expect_eq(ad_tape_set_threads(tape, 0), AD_ERR_DOMAIN);
    cr_expect_str_eq(ad_tape_message(tape), "ad_tape_set_threads: 0 threads; give at least 1");
}

/* ---- reading ---- */

Test(tape, values_are_read_in_every_type)
{
    double out[3];
    for (int type = AD_F64; type <= AD_I64; type++) {
        ad_var x = test_counting(tape, (ad_type)type, AD_SHAPE(3));
        ad_var one = test_counting(tape, (ad_type)type, AD_SHAPE(1, 1));
        cr_expect_eq(ad_type_of(x), (ad_type)type);
        cr_expect_eq(ad_count(x), 3);
        cr_expect_eq(ad_read(x, 3, out), AD_OK);
        cr_expect(out[0] == 1 && out[1] == 2 && out[2] == 3);
        cr_expect_eq(ad_read(x, 2, out), AD_ERR_SHAPE);
        cr_expect(isnan(ad_value(x)), "a tensor of several elements has no single value");
        cr_expect_eq(ad_value(one), 1);
    }
    cr_expect_eq(ad_tape_status(tape), AD_OK, "reading keeps no error");
}

Test(tape, literals_can_be_read_like_variables)
{
    double out = 0;
    ad_var half = ad_literal(0.5);
    cr_expect_eq(ad_value(half), 0.5);
    cr_expect(ad_count(half) == 1 && ad_shape_of(half).rank == 0 && ad_type_of(half) == AD_F64);
    cr_expect_eq(ad_read(half, 1, &out), AD_OK);
    cr_expect_eq(out, 0.5);
    cr_expect_eq(ad_read(half, 2, &out), AD_ERR_SHAPE);
    cr_expect_eq(ad_read(half, 1, NULL), AD_ERR_DOMAIN);
    cr_expect_null(ad_data(half));
    cr_expect_not(ad_is_dead(half));
}

Test(tape, inputs_are_copies_and_views_are_not)
{
    double data[] = {1, 2};
    ad_var copy = ad_input_array(tape, AD_F64, AD_SHAPE(2), data);
    ad_var view = ad_input_view(tape, AD_F64, AD_SHAPE(2), data);
    data[0] = 5;
    test_expect(copy, AD_SHAPE(2), TEST_NUMBERS(1, 2));
    test_expect(view, AD_SHAPE(2), TEST_NUMBERS(5, 2));
    cr_expect_eq(ad_data(view), data);
}

/* ---- mark and rewind ---- */

Test(tape, a_rewind_forgets_what_came_after_the_mark)
{
    ad_var before = ad_input(tape, 1), array = test_counting(tape, AD_F64, AD_SHAPE(2));
    ad_mark mark = ad_tape_mark(tape);
    ad_var after = ad_exp(before), tensor = ad_exp(array);
    size_t len = ad_tape_len(tape);
    cr_expect_eq(ad_tape_rewind(tape, mark), AD_OK);
    cr_expect_eq(ad_tape_len(tape), len - 2);
    cr_expect(ad_is_dead(after) && ad_is_dead(tensor));
    cr_expect(isnan(ad_value(after)));
    cr_expect_null(ad_data(tensor));
    cr_expect_eq(ad_value(before), 1);
    test_expect(array, AD_SHAPE(2), TEST_NUMBERS(1, 2));
    ad_var other = ad_input(tape, 3), more = ad_neg(array); /* in the places of the forgotten */
    cr_expect(ad_is_dead(after) && ad_is_dead(tensor));
    test_expect(other, AD_SCALAR, TEST_NUMBERS(3));
    test_expect(more, AD_SHAPE(2), TEST_NUMBERS(-1, -2));
}

Test(tape, forgotten_variables_are_refused_by_name)
{
    ad_var x = ad_input(tape, 1), dx;
    ad_mark mark = ad_tape_mark(tape);
    ad_var stale = ad_exp(x);
    ad_tape_rewind(tape, mark);
    TEST_ERROR(tape, ad_mul(x, stale), AD_ERR_STALE,
               "ad_mul: a variable was forgotten by ad_tape_rewind; record it again, or record it "
               "before the mark");
    cr_expect_eq(ad_grad(stale, 1, &x, &dx), AD_ERR_STALE);
    ad_tape_clear_error(tape);
    cr_expect_eq(ad_grad(x, 1, &stale, &dx), AD_ERR_STALE);
    ad_tape_clear_error(tape);
    double out;
    cr_expect_eq(ad_read(stale, 1, &out), AD_ERR_STALE);
}

Test(tape, a_mark_can_be_used_again_until_the_tape_goes_below_it)
{
    ad_mark bottom = ad_tape_mark(tape);
    ad_input(tape, 1);
    ad_mark middle = ad_tape_mark(tape);
    for (int i = 0; i < 5; i++) {
        ad_input(tape, 2);
        cr_expect_eq(ad_tape_rewind(tape, middle), AD_OK);
        cr_expect_eq(ad_tape_len(tape), 1);
    }
    cr_expect_eq(ad_tape_rewind(tape, bottom), AD_OK);
    ad_input(tape, 3);
    cr_expect_eq(ad_tape_rewind(tape, middle), AD_ERR_STALE, "its variable is another one now");
    cr_expect_str_eq(ad_tape_message(tape),
                     "ad_tape_rewind: the tape has been rewound to before this mark; take a new "
                     "one");
    ad_tape_clear_error(tape);
    cr_expect_eq(ad_tape_len(tape), 1);
    cr_expect_eq(ad_tape_rewind(tape, bottom), AD_OK);
}

Test(tape, a_mark_of_another_tape_or_of_none_is_refused)
{
    ad_tape *own = ad_tape_new(), *other = ad_tape_new();
    ad_var x = ad_input(own, 2);
    ad_input(other, 1);
    const ad_mark marks[] = {ad_tape_mark(other), {.node = 0}};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        cr_expect_eq(ad_tape_rewind(own, marks[i]), AD_ERR_FOREIGN);
        cr_expect_str_eq(ad_tape_message(own), "ad_tape_rewind: the mark is not of this tape; "
                                               "take one with ad_tape_mark");
        ad_tape_clear_error(own);
        cr_expect_eq(ad_value(ad_square(x)), 4);
    }
    ad_tape_free(own);
    ad_tape_free(other);
}

Test(tape, an_error_survives_a_rewind)
{
    ad_mark mark = ad_tape_mark(tape);
    ad_var x = ad_full(tape, AD_F64, AD_SHAPE(2), 1);
    ad_reshape(x, AD_SHAPE(3));
    cr_expect_eq(ad_tape_rewind(tape, mark), AD_OK);
    cr_expect_eq(ad_tape_status(tape), AD_ERR_SHAPE);
}

/* A model of the tape: the serial numbers of what is recorded now. A variable is alive if its
 * number is still in its place, and a mark good if what lay below it is. */
enum { STEPS = 4000, MOST = 64, MARKS = 8 };

typedef struct model {
    int stack[STEPS + 1], height, serial;
} model;

typedef struct known {
    ad_var v;
    int place, serial;
    double value;
} known;

typedef struct model_mark {
    ad_mark mark;
    int height, top;
} model_mark;

static int is_there(const model *m, int place, int serial)
{
    return place < 0 || (place < m->height && m->stack[place] == serial);
}

static known record_one(model *m, uint64_t choice, const known *a)
{
    double value = (double)m->serial;
    known k = {.value = value};
    switch (choice % 3) {
    case 0:
        k.v = ad_input(tape, value);
        break;
    case 1:
        k.v = ad_input_array(tape, AD_F64, AD_SHAPE(1), &value);
        break;
    default:
        k.v = ad_neg(a->v);
        k.value = -a->value;
        break;
    }
    k.place = m->height;
    k.serial = m->serial;
    m->stack[m->height++] = m->serial++;
    return k;
}

static void follow_the_model(uint32_t first_tag)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        static model m;
        known k[MOST];
        model_mark marks[MARKS];
        ad_rng rng = {.seed = seed};
        stop();
        start();
        tape->tag = first_tag;
        m = (model){.height = 0};
        for (int i = 0; i < MOST; i++) {
            k[i] = record_one(&m, 0, NULL);
        }
        for (int i = 0; i < MARKS; i++) {
            marks[i] = (model_mark){ad_tape_mark(tape), m.height, m.stack[m.height - 1]};
        }
        for (int step = 0; step < STEPS - MOST; step++) {
            uint64_t bits = ad_rng_bits(&rng);
            known *slot = &k[bits >> 8 & (MOST - 1)], *a = &k[bits >> 16 & (MOST - 1)];
            model_mark *mark = &marks[bits >> 24 & (MARKS - 1)];
            if (bits % 16 == 0) {
                *mark = (model_mark){ad_tape_mark(tape), m.height,
                                     m.height > 0 ? m.stack[m.height - 1] : -1};
            } else if (bits % 16 == 1) {
                int good = is_there(&m, mark->height - 1, mark->top);
                cr_assert_eq(ad_tape_rewind(tape, mark->mark), good ? AD_OK : AD_ERR_STALE);
                ad_tape_clear_error(tape);
                m.height = good ? mark->height : m.height;
            } else if (is_there(&m, a->place, a->serial)) {
                *slot = record_one(&m, bits >> 4, a);
            }
            cr_assert_eq(ad_tape_len(tape), (size_t)m.height);
            cr_assert_eq(ad_is_dead(a->v), !is_there(&m, a->place, a->serial));
            if (ad_is_dead(a->v)) {
                cr_assert(ad_is_dead(ad_neg(a->v)));
                cr_assert_eq(ad_tape_status(tape), AD_ERR_STALE);
                ad_tape_clear_error(tape);
            }
            cr_assert(ad_is_dead(a->v) || ad_value(a->v) == a->value);
        }
    }
}

Test(tape, stale_variables_and_marks_are_those_of_a_simple_model)
{
    follow_the_model(1);
}

/* Tags have 32 bits; a step of the model rewinds about 250 times. */
Test(tape, after_a_thousand_million_rewinds_variables_are_as_stale_as_ever)
{
    follow_the_model((1U << 31) - 199);
    follow_the_model(UINT32_MAX - 198);
}

/* A variable from between two marks lives as long as nobody rewinds to the outer one. */
Test(tape, a_variable_outlives_all_numbers_of_rewinds)
{
    ad_var below = ad_input(tape, 1);
    ad_mark outer = ad_tape_mark(tape);
    ad_input(tape, 2);
    ad_tape_rewind(tape, outer);
    ad_var between = ad_input(tape, 3);
    ad_mark inner = ad_tape_mark(tape);
    for (uint32_t lap = 0; lap < 10; lap++) {
        for (int i = 0; i < 3; i++) {
            ad_var above = ad_mul(between, below);
            cr_assert_eq(ad_value(above), 3);
            cr_assert_eq(ad_tape_rewind(tape, inner), AD_OK);
            cr_assert(ad_is_dead(above));
        }
        tape->tag = lap % 2 == 0 ? (1U << 31) - 3 : UINT32_MAX - 2; /* as if there had been many */
    }
    cr_expect_eq(ad_tape_rewind(tape, outer), AD_OK);
    cr_expect(!ad_is_dead(below) && ad_is_dead(between));
}
