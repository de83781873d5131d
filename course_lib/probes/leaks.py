"""Leakage: scores that pure noise should not reach, and rows on both sides of a split."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from course_lib.probes.report import Report

__all__ = ["leakage", "splits"]


def leakage(
    procedure: Callable[..., Any] | None = None,
    *,
    predict: Callable[..., Any] | None = None,
    task: str = "regression",
    n: int = 60,
    d: int = 300,
    repeats: int = 10,
    rng: np.random.Generator | None = None,
) -> Report:
    """Run a model-selection procedure on pure noise, where an honest score is chance.

    Parameters
    ----------
    procedure : callable, optional
        ``procedure(X, y) -> score``: everything from the raw data to the score that would be reported, R² for
        ``"regression"``, accuracy for ``"classification"`` (two classes of equal size, 0 and 1).
    predict : callable, optional
        ``predict(X_train, y_train, X_test) -> predictions``: preprocessing, choice, fit and prediction. The
        prediction for a row must not change when *other* test rows do. This sees a scaler that was fitted on
        all rows, whose effect on a score is too small to measure.
    task : {"regression", "classification"}
    n, d : int
        Rows and columns of the noise; ``d`` should be at least ``5 n`` for screening to show.
    repeats : int
        Fresh draws, at least 5.
    rng : numpy.random.Generator, optional

    Returns
    -------
    Report
        Causes: ``above_chance`` with, where a second run on 3 columns tells them apart,
        ``screening_on_all_rows`` (the excess needs many columns) or ``choice_on_test_rows`` (it does not);
        ``scored_on_training_rows`` (nearly perfect on noise); ``depends_on_other_test_rows``;
        ``input_modified``, ``not_finite``, ``raised``. One cause of the first four is named at a time.
        `Report.measured` holds ``score``, ``se`` and ``chance``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range, or neither function is given.

    Notes
    -----
    One-sided t test over independent draws, level 1e-5; between 1e-2 and 1e-5 twice as many draws are added
    and the level is applied to all of them together. A score below chance is no finding: cross-validation on
    noise is slightly pessimistic.
    """
    raise NotImplementedError


def splits(
    splits: Iterable[Any],
    *,
    X: Any = None,
    y: Any = None,
    groups: Any = None,
    n: int | None = None,
) -> Report:
    """Look for rows that stand on both sides of a split.

    Parameters
    ----------
    splits : iterable of tuples of index arrays (or masks)
        ``(train, test)`` or ``(train, validation, test)``, such as ``KFold().split(X)``.
    X, y : arrays of shape (n, ...), optional
        The data, to find different rows with equal content (``y`` counts as a column when given).
    groups : array of shape (n,), optional
        Rows of one group (patient, user) belong on one side.
    n : int, optional
        Number of rows, when ``X`` is not given.

    Returns
    -------
    Report
        Causes: ``overlap``, ``duplicates`` (equal rows on both sides), ``group_on_both_sides``,
        ``repeated_index``, ``out_of_range``, ``rows_unused``, ``tested_twice`` (over all folds),
        ``empty_part``, ``one_class_missing`` (a class of ``y`` is absent from a training part).

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind.

    Examples
    --------
    >>> splits([([0, 1, 2], [2, 3])]).causes
    ('overlap',)
    """
    raise NotImplementedError
