/* SPDX-License-Identifier: MIT */
/* Checked calls: what does not fit is refused, by name, before anything is written. */
#include "operations.h"

#include <criterion/criterion.h>
#include <string.h>

static ad_tape *tape;
static ad_fn *f;

/* f(x [2, 3] f64, w [] f64, label [3] i64, a [2] f32) = sum(x) w, a label-th of x's columns, 2 a */
static void start(void)
{
    static const char *const inputs[] = {"x", "w", "label", NULL};
    int64_t places[3] = {0, 1, 2};
    tape = ad_tape_new();
    ad_var x = test_counting(tape, AD_F64, AD_SHAPE(2, 3)), w = ad_input(tape, 2);
    ad_var label = ad_input_array(tape, AD_I64, AD_SHAPE(3), places);
    ad_var a = test_counting(tape, AD_F32, AD_SHAPE(2));
    f = ad_fn_new_with(tape, AD_LIST(x, w, label, a), 3,
                       (ad_var[]){ad_mul(ad_sum(x, AD_ALL), w), ad_take(x, label, 1), ad_mul(2, a)},
                       &(ad_fn_options){.input_names = inputs});
    cr_assert_not_null(f, "%s", ad_tape_message(tape));
}
static void stop(void)
{
    ad_fn_free(f);
    ad_tape_free(tape);
}
TestSuite(call, .init = start, .fini = stop);

Test(call, arrays_of_c_and_numbers_bring_their_types_and_lengths)
{
    const double x[2][3] = {{1, 2, 3}, {4, 5, 6}};
    double w = 10, y, column[6];
    int64_t label[] = {2, 0, 0};
    float a[2] = {1, 2}, twice[2];
    ad_status status = ad_fn_call(f, AD_ARRAYS(x, w, label, a), AD_ARRAYS(y, column, twice));
    cr_assert_eq(status, AD_OK, "%s", ad_fn_message(f));
    cr_expect_eq(y, 210);
    cr_expect(memcmp(column, TEST_NUMBERS(3, 1, 1, 6, 4, 4), sizeof column) == 0);
    cr_expect(twice[0] == 2 && twice[1] == 4);
    ad_workspace *own = ad_workspace_new(f, NULL);
    ad_array in[] = {AD_ARRAY(x), AD_ARRAY(w), {AD_I64, 3, label}, {AD_F32, 2, a}};
    y = 0;
    status = ad_fn_call_in(f, own, 4, in, AD_ARRAYS(y, column, twice));
    cr_expect_eq(status, AD_OK);
    cr_expect_eq(y, 210);
    ad_workspace_free(own);
}

static void expect_refused(ad_status got, ad_status status, const char *text)
{
    cr_expect_eq(got, status);
    cr_expect_str_eq(ad_fn_message(f), text);
}

Test(call, what_does_not_fit_is_refused_by_name)
{
    double x[6] = {0}, w = 10, y = 7, column[6];
    int64_t label[3] = {0}, few[2] = {0};
    float a[2] = {1, 2}, twice[2];
    double *none = NULL;
    expect_refused(ad_fn_call(f, AD_ARRAYS(x, w, few, a), AD_ARRAYS(y, column, twice)),
                   AD_ERR_SHAPE,
                   "ad_fn_call: input 2, label is i64 [3], 3 elements; an array of 2 "
                   "elements of i64 is given");
    expect_refused(ad_fn_call(f, AD_ARRAYS(x, w, label, w), AD_ARRAYS(y, column, twice)),
                   AD_ERR_TYPE,
                   "ad_fn_call: input 3 is f32 [2], 2 elements; an array of 1 elements "
                   "of f64 is given");
    expect_refused(ad_fn_call(f, AD_ARRAYS(x, w, label, a), AD_ARRAYS(y, y, twice)), AD_ERR_SHAPE,
                   "ad_fn_call: output 1 is f64 [2, 3], 6 elements; an array of 1 elements of f64 "
                   "is given");
    expect_refused(ad_fn_call(f, AD_ARRAYS(x, w), AD_ARRAYS(y, column, twice)), AD_ERR_DOMAIN,
                   "ad_fn_call: 2 inputs are given; there are 4");
    expect_refused(ad_fn_call(f, AD_ARRAYS(x, w, label, a), 3, NULL), AD_ERR_DOMAIN,
                   "ad_fn_call: 0 outputs are given; there are 3");
    ad_array in[] = {{AD_F64, 6, x}, {AD_F64, 1, none}, AD_ARRAY(label), AD_ARRAY(a)};
    expect_refused(ad_fn_call(f, 4, in, AD_ARRAYS(y, column, twice)), AD_ERR_DOMAIN,
                   "the address of input 1, w is NULL; it has f64 []");
    cr_expect_eq(y, 7, "nothing is written");
    cr_expect_eq(ad_fn_call(NULL, 0, NULL, 0, NULL), AD_ERR_DOMAIN);
    cr_expect_eq(ad_fn_call_in(f, NULL, 0, NULL, 0, NULL), AD_ERR_DOMAIN);
}

Test(call, the_address_of_an_input_or_output_may_be_null_only_without_elements)
{
    double x[6] = {0}, w = 1, y, column[6];
    int64_t label[3] = {0};
    float a[2] = {0}, twice[2];
    const void *in[] = {x, &w, label, a};
    void *out[] = {&y, column, twice};
    for (int i = 0; i < 4; i++) {
        const void *own = in[i];
        in[i] = NULL;
        cr_expect_eq(ad_fn_run(f, in, out), AD_ERR_DOMAIN);
        cr_expect(strstr(ad_fn_message(f), "the address of input ") == ad_fn_message(f));
        in[i] = own;
    }
    for (int i = 0; i < 3; i++) {
        void *own = out[i];
        out[i] = NULL;
        cr_expect_eq(ad_fn_run(f, in, out), AD_ERR_DOMAIN);
        cr_expect(strstr(ad_fn_message(f), "the address of output ") == ad_fn_message(f));
        out[i] = own;
    }
    cr_expect_eq(ad_fn_run(f, in, out), AD_OK);
    ad_var nothing = ad_input_array(tape, AD_F64, AD_SHAPE(0), NULL), sum = ad_sum(nothing, AD_ALL);
    ad_fn *g = ad_fn_new(tape, 1, &nothing, AD_LIST(sum, nothing));
    y = 1;
    cr_expect_eq(ad_fn_run(g, (const void *[]){NULL}, (void *[]){&y, NULL}), AD_OK);
    cr_expect_eq(y, 0);
    ad_fn_free(g);
}
