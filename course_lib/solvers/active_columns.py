"""The linear systems along a path from the active columns themselves: slower, and sure of its digits.

A Gram matrix knows the distance between two columns only by its square: half the digits are gone, and the
table of :mod:`course_lib.solvers.tableau` gathers rounding errors on top. Here the active columns are held as
``Z_A.T = Q R``, Q orthonormal and R triangular. A column that joins or leaves changes the two by rotations,
which magnify no error; and the Gram matrix ``R.T R`` is never formed.

Source: Golub and Van Loan (2013), *Matrix Computations*, 4th ed., sections 5.3 and 6.5.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.linalg import lapack, qr, qr_delete, qr_insert

__all__ = ["ActiveColumns"]

DEPENDENT = 1e-18  # a column whose squared distance to the active ones is this small a share of its own
NOISE = 1e-14  # pulls this small, relative to the largest possible, are rounding


class ActiveColumns:
    """The same questions as :class:`~course_lib.solvers.tableau.Tableau`, answered by ``Z_A.T = Q R``.

    Parameters
    ----------
    Z : ndarray of shape (n_features, n_samples)
        One column of X a row: ``G = Z Z.T``.
    y : ndarray of shape (n_samples,)
        The target: ``c = Z y``.
    active, signs : sequences of equal length
        Who is in from the start.
    tilt : ndarray of shape (n_features,), optional
        The walk is for ``c - lam tilt`` instead of ``c``.
    """

    def __init__(
        self, Z: np.ndarray, y: np.ndarray, active: Sequence[int] | np.ndarray = (),
        signs: Sequence[float] | np.ndarray = (), tilt: np.ndarray | None = None,
    ) -> None:  # fmt: skip
        d = len(Z)
        if Z.shape[1] > d + 1:  # the triangle of [Z.T, y] has the same products in fewer rows
            triangle = np.asarray(np.linalg.qr(np.column_stack([Z.T, y]), mode="r"))
            Z, y = np.ascontiguousarray(triangle[:, :d].T), triangle[:, d]
        self.Z, self.y, self.signs = Z, y, np.zeros(d)
        self.tilt = np.zeros(d) if tilt is None else tilt
        self.lengths = np.sqrt(np.einsum("ij,ij->i", Z, Z))
        self.noise = NOISE * np.sqrt(y @ y) * self.lengths
        self.order = [int(j) for j in active]
        self.signs[self.order] = signs
        self.Q, self.R = qr(Z[self.order].T, mode="economic")

    def lines(self) -> np.ndarray:
        """Return ``[u | q]`` in the rows of the active features (6.2), ``[a | b]`` in the others (6.3)."""
        if not self.order:
            return np.column_stack([self.Z @ self.y, self.tilt])
        heights = self.Q.T @ self.y
        rates = lapack.dtrtrs(self.R, (self.signs + self.tilt)[self.order], trans=1)[0]
        both = np.column_stack([heights, rates])
        fitted = self.Q @ both
        lines = np.column_stack([self.Z @ (self.y - fitted[:, 0]), self.tilt - self.Z @ fitted[:, 1]])
        lines[self.order] = lapack.dtrtrs(self.R, both)[0]
        return lines

    def distance(self, j: int) -> float:
        """Return the squared distance of column j to the active ones; 0 if it is a combination of them."""
        rest = self.Z[j] - self.Q @ (self.Q.T @ self.Z[j])
        distance = float(rest @ rest)
        return distance if distance > DEPENDENT * self.lengths[j] ** 2 else 0.0

    def combination(self, j: int) -> np.ndarray:
        """Return the combination of the active columns, in order of their numbers, closest to column j."""
        v = lapack.dtrtrs(self.R, self.Q.T @ self.Z[j])[0]
        return v[np.argsort(self.order)]

    def enter(self, j: int, sign: float) -> None:
        self.signs[j] = sign
        self.Q, self.R = qr_insert(self.Q, self.R, self.Z[j], len(self.order), "col", check_finite=False)
        self.order.append(j)

    def leave(self, j: int) -> None:
        self.signs[j] = 0
        Q, R = qr_delete(self.Q, self.R, self.order.index(j), 1, "col", check_finite=False)
        self.order.remove(j)
        self.Q, self.R = Q[:, : len(self.order)], R[: len(self.order)]
