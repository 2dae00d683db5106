/* SPDX-License-Identifier: MIT */
#include "base/cpu_internal.h"
#include "kernels/blas_internal.h"

#include <blis.h>

#include <stdlib.h>
#include <sys/mman.h>

#if defined(__x86_64__) && defined(BLIS_CONFIG_SKX) && defined(BLIS_CONFIG_HASWELL)

/* BLIS 0.9.0 knows CPUs by vendor and family. On those it does not know (AMD after Zen 4, Hygon,
 * Zhaoxin) it takes portable kernels, which are 5 times slower than those for AVX-512. Intel's
 * are all found by their features. */
static int blis_knows_this_cpu(void)
{
    return __builtin_cpu_is("intel") || __builtin_cpu_is("amdfam15h") ||
           __builtin_cpu_is("amdfam17h") || __builtin_cpu_is("amdfam19h");
}

/* BLIS reads its kernel type from the environment, once, so it is started here, when the library
 * is loaded, with the type in place for just as long: child processes may hold another BLIS, with
 * other numbers. Never overrides the user's choice, and only picks kernels the CPU can run.
 * Weakness: a program that loads the library while another of its threads reads the environment
 * risks what any setenv does. */
__attribute__((constructor)) static void start_blis_on_new_cpus(void)
{
    static const char name[] = "BLIS_ARCH_TYPE";
    __builtin_cpu_init();
    int bits = ad__cpu_vectors();
    if (bits == 0 || blis_knows_this_cpu() || getenv(name) != NULL) {
        return;
    }
    const char type[] = {(char)('0' + (bits == 512 ? BLIS_ARCH_SKX : BLIS_ARCH_HASWELL)), '\0'};
    if (setenv(name, type, 0) == 0) {
        bli_init();
        unsetenv(name);
    }
}

#endif

/* BLIS's special path for small matrices ("sup") reads outside its operands in float, in the
 * Haswell and Zen kernels of 0.9.0 (flame/blis issues 635 and 824), so it is off. One thread,
 * whatever BLIS's own environment says: blas.c divides the work. */
static rntm_t one_thread_without_sup(void)
{
    rntm_t rntm;
    bli_rntm_init(&rntm);
    bli_rntm_set_num_threads(1, &rntm);
    bli_rntm_disable_l3_sup(&rntm);
    return rntm;
}

static trans_t transposed(int transpose)
{
    return transpose ? BLIS_TRANSPOSE : BLIS_NO_TRANSPOSE;
}

/* BLIS takes its operands without const; it writes to c alone. Its own type for lengths may be
 * narrower than ours, but a matrix in memory has none that does not fit. */
void ad__dgemm_blis(const ad__gemm *s, const void *a, const void *b, void *c)
{
    rntm_t rntm = one_thread_without_sup();
    double one = 1, beta = s->accumulate ? 1 : 0;
    bli_dgemm_ex(transposed(s->transpose_a), transposed(s->transpose_b), (dim_t)s->m, (dim_t)s->n,
                 (dim_t)s->k, &one, (double *)a, (inc_t)s->lda, 1, (double *)b, (inc_t)s->ldb, 1,
                 &beta, c, (inc_t)s->ldc, 1, NULL, &rntm);
}

void ad__sgemm_blis(const ad__gemm *s, const void *a, const void *b, void *c)
{
    rntm_t rntm = one_thread_without_sup();
    float one = 1, beta = s->accumulate ? 1 : 0;
    bli_sgemm_ex(transposed(s->transpose_a), transposed(s->transpose_b), (dim_t)s->m, (dim_t)s->n,
                 (dim_t)s->k, &one, (float *)a, (inc_t)s->lda, 1, (float *)b, (inc_t)s->ldb, 1,
                 &beta, c, (inc_t)s->ldc, 1, NULL, &rntm);
}

/* ---- memory ---- */

/* Whether so many bytes could be had now. None is touched, which takes a few microseconds. */
static int can_map(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory != MAP_FAILED && munmap(memory, bytes) == 0;
}

/* BLIS keeps a block for A and one for B a call, each as large as its greediest type needs, and
 * reuses them; how many it has at the moment it does not tell. */
int ad__blis_has_memory(int calls)
{
    enum { SLACK = 1 << 20 }; /* what it allocates beside them, and to start */
    static const num_t types[] = {BLIS_FLOAT, BLIS_DOUBLE, BLIS_SCOMPLEX, BLIS_DCOMPLEX};
    size_t most_a = 0, most_b = 0;
    if (!can_map(SLACK)) {
        return 0;
    }
    cntx_t *cntx = bli_gks_query_cntx();
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        size_t depth = (size_t)bli_cntx_get_blksz_max_dt(types[i], BLIS_KC, cntx) *
                       (size_t)bli_dt_size(types[i]);
        size_t a = depth * (size_t)bli_cntx_get_blksz_max_dt(types[i], BLIS_MC, cntx);
        size_t b = depth * (size_t)bli_cntx_get_blksz_max_dt(types[i], BLIS_NC, cntx);
        most_a = a > most_a ? a : most_a;
        most_b = b > most_b ? b : most_b;
    }
    size_t call = most_a + most_b;
    return can_map((size_t)calls * (call + call / 8 + SLACK));
}
