"""Exercises of chapter 07: folds, scores, their standard errors, and searches."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from course_lib.exercises.exercise import Case, Choice, Exercise, Fresh, Misconception

__all__ = ["EXERCISES"]

Array = np.ndarray
Folds = list[Array]


# ------------------------------------------------------------------------------------------- folds


def folds(n: int, K: int, rng: np.random.Generator) -> Folds:
    """K parts of the rows 0 to n-1 in random order, of sizes that differ by one at most."""
    return np.array_split(rng.permutation(n), K)


def folds_strided(n: int, K: int, rng: np.random.Generator) -> Folds:
    """Every K-th of the shuffled rows."""
    order = rng.permutation(n)
    return [order[k::K] for k in range(K)]


def folds_labels(n: int, K: int, rng: np.random.Generator) -> list[list[int]]:
    """A number of the fold for every row, shuffled; lists."""
    fold = np.arange(n) % K
    rng.shuffle(fold)
    return [[i for i in range(n) if fold[i] == k] for k in range(K)]


def folds_in_order(n: int, K: int, rng: np.random.Generator) -> Folds:
    """Without shuffling."""
    return np.array_split(np.arange(n), K)


def folds_remainder_lost(n: int, K: int, rng: np.random.Generator) -> Folds:
    """The rest of n / K is dropped."""
    order, size = rng.permutation(n), n // K
    return [order[k * size : (k + 1) * size] for k in range(K)]


def folds_last_takes_all(n: int, K: int, rng: np.random.Generator) -> Folds:
    """The rest of n / K goes to the last fold."""
    order, size = rng.permutation(n), n // K
    return [order[k * size : (k + 1) * size if k < K - 1 else n] for k in range(K)]


def folds_drawn_each_time(n: int, K: int, rng: np.random.Generator) -> Folds:
    """K random test sets, drawn independently of one another."""
    return [rng.permutation(n)[: n // K + (k < n % K)] for k in range(K)]


def folds_with_replacement(n: int, K: int, rng: np.random.Generator) -> Folds:
    """A bootstrap sample, cut into pieces."""
    return np.array_split(rng.integers(0, n, n), K)


def folds_of_training_rows(n: int, K: int, rng: np.random.Generator) -> Folds:
    """The training rows of every fold."""
    return [np.setdiff1d(np.arange(n), test) for test in folds(n, K, rng)]


def folds_own_seed(n: int, K: int, rng: np.random.Generator) -> Folds:
    """A generator of its own, with the same order in every call."""
    return folds(n, K, np.random.default_rng(0))


def folds_global(n: int, K: int, rng: np.random.Generator) -> Folds:
    """NumPy's global state."""
    return np.array_split(np.random.permutation(n), K)  # noqa: NPY002


def folds_of_runs(n: int, K: int, rng: np.random.Generator) -> Folds:
    """Runs of neighbouring rows, in random order."""
    runs = folds_in_order(n, K, rng)
    return [runs[k] for k in rng.permutation(K)]


def folds_of_random_size(n: int, K: int, rng: np.random.Generator) -> Folds:
    """A random number of the fold for every row."""
    fold = rng.integers(0, K, n)
    return [np.flatnonzero(fold == k) for k in range(K)]


def folds_as_masks(n: int, K: int, rng: np.random.Generator) -> Folds:
    """True for the rows of the fold."""
    return [np.isin(np.arange(n), part) for part in folds(n, K, rng)]


def folds_as_numbers(n: int, K: int, rng: np.random.Generator) -> Array:
    """The number of its fold for every row."""
    return rng.permutation(np.arange(n) % K)


def folds_from_one(n: int, K: int, rng: np.random.Generator) -> Folds:
    """Rows counted from 1."""
    return [part + 1 for part in folds(n, K, rng)]


def folds_of_size_k(n: int, K: int, rng: np.random.Generator) -> Folds:
    """K taken for the size of a fold."""
    order = rng.permutation(n)
    return [order[start : start + K] for start in range(0, n, K)]


def row_numbers(part: Any) -> Array:
    """One fold as whole numbers; rows such as 3.0 could not be used as an index."""
    rows = np.asarray(part).ravel()
    if rows.dtype.kind == "f" and rows.size:
        raise TypeError(f"a fold holds {rows.dtype} numbers; X[fold] needs whole ones.")
    return rows.astype(int)


def seen(answer: Callable[..., Any], n: int, K: int, rng: np.random.Generator) -> dict[str, Any]:
    """What must hold for random folds, as numbers."""
    same = copy.deepcopy(rng)
    parts, repeated, again = ([row_numbers(part) for part in answer(n, K, g)] for g in (rng, same, rng))
    rows = np.concatenate(parts)
    stays = len(parts) == len(again) and all(map(np.array_equal, map(np.sort, parts), map(np.sort, again)))
    runs = [np.diff(np.sort(part)) == 1 for part in parts if len(part) > 1]
    neighbours = np.mean(np.concatenate(runs)) if runs else 0.0
    return {
        "number of folds": len(parts),
        "sizes": np.sort([len(part) for part in parts]),
        "how often each row is held out": np.bincount(rows, minlength=n),
        "folds are runs of neighbouring rows": bool(neighbours > 0.9),
        "a second call gives the same folds": bool(stays),
        "the same generator gives the same folds": bool(
            len(parts) == len(repeated) and all(map(np.array_equal, parts, repeated))
        ),
    }


def fold_cases(rng: np.random.Generator) -> list[Case]:
    """Sizes with and without a rest."""
    seeds = rng.integers(0, 2**31, 3).tolist()
    return [
        Case((n, K, Fresh(partial(np.random.default_rng, seed))), label=label, observe=seen)
        for (n, K, label), seed in zip(
            ((43, 5, "rest"), (60, 4, "even"), (59, 10, "rest")), seeds, strict=True
        )
    ]


# ------------------------------------------------------------------------------------- best strength


def choose(lams: Array, errors: Array) -> float:
    """The strength with the smallest mean error over the folds (7.1)."""
    return float(np.asarray(lams)[np.asarray(errors).mean(axis=1).argmin()])


def choose_loop(lams: Array, errors: Array) -> float:
    """One strength at a time."""
    best, best_error = None, np.inf
    for lam, row in zip(lams, errors, strict=True):
        if sum(row) < best_error:
            best, best_error = lam, sum(row)
    return float(best if best is not None else np.nan)


def choose_sorted(lams: Array, errors: Array) -> np.floating:
    """By sorting."""
    return np.asarray(lams)[np.argsort(np.asarray(errors) @ np.ones(np.shape(errors)[1]))[0]]


def _of_winners(combine: Callable[[Array], Any]) -> Callable[[Array, Array], Any]:
    """Each fold's own best strength, then these are combined."""
    return lambda lams, errors: combine(np.asarray(lams)[np.asarray(errors).argmin(axis=0)])


def most_frequent(winners: Array) -> float:
    """The strength that wins most folds, of several the largest."""
    values, counts = np.unique(winners, return_counts=True)
    return float(values[counts == counts.max()].max())


def most_frequent_first(winners: Array) -> float:
    """Of several that win most folds the smallest."""
    values, counts = np.unique(winners, return_counts=True)
    return float(values[counts.argmax()])


def luckiest(lams: Array, errors: Array) -> float:
    """The strength of the smallest single error."""
    return float(lams[np.unravel_index(np.argmin(errors), np.shape(errors))[0]])


#: Rows are strengths, columns are folds. Each table tells all ways of choosing apart.
TABLES = {
    "far": (
        [0.01, 0.1, 1.0, 10.0, 100.0],
        [[5.0, 2.0, 9.0, 6.0], [3.0, 3.0, 7.0, 4.6], [4.0, 4.0, 4.0, 4.5], [6.0, 7.0, 3.5, 5.0],
         [9.0, 9.0, 3.4, 3.0]],
    ),
    "any_order": (
        [2.0, 0.02, 20.0, 0.2],
        [[3.0, 9.0, 2.0, 3.0, 3.0], [1.0, 6.0, 9.0, 8.0, 8.0], [9.0, 2.0, 3.0, 3.5, 9.0],
         [2.9, 9.5, 4.0, 2.9, 2.9]],
    ),
}  # fmt: skip


def choose_cases(rng: np.random.Generator) -> list[Case]:
    """Fixed tables, and random ones in which every way of choosing gives another strength."""
    cases = [Case(tuple(map(np.array, table)), label=label) for label, table in TABLES.items()]
    wrong = (_of_winners(np.mean), _of_winners(np.median), most_frequent_of, luckiest,
             choose_median_score, choose_largest_error, choose_worst_fold,
             choose_other_axis, *SCORED)  # fmt: skip
    while len(cases) < 4:
        lams = rng.permutation(np.geomspace(0.01, 100, 9)) * rng.uniform(0.5, 2)
        errors = np.exp(rng.normal(size=(9, 5)))
        if not any(np.isclose(answer(lams, errors), choose(lams, errors)) for answer in wrong):
            cases.append(Case((lams, errors), label="random"))
    return cases


def most_frequent_of(lams: Array, errors: Array) -> float:
    """As `most_frequent`, from the table."""
    return most_frequent(np.asarray(lams)[np.asarray(errors).argmin(axis=0)])


def most_frequent_small(lams: Array, errors: Array) -> float:
    """As `most_frequent_first`, from the table."""
    return most_frequent_first(np.asarray(lams)[np.asarray(errors).argmin(axis=0)])


def most_frequent_early(lams: Array, errors: Array) -> float:
    """Of several that win most folds the first in the list."""
    return float(lams[np.bincount(np.argmin(errors, axis=0)).argmax()])


def _scored(change: Callable[[Array], Array]) -> Callable[[Array, Array], float]:
    """The errors are changed before they are averaged."""
    return lambda lams, errors: float(lams[change(errors).mean(axis=1).argmin()])


#: Roots, logarithms, and errors relative to the best or the mean one of their fold.
SCORED = (
    _scored(np.sqrt),
    _scored(np.log),
    _scored(lambda e: e / e.min(axis=0)),
    _scored(lambda e: e / e.mean(axis=0)),
)


def choose_other_axis(lams: Array, errors: Array) -> float:
    """Averaged over the strengths: the easiest fold, taken for a strength."""
    return float(lams[np.mean(errors, axis=0).argmin() % len(lams)])


def choose_median_score(lams: Array, errors: Array) -> float:
    """The median of the folds in place of their mean."""
    return float(lams[np.median(errors, axis=1).argmin()])


def choose_largest_error(lams: Array, errors: Array) -> float:
    """The largest score, as for an accuracy."""
    return float(lams[np.mean(errors, axis=1).argmax()])


def choose_worst_fold(lams: Array, errors: Array) -> float:
    """The smallest of the largest errors."""
    return float(lams[np.max(errors, axis=1).argmin()])


# ------------------------------------------------------------------------------------ corrected error


def corrected(differences: Array, n_train: int, n_test: int) -> float:
    """Nadeau and Bengio's standard error of the mean difference (7.2)."""
    values = np.asarray(differences, float)
    return float(np.sqrt((1 / len(values) + n_test / n_train) * values.var(ddof=1)))


def corrected_inflated(differences: Array, n_train: int, n_test: int) -> float:
    """The usual standard error, inflated."""
    J = len(differences)
    usual = np.std(differences, ddof=1) / np.sqrt(J)
    return float(usual * np.sqrt(1 + J * n_test / n_train))


def corrected_sums(differences: Array, n_train: int, n_test: int) -> float:
    """Sums written out."""
    J, mean = len(differences), sum(differences) / len(differences)
    variance = sum((value - mean) ** 2 for value in differences) / (J - 1)
    return float((variance / J + variance * n_test / n_train) ** 0.5)


def _se(factor: Callable[[int, int, int], float], ddof: int = 1) -> Callable[..., float]:
    """Another factor before the variance, from the number of splits and the two sizes."""

    def wrong(differences: Array, n_train: int, n_test: int) -> float:
        return float(np.sqrt(factor(len(differences), n_train, n_test) * np.var(differences, ddof=ddof)))

    return wrong


def corrected_cases(rng: np.random.Generator) -> list[Case]:
    """Several numbers of splits and shares of test rows; a list."""
    return [
        Case(([1.0, -2.0, 4.0], 80, 20), label="small"),
        Case((3 + rng.normal(size=10), 90, 45), label="random"),
        Case((0.1 * rng.normal(size=25), 300, 142), label="random"),
    ]


# ---------------------------------------------------------------------------------------- one-SE rule


def one_se(lams: Array, errors: Array) -> float:
    """The largest strength whose mean error is within one standard error of the smallest (7.3)."""
    lams, errors = np.asarray(lams, float), np.asarray(errors, float)
    mean = errors.mean(axis=1)
    best = mean.argmin()
    se = errors[best].std(ddof=1) / np.sqrt(errors.shape[1])
    return float(lams[mean <= mean[best] + se].max())


def one_se_loop(lams: Array, errors: Array) -> float:
    """From the largest strength down."""
    means = [sum(row) / len(row) for row in errors]
    row = np.asarray(errors)[means.index(min(means))]
    limit = min(means) + np.sqrt(row.var(ddof=1) / len(row))
    for lam, mean in sorted(zip(lams, means, strict=True), reverse=True):
        if mean <= limit:
            return float(lam)
    return float("nan")


def one_se_sorted(lams: Array, errors: Array) -> np.floating:
    """With everything sorted first."""
    order = np.argsort(lams)
    lams, errors = np.asarray(lams)[order], np.asarray(errors)[order]
    mean, se = errors.mean(axis=1), errors.std(axis=1, ddof=1) / errors.shape[1] ** 0.5
    inside = np.flatnonzero(mean - mean.min() <= se[mean.argmin()])
    return lams[inside[-1]]


def _rule(
    width: Callable[[Array, int], float], pick: Callable[[Array], Any] = np.max
) -> Callable[[Array, Array], float]:
    """Another width of the band, or another strength inside it."""

    def wrong(lams: Array, errors: Array) -> float:
        lams, errors = np.asarray(lams, float), np.asarray(errors, float)
        mean = errors.mean(axis=1)
        best = int(mean.argmin())
        return float(pick(lams[mean <= mean[best] + width(errors, best)]))

    return wrong


def usual_se(errors: Array, best: int) -> float:
    """The standard error of the best row."""
    return float(errors[best].std(ddof=1) / np.sqrt(errors.shape[1]))


def one_se_own(lams: Array, errors: Array) -> float:
    """Each strength's own standard error."""
    lams, errors = np.asarray(lams, float), np.asarray(errors, float)
    mean, se = errors.mean(axis=1), errors.std(axis=1, ddof=1) / np.sqrt(errors.shape[1])
    return float(lams[mean - se <= mean.min()].max())


def one_se_first(lams: Array, errors: Array) -> float:
    """The first of the list that qualifies, as if the strengths were sorted from large to small."""
    return _rule(usual_se, lambda inside: inside[0])(lams, errors)


def one_se_last(lams: Array, errors: Array) -> float:
    """The last of the list, as if the strengths were sorted from small to large."""
    return _rule(usual_se, lambda inside: inside[-1])(lams, errors)


def one_se_after(lams: Array, errors: Array) -> float:
    """Only the strengths that follow the best one in the list."""
    best = int(np.mean(errors, axis=1).argmin())
    limit = np.mean(errors[best]) + usual_se(errors, best)
    return float(max(lam for lam, row in zip(lams[best:], errors[best:], strict=True) if row.mean() <= limit))


def one_se_walk(lams: Array, errors: Array) -> float:
    """Upwards from the best strength, until the first that is outside the band."""
    order = np.argsort(lams)
    lams, errors = np.asarray(lams)[order], np.asarray(errors)[order]
    mean = errors.mean(axis=1)
    best = last = int(mean.argmin())
    while last + 1 < len(lams) and mean[last + 1] <= mean[best] + usual_se(errors, best):
        last += 1
    return float(lams[last])


def one_se_strict(lams: Array, errors: Array) -> float:
    """The limit itself is left out."""
    mean = np.mean(errors, axis=1)
    best = int(mean.argmin())
    return float(lams[mean < mean[best] + usual_se(errors, best)].max())


def one_se_limit(lams: Array, errors: Array) -> float:
    """The limit in place of a strength."""
    mean = np.mean(errors, axis=1)
    return float(mean.min() + usual_se(errors, int(mean.argmin())))


def _spread(axis: int) -> Callable[[Array, int], float]:
    """The standard error of the means over the other axis."""
    return lambda errors, best: float(errors.mean(axis=axis).std(ddof=1) / np.sqrt(errors.shape[1 - axis]))


ONE_SE_WRONG: dict[str, Callable[[Array, Array], float]] = {
    "minimum": choose,
    "standard_deviation": _rule(lambda errors, best: float(errors[best].std(ddof=1))),
    "weakest": _rule(usual_se, np.min),
    "own_error": one_se_own,
    "all_scores": _rule(lambda errors, best: float(errors.std(ddof=1) / np.sqrt(errors.size))),
    "all_over_folds": _rule(lambda errors, best: float(errors.std(ddof=1) / np.sqrt(errors.shape[1]))),
    "mean_error": _rule(
        lambda errors, best: float(np.mean(errors.std(axis=1, ddof=1)) / np.sqrt(errors.shape[1]))
    ),
    "two": _rule(lambda errors, best: 2 * usual_se(errors, best)),
    "order_down": one_se_first,
    "order_up": one_se_last,
    "ddof": _rule(lambda errors, best: float(errors[best].std() / np.sqrt(errors.shape[1]))),
    "ddof_twice": _rule(lambda errors, best: float(errors[best].std(ddof=1) / np.sqrt(errors.shape[1] - 1))),
    "variance": _rule(lambda errors, best: float(errors[best].var(ddof=1) / errors.shape[1])),
    "other_means": _rule(_spread(0)),
    "after_best": one_se_after,
    "walk": one_se_walk,
}


def one_se_cases(rng: np.random.Generator) -> list[Case]:
    """Random curves, strengths in any order, until all rules, right and wrong, are told from one another."""
    cases: list[Case] = []
    rules = {"right": one_se, **ONE_SE_WRONG}
    left = set(itertools.combinations(rules, 2))
    while left:
        lams = rng.permutation(np.geomspace(0.01, 10, 24)) * rng.uniform(0.5, 2)
        bowl = 4 + 0.15 * np.log(lams / 0.2) ** 2
        folds = int(rng.integers(3, 6))
        errors = (
            bowl[:, None] + rng.choice([0.25, 0.5]) * rng.normal(size=(24, folds)) + rng.normal(size=folds)
        )
        answers = {name: rule(lams, errors) for name, rule in rules.items()}
        told = {pair for pair in left if not np.isclose(answers[pair[0]], answers[pair[1]])}
        if told and (len(told) > 3 or len(left) <= 6):
            cases.append(Case((lams, errors), label="any_order"))
            left -= told
    small = np.array([[4.0, 6.0, 8.0], [3.0, 5.5, 8.0], [3.5, 6.0, 9.0], [6.0, 9.0, 12.0], [2.0, 8.0, 10.0]])
    # Mean 5 and standard error 1 in the first row, both exact: the mean 6 of strength 2 is on the limit.
    limit = np.array([[2.0, 6.0, 6.0, 6.0], [3.0, 9.0, 5.0, 7.0], [4.0, 4.0, 9.0, 8.0]])
    return [
        Case((np.array([0.1, 0.3, 1.0, 10.0, 3.0]), small), label="small"),
        Case((np.array([0.5, 2.0, 8.0]), limit), label="on_limit"),
        *cases,
    ]


# --------------------------------------------------------------------------------- successive halving


def rungs(n: int, smallest: int, largest: int, factor: int) -> list[tuple[int, int]]:
    """Candidates and budget of every rung."""
    if factor < 2:  # no end
        raise ValueError(f"factor must be >= 2, got {factor}.")
    plan = [(n, smallest)]
    while plan[-1][0] > 1 and plan[-1][1] * factor <= largest:
        n, budget = plan[-1]
        plan.append((max(n // factor, 1), budget * factor))
    return plan


def rungs_recursive(n: int, smallest: int, largest: int, factor: int) -> list[list[int]]:
    """One rung, then the rest."""
    if n == 1 or smallest * factor > largest:
        return [[n, smallest]]
    return [[n, smallest], *rungs_recursive(max(n // factor, 1), smallest * factor, largest, factor)]


def rungs_for(n: int, smallest: int, largest: int, factor: int) -> Array:
    """By powers, as an array."""
    plan: list[tuple[int, int]] = []
    for k in range(64):
        if smallest * factor**k > largest or (k and plan[-1][0] == 1):
            break
        plan.append((max(n // factor**k, 1), smallest * factor**k))
    return np.array(plan)


def _rungs(
    fewer: Callable[[int, int], int] = lambda n, f: max(n // f, 1),
    more: Callable[[int, int], int] = lambda budget, f: budget * f,
    goes_on: Callable[[int, int, int], bool] = lambda n, next_budget, largest: (
        n > 1 and next_budget <= largest
    ),
) -> Callable[..., list[tuple[int, int]]]:
    """Another rule for the next rung."""

    def wrong(n: int, smallest: int, largest: int, factor: int) -> list[tuple[int, int]]:
        plan, budget = [(n, smallest)], smallest
        while goes_on(n, more(budget, factor), largest) and len(plan) < 30:
            n, budget = fewer(n, factor), more(budget, factor)
            plan.append((n, budget))
        return plan

    return wrong


def rungs_turned(n: int, smallest: int, largest: int, factor: int) -> list[tuple[int, int]]:
    """Budget and number exchanged."""
    return [(budget, size) for size, budget in rungs(n, smallest, largest, factor)]


def rungs_to_none(n: int, smallest: int, largest: int, factor: int) -> list[tuple[int, int]]:
    """Ends where the division gives no candidate."""
    return [rung for k, rung in enumerate(rungs(n, smallest, largest, factor)) if n // factor**k >= 1]


def rungs_without_last(n: int, smallest: int, largest: int, factor: int) -> list[tuple[int, int]]:
    """A loop that ends before it notes the last rung."""
    return rungs(n, smallest, largest, factor)[:-1]


def rungs_while_several(n: int, smallest: int, largest: int, factor: int) -> list[tuple[int, int]]:
    """A loop that runs while there are several: the rung of the last candidate is not noted."""
    return [rung for rung in rungs(n, smallest, largest, factor) if rung[0] > 1]


def rungs_one_more(n: int, smallest: int, largest: int, factor: int) -> list[tuple[int, int]]:
    """The last budget is compared with the largest, not the next one."""
    plan = [(n, smallest)]
    while plan[-1][0] > 1 and plan[-1][1] <= largest:
        n, budget = plan[-1]
        plan.append((max(n // factor, 1), budget * factor))
    return plan


def rungs_by_steps(n: int, smallest: int, largest: int, factor: int) -> list[tuple[int, int]]:
    """The budget grows by the first one."""
    plan = [(n, smallest)]
    while plan[-1][0] > 1 and plan[-1][1] + smallest <= largest:
        n, budget = plan[-1]
        plan.append((max(n // factor, 1), budget + smallest))
    return plan


def rungs_capped(n: int, smallest: int, largest: int, factor: int) -> list[tuple[int, int]]:
    """Down to one candidate, with budgets cut to the largest."""
    plan = [(n, smallest)]
    while plan[-1][0] > 1:
        n, budget = plan[-1]
        plan.append((max(n // factor, 1), min(budget * factor, largest)))
    return plan


def rungs_total(n: int, smallest: int, largest: int, factor: int) -> list[tuple[int, int]]:
    """The budget of the whole rung in place of that of each candidate."""
    return [(size, size * budget) for size, budget in rungs(n, smallest, largest, factor)]


def rungs_without_first(n: int, smallest: int, largest: int, factor: int) -> list[tuple[int, int]]:
    """What is left after each rung."""
    return rungs(n, smallest, largest, factor)[1:]


def plain(answer: Callable[..., Any], *args: int) -> Array:
    """A list of pairs as an array."""
    return np.array([tuple(rung) for rung in answer(*args)], dtype=float)


def rungs_cases(rng: np.random.Generator) -> list[Case]:
    """Ends by the last candidate, by the budget, with and without a rest."""
    return [
        Case((27, 1, 27, 3), label="rungs_even", observe=plain),
        Case((50, 2, 100, 3), label="rungs_rest", observe=plain),
        Case((64, 1, 9, 2), label="budget_ends", observe=plain),
        Case((7, 3, 1000, 2), label="one_left", observe=plain),
        Case((20, 2, 1000, 3), label="at_least_one", observe=plain),
        Case((int(rng.integers(101, 119)), 2, int(rng.integers(200, 250)), 4), label="random", observe=plain),
    ]


# ------------------------------------------------------------------------------------------ nested CV


class FoldError:
    """``fit_error(train, test, lam)``: mean squared error on the rows `test` of ridge fitted to `train`."""

    def __init__(self, X: Array, y: Array) -> None:
        self.X, self.y = X, y

    def __repr__(self) -> str:
        return "fit_error"

    def __call__(self, train: Any, test: Any, lam: float) -> float:
        train, test = np.sort(np.asarray(train, dtype=int)), np.asarray(test, dtype=int)
        A, t = self.X[train], self.y[train]
        x, m = A.mean(axis=0), t.mean()
        w = np.linalg.solve((A - x).T @ (A - x) + len(t) * lam * np.eye(A.shape[1]), (A - x).T @ (t - m))
        return float(np.mean((self.y[test] - m - (self.X[test] - x) @ w) ** 2))


Error = Callable[[Any, Any, float], float]


def without(parts: Folds, *left_out: int) -> Array:
    """All rows but those of some folds."""
    return np.concatenate([part for k, part in enumerate(parts) if k not in left_out])


def inner_scores(fit_error: Error, folds: Folds, lams: Array, outer: int) -> Array:
    """Mean error of each strength over the folds other than `outer`, none of which sees `outer`."""
    others = [j for j in range(len(folds)) if j != outer]
    return np.array(
        [np.mean([fit_error(without(folds, outer, j), folds[j], lam) for j in others]) for lam in lams]
    )


def nested(fit_error: Error, folds: Folds, lams: Array) -> float:
    """Mean error of "choose a strength, then fit" over the outer folds."""
    errors = []
    for k, test in enumerate(folds):
        lam = lams[inner_scores(fit_error, folds, lams, k).argmin()]
        errors.append(fit_error(without(folds, k), test, lam))
    return float(np.mean(errors))


def nested_loops(fit_error: Error, folds: Folds, lams: Array) -> float:
    """Four loops."""
    total = 0.0
    for k in range(len(folds)):
        rest = [folds[j] for j in range(len(folds)) if j != k]
        table = np.zeros((len(lams), len(rest)))
        for i, lam in enumerate(lams):
            for j, test in enumerate(rest):
                train = np.hstack([other for m, other in enumerate(rest) if m != j])
                table[i, j] = fit_error(train, test, lam)
        total += fit_error(np.hstack(rest), folds[k], lams[int(np.argmin(table.sum(axis=1)))])
    return total / len(folds)


def nested_sets(fit_error: Error, folds: Folds, lams: Array) -> np.floating:
    """With sets of rows."""
    rows = set(np.concatenate(folds).tolist())
    scores = []
    for test in folds:
        inner = [part for part in folds if part is not test]
        rest = rows - set(test.tolist())
        best = min(
            lams,
            key=lambda lam: sum(fit_error(sorted(rest - set(v.tolist())), v, lam) for v in inner),
        )
        scores.append(fit_error(sorted(rest), test, best))
    return np.mean(scores)


def table_of(fit_error: Error, folds: Folds, lams: Array) -> Array:
    """Errors of plain cross-validation, strengths by folds."""
    return np.array(
        [[fit_error(without(folds, k), test, lam) for k, test in enumerate(folds)] for lam in lams]
    )


def nested_plain_minimum(fit_error: Error, folds: Folds, lams: Array) -> float:
    """The smallest score of plain cross-validation."""
    return float(table_of(fit_error, folds, lams).mean(axis=1).min())


def nested_best_of_each(fit_error: Error, folds: Folds, lams: Array) -> float:
    """The best strength of each outer fold, on that fold."""
    return float(table_of(fit_error, folds, lams).min(axis=0).mean())


def nested_inner_score(fit_error: Error, folds: Folds, lams: Array) -> float:
    """The inner score of the chosen strength."""
    return float(np.mean([inner_scores(fit_error, folds, lams, k).min() for k in range(len(folds))]))


def nested_inner_trains_on_test(fit_error: Error, folds: Folds, lams: Array) -> float:
    """The inner training rows hold the outer test fold."""
    errors = []
    for k, test in enumerate(folds):
        others = [j for j in range(len(folds)) if j != k]
        scores = [sum(fit_error(without(folds, j), folds[j], lam) for j in others) for lam in lams]
        errors.append(fit_error(without(folds, k), test, lams[int(np.argmin(scores))]))
    return float(np.mean(errors))


def nested_fit_on_all(fit_error: Error, folds: Folds, lams: Array) -> float:
    """The final model is fitted to all rows."""
    errors = []
    for k, test in enumerate(folds):
        lam = lams[inner_scores(fit_error, folds, lams, k).argmin()]
        errors.append(fit_error(np.concatenate(folds), test, lam))
    return float(np.mean(errors))


def nested_mean_strength(fit_error: Error, folds: Folds, lams: Array) -> float:
    """The strengths are averaged, then one of them is scored."""
    chosen = [lams[inner_scores(fit_error, folds, lams, k).argmin()] for k in range(len(folds))]
    lam = float(np.mean(chosen))
    return float(np.mean([fit_error(without(folds, k), test, lam) for k, test in enumerate(folds)]))


def outer_errors(
    fit_error: Error, folds: Folds, lams: Array, inner: Callable[..., Array] = inner_scores
) -> Array:
    """The errors that the nested score averages; `inner` returns a score of every strength."""
    chosen = [lams[inner(fit_error, folds, lams, k).argmin()] for k in range(len(folds))]
    return np.array(
        [fit_error(without(folds, k), test, chosen[k]) for k, test in enumerate(folds)], dtype=float
    )


def nested_weighted(fit_error: Error, folds: Folds, lams: Array) -> float:
    """Every row counts alike, not every fold."""
    return float(np.average(outer_errors(fit_error, folds, lams), weights=[len(part) for part in folds]))


def nested_inner_weighted(fit_error: Error, folds: Folds, lams: Array) -> float:
    """The inner mean is over rows; the cases allow this, too."""

    def by_rows(fit_error: Error, folds: Folds, lams: Array, outer: int) -> Array:
        others = [j for j in range(len(folds)) if j != outer]
        errors = [[fit_error(without(folds, outer, j), folds[j], lam) for j in others] for lam in lams]
        return np.average(errors, axis=1, weights=[len(folds[j]) for j in others])

    return float(np.mean(outer_errors(fit_error, folds, lams, by_rows)))


def nested_inner_on_training_rows(fit_error: Error, folds: Folds, lams: Array) -> float:
    """The inner fits see the fold that scores them."""

    def too_good(fit_error: Error, folds: Folds, lams: Array, outer: int) -> Array:
        others = [j for j in range(len(folds)) if j != outer]
        return np.array(
            [sum(fit_error(without(folds, outer), folds[j], lam) for j in others) for lam in lams]
        )

    return float(np.mean(outer_errors(fit_error, folds, lams, too_good)))


def nested_inner_winners(fit_error: Error, folds: Folds, lams: Array) -> float:
    """In each inner loop the strengths of the folds are averaged, not their errors."""
    errors = []
    for k, test in enumerate(folds):
        rest = [part for j, part in enumerate(folds) if j != k]
        lam = float(np.mean(np.asarray(lams)[table_of(fit_error, rest, lams).argmin(axis=0)]))
        errors.append(fit_error(without(folds, k), test, lam))
    return float(np.mean(errors))


def nested_without_refit(fit_error: Error, folds: Folds, lams: Array) -> float:
    """The fits of the inner loop are scored, no new one to all the other folds."""
    errors = []
    for k, test in enumerate(folds):
        lam = lams[inner_scores(fit_error, folds, lams, k).argmin()]
        errors.append([fit_error(without(folds, k, j), test, lam) for j in range(len(folds)) if j != k])
    return float(np.mean(errors))


def nested_one_strength(fit_error: Error, folds: Folds, lams: Array) -> float:
    """One inner fold chooses in place of all."""
    errors = []
    for k, test in enumerate(folds):
        j = (k + 1) % len(folds)
        scores = [fit_error(without(folds, k, j), folds[j], lam) for lam in lams]
        errors.append(fit_error(without(folds, k), test, lams[int(np.argmin(scores))]))
    return float(np.mean(errors))


NESTED_WRONG: dict[str, Callable[..., float]] = {
    "plain_minimum": nested_plain_minimum,
    "best_of_each": nested_best_of_each,
    "inner_score": nested_inner_score,
    "inner_sees_test": nested_inner_trains_on_test,
    "fit_on_all": nested_fit_on_all,
    "mean_strength": nested_mean_strength,
    "one_inner_fold": nested_one_strength,
    "weighted": nested_weighted,
    "inner_on_training_rows": nested_inner_on_training_rows,
    "inner_winners": nested_inner_winners,
    "without_refit": nested_without_refit,
    "summed": lambda *args: float(np.sum(outer_errors(*args))),
}


def nested_cases(rng: np.random.Generator) -> list[Case]:
    """Small noisy problems with unequal folds, until all ways, right and wrong, are told from one another."""
    cases: list[Case] = []
    ways = {"right": nested, **NESTED_WRONG}
    left = set(itertools.combinations(ways, 2))
    while left or len(cases) < 2:
        n, cuts = (24, [4, 9, 16]) if not cases else (30, [4, 9, 15, 22])
        X, lams = rng.normal(size=(n, 6)), np.array([3.0, 0.01, 0.3, 30.0])
        y = X[:, 0] + 1.5 * rng.normal(size=n)
        args = (FoldError(X, y), np.split(rng.permutation(n), cuts), lams)
        # (7.1) weighs folds alike; who weighs rows alike in the inner loop alone shall pass as well.
        if not np.isclose(nested_inner_weighted(*args), nested(*args)):
            continue
        scores = {name: way(*args) for name, way in ways.items()}
        told = {(a, b) for a, b in left if abs(scores[a] - scores[b]) > 1e-3 * scores["right"]}
        if told or not left:
            cases.append(Case(args, label="unequal"))
            left -= told
    return cases


EXERCISES = [
    Choice(
        id="choosing_strength.leak",
        chapter=7,
        minutes=2,
        difficulty=1,
        options=("a", "b", "c", "d"),
        correct="c",
        misconceptions={"a": "screening", "b": "outliers", "d": "oversampling"},
    ),
    Exercise(
        id="choosing_strength.folds",
        chapter=7,
        minutes=4,
        difficulty=1,
        signature="fold_rows(n, K, rng)",
        reference=folds,
        alternatives={"strided": folds_strided, "labels": folds_labels},
        misconceptions={
            "in_order": Misconception(folds_in_order, "pitfall: sorted data", also=(folds_of_runs,)),
            "random_size": Misconception(folds_of_random_size, "labels drawn at random"),
            "masks": Misconception(folds_as_masks, "masks for row numbers", also=(folds_as_numbers,)),
            "from_one": Misconception(folds_from_one, "rows counted from 1"),
            "remainder_lost": Misconception(folds_remainder_lost, "rows that are never held out"),
            "last_takes_all": Misconception(folds_last_takes_all, "unequal folds"),
            "drawn_each_time": Misconception(folds_drawn_each_time, "random splits for folds"),
            "with_replacement": Misconception(folds_with_replacement, "bootstrap for folds"),
            "training_rows": Misconception(folds_of_training_rows, "training and held-out exchanged"),
            "own_seed": Misconception(folds_own_seed, "rng ignored"),
            "global_state": Misconception(folds_global, "rng ignored"),
            "size_k": Misconception(folds_of_size_k, "number for size"),
        },
        cases=fold_cases,
    ),
    Exercise(
        id="choosing_strength.average",
        chapter=7,
        minutes=3,
        difficulty=1,
        signature="choose_strength(lams, errors)",
        reference=choose,
        alternatives={"loop": choose_loop, "sorted": choose_sorted},
        misconceptions={
            "mean_strength": Misconception(_of_winners(np.mean), "strengths averaged"),
            "geometric_mean": Misconception(
                _of_winners(lambda best: np.exp(np.mean(np.log(best)))), "strengths averaged"
            ),
            "median_strength": Misconception(_of_winners(np.median), "strengths averaged"),
            "most_frequent": Misconception(
                most_frequent_of, "votes of the folds", also=(most_frequent_small, most_frequent_early)
            ),
            "luckiest": Misconception(luckiest, "one lucky fold"),
            "median_score": Misconception(choose_median_score, "median for mean"),
            "largest": Misconception(choose_largest_error, "error taken for accuracy"),
            "worst_fold": Misconception(choose_worst_fold, "worst case for mean"),
            "changed": Misconception(SCORED[0], "errors changed before the mean", also=SCORED[1:]),
            "other_axis": Misconception(choose_other_axis, "the other axis"),
            "index": Misconception(
                lambda lams, errors: int(np.mean(errors, axis=1).argmin()), "index for strength"
            ),
            "score": Misconception(
                lambda lams, errors: float(np.mean(errors, axis=1).min()), "score returned"
            ),
        },
        cases=choose_cases,
    ),
    Exercise(
        id="choosing_strength.corrected",
        chapter=7,
        minutes=4,
        difficulty=1,
        signature="corrected_error(differences, n_train, n_test)",
        reference=corrected,
        alternatives={"inflated": corrected_inflated, "sums": corrected_sums},
        misconceptions={
            "naive": Misconception(
                _se(lambda J, a, b: 1 / J),
                "splits taken as independent",
                also=(_se(lambda J, a, b: 1 / J, ddof=0),),
            ),
            "standard_deviation": Misconception(_se(lambda J, a, b: 1.0), "SD for SE"),
            "turned": Misconception(_se(lambda J, a, b: 1 / J + a / b), "ratio turned round"),
            "share_of_all": Misconception(_se(lambda J, a, b: 1 / J + b / (a + b)), "share of all rows"),
            "ratio_alone": Misconception(_se(lambda J, a, b: b / a), "1/J forgotten"),
            "product": Misconception(_se(lambda J, a, b: b / a / J), "product for sum"),
            "plus_one": Misconception(_se(lambda J, a, b: (1 + b / a) / J), "correction that vanishes"),
            "n_in_variance": Misconception(_se(lambda J, a, b: 1 / J + b / a, ddof=0), "divided by J"),
            "no_root": Misconception(lambda d, a, b: corrected(d, a, b) ** 2, "root forgotten"),
            "root_of_s": Misconception(
                lambda d, a, b: float(np.sqrt((1 / len(d) + b / a) * np.std(d, ddof=1))), "S for S squared"
            ),
            "factor_outside": Misconception(
                lambda d, a, b: float((1 / len(d) + b / a) * np.std(d, ddof=1)), "root of S squared alone"
            ),
            "mean_kept": Misconception(
                lambda d, a, b: float(np.sqrt((1 / len(d) + b / a) * np.sum(np.square(d)) / (len(d) - 1))),
                "squares in place of squared deviations",
                also=(lambda d, a, b: float(np.sqrt((1 / len(d) + b / a) * np.mean(np.square(d)))),),
            ),
        },
        cases=corrected_cases,
    ),
    Exercise(
        id="choosing_strength.one_se",
        chapter=7,
        minutes=6,
        difficulty=2,
        signature="one_se_strength(lams, errors)",
        reference=one_se,
        alternatives={"loop": one_se_loop, "sorted": one_se_sorted},
        misconceptions={
            "minimum": Misconception(choose, "the rule's first half"),
            "standard_deviation": Misconception(ONE_SE_WRONG["standard_deviation"], "SD for SE"),
            "variance": Misconception(ONE_SE_WRONG["variance"], "root forgotten"),
            "weakest": Misconception(ONE_SE_WRONG["weakest"], "smallest for largest"),
            "own_error": Misconception(
                one_se_own, "standard errors of other strengths", also=(ONE_SE_WRONG["mean_error"],)
            ),
            "all_scores": Misconception(
                ONE_SE_WRONG["all_scores"],
                "spread of other numbers",
                also=(ONE_SE_WRONG["all_over_folds"], ONE_SE_WRONG["other_means"], _rule(_spread(1))),
            ),
            "two": Misconception(ONE_SE_WRONG["two"], "two standard errors"),
            "order": Misconception(one_se_first, "order of the list", also=(one_se_last, one_se_after)),
            "walk": Misconception(one_se_walk, "first strength outside the band"),
            "ddof": Misconception(ONE_SE_WRONG["ddof"], "K and K - 1", also=(ONE_SE_WRONG["ddof_twice"],)),
            "strict": Misconception(one_se_strict, "the limit belongs to the band"),
            "no_strength": Misconception(
                one_se_limit,
                "limit or index for strength",
                also=(lambda lams, errors: int(np.flatnonzero(lams == one_se(lams, errors))[0]),),
            ),
        },
        cases=one_se_cases,
    ),
    Exercise(
        id="choosing_strength.rungs",
        chapter=7,
        minutes=5,
        difficulty=2,
        signature="rungs(n, smallest, largest, factor)",
        reference=rungs,
        alternatives={"recursive": rungs_recursive, "for": rungs_for},
        misconceptions={
            "rounded_up": Misconception(
                _rungs(fewer=lambda n, f: -(-n // f)),
                "rounded up",
                also=(_rungs(fewer=lambda n, f: max(round(n / f), 1)),),
            ),
            "dropped": Misconception(
                _rungs(fewer=lambda n, f: max(n - n // f, 1)),
                "dropped for kept",
                also=(_rungs(fewer=lambda n, f: n - max(n // f, 1)),),
            ),
            "capped": Misconception(rungs_capped, "budget cut to the limit"),
            "total": Misconception(rungs_total, "budget of the rung"),
            "always_two": Misconception(
                _rungs(fewer=lambda n, f: max(n // 2, 1)),
                "factor ignored",
                also=(_rungs(more=lambda budget, f: budget * 2),),
            ),
            "not_multiplied": Misconception(
                _rungs(more=lambda budget, f: budget),
                "budget not multiplied",
                also=(_rungs(more=lambda budget, f: budget + f), rungs_by_steps),
            ),
            "beyond_largest": Misconception(
                _rungs(goes_on=lambda n, budget, largest: n > 1),
                "limit of the budget ignored",
                also=(rungs_one_more,),
            ),
            "none_left": Misconception(
                rungs_to_none, "at least one", also=(_rungs(fewer=lambda n, f: n // f),)
            ),
            "one_goes_on": Misconception(
                _rungs(goes_on=lambda n, budget, largest: budget <= largest), "one candidate goes on"
            ),
            "stops_early": Misconception(
                _rungs(goes_on=lambda n, budget, largest: n > 1 and budget < largest), "largest left out"
            ),
            "turned": Misconception(rungs_turned, "number and budget exchanged"),
            "end_missing": Misconception(
                rungs_without_first,
                "first or last rung forgotten",
                also=(rungs_without_last, rungs_while_several),
            ),
        },
        cases=rungs_cases,
    ),
    Exercise(
        id="choosing_strength.nested",
        chapter=7,
        minutes=10,
        difficulty=3,
        signature="nested_score(fit_error, folds, lams)",
        reference=nested,
        alternatives={"loops": nested_loops, "sets": nested_sets},
        misconceptions={
            name: Misconception(answer, "nested cross-validation") for name, answer in NESTED_WRONG.items()
        },
        cases=nested_cases,
    ),
]
