"""Ridge regression: closed form, whole path from one SVD, degrees of freedom, leave-one-out (chapter 02).

The objective, with an intercept ``b`` that is not penalised (2.1)::

    J(w, b) = 1/(2n) ||y - X w - b||² + lam/2 ||w||²

Sources: Hoerl and Kennard (1970), *Technometrics* 12(1), 55-67; Hastie, Tibshirani and Friedman, *The
Elements of Statistical Learning*, 2nd ed. (2009), sections 3.4.1 and 7.10.1.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from course_lib import validation
from course_lib.losses import SquaredLoss
from course_lib.penalties import L2
from course_lib.solvers.centring import centre, centre_columns, strengths, switch

__all__ = [
    "choose_by_loo",
    "effective_df",
    "gradient",
    "loo_errors",
    "objective",
    "path",
    "shrinkage_factors",
    "solve",
]


def objective(X: Any, y: Any, w: Any, b: float, lam: float) -> float:
    """Return ``1/(2n) ||y - X w - b||² + lam/2 ||w||²`` (2.1).

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
    y : array of shape (n_samples,)
    w : array of shape (n_features,)
    b : float
        Intercept; it is not penalised.
    lam : float
        Strength, >= 0.

    Raises
    ------
    TypeError, ValueError
        If an argument is not finite, has the wrong shape, or ``lam`` is negative.
    """
    X, y, w, b = _checked_point(X, y, w, b)
    return SquaredLoss().value(y, X @ w + b) + L2(lam).value(w)


def gradient(X: Any, y: Any, w: Any, b: float, lam: float) -> tuple[np.ndarray, float]:
    """Return the gradient of :func:`objective` with respect to ``w`` and ``b`` (2.2).

    ``grad_w = -X.T (y - X w - b) / n + lam w`` of shape (n_features,), ``grad_b = -mean(y - X w - b)``.

    Raises
    ------
    TypeError, ValueError
        As :func:`objective`.

    Examples
    --------
    >>> grad_w, grad_b = gradient([[1.0], [3.0]], [1.0, 5.0], [2.0], -1.0, lam=0.5)
    >>> grad_w, grad_b  # y = 2x - 1 fits exactly: only the penalty pulls, and not on b
    (array([1.]), 0.0)
    """
    X, y, w, b = _checked_point(X, y, w, b)
    slope = SquaredLoss().gradient(y, X @ w + b)  # (n_samples,): the mean is already in it
    return X.T @ slope + L2(lam).gradient(w), float(slope.sum())


def solve(X: Any, y: Any, lam: float, *, fit_intercept: bool = True) -> tuple[np.ndarray, float]:
    """Return the minimiser ``(w, b)`` of ``1/(2n) ||y - X w - b||² + lam/2 ||w||²``.

    On centred data it solves the normal equations ``(X.T X + n lam I) w = X.T y`` (2.3). With ``lam = 0`` and
    dependent columns (always so when n_features >= n_samples, with an intercept) the minimiser is not
    unique: the one of smallest norm is returned, which is also the limit for ``lam`` to 0.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
    y : array of shape (n_samples,)
    lam : float
        Strength, >= 0.
    fit_intercept : bool
        Without an intercept, ``b`` is 0 and nothing is centred.

    Returns
    -------
    w : ndarray of shape (n_features,)
        In the precision of ``X`` (float32 stays float32).
    b : float

    Raises
    ------
    TypeError, ValueError
        If ``X`` or ``y`` is empty, not finite or of the wrong shape, or ``lam`` is negative.

    Examples
    --------
    >>> w, b = solve([[-1.0], [1.0]], [0.0, 4.0], lam=1.0)
    >>> w, b  # least squares has slope 2; n lam = 2 beside ||x||² = 2 halves it
    (array([1.]), 2.0)
    """
    data, lam = centre(X, y, fit_intercept=fit_intercept), validation.strength(lam)
    w = _solve_centred(data.X, data.y, len(data.y) * lam)
    return w, data.intercept(w)


def path(X: Any, y: Any, lams: Any, *, fit_intercept: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Return the ridge solutions for many strengths from one singular value decomposition (2.5).

    With ``X = U diag(s) V.T`` (centred), ``w(lam) = V diag(s / (s² + n lam)) U.T y``.

    Parameters
    ----------
    X, y, fit_intercept
        As :func:`solve`.
    lams : array of shape (n_lams,)
        Strengths >= 0, in any order.

    Returns
    -------
    coefs : ndarray of shape (n_features, n_lams)
    intercepts : ndarray of shape (n_lams,)

    Raises
    ------
    TypeError, ValueError
        As :func:`solve`, for any entry of ``lams``.
    """
    data = centre(X, y, fit_intercept=fit_intercept)
    lams = strengths(lams)
    U, s, Vt = _svd(data.X)
    factors = _factors(s, len(data.y) * lams)  # (rank, n_lams)
    coefs = Vt.T @ (factors * (U.T @ data.y / s)[:, np.newaxis])
    return coefs, data.y_mean - data.x_mean @ coefs


def shrinkage_factors(X: Any, lam: float, *, center: bool = True) -> np.ndarray:
    """Return ``s² / (s² + n lam)`` for every singular value ``s`` of ``X``, largest first (2.5).

    Ridge multiplies the least-squares fit along the j-th principal direction of ``X`` by the j-th factor.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
    lam : float
        Strength, >= 0.
    center : bool
        Centre the columns first, as a fit with an intercept does.

    Returns
    -------
    ndarray of shape (n_features,)
        In [0, 1], decreasing. Directions in which ``X`` does not vary have factor 0, for ``lam = 0`` too.

    Raises
    ------
    TypeError, ValueError
        If ``X`` is empty, not finite or not 2-D, ``lam`` is negative, or ``center`` is not a bool.

    Examples
    --------
    >>> shrinkage_factors([[3.0, 0.0], [0.0, 1.0]], lam=0.5, center=False)  # n lam = 1
    array([0.9, 0.5])
    """
    X, lam = validation.matrix(X), validation.strength(lam)
    _, s, _ = _svd(centre_columns(X)[0] if switch(center, "center") else X)
    factors = np.zeros(X.shape[1], dtype=X.dtype)
    factors[: s.size] = _factors(s, np.array([len(X) * lam]))[:, 0]
    return factors


def effective_df(X: Any, lam: float, *, center: bool = True) -> float:
    """Return the effective degrees of freedom: the sum of the shrinkage factors (2.10).

    This is the trace of the matrix that maps (centred) ``y`` to its ridge fit. The intercept is not counted:
    add 1 for it. At ``lam = 0`` the value is the rank of ``X`` (centred, when ``center`` is true).

    Raises
    ------
    TypeError, ValueError
        As :func:`shrinkage_factors`.
    """
    return float(shrinkage_factors(X, lam, center=center).sum())


def loo_errors(X: Any, y: Any, lam: float, *, fit_intercept: bool = True) -> np.ndarray:
    """Return the leave-one-out residuals ``y_i - prediction without row i``, without any refit (2.9).

    ``e_i = (y_i - fit_i) / (1 - h_i)`` where the leverage ``h_i`` is the i-th diagonal entry of
    ``X (X.T X + n lam I)^-1 X.T`` (centred), plus ``1/n`` for the intercept. It equals n refits on n - 1 rows
    that keep the product ``n lam`` fixed: their strength is ``lam * n / (n - 1)``.

    Parameters
    ----------
    X, y, lam, fit_intercept
        As :func:`solve`.

    Returns
    -------
    ndarray of shape (n_samples,)

    Raises
    ------
    TypeError
        As :func:`solve`.
    ValueError
        As :func:`solve`, and if a row has leverage 1: the fit goes through it whatever its ``y`` is, so
        leaving it out says nothing. A larger ``lam`` helps, except with a single row.
    """
    data, lam = centre(X, y, fit_intercept=fit_intercept), validation.strength(lam)
    n = len(data.y)
    U, s, _ = _svd(data.X)
    factors = _factors(s, np.array([n * lam]))[:, 0]
    residual = data.y - U @ (factors * (U.T @ data.y))
    leverage = (U**2) @ factors + (1 / n if fit_intercept else 0)
    saturated = np.flatnonzero(1 - leverage <= 10 * np.finfo(data.X.dtype).eps)
    if saturated.size:
        raise ValueError(
            f"Row {saturated[0]} of X has leverage 1 at lam={lam}: the fit goes through it whatever its y "
            "is, so it has no leave-one-out residual. Use a larger lam, or more rows."
        )
    return residual / (1 - leverage)


def choose_by_loo(X: Any, y: Any, lams: Any, *, fit_intercept: bool = True) -> float:
    """Return the strength in ``lams`` with the smallest mean squared leave-one-out error (2.9).

    Parameters
    ----------
    X, y, fit_intercept
        As :func:`solve`.
    lams : array of shape (n_lams,)
        Candidates >= 0, in any order. Of equally good ones the largest is returned: the simplest model.

    Raises
    ------
    TypeError, ValueError
        As :func:`loo_errors`, for any entry of ``lams``.
    """
    lams = np.sort(strengths(lams))[::-1].tolist()
    errors = [np.mean(loo_errors(X, y, lam, fit_intercept=fit_intercept) ** 2) for lam in lams]
    return lams[int(np.argmin(errors))]


def _solve_centred(X: np.ndarray, y: np.ndarray, n_lam: float) -> np.ndarray:
    """Solve ``(X.T X + n_lam I) w = X.T y`` through the smaller of two systems, or through the SVD."""
    # The trace of X.T X bounds its largest eigenvalue, so this bounds the condition number. Cholesky loses
    # that factor in precision; where it would lose half the digits the SVD takes over: it never squares X.
    if n_lam <= np.sqrt(np.finfo(X.dtype).eps) * np.sum(X**2):
        U, s, Vt = _svd(X)
        return Vt.T @ (_factors(s, np.array([n_lam]))[:, 0] * (U.T @ y) / s)
    from scipy.linalg import cho_factor, cho_solve

    n, d = X.shape
    if d <= n:
        return cho_solve(cho_factor(X.T @ X + n_lam * np.eye(d, dtype=X.dtype)), X.T @ y)
    # (X.T X + c I)^-1 X.T = X.T (X X.T + c I)^-1: n unknowns instead of d.
    return X.T @ cho_solve(cho_factor(X @ X.T + n_lam * np.eye(n, dtype=X.dtype)), y)


def _svd(X: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the thin SVD without the directions whose singular value is rounding noise."""
    U, s, Vt = np.linalg.svd(X, full_matrices=False)
    keep = s > max(X.shape) * np.finfo(X.dtype).eps * s[0]
    return U[:, keep], s[keep], Vt[keep]


def _factors(s: np.ndarray, n_lams: np.ndarray) -> np.ndarray:
    """Return ``s² / (s² + n lam)``, shape (rank, n_lams), written so that s² cannot overflow or vanish."""
    ratio = np.sqrt(n_lams).astype(s.dtype)[np.newaxis, :] / s[:, np.newaxis]
    return 1 / (1 + ratio**2)


def _checked_point(X: Any, y: Any, w: Any, b: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    X, y, b = validation.matrix(X), validation.vector(y), validation.number(b, "b")
    validation.same_length(X, y)
    w = validation.vector(w, "w", length=X.shape[1], of="one per column of X")
    return X, y, w, b
