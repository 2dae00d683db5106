/* SPDX-License-Identifier: MIT */
#ifndef SCALAR_PROGRAMS_H
#define SCALAR_PROGRAMS_H

/* Seven programs of scalars in loops, each a number that depends on its inputs x and on plain
 * numbers, of which no two terms share one. scalars.inc holds their text, in plain C here and in
 * ADOL-C's numbers in peers/scalars_adolc.cc; bench/scalars.c records them. */

#ifdef __cplusplus
extern "C" {
#endif

enum { BODIES = 64 };
enum { LOTKA_STEPS = 1000 };
enum { PATHS = 10, DAYS = 252 };
enum { ROWS = 1000, FEATURES = 20 };
enum { CAMERAS = 10, POINTS = 60, SIGHTINGS = 300, CAMERA = 11 };
enum { GRID = 32, CELLS = GRID * GRID, HEAT_STEPS = 10 };
enum { UNITS = 16, GATES = 4, LSTM_STEPS = 10, LSTM_WEIGHTS = GATES * UNITS * (2 * UNITS + 1) };

typedef struct scalar_program {
    const char *name;
    int inputs, numbers;
    double (*value)(const double *numbers, const double *x);
    void (*fill)(double *numbers, double *x); /* the point at which it is timed */
} scalar_program;

enum { SCALAR_PROGRAMS = 7 };
extern const scalar_program scalar_programs[SCALAR_PROGRAMS];

/* The sight of a point by a camera: which of them the i-th is. */
static inline int camera_of(int i)
{
    return i % CAMERAS;
}

static inline int point_of(int i)
{
    return (i % CAMERAS * (POINTS / CAMERAS) + i / CAMERAS) % POINTS;
}

#ifdef __cplusplus
}
#endif

#endif
