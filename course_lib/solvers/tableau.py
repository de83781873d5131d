"""The linear systems along a path: one table that any equation can join or leave in one step (chapter 06)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.linalg import blas, lapack

__all__ = ["Tableau"]

DEPENDENT = 1e-13  # a column whose squared distance to the active ones is this small a share of its own
CLOSE = 1e-5  # the same share below which the distance is computed once more, with care
NEAR = 1e-6  # the same share below which the Gram matrix is too coarse, and the columns are asked
DRIFT = 1e-13  # rest of an equation, relative to its right side, that is worth another solve


class Tableau:
    """The equations (6.1) of all features in one table, solved for those of the active ones.

    The table starts as ``[G | c | tilt]``. Gauss-Jordan elimination with the active columns makes of it::

        rows of A      ... | u | q        the coefficients u - lam q (6.2)
        other rows     ... | a | b        the pulls a - lam b (6.3)

    Entering and leaving are the same step, :meth:`pivot`: it undoes itself.

    Parameters
    ----------
    G : ndarray of shape (n_features, n_features)
    c : ndarray of shape (n_features,)
    active, signs : sequences of equal length
        Who is in from the start.
    tilt : ndarray of shape (n_features,), optional
        The walk is for ``c - lam tilt`` instead of ``c``: the elastic net needs it.

    Attributes
    ----------
    columns : None, or a pair of ndarrays of shapes (n_features, n_samples) and (n_samples,)
        The columns and the target that ``G`` and ``c`` are products of. With them :meth:`correct` and
        :meth:`distance` keep twice as many digits.
    closest : float
        Smallest squared distance of an active column to those before it, as a share of its own.
    """

    columns: tuple[np.ndarray, np.ndarray] | None = None

    def __init__(
        self, G: np.ndarray, c: np.ndarray, active: Sequence[int] | np.ndarray = (),
        signs: Sequence[float] | np.ndarray = (), tilt: np.ndarray | None = None,
    ) -> None:  # fmt: skip
        d = len(c)
        self.G, self.signs, self.closest = G, np.zeros(d), 1.0
        self.right = np.column_stack([c, np.zeros(d) if tilt is None else tilt])
        self.table = np.empty((d, d + 2), order="F")
        self.table[:, :d], self.table[:, d:] = G, self.right
        self.norms = np.sqrt(np.maximum(np.diag(G), np.finfo(float).tiny))
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
        self.closest = min(self.closest, self.table[j, j] / self.G[j, j])
        self.pivot(j)

    def leave(self, j: int) -> None:
        self.pivot(j)
        self.table[j, -1] -= self.signs[j]
        self.signs[j] = 0

    def correct(self) -> np.ndarray:
        """Put the last two columns right by what the equations leave; return how uncertain pulls then are.

        The steps gather rounding errors, and columns that are close to each other magnify them.
        """
        active = np.flatnonzero(self.signs)
        right = self.right.copy()
        right[:, 1] += self.signs
        inverse, solved = self.table[np.ix_(active, active)], self.table[active, -2:]
        for _ in range(3):
            pulls = self._pulls(active, right, solved)
            rest = pulls[active]
            if np.all(np.abs(rest) <= DRIFT * np.abs(right[active]).max(axis=0, initial=0)):
                break
            solved += inverse @ rest
        self.table[:, -2:] = pulls
        self.table[active, -2:] = solved
        lengths = self.norms[active]
        rounding = 1e-15 * np.abs(solved[:, 0]) @ lengths
        return self.norms * max(rounding, 10 * np.max(np.abs(rest[:, 0]) / lengths, initial=0))

    def _pulls(self, active: np.ndarray, right: np.ndarray, solved: np.ndarray) -> np.ndarray:
        """Return what the equations leave, ``[c - G u | signs - G q]``."""
        if self.columns is None:
            return right - self.G[active].T @ solved
        Z, target = self.columns
        fitted = Z[active].T @ solved
        return np.column_stack([Z @ (target - fitted[:, 0]), right[:, 1] - Z @ fitted[:, 1]])

    def distance(self, j: int) -> float:
        """Return the squared distance of column j to the active ones; 0 if it is a combination of them."""
        own, distance = self.G[j, j], self.table[j, j]
        if distance > CLOSE * own:
            return float(distance)
        active = np.flatnonzero(self.signs)
        cross, v = self.G[active, j], self.table[active, j]
        if self.columns:
            return self._measured(j, active, v, self.columns[0])
        rest = cross - self.G[np.ix_(active, active)] @ v
        better = v + self.table[np.ix_(active, active)] @ rest
        # own - 2 cross.v + v.G v at the better v, written so that the error of v enters squared
        distance = own - cross @ v - rest @ better
        return float(distance) if distance > DEPENDENT * own else 0.0

    def _measured(self, j: int, active: np.ndarray, v: np.ndarray, Z: np.ndarray) -> float:
        """Return the same from the columns: the squared length of what ``v`` leaves of column j."""
        rest = Z[j] - v @ Z[active]
        rest -= (self.table[np.ix_(active, active)] @ (Z[active] @ rest)) @ Z[active]
        distance = float(rest @ rest)
        return distance if distance > DEPENDENT * self.G[j, j] else 0.0


def _inverse(block: np.ndarray) -> np.ndarray:
    factor, bad = lapack.dpotrf(block, lower=1)
    if bad:
        return np.linalg.pinv(block, hermitian=True)
    lower, _ = lapack.dpotri(factor, lower=1)
    return np.tril(lower) + np.tril(lower, -1).T
