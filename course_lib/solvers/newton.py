"""Newton's method for the log-loss with L2, L1 or both: IRLS and proximal Newton (chapter 05).

::

    J(W, b) = sum_i s_i loss(y_i, x_i.W + b) / sum_i s_i + lam (l1_ratio ||W||_1 + (1 - l1_ratio)/2 ||W||²)

with the log-loss of two classes (one score, the log-odds of label 1) or of several (softmax, one score per
class), and weights ``s_i``, all 1 unless given. The intercept is a column of ones without a penalty. A Newton
step replaces the loss by its parabola at the present point and minimises that plus the penalty. Without an L1
part this is a linear system: iteratively reweighted least squares (IRLS). With one it is a lasso, solved
exactly on a working set: the coefficients that are not 0, and those that violate their KKT condition.

**Several classes.** Adding one number to the scores of all classes changes no probability, so the penalty has
to choose among equivalent solutions. The intercepts are made to sum to 0. An L2 part makes each feature's
coefficients sum to 0. L1 alone makes their median 0; with an even number of classes that leaves an interval,
in which the shift is taken that is smallest and makes a coefficient 0.

Sources: Boyd and Vandenberghe, *Convex Optimization* (2004), section 9.5 (Newton decrement); Osborne,
Presnell and Turlach (2000), *IMA Journal of Numerical Analysis* 20(3), 389-403 (active sets for the lasso);
Friedman, Hastie and Tibshirani (2010), *Journal of Statistical Software* 33(1) (paths for the log-loss); Lee,
Sun and Saunders (2014), *SIAM Journal on Optimization* 24(3), 1420-1443 (proximal Newton).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse, special
from scipy.linalg import lapack

from course_lib import validation
from course_lib.penalties import ElasticNet
from course_lib.solvers.centring import centre_columns, switch
from course_lib.solvers.result import NotConverged, Result

__all__ = ["Point", "Problem", "duality_gap", "lam_max", "minimise", "newton", "objective", "separable"]

ROUNDING = 1e-12  # relative: what is closer to a boundary than this is taken to lie on it


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
    array([0.334])
    """
    problem = Problem.build(X, y, lam, l1_ratio, fit_intercept=fit_intercept)
    start = problem.start(None if w0 is None else problem.packed(w0))
    max_iter, tol = validation.positive_int(max_iter, "max_iter"), validation.positive(tol, "tol")
    result = minimise(problem, start, max_iter=max_iter, tol=tol)
    if not result.converged:
        warnings.warn(complaint(problem, result, "newton"), NotConverged, stacklevel=2)
    return result


def objective(X: Any, y: Any, w: Any, b: Any, lam: float, l1_ratio: float = 0.0) -> float:
    """Return the objective of :func:`newton` at ``w`` and ``b``."""
    problem = Problem.build(X, y, lam, l1_ratio, fit_intercept=True, centring=False)
    return problem.at(problem.packed(w, b)).value


def duality_gap(X: Any, y: Any, w: Any, b: Any, lam: float, l1_ratio: float = 0.0) -> float:
    """Return a bound on how far the objective at ``w`` and ``b`` is above its minimum; needs ``lam > 0``.

    The dual point is the residual label minus probability, corrected so that it is feasible.
    """
    problem = Problem.build(X, y, lam, l1_ratio, fit_intercept=True, centring=False)
    return problem.gap(problem.at(problem.packed(w, b)))


def lam_max(X: Any, y: Any, l1_ratio: float = 1.0, *, fit_intercept: bool = True) -> float:
    """Return the smallest strength that makes all coefficients 0: ``max |X.T (y - mean(y))| / (n l1_ratio)``.

    With several classes ``y`` stands for the table of 0 and 1 with one column per class; without an intercept
    ``mean(y)`` is replaced by one over the number of classes.

    Raises
    ------
    TypeError, ValueError
        As :func:`newton`, and if ``l1_ratio`` is 0: ridge makes no coefficient 0, however strong it is.
    """
    return Problem.build(X, y, 0.0, l1_ratio, fit_intercept=fit_intercept).lam_max(l1_ratio)


@dataclass(frozen=True, eq=False)
class Point:
    """Coefficients and what follows from them; each array has one column per score.

    Attributes
    ----------
    W : ndarray of shape (n_columns, n_scores)
    P, rest : ndarray of shape (n_samples, n_scores)
        Probabilities, and ``1 - P`` without cancellation.
    gradient : ndarray of the shape of ``W``
        Gradient of the smooth part: the mean log-loss and the L2 penalty.
    value : float
        The objective.
    """

    W: np.ndarray
    P: np.ndarray
    rest: np.ndarray
    gradient: np.ndarray
    value: float


@dataclass(frozen=True, eq=False)
class Problem:
    """Log-loss plus penalty, on a design matrix whose first column is the intercept's (if there is one).

    Attributes
    ----------
    X : ndarray or CSC matrix of shape (n_samples, n_columns)
    Y : bool ndarray of shape (n_samples, n_scores)
        Is this the sample's class? Two classes have one score, K > 2 classes have K.
    share : ndarray of shape (n_samples, 1)
        Weight of each sample in the mean; they sum to 1.
    l1, l2 : ndarray of shape (n_columns, 1)
        Strengths ``lam l1_ratio`` and ``lam (1 - l1_ratio)``, 0 for the intercept.
    x_mean : ndarray of shape (n_columns,)
        What was subtracted from the columns.
    """

    X: Any
    Y: np.ndarray
    share: np.ndarray
    l1: np.ndarray
    l2: np.ndarray
    x_mean: np.ndarray
    fit_intercept: bool

    @classmethod
    def build(
        cls, X: Any, y: Any, lam: float, l1_ratio: float, *, fit_intercept: bool = True, weights: Any = None,
        centring: bool = True,
        n_classes: int | None = None,
    ) -> Problem:  # fmt: skip
        """Check the arguments and write the problem down; with an intercept dense columns are centred."""
        X = sparse.csc_array(X) if sparse.issparse(X) else validation.matrix(X)
        X, penalty = X.astype(np.float64, copy=False), ElasticNet(lam, l1_ratio)
        n, labels = X.shape[0], _labels(y, X.shape[0], n_classes)
        share = np.ones(n) if weights is None else np.asarray(weights, dtype=float)
        l1, l2 = (np.full((X.shape[1], 1), part.lam) for part in (penalty.l1, penalty.l2))
        x_mean = np.zeros(X.shape[1])
        if switch(fit_intercept, "fit_intercept"):
            if centring and not sparse.issparse(X):
                X, x_mean = centre_columns(X)
            stack = sparse.hstack if sparse.issparse(X) else np.hstack
            X, x_mean = stack([np.ones((n, 1)), X]), np.append(0.0, x_mean)
            l1, l2 = np.vstack([[[0.0]], l1]), np.vstack([[[0.0]], l2])
        X = sparse.csc_array(X) if sparse.issparse(X) else np.asfortranarray(X)  # columns lie together
        Y = labels[:, np.newaxis] == np.arange(n_classes or labels.max() + 1)
        Y = Y[:, 1:] if Y.shape[1] == 2 else Y
        return cls(X, Y, (share / share.sum())[:, np.newaxis], l1, l2, x_mean, fit_intercept)

    def at(self, W: np.ndarray) -> Point:
        """Return probabilities, gradient and objective at ``W``."""
        P, rest = probabilities(self.X @ W)
        residual = np.where(self.Y, rest, -P)  # Y - P
        gradient = self.l2 * W - self.X.T @ (self.share * residual)
        with np.errstate(divide="ignore"):  # a probability of 0 costs infinitely much: no step ends there
            cost = -np.log(np.where(self.Y, P, rest)) if P.shape[1] == 1 else -np.log(P[self.Y])
        penalty = np.sum(self.l1 * np.abs(W)) + np.sum(self.l2 * W**2) / 2
        return Point(W, P, rest, gradient, float(self.share[:, 0] @ cost.ravel() + penalty))

    def start(self, W: np.ndarray | None = None) -> Point:
        """Return the warm start, or zeros with the intercept that then is best: the classes' log-odds."""
        if W is None:
            W = np.zeros((self.X.shape[1], self.Y.shape[1]))
            if self.fit_intercept:
                classes = np.sum(self.share * self.Y, axis=0)
                W[0] = np.log(classes / (1 - classes)) if W.shape[1] == 1 else np.log(classes)
        return self.at(W)

    def lam_max(self, l1_ratio: float) -> float:
        """Return the smallest strength at which all coefficients are 0."""
        if validation.share(l1_ratio) == 0:
            raise ValueError(
                f"l1_ratio must be > 0 for lam_max, got {l1_ratio}: without an L1 part no strength makes all "
                "coefficients 0. Give a grid of strengths instead, such as np.geomspace(1e-3, 1e3, 50)."
            )
        strongest = np.max(np.abs(self.start().gradient[int(self.fit_intercept) :]))
        return float(strongest) / l1_ratio

    def hessian(self, point: Point, features: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """Return the Hessian of the smooth part for some coefficients, listed class by class.

        Within a class it is ``X.T diag(share p (1 - p)) X``, between two ``-X.T diag(share p_k p_l) X``.
        """
        A = self.X[:, features]
        A = A.toarray() if sparse.issparse(A) else A
        within = np.sqrt(self.share * point.P * point.rest)
        if self.Y.shape[1] == 1:
            A = A * within  # a new array; A.T @ A costs half of the product of two different matrices
            H = A.T @ A
        else:
            B = A * (np.sqrt(self.share) * point.P)[:, classes]
            A = A * within[:, classes]
            H = -B.T @ B
            for k in range(self.Y.shape[1]):
                block = slice(*np.searchsorted(classes, [k, k + 1]))
                H[block, block] = A[:, block].T @ A[:, block]
        H.flat[:: len(H) + 1] += self.l2[features, 0]  # the diagonal
        return H

    def gap(self, point: Point) -> float:
        """Return the duality gap at ``point``, for the better of two dual points.

        A dual point is a table ``Q`` of probabilities whose residuals ``Y - Q`` sum to 0 in every class (that
        is the intercept's condition) and, without an L2 part, do not pull on a coefficient with more than
        ``l1``. The gap is a sum of terms >= 0: the divergence of ``Q`` from the model's probabilities, and
        what each coefficient misses of its Fenchel-Young equality.
        """
        P, Y = point.P, self.Y.astype(float)
        if P.shape[1] == 1:
            P, Y = np.hstack([point.rest, P]), np.hstack([1 - Y, Y])
        residual = Y - self._balanced(P, Y)
        W, l1, l2 = (array[int(self.fit_intercept) :] for array in (point.W, self.l1, self.l2))
        pull = (self.X.T @ (self.share * residual[:, -W.shape[1] :]))[int(self.fit_intercept) :]
        strongest = np.max(np.abs(pull - l2 * W))
        scales = [l1[0, 0] / strongest if strongest > l1[0, 0] else 1.0]
        if l2[0] > 0:
            scales.append(1.0)  # with an L2 part every balanced table is feasible, the residual itself too
        gaps = []
        for scale in scales:
            met = np.clip(scale * pull, -l1, l1)  # the part of the pull that L1 meets; l2 W meets the rest
            gap = np.sum(self.share * special.kl_div(Y - scale * residual, P)) + np.sum(
                l1 * np.abs(W) - met * W
            )
            gaps.append(gap + (np.sum((scale * pull - met - l2 * W) ** 2 / (2 * l2)) if l2[0] > 0 else 0.0))
        return float(min(gaps))

    def _balanced(self, P: np.ndarray, Y: np.ndarray) -> np.ndarray:
        """Mix into ``P`` as little of a constant row as gives every class its share in the data."""
        if not self.fit_intercept:
            return P
        wanted, present = np.sum(self.share * Y, axis=0), np.sum(self.share * P, axis=0)
        kept = min(1.0, float(np.min(wanted / present)))
        return kept * P + np.maximum(wanted - kept * present, 0)

    def separates(self, point: Point) -> bool:
        """Return whether every sample's own class has more than half of the probability."""
        return (
            bool(np.all(np.where(self.Y, point.P, point.rest) > 0.5))
            if self.Y.shape[1] == 1
            else bool(np.all(point.P[self.Y] > 0.5))
        )

    def separable(self) -> bool:
        """See :func:`separable`."""
        from scipy.optimize import linprog

        X = sparse.csr_array(self.X)
        if self.Y.shape[1] == 1:
            margins = sparse.diags_array(np.where(self.Y[:, 0], 1.0, -1.0)) @ X
        else:  # one row per sample and wrong class: own score minus the other's
            own, other = np.argmax(self.Y, axis=1), [np.flatnonzero(~row) for row in self.Y]
            signs = np.eye(self.Y.shape[1])
            margins = sparse.vstack(
                [
                    sparse.kron(signs[[k]] - signs[o], X[[i]])
                    for i, (k, o) in enumerate(zip(own, other, strict=True))
                ]
            )
        scale = np.maximum(abs(X).max(axis=0).toarray().ravel(), np.finfo(float).tiny)
        margins = margins @ sparse.diags_array(np.tile(1 / scale, self.Y.shape[1]))
        best = linprog(
            -margins.sum(axis=0),
            A_ub=sparse.vstack([margins, -margins]),
            b_ub=np.repeat([1.0, 0.0], margins.shape[0]),
            bounds=(None, None),
        )
        return bool(-best.fun > 0.5)

    def packed(self, w: Any, b: Any = 0.0) -> np.ndarray:
        """Check coefficients and intercept and return them as one array, of the shape of ``Point.W``."""
        shape = (self.X.shape[1] - int(self.fit_intercept), self.Y.shape[1])
        w, b = np.asarray(w, dtype=float), np.asarray(b, dtype=float)
        if w.shape not in (shape, shape[: shape[1] == 1 or 2]) or b.size not in (1, shape[1]):
            raise ValueError(
                f"w must have shape {shape} and b one entry per score, got {w.shape} and {b.shape}."
            )
        if not (np.isfinite(w).all() and np.isfinite(b).all()):
            raise ValueError("w and b must be finite.")
        w = w.reshape(shape)
        if not self.fit_intercept:
            return w
        return np.vstack([b + self.x_mean[1:] @ w, w])

    def unpacked(self, W: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return coefficients and intercepts, for several classes the ones that the module describes."""
        W = W.copy()
        b, w = (W[0], W[1:]) if self.fit_intercept else (np.zeros(W.shape[1]), W)
        if W.shape[1] > 1:
            if not self.l2[-1] > 0:
                ordered = np.sort(w, axis=1)
                low, high = ordered[:, (W.shape[1] - 1) // 2], ordered[:, W.shape[1] // 2]
                # 0 where it lies between the two medians, else the nearer of them.
                w -= (np.where(np.abs(low) <= np.abs(high), low, high))[:, np.newaxis]
            b = b - self.x_mean[-len(w) :] @ w
            return w, b - b.mean()
        return w, b - self.x_mean[-len(w) :] @ w


def minimise(problem: Problem, start: Point, *, max_iter: int, tol: float, finish: bool = True) -> Result:
    """Take Newton steps until the gap is at most ``tol`` times the objective and steps no longer help.

    Near the minimum each step squares the error. So the steps go on until the Newton decrement, which has no
    unit and needs no scale, is rounding noise: the last ones are the direct solve on the final support.
    """
    point, values, decrement = start, [start.value], np.inf
    penalised = problem.l1[-1, 0] + problem.l2[-1, 0] > 0
    for n_iter in range(max_iter + 1):
        last, certificate = decrement, problem.gap(point) if penalised else decrement**2 / 2
        converged = certificate <= tol * point.value
        if n_iter == max_iter or (converged and not finish) or (not penalised and problem.separates(point)):
            break
        target, decrement = newton_step(problem, point)
        if converged and (decrement == 0 or decrement > last / 2):
            break
        point = line_search(problem, point, target)
        values.append(point.value)
    w, b = problem.unpacked(point.W)
    return Result(w, point.value, n_iter, certificate, np.array(values), b=b, converged=converged,
                  certificate_name="duality gap" if penalised else "Newton decrement",
                  tolerance=tol * point.value)  # fmt: skip


def newton_step(problem: Problem, point: Point) -> tuple[np.ndarray, float]:
    """Return the minimiser of parabola plus penalty on the working set, and the Newton decrement.

    The decrement is the length of the step, measured by the Hessian; half its square estimates how far the
    objective is above its minimum.
    """
    excess = np.abs(point.gradient) - problem.l1 * (1 + ROUNDING)
    support = (point.W != 0) | (problem.l1 == 0)
    # At most as many newcomers as there are members, the worst violators first: early guesses are poor.
    room = max(10, np.count_nonzero(support))
    newcomers = ~support & (excess > 0)
    if np.count_nonzero(newcomers) > room:
        newcomers &= excess >= np.partition(excess[newcomers], -room)[-room]
    classes, features = np.nonzero((support | newcomers).T)  # listed class by class
    H = problem.hessian(point, features, classes)
    w = point.W[features, classes]
    v = lasso_of_parabola(H, point.gradient[features, classes], w, problem.l1[features, 0])
    target = point.W.copy()
    target[features, classes] = v
    return target, float(np.sqrt(max(0.0, (v - w) @ H @ (v - w))))


def lasso_of_parabola(H: np.ndarray, gradient: np.ndarray, w: np.ndarray, l1: np.ndarray) -> np.ndarray:
    """Minimise ``gradient.(v - w) + 1/2 (v - w).H (v - w) + l1.|v|`` over ``v`` with the signs of ``w``.

    Coefficients that are 0 start downhill. With all signs known this is a linear system. Where its solution
    would cross 0, the walk to it stops at the first crossing; that coefficient stays at exactly 0.
    """
    signs, v, free = np.where(w != 0, np.sign(w), -np.sign(gradient)), w.copy(), np.arange(w.size)
    # A trifle on the diagonal: dependent columns would make the system singular. Newton's method corrects for
    # it in the next step. A column of zeros gets a 1, and its coefficient stays.
    H = H.copy()
    diagonal = H.flat[:: len(H) + 1]
    H.flat[:: len(H) + 1] = np.where(diagonal > 0, diagonal * (1 + ROUNDING / 10), 1)
    while free.size:
        slope = gradient[free] + H[free] @ (v - w) + l1[free] * signs[free]
        step = -lapack.dposv(H[free[:, np.newaxis], free], slope)[1]  # by Cholesky's factors
        crossing = (l1[free] > 0) & ((v[free] + step) * signs[free] < 0)
        if not crossing.any():
            v[free] += step
            break
        way = np.where(crossing, -v[free] / np.where(crossing, step, 1), np.inf)  # part of the step up to 0
        v[free] += way.min() * step
        v[free[way == way.min()]] = 0
        free = free[way > way.min()]
    return v


def line_search(problem: Problem, point: Point, target: np.ndarray) -> Point:
    """Go to the target, or half the way, or half of that, until the objective falls as promised (Armijo)."""
    direction, t = target - point.W, 1.0
    change = problem.l1 * (np.abs(target) - np.abs(point.W))
    promise = min(0.0, float(np.sum(point.gradient * direction + change)))
    noise = 10 * np.finfo(float).eps * point.value  # of the objective: near the minimum it falls by less
    new = problem.at(target)
    while not new.value <= point.value + 1e-4 * t * promise + noise and t > 1e-10:
        t /= 2
        new = problem.at(point.W + t * direction)
    return new


def separable(X: Any, y: Any, *, fit_intercept: bool = True) -> bool:
    """Return whether some ``w`` and ``b`` put no sample on the wrong side and at least one on the right side.

    Then the log-loss without a penalty has no minimum: along ``(w, b)`` it falls for ever (Albert and
    Anderson, 1984, *Biometrika* 71(1), 1-10). A linear program decides: it maximises the sum of the margins,
    each held between 0 and 1.
    """
    problem = Problem.build(X, y, 0.0, 0.0, fit_intercept=fit_intercept)
    return problem.separable()


def complaint(problem: Problem, result: Result, solver: str) -> str:
    """Return the sentence about a result that did not converge: why, and what to try."""
    if problem.l1[-1] + problem.l2[-1] == 0 and problem.separable():
        return (
            f"{solver} stopped: the classes are linearly separable, so that without a penalty (lam=0) the "
            "log-loss has no minimum and the coefficients grow for ever. Use lam > 0."
        )
    return (
        f"{solver} stopped after {result.n_iter} iterations with a {result.certificate_name} of "
        f"{result.certificate:.3g}, above the tolerance of {result.tolerance:.3g}. "
        "Raise max_iter or tol, standardise the columns, or use a larger lam."
    )


def probabilities(Z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the probabilities for a table of scores, and 1 minus them, neither with cancellation."""
    if Z.shape[1] == 1:
        return special.expit(Z), special.expit(-Z)
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    total = E.sum(axis=1, keepdims=True)
    top = np.arange(len(E)), Z.argmax(axis=1)
    others = total - E
    E_others = E.copy()
    E_others[top] = 0  # 1 - p cancels for the largest p only: there the others are added up
    others[top] = E_others.sum(axis=1)
    return E / total, others / total


def _labels(y: Any, n: int, n_classes: int | None) -> np.ndarray:
    """Check labels 0, 1, ...; every one has to occur, unless the caller knows their number."""
    y = validation.vector(y, length=n, of="one per row of X")
    K = n_classes or max(int(y.max()), 1) + 1
    wrong = (y != np.floor(y)) | (y < 0) | (y >= K)
    if wrong.any():
        raise ValueError(f"y must hold labels 0, 1, ..., got {y[wrong][0]:g}.")
    missing = np.setdiff1d(np.arange(K), y)
    if missing.size and n_classes is None:
        raise ValueError(f"y must hold every label from 0 to {K - 1}, got none of label {missing[0]}.")
    return y.astype(np.intp)
