"""Exercises of chapter 02, ridge: J(w, b) = 1/(2n) ||y - Xw - b||² + lam/2 ||w||²."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from course_lib.exercises.exercise import Case, Choice, Exercise, Misconception, Value

__all__ = ["EXERCISES"]

Array = np.ndarray


def draw(rng: np.random.Generator, n: int, d: int, *, centred: bool = False) -> tuple[Array, Array]:
    """Data that are not centred (unless asked for) and whose columns have different scales."""
    X = rng.normal(size=(n, d)) * rng.uniform(0.5, 3.0, d) + rng.uniform(0.5, 2.0, d) * (not centred)
    X = X - X.mean(axis=0) if centred else X
    y = X @ rng.normal(size=d) + rng.normal(size=n) + 3.0
    return X, y


SMALL_X = np.array([[1.0, 2.0], [0.0, -1.0], [3.0, 1.0], [2.0, 0.0]])
SMALL_Y = np.array([3.0, 0.0, 4.0, 1.0])


# -------------------------------------------------------------------------------------------- objective


def objective(X: Array, y: Array, w: Array, lam: float) -> float:
    """The ridge objective without intercept."""
    return float(np.sum((y - X @ w) ** 2) / (2 * len(y)) + lam / 2 * np.sum(w**2))


def objective_loop(X: Array, y: Array, w: Array, lam: float) -> float:
    """One sample and one weight at a time."""
    data = sum((y[i] - sum(X[i, j] * w[j] for j in range(len(w)))) ** 2 for i in range(len(y)))
    return 0.5 * data / len(y) + 0.5 * lam * sum(weight * weight for weight in w)


def objective_norms(X: Array, y: Array, w: Array, lam: float) -> np.floating:
    """Through norms."""
    return 0.5 * np.mean((X @ w - y) ** 2) + 0.5 * lam * np.linalg.norm(w) ** 2


def objective_float32(X: Array, y: Array, w: Array, lam: float) -> np.floating:
    """In single precision."""
    X, y, w = (np.asarray(a, np.float32) for a in (X, y, w))
    residual = y - X @ w
    return np.float32((residual @ residual) / (2 * len(y)) + lam / 2 * (w @ w))


def _objective(loss: float, penalty: float) -> Callable[..., float]:
    """The objective with its two terms multiplied by constants."""

    def wrong(X: Array, y: Array, w: Array, lam: float) -> float:
        return float(loss * np.mean((y - X @ w) ** 2) + penalty * lam * np.sum(w**2))

    return wrong


def objective_sum(X: Array, y: Array, w: Array, lam: float) -> float:
    """Sum of squares instead of their mean."""
    return float(np.sum((y - X @ w) ** 2) / 2 + lam / 2 * np.sum(w**2))


def objective_times_n(X: Array, y: Array, w: Array, lam: float) -> float:
    """The strength of the closed form, n*lam, beside a mean."""
    return objective(X, y, w, len(y) * lam)


def objective_norm(X: Array, y: Array, w: Array, lam: float) -> float:
    """Norm instead of squared norm."""
    return float(np.mean((y - X @ w) ** 2) / 2 + lam / 2 * np.linalg.norm(w))


def objective_absolute(X: Array, y: Array, w: Array, lam: float) -> float:
    """L1 norm."""
    return float(np.mean((y - X @ w) ** 2) / 2 + lam * np.abs(w).sum())


def weight_cases(rng: np.random.Generator) -> list[Case]:
    """Weights of both signs and zeros, several strengths, n unlike d."""
    cases = [
        Case((SMALL_X, SMALL_Y, np.array([2.0, -1.5]), 0.5), label="mixed"),
        Case((SMALL_X, SMALL_Y, np.array([1.5, 0.5]), 0.0), label="no_penalty"),
        Case((SMALL_X[:3], SMALL_Y[:3], np.array([0.0, 0.0]), 0.7), label="zero_weights"),
    ]
    for (n, d), lam, sign, label in (((7, 3), 1.7, 1, "positive"), ((5, 4), 0.3, -1, "negative")):
        X, y = draw(rng, n, d)
        cases.append(Case((X, y, sign * rng.uniform(0.3, 2.0, d), lam), label=label))
    X, y = draw(rng, 9, 5)
    return [*cases, Case((X, y, rng.normal(size=5), 4.0), label="random")]


# --------------------------------------------------------------------------------------------- gradient


def gradient(X: Array, y: Array, w: Array, lam: float) -> Array:
    """Gradient of the ridge objective."""
    return -X.T @ (y - X @ w) / len(y) + lam * w


def gradient_loop(X: Array, y: Array, w: Array, lam: float) -> list[float]:
    """One coordinate at a time, as a list."""
    result = []
    for j in range(len(w)):
        slope = sum((float(X[i] @ w) - y[i]) * X[i, j] for i in range(len(y))) / len(y)
        result.append(slope + lam * w[j])
    return result


def gradient_gram(X: Array, y: Array, w: Array, lam: float) -> Array:
    """With the Gram matrix."""
    n, d = X.shape
    return (X.T @ X / n + lam * np.eye(d)) @ w - X.T @ y / n


def gradient_float32(X: Array, y: Array, w: Array, lam: float) -> Array:
    """In single precision."""
    X, y, w = (np.asarray(a, np.float32) for a in (X, y, w))
    return X.T @ (X @ w - y) / np.float32(len(y)) + np.float32(lam) * w


def _gradient(penalty: Callable[[Array], Array], data: float = 1.0) -> Callable[..., Array]:
    """The gradient with another penalty term, or the data term multiplied by a constant."""

    def wrong(X: Array, y: Array, w: Array, lam: float) -> Array:
        return data * X.T @ (X @ w - y) / len(y) + lam * penalty(w)

    return wrong


def gradient_sum(X: Array, y: Array, w: Array, lam: float) -> Array:
    """Sum over the samples instead of the mean."""
    return X.T @ (X @ w - y) + lam * w


def gradient_times_n(X: Array, y: Array, w: Array, lam: float) -> Array:
    """The strength of the closed form, n*lam, in the gradient of a mean."""
    return gradient(X, y, w, len(y) * lam)


def gradient_over_n(X: Array, y: Array, w: Array, lam: float) -> Array:
    """Both terms divided by n."""
    return gradient(X, y, w, lam / len(y))


# ------------------------------------------------------------------------------------------ closed form


def closed_form(X: Array, y: Array, lam: float) -> Array:
    """Minimiser of the ridge objective without intercept."""
    n, d = X.shape
    return np.linalg.solve(X.T @ X + n * lam * np.eye(d), X.T @ y)


def closed_form_svd(X: Array, y: Array, lam: float) -> Array:
    """Through the singular value decomposition."""
    U, s, Vt = np.linalg.svd(X, full_matrices=False)
    return Vt.T @ (s / (s**2 + len(y) * lam) * (U.T @ y))


def closed_form_augmented(X: Array, y: Array, lam: float) -> Array:
    """As ordinary least squares with d extra rows."""
    n, d = X.shape
    rows = np.vstack([X, np.sqrt(n * lam) * np.eye(d)])
    return np.linalg.lstsq(rows, np.append(y, np.zeros(d)), rcond=None)[0]


def closed_form_mean(X: Array, y: Array, lam: float) -> list[float]:
    """With means instead of sums, the inverse written out, as a list."""
    n, d = X.shape
    return list(np.linalg.inv(X.T @ X / n + lam * np.identity(d)) @ (X.T @ y / n))


def _closed_form(strength: Callable[[int, float], float]) -> Callable[..., Array]:
    """The closed form with another number on the diagonal."""

    def wrong(X: Array, y: Array, lam: float) -> Array:
        n, d = X.shape
        return np.linalg.solve(X.T @ X + strength(n, lam) * np.eye(d), X.T @ y)

    return wrong


def closed_form_all_entries(X: Array, y: Array, lam: float) -> Array:
    """The number added to every entry: the identity is missing."""
    return np.linalg.solve(X.T @ X + len(y) * lam, X.T @ y)


def closed_form_one_by_one(X: Array, y: Array, lam: float) -> Array:
    """Each weight by itself."""
    return X.T @ y / (np.sum(X**2, axis=0) + len(y) * lam)


def closed_form_scaled(X: Array, y: Array, lam: float) -> Array:
    """Least squares, shrunk as if the columns were orthonormal."""
    return np.linalg.lstsq(X, y, rcond=None)[0] / (1 + lam)


def fit_cases(rng: np.random.Generator) -> list[Case]:
    """Data sets with more samples than features, several strengths."""
    cases = [
        Case((SMALL_X, SMALL_Y, 0.5), label="small"),
        Case((SMALL_X, SMALL_Y, 0.0), label="no_penalty"),
    ]
    for n, d, lam, label in ((7, 3, 0.2, "random"), (10, 4, 3.0, "strong"), (6, 1, 0.8, "single_feature")):
        X, y = draw(rng, n, d)
        cases.append(Case((X, y, lam), label=label))
    return cases


# -------------------------------------------------------------------------------------------- intercept


def fit(X: Array, y: Array, lam: float) -> tuple[Array, float]:
    """Ridge with an intercept that is not penalised."""
    x_mean, y_mean = X.mean(axis=0), y.mean()
    w = closed_form(X - x_mean, y - y_mean, lam)
    return w, float(y_mean - x_mean @ w)


def fit_bordered(X: Array, y: Array, lam: float) -> tuple[Array, float]:
    """A column of ones whose entry on the diagonal gets no penalty."""
    n, d = X.shape
    A = np.column_stack([np.ones(n), X])
    penalty = n * lam * np.diag([0.0] + [1.0] * d)
    b, *w = np.linalg.solve(A.T @ A + penalty, A.T @ y)
    return np.array(w), b


def fit_residual_mean(X: Array, y: Array, lam: float) -> list[Any]:
    """Only X centred; the intercept is the mean residual; a list."""
    w = closed_form(X - X.mean(axis=0), y, lam)
    return [w.tolist(), np.mean(y - X @ w)]


def fit_float32(X: Array, y: Array, lam: float) -> tuple[Array, Any]:
    """In single precision."""
    w, b = fit_bordered(np.asarray(X, np.float32), np.asarray(y, np.float32), lam)
    return w.astype(np.float32), np.float32(b)


def fit_grand_mean(X: Array, y: Array, lam: float) -> tuple[Array, float]:
    """One mean for the whole of X."""
    Z, d = X - X.mean(), X.shape[1]
    w = np.linalg.solve(Z.T @ Z + len(y) * lam * np.eye(d), Z.T @ (y - y.mean()))
    return w, float(y.mean() - X.mean(axis=0) @ w)


def fit_wrong_corner(X: Array, y: Array, lam: float) -> tuple[Array, float]:
    """The last weight goes free, the intercept pays."""
    A = np.column_stack([np.ones(len(y)), X])
    penalty = np.eye(A.shape[1])
    penalty[-1, -1] = 0.0
    v = np.linalg.solve(A.T @ A + len(y) * lam * penalty, A.T @ y)
    return v[1:], float(v[0])


def fit_penalised(X: Array, y: Array, lam: float) -> tuple[Array, float]:
    """The intercept as one more weight, penalised."""
    b, *w = closed_form(np.column_stack([np.ones(len(y)), X]), y, lam)
    return np.array(w), b


def fit_none(X: Array, y: Array, lam: float) -> tuple[Array, float]:
    """No intercept."""
    return closed_form(X, y, lam), 0.0


def fit_uncentred(X: Array, y: Array, lam: float) -> tuple[Array, float]:
    """Weights from uncentred data, the intercept afterwards."""
    w = closed_form(X, y, lam)
    return w, float(np.mean(y - X @ w))


def fit_mean_y(X: Array, y: Array, lam: float) -> tuple[Array, float]:
    """The intercept of centred features reported for the raw ones."""
    return fit(X, y, lam)[0], float(y.mean())


def fit_only_y(X: Array, y: Array, lam: float) -> tuple[Array, float]:
    """Only y centred."""
    w = closed_form(X, y - y.mean(), lam)
    return w, float(y.mean() - X.mean(axis=0) @ w)


def fit_without_n(X: Array, y: Array, lam: float) -> tuple[Array, float]:
    """lam where n*lam belongs."""
    return fit(X, y, lam / len(y))


def fit_plus(X: Array, y: Array, lam: float) -> tuple[Array, float]:
    """The features' part added to the mean of y instead of subtracted."""
    w, _ = fit(X, y, lam)
    return w, float(y.mean() + X.mean(axis=0) @ w)


def fit_standardised(X: Array, y: Array, lam: float) -> tuple[Array, float]:
    """Weights and intercept of standardised features."""
    return closed_form((X - X.mean(axis=0)) / X.std(axis=0), y - y.mean(), lam), float(y.mean())


def fit_standardised_raw_means(X: Array, y: Array, lam: float) -> tuple[Array, float]:
    """Weights of standardised features, the intercept made of them and of the raw means."""
    w, b = fit_standardised(X, y, lam)
    return w, float(b - X.mean(axis=0) @ w)


def fit_standardised_back(X: Array, y: Array, lam: float) -> tuple[Array, float]:
    """Weights of standardised features, divided by the standard deviations."""
    w = fit_standardised(X, y, lam)[0] / X.std(axis=0)
    return w, float(y.mean() - X.mean(axis=0) @ w)


# -------------------------------------------------------------------------------------------- shrinkage


def shrinkage_factors(X: Array, lam: float) -> Array:
    """s²/(s² + n lam) for the singular values of X, largest first."""
    s = np.linalg.svd(X, compute_uv=False)
    return s**2 / (s**2 + len(X) * lam)


def shrinkage_eigenvalues(X: Array, lam: float) -> Array:
    """From the eigenvalues of XᵀX/n, turned round and cut to min(n, d)."""
    variance = np.linalg.eigvalsh(X.T @ X / len(X))[::-1][: min(X.shape)]
    return variance / (variance + lam)


def shrinkage_loop(X: Array, lam: float) -> list[float]:
    """One at a time, as a list."""
    return [1.0 / (1.0 + len(X) * lam / s**2) for s in np.linalg.svd(X)[1]]


def shrinkage_hat(X: Array, lam: float) -> Array:
    """Eigenvalues of the matrix that maps y to the fit."""
    H = X @ np.linalg.solve(X.T @ X + len(X) * lam * np.eye(X.shape[1]), X.T)
    return np.linalg.eigvalsh((H + H.T) / 2)[::-1][: min(X.shape)]


def shrinkage_ascending(X: Array, lam: float) -> Array:
    """Smallest singular value first."""
    return shrinkage_factors(X, lam)[::-1]


def shrinkage_centred(X: Array, lam: float) -> Array:
    """X centred inside the function."""
    return shrinkage_factors(X - X.mean(axis=0), lam)


def shrinkage_all_eigenvalues(X: Array, lam: float) -> Array:
    """d factors, also for n < d: the eigenvalues of XᵀX, smallest first."""
    variance = np.linalg.eigvalsh(X.T @ X / len(X))
    return variance / (variance + lam)


def _shrinkage(factor: Callable[[Array, int, float], Array]) -> Callable[..., Array]:
    """Another formula in the singular values, n and lam."""

    def wrong(X: Array, lam: float) -> Array:
        return factor(np.linalg.svd(X, compute_uv=False), len(X), lam)

    return wrong


def _total(factor: Callable[[Array, int, float], Array]) -> Callable[..., float]:
    """The sum over another formula."""

    def wrong(X: Array, lam: float) -> float:
        return float(np.sum(_shrinkage(factor)(X, lam)))

    return wrong


def spectrum_cases(rng: np.random.Generator) -> list[Case]:
    """Centred data, several strengths, a strength of zero."""
    small = np.array([[1.0, 1.0], [-1.0, 1.0], [3.0, -1.0], [-3.0, -1.0]])
    cases = [Case((small, 0.5), label="small"), Case((small, 0.0), label="no_penalty")]
    for n, d, lam, label in ((8, 3, 0.2, "random"), (12, 5, 2.5, "strong"), (7, 1, 0.6, "single_feature")):
        cases.append(Case((draw(rng, n, d, centred=True)[0], lam), label=label))
    return cases


def shrinkage_cases(rng: np.random.Generator) -> list[Case]:
    """The same, and n < d with n singular values above 0 (so not centred: centring would make one 0)."""
    return [*spectrum_cases(rng), Case((draw(rng, 3, 5)[0], 0.4), label="wide")]


def effective_df(X: Array, lam: float) -> float:
    """Sum of the shrinkage factors; the intercept is not counted."""
    return float(shrinkage_factors(X, lam).sum())


def df_trace(X: Array, lam: float) -> float:
    """Trace of the hat matrix."""
    return float(np.trace(X @ np.linalg.solve(X.T @ X + len(X) * lam * np.eye(X.shape[1]), X.T)))


def df_eigenvalues(X: Array, lam: float) -> float:
    """From the eigenvalues of the covariance matrix."""
    return sum(value / (value + lam) for value in np.linalg.eigvalsh(X.T @ X / len(X)))


def df_float32(X: Array, lam: float) -> np.floating:
    """In single precision."""
    s = np.linalg.svd(X.astype(np.float32), compute_uv=False)
    return np.sum(s**2 / (s**2 + np.float32(len(X) * lam)))


def df_residual(X: Array, lam: float) -> float:
    """What is left of the n samples."""
    return len(X) - effective_df(X, lam)


def df_with_intercept(X: Array, lam: float) -> float:
    """The intercept counted too."""
    return 1 + effective_df(X, lam)


# ---------------------------------------------------------------------------------------- leave-one-out


def leverage(X: Array, lam: float, intercept: bool = True) -> Array:
    """Diagonal of the matrix that maps y to the fit."""
    Xc = X - X.mean(axis=0)
    n, d = Xc.shape
    return np.sum(Xc.T * np.linalg.solve(Xc.T @ Xc + n * lam * np.eye(d), Xc.T), axis=0) + intercept / n


def residuals(X: Array, y: Array, lam: float) -> Array:
    """Training residuals of ridge with an intercept."""
    w, b = fit(X, y, lam)
    return y - X @ w - b


def loo(X: Array, y: Array, lam: float) -> Array:
    """Leave-one-out residuals in closed form."""
    return residuals(X, y, lam) / (1 - leverage(X, lam))


def _refits(X: Array, y: Array, lam: float, keep_n_lam: bool) -> list[float]:
    n, errors = len(y), []
    for i in range(n):
        rest = np.arange(n) != i
        w, b = fit(X[rest], y[rest], lam * n / (n - 1) if keep_n_lam else lam)
        errors.append(float(y[i] - X[i] @ w - b))
    return errors


def loo_refits(X: Array, y: Array, lam: float) -> list[float]:
    """n refits that keep n*lam fixed, as a list."""
    return _refits(X, y, lam, keep_n_lam=True)


def loo_hat(X: Array, y: Array, lam: float) -> Array:
    """From the whole hat matrix, intercept column included."""
    n, d = X.shape
    A = np.column_stack([np.ones(n), X])
    H = A @ np.linalg.inv(A.T @ A + n * lam * np.diag([0.0] + [1.0] * d)) @ A.T
    return (y - H @ y) / (1 - np.diag(H))


def loo_svd(X: Array, y: Array, lam: float) -> Array:
    """From the singular vectors."""
    n = len(y)
    U, s, _ = np.linalg.svd(X - X.mean(axis=0), full_matrices=False)
    f = s**2 / (s**2 + n * lam)
    r = y - y.mean() - U @ (f * (U.T @ y))
    return r / (1 - 1 / n - (U**2) @ f)


def loo_without_intercept(X: Array, y: Array, lam: float) -> Array:
    """Leverage without the 1/n of the intercept."""
    return residuals(X, y, lam) / (1 - leverage(X, lam, intercept=False))


def loo_no_intercept(X: Array, y: Array, lam: float) -> Array:
    """A model through the origin: neither X nor y centred."""
    return _loo_of(X, y, len(y) * lam * np.eye(X.shape[1]))


def loo_penalised(X: Array, y: Array, lam: float) -> Array:
    """The intercept as one more weight, penalised."""
    n, d = X.shape
    return _loo_of(np.column_stack([np.ones(n), X]), y, n * lam * np.eye(d + 1))


def _loo_of(A: Array, y: Array, penalty: Array) -> Array:
    H = A @ np.linalg.solve(A.T @ A + penalty, A.T)
    return (y - H @ y) / (1 - np.diag(H))


def loo_without_n(X: Array, y: Array, lam: float) -> Array:
    """lam where n*lam belongs."""
    return loo(X, y, lam / len(y))


def loo_squared_errors(X: Array, y: Array, lam: float) -> Array:
    """The squares, as they are averaged afterwards."""
    return loo(X, y, lam) ** 2


def loo_predictions(X: Array, y: Array, lam: float) -> Array:
    """What is predicted for each left-out sample."""
    return y - loo(X, y, lam)


def loo_same_lam(X: Array, y: Array, lam: float) -> Array:
    """n refits that keep lam; the closed form with (n-1)*lam gives the same numbers."""
    return np.array(_refits(X, y, lam, keep_n_lam=False))


def _loo_with(change: Callable[[Array, Array], Array]) -> Callable[..., Array]:
    """Another use of the residuals and the leverages."""

    def wrong(X: Array, y: Array, lam: float) -> Array:
        n, Z = len(y), X - X.mean(axis=0)
        H = 1 / n + Z @ np.linalg.solve(Z.T @ Z + n * lam * np.eye(X.shape[1]), Z.T)
        return change(y - H @ y, np.diag(H))

    return wrong


def loo_cases(rng: np.random.Generator) -> list[Case]:
    """Few samples, so that leverages are large and differ."""
    X = np.array([[1.0, 2.0], [0.0, -1.0], [3.0, 1.0], [2.0, 0.0], [5.0, 4.0]])
    cases = [Case((X, np.array([3.0, 0.0, 4.0, 1.0, 2.0]), 0.5), label="small")]
    for n, d, lam, label in ((7, 3, 0.2, "random"), (9, 2, 2.0, "strong"), (8, 3, 0.0, "no_penalty")):
        cases.append(Case((*draw(rng, n, d), lam), label=label))
    return cases


# -------------------------------------------------------------------------------------------- MAP strength


def map_strength(noise_std: float, prior_std: float, n: int) -> float:
    """Strength at which ridge is the MAP estimate."""
    return noise_std**2 / (n * prior_std**2)


def map_ratio(noise_std: float, prior_std: float, n: int) -> float:
    """Square of a ratio."""
    return (noise_std / prior_std) ** 2 / n


def map_precisions(noise_std: float, prior_std: float, n: int) -> np.float32:
    """With precisions, in single precision."""
    return np.float32((prior_std**-2) / (noise_std**-2) / n)


def map_cases(rng: np.random.Generator) -> list[Case]:
    """Standard deviations above and below 1."""
    cases = [Case((3.0, 2.0, 10), label="small"), Case((0.5, 0.2, 40), label="random")]
    for n in (7, 200):
        cases.append(Case((float(rng.uniform(1.2, 5)), float(rng.uniform(0.2, 0.9)), n), label="random"))
    return cases


EXERCISES = [
    Exercise(
        id="ridge.objective",
        chapter=2,
        minutes=4,
        difficulty=1,
        signature="ridge_objective(X, y, w, lam)",
        reference=objective,
        alternatives={"loop": objective_loop, "norms": objective_norms, "float32": objective_float32},
        misconceptions={
            "penalty_without_half": Misconception(_objective(0.5, 1.0), "erratum 7"),
            "loss_without_half": Misconception(_objective(1.0, 0.5), "erratum 35"),
            "both_without_half": Misconception(_objective(1.0, 1.0), "erratum 17"),
            "sum": Misconception(objective_sum, "erratum 6"),
            "norm_not_squared": Misconception(objective_norm, "pitfall 21"),
            "absolute": Misconception(objective_absolute, "erratum 38"),
            "penalty_forgotten": Misconception(_objective(0.5, 0.0), "pitfall 20"),
            "penalty_times_n": Misconception(objective_times_n, "the closed form's n lam"),
        },
        cases=weight_cases,
    ),
    Exercise(
        id="ridge.gradient",
        chapter=2,
        minutes=5,
        difficulty=1,
        signature="ridge_gradient(X, y, w, lam)",
        reference=gradient,
        alternatives={"loop": gradient_loop, "gram": gradient_gram, "float32": gradient_float32},
        misconceptions={
            "penalty_absolute": Misconception(_gradient(np.abs), "erratum 2"),
            "penalty_squared": Misconception(_gradient(np.square), "erratum 3"),
            "penalty_doubled": Misconception(_gradient(lambda w: 2 * w), "erratum 7"),
            "sum": Misconception(gradient_sum, "erratum 5"),
            "penalty_forgotten": Misconception(_gradient(np.zeros_like), "pitfall 20"),
            "residual_sign": Misconception(_gradient(lambda w: w, data=-1.0), "erratum 4"),
            "data_doubled": Misconception(_gradient(lambda w: w, data=2.0), "erratum 35"),
            "penalty_halved": Misconception(_gradient(lambda w: w / 2), "half left standing"),
            "penalty_sign_of_w": Misconception(_gradient(np.sign), "the lasso's subgradient"),
            "penalty_negative": Misconception(_gradient(np.negative), "sign of the derivative"),
            "penalty_times_n": Misconception(gradient_times_n, "the closed form's n lam"),
            "penalty_over_n": Misconception(gradient_over_n, "everything divided by n"),
        },
        cases=weight_cases,
    ),
    Exercise(
        id="ridge.closed_form",
        chapter=2,
        minutes=5,
        difficulty=2,
        signature="ridge_closed_form(X, y, lam)",
        reference=closed_form,
        alternatives={
            "svd": closed_form_svd,
            "augmented": closed_form_augmented,
            "mean": closed_form_mean,
        },
        misconceptions={
            "lam_without_n": Misconception(_closed_form(lambda n, lam: lam), "pitfall 1"),
            "doubled": Misconception(_closed_form(lambda n, lam: 2 * n * lam), "erratum 7"),
            "halved": Misconception(_closed_form(lambda n, lam: n * lam / 2), "half left standing"),
            "lam_over_n": Misconception(_closed_form(lambda n, lam: lam / n), "erratum 6"),
            "all_entries": Misconception(closed_form_all_entries, "NumPy broadcasting"),
            "penalty_forgotten": Misconception(_closed_form(lambda n, lam: 0.0), "pitfall 20"),
            "minus": Misconception(_closed_form(lambda n, lam: -n * lam), "sign of the derivative"),
            "one_by_one": Misconception(closed_form_one_by_one, "correlations ignored"),
            "scaled": Misconception(closed_form_scaled, "orthonormal columns"),
        },
        cases=fit_cases,
    ),
    Exercise(
        id="ridge.intercept",
        chapter=2,
        minutes=6,
        difficulty=2,
        signature="ridge_fit(X, y, lam)",
        returns=("w", "b"),
        reference=fit,
        alternatives={
            "bordered": fit_bordered,
            "residual_mean": fit_residual_mean,
            "float32": fit_float32,
        },
        misconceptions={
            "penalised": Misconception(fit_penalised, "erratum 54"),
            "no_intercept": Misconception(fit_none, "erratum 12"),
            "uncentred_weights": Misconception(fit_uncentred, "erratum 54"),
            "mean_of_y": Misconception(fit_mean_y, "centred features"),
            "only_y_centred": Misconception(fit_only_y, "half of the centring"),
            "lam_without_n": Misconception(fit_without_n, "pitfall 1"),
            "mean_added": Misconception(fit_plus, "sign of the features' means"),
            "standardised": Misconception(fit_standardised, "pipelines that standardise"),
            "standardised_raw_means": Misconception(fit_standardised_raw_means, "pipelines that standardise"),
            "standardised_back": Misconception(fit_standardised_back, "pipelines that standardise"),
            "grand_mean": Misconception(fit_grand_mean, "mean without axis"),
            "wrong_corner": Misconception(fit_wrong_corner, "zero in the wrong corner"),
        },
        cases=fit_cases,
    ),
    Exercise(
        id="ridge.shrinkage_factors",
        chapter=2,
        minutes=5,
        difficulty=2,
        signature="shrinkage_factors(X, lam)",
        reference=shrinkage_factors,
        alternatives={
            "eigenvalues": shrinkage_eigenvalues,
            "loop": shrinkage_loop,
            "hat_matrix": shrinkage_hat,
        },
        misconceptions={
            "not_squared": Misconception(_shrinkage(lambda s, n, lam: s / (s + n * lam)), "pitfall 21"),
            "lam_without_n": Misconception(_shrinkage(lambda s, n, lam: s**2 / (s**2 + lam)), "pitfall 1"),
            "complement": Misconception(
                _shrinkage(lambda s, n, lam: n * lam / (s**2 + n * lam)), "shrinkage read as what is lost"
            ),
            "solution_factor": Misconception(
                _shrinkage(lambda s, n, lam: s / (s**2 + n * lam)), "the SVD form of the closed form"
            ),
            "lam_squared": Misconception(
                _shrinkage(lambda s, n, lam: s**2 / (s**2 + (n * lam) ** 2)), "erratum 51"
            ),
            "halved": Misconception(
                _shrinkage(lambda s, n, lam: s**2 / (s**2 + n * lam / 2)), "half left standing"
            ),
            "ascending": Misconception(shrinkage_ascending, "the order of np.linalg.eigh"),
            "all_eigenvalues": Misconception(shrinkage_all_eigenvalues, "the order of np.linalg.eigh"),
            "centred": Misconception(shrinkage_centred, "the habit of centring"),
            "fourth_power": Misconception(
                _shrinkage(lambda s, n, lam: s**4 / (s**4 + n * lam)), "squared twice"
            ),
            "lam_over_n": Misconception(_shrinkage(lambda s, n, lam: s**2 / (s**2 + lam / n)), "erratum 6"),
        },
        cases=shrinkage_cases,
    ),
    Exercise(
        id="ridge.effective_df",
        chapter=2,
        minutes=4,
        difficulty=2,
        signature="effective_df(X, lam)",
        reference=effective_df,
        alternatives={"trace": df_trace, "eigenvalues": df_eigenvalues, "float32": df_float32},
        misconceptions={
            "lam_without_n": Misconception(_total(lambda s, n, lam: s**2 / (s**2 + lam)), "pitfall 1"),
            "not_squared": Misconception(_total(lambda s, n, lam: s / (s + n * lam)), "pitfall 21"),
            "factors_squared": Misconception(
                _total(lambda s, n, lam: (s**2 / (s**2 + n * lam)) ** 2), "two definitions in use"
            ),
            "complement": Misconception(
                _total(lambda s, n, lam: n * lam / (s**2 + n * lam)), "shrinkage read as what is lost"
            ),
            "residual": Misconception(df_residual, "residual degrees of freedom"),
            "with_intercept": Misconception(df_with_intercept, "erratum 19"),
        },
        cases=spectrum_cases,
    ),
    Exercise(
        id="ridge.loo",
        chapter=2,
        minutes=10,
        difficulty=3,
        signature="loo_residuals(X, y, lam)",
        reference=loo,
        alternatives={"refits": loo_refits, "hat_matrix": loo_hat, "svd": loo_svd},
        misconceptions={
            "leverage_without_intercept": Misconception(loo_without_intercept, "intercept's 1/n"),
            "no_intercept": Misconception(loo_no_intercept, "erratum 12"),
            "penalised": Misconception(loo_penalised, "erratum 54"),
            "training_residuals": Misconception(residuals, "pitfall 18"),
            "squared_errors": Misconception(loo_squared_errors, "what is averaged afterwards"),
            "predictions": Misconception(loo_predictions, "predictions instead of errors"),
            "lam_without_n": Misconception(loo_without_n, "pitfall 1"),
            "same_lam": Misconception(loo_same_lam, "pitfall 1"),
            "multiplied": Misconception(_loo_with(lambda r, h: r * (1 - h)), "classroom"),
            "gcv": Misconception(_loo_with(lambda r, h: r / (1 - h.mean())), "generalised cross-validation"),
            "squared_leverage": Misconception(
                _loo_with(lambda r, h: r / (1 - h) ** 2), "formula for the squared error"
            ),
        },
        cases=loo_cases,
    ),
    Exercise(
        id="ridge.map_strength",
        chapter=2,
        minutes=4,
        difficulty=2,
        signature="map_strength(noise_std, prior_std, n)",
        reference=map_strength,
        alternatives={"ratio": map_ratio, "precisions": map_precisions},
        misconceptions={
            "without_n": Misconception(
                lambda noise_std, prior_std, n: (noise_std / prior_std) ** 2, "pitfall 1"
            ),
            "not_squared": Misconception(
                lambda noise_std, prior_std, n: noise_std / prior_std / n, "pitfall 21"
            ),
            "upside_down": Misconception(
                lambda noise_std, prior_std, n: (prior_std / noise_std) ** 2 / n, "erratum 37"
            ),
            "halved": Misconception(
                lambda noise_std, prior_std, n: (noise_std / prior_std) ** 2 / (2 * n), "erratum 7"
            ),
            "times_n": Misconception(
                lambda noise_std, prior_std, n: n * (noise_std / prior_std) ** 2, "pitfall 1"
            ),
        },
        cases=map_cases,
    ),
    Choice(
        id="ridge.weight_decay_for_torch",
        chapter=2,
        minutes=2,
        difficulty=2,
        options=("a", "b", "c", "d"),
        correct="c",
        misconceptions={"a": "same_number", "b": "half", "d": "times_n"},
    ),
    Choice(
        id="ridge.standardise_leak",
        chapter=2,
        minutes=2,
        options=("a", "b", "c", "d"),
        correct="b",
        misconceptions={"a": "all_data", "c": "separately", "d": "not_needed"},
    ),
    Value(
        id="ridge.alpha",
        chapter=2,
        minutes=2,
        reference=15.0,
        misconceptions={
            "same_number": Misconception(0.05, "erratum 35"),
            "over_n": Misconception(0.05 / 300, "erratum 6"),
            "doubled": Misconception(30.0, "erratum 7"),
            "halved": Misconception(7.5, "erratum 17"),
            "lasso": Misconception(0.1, "pitfall 1"),
            "upside_down": 6000.0,
        },
    ),
]
