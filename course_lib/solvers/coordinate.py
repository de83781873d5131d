"""Cyclic coordinate descent for the lasso and the elastic net, and the warm-started path (chapters 03, 04).

One coefficient at a time the problem is solved exactly, by soft-thresholding. This is the method of
scikit-learn and glmnet.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from course_lib import validation
from course_lib.solvers.centring import strengths
from course_lib.solvers.least_squares import Problem, minimise
from course_lib.solvers.result import Callback, Result

__all__ = ["coordinate_descent", "path"]


def coordinate_descent(
    X: Any,
    y: Any,
    lam: float,
    l1_ratio: float = 1.0,
    *,
    fit_intercept: bool = True,
    w0: Any = None,
    max_iter: int = 10_000,
    tol: float | None = None,
    callback: Callback | None = None,
) -> Result:
    """Minimise the elastic-net objective one coefficient at a time, in cycles.

    Objective: ``1/(2n) ||y - X w - b||² + lam (l1_ratio ||w||_1 + (1 - l1_ratio)/2 ||w||²)``. With all other
    coefficients held fixed, the j-th minimises a parabola plus ``|w_j|`` (3.9)::

        w_j = soft_threshold(x_j.(y - X w + x_j w_j) / n, lam l1_ratio) / (||x_j||²/n + lam (1 - l1_ratio))

    Parameters
    ----------
    X, y, lam, l1_ratio, fit_intercept, w0, tol
        As :func:`course_lib.solvers.proximal.ista`.
    max_iter : int
        Largest number of cycles through all coefficients.
    callback : callable or None
        Called as ``callback(cycle, w)`` after every cycle, with 0 for the start.

    Returns
    -------
    Result
        As :func:`course_lib.solvers.proximal.ista`; ``n_iter`` counts cycles.

    Raises
    ------
    TypeError, ValueError
        As :func:`course_lib.solvers.proximal.ista`.

    Warns
    -----
    NotConverged
        If ``max_iter`` cycles were not enough. The message says what gap was reached.

    Notes
    -----
    Friedman, Hastie and Tibshirani (2010), *Journal of Statistical Software* 33(1). Why it finds the minimum
    although the objective has kinks: Tseng (2001), *Journal of Optimization Theory and Applications* 109(3),
    475-494.

    Examples
    --------
    >>> X, y = [[1.0, 0.0], [0.0, 1.0]], [4.0, 1.0]
    >>> coordinate_descent(X, y, lam=1.0, fit_intercept=False).w  # n lam = 2 is taken off each
    array([2., 0.])
    """
    return minimise(
        "coordinate_descent", _cycles, X, y, lam, l1_ratio,
        fit_intercept=fit_intercept, w0=w0, max_iter=max_iter, tol=tol, callback=callback,
    )  # fmt: skip


def path(
    X: Any,
    y: Any,
    lams: Any,
    l1_ratio: float = 1.0,
    *,
    fit_intercept: bool = True,
    max_iter: int = 10_000,
    tol: float | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the solutions for many strengths, each started from the one before (warm start).

    The strengths are worked through from the largest down, whatever their order: the first solutions are
    sparse and cheap, and every next one is close to the last.

    Parameters
    ----------
    X, y, l1_ratio, fit_intercept, max_iter, tol
        As :func:`coordinate_descent`.
    lams : array of shape (n_lams,)
        Strengths >= 0, in any order.

    Returns
    -------
    coefs : ndarray of shape (n_features, n_lams)
        Column k belongs to ``lams[k]``.
    intercepts : ndarray of shape (n_lams,)

    Raises
    ------
    TypeError, ValueError
        As :func:`coordinate_descent`, for any entry of ``lams``.

    Warns
    -----
    NotConverged
        As :func:`coordinate_descent`.
    """
    X, lams = validation.matrix(X), strengths(lams)
    coefs = np.empty((X.shape[1], lams.size), dtype=X.dtype)
    intercepts = np.empty(lams.size, dtype=X.dtype)
    w = None
    for k in np.argsort(-lams):
        result = coordinate_descent(
            X, y, lams[k], l1_ratio, fit_intercept=fit_intercept, w0=w, max_iter=max_iter, tol=tol
        )
        coefs[:, k], intercepts[k], w = result.w, result.b, result.w
    return coefs, intercepts


def _cycles(problem: Problem, w: np.ndarray) -> Iterator[np.ndarray]:
    X, n = np.asfortranarray(problem.data.X), len(problem.data.y)  # columns lie together in memory
    l1, l2 = problem.penalty.l1.lam, problem.penalty.l2.lam
    squares = np.sum(X**2, axis=0) / n
    while True:
        w, residual = w.copy(), problem.residual(w)  # afresh in every cycle: updates gather rounding errors
        for j in np.flatnonzero(squares):
            old = w[j]
            pull = X[:, j] @ residual / n + squares[j] * old
            # Soft-thresholding written out for one number, divided by the parabola's curvature (3.9).
            w[j] = (pull - min(max(pull, -l1), l1)) / (squares[j] + l2)
            if w[j] != old:
                residual += (old - w[j]) * X[:, j]
        yield w
