"""Centring: how an unpenalised intercept is removed from a least-squares problem.

For fixed ``w`` the best intercept is ``b = mean(y) - mean(X) @ w``. Put back into the objective, it leaves
the same problem in the centred ``X`` and ``y``, without an intercept. Every solver here works on that one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from course_lib import validation

__all__ = ["Centred", "centre", "centre_columns", "strengths", "switch"]


@dataclass(frozen=True)
class Centred:
    """Centred data and the means that were taken out (zeros without an intercept).

    Attributes
    ----------
    X : ndarray of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,)
    x_mean : ndarray of shape (n_features,)
    y_mean : float
    """

    X: np.ndarray
    y: np.ndarray
    x_mean: np.ndarray
    y_mean: float

    def intercept(self, w: np.ndarray) -> float:
        """Return the best intercept for ``w``: ``mean(y) - mean(X) @ w``."""
        return float(self.y_mean - self.x_mean @ w)


def centre(X: Any, y: Any, *, fit_intercept: bool = True) -> Centred:
    """Check ``X`` and ``y`` and centre both if there is an intercept; the precision is that of ``X``.

    Raises
    ------
    TypeError, ValueError
        If ``X`` is not a finite 2-D array, ``y`` not a finite 1-D array of as many rows, or
        ``fit_intercept`` not a bool.
    """
    X, y = validation.matrix(X), validation.vector(y)
    validation.same_length(X, y)
    y = y.astype(X.dtype, copy=False)
    if not switch(fit_intercept, "fit_intercept"):
        return Centred(X, y, np.zeros_like(X[0]), 0.0)
    X_centred, x_mean = centre_columns(X)
    y_centred, y_mean = centre_columns(y[:, np.newaxis])
    return Centred(X_centred, y_centred[:, 0], x_mean, float(y_mean[0]))


def centre_columns(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return ``X`` minus its column means, and the means; constant columns become exactly 0."""
    constant = X.max(axis=0) == X.min(axis=0)
    # The rounded mean of three times 0.1 is not 0.1: without this line a constant column would leave 1e-17
    # behind, and an unpenalised fit would put an enormous coefficient on it.
    mean = np.where(constant, X[0], X.mean(axis=0))
    return X - mean, mean


def strengths(lams: Any) -> np.ndarray:
    """Check a grid of strengths: a 1-D array of finite numbers >= 0, in any order."""
    values = validation.vector(lams, "lams").astype(np.float64)
    validation.strength(float(values.min()), "lams")  # the smallest speaks for all
    return values


def switch(value: Any, name: str) -> bool:
    """Check a True or False; 0, 1 and "yes" are refused: they are often a misplaced argument."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} must be True or False, got {value!r}.")
    return bool(value)
