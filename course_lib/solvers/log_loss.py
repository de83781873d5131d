"""The log-loss problem: objective, gradient, Hessian and lam_max (chapter 05).

::

    J(W, b) = sum_i s_i loss(y_i, x_i.W + b) / sum_i s_i + lam (l1_ratio ||W||_1 + (1 - l1_ratio)/2 ||W||²)

with the log-loss of two classes (one score, the log-odds of label 1) or of several (softmax, one score per
class), and weights ``s_i``, all 1 unless given. The intercept is a column of ones without a penalty.

**Several classes.** Adding one number to the scores of all classes changes no probability, so the penalty has
to choose among equivalent solutions. The intercepts are made to sum to 0. L2 alone makes each feature's
coefficients sum to 0; both together have one minimum. L1 alone makes their median 0; with an even number of
classes that leaves an interval, in which the shift is taken that is smallest and makes a coefficient 0.
Without a penalty nothing chooses: the same shift is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, starmap
from typing import Any

import numpy as np
from scipy import sparse

from course_lib import validation
from course_lib.penalties import ElasticNet
from course_lib.solvers.centring import centre_columns, switch

__all__ = ["Point", "Problem", "lam_max", "objective", "probabilities", "probability_changes"]

FEW_COLUMNS = 32
FAR = 700.0  # exp of more overflows


def objective(X: Any, y: Any, w: Any, b: Any, lam: float, l1_ratio: float = 0.0) -> float:
    """Return the objective of :func:`newton` at ``w`` and ``b``."""
    return (problem := Problem.build(X, y, lam, l1_ratio, centring=False)).at(problem.packed(w, b)).value


def lam_max(X: Any, y: Any, l1_ratio: float = 1.0, *, fit_intercept: bool = True) -> float:
    """Return the smallest strength that makes all coefficients 0: ``max |X.T (y - mean(y))| / (n l1_ratio)``.

    With several classes ``y`` stands for the table of 0 and 1 with one column per class; without an intercept
    ``mean(y)`` is replaced by one over the number of classes.

    Raises
    ------
    TypeError, ValueError
        As :func:`newton`, and if ``l1_ratio`` is 0: ridge makes no coefficient 0, however strong it is.
    """
    return Problem.build(X, y, 0.0, l1_ratio, fit_intercept=fit_intercept).lam_max(l1_ratio)


@dataclass(frozen=True, eq=False)
class Point:
    """Coefficients and what follows from them; each array has one column per score.

    Attributes
    ----------
    problem : Problem
    W : ndarray of shape (n_columns, n_scores)
    scores : ndarray of shape (n_samples, n_scores)
        ``X @ W``.
    P, rest : ndarray of shape (n_samples, n_scores)
        Probabilities, and ``1 - P`` without cancellation.
    """

    problem: Problem
    W: np.ndarray
    scores: np.ndarray
    P: np.ndarray
    rest: np.ndarray

    @cached_property
    def value(self) -> float:
        """The objective: mean log-loss plus penalty."""
        share, l1, l2 = self.problem.share, self.problem.l1, self.problem.l2
        penalty = (l1.T @ np.abs(self.W) + l2.T @ self.W**2 / 2).sum()
        return float(share[:, 0] @ self._costs() + penalty)

    def _costs(self) -> np.ndarray:
        """Return every sample's log-loss."""
        scores, Y = self.scores, self.problem.Y
        if scores.shape[1] == 1:  # log(1 + exp(-margin)), which never overflows so
            cost = np.log1p(np.exp(-np.abs(scores))) - np.minimum(np.where(Y, scores, -scores), 0)
            return cost[:, 0]
        own, others = self.P[Y], self.rest[Y]
        with np.errstate(divide="ignore"):  # a probability of 0 costs infinitely much: no step ends there
            return -np.where(own > 0.5, np.log1p(-others), np.log(own))  # log(1 - tiny) keeps its digits


@dataclass(frozen=True, eq=False)
class Problem:
    """Log-loss plus penalty, on a design matrix whose first column is the intercept's (if there is one).

    Attributes
    ----------
    X : ndarray or CSC matrix of shape (n_samples, n_columns)
    Y : bool ndarray of shape (n_samples, n_scores)
        Is this the sample's class? Two classes have one score, K > 2 classes have K.
    share : ndarray of shape (n_samples, 1)
        Weight of each sample in the mean; they sum to 1.
    l1, l2 : ndarray of shape (n_columns, 1)
        Strengths ``lam l1_ratio`` and ``lam (1 - l1_ratio)``, 0 for the intercept.
    x_mean : ndarray of shape (n_columns,)
        What was subtracted from the columns.
    """

    X: Any
    Y: np.ndarray
    share: np.ndarray
    l1: np.ndarray
    l2: np.ndarray
    x_mean: np.ndarray
    fit_intercept: bool

    @classmethod
    def build(
        cls, X: Any, y: Any, lam: float, l1_ratio: float, *, fit_intercept: bool = True, weights: Any = None,
        centring: bool = True,
        n_classes: int | None = None,
    ) -> Problem:  # fmt: skip
        """Check the arguments and write the problem down; with an intercept dense columns are centred."""
        X = sparse.csc_array(X) if sparse.issparse(X) else validation.matrix(X)
        X, penalty = X.astype(np.float64, copy=False), ElasticNet(lam, l1_ratio)
        n, labels = X.shape[0], _labels(y, X.shape[0], n_classes)
        share = np.ones(n) if weights is None else np.asarray(weights, dtype=float)
        l1, l2 = (np.full((X.shape[1], 1), part.lam) for part in (penalty.l1, penalty.l2))
        x_mean = np.zeros(X.shape[1])
        if switch(fit_intercept, "fit_intercept"):
            if centring and not sparse.issparse(X):
                X, x_mean = centre_columns(X)
            stack = sparse.hstack if sparse.issparse(X) else np.hstack
            X, x_mean = stack([np.ones((n, 1)), X]), np.append(0.0, x_mean)
            l1, l2 = np.vstack([[[0.0]], l1]), np.vstack([[[0.0]], l2])
        X = sparse.csc_array(X) if sparse.issparse(X) else np.asfortranarray(X)  # columns lie together
        Y = labels[:, np.newaxis] == np.arange(n_classes or labels.max() + 1)
        Y = Y[:, 1:] if Y.shape[1] == 2 else Y
        return cls(X, Y, (share / share.sum())[:, np.newaxis], l1, l2, x_mean, fit_intercept)

    def at(self, W: np.ndarray) -> Point:
        """Return the point ``W``: scores and probabilities now, the objective when it is asked for."""
        scores = self.X @ W
        return Point(self, W, scores, *probabilities(scores))

    def gradient(self, point: Point) -> np.ndarray:
        """Return the gradient of the smooth part, that is the mean log-loss and the L2 penalty."""
        return self.l2 * point.W - self.X.T @ (self.share * np.where(self.Y, point.rest, -point.P))  # Y - P

    def start(self, W: np.ndarray | None = None) -> Point:
        """Return the warm start, or zeros with the intercept that then is best: the classes' log-odds."""
        if W is None:
            W = np.zeros((self.X.shape[1], self.Y.shape[1]))
            if self.fit_intercept:
                classes = np.sum(self.share * self.Y, axis=0)
                W[0] = np.log(classes / (1 - classes)) if W.shape[1] == 1 else np.log(classes)
        return self.at(W)

    def lam_max(self, l1_ratio: float) -> float:
        """Return the smallest strength at which all coefficients are 0."""
        if validation.share(l1_ratio) == 0:
            raise ValueError(
                f"l1_ratio must be > 0 for lam_max, got {l1_ratio}: without an L1 part no strength makes all "
                "coefficients 0. Give a grid of strengths instead, such as np.geomspace(1e-3, 1e3, 50)."
            )
        strongest = np.max(np.abs(self.gradient(self.start())[int(self.fit_intercept) :]))
        return float(strongest) / l1_ratio

    def hessian(self, point: Point, features: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """Return the Hessian of the smooth part for some coefficients, listed class by class.

        Within a class it is ``X.T diag(share p (1 - p)) X``, between two ``-X.T diag(share p_k p_l) X``.
        """
        own = np.sqrt(self.share * point.P * point.rest)
        if self.Y.shape[1] == 1:
            H = _gram(self._columns(features), own)
        else:
            B = np.empty((len(own), len(features)), order="F")
            blocks = list(starmap(slice, pairwise(np.searchsorted(classes, np.arange(own.shape[1] + 1)))))
            for k, block in enumerate(blocks):  # class by class: it stays in the processor's cache
                B[:, block] = self._columns(features[block]) * (np.sqrt(self.share) * point.P[:, [k]])
            H = -(B.T @ B)
            for k, block in enumerate(blocks):
                H[block, block] = _gram(self._columns(features[block]), own[:, [k]])
        H.flat[:: len(H) + 1] += self.l2[features, 0]  # the diagonal
        return H

    def _columns(self, features: np.ndarray) -> np.ndarray:
        A = self.X[:, features]
        return A.toarray() if sparse.issparse(A) else A

    def separates(self, point: Point) -> bool:
        """Return whether every sample's own class has more than half of the probability."""
        own = np.where(self.Y, point.P, point.rest) if self.Y.shape[1] == 1 else point.P[self.Y]
        return bool(np.all(own > 0.5))

    def packed(self, w: Any, b: Any = 0.0) -> np.ndarray:
        """Check coefficients and intercept and return them as one array, of the shape of ``Point.W``."""
        w, b = np.asarray(w, dtype=float), np.asarray(b, dtype=float)
        shape = (self.X.shape[1] - int(self.fit_intercept), self.Y.shape[1])
        one_score = shape[1] == 1 and w.shape == shape[:1]
        if not (w.shape == shape or one_score) or b.size not in (1, shape[1]):
            raise ValueError(
                f"w must have shape {shape} and b one entry per score, got {w.shape} and {b.shape}."
            )
        if not (np.isfinite(w).all() and np.isfinite(b).all()):
            raise ValueError("w and b must be finite.")
        w = w.reshape(shape)
        if not self.fit_intercept:
            return w
        return np.vstack([b + self.x_mean[1:] @ w, w])

    def unpacked(self, W: np.ndarray) -> tuple[np.ndarray, Any]:
        """Return coefficients and intercepts, for several classes the ones that the module describes."""
        first = int(self.fit_intercept)
        w, b = W[first:].copy(), np.zeros(W.shape[1]) if first == 0 else W[0]
        if W.shape[1] > 1 and self.l2[-1, 0] == 0:
            ordered = np.sort(w, axis=1)  # the two medians; they are equal for an odd number of classes
            low, high = ordered[:, (W.shape[1] - 1) // 2], ordered[:, W.shape[1] // 2]
            nearest = np.where(np.abs(low) <= np.abs(high), low, high)
            w -= np.where(low * high < 0, nearest, np.where(low > 0, low, np.minimum(high, 0)))[:, np.newaxis]
        b = b - self.x_mean[first:] @ w
        return (w[:, 0], float(b[0])) if W.shape[1] == 1 else (w, b - b.mean() if first else b)


def _gram(A: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Return ``A.T diag(scale²) A``; few columns are fastest as a product of two different matrices."""
    if A.shape[1] <= FEW_COLUMNS:
        return A.T @ (A * scale**2)
    A = A * scale  # a new array; the product with its own transpose costs half
    return A.T @ A


def probabilities(Z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the probabilities for a table of scores, and 1 minus them, neither with cancellation."""
    if Z.shape[1] == 1:
        E = np.exp(np.minimum(Z, FAR))
        return E / (1 + E), 1 / (1 + E)
    top = np.arange(len(Z)), Z.argmax(axis=1)
    E = np.exp(Z - Z[top][:, np.newaxis])
    E[top] = 0  # 1 - p cancels for the largest p only: there the others are added up
    beyond = E.sum(axis=1)
    E[top] = 1
    total = 1 + beyond[:, np.newaxis]
    others = total - E
    others[top] = beyond
    return E / total, others / total


def probability_changes(point: Point, changes: np.ndarray) -> np.ndarray:
    """Return how the probabilities change with the scores, to first order."""
    if changes.shape[1] == 1:
        return point.P * point.rest * changes
    return point.P * (changes - np.sum(point.P * changes, axis=1, keepdims=True))


def _labels(y: Any, n: int, n_classes: int | None) -> np.ndarray:
    """Check labels 0, 1, ...; every one has to occur, unless the caller knows their number."""
    y = validation.vector(y, length=n, of="one per row of X")
    K = n_classes or max(int(y.max()), 1) + 1
    wrong = (y != np.floor(y)) | (y < 0) | (y >= K)
    if wrong.any():
        raise ValueError(f"y must hold labels 0, 1, ..., got {y[wrong][0]:g}.")
    missing = np.setdiff1d(np.arange(K), y)
    if missing.size and n_classes is None:
        raise ValueError(f"y must hold every label from 0 to {K - 1}, got none of label {missing[0]}.")
    return y.astype(np.intp)
