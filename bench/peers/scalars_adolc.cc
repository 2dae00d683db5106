// SPDX-License-Identifier: MIT
// ADOL-C's side of scalars.c: prints the median microseconds of recording a program of scalar_programs.h and
// sweeping it back into its gradient.
//
//     scalars_adolc nbody | lotka | heston | logistic | ba | heat | lstm
#include <adolc/adolc.h>

#include "adbench/adbench.h"
#include "scalar_programs.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

typedef adouble number;
namespace adbench
{
#include "adbench.inc"
}
using adbench::ba_error;
#include "scalars.inc"

// in the order of scalar_programs
static number (*const programs[SCALAR_PROGRAMS])(const double *, const number *) = {nbody, lotka, heston, logistic,
                                                                                    ba,    heat,  lstm};

static double now_us()
{
    using namespace std::chrono;
    return duration<double, std::micro>(steady_clock::now().time_since_epoch()).count();
}

int main(int argc, char **argv)
{
    const std::string name = argc > 1 ? argv[1] : "";
    for (int i = 0; i < SCALAR_PROGRAMS; i++) {
        const scalar_program &p = scalar_programs[i];
        if (name != p.name) {
            continue;
        }
        std::vector<double> numbers(p.numbers), point(p.inputs), dx(p.inputs), us;
        p.fill(numbers.data(), point.data());
        const double wanted = p.value(numbers.data(), point.data());
        for (int round = 0; round < 51; round++) {
            double begin = now_us(), value, u = 1, *z = dx.data();
            trace_on(1, 1);
            {
                std::vector<adouble> x(p.inputs);
                for (int k = 0; k < p.inputs; k++) {
                    x[k] <<= point[k];
                }
                programs[i](numbers.data(), x.data()) >>= value;
            }
            trace_off();
            reverse(1, 1, p.inputs, 0, u, z);
            us.push_back(now_us() - begin);
            if (!(std::fabs(value - wanted) <= 1e-10 * std::fabs(wanted))) {
                return 1;
            }
        }
        std::sort(us.begin(), us.end());
        std::printf("%.3f\n", us[us.size() / 2]);
        return 0;
    }
    return 1;
}
