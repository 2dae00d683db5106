// SPDX-License-Identifier: MIT
// The Rosenbrock chain of bench/scalar.c by ADOL-C: `scalar_adolc record` prints the microseconds that one
// recording takes, `scalar_adolc reverse` those of one reverse sweep; medians.
#include <adolc/adolc.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <vector>

static const int n = 100000;

static double now_us()
{
    using namespace std::chrono;
    return duration<double, std::micro>(steady_clock::now().time_since_epoch()).count();
}

static void record(const std::vector<double> &point)
{
    double f_value;
    trace_on(1, 1);
    {
        std::vector<adouble> x(n);
        for (int i = 0; i < n; i++) {
            x[i] <<= point[i];
        }
        adouble f = 0;
        for (int i = 0; i + 1 < n; i++) {
            adouble a = 1 - x[i], b = x[i + 1] - x[i] * x[i];
            f += a * a + 100 * (b * b);
        }
        f >>= f_value;
    }
    trace_off();
}

int main(int argc, char **argv)
{
    bool timing_record = argc > 1 && std::strcmp(argv[1], "record") == 0;
    std::vector<double> point(n), gradient(n), us;
    for (int i = 0; i < n; i++) {
        point[i] = 0.5 + 0.001 * (i % 1000);
    }
    double u = 1;
    double *z = gradient.data();
    for (int round = 0; round < 9; round++) {
        double start = now_us();
        record(point);
        double recorded = now_us();
        reverse(1, 1, n, 0, u, z);
        us.push_back(timing_record ? recorded - start : now_us() - recorded);
    }
    std::sort(us.begin(), us.end());
    std::printf("%.3f\n", us[us.size() / 2]);
}
