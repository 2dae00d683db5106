/* SPDX-License-Identifier: MIT */
#include "programs.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

/* ---- what programs share ---- */

/* Keeps the first error. */
static void fail(outcome *out, ad_status status, const char *text)
{
    if (status != AD_OK && out->error.status == AD_OK) {
        (void)ad_error_set(&out->error, status, "%s", text);
    }
}

static void fail_by(outcome *out, const ad_error *error)
{
    fail(out, error->status, error->message);
}

static void fail_by_tape(outcome *out, const ad_tape *tape)
{
    fail(out, ad_tape_status(tape), ad_tape_message(tape));
}

static void add(outcome *out, double number)
{
    if (out->count < PROGRAM_NUMBERS) {
        out->number[out->count++] = number;
    }
}

static void add_all(outcome *out, ad_var x)
{
    double number[PROGRAM_NUMBERS] = {0};
    const size_t count = ad_count(x);
    if (count <= PROGRAM_NUMBERS && ad_read(x, count, number) == AD_OK) {
        for (size_t i = 0; i < count; i++) {
            add(out, number[i]);
        }
    }
}

static double wave(int i)
{
    return sin(i * 0.7) + 0.01 * i;
}

/* ---- derivatives of every kind ---- */

static ad_var rosenbrock(const ad_var *x)
{
    return ad_add(ad_square(ad_sub(1, x[0])),
                  ad_mul(100, ad_square(ad_sub(x[1], ad_square(x[0])))));
}

static void calculus(const ad_allocator *allocator, outcome *out)
{
    ad_tape *tape = ad_tape_new_in(allocator);
    ad_var x[2] = {ad_input(tape, -1.2), ad_input(tape, 1)}, y = rosenbrock(x), dy[2], hv[2];
    double gradient[2] = {0}, hessian[4] = {0};
    (void)ad_grad(y, 2, x, dy);
    (void)ad_hvp(y, 2, x, (ad_var[]){ad_literal(1), ad_literal(2)}, hv);
    (void)ad_grad_values(y, 2, x, gradient);
    (void)ad_hessian_values(y, 2, x, hessian);
    const ad_mark mark = ad_tape_mark(tape);
    for (int i = 0; i < 40; i++) {
        y = ad_tanh(ad_add(y, ad_mul(dy[i % 2], 1e-3)));
    }
    add_all(out, y);
    ad_anomaly anomaly = ad_tape_anomaly(tape);
    fail(out, anomaly.status, anomaly.message);
    if (tape != NULL) {
        (void)ad_tape_rewind(tape, mark);
    }
    double a[9] = {4, 1, 0, 1, 3, 1, 0, 1, 2};
    ad_var m = ad_input_array(tape, AD_F64, AD_SHAPE(3, 3), a);
    ad_var det = ad_det(m), slope;
    (void)ad_grad(det, 1, &m, &slope);
    add_all(out, slope);
    add_all(out, ad_softmax(ad_sum(ad_matmul(m, ad_inv(m)), AD_AXES(0)), AD_ALL));
    for (int i = 0; i < 2; i++) {
        add(out, ad_value(dy[i])), add(out, ad_value(hv[i])), add(out, gradient[i]);
    }
    add(out, hessian[0]), add(out, hessian[1]), add(out, hessian[3]);
    fail_by_tape(out, tape);
    ad_tape_free(tape);
}

/* ---- compiled functions on threads ---- */

enum { WIDE = 160 };

static void compiled(const ad_allocator *allocator, outcome *out)
{
    static double a[WIDE * WIDE], b[WIDE * WIDE], z[WIDE * WIDE], other[WIDE * WIDE],
        dz[WIDE * WIDE];
    for (int i = 0; i < WIDE * WIDE; i++) {
        a[i] = wave(i) / WIDE;
        b[i] = wave(3 * i + 1);
    }
    ad_tape *tape = ad_tape_new_in(allocator);
    ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(WIDE, WIDE), a),
           w = ad_input_array(tape, AD_F64, AD_SHAPE(WIDE, WIDE), b),
           y = ad_tanh(ad_matmul(ad_sigmoid(ad_matmul(x, w)), w)), dw = y;
    (void)ad_grad(ad_sum(ad_square(y), AD_ALL), 1, &w, &dw);
    const ad_fn_options options = {.threads = 3, .resizable = 1, .allocator = allocator};
    ad_fn *f = ad_fn_new_with(tape, 2, (ad_var[]){x, w}, 2, (ad_var[]){y, dw}, &options);
    fail_by_tape(out, tape);
    ad_tape_free(tape);
    fail(out, ad_fn_run(f, (const void *[]){a, b}, (void *[]){z, dz}), "ad_fn_run");
    ad_error error = {.status = AD_OK};
    ad_fn *less = ad_fn_resized(f, (ad_shape[]){AD_SHAPE(7, WIDE), AD_SHAPE(WIDE, WIDE)}, &error);
    fail_by(out, &error);
    ad_workspace *workspace = ad_workspace_new(less, allocator);
    fail(out, ad_fn_run_in(less, workspace, (const void *[]){a, b}, (void *[]){other, dz}),
         "ad_fn_run_in");
    for (int i = 0; i < 8; i++) {
        add(out, z[i * 17]), add(out, other[i]), add(out, dz[i * 13]);
    }
    ad_workspace_free(workspace);
    ad_fn_free(less);
    ad_fn_free(f);
}

/* ---- rows of a map ---- */

static void mapped(const ad_allocator *allocator, outcome *out)
{
    enum { ROWS = 1000 };
    static double a[ROWS], r[ROWS], sum;
    for (int i = 0; i < ROWS; i++) {
        a[i] = wave(i);
    }
    ad_tape *tape = ad_tape_new_in(allocator);
    ad_var in[2] = {ad_input(tape, 1), ad_input(tape, 0.5)},
           result[3] = {ad_sin(ad_mul(in[0], in[1]))};
    (void)ad_grad(result[0], 2, in, result + 1);
    const ad_fn_options options = {.threads = 2, .allocator = allocator};
    ad_map *m = ad_map_new(tape, 2, in, 2, result, &options);
    fail_by_tape(out, tape);
    ad_tape_free(tape);
    const double b = 0.5;
    ad_map_run(m, ROWS, (ad_column[]){{a, 1}, {&b, 0}}, (ad_target[]){{r, 1}, {&sum, 0}});
    add(out, r[0]), add(out, r[ROWS - 1]), add(out, sum);
    ad_map_free(m);
}

/* ---- a sparse Hessian ---- */

static void sparse(const ad_allocator *allocator, outcome *out)
{
    enum { N = 150 };
    ad_tape *tape = ad_tape_new_in(allocator);
    ad_var x[N], y = ad_input(tape, 0);
    for (int i = 0; i < N; i++) {
        x[i] = ad_input(tape, wave(i));
    }
    for (int i = 0; i + 1 < N; i++) {
        y = ad_add(y, rosenbrock(x + i));
    }
    ad_sparse *h = NULL;
    fail(out, ad_sparse_hessian(y, N, x, &h), "ad_sparse_hessian");
    if (h != NULL) {
        fail(out, ad_sparse_update(h, 1, &y, N, x), "ad_sparse_update");
        for (int i = 0; i < 20 && i < h->count; i++) {
            add(out, h->value[i]);
        }
    }
    fail_by_tape(out, tape);
    ad_sparse_free(h);
    ad_tape_free(tape);
}

/* ---- training ---- */

static nn_model *net(const ad_allocator *allocator, int64_t outputs)
{
    nn_layer *layers[] = {nn_dense(5, .activation = (ad_tanh), .allocator = allocator),
                          nn_dense(outputs, .allocator = allocator)};
    return nn_sequential_in(allocator, 2, layers);
}

static void training(const ad_allocator *allocator, outcome *out)
{
    enum { ROWS = 50 };
    static double x[ROWS][3], y[ROWS];
    for (int i = 0; i < ROWS; i++) {
        x[i][0] = wave(i), x[i][1] = wave(2 * i), x[i][2] = wave(5 * i);
        y[i] = x[i][0] * x[i][1];
    }
    const nn_array inputs = nn_array_view(NN_F64, AD_SHAPE(ROWS, 3), x),
                   targets = nn_array_view(NN_F64, AD_SHAPE(ROWS), y);
    nn_model *model = net(allocator, 1);
    nn_fit_result fit = nn_fit(
        model, inputs, targets, .cost = nn_mse, .optim = nn_adam(.rate = 0.01), .epochs = 4,
        .batch = 12, .validation = 0.2, .keep_best = 1, .log = "log.csv", .allocator = allocator);
    fail_by(out, &fit.error);
    nn_evaluation all = nn_evaluate(model, inputs, targets, .cost = nn_mse, .allocator = allocator);
    fail_by(out, &all.error);
    ad_error error = {.status = AD_OK};
    nn_array predicted;
    (void)nn_predict(model, inputs, allocator, &predicted, &error);
    fail_by(out, &error);
    for (int i = 0; i < fit.epochs; i++) {
        add(out, fit.history[i].train.cost), add(out, fit.history[i].validation.cost);
    }
    for (int i = 0; i < 8 && error.status == AD_OK; i++) {
        add(out, ((const double *)predicted.data)[i]);
    }
    add(out, all.cost);
    nn_array_clear(&predicted);
    nn_fit_result_clear(&fit);
    nn_model_free(model);
}

/* ---- files, and a loop of one's own ---- */

static void write_csv(outcome *out)
{
    FILE *file = fopen("data.csv", "w");
    if (file == NULL) {
        fail(out, AD_ERR_MEMORY, "data.csv");
        return;
    }
    for (int i = 0; i < 60; i++) {
        (void)fprintf(file, "%s%d,%d,%d\n", i == 0 ? "a,b,class\n" : "", i % 7, i * i % 11, i % 3);
    }
    if (fclose(file) != 0) {
        fail(out, AD_ERR_IO, "data.csv");
    }
}

static void steps(const ad_allocator *allocator, const nn_array *x, const nn_array *y, outcome *out)
{
    double batch[40];
    int64_t classes[20];
    ad_error error = {.status = AD_OK};
    nn_model *model = net(allocator, 3);
    (void)nn_build(model, .input = AD_SHAPE(2), .seed = 1);
    fail(out, nn_model_status(model), nn_model_message(model));
    nn_params *params = nn_model_params(model);
    const int count = nn_params_count(params); /* none if it could not be built */
    nn_optimiser *optimiser = nn_optimiser_new(nn_momentum(.rate = 0.1), params, allocator, &error);
    nn_batches batches;
    (void)nn_batches_init(&batches, nn_array_rows(x), 20,
                          &(nn_batches_options){.allocator = allocator}, &error);
    ad_tape *tape = ad_tape_new_in(allocator);
    const int64_t *rows;
    for (int64_t n;
         optimiser != NULL && tape != NULL && (n = nn_batches_next(&batches, &rows)) > 0;) {
        ad_var w[4], dw[4];
        (void)nn_array_gather(x, n, rows, AD_F64, batch, &error);
        (void)nn_array_gather(y, n, rows, AD_I64, classes, &error);
        (void)nn_params_bind(params, tape, w);
        ad_var a =
            nn_forward(model, ad_input_array(tape, AD_F64, AD_SHAPE(n, 2), batch), .params = w);
        ad_var cost =
            nn_softmax_cross_entropy(a, ad_input_array(tape, AD_I64, AD_SHAPE(n), classes));
        (void)ad_grad(cost, count, w, dw);
        (void)nn_clip_norm(count, dw, 1);
        (void)nn_optimiser_step(optimiser, w, dw, 1);
        add(out, ad_value(cost));
    }
    fail_by(out, &error);
    fail_by_tape(out, tape);
    ad_tape_free(tape);
    nn_batches_clear(&batches);
    nn_optimiser_free(optimiser);
    nn_model_free(model);
}

static void files(const ad_allocator *allocator, outcome *out)
{
    ad_error error = {.status = AD_OK};
    nn_table all = {0}, train = {0}, test = {0};
    nn_standard standard = {0};
    nn_array x = {0}, y = {0};
    write_csv(out);
    if (nn_read_csv(
            "data.csv",
            &(nn_csv_options){.y = NN_NAMED("class"), .y_type = NN_I64, .allocator = allocator},
            &all, &error) == AD_OK &&
        nn_table_split(&all,
                       &(nn_split_options){.test = 0.2, .stratify = 1, .allocator = allocator},
                       &train, NULL, &test, &error) == AD_OK &&
        nn_standard_fit(&standard, &train.x, allocator, &error) == AD_OK &&
        nn_standard_apply(&standard, &train.x, AD_F64, &x, &error) == AD_OK &&
        nn_write_array("classes.idx.gz", &train.y, &error) == AD_OK &&
        nn_read_array("classes.idx.gz", &(nn_read_options){.allocator = allocator}, &y, &error) ==
            AD_OK) {
        steps(allocator, &x, &y, out);
    }
    fail_by(out, &error);
    nn_array_clear(&y), nn_array_clear(&x);
    nn_standard_clear(&standard);
    nn_table_clear(&test), nn_table_clear(&train), nn_table_clear(&all);
}

/* ---- other programs: a C compiler, gnuplot ---- */

static void native(const ad_allocator *allocator, outcome *out)
{
    static double a[64], z[64];
    for (int i = 0; i < 64; i++) {
        a[i] = wave(i);
    }
    ad_tape *tape = ad_tape_new_in(allocator);
    ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(64), a),
           y = ad_mul(ad_exp(ad_neg(ad_square(x))), ad_tanh(x));
    const ad_fn_options options = {.native = "cc", .allocator = allocator};
    ad_fn *f = ad_fn_new_with(tape, 1, &x, 1, &y, &options);
    fail_by_tape(out, tape);
    ad_tape_free(tape);
    fail(out, ad_fn_run(f, (const void *[]){a}, (void *[]){z}), "ad_fn_run");
    if (ad_fn_emit_c(f, "model.c", "model") != AD_OK) {
        const char *text = ad_fn_message(f);
        fail(out, AD_ERR_MEMORY, text == NULL ? "ad_fn_emit_c" : text);
    }
    for (int i = 0; i < 8; i++) {
        add(out, z[i * 8]);
    }
    ad_fn_free(f);
}

static void figure(const ad_allocator *allocator, outcome *out)
{
    (void)allocator;
    const double y[] = {1, 0.5, 0.25, 0.2};
    const nn_curve curve = {"cost", 4, NULL, y, 0};
    ad_error error = {.status = AD_OK};
    (void)nn_plot_curves("figure.svg", 1, &curve, &error, .title = "a figure");
    fail_by(out, &error);
    add(out, 1);
}

const program programs[] = {
    {"calculus", 1, 0, calculus}, {"compiled", 2, 0, compiled}, {"map", 1, 0, mapped},
    {"sparse", 1, 0, sparse},     {"training", 1, 0, training}, {"files", 1, 0, files},
    {"native", 8, 16, native},    {"figure", 8, 0, figure},
};
const int program_count = sizeof programs / sizeof programs[0];
