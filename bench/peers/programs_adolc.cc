// SPDX-License-Identifier: MIT
// ADOL-C's side of chain.c, rosenbrock.c and speelpenning.c: prints the median microseconds of
//
//     programs_adolc chain | rosenbrock | speelpenning   trace | sweep | record | replay
//
// trace: one recording; sweep: one reverse sweep; record: both; replay: the gradient at another point from one
// recording.
#include <adolc/adolc.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

typedef std::vector<adouble> numbers;

static adouble chain(const numbers &x)
{
    adouble y = x[0];
    for (int i = 0; i < 1000; i++) {
        y = y * x[1];
    }
    return y;
}

static adouble rosenbrock(const numbers &x)
{
    adouble f = 0;
    for (size_t i = 0; i + 1 < x.size(); i++) {
        adouble a = 1 - x[i], b = x[i + 1] - x[i] * x[i];
        f += a * a + 100 * (b * b);
    }
    return f;
}

static adouble speelpenning(const numbers &x)
{
    adouble y = x[0];
    for (size_t i = 1; i < x.size(); i++) {
        y = y * x[i];
    }
    return y;
}

static const struct program {
    const char *name;
    adouble (*function)(const numbers &);
    int n, rounds;
} programs[] = {{"chain", chain, 2, 2000},
                {"rosenbrock", rosenbrock, 100000, 9},
                {"speelpenning", speelpenning, 100000, 9}};

static double now_us()
{
    using namespace std::chrono;
    return duration<double, std::micro>(steady_clock::now().time_since_epoch()).count();
}

static void record(const program &p, const std::vector<double> &point)
{
    double value;
    trace_on(1, 1);
    {
        numbers x(point.size());
        for (size_t i = 0; i < x.size(); i++) {
            x[i] <<= point[i];
        }
        p.function(x) >>= value;
    }
    trace_off();
}

int main(int argc, char **argv)
{
    const std::string name = argc > 1 ? argv[1] : "", what = argc > 2 ? argv[2] : "";
    for (const program &p : programs) {
        if (name != p.name) {
            continue;
        }
        std::vector<double> point(p.n), dx(p.n), us;
        for (int i = 0; i < p.n; i++) {
            point[i] = 1 + 1e-4 * (i % 7 - 3);
        }
        double u = 1, *z = dx.data();
        for (int round = 0; round < p.rounds; round++) {
            double begin = now_us(), recorded = begin;
            if (what != "replay" || round == 0) {
                record(p, point);
                recorded = now_us();
                reverse(1, 1, p.n, 0, u, z);
            } else {
                gradient(1, p.n, point.data(), z);
            }
            double end = now_us();
            us.push_back(what == "trace" ? recorded - begin : what == "sweep" ? end - recorded : end - begin);
        }
        std::sort(us.begin(), us.end());
        std::printf("%.3f\n", us[us.size() / 2]);
        return 0;
    }
    return 1;
}
