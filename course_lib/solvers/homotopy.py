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

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from scipy.linalg import lapack

__all__ = ["ActiveSet", "Segment", "elastic_net_step", "walk"]

REFRESH = 40  # knots after which the inverse is computed afresh
DEPENDENT = 1e-13  # a column whose squared distance to the active ones is this small a share of its own
NOISE = 1e-14  # correlations this small, relative to the largest possible, are rounding
SAME = 1e-12  # relative distance of two strengths below which they count as one
PARALLEL = 1e-11  # two correlations that close in on each other more slowly than this never meet


@dataclass(frozen=True)
class Segment:
    """A straight piece of the path: ``w[active] = u - lam q`` for ``end <= lam <= start``.

    ``event`` is what happens at ``end``: ``("enters" | "leaves", feature)``, or ``("stops", -1)``.
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
        cross = self.rows[:, j]
        v = self.inverse @ cross
        own = self.G[j, j] + self.l2
        distance = own - cross @ v
        return v, distance if distance > DEPENDENT * own else 0.0

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
    A: ActiveSet, c: np.ndarray, start: float, stop: float, tilt: np.ndarray | None = None
) -> Iterator[Segment]:
    """Walk from ``start`` down to ``stop`` and yield the straight pieces; ``A`` is the active set throughout.

    ``tilt`` adds ``lam * tilt`` to ``c``: the elastic net needs it. A feature that left does not come back at
    the same lam: that keeps tied features from going in circles.
    """
    norms = np.sqrt(np.maximum(np.diag(A.G), np.finfo(float).tiny))
    noise = NOISE * norms * np.max(np.abs(c) / norms)  # below it a correlation is rounding
    lam, e = start, np.zeros_like(c) if tilt is None else tilt
    left: list[int] = []
    since_refresh = 0
    while True:
        u, q = A.inverse @ c[A.features], A.inverse @ (A.signs - e[A.features])
        a, b = c - u @ A.rows, e + q @ A.rows  # correlations are a + lam b
        enter_at, j, sign = _next_to_enter(a, b, A.features, left, lam, noise)
        leave_at, i = _next_to_leave(u, q, np.array(A.signs))
        end = min(max(enter_at, leave_at, stop), lam)
        leaves = leave_at >= enter_at
        event = ("stops", -1) if end <= stop else ("leaves", A.features[i]) if leaves else ("enters", j)
        yield Segment(lam, end, np.array(A.features, dtype=int), np.array(A.signs), u, q, event)
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


def _next_to_enter(
    a: np.ndarray, b: np.ndarray, active: list[int], left: list[int], lam: float, noise: np.ndarray
) -> tuple[float, int, float]:
    """Return the largest lam at which an inactive ``a + lam b`` meets +-lam, whose it is, and the sign."""
    upper, lower = 1 - b, 1 + b  # how fast the two bounds close in
    upper[upper <= PARALLEL] = np.inf
    lower[lower <= PARALLEL] = np.inf
    meets = np.maximum(a / upper, -a / lower)
    meets[meets <= noise] = 0
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
    until a coefficient reaches 0.
    """
    v, distance = A.independent(j)
    gone = []
    if distance == 0:
        toward = sign * v * np.array(A.signs)
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
    return A, last.at(new[0])
