#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The coefficients of real_normal_excess in autodiff/ops/real_internal.h.

With phi the normal density and Q its integral from t on, (1 + t) (phi(t) / Q(t) - t) is smooth and
between 0.79 and 1.1 for t in [0, inf), which q = (t - 4) / (t + 4) maps to [-1, 1]. Chebyshev
interpolation there to degree 29 leaves less than 4e-18; the sum is printed in powers of q, highest
first, as Horner's rule reads it.
"""
import mpmath as mp

mp.mp.dps = 60
DEGREE = 29
CENTRE = 4


def excess(t):
    """phi(t) / Q(t) - t, far out by its continued fraction 1 / (t + 2 / (t + 3 / (t + ..)))."""
    if t > 40:
        rest = t
        for k in range(400, 1, -1):
            rest = t + k / rest
        return 1 / rest
    with mp.workdps(120):
        return mp.sqrt(2 / mp.pi) * mp.exp(-t * t / 2) / mp.erfc(t / mp.sqrt(2)) - t


def scaled(q):
    t = CENTRE * (1 + q) / (1 - q)
    return (1 + t) * excess(t)


def chebyshev(f, nodes=120):
    angles = [mp.pi * (j + mp.mpf(1) / 2) / nodes for j in range(nodes)]
    values = [f(mp.cos(a)) for a in angles]
    sums = [2 * mp.fsum(v * mp.cos(i * a) for v, a in zip(values, angles)) / nodes
            for i in range(DEGREE + 1)]
    sums[0] /= 2
    return sums


def powers(sums):
    """Chebyshev sum to powers of q, by T_{n+1} = 2 q T_n - T_{n-1}."""
    before, now = [mp.mpf(1)], [mp.mpf(0), mp.mpf(1)]
    total = [mp.mpf(0)] * (DEGREE + 1)
    for c in sums:
        for j, t in enumerate(before):
            total[j] += c * t
        after = [mp.mpf(0)] + [2 * t for t in now]
        for j, t in enumerate(before):
            after[j] -= t
        before, now = now, after
    return total


if __name__ == "__main__":
    for coefficient in reversed(powers(chebyshev(scaled))):
        print(mp.nstr(coefficient, 17))
