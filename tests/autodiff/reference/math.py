#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The coefficients of autodiff/ops/math_f64_internal.h and math_f32_internal.h.

    ./math.py                                     (about a minute; needs python3-mpmath)

Each line is the polynomial whose largest error is least, found by Remez's exchange, for a function
of math_internal.h under a weight that makes the error one of the result relative to its size. It
reads: name, type, the base-2 logarithm of that error, and the coefficients, lowest first. Last come
the parts of log 2 and pi / 2, all but the last with so few digits that their products with whole
numbers, exponents or quarters of turns, are exact.
"""
import struct

import mpmath as mp

mp.mp.dps = 50
TINY = mp.mpf(10) ** -9  # keeps weights from 0


def alternation(error, grid):
    """The extremes of error over grid, one between two changes of its sign."""
    values = [error(x) for x in grid]
    nodes, group = [], [0]
    for i in range(1, len(grid) + 1):
        if i < len(grid) and values[i] * values[group[-1]] > 0:
            group.append(i)
        else:
            nodes.append(grid[max(group, key=lambda k: abs(values[k]))])
            group = [i]
    return nodes, max(abs(v) for v in values)


def remez(f, weight, lo, hi, degree):
    """Coefficients, lowest first, and the largest weighted error."""
    n = degree + 2
    nodes = [(lo + hi) / 2 - (hi - lo) / 2 * mp.cos(mp.pi * i / (n - 1)) for i in range(n)]
    grid = [lo + (hi - lo) * i / 2000 for i in range(2001)]
    for _ in range(12):
        rows = [[x ** j for j in range(degree + 1)] + [(-1) ** i / weight(x)]
                for i, x in enumerate(nodes)]
        solution = mp.lu_solve(mp.matrix(rows), mp.matrix([f(x) for x in nodes]))
        c = [solution[j] for j in range(degree + 1)]

        def error(x, c=c):
            return weight(x) * (mp.polyval(c[::-1], x) - f(x))

        nodes, largest = alternation(error, grid)
        while len(nodes) > n:
            nodes.pop(0 if abs(error(nodes[0])) < abs(error(nodes[-1])) else -1)
    return c, largest


def exp_tail(r):
    return mp.fsum(r ** k / mp.factorial(k + 2) for k in range(35))


def log_tail(z):
    return mp.fsum(2 * z ** k / (2 * k + 3) for k in range(60))


def sin_tail(z):
    return mp.fsum((-1) ** (k + 1) * z ** k / mp.factorial(2 * k + 3) for k in range(20))


def cos_tail(z):
    return mp.fsum((-1) ** k * z ** k / mp.factorial(2 * k + 4) for k in range(20))


HALF = mp.log(2) / 2 * mp.mpf("1.0001")
S = (mp.sqrt(2) - 1) / (mp.sqrt(2) + 1) * mp.mpf("1.0001")
EIGHTH = mp.pi / 4 * mp.mpf("1.01")

# name, function, weight, ends, degree in f64 and in f32
TABLES = [
    ("exp_tail", exp_tail, lambda r: abs(r) + TINY, -HALF, HALF, 10, 5),
    ("log_tail", log_tail, lambda z: z / 2 + TINY, mp.mpf(0), S ** 2, 6, 2),
    ("log_long_tail", log_tail, lambda z: z / 2 + TINY, mp.mpf(0), mp.mpf(1) / 9, 9, 3),
    ("sin_tail", sin_tail, lambda z: z + TINY, mp.mpf(0), EIGHTH ** 2, 5, 2),
    ("cos_tail", cos_tail, lambda z: z * z + TINY, mp.mpf(0), EIGHTH ** 2, 5, 2),
]


def main():
    for name, f, weight, lo, hi, *degrees in TABLES:
        for kind, degree in zip(("f64", "f32"), degrees):
            c, largest = remez(f, weight, lo, hi, degree)
            single = [struct.unpack("f", struct.pack("f", float(x)))[0] for x in c]
            texts = [mp.nstr(x, 17) if kind == "f64" else f"{y:.9g}" for x, y in zip(c, single)]
            print(name, kind, mp.nstr(mp.log(largest, 2), 4), *texts)
    for name, value, *digits in (("log 2 f64", mp.log(2), 42), ("log 2 f32", mp.log(2), 16),
                                 ("pi / 2 f64", mp.pi / 2, 37, 37), ("pi / 2 f32", mp.pi / 2, 33)):
        parts = []
        for count in digits:
            unit = mp.ldexp(1, mp.frexp(value)[1] - count)
            parts.append(mp.floor(value / unit) * unit)
            value -= parts[-1]
        print(name, *(float(part).hex() for part in [*parts, value]))


if __name__ == "__main__":
    main()
