# SPDX-License-Identifier: MIT
"""The operations of elementwise.py: textbook formulas, and where to look.

Op(value, partials, draw, moderate, fixed): the formulas over mpmath numbers; a function that draws
the i-th arguments for orders 0 and 1; the box for order 2, a pair an argument; further points.
"""
import math

from mpmath import (acos, acosh, asin, asinh, atan, atan2, atanh, cbrt, ceil, cos, cosh, erf, erfc,
                    exp, expm1, factorial, floor, fsum, hypot, inf, log, log1p, mpf, nint, pi, sign,
                    sin, sinh, sqrt, tan, tanh)


class Op:
    def __init__(self, value, partials, draw, box=None, fixed=()):
        self.value, self.partials, self.arity = value, partials, len(partials)
        self.draw, self.box = draw, box
        self.fixed = [p if isinstance(p, tuple) else (p,) for p in fixed]

    @property
    def moderate(self):
        return self.box and (lambda rng: tuple(rng.uniform(*b) for b in self.box))


# ---- where to look -------------------------------------------------------------------------------

def magnitude(rng, limit, low=None):
    """Log-uniform between 10^-limit (or 10^low) and 10^limit, either sign."""
    return rng.choice((-1, 1)) * 10.0 ** rng.uniform(-limit if low is None else low, limit)


def anywhere(*intervals):
    """A third over all magnitudes, a third over 10^-3 .. 10^3, a third uniform in the intervals."""
    def draw(i, rng, limit):
        if i % 3 == 0:
            return (magnitude(rng, limit),)
        if i % 3 == 1 or not intervals:
            return (magnitude(rng, 3),)
        return (rng.uniform(*intervals[i // 3 % len(intervals)]),)
    return draw


def positive(*intervals):
    inner = anywhere(*intervals)
    return lambda i, rng, limit: (abs(inner(i, rng, limit)[0]),)


def within(lo, hi):
    """Half uniform in [lo, hi], a quarter near 0, the rest near the ends, at all distances."""
    def draw(i, rng, limit):
        if i % 2:
            return (rng.uniform(lo, hi),)
        if i % 4:
            return (magnitude(rng, 0, -limit) * min(1, hi),)
        gap = 10.0 ** rng.uniform(-15 if limit > 40 else -7, -1)
        return (rng.choice((lo + gap, hi - gap)),)
    return draw


def above_one(i, rng, limit):
    if i % 2:
        return (1 + 10.0 ** rng.uniform(-15 if limit > 40 else -7, 2),)
    return (10.0 ** rng.uniform(0, limit),)


def pairs(scale=2.0):
    """All magnitudes apart, all magnitudes together, uniform."""
    def draw(i, rng, limit):
        if i % 3 == 0:
            return magnitude(rng, limit), magnitude(rng, limit)
        if i % 3 == 1:
            x = magnitude(rng, limit - 4)
            return x, x * rng.uniform(-4, 4)
        return rng.uniform(-scale, scale), rng.uniform(-scale, scale)
    return draw


def powers(i, rng, limit):
    """x of any magnitude; y so that x^y is of any magnitude too, whole numbers among them."""
    x = 10.0 ** (rng.uniform(-limit, limit) if i % 3 else rng.uniform(-3, 3) * 10.0 ** -(i % 9))
    y = rng.uniform(-limit, limit) / math.log10(x)
    if i % 4 == 0:
        y = float(round(y)) if abs(y) < 1e6 else y
        x = -x if abs(y) < 1e6 and rng.random() < 0.4 else x
    return (x, y) if i % 5 else (x, rng.uniform(-2, 2))


def triples(i, rng, limit):
    if i % 2:
        return tuple(rng.uniform(-2, 2) for _ in range(3))
    return tuple(magnitude(rng, limit / 2 - 2) for _ in range(3))


def scaled_square(i, rng, limit):
    """x and y with y x^2 between -740 and 700 (f32: -100 and 88)."""
    x = magnitude(rng, 3, -3)
    low, high = (-740, 700) if limit > 40 else (-100, 85)
    return (x, rng.choice((-1.0, -0.5))) if i % 2 else (x, rng.uniform(low, high) / (x * x))


def near(centre, *intervals):
    inner = anywhere(*intervals)

    def draw(i, rng, limit):
        return (centre + magnitude(rng, 0, -14 if limit > 40 else -6),) if i % 4 == 0 else inner(
            i, rng, limit)
    return draw


def with_slope(inner, lo, hi):
    return lambda i, rng, limit: (*inner(i, rng, limit), rng.uniform(lo, hi))


# ---- formulas ------------------------------------------------------------------------------------

def zero(*_):
    return mpf(0)


def one(*_):
    return mpf(1)


def sigmoid(x):
    return 1 / (1 + exp(-x))


def bell(x):
    return exp(-x * x / 2) / sqrt(2 * pi)


def cdf(x):
    return erfc(-x / sqrt(mpf(2))) / 2


def mills(x):
    return bell(x) / cdf(x)


def sin_pi(x, k):
    """sin(pi x + k pi / 2), the argument reduced exactly first, so that zeros are exact."""
    halves = int(nint(2 * x))
    rest = pi * (x - mpf(halves) / 2)
    return (sin(rest), cos(rest), -sin(rest), -cos(rest))[(halves + k) % 4]


def sinc_terms(x, n):
    """The n-th derivative by Taylor's series near 0, Leibniz' rule on sin(pi x) / (pi x) elsewhere."""
    n = int(nint(n))
    if abs(x) < mpf(1) / 2:
        return [(-1) ** k * pi ** (2 * k) * x ** (2 * k - n) / ((2 * k + 1) * factorial(2 * k - n))
                for k in range((n + 1) // 2, n + 400)]
    return [(-1) ** (n - k) * math.comb(n, k) * factorial(n - k) * pi ** (k - 1) * sin_pi(x, k)
            / x ** (n - k + 1) for k in range(n + 1)]


def sinc(x, n=0):
    return fsum(sinc_terms(x, n))


def truncated(v):
    return floor(v) if v > 0 else ceil(v)


def fmod(x, y):
    return x - truncated(x / y) * y


def power(x, y):
    if x < 0 and y != nint(y):
        return inf
    return x ** int(y) if x < 0 else x ** y


def power_log(x, s):
    return x ** s * log(x) if x > 0 else inf


def relu(x):
    return max(x, mpf(0))


def angle(x, y):
    """x / hypot(x, y)"""
    return x / hypot(x, y)


def gauss(x):
    return 2 / sqrt(pi) * exp(-x * x)


def scale():
    return mpf("1.0507009873554804934193349852946")


def alpha():
    return mpf("1.6732632423543772848170429916717")


def mixed(x, y, w):
    """d2/dx dy of x^(y + w)"""
    return power(x, y + w - 1) * (1 + (y + w) * log(x)) if x > 0 else inf


BIG = [(m * 10.0 ** e,) for m in (1, -1.7) for e in (-300, -37, -8, 8, 22, 37, 300)]
TAIL = anywhere((-40, 40), (-750, 750), (-1, 1))
BELL = anywhere((-6, 6), (-28, 28), (-1, 1))
NORMAL = lambda i, rng, limit: anywhere((-6, 6), (-40, 38), (-1000, 0))(i, rng, 3)
CIRCLE = anywhere((-10, 10), (-1000, 1000))

OPS = {
    # arithmetic
    "add": Op(lambda x, y: x + y, [one, one], pairs()),
    "sub": Op(lambda x, y: x - y, [one, lambda x, y: mpf(-1)], pairs()),
    "mul": Op(lambda x, y: x * y, [lambda x, y: y, lambda x, y: x], pairs(), [(-2, 2)] * 2),
    "div": Op(lambda x, y: x / y, [lambda x, y: 1 / y, lambda x, y: -x / y ** 2], pairs(),
              [(-2, 2), (0.3, 2)]),
    "neg": Op(lambda x: -x, [lambda x: mpf(-1)], anywhere()),
    "reciprocal": Op(lambda x: 1 / x, [lambda x: -1 / x ** 2], anywhere(), [(0.2, 3)], BIG),
    "chain": Op(lambda x, y: x * y, [lambda x, y: y, lambda x, y: x], pairs(), [(-2, 2)] * 2),
    "fma": Op(lambda x, y, w: x * y + w, [lambda x, y, w: y, lambda x, y, w: x, one], triples,
              [(-2, 2)] * 3),
    "fmod": Op(fmod, [one, lambda x, y: -truncated(x / y)], pairs(100.0)),
    # powers and roots
    "square": Op(lambda x: x * x, [lambda x: 2 * x], anywhere(), [(-2, 2)], BIG),
    "sqrt": Op(sqrt, [lambda x: 1 / (2 * sqrt(x))], positive((0, 4)), [(0.1, 4)]),
    "sub_squares": Op(lambda x, y: x * x - y * y, [lambda x, y: 2 * x, lambda x, y: -2 * y],
                      pairs(), [(-2, 2)] * 2),
    "rsqrt": Op(lambda x: 1 / sqrt(x), [lambda x: -1 / (2 * x * sqrt(x))], positive((0, 4)),
                [(0.1, 4)]),
    "cbrt_slope": Op(lambda x: 1 / (3 * cbrt(abs(x)) ** 2),
                     [lambda x: -2 / (9 * x * cbrt(abs(x)) ** 2)], anywhere((-8, 8)), [(0.2, 4)],
                     BIG),
    "cbrt": Op(lambda x: sign(x) * cbrt(abs(x)), [lambda x: 1 / (3 * cbrt(abs(x)) ** 2)],
               anywhere((-8, 8)), [(0.2, 4)], BIG),
    "pow": Op(power, [lambda x, y: y * power(x, y - 1), power_log], powers, [(0.2, 3), (-3, 3)]),
    "pow_add": Op(lambda x, y, w: power(x, y + w),
                  [lambda x, y, w: (y + w) * power(x, y + w - 1),
                   lambda x, y, w: power_log(x, y + w), lambda x, y, w: power_log(x, y + w)],
                  lambda i, rng, limit: (*powers(i, rng, limit - 4), rng.choice((1.0, -1.0, -2.0))),
                  [(0.2, 3), (-3, 3), (-1, 1)]),
    "pow_slope": Op(lambda x, y, w: (y + w) * power(x, y + w - 1),
                    [lambda x, y, w: (y + w) * (y + w - 1) * power(x, y + w - 2), mixed, mixed],
                    lambda i, rng, limit: (*powers(i, rng, limit - 4), rng.choice((0.0, -1.0))),
                    [(0.2, 3), (-3, 3), (-1, 1)]),
    "pow_log": Op(lambda x, y, w: power_log(x, y + w),
                  [mixed, lambda x, y, w: power_log(x, y + w) * log(x),
                   lambda x, y, w: power_log(x, y + w) * log(x)],
                  lambda i, rng, limit: (*powers(i, rng, limit - 6), rng.choice((0.0, -1.0, -2.0))),
                  [(0.2, 3), (-3, 3), (-1, 1)]),
    "hypot": Op(hypot, [angle, lambda x, y: angle(y, x)], pairs(), [(-2, 2), (0.3, 2)]),
    "unit": Op(angle, [lambda x, y: y * y / hypot(x, y) ** 3,
                       lambda x, y: -x * y / hypot(x, y) ** 3], pairs(), [(-2, 2), (0.3, 2)]),
    "mirror": Op(lambda x, y: x / (x * x + y * y),
                 [lambda x, y: (y * y - x * x) / (x * x + y * y) ** 2,
                  lambda x, y: -2 * x * y / (x * x + y * y) ** 2], pairs(), [(-2, 2), (0.3, 2)]),
    # exponentials and logarithms
    "exp": Op(exp, [exp], TAIL, [(-3, 3)], BIG),
    "exp2": Op(lambda x: 2 ** x, [lambda x: log(mpf(2)) * 2 ** x], TAIL, [(-3, 3)], BIG),
    "expm1": Op(expm1, [exp], TAIL, [(-3, 3)], BIG),
    "exp_square": Op(lambda x, y: exp(y * x * x),
                     [lambda x, y: 2 * x * y * exp(y * x * x), lambda x, y: x * x * exp(y * x * x)],
                     scaled_square, [(-2, 2), (-1, 1)]),
    "log": Op(log, [lambda x: 1 / x], positive((0, 2)), [(0.2, 4)], [1.0, 1e22]),
    "log2": Op(lambda x: log(x) / log(mpf(2)), [lambda x: 1 / (x * log(mpf(2)))],
               positive((0, 2)), [(0.2, 4)], [1.0, 2.0, 8.0]),
    "log10": Op(lambda x: log(x) / log(mpf(10)), [lambda x: 1 / (x * log(mpf(10)))],
                positive((0, 2)), [(0.2, 4)], [1.0, 10.0, 1e22]),
    "log1p": Op(log1p, [lambda x: 1 / (1 + x)],
                lambda i, rng, limit: within(-1, 0)(i, rng, limit) if i % 2
                else positive((0, 2))(i, rng, limit), [(-0.8, 3)]),
    "logaddexp": Op(lambda x, y: log(exp(x) + exp(y)),
                    [lambda x, y: exp(x) / (exp(x) + exp(y)),
                     lambda x, y: exp(y) / (exp(x) + exp(y))],
                    lambda i, rng, limit: pairs(30.0)(i, rng, 2.8) if i % 4
                    else pairs()(i, rng, limit), [(-3, 3)] * 2, [(1000.0, -1000.0), (0.0, 0.0)]),
    "sigmoid_sub": Op(lambda x, y: sigmoid(x - y),
                      [lambda x, y: sigmoid(x - y) * sigmoid(y - x),
                       lambda x, y: -sigmoid(x - y) * sigmoid(y - x)],
                      lambda i, rng, limit: pairs(30.0)(i, rng, 2.8), [(-3, 3)] * 2),
    "sigmoid_sub_slope": Op(lambda x, y: sigmoid(x - y) * sigmoid(y - x),
                            [lambda x, y: -sigmoid(x - y) * sigmoid(y - x) * tanh((x - y) / 2),
                             lambda x, y: sigmoid(x - y) * sigmoid(y - x) * tanh((x - y) / 2)],
                            lambda i, rng, limit: pairs(30.0)(i, rng, 2.8), [(-3, 3)] * 2),
    "xlogy": Op(lambda x, y: x * log(y), [lambda x, y: log(y), lambda x, y: x / y],
                lambda i, rng, limit: (pairs()(i, rng, limit)[0], abs(pairs()(i, rng, limit)[1])),
                [(-2, 2), (0.2, 4)]),
    # trigonometric and hyperbolic
    "sin": Op(sin, [cos], CIRCLE, [(-4, 4)], BIG + [math.pi, math.pi / 2]),
    "cos": Op(cos, [lambda x: -sin(x)], CIRCLE, [(-4, 4)], BIG + [math.pi, math.pi / 2]),
    "tan": Op(tan, [lambda x: 1 / cos(x) ** 2], near(math.pi / 2, (-10, 10)), [(-1.2, 1.2)], BIG),
    "asin": Op(asin, [lambda x: 1 / sqrt(1 - x * x)], within(-1, 1), [(-0.8, 0.8)]),
    "acos": Op(acos, [lambda x: -1 / sqrt(1 - x * x)], within(-1, 1), [(-0.8, 0.8)]),
    "atan": Op(atan, [lambda x: 1 / (1 + x * x)], anywhere((-3, 3)), [(-3, 3)], BIG),
    "atan2": Op(atan2, [lambda x, y: y / (x * x + y * y), lambda x, y: -x / (x * x + y * y)],
                pairs(), [(0.3, 2), (-2, 2)], [(1e200, 1e200), (1e-200, 2e-200)]),
    "sinh": Op(sinh, [cosh], TAIL, [(-3, 3)], BIG),
    "cosh": Op(cosh, [sinh], TAIL, [(-3, 3)], BIG),
    "tanh": Op(tanh, [lambda x: 1 / cosh(x) ** 2], TAIL, [(-3, 3)], BIG + [20.0, 355.0]),
    "sech2": Op(lambda x: 1 / cosh(x) ** 2, [lambda x: -2 * tanh(x) / cosh(x) ** 2], TAIL,
                [(-3, 3)], BIG),
    "asinh": Op(asinh, [lambda x: 1 / sqrt(1 + x * x)], anywhere((-3, 3)), [(-3, 3)], BIG),
    "acosh": Op(acosh, [lambda x: 1 / sqrt(x * x - 1)], above_one, [(1.2, 4)]),
    "atanh": Op(atanh, [lambda x: 1 / (1 - x * x)], within(-1, 1), [(-0.8, 0.8)]),
    "sinc": Op(sinc, [lambda x: sinc(x, 1)], near(2, (-5, 5), (-100, 100)), [(-3, 3)],
               BIG + [0.0, 0.5, 1.0, 7.0]),
    "sinc_derivative": Op(sinc, [lambda x, n: sinc(x, n + 1), zero],
                          lambda i, rng, limit: (*near(2, (-5, 5), (-100, 100))(i, rng, 3),
                                                 float(i % 2)), [(-3, 3), (1, 1)],
                          [(0.0, float(n)) for n in range(7)]),
    # kinks, steps and choices
    "abs": Op(abs, [sign], anywhere(), None, BIG),
    "copysign": Op(lambda x, y: abs(x) * sign(y), [lambda x, y: sign(x) * sign(y), zero], pairs()),
    "floor": Op(floor, [zero], CIRCLE), "ceil": Op(ceil, [zero], CIRCLE),
    "round": Op(nint, [zero], CIRCLE, None, [0.5, 1.5, 2.5, -0.5, -1.5]),
    "sign": Op(sign, [zero], anywhere()),
    "maximum": Op(max, [lambda x, y: mpf(x > y), lambda x, y: mpf(y > x)], pairs()),
    "minimum": Op(min, [lambda x, y: mpf(x < y), lambda x, y: mpf(y < x)], pairs()),
    "fmax": Op(max, [lambda x, y: mpf(x > y), lambda x, y: mpf(y > x)], pairs()),
    "fmin": Op(min, [lambda x, y: mpf(x < y), lambda x, y: mpf(y < x)], pairs()),
    "clamp": Op(lambda x, y, w: min(max(x, y), w),
                [lambda x, y, w: mpf(y < x < w), lambda x, y, w: mpf(x < y < w),
                 lambda x, y, w: mpf(max(x, y) > w)], triples),
    # error function and activations
    "erf": Op(erf, [gauss], BELL, [(-2.5, 2.5)]),
    "erfc": Op(erfc, [lambda x: -gauss(x)], BELL, [(-2.5, 2.5)]),
    "normal_cdf": Op(cdf, [bell], anywhere((-6, 6), (-38, 38), (-1, 1)), [(-3, 3)]),
    "log_normal_cdf": Op(lambda x: log1p(-cdf(-x)) if x > 0 else log(cdf(x)), [mills], NORMAL,
                         [(-3, 3)]),
    "normal_mills": Op(mills, [lambda x: -mills(x) * (x + mills(x))], NORMAL, [(-3, 3)]),
    "normal_excess": Op(lambda x: x + mills(x), [lambda x: 1 - mills(x) * (x + mills(x))],
                        NORMAL, [(-3, 3)]),
    "sigmoid": Op(sigmoid, [lambda x: sigmoid(x) * sigmoid(-x)], TAIL, [(-5, 5)], BIG),
    "sigmoid_slope": Op(lambda x: sigmoid(x) * sigmoid(-x),
                        [lambda x: -sigmoid(x) * sigmoid(-x) * tanh(x / 2)], TAIL, [(-5, 5)], BIG),
    "log_sigmoid": Op(lambda x: -log(1 + exp(-x)), [lambda x: sigmoid(-x)], TAIL, [(-5, 5)], BIG),
    "softplus": Op(lambda x: log(1 + exp(x)), [sigmoid], TAIL, [(-5, 5)], BIG + [20.5]),
    "relu": Op(relu, [lambda x: mpf(x > 0)], anywhere(), [(0.1, 2)], BIG),
    "leaky_relu": Op(lambda x, y: x if x > 0 else y * x,
                     [lambda x, y: mpf(1) if x > 0 else y, lambda x, y: min(x, mpf(0))],
                     with_slope(anywhere((-3, 3)), 0, 1), [(-3, -0.1), (0, 1)]),
    "elu": Op(lambda x, y: x if x > 0 else y * expm1(x),
              [lambda x, y: mpf(1) if x > 0 else y * exp(x),
               lambda x, y: mpf(0) if x > 0 else expm1(x)],
              with_slope(TAIL, 0.2, 2), [(-3, -0.1), (0.2, 2)]),
    "selu": Op(lambda x: scale() * (x if x > 0 else alpha() * expm1(x)),
               [lambda x: scale() * (1 if x > 0 else alpha() * exp(x))], TAIL, [(-3, -0.1)]),
    "gelu": Op(lambda x: x * cdf(x), [lambda x: cdf(x) + x * bell(x)],
               anywhere((-6, 6), (-38.5, 38), (-1, 1)), [(-3, 3)]),
    "silu_slope": Op(lambda x: sigmoid(x) + x * sigmoid(x) * sigmoid(-x),
                     [lambda x: sigmoid(x) * sigmoid(-x) * (2 - x * tanh(x / 2))], TAIL, [(-5, 5)],
                     BIG),
    "silu": Op(lambda x: x * sigmoid(x), [lambda x: sigmoid(x) + x * sigmoid(x) * sigmoid(-x)],
               TAIL, [(-5, 5)], BIG),
}

# ---- what is not tested, and why -----------------------------------------------------------------

class Cancels:
    """The answer is the sum of these terms, each of which is itself rounded, so that only
    arithmetic of twice the precision would keep the digits where they cancel by more than half."""

    def __init__(self, terms):
        self.terms = terms

    def __call__(self, args, least):
        terms = self.terms(*args)
        return fsum(abs(t) for t in terms) > 2 * abs(fsum(terms))


class Subnormal:
    """The answer is a multiple of this factor, which is below the smallest normal number and has
    lost digits."""

    def __init__(self, factor):
        self.factor = factor

    def __call__(self, args, least):
        return abs(self.factor(*args)) < least


def second_order(args, least):
    """The answer is a second derivative of another operation, and is tested as such."""
    return True


# (operation, output): rules; output 0 is the value, 1, 2, 3 are the derivatives
EXCLUDED = {
    ("logaddexp", 0): [Cancels(lambda x, y: (max(x, y), log1p(exp(-abs(x - y)))))],
    **{(op, i): [Cancels(lambda x: (sigmoid(x), x * sigmoid(x) * sigmoid(-x)))]
       for op, i in (("silu", 1), ("silu_slope", 0))},
    ("silu_slope", 1): [Cancels(lambda x: (mpf(2), -x * tanh(x / 2))),
                        Subnormal(lambda x: sigmoid(x) * sigmoid(-x))],
    ("mirror", 1): [Cancels(lambda x, y: (x * x, -y * y))],
    ("normal_mills", 1): [Subnormal(bell)],
    ("normal_excess", 1): [Cancels(lambda x: (mpf(1), -mills(x) * (x + mills(x))))],
    ("gelu", 1): [Cancels(lambda x: (cdf(x), x * bell(x))), Subnormal(lambda x: exp(-x * x / 2))],
    ("sinc", 1): [Cancels(lambda x: sinc_terms(x, 1))],
    ("sinc_derivative", 0): [Cancels(sinc_terms)],
    ("sinc_derivative", 1): [Cancels(lambda x, n: sinc_terms(x, n + 1))],
    **{("exp_square", i): [Subnormal(lambda x, y: exp(y * x * x))] for i in (1, 2)},
    **{(op, i): [second_order] for op in ("pow_slope", "pow_log") for i in (1, 2, 3)},
}
