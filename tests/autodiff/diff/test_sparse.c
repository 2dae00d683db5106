/* SPDX-License-Identifier: MIT */
#include "jacobian.h"
#include "ops.h"
#include "rng.h"
#include "sparse.h"

#include "operations.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

/* The entry, or 0 outside the pattern. */
static double entry(const ad_sparse *s, int64_t r, int64_t c)
{
    for (int64_t k = s->row_start[r]; k < s->row_start[r + 1]; k++) {
        if (s->col[k] == c) {
            return s->value[k];
        }
    }
    return 0;
}

static void expect_well_formed(const ad_sparse *s)
{
    cr_assert_eq(s->row_start[0], 0);
    cr_assert_eq(s->row_start[s->rows], s->count);
    for (int64_t r = 0; r < s->rows; r++) {
        for (int64_t k = s->row_start[r]; k < s->row_start[r + 1]; k++) {
            cr_assert(s->col[k] >= 0 && s->col[k] < s->cols);
            cr_assert(k == s->row_start[r] || s->col[k] > s->col[k - 1]);
        }
    }
}

static void expect_dense(const ad_sparse *s, const double *dense, double tolerance)
{
    expect_well_formed(s);
    for (int64_t r = 0; r < s->rows; r++) {
        for (int64_t c = 0; c < s->cols; c++) {
            double d = dense[r * s->cols + c];
            cr_assert_float_eq(entry(s, r, c), d, tolerance * (1 + fabs(d)), "[%d, %d]", (int)r,
                               (int)c);
        }
    }
}

/* sum over i of 100 (x[i+1] - x[i]^2)^2 + (1 - x[i])^2 */
static ad_var rosenbrock(int n, const ad_var *x)
{
    ad_var y = ad_literal(0);
    for (int i = 0; i + 1 < n; i++) {
        ad_var a = ad_square(ad_sub(x[i + 1], ad_square(x[i])));
        y = ad_add(y, ad_add(ad_mul(100.0, a), ad_square(ad_sub(1.0, x[i]))));
    }
    return y;
}

Test(sparse, the_hessian_of_rosenbrock_is_tridiagonal_and_takes_three_products)
{
    enum { N = 1000 };
    ad_tape *tape = ad_tape_new();
    static ad_var x[N];
    static double v[N];
    for (int i = 0; i < N; i++) {
        v[i] = sin(i) + 0.5;
        x[i] = ad_input(tape, v[i]);
    }
    ad_var y = rosenbrock(N, x);
    size_t before = ad_tape_len(tape);
    ad_sparse *h;
    cr_assert_eq(ad_sparse_hessian(y, N, x, &h), AD_OK, "%s", ad_tape_message(tape));
    cr_expect_eq(h->count, 3 * N - 2);
    cr_expect_eq(h->products, 3);
    cr_expect_eq(ad_tape_len(tape), before, "the tape is as before");
    expect_well_formed(h);
    for (int i = 0; i < N; i++) {
        double left = i > 0 ? -400 * v[i - 1] : 0, right = i < N - 1 ? -400 * v[i] : 0;
        double middle =
            (i > 0 ? 200 : 0) + (i < N - 1 ? 1200 * v[i] * v[i] - 400 * v[i + 1] + 2 : 0);
        cr_assert_float_eq(entry(h, i, i), middle, 1e-12 * (1 + fabs(middle)));
        cr_assert_float_eq(i > 0 ? entry(h, i, i - 1) : 0, left, 1e-12 * (1 + fabs(left)));
        cr_assert_float_eq(i < N - 1 ? entry(h, i, i + 1) : 0, right, 1e-12 * (1 + fabs(right)));
    }
    ad_sparse_free(h);
    ad_tape_free(tape);
}

Test(sparse, an_arrow_shaped_hessian_takes_two_products)
{
    enum { N = 60 };
    ad_tape *tape = ad_tape_new();
    ad_var x[N], y = ad_literal(0);
    for (int i = 0; i < N; i++) {
        x[i] = ad_input(tape, 0.1 * i - 2);
        y = ad_add(y, ad_exp(ad_mul(x[0], x[i])));
    }
    ad_sparse *h;
    static double dense[N * N];
    cr_assert_eq(ad_sparse_hessian(y, N, x, &h), AD_OK);
    cr_assert_eq(ad_hessian_values(y, N, x, dense), AD_OK);
    cr_expect_eq(h->count, 3 * N - 2);
    cr_expect_eq(h->products, 2);
    expect_dense(h, dense, 1e-13);
    ad_sparse_free(h);
    ad_tape_free(tape);
}

/* The variables 0 .. n - 1 in an order drawn anew. */
static void shuffle(ad_rng *rng, int n, int *order)
{
    for (int i = 0; i < n; i++) {
        int k = (int)ad_rng_below(rng, i + 1);
        order[i] = order[k];
        order[k] = i;
    }
}

/* A sum of functions of pairs of x, which are neighbours in a graph: an arrow, two hubs of which
 * no two leaves are neighbours, a band, a grid, all pairs, pairs drawn by chance. */
enum { ARROW, HUBS, ARROW_AND_BAND, BAND, GRID, ALL, CHANCE, GRAPHS };

static int are_neighbours(int graph, int i, int k, ad_rng *rng)
{
    switch (graph) {
    case ARROW:
        return i == 0;
    case HUBS:
        return i < 2 && k >= 2;
    case ARROW_AND_BAND:
        return i == 0 || k - i <= 2;
    case BAND:
        return k - i <= 3;
    case GRID:
        return (k - i == 1 && k % 6 != 0) || k - i == 6;
    case ALL:
        return 1;
    default:
        return ad_rng_below(rng, 12) == 0;
    }
}

static ad_var of_pairs(ad_tape *tape, int graph, int n, const ad_var *x, ad_rng *rng)
{
    ad_var y = ad_input(tape, 0);
    for (int i = 0; i < n; i++) {
        y = ad_add(y, ad_mul(1.0 + i, ad_exp(x[i])));
        for (int k = i + 1; k < n; k++) {
            if (are_neighbours(graph, i, k, rng)) {
                y = ad_add(y, ad_sin(ad_mul(x[i], ad_add(x[k], 0.01 * i))));
            }
        }
    }
    return y;
}

Test(sparse, hessians_of_graphs_in_any_order_are_the_dense_ones)
{
    enum { N = 36 };
    static const int most[GRAPHS] = {2, 3, 8, 10, 10, N, N};
    ad_rng rng = {.seed = 11};
    for (int trial = 0; trial < 30 * GRAPHS; trial++) {
        const int graph = trial % GRAPHS;
        ad_tape *tape = ad_tape_new();
        ad_var x[N], given[N];
        int order[N];
        static double dense[N * N];
        shuffle(&rng, N, order);
        for (int i = 0; i < N; i++) {
            x[i] = ad_input(tape, ad_rng_normal(&rng));
            given[order[i]] = x[i];
        }
        ad_var y = of_pairs(tape, graph, N, x, &rng);
        ad_sparse *h;
        cr_assert_eq(ad_sparse_hessian(y, N, given, &h), AD_OK, "%s", ad_tape_message(tape));
        cr_assert_eq(ad_hessian_values(y, N, given, dense), AD_OK);
        expect_dense(h, dense, 1e-12);
        cr_expect_leq(h->products, most[graph], "graph %d takes %d products", graph,
                      (int)h->products);
        ad_sparse_free(h);
        ad_tape_free(tape);
    }
}

/* Its set-up has no time for a matrix of all pairs, nor memory. */
Test(sparse, the_hessian_of_a_long_arrow_takes_memory_by_the_entry)
{
    enum { N = 30000 };
    static ad_var x[N];
    for (int hub = 0; hub < N; hub += N / 2 - 1) {
        ad_failing_allocator state = {.fail_at = SIZE_MAX};
        ad_allocator allocator = ad_allocator_failing(&state);
        ad_tape *tape = ad_tape_new_in(&allocator);
        for (int i = 0; i < N; i++) {
            x[i] = ad_input(tape, 0.5);
        }
        ad_var y = ad_square(x[hub]);
        for (int i = 0; i < N; i++) {
            y = ad_add(y, ad_square(ad_mul(x[hub], x[i])));
        }
        ad_sparse *h;
        cr_assert_eq(ad_sparse_hessian(y, N, x, &h), AD_OK, "%s", ad_tape_message(tape));
        cr_expect_eq(h->count, 3 * N - 2);
        cr_expect_eq(h->products, 2);
        cr_expect_eq(entry(h, hub, 0), hub == 0 ? entry(h, 0, 0) : 1, "%g", entry(h, hub, 0));
        cr_expect_leq(ad_tape_bytes(tape), (size_t)N * 4000);
        ad_sparse_free(h);
        ad_tape_free(tape);
    }
}

/* A full row, or a full column, is no more work than its entries. */
Test(sparse, a_jacobian_with_a_full_row_or_column_takes_two_products)
{
    enum { N = 20000 };
    ad_tape *tape = ad_tape_new();
    static ad_var x[N], y[N];
    ad_var sum = ad_input(tape, 0);
    for (int i = 0; i < N; i++) {
        x[i] = ad_input(tape, 0.5);
        sum = ad_add(sum, x[i]);
        y[i] = ad_square(x[i]);
    }
    ad_sparse *j;
    y[N / 2] = sum;
    cr_assert_eq(ad_sparse_jacobian(N, y, N, x, &j), AD_OK, "%s", ad_tape_message(tape));
    cr_expect(j->count == 2 * N - 1 && j->products == 2);
    cr_expect(entry(j, N / 2, 7) == 1 && entry(j, 7, 7) == 1 && entry(j, 7, 8) == 0);
    ad_sparse_free(j);
    for (int i = 0; i < N; i++) {
        y[i] = ad_mul(x[i], x[N / 2]);
    }
    cr_assert_eq(ad_sparse_jacobian(N, y, N, x, &j), AD_OK, "%s", ad_tape_message(tape));
    cr_expect(j->count == 2 * N - 1 && j->products == 2);
    cr_expect(entry(j, 7, N / 2) == 0.5 && entry(j, 7, 7) == 0.5 && entry(j, 7, 8) == 0);
    ad_sparse_free(j);
    ad_tape_free(tape);
}

Test(sparse, a_jacobian_goes_by_columns_or_rows_whichever_takes_fewer_products)
{
    enum { N = 50 };
    ad_tape *tape = ad_tape_new();
    ad_var x[N], y[N + 1], wide = ad_literal(0);
    for (int i = 0; i < N; i++) {
        x[i] = ad_input(tape, 0.3 + 0.01 * i);
        wide = ad_add(wide, ad_square(x[i]));
    }
    for (int i = 0; i < N; i++) {
        y[i] = ad_mul(x[i], x[(i + 1) % N]);
    }
    y[N] = wide; /* one full row: columns cannot share a product, rows can */
    ad_sparse *j;
    static double dense[(N + 1) * N];
    cr_assert_eq(ad_sparse_jacobian(N, y, N, x, &j), AD_OK);
    cr_assert_eq(ad_jacobian_values(N, y, N, x, dense), AD_OK);
    cr_expect_eq(j->count, 2 * N);
    cr_expect_eq(j->products, 2);
    expect_dense(j, dense, 1e-14);
    ad_sparse_free(j);
    cr_assert_eq(ad_sparse_jacobian(N + 1, y, N, x, &j), AD_OK);
    cr_assert_eq(ad_jacobian_values(N + 1, y, N, x, dense), AD_OK);
    cr_expect_eq(j->count, 3 * N);
    cr_expect_eq(j->products, 3);
    expect_dense(j, dense, 1e-14);
    ad_sparse_free(j);
    ad_tape_free(tape);
}

/* Random sums of products: many patterns, more colours than lanes. */
Test(sparse, random_programs_agree_with_dense_matrices)
{
    enum { N = 24 };
    ad_rng rng = {.seed = 42};
    for (int trial = 0; trial < 60; trial++) {
        ad_tape *tape = ad_tape_new();
        ad_var x[N], y[N], sum = ad_literal(0);
        for (int i = 0; i < N; i++) {
            x[i] = ad_input(tape, ad_rng_normal(&rng));
        }
        int terms = 1 + trial % 5;
        for (int i = 0; i < N; i++) {
            y[i] = ad_literal(0.5);
            for (int k = 0; k < terms; k++) {
                ad_var a = x[ad_rng_below(&rng, N)], b = x[ad_rng_below(&rng, N)];
                y[i] = ad_add(y[i], k % 2 ? ad_sin(ad_mul(a, b)) : ad_div(a, ad_exp(b)));
            }
            sum = ad_add(sum, ad_mul(y[i], 1.0 + i));
        }
        double dense[N * N];
        ad_sparse *s;
        cr_assert_eq(ad_sparse_jacobian(N, y, N, x, &s), AD_OK);
        cr_assert_eq(ad_jacobian_values(N, y, N, x, dense), AD_OK);
        expect_dense(s, dense, 1e-13);
        cr_assert_leq(s->products, N);
        ad_sparse_free(s);
        cr_assert_eq(ad_sparse_hessian(sum, N, x, &s), AD_OK);
        cr_assert_eq(ad_hessian_values(sum, N, x, dense), AD_OK);
        expect_dense(s, dense, 1e-12);
        cr_assert_leq(s->products, N);
        ad_sparse_free(s);
        ad_tape_free(tape);
    }
}

Test(sparse, an_update_follows_the_point_and_the_branch)
{
    ad_tape *tape = ad_tape_new();
    ad_sparse *h = NULL;
    const int64_t *col = NULL;
    for (int step = 0; step < 3; step++) {
        ad_mark mark = ad_tape_mark(tape);
        double v = step == 2 ? -0.5 : 0.5 + step, dense[9];
        ad_var x[] = {ad_input(tape, v), ad_input(tape, 2.0), ad_input(tape, 3.0)};
        ad_var y = ad_value(x[0]) > 0 ? ad_mul(ad_square(x[0]), x[1]) : ad_mul(x[0], ad_exp(x[2]));
        ad_status status =
            step == 0 ? ad_sparse_hessian(y, 3, x, &h) : ad_sparse_update(h, 1, &y, 3, x);
        cr_assert_eq(status, AD_OK, "%s", ad_tape_message(tape));
        cr_assert_eq(ad_hessian_values(y, 3, x, dense), AD_OK);
        expect_dense(h, dense, 1e-14);
        cr_expect(step != 1 || h->col == col, "the pattern is kept");
        cr_expect_eq(entry(h, 0, 1), step < 2 ? 2 * v : 0);
        col = h->col;
        ad_tape_rewind(tape, mark);
    }
    ad_sparse_free(h);
    ad_tape_free(tape);
}

Test(sparse, programs_that_are_not_scalar_are_refused_with_the_way_out)
{
    ad_tape *tape = ad_tape_new();
    const double two[] = {1, 2};
    ad_var x = ad_input(tape, 1.0), t = ad_input_array(tape, AD_F64, AD_SHAPE(2), two);
    ad_var y = ad_sum(ad_mul(t, x), AD_ALL);
    ad_sparse *s;
    cr_expect_eq(ad_sparse_jacobian(1, &y, 1, &x, &s), AD_ERR_UNSUPPORTED);
    cr_expect(strstr(ad_tape_message(tape), "use ad_jacobian_values"), "%s", ad_tape_message(tape));
    cr_expect_null(s);
    ad_tape_clear_error(tape);
    ad_var constant = ad_mul(ad_sum(t, AD_ALL), ad_square(x)); /* x is reached by scalars alone */
    cr_expect_eq(ad_sparse_jacobian(1, &constant, 1, &x, &s), AD_OK);
    cr_expect_eq(s->value[0], 6);
    cr_expect_eq(ad_sparse_update(s, 1, &y, 1, &x), AD_ERR_UNSUPPORTED);
    ad_sparse_free(s);
    ad_tape_clear_error(tape);
    cr_assert_eq(ad_sparse_hessian(constant, 1, &x, &s), AD_OK);
    cr_expect_eq(ad_sparse_update(s, 2, (ad_var[]){x, x}, 1, &x), AD_ERR_DOMAIN);
    ad_sparse_free(s);
    ad_sparse_free(NULL);
    ad_tape_free(tape);
}

/* The call that the user made, and the operation with its line; tensors are no rows or columns. */
Test(sparse, mistakes_are_named_by_the_call_the_operation_and_its_line)
{
    ad_tape *tape = ad_tape_new();
    const double two[] = {1, 2};
    ad_var x = ad_input(tape, 1.0), t = ad_input_array(tape, AD_F64, AD_SHAPE(2), two);
    ad_var y = ad_sum(ad_mul(t, x), AD_ALL), z = ad_square(x), number = ad_literal(1);
    ad_sparse *s;
    TEST_ERROR(tape, ad_sparse_jacobian(1, &y, 1, &x, &s), AD_ERR_UNSUPPORTED,
               "ad_sparse_jacobian: ad_mul gives f64 [2], and rows and columns are f64 scalars; "
               "use ad_jacobian_values or ad_hessian_values");
    cr_expect_null(s);
    TEST_ERROR(tape, ad_sparse_hessian(ad_square(y), 1, &x, &s), AD_ERR_UNSUPPORTED,
               "ad_sparse_hessian: ad_mul gives f64 [2], and rows and columns are f64 scalars; "
               "use ad_jacobian_values or ad_hessian_values");
    TEST_ERROR(tape, ad_sparse_jacobian(1, &z, 2, (ad_var[]){x, t}, &s), AD_ERR_UNSUPPORTED,
               "ad_sparse_jacobian: input gives f64 [2], and rows and columns are f64 scalars; "
               "use ad_jacobian_values or ad_hessian_values");
    TEST_ERROR(tape, ad_sparse_jacobian(2, (ad_var[]){z, t}, 1, &x, &s), AD_ERR_UNSUPPORTED,
               "ad_sparse_jacobian: input gives f64 [2], and rows and columns are f64 scalars; "
               "use ad_jacobian_values or ad_hessian_values");
    cr_expect_eq(ad_sparse_hessian(z, 1, &number, &s), AD_ERR_DOMAIN);
    test_expect_error(tape, AD_ERR_DOMAIN,
                      "ad_sparse_hessian: x[0] is the plain number 1, and nothing depends on it; "
                      "make it a variable with ad_input before y is recorded");
    cr_expect_eq(ad_sparse_update(NULL, 1, &z, 1, &x), AD_ERR_DOMAIN);
    test_expect_error(tape, AD_ERR_DOMAIN,
                      "ad_sparse_update: the matrix is NULL; make it with ad_sparse_jacobian or "
                      "ad_sparse_hessian");
    cr_expect_eq(ad_sparse_jacobian(1, &z, 1, &x, NULL), AD_ERR_DOMAIN);
    test_expect_error(tape, AD_ERR_DOMAIN, "ad_sparse_jacobian: out is NULL");
    ad_var of_nothing = ad_input(NULL, 1), square = ad_square(of_nothing);
    cr_expect_eq(ad_sparse_hessian(square, 1, &of_nothing, &s), AD_ERR_MEMORY);
    cr_expect_null(s);
    ad_tape_free(tape);
}

Test(sparse, an_update_that_fails_leaves_nan)
{
    ad_tape *tape = ad_tape_new();
    ad_var x[] = {ad_input(tape, 1.0), ad_input(tape, 2.0)}, y = ad_mul(x[0], x[1]);
    ad_sparse *j;
    cr_assert_eq(ad_sparse_jacobian(1, &y, 2, x, &j), AD_OK);
    cr_expect(j->value[0] == 2 && j->value[1] == 1);
    cr_expect_eq(ad_sparse_update(j, 1, &y, -1, x), AD_ERR_DOMAIN);
    cr_expect(isnan(j->value[0]) && isnan(j->value[1]));
    ad_tape_clear_error(tape);
    cr_expect_eq(ad_sparse_update(j, 1, &y, 2, x), AD_OK);
    cr_expect(j->value[0] == 2 && j->value[1] == 1);
    ad_sparse_free(j);
    ad_tape_free(tape);
}

Test(sparse, every_failed_allocation_is_an_error_and_leaks_nothing)
{
    for (size_t n = 0;; n++) {
        ad_failing_allocator state = {.fail_at = n};
        ad_allocator allocator = ad_allocator_failing(&state);
        ad_tape *tape = ad_tape_new_in(&allocator);
        ad_status status = AD_ERR_MEMORY;
        if (tape != NULL) {
            enum { N = 2000 };
            static ad_var x[N];
            for (int i = 0; i < N; i++) {
                x[i] = ad_input(tape, 0.001 * i);
            }
            ad_sparse *h;
            status = ad_sparse_hessian(rosenbrock(N, x), N, x, &h);
            cr_assert(status == AD_OK || h == NULL);
            ad_sparse_free(h);
        }
        int failed = state.requests > n;
        cr_assert_eq(status, failed ? AD_ERR_MEMORY : AD_OK, "request %zu", n);
        ad_tape_free(tape);
        cr_assert_eq(state.live, 0);
        if (!failed) {
            break;
        }
    }
}
