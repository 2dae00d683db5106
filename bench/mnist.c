/* SPDX-License-Identifier: MIT */
/* mnist.to98: a 784-300-100-10 network trained with momentum and a cosine schedule until 98 % of
 * MNIST's test set are read right, scored after each epoch: the time of the whole process, from its
 * start and the reading of files to its end, and the most memory it had. Baseline: the same recipe
 * in PyTorch (peers/mnist.py). Both are started with the seeds 1 to 5, since the rounding of one
 * run decides whether an epoch more is needed; the figure is the median. WENGERT_MNIST is the
 * folder that examples/data/fetch_mnist.sh names. */
#include "bench.h"

#include <wengert/nn.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EPOCHS = 10, BATCH = 64, STARTS = 5 };

/* ---- what is timed ---- */

static nn_array read_file(const char *folder, const char *name, double scale)
{
    char path[1024];
    ad_error error;
    nn_array array;
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    if (nn_read_array(path, &(nn_read_options){.scale = scale}, &array, &error) != AD_OK) {
        (void)fprintf(stderr, "mnist: %s\n", error.message);
        exit(1);
    }
    return array;
}

/* What main returns: 0 if 98 % were reached. */
static int train(const char *folder, const char *seed)
{
    nn_array x = read_file(folder, "train-images-idx3-ubyte", 1.0 / 255);
    nn_array y = read_file(folder, "train-labels-idx1-ubyte", 1);
    nn_array test_x = read_file(folder, "t10k-images-idx3-ubyte", 1.0 / 255);
    nn_array test_y = read_file(folder, "t10k-labels-idx1-ubyte", 1);
    nn_model *net = nn_sequential(nn_dense(300, .activation = ad_relu),
                                  nn_dense(100, .activation = ad_relu), nn_dense(10));
    nn_fit_result fit =
        nn_fit(net, x, y, .cost = nn_softmax_cross_entropy, .optim = nn_momentum(.rate = 0.05),
               .epochs = EPOCHS, .batch = BATCH, .validation_x = &test_x, .validation_y = &test_y,
               .target = 0.98, .seed = strtoull(seed, NULL, 10), .schedule = nn_cosine(0));
    int reached = fit.end == NN_END_TARGET;
    if (!reached) {
        (void)fprintf(stderr, "mnist: not reached: %s\n", fit.error.message);
    } else {
        printf("  %.2f %% after %d epochs, %.2f s of training\n",
               100 * fit.history[fit.epochs - 1].validation.metric, fit.epochs, fit.seconds);
    }
    nn_fit_result_clear(&fit);
    nn_model_free(net);
    nn_array_clear(&x);
    nn_array_clear(&y);
    nn_array_clear(&test_x);
    nn_array_clear(&test_y);
    return reached ? 0 : 1;
}

/* ---- whole processes ---- */

typedef struct process {
    double us, mib; /* NAN if it failed */
} process;

static process run(const char *const *arguments)
{
    struct rusage usage;
    int status = 1;
    fflush(stdout);
    double begin = bench_now_us();
    pid_t child = fork();
    if (child == 0) {
        execv(arguments[0], (char *const *)arguments);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &usage) != child || status != 0) {
        return (process){NAN, NAN};
    }
    return (process){bench_now_us() - begin, (double)usage.ru_maxrss / 1024};
}

/* The median time and the largest memory; NAN if a start failed. */
static process summary(const process runs[STARTS])
{
    double us[STARTS], mib = 0;
    for (int i = 0; i < STARTS; i++) {
        if (isnan(runs[i].us)) {
            return runs[i];
        }
        us[i] = runs[i].us;
        mib = fmax(mib, runs[i].mib);
    }
    return (process){bench_median(STARTS, us), mib};
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "train") == 0) {
        return train(argv[2], argv[3]);
    }
    bench_start();
    const char *folder = getenv("WENGERT_MNIST");
    if (folder == NULL || folder[0] == '\0') {
        puts("mnist.to98: skipped; WENGERT_MNIST is to be the folder with its files");
        return bench_finish();
    }
    process ours[STARTS], peers[STARTS];
    for (int i = 0; i < STARTS; i++) {
        char seed[16];
        (void)snprintf(seed, sizeof seed, "%d", i + 1);
        ours[i] = run((const char *[]){argv[0], "train", folder, seed, NULL});
        peers[i] =
            run((const char *[]){"/usr/bin/python3", "bench/peers/mnist.py", folder, seed, NULL});
    }
    process our = summary(ours), peer = summary(peers);
    if (isnan(our.us)) {
        return 1;
    }
    if (isnan(peer.us)) {
        bench_skipped("mnist.to98", "pytorch");
    }
    bench_row("mnist.to98", our.us, "pytorch", peer.us);
    bench_row_mib("mnist.to98.memory", our.mib, "pytorch", peer.mib);
    bench_row_mib("mnist.to98.memory", our.mib, "limit", 80);
    return bench_finish();
}
