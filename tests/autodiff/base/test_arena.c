/* SPDX-License-Identifier: MIT */
#include "base/arena_internal.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

/* Sizes around the alignment, the smallest block and the doubled one. */
static const size_t sizes[] = {1,     63,    64, 65,     1000,       40000,  65536,
                               65537, 20000, 8,  500000, (1u << 20), 130000, 0};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

static size_t take_all(ad__arena *arena, unsigned char *taken[])
{
    size_t count = 0;
    while (count < SIZES) {
        taken[count] = ad__arena_take(arena, sizes[count]);
        if (taken[count] == NULL) {
            break;
        }
        memset(taken[count], (int)count + 1, sizes[count]);
        count++;
    }
    return count;
}

Test(arena, storage_is_aligned_and_pieces_do_not_overlap)
{
    ad__arena arena;
    unsigned char *taken[SIZES];
    ad__arena_init(&arena, ad_allocator_default());
    cr_assert_eq(take_all(&arena, taken), SIZES);
    for (size_t i = 0; i < SIZES; i++) {
        cr_expect_eq((uintptr_t)taken[i] % AD_ALIGNMENT, 0);
        for (size_t byte = 0; byte < sizes[i]; byte++) {
            cr_assert_eq(taken[i][byte], i + 1, "piece %zu byte %zu was overwritten", i, byte);
        }
    }
    ad__arena_clear(&arena);
}

Test(arena, a_second_pass_of_the_same_size_asks_the_allocator_for_nothing)
{
    ad_failing_allocator state = {.fail_at = SIZE_MAX};
    ad__arena arena;
    unsigned char *first[SIZES], *again[SIZES];
    ad__arena_init(&arena, ad_allocator_failing(&state));
    cr_assert_not_null(ad__arena_take(&arena, 100));
    ad__arena_mark mark = ad__arena_mark_here(&arena);
    cr_assert_eq(take_all(&arena, first), SIZES);
    size_t requests = state.requests;
    for (int pass = 0; pass < 3; pass++) {
        ad__arena_rewind(&arena, mark);
        cr_assert_eq(take_all(&arena, again), SIZES);
        cr_expect_arr_eq(first, again, sizeof first);
    }
    cr_expect_eq(state.requests, requests);
    ad__arena_clear(&arena);
    cr_expect_eq(state.live, 0);
}

Test(arena, what_was_taken_before_the_mark_survives_a_rewind)
{
    ad__arena arena;
    ad__arena_init(&arena, ad_allocator_default());
    ad__arena_mark empty = ad__arena_mark_here(&arena);
    unsigned char *before = ad__arena_take(&arena, 64);
    memset(before, 7, 64);
    ad__arena_mark mark = ad__arena_mark_here(&arena);
    unsigned char *after = ad__arena_take(&arena, 64);
    ad__arena_rewind(&arena, mark);
    cr_expect_eq(ad__arena_take(&arena, 64), after);
    memset(after, 9, 64);
    cr_expect_eq(before[0], 7);
    cr_expect_eq(before[63], 7);
    ad__arena_rewind(&arena, empty);
    cr_expect_eq(ad__arena_take(&arena, 64), before);
    ad__arena_clear(&arena);
}

Test(arena, blocks_that_a_large_piece_skipped_serve_smaller_ones_later)
{
    ad_failing_allocator state = {.fail_at = SIZE_MAX};
    ad__arena arena;
    ad__arena_init(&arena, ad_allocator_failing(&state));
    ad__arena_mark empty = ad__arena_mark_here(&arena);
    cr_assert_not_null(ad__arena_take(&arena, 1000));
    cr_assert_not_null(ad__arena_take(&arena, 1 << 20));
    size_t requests = state.requests;
    ad__arena_rewind(&arena, empty);
    cr_assert_not_null(ad__arena_take(&arena, 1 << 20));
    cr_assert_not_null(ad__arena_take(&arena, 1000));
    cr_expect_eq(state.requests, requests);
    ad__arena_clear(&arena);
    cr_expect_eq(state.live, 0);
}

Test(arena, every_allocation_may_fail_and_nothing_is_lost)
{
    unsigned char *taken[SIZES];
    size_t fail_at = 0, count = 0;
    while (count < SIZES) {
        ad_failing_allocator state = {.fail_at = fail_at++};
        ad__arena arena;
        ad__arena_init(&arena, ad_allocator_failing(&state));
        count = take_all(&arena, taken);
        for (size_t i = 0; i < count; i++) {
            cr_expect(sizes[i] == 0 || taken[i][0] == i + 1);
        }
        cr_expect_eq(take_all(&arena, taken), SIZES, "works again after the failure");
        ad__arena_clear(&arena);
        cr_expect_eq(state.live, 0);
    }
    cr_expect_gt(fail_at, 3, "the test met more than one block");
}

Test(arena, sizes_no_machine_has_are_refused)
{
    ad__arena arena;
    ad__arena_init(&arena, ad_allocator_default());
    const size_t huge[] = {SIZE_MAX, SIZE_MAX - 63, SIZE_MAX - 64, SIZE_MAX - 128, SIZE_MAX / 2};
    for (size_t i = 0; i < sizeof huge / sizeof huge[0]; i++) {
        cr_expect_null(ad__arena_take(&arena, huge[i]));
    }
    cr_expect_not_null(ad__arena_take(&arena, 64));
    ad__arena_clear(&arena);
}

Test(arena, a_refusal_is_remembered_until_a_rewind_to_before_it)
{
    ad_failing_allocator state = {.fail_at = 1};
    ad__arena arena;
    ad__arena_init(&arena, ad_allocator_failing(&state));
    cr_assert_not_null(ad__arena_take(&arena, 64));
    cr_expect_eq(ad__arena_status(&arena), AD_OK);
    const ad__arena_mark before = ad__arena_mark_here(&arena);
    cr_expect_null(ad__arena_take(&arena, 1 << 20));
    cr_expect_not_null(ad__arena_take(&arena, 64));
    cr_expect_eq(ad__arena_status(&arena), AD_ERR_MEMORY);
    const ad__arena_mark after = ad__arena_mark_here(&arena);
    ad__arena_rewind(&arena, before);
    cr_expect_eq(ad__arena_status(&arena), AD_OK);
    ad__arena_rewind(&arena, after);
    cr_expect_eq(ad__arena_status(&arena), AD_ERR_MEMORY);
    ad__arena_clear(&arena);
    cr_expect_eq(ad__arena_status(&arena), AD_OK);
    cr_expect_null(ad__arena_take(&arena, SIZE_MAX));
    cr_expect_eq(ad__arena_status(&arena), AD_ERR_MEMORY);
    ad__arena_clear(&arena);
    cr_expect_eq(state.live, 0);
}

Test(arena, a_table_is_filled_as_asked_and_refused_when_its_size_overflows)
{
    ad__arena arena;
    ad__arena_init(&arena, ad_allocator_default());
    const ad__arena_mark empty = ad__arena_mark_here(&arena);
    const uint32_t *zeros = ad__table(&arena, 100, AD__ZEROS, uint32_t);
    const uint32_t *nones = ad__table(&arena, 100, AD__NONES, uint32_t);
    const double *any = ad__table(&arena, 100, AD__UNFILLED, double);
    cr_assert_eq(ad__arena_status(&arena), AD_OK);
    cr_expect_geq((size_t)((const char *)any - (const char *)nones), 100 * sizeof *nones);
    for (int i = 0; i < 100; i++) {
        cr_expect_eq(zeros[i], 0);
        cr_expect_eq(nones[i], UINT32_MAX);
    }
    cr_expect_null(ad__table(&arena, SIZE_MAX / 8 + 2, AD__ZEROS, double));
    cr_expect_eq(ad__arena_status(&arena), AD_ERR_MEMORY);
    ad__arena_rewind(&arena, empty);
    cr_expect_not_null(ad__table(&arena, 0, AD__ZEROS, double));
    cr_expect_eq(ad__arena_status(&arena), AD_OK);
    ad__arena_clear(&arena);
}

Test(arena, a_cleared_arena_can_be_used_again)
{
    ad__arena arena;
    ad__arena_init(&arena, ad_allocator_default());
    ad__arena_clear(&arena);
    cr_expect_not_null(ad__arena_take(&arena, 1));
    ad__arena_clear(&arena);
}

Test(arena, an_array_whose_size_overflows_is_refused)
{
    ad_failing_allocator state = {.fail_at = SIZE_MAX};
    ad_allocator allocator = ad_allocator_failing(&state);
    cr_expect_null(ad__resize_array(&allocator, NULL, SIZE_MAX / 8 + 1, 8));
    cr_expect_eq(state.requests, 0);
    void *array = ad__resize_array(&allocator, NULL, 8, 8);
    cr_expect_not_null(array);
    cr_expect_null(ad__resize_array(&allocator, array, 0, 8));
    cr_expect_eq(state.live, 0);
}

Test(arena, the_default_allocator_keeps_the_content_when_it_resizes)
{
    ad_allocator allocator = ad_allocator_default();
    char *text = ad__resize(&allocator, NULL, 6);
    memcpy(text, "tapes", 6);
    text = ad__resize(&allocator, text, 100000);
    cr_expect_str_eq(text, "tapes");
    cr_expect_null(ad__resize(&allocator, text, 0));
}

Test(arena, the_failing_allocator_counts_requests_and_live_blocks)
{
    ad_failing_allocator state = {.fail_at = 1};
    ad_allocator allocator = ad_allocator_failing(&state);
    void *first = ad__resize(&allocator, NULL, 10);
    cr_expect_not_null(first);
    cr_expect_null(ad__resize(&allocator, first, 20), "request 1 fails and leaves the block");
    first = ad__resize(&allocator, first, 20);
    cr_expect_not_null(first);
    cr_expect_eq(state.requests, 3);
    cr_expect_eq(state.live, 1);
    ad__resize(&allocator, first, 0);
    ad__resize(&allocator, NULL, 0);
    cr_expect_eq(state.live, 0);
}

Test(arena, the_failing_allocator_may_fail_for_ever)
{
    ad_failing_allocator state = {.fail_at = 2, .fail_forever = 1};
    ad_allocator allocator = ad_allocator_failing(&state);
    void *blocks[2] = {ad__resize(&allocator, NULL, 1), ad__resize(&allocator, NULL, 1)};
    for (int i = 0; i < 5; i++) {
        cr_expect_null(ad__resize(&allocator, NULL, 1));
    }
    ad__resize(&allocator, blocks[0], 0);
    ad__resize(&allocator, blocks[1], 0);
    cr_expect_eq(state.live, 0);
}

Test(arena, a_reserved_block_holds_exactly_what_was_asked_for)
{
    for (size_t bytes = 0; bytes <= 1000; bytes += 200) {
        ad_failing_allocator state = {.fail_at = SIZE_MAX};
        ad__arena arena;
        ad__arena_init(&arena, ad_allocator_failing(&state));
        cr_assert(ad__arena_reserve(&arena, ad__rounded(bytes)));
        cr_expect_eq(ad__arena_bytes(&arena), ad__arena_reserved(ad__rounded(bytes)));
        cr_expect_eq(ad__arena_used(&arena), 0);
        cr_assert_not_null(ad__arena_take(&arena, bytes));
        cr_assert_not_null(ad__arena_take(&arena, 0));
        cr_expect_eq(ad__arena_used(&arena), ad__rounded(bytes));
        cr_expect_eq(state.requests, 1);
        cr_assert_not_null(ad__arena_take(&arena, 1));
        cr_expect_eq(state.requests, 2);
        cr_expect_eq(ad__arena_used(&arena), ad__rounded(bytes) + AD_ALIGNMENT);
        ad__arena_clear(&arena);
        cr_expect_eq(state.live, 0);
    }
    ad_failing_allocator state = {.fail_at = 0};
    ad__arena arena;
    ad__arena_init(&arena, ad_allocator_failing(&state));
    cr_expect_not(ad__arena_reserve(&arena, 100));
    ad__arena_clear(&arena);
}
