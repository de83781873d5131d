"""The lasso for every strength at once: the homotopy, or LARS with the lasso's drops (chapter 06).

By the KKT conditions (3.3) the correlations ``c(lam) = X.T (y - X w) / n`` of the active features sit at
``lam * sign``, and those of the others lie within ``[-lam, lam]``. As long as active set A and signs s stay,
the first condition is a linear system, and its solution is a straight line in lam::

    G_AA w_A = c_A - lam s        =>    w_A(lam) = u - lam q,    u = inv(G_AA) c_A,    q = inv(G_AA) s

The line ends at a knot: a coefficient reaches 0 and leaves, or an inactive correlation reaches +-lam and its
feature enters. So the whole path is a walk from knot to knot.

Sources: Osborne, Presnell and Turlach (2000), *IMA Journal of Numerical Analysis* 20(3), 389-403; Efron,
Hastie, Johnstone and Tibshirani (2004), *Annals of Statistics* 32(2), 407-499.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.linalg import lapack

__all__ = ["KNOTS_EACH", "ActiveSet", "Segment", "elastic_net_step", "walk"]

REFRESH = 40  # knots after which the inverse is computed afresh
DEPENDENT = 1e-13  # a column whose squared distance to the active ones is this small a share of its own
NOISE = 1e-14  # correlations this small, relative to the largest possible, are rounding
TIED = 1e-6  # a combination of active columns is tied with them if its signed coefficients sum to 1
DRIFT = 1e-13  # rest of an equation, relative to its right side, that is worth another solve
SAME = 1e-12  # relative distance of two strengths below which they count as one
KNOTS_EACH = 30  # knots per feature after which a walk gives up
PARALLEL = 1e-11  # two correlations that close in on each other more slowly than this never meet


@dataclass(frozen=True)
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


@dataclass
class ActiveSet:
    """The active features, their signs, their rows of the Gram matrix and the inverse of its active block.

    ``l2`` is added to the diagonal: that is the elastic net's augmented data (4.6) without building them.
    """

    G: np.ndarray
    l2: float = 0.0
    features: list[int] = field(default_factory=list)
    signs: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.norms = np.sqrt(np.maximum(np.diag(self.G) + self.l2, np.finfo(float).tiny))
        self._rows = np.empty((0, len(self.G)))
        self._inverse = np.empty((0, 0))
        self._reserve(len(self.features))
        self._rows[: len(self)] = self.G[self.features]
        self.refresh()

    def __len__(self) -> int:
        return len(self.features)

    @property
    def rows(self) -> np.ndarray:
        """Rows of G, shape (n_active, n_features)."""
        return self._rows[: len(self)]

    @property
    def inverse(self) -> np.ndarray:
        """``inv(G_AA + l2 I)``, shape (n_active, n_active)."""
        return self._inverse[: len(self), : len(self)]

    def refresh(self) -> None:
        """Compute the inverse from scratch, through the Cholesky factor: updates gather rounding errors."""
        k = len(self)
        if k == 0:
            return
        block = self.rows[:, self.features]
        block.flat[:: k + 1] += self.l2
        factor, bad = lapack.dpotrf(block, lower=1)
        if not bad:
            lower, _ = lapack.dpotri(factor, lower=1)
            self.inverse[:] = np.tril(lower) + np.tril(lower, -1).T
        else:
            self.inverse[:] = np.linalg.pinv(block, hermitian=True)

    def independent(self, j: int) -> tuple[np.ndarray, float]:
        """Return ``v``, the coefficients of column j on the active ones, and its squared distance to them."""
        cross, own = self.rows[:, j], self.G[j, j] + self.l2
        v = self.inverse @ cross
        rest = cross - (v @ self.rows)[self.features] - self.l2 * v
        better = v + self.inverse @ rest  # the inverse has an error, and close columns magnify it
        distance = own - cross @ v - rest @ better
        return better, distance if distance > DEPENDENT * own else 0.0

    def add(self, j: int, sign: float, v: np.ndarray, distance: float) -> None:
        """Border the inverse by one row and column."""
        k = len(self)
        self._reserve(k + 1)
        scaled = v / distance
        self._inverse[:k, :k] += np.outer(scaled, v)
        self._inverse[k, :k] = self._inverse[:k, k] = -scaled
        self._inverse[k, k] = 1 / distance
        self._rows[k] = self.G[j]
        self.features.append(j)
        self.signs.append(sign)

    def remove(self, i: int) -> int:
        """Take out the i-th active feature; the last one moves into its place."""
        last = len(self) - 1
        self._inverse[[i, last], : last + 1] = self._inverse[[last, i], : last + 1]
        self._inverse[: last + 1, [i, last]] = self._inverse[: last + 1, [last, i]]
        column = self._inverse[:last, last].copy()
        self._inverse[:last, :last] -= np.outer(column, column / self._inverse[last, last])
        self._rows[i] = self._rows[last]
        feature, self.features[i], self.signs[i] = self.features[i], self.features[last], self.signs[last]
        del self.features[last], self.signs[last]
        return feature

    def _reserve(self, k: int) -> None:
        if k > len(self._rows):
            size, old = max(2 * k, 32), len(self._rows)
            rows, inverse = np.empty((size, len(self.G))), np.zeros((size, size))
            rows[:old], inverse[:old, :old] = self._rows, self._inverse
            self._rows, self._inverse = rows, inverse


def walk(
    A: ActiveSet, c: np.ndarray, start: float, stop: float, tilt: np.ndarray | None = None,
    left: Sequence[int] = (),
) -> Iterator[Segment]:  # fmt: skip
    """Walk from ``start`` down to ``stop`` and yield the straight pieces; ``A`` is the active set throughout.

    ``tilt`` adds ``lam * tilt`` to ``c``: the elastic net needs it. A feature that left does not come back at
    the same lam (nor one in ``left`` at ``start``): that keeps tied features from going in circles. A walk of
    too many knots ends with a piece of no length and the event ``("gives up", -1)``.
    """
    smallest = NOISE * np.max(np.abs(c) / A.norms)
    lam, e = start, np.zeros_like(c) if tilt is None else tilt
    left = list(left)
    since_refresh = 0
    for _ in range(int(KNOTS_EACH * (c.size + 10))):
        active, signs = np.array(A.features, dtype=int), np.array(A.signs)
        u, q, a, b, rounding = _line(A, active, signs, c, e)
        noise = max(rounding, smallest) * A.norms
        enter_at, j, sign = _next_to_enter(a, b, active, left, lam, noise)
        leave_at, i = _next_to_leave(u, q, signs)
        end = min(max(enter_at, leave_at, stop), lam)
        leaves = leave_at >= enter_at
        event = ("stops", -1) if end <= stop else ("leaves", A.features[i]) if leaves else ("enters", j)
        yield Segment(lam, end, active, signs, u, q, event)
        if end <= stop:
            return
        if end < lam * (1 - SAME):
            left = []
        if leaves:
            left.append(A.remove(i))
        else:
            left += _enter(A, j, sign, u - end * q)
        lam, since_refresh = end, since_refresh + 1
        if since_refresh == REFRESH:
            A.refresh()
            since_refresh = 0
    active, signs = np.array(A.features, dtype=int), np.array(A.signs)
    u, q, *_ = _line(A, active, signs, c, e)
    yield Segment(lam, lam, active, signs, u, q, ("gives up", -1))


def _line(
    A: ActiveSet, active: np.ndarray, signs: np.ndarray, c: np.ndarray, e: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, float]:
    """Return ``u, q`` of the coefficients ``u - lam q``, ``a, b`` of the correlations ``a + lam b``, and the
    rounding in ``a`` per length of a column.

    The equations that u and q solve leave a rest; if it is not small, it is solved for in turn.
    """
    right = np.stack([c[active], signs - e[active]])
    solved = right @ A.inverse
    for _ in range(3):
        fitted = solved @ A.rows
        rest = right - fitted[:, active] - A.l2 * solved
        if np.all(np.abs(rest) <= DRIFT * np.abs(right).max(axis=1, keepdims=True, initial=0)):
            break
        solved += rest @ A.inverse
    lengths = A.norms[active]
    noise = max(10 * np.max(np.abs(rest[0]) / lengths, initial=0), 1e-15 * np.abs(solved[0]) @ lengths)
    return solved[0], solved[1], c - fitted[0], e + fitted[1], float(noise)


def _next_to_enter(
    a: np.ndarray, b: np.ndarray, active: np.ndarray, left: list[int], lam: float, noise: np.ndarray
) -> tuple[float, int, float]:
    """Return the largest lam at which an inactive ``a + lam b`` meets +-lam, whose it is, and the sign."""
    upper, lower = 1 - b, 1 + b  # how fast the two bounds close in
    upper[upper <= PARALLEL] = np.inf
    lower[lower <= PARALLEL] = np.inf
    meets = np.maximum(a / upper, -a / lower)
    meets[np.abs(a) <= noise] = 0
    meets[active] = 0
    for j in left:
        meets[j] *= meets[j] < lam * (1 - SAME)
    j = int(meets.argmax())
    return float(meets[j]), j, 1.0 if a[j] / upper[j] >= -a[j] / lower[j] else -1.0


def _next_to_leave(u: np.ndarray, q: np.ndarray, signs: np.ndarray) -> tuple[float, int]:
    """Return the largest lam at which a coefficient ``u - lam q`` that is on its way to 0 gets there."""
    shrinking = np.flatnonzero(signs * q < 0)
    if not shrinking.size:
        return 0.0, -1
    at = u[shrinking] / q[shrinking]
    best = int(at.argmax())
    return float(at[best]), int(shrinking[best])


def _enter(A: ActiveSet, j: int, sign: float, w: np.ndarray) -> list[int]:
    """Let feature j in. If it is a combination of the active ones, one of these has to go: return who did.

    Then ``w_A - t sign v, w_j = t sign`` gives the same fit and the same penalty for every t: move along
    until a coefficient reaches 0. (The same penalty, as j is tied with them; if not, rounding called it in.)
    """
    v, distance = A.independent(j)
    gone = []
    if distance == 0:
        toward = sign * v * np.array(A.signs)
        if abs(toward.sum() - 1) > TIED:
            return [j]
        size = np.maximum(np.array(A.signs) * w, 0)
        reach = np.where(toward > 1e-9, size / np.where(toward > 1e-9, toward, 1), np.inf)
        gone = [A.remove(int(reach.argmin()))]
        v, distance = A.independent(j)
    if distance > 0:
        A.add(j, sign, v, distance)
    else:
        gone.append(j)
    return gone


def elastic_net_step(
    G: np.ndarray, c: np.ndarray, w: np.ndarray, old: tuple[float, float], new: tuple[float, float]
) -> tuple[ActiveSet, np.ndarray]:
    """Go from the solution ``w`` at strengths ``old = (l1, l2)`` to the one at ``new`` (smaller l1), exactly.

    With the new l2 in the matrix, ``w`` solves the problem whose c is ``c + (l2_new - l2_old) w`` (4.2). Let
    that extra term fade out in proportion while l1 falls: the solution in between is piecewise linear again.

    Returns
    -------
    A, w_active
        The active set at ``new`` and its coefficients.
    """
    active = np.flatnonzero(w)
    A = ActiveSet(G, new[1], active.tolist(), np.sign(w[active]).tolist())
    tilt = w * ((new[1] - old[1]) / (old[0] - new[0]))
    for segment in walk(A, c - new[0] * tilt, old[0], new[0], tilt):
        last = segment
    return A, last.at(last.end)
