/* SPDX-License-Identifier: MIT */
#include "primal.h"

#include <math.h>

typedef double number;
#include "adbench.inc"

double primal_gmm(const adbench_gmm *p)
{
    return gmm_objective(p, p->alphas, p->means, p->icf);
}

void primal_ba(const double in[ADBENCH_BA + 2], double error[2])
{
    const double *point = in + ADBENCH_CAM;
    ba_error(in, point, point[3], point + 4, error);
}

double primal_lstm(const adbench_lstm *p)
{
    return lstm_objective(p, p->main, p->extra);
}
