"""Exercises of chapter 18, the bug clinic. Three of them judge tests that the learner wrote.

A test is run on right and on wrong implementations; its verdict, True or False, is compared like any other
result. A test that lets a wrong implementation pass is as wrong as one that rejects a right one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from course_lib.exercises.exercise import Case, Choice, Exercise, Fresh, Misconception
from course_lib.solvers import ridge

__all__ = ["EXERCISES"]

Array = np.ndarray
Rng = np.random.Generator
Params = Mapping[str, Array]

# -------------------------------------------------------------------------------------------- gradient check


def relative_gap(f: Callable, gradient: Callable, w: Array, h: float) -> float:
    """Central differences, one coordinate at a time."""
    numeric = np.array([(f(w + h * e) - f(w - h * e)) / (2 * h) for e in np.eye(len(w))])
    analytic = np.asarray(gradient(w))
    scale = np.linalg.norm(analytic) + np.linalg.norm(numeric)
    return float(np.linalg.norm(analytic - numeric) / scale) if scale > 0 else 0.0


def gap_in_a_loop(f: Callable, gradient: Callable, w: Array, h: float) -> float:
    """With copies of w that are moved."""
    numeric = np.zeros(len(w))
    for j in range(len(w)):
        up, down = np.array(w, float), np.array(w, float)
        up[j] += h
        down[j] -= h
        numeric[j] = (f(up) - f(down)) / (up[j] - down[j])
    g = np.array(gradient(w), float)
    return float(
        np.sqrt(np.sum((g - numeric) ** 2)) / max(np.sqrt(g @ g) + np.sqrt(numeric @ numeric), 1e-300)
    )


def gap_two_halves(f: Callable, gradient: Callable, w: Array, h: float) -> Any:
    """The mean of a forward and a backward difference."""
    g, here = np.asarray(gradient(w)), f(np.asarray(w, float))
    forward = np.array([(f(w + h * e) - here) / h for e in np.eye(len(w))])
    backward = np.array([(here - f(w - h * e)) / h for e in np.eye(len(w))])
    numeric = (forward + backward) / 2
    total = np.linalg.norm(g) + np.linalg.norm(numeric)
    return np.float64(0) if total == 0 else np.linalg.norm(g - numeric) / total


def _numeric(f: Callable, w: Array, h: float) -> Array:
    return np.array([(f(w + h * e) - f(w - h * e)) / (2 * h) for e in np.eye(len(w))])


def _gap(measure: Callable[[Array, Array], Any], numeric: Callable = _numeric) -> Callable[..., Any]:
    """Another way to measure how far the two gradients are apart, or other differences."""

    def wrong(f: Callable, gradient: Callable, w: Array, h: float) -> Any:
        with np.errstate(all="ignore"):
            return measure(np.asarray(gradient(w), float), numeric(f, w, h))

    return wrong


def _relative(a: Array, b: Array) -> float:
    scale = np.linalg.norm(a) + np.linalg.norm(b)
    return float(np.linalg.norm(a - b) / scale) if scale > 0 else 0.0


def gap_all_at_once(f: Callable, w: Array, h: float) -> Array:
    """Moves every coordinate in the same evaluation."""
    return np.full(len(w), (f(w + h) - f(w - h)) / (2 * h))


def gap_forward(f: Callable, w: Array, h: float) -> Array:
    """One-sided differences."""
    return np.array([(f(w + h * e) - f(w)) / h for e in np.eye(len(w))])


def gap_whole_numbers(f: Callable, w: Array, h: float) -> Array:
    """Writes the differences into an array of the weights' type."""
    return _numeric(f, w, h).astype(np.asarray(w).dtype)


def gap_padded(a: Array, b: Array) -> float:
    """A small number in the denominator, against a division by 0."""
    return float(np.linalg.norm(a - b) / (np.linalg.norm(a) + np.linalg.norm(b) + 1e-8))


def gap_guarded(a: Array, b: Array, top: Any, scale: Any) -> float:
    """A quotient that is 0 where its denominator is."""
    return float(top / scale) if scale > 0 else 0.0


def cubic(w: Array) -> float:
    """A loss whose third derivative does not vanish, with mixed terms."""
    return float(np.sum(w**3) + w[0] * w[-1] + 5.0)


def cubic_gradient(w: Array) -> Array:
    """Of `cubic`."""
    g = 3.0 * np.asarray(w, float) ** 2
    g[0] += w[-1]
    g[-1] += w[0]
    return g


def squares(w: Array) -> float:
    """Half a sum of squares."""
    return float(np.sum(np.asarray(w, float) ** 2) / 2)


def millionths(w: Array) -> float:
    """The same in another unit."""
    return 1e-6 * squares(w)


def constant(w: Array) -> float:
    """A loss that ignores its weights."""
    return 1.5


def _squares_gradient(factor: float) -> Callable[[Array], Array]:
    return lambda w: factor * np.asarray(w, float)


def gap_cases(rng: Rng) -> list[Case]:
    """Right and wrong gradients; a step too long to be exact; whole numbers; a small unit; no slope."""
    w = rng.uniform(0.5, 2.0, 4) * np.array([1.0, -1.0, 1.0, -1.0])
    return [
        Case((squares, _squares_gradient(2.0), np.array([1.0, -2.0]), 1e-3), label="doubled"),
        Case((cubic, cubic_gradient, w, 0.2), label="long_step"),
        Case((squares, lambda w: np.abs(w), w, 1e-3), label="absolute"),
        Case((squares, _squares_gradient(-1.0), w, 1e-3), label="sign"),
        Case((squares, _squares_gradient(1e-4), 1e4 * w, 1e-2), label="large"),
        Case((cubic, lambda w: 0.5 * cubic_gradient(w), np.array([2, -1, 3]), 0.2), label="whole_numbers"),
        Case((millionths, _squares_gradient(2e-6), w, 1e-3), label="small_unit"),
        Case((constant, _squares_gradient(0.0), w, 1e-3), label="flat"),
    ]


# ------------------------------------------------------------------------------------------------ the repair


def repaired_step(params: Params, grads: Params, lr: float, lam: float) -> dict[str, Array]:
    """Plain SGD on data loss + lam/2 times the squares of everything but the biases."""
    return {
        name: w - lr * (grads[name] + (0.0 if name.endswith("bias") else lam) * w)
        for name, w in params.items()
    }


def step_shrink_first(params: Params, grads: Params, lr: float, lam: float) -> dict[str, Array]:
    """Shrink the weights, then step."""
    new = {}
    for name in params:
        w = params[name].copy()
        if not name.endswith("bias"):
            w *= 1 - lr * lam
        new[name] = w - lr * grads[name]
    return new


def step_two_groups(params: Params, grads: Params, lr: float, lam: float) -> dict[str, Array]:
    """Weights and biases apart, in the order of the names."""
    biases = {name for name in params if name[-4:] == "bias"}
    new = {name: params[name] - lr * grads[name] for name in sorted(params)}
    return {name: w if name in biases else w - lr * lam * params[name] for name, w in new.items()}


def _step(pull: Callable[[str, Array, Array, float, float], Array]) -> Callable[..., dict[str, Array]]:
    def wrong(params: Params, grads: Params, lr: float, lam: float) -> dict[str, Array]:
        return {name: pull(name, w, grads[name], lr, lam) for name, w in params.items()}

    return wrong


def _free(name: str) -> float:
    return 0.0 if name.endswith("bias") else 1.0


def step_cases(rng: Rng) -> list[Case]:
    """Two layers, a weight vector beside the matrices, zeros; with and without a penalty."""
    cases = [
        Case(
            (
                {"weight": np.array([[1.0, -2.0]]), "bias": np.array([3.0])},
                {"weight": np.array([[0.0, 1.0]]), "bias": np.array([0.0])},
                0.1,
                0.5,
            ),
            label="small",
        )
    ]
    for lam, label in ((0.0, "no_penalty"), (float(rng.uniform(0.2, 0.9)), "random")):
        shapes = {"0.weight": (3, 4), "0.bias": (4,), "unbiased.weight": (4,), "unbiased.bias": (1,)}
        params = {
            name: rng.uniform(0.5, 2, shape) * rng.choice([-1, 1], shape) for name, shape in shapes.items()
        }
        grads = {name: rng.normal(size=shape) for name, shape in shapes.items()}
        grads["0.weight"][0] = 0.0
        cases.append(Case((params, grads, float(rng.uniform(0.02, 0.4)), lam), label=label))
    return cases


# ------------------------------------------------------------------------------------------ a test of dropout


def dropout_is_right(dropout: Callable, p: float, rng: Rng) -> bool:
    """Zeros, factors, independence, and evaluation."""
    x = np.linspace(1.0, 2.0, 20_000).reshape(200, 100)
    first, second = (dropout(x.copy(), p, rng, True) / x for _ in range(2))
    dropped = first == 0
    return bool(
        abs(dropped.mean() - p) < 0.02
        and np.allclose(first[~dropped], 1 / (1 - p), rtol=1e-4)
        and not np.array_equal(dropped, second == 0)
        and dropped.mean(axis=0).std() < 0.2
        and dropped.mean(axis=1).std() < 0.2
        and np.allclose(dropout(x.copy(), p, rng, False), x)
    )


def dropout_test_by_factors(dropout: Callable, p: float, rng: Rng) -> bool:
    """The set of factors, and three places at which masks can be equal."""
    x = np.ones((300, 80))
    a, b = dropout(x, p, rng, True), dropout(x, p, rng, True)
    if {round(float(value), 3) for value in np.unique(a)} != {0.0, round(1 / (1 - p), 3)}:
        return False
    same = [(a == b).all(), (a == a[0]).all(), (a == a[:, :1]).all()]
    evaluated = dropout(3 * x, p, rng, False)
    return bool(abs((a == 0).mean() - p) < 0.03 and not any(same) and (evaluated == 3 * x).all())


def dropout_test_step_by_step(dropout: Callable, p: float, rng: Rng) -> bool:
    """One reason after the other to say no."""
    x = rng.uniform(1.0, 3.0, (150, 150))
    if not np.array_equal(dropout(x, p, rng, False), x):
        return False
    masks = [np.asarray(dropout(x, p, rng, True)) != 0 for _ in range(3)]
    kept = dropout(x, p, rng, True) / x
    if np.any(np.abs(kept[kept > 0] * (1 - p) - 1) > 1e-3) or not 0 < (kept > 0).mean() < 1:
        return False
    shares = np.array([[m.mean(axis=axis).std() for axis in (0, 1)] for m in masks])
    if shares.max() > 0.2 or abs(np.mean(masks) - (1 - p)) > 0.03:
        return False
    return bool((masks[0] != masks[1]).any() and (masks[1] != masks[2]).any())


def _training_outputs(dropout: Callable, p: float, rng: Rng) -> tuple[Array, Array, Array]:
    x = np.linspace(1.0, 2.0, 20_000).reshape(200, 100)
    return x, dropout(x.copy(), p, rng, True) / x, dropout(x.copy(), p, rng, False) / x


def dropout_test_mean(dropout: Callable, p: float, rng: Rng) -> bool:
    """Looks only at the mean while training."""
    return bool(abs(_training_outputs(dropout, p, rng)[1].mean() - 1) < 0.1)


def dropout_test_zeros(dropout: Callable, p: float, rng: Rng) -> bool:
    """Looks only at the share of zeros."""
    return bool(abs((_training_outputs(dropout, p, rng)[1] == 0).mean() - p) < 0.02)


def dropout_test_evaluation(dropout: Callable, p: float, rng: Rng) -> bool:
    """Looks only at evaluation."""
    return bool(np.allclose(_training_outputs(dropout, p, rng)[2], 1))


def dropout_test_no_evaluation(dropout: Callable, p: float, rng: Rng) -> bool:
    """Everything but evaluation."""
    return dropout_is_right(lambda x, p, rng, training: dropout(x, p, rng, True) if training else x, p, rng)


def dropout_test_one_call(dropout: Callable, p: float, rng: Rng) -> bool:
    """Zeros, factors and evaluation, but never two masks next to each other."""
    _, training, evaluated = _training_outputs(dropout, p, rng)
    zeros = training == 0
    right = abs(zeros.mean() - p) < 0.08 and np.allclose(training[~zeros], 1 / (1 - p), rtol=1e-4)
    return bool(right and np.allclose(evaluated, 1))


def _asking(*questions: str, tolerance: float = 1e-4) -> Callable[..., bool]:
    """The reference with some of its questions."""

    def test(dropout: Callable, p: float, rng: Rng) -> bool:
        x = np.linspace(1.0, 2.0, 20_000).reshape(200, 100)
        first, second = (dropout(x.copy(), p, rng, True) / x for _ in range(2))
        dropped = first == 0
        answers = {
            "share": abs(dropped.mean() - p) < 0.02,
            "factor": np.allclose(first[~dropped], 1 / (1 - p), rtol=tolerance, atol=0),
            "calls": not np.array_equal(dropped, second == 0),
            "columns": dropped.mean(axis=0).std() < 0.2,
            "rows": dropped.mean(axis=1).std() < 0.2,
            "evaluation": np.array_equal(dropout(x.copy(), p, rng, False), x),
        }
        return all(bool(answers[question]) for question in questions)

    return test


def dropout_test_exact_mean(dropout: Callable, p: float, rng: Rng) -> bool:
    """Demands that a random mean be equal to its expectation."""
    _, training, evaluated = _training_outputs(dropout, p, rng)
    return bool(np.isclose(training.mean(), 1, rtol=1e-6) and np.allclose(evaluated, 1))


def dropout_test_turned(dropout: Callable, p: float, rng: Rng) -> bool:
    """True for a mistake."""
    return not dropout_is_right(dropout, p, rng)


def dropout_test_keep(dropout: Callable, p: float, rng: Rng) -> bool:
    """Takes p for the probability of keeping."""
    _, training, evaluated = _training_outputs(dropout, p, rng)
    zeros = training == 0
    right = abs(zeros.mean() - (1 - p)) < 0.02 and np.allclose(training[~zeros], 1 / p, rtol=1e-4)
    return bool(right and np.allclose(evaluated, 1))


def inverted(x: Array, p: float, rng: Rng, training: bool) -> Array:
    """Right."""
    return x * (rng.random(x.shape) >= p) / (1 - p) if training else x


def inverted_binomial(x: Array, p: float, rng: Rng, training: bool) -> Array:
    """Right, in single precision."""
    if not training:
        return x
    return x * (rng.binomial(1, 1 - p, x.shape) / (1 - p)).astype(np.float32)


def _faulty(
    scale: Callable[[float], float] = lambda p: 1 / (1 - p),
    at_test: Callable[[float], float] = lambda p: 1.0,
    keep: Callable[[float], float] = lambda p: 1 - p,
) -> Callable[..., Array]:
    """Dropout with one thing changed."""

    def layer(x: Array, p: float, rng: Rng, training: bool) -> Array:
        return x * (rng.random(x.shape) < keep(p)) * scale(p) if training else x * at_test(p)

    return layer


def two_masks(x: Array, p: float, rng: Rng, training: bool) -> Array:
    """Drops twice and scales once."""
    return inverted(x, p, rng, True) * (rng.random(x.shape) >= p) if training else x


def always_on(x: Array, p: float, rng: Rng, training: bool) -> Array:
    """Drops in evaluation too."""
    return inverted(x, p, rng, True)


def same_mask(x: Array, p: float, rng: Rng, training: bool) -> Array:
    """A generator of its own."""
    return inverted(x, p, np.random.default_rng(0), training)


def one_mask(axis: int) -> Callable[..., Array]:
    """Whole columns (axis 1) or rows (axis 0) are dropped: a share of exactly p, so no mean shows it."""

    def layer(x: Array, p: float, rng: Rng, training: bool) -> Array:
        if not training:
            return x
        size = x.shape[axis]
        kept = rng.permutation(size) >= round(p * size)
        return x * np.expand_dims(kept, 1 - axis) / kept.mean()

    return layer


def no_mask(x: Array, p: float, rng: Rng, training: bool) -> Array:
    """Adds one random number to all entries and drops nothing."""
    return x + p * rng.normal() if training else x


DROPOUTS: dict[str, tuple[Callable[..., Array], float]] = {
    "right": (inverted, 0.2),
    "right_float32": (inverted_binomial, 0.7),
    "unscaled": (_faulty(scale=lambda p: 1.0), 0.2),
    "one_over_p": (_faulty(scale=lambda p: 1 / p), 0.3),
    "scaled_twice": (_faulty(at_test=lambda p: 1 - p), 0.2),
    "keep": (_faulty(keep=lambda p: p, scale=lambda p: 1 / p), 0.3),
    "two_masks": (two_masks, 0.4),
    "row_mask": (one_mask(1), 0.25),
    "column_mask": (one_mask(0), 0.25),
    "always": (always_on, 0.2),
    "same_mask": (same_mask, 0.4),
    "no_mask": (no_mask, 0.4),
}


def _generator(rng: Rng) -> Fresh:
    seed = int(rng.integers(2**32))
    return Fresh(lambda: np.random.default_rng(seed))


def dropout_cases(rng: Rng) -> list[Case]:
    """Each implementation once."""
    return [Case((layer, p, _generator(rng)), label=label) for label, (layer, p) in DROPOUTS.items()]


# ------------------------------------------------------------------------------------------- a test for leaks


def uses_test_rows(choose: Callable, X: Array, y: Array, X_test: Array, y_test: Array) -> bool:
    """Whoever does not look at the test rows cannot notice that they change."""
    changed = [(X_test, -y_test), (X_test, 10 * y_test), (3 * X_test + 1, y_test), (-X_test[::-1], y_test)]
    here = choose(X, y, X_test, y_test)
    return any(choose(X, y, A, b) != here for A, b in changed)


def leak_by_noise(choose: Callable, X: Array, y: Array, X_test: Array, y_test: Array) -> bool:
    """Replaces labels, then features, by several draws of noise."""
    rng = np.random.default_rng(0)
    choices = {float(choose(X, y, X_test, y_test)), float(choose(X, y, X_test, -y_test))}
    for size in (0.1, 1, 10, 100):
        choices.add(float(choose(X, y, X_test, size * rng.normal(size=y_test.shape))))
        choices.add(float(choose(X, y, size * rng.normal(size=X_test.shape), y_test)))
    return len(choices) > 1


def leak_together(choose: Callable, X: Array, y: Array, X_test: Array, y_test: Array) -> bool:
    """Changes both at once, in three ways."""
    rng = np.random.default_rng(1)
    noise = rng.normal(size=X_test.shape)
    others = ((5 * noise, -y_test), (0 * noise, 10 * y_test), (noise, 0 * y_test), (X_test, 10 * y_test))
    changed = [choose(X, y, A, b) for A, b in (*others, (X_test, -y_test))]
    return not np.allclose(changed, choose(X, y, X_test, y_test), rtol=1e-12)


def leak_labels_only(choose: Callable, X: Array, y: Array, X_test: Array, y_test: Array) -> bool:
    """Never changes the features."""
    here = choose(X, y, X_test, y_test)
    return any(choose(X, y, X_test, b) != here for b in (-y_test, 10 * y_test))


def leak_features_only(choose: Callable, X: Array, y: Array, X_test: Array, y_test: Array) -> bool:
    """Only looks at the features."""
    fixed = np.zeros_like(y_test)
    return bool(choose(X, y, X_test, fixed) != choose(X, y, 3 * X_test + 1, fixed))


def leak_features_alone(choose: Callable, X: Array, y: Array, X_test: Array, y_test: Array) -> bool:
    """Changes the features beside the labels as they are."""
    here = choose(X, y, X_test, y_test)
    return any(choose(X, y, A, y_test) != here for A in (3 * X_test + 1, -X_test[::-1], 30 * X_test))


def leak_shuffled(choose: Callable, X: Array, y: Array, X_test: Array, y_test: Array) -> bool:
    """Changes the order of the test rows, which no error notices."""
    return bool(not np.isclose(choose(X, y, X_test[::-1], y_test[::-1]), choose(X, y, X_test, y_test)))


def leak_twice(choose: Callable, X: Array, y: Array, X_test: Array, y_test: Array) -> bool:
    """Calls it twice with the same rows."""
    return bool(choose(X, y, X_test, y_test) != choose(X, y, X_test, y_test))


def leak_training(choose: Callable, X: Array, y: Array, X_test: Array, y_test: Array) -> bool:
    """Changes the training rows as well."""
    here = choose(X, y, X_test, y_test)
    return bool(
        choose(X, 3 * y[::-1], X_test, -y_test) != here or uses_test_rows(choose, X, y, X_test, y_test)
    )


def leak_turned(choose: Callable, X: Array, y: Array, X_test: Array, y_test: Array) -> bool:
    """True for a clean procedure."""
    return not uses_test_rows(choose, X, y, X_test, y_test)


def leak_small(choose: Callable, X: Array, y: Array, X_test: Array, y_test: Array) -> bool:
    """A change that is too small to move a choice."""
    return bool(choose(X, y, X_test + 1e-6, y_test + 1e-6) != choose(X, y, X_test, y_test))


GRID = np.geomspace(1e-3, 1e2, 31)


def _errors(X: Array, y: Array, A: Array, b: Array) -> Array:
    weights, intercepts = ridge.path(X, y, GRID)  # a column for each strength
    return np.mean((np.asarray(b)[:, None] - A @ weights - intercepts) ** 2, axis=0)


def _best_by_loo(X: Array, y: Array) -> float:
    """As `ridge.choose_by_loo` on the grid, all strengths from one decomposition: a test asks often."""
    n, mean = len(y), np.mean(y)
    U, s, _ = np.linalg.svd(X - X.mean(axis=0), full_matrices=False)
    shares = s**2 / (s**2 + n * GRID[:, None])
    residuals = y - mean - shares * (U.T @ (y - mean)) @ U.T
    leverages = 1 / n + shares @ U.T**2
    return float(GRID[np.argmin(np.mean((residuals / (1 - leverages)) ** 2, axis=1))])


def choose_by_loo(X: Array, y: Array, X_test: Array, y_test: Array) -> float:
    """Leave-one-out on the training rows."""
    return _best_by_loo(X, y)


def choose_held_out(X: Array, y: Array, X_test: Array, y_test: Array) -> float:
    """A third of the training rows decides; the test rows have to have the right number of columns."""
    if np.shape(X_test)[1:] != X.shape[1:]:  # looks at the shape: no leak
        raise ValueError(f"X_test must have {X.shape[1]} columns, got shape {np.shape(X_test)}.")
    cut = 2 * len(y) // 3
    return float(GRID[np.argmin(_errors(X[:cut], y[:cut], X[cut:], y[cut:]))])


def choose_fixed(X: Array, y: Array, X_test: Array, y_test: Array) -> float:
    """A tenth of the largest pull on the training rows."""
    return float(np.abs(X.T @ (y - y.mean())).max() / len(y) / 10)


def choose_on_test(X: Array, y: Array, X_test: Array, y_test: Array) -> float:
    """The smallest error on the test rows."""
    return float(GRID[np.argmin(_errors(X, y, X_test, y_test))])


def choose_on_all_rows(X: Array, y: Array, X_test: Array, y_test: Array) -> float:
    """Leave-one-out on all rows, the test rows among them."""
    return _best_by_loo(np.vstack([X, X_test]), np.concatenate([y, y_test]))


def choose_by_scale(X: Array, y: Array, X_test: Array, y_test: Array) -> float:
    """A strength in units of the features, measured on all rows."""
    return float(0.1 * np.vstack([X, X_test]).var(axis=0).mean())


def choose_by_label_scale(X: Array, y: Array, X_test: Array, y_test: Array) -> float:
    """A strength in units of the labels, measured on all rows."""
    return float(0.1 * np.concatenate([y, y_test]).std())


PROCEDURES: dict[str, Callable[..., float]] = {
    "loo": choose_by_loo,
    "on_test": choose_on_test,
    "held_out": choose_held_out,
    "by_scale": choose_by_scale,
    "fixed": choose_fixed,
    "all_rows": choose_on_all_rows,
    "label_scale": choose_by_label_scale,
}


def leak_cases(rng: Rng) -> list[Case]:
    """Each procedure once, on rows where the labels depend on the features."""
    cases = []
    for label, choose in PROCEDURES.items():
        X, X_test = rng.normal(size=(30, 4)), rng.normal(size=(20, 4))
        w = rng.uniform(0.5, 1.5, 4) * np.array([1, -1, 1, -1])
        y, y_test = X @ w + 0.5 * rng.normal(size=30), X_test @ w + 0.5 * rng.normal(size=20)
        cases.append(Case((choose, X, y, X_test, y_test), label=label))
    return cases


# ------------------------------------------------------------------------------------------- the power of lam


def power_of_lam(objective: Callable, w: Array, lam: float) -> float:
    """Double the strength and look at the penalty alone."""
    data = objective(w, 0.0)
    once, twice = objective(w, lam) - data, objective(w, 2 * lam) - data
    return float(np.log2(twice / once)) if once else 0.0


def power_by_slope(objective: Callable, w: Array, lam: float) -> float:
    """A slope on logarithmic axes."""
    lams = lam * np.array([1.0, 2.0, 4.0, 8.0])
    penalty = np.array([objective(w, value) for value in lams]) - objective(w, 0)
    return 0.0 if np.all(penalty == 0) else float(np.polyfit(np.log(lams), np.log(penalty), 1)[0])


def power_by_thirds(objective: Callable, w: Array, lam: float) -> np.float64:
    """Three times the strength."""
    one, three = (objective(w, k * lam) - objective(w, 0.0) for k in (1, 3))
    return np.float64(0.0) if three == 0 else np.log(three / one) / np.log(3.0)


def _power(result: Callable[[float, float, float], float]) -> Callable[..., float]:
    """Something else from the three values of the objective."""

    def wrong(objective: Callable, w: Array, lam: float) -> float:
        with np.errstate(all="ignore"):
            values = (np.float64(objective(w, strength)) for strength in (0.0, lam, 2 * lam))
            return float(result(*values))

    return wrong


def _safe_power(data: float, once: float, twice: float) -> float:
    return (twice - data) / (once - data) if once != data else 1.0


def power_size_as_one(objective: Callable, w: Array, lam: float) -> float:
    """log of the penalty over log of lam."""
    penalty = objective(w, lam) - objective(w, 0.0)
    return float(np.log(penalty) / np.log(lam)) if penalty else 0.0


def power_of_w(objective: Callable, w: Array, lam: float) -> float:
    """How the penalty grows with w."""
    once = objective(w, lam) - objective(w, 0.0)
    twice = objective(2 * w, lam) - objective(2 * w, 0.0)
    return float(np.log2(twice / once)) if once else 0.0


def _objective(power: float, size: Callable[[Array], float], data: float = 3.0) -> Callable[..., float]:
    def objective(w: Array, lam: float) -> float:
        return data + lam**power * float(size(w))

    return objective


def ignored(w: Array, lam: float) -> float:
    """An objective that never adds its penalty."""
    return 2.0


def power_cases(rng: Rng) -> list[Case]:
    """Powers 0, 1/2, 1 and 2, several penalties, strengths on both sides of 1."""
    w = rng.uniform(0.5, 2.0, 3) * np.array([1.0, -1.0, 1.0])
    return [
        Case((_objective(1, lambda w: np.sum(w**2) / 2), np.array([1.0, -2.0]), 0.5), label="l2"),
        Case((_objective(2, lambda w: np.sum(w**2)), w, 0.3), label="twice"),
        Case((ignored, w, 0.7), label="ignored"),
        Case((_objective(1, lambda w: np.abs(w).sum() / 40, data=0.5), w, 4.0), label="l1"),
        Case((_objective(0.5, lambda w: np.abs(w).sum()), w, 0.1), label="root"),
    ]


EXERCISES = [
    Exercise(
        id="bug_clinic.relative_gap",
        chapter=18,
        minutes=7,
        difficulty=2,
        signature="relative_gap(f, gradient, w, h)",
        reference=relative_gap,
        alternatives={"loop": gap_in_a_loop, "two_halves": gap_two_halves},
        misconceptions={
            "one_sided": Misconception(_gap(_relative, gap_forward), "classroom"),
            "all_at_once": Misconception(_gap(_relative, gap_all_at_once), "classroom"),
            "h_not_doubled": Misconception(
                _gap(_relative, lambda f, w, h: 2 * _numeric(f, w, h)), "classroom"
            ),
            "absolute": Misconception(_gap(lambda a, b: np.linalg.norm(a - b)), "erratum 5"),
            "one_norm": Misconception(
                _gap(lambda a, b: gap_guarded(a, b, np.linalg.norm(a - b), np.linalg.norm(b))),
                "classroom",
                also=(_gap(lambda a, b: gap_guarded(a, b, np.linalg.norm(a - b), np.linalg.norm(a))),),
            ),
            "lengths": Misconception(
                _gap(
                    lambda a, b: gap_guarded(
                        a,
                        b,
                        abs(np.linalg.norm(a) - np.linalg.norm(b)),
                        np.linalg.norm(a) + np.linalg.norm(b),
                    )
                ),
                "classroom",
            ),
            "squared": Misconception(
                _gap(lambda a, b: gap_guarded(a, b, np.sum((a - b) ** 2), np.sum(a**2) + np.sum(b**2))),
                "erratum 7",
            ),
            "whole_numbers": Misconception(_gap(_relative, gap_whole_numbers), "classroom"),
            "norm_of_sum": Misconception(
                _gap(lambda a, b: gap_guarded(a, b, np.linalg.norm(a - b), np.linalg.norm(a + b))),
                "classroom",
            ),
            "other_norm": Misconception(
                _gap(lambda a, b: gap_guarded(a, b, np.abs(a - b).sum(), np.abs(a).sum() + np.abs(b).sum())),
                "classroom",
                also=(
                    _gap(
                        lambda a, b: gap_guarded(a, b, np.abs(a - b).max(), np.abs(a).max() + np.abs(b).max())
                    ),
                ),
            ),
            "padded": Misconception(_gap(gap_padded), "classroom"),
            "no_guard": Misconception(
                _gap(lambda a, b: np.linalg.norm(a - b) / (np.linalg.norm(a) + np.linalg.norm(b))),
                "classroom",
            ),
        },
        cases=gap_cases,
    ),
    Exercise(
        id="bug_clinic.repair",
        chapter=18,
        minutes=5,
        difficulty=2,
        signature="repaired_step(params, grads, lr, lam)",
        reference=repaired_step,
        alternatives={"shrink_first": step_shrink_first, "two_groups": step_two_groups},
        misconceptions={
            "absolute": Misconception(
                _step(lambda k, w, g, lr, lam: w - lr * (g + _free(k) * lam * np.abs(w))), "erratum 2"
            ),
            "biases": Misconception(_step(lambda k, w, g, lr, lam: w - lr * (g + lam * w)), "erratum 19"),
            "both": Misconception(
                _step(lambda k, w, g, lr, lam: w - lr * (g + lam * np.abs(w))), "erratum 2"
            ),
            "as_it_was": Misconception(
                _step(lambda k, w, g, lr, lam: w - lr * g - lam * np.abs(w)), "erratum 2"
            ),
            "square": Misconception(
                _step(lambda k, w, g, lr, lam: w - lr * (g + _free(k) * lam * w**2)), "erratum 3"
            ),
            "decay_without_lr": Misconception(
                _step(lambda k, w, g, lr, lam: w - lr * g - _free(k) * lam * w), "pitfall 4"
            ),
            "not_applied": Misconception(_step(lambda k, w, g, lr, lam: w - lr * g), "erratum 20"),
            "doubled": Misconception(
                _step(lambda k, w, g, lr, lam: w - lr * (g + 2 * _free(k) * lam * w)), "erratum 7"
            ),
            "sign": Misconception(
                _step(lambda k, w, g, lr, lam: w - lr * (g + _free(k) * lam * np.sign(w))), "erratum 38"
            ),
            "after": Misconception(
                _step(lambda k, w, g, lr, lam: (1 - lr * lam * _free(k)) * (w - lr * g)), "classroom"
            ),
            "lr_lost": Misconception(
                _step(lambda k, w, g, lr, lam: w - (g + _free(k) * lam * w)), "erratum 1"
            ),
            "by_shape": Misconception(
                _step(lambda k, w, g, lr, lam: w - lr * (g + (w.ndim > 1) * lam * w)),
                "pitfall 6",
                also=(
                    _step(lambda k, w, g, lr, lam: w - lr * (g + ("bias" not in k) * lam * w)),
                    _step(lambda k, w, g, lr, lam: w - lr * (g + (k != "bias") * lam * w)),
                ),
            ),
        },
        cases=step_cases,
    ),
    Choice(
        id="bug_clinic.name_the_bug",
        chapter=18,
        minutes=2,
        difficulty=1,
        options=("a", "b", "c", "d"),
        correct="b",
        misconceptions={"a": "nothing_wrong", "c": "no_learning_rate", "d": "not_applied"},
    ),
    Exercise(
        id="bug_clinic.dropout_test",
        chapter=18,
        minutes=10,
        difficulty=3,
        signature="dropout_is_right(dropout, p, rng)",
        reference=dropout_is_right,
        alternatives={"factors": dropout_test_by_factors, "step_by_step": dropout_test_step_by_step},
        misconceptions={
            "only_the_mean": Misconception(dropout_test_mean, "pitfall 8"),
            "only_zeros": Misconception(
                dropout_test_zeros,
                "erratum 10",
                also=(
                    _asking("share", "calls", "columns", "rows", "evaluation"),
                    _asking("share", "calls", "evaluation"),
                ),
            ),
            "only_evaluation": Misconception(dropout_test_evaluation, "erratum 10"),
            "no_evaluation": Misconception(
                dropout_test_no_evaluation, "pitfall 7", also=(_asking("share", "factor"),)
            ),
            "one_call": Misconception(dropout_test_one_call, "erratum 9"),
            "no_share": Misconception(
                _asking("factor", "calls", "columns", "rows", "evaluation"), "pitfall 8"
            ),
            "no_second_call": Misconception(
                _asking("share", "factor", "columns", "rows", "evaluation"), "classroom"
            ),
            "one_axis": Misconception(
                _asking("share", "factor", "calls", "columns", "evaluation"),
                "classroom",
                also=(
                    _asking("share", "factor", "calls", "rows", "evaluation"),
                    _asking("share", "factor", "calls", "evaluation"),
                ),
            ),
            "too_tight": Misconception(
                _asking("share", "factor", "calls", "columns", "rows", "evaluation", tolerance=1e-12),
                "classroom",
            ),
            "exact_mean": Misconception(dropout_test_exact_mean, "classroom"),
            "turned": Misconception(dropout_test_turned, "classroom"),
            "keep": Misconception(dropout_test_keep, "classroom"),
        },
        cases=dropout_cases,
    ),
    Exercise(
        id="bug_clinic.leak_test",
        chapter=18,
        minutes=5,
        difficulty=2,
        signature="uses_test_rows(choose, X, y, X_test, y_test)",
        reference=uses_test_rows,
        alternatives={"noise": leak_by_noise, "together": leak_together},
        misconceptions={
            "labels_only": Misconception(leak_labels_only, "erratum 26"),
            "features_only": Misconception(leak_features_only, "pitfall 13", also=(leak_features_alone,)),
            "nothing_changed": Misconception(leak_shuffled, "classroom", also=(leak_twice,)),
            "training_changed": Misconception(leak_training, "classroom"),
            "too_small": Misconception(leak_small, "classroom"),
            "turned": Misconception(leak_turned, "classroom"),
        },
        cases=leak_cases,
    ),
    Exercise(
        id="bug_clinic.power_of_lam",
        chapter=18,
        minutes=5,
        difficulty=2,
        signature="power_of_lam(objective, w, lam)",
        reference=power_of_lam,
        alternatives={"slope": power_by_slope, "thirds": power_by_thirds},
        misconceptions={
            "data_kept": Misconception(_power(lambda j0, j1, j2: np.log2(j2 / j1)), "erratum 6"),
            "ratio": Misconception(
                _power(_safe_power),
                "erratum 51",
                also=(_power(lambda j0, j1, j2: _safe_power(j0, j1, j2) if j1 != j0 else 0.0),),
            ),
            "whole_only": Misconception(
                _power(lambda j0, j1, j2: round(np.log2(_safe_power(j0, j1, j2)))), "classroom"
            ),
            "natural_log": Misconception(
                _power(lambda j0, j1, j2: np.log(_safe_power(j0, j1, j2))), "classroom"
            ),
            "no_guard": Misconception(
                _power(lambda j0, j1, j2: np.log2((j2 - j0) / (j1 - j0))), "erratum 20"
            ),
            "one_when_ignored": Misconception(
                _power(lambda j0, j1, j2: np.log2(_safe_power(j0, j1, j2)) if j1 != j0 else 1.0), "erratum 20"
            ),
            "upside_down": Misconception(
                _power(lambda j0, j1, j2: -np.log2(_safe_power(j0, j1, j2))), "classroom"
            ),
            "yes_or_no": Misconception(_power(lambda j0, j1, j2: float(j1 != j0)), "classroom"),
            "size_as_one": Misconception(power_size_as_one, "R taken as 1"),
            "power_of_w": Misconception(power_of_w, "w doubled for lam"),
        },
        cases=power_cases,
    ),
    Choice(
        id="bug_clinic.reference",
        chapter=18,
        minutes=2,
        difficulty=1,
        options=("a", "b", "c", "d"),
        correct="c",
        misconceptions={"a": "it_sounds_right", "b": "others_cite_it", "d": "the_numbers_agree"},
    ),
]
