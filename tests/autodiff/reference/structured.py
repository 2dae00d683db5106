# SPDX-License-Identifier: MIT
# Prints the rows of test_softmax.c with 17 of 60 digits. Needs mpmath.
from mpmath import exp, log, mp, mpf, nstr

mp.dps = 60

ROWS = [
    [1000.0, 999.0, 998.5],
    [1000.0, 0.0, -1000.0],
    [1.0, 2.0, 3.0],
    [0.0, -40.0],
    [-1000.0, -1001.0],
    [-700.0, 5.0, 5.5, 5.25],
    [0.125],
]


def numbers(values):
    return "{" + ", ".join(nstr(v, 17) for v in values) + "}"


for row in ROWS:
    x = [mpf(v) for v in row]
    total = sum(exp(v) for v in x)
    print(numbers(x), nstr(log(total), 17), numbers(exp(v) / total for v in x),
          numbers(v - log(total) for v in x))
