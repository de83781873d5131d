"""Exercises of chapter 08, weight decay: penalties as terms of the loss, as steps and as constraints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from course_lib.exercises.exercise import Case, Choice, Exercise, Misconception, Value

__all__ = ["EXERCISES"]

Array = np.ndarray


# ---------------------------------------------------------------------------------- the penalised loss


def penalised_loss(data_loss: float, weights: Sequence[Array], lam: float) -> float:
    """Data loss plus lam/2 times the sum of the squared entries of all weight matrices."""
    return data_loss + lam / 2 * sum(float(np.sum(w**2)) for w in weights)


def penalised_norms(data_loss: float, weights: Sequence[Array], lam: float) -> float:
    """Through norms, one matrix at a time."""
    total = data_loss
    for w in weights:
        total += 0.5 * lam * float(np.linalg.norm(w)) ** 2
    return total


def penalised_flat(data_loss: float, weights: Sequence[Array], lam: float) -> Array:
    """All weights as one long vector, in an array of no dimension."""
    flat = np.concatenate([np.ravel(w) for w in weights])
    return np.asarray(data_loss + lam * (flat @ flat) / 2)


def _penalised(penalty: Callable[[float, Sequence[Array], float], float]) -> Callable[..., float]:
    """The data loss plus something else."""

    def wrong(data_loss: float, weights: Sequence[Array], lam: float) -> float:
        return data_loss + penalty(data_loss, weights, lam)

    return wrong


def squares(weights: Sequence[Array]) -> float:
    """Sum of all squared entries."""
    return float(sum(np.sum(np.square(w)) for w in weights))


def absolute(weights: Sequence[Array]) -> float:
    """Sum of all absolute values."""
    return float(sum(np.sum(np.abs(w)) for w in weights))


def penalised_on_loss(data_loss: float, weights: Sequence[Array], lam: float) -> float:
    """The penalty of the loss value in place of the loss, as a call of a regularizer on it does."""
    return lam / 2 * data_loss**2


def penalised_mean(data_loss: float, weights: Sequence[Array], lam: float) -> float:
    """Mean instead of sum."""
    return data_loss + lam / 2 * squares(weights) / sum(np.size(w) for w in weights)


def loss_cases(rng: np.random.Generator) -> list[Case]:
    """Matrices of different sizes with both signs, several strengths."""
    small = [np.array([[1.0, -2.0], [0.0, 3.0]]), np.array([[0.5], [-1.5]])]
    cases = [
        Case((1.25, small, 0.5), label="small"),
        Case((0.7, small, 0.0), label="no_penalty"),
        Case((2.0, [np.zeros((2, 3)), np.zeros((3, 1))], 0.4), label="zero_weights"),
    ]
    for shapes, lam, label in (
        (((4, 3), (3, 2), (2, 5)), 0.3, "three_layers"),
        (((6, 2),), 1.7, "one_layer"),
    ):
        cases.append(Case((2.4, [rng.normal(size=shape) for shape in shapes], lam), label=label))
    return cases


# ---------------------------------------------------------------------------------------------- SGD step


def sgd_step(w: Array, grad: Array, lr: float, lam: float) -> Array:
    """One step of SGD on data loss + lam/2 ||w||²."""
    return w - lr * (grad + lam * w)


def sgd_shrink_first(w: Array, grad: Array, lr: float, lam: float) -> Array:
    """Shrink, then step along the gradient taken at the old weights."""
    return (1 - lr * lam) * w - lr * grad


def sgd_loop(w: Array, grad: Array, lr: float, lam: float) -> Array:
    """Entry by entry."""
    new = np.empty(np.shape(w))
    for index in np.ndindex(new.shape):
        new[index] = w[index] - lr * grad[index] - lr * lam * w[index]
    return new


def sgd_float32(w: Array, grad: Array, lr: float, lam: float) -> Array:
    """In single precision."""
    w, grad = np.asarray(w, np.float32), np.asarray(grad, np.float32)
    return w - np.float32(lr) * (grad + np.float32(lam) * w)


def _sgd(rule: Callable[[Array, Array, float, float], Array]) -> Callable[..., Array]:
    def wrong(w: Array, grad: Array, lr: float, lam: float) -> Array:
        return rule(w, grad, lr, lam)

    return wrong


def step_cases(rng: np.random.Generator) -> list[Case]:
    """Weights of both signs and zeros, steps long enough to tell the order of operations."""
    w, grad = np.array([2.0, -1.0, 0.0, 0.5]), np.array([0.4, 0.6, -1.0, -0.2])
    cases = [
        Case((w, grad, 0.25, 0.4), label="mixed"),
        Case((w, np.zeros(4), 0.25, 0.8), label="zero_gradient"),
        Case((w, grad, 0.3, 0.0), label="no_penalty"),
    ]
    for shape, lr, lam in (((3, 2), 0.2, 1.5), ((5,), 0.6, 0.3)):
        cases.append(Case((rng.normal(size=shape), rng.normal(size=shape), lr, lam), label="random"))
    return cases


# -------------------------------------------------------------------------------------------- AdamW step


def _moments(grad: Array, m: Array, v: Array, t: int, beta1: float, beta2: float, eps: float) -> Any:
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    return m, v, m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps)


def adamw_step(
    w: Array, grad: Array, m: Array, v: Array, t: int, lr: float, lam: float,
    beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """One step of AdamW, as torch takes it."""
    m, v, direction = _moments(grad, m, v, t, beta1, beta2, eps)
    return (1 - lr * lam) * w - lr * direction, m, v


def adamw_increments(
    w: Array, grad: Array, m: Array, v: Array, t: int, lr: float, lam: float,
    beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8,
) -> list[Array]:  # fmt: skip
    """Moments by increments, decay subtracted at the end, a list."""
    m = m + (1 - beta1) * (grad - m)
    v = v + (1 - beta2) * (grad * grad - v)
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return [w - lr * m_hat / (v_hat**0.5 + eps) - lr * lam * w, m, v]


def adamw_torch(
    w: Array, grad: Array, m: Array, v: Array, t: int, lr: float, lam: float,
    beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """With torch's arrangement of the bias corrections."""
    w = w - lr * lam * w
    m, v = beta1 * m + (1 - beta1) * grad, beta2 * v + (1 - beta2) * grad**2
    return w - lr / (1 - beta1**t) * m / (np.sqrt(v) / np.sqrt(1 - beta2**t) + eps), m, v


def adam_l2(
    w: Array, grad: Array, m: Array, v: Array, t: int, lr: float, lam: float,
    beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """Adam with the penalty's gradient inside."""
    m, v, direction = _moments(grad + lam * w, m, v, t, beta1, beta2, eps)
    return w - lr * direction, m, v


def adamw_no_lr(
    w: Array, grad: Array, m: Array, v: Array, t: int, lr: float, lam: float,
    beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """Decay that is not multiplied by the learning rate."""
    m, v, direction = _moments(grad, m, v, t, beta1, beta2, eps)
    return (1 - lam) * w - lr * direction, m, v


def adamw_preconditioned(
    w: Array, grad: Array, m: Array, v: Array, t: int, lr: float, lam: float,
    beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """Decay kept out of the moments, but divided by the root all the same."""
    m, v, direction = _moments(grad, m, v, t, beta1, beta2, eps)
    return w - lr * (direction + lam * w / (np.sqrt(v / (1 - beta2**t)) + eps)), m, v


def adamw_uncorrected(
    w: Array, grad: Array, m: Array, v: Array, t: int, lr: float, lam: float,
    beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """No bias correction."""
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    return (1 - lr * lam) * w - lr * m / (np.sqrt(v) + eps), m, v


def adamw_after(
    w: Array, grad: Array, m: Array, v: Array, t: int, lr: float, lam: float,
    beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """The step shrinks along with the weight."""
    m, v, direction = _moments(grad, m, v, t, beta1, beta2, eps)
    return (1 - lr * lam) * (w - lr * direction), m, v


def adamw_none(
    w: Array, grad: Array, m: Array, v: Array, t: int, lr: float, lam: float,
    beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """Adam without decay."""
    m, v, direction = _moments(grad, m, v, t, beta1, beta2, eps)
    return w - lr * direction, m, v


def adamw_slip(slip: str) -> Callable[..., tuple[Array, Array, Array]]:
    """One step of AdamW with one slip in it."""

    def wrong(
        w: Array, grad: Array, m: Array, v: Array, t: int, lr: float, lam: float,
        beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8,
    ) -> tuple[Array, Array, Array]:  # fmt: skip
        if slip == "betas_swapped":
            beta1, beta2 = beta2, beta1
        new1, new2 = (beta1, beta2) if slip == "weights_swapped" else (1 - beta1, 1 - beta2)
        g = grad + lam * w if slip == "twice" else grad
        m = (1 - new1) * m + new1 * g
        v = (1 - new2) * v + new2 * g**2
        m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
        size = v_hat if slip == "no_root" else np.sqrt(v_hat)
        new = (1 - lr * lam) * w - (1 if slip == "no_lr_step" else lr) * m_hat / (size + eps)
        return (new, m_hat, v_hat) if slip == "corrected" else (new, m, v)

    return wrong


ADAMW_SLIPS = {
    "no_root": "v is an average of squares",
    "betas_swapped": "beta1 and beta2 mixed up",
    "weights_swapped": "beta and 1 - beta mixed up",
    "no_lr_step": "learning rate on the decay only",
    "twice": "pitfall 3",
    "corrected": "corrected averages handed on",
}


def adamw_cases(rng: np.random.Generator) -> list[Case]:
    """First and later steps, long steps, other betas."""
    w, grad = np.array([2.0, -1.0, 0.5]), np.array([0.4, 3.0, -0.2])
    zero = np.zeros(3)
    cases = [
        Case((w, grad, zero, zero, 1, 0.1, 0.5), label="first_step"),
        Case((w, grad, 0.3 * grad, 0.2 * grad**2, 4, 0.3, 0.0), label="no_penalty"),
    ]
    tiny = 1e-3 * grad  # where the root is as small as eps, its place matters
    cases.append(Case((w, tiny, zero, zero, 1, 0.1, 0.5), {"eps": 2e-3}, label="tiny_gradient"))
    for shape, t, lr, lam, extra in (
        ((4,), 3, 0.4, 0.6, {}),
        ((2, 3), 9, 0.25, 1.2, {"beta1": 0.8, "beta2": 0.95, "eps": 1e-6}),
    ):
        first, m = rng.normal(size=shape), rng.normal(size=shape)
        v = rng.uniform(0.2, 2.0, size=shape)
        cases.append(
            Case(
                (rng.normal(size=shape), first, m, v, t, lr, lam),
                extra,
                label="other_betas" if extra else "later",
            )
        )
    return cases


# ----------------------------------------------------------------------------------------- proximal step


def prox_step(w: Array, grad: Array, lr: float, lam: float) -> Array:
    """A gradient step on the data loss, then soft-thresholding by lr*lam."""
    z = w - lr * grad
    return np.sign(z) * np.maximum(np.abs(z) - lr * lam, 0)


def prox_clip(w: Array, grad: Array, lr: float, lam: float) -> Array:
    """Take away what lies inside the interval."""
    z = w - lr * grad
    return z - np.clip(z, -lr * lam, lr * lam)


def prox_branches(w: Array, grad: Array, lr: float, lam: float) -> Array:
    """By cases."""
    z, t = np.asarray(w - lr * grad, dtype=float), lr * lam
    return np.where(z > t, z - t, np.where(z < -t, z + t, 0.0))


def prox_float32(w: Array, grad: Array, lr: float, lam: float) -> Array:
    """In single precision."""
    z = np.asarray(w, np.float32) - np.float32(lr) * np.asarray(grad, np.float32)
    return np.sign(z) * np.maximum(np.abs(z) - np.float32(lr * lam), np.float32(0))


def soft(z: Array, threshold: float) -> Array:
    """Soft-thresholding."""
    return np.sign(z) * np.maximum(np.abs(z) - threshold, 0)


def prox_relu(w: Array, grad: Array, lr: float, lam: float) -> Array:
    """Negative weights lost."""
    return np.maximum(w - lr * grad - lr * lam, 0)


def prox_hard(w: Array, grad: Array, lr: float, lam: float) -> Array:
    """Hard-thresholding: nothing is subtracted from the survivors."""
    z = w - lr * grad
    return np.where(np.abs(z) > lr * lam, z, 0.0)


PROX_SLIPS: dict[str, tuple[Callable[[Array, Array, float, float], Array], str]] = {
    "no_gradient": (lambda w, g, lr, lam: soft(w, lr * lam), "gradient step forgotten"),
    "no_lr_gradient": (lambda w, g, lr, lam: soft(w - g, lr * lam), "step without the learning rate"),
    "uphill": (lambda w, g, lr, lam: soft(w + lr * g, lr * lam), "sign of the gradient"),
    "ridge": (lambda w, g, lr, lam: (1 - lr * lam) * w - lr * g, "L2 for L1"),
    "no_max": (lambda w, g, lr, lam: (w - lr * g) - lr * lam * np.sign(w - lr * g), "max forgotten"),
    "sign_lost": (lambda w, g, lr, lam: np.abs(soft(w - lr * g, lr * lam)), "sign forgotten"),
}


def prox_cases(rng: np.random.Generator) -> list[Case]:
    """Entries that vanish, that survive, and that cross zero."""
    w = np.array([2.0, -1.0, 0.0, 0.3, -0.2, 0.55])
    grad = np.array([0.4, 0.6, -0.2, 0.5, -0.3, -0.1])
    cases = [
        Case((w, grad, 0.5, 0.8), label="mixed"),
        Case((w, np.zeros(6), 0.25, 1.6), label="zero_gradient"),
        Case((w, np.array([0.4, -4.0, 1.5, 2.0, -2.5, 0.3]), 0.5, 0.6), label="across_zero"),
        Case((w, grad, 0.3, 0.0), label="no_penalty"),
    ]
    for shape, lr, lam in (((12,), 0.2, 2.5), ((8,), 0.6, 0.7)):
        cases.append(Case((rng.normal(size=shape), rng.normal(size=shape), lr, lam), label="random"))
    return cases


# ---------------------------------------------------------------------------------------------- max-norm


def max_norm(W: Array, limit: float) -> Array:
    """Scale every column of W (n_in, n_out) whose norm exceeds the limit back to it."""
    norms = np.sqrt(np.sum(W**2, axis=0))
    return W * np.minimum(1, limit / np.maximum(norms, limit))


def max_norm_where(W: Array, limit: float) -> Array:
    """With a mask, zero columns looked after."""
    norms = np.linalg.norm(W, axis=0)
    factor = np.where(norms > limit, limit / np.where(norms > 0, norms, 1.0), 1.0)
    return W * factor[None, :]


def max_norm_loop(W: Array, limit: float) -> Array:
    """Column by column."""
    out = np.array(W, dtype=float)
    for j in range(out.shape[1]):
        size = float(np.linalg.norm(out[:, j]))
        if size > limit:
            out[:, j] *= limit / size
    return out


def max_norm_rows(W: Array, limit: float) -> Array:
    """Norms of the rows: a unit's outgoing weights."""
    return max_norm(np.asarray(W).T, limit).T


def max_norm_all(W: Array, limit: float) -> Array:
    """The norm of the whole matrix."""
    return W * min(1.0, limit / max(float(np.linalg.norm(W)), limit))


def max_norm_always(W: Array, limit: float) -> Array:
    """Every column gets exactly the limit."""
    norms = np.linalg.norm(W, axis=0)
    return W * limit / np.where(norms > 0, norms, 1.0)


def max_norm_clip(W: Array, limit: float) -> Array:
    """Every entry cut."""
    return np.clip(W, -limit, limit)


def max_norm_squared(W: Array, limit: float) -> Array:
    """The squared norm compared with the limit."""
    norms = np.sum(np.square(W), axis=0)
    return W * np.minimum(1, limit / np.maximum(norms, limit))


def max_norm_by(size: Array, W: Array, limit: float) -> Array:
    """Scaled back by another measure of size."""
    return W * np.minimum(1, limit / np.maximum(size, limit))


def max_norm_no_root(W: Array, limit: float) -> Array:
    """The L1 norm of each column."""
    norms = np.sum(np.abs(W), axis=0)
    return W * np.minimum(1, limit / np.maximum(norms, limit))


def norm_cases(rng: np.random.Generator) -> list[Case]:
    """Columns above and below the limit, a zero column, more rows than columns and fewer."""
    W = np.array([[3.0, 0.3, 0.0], [-4.0, 0.4, 0.0]])
    cases = [Case((W, 1.0), label="three_columns"), Case((W, 2.5), label="larger_limit")]
    for shape, limit in (((5, 3), 1.2), ((2, 6), 0.8)):
        scales = np.linspace(0.2, 2.5, shape[1])
        draw = rng.normal(size=shape)
        cases.append(Case((draw / np.linalg.norm(draw, axis=0) * scales, limit), label="random"))
    cases.append(Case((0.01 * rng.normal(size=(4, 2)), 3.0), label="all_inside"))
    return cases


EXERCISES = [
    Exercise(
        id="weight_decay.penalised_loss",
        chapter=8,
        minutes=4,
        difficulty=1,
        signature="penalised_loss(data_loss, weights, lam)",
        reference=penalised_loss,
        alternatives={"norms": penalised_norms, "flat": penalised_flat},
        misconceptions={
            "on_the_loss": Misconception(penalised_on_loss, "erratum 50"),
            "no_half": Misconception(_penalised(lambda d, w, lam: lam * squares(w)), "erratum 17"),
            "norm": Misconception(_penalised(lambda d, w, lam: lam / 2 * np.sqrt(squares(w))), "pitfall 21"),
            "mean": Misconception(
                penalised_mean,
                "mean taken from the data loss",
                also=(_penalised(lambda d, ws, lam: lam / 2 * sum(np.mean(w**2) for w in ws)),),
            ),
            "lam_squared": Misconception(_penalised(lambda d, w, lam: lam**2 / 2 * squares(w)), "erratum 51"),
            "penalty_only": Misconception(lambda d, ws, lam: lam / 2 * squares(ws), "pitfall 20"),
            "absolute": Misconception(_penalised(lambda d, ws, lam: lam / 2 * absolute(ws)), "L1 for L2"),
            "first_layer": Misconception(
                _penalised(lambda d, ws, lam: lam / 2 * squares(ws[:1])), "return inside the loop"
            ),
            "minus": Misconception(
                _penalised(lambda d, ws, lam: -lam / 2 * squares(ws)), "sign of the penalty"
            ),
            "norms": Misconception(
                _penalised(lambda d, ws, lam: lam / 2 * sum(float(np.linalg.norm(w)) for w in ws)),
                "pitfall 21",
            ),
            "no_lam": Misconception(_penalised(lambda d, ws, lam: squares(ws) / 2), "pitfall 20"),
            "loss_squared_added": Misconception(_penalised(lambda d, w, lam: lam / 2 * d**2), "erratum 50"),
        },
        cases=loss_cases,
    ),
    Exercise(
        id="weight_decay.sgd_step",
        chapter=8,
        minutes=4,
        difficulty=1,
        signature="sgd_step(w, grad, lr, lam)",
        reference=sgd_step,
        alternatives={"shrink_first": sgd_shrink_first, "loop": sgd_loop, "float32": sgd_float32},
        misconceptions={
            "doubled": Misconception(_sgd(lambda w, g, lr, lam: w - lr * (g + 2 * lam * w)), "erratum 7"),
            "absolute": Misconception(
                _sgd(lambda w, g, lr, lam: w - lr * (g + lam * np.abs(w))), "erratum 2"
            ),
            "no_lr": Misconception(_sgd(lambda w, g, lr, lam: w - lr * g - lam * w), "pitfall 4"),
            "after": Misconception(
                _sgd(lambda w, g, lr, lam: (1 - lr * lam) * (w - lr * g)), "order of the two halves"
            ),
            "grows": Misconception(_sgd(lambda w, g, lr, lam: w - lr * (g - lam * w)), "sign of the penalty"),
            "forgotten": Misconception(_sgd(lambda w, g, lr, lam: w - lr * g), "pitfall 20"),
            "halved": Misconception(_sgd(lambda w, g, lr, lam: w - lr * (g + lam / 2 * w)), "erratum 7"),
            "sign": Misconception(_sgd(lambda w, g, lr, lam: w - lr * (g + lam * np.sign(w))), "L1 for L2"),
            "value": Misconception(
                _sgd(lambda w, g, lr, lam: w - lr * (g + lam / 2 * np.sum(w**2))), "value for gradient"
            ),
            "uphill": Misconception(_sgd(lambda w, g, lr, lam: (1 - lr * lam) * w + lr * g), "sign"),
            "no_lr_gradient": Misconception(
                _sgd(lambda w, g, lr, lam: (1 - lr * lam) * w - g), "learning rate on the decay only"
            ),
            "no_lr_at_all": Misconception(_sgd(lambda w, g, lr, lam: w - g - lam * w), "no learning rate"),
        },
        cases=step_cases,
    ),
    Value(
        id="weight_decay.zero_gradient",
        chapter=8,
        minutes=3,
        difficulty=1,
        reference=2 * (1 - 0.1 * 0.5) ** 3,
        rtol=1e-3,
        misconceptions={
            "doubled": Misconception(2 * (1 - 2 * 0.1 * 0.5) ** 3, "pitfall 20"),
            "without_lr": Misconception(2 * (1 - 0.5) ** 3, "pitfall 4"),
            "linear": Misconception(2 * (1 - 3 * 0.1 * 0.5), "interest without compounding"),
            "one_step": Misconception(2 * (1 - 0.1 * 0.5), "one step only"),
            "unchanged": Misconception(2.0, "pitfall 20"),
            "factor": Misconception((1 - 0.1 * 0.5) ** 3, "factor instead of weight"),
            "one_factor": Misconception(1 - 0.1 * 0.5, "factor instead of weight"),
            "two_steps": Misconception(2 * (1 - 0.1 * 0.5) ** 2, "one step too few"),
            "four_steps": Misconception(2 * (1 - 0.1 * 0.5) ** 4, "one step too many"),
            "halved": Misconception(2 * (1 - 0.1 * 0.5 / 2) ** 3, "half of the decay"),
            "grows": Misconception(2 * (1 + 0.1 * 0.5) ** 3, "sign of the penalty"),
            "rounded": Misconception(1.71, "two digits"),
        },
    ),
    Exercise(
        id="weight_decay.adamw_step",
        chapter=8,
        minutes=8,
        difficulty=3,
        signature="adamw_step(w, grad, m, v, t, lr, lam, beta1=0.9, beta2=0.999, eps=1e-8)",
        returns=("w", "m", "v"),
        reference=adamw_step,
        alternatives={"increments": adamw_increments, "torch": adamw_torch},
        misconceptions={
            "adam_l2": Misconception(adam_l2, "pitfall 3"),
            "no_lr": Misconception(adamw_no_lr, "pitfall 4"),
            "preconditioned": Misconception(adamw_preconditioned, "pitfall 3"),
            "uncorrected": Misconception(adamw_uncorrected, "bias correction forgotten"),
            "after": Misconception(adamw_after, "order of the two halves"),
            "forgotten": Misconception(adamw_none, "pitfall 20"),
            **{slip: Misconception(adamw_slip(slip), source) for slip, source in ADAMW_SLIPS.items()},
        },
        cases=adamw_cases,
    ),
    Choice(
        id="weight_decay.which_is_ridge",
        chapter=8,
        minutes=2,
        difficulty=2,
        options=("a", "b", "c", "d"),
        correct="c",
        misconceptions={"a": "adamw", "b": "adam_rescaled", "d": "decoupled_momentum"},
    ),
    Value(
        id="weight_decay.groups",
        chapter=8,
        minutes=3,
        difficulty=1,
        reference=64 * 32 + 32 * 32 + 32 * 10,
        rtol=1e-9,
        misconceptions={
            "everything": Misconception(64 * 32 + 32 + 2 * 32 + 32 * 32 + 32 * 10 + 10, "pitfall 11"),
            "norm_scale": Misconception(64 * 32 + 32 + 32 * 32 + 32 * 10, "pitfall 11"),
            "biases": Misconception(64 * 32 + 32 + 32 * 32 + 32 * 10 + 10, "pitfall 11"),
            "last_layer": Misconception(32 * 10, "the output layer alone"),
            "before_norm": Misconception(32 * 32 + 32 * 10, "the matrix before the norm layer left out"),
            "no_bias_no_decay": Misconception(64 * 32 + 32 * 10, "the layer without a bias overlooked"),
            "arrays": Misconception(3, "arrays counted, not their entries"),
            "complement": 106,
            "output_layer": 3072,
        },
    ),
    Exercise(
        id="weight_decay.prox_step",
        chapter=8,
        minutes=5,
        difficulty=2,
        signature="prox_step(w, grad, lr, lam)",
        reference=prox_step,
        alternatives={"clip": prox_clip, "branches": prox_branches, "float32": prox_float32},
        misconceptions={
            "threshold_without_lr": Misconception(
                lambda w, grad, lr, lam: soft(w - lr * grad, lam), "threshold without the step size"
            ),
            "subgradient": Misconception(
                lambda w, grad, lr, lam: w - lr * (grad + lam * np.sign(w)), "pitfall 10"
            ),
            "prox_first": Misconception(
                lambda w, grad, lr, lam: soft(w, lr * lam) - lr * grad, "order of the two halves"
            ),
            "negative_lost": Misconception(prox_relu, "max(z - t, 0) without the sign"),
            "hard": Misconception(prox_hard, "hard-thresholding"),
            "twice": Misconception(
                lambda w, grad, lr, lam: soft(w - lr * (grad + lam * np.sign(w)), lr * lam),
                "penalty in the loss and in the step",
            ),
            **{slip: Misconception(rule, source) for slip, (rule, source) in PROX_SLIPS.items()},
            "ridge": Misconception(
                PROX_SLIPS["ridge"][0],
                "L2 for L1",
                also=(lambda w, grad, lr, lam: (w - lr * grad) / (1 + lr * lam),),
            ),
        },
        cases=prox_cases,
        exact_zeros=True,
    ),
    Exercise(
        id="weight_decay.max_norm",
        chapter=8,
        minutes=5,
        difficulty=2,
        signature="max_norm(W, limit)",
        reference=max_norm,
        alternatives={"where": max_norm_where, "loop": max_norm_loop},
        misconceptions={
            "rows": Misconception(max_norm_rows, "incoming and outgoing weights mixed up"),
            "whole_matrix": Misconception(max_norm_all, "one norm for the layer"),
            "always": Misconception(max_norm_always, "normalisation instead of a bound"),
            "entries": Misconception(max_norm_clip, "every entry cut"),
            "squared": Misconception(max_norm_squared, "pitfall 21"),
            "l1_norm": Misconception(max_norm_no_root, "norm of another kind"),
            "largest_entry": Misconception(
                lambda W, limit: max_norm_by(np.max(np.abs(W), axis=0), W, limit), "norm of another kind"
            ),
            "root_mean_square": Misconception(
                lambda W, limit: max_norm_by(np.sqrt(np.mean(np.square(W), axis=0)), W, limit),
                "mean instead of sum",
            ),
            "one_factor": Misconception(
                lambda W, limit: max_norm_by(np.max(np.linalg.norm(W, axis=0)), W, limit),
                "one factor for the layer",
            ),
            "limit_one": Misconception(lambda W, limit: max_norm(W, 1.0), "limit not used"),
            "dropped": Misconception(
                lambda W, limit: W * (np.linalg.norm(W, axis=0) <= limit), "column deleted"
            ),
            "unchanged": Misconception(lambda W, limit: np.array(W), "nothing done"),
        },
        cases=norm_cases,
    ),
]
