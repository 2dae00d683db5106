/* SPDX-License-Identifier: MIT */
#ifndef PRIMAL_H
#define PRIMAL_H

#include "adbench/adbench.h"

/* ADBench's functions in plain C, without derivatives. */

double primal_gmm(const adbench_gmm *p);

/* in: camera [11], point [3], weight, feature [2]. */
void primal_ba(const double in[ADBENCH_BA + 2], double error[2]);

double primal_lstm(const adbench_lstm *p);

#endif
