/* SPDX-License-Identifier: MIT */
/* Handwritten digits, from raw files to 98 % of the test pictures read right.
 *
 *   a^0 = x                              pixels of a picture, 784 for MNIST
 *   a^1 = relu(a^0 W^1 + b^1)            300 units
 *   a^2 = relu(a^1 W^2 + b^2)            100 units
 *   z^3 = a^2 W^3 + b^3                  10 classes, p = softmax(z^3)
 *   C   = -1/n sum_rows log p_label      delta^3 = (p - one_hot(label)) / n
 *
 * usage: 09_mnist [FIGURES [MNIST]], two folders. Without the second, the small set of digits in
 * examples/data is used. Ctrl-C ends the training and keeps what was learnt. */
#include <wengert/nn.h>

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { LAYERS = 3, CLASSES = 10, PARAMETERS = 2 * LAYERS, PATH = 4096 };

static nn_model *network(void)
{
    return nn_sequential(nn_dense(300, .activation = ad_relu), nn_dense(100, .activation = ad_relu),
                         nn_dense(CLASSES));
}

/* ---- data */

static ad_status read_mnist(const char *folder, nn_table *train, nn_table *test, ad_error *error)
{
    const char *names[] = {"train-images-idx3-ubyte", "t10k-images-idx3-ubyte",
                           "train-labels-idx1-ubyte", "t10k-labels-idx1-ubyte"};
    nn_array *arrays[] = {&train->x, &test->x, &train->y, &test->y};
    ad_status status = AD_OK;
    for (int i = 0; i < 4 && status == AD_OK; i++) {
        char path[PATH];
        nn_read_options options = {.scale = i < 2 ? 1.0 / 255 : 1};
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        status = nn_read_array(path, &options, arrays[i], error);
    }
    return status;
}

/* A fifth of the digits, the same part of each class, is for the test. */
static ad_status read_digits(nn_table *all, nn_table *train, nn_table *test, ad_error *error)
{
    const nn_csv_options options = {.y = NN_COLUMNS(-1), .y_type = NN_I64, .x_type = NN_F32};
    ad_status status = nn_read_csv("examples/data/digits.csv.gz", &options, all, error);
    if (status == AD_OK) {
        all->x.shape = AD_SHAPE(all->x.shape.len[0], 8, 8);
        all->x.scale = 1.0 / 16;
        status = nn_table_split(all, &(nn_split_options){.test = 0.2, .stratify = 1}, train, NULL,
                                test, error);
    }
    return status;
}

/* ---- is the gradient right? */

enum { SAMPLE = 8 };

/* A net in f64 with the first pictures, and what it made of them when it was last recorded. */
typedef struct sample {
    nn_model *net;
    nn_array pixels;
    int64_t labels[SAMPLE];
    ad_var x, label;
    nn_trace trace[LAYERS];
} sample;

static ad_var cost(void *user, const ad_var *w)
{
    sample *s = user;
    s->x = ad_input_array(w[0].tape, AD_F64, s->pixels.shape, s->pixels.data);
    s->label = ad_constant(w[0].tape, AD_I64, AD_SHAPE(SAMPLE), s->labels);
    return nn_softmax_cross_entropy(nn_forward(s->net, s->x, .params = w, .trace = s->trace),
                                    s->label);
}

/* The largest difference between two tensors, relative to the largest element of the second. */
static double difference(ad_var a, ad_var b)
{
    return ad_value(ad_max(ad_abs(ad_sub(a, b)), AD_ALL)) / ad_value(ad_max(ad_abs(b), AD_ALL));
}

/* The tape's gradient beside the delta equations; the tape serves as their calculator. */
static double from_delta_equations(sample *s, ad_tape *tape)
{
    ad_var w[PARAMETERS], dw[PARAMETERS];
    nn_params_bind(nn_model_params(s->net), tape, w);
    ad_grad(cost(s, w), PARAMETERS, w, dw);

    ad_var p = ad_softmax(s->trace[LAYERS - 1].z, AD_AXES(-1));
    ad_var delta = ad_div(ad_sub(p, ad_one_hot(s->label, CLASSES, AD_F64)), SAMPLE);
    double worst = 0;
    for (int l = LAYERS - 1; l >= 0; l--) { /* counts from 0 */
        ad_var before = l > 0 ? s->trace[l - 1].a : ad_reshape(s->x, AD_SHAPE(SAMPLE, -1));
        worst = fmax(worst, difference(dw[2 * l], ad_matmul_with(before, delta, 1, 0)));
        worst = fmax(worst, difference(dw[2 * l + 1], ad_sum(delta, AD_AXES(0))));
        if (l > 0) {
            ad_var slope = ad_greater(s->trace[l - 1].z, 0);
            delta = ad_mul(ad_matmul_with(delta, w[2 * l], 0, 1), slope);
        }
    }
    return worst;
}

static ad_status check(const nn_table *data, ad_error *error)
{
    sample s;
    ad_shape shape = data->x.shape;
    shape.len[0] = SAMPLE;
    s.net = network();
    nn_build(s.net, .input = nn_array_row_shape(&data->x));
    ad_tape *tape = ad_tape_new();
    ad_status status = nn_array_init(&s.pixels, NN_F64, shape, NULL, error);
    if (status == AD_OK) {
        status = nn_array_gather(&data->x, SAMPLE, NULL, AD_F64, s.pixels.owned, error);
    }
    if (status == AD_OK) {
        status = nn_array_gather(&data->y, SAMPLE, NULL, AD_I64, s.labels, error);
    }
    if (status == AD_OK) {
        ad_check_input w[PARAMETERS];
        for (int i = 0; i < PARAMETERS; i++) {
            const nn_param *p = nn_params_at(nn_model_params(s.net), i);
            w[i] = (ad_check_input){p->type, p->shape, p->data};
        }
        const ad_check_options options = {.order = 1, .most = 50};
        ad_report report = ad_check(cost, &s, PARAMETERS, w, &options);
        double off = from_delta_equations(&s, tape);
        printf("gradient and delta equations differ by %.1e\n", off);
        printf("gradient and differences of the cost: %s\n", report.message);
        if (!(off < 1e-12) || !report.passed) {
            status = ad_error_set(error, AD_ERR_STATE, "the gradient is wrong: %s",
                                  ad_tape_message(tape));
        }
    }
    ad_tape_free(tape);
    nn_array_clear(&s.pixels);
    nn_model_free(s.net);
    return status;
}

/* ---- training, and what came of it */

static volatile sig_atomic_t stop;

static void on_interrupt(int number)
{
    (void)number;
    stop = 1;
}

/* Draws the first pictures that are read wrong. */
static ad_status draw_misread(const char *path, nn_model *net, const nn_table *test,
                              ad_error *error)
{
    enum { MOST = 40 };
    int64_t wrong[MOST], count = 0, rows = nn_array_rows(&test->x);
    char captions[MOST][32];
    const char *caption[MOST];
    nn_array output = {0};
    int64_t *read = calloc((size_t)rows, sizeof *read);
    ad_status status = nn_predict(net, test->x, NULL, &output, error);
    if (status == AD_OK) {
        status = nn_classes(&output, read, error);
    }
    for (int64_t i = 0; i < rows && count < MOST && status == AD_OK; i++) {
        int64_t label = 0;
        status = nn_array_gather(&test->y, 1, &i, AD_I64, &label, error);
        if (read[i] != label) {
            (void)snprintf(captions[count], sizeof captions[count], "%d read as %d", (int)label,
                           (int)read[i]);
            caption[count] = captions[count];
            wrong[count++] = i;
        }
    }
    if (status == AD_OK && count > 0) {
        const nn_grid grid = {"the first digits read wrong", 8, caption};
        status = nn_plot_images(path, &test->x, count, wrong, grid, error);
    }
    nn_array_clear(&output);
    free(read);
    return status;
}

/* The figures; a program without gnuplot does without them. */
static void draw(const char *folder, nn_model *net, const nn_fit_result *fit, const nn_table *test)
{
    char curves[PATH], misread[PATH];
    ad_error error = {0};
    (void)snprintf(curves, sizeof curves, "%s/mnist_curves.png", folder);
    (void)snprintf(misread, sizeof misread, "%s/mnist_misread.png", folder);
    if (nn_plot_history(curves, fit->epochs, fit->history, fit->metric, &error) == AD_OK &&
        draw_misread(misread, net, test, &error) == AD_OK) {
        printf("figures: %s, %s\n", curves, misread);
    } else {
        fprintf(stderr, "no figure: %s\n", error.message);
    }
}

int main(int argc, char **argv)
{
    const char *figures = argc > 1 ? argv[1] : "", *mnist = argc > 2 ? argv[2] : "";
    nn_table all = {0}, train = {0}, test = {0};
    nn_model *net = network();
    nn_fit_result fit = {0};
    ad_error error = {0};
    char log[PATH];
    (void)snprintf(log, sizeof log, "%s/mnist_log.csv", figures);
    int small = mnist[0] == '\0';
    (void)setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* in step with the progress, in files too */
    ad_status status =
        small ? read_digits(&all, &train, &test, &error) : read_mnist(mnist, &train, &test, &error);
    if (status == AD_OK) {
        printf("%s: %lld pictures to learn from, %lld for the test\n",
               small ? "no MNIST; the small set of digits in examples/data" : mnist,
               (long long)nn_array_rows(&train.x), (long long)nn_array_rows(&test.x));
        status = check(&train, &error);
    }
    if (status == AD_OK) {
        (void)signal(SIGINT, on_interrupt);
        fit = nn_fit(net, train.x, train.y, .cost = nn_softmax_cross_entropy,
                     .optim = nn_adam(.rate = 2e-3, .decay = 0.1), .schedule = nn_cosine(0),
                     .epochs = small ? 20 : 10, .batch = 64, .validation = 1.0 / 12, .stop = &stop,
                     .progress = nn_progress_terminal, .log = figures[0] != '\0' ? log : NULL);
        (void)signal(SIGINT, SIG_DFL);
        error = fit.error;
        status = error.status;
    }
    if (status == AD_OK && fit.end == NN_END_STOP) {
        printf("stopped after %lld steps; what was learnt is kept\n", (long long)fit.steps);
    }
    if (status == AD_OK) {
        nn_evaluation score = nn_evaluate(net, test.x, test.y, .cost = nn_softmax_cross_entropy);
        if (figures[0] != '\0') {
            draw(figures, net, &fit, &test);
        }
        error = score.error;
        status = error.status;
        printf("test_accuracy=%.4f\n", score.metric);
    }
    if (status != AD_OK) {
        fprintf(stderr, "%s\n", error.message);
    }
    nn_fit_result_clear(&fit);
    nn_model_free(net);
    nn_table_clear(&train);
    nn_table_clear(&test);
    nn_table_clear(&all);
    return status != AD_OK;
}
