"""Exercises of chapter 04: 1/(2n) ||y - Xw||² + lam (l1_ratio ||w||_1 + (1 - l1_ratio)/2 ||w||²)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from course_lib.exercises.exercise import Case, Choice, Exercise, Misconception

__all__ = ["EXERCISES"]

Array = np.ndarray


def soft(z: Array, t: float) -> Array:
    """Soft-thresholding."""
    return np.sign(z) * np.maximum(np.abs(z) - t, 0.0)


def draw(rng: np.random.Generator, n: int, d: int) -> tuple[Array, Array]:
    """Centred data whose columns have different scales."""
    X = rng.normal(size=(n, d)) * rng.uniform(0.5, 3.0, d)
    X = X - X.mean(axis=0)
    y = X @ rng.normal(size=d) + rng.normal(size=n)
    return X, y - y.mean()


SMALL_X = np.array([[1.0, 2.0], [-1.0, -1.0], [2.0, 1.0], [-2.0, -2.0]])
SMALL_Y = np.array([3.0, -1.0, 1.0, -3.0])


# ------------------------------------------------------------------------------------ proximal operator


def prox(z: Array, step: float, lam: float, l1_ratio: float) -> Array:
    """Proximal operator of the elastic net (4.4)."""
    return soft(z, step * lam * l1_ratio) / (1 + step * lam * (1 - l1_ratio))


def prox_inside(z: Array, step: float, lam: float, l1_ratio: float) -> Array:
    """Shrunk first, with the threshold shrunk too."""
    scale = 1 + step * lam * (1 - l1_ratio)
    return soft(z / scale, step * lam * l1_ratio / scale)


def prox_loop(z: Array, step: float, lam: float, l1_ratio: float) -> list[float]:
    """Three cases, one entry at a time, as a list."""
    t, scale, result = step * lam * l1_ratio, 1 + step * lam * (1 - l1_ratio), []
    for value in z:
        result.append((value - t) / scale if value > t else (value + t) / scale if value < -t else 0.0)
    return result


def prox_float32(z: Array, step: float, lam: float, l1_ratio: float) -> Array:
    """In single precision."""
    z = np.asarray(z, np.float32)
    return (z - np.clip(z, -step * lam * l1_ratio, step * lam * l1_ratio)) / np.float32(
        1 + step * lam * (1 - l1_ratio)
    )


def prox_order(z: Array, step: float, lam: float, l1_ratio: float) -> Array:
    """Shrunk first, then the full threshold."""
    return soft(z / (1 + step * lam * (1 - l1_ratio)), step * lam * l1_ratio)


def prox_swapped(z: Array, step: float, lam: float, l1_ratio: float) -> Array:
    """The share on the wrong part."""
    return prox(z, step, lam, 1 - l1_ratio)


def prox_step_in_denominator(z: Array, step: float, lam: float, l1_ratio: float) -> Array:
    """No step in the denominator."""
    return soft(z, step * lam * l1_ratio) / (1 + lam * (1 - l1_ratio))


def prox_step_in_threshold(z: Array, step: float, lam: float, l1_ratio: float) -> Array:
    """No step in the threshold."""
    return soft(z, lam * l1_ratio) / (1 + step * lam * (1 - l1_ratio))


def prox_doubled(z: Array, step: float, lam: float, l1_ratio: float) -> Array:
    """The half of the L2 part missing."""
    return soft(z, step * lam * l1_ratio) / (1 + 2 * step * lam * (1 - l1_ratio))


def prox_lasso(z: Array, step: float, lam: float, l1_ratio: float) -> Array:
    """The L2 part left out."""
    return soft(z, step * lam * l1_ratio)


def _prox(
    rest: Callable[[Array, float, float, float, float], Array],
) -> Callable[[Array, float, float, float], Array]:
    """Another formula ``rest(z, step * l1, step * l2, step, lam)``."""

    def wrong(z: Array, step: float, lam: float, l1_ratio: float) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            return rest(np.asarray(z), step * lam * l1_ratio, step * lam * (1 - l1_ratio), step, lam)

    return wrong


def prox_cases(rng: np.random.Generator) -> list[Case]:
    """Both signs and zero, steps other than 1, shares other than a half, both ends."""
    z = np.array([3.0, -2.0, 0.1, 0.0, -0.05, 1.0])
    return [
        Case((z, 0.5, 1.0, 0.3), label="mixed"),
        Case((z, 0.5, 0.8, 1.0), label="lasso_end"),
        Case((z, 0.25, 2.0, 0.0), label="ridge_end"),
        Case((z, 2.0, 0.0, 0.4), label="no_penalty"),
        Case((4 * rng.normal(size=8), 0.3, 2.5, 0.7), label="random"),
        Case((4 * rng.normal(size=7), 1.7, 0.6, 0.2), label="random"),
    ]


# ------------------------------------------------------------------------------------ coordinate update


def coordinate_update(X: Array, y: Array, w: Array, j: int, lam: float, l1_ratio: float) -> float:
    """Best value of w[j] with the others fixed (4.5)."""
    n, x = len(y), X[:, j]
    pull = x @ (y - X @ w + x * w[j]) / n
    return float(soft(pull, lam * l1_ratio) / (x @ x / n + lam * (1 - l1_ratio)))


def update_others(X: Array, y: Array, w: Array, j: int, lam: float, l1_ratio: float) -> np.floating:
    """Partial residual from the other columns; the equation multiplied by n."""
    others = np.arange(X.shape[1]) != j
    pull = X[:, j] @ (y - X[:, others] @ w[others])
    n = len(y)
    return soft(pull, n * lam * l1_ratio) / (np.sum(X[:, j] ** 2) + n * lam * (1 - l1_ratio))


def update_gram(X: Array, y: Array, w: Array, j: int, lam: float, l1_ratio: float) -> float:
    """With the Gram matrix."""
    G, c = X.T @ X / len(y), X.T @ y / len(y)
    pull = c[j] - sum(G[j, k] * w[k] for k in range(len(w)) if k != j)
    t = lam * l1_ratio
    kept = pull - t if pull > t else pull + t if pull < -t else 0.0
    return kept / (G[j, j] + lam - lam * l1_ratio)


def _update(
    pull: Callable[[Array, Array, Array, int], float],
    rest: Callable[[float, float, float, float], Any],
) -> Callable[..., float]:
    """Another pull, or another formula ``rest(pull, curvature, l1, l2)``."""

    def wrong(X: Array, y: Array, w: Array, j: int, lam: float, l1_ratio: float) -> float:
        curvature = float(X[:, j] @ X[:, j] / len(y))
        return float(rest(pull(X, y, w, j), curvature, lam * l1_ratio, lam * (1 - l1_ratio)))

    return wrong


def right_pull(X: Array, y: Array, w: Array, j: int) -> float:
    """The pull on coordinate j without its own part."""
    return float(X[:, j] @ (y - X @ w + X[:, j] * w[j]) / len(y))


def full_pull(X: Array, y: Array, w: Array, j: int) -> float:
    """The full residual: the own part not put back."""
    return float(X[:, j] @ (y - X @ w) / len(y))


def right_rest(pull: float, curvature: float, l1: float, l2: float) -> float:
    """Threshold, then divide."""
    return float(soft(np.asarray(pull), l1) / (curvature + l2))


def update_sum(X: Array, y: Array, w: Array, j: int, lam: float, l1_ratio: float) -> float:
    """Sums instead of means, with the same strengths."""
    x = X[:, j]
    return float(soft(x @ (y - X @ w + x * w[j]), lam * l1_ratio) / (x @ x + lam * (1 - l1_ratio)))


def update_increment(X: Array, y: Array, w: Array, j: int, lam: float, l1_ratio: float) -> float:
    """The change of the weight instead of its new value."""
    return coordinate_update(X, y, w, j, lam, l1_ratio) - float(w[j])


def update_pull_without_n(X: Array, y: Array, w: Array, j: int, lam: float, l1_ratio: float) -> float:
    """A sum for the pull, a mean for the curvature."""
    pull, x = np.asarray(len(y) * right_pull(X, y, w, j)), X[:, j]
    return float(soft(pull, lam * l1_ratio) / (x @ x / len(y) + lam * (1 - l1_ratio)))


def update_cases(rng: np.random.Generator) -> list[Case]:
    """Columns of length other than 1, weights of both signs, an update that ends at 0."""
    cases = [
        Case((SMALL_X, SMALL_Y, np.array([0.5, -1.0]), 0, 0.5, 0.4), label="small"),
        Case((SMALL_X, SMALL_Y, np.array([0.2, 1.1]), 0, 4.0, 0.9), label="ends_at_zero"),
        Case((SMALL_X, SMALL_Y, np.array([0.5, 0.7]), 1, 0.0, 0.4), label="no_penalty"),
        Case((SMALL_X, SMALL_Y, np.array([0.0, 0.5]), 1, 0.6, 0.0), label="ridge_end"),
        Case((SMALL_X, -SMALL_Y, np.array([0.3, -0.2]), 1, 0.4, 0.5), label="negative_pull"),
    ]
    for n, d, lam, l1_ratio in ((9, 3, 0.3, 0.7), (6, 4, 0.8, 0.2)):
        X, y = draw(rng, n, d)
        cases.append(Case((X, y, rng.normal(size=d), d - 1, lam, l1_ratio), label="random"))
    return cases


# ---------------------------------------------------------------------------------- smallest full strength


def lam_max(X: Array, y: Array, l1_ratio: float) -> float:
    """Smallest strength at which all weights are 0."""
    return float(np.max(np.abs(X.T @ y)) / (len(y) * l1_ratio))


def lam_max_loop(X: Array, y: Array, l1_ratio: float) -> float:
    """Column by column."""
    return max(abs(sum(X[i, j] * y[i] for i in range(len(y)))) for j in range(X.shape[1])) / len(y) / l1_ratio


def lam_max_norm(X: Array, y: Array, l1_ratio: float) -> np.floating:
    """With the infinity norm, in single precision."""
    return np.linalg.norm((X.T @ y).astype(np.float32), np.inf) / np.float32(len(y) * l1_ratio)


def _lam_max(formula: Callable[[Array, int, float], float]) -> Callable[..., float]:
    """Another formula in X.T y, n and the share."""

    def wrong(X: Array, y: Array, l1_ratio: float) -> float:
        return float(formula(X.T @ y, len(y), l1_ratio))

    return wrong


def lam_max_columns(X: Array, y: Array, l1_ratio: float) -> float:
    """Divided by the number of columns."""
    return float(np.max(np.abs(X.T @ y)) / (X.shape[1] * l1_ratio))


def lam_max_cases(rng: np.random.Generator) -> list[Case]:
    """Strongest pulls of both signs, shares other than 1 and a half."""
    cases = [
        Case((SMALL_X, SMALL_Y, 0.8), label="small"),
        Case((SMALL_X, -SMALL_Y, 0.4), label="negative"),
        Case((SMALL_X, -SMALL_Y, 1.0), label="lasso_end"),
    ]
    for n, d, l1_ratio in ((7, 3, 0.3), (10, 5, 0.05)):
        cases.append(Case((*draw(rng, n, d), l1_ratio), label="random"))
    return cases


# --------------------------------------------------------------------------------------- augmented data


def augment(X: Array, y: Array, lam: float, l1_ratio: float) -> tuple[Array, Array, float]:
    """Data and strength on which the lasso gives the elastic net (4.6)."""
    n, d = X.shape
    rows = np.sqrt(n * lam * (1 - l1_ratio)) * np.eye(d)
    return np.vstack([X, rows]), np.append(y, np.zeros(d)), lam * l1_ratio * n / (n + d)


def augment_filled(X: Array, y: Array, lam: float, l1_ratio: float) -> tuple[Array, Array, float]:
    """Arrays of zeros, filled."""
    n, d = X.shape
    A, c = np.zeros((n + d, d)), np.zeros(n + d)
    A[:n], c[:n] = X, y
    for j in range(d):
        A[n + j, j] = (n * (lam - lam * l1_ratio)) ** 0.5
    return A, c, lam * l1_ratio / (1 + d / n)


def augment_lists(X: Array, y: Array, lam: float, l1_ratio: float) -> list[object]:
    """As lists."""
    n, d = len(X), len(X[0])
    rows = [[float(np.sqrt(n * lam * (1 - l1_ratio))) * (j == k) for k in range(d)] for j in range(d)]
    return [X.tolist() + rows, list(y) + [0.0] * d, n * lam * l1_ratio / (n + d)]


def _augment(
    entry: Callable[[int, float, float], float], strength: Callable[[int, int, float, float], float]
) -> Callable[..., tuple[Array, Array, float]]:
    """Other numbers in the extra rows, or another strength."""

    def wrong(X: Array, y: Array, lam: float, l1_ratio: float) -> tuple[Array, Array, float]:
        n, d = X.shape
        A = np.vstack([X, entry(n, lam, l1_ratio) * np.eye(d)])
        return A, np.append(y, np.zeros(d)), strength(n, d, lam, l1_ratio)

    return wrong


def right_entry(n: int, lam: float, l1_ratio: float) -> float:
    """The number on the diagonal of the extra rows."""
    return float(np.sqrt(n * lam * (1 - l1_ratio)))


def right_strength(n: int, d: int, lam: float, l1_ratio: float) -> float:
    """The lasso's strength on n + d rows."""
    return lam * l1_ratio * n / (n + d)


def augment_paper(X: Array, y: Array, lam: float, l1_ratio: float) -> tuple[Array, Array, float]:
    """Zou and Hastie's scaled data: their lasso has other weights."""
    A, c, strength = augment(X, y, lam, l1_ratio)
    root = np.sqrt(1 + lam * (1 - l1_ratio))
    return A / root, c, strength / float(root)


def augment_paper_sum(X: Array, y: Array, lam: float, l1_ratio: float) -> tuple[Array, Array, float]:
    """The paper's formulas as they stand, for its own scaling of the loss."""
    strength, root = lam * (1 - l1_ratio), np.sqrt(1 + lam * (1 - l1_ratio))
    rows = np.vstack([X, np.sqrt(strength) * np.eye(X.shape[1])]) / root
    return rows, np.append(y, np.zeros(X.shape[1])), lam * l1_ratio / float(root)


def augment_cases(rng: np.random.Generator) -> list[Case]:
    """n unlike d, several strengths, both ends."""
    cases = [
        Case((SMALL_X, SMALL_Y, 0.5, 0.4), label="small"),
        Case((SMALL_X, SMALL_Y, 0.7, 1.0), label="lasso_end"),
        Case((SMALL_X, SMALL_Y, 0.7, 0.0), label="ridge_end"),
    ]
    for n, d, lam, l1_ratio in ((5, 3, 2.0, 0.7), (3, 4, 0.3, 0.2)):
        cases.append(Case((*draw(rng, n, d), lam, l1_ratio), label="random"))
    return cases


# --------------------------------------------------------------------------------------- corrected estimate


def corrected(w: Array, lam: float, l1_ratio: float) -> Array:
    """The corrected elastic net from the naive one, for standardised features (4.7)."""
    return (1 + lam * (1 - l1_ratio)) * np.asarray(w)


def corrected_loop(w: Array, lam: float, l1_ratio: float) -> list[float]:
    """One weight at a time, as a list."""
    return [weight + (lam - lam * l1_ratio) * weight for weight in w]


def corrected_float32(w: Array, lam: float, l1_ratio: float) -> Array:
    """In single precision."""
    return np.asarray(w, np.float32) * np.float32(1 + lam * (1 - l1_ratio))


def _corrected(factor: Callable[[float, float], float]) -> Callable[..., Array]:
    """Another factor."""

    def wrong(w: Array, lam: float, l1_ratio: float) -> Array:
        return factor(lam, l1_ratio) * np.asarray(w)

    return wrong


def corrected_threshold_too(w: Array, lam: float, l1_ratio: float) -> Array:
    """The threshold undone as well."""
    return corrected(w, lam, l1_ratio) + lam * l1_ratio * np.sign(w)


def corrected_cases(rng: np.random.Generator) -> list[Case]:
    """Weights of both signs and zeros, shares other than a half, both ends."""
    w = np.array([1.5, 0.0, -0.4])
    return [
        Case((w, 0.5, 0.2), label="mixed"),
        Case((w, 0.5, 1.0), label="lasso_end"),
        Case((w, 3.0, 0.0), label="ridge_end"),
        Case((rng.normal(size=5), 2.0, 0.7), label="random"),
        Case((rng.normal(size=4), 0.3, 0.4), label="random"),
    ]


# --------------------------------------------------------------------------------------- reversed formula


def from_reversed(lam: float, a: float) -> tuple[float, float]:
    """Course's (lam, l1_ratio) for the penalty lam * sum(a w² + (1 - a) |w|) (4.9)."""
    return lam * (1 + a), (1 - a) / (1 + a)


def from_reversed_parts(lam: float, a: float) -> list[float]:
    """Compare the two parts, then add."""
    l1, l2 = lam * (1 - a), 2 * lam * a
    return [l1 + l2, l1 / (l1 + l2)]


def from_reversed_array(lam: float, a: float) -> Array:
    """As an array in single precision."""
    return np.array([lam + lam * a, 2 / (1 + a) - 1], dtype=np.float32)


def _reversed(l1: Callable[[float], float], l2: Callable[[float], float]) -> Callable[..., object]:
    """Other strengths of the two parts: lam l1(a) and lam l2(a)."""

    def wrong(lam: float, a: float) -> tuple[float, float]:
        total = l1(a) + l2(a)
        return lam * total, l1(a) / total

    return wrong


def reversed_cases(rng: np.random.Generator) -> list[Case]:
    """Mixtures other than a half, both ends, strengths other than 1."""
    cases = [
        Case((2.0, 0.25), label="mixed"),
        Case((0.3, 0.0), label="lasso_end"),
        Case((0.3, 1.0), label="ridge_end"),
    ]
    for low, high in ((0.05, 0.3), (0.7, 0.95)):
        cases.append(Case((float(rng.uniform(0.1, 3)), float(rng.uniform(low, high))), label="random"))
    return cases


EXERCISES = [
    Exercise(
        id="elastic_net.lam_max",
        chapter=4,
        minutes=4,
        difficulty=1,
        signature="elastic_net_lam_max(X, y, l1_ratio)",
        reference=lam_max,
        alternatives={"loop": lam_max_loop, "norm": lam_max_norm},
        misconceptions={
            "share_forgotten": Misconception(_lam_max(lambda c, n, r: np.abs(c).max() / n), "erratum 34"),
            "share_multiplied": Misconception(
                _lam_max(lambda c, n, r: np.abs(c).max() * r / n), "division turned round"
            ),
            "swapped": Misconception(
                _lam_max(lambda c, n, r: np.abs(c).max() / np.float64(n * (1 - r))), "erratum 34"
            ),
            "without_n": Misconception(_lam_max(lambda c, n, r: np.abs(c).max() / r), "pitfall 1"),
            "no_absolute": Misconception(_lam_max(lambda c, n, r: c.max() / (n * r)), "erratum 2"),
            "doubled": Misconception(_lam_max(lambda c, n, r: 2 * np.abs(c).max() / (n * r)), "erratum 7"),
            "halved": Misconception(_lam_max(lambda c, n, r: np.abs(c).max() / (2 * n * r)), "erratum 7"),
            "absolute_too_late": Misconception(_lam_max(lambda c, n, r: abs(c.max()) / (n * r)), "erratum 2"),
            "averaged": Misconception(_lam_max(lambda c, n, r: np.abs(c).mean() / (n * r)), "mean for max"),
            "summed": Misconception(_lam_max(lambda c, n, r: np.abs(c).sum() / (n * r)), "another norm"),
            "euclidean": Misconception(
                _lam_max(lambda c, n, r: float(np.linalg.norm(c)) / (n * r)), "another norm"
            ),
            "columns": Misconception(lam_max_columns, "d for n"),
        },
        cases=lam_max_cases,
    ),
    Choice(
        id="elastic_net.grouping",
        chapter=4,
        minutes=3,
        difficulty=2,
        options=("a", "b", "c", "d"),
        correct="b",
        misconceptions={"a": "unchanged", "c": "root_forgotten", "d": "zero"},
    ),
    Exercise(
        id="elastic_net.prox",
        chapter=4,
        minutes=6,
        difficulty=2,
        signature="elastic_net_prox(z, step, lam, l1_ratio)",
        reference=prox,
        alternatives={"inside": prox_inside, "loop": prox_loop, "float32": prox_float32},
        misconceptions={
            "order": Misconception(prox_order, "threshold and shrinkage exchanged"),
            "swapped": Misconception(prox_swapped, "erratum 34"),
            "step_in_denominator": Misconception(prox_step_in_denominator, "threshold without the step"),
            "step_in_threshold": Misconception(prox_step_in_threshold, "threshold without the step"),
            "doubled": Misconception(prox_doubled, "erratum 34"),
            "no_shrinkage": Misconception(prox_lasso, "pitfall 20"),
            "no_step": Misconception(
                _prox(lambda z, a, b, t, lam: soft(z, a / t) / (1 + b / t)), "threshold without the step"
            ),
            "halved": Misconception(_prox(lambda z, a, b, t, lam: soft(z, a) / (1 + b / 2)), "erratum 7"),
            "whole_strength": Misconception(
                _prox(lambda z, a, b, t, lam: soft(z, t * lam) / (1 + t * lam)), "erratum 34"
            ),
            "hard": Misconception(
                _prox(lambda z, a, b, t, lam: np.where(np.abs(z) > a, z, 0.0) / (1 + b)), "hard thresholding"
            ),
            "one_side": Misconception(
                _prox(lambda z, a, b, t, lam: np.maximum(z - a, 0.0) / (1 + b)), "sign forgotten"
            ),
            "not_cut": Misconception(
                _prox(lambda z, a, b, t, lam: (z - a * np.sign(z)) / (1 + b)), "past zero"
            ),
        },
        cases=prox_cases,
        exact_zeros=True,
    ),
    Exercise(
        id="elastic_net.coordinate",
        chapter=4,
        minutes=8,
        difficulty=3,
        signature="coordinate_update(X, y, w, j, lam, l1_ratio)",
        reference=coordinate_update,
        alternatives={"others": update_others, "gram": update_gram},
        misconceptions={
            "own_part": Misconception(_update(full_pull, right_rest), "partial residual"),
            "unit_columns": Misconception(
                _update(right_pull, lambda p, q, l1, l2: soft(np.asarray(p), l1) / (1 + l2)), "pitfall 12"
            ),
            "no_l2": Misconception(
                _update(right_pull, lambda p, q, l1, l2: soft(np.asarray(p), l1) / q), "pitfall 20"
            ),
            "divided_first": Misconception(
                _update(right_pull, lambda p, q, l1, l2: soft(np.asarray(p / (q + l2)), l1)),
                "threshold and shrinkage exchanged",
            ),
            "swapped": Misconception(
                _update(right_pull, lambda p, q, l1, l2: right_rest(p, q, l2, l1)), "erratum 34"
            ),
            "sum": Misconception(update_sum, "erratum 35"),
            "own_part_bare": Misconception(
                _update(lambda X, y, w, j: full_pull(X, y, w, j) + float(w[j]), right_rest), "pitfall 12"
            ),
            "others_ignored": Misconception(
                _update(lambda X, y, w, j: float(X[:, j] @ y / len(y)), right_rest), "partial residual"
            ),
            "sum_in_pull": Misconception(update_pull_without_n, "pitfall 1"),
            "doubled": Misconception(
                _update(right_pull, lambda p, q, l1, l2: right_rest(p, q, l1, 2 * l2)), "erratum 34"
            ),
            "no_threshold": Misconception(
                _update(right_pull, lambda p, q, l1, l2: p / (q + l2)), "pitfall 20"
            ),
            "increment": Misconception(update_increment, "step for value"),
        },
        cases=update_cases,
        exact_zeros=True,
    ),
    Exercise(
        id="elastic_net.augment",
        chapter=4,
        minutes=8,
        difficulty=3,
        signature="augment(X, y, lam, l1_ratio)",
        returns=("X_aug", "y_aug", "lam_aug"),
        reference=augment,
        alternatives={"filled": augment_filled, "lists": augment_lists},
        misconceptions={
            "rows_without_n": Misconception(
                _augment(lambda n, lam, r: np.sqrt(lam * (1 - r)), right_strength), "pitfall 1"
            ),
            "no_root": Misconception(
                _augment(lambda n, lam, r: n * lam * (1 - r), right_strength), "pitfall 21"
            ),
            "half_inside": Misconception(
                _augment(lambda n, lam, r: np.sqrt(n * lam * (1 - r) / 2), right_strength), "erratum 7"
            ),
            "same_strength": Misconception(
                _augment(right_entry, lambda n, d, lam, r: lam * r), "rows counted as before"
            ),
            "without_n_and_same_strength": Misconception(
                _augment(lambda n, lam, r: np.sqrt(lam * (1 - r)), lambda n, d, lam, r: lam * r), "erratum 35"
            ),
            "share_forgotten": Misconception(
                _augment(right_entry, lambda n, d, lam, r: lam * n / (n + d)), "erratum 34"
            ),
            "doubled": Misconception(
                _augment(lambda n, lam, r: np.sqrt(2 * n * lam * (1 - r)), right_strength), "erratum 7"
            ),
            "strength_turned": Misconception(
                _augment(right_entry, lambda n, d, lam, r: lam * r * (n + d) / n), "division turned round"
            ),
            "swapped": Misconception(
                lambda X, y, lam, l1_ratio: augment(X, y, lam, 1 - l1_ratio), "erratum 34"
            ),
            "l1_in_rows": Misconception(
                _augment(lambda n, lam, r: np.sqrt(n * lam * r), right_strength), "erratum 34"
            ),
            "negative": Misconception(
                _augment(lambda n, lam, r: -right_entry(n, lam, r), right_strength),
                "a sign that does not matter",
            ),
            "paper": Misconception(
                augment_paper, "Zou and Hastie's augmented data", also=(augment_paper_sum,)
            ),
        },
        cases=augment_cases,
    ),
    Exercise(
        id="elastic_net.corrected",
        chapter=4,
        minutes=3,
        difficulty=1,
        signature="corrected(w, lam, l1_ratio)",
        reference=corrected,
        alternatives={"loop": corrected_loop, "float32": corrected_float32},
        misconceptions={
            "share_forgotten": Misconception(_corrected(lambda lam, r: 1 + lam), "erratum 34"),
            "swapped": Misconception(_corrected(lambda lam, r: 1 + lam * r), "erratum 34"),
            "halved": Misconception(_corrected(lambda lam, r: 1 + lam * (1 - r) / 2), "erratum 7"),
            "divided": Misconception(_corrected(lambda lam, r: 1 / (1 + lam * (1 - r))), "shrunk twice more"),
            "root": Misconception(
                _corrected(lambda lam, r: np.sqrt(1 + lam * (1 - r))), "Zou and Hastie's augmented data"
            ),
            "one_forgotten": Misconception(_corrected(lambda lam, r: lam * (1 - r)), "the 1 of the factor"),
            "unchanged": Misconception(_corrected(lambda lam, r: 1.0), "naive estimate"),
            "doubled": Misconception(_corrected(lambda lam, r: 1 + 2 * lam * (1 - r)), "erratum 34"),
            "strength_forgotten": Misconception(_corrected(lambda lam, r: 1 + (1 - r)), "share for strength"),
            "minus": Misconception(_corrected(lambda lam, r: 1 - lam * (1 - r)), "shrunk once more"),
            "squared": Misconception(_corrected(lambda lam, r: (1 + lam * (1 - r)) ** 2), "corrected twice"),
            "threshold_too": Misconception(corrected_threshold_too, "both shrinkages undone"),
        },
        cases=corrected_cases,
    ),
    Exercise(
        id="elastic_net.reversed",
        chapter=4,
        minutes=6,
        difficulty=2,
        signature="from_reversed(lam, a)",
        returns=("lam", "l1_ratio"),
        reference=from_reversed,
        alternatives={"parts": from_reversed_parts, "array": from_reversed_array},
        misconceptions={
            "same_numbers": Misconception(_reversed(lambda a: a, lambda a: 1 - a), "erratum 34"),
            "half_forgotten": Misconception(_reversed(lambda a: 1 - a, lambda a: a), "erratum 34"),
            "half_wrong_side": Misconception(_reversed(lambda a: 1 - a, lambda a: a / 2), "erratum 34"),
            "half_without_swap": Misconception(_reversed(lambda a: a, lambda a: 2 * (1 - a)), "erratum 34"),
            "strength_unchanged": Misconception(lambda lam, a: (lam, (1 - a) / (1 + a)), "erratum 34"),
            "ridge_share": Misconception(lambda lam, a: (lam * (1 + a), 2 * a / (1 + a)), "erratum 34"),
            "parts": Misconception(lambda lam, a: (lam * (1 - a), 2 * lam * a), "glmnet and elasticnet"),
            "pair_turned": Misconception(
                lambda lam, a: ((1 - a) / (1 + a), lam * (1 + a)), "order of the results"
            ),
            "share_unscaled": Misconception(lambda lam, a: (lam * (1 + a), 1 - a), "erratum 34"),
            "added_twice": Misconception(_reversed(lambda a: 1 - a, lambda a: 3 * a), "erratum 34"),
            "share_kept": Misconception(lambda lam, a: (lam * (1 + a), a), "erratum 34"),
            "to_page": Misconception(
                lambda lam, a: (lam * (1 + a) / 2, (1 - a) / (1 + a)), "the other direction"
            ),
        },
        cases=reversed_cases,
    ),
]
