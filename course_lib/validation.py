"""Checks of arguments, so that bad input gets one sentence that names the argument and the value.

Every function takes the value and the argument's name and returns the value in the form the caller can
compute with. A value of the wrong kind is a ``TypeError``, a value out of range a ``ValueError``. NumPy only.
"""

from __future__ import annotations

import math
import numbers
from typing import Any

import numpy as np

__all__ = ["generator", "matrix", "number", "positive", "positive_int", "probability", "same_length", "share",
           "strength", "vector"]  # fmt: skip


def number(value: Any, name: str) -> float:
    """Return ``value`` as a finite float.

    Raises
    ------
    TypeError
        If it is not a real number (strings, arrays, ``None`` and ``bool`` are not).
    ValueError
        If it is NaN or infinite.
    """
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number, got {_show(value)}.")
    if not math.isfinite(value):
        raise ValueError(f"{name} must be finite, got {value}.")
    return float(value)


def strength(value: Any, name: str = "lam") -> float:
    """Return a regularization strength: a finite number >= 0."""
    result = number(value, name)
    if result < 0:
        raise ValueError(f"{name} must be >= 0, got {value}. A negative penalty would reward large weights.")
    return result


def positive(value: Any, name: str) -> float:
    """Return a finite number > 0 (step sizes, tolerances, temperatures)."""
    result = number(value, name)
    if result <= 0:
        raise ValueError(f"{name} must be > 0, got {value}.")
    return result


def positive_int(value: Any, name: str) -> int:
    """Return a whole number >= 1 (iterations, epochs, folds)."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be a whole number, got {_show(value)}.")
    if value < 1:
        raise ValueError(f"{name} must be >= 1, got {value}.")
    return int(value)


def share(value: Any, name: str = "l1_ratio") -> float:
    """Return an L1 share: a number in [0, 1]."""
    return _in_unit_interval(value, name)


def probability(value: Any, name: str = "p") -> float:
    """Return a probability: a number in [0, 1]."""
    return _in_unit_interval(value, name)


def _in_unit_interval(value: Any, name: str) -> float:
    result = number(value, name)
    if not 0 <= result <= 1:
        raise ValueError(f"{name} must lie in [0, 1], got {value}.")
    return result


def matrix(value: Any, name: str = "X") -> np.ndarray:
    """Return a non-empty, finite 2-D float array; float32 stays float32, integers become float64.

    The input is copied only when its type has to change, and is never modified.
    """
    array = _float_array(value, name)
    if array.ndim != 2:
        raise ValueError(
            f"{name} must be 2-dimensional (n_samples, n_features), got shape {array.shape}."
            + (f" Use {name}.reshape(-1, 1) for a single feature." if array.ndim == 1 else "")
        )
    return _finite(_not_empty(array, name), name)


def vector(value: Any, name: str = "y", *, length: int | None = None, of: str = "") -> np.ndarray:
    """Return a non-empty, finite 1-D float array, of ``length`` entries when given (``of`` says why)."""
    array = _float_array(value, name)
    if array.ndim != 1:
        raise ValueError(
            f"{name} must be 1-dimensional, got shape {array.shape}."
            + (f" Use {name}.ravel()." if array.ndim == 2 and 1 in array.shape else "")
        )
    _not_empty(array, name)
    if length is not None and array.size != length:
        reason = f" ({of})" if of else ""
        raise ValueError(f"{name} must have {length} entries{reason}, got {array.size}.")
    return _finite(array, name)


def same_length(X: np.ndarray, y: np.ndarray) -> None:
    """Raise ``ValueError`` unless ``X`` and ``y`` have the same number of rows."""
    if X.shape[0] != y.shape[0]:
        raise ValueError(f"X and y must have the same number of rows, got {X.shape[0]} and {y.shape[0]}.")


def generator(value: Any, name: str = "rng") -> np.random.Generator:
    """Return a ``numpy.random.Generator``; anything else is a ``TypeError`` that says how to make one."""
    if not isinstance(value, np.random.Generator):
        raise TypeError(
            f"{name} must be a numpy Generator, such as np.random.default_rng(0), got {_show(value)}."
        )
    return value


def _float_array(value: Any, name: str) -> np.ndarray:
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} must be a rectangular array of numbers: {error}.") from None
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name} must hold real numbers, got {_show(value)} of type {array.dtype}.")
    return array if array.dtype in (np.float32, np.float64) else array.astype(np.float64)


def _not_empty(array: np.ndarray, name: str) -> np.ndarray:
    if array.size == 0:
        raise ValueError(f"{name} must not be empty, got shape {array.shape}.")
    return array


def _finite(array: np.ndarray, name: str) -> np.ndarray:
    bad = ~np.isfinite(array)
    if bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        at = where[0] if len(where) == 1 else where
        raise ValueError(f"{name} must be finite, got {array[where]} at index {at}.")
    return array


def _show(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
