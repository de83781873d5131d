"""Losses: what one wrong prediction costs, and in which direction it pulls (chapters 01, 05).

Every class answers the same questions. Targets come first, scores (the raw outputs of the model) second::

    loss.pointwise(y, score)   cost of each sample, shape (n_samples,)
    loss.value(y, score)       their mean, a float
    loss.gradient(y, score)    gradient of the mean with respect to score, shape of score
    loss.curvature             bound on the second derivative of one sample's cost, None if there is none

A gradient step of length ``1 / curvature`` (times ``n / ||X||²`` for a linear model) never overshoots: that
is what the bound is for.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from course_lib import validation

__all__ = ["AbsoluteLoss", "HingeLoss", "HuberLoss", "LogisticLoss", "Loss", "SoftmaxLoss", "SquaredLoss",
           "sigmoid", "softmax"]  # fmt: skip


class Loss(ABC):
    """A cost per sample, averaged over the samples. Subclasses give the cost and its derivative.

    All methods raise ``TypeError`` or ``ValueError``, naming the argument and the value, if ``y`` or
    ``score`` is empty, not finite, of unequal lengths, or if ``y`` holds a label that the loss does not know.
    """

    curvature: ClassVar[float | None]

    def value(self, y: Any, score: Any) -> float:
        """Return the mean cost over the samples."""
        return float(self.pointwise(y, score).mean())

    def pointwise(self, y: Any, score: Any) -> np.ndarray:
        """Return the cost of each sample, shape (n_samples,)."""
        return self._cost(*self._checked(y, score))

    def gradient(self, y: Any, score: Any) -> np.ndarray:
        """Return the gradient of :meth:`value` with respect to ``score``, in the shape of ``score``."""
        y, score = self._checked(y, score)
        return self._slope(y, score) / len(y)  # the mean's 1/n, in this one place for all losses

    @abstractmethod
    def _cost(self, y: np.ndarray, score: np.ndarray) -> np.ndarray: ...

    @abstractmethod
    def _slope(self, y: np.ndarray, score: np.ndarray) -> np.ndarray: ...

    def _checked(self, y: Any, score: Any) -> tuple[np.ndarray, np.ndarray]:
        score = validation.vector(score, "score")
        y = validation.vector(y, "y", length=score.size, of="one per score")
        return y.astype(score.dtype, copy=False), score


@dataclass(frozen=True)
class SquaredLoss(Loss):
    """Squared loss ``1/2 (y - score)²``; its mean is ``1/(2n) ||y - score||²``.

    Examples
    --------
    >>> SquaredLoss().value([1.0, 2.0], [1.0, 4.0])
    1.0
    >>> SquaredLoss().gradient([1.0, 2.0], [1.0, 4.0])
    array([0., 1.])
    """

    curvature: ClassVar[float] = 1.0

    def _cost(self, y: np.ndarray, score: np.ndarray) -> np.ndarray:
        return (y - score) ** 2 / 2

    def _slope(self, y: np.ndarray, score: np.ndarray) -> np.ndarray:
        return score - y  # the 1/2 cancels the 2 of the square


@dataclass(frozen=True)
class AbsoluteLoss(Loss):
    """Absolute loss ``|y - score|``. It has a kink at 0, where the subgradient 0 is taken."""

    curvature: ClassVar[None] = None

    def _cost(self, y: np.ndarray, score: np.ndarray) -> np.ndarray:
        return np.abs(y - score)

    def _slope(self, y: np.ndarray, score: np.ndarray) -> np.ndarray:
        return np.sign(score - y)


@dataclass(frozen=True)
class HuberLoss(Loss):
    """Huber loss: ``1/2 r²`` up to ``|r| = delta``, beyond it the straight line ``delta (|r| - delta/2)``.

    Parameters
    ----------
    delta : float
        Residual ``r = y - score`` from which a sample counts as an outlier; > 0. It bounds the pull of any
        sample.

    Raises
    ------
    TypeError, ValueError
        If ``delta`` is not a finite number > 0.

    Notes
    -----
    Huber (1964), *Annals of Mathematical Statistics* 35(1), 73-101.
    """

    delta: float = 1.0
    curvature: ClassVar[float] = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "delta", validation.positive(self.delta, "delta"))

    def _cost(self, y: np.ndarray, score: np.ndarray) -> np.ndarray:
        size = np.abs(y - score)
        inner = np.minimum(size, self.delta)  # the part of the residual on the parabola
        return inner * (size - inner / 2)

    def _slope(self, y: np.ndarray, score: np.ndarray) -> np.ndarray:
        return np.clip(score - y, -self.delta, self.delta)


@dataclass(frozen=True)
class LogisticLoss(Loss):
    """Binary cross-entropy ``log(1 + exp(score)) - y score`` for labels 0 and 1.

    ``score`` is the log-odds of label 1, not a probability: the sigmoid is inside the loss, where it cannot
    overflow.

    Examples
    --------
    >>> LogisticLoss().value([1, 0], [1000.0, -1000.0])
    0.0
    """

    curvature: ClassVar[float] = 0.25  # sigmoid' = s (1 - s) <= 1/4

    def _cost(self, y: np.ndarray, score: np.ndarray) -> np.ndarray:
        return np.logaddexp(0, np.where(y == 1, -score, score))  # log(1 + e^z) without overflow

    def _slope(self, y: np.ndarray, score: np.ndarray) -> np.ndarray:
        return sigmoid(score) - y

    def _checked(self, y: Any, score: Any) -> tuple[np.ndarray, np.ndarray]:
        y, score = super()._checked(y, score)
        return _only_labels(y, (0, 1)), score


@dataclass(frozen=True)
class HingeLoss(Loss):
    """Hinge loss ``max(0, 1 - y score)`` for labels -1 and +1; subgradient 0 at its kink ``y score = 1``."""

    curvature: ClassVar[None] = None

    def _cost(self, y: np.ndarray, score: np.ndarray) -> np.ndarray:
        return np.maximum(0, 1 - y * score)

    def _slope(self, y: np.ndarray, score: np.ndarray) -> np.ndarray:
        return np.where(y * score < 1, -y, 0)

    def _checked(self, y: Any, score: Any) -> tuple[np.ndarray, np.ndarray]:
        y, score = super()._checked(y, score)
        return _only_labels(y, (-1, 1)), score


@dataclass(frozen=True)
class SoftmaxLoss(Loss):
    """Cross-entropy ``log sum_j exp(score_j) - score_y`` for integer labels 0, ..., n_classes - 1.

    ``score`` has shape (n_samples, n_classes) and holds raw scores: the softmax is inside the loss. Applying
    it before as well is a common bug.

    Examples
    --------
    >>> SoftmaxLoss().gradient([0], [[0.0, 0.0]])
    array([[-0.5,  0.5]])
    """

    curvature: ClassVar[float] = 0.5  # the largest eigenvalue of diag(p) - p p.T is at most 1/2

    def _cost(self, y: np.ndarray, score: np.ndarray) -> np.ndarray:
        return -_log_softmax(score)[np.arange(len(y)), y]

    def _slope(self, y: np.ndarray, score: np.ndarray) -> np.ndarray:
        slope = np.exp(_log_softmax(score))
        slope[np.arange(len(y)), y] -= 1  # probabilities minus the one-hot label
        return slope

    def _checked(self, y: Any, score: Any) -> tuple[np.ndarray, np.ndarray]:
        score = validation.matrix(score, "score")
        labels = validation.vector(y, "y", length=len(score), of="one per row of score")
        k = score.shape[1]
        wrong = (labels != np.floor(labels)) | (labels < 0) | (labels >= k)
        if wrong.any():
            raise ValueError(f"y must hold integer labels from 0 to {k - 1}, got {labels[wrong][0]:g}.")
        return labels.astype(np.intp), score


def sigmoid(score: Any) -> np.ndarray:
    """Return ``1 / (1 + exp(-score))``, without overflow, in the shape of the 1-D ``score``."""
    return np.exp(-np.logaddexp(0, -validation.vector(score, "score")))


def softmax(score: Any) -> np.ndarray:
    """Return ``exp(score) / sum exp(score)`` of each row, shape (n_samples, n_classes), without overflow."""
    return np.exp(_log_softmax(validation.matrix(score, "score")))


def _log_softmax(score: np.ndarray) -> np.ndarray:
    # Subtracting the row's maximum changes nothing in exact arithmetic and keeps exp() below 1.
    shifted = score - score.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def _only_labels(y: np.ndarray, labels: tuple[int, int]) -> np.ndarray:
    wrong = (y != labels[0]) & (y != labels[1])
    if wrong.any():
        raise ValueError(f"y must hold the labels {labels[0]} and {labels[1]} only, got {y[wrong][0]:g}.")
    return y
