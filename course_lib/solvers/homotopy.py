"""The lasso for every strength at once: the homotopy, or LARS with the lasso's drops (chapter 06).

By the KKT conditions (3.3) the pulls ``X.T (y - X w) / n`` of the active features sit at ``lam * sign``, and
those of the others lie within ``[-lam, lam]``. As long as active set A and signs s stay, the first condition
is a linear system (6.1), and its solution is a straight line in lam (6.2)::

    G_AA w_A = c_A - lam s        =>    w_A(lam) = u - lam q,    u = inv(G_AA) c_A,    q = inv(G_AA) s

The line ends at a knot: a coefficient reaches 0 and leaves (6.5), or a pull outside reaches +-lam and its
feature enters (6.4). Either way one equation joins the system or leaves it: one step of elimination.

Sources: Osborne, Presnell and Turlach (2000), *IMA Journal of Numerical Analysis* 20(3), 389-403; Efron,
Hastie, Johnstone and Tibshirani (2004), *Annals of Statistics* 32(2), 407-499.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import blas, lapack

__all__ = ["KNOTS_EACH", "Segment", "Tableau", "walk"]

DEPENDENT = 1e-13  # a column whose squared distance to the active ones is this small a share of its own
CLOSE = 1e-5  # the same share below which the distance is computed once more, with care
NOISE = 1e-14  # pulls this small, relative to the largest possible, are rounding
TIED = 1e-6  # a combination of active columns is tied with them if its signed coefficients sum to 1
DRIFT = 1e-13  # rest of an equation, relative to its right side, that is worth another solve
SAME = 1e-12  # relative distance of two strengths below which they count as one
KNOTS_EACH = 30  # knots per feature after which a walk gives up
PARALLEL = 1e-11  # a pull and a bound that close in on each other more slowly than this never meet


@dataclass(slots=True)
class Segment:
    """A straight piece of the path: ``w[active] = u - lam q`` for ``end <= lam <= start``.

    ``event`` is what happens at ``end``: ``("enters" | "leaves", feature)``, ``("stops", -1)`` or
    ``("gives up", -1)``.
    """

    start: float
    end: float
    active: np.ndarray
    signs: np.ndarray
    u: np.ndarray
    q: np.ndarray
    event: tuple[str, int]

    def at(self, lam: float) -> np.ndarray:
        """Return the active coefficients at ``lam``."""
        return self.u - lam * self.q


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
    """

    def __init__(
        self, G: np.ndarray, c: np.ndarray, active: Sequence[int] | np.ndarray = (),
        signs: Sequence[float] | np.ndarray = (), tilt: np.ndarray | None = None,
    ) -> None:  # fmt: skip
        d = len(c)
        self.G, self.signs = G, np.zeros(d)
        self.right = np.column_stack([c, np.zeros(d) if tilt is None else tilt])
        self.table = np.empty((d, d + 2), order="F")
        self.table[:, :d], self.table[:, d:] = G, self.right
        self.norms = np.sqrt(np.maximum(np.diag(G), np.finfo(float).tiny))
        if len(active):
            self.signs[active] = signs
            self.table[:, -1] += self.signs
            self._pivot_all(np.asarray(active))

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

    def correct(self) -> np.ndarray:
        """Put the last two columns right by what the equations leave; return how uncertain pulls then are.

        The steps gather rounding errors, and columns that are close to each other magnify them.
        """
        active = np.flatnonzero(self.signs)
        right, rows = self.right.copy(), self.G[active]
        right[:, 1] += self.signs
        inverse, solved = self.table[np.ix_(active, active)], self.table[active, -2:]
        for _ in range(3):
            pulls = right - rows.T @ solved
            rest = pulls[active]
            if np.all(np.abs(rest) <= DRIFT * np.abs(right[active]).max(axis=0, initial=0)):
                break
            solved += inverse @ rest
        self.table[:, -2:] = pulls
        self.table[active, -2:] = solved
        lengths = self.norms[active]
        rounding = 1e-15 * np.abs(solved[:, 0]) @ lengths
        return self.norms * max(rounding, 10 * np.max(np.abs(rest[:, 0]) / lengths, initial=0))

    def distance(self, j: int) -> float:
        """Return the squared distance of column j to the active ones; 0 if it is a combination of them."""
        own, distance = self.G[j, j], self.table[j, j]
        if distance > CLOSE * own:
            return float(distance)
        active = np.flatnonzero(self.signs)
        cross, v = self.G[active, j], self.table[active, j]
        rest = cross - self.G[np.ix_(active, active)] @ v
        better = v + self.table[np.ix_(active, active)] @ rest
        # own - 2 cross.v + v.G v at the better v, written so that the error of v enters squared
        distance = own - cross @ v - rest @ better
        return float(distance) if distance > DEPENDENT * own else 0.0


def _inverse(block: np.ndarray) -> np.ndarray:
    factor, bad = lapack.dpotrf(block, lower=1)
    if bad:
        return np.linalg.pinv(block, hermitian=True)
    lower, _ = lapack.dpotri(factor, lower=1)
    return np.tril(lower) + np.tril(lower, -1).T


def walk(
    T: Tableau, start: float, stop: float, left: Sequence[int] = (), *, careful: bool = False
) -> Iterator[Segment]:
    """Walk from ``start`` down to ``stop`` and yield the straight pieces; ``T`` is kept up to date.

    A feature that left does not come back at the same lam (nor one in ``left`` at ``start``): that keeps tied
    features from going in circles. A walk of too many knots ends with a piece of no length and the event
    ``("gives up", -1)``. ``careful`` corrects every piece by what its equations leave; without it, check the
    pieces (see :mod:`course_lib.solvers.working_set`).
    """
    smallest = noise = NOISE * np.max(np.abs(T.right[:, 0]) / T.norms) * T.norms
    lam, left = start, list(left)
    for _ in range(int(KNOTS_EACH * (len(noise) + 10))):
        if careful:
            noise = np.maximum(smallest, T.correct())
        enter_at, j, sign = _next_to_enter(T, left, lam, noise)
        leave_at, i = _next_to_leave(T)
        end = min(max(enter_at, leave_at, stop), lam)  # the first event of all (6.6)
        leaves = leave_at >= enter_at
        yield _piece(T, lam, end, ("stops", -1) if end <= stop else ("leaves", i) if leaves else ("enters", j))
        if end <= stop:
            return
        if end < lam * (1 - SAME):
            left = []
        lam = end
        if leaves:
            T.leave(i)
            left.append(i)
        else:
            left += _enter(T, j, sign, lam)
    if careful:
        T.correct()
    yield _piece(T, lam, lam, ("gives up", -1))


def _piece(T: Tableau, start: float, end: float, event: tuple[str, int]) -> Segment:
    active = T.signs.nonzero()[0]
    u, q = T.table[:, -2][active], T.table[:, -1][active]
    return Segment(start, end, active, T.signs[active], u, q, event)


def _next_to_enter(T: Tableau, left: list[int], lam: float, noise: np.ndarray) -> tuple[float, int, float]:
    """Return the largest lam at which a pull ``a - lam b`` from outside meets +-lam (6.4), whose, which.

    Both bounds go to 0, so the one it meets first is that on the side of ``a``.
    """
    a, b = T.table[:, -2], T.table[:, -1]
    size, closing = np.abs(a), 1 + np.sign(a) * b
    there = (closing > PARALLEL) & (size > noise) & (T.signs == 0)
    meets = np.divide(size, closing, out=np.zeros(len(a)), where=there)
    for j in left:
        meets[j] *= meets[j] < lam * (1 - SAME)
    j = int(meets.argmax())
    return float(meets[j]), j, 1.0 if a[j] > 0 else -1.0


def _next_to_leave(T: Tableau) -> tuple[float, int]:
    """Return the largest lam at which a coefficient ``u - lam q`` on its way to 0 gets there (6.5)."""
    u, q = T.table[:, -2], T.table[:, -1]
    at = np.divide(u, q, out=np.zeros(len(u)), where=T.signs * q < 0)
    i = int(at.argmax())
    return float(at[i]), i


def _enter(T: Tableau, j: int, sign: float, lam: float) -> list[int]:
    """Let feature j in. If it is a combination of the active ones, one of these has to go: return who did.

    Then ``w_A - t sign v, w_j = t sign`` gives the same fit and the same penalty for every t: move along
    until a coefficient reaches 0. (The same penalty, as j is tied with them; if not, rounding called it in.)
    """
    gone: list[int] = []
    distance = T.distance(j)
    if distance == 0:
        active = np.flatnonzero(T.signs)
        toward = sign * T.table[active, j] * T.signs[active]
        if abs(toward.sum() - 1) > TIED:
            return [j]
        size = np.maximum(T.signs[active] * (T.table[active, -2] - lam * T.table[active, -1]), 0)
        reach = np.where(toward > 1e-9, size / np.where(toward > 1e-9, toward, 1), np.inf)
        gone = [int(active[reach.argmin()])]
        T.leave(gone[0])
        distance = T.distance(j)
    if distance == 0:
        return [*gone, j]
    T.table[j, j] = distance
    T.enter(j, sign)
    return gone
