"""Penalties, decay, proximal step and max-norm, applied to the parameters of a network.

Each function changes or reads the parameters for which `select(parameter)` is true: the weights by default
(`is_weight`), biases and norm parameters too with `everything`. `penalty` is an object of
`course_lib.penalties`: `L1(lam)`, `L2(lam)` or `ElasticNet(lam, l1_ratio)`, whose value is
`lam (l1_ratio ||w||_1 + (1-l1_ratio)/2 ||w||²)`, summed over the weights.

Four ways to regularize, in the order in which a training step uses them:

- in the loss: `add_penalty_gradient` before the optimiser's step;
- decoupled decay: `decoupled_decay`, which `AdamW` uses;
- proximal step: `prox_step` after the optimiser's step, the only one that gives exact zeros;
- a constraint: `project_max_norm` after the optimiser's step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, TypeAlias

import numpy as np

from course_lib import validation
from course_lib.nn.layers import Parameter

__all__ = [
    "Penalty",
    "Select",
    "add_penalty_gradient",
    "decoupled_decay",
    "everything",
    "is_weight",
    "penalty_value",
    "project_max_norm",
    "prox_step",
    "selected",
]


Select: TypeAlias = Callable[[Parameter], bool]


class Penalty(Protocol):
    """What this module needs from `course_lib.penalties`."""

    def value(self, w: np.ndarray) -> float: ...
    def subgradient(self, w: np.ndarray) -> np.ndarray: ...
    def prox(self, w: np.ndarray, step: float) -> np.ndarray: ...


def is_weight(parameter: Parameter) -> bool:
    """Select the weights: no biases, no scale and shift of norm layers."""
    return parameter.is_weight


def everything(parameter: Parameter) -> bool:
    """Select every parameter: biases and norm parameters too."""
    return True


def selected(parameters: Iterable[Parameter], select: Select = is_weight) -> list[Parameter]:
    """Return the parameters that are regularized: the weights, or those that `select` picks."""
    return [parameter for parameter in parameters if select(parameter)]


def penalty_value(parameters: Iterable[Parameter], penalty: Penalty, *, select: Select = is_weight) -> float:
    """Return the penalty summed over the selected parameters."""
    return float(sum(penalty.value(p.value) for p in selected(parameters, select)))


def add_penalty_gradient(
    parameters: Iterable[Parameter], penalty: Penalty, *, select: Select = is_weight
) -> None:
    """Add the penalty's gradient (for L1 the subgradient with sign(0) = 0) to `.grad`.

    Call it after `backward` and before the optimiser's step. For L2 it adds lam w. Under plain SGD this is
    weight decay: a parameter whose loss gradient is 0 shrinks by exactly 1 - lr lam a step.
    """
    for p in selected(parameters, select):
        p.grad += penalty.subgradient(p.value)


def decoupled_decay(
    parameters: Iterable[Parameter], lam: float, lr: float, *, select: Select = is_weight
) -> None:
    """Multiply by 1 - lr lam, next to the gradient step and not inside it (Loshchilov and Hutter 2019)."""
    factor = 1 - validation.positive(lr, "lr") * validation.strength(lam)
    for p in selected(parameters, select):
        p.value *= factor


def prox_step(
    parameters: Iterable[Parameter], penalty: Penalty, lr: float, *, select: Select = is_weight
) -> None:
    """Replace w by prox of lr penalty at w, argmin over v of ||v - w||²/2 + lr penalty(v).

    For L1 this is soft-thresholding by *lr lam*: smaller weights become exactly 0 and no weight changes sign.
    After SGD it makes proximal gradient descent. After Adam the zeros are exact too, but Adam's step has
    another length in each coordinate, so the fixed point is not that of the objective with this lam.
    """
    validation.positive(lr, "lr")
    for p in selected(parameters, select):
        p.value[...] = penalty.prox(p.value, lr)


def project_max_norm(parameters: Iterable[Parameter], limit: float, *, select: Select = is_weight) -> None:
    """Scale the incoming weights of each unit back to Euclidean norm `limit` where it is larger.

    Parameters without a `unit_axis` (biases, norm parameters) have no units and are left alone in any case.

    Source: Srivastava et al. 2014, section 5.1.
    """
    validation.positive(limit, "limit")
    for p in selected(parameters, select):
        if p.unit_axis is not None:
            incoming = tuple(axis for axis in range(p.value.ndim) if axis != p.unit_axis)
            norm = np.sqrt((p.value**2).sum(axis=incoming, keepdims=True))
            p.value *= limit / np.maximum(norm, limit)
