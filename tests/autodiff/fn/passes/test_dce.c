/* SPDX-License-Identifier: MIT */
#include "fn/passes.h"

#include "operations.h"

#include <criterion/criterion.h>

TestSuite(fn_prune, .init = test_passes_start, .fini = test_passes_stop);

Test(fn_prune, values_that_nothing_needs_go_and_the_rest_closes_up)
{
    ad_var x = ad_input(test_tape, 2), y = ad_sin(x), z = ad_mul(ad_cos(y), x);
    ad__program *p = test_capture(1, &x, 2, (ad_var[]){z, y});
    cr_expect_eq(p->count, 4);
    p->output_count = 1; /* z needs y still */
    TEST_PASSES(p, ad__dce);
    cr_expect_eq(p->count, 4);
    p->outputs[0] = 1; /* y alone */
    TEST_PASSES(p, ad__dce);
    cr_expect_eq(p->count, 2);
    cr_expect_eq(p->arg_count, 1u);
    cr_expect_eq(p->outputs[0], 1);
}

Test(fn_prune, inputs_stay_where_they_are)
{
    ad_var in[] = {ad_input(test_tape, 1), ad_input(test_tape, 2), ad_input(test_tape, 3)};
    ad_var y = ad_exp(in[2]);
    ad__program *p = test_capture(3, in, 1, &y);
    TEST_PASSES(p, ad__dce);
    for (ad__id i = 0; i < 3; i++) {
        cr_expect_eq(p->inputs[i], i);
        cr_expect_eq(ad__code_of(&p->values[i]), AD__INPUT);
    }
    test_same_bits(3, in, 1, &y);
}

Test(fn_prune, what_is_stored_stays_with_its_view)
{
    double memory[2] = {1, 2};
    ad_var v = ad_input_view(test_tape, AD_F64, AD_SHAPE(2), memory);
    ad_assign(v, test_counting(test_tape, AD_F64, AD_SHAPE(2)));
    ad__program *p = test_capture(0, NULL, 0, NULL);
    TEST_PASSES(p, ad__dce);
    cr_expect_eq(p->count, 2);
    cr_expect_eq(ad__code_of(&p->values[p->stores[0].view]), AD__VIEW);
    cr_expect_eq(ad__code_of(&p->values[p->stores[0].value]), AD__CONSTANT);
    p->store_count = 0;
    TEST_PASSES(p, ad__dce);
    cr_expect_eq(p->count, 0);
}
