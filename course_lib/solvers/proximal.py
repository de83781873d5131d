"""Proximal gradient methods for the lasso and the elastic net: ISTA and FISTA (chapters 03, 04).

A gradient step on the squared loss, then the proximal operator of the penalty, which is soft-thresholding and
gives exact zeros. ``lam_max`` and ``duality_gap`` are offered here too, since they are used together.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from course_lib.solvers.centring import switch
from course_lib.solvers.least_squares import Problem, duality_gap, lam_max, minimise
from course_lib.solvers.result import Callback, Result

__all__ = ["duality_gap", "fista", "ista", "lam_max"]


def ista(
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
    """Minimise the elastic-net objective by proximal gradient steps (ISTA).

    Objective: ``1/(2n) ||y - X w - b||² + lam (l1_ratio ||w||_1 + (1 - l1_ratio)/2 ||w||²)``. One iteration
    is ``w <- prox(w - step * gradient(w), step)`` with ``step = n / ||X||_2²`` (3.6).

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
    y : array of shape (n_samples,)
    lam : float
        Strength, >= 0.
    l1_ratio : float
        L1 share in [0, 1]: 1 is the lasso, 0 is ridge.
    fit_intercept : bool
        With an intercept (not penalised), ``X`` and ``y`` are centred inside.
    w0 : array of shape (n_features,) or None
        Warm start; None starts at 0.
    max_iter : int
    tol : float or None
        The run ends when the duality gap is at most ``tol * ||y||² / (2n)`` (``y`` centred), so that the
        objective is that close to its minimum; the error of ``w`` goes with the square root of it. At
        ``lam = 0`` the run ends when the KKT residual is at most ``tol`` times its value at ``w = 0``. None
        is 1e-10, or 1e-5 if ``X`` is float32.
    callback : callable or None
        Called as ``callback(iteration, w)``, with iteration 0 for the start.

    Returns
    -------
    Result
        In the precision of ``X``. Coefficients that are 0 are exactly 0.0; all are if ``lam >= lam_max(X, y,
        l1_ratio)``.

    Raises
    ------
    TypeError, ValueError
        If ``X`` or ``y`` is empty, not finite or of the wrong shape, or another argument is of the wrong kind
        or out of range.

    Warns
    -----
    NotConverged
        If ``max_iter`` iterations were not enough. The message says what gap was reached.

    Notes
    -----
    Daubechies, Defrise and De Mol (2004), *Communications on Pure and Applied Mathematics* 57(11),
    1413-1457.

    Examples
    --------
    >>> result = ista([[-1.0], [1.0]], [0.0, 4.0], lam=0.5)
    >>> result.w, result.b, result.converged  # least squares has slope 2; the threshold takes off 0.5
    (array([1.5]), 2.0, True)
    """
    return minimise(
        "ista", _ista, X, y, lam, l1_ratio,
        fit_intercept=fit_intercept, w0=w0, max_iter=max_iter, tol=tol, callback=callback,
    )  # fmt: skip


def fista(
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
    restart: bool = True,
) -> Result:
    """Minimise the elastic-net objective by accelerated proximal gradient steps (FISTA).

    Objective: ``1/(2n) ||y - X w - b||² + lam (l1_ratio ||w||_1 + (1 - l1_ratio)/2 ||w||²)``. The step of
    :func:`ista` is taken from a point beyond ``w``, in the direction of the last move (3.7): the error then
    falls like 1/k² instead of 1/k. The objective may rise at times.

    Parameters
    ----------
    X, y, lam, l1_ratio, fit_intercept, w0, max_iter, tol, callback
        As :func:`ista`.
    restart : bool
        Drop the momentum whenever it points uphill. False is the method as first published, which overshoots
        the minimum in waves.

    Returns
    -------
    Result
        As :func:`ista`.

    Raises
    ------
    TypeError, ValueError
        As :func:`ista`.

    Warns
    -----
    NotConverged
        As :func:`ista`.

    Notes
    -----
    Beck and Teboulle (2009), *SIAM Journal on Imaging Sciences* 2(1), 183-202. Restart: O'Donoghue and Candès
    (2015), *Foundations of Computational Mathematics* 15(3), 715-732.
    """
    return minimise(
        "fista", partial(_fista, restart=switch(restart, "restart")), X, y, lam, l1_ratio,
        fit_intercept=fit_intercept, w0=w0, max_iter=max_iter, tol=tol, callback=callback,
    )  # fmt: skip


def _ista(problem: Problem, w: np.ndarray) -> Iterator[np.ndarray]:
    step = _safe_step(problem)
    while True:
        w = problem.penalty.prox(w - step * problem.gradient(w), step)  # (3.6)
        yield w


def _fista(problem: Problem, w: np.ndarray, *, restart: bool) -> Iterator[np.ndarray]:
    step, v, t = _safe_step(problem), w, 1.0
    while True:
        w_old, w = w, problem.penalty.prox(v - step * problem.gradient(v), step)
        if restart and (v - w) @ (w - w_old) > 0:  # the step turns back against the last move
            t = 1.0
        t_old, t = t, (1 + (1 + 4 * t**2) ** 0.5) / 2
        v = w + (t_old - 1) / t * (w - w_old)  # (3.7)
        yield w


def _safe_step(problem: Problem) -> float:
    """Return ``1/L`` for the largest curvature ``L = ||X||_2² / n`` of the squared loss."""
    X = problem.data.X
    curvature = float(np.linalg.norm(X, 2)) ** 2 / len(X)
    return 1 / curvature if curvature > 0 else 1.0
