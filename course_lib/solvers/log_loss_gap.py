"""The duality gap of the log-loss: a proven bound on how far an objective is above its minimum (chapter 05).

A dual point is a table ``Q`` of probabilities, one column per class, whose residuals ``Y - Q`` sum to 0 in
every class (that is the intercept's condition) and, without an L2 part, do not pull on a coefficient with
more than ``lam``. The gap is a sum of terms >= 0: the divergence of ``Q`` from the model's probabilities, and
what each coefficient misses of its Fenchel-Young equality.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from course_lib.solvers.log_loss import Point, Problem, probability_changes

__all__ = ["Table", "duality_gap", "gap", "gap_of_coefficients", "tangent"]

ROUNDING = 1e-16  # of a mean of n residuals that are at most 1

Table = tuple[np.ndarray, np.ndarray]  # probabilities, and 1 minus them without cancellation


def duality_gap(X: Any, y: Any, w: Any, b: Any, lam: float, l1_ratio: float = 0.0) -> float:
    """Return a bound on how far the objective at ``w`` and ``b`` is above its minimum; needs ``lam > 0``.

    The dual point is the table of the model's own probabilities, corrected so that it is feasible.
    """
    problem = Problem.build(X, y, lam, l1_ratio, fit_intercept=True, centring=False)
    point = problem.at(problem.packed(w, b))
    return gap(problem, point, (point.P, point.rest))


def tangent(old: Point, new: Point) -> Table:
    """Return the probabilities at ``new`` by their tangent at ``old``; those at ``new`` if some leave [0, 1].

    If ``new`` is the minimum of the parabola at ``old``, this table meets the KKT conditions, which the
    probabilities at ``new`` meet only nearly. The gap it gives falls with the fourth power of the step,
    theirs with the second.
    """
    change = probability_changes(old, new.scores - old.scores)
    P, rest = old.P + change, old.rest - change
    return (P, rest) if P.min() >= 0 and rest.min() >= 0 else (new.P, new.rest)


def gap(problem: Problem, point: Point, table: Table) -> float:
    """Return the duality gap at ``point`` for the better of two dual points made from ``table``."""
    share, first, n_scores = problem.share, int(problem.fit_intercept), point.W.shape[1]
    (Q, Q_rest), P, Y = table, point.P, problem.Y
    if n_scores == 1:  # write the other class down too
        Q, Q_rest = np.hstack([Q_rest, Q]), np.hstack([Q, Q_rest])
        P, Y = np.hstack([point.rest, P]), np.hstack([~Y, Y])
    residual = np.where(Y, Q_rest, -Q)
    if problem.fit_intercept:
        residual = _balanced(share, Q, residual, Y)
    W, l1, l2 = point.W[first:], problem.l1[first:], problem.l2[first:]
    pull = (problem.X.T @ (share * residual[:, -n_scores:]))[first:]
    strongest = np.max(np.abs(pull - l2 * W))
    scales = {min(1.0, l1[0, 0] / strongest) if strongest > 0 else 1.0}
    if l2[0] > 0:
        scales.add(1.0)  # with an L2 part every balanced table is feasible, the residual itself too
    gaps = []
    for scale in scales:
        met = np.clip(scale * pull, -l1, l1)  # the part of the pull that L1 meets; l2 W meets the rest
        divergence = special.kl_div(np.maximum(Y - scale * residual, 0), P)
        missed = np.sum(l1 * np.abs(W) - met * W)
        if l2[0] > 0:
            missed += np.sum((scale * pull - met - l2 * W) ** 2 / (2 * l2))
        gaps.append(np.sum(share[:, 0] @ divergence) + missed)
    return float(min(gaps))


def gap_of_coefficients(problem: Problem, point: Point, gradient: np.ndarray) -> float:
    """Return a bound on :func:`gap` with the point's own table; it needs no product with ``X``.

    The dual point is ``Y - t (Y - P)``, with the largest ``t <= 1`` that is feasible. Its divergence from
    ``P`` is at most the mean of ``(1 - t)² u / (1 - u)``, where ``u`` is the probability of the wrong classes
    (Jensen's inequality): no logarithm either.
    """
    first, share = int(problem.fit_intercept), problem.share[:, 0]
    if problem.l2[-1, 0] > 0 or (first and np.abs(gradient[0]).max() > ROUNDING):
        return gap(problem, point, (point.P, point.rest))
    l1, W, pull = problem.l1[first:], point.W[first:], -gradient[first:]
    t = min(1.0, float(l1[0, 0] / max(np.abs(pull).max(), l1[0, 0])))
    missed = float((l1 * np.abs(W) - t * pull * W).sum())
    if t == 1:
        return missed
    own, wrong = (np.where(problem.Y, *pair)[:, 0] if point.P.shape[1] == 1 else pair[0][problem.Y]
                  for pair in ((point.P, point.rest), (point.rest, point.P)))  # fmt: skip
    return missed + (1 - t) ** 2 * float(share @ (wrong / own))


def _balanced(share: np.ndarray, Q: np.ndarray, residual: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """Mix into ``Q`` as little of a constant row as makes the residuals of every class sum to 0."""
    missing = share[:, 0] @ residual
    if np.max(np.abs(missing)) <= ROUNDING:
        return residual
    present = share[:, 0] @ Q
    part = max(0.0, float(np.max(-missing / present)))
    others = np.where(Y, 0.0, -((1 - part) * Q + part * present + missing))
    return np.where(Y, -others.sum(axis=1, keepdims=True), others)  # tiny residuals keep their digits
