"""Ridge: solution, path and leave-one-out choice of the strength, from one decomposition (chapter 02).

All of them minimise, with n the number of rows (the sum of the weights, if there are any)::

    1/(2n) sum_i s_i (y_i - x_i w - b)² + lam/2 ||w||²
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg import lapack
from sklearn.base import BaseEstimator, RegressorMixin

from course_lib import validation
from course_lib.linear_model import inputs
from course_lib.solvers.centring import strengths, switch
from course_lib.solvers.columns import Columns
from course_lib.solvers.direct import least_norm, normal_equations, svd

__all__ = ["Ridge", "RidgeCV", "ridge_gap", "ridge_path", "ridge_solve"]

FAR = 100.0  # ratio of the lengths of two columns from which one decomposition costs digits


def ridge_path(
    X: Any, y: Any, *, lams: Any, sample_weight: Any = None, fit_intercept: bool = True
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return ridge solutions at many strengths from one singular value decomposition (2.5).

    Objective: ``1/(2n) ||y - X w - b||² + lam/2 ||w||²``.

    Parameters
    ----------
    X : array or CSR/CSC matrix of shape (n_samples, n_features)
    y : array of shape (n_samples,)
    lams : array of shape (n_lams,)
        Strengths >= 0.
    sample_weight : None or array of shape (n_samples,)
    fit_intercept : bool

    Returns
    -------
    lams : ndarray of shape (n_lams,)
        In decreasing order.
    coefs : ndarray of shape (n_features, n_lams)
    gaps : ndarray of shape (n_lams,)
        Duality gaps; at ``lam = 0`` the exact distance to the minimum.

    Raises
    ------
    TypeError, ValueError
        If an argument is not finite, has the wrong shape or is out of range.
    """
    fit_intercept, lams = switch(fit_intercept, "fit_intercept"), np.sort(strengths(lams))[::-1]
    X, y, weights = inputs.load(X, y, sample_weight)
    A, t, _, _ = _centre(X, y[:, np.newaxis], weights, fit_intercept)
    coefs = _path(A, t, lams)
    gaps = np.array([ridge_gap(A, t[:, 0], w, lam) for w, lam in zip(coefs.T, lams.tolist(), strict=True)])
    return lams, coefs.astype(X.dtype, copy=False), gaps


def _path(A: np.ndarray, t: np.ndarray, lams: np.ndarray) -> np.ndarray:
    """Solve by one singular value decomposition (2.5), shape (n_features, n_lams).

    It takes the units of the columns as they are. Where these are far apart, or there is no penalty, each
    strength is solved on its own.
    """
    length = np.sqrt(np.einsum("ij,ij->j", A, A))
    if lams[-1] == 0 or length.max() > FAR * length[length > 0].min(initial=np.inf):
        return np.hstack([_solve(A, t, lam) for lam in lams.tolist()])
    U, s, Vt = svd(A)
    shrunk = 1 / (s[:, np.newaxis] ** 2 + lams)
    W = Vt.T @ (s[:, np.newaxis] * (U.T @ t) * shrunk)
    rest = A.T @ (t - A @ W) - lams * W
    return W + Vt.T @ (shrunk * (Vt @ rest))


def ridge_solve(A: np.ndarray, t: np.ndarray, lam: float) -> np.ndarray:
    """Return the solution for centred columns and target, both over ``sqrt(n)``."""
    return _solve(A, t[:, np.newaxis], lam)[:, 0]


def _centre(
    X: Any, Y: np.ndarray, weights: np.ndarray | None, fit_intercept: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return centred X and Y over ``sqrt(n)``, rows times the root of their weight, and the means."""
    x_mean, y_mean = np.zeros(X.shape[1]), np.zeros(Y.shape[1])
    if fit_intercept:
        x_mean, y_mean = inputs.weighted_mean(X, weights), inputs.weighted_mean(Y, weights)
    scale = np.sqrt(inputs.total(X, weights))
    A, T = inputs.centred(X, x_mean, weights), inputs.centred(Y, y_mean, weights)
    A /= scale
    return A, T / scale, x_mean, y_mean


def _solve(A: np.ndarray, T: np.ndarray, lam: float) -> np.ndarray:
    """Solve ``(A.T A + lam I) W = A.T T`` (2.3), shape (n_features, n_targets)."""
    n, d = A.shape
    if lam == 0:
        return least_norm(A, T)
    if d > n and d > 1000:
        return _solve_dual(A, T, lam)
    W = normal_equations(A, T, lam)
    return _solve_by_svd(A, T, lam) if W is None else W


def _solve_dual(A: np.ndarray, T: np.ndarray, lam: float) -> np.ndarray:
    """``(A.T A + lam I)^-1 A.T = A.T (A A.T + lam I)^-1``: n unknowns instead of d."""
    system = A @ A.T
    system.flat[:: len(A) + 1] += lam
    factor, bad = lapack.dpotrf(system, lower=1)
    if bad or np.diag(factor).min() < 1e-6 * np.diag(factor).max():
        return _solve_by_svd(A, T, lam)
    dual = np.zeros_like(T)
    for _ in range(2):
        dual += lapack.dpotrs(factor, T - A @ (A.T @ dual) - lam * dual, lower=1)[0]
    return A.T @ dual


def _solve_by_svd(A: np.ndarray, T: np.ndarray, lam: float) -> np.ndarray:
    U, s, Vt = svd(A)
    return Vt.T @ ((s / (s**2 + lam))[:, np.newaxis] * (U.T @ T))


def ridge_gap(A: np.ndarray, t: np.ndarray, w: np.ndarray, lam: float) -> float:
    """Return the duality gap ``||A.T r - lam w||² / (2 lam)``; at 0, the loss minus its minimum."""
    residual = t - A @ w
    if lam > 0:
        return float(np.sum((A.T @ residual - lam * w) ** 2)) / (2 * lam)
    return float(np.sum((svd(A)[0].T @ residual) ** 2)) / 2


class _Ridge(RegressorMixin, BaseEstimator):
    def predict(self, X: Any) -> np.ndarray:
        """Return ``X w + b``, shape (n_samples,) or (n_samples, n_targets)."""
        X = inputs.load_X_for(self, X)
        return X @ self.coef_.T + self.intercept_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.multi_output = isinstance(self, Ridge)
        return tags

    def _finish(
        self, X: Any, y: np.ndarray, weights: np.ndarray | None, lam: float, fit_intercept: bool
    ) -> None:
        Y = y[:, np.newaxis] if y.ndim == 1 else y
        A, T, x_mean, y_mean = _centre(X, Y, weights, fit_intercept)
        W = _solve(A, T, lam)
        b = y_mean - x_mean @ W
        self.dual_gap_ = sum(ridge_gap(A, t, w, lam) for t, w in zip(T.T, W.T, strict=True))
        self.n_iter_ = 1
        self.coef_ = (W[:, 0] if y.ndim == 1 else W.T).astype(X.dtype, copy=False)
        self.intercept_ = float(b[0]) if y.ndim == 1 else b


class Ridge(_Ridge):
    """Linear regression with the squared L2 penalty.

    Minimises, with n the sum of the weights s_i (1 each by default)::

        1/(2n) sum_i s_i (y_i - x_i w - b)² + lam/2 ||w||²

    for each target on its own, if there are several.

    Parameters
    ----------
    lam : float
        Strength, >= 0. The default suits standardised data.
    fit_intercept : bool

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        In the precision of X.
    intercept_ : float or ndarray of shape (n_targets,)
    n_iter_ : int
        1: the solution is direct.
    dual_gap_ : float
        Bound on how far the objective (summed over targets) is above the minimum.

    Notes
    -----
    Hoerl and Kennard (1970), *Technometrics* 12(1), 55-67.
    """

    def __init__(self, lam: float = 0.1, *, fit_intercept: bool = True) -> None:
        self.lam = lam
        self.fit_intercept = fit_intercept

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Ridge:
        """Fit to X (n_samples, n_features) and y (n_samples,) or (n_samples, n_targets); returns itself.

        Raises
        ------
        TypeError, ValueError
            If an argument is not finite, has the wrong shape or is out of range.
        """
        lam, fit_intercept = validation.strength(self.lam), switch(self.fit_intercept, "fit_intercept")
        X, y, weights = inputs.load_for(self, X, y, sample_weight, several_targets=True)
        self._finish(X, y, weights, lam, fit_intercept)
        return self


class RidgeCV(_Ridge):
    """Ridge whose strength has the smallest mean squared leave-one-out error (2.8).

    Minimises the objective of :class:`Ridge` at ``lam_``. All leave-one-out errors at all strengths come from
    one eigendecomposition of the smaller of ``X.T X`` and ``X X.T``; as n refits they would keep ``n lam``
    fixed.

    Parameters
    ----------
    lams : array of shape (n_lams,)
        Strengths > 0.
    fit_intercept : bool

    Attributes
    ----------
    lam_ : float
        Of equally good strengths the largest.
    lams_ : ndarray of shape (n_lams,)
        In decreasing order.
    mse_path_ : ndarray of shape (n_lams,)
        Mean squared leave-one-out errors. A row of weight 2 counts as two equal rows, of which one is left
        out; a row of weight below 1 is left out whole. With more features than rows, keep the lengths of the
        centred columns within a factor 1e4 of each other: beyond, the errors lose their digits.
    coef_, intercept_, n_iter_, dual_gap_
        As :class:`Ridge`.
    """

    def __init__(self, lams: Any = (1e-3, 1e-2, 1e-1, 1.0, 10.0), *, fit_intercept: bool = True) -> None:
        self.lams = lams
        self.fit_intercept = fit_intercept

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> RidgeCV:
        """Choose the strength and fit to X (n_samples, n_features) and y (n_samples,); returns itself.

        Raises
        ------
        TypeError, ValueError
            If an argument is not finite, has the wrong shape or is out of range, or there is one row only.
        """
        fit_intercept, lams = switch(self.fit_intercept, "fit_intercept"), np.sort(strengths(self.lams))[::-1]
        if lams[-1] == 0:
            raise ValueError("lams must be > 0, got 0.0: at 0 a row of leverage 1 has no error.")
        X, y, weights = inputs.load_for(self, X, y, sample_weight)
        if len(y) < 2:
            raise ValueError("Leaving one out needs at least 2 rows, got n_samples = 1.")
        self.lams_, roots = lams, None if weights is None else np.sqrt(weights)
        columns = _wide(X, y, weights, fit_intercept)
        if columns is None:
            A, T, _, _ = _centre(X, y[:, np.newaxis], weights, fit_intercept)
            self.mse_path_ = _loo_mse(A, T[:, 0], lams, roots, fit_intercept)
        else:
            eigenvalues, U = _eigenvectors(columns.outer(), columns.roots if fit_intercept else None)
            self.mse_path_ = _errors(*_dual_fits(eigenvalues, U, columns.y, lams), roots)
        self.lam_ = float(lams[int(np.argmin(self.mse_path_))])
        if columns is None:
            self._finish(X, y, weights, self.lam_, fit_intercept)
        else:
            w = _solve_from_eigenvectors(columns, eigenvalues, U, self.lam_)
            rest = columns.pull(columns.y - columns.fitted(w)) - self.lam_ * w
            self.dual_gap_, self.n_iter_ = float(rest @ rest) / (2 * self.lam_), 1
            self.coef_, self.intercept_ = w, float(columns.y_mean - columns.x_mean @ w)
        return self


def _wide(X: Any, y: np.ndarray, weights: np.ndarray | None, fit_intercept: bool) -> Columns | None:
    """Return the problem without a copy of X, if X is dense and has more features than rows."""
    if isinstance(X, np.ndarray) and X.dtype == np.float64 and X.shape[1] > X.shape[0]:
        share = np.ones(len(y)) if weights is None else weights
        columns = Columns.of(X, y, share, fit_intercept=fit_intercept)
        return columns if columns.mild else None
    return None


def _solve_from_eigenvectors(
    columns: Columns, eigenvalues: np.ndarray, U: np.ndarray, lam: float
) -> np.ndarray:
    """Solve ``(Z Z.T + lam I) a = y``, correct it by its true residual, and return ``w = Z.T a``."""
    dual = np.zeros_like(columns.y)
    for _ in range(2):
        rest = columns.y - columns.fitted(columns.pull(dual)) - lam * dual
        dual += U @ ((U.T @ rest) / (eigenvalues + lam))
    return columns.pull(dual)


def _loo_mse(
    A: np.ndarray, t: np.ndarray, lams: np.ndarray, roots: np.ndarray | None, fit_intercept: bool
) -> np.ndarray:
    """Return the mean squared leave-one-out error at each strength; A and t are over ``sqrt(n)``."""
    n, d = A.shape
    ones = np.full(n, 1 / np.sqrt(n)) if roots is None else roots / np.sqrt(np.sum(roots**2))
    length = np.sqrt(np.einsum("ij,ij->j", A, A))
    if fit_intercept and np.any(np.abs(ones @ A) > 1e-13 * length):  # the rounded mean of a large offset
        A, t = A - np.outer(ones, ones @ A), t - ones * (ones @ t)
    if d <= n and length.max() > FAR * length[length > 0].min(initial=np.inf):
        fits = [_fit_by_triangle(A, t, lam) for lam in lams.tolist()]
        residuals, free = (np.column_stack(part) for part in zip(*fits, strict=True))
        return _errors(residuals, free - (ones**2)[:, np.newaxis] * fit_intercept, roots)
    if d > n:
        pairs = _eigenvectors(A @ A.T, ones if fit_intercept else None)
        return _errors(*_dual_fits(*pairs, t, lams), roots)
    eigenvalues, V = np.linalg.eigh(A.T @ A)
    Z = A @ V  # U diag(s): A's rows in the eigenvectors' coordinates
    inverse = 1 / (np.maximum(eigenvalues, 0)[:, np.newaxis] + lams)
    leverage = (Z**2) @ inverse + (ones**2)[:, np.newaxis] * fit_intercept
    return _errors(t[:, np.newaxis] - Z @ (inverse * (Z.T @ t)[:, np.newaxis]), 1 - leverage, roots)


def _fit_by_triangle(A: np.ndarray, t: np.ndarray, lam: float) -> tuple[np.ndarray, np.ndarray]:
    """Return residuals and ``1 - leverage`` (without the intercept's part) at one strength.

    Ridge is least squares with the rows ``sqrt(lam) I`` below A. Columns of length 1 have forgotten their
    units, and so has the orthonormal basis of their span.
    """
    stacked = np.vstack([A, np.sqrt(lam) * np.eye(A.shape[1])])
    Q = np.linalg.qr(stacked / np.sqrt(np.einsum("ij,ij->j", stacked, stacked)))[0][: len(A)]
    return t - Q @ (Q.T @ t), 1 - np.einsum("ij,ij->i", Q, Q)


def _eigenvectors(K: np.ndarray, ones: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Return eigenvalues and eigenvectors of ``K = A A.T``, without ``ones``, which the intercept fits.

    ``K ones`` is 0 but for rounding. Given the largest eigenvalue instead, that vector comes last.
    """
    if ones is None:
        eigenvalues, U = np.linalg.eigh(K)
    else:
        eigenvalues, U = np.linalg.eigh(K + (1 + 2 * np.trace(K)) * np.outer(ones, ones))
        eigenvalues, U = eigenvalues[:-1], U[:, :-1]
    return np.maximum(eigenvalues, 0), U


def _dual_fits(
    eigenvalues: np.ndarray, U: np.ndarray, t: np.ndarray, lams: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return residuals and ``1 - leverage`` at each strength, (n_samples, n_lams); nothing cancels."""
    shrunk = lams / (eigenvalues[:, np.newaxis] + lams)
    return U @ (shrunk * (U.T @ t)[:, np.newaxis]), (U**2) @ shrunk


def _errors(residuals: np.ndarray, free: np.ndarray, roots: np.ndarray | None) -> np.ndarray:
    """Return the mean squared leave-one-out error (2.9) at each strength; ``free`` is ``1 - leverage``."""
    if roots is not None:  # a row of weight 2 is two equal rows, and one of them is left out
        copies = np.maximum(roots**2, 1)[:, np.newaxis]
        free = (copies - 1 + free) / copies
    errors = residuals / np.maximum(free, np.finfo(float).eps)
    return np.sum(errors**2, axis=0)  # the residuals hold 1/sqrt(n) and the roots of the weights
