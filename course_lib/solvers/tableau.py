"""The linear systems along a path: one table that any equation can join or leave in one step (chapter 06)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.linalg import blas, lapack

__all__ = ["Tableau"]

DEPENDENT = 1e-13  # a column whose squared distance to the active ones is this small a share of its own
NOISE = 1e-14  # pulls this small, relative to the largest possible, are rounding


class Tableau:
    """The equations (6.1) of all features in one table, solved for those of the active ones.

    The table starts as ``[G | c | 0]``. Gauss-Jordan elimination with the active columns makes of it::

        rows of A      ... | u | q        the coefficients u - lam q (6.2)
        other rows     ... | a | b        the pulls a - lam b (6.3)

    Entering and leaving are the same step, :meth:`pivot`: it undoes itself.

    Parameters
    ----------
    G : ndarray of shape (n_features, n_features)
    c : ndarray of shape (n_features,)
    active, signs : sequences of equal length
        Who is in from the start.

    Attributes
    ----------
    closest : float
        Smallest squared distance of a column to the active ones when it came, as a share of its own.
    """

    def __init__(
        self, G: np.ndarray, c: np.ndarray, active: Sequence[int] | np.ndarray = (),
        signs: Sequence[float] | np.ndarray = (),
    ) -> None:  # fmt: skip
        d = len(c)
        self.G, self.signs, self.closest = G, np.zeros(d), 1.0
        self.table = np.empty((d, d + 2), order="F")
        self.table[:, :d], self.table[:, d], self.table[:, d + 1] = G, c, 0
        lengths = np.sqrt(np.maximum(np.diag(G), np.finfo(float).tiny))
        self.noise = NOISE * np.max(np.abs(c) / lengths) * lengths
        if len(active):
            self.signs[active] = signs
            self.table[:, -1] += self.signs
            self._pivot_all(np.asarray(active))
            self.closest = float(1 / np.max(np.diag(self.table)[active] * np.diag(G)[active], initial=1.0))

    def pivot(self, j: int) -> None:
        """Solve equation j for coefficient j, or give it back: one step of Gauss-Jordan elimination."""
        T = self.table
        column, row = T[:, j].copy(), T[j] / T[j, j]
        column[j], row[j] = 0, 1 / T[j, j]
        T[:, j], T[j] = 0, row
        blas.dger(-1.0, column, row, a=T, overwrite_a=1)  # T -= outer(column, row)

    def _pivot_all(self, J: np.ndarray) -> None:
        """The same step for several equations at once: the pivot is a matrix."""
        T = self.table
        columns, rows = T[:, J], T[J]
        inverse = _inverse(rows[:, J])
        rows = inverse @ rows
        columns[J], rows[:, J] = 0, inverse
        T[:, J], T[J] = 0, rows
        T -= columns @ rows

    def enter(self, j: int, sign: float) -> None:
        self.signs[j] = sign
        self.table[j, -1] += sign
        self.pivot(j)

    def leave(self, j: int) -> None:
        self.pivot(j)
        self.table[j, -1] -= self.signs[j]
        self.signs[j] = 0

    def lines(self) -> np.ndarray:
        """Return the last two columns."""
        return self.table[:, -2:]

    def distance(self, j: int) -> float:
        """Return the squared distance of column j to the active ones; 0 if it is a combination of them."""
        share = self.table[j, j] / self.G[j, j]
        self.closest = min(self.closest, share)
        return float(self.table[j, j]) if share > DEPENDENT else 0.0

    def combination(self, j: int) -> np.ndarray:
        """Return the combination of the active columns, in order of their numbers, closest to column j."""
        return self.table[self.signs.nonzero()[0], j]


def _inverse(block: np.ndarray) -> np.ndarray:
    factor, bad = lapack.dpotrf(block, lower=1)
    if bad:
        return np.linalg.pinv(block, hermitian=True)
    lower, _ = lapack.dpotri(factor, lower=1)
    return np.tril(lower) + np.tril(lower, -1).T
