/* SPDX-License-Identifier: MIT */
#ifndef AD_CHECK_CHECK_INTERNAL_H
#define AD_CHECK_CHECK_INTERNAL_H

#include "anomaly.h"
#include "check.h"
#include "tape/tape_internal.h"

/* What one check holds. Any failure is an error of its tape. */

/* An element of an input, a result or a gradient. */
typedef struct ad__place {
    int array;
    size_t element;
} ad__place;

/* The element of a row that stands for the weighted sum of all elements of its array. */
#define AD__WEIGHTED_SUM SIZE_MAX

/* The array of a place that stands for a direction over all elements of all inputs: what is not
 * looked at one by one is seen there. */
#define AD__DIRECTION (-1)
enum { AD__DIRECTIONS = 2 };

typedef struct ad__check {
    ad_function *f;
    void *user;
    int count;
    const ad_check_input *input;
    ad_check_options options;
    const char *name; /* of the public function */
    ad_tape *tape;
    ad__arena arena; /* everything below */

    double **point; /* the inputs as doubles, moved by differences; NULL for i64 */
    void *buffer;   /* for the elements of any input or result, buffer_len of them */
    size_t buffer_len;
    int *active; /* the inputs that are not i64 */
    int actives;
    ad__place
        *at; /* the input elements that are checked, `singles` of `elements`, and directions */
    size_t ats, singles, elements;
    double **origin; /* the inputs, where directions begin */

    ad_shape shape; /* of the result */
    size_t results;
    size_t finite; /* the first element that is not finite, then its value; else results */
    double stray;
    double *weight;          /* [results] */
    int has_f32, is_widened; /* f32 inputs; they are f64 where differences are taken */

    /* the map whose first derivatives are compared: the result, or (order 2) its gradient */
    int order;
    ad__place *row; /* its elements */
    size_t rows;
    double *base;    /* [rows] their values at the point */
    double *got;     /* [rows, ats] their derivatives, from the tape */
    double *largest; /* [rows] of the |got| times max(1, |x|) */
    double *along;   /* [rows, AD__DIRECTIONS] sizes of the terms of got in a direction */
    double *moved;   /* [rows, ats] how far got moves with the last digits of the inputs, or NULL */

    ad_report report;
} ad__check;

/* Handles for one recording: the inputs, the active ones among them, and the arrays of the map. */
typedef struct ad__recording {
    ad_var *x, *active, *z;
} ad__recording;

/* Keeps "out of memory" as the tape's error; returns 0. */
int ad__check_no_memory(ad__check *c);

/* ---- check.c ---- */

/* The check of a public function of that name. */
ad_report ad__check_at(ad_function *f, void *user, int count, const ad_check_input *x,
                       const ad_check_options *options, const char *name);

/* The outcome of every comparison as a sentence: `which` names the worst derivative. Sets
 * passed. */
void ad__check_say(ad_report *r, const char *name, const char *which);

/* ---- check_map.c: 0 is returned after any failure ---- */

/* Learns the result's type, shape and weights, and that f is a function. */
int ad__check_result(ad__check *c);

/* Selects the map of an order; fills row, base and got. */
int ad__check_map(ad__check *c, int order);

/* Looks for slopes that the gradient of the weighted sum drops at the point. */
int ad__check_dropped(ad__check *c, ad_anomaly *out);

/* The values of the map's rows at the present point. */
int ad__check_values(ad__check *c, double *out);

/* Handles from the arena; after a failure they must not be used. */
ad__recording ad__check_recording(ad__check *c);

/* Records inputs and result at the present point. */
void ad__check_record(ad__check *c, int is_widened, const ad__recording *r, ad_var *y);

/* A leaf with the given doubles in a type. */
ad_var ad__check_leaf(ad__check *c, ad_type type, ad_shape shape, const double *data, int is_input);

/* A number in 0.5 .. 1.5 of either sign with few bits, so that sums of weights are exact. */
double ad__check_weight(const ad__check *c, uint64_t stream, size_t i);

/* Moves the inputs to origin + t v, where v is a direction; by their last digits, in one of several
 * ways, and back to where they were, which origin holds. */
void ad__check_go(ad__check *c, size_t direction, double t);
void ad__check_shake(ad__check *c, uint64_t way);
void ad__check_return(ad__check *c);

/* Fills moved: what rounding alone may change. */
int ad__check_moved(ad__check *c);

double ad__check_element(ad_var v, size_t i);

/* ---- check_identity.c: NULL if it holds or the tape failed, else a sentence ---- */

const char *ad__check_linearity(ad__check *c);
const char *ad__check_adjoint(ad__check *c);

/* ---- check_difference.c ---- */

/* Compares got with differences for every row and every place, and counts the outcome. */
int ad__check_differences(ad__check *c);

#endif
