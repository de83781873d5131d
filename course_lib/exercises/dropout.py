"""Exercises of chapter 09, dropout: p is the probability of dropping, kept values are scaled by 1/(1-p).

Random answers may draw in any order they like, so no mask is compared with another. What is compared are
properties of large draws: a share that lies within five standard errors of the share the theory gives is
reported as exactly that share, and any other as it is.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from course_lib.exercises.exercise import Case, Choice, Exercise, Fresh, Misconception, Value
from course_lib.exercises.values import returned

__all__ = ["EXERCISES"]

Array = np.ndarray
Rng = np.random.Generator


def generator(rng: Rng) -> Fresh:
    """A generator that starts in the same state for every answer."""
    seed = int(rng.integers(2**32))
    return Fresh(lambda: np.random.default_rng(seed))


def signed(rng: Rng, shape: tuple[int, ...], zeros: float = 0.0) -> Array:
    """Numbers of both signs, none closer to zero than 0.5 except a share of exact zeros."""
    x = rng.uniform(0.5, 2.0, shape) * rng.choice([-1.0, 1.0], shape)
    return np.where(rng.random(shape) < zeros, 0.0, x)


# ------------------------------------------------------------------------------------------------ observing


def near(measured: float, n: int, *shares: float) -> float:
    """Return the share out of ``shares`` that ``measured`` estimates (within five standard errors), or it."""
    for share in shares:
        if abs(measured - share) <= 5 * np.sqrt(share * (1 - share) / n) + 1e-12:
            return share
    return round(measured, 3)


def spread(counts: Array, p: float, n: int) -> str:
    """Compare the variance of binomial counts with n p (1-p): "as independent draws", "smaller", "larger"."""
    if p in (0.0, 1.0):
        return "as independent draws"
    ratio = counts.var(ddof=1) / (n * p * (1 - p))
    bound = 6 * np.sqrt(2 / (len(counts) - 1))
    if abs(ratio - 1) <= bound:
        return "as independent draws"
    return "smaller than for independent draws" if ratio < 1 else "larger than for independent draws"


def factors(output: Any, x: Array, name: str = "dropout") -> Array:
    """Return what each entry was multiplied with by the function or method ``name``."""
    array = returned(output, name)
    if array.shape != x.shape:
        raise ValueError(f"{name} returns shape {array.shape} for an array of shape {x.shape}.")
    return array / x


def describe(m: Array, p: float) -> dict[str, Any]:
    """Reduce a matrix of factors to its properties."""
    kept = m[m != 0]
    dropped = m == 0
    return {
        "share of zeros": near(float(dropped.mean()), m.size, p, 1 - p),
        "smallest factor of a kept entry": float(kept.min()) if kept.size else 0.0,
        "largest factor of a kept entry": float(kept.max()) if kept.size else 0.0,
        "zeros per row vary": spread(dropped.sum(axis=1), float(dropped.mean()), m.shape[1]),
        "zeros per column vary": spread(dropped.sum(axis=0), float(dropped.mean()), m.shape[0]),
    }


def again(first: Array, second: Array, p: float) -> float:
    """Share of entries with the same fate in two calls: p² + (1-p)² when the masks are independent."""
    same = float(np.mean((first == 0) == (second == 0)))
    return near(same, first.size, p**2 + (1 - p) ** 2)


def observe_training(answer: Callable[..., Any], x: Array, p: float, rng: Rng, training: bool) -> dict:
    """Several calls in training mode. Only the first gets x itself, for an answer may modify it."""
    original, twin = x.copy(), copy.deepcopy(rng)
    first = factors(answer(x, p, rng, training), original)
    repeated = factors(answer(original.copy(), p, twin, training), original)
    later = [factors(answer(original.copy(), p, rng, training), original) for _ in range(3)]
    zeros = {int(np.sum(m == 0)) for m in (first, *later)}  # four equal counts: one check in a million
    return {
        **describe(first, p),
        "entries with the same fate in a second call": again(first, later[0], p),
        "number of zeros in four calls": "the same" if len(zeros) == 1 else "varies",
        "a generator in the same state gives": _repeats(first, repeated),
    }


def _repeats(first: Array, second: Array) -> str:
    return "the same mask" if np.array_equal(first == 0, second == 0) else "another mask"


def observe_layer(answer: Any, p: float, rng: Rng, x: Array, grad: Array) -> dict[str, Any]:
    """Forward and backward in training, a second batch, then evaluation, with one layer."""
    twin = answer(p, copy.deepcopy(rng))
    layer, given, given_grad = answer(p, rng), x, grad
    x, grad = x.copy(), grad.copy()  # what follows is compared with these, should the answer modify its input
    nonzero = x != 0
    result: dict[str, Any] = {}
    first = returned(layer.forward(given, True), "forward")
    second = returned(layer.forward(x.copy(), True), "forward")
    if first.shape != x.shape:
        raise ValueError(f"forward returns shape {first.shape} for an array of shape {x.shape}.")
    repeated = returned(twin.forward(x.copy(), True), "forward")
    result["a generator in the same state gives"] = _repeats(first, repeated)
    back = factors(layer.backward(given_grad), grad, "backward")
    m = second[nonzero] / x[nonzero]
    kept, at_zero = m != 0, back[~nonzero]
    result["forward: share of zeros"] = near(float(np.mean(~kept)), m.size, p, 1 - p)
    result["forward: factor of kept entries"] = _range(m[kept])
    result["forward: same fate in a second call"] = again(first[nonzero], second[nonzero], p)
    result["backward: factor of kept entries"] = _range(back[nonzero][kept])
    result["backward: factor of dropped entries"] = _range(back[nonzero][~kept])
    result["backward: share of zeros where x = 0"] = near(
        float(np.mean(at_zero == 0)), at_zero.size, p, 1 - p
    )
    result["backward: factor of kept entries where x = 0"] = _range(at_zero[at_zero != 0])
    again_back = factors(layer.backward(grad.copy()), grad, "backward")
    result["backward, called again"] = float(np.max(np.abs(again_back - back)))
    evaluated = returned(layer.forward(x.copy(), False), "forward")
    result["evaluation: largest change by forward"] = round(float(np.max(np.abs(evaluated - x))), 6)
    passed = returned(layer.backward(grad.copy()), "backward")
    result["evaluation: largest change by backward"] = round(float(np.max(np.abs(passed - grad))), 6)
    return result


def _range(values: Array) -> Array:
    return np.array([values.min(), values.max()]) if values.size else np.zeros(2)


# -------------------------------------------------------------------------------------------------- forward


def forward(x: Array, p: float, rng: Rng, training: bool) -> Array:
    """Inverted dropout."""
    if not training:
        return x
    if p == 1:
        return np.zeros_like(x)
    return x * (rng.random(x.shape) >= p) / (1 - p)


def forward_binomial(x: Array, p: float, rng: Rng, training: bool) -> Array:
    """Mask from a binomial draw."""
    if not training or p == 0:
        return np.array(x)
    mask = rng.binomial(1, 1 - p, size=x.shape)
    return x * mask / (1 - p) if p < 1 else x * mask


def forward_where(x: Array, p: float, rng: Rng, training: bool) -> Array:
    """A copy with entries set to zero."""
    keep = 1.0 if not training else 1 - p
    dropped = rng.random(x.shape) > keep
    out = np.asarray(x, float) / max(keep, 1e-12)
    out[dropped | (keep == 0)] = 0.0
    return out


def forward_loop(x: Array, p: float, rng: Rng, training: bool) -> list[list[float]]:
    """Entry by entry, as lists."""
    if not training:
        return [list(row) for row in x]
    return [[0.0 if rng.random() < p else value / (1 - p) for value in row] for row in x.tolist()]


def forward_float32(x: Array, p: float, rng: Rng, training: bool) -> Array:
    """In single precision, with choice."""
    if not training:
        return x.astype(np.float32)
    values = np.array([0.0, 1 / (1 - p) if p < 1 else 0.0], dtype=np.float32)
    return x.astype(np.float32) * rng.choice(values, size=x.shape, p=[p, 1 - p])


def _inverse(share: float) -> float:
    return 1 / share if share > 0 else 0.0


def _forward(scale: Callable[[float], float], at_test: Callable[[float], float] = lambda p: 1.0) -> Any:
    """Drop with probability p, scale by another number, and multiply by a number in evaluation."""

    def wrong(x: Array, p: float, rng: Rng, training: bool) -> Array:
        if not training:
            return x * at_test(p)
        return x * (rng.random(x.shape) >= p) * scale(p)

    return wrong


def forward_keep(x: Array, p: float, rng: Rng, training: bool) -> Array:
    """p taken for the probability of keeping."""
    return x * (rng.random(x.shape) < p) / max(p, 1e-12) if training else x


def forward_one_mask(x: Array, p: float, rng: Rng, training: bool) -> Array:
    """One mask for all rows of the batch."""
    if not training:
        return x
    return x * (rng.random(x.shape[1]) >= p) / (1 - p) if p < 1 else 0 * x


def forward_always(x: Array, p: float, rng: Rng, training: bool) -> Array:
    """Drops in evaluation too."""
    return forward(x, p, rng, True)


def forward_flipped(x: Array, p: float, rng: Rng, training: bool) -> Array:
    """Keeps with probability p, scaled for the other reading."""
    if not training:
        return x
    return x * (rng.random(x.shape) < p) * _inverse(1 - p)


def _forward_mask(draw: Callable[[Array, float, Rng], Any]) -> Callable[..., Array]:
    """Another mask, before it is scaled."""

    def wrong(x: Array, p: float, rng: Rng, training: bool) -> Array:
        return x * draw(x, p, rng) * _inverse(1 - p) if training else x

    return wrong


def forward_cases(rng: Rng) -> list[Case]:
    """Training observed through large batches; evaluation compared as it is; p = 0 and p = 1."""
    small = np.array([[1.0, -2.0, 0.5], [-1.5, 3.0, -0.5]])
    cases = []
    for p, shape, label in ((0.2, (200, 40), "training"), (0.7, (150, 60), "high_rate"),
                            (0.5, (160, 50), "half"), (0.05, (250, 40), "low_rate")):  # fmt: skip
        cases.append(
            Case((signed(rng, shape), p, generator(rng), True), label=label, observe=observe_training)
        )
    for p, x, label in ((0.2, small, "evaluation"), (0.6, signed(rng, (4, 7), 0.3), "evaluation_high")):
        cases.append(Case((x, p, generator(rng), False), label=label))
    cases.append(Case((small, 0.0, generator(rng), True), label="p_zero"))
    cases.append(Case((small, 1.0, generator(rng), True), label="p_one"))
    return cases


# ---------------------------------------------------------------------------------------------------- layer


class Layer:
    """Inverted dropout that remembers its mask for the backward pass."""

    def __init__(self, p: float, rng: Rng) -> None:
        self.p, self.rng = p, rng
        self.mask: Any = 1.0

    def forward(self, x: Array, training: bool) -> Array:
        """Drop while training."""
        self.mask = self.draw(x.shape) if training else np.ones(x.shape)
        return x * self.mask

    def draw(self, shape: tuple[int, ...]) -> Array:
        """Zeros, and 1/(1-p) where an entry is kept."""
        return (self.rng.random(shape) >= self.p) / (1 - self.p)

    def backward(self, grad: Array) -> Array:
        """The chain rule: the same factors."""
        return grad * self.mask


class LayerNone(Layer):
    """Without a mask in evaluation; a binomial draw."""

    def forward(self, x: Array, training: bool) -> Array:
        self.mask = None
        if not training:
            return x
        self.mask = self.rng.binomial(1, 1 - self.p, x.shape)
        return x * self.mask / (1 - self.p)

    def backward(self, grad: Array) -> Array:
        if self.mask is None:
            return grad
        return grad * self.mask / (1 - self.p)


class LayerWhere(Layer):
    """With np.where, remembering what was dropped and whether it trained."""

    def forward(self, x: Array, training: bool) -> Array:
        self.training = training
        self.dropped = self.rng.random(x.shape) < self.p
        return np.where(self.dropped, 0.0, x / (1 - self.p)) if training else x

    def backward(self, grad: Array) -> Array:
        return np.where(self.dropped, 0.0, grad / (1 - self.p)) if self.training else grad


class LayerFloat32(Layer):
    """In single precision."""

    def forward(self, x: Array, training: bool) -> Array:
        return super().forward(x, training).astype(np.float32)


class LayerRedrawn(Layer):
    """A new mask in the backward pass, which does not know of evaluation."""

    def backward(self, grad: Array) -> Array:
        return grad * self.draw(grad.shape)


class LayerUnscaled(Layer):
    """Zeros in the right places, the scale forgotten."""

    def backward(self, grad: Array) -> Array:
        return grad * (self.mask != 0)


class LayerPassed(Layer):
    """The gradient passed on as it is."""

    def backward(self, grad: Array) -> Array:
        return grad


class LayerScaledTwice(Layer):
    """A mask that holds the scale already (or ones, in evaluation), divided once more."""

    def backward(self, grad: Array) -> Array:
        return grad * self.mask / (1 - self.p)


class LayerOutput(Layer):
    """The mask recovered from the output, which is zero where x was zero too."""

    def forward(self, x: Array, training: bool) -> Array:
        self.output = super().forward(x, training)
        return self.output

    def backward(self, grad: Array) -> Array:
        return grad * (self.output != 0) / (1 - self.p)


class LayerStale(Layer):
    """After a forward pass in evaluation, backward still uses the last training mask."""

    def forward(self, x: Array, training: bool) -> Array:
        return super().forward(x, True) if training else x


class LayerRedrawnInTraining(Layer):
    """A new mask in the backward pass of training."""

    def forward(self, x: Array, training: bool) -> Array:
        self.training = training
        return super().forward(x, training)

    def backward(self, grad: Array) -> Array:
        return grad * self.draw(grad.shape) if self.training else grad


class LayerScaledTwiceInTraining(LayerRedrawnInTraining):
    """Divided once more while training."""

    def backward(self, grad: Array) -> Array:
        return grad * self.mask / (1 - self.p) if self.training else grad


class LayerOutputInTraining(LayerRedrawnInTraining):
    """The mask recovered from the output of a training pass."""

    def forward(self, x: Array, training: bool) -> Array:
        self.output = super().forward(x, training)
        return self.output

    def backward(self, grad: Array) -> Array:
        return grad * (self.output != 0) / (1 - self.p) if self.training else grad


class LayerTimesOutput(LayerOutputInTraining):
    """The output where the mask belongs."""

    def backward(self, grad: Array) -> Array:
        return grad * self.output if self.training else grad


class LayerOneDraw(Layer):
    """Draws once and keeps that mask."""

    first: Any = None

    def draw(self, shape: tuple[int, ...]) -> Array:
        self.first = super().draw(shape) if self.first is None else self.first
        return self.first


class LayerFlipped(Layer):
    """p read as the probability of keeping, scaled for the other reading."""

    def draw(self, shape: tuple[int, ...]) -> Array:
        return (self.rng.random(shape) < self.p) / (1 - self.p)


class LayerKeep(Layer):
    """p read as the probability of keeping."""

    def draw(self, shape: tuple[int, ...]) -> Array:
        return (self.rng.random(shape) < self.p) / self.p


class Layer2014(Layer):
    """No scale while training, 1 - p in evaluation."""

    def forward(self, x: Array, training: bool) -> Array:
        self.mask = self.draw(x.shape) * (1 - self.p) if training else np.full(x.shape, 1 - self.p)
        return x * self.mask


class LayerOneRow(Layer):
    """One mask for all rows."""

    def draw(self, shape: tuple[int, ...]) -> Array:
        return super().draw(shape[1:])


class LayerAlways(Layer):
    """Drops in evaluation too."""

    def forward(self, x: Array, training: bool) -> Array:
        return super().forward(x, True)


def layer_cases(rng: Rng) -> list[Case]:
    """Inputs with exact zeros, as ReLU makes them; gradients of both signs; p other than 0.5."""
    cases = []
    for p, shape, label in (
        (0.2, (200, 50), "layer"),
        (0.7, (150, 60), "high_rate"),
        (0.4, (250, 40), "random"),
    ):
        x, grad = signed(rng, shape, zeros=0.3), signed(rng, shape)
        cases.append(Case((p, generator(rng), x, grad), label=label, observe=observe_layer))
    return cases


# ------------------------------------------------------------------------------------------ adaptive ridge


def dropout_regression(X: Array, y: Array, p: float) -> Array:
    """Minimiser of the expected squared error under dropout on the inputs."""
    gram = X.T @ X
    return np.linalg.solve(gram + p / (1 - p) * np.diag(np.diag(gram)), X.T @ y)


def regression_augmented(X: Array, y: Array, p: float) -> Array:
    """As least squares with d extra rows."""
    gamma = np.sqrt(np.sum(X**2, axis=0))
    rows = np.vstack([X, np.sqrt(p / (1 - p)) * np.diag(gamma)])
    return np.linalg.lstsq(rows, np.append(y, np.zeros(len(gamma))), rcond=None)[0]


def regression_scaled(X: Array, y: Array, p: float) -> list[float]:
    """Ordinary ridge on columns of length 1, scaled back, as a list."""
    gamma = np.linalg.norm(X, axis=0)
    Z = X / gamma
    v = np.linalg.inv(Z.T @ Z + p / (1 - p) * np.eye(len(gamma))) @ Z.T @ y
    return list(v / gamma)


def regression_expected(X: Array, y: Array, p: float) -> Array:
    """From the expected Gram matrix: off the diagonal as it is, on the diagonal divided by 1-p."""
    gram = X.T @ X
    gram[np.diag_indices(len(gram))] /= 1 - p
    return np.linalg.solve(gram, X.T @ y)


def _regression(diagonal: Callable[[Array, float], Array]) -> Callable[..., Array]:
    """Another diagonal added to the Gram matrix."""

    def wrong(X: Array, y: Array, p: float) -> Array:
        return np.linalg.solve(X.T @ X + np.diag(diagonal(X, p)), X.T @ y)

    return wrong


def regression_rescaled(X: Array, y: Array, p: float) -> Array:
    """Divided by 1 - p once more."""
    return dropout_regression(X, y, p) / (1 - p)


def regression_broadcast(X: Array, y: Array, p: float) -> Array:
    """The diagonal as a row, added to every row."""
    gram = X.T @ X
    return np.linalg.solve(gram + p / (1 - p) * np.diag(gram), X.T @ y)


def regression_whole(X: Array, y: Array, p: float) -> Array:
    """The whole Gram matrix as penalty."""
    return (1 - p) * np.linalg.solve(X.T @ X, X.T @ y)


def regression_cases(rng: Rng) -> list[Case]:
    """Columns of different lengths, correlated; several p; p = 0."""
    small = np.array([[1.0, 2.0], [0.0, -1.0], [3.0, 1.0], [2.0, 0.0]])
    cases = [Case((small, np.array([3.0, 0.0, 4.0, 1.0]), 0.2), label="small")]
    for n, d, p, label in ((7, 3, 0.6, "high_rate"), (12, 4, 0.3, "random"), (6, 2, 0.0, "p_zero")):
        X = rng.normal(size=(n, d)) * rng.uniform(0.5, 3.0, d) + rng.normal(size=(n, 1))
        cases.append(Case((X, X @ rng.normal(size=d) + rng.normal(size=n), p), label=label))
    return cases


EXERCISES = [
    Exercise(
        id="dropout.forward",
        chapter=9,
        minutes=8,
        difficulty=1,
        signature="dropout(x, p, rng, training)",
        reference=forward,
        alternatives={
            "binomial": forward_binomial,
            "where": forward_where,
            "loop": forward_loop,
            "float32": forward_float32,
        },
        misconceptions={
            "scaled_by_one_over_p": Misconception(_forward(lambda p: 1 / p if p else 1.0), "pitfall 8"),
            "not_scaled": Misconception(_forward(lambda p: 1.0), "erratum 10"),
            "keep_probability": Misconception(
                forward_keep, "two meanings of p in use", also=(forward_flipped,)
            ),
            "one_mask": Misconception(forward_one_mask, "NumPy broadcasting"),
            "scaled_at_test_too": Misconception(
                _forward(lambda p: _inverse(1 - p), lambda p: 1 - p), "erratum 10"
            ),
            "rule_of_2014": Misconception(_forward(lambda p: 1.0, lambda p: 1 - p), "erratum 10"),
            "always": Misconception(forward_always, "the mode ignored"),
            "all_or_nothing": Misconception(_forward_mask(lambda x, p, rng: rng.random() >= p), "one draw"),
            "whole_rows": Misconception(
                _forward_mask(lambda x, p, rng: rng.random((len(x), 1)) >= p), "NumPy broadcasting"
            ),
            "multiplied": Misconception(_forward(lambda p: 1 - p), "scale upside down"),
            "own_generator": Misconception(
                _forward_mask(lambda x, p, rng: np.random.default_rng(0).random(x.shape) >= p), "a fixed seed"
            ),
        },
        cases=forward_cases,
    ),
    Exercise(
        id="dropout.layer",
        chapter=9,
        minutes=8,
        difficulty=2,
        signature="DropoutLayer(p, rng)",
        reference=Layer,
        alternatives={"none": LayerNone, "where": LayerWhere, "float32": LayerFloat32},
        misconceptions={
            "redrawn": Misconception(
                LayerRedrawn, "mask drawn anew in the backward pass", also=(LayerRedrawnInTraining,)
            ),
            "scale_forgotten": Misconception(LayerUnscaled, "erratum 10"),
            "not_applied": Misconception(LayerPassed, "erratum 9"),
            "scaled_twice": Misconception(LayerScaledTwice, "pitfall 8", also=(LayerScaledTwiceInTraining,)),
            "mask_from_output": Misconception(
                LayerOutput, "zeros made by ReLU", also=(LayerOutputInTraining,)
            ),
            "stale_mask": Misconception(LayerStale, "pitfall 7"),
            "times_output": Misconception(LayerTimesOutput, "classroom"),
            "one_draw": Misconception(LayerOneDraw, "the mask drawn once"),
            "keep_probability": Misconception(LayerFlipped, "two meanings of p in use", also=(LayerKeep,)),
            "rule_of_2014": Misconception(Layer2014, "erratum 10"),
            "one_mask": Misconception(LayerOneRow, "NumPy broadcasting"),
            "always": Misconception(LayerAlways, "the mode ignored"),
        },
        cases=layer_cases,
    ),
    Exercise(
        id="dropout.regression",
        chapter=9,
        minutes=8,
        difficulty=3,
        signature="dropout_regression(X, y, p)",
        reference=dropout_regression,
        alternatives={
            "augmented": regression_augmented,
            "scaled_columns": regression_scaled,
            "expected_gram": regression_expected,
        },
        misconceptions={
            "plain_ridge": Misconception(
                _regression(lambda X, p: p / (1 - p) * np.ones(X.shape[1])), "result P14, without the columns"
            ),
            "standardised": Misconception(
                _regression(lambda X, p: len(X) * p / (1 - p) * np.ones(X.shape[1])),
                "result P14, for features of mean square 1",
            ),
            "unscaled_mask": Misconception(
                _regression(lambda X, p: p * (1 - p) * np.sum(X**2, axis=0)), "erratum 10"
            ),
            "p_alone": Misconception(_regression(lambda X, p: p * np.sum(X**2, axis=0)), "erratum 31"),
            "not_squared": Misconception(
                _regression(lambda X, p: p / (1 - p) * np.sqrt(np.sum(X**2, axis=0))), "pitfall 21"
            ),
            "mean_not_sum": Misconception(
                _regression(lambda X, p: p / (1 - p) * np.mean(X**2, axis=0)), "pitfall 1"
            ),
            "whole_matrix": Misconception(regression_whole, "diag forgotten"),
            "rescaled": Misconception(regression_rescaled, "scaled twice"),
            "broadcast": Misconception(regression_broadcast, "NumPy broadcasting"),
            "doubled": Misconception(
                _regression(lambda X, p: 2 * p / (1 - p) * np.sum(X**2, axis=0)), "erratum 7"
            ),
            "root": Misconception(
                _regression(lambda X, p: np.sqrt(p / (1 - p)) * np.sum(X**2, axis=0)), "standard deviation"
            ),
            "times_n": Misconception(
                _regression(lambda X, p: len(X) * p / (1 - p) * np.sum(X**2, axis=0)), "n counted twice"
            ),
        },
        cases=regression_cases,
    ),
    Value(
        id="dropout.variance",
        chapter=9,
        minutes=3,
        reference=1.5,  # p = 0.6
        misconceptions={
            "unscaled": Misconception(0.24, "erratum 10"),
            "scaled_once": Misconception(0.6, "the scale of a variance is squared"),
            "second_moment": Misconception(2.5, "mean not subtracted"),
            "standard_deviation": Misconception(np.sqrt(1.5), "pitfall 21"),
            "kept_value_squared": Misconception(6.25, "the probability of keeping left out"),
            "upside_down": Misconception(0.4 / 0.6, "pitfall 8"),
            "kept_share": 0.4,
        },
    ),
    Value(
        id="dropout.kept_units",
        chapter=9,
        minutes=2,
        reference=48.0,
        misconceptions={
            "dropped": Misconception(16.0, "two meanings of p in use"),
            "scaled": Misconception(64.0, "pitfall 8"),
            "all_layers": Misconception(123.0, "units of both hidden layers"),
            "both_counted": Misconception(148.0, "units of the first hidden layer counted too"),
            "squared": Misconception(36.0, "the mask applied twice"),
            "first_layer": 75,
            "divided": 64 / 0.75,
        },
    ),
    Value(
        id="dropout.evaluation",
        chapter=9,
        minutes=2,
        reference=4.0,  # enters the layer, with p = 0.2
        misconceptions={
            "scaled_down": Misconception(3.2, "erratum 10"),
            "scaled_up": Misconception(5.0, "pitfall 8"),
            "zero": Misconception(0.0, "pitfall 7"),
            "one_over_p": Misconception(20.0, "pitfall 8"),
            "p_times": Misconception(0.8, "two meanings of p in use"),
        },
    ),
    Choice(
        id="dropout.functional",
        chapter=9,
        minutes=2,
        difficulty=2,
        options=("a", "b", "c", "d"),
        correct="b",
        misconceptions={"a": "eval_is_enough", "c": "weights_scaled", "d": "raises"},
    ),
    Choice(
        id="dropout.placement",
        chapter=9,
        minutes=3,
        difficulty=2,
        options=("a", "b", "c", "d"),
        correct="c",
        misconceptions={"a": "before_batch_norm", "b": "mean_is_kept", "d": "higher_rate"},
    ),
]
