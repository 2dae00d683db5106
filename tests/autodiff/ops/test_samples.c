/* SPDX-License-Identifier: MIT */
/* Every structured and composed operation by its samples: what must hold for each, whatever it
 * computes, of arguments that fit and that do not. */
#include "samples.h"

#include "fn/replay.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

/* ---- there are some ---- */

static int is_sampled(const char *name)
{
    int found = 0;
    for (const operation_sample *s = all_samples(); s->name != NULL; s++) {
        found |= strcmp(s->name, name) == 0;
    }
    for (const operation_entry *o = all_operations(); o->name != NULL; o++) {
        found |= o->why_not != NULL && strcmp(o->name, name) == 0;
    }
    return found;
}

Test(samples, every_structured_or_composed_operation_has_one)
{
    for (const operation_entry *o = all_operations(); o->name != NULL; o++) {
        cr_expect(is_sampled(o->name),
                  "%s has no sample, so that no test records it: below its row in "
                  "autodiff/ops/ops.def write AD_SAMPLE(%s, %s(x, ..), -2, 2, {2, 3})",
                  o->name, o->name, o->name);
    }
}

/* ---- arguments in their place ---- */

enum { MOST_ARGS = 3, MOST_SHAPES = 64, ROOM = 1024 };

/* The arguments of one recording. */
typedef struct arguments {
    ad_type type[MOST_ARGS];
    ad_shape shape[MOST_ARGS];
} arguments;

static arguments own_arguments(const operation_sample *o, ad_type type)
{
    arguments a = {.type = {type, type, type}};
    memcpy(a.shape, o->own.shape, sizeof a.shape);
    return a;
}

static ad_var argument(ad_tape *tape, const operation_sample *o, const arguments *a, int i)
{
    double wide[ROOM];
    float narrow[ROOM];
    int64_t whole[ROOM];
    const void *data[] = {[AD_F64] = wide, [AD_F32] = narrow, [AD_I64] = whole};
    ad_rng rng = {.seed = 3, .stream = (uint64_t)i};
    const size_t count = ad_shape_count(&a->shape[i]);
    cr_assert_leq(count, (size_t)ROOM, "%s", o->name);
    for (size_t k = 0; k < count; k++) {
        wide[k] = o->own.lo + (o->own.hi - o->own.lo) * ad_rng_uniform(&rng);
        narrow[k] = (float)wide[k];
        whole[k] = (int64_t)wide[k];
    }
    return ad_input_array(tape, a->type[i], a->shape[i], data[a->type[i]]);
}

/* Records a sample on a tape of its own. */
static ad_tape *record(const operation_sample *o, const arguments *a, ad_var *x, ad_var *z)
{
    ad_tape *tape = ad_tape_new();
    for (int i = 0; i < o->own.count; i++) {
        x[i] = argument(tape, o, a, i);
    }
    *z = o->own.build(x);
    return tape;
}

Test(samples, a_result_and_its_gradients_have_the_type_of_the_arguments)
{
    for (const operation_sample *o = all_samples(); o->name != NULL; o++) {
        for (int type = AD_F64; type <= AD_F32; type++) {
            const arguments a = own_arguments(o, (ad_type)type);
            ad_var x[MOST_ARGS], dx[MOST_ARGS], z;
            ad_tape *tape = record(o, &a, x, &z);
            cr_assert_eq(ad_tape_status(tape), AD_OK, "%s: %s", o->name, ad_tape_message(tape));
            if (ad_type_of(z) != AD_I64) {
                cr_expect_eq(ad_type_of(z), (ad_type)type, "%s is %s", o->name,
                             ad_type_name(ad_type_of(z)));
                ad_grad(ad_sum(z, AD_ALL), o->own.count, x, dx);
                for (int i = 0; i < o->own.count; i++) {
                    cr_expect_eq(ad_type_of(dx[i]), (ad_type)type, "%s: gradient %d", o->name, i);
                }
            }
            ad_tape_free(tape);
        }
    }
}

/* ---- arguments that may not fit ---- */

/* An error that says what is wrong, or a result that can be read and differentiated: 1. */
static int is_result(const operation_sample *o, const arguments *a)
{
    ad_var x[MOST_ARGS], dx[MOST_ARGS], z;
    double values[ROOM];
    char text[160];
    ad_tape *tape = record(o, a, x, &z);
    const ad_status status = ad_tape_status(tape);
    const char *shape = ad_shape_print(&a->shape[0], text, sizeof text);
    if (status != AD_OK) {
        cr_expect(status == AD_ERR_SHAPE || status == AD_ERR_TYPE || status == AD_ERR_DOMAIN ||
                      status == AD_ERR_INDEX,
                  "%s of %s: %s", o->name, shape, ad_tape_message(tape));
        cr_expect(ad_is_dead(z), "%s of %s lives after an error", o->name, shape);
        cr_expect(strncmp(ad_tape_message(tape), "ad_", 3) == 0, "%s of %s: %s", o->name, shape,
                  ad_tape_message(tape));
    } else {
        cr_assert_leq(ad_count(z), (size_t)ROOM, "%s", o->name);
        cr_expect_eq(ad_read(z, ad_count(z), values), AD_OK, "%s of %s", o->name, shape);
        z = ad_type_of(z) == AD_I64 ? ad_literal(0) : z;
        for (int i = 0; i < o->own.count && z.tape != NULL && a->type[i] != AD_I64; i++) {
            ad_grad(ad_sum(z, AD_ALL), 1, &x[i], &dx[i]);
            const ad_shape got = ad_shape_of(dx[i]);
            cr_expect(ad_shape_equal(&got, &a->shape[i]), "%s of %s: gradient %d: %s", o->name,
                      shape, i, ad_tape_message(tape));
        }
    }
    ad_tape_free(tape);
    return status == AD_OK;
}

/* Shapes beside one: of other ranks, with an axis longer, of length 1, empty. */
static int shapes_beside(const ad_shape *own, ad_shape *to)
{
    int count = 0;
    to[count++] = AD_SCALAR;
    to[count++] = AD_SHAPE(2);
    to[count] = *own;
    memmove(to[count].len + 1, own->len, sizeof own->len - sizeof *own->len);
    to[count].len[0] = 2;
    to[count++].rank = own->rank + 1;
    to[count] = *own;
    memmove(to[count].len, own->len + 1, sizeof own->len - sizeof *own->len);
    to[count++].rank = own->rank - 1;
    for (int axis = 0; axis < own->rank; axis++) {
        const int64_t lens[] = {0, 1, own->len[axis] + 1, 2 * own->len[axis]};
        for (int i = 0; i < 4; i++) {
            to[count] = *own;
            to[count++].len[axis] = lens[i];
        }
    }
    return count;
}

Test(samples, arguments_of_another_type_are_an_error_or_give_a_result)
{
    for (const operation_sample *o = all_samples(); o->name != NULL; o++) {
        for (int i = 0; i < o->own.count; i++) {
            for (int type = AD_F64; type <= AD_I64; type++) {
                arguments a = own_arguments(o, AD_F64);
                a.type[i] = (ad_type)type;
                is_result(o, &a);
                a = own_arguments(o, AD_F32);
                a.type[i] = (ad_type)type;
                is_result(o, &a);
            }
        }
    }
}

static void replays(const replay *r)
{
    test_replay(r, NULL);
}

Test(samples, arguments_of_another_shape_are_an_error_or_give_a_result_that_replays)
{
    for (const operation_sample *o = all_samples(); o->name != NULL; o++) {
        for (int i = 0; i < o->own.count; i++) {
            ad_shape beside[MOST_SHAPES];
            const int count = shapes_beside(&o->own.shape[i], beside);
            for (int k = 0; k < count; k++) {
                arguments a = own_arguments(o, AD_F64);
                a.shape[i] = beside[k];
                if (is_result(o, &a)) {
                    replay_sample(o, AD_F64, a.shape, replays);
                }
            }
        }
    }
}

/* ---- values that are no usual numbers ---- */

static double special;

static void replays_at_special(const replay *r)
{
    test_replay_special(r, special);
}

static int takes(const operation_sample *o, double value)
{
    ad_tape *tape = ad_tape_new();
    ad_var x[MOST_ARGS];
    for (int i = 0; i < o->own.count; i++) {
        x[i] = ad_full(tape, AD_F64, o->own.shape[i], value);
    }
    o->own.build(x);
    const ad_status status = ad_tape_status(tape);
    cr_expect(status == AD_OK || status == AD_ERR_DOMAIN || status == AD_ERR_INDEX, "%s of %g: %s",
              o->name, value, ad_tape_message(tape));
    ad_tape_free(tape);
    return status == AD_OK;
}

Test(samples, nan_infinities_and_huge_numbers_replay_with_the_same_bits)
{
    const double specials[] = {NAN, INFINITY, -INFINITY, -0.0, 1e300, 1e-310};
    for (const operation_sample *o = all_samples(); o->name != NULL; o++) {
        for (size_t i = 0; i < sizeof specials / sizeof *specials; i++) {
            if (takes(o, specials[i])) {
                special = specials[i];
                replay_sample(o, AD_F64, o->own.shape, replays_at_special);
            }
        }
    }
}

/* ---- resized ---- */

static ad_shape resized_to[MOST_ARGS];
static int resized_count;

static void resizes(const replay *r)
{
    resized_count += test_replay_resized(r, resized_to);
}

Test(samples, a_function_resized_to_other_shapes_has_their_bits_or_says_what_does_not_follow)
{
    for (const operation_sample *o = all_samples(); o->name != NULL; o++) {
        for (int i = 0; i < o->own.count; i++) {
            ad_shape beside[MOST_SHAPES];
            const int count = shapes_beside(&o->own.shape[i], beside);
            for (int k = 0; k < count; k++) {
                memcpy(resized_to, o->own.shape, sizeof resized_to);
                resized_to[i] = beside[k];
                replay_sample(o, AD_F64, o->own.shape, resizes);
            }
        }
    }
    cr_expect_gt(resized_count, 100);
}
