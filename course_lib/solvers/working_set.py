"""Paths of the lasso and the elastic net: solve on candidates, check all features (chapter 06).

A set of candidates gets its own Gram matrix, and the path is followed on it for a while. Then the KKT
conditions (3.3) of all features are checked at all solutions found, in one product of matrices: the processor
does that far faster than one product with a vector per knot. The first solution that the check contradicts is
thrown away with all that follow it; a feature outside that was missed becomes a candidate, and the walk goes
on from the last solution that stood. What is returned has passed the check, so nothing is approximate.

With the Gram matrix of all features at hand all are candidates, and the check guards against rounding.

Elastic nets, and the lasso at one strength alone, need no knots: Newton's method jumps from strength to
strength (:mod:`course_lib.solvers.elastic_net_grid`).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from math import log10

import numpy as np

from course_lib.solvers.active_columns import ActiveColumns
from course_lib.solvers.columns import Columns
from course_lib.solvers.elastic_net_grid import NEAR, by_residuals, on_grid
from course_lib.solvers.gram import Gram
from course_lib.solvers.homotopy import KNOTS_EACH, Segment, walk
from course_lib.solvers.tableau import Tableau

__all__ = ["grid", "knots", "lam_max"]

VIOLATION = 1e-10  # share of lam by which a pull may miss its condition: rounding
BROKEN = 1e-9  # share of lam_max by which a careful walk may miss it; beyond, it starts afresh or gives up
SPARE = 150  # candidates besides the active features
FEW, MANY = 2, 6  # strengths a decade on the way to a single one: all features candidates, or some
FAR, CLOSE = 1e-3, 1.1  # share of lam_max below which, and ratio of strengths at which, Newton gives up
CHUNK, LONG = 48, 100  # knots, or grid points, between two checks; LONG when all features are candidates


def lam_max(c: np.ndarray, l1_ratio: float) -> float:
    """Return the smallest strength at which all coefficients are 0 (3.4)."""
    strongest = float(np.max(np.abs(c)))
    lam = strongest / l1_ratio
    return lam if lam * l1_ratio >= strongest else float(np.nextafter(lam, np.inf))


def grid(problem: Gram | Columns, lams: np.ndarray, l1_ratio: float) -> np.ndarray:
    """Solve at decreasing strengths > 0 and return the coefficients, shape (n_features, n_lams)."""
    if l1_ratio < 1:
        return _elastic_net(problem, lams, l1_ratio)
    if lams.size == 1:
        return _single(problem, float(lams[0]))[:, np.newaxis]
    coefs, top = np.zeros((problem.c.size, lams.size)), lam_max(problem.c, 1.0)
    pieces = list(knots(problem, float(lams[-1]))) if lams[-1] < top else []
    upto = np.searchsorted(-lams, [-top, *(-piece.end for piece in pieces)], side="right").tolist()
    for piece, first, last in zip(pieces, upto, upto[1:], strict=False):
        if first < last:
            coefs[piece.active, first:last] = piece.u[:, np.newaxis] - np.outer(piece.q, lams[first:last])
    if upto[-1] < lams.size:  # the walk gave up: the gap will tell
        coefs[piece.active, upto[-1] :] = piece.at(piece.end)[:, np.newaxis]
    return coefs


def knots(
    problem: Gram | Columns, stop: float, start: float | None = None, w: np.ndarray | None = None
) -> Iterator[Segment]:
    """Walk the exact lasso path from lam_max, or the solution ``w`` at ``start``, down to ``stop``.

    Yields its straight pieces.

    Ends earlier, with a piece whose event is ``("gives up", -1)``, after very many knots, or where columns
    are so close to each other that their equations cannot be solved.
    """
    careful, walked, left = False, 0, list[int]()
    start = float(np.max(np.abs(problem.c))) if start is None else start
    w = np.zeros_like(problem.c) if w is None else w
    features, signs = np.flatnonzero(w), np.sign(w[w != 0])
    chosen = _candidates(problem, _pulls(problem, w), features)
    while start > stop:
        T = _system(problem, chosen, np.searchsorted(chosen, features), signs, careful)
        back = [int(np.searchsorted(chosen, j)) for j in left]  # who has left was a candidate
        pieces = list(islice(walk(T, start, stop, back), _chunk(problem, careful)))
        if isinstance(T, Tableau) and T.closest < NEAR:  # the same once more, with care
            careful = True
            continue
        stands, rounded, found = _check(problem, chosen, pieces, careful)
        lost, careful = careful and rounded and not stands, careful or rounded
        finished = stands == len(pieces) and pieces[-1].event[1] < 0
        if stands == len(pieces) and not finished:
            stands -= 1  # the active set after the last piece is not known yet
        for piece in pieces[:stands]:
            yield _renamed(piece, chosen)
        if finished:
            return
        after, walked = pieces[stands], walked + stands
        if stands:
            start, (kind, j) = pieces[stands - 1].end, pieces[stands - 1].event  # already renamed
            left = [j] if kind == "leaves" else []
        if lost or walked > KNOTS_EACH * (problem.rank + 10):
            after.end, after.event = start, ("gives up", -1)
            yield _renamed(after, chosen)
            return
        features, signs = chosen[after.active], after.signs
        chosen = _candidates(problem, found[:, stands], features if stands else chosen)


def _system(
    problem: Gram | Columns, chosen: np.ndarray, active: np.ndarray, signs: np.ndarray, careful: bool
) -> Tableau | ActiveColumns:
    """Return the equations of the candidates: fast, or with all digits."""
    if careful:
        assert problem.source is not None, "a Gram matrix alone does not know its columns"
        Z, y = problem.source(chosen)
        return ActiveColumns(Z, y, active, signs)
    return Tableau(problem.gram(chosen), problem.c[chosen], active, signs)


def _check(
    problem: Gram | Columns, chosen: np.ndarray, pieces: list[Segment], careful: bool
) -> tuple[int, bool, np.ndarray]:
    """Return how many pieces meet the KKT conditions (3.3) at their ends, and all pulls there.

    Also whether the first one that does not fails among the candidates: that is rounding, and the next walk
    has to be careful. Of a careful one only gross errors are thrown away: a fresh start may do better.
    """
    ends = np.array([piece.end for piece in pieces])
    coefs, signs = np.zeros((2, chosen.size, len(pieces)))
    for k, piece in enumerate(pieces):
        coefs[piece.active, k], signs[piece.active, k] = piece.at(piece.end), piece.signs
    found, _ = problem.pulls(chosen, coefs)
    bad = _exceed(found, ends, problem.noise())
    bad[chosen] = False
    turned = np.maximum(-coefs * signs, 0) * problem.spreads[chosen, np.newaxis]  # the pull of a wrong sign
    inside = np.where(signs == 0, np.abs(found[chosen]) - ends, np.abs(found[chosen] - ends * signs))
    strict = VIOLATION * ends + problem.noise()[chosen, np.newaxis]
    rounded = np.maximum(inside, turned) > (BROKEN * np.max(np.abs(problem.c)) if careful else strict)
    stands, exact = _first(bad), _first(rounded)
    return min(stands, exact), exact < stands, found


def _exceed(pulls: np.ndarray, l1: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Return which pulls exceed their bound by more than rounding; in place, for there are many."""
    size = np.abs(pulls)
    size -= noise[:, np.newaxis]
    return size > (1 + VIOLATION) * l1


def _first(bad: np.ndarray) -> int:
    """Return the first column with an entry that is true, or the number of columns."""
    columns = np.flatnonzero(bad.any(axis=0))
    return int(columns[0]) if columns.size else bad.shape[1]


def _pulls(problem: Gram | Columns, w: np.ndarray) -> np.ndarray:
    used = np.flatnonzero(w)
    return problem.pulls(used, w[used, np.newaxis])[0][:, 0] if used.size else problem.c


def _single(problem: Gram | Columns, lam: float) -> np.ndarray:
    """Solve the lasso at one strength: by Newton's method at a few on the way, the last part by a walk.

    Where Newton's method fails, a strength nearer to the last solution is tried; the walk never fails so.
    """
    top, w = lam_max(problem.c, 1.0), np.zeros_like(problem.c)
    start, near = top, max(lam, FAR * top)
    a_decade, at_once = (FEW, LONG) if isinstance(problem, Gram) else (MANY, 2)
    steps = 1 + int(a_decade * log10(top / near)) if top > lam else 0
    todo = [near * (top / near) ** (k / steps) for k in reversed(range(steps))]
    while todo and start > CLOSE * todo[0]:
        part = _on_candidates(problem, w, start, np.array(todo[:at_once]), 1.0)
        if part.size:
            start, w, todo = todo[part.shape[1] - 1], part[:, -1], todo[part.shape[1] :]
        else:
            todo.insert(0, (start * todo[0]) ** 0.5)
    if start > lam:
        for piece in knots(problem, lam, start, w):
            last = piece
        w = np.zeros_like(w)
        w[last.active] = last.at(last.end)
    return w


def _elastic_net(problem: Gram | Columns, lams: np.ndarray, l1_ratio: float) -> np.ndarray:
    """Newton's method on the grid: candidates in between as for the lasso, while the support is small."""
    c, done = problem.c, 0
    start, w = max(lam_max(c, l1_ratio), float(lams[0])), np.zeros_like(c)
    coefs = np.zeros((c.size, lams.size))
    while done < lams.size:
        if isinstance(problem, Columns) and 2 * np.count_nonzero(w) > problem.rank:
            part = by_residuals(problem, w, start, lams[done:], l1_ratio)
        else:
            part = np.empty((0, 0))
        if not part.size:
            part = _on_candidates(problem, w, start, lams[done : done + _chunk(problem)], l1_ratio)
        coefs[:, done : done + part.shape[1]] = part
        done += part.shape[1]
        start, w = float(lams[done - 1]), coefs[:, done - 1]
    return coefs


def _on_candidates(
    problem: Gram | Columns, w: np.ndarray, start: float, lams: np.ndarray, l1_ratio: float
) -> np.ndarray:
    """Solve from ``w`` at ``start``, with candidates; return what stands the check.

    That is at least one strength, except that Newton's method may fail where there is no L2 part.
    """
    stands, needed = 0, np.flatnonzero(w)
    found = _pulls(problem, w)[:, np.newaxis]
    while not stands:
        chosen = _candidates(problem, found[:, 0], needed)
        part = on_grid(problem.gram(chosen), problem.c[chosen], w[chosen], start, lams, l1_ratio)
        stands = part.shape[1]
        if not stands:
            break
        if chosen.size < w.size:
            found, _ = problem.pulls(chosen, part)
            bad = _exceed(found, lams[:stands] * l1_ratio, problem.noise())
            bad[chosen] = False
            stands, needed = _first(bad), chosen
    coefs = np.zeros((w.size, stands))
    coefs[chosen] = part[:, :stands]
    return coefs


def _candidates(problem: Gram | Columns, pulls: np.ndarray, needed: np.ndarray) -> np.ndarray:
    """Return the features that are needed and those with the largest pulls, sorted."""
    size = needed.size + SPARE
    if isinstance(problem, Gram) or size >= pulls.size:
        return np.arange(pulls.size)
    return np.union1d(np.argpartition(-np.abs(pulls), size)[:size], needed)


def _chunk(problem: Gram | Columns, careful: bool = False) -> int:
    """Return after how many knots, or grid points, to check; a careful walk has no reason to stop."""
    if isinstance(problem, Columns):
        return CHUNK
    return KNOTS_EACH * (problem.rank + 10) if careful else LONG


def _renamed(piece: Segment, chosen: np.ndarray) -> Segment:
    """Give the features of a segment their numbers in X instead of those among the candidates."""
    kind, j = piece.event
    piece.active, piece.event = chosen[piece.active], (kind, int(chosen[j]) if j >= 0 else j)
    return piece
