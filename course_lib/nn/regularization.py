"""Penalties, decay, proximal step and max-norm, applied to the parameters of a network.

Each function changes or reads the parameters that `selected` picks: the weights, unless
`weights_only=False` asks for biases and norm parameters too. `penalty` is an object of
`course_lib.penalties`: `L1(lam)`, `L2(lam)` or `ElasticNet(lam, l1_ratio)`, whose value is
`lam (l1_ratio ||w||_1 + (1-l1_ratio)/2 ||w||²)`, summed over the weights.

Four ways to regularize, in the order in which a training step uses them:

- in the loss: `add_penalty_gradient` before the optimiser's step;
- decoupled decay: `decoupled_decay`, which `AdamW` uses;
- proximal step: `prox_step` after the optimiser's step, the only one that gives exact zeros;
- a constraint: `project_max_norm` after the optimiser's step.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import numpy as np

from course_lib import validation
from course_lib.nn.layers import Parameter

__all__ = [
    "Penalty",
    "add_penalty_gradient",
    "decoupled_decay",
    "penalty_value",
    "project_max_norm",
    "prox_step",
    "selected",
]


class Penalty(Protocol):
    """What this module needs from `course_lib.penalties`."""

    def value(self, w: np.ndarray) -> float: ...
    def subgradient(self, w: np.ndarray) -> np.ndarray: ...
    def prox(self, w: np.ndarray, step: float) -> np.ndarray: ...


def selected(parameters: Iterable[Parameter], weights_only: bool = True) -> list[Parameter]:
    """Return the parameters that are regularized: the weights, or all of them."""
    return [parameter for parameter in parameters if parameter.is_weight or not weights_only]


def penalty_value(parameters: Iterable[Parameter], penalty: Penalty, *, weights_only: bool = True) -> float:
    """Return the penalty summed over the selected parameters."""
    return float(sum(penalty.value(p.value) for p in selected(parameters, weights_only)))


def add_penalty_gradient(
    parameters: Iterable[Parameter], penalty: Penalty, *, weights_only: bool = True
) -> None:
    """Add the penalty's gradient (for L1 the subgradient with sign(0) = 0) to `.grad`.

    Call it after `backward` and before the optimiser's step. For L2 it adds lam w. Under plain SGD this is
    weight decay: a parameter whose loss gradient is 0 shrinks by exactly 1 - lr lam a step.
    """
    for p in selected(parameters, weights_only):
        p.grad += penalty.subgradient(p.value)


def decoupled_decay(
    parameters: Iterable[Parameter], lam: float, lr: float, *, weights_only: bool = True
) -> None:
    """Multiply by 1 - lr lam, next to the gradient step and not inside it (Loshchilov and Hutter 2019)."""
    factor = 1 - validation.positive(lr, "lr") * validation.strength(lam)
    for p in selected(parameters, weights_only):
        p.value *= factor


def prox_step(
    parameters: Iterable[Parameter], penalty: Penalty, lr: float, *, weights_only: bool = True
) -> None:
    """Replace w by prox of lr penalty at w, argmin over v of ||v - w||²/2 + lr penalty(v).

    For L1 this is soft-thresholding by *lr lam*: smaller weights become exactly 0 and no weight changes sign.
    After SGD it makes proximal gradient descent. After Adam the zeros are exact too, but Adam's step has
    another length in each coordinate, so the fixed point is not that of the objective with this lam.
    """
    validation.positive(lr, "lr")
    for p in selected(parameters, weights_only):
        p.value[...] = penalty.prox(p.value, lr)


def project_max_norm(parameters: Iterable[Parameter], limit: float) -> None:
    """Scale the incoming weights of each unit back to Euclidean norm `limit` where it is larger.

    Parameters without a `unit_axis` (biases, norm parameters) are left alone.

    Source: Srivastava et al. 2014, section 5.1.
    """
    validation.positive(limit, "max_norm")
    for p in parameters:
        if p.unit_axis is not None:
            incoming = tuple(axis for axis in range(p.value.ndim) if axis != p.unit_axis)
            norm = np.sqrt((p.value**2).sum(axis=incoming, keepdims=True))
            p.value *= limit / np.maximum(norm, limit)
