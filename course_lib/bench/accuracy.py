"""How near answers are to the minimum, measured on the answers alone and in one way for everybody."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.special import log_softmax, softmax, xlogy

from course_lib.bench.problems import Problem

__all__ = ["Accuracy", "least_squares", "log_loss"]


@dataclass(frozen=True)
class Accuracy:
    """Certificates of one answer, one entry a strength, relative to the loss at zero weights.

    Attributes
    ----------
    gaps : ndarray of shape (n_lams,)
        Duality gap: a proven bound on how far the objective lies above its minimum.
    values : ndarray of shape (n_lams,)
        The objective itself. Minus the best value that any contestant found it is the primal suboptimality.
    choice : float or None
        The strength that the answer chose, where choosing was the work.
    """

    gaps: np.ndarray = field(default_factory=lambda: np.empty(0))
    values: np.ndarray = field(default_factory=lambda: np.empty(0))
    choice: float | None = None

    @property
    def gap(self) -> float:
        """The worst gap over the strengths; NaN if nothing was certified."""
        return float(np.max(self.gaps)) if self.gaps.size else float("nan")

    def above(self, best: np.ndarray) -> float:
        """The worst excess over the best known objective; NaN if the strengths are not the same."""
        if not self.values.size or self.values.shape != best.shape:
            return float("nan")
        return float(np.max(self.values - best))


def least_squares(problem: Problem, lams: np.ndarray, coefs: np.ndarray, l1_ratio: float = 1.0) -> Accuracy:
    """Gap (3.8) and objective (4.1) for every column of ``coefs``, on centred data."""
    X, y, n = problem.X, problem.y, len(problem.y)
    coefs = np.asarray(coefs, float).reshape(X.shape[1], -1)
    residuals = y[:, None] - X @ coefs
    pulls = X.T @ residuals / n
    loss, scale = np.sum(residuals**2, axis=0) / (2 * n), float(y @ y) / (2 * n)
    l1, l2 = np.asarray(lams) * l1_ratio, np.asarray(lams) * (1 - l1_ratio)
    size, square = np.sum(np.abs(coefs), axis=0), np.sum(coefs**2, axis=0)
    strongest = np.max(np.abs(pulls - l2 * coefs), axis=0)
    shrunk = np.minimum(1.0, l1 / np.maximum(strongest, 1e-300))
    gaps = np.full(len(l1), np.inf)
    for s in (shrunk, np.ones_like(shrunk)) if l1_ratio < 1 else (shrunk,):
        met = np.clip(s * pulls, -l1, l1)
        gap = (1 - s) ** 2 * loss + l1 * size - np.sum(met * coefs, axis=0)
        if l1_ratio < 1:
            gap += np.sum((s * pulls - met - l2 * coefs) ** 2, axis=0) / (2 * l2)
        gaps = np.minimum(gaps, gap)
    return Accuracy(gaps / scale, (loss + l1 * size + l2 / 2 * square) / scale)


def log_loss(problem: Problem, lams: np.ndarray, coefs: np.ndarray, *, fit_intercept: bool) -> Accuracy:
    """Gap and objective of L1-penalised logistic regression, ``coefs`` of shape (n_lams, n_classes, d).

    Two classes have one row of coefficients. The best intercepts are found here: who rounds them is not
    punished for it.
    """
    certified = [_log_loss(problem, lam, w, fit_intercept) for lam, w in zip(lams, coefs, strict=True)]
    gaps, values = np.transpose(certified)
    return Accuracy(gaps, values)


def _log_loss(problem: Problem, lam: float, w: np.ndarray, fit_intercept: bool) -> tuple[float, float]:
    X, n = problem.X, len(problem.y)
    Y = np.eye(int(problem.y.max()) + 1)[problem.y]
    scores = X @ np.atleast_2d(w).T
    scores = np.column_stack([np.zeros(n), scores]) if scores.shape[1] == 1 else scores
    if fit_intercept:
        scores = scores + _intercepts(scores, Y)
    P = softmax(scores, axis=1)
    pulls = X.T @ (Y - P) / n
    pulls = pulls[:, 1] if Y.shape[1] == 2 else pulls
    s = min(1.0, lam / float(np.max(np.abs(pulls))))
    value = -float(np.sum(log_softmax(scores, axis=1) * Y)) / n + lam * float(np.sum(np.abs(w)))
    mixed = s * P + (1 - s) * Y  # the dual point s (P - Y), shifted by Y: rows of probabilities
    dual = -float(np.sum(xlogy(mixed, mixed))) / n
    scale = np.log(Y.shape[1])
    return (value - dual) / scale, value / scale


def _intercepts(scores: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """The intercepts that minimise the log-loss, by Newton's method."""
    b = np.zeros(Y.shape[1])
    for _ in range(30):
        P = softmax(scores + b, axis=1)
        gradient = np.mean(P - Y, axis=0)
        if np.max(np.abs(gradient)) < 1e-15:
            break
        hessian = np.diag(P.mean(axis=0)) - P.T @ P / len(P)
        b -= np.linalg.lstsq(hessian, gradient, rcond=1e-12)[0]
    return b
