"""Leakage: scores that pure noise should not reach, and rows on both sides of a split."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from itertools import combinations
from typing import Any

import numpy as np

from course_lib import validation
from course_lib.model_selection import mean_se
from course_lib.probes.asking import function, generator, report_raised, scalar
from course_lib.probes.points import Raised, call, calm, is_tensor
from course_lib.probes.report import Finding, Report, checked, finding

__all__ = ["leakage", "splits"]


def leakage(
    procedure: Callable[..., Any] | None = None,
    *,
    predict: Callable[..., Any] | None = None,
    candidates: Callable[..., Any] | None = None,
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
    candidates : callable, optional
        ``candidates(X, y) -> scores`` of shape (K,), K the same at every call: the scores of all strengths,
        seeds or epochs that ``procedure`` chooses among, computed the same way. An honest score is, on
        average, no better than that of the best candidate; the best of K scores is. Where noise scores below
        chance, as R² does, the comparison with chance does not see this, and this one does.
    task : {"regression", "classification"}
    n, d : int
        Rows and columns of the noise; ``d`` should be at least ``5 n`` for screening to show.
    repeats : int
        Fresh draws, at least 5.
    rng : numpy.random.Generator, optional

    Returns
    -------
    Report
        Causes: ``above_chance``, or where a second run on 3 columns tells them apart
        ``screening_on_all_rows``
        (the excess needs many columns), ``choice_on_test_rows`` (it does not: a choice by the reported score,
        or rows on both sides), ``scored_on_training_rows`` (nearly perfect: also a target among the columns),
        ``best_of_many`` (better than every candidate is on average); ``depends_on_other_test_rows``;
        ``input_modified``, ``not_finite``, ``raised``. One cause of the first five is named at a time.
        `Report.measured` holds ``score``, ``se`` and ``chance``, and with candidates ``gain``, by how much
        the score is above the best candidate's mean, and ``gain_level``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range, or neither function is given.

    Notes
    -----
    One-sided t test over independent draws, level 1e-4. A result that is not there yet but better than a
    level of 0.05 gets four times as many draws, once, so that an honest procedure is flagged at most 2 times
    in 10,000 (4 with candidates, which are a second comparison). A score below chance is no finding:
    cross-validation on noise is slightly pessimistic. For the same reason the best of many scores is seen
    without ``candidates`` only where it ends up above chance: often in accuracy, where noise scores 1/2, and
    hardly ever in R². With them it is seen where the candidates' scores differ by luck, and not where one
    candidate wins nearly every draw: there the choice costs next to nothing, on noise. What it costs on real
    data the probe does not say. `Report.measured` holds the ``level`` that was reached.
    """
    if procedure is None and predict is None:
        raise TypeError("procedure or predict must be given.")
    if procedure is None and candidates is not None:
        raise TypeError("procedure must be given with candidates.")
    if task not in ("regression", "classification"):
        raise ValueError(f'task must be "regression" or "classification", got {task!r}.')
    n, d, repeats = (
        validation.positive_int(v, name) for v, name in ((n, "n"), (d, "d"), (repeats, "repeats"))
    )
    if repeats < 5 or n < 10:
        raise ValueError(f"repeats must be at least 5 and n at least 10, got {repeats} and {n}.")
    noise = _Noise(task, n, generator(rng))
    findings: list[Finding] = []
    words: list[str] = []
    measured: dict[str, Any] = {}
    try:
        with calm(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if predict is not None:
                findings += _isolated(function(predict, "predict"), noise, d)
                words.append(checked("predict", n=n - 2 * n // 3))
            if procedure is not None:
                procedure = function(procedure, "procedure")
                found: list[Finding] = []
                if candidates is not None:
                    found, measured = _luck(procedure, function(candidates, "candidates"), noise, d, repeats)
                if not found:
                    found, more = _chance(procedure, noise, d, repeats)
                    measured = measured | more
                findings += found
                words.append(checked("leakage", repeats=measured.get("draws", 0), n=n, d=d))
    except Raised as what:
        return report_raised("leakage", what)
    return Report("leakage", tuple(findings), "; ".join(words), measured)


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
        Causes: ``overlap``, ``duplicates`` (equal rows on both sides; no finding where fewer than half of all
        rows differ), ``group_on_both_sides``, ``repeated_index``, ``out_of_range``, ``empty_part``,
        ``one_class_missing`` (a class of ``y`` is absent from a training part). `Report.measured` holds
        ``unused`` (rows in no part) and ``tested_twice`` (rows in several test parts), which may be meant.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind.

    Examples
    --------
    >>> splits([([0, 1, 2], [2, 3])]).causes
    ('overlap',)
    """
    parts = [tuple(_indices(part) for part in split) for split in splits]
    if not parts or any(len(split) < 2 for split in parts):
        raise ValueError("splits must hold tuples of at least two index arrays: (train, test).")
    X = None if X is None else _table(X)
    size = n if n is not None else len(X) if X is not None else len(groups) if groups is not None else None
    found: dict[str, Finding] = {}
    rows = None if X is None else _row_keys(X, y)
    for number, split in enumerate(parts, start=1):
        for cause, values in _of_split(split, size, rows, y, groups):
            found.setdefault(cause, finding("splits", cause, number=number, **values))
    measured = _use_of_rows(parts, size)
    return Report("splits", tuple(found.values()), checked("splits", count=len(parts)), measured)


LEVEL, PROMISING, LOOKS = 1e-4, 0.05, 2
FEW = 3  # columns of the second run, among which no screening can choose


class _Noise:
    """Data in which nothing predicts anything."""

    def __init__(self, task: str, n: int, rng: np.random.Generator) -> None:
        self.task, self.n, self.rng = task, n, rng

    @property
    def chance(self) -> float:
        """What an honest score is at best: R² 0, accuracy ½."""
        return 0.0 if self.task == "regression" else 0.5

    def draw(self, d: int) -> tuple[np.ndarray, np.ndarray]:
        X = self.rng.standard_normal((self.n, d))
        if self.task == "regression":
            return X, self.rng.standard_normal(self.n)
        return X, self.rng.permutation(np.arange(self.n) % 2)


def _chance(
    procedure: Callable[..., Any], noise: _Noise, d: int, repeats: int
) -> tuple[list[Finding], dict[str, Any]]:
    """Compare the scores on noise with chance, and ask a second time with few columns for the reason."""
    X, y = noise.draw(d)
    before = X.copy(), y.copy()
    first = scalar(call("procedure", procedure, X, y), "procedure")
    findings = []
    if not (np.array_equal(before[0], X) and np.array_equal(before[1], y)):
        findings.append(finding("leakage", "input_modified", evidence="X or y differs after the call"))
    scores, level = _scores(procedure, noise, d, repeats, [first])
    if not np.isfinite(scores).all():
        value = float(scores[~np.isfinite(scores)][0])
        return [*findings, finding("leakage", "not_finite", what="score", value=value)], {}
    mean, se = (float(v) for v in mean_se(scores))
    measured = {"score": mean, "se": se, "chance": noise.chance, "draws": len(scores), "level": level}
    if level < LEVEL:
        cause, few = _reason(procedure, noise, repeats, mean)
        findings.append(finding("leakage", cause, few_columns=FEW, d=d, few=few, **measured))
    return findings, measured


def _luck(
    procedure: Callable[..., Any], candidates: Callable[..., Any], noise: _Noise, d: int, repeats: int
) -> tuple[list[Finding], dict[str, Any]]:
    """Compare the reported score with what each candidate scores on average."""
    pairs: list[tuple[float, np.ndarray]] = []
    wanted = repeats
    for look in range(LOOKS):
        while len(pairs) < wanted:
            X, y = noise.draw(d)
            score = scalar(call("procedure", procedure, X.copy(), y.copy()), "procedure")
            pairs.append((score, _candidates(candidates, X, y, pairs)))
        reported, scores = np.array([r for r, _ in pairs]), np.array([c for _, c in pairs])
        if not (np.isfinite(reported).all() and np.isfinite(scores).all()):
            value = float("nan")
            return [finding("leakage", "not_finite", what="score", value=value)], {}
        level = max(_level(reported - one, 0.0) for one in scores.T)
        if not LEVEL <= level < PROMISING or look == LOOKS - 1:
            break
        wanted *= 4
    mean, se = (float(v) for v in mean_se(reported))
    best = float(scores.mean(axis=0).max())
    seen = {"score": mean, "se": se, "chance": noise.chance, "draws": len(pairs)}
    measured = seen | {"gain": mean - best, "gain_level": level}
    if level >= LEVEL:
        return [], measured
    return [finding("leakage", "best_of_many", best=best, count=scores.shape[1], **measured)], measured


def _candidates(
    candidates: Callable[..., Any], X: np.ndarray, y: np.ndarray, before: list[tuple[float, np.ndarray]]
) -> np.ndarray:
    value = call("candidates", candidates, X, y)
    try:
        scores = np.asarray(value, dtype=float).ravel()
    except (TypeError, ValueError) as error:
        raise Raised("candidates", error) from error
    if not scores.size or (before and scores.size != before[0][1].size):
        got = f"candidates must return as many scores at every call, at least one, got {scores.size}"
        raise Raised("candidates", ValueError(got))
    return scores


def _scores(
    procedure: Callable[..., Any], noise: _Noise, d: int, repeats: int, scores: list[float]
) -> tuple[np.ndarray, float]:
    """Return the scores of as many draws as it takes, and the level they reach."""
    wanted = repeats
    for look in range(LOOKS):
        while len(scores) < wanted:
            scores.append(scalar(call("procedure", procedure, *noise.draw(d)), "procedure"))
        level = _level(np.array(scores), noise.chance)
        if not LEVEL <= level < PROMISING or look == LOOKS - 1:
            break
        wanted *= 4
    return np.array(scores), level


def _level(scores: np.ndarray, chance: float) -> float:
    """Return the one-sided p-value of a mean at most at chance."""
    if not np.isfinite(scores).all():
        return 1.0
    mean, se = mean_se(scores)
    if se < 1e-12:
        return 0.0 if mean > chance + 1e-9 else 1.0
    from scipy.special import stdtr

    return float(1 - stdtr(len(scores) - 1, (mean - chance) / se))


def _reason(procedure: Callable[..., Any], noise: _Noise, repeats: int, mean: float) -> tuple[str, float]:
    """What remains of the excess when there is next to nothing to screen?"""
    try:
        scores, level = _scores(procedure, noise, FEW, max(repeats, 20), [])
    except Raised:
        return "above_chance", float("nan")
    few = float(scores.mean())
    perfect = noise.chance + 0.9 * (1 - noise.chance)
    if level < LEVEL:
        return ("scored_on_training_rows" if mean >= perfect else "choice_on_test_rows"), few
    return ("above_chance" if level < PROMISING else "screening_on_all_rows"), few


def _isolated(predict: Callable[..., Any], noise: _Noise, d: int) -> list[Finding]:
    """Predict some rows in the company of others, then of others again."""
    cut, half = 2 * noise.n // 3, (noise.n - 2 * noise.n // 3) // 2
    for _ in range(3):
        X, y = noise.draw(d)
        train, y_train, test = X[:cut], y[:cut], X[cut:]
        company = test.copy()
        company[half:] = 5 + 10 * noise.rng.standard_normal(company[half:].shape)
        held = [a.copy() for a in (train, y_train, test)]
        copies = [[a.copy() for a in held] for _ in range(2)]
        first, again = (_predictions(predict, c[0], c[1], c[2], half) for c in copies)
        given = [a.copy() for a in held]
        _predictions(predict, given[0], given[1], given[2], half)
        if not all(np.array_equal(a, b) for a, b in zip(given, held, strict=True)):
            return [finding("leakage", "input_modified", evidence="X_train, y_train or X_test differs")]
        if not np.isfinite(first).all():
            return [finding("leakage", "not_finite", what="prediction", value=float("nan"))]
        size = 1e-8 + 1e-6 * np.abs(first).max()
        worst = int(np.argmax(np.abs(first - again)))
        if np.abs(first - again).max() > size:
            values = {"first": float(first[worst]), "again": float(again[worst])}
            return [finding("leakage", "random", what="prediction", **values)]
        other = _predictions(predict, train.copy(), y_train.copy(), company, half)
        if np.abs(first - other).max() > size:
            worst = int(np.argmax(np.abs(first - other)))
            values = {"first": float(first[worst]), "again": float(other[worst])}
            return [finding("leakage", "depends_on_other_test_rows", **values)]
    return []


def _predictions(predict: Callable[..., Any], train: Any, y: Any, test: Any, half: int) -> np.ndarray:
    value = call("predict", predict, train, y, test)
    try:
        array = np.asarray(value.detach().cpu().numpy() if is_tensor(value) else value, dtype=float)
    except (TypeError, ValueError) as error:
        raise Raised("predict", error) from error
    if array.ndim == 0 or len(array) != len(test):
        shapes = f"({len(test)}), got {array.shape}"
        raise Raised("predict", ValueError("predict must return one prediction per row of X_test " + shapes))
    return array[:half].ravel()


# ---------------------------------------------------------------- splits


def _indices(part: Any) -> np.ndarray:
    array = np.asarray(part)
    if array.dtype == bool:
        return np.flatnonzero(array)
    if array.size and array.dtype.kind not in "iu":
        raise TypeError(f"splits must hold arrays of indices or masks, got {part!r}.")
    return array.astype(int).ravel()


def _table(X: Any) -> np.ndarray:
    array = np.asarray(X.detach().cpu().numpy() if is_tensor(X) else X)
    return array.reshape(len(array), -1)


def _row_keys(X: np.ndarray, y: Any) -> list[bytes] | None:
    """Return one key per row; None where equal rows are in the nature of the data."""
    labels = None if y is None else _table(y)
    keys = [row.tobytes() + (b"" if labels is None else labels[i].tobytes()) for i, row in enumerate(X)]
    return keys if 2 * len(set(keys)) > len(keys) else None


def _of_split(
    split: tuple[np.ndarray, ...], size: int | None, rows: list[bytes] | None, y: Any, groups: Any
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the causes of one split."""
    for part, name in zip(split, _names(len(split)), strict=True):
        if not part.size:
            yield "empty_part", {"part": name}
        if size is not None and part.size and (part.max() >= size or part.min() < -size):
            yield "out_of_range", {"part": name, "index": int(part[np.argmax(np.abs(part))]), "n": size}
            return
        if len(np.unique(part)) < part.size:
            yield "repeated_index", {"part": name, "count": int(part.size - len(np.unique(part)))}
    for (one, first), (two, second) in combinations(zip(split, _names(len(split)), strict=True), 2):
        names = {"first": first, "second": second}
        shared = np.intersect1d(one, two)
        if shared.size:
            yield "overlap", names | {"count": int(shared.size), "row": int(shared[0])}
        if rows is not None:
            seen = {rows[i]: int(i) for i in one}
            twins = [(seen[rows[j]], int(j)) for j in two if rows[j] in seen and seen[rows[j]] != j]
            twins = [pair for pair in twins if pair[1] not in set(shared.tolist())]
            if twins:
                yield "duplicates", names | {"count": len(twins), "row": twins[0][0], "twin": twins[0][1]}
        if groups is not None:
            labels = np.asarray(groups)
            both = np.intersect1d(labels[one], labels[two])
            if both.size:
                yield "group_on_both_sides", names | {"count": int(both.size), "group": both[0]}
    if y is not None:
        yield from _classes(np.asarray(y), split[0])


def _classes(y: np.ndarray, train: np.ndarray) -> Iterator[tuple[str, dict[str, Any]]]:
    classes = np.unique(y)
    if y.ndim == 1 and len(classes) <= max(2, len(y) // 5) and train.size:
        missing = np.setdiff1d(classes, y[train])
        if missing.size:
            yield "one_class_missing", {"label": missing[0]}


def _names(count: int) -> list[str]:
    return (
        ["train", "test"]
        if count == 2
        else ["train", "validation", "test", *map(str, range(4, count + 1))][:count]
    )


def _use_of_rows(parts: list[tuple[np.ndarray, ...]], size: int | None) -> dict[str, Any]:
    used = np.unique(np.concatenate([part for split in parts for part in split]))
    tested = np.concatenate([split[-1] for split in parts])
    twice = int(tested.size - len(np.unique(tested)))
    return {"unused": None if size is None else size - len(used), "tested_twice": twice}
