/* SPDX-License-Identifier: MIT */
/* One compiled function in several threads at once, each with a workspace whose calls use several
 * threads themselves: all get the bits of one thread alone. */
#include <wengert/autodiff.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { M = 150, K = 40, N = 70, CALLERS = 3, CALLS = 5, RESULTS = 1 + K * N };

static double x[M * K], w[K * N], want[RESULTS];
static ad_fn *f;

static void must(int holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "shared_fn: %s\n", what);
        exit(1);
    }
}

static ad_fn *compile(int threads)
{
    ad_tape *tape = ad_tape_new();
    ad_var in[] = {ad_input_array(tape, AD_F64, AD_SHAPE(M, K), x),
                   ad_input_array(tape, AD_F64, AD_SHAPE(K, N), w)};
    ad_var out[2] = {ad_mean(ad_square(ad_tanh(ad_matmul(in[0], in[1]))), AD_ALL)};
    ad_grad(out[0], 1, &in[1], &out[1]);
    ad_fn *made = ad_fn_new_with(tape, 2, in, 2, out, &(ad_fn_options){.threads = threads});
    must(made != NULL, ad_tape_message(tape));
    ad_tape_free(tape);
    return made;
}

static void *call(void *unused)
{
    double got[RESULTS];
    ad_workspace *own = ad_workspace_new(f, NULL);
    must(own != NULL, "out of memory");
    for (int i = 0; i < CALLS; i++) {
        memset(got, 0, sizeof got);
        must(ad_fn_run_in(f, own, (const void *[]){x, w}, (void *[]){got, got + 1}) == AD_OK,
             ad_workspace_message(own));
        must(memcmp(got, want, sizeof got) == 0, "other bits");
    }
    ad_workspace_free(own);
    return unused;
}

int main(void)
{
    pthread_t id[CALLERS];
    ad_rng_fill_normal((ad_rng){.seed = 1}, AD_F64, M * K, x);
    ad_rng_fill_normal((ad_rng){.seed = 2}, AD_F64, K * N, w);
    f = compile(1);
    must(ad_fn_run(f, (const void *[]){x, w}, (void *[]){want, want + 1}) == AD_OK, "first call");
    ad_fn_free(f);
    f = compile(3);
    for (int i = 0; i < CALLERS; i++) {
        must(pthread_create(&id[i], NULL, call, NULL) == 0, "no thread");
    }
    for (int i = 0; i < CALLERS; i++) {
        pthread_join(id[i], NULL);
    }
    ad_fn_free(f);
    return 0;
}
