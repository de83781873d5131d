"""The elastic net on a grid of strengths: one Newton step a strength, as a rule (chapters 04 and 06).

Once support A and signs s are known, the KKT conditions (4.2) are a linear system::

    (G_AA + l2 I) w_A = c_A - l1 s

Solve it for a guess of A and s. A coefficient of the wrong sign has to go, a feature whose pull exceeds l1
has to come in; then solve again. This is Newton's method for the KKT conditions, whose kinks only change the
system. The guess for the next strength comes from the last two: what decides about a feature moves on in a
nearly straight line.

Where the guesses go in circles, an exact walk leads from the last solution to the next.

Source: Hintermüller, Ito and Kunisch (2002), *SIAM Journal on Optimization* 13(3), 865-888 (active sets as
Newton's method).
"""

from __future__ import annotations

from math import log

import numpy as np
from scipy.linalg import lapack

from course_lib.solvers.active_columns import ActiveColumns
from course_lib.solvers.columns import Columns
from course_lib.solvers.homotopy import walk

__all__ = ["by_residuals", "elastic_net_step", "newton", "on_grid"]

STEPS = 12  # systems solved at one strength before the walk takes over
NEAR = 1e-6  # squared distance of a column to the active ones, as a share: below, a walk has to be careful
ROUNDING = 1e-12  # share of l1 by which a pull outside may exceed it


def on_grid(
    G: np.ndarray, c: np.ndarray, w: np.ndarray, start: float, lams: np.ndarray, l1_ratio: float
) -> np.ndarray:
    """Solve at decreasing ``lams`` from the solution ``w`` at ``start``; shape (n_features, n_lams).

    ``position`` says where a feature stands: outside, its pull over l1, between -1 and 1; inside, beyond the
    bound of its sign by as much as its coefficient is. Without an L2 part, what comes after a failure of
    Newton's method is left out.
    """
    coefs, h = np.zeros((lams.size, c.size)), np.diag(G)
    old = position = _position(w, c - G @ w, h, start * l1_ratio, start * (1 - l1_ratio))
    before = start
    for k, lam in enumerate(lams.tolist()):
        l1, l2 = lam * l1_ratio, lam * (1 - l1_ratio)
        ahead = log(start / lam) / log(before / start) if before > start > lam else 0.0
        solution, pulls = newton(G, c, _beyond(position + ahead * (position - old)), l1, l2)
        if pulls is not None:
            w = solution
        elif not l2:
            return coefs[:k].T
        elif lam < start:
            w = elastic_net_step(G, c, w, (start * l1_ratio, start * (1 - l1_ratio)), (l1, l2))
        coefs[k] = w
        old, position = position, _position(w, c - G @ w if pulls is None else pulls, h, l1, l2)
        before, start = start, lam
    return coefs.T


def _position(w: np.ndarray, pulls: np.ndarray, h: np.ndarray, l1: float, l2: float) -> np.ndarray:
    return (pulls + (h - l2) * w) / l1


def _beyond(position: np.ndarray) -> np.ndarray:
    """Return the sign where the absolute value is at least 1, else 0."""
    return np.sign(np.trunc(position))


def newton(
    G: np.ndarray, c: np.ndarray, signs: np.ndarray, l1: float, l2: float
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the solution and its pulls ``c - G w`` from a guess of the signs.

    The pulls are ``None``, and the solution is zeros, if the guess is too far. With ``l2 > 0`` the matrix is
    positive definite, whatever the columns are; without, they must not be too close to each other.
    """
    w, right = np.zeros_like(c), c - l1 * signs
    for _ in range(STEPS):
        active = signs.nonzero()[0]
        rows, v = G.take(active, axis=0), np.empty(0)
        if active.size:
            system = rows[:, active]
            np.einsum("ii->i", system)[:] += l2  # a view of the diagonal
            factor, v, failed = lapack.dposv(system, right[active])
            if failed:
                break
        pulls = c - v @ rows
        after = _beyond(pulls / (l1 * (1 + ROUNDING)))
        s = signs[active]
        after[active] = s * (v * s > 0)
        if not (after - signs).any():
            if active.size and not l2 and (factor.diagonal() ** 2 < NEAR * system.diagonal()).any():
                break
            w[active] = v
            return w, pulls
        signs, right = after, c - l1 * after
    return w, None


def by_residuals(
    problem: Columns, w: np.ndarray, start: float, lams: np.ndarray, l1_ratio: float
) -> np.ndarray:
    """As :func:`on_grid`, with one unknown a row: for supports that are not small beside the number of rows.

    With the residual ``r = y - Z_A w_A``, (4.2) says ``l2 w_A = Z_A.T r - l1 s``. Put back into ``r``::

        (l2 I + Z_A Z_A.T) r = l2 y + l1 Z_A s

    The pulls ``Z.T r`` alone then tell who is in. Returns what was solved before a guess went in circles.
    """
    pulls = problem.pulls(np.arange(w.size), w[:, np.newaxis])[0][:, 0]
    coefs, signs, K = [], np.zeros(w.size), np.zeros((problem.y.size, problem.y.size))
    old = position = pulls / (start * l1_ratio)
    before = start
    for lam in lams.tolist():
        l1, l2 = lam * l1_ratio, lam * (1 - l1_ratio)
        ahead = log(start / lam) / log(before / start) if before > start > lam else 0.0
        guess = _beyond(position + ahead * (position - old))
        for _ in range(STEPS):
            K += _change(problem, signs, guess)
            signs, system = guess, K.copy()
            system.flat[:: len(K) + 1] += l2
            right = l2 * problem.y + l1 * problem.fitted(signs)
            _, r, failed = lapack.dposv(system, right)
            pulls = problem.pull(r)
            guess = _beyond(pulls / l1)
            if failed or not (guess - signs).any():
                break
        else:
            failed = 1
        if failed:
            break
        coefs.append((pulls - l1 * signs) / l2 * np.abs(signs))
        old, position, before, start = position, pulls / l1, start, lam
    return np.array(coefs).T if coefs else np.zeros((w.size, 0))


def _change(problem: Columns, signs: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return by what ``Z_A Z_A.T`` changes with the support."""
    change = np.abs(after) - np.abs(signs)
    came, gone = problem.rows(np.flatnonzero(change > 0)), problem.rows(np.flatnonzero(change < 0))
    return came.T @ came - gone.T @ gone


def elastic_net_step(
    G: np.ndarray, c: np.ndarray, w: np.ndarray, old: tuple[float, float], new: tuple[float, float]
) -> np.ndarray:
    """Go from the solution ``w`` at strengths ``old = (l1, l2)`` to the one at ``new`` (smaller l1), exactly.

    With the new l2 in the matrix, ``w`` solves the problem whose c is ``c + (l2_new - l2_old) w`` (4.2). Let
    that extra term fade out in proportion while l1 falls: the solution in between is piecewise linear.
    """
    active, tilt = np.flatnonzero(w), w * ((old[1] - new[1]) / (old[0] - new[0]))
    Z, y = _columns_of(G, new[1], c + new[0] * tilt)
    for segment in walk(ActiveColumns(Z, y, active, np.sign(w[active]), tilt), old[0], new[0]):
        last = segment
    result = np.zeros_like(w)
    result[last.active] = last.at(last.end)
    return result


def _columns_of(G: np.ndarray, l2: float, c: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return Z and y with ``Z Z.T = G + l2 I`` and ``Z y = c``: data whose products these are."""
    lengths = np.sqrt(np.diag(G) + l2)
    H = G / np.outer(lengths, lengths)
    H.flat[:: len(H) + 1] = 1
    values, V = np.linalg.eigh(H)
    roots = np.sqrt(np.maximum(values, len(H) * np.finfo(float).eps))  # positive definite, but for rounding
    return lengths[:, np.newaxis] * V * roots, V.T @ (c / lengths) / roots
