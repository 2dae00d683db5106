/* SPDX-License-Identifier: MIT */
#include "scalar_programs.h"

#include "primal.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

typedef double number;

static void ba_error(const double *camera, const double *point, double weight,
                     const double *feature, double error[2])
{
    double in[ADBENCH_BA + 2];
    memcpy(in, camera, CAMERA * sizeof *in);
    memcpy(in + CAMERA, point, 3 * sizeof *in);
    in[CAMERA + 3] = weight;
    memcpy(in + ADBENCH_BA, feature, 2 * sizeof *in);
    primal_ba(in, error);
}

#include "scalars.inc"

/* ---- the points; every draw is another number */

/* splitmix64 (Steele, Lea, Flood 2014). */
static double draw(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15U;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
    z = (z ^ z >> 27) * 0x94d049bb133111ebU;
    return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

static void draws(uint64_t seed, int count, double from, double to, double *out)
{
    for (int i = 0; i < count; i++) {
        out[i] = from + (to - from) * draw(&seed);
    }
}

static void fill_nbody(double *mass, double *x)
{
    draws(1, BODIES, 0.5, 1.5, mass);
    draws(2, 3 * BODIES, -1, 1, x);
}

static void fill_lotka(double *step, double *x)
{
    const double point[] = {1.1, 0.4, 0.1, 0.41, 10, 5};
    draws(3, LOTKA_STEPS, 0.005, 0.015, step);
    memcpy(x, point, sizeof point);
}

static void fill_heston(double *normal, double *x)
{
    const double point[] = {1.5, 0.09, 0.3, -0.6, 0.08};
    uint64_t state = 4;
    for (int i = 0; i < PATHS * DAYS; i++) {
        double radius = sqrt(-2 * log(1 - draw(&state))), angle = 6.283185307179586 * draw(&state);
        normal[2 * i] = radius * cos(angle);
        normal[2 * i + 1] = radius * sin(angle);
    }
    memcpy(x, point, sizeof point);
}

static void fill_logistic(double *row, double *x)
{
    double *label = row + ROWS * FEATURES;
    draws(5, ROWS * FEATURES, -1, 1, row);
    draws(6, ROWS, -1, 1, label);
    for (int i = 0; i < ROWS; i++) {
        label[i] = label[i] < 0 ? -1 : 1;
    }
    draws(7, FEATURES + 1, -0.5, 0.5, x);
}

static void fill_ba(double *feature, double *x)
{
    draws(8, 2 * SIGHTINGS, -1, 1, feature);
    for (int i = 0; i < CAMERAS; i++, x += CAMERA) {
        draws(9 + (uint64_t)i, CAMERA, -0.2, 0.2, x);
        x[6] += 1; /* focal length */
    }
    draws(19, 3 * POINTS, -1, 1, x);
    for (int i = 0; i < POINTS; i++, x += 3) {
        x[2] += 4;
    }
    draws(20, SIGHTINGS, 0.5, 1.5, x);
}

static void fill_heat(double *source, double *x)
{
    draws(21, 2 * CELLS, -0.1, 0.1, source);
    draws(22, CELLS, 0, 1, x);
}

static void fill_lstm(double *step, double *x)
{
    draws(23, (LSTM_STEPS + 1) * UNITS, -1, 1, step);
    draws(24, LSTM_WEIGHTS + 2 * UNITS, -0.3, 0.3, x);
}

const scalar_program scalar_programs[SCALAR_PROGRAMS] = {
    {"nbody", 3 * BODIES, BODIES, nbody, fill_nbody},
    {"lotka", 6, LOTKA_STEPS, lotka, fill_lotka},
    {"heston", 5, 2 * PATHS *DAYS, heston, fill_heston},
    {"logistic", FEATURES + 1, ROWS *(FEATURES + 1), logistic, fill_logistic},
    {"ba", CAMERAS *CAMERA + 3 * POINTS + SIGHTINGS, 2 * SIGHTINGS, ba, fill_ba},
    {"heat", CELLS, 2 * CELLS, heat, fill_heat},
    {"lstm", LSTM_WEIGHTS + 2 * UNITS, (LSTM_STEPS + 1) * UNITS, lstm, fill_lstm},
};
