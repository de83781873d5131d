"""Means and standard errors of repeated experiments, the way every chapter reports them (chapters 01, 02).

NumPy only.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from course_lib import validation

__all__ = ["best_strength", "corrected_se", "mean_se"]


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


def best_strength(lams: Any, errors: Any, selection: str = "min") -> float:
    """Return the strength that cross-validation chooses.

    Parameters
    ----------
    lams : array of shape (n_lams,)
        Strengths, in any order.
    errors : array of shape (n_lams, n_folds)
        Mean squared error of each strength on each held-out fold.
    selection : "min" or "1se"
        ``"min"``: smallest mean error. ``"1se"``: the largest strength whose mean error is within one
        standard error of that (the one-standard-error rule). Of equally good strengths the largest.

    Raises
    ------
    ValueError
        For another ``selection``, errors of the wrong shape, or a single fold with ``"1se"``.

    Examples
    --------
    >>> errors = [[2.0, 4.0], [1.9, 3.9]]
    >>> best_strength([1.0, 0.1], errors), best_strength([1.0, 0.1], errors, "1se")
    (0.1, 1.0)
    """
    lams, errors = validation.vector(lams, "lams"), validation.matrix(errors, "errors")
    if len(errors) != lams.size:
        raise ValueError(f"errors must have {lams.size} rows (one per entry of lams), got {len(errors)}.")
    if selection not in ("min", "1se"):
        raise ValueError(f'selection must be "min" or "1se", got {selection!r}.')
    mean = errors.mean(axis=1)
    allowed = mean.min()
    if selection == "1se":
        allowed += mean_se(errors[int(np.argmin(mean))])[1]
    return float(lams[mean <= allowed].max())


def _repeats(values: Any, name: str = "values") -> np.ndarray:
    array = np.asarray(values, dtype=float)
    if array.ndim == 0 or len(array) < 2:
        raise ValueError(f"{name} must hold at least two repeats, got shape {array.shape}.")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, got {array[~np.isfinite(array)][0]}.")
    return array
