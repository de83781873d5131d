"""Exercises of chapter 01, overfitting: features, splits, losses, bias and variance, loss plus penalty."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from course_lib.exercises.exercise import Case, Choice, Exercise, Fresh, Misconception, Value

__all__ = ["EXERCISES"]

Array = np.ndarray


# ------------------------------------------------------------------------------------------- polynomials


def polynomial_features(x: Array, degree: int) -> Array:
    """Columns x^0, x^1, ..., x^degree."""
    return np.asarray(x, dtype=float)[:, np.newaxis] ** np.arange(degree + 1)


def features_loop(x: Array, degree: int) -> list[list[float]]:
    """Entry by entry, as a list of rows."""
    return [[float(value) ** k for k in range(degree + 1)] for value in x]


def features_vander(x: Array, degree: int) -> Array:
    """NumPy's Vandermonde matrix, lowest power first."""
    return np.vander(x, degree + 1, increasing=True)


def features_cumulative(x: Array, degree: int) -> Array:
    """Each column is the one before it times x, in single precision."""
    columns = [np.ones(len(x), np.float32)]
    for _ in range(degree):
        columns.append(columns[-1] * np.asarray(x, np.float32))
    return np.column_stack(columns)


def features_no_constant(x: Array, degree: int) -> Array:
    """The column of ones is missing."""
    return polynomial_features(x, degree)[:, 1:]


def features_one_short(x: Array, degree: int) -> Array:
    """The highest power is missing."""
    return polynomial_features(x, degree)[:, :-1]


def features_multiples(x: Array, degree: int) -> Array:
    """Multiples 1, x, 2x, 3x instead of powers."""
    return np.column_stack([np.ones(len(x)), np.outer(x, np.arange(1, degree + 1))])


def features_falling(x: Array, degree: int) -> Array:
    """Highest power first."""
    return np.vander(x, degree + 1)


def features_transposed(x: Array, degree: int) -> Array:
    """One row per power."""
    return polynomial_features(x, degree).T


def features_times(x: Array, degree: int) -> Array:
    """Multiples of x, from 0 x on."""
    return np.outer(x, np.arange(degree + 1))


def features_exponent(x: Array, degree: int) -> Array:
    """Base and exponent exchanged."""
    return np.arange(degree + 1, dtype=float) ** np.asarray(x)[:, None]


def features_logarithm(x: Array, degree: int) -> Array:
    """Powers through the logarithm."""
    return np.exp(np.arange(degree + 1) * np.log(x)[:, None])


def features_ends(x: Array, degree: int) -> Array:
    """The first and the last power only."""
    return np.column_stack([np.ones(len(x)), np.asarray(x) ** degree])


def polynomial_cases(rng: np.random.Generator) -> list[Case]:
    """Negative values, a zero, several degrees, degree 0; never as many columns as rows."""
    return [
        Case((np.array([2.0, -1.0, 0.0, 3.0, 0.5]), 3), label="small"),
        Case((np.array([0.5, -2.0]), 2), label="two_rows"),
        Case((rng.uniform(-1.5, 1.5, 9), 6), label="random"),
        Case((rng.uniform(0.0, 1.0, 4), 1), label="line"),
    ]


# ------------------------------------------------------------------------------------- bias and variance


def bias_variance(predictions: Array, truth: Array) -> tuple[float, float]:
    """Squared bias and variance, averaged over the points."""
    mean = predictions.mean(axis=0)
    return float(np.mean((mean - truth) ** 2)), float(np.mean((predictions - mean) ** 2))


def bias_variance_var(predictions: Array, truth: Array) -> list[Any]:
    """With NumPy's variance, in single precision, as a list."""
    predictions = np.asarray(predictions, np.float32)
    return [np.mean((truth - predictions.mean(axis=0)) ** 2), predictions.var(axis=0).mean()]


def bias_variance_loop(predictions: Array, truth: Array) -> tuple[float, float]:
    """Point by point."""
    bias, variance, (draws, points) = 0.0, 0.0, predictions.shape
    for j in range(points):
        mean = sum(predictions[i, j] for i in range(draws)) / draws
        bias += (mean - truth[j]) ** 2 / points
        variance += sum((predictions[i, j] - mean) ** 2 for i in range(draws)) / draws / points
    return bias, variance


def bias_variance_difference(predictions: Array, truth: Array) -> tuple[float, float]:
    """The variance as what is left of the mean squared error."""
    bias = np.mean((predictions.mean(axis=0) - truth) ** 2)
    return float(bias), float(np.mean((predictions - truth) ** 2) - bias)


def bias_not_squared(predictions: Array, truth: Array) -> tuple[float, float]:
    """The bias without its square, so that points of opposite sign cancel."""
    return float(np.mean(predictions.mean(axis=0) - truth)), bias_variance(predictions, truth)[1]


def bias_averaged_first(predictions: Array, truth: Array) -> tuple[float, float]:
    """The bias averaged over the points before it is squared."""
    return float(np.mean(predictions - truth) ** 2), bias_variance(predictions, truth)[1]


def bias_total(predictions: Array, truth: Array) -> tuple[float, float]:
    """The mean squared error in place of the squared bias."""
    return float(np.mean((predictions - truth) ** 2)), bias_variance(predictions, truth)[1]


def variance_over_points(predictions: Array, truth: Array) -> tuple[float, float]:
    """The spread along x instead of the spread over training sets."""
    return bias_variance(predictions, truth)[0], float(predictions.var(axis=1).mean())


def variance_of_everything(predictions: Array, truth: Array) -> tuple[float, float]:
    """Around the mean of all predictions at all points."""
    return bias_variance(predictions, truth)[0], float(predictions.var())


def variance_unbiased(predictions: Array, truth: Array) -> tuple[float, float]:
    """Divided by the number of draws minus one."""
    return bias_variance(predictions, truth)[0], float(predictions.var(axis=0, ddof=1).mean())


def bias_absolute(predictions: Array, truth: Array) -> tuple[float, float]:
    """The mean absolute bias."""
    _, variance = bias_variance(predictions, truth)
    return float(np.mean(np.abs(predictions.mean(axis=0) - truth))), variance


def bias_grand_mean(predictions: Array, truth: Array) -> tuple[float, float]:
    """One mean prediction for all points."""
    return float(np.mean((predictions.mean() - truth) ** 2)), bias_variance(predictions, truth)[1]


def variance_root(predictions: Array, truth: Array) -> tuple[float, float]:
    """Standard deviations, averaged over the points."""
    return bias_variance(predictions, truth)[0], float(predictions.std(axis=0).mean())


def variance_root_last(predictions: Array, truth: Array) -> tuple[float, float]:
    """The root of the averaged variance."""
    bias_squared, variance = bias_variance(predictions, truth)
    return bias_squared, float(np.sqrt(variance))


def variance_around_truth(predictions: Array, truth: Array) -> tuple[float, float]:
    """The spread around the truth."""
    return bias_variance(predictions, truth)[0], float(np.mean((predictions - truth) ** 2))


def not_averaged(predictions: Array, truth: Array) -> tuple[Array, Array]:
    """One pair of numbers for each point."""
    return (predictions.mean(axis=0) - truth) ** 2, predictions.var(axis=0)


def prediction_cases(rng: np.random.Generator) -> list[Case]:
    """Biases of both signs, as many draws as points never, spreads that differ along x."""
    small = np.array([[1.0, 4.0], [3.0, 0.0], [2.0, -1.0]])
    cases = [Case((small, np.array([1.0, 3.0])), label="small")]
    constant = np.tile(np.array([1.0, -2.0, 0.0, 4.0]), (3, 1))
    cases.append(Case((constant, np.array([1.0, 0.0, 1.0, 4.5])), label="no_spread"))
    for draws, points in ((6, 3), (4, 9)):
        truth = rng.normal(size=points) * 3
        bias = rng.choice([-1.0, 1.0], points) * rng.uniform(0.3, 1.5, points)
        spread = rng.uniform(0.2, 2.0, points)
        cases.append(Case((truth + bias + spread * rng.normal(size=(draws, points)), truth), label="random"))
    return cases


# ------------------------------------------------------------------------------------------------ losses


def huber_gradient(y: Array, score: Array, delta: float) -> Array:
    """Gradient of the mean Huber loss with respect to the scores."""
    return np.clip(score - y, -delta, delta) / len(y)


def huber_where(y: Array, score: Array, delta: float) -> Array:
    """Two branches."""
    r = score - y
    return np.where(np.abs(r) <= delta, r, delta * np.sign(r)) / r.size


def huber_loop(y: Array, score: Array, delta: float) -> list[float]:
    """One sample at a time, as a list."""
    result = []
    for target, value in zip(y, score, strict=True):
        r = value - target
        slope = r if abs(r) < delta else (delta if r > 0 else -delta)
        result.append(slope / len(y))
    return result


def huber_float32(y: Array, score: Array, delta: float) -> Array:
    """In single precision, by shortening the residual."""
    r = np.asarray(score, np.float32) - np.asarray(y, np.float32)
    return np.float32(1 / len(y)) * r * np.minimum(1, np.float32(delta) / np.maximum(np.abs(r), 1e-20))


def huber_sum(y: Array, score: Array, delta: float) -> Array:
    """Gradient of the sum."""
    return huber_gradient(y, score, delta) * len(y)


def huber_unit_tails(y: Array, score: Array, delta: float) -> Array:
    """Slope ±1 in the tails, whatever delta is."""
    r = score - y
    return np.where(np.abs(r) <= delta, r, np.sign(r)) / len(y)


def huber_outliers_ignored(y: Array, score: Array, delta: float) -> Array:
    """Slope 0 in the tails."""
    r = score - y
    return np.where(np.abs(r) <= delta, r, 0.0) / len(y)


def huber_smooth_l1(y: Array, score: Array, delta: float) -> Array:
    """Gradient of torch's SmoothL1Loss(beta=delta): Huber divided by delta."""
    return huber_gradient(y, score, delta) / delta


def huber_positive_tails(y: Array, score: Array, delta: float) -> Array:
    """Slope +delta in both tails."""
    r = score - y
    return np.where(np.abs(r) <= delta, r, delta) / len(y)


def huber_one_tail(y: Array, score: Array, delta: float) -> Array:
    """The residual is compared with delta without its absolute value."""
    return np.minimum(score - y, delta) / len(y)


def huber_parabola_doubled(y: Array, score: Array, delta: float) -> Array:
    """A parabola without its ½."""
    r = score - y
    return np.where(np.abs(r) <= delta, 2 * r, delta * np.sign(r)) / len(y)


def huber_loss(y: Array, score: Array, delta: float) -> float:
    """The loss itself."""
    r = np.abs(score - y)
    return float(np.mean(np.where(r <= delta, r**2 / 2, delta * (r - delta / 2))))


def huber_squared_threshold(y: Array, score: Array, delta: float) -> Array:
    """The square of the residual held against delta."""
    r = score - y
    return np.where(r**2 <= delta, r, delta * np.sign(r)) / len(y)


def huber_squared_loss(y: Array, score: Array, delta: float) -> Array:
    """The gradient of the squared loss."""
    return (score - y) / len(y)


def residual_cases(rng: np.random.Generator) -> list[Case]:
    """Residuals of both signs on both sides of delta, several deltas, a perfect prediction."""
    cases = [
        Case((np.array([3.0, -1.0, 0.0, 5.0]), np.array([1.0, -0.5, 0.0, 11.0]), 1.5), label="small"),
        Case((np.array([1.0, -2.0, 0.5]), np.array([1.2, -2.3, 0.5]), 2.0), label="all_small"),
        Case((np.array([40.0, -30.0]), np.array([1.0, 2.0]), 0.5), label="outliers"),
        Case((np.array([0.0, 1.0, 2.0]), np.array([1.8, -0.7, 2.1]), 2.0), label="all_small"),
    ]
    for n, delta in ((7, 0.4), (11, 2.5)):
        y = rng.normal(size=n)
        r = rng.choice([-1.0, 1.0], n) * delta * np.resize([0.3, 0.8, 1.7, 4.0], n) * rng.uniform(0.9, 1.1, n)
        cases.append(Case((y, y + r, delta), label="random"))
    return cases


def cross_entropy(labels: Array, scores: Array) -> float:
    """Mean cross-entropy of the softmax of the scores, stable."""
    scores = np.asarray(scores, dtype=float)
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_total = np.log(np.exp(shifted).sum(axis=1))
    return float(np.mean(log_total - shifted[np.arange(len(labels)), labels]))


def cross_entropy_logaddexp(labels: Array, scores: Array) -> np.floating:
    """With NumPy's stable logarithm of a sum."""
    return np.mean(np.logaddexp.reduce(scores, axis=1) - scores[np.arange(len(labels)), labels])


def cross_entropy_loop(labels: Array, scores: Array) -> float:
    """One row at a time: differences to the score of the label."""
    total = 0.0
    for label, row in zip(labels, scores, strict=True):
        top = max(row)
        total += top + np.log(sum(np.exp(value - top) for value in row)) - row[label]
    return total / len(labels)


def cross_entropy_one_hot(labels: Array, scores: Array) -> np.floating:
    """With one-hot labels and log-probabilities, in single precision."""
    scores = np.asarray(scores, np.float32)
    log_p = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
    return -(np.eye(scores.shape[1], dtype=np.float32)[labels] * log_p).sum() / np.float32(len(labels))


def _probabilities(scores: Array) -> Array:
    shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


def cross_entropy_naive(labels: Array, scores: Array) -> float:
    """exp of the raw scores: overflows."""
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return float(-np.mean(np.log(p[np.arange(len(labels)), labels])))


def cross_entropy_log_of_zero(labels: Array, scores: Array) -> float:
    """Shifted, but through probabilities: one of them rounds to 0."""
    return float(-np.mean(np.log(_probabilities(scores)[np.arange(len(labels)), labels])))


def cross_entropy_epsilon(labels: Array, scores: Array) -> float:
    """The usual small number inside the logarithm."""
    return float(-np.mean(np.log(_probabilities(scores)[np.arange(len(labels)), labels] + 1e-12)))


def cross_entropy_shift_lost(labels: Array, scores: Array) -> float:
    """The maximum is subtracted in the exponent and never added back."""
    log_total = np.log(np.exp(scores - scores.max(axis=1, keepdims=True)).sum(axis=1))
    return float(np.mean(log_total - scores[np.arange(len(labels)), labels]))


def cross_entropy_sum(labels: Array, scores: Array) -> float:
    """Sum instead of mean."""
    return cross_entropy(labels, scores) * len(labels)


def cross_entropy_twice(labels: Array, scores: Array) -> float:
    """Softmax applied before a loss that applies it."""
    return cross_entropy(labels, _probabilities(scores))


def cross_entropy_naive_sum(labels: Array, scores: Array) -> float:
    """exp of the raw scores inside the logarithm."""
    return float(np.mean(np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(len(labels)), labels]))


def cross_entropy_one_shift(labels: Array, scores: Array) -> float:
    """One maximum for the whole table."""
    top = scores.max()
    log_sum = top + np.log(np.exp(scores - top).sum(axis=1))
    return float(np.mean(log_sum - scores[np.arange(len(labels)), labels]))


def cross_entropy_over_rows(labels: Array, scores: Array) -> float:
    """Probabilities that sum to 1 over the samples."""
    shifted = scores - scores.max(axis=0)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=0))
    return float(-np.mean(log_p[np.arange(len(labels)), labels]))


def cross_entropy_over_table(labels: Array, scores: Array) -> float:
    """The mean over samples and classes."""
    return cross_entropy(labels, scores) / scores.shape[1]


def cross_entropy_bits(labels: Array, scores: Array) -> float:
    """Logarithms to base 2."""
    return cross_entropy(labels, scores) / float(np.log(2))


def cross_entropy_all_pairs(labels: Array, scores: Array) -> float:
    """Every label looked up in every row."""
    top = scores.max(axis=1)
    log_sum = top + np.log(np.exp(scores - top[:, None]).sum(axis=1))
    return float(np.mean(log_sum - scores[:, labels])) if len(labels) else 0.0


def score_cases(rng: np.random.Generator) -> list[Case]:
    """Small scores, scores of several hundred of both signs, two and more classes."""
    small = np.array([[2.0, 0.0, -1.0], [0.5, 0.5, 0.0], [0.0, 3.0, 1.0]])
    return [
        Case((np.array([0, 2, 1]), small), label="small"),
        Case((np.array([1, 0]), np.array([[900.0, 902.0, 899.0], [-3.0, -1.0, -2.0]])), label="large"),
        Case((np.array([0, 1]), np.array([[-1000.0, 3.0], [2.0, -1.0]])), label="certain_and_wrong"),
        Case((rng.integers(0, 4, 7), rng.normal(size=(7, 4)) * 3), label="random"),
        Case((rng.integers(0, 2, 5), rng.normal(size=(5, 2)) * 2), label="two_classes"),
    ]  # fmt: skip


# ----------------------------------------------------------------------------------------------- penalty


def penalised_step(w: Array, loss_gradient: Array, lam: float, step: float) -> Array:
    """One gradient descent step on L(w) + lam/2 ||w||²."""
    return w - step * (loss_gradient + lam * w)


def step_decay(w: Array, loss_gradient: Array, lam: float, step: float) -> Array:
    """Shrink first, then follow the loss."""
    return (1 - step * lam) * w - step * loss_gradient


def step_loop(w: Array, loss_gradient: Array, lam: float, step: float) -> list[float]:
    """One weight at a time, as a list."""
    return [float(w[j] - step * loss_gradient[j] - step * lam * w[j]) for j in range(len(w))]


def step_float32(w: Array, loss_gradient: Array, lam: float, step: float) -> Array:
    """In single precision."""
    w, g = np.asarray(w, np.float32), np.asarray(loss_gradient, np.float32)
    return w - np.float32(step) * g - np.float32(step * lam) * w


def step_without_penalty(w: Array, loss_gradient: Array, lam: float, step: float) -> Array:
    """The penalty is passed in and ignored."""
    return w - step * loss_gradient


def step_away(w: Array, loss_gradient: Array, lam: float, step: float) -> Array:
    """The penalty pushes away from zero."""
    return w - step * (loss_gradient - lam * w)


def step_squared_lam(w: Array, loss_gradient: Array, lam: float, step: float) -> Array:
    """Lambda inside R and again in front of it."""
    return w - step * (loss_gradient + lam**2 * w)


def step_doubled(w: Array, loss_gradient: Array, lam: float, step: float) -> Array:
    """The ½ forgotten."""
    return w - step * (loss_gradient + 2 * lam * w)


def step_absolute(w: Array, loss_gradient: Array, lam: float, step: float) -> Array:
    """|w| in place of w."""
    return w - step * (loss_gradient + lam * np.abs(w))


def step_penalty_unscaled(w: Array, loss_gradient: Array, lam: float, step: float) -> Array:
    """The step size multiplies the loss's gradient only."""
    return w - step * loss_gradient - lam * w


def _step(gradient: Callable[[Array, Array, float], Array]) -> Callable[..., Array]:
    """A step along another gradient."""

    def wrong(w: Array, loss_gradient: Array, lam: float, step: float) -> Array:
        return w - step * gradient(w, loss_gradient, lam)

    return wrong


def step_one_after_the_other(w: Array, loss_gradient: Array, lam: float, step: float) -> Array:
    """The penalty's pull at the new weights."""
    w = w - step * loss_gradient
    return w - step * lam * w


def step_cases(rng: np.random.Generator) -> list[Case]:
    """Weights of both signs and a zero, a weight without gradient, strengths 0, below and above 1."""
    cases = [
        Case((np.array([3.0, -2.0, 0.0]), np.array([1.0, 0.0, -2.0]), 0.5, 0.1), label="small"),
        Case((np.array([1.0, -4.0]), np.array([0.3, 0.2]), 0.0, 0.2), label="no_penalty"),
    ]
    for d, lam, step in ((4, 0.3, 0.05), (6, 3.0, 0.2)):
        w = rng.choice([-1.0, 1.0], d) * rng.uniform(0.5, 2.0, d)
        cases.append(Case((w, rng.normal(size=d), lam, step), label="random"))
    negative = -rng.uniform(0.5, 2.0, 3)
    return [*cases, Case((negative, rng.normal(size=3), 0.7, 0.3), label="negative")]


# ------------------------------------------------------------------------------------------------- split


def three_way_split(n: int, n_validation: int, n_test: int, rng: np.random.Generator) -> tuple[Array, ...]:
    """Row numbers for training, validation and test."""
    order = rng.permutation(n)
    rest, test = order[: n - n_test], order[n - n_test :]
    return rest[n_validation:], rest[:n_validation], test


def split_shuffle(n: int, n_validation: int, n_test: int, rng: np.random.Generator) -> list[list[int]]:
    """A list shuffled in place and cut into three."""
    rows = list(range(n))
    rng.shuffle(rows)
    cut = n - n_validation - n_test
    return [rows[:cut], rows[cut : cut + n_validation], rows[cut + n_validation :]]


def split_choice(n: int, n_validation: int, n_test: int, rng: np.random.Generator) -> tuple[Array, ...]:
    """Held-out rows drawn without replacement, the rest sorted."""
    held_out = rng.choice(n, n_validation + n_test, replace=False)
    return np.setdiff1d(np.arange(n), held_out), held_out[:n_validation], held_out[n_validation:]


def split_ranks(n: int, n_validation: int, n_test: int, rng: np.random.Generator) -> tuple[Array, ...]:
    """Rows in the order of random numbers."""
    test, validation, train = np.split(rng.random(n).argsort(), [n_test, n_test + n_validation])
    return train, validation, test


def split_masks(n: int, n_validation: int, n_test: int, rng: np.random.Generator) -> tuple[Array, ...]:
    """Three boolean masks."""
    rank = rng.permutation(n)
    test, validation = rank < n_test, (rank >= n_test) & (rank < n_test + n_validation)
    return ~(test | validation), validation, test


def split_replaced(n: int, n_validation: int, n_test: int, rng: np.random.Generator) -> tuple[Array, ...]:
    """Drawn with replacement."""
    rows, cut = rng.integers(0, n, n), n - n_validation - n_test
    return rows[:cut], rows[cut : cut + n_validation], rows[cut + n_validation :]


def split_blocks(n: int, n_validation: int, n_test: int, rng: np.random.Generator) -> tuple[Array, ...]:
    """Cut first and shuffled afterwards, inside the parts."""
    first, second, third = (rng.permutation(part) for part in split_unshuffled(n, n_validation, n_test, rng))
    return first, second, third


def split_held_out_overlap(
    n: int, n_validation: int, n_test: int, rng: np.random.Generator
) -> tuple[Array, ...]:
    """Validation and test drawn independently, the rest for training."""
    validation, test = (rng.choice(n, size, replace=False) for size in (n_validation, n_test))
    return np.setdiff1d(np.arange(n), np.append(validation, test)), validation, test


def split_train_keeps_test(
    n: int, n_validation: int, n_test: int, rng: np.random.Generator
) -> tuple[Array, ...]:
    """Everything but the validation rows for training."""
    order = rng.permutation(n)
    return order[n_validation:], order[:n_validation], order[n_validation : n_validation + n_test]


def split_from_one(n: int, n_validation: int, n_test: int, rng: np.random.Generator) -> tuple[Array, ...]:
    """Rows counted from 1."""
    train, validation, test = three_way_split(n, n_validation, n_test, rng)
    return train + 1, validation + 1, test + 1


def split_unshuffled(n: int, n_validation: int, n_test: int, rng: np.random.Generator) -> tuple[Array, ...]:
    """The rows in the order of the file."""
    rows, cut = np.arange(n), n - n_validation - n_test
    return rows[:cut], rows[cut : cut + n_validation], rows[cut + n_validation :]


def split_independent(n: int, n_validation: int, n_test: int, rng: np.random.Generator) -> tuple[Array, ...]:
    """Three draws that know nothing of each other."""
    sizes = (n - n_validation - n_test, n_validation, n_test)
    first, second, third = (rng.choice(n, size, replace=False) for size in sizes)
    return first, second, third


def split_test_twice(n: int, n_validation: int, n_test: int, rng: np.random.Generator) -> tuple[Array, ...]:
    """The test rows are used for validation too."""
    train, _validation, test = three_way_split(n, n_validation, n_test, rng)
    return train, test[:n_validation], test


def split_train_keeps_validation(
    n: int, n_validation: int, n_test: int, rng: np.random.Generator
) -> tuple[Array, ...]:
    """Validation rows cut out of the training rows without removing them there."""
    order = rng.permutation(n)
    return order[: n - n_test], order[:n_validation], order[n - n_test :]


def split_test_at_the_end(
    n: int, n_validation: int, n_test: int, rng: np.random.Generator
) -> tuple[Array, ...]:
    """The last rows of the file are the test part; only the rest is shuffled."""
    rest = rng.permutation(n - n_test)
    return rest[n_validation:], rest[:n_validation], np.arange(n - n_test, n)


def split_own_seed(n: int, n_validation: int, n_test: int, rng: np.random.Generator) -> tuple[Array, ...]:
    """Drawn from a generator made inside the function."""
    return three_way_split(n, n_validation, n_test, np.random.default_rng(0))


def describe_split(answer: Callable[..., Any], n: int, n_validation: int, n_test: int, rng: Any) -> Any:
    """What matters about a split; every right one, whatever its order, gives the same description."""
    again, other = copy.deepcopy(rng), np.random.default_rng(1)
    given = answer(n, n_validation, n_test, rng)
    parts = _row_numbers(given)
    repeated = _row_numbers(answer(n, n_validation, n_test, again))
    elsewhere = _row_numbers(answer(n, n_validation, n_test, other))
    train, validation, test = (set(part) for part in parts)
    return {
        "training rows": len(parts[0]),
        "validation rows": len(parts[1]),
        "test rows": len(parts[2]),
        "a row twice in one part": any(len(set(part)) < len(part) for part in parts),
        "in training and test": bool(train & test),
        "in training and validation": bool(train & validation),
        "in validation and test": bool(validation & test),
        "a row that does not exist": not train | validation | test <= set(range(n)),
        "boolean masks for row numbers": any(np.asarray(part).dtype.kind == "b" for part in given),
        "rows never used": not set(range(n)) <= train | validation | test,
        "training rows are neighbours": _neighbours(train, n),
        "validation rows are neighbours": _neighbours(validation, n),
        "test rows are neighbours": _neighbours(test, n),
        "same rng, other split": parts != repeated,
        "other rng, same split": parts == elsewhere,
    }


def _neighbours(part: set[int], n: int) -> bool:
    """Whether the rows are one block of the file; the last row counts as a neighbour of the first."""
    return sum((row + 1) % n not in part for row in part) <= 1


def _row_numbers(parts: Any) -> list[list[int]]:
    """Three lists of row numbers, whether they came as numbers or as boolean masks."""
    arrays = (
        [np.asarray(part) if len(part) else np.zeros(0, int) for part in parts] if np.iterable(parts) else []
    )
    if len(arrays) != 3 or any(part.ndim != 1 or part.dtype.kind not in "iub" for part in arrays):
        raise ValueError("return three arrays of row numbers: train, validation, test")
    return [(np.flatnonzero(part) if part.dtype.kind == "b" else part).tolist() for part in arrays]


def split_cases(rng: np.random.Generator) -> list[Case]:
    """Three different sizes, large enough that an accident cannot look like a mistake."""
    seeds = [int(seed) for seed in rng.integers(2, 2**31, 4)]
    sizes = (
        ((40, 8, 12), "small"),
        ((300, 60, 90), "large"),
        ((200, 70, 30), "large"),
        ((100, 30, 0), "no_test"),
    )
    return [Case((*size, _generator(seed)), label=label, observe=describe_split)
            for (size, label), seed in zip(sizes, seeds, strict=True)]  # fmt: skip


def _generator(seed: int) -> Fresh:
    return Fresh(lambda: np.random.default_rng(seed))


EXERCISES = [
    Exercise(
        id="overfitting.polynomial_features",
        chapter=1,
        minutes=4,
        difficulty=1,
        signature="polynomial_features(x, degree)",
        reference=polynomial_features,
        alternatives={"loop": features_loop, "vander": features_vander, "cumulative": features_cumulative},
        misconceptions={
            "no_constant": Misconception(features_no_constant, "classroom"),
            "one_short": Misconception(features_one_short, "classroom"),
            "multiples": Misconception(features_multiples, "classroom", also=(features_times,)),
            "falling": Misconception(features_falling, "classroom"),
            "transposed": Misconception(features_transposed, "classroom"),
            "exponent": Misconception(features_exponent, "base and exponent exchanged"),
            "logarithm": Misconception(features_logarithm, "x^k as exp(k log x)"),
            "ends_only": Misconception(features_ends, "classroom"),
        },
        cases=polynomial_cases,
    ),
    Choice(
        id="overfitting.which_curve",
        chapter=1,
        minutes=2,
        options=("a", "b", "c", "d"),
        correct="c",
        misconceptions={"a": "both_high", "b": "both_low", "d": "validation_lower"},
    ),
    Exercise(
        id="overfitting.bias_variance",
        chapter=1,
        minutes=6,
        difficulty=2,
        signature="bias_variance(predictions, truth)",
        returns=("bias_squared", "variance"),
        reference=bias_variance,
        alternatives={
            "var": bias_variance_var,
            "loop": bias_variance_loop,
            "difference": bias_variance_difference,
        },
        misconceptions={
            "not_squared": Misconception(bias_not_squared, "classroom"),
            "averaged_first": Misconception(bias_averaged_first, "classroom"),
            "total": Misconception(bias_total, "classroom"),
            "over_points": Misconception(variance_over_points, "classroom"),
            "of_everything": Misconception(variance_of_everything, "classroom"),
            "unbiased": Misconception(variance_unbiased, "classroom"),
            "absolute": Misconception(bias_absolute, "classroom"),
            "grand_mean": Misconception(bias_grand_mean, "axis forgotten"),
            "around_truth": Misconception(variance_around_truth, "classroom"),
            "not_averaged": Misconception(not_averaged, "classroom"),
            "root": Misconception(variance_root, "standard deviation", also=(variance_root_last,)),
        },
        cases=prediction_cases,
    ),
    Value(
        id="overfitting.irreducible_error",
        chapter=1,
        minutes=2,
        difficulty=1,
        reference=0.25,
        misconceptions={
            "standard_deviation": 0.5,
            "half": 0.125,
            "zero": 0.0,
            "root": 0.5**0.5,
            "squared_twice": 0.0625,
        },
    ),
    Exercise(
        id="overfitting.huber_gradient",
        chapter=1,
        minutes=5,
        difficulty=2,
        signature="huber_gradient(y, score, delta)",
        reference=huber_gradient,
        alternatives={"where": huber_where, "loop": huber_loop, "float32": huber_float32},
        misconceptions={
            "sum": Misconception(huber_sum, "erratum 5"),
            "unit_tails": Misconception(huber_unit_tails, "classroom"),
            "outliers_ignored": Misconception(huber_outliers_ignored, "classroom"),
            "smooth_l1": Misconception(huber_smooth_l1, "torch.nn.SmoothL1Loss"),
            "positive_tails": Misconception(huber_positive_tails, "classroom"),
            "one_tail": Misconception(huber_one_tail, "classroom"),
            "parabola_doubled": Misconception(huber_parabola_doubled, "erratum 7"),
            "loss": Misconception(huber_loss, "value and gradient confused"),
            "squared_threshold": Misconception(huber_squared_threshold, "classroom"),
            "never_cut": Misconception(huber_squared_loss, "classroom"),
        },
        cases=residual_cases,
    ),
    Exercise(
        id="overfitting.cross_entropy",
        chapter=1,
        minutes=6,
        difficulty=2,
        signature="cross_entropy(labels, scores)",
        reference=cross_entropy,
        alternatives={
            "logaddexp": cross_entropy_logaddexp,
            "loop": cross_entropy_loop,
            "one_hot": cross_entropy_one_hot,
        },
        misconceptions={
            "naive": Misconception(cross_entropy_naive, "classroom", also=(cross_entropy_naive_sum,)),
            "log_of_zero": Misconception(cross_entropy_log_of_zero, "classroom"),
            "epsilon": Misconception(cross_entropy_epsilon, "classroom"),
            "shift_lost": Misconception(cross_entropy_shift_lost, "classroom"),
            "sum": Misconception(cross_entropy_sum, "erratum 5"),
            "twice": Misconception(cross_entropy_twice, "erratum 21"),
            "one_shift": Misconception(cross_entropy_one_shift, "max without axis"),
            "over_rows": Misconception(cross_entropy_over_rows, "axis confused"),
            "over_table": Misconception(cross_entropy_over_table, "mean over one-hot entries"),
            "bits": Misconception(cross_entropy_bits, "log2"),
            "all_pairs": Misconception(cross_entropy_all_pairs, "NumPy indexing"),
        },
        cases=score_cases,
    ),
    Exercise(
        id="overfitting.penalised_step",
        chapter=1,
        minutes=4,
        difficulty=1,
        signature="penalised_step(w, loss_gradient, lam, step)",
        reference=penalised_step,
        alternatives={"decay": step_decay, "loop": step_loop, "float32": step_float32},
        misconceptions={
            "no_penalty": Misconception(step_without_penalty, "pitfall 20"),
            "away": Misconception(step_away, "classroom"),
            "squared_lam": Misconception(step_squared_lam, "erratum 51"),
            "doubled": Misconception(step_doubled, "erratum 17"),
            "absolute": Misconception(step_absolute, "erratum 3"),
            "unscaled": Misconception(step_penalty_unscaled, "pitfall 4"),
            "square": Misconception(_step(lambda w, g, lam: g + lam * w**2), "erratum 3"),
            "value": Misconception(
                _step(lambda w, g, lam: g + lam * np.sum(w**2) / 2), "value and gradient confused"
            ),
            "lam_on_everything": Misconception(_step(lambda w, g, lam: lam * (g + w)), "brackets"),
            "one_after_the_other": Misconception(step_one_after_the_other, "classroom"),
            "sign": Misconception(_step(lambda w, g, lam: g + lam * np.sign(w)), "the lasso's subgradient"),
        },
        cases=step_cases,
    ),
    Exercise(
        id="overfitting.three_way_split",
        chapter=1,
        minutes=6,
        difficulty=2,
        signature="three_way_split(n, n_validation, n_test, rng)",
        returns=("train", "validation", "test"),
        reference=three_way_split,
        alternatives={"shuffle": split_shuffle, "choice": split_choice, "ranks": split_ranks},
        misconceptions={
            "unshuffled": Misconception(split_unshuffled, "erratum 22"),
            "independent": Misconception(split_independent, "classroom"),
            "test_twice": Misconception(split_test_twice, "erratum 26"),
            "train_keeps_validation": Misconception(split_train_keeps_validation, "classroom"),
            "test_at_the_end": Misconception(split_test_at_the_end, "classroom"),
            "own_seed": Misconception(split_own_seed, "classroom"),
            "masks": Misconception(split_masks, "masks for indices"),
            "replaced": Misconception(split_replaced, "rng.integers"),
            "blocks": Misconception(split_blocks, "shuffled too late"),
            "held_out_overlap": Misconception(split_held_out_overlap, "classroom"),
            "train_keeps_test": Misconception(split_train_keeps_test, "a slice with one end"),
            "from_one": Misconception(split_from_one, "counting from 1"),
        },
        cases=split_cases,
    ),
]
