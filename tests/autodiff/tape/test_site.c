/* SPDX-License-Identifier: MIT */
/* Where operations are recorded: at the line of the outermost call that has one. */
#include <criterion/criterion.h>

#include "autodiff.h"
#include "tape/tape_internal.h"

#include <string.h>

/* How many of the nodes from first on are not recorded at site. */
static int elsewhere(const ad_tape *tape, uint32_t first, const char *site)
{
    int count = 0;
    for (uint32_t node = first; node < tape->count; node++) {
        const char *own = tape->site[node];
        count += own == NULL || site == NULL ? own != site : strcmp(own, site) != 0;
    }
    return count;
}

static const double numbers[3] = {1, 2, 4};

Test(site, all_of_a_composed_operation_is_at_its_line)
{
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(3), numbers);
    uint32_t first = tape->count;
    ad_var z = ad_std_at(ad_prod_at(ad_cumprod_at(x, 0, "user:1"), AD_KEEP(0), "user:1"), AD_ALL, 0,
                         "user:1");
    cr_assert(tape->count > first + 5);
    cr_expect_eq(elsewhere(tape, first, "user:1"), 0);
    cr_expect_null(tape->here);
    ad_normalize_at(z, AD_AXES(5), "user:2");
    cr_expect_not_null(strstr(ad_tape_message(tape), "ad_normalize: "), "%s",
                       ad_tape_message(tape));
    cr_expect_not_null(strstr(ad_tape_message(tape), "(user:2)"));
    cr_expect_null(tape->here, "an error leaves the line as it was");
    ad_tape_free(tape);
}

/* A builder of the user's own, by plain functions, as from another language. */
static ad_var plain(ad_var x)
{
    return (ad_sum)((ad_mul)((ad_square)(x), (ad_softmax)(x, AD_ALL)), AD_ALL);
}

Test(site, plain_functions_record_at_the_line_that_is_set)
{
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(3), numbers), s = ad_input(tape, 2);
    uint32_t first = tape->count;
    plain(x);
    (ad_mul)(s, ad_literal(3));
    cr_expect_eq(elsewhere(tape, first, NULL), 0);
    cr_expect_null(ad_tape_set_site(tape, "user:3"));
    first = tape->count;
    plain(x);
    (ad_mul)(s, ad_literal(5));
    (ad_fma)(s, s, ad_literal(7));
    cr_expect_eq(elsewhere(tape, first, "user:3"), 0);
    first = tape->count;
    ad_mean_at(ad_mul_at(x, x, "user:4"), AD_ALL, "user:4");
    cr_expect_eq(elsewhere(tape, first, "user:4"), 0, "a line of its own goes before");
    first = tape->count;
    ad_mean_at(ad_mul_at(x, x, NULL), AD_ALL, NULL);
    cr_expect_eq(elsewhere(tape, first, NULL), 0);
    (ad_matmul)(x, s);
    cr_expect_not_null(strstr(ad_tape_message(tape), "(user:3)"));
    cr_expect_str_eq(ad_tape_set_site(tape, NULL), "user:3");
    cr_expect_null(ad_tape_set_site(NULL, "user:5"));
    ad_tape_free(tape);
}

Test(site, derivatives_are_at_the_line_of_their_operation)
{
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input_array_at(tape, AD_F64, AD_SHAPE(3), numbers, "user:6"), dx;
    ad_var y = ad_logsumexp_at(ad_mul_at(x, x, "user:6"), AD_ALL, "user:6");
    uint32_t first = tape->count;
    ad_tape_set_site(tape, "user:7");
    cr_assert_eq(ad_grad(y, 1, &x, &dx), AD_OK);
    cr_expect_eq(elsewhere(tape, first, "user:6"), 0);
    double values[3];
    cr_assert_eq(ad_grad_values(y, 1, &x, values), AD_OK);
    cr_expect_str_eq(ad_tape_set_site(tape, NULL), "user:7", "as it was before");
    ad_tape_free(tape);
}

static ad_status cube(void *user, int count, const ad_custom_array *x, ad_custom_array *z,
                      ad_error *error)
{
    (void)user, (void)count, (void)error;
    *(double *)z->data = *(double *)x->data * *(double *)x->data * *(double *)x->data;
    return AD_OK;
}

/* One operation at a line of its own, one without. */
static void cube_vjp(void *user, int count, const ad_var *x, ad_var z, ad_var g, ad_var *dx)
{
    (void)user, (void)count, (void)z;
    dx[0] = (ad_mul)(g, ad_mul_at(ad_square_at(x[0], "rule:1"), ad_literal(3), "rule:1"));
}

Test(site, a_users_rule_may_have_lines_of_its_own)
{
    static const ad_custom_op op = {.name = "cube", .eval = cube, .vjp = cube_vjp};
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input(tape, 2), dx, y = ad_custom_at(&op, NULL, 1, &x, "user:8");
    cr_assert_eq(ad_grad(y, 1, &x, &dx), AD_OK);
    cr_expect_str_eq(tape->site[dx.ref.at.node], "user:8");
    int count;
    uint32_t product = ad__args_of(tape, dx.ref.at.node, &count)[1];
    cr_expect_str_eq(tape->site[product], "rule:1");
    ad_tape_free(tape);
}
