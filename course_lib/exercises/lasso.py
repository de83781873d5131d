"""Exercises of chapter 03, lasso: J(w, b) = 1/(2n) ||y - Xw - b||² + lam ||w||_1."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from course_lib.exercises.exercise import Case, Choice, Exercise, Misconception

__all__ = ["EXERCISES"]

Array = np.ndarray


def draw(rng: np.random.Generator, n: int, d: int) -> tuple[Array, Array]:
    """Data that are not centred and whose columns have different scales."""
    X = rng.normal(size=(n, d)) * rng.uniform(0.7, 2.5, d) + rng.uniform(0.5, 2.0, d)
    return X, X @ rng.normal(size=d) + rng.normal(size=n) + 3.0


SMALL_X = np.array([[1.0, 2.0, 0.0], [0.0, -1.0, 2.0], [3.0, 1.0, 1.0], [2.0, 0.0, -1.0]])
SMALL_Y = np.array([3.0, 0.0, 4.0, 1.0])


# ------------------------------------------------------------------------------------------- subgradient


def pull(X: Array, y: Array, w: Array) -> Array:
    """Minus the gradient of the data loss: how hard the data pull on each weight."""
    return X.T @ (y - X @ w) / len(y)


def subgradient(X: Array, y: Array, w: Array, lam: float) -> Array:
    """The subgradient of the lasso objective with sign(0) = 0."""
    return -pull(X, y, w) + lam * np.sign(w)


def subgradient_loop(X: Array, y: Array, w: Array, lam: float) -> list[float]:
    """One coordinate at a time, as a list."""
    result = []
    for j in range(len(w)):
        slope = sum((float(X[i] @ w) - y[i]) * X[i, j] for i in range(len(y))) / len(y)
        result.append(slope + (lam if w[j] > 0 else -lam if w[j] < 0 else 0.0))
    return result


def subgradient_difference(X: Array, y: Array, w: Array, lam: float) -> Array:
    """The sign as a difference of comparisons."""
    n = X.shape[0]
    return (X.T @ X @ w - X.T @ y) / n + lam * ((w > 0) * 1.0 - (w < 0) * 1.0)


def subgradient_float32(X: Array, y: Array, w: Array, lam: float) -> Array:
    """In single precision."""
    X, y, w = (np.asarray(a, np.float32) for a in (X, y, w))
    return X.T @ (X @ w - y) / np.float32(len(y)) + np.float32(lam) * np.sign(w)


def _subgradient(penalty: Callable[[Array], Array], data: float = 1.0) -> Callable[..., Array]:
    """Another penalty term, or the data term multiplied by a constant."""

    def wrong(X: Array, y: Array, w: Array, lam: float) -> Array:
        return -data * pull(X, y, w) + lam * penalty(w)

    return wrong


def subgradient_sum(X: Array, y: Array, w: Array, lam: float) -> Array:
    """Sum over the samples instead of the mean."""
    return X.T @ (X @ w - y) + lam * np.sign(w)


def subgradient_lam_over_n(X: Array, y: Array, w: Array, lam: float) -> Array:
    """The penalty divided by n like the data term."""
    return -pull(X, y, w) + lam / len(y) * np.sign(w)


def subgradient_smallest(X: Array, y: Array, w: Array, lam: float) -> Array:
    """At 0 the element of the interval that leaves the smallest slope."""
    c = pull(X, y, w)
    return -c + np.where(w == 0, np.clip(c, -lam, lam), lam * np.sign(w))


def subgradient_cases(rng: np.random.Generator) -> list[Case]:
    """Weights of both signs and exact zeros, several strengths."""
    cases = [
        Case((SMALL_X, SMALL_Y, np.array([2.0, -1.5, 0.0]), 0.5), label="mixed"),
        Case((SMALL_X, SMALL_Y, np.array([1.5, 0.5, -0.2]), 0.0), label="no_penalty"),
        Case((SMALL_X[:3], SMALL_Y[:3], np.zeros(3), 0.7), label="zero_weights"),
    ]
    for (n, d), lam, sign, label in (((7, 3), 1.7, 1, "positive"), ((5, 4), 0.3, -1, "negative")):
        X, y = draw(rng, n, d)
        cases.append(Case((X, y, sign * rng.uniform(0.3, 2.0, d), lam), label=label))
    X, y = draw(rng, 9, 5)
    w = rng.normal(size=5) * np.array([1, 0, 1, 0, 1])
    return [*cases, Case((X, y, w, 4.0), label="random")]


# ------------------------------------------------------------------------------------------------ lam_max


def lam_max(X: Array, y: Array) -> float:
    """Smallest strength at which all lasso weights are 0, with an intercept."""
    Xc, yc = X - X.mean(axis=0), y - y.mean()
    return float(np.max(np.abs(Xc.T @ yc)) / len(y))


def lam_max_y_centred(X: Array, y: Array) -> np.floating:
    """Centring y is enough: the mean of X multiplies a sum of zero."""
    return np.linalg.norm(X.T @ (y - np.mean(y)), np.inf) / X.shape[0]


def lam_max_loop(X: Array, y: Array) -> float:
    """Largest absolute covariance, one feature at a time."""
    return max(abs(np.mean((x - x.mean()) * (y - y.mean()))) for x in X.T)


def lam_max_float32(X: Array, y: Array) -> np.floating:
    """In single precision."""
    X, y = np.asarray(X, np.float32), np.asarray(y, np.float32)
    return np.abs((X - X.mean(axis=0)).T @ (y - y.mean())).max() / np.float32(len(y))


def _centred_pull(X: Array, y: Array) -> Array:
    return pull(X - X.mean(axis=0), y - y.mean(), np.zeros(X.shape[1]))


def lam_max_uncentred(X: Array, y: Array) -> float:
    """No intercept."""
    return float(np.max(np.abs(X.T @ y)) / len(y))


def lam_max_without_n(X: Array, y: Array) -> float:
    """The division by n forgotten."""
    return len(y) * lam_max(X, y)


def lam_max_sum(X: Array, y: Array) -> float:
    """Sum instead of maximum."""
    return float(np.sum(np.abs(_centred_pull(X, y))))


def lam_max_signed(X: Array, y: Array) -> float:
    """No absolute value."""
    return float(np.max(_centred_pull(X, y)))


def lam_max_norm(X: Array, y: Array) -> float:
    """Euclidean norm instead of maximum."""
    return float(np.linalg.norm(_centred_pull(X, y)))


def lam_max_doubled(X: Array, y: Array) -> float:
    """The ½ of the loss forgotten."""
    return 2 * lam_max(X, y)


def lam_max_n_minus_one(X: Array, y: Array) -> float:
    """The covariance as np.cov has it by default."""
    return lam_max(X, y) * len(y) / (len(y) - 1)


def lam_max_correlation(X: Array, y: Array) -> float:
    """The largest correlation instead of the largest pull."""
    return float(np.max(np.abs(_centred_pull(X, y) / X.std(axis=0)))) / float(np.std(y))


def lam_max_standardised(X: Array, y: Array) -> float:
    """The columns divided by their standard deviations."""
    return float(np.max(np.abs(_centred_pull(X, y) / X.std(axis=0))))


def lam_max_index(X: Array, y: Array) -> int:
    """Which column pulls most, instead of how much."""
    return int(np.argmax(np.abs(_centred_pull(X, y))))


def lam_max_cases(rng: np.random.Generator) -> list[Case]:
    """Means far from zero; the strongest pull is negative in one case and positive in another."""
    cases = []
    for n, d, sign, label in ((6, 3, -1, "strongest_negative"), (9, 4, 1, "strongest_positive")):
        X = rng.normal(size=(n, d)) + rng.uniform(1.0, 3.0, d)
        y = 3.0 * sign * (X[:, 1] - X[:, 1].mean()) + 0.3 * rng.normal(size=n) + 4.0
        cases.append(Case((X, y), label=label))
    cases.append(Case((SMALL_X, SMALL_Y), label="small"))
    X, y = draw(rng, 12, 5)
    cases.append(Case((X, y), label="random"))
    X, y = draw(rng, 5, 1)
    return [*cases, Case((X, -y), label="single_feature")]


# ----------------------------------------------------------------------------------------- soft_threshold


def soft_threshold(z: Any, threshold: float) -> Array:
    """sign(z) max(|z| - threshold, 0)."""
    z = np.asarray(z, dtype=float)
    return np.sign(z) * np.maximum(np.abs(z) - threshold, 0.0)


def soft_two_sides(z: Array, threshold: float) -> Array:
    """Two one-sided parts."""
    return np.maximum(z - threshold, 0) - np.maximum(-z - threshold, 0)


def soft_clip(z: Array, threshold: float) -> Array:
    """What lies inside the interval is taken away."""
    return z - np.clip(z, -threshold, threshold)


def soft_where(z: Array, threshold: float) -> Array:
    """Three cases."""
    return np.where(z > threshold, z - threshold, np.where(z < -threshold, z + threshold, 0.0))


def soft_float32(z: Array, threshold: float) -> Array:
    """In single precision."""
    z = np.asarray(z, dtype=np.float32)
    return np.sign(z) * np.maximum(np.abs(z) - np.float32(threshold), 0)


def hard_threshold(z: Array, threshold: float) -> Array:
    """Survivors keep their value."""
    return np.where(np.abs(z) > threshold, z, 0.0)


def soft_without_max(z: Array, threshold: float) -> Array:
    """Subtracts beyond zero."""
    return z - threshold * np.sign(z)


def soft_sign_lost(z: Array, threshold: float) -> Array:
    """The sign forgotten."""
    return np.maximum(np.abs(z) - threshold, 0.0)


def soft_one_sided(z: Array, threshold: float) -> Array:
    """Negative entries become zero."""
    return np.maximum(z - threshold, 0.0)


def soft_always_down(z: Array, threshold: float) -> Array:
    """The threshold subtracted on the negative side too."""
    return np.where(np.abs(z) > threshold, z - threshold, 0.0)


def soft_scaled(z: Array, threshold: float) -> Array:
    """Ridge's shrinkage."""
    return z / (1 + threshold)


def soft_away(z: Array, threshold: float) -> Array:
    """Survivors moved away from zero."""
    return np.where(np.abs(z) > threshold, z + threshold * np.sign(z), 0.0)


def soft_kept_inside(z: Array, threshold: float) -> Array:
    """Entries inside the interval left as they are."""
    return np.where(np.abs(z) > threshold, z - threshold * np.sign(z), z)


def soft_clipped(z: Array, threshold: float) -> Array:
    """The part inside the interval, not what lies beyond it."""
    return np.clip(z, -threshold, threshold)


def soft_two_steps(z: Array, threshold: float) -> Array:
    """Survivors that have become small are removed too."""
    moved = z - threshold * np.sign(z)
    return np.where(np.abs(moved) < threshold, 0.0, moved)


def soft_dropped(z: Array, threshold: float) -> Array:
    """Survivors only."""
    kept = z[np.abs(z) > threshold]
    return kept - threshold * np.sign(kept)


def soft_integer_table(z: Array, threshold: float) -> Array:
    """Written into an array of the type of z: whole numbers lose their fractions."""
    z = np.asarray(z)
    return soft_threshold(z, threshold).astype(z.dtype)


def threshold_cases(rng: np.random.Generator) -> list[Case]:
    """Both signs, zeros, entries near the threshold, small and large thresholds, a matrix, whole numbers."""
    return [
        Case((np.array([-3.0, -0.5, 0.0, 0.75, 2.0]), 1.0), label="mixed"),
        Case((np.array([-1.5625, 1.4375, -1.25, 1.75]), 1.5), label="near_the_threshold"),
        Case((np.array([-2.0, 0.0, 3.0]), 0.0), label="no_threshold"),
        Case((rng.uniform(-3, 3, size=(3, 4)), 0.7), label="matrix"),
        Case((np.array([-4, 1, 0, 3, 5]), 1.25), label="whole_numbers"),
        Case((rng.uniform(-1, 1, size=6), 5.0), label="all_small"),
        Case((-rng.uniform(2, 4, size=5), 0.4), label="negative"),
        Case((np.append(rng.normal(size=9) * 2, 0.0), 1.3), label="random"),
    ]


# ---------------------------------------------------------------------------------------------- ista_step


def ista_step(X: Array, y: Array, w: Array, lam: float, step: float) -> Array:
    """A gradient step on the data loss, then soft-thresholding by step * lam."""
    return soft_threshold(w + step * pull(X, y, w), step * lam)


def ista_step_loop(X: Array, y: Array, w: Array, lam: float, step: float) -> list[float]:
    """One coordinate at a time, all from the old w, as a list."""
    residual = y - X @ w
    result = []
    for j in range(len(w)):
        z = w[j] + step * float(X[:, j] @ residual) / len(y)
        result.append(z - step * lam if z > step * lam else z + step * lam if z < -step * lam else 0.0)
    return result


def ista_step_clip(X: Array, y: Array, w: Array, lam: float, step: float) -> Array:
    """Soft-thresholding through clipping."""
    z = w - step * (X.T @ (X @ w - y)) / X.shape[0]
    return z - np.clip(z, -step * lam, step * lam)


def ista_step_rescaled(X: Array, y: Array, w: Array, lam: float, step: float) -> Array:
    """Divided by the step, thresholded by lam, multiplied again."""
    return step * soft_threshold(w / step + pull(X, y, w), lam)


def _ista_step(
    threshold: Callable[[Array, float], Array], amount: Callable[..., float]
) -> Callable[..., Array]:
    """The right gradient step, followed by something else."""

    def wrong(X: Array, y: Array, w: Array, lam: float, step: float) -> Array:
        return threshold(w + step * pull(X, y, w), amount(lam, step, len(y)))

    return wrong


def ista_step_penalty_twice(X: Array, y: Array, w: Array, lam: float, step: float) -> Array:
    """The penalty in the gradient and in the threshold."""
    return soft_threshold(w - step * subgradient(X, y, w, lam), step * lam)


def ista_step_subgradient(X: Array, y: Array, w: Array, lam: float, step: float) -> Array:
    """A subgradient step."""
    return w - step * subgradient(X, y, w, lam)


def ista_step_sum(X: Array, y: Array, w: Array, lam: float, step: float) -> Array:
    """The gradient as a sum over the samples."""
    return soft_threshold(w + step * len(y) * pull(X, y, w), step * lam)


def ista_step_uphill(X: Array, y: Array, w: Array, lam: float, step: float) -> Array:
    """The gradient added instead of subtracted."""
    return soft_threshold(w - step * pull(X, y, w), step * lam)


def ista_step_doubled(X: Array, y: Array, w: Array, lam: float, step: float) -> Array:
    """The ½ of the data loss forgotten."""
    return soft_threshold(w + 2 * step * pull(X, y, w), step * lam)


def ista_step_gradient_only(X: Array, y: Array, w: Array, lam: float, step: float) -> Array:
    """No threshold."""
    return w + step * pull(X, y, w)


def ista_step_threshold_only(X: Array, y: Array, w: Array, lam: float, step: float) -> Array:
    """No gradient step."""
    return soft_threshold(w, step * lam)


def ista_step_threshold_old(X: Array, y: Array, w: Array, lam: float, step: float) -> Array:
    """The old weights thresholded, then the gradient at the old weights."""
    return soft_threshold(w, step * lam) + step * pull(X, y, w)


def ista_step_threshold_first(X: Array, y: Array, w: Array, lam: float, step: float) -> Array:
    """The two half-steps in the other order."""
    v = soft_threshold(w, step * lam)
    return v + step * pull(X, y, v)


def ista_step_step_forgotten(X: Array, y: Array, w: Array, lam: float, step: float) -> Array:
    """The gradient not multiplied by the step."""
    return soft_threshold(w + pull(X, y, w), step * lam)


def step_cases(rng: np.random.Generator) -> list[Case]:
    """Weights of both signs and zeros; steps unlike 1; strengths that leave some weights and kill others."""
    cases = [
        Case((SMALL_X, SMALL_Y, np.array([2.0, -1.5, 0.0]), 0.5, 0.25), label="mixed"),
        Case((SMALL_X, SMALL_Y, np.array([1.5, -0.5, 0.25]), 0.0, 0.1), label="no_penalty"),
        Case((SMALL_X, SMALL_Y, np.zeros(3), 2.0, 0.2), label="zero_weights"),
        Case((SMALL_X, SMALL_Y, np.array([0.5, -0.25, 0.5]), 50.0, 0.3), label="strong"),
    ]
    for n, d, lam, step in ((7, 4, 1.2, 0.1), (12, 5, 0.6, 0.4)):
        X, y = draw(rng, n, d)
        cases.append(Case((X, y, rng.normal(size=d), lam, step), label="random"))
    return cases


# -------------------------------------------------------------------------------------- coordinate_update


def coordinate_update(X: Array, y: Array, w: Array, j: int, lam: float) -> float:
    """The best w_j for the other weights as they are."""
    x, n = X[:, j], len(y)
    z = x @ (y - X @ w + x * w[j]) / n
    return float(soft_threshold(z, lam) / (x @ x / n))


def coordinate_update_others(X: Array, y: Array, w: Array, j: int, lam: float) -> np.floating:
    """The other columns taken out explicitly; everything multiplied by n."""
    others = np.delete(np.arange(X.shape[1]), j)
    c = X[:, j] @ (y - X[:, others] @ w[others])
    return np.sign(c) * max(abs(c) - len(y) * lam, 0) / np.sum(X[:, j] ** 2)


def coordinate_update_step(X: Array, y: Array, w: Array, j: int, lam: float) -> float:
    """An ISTA step along one axis with that axis' own step size."""
    step = len(y) / float(X[:, j] @ X[:, j])
    return float(soft_threshold(w[j] + step * pull(X, y, w)[j], step * lam))


def coordinate_update_array(X: Array, y: Array, w: Array, j: int, lam: float) -> Array:
    """As an array without axes."""
    return np.array(coordinate_update_others(X, y, w, j, lam))


def _coordinate(formula: Callable[[float, float, float, int, float], float]) -> Callable[..., float]:
    """Another formula in z, the mean square a, the weight, n and lam."""

    def wrong(X: Array, y: Array, w: Array, j: int, lam: float) -> float:
        x, n = X[:, j], len(y)
        a = float(x @ x) / n
        z = float(x @ (y - X @ w)) / n + a * float(w[j])
        return float(formula(z, a, float(w[j]), n, lam))

    return wrong


def coordinate_variance(X: Array, y: Array, w: Array, j: int, lam: float) -> float:
    """The variance of the column in the place of its mean square."""
    x, n = X[:, j], len(y)
    z = float(x @ (y - X @ w + x * w[j])) / n
    return float(soft_threshold(z, lam) / np.var(x))


def coordinate_others_ignored(X: Array, y: Array, w: Array, j: int, lam: float) -> float:
    """Feature j fitted to y, the other features left out."""
    x, n = X[:, j], len(y)
    return float(soft_threshold(x @ y / n, lam) / (x @ x / n))


def coordinate_cases(rng: np.random.Generator) -> list[Case]:
    """Columns whose mean square is not 1, old weights that are not 0, an update to exactly 0."""
    cases = [
        Case((SMALL_X, SMALL_Y, np.array([2.0, -1.5, 1.0]), 0, 0.5), label="mixed"),
        Case((SMALL_X, SMALL_Y, np.array([0.5, 1.0, 1.0]), 2, 0.0), label="no_penalty"),
        Case((SMALL_X, SMALL_Y, np.array([1.0, 0.5, 0.25]), 1, 30.0), label="strong"),
    ]
    for n, d, j, lam in ((7, 4, 2, 0.4), (12, 5, 0, 0.2), (9, 3, 1, 0.3)):
        X, y = draw(rng, n, d)
        w = rng.uniform(0.5, 1.5, d) * rng.choice([-1.0, 1.0], d)
        cases.append(Case((X, y, w, j, lam), label="random"))
    return cases


# -------------------------------------------------------------------------------------------- duality_gap


def primal(X: Array, y: Array, w: Array, lam: float) -> float:
    """The lasso objective without intercept."""
    return float(np.mean((y - X @ w) ** 2) / 2 + lam * np.sum(np.abs(w)))


def dual(y: Array, theta: Array) -> float:
    """The dual objective."""
    return float(y @ theta - theta @ theta / 2) / len(y)


def scale_of(X: Array, y: Array, w: Array, lam: float) -> float:
    """The factor that makes the residual feasible."""
    strongest = float(np.max(np.abs(pull(X, y, w))))
    return lam / strongest if strongest > lam else 1.0


def duality_gap(X: Array, y: Array, w: Array, lam: float) -> float:
    """Primal minus dual, at the residual scaled into the feasible set."""
    return primal(X, y, w, lam) - dual(y, scale_of(X, y, w, lam) * (y - X @ w))


def duality_gap_distance(X: Array, y: Array, w: Array, lam: float) -> np.floating:
    """The dual as a distance from y."""
    n, r = len(y), y - X @ w
    theta = r / max(1.0, np.linalg.norm(X.T @ r, np.inf) / (n * lam))
    lower = (y @ y - (y - theta) @ (y - theta)) / (2 * n)
    return r @ r / (2 * n) + lam * np.linalg.norm(w, 1) - lower


def duality_gap_cancelled(X: Array, y: Array, w: Array, lam: float) -> float:
    """The big terms cancelled by hand."""
    r, s = y - X @ w, scale_of(X, y, w, lam)
    slack = lam * np.abs(w).sum() - s * (w @ X.T @ r) / len(y)
    return float((1 - s) ** 2 * np.mean(r**2) / 2 + slack)


def duality_gap_array(X: Array, y: Array, w: Array, lam: float) -> Array:
    """As an array without axes."""
    return np.array(duality_gap_distance(X, y, w, lam))


def _gap(theta: Callable[[Array, Array, Array, float], Array]) -> Callable[..., float]:
    """The gap at another dual point."""

    def wrong(X: Array, y: Array, w: Array, lam: float) -> float:
        return primal(X, y, w, lam) - dual(y, theta(X, y, w, lam))

    return wrong


def gap_unscaled(X: Array, y: Array, w: Array, lam: float) -> Array:
    """The residual as it is."""
    return y - X @ w


def gap_without_n(X: Array, y: Array, w: Array, lam: float) -> Array:
    """The correlation not divided by n."""
    r = y - X @ w
    return min(1.0, lam / float(np.max(np.abs(X.T @ r)))) * r


def gap_uncapped(X: Array, y: Array, w: Array, lam: float) -> Array:
    """Scaled up as well as down."""
    return lam / float(np.max(np.abs(pull(X, y, w)))) * (y - X @ w)


def gap_signed(X: Array, y: Array, w: Array, lam: float) -> Array:
    """No absolute value in the maximum."""
    strongest = float(np.max(pull(X, y, w)))
    return (lam / strongest if strongest > lam else 1.0) * (y - X @ w)


def gap_turned(X: Array, y: Array, w: Array, lam: float) -> float:
    """Dual minus primal."""
    return -duality_gap(X, y, w, lam)


def gap_dual_without_half(X: Array, y: Array, w: Array, lam: float) -> float:
    """The ½ of the dual forgotten."""
    theta = scale_of(X, y, w, lam) * (y - X @ w)
    return primal(X, y, w, lam) - float(y @ theta - theta @ theta) / len(y)


def gap_primal(X: Array, y: Array, w: Array, lam: float) -> float:
    """The objective alone."""
    return primal(X, y, w, lam)


def gap_dual(X: Array, y: Array, w: Array, lam: float) -> float:
    """The lower bound alone."""
    return dual(y, scale_of(X, y, w, lam) * (y - X @ w))


def gap_residual_for_y(X: Array, y: Array, w: Array, lam: float) -> float:
    """The residual in the place of y in the dual."""
    r = y - X @ w
    return primal(X, y, w, lam) - dual(r, scale_of(X, y, w, lam) * r)


def gap_sum_of_pulls(X: Array, y: Array, w: Array, lam: float) -> Array:
    """The sum of the pulls held against lam."""
    return min(1.0, lam / float(np.sum(np.abs(pull(X, y, w))))) * (y - X @ w)


def gap_loss_without_half(X: Array, y: Array, w: Array, lam: float) -> float:
    """The ½ of the data loss forgotten."""
    return duality_gap(X, y, w, lam) + float(np.mean((y - X @ w) ** 2)) / 2


def gap_penalty_forgotten(X: Array, y: Array, w: Array, lam: float) -> float:
    """The data loss without the penalty."""
    return duality_gap(X, y, w, lam) - lam * float(np.sum(np.abs(w)))


def gap_cases(rng: np.random.Generator) -> list[Case]:
    """Points where the residual is infeasible on either side, and one where it is feasible as it is."""
    cases = [
        Case((SMALL_X, SMALL_Y, np.array([0.5, -0.5, 0.0]), 0.5), label="mixed"),
        Case((SMALL_X, SMALL_Y, np.zeros(3), 0.7), label="zero_weights"),
        Case((SMALL_X, SMALL_Y, np.array([1.0, 0.25, 0.0]), 20.0), label="feasible"),
    ]
    X, y = draw(rng, 8, 3)
    X = X - X.mean(axis=0)
    for sign in (1.0, -1.0):  # the strongest pull positive, then negative
        y = sign * 4.0 * X[:, 0] + 0.2 * rng.normal(size=8)
        cases.append(Case((X, y, 0.1 * rng.normal(size=3), 0.3), label="random"))
    X, y = draw(rng, 11, 5)
    return [*cases, Case((X, y, rng.normal(size=5), 0.4), label="random")]


EXERCISES = [
    Exercise(
        id="lasso.subgradient",
        chapter=3,
        minutes=4,
        difficulty=1,
        signature="lasso_subgradient(X, y, w, lam)",
        reference=subgradient,
        alternatives={
            "loop": subgradient_loop,
            "difference": subgradient_difference,
            "float32": subgradient_float32,
        },
        misconceptions={
            "penalty_absolute": Misconception(_subgradient(np.abs), "erratum 2"),
            "sign_of_zero": Misconception(
                _subgradient(lambda w: np.where(w >= 0, 1.0, -1.0)), "sign written as a comparison"
            ),
            "penalty_ridge": Misconception(_subgradient(lambda w: w), "erratum 38"),
            "sum": Misconception(subgradient_sum, "erratum 5"),
            "penalty_forgotten": Misconception(_subgradient(np.zeros_like), "pitfall 20"),
            "residual_sign": Misconception(_subgradient(np.sign, data=-1.0), "erratum 4"),
            "doubled": Misconception(_subgradient(np.sign, data=2.0), "erratum 7"),
            "penalty_sign": Misconception(_subgradient(lambda w: -np.sign(w)), "erratum 2"),
            "sign_forgotten": Misconception(_subgradient(np.ones_like), "erratum 2"),
            "lam_over_n": Misconception(subgradient_lam_over_n, "pitfall 1"),
            "penalty_halved": Misconception(_subgradient(lambda w: np.sign(w) / 2), "erratum 7"),
            "smallest_slope": Misconception(subgradient_smallest, "another allowed choice at 0"),
        },
        cases=subgradient_cases,
    ),
    Exercise(
        id="lasso.lam_max",
        chapter=3,
        minutes=5,
        difficulty=2,
        signature="lam_max(X, y)",
        reference=lam_max,
        alternatives={"y_centred": lam_max_y_centred, "loop": lam_max_loop, "float32": lam_max_float32},
        misconceptions={
            "without_n": Misconception(lam_max_without_n, "erratum 6"),
            "uncentred": Misconception(lam_max_uncentred, "erratum 54"),
            "sum": Misconception(lam_max_sum, "the norm instead of its dual"),
            "signed": Misconception(lam_max_signed, "erratum 2"),
            "euclidean": Misconception(lam_max_norm, "pitfall 21"),
            "doubled": Misconception(lam_max_doubled, "erratum 7"),
            "n_minus_one": Misconception(lam_max_n_minus_one, "np.cov divides by n - 1"),
            "correlation": Misconception(lam_max_correlation, "pull and correlation confused"),
            "standardised": Misconception(lam_max_standardised, "the scaler of the first cell"),
            "index": Misconception(lam_max_index, "argmax for max"),
            "columns": Misconception(
                lambda X, y: float(np.max(np.abs((X - X.mean(axis=0)).T @ (y - y.mean()))) / X.shape[1]),
                "len of the transpose",
            ),
            "smallest": Misconception(
                lambda X, y: float(np.min(np.abs((X - X.mean(axis=0)).T @ (y - y.mean()))) / len(y)),
                "the word smallest",
            ),
        },
        cases=lam_max_cases,
    ),
    Exercise(
        id="lasso.soft_threshold",
        chapter=3,
        minutes=4,
        difficulty=1,
        signature="soft_thresholding(z, threshold)",
        reference=soft_threshold,
        exact_zeros=True,
        alternatives={
            "two_sides": soft_two_sides,
            "clip": soft_clip,
            "where": soft_where,
            "float32": soft_float32,
        },
        misconceptions={
            "hard": Misconception(hard_threshold, "the other threshold of the literature"),
            "without_max": Misconception(soft_without_max, "erratum 48"),
            "sign_lost": Misconception(soft_sign_lost, "erratum 2"),
            "one_sided": Misconception(soft_one_sided, "a shifted ReLU"),
            "always_down": Misconception(soft_always_down, "erratum 2"),
            "scaled": Misconception(soft_scaled, "erratum 38"),
            "away": Misconception(soft_away, "erratum 2"),
            "kept_inside": Misconception(soft_kept_inside, "the middle case forgotten"),
            "clipped": Misconception(soft_clipped, "the complement"),
            "two_steps": Misconception(soft_two_steps, "tested after the subtraction"),
            "dropped": Misconception(soft_dropped, "boolean indexing"),
            "integer_table": Misconception(soft_integer_table, "np.zeros_like of whole numbers"),
        },
        cases=threshold_cases,
    ),
    Exercise(
        id="lasso.ista_step",
        chapter=3,
        minutes=6,
        difficulty=2,
        signature="ista_step(X, y, w, lam, step)",
        reference=ista_step,
        exact_zeros=True,
        alternatives={"loop": ista_step_loop, "clip": ista_step_clip, "rescaled": ista_step_rescaled},
        misconceptions={
            "threshold_without_step": Misconception(
                _ista_step(soft_threshold, lambda lam, step, n: lam), "threshold without the step size"
            ),
            "penalty_twice": Misconception(ista_step_penalty_twice, "erratum 51"),
            "subgradient_step": Misconception(ista_step_subgradient, "erratum 48"),
            "sum": Misconception(ista_step_sum, "erratum 5"),
            "hard": Misconception(
                _ista_step(hard_threshold, lambda lam, step, n: step * lam), "pruning after the step"
            ),
            "uphill": Misconception(ista_step_uphill, "erratum 4"),
            "doubled": Misconception(ista_step_doubled, "erratum 7"),
            "gradient_only": Misconception(ista_step_gradient_only, "pitfall 20"),
            "threshold_only": Misconception(ista_step_threshold_only, "the second half alone"),
            "old_weights": Misconception(ista_step_threshold_old, "the penalty applied to the old weights"),
            "threshold_first": Misconception(ista_step_threshold_first, "the order of the half-steps"),
            "step_forgotten": Misconception(ista_step_step_forgotten, "gradient without the step size"),
        },
        cases=step_cases,
    ),
    Exercise(
        id="lasso.duality_gap",
        chapter=3,
        minutes=8,
        difficulty=3,
        signature="duality_gap(X, y, w, lam)",
        reference=duality_gap,
        alternatives={
            "distance": duality_gap_distance,
            "cancelled": duality_gap_cancelled,
            "array": duality_gap_array,
        },
        misconceptions={
            "residual_unscaled": Misconception(_gap(gap_unscaled), "an infeasible dual point"),
            "without_n": Misconception(_gap(gap_without_n), "erratum 6"),
            "scaled_up": Misconception(_gap(gap_uncapped), "the cap at 1 forgotten"),
            "signed": Misconception(_gap(gap_signed), "erratum 2"),
            "turned": Misconception(gap_turned, "dual minus primal"),
            "dual_without_half": Misconception(gap_dual_without_half, "erratum 7"),
            "objective_only": Misconception(gap_primal, "half of the formula"),
            "bound_only": Misconception(gap_dual, "half of the formula"),
            "residual_for_y": Misconception(gap_residual_for_y, "y and its residual confused"),
            "sum_of_pulls": Misconception(_gap(gap_sum_of_pulls), "the norm instead of its dual"),
            "loss_without_half": Misconception(gap_loss_without_half, "erratum 7"),
            "penalty_forgotten": Misconception(gap_penalty_forgotten, "pitfall 20"),
        },
        cases=gap_cases,
    ),
    Exercise(
        id="lasso.coordinate_update",
        chapter=3,
        minutes=7,
        difficulty=2,
        signature="coordinate_update(X, y, w, j, lam)",
        reference=coordinate_update,
        exact_zeros=True,
        alternatives={
            "others": coordinate_update_others,
            "step": coordinate_update_step,
            "array": coordinate_update_array,
        },
        misconceptions={
            "full_residual": Misconception(
                _coordinate(lambda z, a, w, n, lam: float(soft_threshold(z - a * w, lam)) / a),
                "feature j left in the residual",
            ),
            "not_divided": Misconception(
                _coordinate(lambda z, a, w, n, lam: float(soft_threshold(z, lam))),
                "true for standardised columns only",
            ),
            "threshold_after_division": Misconception(
                _coordinate(lambda z, a, w, n, lam: float(soft_threshold(z / a, lam))),
                "the division and the threshold swapped",
            ),
            "lam_without_n": Misconception(
                _coordinate(lambda z, a, w, n, lam: float(soft_threshold(z, lam / n)) / a), "pitfall 1"
            ),
            "ridge_update": Misconception(_coordinate(lambda z, a, w, n, lam: z / (a + lam)), "erratum 38"),
            "least_squares": Misconception(_coordinate(lambda z, a, w, n, lam: z / a), "pitfall 20"),
            "wrong_side": Misconception(
                _coordinate(lambda z, a, w, n, lam: float(soft_threshold(z - 2 * a * w, lam)) / a),
                "erratum 4",
            ),
            "others_ignored": Misconception(coordinate_others_ignored, "true for perpendicular columns only"),
            "square_sum": Misconception(
                _coordinate(lambda z, a, w, n, lam: float(soft_threshold(z, lam)) / (n * a)), "erratum 6"
            ),
            "variance": Misconception(coordinate_variance, "true for centred columns only"),
            "hard": Misconception(
                _coordinate(lambda z, a, w, n, lam: float(hard_threshold(np.array(z), lam)) / a),
                "the other threshold of the literature",
            ),
            "change": Misconception(
                _coordinate(lambda z, a, w, n, lam: float(soft_threshold(z, lam)) / a - w),
                "the change instead of the new value",
            ),
        },
        cases=coordinate_cases,
    ),
    Choice(
        id="lasso.zeros_in_sgd",
        chapter=3,
        minutes=2,
        options=("a", "b", "c", "d"),
        correct="d",
        misconceptions={"a": "train_longer", "b": "raise_strength", "c": "use_adam"},
    ),
    Choice(
        id="lasso.p_values",
        chapter=3,
        minutes=3,
        difficulty=2,
        options=("a", "b", "c", "d"),
        correct="c",
        misconceptions={"a": "five_percent", "b": "variable_matters", "d": "more_rows"},
    ),
]
