"""Paths when there are too many features for a Gram matrix: solve on a few, check all (chapter 06).

A small set of candidates gets its own Gram matrix, and the path is followed on it for a while. Then the KKT
conditions (3.3) of all features are checked at all solutions found, in one product of matrices: the processor
does that far faster than one product with a vector per knot. The first solution that a feature outside
contradicts is thrown away with all that follow it, the feature becomes a candidate, and the walk goes on from
the last solution that stood. What is returned has passed the check, so nothing is approximate.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
from scipy.linalg import solve_triangular

from course_lib.solvers.gram import Gram
from course_lib.solvers.homotopy import KNOTS_EACH, ActiveSet, Segment, elastic_net_step, walk

__all__ = ["Columns", "grid", "knots", "lam_max", "on_grid", "polish"]

VIOLATION = 1e-10  # share of lam by which an inactive correlation may exceed it: rounding
NOISE = 1e-13  # correlations this small, relative to the largest possible, are rounding
SPARE = 150  # candidates besides twice the active features
CHUNK = 24  # knots, or grid points, between two checks


@dataclass(frozen=True)
class Columns:
    """The centred columns of X, each divided by ``sqrt(n)`` and lying in one piece in memory, and y alike.

    Attributes
    ----------
    A : ndarray of shape (n_features, n_samples)
    y : ndarray of shape (n_samples,)
    """

    A: np.ndarray
    y: np.ndarray

    @property
    def c(self) -> np.ndarray:
        return self.A @ self.y

    def gram(self, chosen: np.ndarray) -> np.ndarray:
        rows = self.A[chosen]
        return rows @ rows.T

    def noise(self) -> np.ndarray:
        """Return how big the correlations with a residual of 0 may be by rounding, shape (n_features,)."""
        return NOISE * np.sqrt(np.sum(self.A**2, axis=1) * (self.y @ self.y))

    def check(self, chosen: np.ndarray, coefs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the correlations of all features, (n_features, n_lams), and the losses, (n_lams,)."""
        residuals = self.y[:, np.newaxis] - self.A[chosen].T @ coefs
        return self.A @ residuals, np.sum(residuals**2, axis=0) / 2


def lam_max(c: np.ndarray, l1_ratio: float) -> float:
    """Return the smallest strength at which all coefficients are 0 (3.4)."""
    strongest = float(np.max(np.abs(c)))
    lam = strongest / l1_ratio
    return lam if lam * l1_ratio >= strongest else float(np.nextafter(lam, np.inf))


def grid(problem: Gram | Columns, lams: np.ndarray, l1_ratio: float) -> tuple[np.ndarray, ...]:
    """Solve the elastic net at decreasing strengths > 0.

    Returns
    -------
    coefs : ndarray of shape (n_features, n_lams)
    correlations : ndarray of shape (n_features, n_lams)
        ``X.T (y - X w) / n``.
    losses : ndarray of shape (n_lams,)
    """
    c = problem.c
    start = max(lam_max(c, l1_ratio), float(lams[0]))
    w = np.zeros_like(c)
    if isinstance(problem, Gram):
        coefs = on_grid(problem.G, c, w, start, lams, l1_ratio)
        return coefs, problem.correlations(coefs), problem.losses(coefs)
    coefs, correlations = np.zeros((2, c.size, lams.size))
    losses = np.zeros(lams.size)
    chosen, done, noise = _candidates(c, np.flatnonzero(w)), 0, problem.noise()
    while done < lams.size:
        todo = slice(done, done + CHUNK)
        part = on_grid(problem.gram(chosen), c[chosen], w[chosen], start, lams[todo], l1_ratio)
        found, loss = problem.check(chosen, part)
        stands = _stand(found, chosen, lams[todo] * l1_ratio, noise)
        kept = slice(done, done + stands)
        coefs[chosen, kept] = part[:, :stands]
        correlations[:, kept], losses[kept] = found[:, :stands], loss[:stands]
        done += stands
        if stands:
            start, w = lams[done - 1], coefs[:, done - 1]
        urgency = found[:, min(stands, found.shape[1] - 1)]
        chosen = _candidates(urgency, np.flatnonzero(w) if stands else chosen)
    return coefs, correlations, losses


def knots(problem: Gram | Columns, stop: float) -> Iterator[Segment]:
    """Walk the exact lasso path from lam_max down to ``stop`` and yield its straight pieces.

    Ends earlier, with a piece whose event is ``("gives up", -1)``, after very many knots.
    """
    c = problem.c
    start = float(np.max(np.abs(c)))
    if isinstance(problem, Gram):
        yield from walk(ActiveSet(problem.G), c, start, stop)
        return
    features, signs = np.empty(0, dtype=int), np.empty(0)
    chosen, noise = _candidates(c, features), problem.noise()
    most, walked = KNOTS_EACH * (min(problem.A.shape) + 10), 0
    left: list[int] = []
    while start > stop:
        where = np.searchsorted(chosen, features).tolist()
        A = ActiveSet(problem.gram(chosen), 0.0, where, signs.tolist())
        back = np.flatnonzero(np.isin(chosen, left)).tolist()
        pieces = list(islice(walk(A, c[chosen], start, stop, left=back), CHUNK))
        part = np.zeros((chosen.size, len(pieces)))
        for k, piece in enumerate(pieces):
            part[piece.active, k] = piece.at(piece.end)
        found, _ = problem.check(chosen, part)
        stands = _stand(found, chosen, np.array([piece.end for piece in pieces]), noise)
        if stands == len(pieces) and pieces[-1].event[0] != "stops":
            stands -= 1  # the active set after the last piece is not known yet
        for piece in pieces[:stands]:
            yield _renamed(piece, chosen)
        if stands == len(pieces):
            return
        after, walked = pieces[stands], walked + stands
        if stands:
            start, (kind, j) = pieces[stands - 1].end, pieces[stands - 1].event
            left = [int(chosen[j])] if kind == "leaves" else []
        if walked > most:
            yield replace(_renamed(after, chosen), end=start, event=("gives up", -1))
            return
        features, signs = chosen[after.active], after.signs
        chosen = _candidates(found[:, stands], features if stands else chosen)


def on_grid(
    G: np.ndarray, c: np.ndarray, w: np.ndarray, start: float, lams: np.ndarray, l1_ratio: float
) -> np.ndarray:
    """Solve at decreasing ``lams`` from the solution ``w`` at ``start``; shape (n_features, n_lams)."""
    coefs = np.zeros((c.size, lams.size))
    if l1_ratio == 1:
        active = np.flatnonzero(w)
        k = 0
        A = ActiveSet(G, 0.0, active.tolist(), np.sign(w[active]).tolist())
        for piece in walk(A, c, start, float(lams[-1])):
            while k < lams.size and lams[k] >= piece.end:
                coefs[piece.active, k] = piece.at(lams[k])
                k += 1
        coefs[piece.active, k:] = piece.at(piece.end)[:, np.newaxis]  # if the walk gave up: the gap will tell
        return coefs
    for k, lam in enumerate(lams.tolist()):
        if lam < start:
            old, new = ((x * l1_ratio, x * (1 - l1_ratio)) for x in (start, lam))
            A, w_active = elastic_net_step(G, c, w, old, new)
            w = np.zeros_like(c)
            w[A.features] = w_active
        coefs[:, k], start = w, lam
    return coefs


def _candidates(correlations: np.ndarray, needed: np.ndarray) -> np.ndarray:
    """Return the features that are needed and those with the largest correlations, sorted."""
    size = min(2 * needed.size + SPARE, correlations.size - 1)
    strongest = np.argpartition(-np.abs(correlations), size)[: size + 1]
    return np.union1d(strongest, needed)


def _stand(correlations: np.ndarray, chosen: np.ndarray, l1: np.ndarray, noise: np.ndarray) -> int:
    """Return how many of the first columns satisfy the KKT conditions of the features that were left out."""
    outside = np.abs(correlations) - noise[:, np.newaxis]
    outside[chosen] = 0
    bad = np.flatnonzero(outside.max(axis=0) > l1 * (1 + VIOLATION))
    return int(bad[0]) if bad.size else correlations.shape[1]


def _renamed(piece: Segment, chosen: np.ndarray) -> Segment:
    """Return the segment with the features' numbers in X instead of those among the candidates."""
    kind, j = piece.event
    event = (kind, int(chosen[j]) if j >= 0 else j)
    return Segment(piece.start, piece.end, chosen[piece.active], piece.signs, piece.u, piece.q, event)


def polish(B: np.ndarray, y: np.ndarray, w: np.ndarray, l1: float, l2: float) -> np.ndarray:
    """Solve the KKT conditions (4.2) on the final support directly, with residuals from the data themselves.

    ``B`` holds the active columns (n_samples, n_active), centred and divided by ``sqrt(n)`` as ``y`` is. The
    Gram matrix alone would lose twice as many digits as the columns are correlated; correcting its solution
    by the true residual wins them back. A correction that turns a sign is dropped.
    """
    signs = np.sign(w)
    scale = np.sqrt(np.sum(B**2, axis=0) + l2)
    triangle = np.linalg.qr(np.vstack([B, np.sqrt(l2) * np.eye(w.size)]) / scale, mode="r")
    for _ in range(3):
        gradient = (B.T @ (y - B @ w) - l1 * signs - l2 * w) / scale
        try:
            half = solve_triangular(triangle, gradient, trans="T")
            better = w + solve_triangular(triangle, half) / scale
        except np.linalg.LinAlgError:
            return w
        if not (np.sign(better) == signs).all():
            return w
        w = better
    return w
