#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The coefficients of real_erfcx in autodiff/ops/real_internal.h.

(1 + 2 t) e^(t^2) erfc(t) is smooth and between 1.1 and 1.3 for t in [1/2, inf), which
q = (t - 3) / (t + 3) maps to [-5/7, 1]. Chebyshev interpolation there to degree 22 leaves less
than 6e-18; the sum is printed in powers of q, highest first, as Horner's rule reads it.
"""
import mpmath as mp

mp.mp.dps = 60
DEGREE = 22
CENTRE = mp.mpf(3)
LEFT = (mp.mpf(1) / 2 - CENTRE) / (mp.mpf(1) / 2 + CENTRE)


def scaled(q):
    if q == 1:
        return 2 / mp.sqrt(mp.pi)
    t = CENTRE * (1 + q) / (1 - q)
    return (1 + 2 * t) * mp.exp(t * t) * mp.erfc(t)


def chebyshev(f, nodes=80):
    angles = [mp.pi * (j + mp.mpf(1) / 2) / nodes for j in range(nodes)]
    values = [f(LEFT + (mp.cos(a) + 1) * (1 - LEFT) / 2) for a in angles]
    sums = [2 * mp.fsum(v * mp.cos(i * a) for v, a in zip(values, angles)) / nodes
            for i in range(DEGREE + 1)]
    sums[0] /= 2
    return sums


def times_s(p):
    """s p, where s = 2 (q - LEFT) / (1 - LEFT) - 1 maps [LEFT, 1] to [-1, 1]."""
    slope, shift = 2 / (1 - LEFT), -2 * LEFT / (1 - LEFT) - 1
    out = [mp.mpf(0)] * (len(p) + 1)
    for i, c in enumerate(p):
        out[i] += shift * c
        out[i + 1] += slope * c
    return out


def powers(sums):
    """Chebyshev sum to powers of q, by T_{n+1} = 2 s T_n - T_{n-1}."""
    before, now = [mp.mpf(1)], times_s([mp.mpf(1)])
    total = [mp.mpf(0)] * (DEGREE + 1)
    for i, c in enumerate(sums):
        for j, t in enumerate(before):
            total[j] += c * t
        after = [2 * t for t in times_s(now)]
        for j, t in enumerate(before):
            after[j] -= t
        before, now = now, after
    return total


for coefficient in reversed(powers(chebyshev(scaled))):
    print(mp.nstr(coefficient, 17))
