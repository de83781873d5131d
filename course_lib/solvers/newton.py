"""Newton's method for the log-loss with L2, L1 or both: IRLS and proximal Newton (chapter 05).

::

    J(W, b) = sum_i s_i loss(y_i, x_i.W + b) / sum_i s_i + lam (l1_ratio ||W||_1 + (1 - l1_ratio)/2 ||W||²)

with the log-loss of two classes or of several; see :mod:`course_lib.solvers.log_loss`. A Newton step
replaces the loss by its parabola at the present point and minimises that plus the penalty. Without an L1 part
this is a linear system: iteratively reweighted least squares (IRLS). With one it is a lasso, solved exactly
on a working set: the coefficients that are not 0, and those that violate their KKT condition.

Sources: Boyd and Vandenberghe, *Convex Optimization* (2004), section 9.5 (Newton decrement); Osborne,
Presnell and Turlach (2000), *IMA Journal of Numerical Analysis* 20(3), 389-403 (active sets for the lasso);
Friedman, Hastie and Tibshirani (2010), *Journal of Statistical Software* 33(1) (paths for the log-loss); Lee,
Sun and Saunders (2014), *SIAM Journal on Optimization* 24(3), 1420-1443 (proximal Newton); Park and Hastie
(2007), *Journal of the Royal Statistical Society B* 69(4), 659-677 (predictor and corrector along the path).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import lapack

from course_lib import validation
from course_lib.solvers.log_loss import Point, Problem
from course_lib.solvers.log_loss_gap import gap, gap_of_coefficients, tangent
from course_lib.solvers.result import NotConverged, Result
from course_lib.solvers.separability import separable

__all__ = [
    "Step",
    "complaint",
    "corrected",
    "descend",
    "lasso_of_parabola",
    "line_search",
    "minimise",
    "newton",
    "newton_step",
    "violators",
]

ROUNDING = 1e-12  # relative: what is closer to a boundary than this is taken to lie on it
EPSILON = float(np.finfo(float).eps)
SETTLED = 1e-20  # square of the decrement, relative to the objective: the step after it changes nothing


def newton(
    X: Any,
    y: Any,
    lam: float,
    l1_ratio: float = 0.0,
    *,
    fit_intercept: bool = True,
    w0: Any = None,
    max_iter: int = 500,
    tol: float = 1e-9,
) -> Result:
    """Minimise ``mean log-loss + lam (l1_ratio ||w||_1 + (1 - l1_ratio)/2 ||w||²)``.

    Parameters
    ----------
    X : array or sparse matrix of shape (n_samples, n_features)
    y : array of shape (n_samples,)
        Labels 0 and 1 (log-odds of label 1), or 0, ..., n_classes - 1 with n_classes > 2 (softmax).
    lam : float
        Strength, >= 0.
    l1_ratio : float
        L1 share in [0, 1]: 0 is Newton's method (IRLS), above it proximal Newton.
    fit_intercept : bool
    w0 : array of the shape of ``w``, or None
        Warm start; zeros if None.
    max_iter : int
        Largest number of Newton steps.
    tol : float
        Largest accepted duality gap, relative to the objective; at ``lam = 0``, largest Newton decrement.

    Returns
    -------
    Result
        ``w`` of shape (n_features,), or (n_features, n_classes) for more than two classes; ``b`` a float, or
        of shape (n_classes,).

    Raises
    ------
    TypeError, ValueError
        If an argument is not finite, has the wrong shape or is out of range; if a label is missing.

    Warns
    -----
    NotConverged
        If ``max_iter`` steps were not enough, or if ``lam = 0`` and the data are separable.

    Examples
    --------
    >>> X, y = [[-1.0], [1.0], [-1.0], [1.0]], [0, 1, 1, 1]
    >>> newton(X, y, lam=0.5).w.round(3)
    array([0.366])
    """
    problem = Problem.build(X, y, lam, l1_ratio, fit_intercept=fit_intercept)
    start = problem.start(None if w0 is None else problem.packed(w0))
    max_iter, tol = validation.positive_int(max_iter, "max_iter"), validation.positive(tol, "tol")
    result = minimise(problem, start, max_iter=max_iter, tol=tol)
    if not result.converged:
        warnings.warn(complaint(problem, result, "newton"), NotConverged, stacklevel=2)
    return result


@dataclass(frozen=True, eq=False)
class Step:
    """A Newton step.

    Attributes
    ----------
    target : ndarray of the shape of ``Point.W``
        Where it leads.
    decrement : float
        Its length, measured by the Hessian; half its square estimates how far the objective is above its
        minimum.
    promise : float
        What the objective would change by if it were linear in the smooth part; at most 0.
    support : pair of ndarray
        Features and classes of the coefficients that are free at the target: not 0, or without L1.
    factor : ndarray
        Cholesky factor of their Hessian.
    """

    target: np.ndarray
    decrement: float
    promise: float
    support: tuple[np.ndarray, np.ndarray]
    factor: np.ndarray

    def solve(self, slope: np.ndarray) -> np.ndarray:
        """Return the inverse Hessian of the support times ``slope``."""
        return lapack.dpotrs(self.factor, slope)[0] if slope.size else slope


def minimise(problem: Problem, start: Point, *, max_iter: int, tol: float) -> Result:
    """Take Newton steps until the gap is at most ``tol`` times the objective and steps no longer help."""
    return descend(problem, start, max_iter=max_iter, tol=tol)[0]


def descend(problem: Problem, start: Point, *, max_iter: int, tol: float) -> tuple[Result, Point, Step]:
    """Return what :func:`minimise` does, the point itself and the last Newton step.

    What is missing is measured by its Newton decrement, which has no unit and needs no scale. The steps go on
    until it is rounding noise: the last ones are the direct solve on the final support.
    """
    point, values, last, stalls = start, [start.value], np.inf, 0
    gradient, penalised = problem.gradient(point), problem.l1[-1, 0] + problem.l2[-1, 0] > 0
    for n_iter in range(1, max_iter + 1):
        step = newton_step(problem, point, gradient)
        old, point = point, line_search(problem, point, step)
        values.append(point.value)
        hopeless = not penalised and problem.separates(point)  # on from here the coefficients would only grow
        point, gradient, missing = corrected(problem, point, problem.gradient(point), step)
        stalls, last = stalls + 1 if step.decrement > last / 2 else 0, step.decrement
        settled = missing**2 <= SETTLED * values[-1] or stalls >= 3
        if not settled and not hopeless and n_iter < max_iter:
            continue  # a certificate costs half a step
        certificate = _certificate(problem, old, point, gradient, tol) if penalised else missing**2 / 2
        converged = certificate <= tol * point.value
        if converged or hopeless:
            break
    if not penalised and min(point.P.min(), point.rest.min()) < 1e-5:
        converged = converged and not separable(problem)
    w, b = problem.unpacked(point.W)
    result = Result(w, point.value, n_iter, certificate, np.array(values), b=b, converged=converged,
                    certificate_name="duality gap" if penalised else "Newton decrement",
                    tolerance=tol * point.value)  # fmt: skip
    return result, point, step


def _certificate(problem: Problem, old: Point, point: Point, gradient: np.ndarray, tol: float) -> float:
    """Return the duality gap of the coefficients; if it is above ``tol``, the tangent's may be smaller."""
    own = gap_of_coefficients(problem, point, gradient)
    return own if own <= tol * point.value else min(own, gap(problem, point, tangent(old, point)))


def newton_step(problem: Problem, point: Point, gradient: np.ndarray) -> Step:
    """Return the step to the minimiser of parabola plus penalty on the working set."""
    support, newcomers = (point.W != 0) | (problem.l1 == 0), violators(problem, point, gradient)
    # At most as many newcomers as there are members, the worst violators first: early guesses are poor.
    room = max(10, int(np.count_nonzero(support)))
    if np.count_nonzero(newcomers) > room:
        excess = np.abs(gradient) - problem.l1
        newcomers &= excess >= np.sort(excess[newcomers])[-room]
    classes, features = np.nonzero((support | newcomers).T)  # listed class by class
    H = problem.hessian(point, features, classes)
    w = point.W[features, classes]
    g, l1 = gradient[features, classes], problem.l1[features, 0]
    v, free, factor = lasso_of_parabola(H, g, w, l1)
    target = point.W.copy()
    target[features, classes] = v
    decrement = max(0.0, float((v - w) @ H @ (v - w))) ** 0.5
    promise = min(0.0, float(g @ (v - w) + l1 @ (np.abs(v) - np.abs(w))))
    return Step(target, decrement, promise, (features[free], classes[free]), factor)


def violators(problem: Problem, point: Point, gradient: np.ndarray) -> np.ndarray:
    """Return which coefficients are 0 and pull harder than L1 holds them."""
    return (np.abs(gradient) > problem.l1 * (1 + ROUNDING)) & (point.W == 0) & (problem.l1 > 0)


def corrected(
    problem: Problem, point: Point, gradient: np.ndarray, step: Step
) -> tuple[Point, np.ndarray, float]:
    """Go on with the Hessian of ``step`` (chord method); return point, gradient and the missing decrement.

    A new Hessian is most of what a Newton step costs. The old one is wrong only by as much as the
    probabilities have changed, and that share of the error is left after each step. So the steps go on as
    long as each takes off nine tenths; the support has to stay the one of ``step``.
    """
    l1, last, noise = problem.l1[step.support[0], 0], step.decrement, SETTLED * point.value
    held = problem.l1 * (1 + ROUNDING) + 0 * point.W  # what holds each coefficient at 0
    held[step.support] = np.inf
    known = point, gradient, np.inf
    if point.W is not step.target:  # the line search stopped before it
        return known
    while not (np.abs(gradient) > held).any():
        w = point.W[step.support]
        slope = gradient[step.support] + l1 * np.sign(w)
        move = step.solve(slope)
        missing = float(np.sqrt(max(0.0, slope @ move)))
        settled = missing**2 <= noise
        if settled or missing < last / 2:
            known = point, gradient, missing
        if settled or missing > last / 10 or (l1 * w * (w - move) < 0).any():
            break
        target = point.W.copy()
        target[step.support] = w - move
        point, last = problem.at(target), missing
        gradient = problem.gradient(point)
    return known


def lasso_of_parabola(
    H: np.ndarray, gradient: np.ndarray, w: np.ndarray, l1: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Minimise ``gradient.(v - w) + 1/2 (v - w).H (v - w) + l1.|v|`` over ``v`` with the signs of ``w``.

    Returns ``v``, the places that are free to move, and the Cholesky factor of their part of ``H``.

    Coefficients that are 0 start downhill. With all signs known this is a linear system. Where its solution
    would cross 0, the walk to it stops at the first crossing; that coefficient stays at exactly 0.
    """
    signs, v, free = np.where(w != 0, np.sign(w), -np.sign(gradient)), w.copy(), np.arange(w.size)
    # A trifle on the diagonal: dependent columns would make the system singular. Newton's method corrects for
    # it in the next step. A column of zeros gets a 1, and its coefficient stays.
    H = factor = H.copy()
    diagonal = H.flat[:: len(H) + 1]
    H.flat[:: len(H) + 1] = np.where(diagonal > 0, diagonal * (1 + ROUNDING / 10), 1)
    while free.size:
        slope = gradient[free] + H[free] @ (v - w) + l1[free] * signs[free]
        factor, step, failed = lapack.dposv(H[free[:, np.newaxis], free], -slope)  # by Cholesky's factors
        if failed:  # the trifle was too small
            H.flat[:: len(H) + 1] *= 1 + 1e-8
            continue
        crossing = (l1[free] > 0) & ((v[free] + step) * signs[free] < 0)
        if not crossing.any():
            v[free] += step
            break
        way = np.where(crossing, -v[free] / np.where(crossing, step, 1), np.inf)  # part of the step up to 0
        v[free] += way.min() * step
        v[free[way == way.min()]] = 0
        free = free[way > way.min()]
    return v, free, factor


def line_search(problem: Problem, point: Point, step: Step) -> Point:
    """Go to the target, or half the way, or half of that, until the objective falls as promised (Armijo)."""
    new, t = problem.at(step.target), 1.0
    noise = 10 * EPSILON * point.value  # of the objective: near the minimum it falls by less
    while not new.value <= point.value + 1e-4 * t * step.promise + noise and t > 1e-10:
        t /= 2
        new = problem.at(point.W + t * (step.target - point.W))
    return new


def complaint(problem: Problem, result: Result, solver: str) -> str:
    """Return the sentence about a result that did not converge: why, and what to try."""
    if problem.l1[-1, 0] + problem.l2[-1, 0] == 0 and separable(problem):
        return (
            f"{solver} stopped: the classes are linearly separable, so that without a penalty (lam=0) the "
            "log-loss has no minimum and the coefficients grow for ever. Use lam > 0."
        )
    return (
        f"{solver} stopped after {result.n_iter} iterations with a {result.certificate_name} of "
        f"{result.certificate:.3g}, above the tolerance of {result.tolerance:.3g}. "
        "Raise max_iter or tol, standardise the columns, or use a larger lam."
    )
