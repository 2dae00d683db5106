/* SPDX-License-Identifier: MIT */
#include "autodiff.h"
#include "ops/strided_internal.h"

#include <criterion/criterion.h>
#include <string.h>

enum { ROOM = 20000 };

/* One copy by its definition: for every index, one element. */
static void copy(const ad_shape *shape, const int64_t *x, const ptrdiff_t *from, int64_t *z,
                 const ptrdiff_t *to)
{
    size_t count = ad_shape_count(shape);
    for (size_t i = 0; i < count; i++) {
        size_t rest = i;
        ptrdiff_t source = 0, target = 0;
        for (int axis = shape->rank - 1; axis >= 0; axis--) {
            ptrdiff_t index = (ptrdiff_t)(rest % (size_t)shape->len[axis]);
            rest /= (size_t)shape->len[axis];
            source += index * from[axis];
            target += index * to[axis];
        }
        z[target] = x[source];
    }
}

static ad_shape random_shape(ad_rng *rng)
{
    static const int64_t lens[] = {1, 2, 3, 5, 17, 33};
    ad_shape shape = {.rank = (int)ad_rng_below(rng, 5)};
    for (int i = 0; i < shape.rank; i++) {
        shape.len[i] = lens[ad_rng_below(rng, i < 2 ? 6 : 3)];
    }
    return shape;
}

/* Strides of a tensor whose axes lie in a random order, some backward; *base is the place of index
 * 0. May repeat axes if repeats. */
static void random_strides(ad_rng *rng, const ad_shape *shape, int repeats, ptrdiff_t *stride,
                           ptrdiff_t *base)
{
    int order[AD_MAX_RANK] = {0, 1, 2, 3, 4, 5, 6, 7};
    ptrdiff_t product = 1 + (ptrdiff_t)ad_rng_below(rng, 2);
    *base = 0;
    for (int i = shape->rank - 1; i > 0; i--) {
        int k = (int)ad_rng_below(rng, i + 1), kept = order[i];
        order[i] = order[k];
        order[k] = kept;
    }
    for (int i = 0; i < shape->rank; i++) {
        int axis = order[i];
        ptrdiff_t len = (ptrdiff_t)shape->len[axis];
        int64_t spec = ad_rng_below(rng, 6);
        stride[axis] = repeats && spec == 0 ? 0 : spec == 1 ? -product : product;
        *base += stride[axis] < 0 ? product * (len - 1) : 0;
        product *= stride[axis] != 0 ? len : 1;
    }
}

static void launch(ad_type type, const ad_shape *shape, void *x, const ptrdiff_t *from, void *z,
                   const ptrdiff_t *to)
{
    const ad__region source = {AD__ADDRESS, (uint8_t)type, 0, {x}};
    const ad__region target = {AD__ADDRESS, (uint8_t)type, 0, {z}};
    ad__launch_copy(&(ad__runner){.evaluates = 1}, shape, source, from, target, to);
}

Test(strided, copies_are_those_of_the_definition)
{
    static int64_t x[ROOM], z[ROOM], expected[ROOM];
    static float x32[ROOM], z32[ROOM];
    ad_rng rng = {.seed = 5};
    for (int i = 0; i < ROOM; i++) {
        x[i] = i + 1;
        x32[i] = (float)(i + 1);
    }
    for (int trial = 0; trial < 3000; trial++) {
        ad_shape shape = random_shape(&rng);
        ptrdiff_t from[AD_MAX_RANK], to[AD_MAX_RANK], first, target;
        random_strides(&rng, &shape, 1, from, &first);
        random_strides(&rng, &shape, 0, to, &target);
        cr_assert_leq(ad_shape_count(&shape) * 2, (size_t)ROOM);
        memset(expected, 0, sizeof expected);
        memset(z, 0, sizeof z);
        memset(z32, 0, sizeof z32);
        copy(&shape, x + first, from, expected + target, to);
        launch(AD_I64, &shape, x + first, from, z + target, to);
        launch(AD_F32, &shape, x32 + first, from, z32 + target, to);
        cr_assert_eq(memcmp(z, expected, sizeof z), 0, "trial %d", trial);
        for (int i = 0; i < ROOM; i++) {
            cr_assert_eq((int64_t)z32[i], expected[i], "trial %d, f32", trial);
        }
    }
}

Test(strided, dense_strides_are_products_of_the_lengths_behind)
{
    ptrdiff_t stride[AD_MAX_RANK];
    ad__dense_strides(&(ad_shape){3, {2, 3, 4}}, stride);
    cr_expect(stride[0] == 12 && stride[1] == 4 && stride[2] == 1);
}

Test(strided, nothing_is_copied_where_an_axis_is_empty)
{
    ptrdiff_t stride[] = {1, 1};
    launch(AD_F64, &(ad_shape){2, {0, 3}}, NULL, stride, NULL, stride);
}
