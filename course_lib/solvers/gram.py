"""The Gram trick: all that a least-squares fit needs to know about X and y, read in one go (chapter 06).

Let ``Z = [X - shift, y - shift, 1]``. The matrix ``Z.T Z`` holds every sum, every sum of squares and every
product of two columns. It is additive: the matrix of several folds together is the sum of theirs, so that one
pass over X serves all training sets of a cross-validation. Its size does not depend on the number of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from course_lib.solvers.columns import MILD

__all__ = ["Gram", "centred_gram", "column_shift", "duality_gaps", "mild", "moments"]

Source = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]

BLOCK = 1 << 18  # numbers in a block of rows: 2 MB, so that a block stays in the cache
NOISE = 1e-13  # pulls this small, relative to the largest possible, are rounding


@dataclass(frozen=True)
class Gram:
    """A least-squares problem: ``1/2 w.T G w - c.w + yy/2`` is ``1/(2n) ||y - X w - b||²`` at the best b.

    Attributes
    ----------
    G : ndarray of shape (n_features, n_features)
        ``X.T X / n``, of centred columns if there is an intercept.
    c : ndarray of shape (n_features,)
        ``X.T y / n``.
    yy : float
        ``y.T y / n``.
    x_mean, y_mean : ndarray of shape (n_features,), float
        Zeros without an intercept.
    n : float
        Sum of the weights.
    source : callable, optional
        Gives the columns asked for, centred and over ``sqrt(n)``, and the target, shapes (n_chosen, n_samples)
        and (n_samples,).
    """

    G: np.ndarray
    c: np.ndarray
    yy: float
    x_mean: np.ndarray
    y_mean: float
    n: float
    source: Source | None = None

    @property
    def rank(self) -> int:
        """Return the largest possible number of active features."""
        return len(self.c)

    @property
    def spreads(self) -> np.ndarray:
        """Return the mean square of each (centred) column, shape (n_features,)."""
        return np.diag(self.G)

    def gram(self, chosen: np.ndarray) -> np.ndarray:
        """Return the Gram matrix of some features."""
        return self.G if chosen.size == len(self.c) else self.G[chosen][:, chosen]

    def pulls(self, chosen: np.ndarray, coefs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return ``X.T (y - X w) / n``, (n_features, n_lams), and ``1/(2n) ||y - X w - b||²``, (n_lams,).

        ``coefs`` are those of the chosen features, one column ``w`` a model; the others are 0.
        """
        everything = chosen.size == len(self.c)
        pulls = self.c[:, np.newaxis] - (self.G if everything else self.G[:, chosen]) @ coefs
        fit = np.sum(coefs * ((pulls if everything else pulls[chosen]) + self.c[chosen, np.newaxis]), axis=0)
        return pulls, np.maximum(self.yy - fit, 0) / 2  # rounding may leave a perfect fit below 0

    def noise(self) -> np.ndarray:
        """Return how big the pulls may be by rounding when they should be 0, shape (n_features,)."""
        return NOISE * np.sqrt(np.diag(self.G) * self.yy)

    def mse(self, coefs: np.ndarray, intercepts: np.ndarray) -> np.ndarray:
        """Return the mean squared error of these rows for each model, shape (n_lams,)."""
        losses = self.pulls(np.arange(len(self.c)), coefs)[1]
        return 2 * losses + (self.y_mean - self.x_mean @ coefs - intercepts) ** 2


def mild(products: np.ndarray) -> bool:
    """Return whether :func:`moments` without a shift are accurate: no mean is far from 0, by its spread.

    Centred afterwards, a sum of squares loses the factor ``1 + mean²/variance`` in precision: at most 11.
    """
    n = products[-1, -1]
    square = (products[:-1, -1] / n) ** 2
    return bool(np.all(square <= MILD * (np.diag(products)[:-1] / n - square)))


def column_shift(X: Any, y: np.ndarray) -> np.ndarray:
    """Return a value near the mean for each column of ``[X, y]``: the mean of the first rows.

    Sums of squares about it lose at most a factor n / rows in precision, however large the offset.
    """
    rows = next(_blocks(X))
    head = np.column_stack([_dense(X[rows]), y[rows]]).astype(np.float64, copy=False)
    return head[0] + (head - head[0]).mean(axis=0)  # about the first row: exact for constant columns


def moments(X: Any, y: np.ndarray, weights: np.ndarray | None, shift: np.ndarray) -> np.ndarray:
    """Return ``Z.T W Z`` for ``Z = [X - shift, y - shift, 1]``, shape (n_features + 2, n_features + 2).

    X (dense or CSR) is read in blocks; no copy of it is made.
    """
    d = X.shape[1]
    result = np.zeros((d + 2, d + 2))
    if weights is None and not shift.any() and isinstance(X, np.ndarray) and X.dtype == y.dtype == np.float64:
        ones = np.ones(len(y))
        result[:d, :d] = X.T @ X  # half the work of a product of two different matrices
        result[:d, d], result[:d, d + 1] = X.T @ y, X.T @ ones
        result[d, d], result[d, d + 1], result[d + 1, d + 1] = y @ y, y @ ones, len(y)
        result[d:, :d], result[d + 1, d] = result[:d, d:].T, result[d, d + 1]
        return result
    step = next(_blocks(X))
    buffer = np.ones((step.stop, d + 2))
    for rows in _blocks(X):
        Z = buffer[: rows.stop - rows.start]
        np.subtract(_dense(X[rows]), shift[:d], out=Z[:, :d])
        np.subtract(y[rows], shift[d], out=Z[:, d])
        if weights is not None:
            Z[:, -1] = 1
            Z *= np.sqrt(weights[rows])[:, np.newaxis]
        result += Z.T @ Z
    return result


def centred_gram(products: np.ndarray, shift: np.ndarray, *, fit_intercept: bool = True) -> Gram:
    """Turn (sums of) :func:`moments` into a :class:`Gram`; without an intercept ``shift`` must be zeros."""
    d, n = len(products) - 2, products[-1, -1]
    second, first = products[:-1, :-1] / n, products[:-1, -1] / n
    if not fit_intercept:
        return Gram(second[:d, :d], second[:d, d], float(second[d, d]), np.zeros(d), 0.0, float(n))
    raw = np.diag(second).copy()
    second -= np.outer(first, first)  # mean of squares about the shift, minus (mean - shift)²
    noise = np.diag(second) <= 1e-13 * raw
    second[noise] = second[:, noise] = 0  # columns that are constant in these rows
    mean = shift + first
    return Gram(second[:d, :d], second[:d, d], float(second[d, d]), mean[:d], float(mean[d]), float(n))


def duality_gaps(
    coefs: np.ndarray, correlations: np.ndarray, losses: np.ndarray, l1: np.ndarray, l2: np.ndarray
) -> np.ndarray:
    """Return the duality gap of each column of ``coefs`` (3.8), shape (n_lams,).

    ``correlations`` is ``X.T r / n`` and ``losses`` ``||r||² / (2n)``. Written so that the big terms cancel
    on paper and only terms >= 0 are added, as in :mod:`course_lib.solvers.least_squares`.
    """
    pull = np.max(np.abs(correlations - l2 * coefs), axis=0)
    scale = l1 / np.maximum(np.maximum(pull, l1), np.finfo(float).tiny)  # at most 1
    gaps = _gaps_at(scale, coefs, correlations, losses, l1, l2)
    if not l2.any():
        return gaps
    full = _gaps_at(np.ones_like(scale), coefs, correlations, losses, l1, l2)
    return np.where(l2 > 0, np.minimum(gaps, full), gaps)


def _gaps_at(
    scale: np.ndarray, w: np.ndarray, u: np.ndarray, losses: np.ndarray, l1: np.ndarray, l2: np.ndarray
) -> np.ndarray:
    met = np.clip(scale * u, -l1, l1)
    gaps = (1 - scale) ** 2 * losses + np.sum(l1 * np.abs(w) - met * w, axis=0)
    if not l2.any():
        return gaps
    rest = np.sum((scale * u - met - l2 * w) ** 2, axis=0) / (2 * np.where(l2 > 0, l2, 1))
    return gaps + np.where(l2 > 0, rest, 0)


def _dense(X: Any) -> np.ndarray:
    return X.toarray() if sparse.issparse(X) else X


def _blocks(X: Any) -> Iterator[slice]:
    n, d = X.shape
    step = min(max(BLOCK // d, 64), n)
    return (slice(start, min(start + step, n)) for start in range(0, n, step))
