#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes elementwise.tsv: values and derivatives of the elementwise operations, to 50 digits.

    ./elementwise.py > elementwise.tsv            (about 15 seconds; needs python3-mpmath)

Every formula below is the textbook one, evaluated with 60, 120, 240, .. digits until two
evaluations agree to 40. A line reads, separated by tabs,

    op  f64  arguments  value, then a derivative an argument        (first order; also for f32)
    op  d2   arguments  d2/dxdx d2/dxdy .. d2/dwdw                  (second order, upper triangle)

Arguments are exact hexadecimal numbers. A first-order answer is its correctly rounded number and
what is left over in units of that number's last place, "0x1.8p+0@-0.31", so that a test can
measure errors of a fraction of an ulp without wider arithmetic. A second-order answer has 20
decimal digits. "-" marks what is not tested: infinite or undefined answers, and those that EXCLUDED
lists.
"""
import random
import struct
import sys

import mpmath as mp

from elementwise_ops import EXCLUDED, OPS

FORMATS = {"f64": (53, -1074, 1024), "f32": (24, -149, 128)}
COUNT = {1: 130, 2: 110, 3: 70}
COUNT_D2 = {1: 24, 2: 16, 3: 10}


def exact(f, args):
    """f(args) to at least 40 digits, or None where it is not a finite real number."""
    last = None
    for digits in (60, 120, 240, 480, 960, 1920):
        with mp.workdps(digits):
            try:
                now = mp.mpmathify(f(*args))
            except (ZeroDivisionError, ValueError, OverflowError):
                return None
            if isinstance(now, mp.mpc):
                return None
            if not mp.isfinite(now):
                return None
            if last and abs(now - last) <= abs(now) * mp.mpf(10) ** -40:
                return now
            last = now
    if now == 0:  # from two numbers that cancel in 1920 digits
        return now
    sys.exit(f"no convergence at {args}")


def rounded(v, kind):
    """The number of this type nearest to v as (hex text, rest in ulp), None if it overflows."""
    bits, least, most = FORMATS[kind]
    with mp.workdps(80):
        exponent = mp.frexp(v)[1] if v else least
        if exponent < least - 10:
            return "0x0p+0", mp.mpf(0)
        unit = max(exponent - bits, least)
        whole = mp.nint(mp.ldexp(v, -unit))
        if abs(whole) >= 2 ** bits:
            unit += 1
            whole /= 2
        if unit + bits > most:
            return None
        rest = mp.ldexp(v, -unit) - whole
        return float(mp.ldexp(whole, unit)).hex(), rest


def is_excluded(name, output, args, kind):
    bits, least, _ = FORMATS[kind]
    with mp.workdps(60):
        smallest_normal = mp.ldexp(1, least + bits - 1)
        return any(rule(args, smallest_normal) for rule in EXCLUDED.get((name, output), []))


def cells(name, op, args, kind):
    for output, f in enumerate([op.value, *op.partials]):
        v = exact(f, args)
        answer = None if v is None else rounded(v, kind)
        if answer is None or is_excluded(name, output, args, kind):
            yield "-"
        else:
            number, rest = answer
            yield f"{number}@{mp.nstr(rest, 2, min_fixed=-9)}" if rest else number


def fit(x, kind):
    """x as an exact number of the type, None if it overflows."""
    try:
        return struct.unpack("f", struct.pack("f", x))[0] if kind == "f32" else float(x)
    except OverflowError:
        return None


def arguments(op, kind, count, rng):
    limit = 300 if kind == "f64" else 37
    fixed = [p for p in op.fixed if all(abs(a) < 10.0 ** (limit + 1) for a in p)]
    for point in fixed:
        yield tuple(fit(a, kind) for a in point)
    for i in range(count):
        yield tuple(fit(a, kind) for a in op.draw(i, rng, limit))


def first_order(name, op, kind, rng):
    for args in arguments(op, kind, COUNT[op.arity], rng):
        answers = list(cells(name, op, [mp.mpf(a) for a in args], kind))
        if any(a != "-" for a in answers):
            yield "\t".join([name, kind, *(a.hex() for a in args), *answers])


def second_order(name, op, rng):
    for _ in range(COUNT_D2[op.arity]):
        args = op.moderate(rng)
        answers = []
        for i in range(op.arity):
            for j in range(i, op.arity):
                def along(t, i=i, j=j):
                    point = [mp.mpf(a) for a in args]
                    point[j] = t
                    return mp.mpmathify(op.partials[i](*point))
                with mp.workdps(60):
                    answers.append(mp.nstr(mp.diff(along, mp.mpf(args[j])), 20))
        yield "\t".join([name, "d2", *(a.hex() for a in args), *answers])


def main():
    print("# Written by elementwise.py, which explains the columns.")
    for name, op in OPS.items():
        rng = random.Random(name)
        for kind in FORMATS:
            for line in first_order(name, op, kind, rng):
                print(line)
        if op.moderate:
            for line in second_order(name, op, rng):
                print(line)


if __name__ == "__main__":
    main()
