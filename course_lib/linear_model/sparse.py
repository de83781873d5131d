"""Lasso and elastic net: path functions, estimators, cross-validation (chapters 03, 04, 06).

All of them minimise, with n the number of rows (the sum of the weights, if there are any)::

    1/(2n) sum_i s_i (y_i - x_i w - b)² + lam (l1_ratio ||w||_1 + (1 - l1_ratio)/2 ||w||²)
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.exceptions import ConvergenceWarning

from course_lib import validation
from course_lib.linear_model import inputs
from course_lib.linear_model.ridge import ridge_gap, ridge_solve
from course_lib.model_selection import best_strength
from course_lib.solvers.centring import strengths, switch
from course_lib.solvers.columns import Columns
from course_lib.solvers.direct import cholesky_solve, normal_equations
from course_lib.solvers.gram import Gram, centred_gram, column_shift, duality_gaps, mild, moments
from course_lib.solvers.working_set import grid, knots, lam_max

__all__ = ["ElasticNet", "ElasticNetCV", "Lasso", "LassoCV", "LassoPath", "enet_path", "exact_lasso_path",
           "lasso_path"]  # fmt: skip

GRAM_LIMIT = 4000  # features above which a Gram matrix is not formed
TRUSTED = 1e-3  # reciprocal condition down to which a solution from the Gram matrix has 12 digits
FAIR = 1e-6  # and 9 digits
SETTLED = 1e-10  # relative error that leaves nothing to finish


@dataclass(frozen=True)
class LassoPath:
    """The lasso solutions for every strength: straight lines between knots.

    Attributes
    ----------
    knots : ndarray of shape (n_knots,)
        Strengths at which a feature enters or leaves, from lam_max down; the last one is where the path ends.
    coefs : ndarray of shape (n_features, n_knots)
        The solution at each knot.
    intercepts : ndarray of shape (n_knots,)
    events : list of (lam, "enters" or "leaves", feature)
    """

    knots: np.ndarray
    coefs: np.ndarray
    intercepts: np.ndarray
    events: list[tuple[float, str, int]]

    def at(self, lam: Any) -> np.ndarray:
        """Return the coefficients at one strength, (n_features,), or at several, (n_features, n_lams).

        Raises
        ------
        TypeError, ValueError
            If ``lam`` is not finite and >= 0, or lies below the end of the path.
        """
        lams = strengths(np.atleast_1d(lam))
        if lams.min() < self.knots[-1]:
            raise ValueError(f"lam must be >= {self.knots[-1]:.6g}, where the path ends, got {lams.min()}.")
        right = np.minimum(np.searchsorted(-self.knots, -lams), len(self.knots) - 1)
        left = np.maximum(right - 1, 0)
        width = self.knots[left] - self.knots[right]
        share = np.clip((self.knots[left] - lams) / np.where(width > 0, width, 1), 0, 1)
        coefs = self.coefs[:, left] * (1 - share) + self.coefs[:, right] * share
        return coefs if np.ndim(lam) else coefs[:, 0]


def exact_lasso_path(
    X: Any, y: Any, *, lam_min: float = 0.0, sample_weight: Any = None, fit_intercept: bool = True
) -> LassoPath:
    """Return the whole lasso path, from lam_max down to ``lam_min``.

    Objective: ``1/(2n) ||y - X w - b||² + lam ||w||_1``, for every ``lam >= lam_min``.

    Parameters
    ----------
    X : array or CSR/CSC matrix of shape (n_samples, n_features)
    y : array of shape (n_samples,)
    lam_min : float
        Where to stop, >= 0.
    sample_weight : None or array of shape (n_samples,)
    fit_intercept : bool

    Raises
    ------
    TypeError, ValueError
        If an argument is not finite, has the wrong shape or is out of range.

    Warns
    -----
    ConvergenceWarning
        If ``lam_min`` was not reached within very many knots, or the path was lost among columns that are
        nearly dependent.

    Notes
    -----
    The KKT conditions are checked at every knot: they hold to 1e-9 lam_max, or the path is left with the
    warning. That may happen where an active column is closer to the span of the others than 1e-6 of its
    length. Columns closer than 1e-9 count as combinations of the others.

    Efron, Hastie, Johnstone and Tibshirani (2004), *Annals of Statistics* 32(2), 407-499.
    """
    lam_min, fit_intercept = validation.strength(lam_min, "lam_min"), switch(fit_intercept, "fit_intercept")
    X, y, weights = inputs.load(X, y, sample_weight)
    data = Data.of(X, y, weights, fit_intercept)
    top = float(np.max(np.abs(data.problem.c)))
    ends, columns = [top], [np.zeros(X.shape[1])]
    events: list[tuple[float, str, int]] = []
    if top > lam_min:
        for piece in knots(data.problem, lam_min):
            kind, j = piece.event
            if kind == "gives up":
                warnings.warn(
                    f"The path was left at lam = {piece.end:.3g} after {len(events)} knots, above lam_min = "
                    f"{lam_min:.3g}. Ask for a larger lam_min.",
                    ConvergenceWarning,
                    stacklevel=2,
                )
                break
            if kind != "stops":
                events.append((piece.end, kind, j))
            if piece.end < ends[-1]:  # else the solution stays: another feature comes or goes at the same lam
                ends.append(piece.end)
                columns.append(np.zeros(X.shape[1]))
                columns[-1][piece.active] = piece.at(piece.end)
            if kind == "leaves":
                columns[-1][j] = 0
    coefs = np.array(columns).T
    return LassoPath(np.array(ends), coefs, data.intercepts(coefs), events)


def lasso_path(
    X: Any,
    y: Any,
    *,
    lams: Any = 100,
    eps: float = 1e-3,
    sample_weight: Any = None,
    fit_intercept: bool = True,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return lasso solutions on a grid; :func:`enet_path` with ``l1_ratio=1``."""
    return enet_path(
        X, y, l1_ratio=1.0, lams=lams, eps=eps, sample_weight=sample_weight, fit_intercept=fit_intercept
    )


def enet_path(
    X: Any, y: Any, *, l1_ratio: float = 0.5, lams: Any = 100, eps: float = 1e-3, sample_weight: Any = None,
    fit_intercept: bool = True,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """Return elastic-net solutions on a grid of strengths.

    Objective: ``1/(2n) ||y - X w - b||² + lam (l1_ratio ||w||_1 + (1 - l1_ratio)/2 ||w||²)``.

    Parameters
    ----------
    X : array or CSR/CSC matrix of shape (n_samples, n_features)
    y : array of shape (n_samples,)
    l1_ratio : float
        L1 share in [0, 1].
    lams : int or array of shape (n_lams,)
        A number of strengths, spaced evenly in the logarithm from lam_max down to ``eps * lam_max``, or the
        strengths themselves.
    eps : float
        Smallest strength as a share of lam_max, in (0, 1).
    sample_weight : None or array of shape (n_samples,)
    fit_intercept : bool

    Returns
    -------
    lams : ndarray of shape (n_lams,)
        In decreasing order.
    coefs : ndarray of shape (n_features, n_lams)
    gaps : ndarray of shape (n_lams,)
        Duality gaps, in units of the objective.

    Raises
    ------
    TypeError, ValueError
        If an argument is not finite, has the wrong shape or is out of range.
    """
    l1_ratio, fit_intercept = validation.share(l1_ratio), switch(fit_intercept, "fit_intercept")
    X, y, weights = inputs.load(X, y, sample_weight)
    data = Data.of(X, y, weights, fit_intercept)
    values = strength_grid(lams, eps, data.problem.c, l1_ratio)
    coefs = solve(data, values, l1_ratio)
    polish_all(data, coefs, values, l1_ratio, FAIR)
    return values, coefs.astype(X.dtype, copy=False), gaps(data, values, l1_ratio, coefs)


def strength_grid(lams: Any, eps: float, c: np.ndarray, l1_ratio: float) -> np.ndarray:
    """Return the strengths asked for in decreasing order; a number of them starts at lam_max."""
    eps = validation.positive(eps, "eps")
    if np.ndim(lams):
        return np.sort(strengths(lams))[::-1]
    count = validation.positive_int(lams, "lams")
    if eps >= 1:
        raise ValueError(f"eps must be < 1, got {eps}.")
    if l1_ratio == 0:
        raise ValueError("l1_ratio must be > 0 for an automatic grid, got 0: give the strengths, lams=[...].")
    top = lam_max(c, l1_ratio)
    if top == 0:  # y is constant, or unrelated to every column: any grid will do
        top = 1.0
    return np.concatenate([[top], top * np.geomspace(1, eps, count)[1:]])


@dataclass(frozen=True)
class Data:
    """A checked problem in the form that the solver wants, and what it takes to come back."""

    problem: Gram | Columns
    X: Any
    y: np.ndarray
    weights: np.ndarray | None
    x_mean: np.ndarray
    y_mean: float

    @classmethod
    def of(cls, X: Any, y: np.ndarray, weights: np.ndarray | None, fit_intercept: bool) -> Data:
        """Form a Gram matrix if that is smaller than X, or take the columns as they are."""
        n, d = X.shape
        if d < n and d <= GRAM_LIMIT:
            (products,), shift = piecewise_moments(X, y, weights, fit_intercept, [slice(None)])
            gram = centred_gram(products, shift, fit_intercept=fit_intercept)
            data = cls(gram, X, y, weights, gram.x_mean, gram.y_mean)
            return replace(data, problem=replace(gram, source=data.source))
        A, share = X.astype(np.float64, copy=False), np.ones(n) if weights is None else weights
        columns = Columns.of(A, y, share, fit_intercept=fit_intercept)
        if columns.mild:
            return cls(columns, X, y, weights, columns.x_mean, columns.y_mean)
        x_mean, y_mean = inputs.weighted_mean(X, weights), float(inputs.weighted_mean(y, weights))
        columns = Columns.of(inputs.centred(A, x_mean), y - y_mean, share, fit_intercept=False)
        return cls(columns, X, y, weights, x_mean, y_mean)

    def columns(self, chosen: Any) -> np.ndarray:
        """Return chosen columns, centred and divided by ``sqrt(n)``, shape (n_samples, n_chosen)."""
        scale = np.sqrt(inputs.total(self.X, self.weights))
        return inputs.centred(self.X[:, chosen], self.x_mean[chosen], self.weights) / scale

    def target(self) -> np.ndarray:
        """Return y in the same form."""
        scale = np.sqrt(inputs.total(self.X, self.weights))
        return inputs.centred(self.y, np.array(self.y_mean), self.weights) / scale

    def source(self, chosen: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return both, one column of X a row."""
        return np.ascontiguousarray(self.columns(chosen).T), self.target()

    def intercepts(self, coefs: np.ndarray) -> np.ndarray:
        return self.y_mean - self.x_mean @ coefs


def piecewise_moments(
    X: Any, y: np.ndarray, weights: np.ndarray | None, fit_intercept: bool, pieces: list[Any]
) -> tuple[list[np.ndarray], np.ndarray]:
    """Return the moments of each piece of the rows, and the shift that they were taken about.

    Raw moments are the fastest, and accurate if the means are mild; else the columns are shifted first.
    """
    rows, shift = X.tocsr() if sparse.issparse(X) else X, np.zeros(X.shape[1] + 1)

    def all_moments() -> list[np.ndarray]:
        return [moments(rows[p], y[p], None if weights is None else weights[p], shift) for p in pieces]

    products = all_moments()
    if fit_intercept and not mild(np.sum(products, axis=0)):
        shift = column_shift(rows, y)
        products = all_moments()
    return products, shift


def solve(data: Data, lams: np.ndarray, l1_ratio: float) -> np.ndarray:
    """Solve at decreasing strengths; those without an L1 part are ridge problems."""
    coefs, with_l1 = np.zeros((data.X.shape[1], lams.size)), lams * l1_ratio > 0
    if with_l1.any():
        coefs[:, with_l1] = grid(data.problem, lams[with_l1], l1_ratio)
    if not with_l1.all():
        A, t = data.columns(slice(None)), data.target()
        for k in np.flatnonzero(~with_l1):
            coefs[:, k] = ridge_solve(A, t, float(lams[k]))
    return coefs


def gaps(data: Data, lams: np.ndarray, l1_ratio: float, coefs: np.ndarray) -> np.ndarray:
    """Return the duality gap of each column, shape (n_lams,); without an L1 part, that of ridge."""
    result, with_l1 = np.zeros(lams.size), lams * l1_ratio > 0
    if with_l1.any():
        w, lam = coefs[:, with_l1], lams[with_l1]
        used = np.flatnonzero(w.any(axis=1))
        pulls, losses = data.problem.pulls(used, w[used])
        result[with_l1] = duality_gaps(w, pulls, losses, lam * l1_ratio, lam * (1 - l1_ratio))
    if not with_l1.all():
        A, t = data.columns(slice(None)), data.target()
        for k in np.flatnonzero(~with_l1):
            result[k] = ridge_gap(A, t, coefs[:, k], float(lams[k]))
    return result


def solve_one(data: Data, lam: float, l1_ratio: float) -> tuple[np.ndarray, float, int]:
    """Solve at one strength and finish with a direct solve on the support; also count the steps to it."""
    lams = np.array([lam])
    if 0 < l1_ratio < 1 and 0 < lam < (top := lam_max(data.problem.c, l1_ratio)):
        lams = np.append(np.geomspace(top, lam, 8)[:-1], lam)  # a guess of the support comes from the last
    coefs = solve(data, lams, l1_ratio)[:, -1:]
    active = np.flatnonzero(coefs[:, 0])
    if active.size and lam * l1_ratio > 0:
        G = data.problem.gram(active)
        coefs[active, 0] = polish(
            data, active, G, coefs[active, 0], lam * l1_ratio, lam * (1 - l1_ratio), TRUSTED
        )
    return coefs[:, 0], float(gaps(data, lams[-1:], l1_ratio, coefs)[0]), lams.size


def polish_all(data: Data, coefs: np.ndarray, lams: np.ndarray, l1_ratio: float, trusted: float) -> None:
    """Finish each column of ``coefs`` in place by a direct solve on its support, unless it is good already.

    With an L2 part the smallest eigenvalue is at least l2, and the largest at most the trace. If that says
    enough about the condition, the solution of a Newton step stays as it is.
    """
    l1, l2 = lams * l1_ratio, lams * (1 - l1_ratio)
    bound = l2 / trusted < np.count_nonzero(coefs, axis=0) * data.problem.spreads.max()
    todo = np.flatnonzero(bound & (l1 > 0))
    used = np.flatnonzero(coefs[:, todo].any(axis=1))
    if used.size:
        G, c = data.problem.gram(used), data.problem.c[used]
        w = coefs[np.ix_(used, todo)]
        rest = np.abs(np.sign(w)) * (c[:, np.newaxis] - G @ w - l2[todo] * w - l1[todo] * np.sign(w))
        for k in todo[_unsettled(G, w, rest, l2[todo], trusted)].tolist():
            active = np.flatnonzero(coefs[used, k])
            chosen = used[active], G[np.ix_(active, active)]
            coefs[chosen[0], k] = polish(data, *chosen, coefs[chosen[0], k], l1[k], l2[k], trusted)


def _unsettled(G: np.ndarray, w: np.ndarray, rest: np.ndarray, l2: np.ndarray, trusted: float) -> np.ndarray:
    """Return which columns of ``w`` may have relative errors above ``SETTLED``; ``rest`` is their gradient.

    At columns of length 1 the error is at most ``|rest|`` over the smallest eigenvalue. No support has a
    smaller one than all of them together (Cauchy's interlacing). If these will not do, each half is asked.
    """
    used = np.flatnonzero(w.any(axis=1))
    everything = np.arange(w.shape[1])
    if not used.size:
        return everything[:0]
    G, length = G[np.ix_(used, used)], np.sqrt(G[used, used] + l2.min())[:, np.newaxis]
    rcond = cholesky_solve(G, rest[used, 0], float(l2.min()))[1]
    if rcond >= trusted:
        errors = np.linalg.norm(rest[used] / length, axis=0)
        return np.flatnonzero(errors > SETTLED * rcond * np.linalg.norm(w[used] * length, axis=0))
    if w.shape[1] == 1:
        return everything
    half = w.shape[1] // 2
    first, last = everything[:half], everything[half:]
    return np.concatenate([
        part[_unsettled(G, w[np.ix_(used, part)], rest[np.ix_(used, part)], l2[part], trusted)]
        for part in (first, last)
    ])  # fmt: skip


def polish(
    data: Data, active: np.ndarray, G: np.ndarray, w: np.ndarray, l1: float, l2: float, trusted: float
) -> np.ndarray:
    """Solve the KKT conditions (4.2) on the final support directly; a solution that turns a sign is dropped.

    An error of ``eps`` in the Gram matrix is one of ``eps / rcond`` in its solution. Where ``rcond`` is below
    ``trusted``, the columns themselves are used.
    """
    signs = np.sign(w)
    better, rcond = cholesky_solve(G, data.problem.c[active] - l1 * signs, l2)
    if rcond < trusted:
        B, y = data.columns(active), data.target()[:, np.newaxis]
        found = normal_equations(B, y, l2, pull=(l1 * signs)[:, np.newaxis], G=G)
        if found is None:
            return w
        better = found[:, 0]
    return better if (np.sign(better) == signs).all() else w


class _Linear(RegressorMixin, BaseEstimator):
    """What the estimators share: prediction, and the tag that says they read sparse matrices."""

    def predict(self, X: Any) -> np.ndarray:
        """Return ``X w + b``, shape (n_samples,)."""
        X = inputs.load_X_for(self, X)
        return X @ self.coef_ + self.intercept_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _finish(self, data: Data, lam: float, l1_ratio: float, tol: float) -> None:
        w, gap, self.n_iter_ = solve_one(data, lam, l1_ratio)
        accepted = tol * data.problem.yy / 2
        if gap > accepted:
            warnings.warn(
                f"{type(self).__name__} reached a duality gap of {gap:.3g}, above tol * ||y||²/(2n) = "
                f"{accepted:.3g}. Standardise the columns, or use a larger lam or tol.",
                ConvergenceWarning,
                stacklevel=3,
            )
        self.coef_ = w.astype(data.X.dtype, copy=False)
        self.intercept_ = float(data.intercepts(w))
        self.dual_gap_ = gap


class ElasticNet(_Linear):
    """Linear regression with both penalties.

    Minimises, with n the sum of the weights s_i (1 each by default)::

        1/(2n) sum_i s_i (y_i - x_i w - b)² + lam (l1_ratio ||w||_1 + (1 - l1_ratio)/2 ||w||²)

    Parameters
    ----------
    lam : float
        Strength, >= 0. The default suits standardised data.
    l1_ratio : float
        L1 share in [0, 1].
    fit_intercept : bool
    tol : float
        A duality gap above ``tol * ||y||²/(2n)`` (y centred) is warned about.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
        In the precision of X; what is zero in theory is exactly 0.0.
    intercept_ : float
    n_iter_ : int
        Strengths visited on the way from lam_max.
    dual_gap_ : float
        Bound on how far the objective is above the minimum.

    Notes
    -----
    Zou and Hastie (2005), *Journal of the Royal Statistical Society B* 67(2), 301-320.
    """

    def __init__(
        self, lam: float = 0.1, l1_ratio: float = 0.5, *, fit_intercept: bool = True, tol: float = 1e-9
    ) -> None:
        self.lam = lam
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.tol = tol

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> ElasticNet:
        """Fit to X (n_samples, n_features) and y (n_samples,); returns itself.

        Raises
        ------
        TypeError, ValueError
            If an argument is not finite, has the wrong shape or is out of range.

        Warns
        -----
        ConvergenceWarning
            If the duality gap reached is above the tolerance.
        """
        lam, l1_ratio = validation.strength(self.lam), validation.share(self._l1_ratio())
        tol, fit_intercept = validation.positive(self.tol, "tol"), switch(self.fit_intercept, "fit_intercept")
        X, y, weights = inputs.load_for(self, X, y, sample_weight)
        self._finish(Data.of(X, y, weights, fit_intercept), lam, l1_ratio, tol)
        return self

    def _l1_ratio(self) -> float:
        return self.l1_ratio


class Lasso(ElasticNet):
    """Linear regression with the L1 penalty.

    Minimises, with n the sum of the weights s_i (1 each by default)::

        1/(2n) sum_i s_i (y_i - x_i w - b)² + lam ||w||_1

    Parameters and attributes are those of :class:`ElasticNet`, without ``l1_ratio``.

    Notes
    -----
    Tibshirani (1996), *Journal of the Royal Statistical Society B* 58(1), 267-288.
    """

    def __init__(self, lam: float = 0.1, *, fit_intercept: bool = True, tol: float = 1e-9) -> None:
        self.lam = lam
        self.fit_intercept = fit_intercept
        self.tol = tol

    def _l1_ratio(self) -> float:
        return 1.0


class ElasticNetCV(_Linear):
    """Elastic net whose strength is chosen by cross-validation.

    Minimises the objective of :class:`ElasticNet` at the strength with the smallest mean squared error on
    held-out folds.

    Parameters
    ----------
    l1_ratio : float
        L1 share in (0, 1], or 0 with strengths given.
    lams : int or array
        A number of strengths from lam_max down to ``eps * lam_max``, or the strengths.
    eps : float
    cv : int, splitter or iterable of (train, test)
    selection : "min" or "1se"
        Smallest mean error, or the largest strength within one standard error of it.
    fit_intercept : bool
    tol : float

    Attributes
    ----------
    lam_ : float
    lams_ : ndarray of shape (n_lams,)
        In decreasing order.
    mse_path_ : ndarray of shape (n_lams, n_folds)
    coef_, intercept_, n_iter_, dual_gap_
        Of the fit to all rows at ``lam_``.
    """

    def __init__(
        self, l1_ratio: float = 0.5, *, lams: Any = 100, eps: float = 1e-3, cv: Any = 5,
        selection: str = "min", fit_intercept: bool = True, tol: float = 1e-9,
    ) -> None:  # fmt: skip
        self.l1_ratio = l1_ratio
        self.lams = lams
        self.eps = eps
        self.cv = cv
        self.selection = selection
        self.fit_intercept = fit_intercept
        self.tol = tol

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> ElasticNetCV:
        """Choose the strength and fit to X (n_samples, n_features) and y (n_samples,); returns itself.

        Raises
        ------
        TypeError, ValueError
            If an argument is not finite, has the wrong shape or is out of range.
        """
        from sklearn.model_selection import check_cv

        l1_ratio, tol = validation.share(self._l1_ratio()), validation.positive(self.tol, "tol")
        fit_intercept = switch(self.fit_intercept, "fit_intercept")
        X, y, weights = inputs.load_for(self, X, y, sample_weight, keep_empty=True)
        folds = [_rows_in_use(fold, weights) for fold in check_cv(self.cv).split(X, y)]
        X, y, weights = inputs.without_empty_rows(X, y, weights)
        data, fits = _fold_problems(X, y, weights, fit_intercept, folds)
        self.lams_ = strength_grid(self.lams, self.eps, data.problem.c, l1_ratio)
        errors = [score(solve(fit, self.lams_, l1_ratio)) for fit, score in fits]
        self.mse_path_ = np.array(errors).T
        self.lam_ = best_strength(self.lams_, self.mse_path_, self.selection)
        self._finish(data, self.lam_, l1_ratio, tol)
        return self

    def _l1_ratio(self) -> float:
        return self.l1_ratio


class LassoCV(ElasticNetCV):
    """Lasso whose strength is chosen by cross-validation: :class:`ElasticNetCV` without ``l1_ratio``.

    Minimises ``1/(2n) sum_i s_i (y_i - x_i w - b)² + lam ||w||_1`` at the strength chosen.
    """

    def __init__(
        self, *, lams: Any = 100, eps: float = 1e-3, cv: Any = 5, selection: str = "min",
        fit_intercept: bool = True, tol: float = 1e-9,
    ) -> None:  # fmt: skip
        self.lams = lams
        self.eps = eps
        self.cv = cv
        self.selection = selection
        self.fit_intercept = fit_intercept
        self.tol = tol

    def _l1_ratio(self) -> float:
        return 1.0


def _fold_problems(
    X: Any, y: np.ndarray, weights: np.ndarray | None, fit_intercept: bool, folds: list
) -> tuple[Data, list[tuple[Data, Any]]]:
    """Return the problem of all rows, and for each fold its training problem and how to score it.

    When the test folds cut all rows into pieces, one pass over X gives the moments of every piece, and each
    training set's are the sum of the others' (they add up). Else every fold is built on its own.
    """
    n, d = X.shape
    tests = np.concatenate([test for _, test in folds])
    partition = len(folds) > 1 and np.array_equal(np.sort(tests), np.arange(n))
    partition = partition and all(len(train) + len(test) == n for train, test in folds)
    smallest = min(len(train) for train, _ in folds)
    if not (partition and d < smallest and d <= GRAM_LIMIT):
        data = Data.of(X, y, weights, fit_intercept)
        return data, [_own_fold(X, y, weights, fit_intercept, *fold) for fold in folds]
    pieces, shift = piecewise_moments(X, y, weights, fit_intercept, [_as_slice(test) for _, test in folds])

    def gram(chosen: list[np.ndarray]) -> Gram:
        return centred_gram(np.sum(chosen, axis=0), shift, fit_intercept=fit_intercept)

    def problem(gram: Gram, rows: Any) -> Data:
        def source(chosen: Any) -> tuple[np.ndarray, np.ndarray]:
            part = Data(gram, X[rows], y[rows], _taken(weights, rows), gram.x_mean, gram.y_mean)
            return part.source(chosen)

        return Data(replace(gram, source=source), X, y, weights, gram.x_mean, gram.y_mean)

    def scored(k: int) -> tuple[Data, Any]:
        train, test = problem(gram(pieces[:k] + pieces[k + 1 :]), folds[k][0]), gram([pieces[k]])
        return train, lambda coefs: test.mse(coefs, train.intercepts(coefs))

    return problem(gram(pieces), slice(None)), [scored(k) for k in range(len(pieces))]


def _taken(weights: np.ndarray | None, rows: Any) -> np.ndarray | None:
    return None if weights is None else weights[rows]


def _as_slice(rows: np.ndarray) -> Any:
    """Return rows that follow each other as a slice: a view instead of a copy."""
    ordered = rows.size == rows[-1] - rows[0] + 1 and (np.diff(rows) == 1).all()
    return slice(int(rows[0]), int(rows[-1]) + 1) if ordered else rows


def _rows_in_use(fold: Any, weights: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Number the rows of a fold as they are numbered when those of weight 0 are gone."""
    train, test = (np.asarray(rows) for rows in fold)
    if weights is not None:
        number = np.cumsum(weights > 0) - 1
        train, test = (number[rows[weights[rows] > 0]] for rows in (train, test))
    if not train.size or not test.size:
        raise ValueError("cv must leave rows of weight > 0 on both sides of every split, got an empty side.")
    return train, test


def _own_fold(
    X: Any, y: np.ndarray, weights: np.ndarray | None, fit_intercept: bool, train: Any, test: Any
) -> tuple[Data, Any]:
    fit = Data.of(X[train], y[train], _taken(weights, train), fit_intercept)

    def score(coefs: np.ndarray) -> np.ndarray:
        errors = y[test, np.newaxis] - X[test] @ coefs - fit.intercepts(coefs)
        return np.average(errors**2, axis=0, weights=_taken(weights, test))

    return fit, score
