/* SPDX-License-Identifier: MIT */

/* Plain C with the bits of what the library does in another way: the text of emitted programs, and
 * a reference for tests. Over `real`, as rows_real_internal.h, with
 *
 *   MULTIPLY_ADD(x, y, z)   x y + z as the CPU's products have it: fma, or two roundings
 *   CPU_LANES               numbers in one of its vectors
 *   LIBM_POW                pow */

#include <stddef.h>

/* texts: real */

/* x^y. The arguments are hidden from the compiler, which knows some powers as products with other
 * bits. */
static inline real plain_pow(real x, real y)
{
    volatile real base = x, exponent = y;
    return LIBM_POW(base, exponent);
}

static inline real plain_add(real x, real y, real z)
{
    return x * y + z;
}

/* ---- products: z [m, n] = x y, x [m, k], y [k, n] ---- */

/* Element (i, j) is x[i * row + j * column]. */
typedef struct matrix {
    const real *x;
    size_t row, column;
} matrix;

/* The terms of a product that are added from 0, and the sums that are added at a time. */
enum { PRODUCT_DEPTH = 256, PRODUCT_SUMS = 32 };

/* Every element is a sum of terms in order, from 0 for each PRODUCT_DEPTH of them, and of these
 * sums in order. */
static void product(size_t m, size_t n, size_t k, matrix x, matrix y, real *restrict z)
{
    for (size_t i = 0; i < m * n && k == 0; i++) {
        z[i] = 0;
    }
    for (size_t i = 0; i < m; i++, x.x += x.row, z += n) {
        for (size_t p = 0, end; p < k; p = end) {
            end = k - p < PRODUCT_DEPTH ? k : p + PRODUCT_DEPTH;
            for (size_t first = 0, count; first < n; first += count) {
                real sum[PRODUCT_SUMS] = {0};
                count = n - first < PRODUCT_SUMS ? n - first : PRODUCT_SUMS;
                for (size_t q = p; q < end; q++) {
                    const real a = x.x[q * x.column];
                    const real *b = y.x + q * y.row + first * y.column;
                    for (size_t j = 0; j < count; j++) {
                        sum[j] = MULTIPLY_ADD(a, b[j * y.column], sum[j]);
                    }
                }
                for (size_t j = 0; j < count; j++) {
                    z[first + j] = p > 0 ? z[first + j] + sum[j] : sum[j];
                }
            }
        }
    }
}

/* Every element is a sum, by halves, of the sums of every CPU_LANES-th term: products of few rows
 * of x with columns of y that lie together. */
static void dot_products(size_t m, size_t n, size_t k, matrix x, matrix y, real *restrict z)
{
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < n; j++) {
            real sum[CPU_LANES] = {0};
            for (size_t p = 0; p < k; p++) {
                const real a = x.x[i * x.row + p * x.column], b = y.x[p * y.row + j * y.column];
                sum[p % CPU_LANES] = MULTIPLY_ADD(a, b, sum[p % CPU_LANES]);
            }
            for (size_t l = k % CPU_LANES; l % CPU_LANES > 0; l++) {
                sum[l] += 0; /* -0 becomes 0 */
            }
            for (size_t width = CPU_LANES / 2; width > 0; width /= 2) {
                for (size_t l = 0; l < width; l++) {
                    sum[l] += sum[l + width];
                }
            }
            z[i * n + j] = sum[0];
        }
    }
}

/* z [n, m] = op(x) op(y), x [n, n]; op transposes where the flag is set, and y is stored [m, n]. */
static void ad__multiply(size_t n, size_t m, const real *x, int transpose_x, const real *y,
                         int transpose_y, real *z)
{
    const matrix a = {x, transpose_x ? 1 : n, transpose_x ? n : 1};
    const matrix b = {y, transpose_y ? 1 : m, transpose_y ? n : 1};
    const int is_column = m == 1 && n > 1, is_row = transpose_y && n <= 3;
    if (is_column ? !transpose_x : is_row && (!transpose_x || n == 1)) {
        dot_products(n, m, n, a, b, z);
    } else {
        product(n, m, n, a, b, z);
    }
}

/* Prints how far results are from those that were recorded. 1 if they are not the same
 * function's. */
static int compare_results(const char *name, size_t n, const real *result, const real *recorded)
{
    double largest = 0, worst = 0;
    size_t others = 0;
    for (size_t i = 0; i < n; i++) {
        const double a = (double)result[i], b = (double)recorded[i];
        const double size = b < 0 ? -b : b, off = a < b ? b - a : a - b;
        const int is_same =
            memcmp(result + i, recorded + i, sizeof *result) == 0 || (isnan(a) && isnan(b));
        others += !is_same;
        largest = size > largest && !isinf(size) ? size : largest;
        worst = !is_same && !(off < worst) ? off : worst;
    }
    printf("%s[%lu]: first %.9g, largest difference %.3g, %lu elements have other bits\n", name,
           (unsigned long)n, n > 0 ? (double)result[0] : 0.0, worst, (unsigned long)others);
    return !(worst <= (sizeof(real) == 4 ? 1e-4 : 1e-9) * largest);
}
