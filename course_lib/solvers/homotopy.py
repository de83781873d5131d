"""The lasso for every strength at once: the homotopy, or LARS with the lasso's drops (chapter 06).

By the KKT conditions (3.3) the pulls ``X.T (y - X w) / n`` of the active features sit at ``lam * sign``, and
those of the others lie within ``[-lam, lam]``. As long as active set A and signs s stay, the first condition
is a linear system (6.1), and its solution is a straight line in lam (6.2)::

    G_AA w_A = c_A - lam s        =>    w_A(lam) = u - lam q,    u = inv(G_AA) c_A,    q = inv(G_AA) s

The line ends at a knot: a coefficient reaches 0 and leaves (6.5), or a pull outside reaches +-lam and its
feature enters (6.4). Either way one equation joins the system or leaves it: one step of elimination, see
:mod:`course_lib.solvers.tableau`.

Sources: Osborne, Presnell and Turlach (2000), *IMA Journal of Numerical Analysis* 20(3), 389-403; Efron,
Hastie, Johnstone and Tibshirani (2004), *Annals of Statistics* 32(2), 407-499.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from course_lib.solvers.active_columns import ActiveColumns
from course_lib.solvers.tableau import Tableau

__all__ = ["KNOTS_EACH", "Segment", "walk"]

TIED = 1e-6  # a combination of active columns is tied with them if its signed coefficients sum to 1
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


def walk(
    T: Tableau | ActiveColumns, start: float, stop: float, left: Sequence[int] = ()
) -> Iterator[Segment]:
    """Walk from ``start`` down to ``stop`` and yield the straight pieces; ``T`` is kept up to date.

    A feature that left does not come back at the same lam (nor one in ``left`` at ``start``): that keeps tied
    features from going in circles. A walk of too many knots ends with a piece of no length and the event
    ``("gives up", -1)``.
    """
    lam, left = start, list(left)
    for _ in range(int(KNOTS_EACH * (len(T.signs) + 10))):
        lines = T.lines()
        enter_at, j, sign = _next_to_enter(T, lines, left, lam)
        leave_at, i = _next_to_leave(T, lines)
        end = min(max(enter_at, leave_at, stop), lam)  # the first event of all (6.6)
        leaves = leave_at >= enter_at
        event = ("stops", -1) if end <= stop else ("leaves", i) if leaves else ("enters", j)
        piece = _piece(T, lines, lam, end, event)
        yield piece
        if end <= stop:
            return
        if end < lam * (1 - SAME):
            left = []
        lam = end
        if leaves:
            T.leave(i)
            left.append(i)
        else:
            left += _enter(T, j, sign, piece.at(lam))
    yield _piece(T, T.lines(), lam, lam, ("gives up", -1))


def _piece(
    T: Tableau | ActiveColumns, lines: np.ndarray, start: float, end: float, event: tuple[str, int]
) -> Segment:
    active = T.signs.nonzero()[0]
    u, q = lines[active].T
    return Segment(start, end, active, T.signs[active], u, q, event)


def _next_to_enter(
    T: Tableau | ActiveColumns, lines: np.ndarray, left: list[int], lam: float
) -> tuple[float, int, float]:
    """Return the largest lam at which a pull ``a - lam b`` from outside meets +-lam (6.4), whose, which.

    Both bounds go to 0, so the one it meets first is that on the side of ``a``.
    """
    a, b = lines.T
    size, closing = np.abs(a), 1 + np.sign(a) * b
    there = (closing > PARALLEL) & (size > T.noise) & (T.signs == 0)
    meets = np.divide(size, closing, out=np.zeros(len(a)), where=there)
    for j in left:
        meets[j] *= meets[j] < lam * (1 - SAME)
    j = int(meets.argmax())
    return float(meets[j]), j, 1.0 if a[j] > 0 else -1.0


def _next_to_leave(T: Tableau | ActiveColumns, lines: np.ndarray) -> tuple[float, int]:
    """Return the largest lam at which a coefficient ``u - lam q`` on its way to 0 gets there (6.5)."""
    u, q = lines.T
    at = np.divide(u, q, out=np.zeros(len(u)), where=T.signs * q < 0)
    i = int(at.argmax())
    return float(at[i]), i


def _enter(T: Tableau | ActiveColumns, j: int, sign: float, w: np.ndarray) -> list[int]:
    """Let feature j in. If it is a combination of the active ones, one of these has to go: return who did.

    Then ``w_A - t sign v, w_j = t sign`` gives the same fit and the same penalty for every t: move along
    until a coefficient reaches 0. (The same penalty, as j is tied with them; if not, rounding called it in.)
    """
    gone: list[int] = []
    if T.distance(j) == 0:
        active = T.signs.nonzero()[0]
        toward = sign * T.combination(j) * T.signs[active]
        if abs(toward.sum() - 1) > TIED:
            return [j]
        size = np.maximum(T.signs[active] * w, 0)
        reach = np.where(toward > 1e-9, size / np.where(toward > 1e-9, toward, 1), np.inf)
        gone = [int(active[reach.argmin()])]
        T.leave(gone[0])
        if T.distance(j) == 0:
            return [*gone, j]
    T.enter(j, sign)
    return gone
