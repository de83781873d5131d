"""Exercises of chapter 17, conventions: a D(w, b) + c1 ||w||_1 + c2 ||w||² and the strength that it means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from course_lib.exercises.exercise import Case, Choice, Exercise, Misconception, Value

__all__ = ["EXERCISES"]

Pair = tuple[float, float]

# --------------------------------------------------------------------------------------- base strengths


def base_strengths(a: float, c1: float, c2: float) -> Pair:
    """Divide by a, then read lam*rho and lam*(1 - rho)/2 off."""
    l1, l2 = c1 / a, 2 * c2 / a
    lam = l1 + l2
    return lam, l1 / lam


def base_share_first(a: float, c1: float, c2: float) -> list[float]:
    """The share does not depend on a."""
    return [(c1 + 2 * c2) / a, c1 / (c1 + 2 * c2)]


def base_array(a: float, c1: float, c2: float) -> np.ndarray:
    """As an array, through the L2 share."""
    total = np.dot([1.0, 2.0], [c1, c2])
    return np.array([total / a, 1 - 2 * c2 / total])


def base_float32(a: float, c1: float, c2: float) -> Any:
    """In single precision."""
    l1, l2 = np.float32(c1) / np.float32(a), np.float32(2 * c2) / np.float32(a)
    return l1 + l2, l1 / (l1 + l2)


def _base(l1: Callable[..., float], l2: Callable[..., float]) -> Callable[..., Pair]:
    """Other ways to read the two strengths off."""

    def wrong(a: float, c1: float, c2: float) -> Pair:
        one, two = l1(a, c1), l2(a, c2)
        return one + two, one / (one + two)

    return wrong


def base_l2_share(a: float, c1: float, c2: float) -> Pair:
    """The share of the squares."""
    lam, share = base_strengths(a, c1, c2)
    return lam, 1 - share


def base_l1_lam(a: float, c1: float, c2: float) -> Pair:
    """Only the L1 part as strength."""
    return c1 / a, base_strengths(a, c1, c2)[1]


def base_share_of_c(a: float, c1: float, c2: float) -> Pair:
    """The share of c1 in c1 + c2."""
    lam, _ = base_strengths(a, c1, c2)
    return lam, c1 / (c1 + c2)


def base_two_parts(a: float, c1: float, c2: float) -> Pair:
    """The L1 strength and the L2 strength."""
    return c1 / a, 2 * c2 / a


def base_cases(rng: np.random.Generator) -> list[Case]:
    """Pure and mixed penalties, a below and above 1 and never 1 or 2 alone."""
    cases = [
        Case((4.0, 1.0, 0.5), label="small"),
        Case((2.0, 0.6, 0.3), label="mse"),
        Case((100.0, 0.0, 15.0), label="only_l2"),
        Case((0.5, 3.0, 0.0), label="only_l1"),
    ]
    for _ in range(2):
        a, c1, c2 = rng.uniform(0.2, 9.0), rng.uniform(0.1, 2.0), rng.uniform(0.1, 2.0)
        cases.append(Case((float(a), float(c1), float(c2)), label="random"))
    return cases


# ----------------------------------------------------------------------------------------- weight decay


def weight_decay(lam: float, n: int, reduction: str) -> float:
    """MSELoss is a times the data term, a = 2 for the mean and 2n for the sum."""
    return 2 * lam if reduction == "mean" else 2 * n * lam


def weight_decay_table(lam: float, n: int, reduction: str) -> float:
    """From a table of multiples."""
    return {"mean": 2.0, "sum": 2.0 * n}[reduction] * lam


def weight_decay_rows(lam: float, n: int, reduction: str) -> np.floating:
    """Count the rows that are added up."""
    rows = n if reduction == "sum" else 1
    return np.float64(rows) * (lam + lam)


def _decay(mean: Callable[[float, int], float], total: Callable[[float, int], float]) -> Callable[..., float]:
    def wrong(lam: float, n: int, reduction: str) -> float:
        return mean(lam, n) if reduction == "mean" else total(lam, n)

    return wrong


def decay_cases(rng: np.random.Generator) -> list[Case]:
    """Both reductions, several n."""
    return [
        Case((0.1, 50, "mean"), label="mean"),
        Case((0.1, 50, "sum"), label="sum"),
        Case((0.0, 7, "sum"), label="no_penalty"),
        Case((float(rng.uniform(0.2, 2)), int(rng.integers(5, 90)), "mean"), label="random"),
        Case((float(rng.uniform(0.2, 2)), int(rng.integers(5, 90)), "sum"), label="random"),
    ]


# ----------------------------------------------------------------------------------------------- glmnet


def glmnet_to_base(lambda_: float, alpha: float, y_sd: float) -> Pair:
    """The L2 part is divided by the standard deviation of y."""
    l1, l2 = lambda_ * alpha, lambda_ * (1 - alpha) / y_sd
    return l1 + l2, l1 / (l1 + l2)


def glmnet_back_substituted(lambda_: float, alpha: float, y_sd: float) -> list[float]:
    """The scaled problem, multiplied by y_sd² and rewritten in w = y_sd v."""
    strength = lambda_ / y_sd
    l1, half_l2 = strength * alpha * y_sd**2 / y_sd, strength * (1 - alpha) / 2 * y_sd**2 / y_sd**2
    return [l1 + 2 * half_l2, l1 / (l1 + 2 * half_l2)]


def glmnet_common_factor(lambda_: float, alpha: float, y_sd: float) -> np.ndarray:
    """With the common denominator y_sd."""
    parts = np.array([alpha * y_sd, 1 - alpha])
    return np.array([lambda_ * parts.sum() / y_sd, parts[0] / parts.sum()])


def _glmnet(l1: float, l2: float) -> Callable[..., Pair]:
    """The two parts multiplied by these powers of y_sd."""

    def wrong(lambda_: float, alpha: float, y_sd: float) -> Pair:
        one, two = lambda_ * alpha * y_sd**l1, lambda_ * (1 - alpha) * y_sd**l2
        return one + two, one / (one + two)

    return wrong


def glmnet_swapped(lambda_: float, alpha: float, y_sd: float) -> Pair:
    """glmnet's alpha taken for the share of the squares."""
    return glmnet_to_base(lambda_, 1 - alpha, y_sd)


def glmnet_doubled(lambda_: float, alpha: float, y_sd: float) -> Pair:
    """The half of the L2 part removed twice."""
    l1, l2 = lambda_ * alpha, 2 * lambda_ * (1 - alpha) / y_sd
    return l1 + l2, l1 / (l1 + l2)


def glmnet_halved(lambda_: float, alpha: float, y_sd: float) -> Pair:
    """The half of the L2 part kept."""
    l1, l2 = lambda_ * alpha, lambda_ * (1 - alpha) / 2 / y_sd
    return l1 + l2, l1 / (l1 + l2)


def glmnet_two_parts(lambda_: float, alpha: float, y_sd: float) -> Pair:
    """The L1 strength and the L2 strength."""
    return lambda_ * alpha, lambda_ * (1 - alpha) / y_sd


def glmnet_share_kept(lambda_: float, alpha: float, y_sd: float) -> Pair:
    """The right total with glmnet's own share."""
    return glmnet_to_base(lambda_, alpha, y_sd)[0], alpha


def glmnet_cases(rng: np.random.Generator) -> list[Case]:
    """Pure and mixed penalties, y_sd on both sides of 1."""
    return [
        Case((0.3, 0.5, 4.0), label="small"),
        Case((0.3, 0.25, 0.5), label="small_sd"),
        Case((2.0, 1.0, 3.0), label="only_l1"),
        Case((2.0, 0.0, 3.0), label="only_l2"),
        Case(
            (float(rng.uniform(0.1, 2)), float(rng.uniform(0.6, 0.9)), float(rng.uniform(2, 9))),
            label="random",
        ),
        Case(
            (float(rng.uniform(0.1, 2)), float(rng.uniform(0.1, 0.4)), float(rng.uniform(2, 9))),
            label="random",
        ),
    ]


EXERCISES = [
    Exercise(
        id="conventions.base_strengths",
        chapter=17,
        minutes=5,
        difficulty=2,
        signature="base_strengths(a, c1, c2)",
        reference=base_strengths,
        alternatives={"share_first": base_share_first, "array": base_array, "float32": base_float32},
        misconceptions={
            "half_forgotten": Misconception(_base(lambda a, c: c / a, lambda a, c: c / a), "erratum 34"),
            "not_divided": Misconception(_base(lambda a, c: c, lambda a, c: 2 * c), "pitfall 1"),
            "multiplied": Misconception(_base(lambda a, c: c * a, lambda a, c: 2 * c * a), "erratum 6"),
            "halved": Misconception(_base(lambda a, c: c / a, lambda a, c: c / a / 2), "erratum 17"),
            "l2_share": Misconception(base_l2_share, "erratum 34"),
            "share_of_c": Misconception(base_share_of_c, "erratum 34"),
            "two_parts": Misconception(base_two_parts, "classroom"),
            "l1_strength_only": Misconception(base_l1_lam, "classroom"),
        },
        cases=base_cases,
        returns=("lam", "l1_ratio"),
    ),
    Value(
        id="conventions.more_rows",
        chapter=17,
        minutes=3,
        difficulty=1,
        reference=0.1,
        misconceptions={
            "same_c": Misconception(0.5, "pitfall 1"),
            "times_five": Misconception(2.5, "pitfall 1"),
            "lam": Misconception(0.01, "pitfall 1"),
            "inverse": Misconception(100.0, "pitfall 1"),
            "over_n": Misconception(0.0005, "pitfall 1", also=(0.0025,)),
            "rows_alone": Misconception(0.2, "old C forgotten"),
            "halved": Misconception(0.05, "erratum 7"),
        },
    ),
    Exercise(
        id="conventions.weight_decay",
        chapter=17,
        minutes=4,
        difficulty=2,
        signature="weight_decay_for(lam, n, reduction)",
        reference=weight_decay,
        alternatives={"table": weight_decay_table, "rows": weight_decay_rows},
        misconceptions={
            "half_loss": Misconception(_decay(lambda s, n: s, lambda s, n: n * s), "erratum 17"),
            "same_number": Misconception(_decay(lambda s, n: s, lambda s, n: s), "pitfall 1"),
            "n_upside_down": Misconception(_decay(lambda s, n: 2 * s, lambda s, n: 2 * s / n), "erratum 5"),
            "reduction_ignored": Misconception(_decay(lambda s, n: 2 * s, lambda s, n: 2 * s), "erratum 5"),
            "reductions_swapped": Misconception(
                _decay(lambda s, n: 2 * n * s, lambda s, n: 2 * s), "erratum 5"
            ),
            "always_a_sum": Misconception(
                _decay(lambda s, n: 2 * n * s, lambda s, n: 2 * n * s), "erratum 5"
            ),
            "doubled": Misconception(_decay(lambda s, n: 4 * s, lambda s, n: 4 * n * s), "erratum 7"),
            "halved": Misconception(_decay(lambda s, n: s / 2, lambda s, n: n * s / 2), "erratum 17"),
        },
        cases=decay_cases,
    ),
    Choice(
        id="conventions.keras_mse",
        chapter=17,
        minutes=3,
        difficulty=2,
        options=("a", "b", "c", "d"),
        correct="b",
        misconceptions={"a": "half_only_in_the_penalty", "c": "half_only_in_the_loss", "d": "times_n"},
    ),
    Exercise(
        id="conventions.glmnet",
        chapter=17,
        minutes=8,
        difficulty=3,
        signature="glmnet_to_base(lambda_, alpha, y_sd)",
        reference=glmnet_to_base,
        alternatives={"substituted": glmnet_back_substituted, "common_factor": glmnet_common_factor},
        misconceptions={
            "y_sd_ignored": Misconception(_glmnet(0, 0), "pitfall 1"),
            "y_sd_multiplies": Misconception(_glmnet(0, 1), "pitfall 1"),
            "both_divided": Misconception(_glmnet(-1, -1), "pitfall 1"),
            "variance": Misconception(_glmnet(0, -2), "pitfall 21"),
            "wrong_part": Misconception(_glmnet(-1, 0), "pitfall 1"),
            "share_swapped": Misconception(glmnet_swapped, "erratum 34"),
            "doubled": Misconception(glmnet_doubled, "erratum 7"),
            "halved": Misconception(glmnet_halved, "erratum 17"),
            "not_multiplied": Misconception(_glmnet(-2, -3), "powers of y_sd"),
            "two_parts": Misconception(glmnet_two_parts, "classroom"),
            "share_kept": Misconception(glmnet_share_kept, "pitfall 1"),
        },
        cases=glmnet_cases,
        returns=("lam", "l1_ratio"),
    ),
    Choice(
        id="conventions.no_factor",
        chapter=17,
        minutes=3,
        difficulty=2,
        options=("a", "b", "c", "d"),
        correct="d",
        misconceptions={"a": "adam", "b": "other_solver", "c": "momentum"},
    ),
    Choice(
        id="conventions.same_score",
        chapter=17,
        minutes=2,
        difficulty=1,
        options=("a", "b", "c", "d"),
        correct="c",
        misconceptions={"a": "score_proves_it", "b": "more_splits", "d": "never_matters"},
    ),
    Value(
        id="conventions.web_formula",
        chapter=17,
        minutes=4,
        difficulty=2,
        reference=0.25,
        misconceptions={
            "same_number": Misconception(4.0, "erratum 6"),
            "n_twice": Misconception(1 / 800, "erratum 6"),
            "lam": Misconception(0.02, "erratum 6"),
            "n_missing": Misconception(50.0, "erratum 6"),
            "half_kept": Misconception(0.125, "erratum 7"),
            "half_lost": Misconception(0.5, "erratum 7"),
            "one_over_m": Misconception(0.005, "scikit-learn's default"),
        },
    ),
]
