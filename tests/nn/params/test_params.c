/* SPDX-License-Identifier: MIT */
#include "params.h"
#include "formats.h"
#include "files.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static nn_params *two(const ad_allocator *allocator)
{
    nn_params *params = nn_params_new(allocator);
    nn_params_add(params, "dense1.weight", NN_WEIGHT, AD_F64, AD_SHAPE(2, 3), NULL);
    nn_params_add(params, "dense1.bias", NN_BIAS, AD_F32, AD_SHAPE(3), NULL);
    return params;
}

Test(params, a_parameter_is_found_by_place_and_by_name)
{
    nn_params *params = two(NULL);
    cr_expect_eq(nn_params_count(params), 2);
    cr_expect_eq(nn_params_len(params), 9);
    const nn_param *bias = nn_params_find(params, "dense1.bias");
    cr_assert_not_null(bias);
    cr_expect_eq(bias, nn_params_at(params, 1));
    cr_expect_str_eq(bias->name, "dense1.bias");
    cr_expect_eq(bias->role, NN_BIAS);
    cr_expect_eq(bias->type, AD_F32);
    cr_expect_eq(bias->count, 3);
    cr_expect_null(nn_params_find(params, "dense2.bias"));
    cr_expect_null(nn_params_at(params, 2));
    cr_expect_null(nn_params_at(params, -1));
    nn_params_free(params);
    nn_params_free(NULL);
}

Test(params, each_of_thousands_is_found_by_its_name_and_no_name_is_taken_twice)
{
    enum { MANY = 3000 };
    nn_params *params = nn_params_new(NULL);
    char name[32];
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(name, sizeof name, "dense%d.weight", i);
        cr_assert_eq(nn_params_add(params, name, NN_WEIGHT, AD_F64, AD_SHAPE(1), NULL), AD_OK);
        cr_assert_eq(nn_params_add(params, name, NN_WEIGHT, AD_F64, AD_SHAPE(1), NULL),
                     AD_ERR_STATE);
    }
    cr_expect_eq(nn_params_count(params), MANY);
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(name, sizeof name, "dense%d.weight", i);
        cr_assert_eq(nn_params_find(params, name), nn_params_at(params, i));
    }
    cr_expect_null(nn_params_find(params, "dense3000.weight"));
    cr_expect_null(nn_params_find(params, ""));
    nn_params_free(params);
}

Test(params, elements_begin_at_zero_and_on_64_bytes_and_stay_where_they_are)
{
    nn_params *params = nn_params_new(NULL);
    nn_params_add(params, "first", NN_WEIGHT, AD_F64, AD_SHAPE(5), NULL);
    const void *data = nn_params_at(params, 0)->data;
    char name[] = "a";
    for (int i = 0; i < 20; i++, name[0]++) {
        cr_assert_eq(nn_params_add(params, name, NN_WEIGHT, AD_F32, AD_SHAPE(i), NULL), AD_OK);
        const nn_param *p = nn_params_find(params, name);
        cr_expect_eq((uintptr_t)p->data % 64, 0);
        for (size_t k = 0; k < p->count; k++) {
            cr_expect_eq(nn_param_value(p, k), 0);
        }
    }
    cr_expect_eq(nn_params_at(params, 0)->data, data);
    nn_params_free(params);
}

Test(params, values_are_written_and_read_as_doubles)
{
    nn_params *params = two(NULL);
    cr_expect_eq(nn_params_write(params, "dense1.bias", 3, (double[]){1, 2.5, -3}, NULL), AD_OK);
    const nn_param *bias = nn_params_find(params, "dense1.bias");
    cr_expect_eq(nn_param_value(bias, 1), 2.5);
    cr_expect_eq(((const float *)bias->data)[2], -3.0F);
    cr_expect(isnan(nn_param_value(bias, 3)));
    cr_expect(isnan(nn_param_value(NULL, 0)));
    nn_params_free(params);
}

Test(params, mistakes_are_errors_and_change_nothing)
{
    nn_params *params = two(NULL);
    ad_error e = {0};
    cr_expect_eq(nn_params_add(params, "dense1.bias", NN_BIAS, AD_F64, AD_SHAPE(1), &e),
                 AD_ERR_STATE);
    cr_expect_eq(nn_params_add(params, "x", NN_BIAS, AD_I64, AD_SHAPE(1), &e), AD_ERR_TYPE);
    cr_expect_eq(nn_params_add(params, "x", NN_BIAS, AD_F64, AD_SHAPE(-1), &e), AD_ERR_SHAPE);
    cr_expect_eq(nn_params_count(params), 2);
    cr_expect_eq(nn_params_write(params, "dense1.gain", 3, (double[]){0, 0, 0}, &e), AD_ERR_INDEX);
    cr_expect_str_eq(e.message, "there is no parameter dense1.gain");
    cr_expect_eq(nn_params_write(params, "dense1.bias", 2, (double[]){0, 0}, &e), AD_ERR_SHAPE);
    cr_expect_str_eq(e.message, "parameter dense1.bias is [3], not of 2 elements");
    nn_params_free(params);
}

Test(params, bound_parameters_are_views_of_their_memory)
{
    nn_params *params = two(NULL);
    ad_tape *tape = ad_tape_new();
    ad_var vars[2];
    cr_assert_eq(nn_params_bind(params, tape, vars), AD_OK);
    cr_expect_eq(ad_data(vars[0]), nn_params_at(params, 0)->data);
    cr_expect_eq(ad_count(vars[1]), 3);
    ad_tape_free(tape);
    nn_params_free(params);
}

Test(params, a_copy_has_names_and_values_of_its_own)
{
    nn_params *params = two(NULL);
    nn_params_write(params, "dense1.bias", 3, (double[]){1, 2, 3}, NULL);
    nn_params *copy = nn_params_copy(params, NULL);
    cr_assert_not_null(copy);
    nn_params_write(params, "dense1.bias", 3, (double[]){4, 5, 6}, NULL);
    cr_expect_eq(nn_param_value(nn_params_find(copy, "dense1.bias"), 2), 3);
    cr_expect_eq(nn_params_assign(params, copy, NULL), AD_OK);
    cr_expect_eq(nn_param_value(nn_params_find(params, "dense1.bias"), 2), 3);
    nn_params_add(copy, "more", NN_BIAS, AD_F64, AD_SHAPE(1), NULL);
    ad_error e = {0};
    cr_expect_eq(nn_params_assign(params, copy, &e), AD_ERR_STATE);
    nn_params_free(copy);
    nn_params_free(params);
}

/* as model.h has it */
Test(params, idx_files_keep_the_bits_of_parameters_in_both_types)
{
    nn_params *params = two(NULL), *other = two(NULL);
    nn_params_write(params, "dense1.weight", 6, (double[]){0.1, -0.0, 1e-310, NAN, 5, 1e300}, NULL);
    nn_params_write(params, "dense1.bias", 3, (double[]){0.1, -INFINITY, 1e-40}, NULL);
    for (int i = 0; i < nn_params_count(params); i++) {
        const nn_param *p = nn_params_at(params, i), *q = nn_params_at(other, i);
        char path[TEST_PATH], name[40];
        ad_error error = {0};
        nn_array array = nn_array_view((nn_type)p->type, p->shape, p->data);
        (void)snprintf(name, sizeof name, "%s.idx", p->name);
        cr_expect_eq(nn_write_array(test_path(name, path), &array, &error), AD_OK, "%s",
                     error.message);
        cr_expect_eq(nn_read_array(path, NULL, &array, &error), AD_OK, "%s", error.message);
        cr_assert((ad_type)array.type == q->type && ad_shape_equal(&array.shape, &q->shape));
        memcpy(q->data, array.data, q->count * ad_type_bytes(q->type));
        cr_expect_arr_eq(q->data, p->data, p->count * ad_type_bytes(p->type));
        nn_array_clear(&array);
        (void)remove(path);
    }
    nn_params_free(other);
    nn_params_free(params);
}

Test(params, every_failed_allocation_is_reported_and_nothing_is_lost)
{
    for (size_t fail_at = 0; fail_at < 10; fail_at++) {
        ad_failing_allocator state = {.fail_at = fail_at};
        ad_allocator allocator = ad_allocator_failing(&state);
        nn_params *params = nn_params_new(&allocator);
        nn_params *copy = NULL;
        if (params != NULL) {
            nn_params_add(params, "a", NN_WEIGHT, AD_F64, AD_SHAPE(2), NULL);
            nn_params_add(params, "b", NN_WEIGHT, AD_F64, AD_SHAPE(2), NULL);
            copy = nn_params_copy(params, &allocator);
        }
        int complete = params != NULL && copy != NULL && nn_params_count(copy) == 2;
        cr_expect_eq(complete, fail_at >= state.requests);
        nn_params_free(copy);
        nn_params_free(params);
        cr_expect_eq(state.live, 0);
    }
}

Test(params, a_missing_set_is_one_of_no_parameters)
{
    nn_params *set = two(NULL), *copy = nn_params_copy(NULL, NULL);
    ad_error e = {0};
    cr_expect_eq(nn_params_count(NULL), 0);
    cr_expect_eq(nn_params_len(NULL), 0);
    cr_expect_null(nn_params_at(NULL, 0));
    cr_expect_null(nn_params_find(NULL, "w"));
    cr_expect_null(nn_params_find(set, NULL));
    cr_expect_eq(nn_params_count(copy), 0);
    cr_expect_eq(nn_params_write(NULL, "w", 0, NULL, &e), AD_ERR_INDEX);
    cr_expect_eq(nn_params_assign(set, NULL, &e), AD_ERR_STATE);
    cr_expect_eq(nn_params_assign(NULL, set, &e), AD_ERR_STATE);
    cr_expect_eq(nn_params_add(NULL, "w", NN_BIAS, AD_F64, AD_SCALAR, &e), AD_ERR_STATE);
    cr_expect_eq(nn_params_add(set, NULL, NN_BIAS, AD_F64, AD_SCALAR, &e), AD_ERR_STATE);
    nn_params_free(set);
    nn_params_free(copy);
}
