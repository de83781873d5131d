"""Elastic nets and ridge with 60 digits: an active-set method that shares nothing with the library's solvers.

``exact_fit`` takes the numbers of X and y for exact. It starts from all zeros and lets in the feature that
violates the KKT conditions most, until none does (the idea of Lawson and Hanson's non-negative least squares,
with the two signs of a coefficient in turn). Dependent columns are told by 40 digits, so that "a combination
of the others" is a fact and not a matter of tolerance.
"""

from dataclasses import dataclass
from functools import cached_property

import mpmath
import numpy as np

DIGITS = 60
TINY = mpmath.mpf(10) ** -40


@dataclass
class Exact:
    """The problem in 60 digits and its solution."""

    columns: list  # centred, one list a feature
    target: list
    shares: list  # weights, sum 1
    x_mean: list
    y_mean: object
    w: list
    l1: object
    l2: object

    @cached_property
    def residual(self):
        return residual(self, self.w)

    @cached_property
    def pulls(self):
        return [dot(self.shares, column, self.residual) for column in self.columns]

    @property
    def coef(self):
        return np.array([float(v) for v in self.w])

    @property
    def intercept(self):
        with mpmath.workdps(DIGITS):
            return float(self.y_mean - sum(m * v for m, v in zip(self.x_mean, self.w, strict=True)))

    @property
    def unique(self):
        """Whether no other coefficients are as good: the features at their bound are independent."""
        with mpmath.workdps(DIGITS):
            if self.l2 > 0:
                return True
            bound = [j for j, p in enumerate(self.pulls) if abs(abs(p) - self.l1) <= TINY * (1 + self.l1)]
            bound = [j for j in bound if self.l1 > 0 or any(self.columns[j])]
            return rank(self.columns, self.shares, bound) == len(bound)

    @property
    def tied(self):
        """Features at 0 whose pull is within 1e-9 of the bound: rounding may decide about them."""
        slack = self.l1 * mpmath.mpf(10) ** -9
        return np.array(
            [v == 0 and abs(p) >= self.l1 - slack for v, p in zip(self.w, self.pulls, strict=True)]
        )

    def excess(self, coef):
        """The objective at ``coef`` (with its best intercept) minus the minimum, over ``||y||²/(2n)``."""
        with mpmath.workdps(DIGITS):
            w = [mpmath.mpf(float(v)) for v in coef]
            scale = dot(self.shares, self.target, self.target) / 2
            return float((objective(self, w) - objective(self, self.w)) / (scale or 1))

    def misfit(self, coef):
        """Largest difference of the fitted values, over the largest of the exact ones (or of y)."""
        with mpmath.workdps(DIGITS):
            other = residual(self, [mpmath.mpf(float(v)) for v in coef])
            size = max(abs(a - b) for a, b in zip(self.target, self.residual, strict=True))
            size = size or max(map(abs, self.target)) or mpmath.mpf(1)
            return float(max(abs(a - b) for a, b in zip(other, self.residual, strict=True)) / size)


def dot(shares, a, b):
    return sum((s * u * v for s, u, v in zip(shares, a, b, strict=True)), mpmath.mpf(0))


def residual(problem, w):
    rest = list(problem.target)
    for column, value in zip(problem.columns, w, strict=True):
        if value:
            rest = [r - value * v for r, v in zip(rest, column, strict=True)]
    return rest


def objective(problem, w):
    rest = residual(problem, w)
    penalty = sum(problem.l1 * abs(v) + problem.l2 * v**2 / 2 for v in w)
    return dot(problem.shares, rest, rest) / 2 + penalty


def rank(columns, shares, chosen):
    """Rank of columns, by Gram-Schmidt."""
    basis = []
    for j in chosen:
        v, own = list(columns[j]), dot(shares, columns[j], columns[j])
        for q, size in basis:
            t = dot(shares, q, v) / size
            v = [a - t * b for a, b in zip(v, q, strict=True)]
        left = dot(shares, v, v)
        if own and left > TINY * own:
            basis.append((v, left))
    return len(basis)


def exact_fit(X, y, lam, l1_ratio, weights=None, fit_intercept=True):
    """Return the solution of the elastic net with 60 digits; X is a dense array of any number type."""
    with mpmath.workdps(DIGITS):
        X = np.asarray(X)
        raw = [mpmath.mpf(float(v)) for v in (np.ones(len(X)) if weights is None else weights)]
        total = sum(raw)
        shares = [s / total for s in raw]

        def centred(values):
            values = [mpmath.mpf(float(v)) for v in values]
            mean = sum(s * v for s, v in zip(shares, values, strict=True)) if fit_intercept else mpmath.mpf(0)
            if all(v == u for v, s in zip(values, shares, strict=True) if s
                   for u in values[:1]) and fit_intercept:  # fmt: skip
                mean = values[0]
            return [v - mean if s else mpmath.mpf(0) for v, s in zip(values, shares, strict=True)], mean

        columns, x_mean = zip(*(centred(column) for column in X.T), strict=True)
        target, y_mean = centred(y)
        lam, share = mpmath.mpf(float(lam)), mpmath.mpf(float(l1_ratio))
        problem = Exact(
            list(columns), target, shares, list(x_mean), y_mean, [], lam * share, lam * (1 - share)
        )
        problem.w = solve(problem)
        return problem


def solve(problem):
    d, l1 = len(problem.columns), problem.l1
    G = mpmath.matrix(d, d)
    for i in range(d):
        for j in range(i + 1):
            G[i, j] = G[j, i] = dot(problem.shares, problem.columns[i], problem.columns[j])
    c = [dot(problem.shares, column, problem.target) for column in problem.columns]
    free = l1 == 0
    w, signs = [mpmath.mpf(0)] * d, [0] * d
    scale = [mpmath.sqrt(G[j, j]) or mpmath.mpf(1) for j in range(d)]
    for j in range(d):
        G[j, j] += problem.l2
    for _ in range(100 * d):
        pulls = [c[i] - sum(G[i, j] * w[j] for j in range(d) if w[j]) for i in range(d)]
        best = max(abs(v) / s for v, s in zip(c, scale, strict=True))
        over = [(abs(pulls[j]) - l1) / scale[j] if not signs[j] else mpmath.mpf(0) for j in range(d)]
        j = max(range(d), key=over.__getitem__)
        if over[j] <= TINY * best:
            return w
        enter(G, c, l1, w, signs, j, 1 if pulls[j] > 0 else -1, free)
    raise AssertionError("the 60-digit solver went in circles")


def enter(G, c, l1, w, signs, j, sign, free):
    """Let feature j in, then move to the minimum on the active set, dropping what meets 0 on the way."""
    active = [i for i in range(len(w)) if signs[i]]
    if active:
        v = mpmath.lu_solve(sub(G, active), mpmath.matrix([G[i, j] for i in active]))
        distance = G[j, j] - sum(G[i, j] * v[k] for k, i in enumerate(active))
        if distance <= TINY * G[j, j]:  # dependent: slide along, at the same fit, till one goes
            slide = {i: -sign * v[k] for k, i in enumerate(active)}
            reach = [(-w[i] / slide[i], i) for i in active if slide[i] * signs[i] < -TINY]
            t, gone = min(reach)
            for i in active:
                w[i] += t * slide[i]
            w[j], w[gone], signs[gone], signs[j] = sign * t, mpmath.mpf(0), 0, sign
            active = []
    signs[j] = sign
    while True:
        active = [i for i in range(len(w)) if signs[i]]
        if not active:
            return
        new = mpmath.lu_solve(sub(G, active), mpmath.matrix([c[i] - l1 * signs[i] for i in active]))
        stops = [(w[i] / (w[i] - new[k]), i) for k, i in enumerate(active)
                 if not free and new[k] * signs[i] <= 0 and w[i] != new[k]]  # fmt: skip
        t, gone = min(stops, default=(mpmath.mpf(1), -1))
        for k, i in enumerate(active):
            w[i] += t * (new[k] - w[i])
        if gone < 0:
            return
        w[gone], signs[gone] = mpmath.mpf(0), 0


def sub(G, chosen):
    return mpmath.matrix([[G[i, j] for j in chosen] for i in chosen])
