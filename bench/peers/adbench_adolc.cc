// SPDX-License-Identifier: MIT
// ADOL-C's side of adbench.c: prints the median microseconds of
//
//     adbench_adolc gmm | ba | lstm   record | replay
//
// record: recording, value and derivatives; replay: the same at another point from one recording.
#include <adolc/adolc.h>

#include "adbench/adbench.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

typedef adouble number;
#include "adbench.inc"

#define DATA "tests/reference/adbench/"
enum { OBSERVATIONS = 31843 };

static double now_us()
{
    using namespace std::chrono;
    return duration<double, std::micro>(steady_clock::now().time_since_epoch()).count();
}

static number gmm(const adbench_gmm &p, const number *w)
{
    return gmm_objective(&p, w, w + p.k, w + p.k + p.k * p.d);
}

static number lstm(const adbench_lstm &p, const number *w)
{
    return lstm_objective(&p, w, w + 8 * p.layers * p.bits);
}

template <class problem>
static double gradient_us(const problem &p, number (*f)(const problem &, const number *), int n, const double *point,
                          bool records)
{
    std::vector<double> dx(n), us;
    for (int round = 0; round < 9; round++) {
        double begin = now_us(), value, u = 1, *z = dx.data();
        if (records || round == 0) {
            trace_on(1, 1);
            {
                std::vector<adouble> w(n);
                for (int i = 0; i < n; i++) {
                    w[i] <<= point[i];
                }
                f(p, w.data()) >>= value;
            }
            trace_off();
            reverse(1, 1, n, 0, u, z);
        } else {
            gradient(1, n, point, z);
        }
        us.push_back(now_us() - begin);
    }
    std::sort(us.begin(), us.end());
    return us[us.size() / 2];
}

// One observation, the same over and over.
static double ba_us(const double *in, bool records)
{
    double rows[2][ADBENCH_BA], *jacobian_rows[] = {rows[0], rows[1]}, error[2];
    double begin = now_us();
    for (int i = 0; i < OBSERVATIONS; i++) {
        if (records || i == 0) {
            trace_on(1, 1);
            adouble x[ADBENCH_BA], y[2];
            for (int k = 0; k < ADBENCH_BA; k++) {
                x[k] <<= in[k];
            }
            ba_error(x, x + ADBENCH_CAM, x[ADBENCH_BA - 1], in + ADBENCH_BA, y);
            y[0] >>= error[0];
            y[1] >>= error[1];
            trace_off();
        }
        jacobian(1, 2, ADBENCH_BA, in, jacobian_rows);
    }
    return now_us() - begin;
}

int main(int argc, char **argv)
{
    const std::string name = argc > 1 ? argv[1] : "";
    bool records = argc > 2 && std::string(argv[2]) == "record";
    double us = 0;
    if (name == "gmm") {
        adbench_gmm p;
        if (!adbench_gmm_read(DATA "gmm_d10_K25.txt", &p)) {
            return 1;
        }
        us = gradient_us(p, gmm, p.k * (1 + p.d + p.d * (p.d + 1) / 2), p.alphas, records);
    } else if (name == "lstm") {
        adbench_lstm p;
        if (!adbench_lstm_read(DATA "lstm_l2_c1024.txt", &p)) {
            return 1;
        }
        us = gradient_us(p, lstm, (8 * p.layers + 3) * p.bits, p.main, records);
    } else if (name == "ba") {
        int count;
        double *numbers = adbench_numbers(DATA "ba1v.expected.txt", &count);
        if (numbers == NULL) {
            return 1;
        }
        us = ba_us(numbers + 5, records);
    }
    std::printf("%.3f\n", us);
    return us > 0 ? 0 : 1;
}
