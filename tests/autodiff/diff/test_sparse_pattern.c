/* SPDX-License-Identifier: MIT */
#include "diff/sparse_internal.h"

#include "rng.h"

#include <criterion/criterion.h>
#include <string.h>

enum { N = 40 };

static ad__arena arena;

static void set_up(void)
{
    ad__arena_init(&arena, ad_allocator_default());
}

static void tear_down(void)
{
    ad__arena_clear(&arena);
}

/* A square pattern of about `density` entries a row; symmetric with a diagonal, or neither. */
static ad__pattern random_pattern(ad_rng *rng, double density, int is_symmetric)
{
    static char full[N][N];
    static size_t start[N + 1];
    static uint32_t col[N * N];
    ad__pattern p = {N, N, start, col};
    memset(full, 0, sizeof full);
    for (int r = 0; r < N; r++) {
        for (int c = 0; c < N; c++) {
            full[r][c] |= ad_rng_uniform(rng) < density / N || (is_symmetric && r == c);
            full[c][r] |= is_symmetric && full[r][c];
        }
    }
    size_t count = 0;
    for (uint32_t r = 0; r < N; r++) {
        start[r] = count;
        for (uint32_t c = 0; c < N; c++) {
            if (full[r][c]) {
                col[count++] = c;
            }
        }
    }
    start[N] = count;
    return p;
}

static int holds(const ad__pattern *p, size_t r, uint32_t c)
{
    for (size_t k = p->start[r]; k < p->start[r + 1]; k++) {
        if (p->col[k] == c) {
            return 1;
        }
    }
    return 0;
}

Test(sparse_pattern, transposes_and_unions_hold_the_right_entries, .init = set_up,
     .fini = tear_down)
{
    ad_rng rng = {.seed = 1};
    ad__pattern p = random_pattern(&rng, 4, 0), t, both, again;
    cr_assert(ad__pattern_transpose(&p, &arena, &t) && ad__pattern_union(&p, &t, &arena, &both));
    cr_assert(ad__pattern_transpose(&t, &arena, &again));
    cr_expect_arr_eq(again.start, p.start, (N + 1) * sizeof *p.start);
    cr_expect_arr_eq(again.col, p.col, p.start[N] * sizeof *p.col);
    for (uint32_t r = 0; r < N; r++) {
        for (uint32_t c = 0; c < N; c++) {
            cr_assert_eq(holds(&t, r, c), holds(&p, c, r));
            cr_assert_eq(holds(&both, r, c), holds(&p, r, c) || holds(&p, c, r));
        }
    }
}

Test(sparse_pattern, columns_of_one_colour_share_no_row, .init = set_up, .fini = tear_down)
{
    ad_rng rng = {.seed = 2};
    uint32_t colour[N], work[N];
    for (int trial = 0; trial < 50; trial++) {
        ad__pattern p = random_pattern(&rng, trial % 8, 0), t;
        cr_assert(ad__pattern_transpose(&p, &arena, &t));
        uint32_t colours = ad__colour_columns(&p, &t, colour, work);
        for (uint32_t c = 0; c < N; c++) {
            int is_empty = t.start[c] == t.start[c + 1];
            cr_assert_eq(colour[c] == AD__NO_COLOUR, is_empty);
            cr_assert(is_empty || colour[c] < colours);
        }
        for (uint32_t r = 0; r < N; r++) {
            for (size_t i = p.start[r]; i < p.start[r + 1]; i++) {
                for (size_t k = p.start[r]; k < i; k++) {
                    cr_assert_neq(colour[p.col[i]], colour[p.col[k]]);
                }
            }
        }
    }
}

/* The number of columns of a colour with an entry in a row. */
static int met(const ad__pattern *p, const uint32_t *colour, uint32_t r, uint32_t c)
{
    int count = 0;
    for (size_t k = p->start[r]; k < p->start[r + 1]; k++) {
        count += colour[p->col[k]] == c;
    }
    return count;
}

Test(sparse_pattern, star_colours_leave_each_entry_or_its_mirror_alone, .init = set_up,
     .fini = tear_down)
{
    ad_rng rng = {.seed = 3};
    uint32_t colour[N], colours;
    for (int trial = 0; trial < 800; trial++) {
        ad__pattern p = random_pattern(&rng, trial % 10, 1);
        cr_assert(ad__colour_star(&p, &arena, colour, &colours));
        cr_assert_leq(colours, N);
        for (uint32_t r = 0; r < N; r++) {
            for (size_t k = p.start[r]; k < p.start[r + 1]; k++) {
                uint32_t c = p.col[k];
                cr_assert(r == c || colour[r] != colour[c]);
                cr_assert(met(&p, colour, r, colour[c]) == 1 || met(&p, colour, c, colour[r]) == 1);
            }
        }
    }
}
