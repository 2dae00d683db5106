/* SPDX-License-Identifier: MIT */
#include "metrics.h"

#include <criterion/criterion.h>
#include <math.h>

static ad_var f64(ad_tape *tape, ad_shape shape, const double *data)
{
    return ad_input_array(tape, AD_F64, shape, data);
}

Test(metrics, accuracy_counts_the_rows_whose_largest_score_is_at_the_class)
{
    ad_tape *tape = ad_tape_new();
    ad_var a = f64(tape, AD_SHAPE(4, 3), (double[]){1, 2, 0, 5, 5, 1, 0, 0, 9, 3, 2, 1});
    ad_var y = ad_input_array(tape, AD_I64, AD_SHAPE(4), (int64_t[]){1, 0, 2, 2});
    cr_expect_eq(nn_metric_value(nn_accuracy, a, y), 0.75);
    ad_var p = f64(tape, AD_SHAPE(4, 3), (double[]){0, 1, 0, 1, 0, 0, 0, 0, 1, 0, 0, 1});
    cr_expect_eq(nn_metric_value(nn_accuracy, a, p), 0.75);
    ad_tape_free(tape);
}

Test(metrics, accuracy_of_two_classes_looks_at_the_sign_of_the_logit)
{
    ad_tape *tape = ad_tape_new();
    ad_var a = f64(tape, AD_SHAPE(4, 1), (double[]){3, -2, 0.5, -0.1});
    ad_var y = f64(tape, AD_SHAPE(4), (double[]){1, 0, 0, 1});
    ad_var labels = ad_input_array(tape, AD_I64, AD_SHAPE(4, 1), (int64_t[]){1, 0, 1, 0});
    cr_expect_eq(nn_metric_value(nn_accuracy, a, y), 0.5);
    cr_expect_eq(nn_metric_value(nn_accuracy, ad_reshape(a, AD_SHAPE(4)), labels), 1);
    ad_tape_free(tape);
}

Test(metrics, labels_of_a_row_are_counted_one_by_one)
{
    ad_tape *tape = ad_tape_new();
    ad_var a = f64(tape, AD_SHAPE(2, 3), (double[]){3, -2, 1, -1, NAN, 2});
    ad_var y = f64(tape, AD_SHAPE(2, 3), (double[]){1, 0, 1, 0, 0, 0});
    cr_expect_eq(nn_metric_value(nn_binary_accuracy, a, y), 4.0 / 6);
    ad_var labels = ad_input_array(tape, AD_I64, AD_SHAPE(2, 3), (int64_t[]){0, 1, 0, 1, 1, 0});
    cr_expect_eq(nn_metric_value(nn_binary_accuracy, a, labels), 0);
    cr_expect(isnan(nn_metric_value(nn_binary_accuracy, a, ad_reshape(y, AD_SHAPE(6)))) == 0);
    cr_expect(isnan(nn_metric_value(nn_binary_accuracy, a, f64(tape, AD_SHAPE(1), (double[]){1}))));
    ad_tape_free(tape);
}

Test(metrics, say_how_they_are_read)
{
    cr_expect_str_eq(nn_accuracy.name, "accuracy");
    cr_expect(nn_accuracy.better == NN_HIGHER && nn_accuracy.percent);
    cr_expect_str_eq(nn_absolute_error.name, "absolute error");
    cr_expect(nn_absolute_error.better == NN_LOWER && !nn_absolute_error.percent);
}

Test(metrics, a_nan_is_never_right)
{
    ad_tape *tape = ad_tape_new();
    ad_var a = f64(tape, AD_SHAPE(2, 2), (double[]){NAN, 1, 1, NAN});
    ad_var y = ad_input_array(tape, AD_I64, AD_SHAPE(2), (int64_t[]){0, 0});
    cr_expect_eq(nn_metric_value(nn_accuracy, a, y), 0);
    ad_var logit = f64(tape, AD_SHAPE(1), (double[]){NAN});
    cr_expect_eq(nn_metric_value(nn_accuracy, logit, f64(tape, AD_SHAPE(1), (double[]){0})), 0);
    ad_tape_free(tape);
}

Test(metrics, what_does_not_fit_is_nan)
{
    ad_tape *tape = ad_tape_new();
    ad_var a = f64(tape, AD_SHAPE(2, 2), (double[]){1, 2, 3, 4});
    ad_var y = f64(tape, AD_SHAPE(3), (double[]){1, 2, 3});
    cr_expect(isnan(nn_metric_value(nn_accuracy, a, y)));
    cr_expect(isnan(nn_metric_value(nn_accuracy, ad_literal(1), y)));
    cr_expect(isnan(nn_metric_value(nn_absolute_error, a, y)));
    ad_tape_free(tape);
}

Test(metrics, the_absolute_error_is_the_mean_distance)
{
    ad_tape *tape = ad_tape_new();
    ad_var a = f64(tape, AD_SHAPE(4), (double[]){1, 2, 3, 4});
    ad_var y = ad_input_array(tape, AD_I64, AD_SHAPE(4, 1), (int64_t[]){1, 4, 2, 5});
    cr_expect_eq(nn_metric_value(nn_absolute_error, a, y), 1);
    ad_tape_free(tape);
}

Test(metrics, classes_are_the_places_of_the_largest)
{
    const float scores[] = {1, 3, 2, 9, 9, 1};
    nn_array a = nn_array_view(NN_F32, AD_SHAPE(2, 3), scores);
    int64_t classes[2];
    cr_expect_eq(nn_classes(&a, classes, NULL), AD_OK);
    cr_expect(classes[0] == 1 && classes[1] == 0);
    ad_error error;
    a.shape = AD_SHAPE(6);
    cr_expect_eq(nn_classes(&a, classes, &error), AD_ERR_SHAPE);
    a = nn_array_view(NN_I64, AD_SHAPE(2, 2), (int64_t[]){1, 2, 3, 4});
    cr_expect_eq(nn_classes(&a, classes, &error), AD_ERR_TYPE);
    a = nn_array_view(NN_F64, AD_SHAPE(2, 3), NULL);
    cr_expect_eq(nn_classes(&a, classes, &error), AD_ERR_DOMAIN);
    a.shape = AD_SHAPE((int64_t)1 << 32, (int64_t)1 << 32); /* 0 elements in 64 bits */
    cr_expect_eq(nn_classes(&a, classes, &error), AD_ERR_SHAPE);
}
