"""Means and standard errors of repeated experiments, the way every chapter reports them (chapters 01, 02).

NumPy only.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from course_lib import validation

__all__ = ["corrected_se", "mean_se"]


def mean_se(values: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and its standard error over the first axis: independent seeds or fresh draws.

    ``se = sd / sqrt(J)`` with the sample standard deviation (J - 1 in the denominator).

    Parameters
    ----------
    values : array of shape (n_repeats, ...)
        One row per repeat, at least two.

    Returns
    -------
    mean, se : ndarray of shape (...)

    Raises
    ------
    ValueError
        With fewer than two repeats, or values that are not finite.

    Examples
    --------
    >>> mean, se = mean_se([1.0, 3.0])
    >>> float(mean), float(se)
    (2.0, 1.0)
    """
    array = _repeats(values)
    return array.mean(axis=0), array.std(axis=0, ddof=1) / np.sqrt(len(array))


def corrected_se(differences: Any, *, n_train: int, n_test: int) -> np.ndarray:
    """Return the standard error of a mean difference over repeated random splits of one data set.

    The splits share rows, so ``sd / sqrt(J)`` is too small. Nadeau and Bengio's correction is
    ``se² = (1/J + n_test/n_train) sd²``.

    Parameters
    ----------
    differences : array of shape (n_splits, ...)
        Paired differences of two models' errors, one row per split.
    n_train, n_test : int
        Rows in the training and in the test part of every split.

    Raises
    ------
    TypeError, ValueError
        With fewer than two splits, values that are not finite, or sizes that are not whole numbers >= 1.

    Notes
    -----
    Nadeau and Bengio (2003), *Machine Learning* 52, 239-281.
    """
    array = _repeats(differences, "differences")
    ratio = validation.positive_int(n_test, "n_test") / validation.positive_int(n_train, "n_train")
    return np.sqrt((1 / len(array) + ratio) * array.var(axis=0, ddof=1))


def _repeats(values: Any, name: str = "values") -> np.ndarray:
    array = np.asarray(values, dtype=float)
    if array.ndim == 0 or len(array) < 2:
        raise ValueError(f"{name} must hold at least two repeats, got shape {array.shape}.")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, got {array[~np.isfinite(array)][0]}.")
    return array
