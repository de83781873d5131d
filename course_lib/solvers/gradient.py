"""Gradient descent and the subgradient method, for any function that is given with its (sub)gradient.

Chapter 02 uses gradient descent on ridge regression, chapter 03 the subgradient method on the lasso, where it
comes close to the minimum but almost never makes a weight exactly 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from course_lib import validation
from course_lib.solvers.result import Callback, Result, iterate

__all__ = ["gradient_descent", "subgradient_descent"]

ValueAndGradient = Callable[[np.ndarray], tuple[float, Any]]


def gradient_descent(
    value_and_gradient: ValueAndGradient,
    w0: Any,
    *,
    step: float,
    max_iter: int = 10_000,
    tol: float = 1e-8,
    callback: Callback | None = None,
) -> Result:
    """Minimise a smooth function by ``w <- w - step * gradient(w)`` until ``||gradient(w)|| <= tol``.

    Parameters
    ----------
    value_and_gradient : callable
        ``value_and_gradient(w) -> (float, array of shape (n_features,))``.
    w0 : array of shape (n_features,)
        Start; it is not modified, and its precision is kept.
    step : float
        Step size. For a convex function whose gradient is L-Lipschitz every step up to ``1/L`` descends, and
        steps from ``2/L`` on may diverge.
    max_iter : int
    tol : float
        Largest Euclidean norm of the gradient that counts as converged.
    callback : callable or None
        Called as ``callback(iteration, w)``, with iteration 0 for the start.

    Returns
    -------
    Result
        Its certificate is the gradient norm. If the function is m-strongly convex (ridge: m = lam), the value
        is within ``norm² / (2 m)`` of the minimum.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind, not finite or out of range, or the gradient's shape is not w's.

    Warns
    -----
    NotConverged
        If ``max_iter`` steps were not enough, or the objective stopped being finite.

    Notes
    -----
    Nesterov (2004), *Introductory Lectures on Convex Optimization*, section 2.1.5.

    Examples
    --------
    >>> result = gradient_descent(lambda w: ((w[0] - 3) ** 2 / 2, w - 3), [0.0], step=0.5)
    >>> result.w.round(6), result.converged
    (array([3.]), True)
    """
    w, step, tol = _checked(value_and_gradient, w0, step, tol)

    def states() -> Iterator[tuple[np.ndarray, float, float]]:
        point = w
        while True:
            value, gradient = _evaluate(value_and_gradient, point)
            yield point, value, float(np.linalg.norm(gradient))
            point = point - step * gradient

    return iterate(
        states(),
        solver="gradient_descent",
        certificate_name="gradient norm",
        tolerance=tol,
        max_iter=max_iter,
        callback=callback,
        advice="Raise max_iter, use a larger step (1/L is safe), or standardise the columns.",
    )


def subgradient_descent(
    value_and_subgradient: ValueAndGradient,
    w0: Any,
    *,
    step: float,
    max_iter: int = 1_000,
    certificate: Callable[[np.ndarray], float] | None = None,
    tol: float = 1e-6,
    callback: Callback | None = None,
) -> Result:
    """Minimise a convex function with kinks by ``w <- w - step / sqrt(k) * subgradient(w)``, k = 1, 2, ...

    The steps must shrink: a subgradient does not go to 0 near a kink, so that steps of constant length would
    jump over the minimum for ever. For the same reason its norm certifies nothing.

    Parameters
    ----------
    value_and_subgradient : callable
        ``value_and_subgradient(w) -> (float, array of shape (n_features,))``.
    w0 : array of shape (n_features,)
        Start; it is not modified, and its precision is kept.
    step : float
        The first step size.
    max_iter : int
    certificate : callable or None
        ``certificate(w) -> float``, such as a duality gap. Without one the run makes ``max_iter`` steps, and
        the result says ``converged=False`` and ``certificate=nan``, without a warning.
    tol : float
        Largest certificate that counts as converged.
    callback : callable or None
        Called as ``callback(iteration, w)``, with iteration 0 for the start.

    Returns
    -------
    Result
        The certified iterate, or else the one with the lowest value: not every step descends.

    Raises
    ------
    TypeError, ValueError
        As :func:`gradient_descent`.

    Warns
    -----
    NotConverged
        If there is a certificate and ``max_iter`` steps did not bring it to ``tol``.

    Notes
    -----
    Shor (1985), *Minimization Methods for Non-Differentiable Functions*. The error falls like ``1/sqrt(k)``.

    Examples
    --------
    >>> result = subgradient_descent(lambda w: (abs(w[0]), np.sign(w)), [1.0], step=0.7, max_iter=100)
    >>> bool(abs(result.w[0]) < 0.1), bool(result.w[0] == 0)  # the minimum is at 0: close, never there
    (True, False)
    """
    w, step, tol = _checked(value_and_subgradient, w0, step, tol)
    if certificate is not None and not callable(certificate):
        raise TypeError(f"certificate must be a function of w or None, got {certificate!r}.")

    def states() -> Iterator[tuple[np.ndarray, float, float]]:
        point, k = w, 1
        while True:
            value, subgradient = _evaluate(value_and_subgradient, point)
            yield point, value, np.nan if certificate is None else float(certificate(point))
            point, k = point - step / np.sqrt(k).item() * subgradient, k + 1

    return iterate(
        states(),
        solver="subgradient_descent",
        certificate_name="certificate",
        tolerance=tol,
        max_iter=max_iter,
        callback=callback,
        advice="The method is slow by nature: a proximal method (ista, fista) gets further in fewer steps.",
        keep_best=True,
    )


def _checked(function: Any, w0: Any, step: float, tol: float) -> tuple[np.ndarray, float, float]:
    if not callable(function):
        raise TypeError(
            f"The first argument must be a function of w that returns (value, gradient), got {function!r}."
        )
    return validation.vector(w0, "w0"), validation.positive(step, "step"), validation.positive(tol, "tol")


def _evaluate(function: ValueAndGradient, w: np.ndarray) -> tuple[float, np.ndarray]:
    if not np.isfinite(w).all():  # a diverging run: spare the function a point it cannot answer for
        return np.nan, w
    value, gradient = function(w.copy())
    gradient = np.asarray(gradient).astype(w.dtype, copy=False)
    if gradient.shape != w.shape:
        raise ValueError(f"The gradient must have the shape of w, {w.shape}, got {gradient.shape}.")
    return float(value), gradient
