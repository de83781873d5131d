"""The log-loss at many strengths, each started from the one before (chapters 05, 06).

On a piece of the path where no coefficient comes or goes, the KKT conditions ``gradient(W) + lam D(W) = 0``
hold for every ``lam``, with ``D`` the derivative of the penalty at strength 1. Their derivative with respect
to ``lam`` is ``H dW/dlam + D(W) = 0``: the tangent of the path costs one solve with the Hessian of the last
Newton step.

Source: Park and Hastie (2007), *Journal of the Royal Statistical Society B* 69(4), 659-677 (predictor and
corrector along the path).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from course_lib.solvers.log_loss import Point, Problem
from course_lib.solvers.newton import Step, descend
from course_lib.solvers.result import Result

__all__ = ["at_strength", "predicted", "solutions"]


def at_strength(problem: Problem, lam: float) -> Problem:
    """Return the problem, which has strength 1, with another strength."""
    return replace(problem, l1=lam * problem.l1, l2=lam * problem.l2)


def solutions(
    problem: Problem, lams: np.ndarray, *, max_iter: int, tol: float
) -> Iterator[tuple[Problem, Result]]:
    """Yield the problem and its solution for every strength, from the largest down."""
    W = problem.start().W
    for k, lam in enumerate(lams):
        here = at_strength(problem, lam)
        result, point, step = descend(here, here.at(W), max_iter=max_iter, tol=tol)
        yield here, result
        if k + 1 < len(lams):
            W = predicted(problem, point, step, lam, lams[k + 1])


def predicted(problem: Problem, point: Point, step: Step, lam: float, new: float) -> np.ndarray:
    """Return a guess at the solution for the strength ``new``: on the path's tangent; no sign changes.

    The path bends least as a function of ``log lam``. The guess misses by the square of the distance, and one
    Newton step from there by its fourth power. Beyond a factor of e the tangent is not trusted.
    """
    support, features = step.support, step.support[0]
    w = point.W[support]
    derivative = problem.l1[features, 0] * np.sign(w) + problem.l2[features, 0] * w
    way = lam * min(1.0, np.log(lam / new)) if new > 0 else lam
    ahead = w + way * step.solve(derivative)
    W = np.zeros_like(point.W)
    W[support] = np.where((ahead * w > 0) | (problem.l1[features, 0] == 0), ahead, 0)
    return W
