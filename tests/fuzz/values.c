/* SPDX-License-Identifier: MIT */
/* What the leaves of random programs hold. */
#include "fuzz.h"

#include <math.h>
#include <string.h>

int fuzz_below(ad_rng *rng, int bound)
{
    return (int)ad_rng_below(rng, bound);
}

static const double special[] = {0.0,     -0.0,     INFINITY, -INFINITY, NAN,  5e-324, -5e-324,
                                 1e-310,  -1e-40,   1e300,    -1e300,    1e30, 1.0,    -1.0,
                                 0x1p-24, 0x1p-149, 0.5,      2.0,       88.0, 709.0,  3.14159};

/* A plain number among arguments: mostly those that a pass may know something about. */
double fuzz_number(ad_rng *rng)
{
    static const double common[] = {0.0, 1.0, -1.0, 2.0, 0.5, -0.0, 3.0, 0.25};
    int of_special = fuzz_below(rng, 6) == 0;
    int count = of_special ? (int)(sizeof special / sizeof *special)
                           : (int)(sizeof common / sizeof *common);
    return (of_special ? special : common)[fuzz_below(rng, count)];
}

static double uniform(ad_rng *rng)
{
    return 4 * ad_rng_uniform(rng) - 2;
}
static double positive(ad_rng *rng)
{
    return 0.1 + 0.8 * ad_rng_uniform(rng);
}
static double normal(ad_rng *rng)
{
    return ad_rng_normal(rng);
}
static double whole(ad_rng *rng) /* with ties and zeros */
{
    return (double)(fuzz_below(rng, 7) - 3);
}
static double mixed(ad_rng *rng)
{
    int count = (int)(sizeof special / sizeof *special);
    return fuzz_below(rng, 5) == 0 ? special[fuzz_below(rng, count)] : uniform(rng);
}
static double wide(ad_rng *rng)
{
    double size = pow(10, 600 * ad_rng_uniform(rng) - 300);
    return fuzz_below(rng, 3) == 0 ? mixed(rng) : copysign(size, ad_rng_uniform(rng) - 0.5);
}
static double (*const palettes[FUZZ_PALETTES])(ad_rng *) = {uniform, positive, normal,
                                                            whole,   mixed,    wide};

/* Indices of axes of length 1, 2, 3, 5; in the last palette from the end too. */
static int64_t whole_index(ad_rng *rng, int palette)
{
    static const int bound[FUZZ_PALETTES] = {1, 2, 2, 3, 5, 2};
    int64_t i = fuzz_below(rng, bound[palette]);
    return palette == FUZZ_PALETTES - 1 ? i - 1 : i;
}

void fuzz_fill(const fuzz_step *s, int point, void *elements)
{
    int changes = s->kind->role != FUZZ_KEPT;
    ad_rng rng = {.seed = s->seed, .stream = changes ? (uint64_t)point : 0};
    for (size_t i = 0; i < ad_shape_count(&s->shape); i++) {
        if (s->type == AD_F64) {
            ((double *)elements)[i] = palettes[s->palette](&rng);
        } else if (s->type == AD_F32) {
            ((float *)elements)[i] = (float)palettes[s->palette](&rng);
        } else {
            ((int64_t *)elements)[i] = whole_index(&rng, s->palette);
        }
    }
}
