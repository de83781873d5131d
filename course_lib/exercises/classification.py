"""Exercises of chapter 05: J(w, b) = mean log-loss + lam/2 ||w||² for labels 0 and 1; softmax; decisions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from course_lib.exercises.exercise import Case, Choice, Exercise, Misconception, Value

__all__ = ["EXERCISES"]

Array = np.ndarray


def sigmoid(score: Array) -> Array:
    """Probability of class 1."""
    return 1 / (1 + np.exp(-score))


def draw(rng: np.random.Generator, n: int, d: int) -> tuple[Array, Array, Array, float]:
    """Data that are not centred, labels 0 and 1 (unequally many), weights of both signs and an intercept."""
    X = rng.normal(size=(n, d)) * rng.uniform(0.5, 1.5, d) + rng.uniform(0.3, 1.0, d)
    y = np.zeros(n)
    y[rng.permutation(n)[: max(1, n // 3)]] = 1.0
    w = rng.uniform(0.3, 1.2, d) * np.where(np.arange(d) % 2, -1.0, 1.0)
    return X, y, w, float(rng.uniform(0.3, 0.8))


SMALL_X = np.array([[1.0, 2.0], [0.0, -1.0], [3.0, 1.0], [2.0, 0.0]])
SMALL_Y = np.array([1.0, 0.0, 1.0, 1.0])


# --------------------------------------------------------------------------------------------- gradient


def objective(X: Array, y: Array, w: Array, b: float, lam: float) -> float:
    """Mean log-loss plus half the strength times the squared norm."""
    score = X @ w + b
    return float(np.mean(np.logaddexp(0, score) - y * score) + lam / 2 * np.sum(w**2))


def gradient(X: Array, y: Array, w: Array, b: float, lam: float) -> tuple[Array, float]:
    """Gradient of the objective for the weights and for the intercept."""
    residual = sigmoid(X @ w + b) - y
    return X.T @ residual / len(y) + lam * w, float(residual.mean())


def gradient_loop(X: Array, y: Array, w: Array, b: float, lam: float) -> tuple[list[float], float]:
    """One sample at a time; a list."""
    slopes, slope_b = [lam * weight for weight in w], 0.0
    for x, label in zip(X, y, strict=True):
        excess = (1 / (1 + np.exp(-(x @ w + b))) - label) / len(y)
        slopes, slope_b = [s + excess * value for s, value in zip(slopes, x, strict=True)], slope_b + excess
    return slopes, slope_b


def gradient_signs(X: Array, y: Array, w: Array, b: float, lam: float) -> tuple[Array, Any]:
    """With labels -1 and +1."""
    sign = 2 * y - 1
    pull = -sign * sigmoid(-sign * (X @ w + b))
    return np.mean(X * pull[:, None], axis=0) + lam * w, pull.mean()


def gradient_float32(X: Array, y: Array, w: Array, b: float, lam: float) -> tuple[Array, Any]:
    """In single precision."""
    X, y, w = (np.asarray(a, np.float32) for a in (X, y, w))
    slope, slope_b = gradient(X, y, w, b, lam)
    return slope.astype(np.float32), np.float32(slope_b)


def _gradient(
    residual: Callable[[Array, Array], Array] = lambda q, y: q - y,
    penalty: Callable[[Array], Array] = lambda w: w,
    factor: Callable[[int], float] = lambda n: 1 / n,
    penalty_b: float = 0.0,
) -> Callable[..., tuple[Array, float]]:
    """The gradient with one of its parts replaced."""

    def wrong(X: Array, y: Array, w: Array, b: float, lam: float) -> tuple[Array, float]:
        r = residual(sigmoid(X @ w + b), y) * factor(len(y))
        return X.T @ r + lam * penalty(w), float(r.sum()) + penalty_b * lam * b

    return wrong


def gradient_no_sigmoid(X: Array, y: Array, w: Array, b: float, lam: float) -> tuple[Array, float]:
    """Scores instead of probabilities: least squares."""
    r = (X @ w + b - y) / len(y)
    return X.T @ r + lam * w, float(r.sum())


def gradient_labels(X: Array, y: Array, w: Array, b: float, lam: float) -> tuple[Array, float]:
    """The decision 0 or 1 instead of the probability."""
    r = ((X @ w + b > 0) - y) / len(y)
    return X.T @ r + lam * w, float(r.sum())


def gradient_no_intercept(X: Array, y: Array, w: Array, b: float, lam: float) -> tuple[Array, float]:
    """Scores without the intercept."""
    return gradient(X, y, w, 0.0, lam)


def gradient_sum_b(X: Array, y: Array, w: Array, b: float, lam: float) -> tuple[Array, float]:
    """The mean for the weights, the sum for the intercept."""
    slope, slope_b = gradient(X, y, w, b, lam)
    return slope, slope_b * len(y)


def gradient_cases(rng: np.random.Generator) -> list[Case]:
    """Weights of both signs, several strengths, n unlike d, an intercept that matters."""
    cases = [
        Case((SMALL_X, SMALL_Y, np.array([0.5, -1.0]), 0.3, 0.5), label="small"),
        Case((SMALL_X, SMALL_Y, np.array([0.5, 0.8]), -0.4, 0.0), label="no_penalty"),
        Case((SMALL_X[:3], SMALL_Y[:3], np.zeros(2), 0.7, 0.6), label="zero_weights"),
    ]
    for n, d, lam, label in ((9, 3, 0.7, "random"), (12, 4, 2.0, "strong"), (6, 1, 0.3, "single_feature")):
        cases.append(Case((*draw(rng, n, d), lam), label=label))
    return cases


# ---------------------------------------------------------------------------------------------- Hessian


def hessian(X: Array, w: Array, b: float, lam: float) -> Array:
    """Second derivatives of the objective for the weights."""
    q = sigmoid(X @ w + b)
    return (X.T * (q * (1 - q))) @ X / len(X) + lam * np.eye(X.shape[1])


def hessian_loop(X: Array, w: Array, b: float, lam: float) -> list[list[float]]:
    """One entry at a time, as lists."""
    s = X @ w + b
    weight = np.exp(-s) / (1 + np.exp(-s)) ** 2
    d = X.shape[1]
    return [
        [float(np.mean(weight * X[:, j] * X[:, k]) + (lam if j == k else 0)) for k in range(d)]
        for j in range(d)
    ]


def hessian_roots(X: Array, w: Array, b: float, lam: float) -> Array:
    """Rows multiplied by the root of their weight."""
    half = X / (2 * np.cosh((X @ w + b) / 2))[:, None]
    return half.T @ half / len(X) + np.diag(np.full(X.shape[1], lam))


def hessian_diag(X: Array, w: Array, b: float, lam: float) -> Array:
    """With the diagonal matrix written out, in single precision."""
    q = sigmoid(X @ w + b)
    return (X.T @ np.diag(q * (1 - q)) @ X / len(X) + lam * np.identity(X.shape[1])).astype(np.float32)


def _hessian(
    weight: Callable[[Array], Array] = lambda q: q * (1 - q),
    factor: Callable[[int], float] = lambda n: 1 / n,
    penalty: Callable[[int, float, int], Any] = lambda d, lam, n: lam * np.eye(d),
) -> Callable[..., Array]:
    """The Hessian with one of its parts replaced."""

    def wrong(X: Array, w: Array, b: float, lam: float) -> Array:
        n, d = X.shape
        return (X.T * weight(sigmoid(X @ w + b))) @ X * factor(n) + penalty(d, lam, n)

    return wrong


def hessian_no_intercept(X: Array, w: Array, b: float, lam: float) -> Array:
    """Scores without the intercept."""
    return hessian(X, w, 0.0, lam)


def hessian_score(X: Array, w: Array, b: float, lam: float) -> Array:
    """s(1 - s) of the scores: the sigmoid is missing."""
    s = X @ w + b
    return (X.T * (s * (1 - s))) @ X / len(X) + lam * np.eye(X.shape[1])


def hessian_diagonal(X: Array, w: Array, b: float, lam: float) -> Array:
    """Only the entries with j = k."""
    return np.diag(np.diag(hessian(X, w, b, lam)))


def hessian_cases(rng: np.random.Generator) -> list[Case]:
    """As the gradient's, without labels."""
    cases = [
        Case((SMALL_X, np.array([0.5, -1.0]), 0.3, 0.5), label="small"),
        Case((SMALL_X, np.array([0.5, 0.8]), -0.4, 0.0), label="no_penalty"),
    ]
    for n, d, lam, label in ((9, 3, 0.7, "random"), (12, 4, 2.0, "strong"), (6, 1, 0.3, "single_feature")):
        X, _, w, b = draw(rng, n, d)
        cases.append(Case((X, w, b, lam), label=label))
    return cases


# ----------------------------------------------------------------------------------------------- lam_max


def lam_max(X: Array, y: Array) -> float:
    """Smallest strength at which L1 alone keeps every weight at 0, with a free intercept."""
    return float(np.max(np.abs(X.T @ (y - y.mean()))) / len(y))


def lam_max_centred(X: Array, y: Array) -> float:
    """The columns centred instead of the labels."""
    return float(np.abs((X - X.mean(axis=0)).T @ y).max() / len(y))


def lam_max_covariance(X: Array, y: Array) -> np.floating:
    """Through covariances, one column at a time."""
    return max(abs(np.mean(x * y) - np.mean(x) * np.mean(y)) for x in X.T)


def lam_max_float32(X: Array, y: Array) -> np.floating:
    """In single precision."""
    X, y = np.asarray(X, np.float32), np.asarray(y, np.float32)
    return np.abs(np.mean(X * (y - y.mean())[:, None], axis=0)).max()


def _lam_max(size: Callable[[Array, int], float], residual: Callable[[Array], Array]) -> Callable[..., float]:
    """Another size of another residual's pull."""

    def wrong(X: Array, y: Array) -> float:
        return float(size(X.T @ residual(y), len(y)))

    return wrong


def lam_max_cases(rng: np.random.Generator) -> list[Case]:
    """Columns that are not centred; the strongest pull negative in some."""
    cases = [Case((SMALL_X, SMALL_Y), label="small")]
    for n, d, label in ((9, 3, "random"), (13, 4, "random"), (7, 1, "single_feature")):
        X, y, _, _ = draw(rng, n, d)
        X[:, 0] = -X[:, 0] - 2 * y - 3  # the strongest column pulls its weight below 0
        cases.append(Case((X, y), label=label))
    return cases


# --------------------------------------------------------------------------------------------- threshold


def threshold(cost_missed: float, cost_alarm: float) -> float:
    """Probability above which the alarm is cheaper."""
    return cost_alarm / (cost_alarm + cost_missed)


def threshold_ratio(cost_missed: float, cost_alarm: float) -> float:
    """Through the ratio of the costs."""
    return 1 / (1 + cost_missed / cost_alarm)


def threshold_odds(cost_missed: float, cost_alarm: float) -> np.floating:
    """Through the log-odds at which the two costs are equal."""
    return np.float64(1 / (1 + np.exp(-np.log(cost_alarm / cost_missed))))


def threshold_cases(rng: np.random.Generator) -> list[Case]:
    """Costs in either order."""
    pairs = [(50.0, 1.0), (3.0, 2.0), (2.0, 7.0), tuple(map(float, rng.uniform(1, 30, 2) * [3, 1]))]
    return [Case(pair, label="costs") for pair in pairs]


# ----------------------------------------------------------------------------------------------- softmax


def softmax(score: Array, axis: int = 1) -> Array:
    """Probabilities of the classes."""
    E = np.exp(score - score.max(axis=axis, keepdims=True))
    return E / E.sum(axis=axis, keepdims=True)


def softmax_objective(X: Array, y: Array, W: Array, lam: float) -> float:
    """Mean cross-entropy plus half the strength times the sum of squares."""
    own = softmax(X @ W)[np.arange(len(y)), y]
    return float(-np.mean(np.log(own)) + lam / 2 * np.sum(W**2))


def softmax_gradient(X: Array, y: Array, W: Array, lam: float) -> Array:
    """Gradient of the objective, shape (n_features, n_classes)."""
    return X.T @ (softmax(X @ W) - np.eye(W.shape[1])[y]) / len(y) + lam * W


def softmax_loop(X: Array, y: Array, W: Array, lam: float) -> list[list[float]]:
    """One sample at a time; as lists."""
    total = lam * W
    for x, label in zip(X, y, strict=True):
        q = np.exp(x @ W)
        q = q / q.sum()
        q[label] -= 1
        total = total + np.outer(x, q) / len(y)
    return total.tolist()


def softmax_classes(X: Array, y: Array, W: Array, lam: float) -> Array:
    """One class at a time, in single precision."""
    Q = softmax(X @ W)
    columns = [np.mean(X.T * (Q[:, k] - (y == k)), axis=1) + lam * W[:, k] for k in range(W.shape[1])]
    return np.column_stack(columns).astype(np.float32)


def _softmax(
    probabilities: Callable[[Array], Array] = softmax,
    residual: Callable[[Array, Array], Array] = lambda Q, Y: Q - Y,
    penalty: Callable[[Array], Array] = lambda W: W,
    factor: Callable[[int], float] = lambda n: 1 / n,
) -> Callable[..., Array]:
    """The gradient with one of its parts replaced."""

    def wrong(X: Array, y: Array, W: Array, lam: float) -> Array:
        R = residual(probabilities(X @ W), np.eye(W.shape[1])[y])
        return X.T @ R * factor(len(y)) + lam * penalty(W)

    return wrong


def softmax_mean_of_all(X: Array, y: Array, W: Array, lam: float) -> Array:
    """Divided by n times the number of classes."""
    return (softmax_gradient(X, y, W, lam) - lam * W) / W.shape[1] + lam * W


def softmax_classes_seen(X: Array, y: Array, W: Array, lam: float) -> Array:
    """As many classes as the largest label says; one that does not occur keeps its column, without data."""
    seen = int(y.max()) + 1
    total = lam * W
    total[:, :seen] += X.T @ (softmax(X @ W[:, :seen]) - np.eye(seen)[y]) / len(y)
    return total


def softmax_cases(rng: np.random.Generator) -> list[Case]:
    """Three and four classes, several strengths."""
    cases = [
        Case(
            (SMALL_X, np.array([0, 2, 1, 1]), np.array([[0.5, -1.0, 0.2], [0.3, 0.4, -0.6]]), 0.5),
            label="small",
        )
    ]
    for n, d, K, lam, label in (
        (9, 3, 4, 0.7, "random"),
        (11, 2, 3, 0.0, "no_penalty"),
        (8, 5, 3, 2.0, "strong"),
    ):
        X, _, _, _ = draw(rng, n, d)
        labels = rng.permutation(np.arange(n) % K)
        cases.append(Case((X, labels, rng.normal(size=(d, K)), lam), label=label))
    X, y, _, _ = draw(rng, 7, 2)
    cases.append(Case((X, y.astype(int), rng.normal(size=(2, 3)), 0.4), label="unseen_class"))
    return cases


EXERCISES = [
    Choice(
        id="classification.separable",
        chapter=5,
        minutes=1,
        options=("a", "b", "c", "d"),
        correct="b",
        misconceptions={"a": "minimum", "c": "solver", "d": "accuracy"},
    ),
    Exercise(
        id="classification.gradient",
        chapter=5,
        minutes=5,
        difficulty=1,
        signature="logistic_gradient(X, y, w, b, lam)",
        returns=("gradient for w", "gradient for b"),
        reference=gradient,
        alternatives={"loop": gradient_loop, "signs": gradient_signs, "float32": gradient_float32},
        misconceptions={
            "no_sigmoid": Misconception(gradient_no_sigmoid, "least squares on labels"),
            "slope_of_squares": Misconception(
                _gradient(residual=lambda q, y: (q - y) * q * (1 - q)), "squared loss on probabilities"
            ),
            "decisions": Misconception(gradient_labels, "the perceptron's step"),
            "residual_sign": Misconception(_gradient(residual=lambda q, y: y - q), "erratum 4"),
            "sum": Misconception(_gradient(factor=lambda n: 1.0), "erratum 5"),
            "halved_loss": Misconception(_gradient(factor=lambda n: 0.5 / n), "erratum 35"),
            "sum_for_b": Misconception(gradient_sum_b, "a mean forgotten in one of two places"),
            "penalty_doubled": Misconception(_gradient(penalty=lambda w: 2 * w), "erratum 7"),
            "penalty_forgotten": Misconception(_gradient(penalty=np.zeros_like), "pitfall 20"),
            "penalty_sign_of_w": Misconception(_gradient(penalty=np.sign), "the lasso's subgradient"),
            "intercept_penalised": Misconception(_gradient(penalty_b=1.0), "erratum 54"),
            "no_intercept": Misconception(gradient_no_intercept, "erratum 12"),
        },
        cases=gradient_cases,
    ),
    Exercise(
        id="classification.hessian",
        chapter=5,
        minutes=5,
        difficulty=2,
        signature="logistic_hessian(X, w, b, lam)",
        reference=hessian,
        alternatives={"loop": hessian_loop, "roots": hessian_roots, "diagonal": hessian_diag},
        misconceptions={
            "unweighted": Misconception(_hessian(weight=np.ones_like), "the Hessian of ridge"),
            "probability_only": Misconception(_hessian(weight=lambda q: q), "half of the derivative"),
            "quarter": Misconception(
                _hessian(weight=lambda q: np.full_like(q, 0.25)), "bound for the Hessian"
            ),
            "weights_twice": Misconception(
                _hessian(weight=lambda q: (q * (1 - q)) ** 2), "rows multiplied by the weight, not its root"
            ),
            "scores": Misconception(hessian_score, "sigmoid forgotten"),
            "sum": Misconception(_hessian(factor=lambda n: 1.0), "erratum 5"),
            "penalty_forgotten": Misconception(_hessian(penalty=lambda d, lam, n: 0.0), "pitfall 20"),
            "all_entries": Misconception(_hessian(penalty=lambda d, lam, n: lam), "NumPy broadcasting"),
            "penalty_doubled": Misconception(
                _hessian(penalty=lambda d, lam, n: 2 * lam * np.eye(d)), "erratum 7"
            ),
            "penalty_over_n": Misconception(
                _hessian(penalty=lambda d, lam, n: lam / n * np.eye(d)), "erratum 6"
            ),
            "off_diagonal": Misconception(hessian_diagonal, "one second derivative for each weight"),
            "no_intercept": Misconception(hessian_no_intercept, "erratum 12"),
        },
        cases=hessian_cases,
    ),
    Value(
        id="classification.C",
        chapter=5,
        minutes=2,
        difficulty=2,
        reference=1 / 15,
        misconceptions={
            "one_over_lam": Misconception(20.0, "pitfall 1"),
            "n_lam": Misconception(15.0, "Ridge's alpha"),
            "halved": Misconception(1 / 30, "erratum 7"),
            "doubled": Misconception(2 / 15, "erratum 17"),
            "n_over_lam": Misconception(6000.0, "pitfall 1"),
            "same_number": Misconception(0.05, "erratum 35"),
            "one_over_n": Misconception(1 / 300, "scikit-learn's default"),
            "rounded": Misconception(0.067, "rounded", also=(0.07, 0.0667, 0.06667)),
            "lam_over_n": Misconception(0.05 / 300, "erratum 6"),
        },
    ),
    Exercise(
        id="classification.threshold",
        chapter=5,
        minutes=3,
        difficulty=1,
        signature="cost_threshold(cost_missed, cost_alarm)",
        reference=threshold,
        alternatives={"ratio": threshold_ratio, "odds": threshold_odds},
        misconceptions={
            "swapped": Misconception(
                lambda cost_missed, cost_alarm: cost_missed / (cost_alarm + cost_missed), "costs swapped"
            ),
            "odds": Misconception(
                lambda cost_missed, cost_alarm: cost_alarm / cost_missed,
                "odds as probability",
                also=(lambda cost_missed, cost_alarm: min(1.0, cost_alarm / cost_missed),),
            ),
            "whole": Misconception(
                lambda cost_missed, cost_alarm: cost_alarm // (cost_alarm + cost_missed), "// for /"
            ),
            "rounded": Misconception(
                lambda cost_missed, cost_alarm: round(threshold(cost_missed, cost_alarm), 2), "rounded"
            ),
            "half": Misconception(lambda cost_missed, cost_alarm: 0.5, "erratum 53"),
            "log_odds": Misconception(
                lambda cost_missed, cost_alarm: float(np.log(cost_alarm / cost_missed)),
                "score as probability",
            ),
            "rare_class": Misconception(
                lambda cost_missed, cost_alarm: 0.95 * cost_alarm / (0.95 * cost_alarm + 0.05 * cost_missed),
                "the base rate used twice",
                also=(
                    lambda cost_missed, cost_alarm: (
                        0.05 * cost_alarm / (0.05 * cost_alarm + 0.95 * cost_missed)
                    ),
                ),
            ),
            "odds_swapped": Misconception(
                lambda cost_missed, cost_alarm: cost_missed / cost_alarm, "costs swapped, odds as probability"
            ),
        },
        cases=threshold_cases,
    ),
    Exercise(
        id="classification.lam_max",
        chapter=5,
        minutes=5,
        difficulty=2,
        signature="logistic_lam_max(X, y)",
        reference=lam_max,
        alternatives={
            "centred": lam_max_centred,
            "covariance": lam_max_covariance,
            "float32": lam_max_float32,
        },
        misconceptions={
            "labels_as_they_are": Misconception(
                _lam_max(lambda pull, n: np.abs(pull).max() / n, lambda y: y), "erratum 12"
            ),
            "half": Misconception(
                _lam_max(lambda pull, n: np.abs(pull).max() / n, lambda y: y - 0.5), "the intercept at 0"
            ),
            "signs": Misconception(
                _lam_max(lambda pull, n: np.abs(pull).max() / n, lambda y: 2 * (y - y.mean())),
                "labels -1 and +1",
            ),
            "without_n": Misconception(
                _lam_max(lambda pull, n: np.abs(pull).max(), lambda y: y - y.mean()), "pitfall 1"
            ),
            "no_absolute_value": Misconception(
                _lam_max(lambda pull, n: pull.max() / n, lambda y: y - y.mean()), "sign of the gradient"
            ),
            "columns_for_rows": Misconception(
                lambda X, y: lam_max(X, y) * len(y) / X.shape[1], "rows and columns"
            ),
            "sum_of_pulls": Misconception(
                _lam_max(lambda pull, n: np.abs(pull).sum() / n, lambda y: y - y.mean()), "norms confused"
            ),
        },
        cases=lam_max_cases,
    ),
    Exercise(
        id="classification.softmax_gradient",
        chapter=5,
        minutes=6,
        difficulty=2,
        signature="softmax_gradient(X, y, W, lam)",
        reference=softmax_gradient,
        alternatives={"loop": softmax_loop, "classes": softmax_classes},
        misconceptions={
            "wrong_axis": Misconception(
                _softmax(probabilities=lambda S: softmax(S, axis=0)), "softmax over the samples"
            ),
            "whole_table": Misconception(
                _softmax(probabilities=lambda S: np.exp(S) / np.exp(S).sum()), "softmax over everything"
            ),
            "classes_divided": Misconception(softmax_mean_of_all, "np.mean over the whole table"),
            "sigmoids": Misconception(_softmax(probabilities=sigmoid), "one sigmoid for each class"),
            "labels_forgotten": Misconception(_softmax(residual=lambda Q, Y: Q), "log-sum-exp alone"),
            "own_class_only": Misconception(
                _softmax(residual=lambda Q, Y: (Q - Y) * Y), "only the right class moves"
            ),
            "residual_sign": Misconception(_softmax(residual=lambda Q, Y: Y - Q), "erratum 4"),
            "sum": Misconception(_softmax(factor=lambda n: 1.0), "erratum 5"),
            "penalty_doubled": Misconception(_softmax(penalty=lambda W: 2 * W), "erratum 7"),
            "penalty_forgotten": Misconception(_softmax(penalty=np.zeros_like), "pitfall 20"),
            "classes_seen": Misconception(softmax_classes_seen, "a class that does not occur"),
            "twice": Misconception(
                _softmax(probabilities=lambda S: softmax(softmax(S))), "softmax applied twice"
            ),
        },
        cases=softmax_cases,
    ),
]
