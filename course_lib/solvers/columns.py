"""A least-squares problem without its Gram matrix: pulls straight from X (chapter 06).

With more features than rows X itself is the smaller table. It is neither copied nor centred: the residuals
``r`` of a fit with an intercept sum to 0, so that ``(X - mean).T r = X.T r``. Only where a column's mean is
far from 0, measured by its spread, this would cost digits, and the columns have to be centred first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

__all__ = ["MILD", "Columns"]

MILD = 10.0  # (mean / spread)² up to this: the digits that are lost are at most one
NOISE = 1e-13  # pulls this small, relative to the largest possible, are rounding


@dataclass(frozen=True)
class Columns:
    """Minimise ``1/2 ||y - Z w||²`` plus a penalty, where ``Z = roots * (X - x_mean)``, row by row.

    Attributes
    ----------
    X : ndarray or sparse matrix of shape (n_samples, n_features)
    x_mean : ndarray of shape (n_features,)
        Zeros without an intercept.
    roots : ndarray of shape (n_samples,)
        Roots of the weights, which sum to 1; 0 for a row that is held out.
    y : ndarray of shape (n_samples,)
        Centred, times ``roots``.
    y_mean : float
    c : ndarray of shape (n_features,)
        ``Z.T y``.
    squares : ndarray of shape (n_features,)
        Weighted means of the squares in X: what rounding is measured by.
    """

    X: Any
    x_mean: np.ndarray
    roots: np.ndarray
    y: np.ndarray
    y_mean: float
    c: np.ndarray
    squares: np.ndarray

    @classmethod
    def of(cls, X: Any, y: np.ndarray, weights: np.ndarray, *, fit_intercept: bool) -> Columns:
        """Take the means. If the problem is not :attr:`mild`, centre X first, and take none here."""
        share = weights / weights.sum()
        x_mean, y_mean, squares = np.zeros(X.shape[1]), 0.0, _squares(X, share)
        if fit_intercept:
            first = y[np.argmax(share)]
            x_mean, y_mean = X.T @ share, float(first + share @ (y - first))
        roots = np.sqrt(share)
        target = roots * (y - y_mean)
        c = X.T @ (roots * target) - x_mean * (roots @ target)
        return cls(X, x_mean, roots, target, y_mean, c, squares)

    @property
    def mild(self) -> bool:
        """Return whether no column's mean is far from 0, measured by its spread."""
        return bool(np.all(self.x_mean**2 <= MILD * (self.squares - self.x_mean**2)))

    @property
    def spreads(self) -> np.ndarray:
        """Return the squared lengths of the columns of Z, shape (n_features,)."""
        return np.maximum(self.squares - self.x_mean**2, 0)

    @property
    def yy(self) -> float:
        return float(self.y @ self.y)

    @property
    def rank(self) -> int:
        """Return the largest possible number of active features."""
        return min(self.X.shape)

    def rows(self, chosen: np.ndarray) -> np.ndarray:
        """Return chosen columns of Z, each in one piece of memory, shape (n_chosen, n_samples)."""
        columns = self.X[:, chosen]
        columns = columns.toarray() if sparse.issparse(columns) else columns
        return (np.ascontiguousarray(columns.T) - self.x_mean[chosen, np.newaxis]) * self.roots

    def source(self, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return chosen columns of Z, as :meth:`rows` does, and the target."""
        return self.rows(chosen), self.y

    def gram(self, chosen: np.ndarray) -> np.ndarray:
        rows = self.rows(chosen)
        return rows @ rows.T

    def outer(self) -> np.ndarray:
        """Return ``Z Z.T``, shape (n_samples, n_samples)."""
        shift = self.X @ self.x_mean
        products = self.X @ self.X.T - np.add.outer(shift, shift) + self.x_mean @ self.x_mean
        return self.roots[:, np.newaxis] * products * self.roots

    def pull(self, residual: np.ndarray) -> np.ndarray:
        """Return ``Z.T r``, shape (n_features,)."""
        weighted = self.roots * residual
        return self.X.T @ weighted - self.x_mean * weighted.sum()

    def fitted(self, w: np.ndarray) -> np.ndarray:
        """Return ``Z w``, shape (n_samples,)."""
        return self.roots * (self.X @ w - self.x_mean @ w)

    def pulls(self, chosen: np.ndarray, coefs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return ``Z.T (y - Z w)`` for each column ``w``, (n_features, n_lams), and the losses, (n_lams,)."""
        used = coefs.any(axis=1)
        residuals = self.y[:, np.newaxis] - self.rows(chosen[used]).T @ coefs[used]
        weighted = self.roots[:, np.newaxis] * residuals
        pulls = self.X.T @ weighted
        pulls -= np.outer(self.x_mean, weighted.sum(axis=0))
        return pulls, np.sum(residuals**2, axis=0) / 2

    def noise(self) -> np.ndarray:
        """Return how big the pulls may be by rounding when they should be 0, shape (n_features,)."""
        return NOISE * np.sqrt(self.squares * self.yy)


def _squares(X: Any, share: np.ndarray) -> np.ndarray:
    """Return the weighted mean of the squares in each column."""
    if sparse.issparse(X):
        return np.asarray(X.multiply(X).T @ share)
    equal = share.min() == share.max()
    return np.einsum("ij,ij->j", X, X) * share[0] if equal else np.einsum("ij,ij,i->j", X, X, share)
