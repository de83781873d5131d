"""Which parameters of a network are weights? One answer, shared by every penalty, step and decay.

The type of the owning module decides, not the number of dimensions. Left out are

* biases: shifting the output of a unit does not make a network more flexible (the intercept rule of ridge);
* the scale and shift of normalisation layers: the layer before is rescaled anyway, so shrinking them
  changes the step size rather than the function;
* embedding tables: a row has a gradient only when its token occurs, but would shrink at every step, so rare
  tokens would fade. A table that is tied to a ``Linear`` layer is a weight of that layer, and counts;
* the slope of ``PReLU``: zero is not its neutral value.

Weights under a parametrization (``weight_norm`` and others) are seen as the raw parameters torch stores.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from torch import nn
from torch.nn.parameter import is_lazy

from course_lib.validation import strength

__all__ = ["Select", "decay_groups", "everything", "is_weight", "named_weights"]

Select: TypeAlias = Callable[[nn.Module, str], bool]

NORMALISATION = (
    nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm,
    nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d,
    nn.LayerNorm, nn.GroupNorm, nn.RMSNorm,
)  # fmt: skip
LEFT_OUT = (*NORMALISATION, nn.Embedding, nn.EmbeddingBag, nn.PReLU)


def is_weight(module: nn.Module, name: str) -> bool:
    """Say whether the parameter ``name`` that ``module`` itself owns is a weight.

    True unless the module is a normalisation layer, an embedding or a PReLU, or the name is that of a bias
    (``b``, ``bias``, ``bias_ih_l0``, ``in_proj_bias``). A hand-written normalisation layer has no type to
    go by: pass your own ``select(module, name) -> bool`` for it.
    """
    is_bias = name in ("b", "bias") or name.startswith("bias_") or name.endswith("_bias")
    return not (is_bias or isinstance(module, LEFT_OUT))


def everything(module: nn.Module, name: str) -> bool:
    """Select every parameter: biases, normalisation layers and embeddings too."""
    return True


def named_weights(model: nn.Module, *, select: Select = is_weight) -> dict[str, nn.Parameter]:
    """Return the trainable weights of ``model`` by name, each once.

    Frozen parameters are left out. A shared parameter stands under its first name, and is a weight when one
    of its owners uses it as a weight.

    Raises
    ------
    TypeError
        If ``model`` is not a ``torch.nn.Module``.
    ValueError
        If ``model`` has no parameters, or some whose shape is not known yet (lazy layers).
    """
    return _split(model, select)[0]


def decay_groups(
    model: nn.Module, weight_decay: float, *, select: Select = is_weight
) -> list[dict[str, Any]]:
    """Return parameter groups for a torch optimiser: weights that decay, and the rest, which does not.

    ``torch.optim.AdamW(decay_groups(model, 0.01), lr=1e-3)``

    ``SGD`` and ``Adam`` add ``weight_decay * w`` to the gradient: the gradient of ``weight_decay/2 ||w||^2``,
    hence ``weight_decay = lam`` beside the loss with ½, and ``2 * lam`` beside ``MSELoss``, which has none.
    ``AdamW`` multiplies the weights by ``1 - lr * weight_decay`` instead, and minimises no such sum.

    Parameters
    ----------
    model : torch.nn.Module
    weight_decay : float
        At least 0.
    select : callable (module, name) -> bool
        Which parameters decay. Default: :func:`is_weight`.

    Returns
    -------
    list of dict
        One or two groups with the keys ``params`` and ``weight_decay``. Together they hold every trainable
        parameter exactly once; frozen ones are left out; there is no empty group.

    Raises
    ------
    TypeError, ValueError
        If ``weight_decay`` is not a number >= 0, ``model`` is not a module, or has no trainable parameters.
    """
    decay = strength(weight_decay, "weight_decay")
    weights, others = _split(model, select)
    if not weights and not others:
        raise ValueError("model has no trainable parameters: all of them are frozen (requires_grad=False).")
    groups = [{"params": list(weights.values()), "weight_decay": decay},
              {"params": list(others.values()), "weight_decay": 0.0}]  # fmt: skip
    return [group for group in groups if group["params"]]


def _split(model: nn.Module, select: Select) -> tuple[dict[str, nn.Parameter], dict[str, nn.Parameter]]:
    """Return (weights, others) by name; a parameter that is tied is met again under its other owners."""
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a torch.nn.Module, got {type(model).__name__}.")
    if next(model.parameters(), None) is None:
        raise ValueError(f"model must have parameters, got {type(model).__name__} without any.")
    chosen = {
        id(parameter)
        for module in model.modules()
        for name, parameter in module.named_parameters(recurse=False, remove_duplicate=False)
        if select(module, name)
    }
    weights: dict[str, nn.Parameter] = {}
    others: dict[str, nn.Parameter] = {}
    for name, parameter in model.named_parameters():
        if is_lazy(parameter):
            raise ValueError(
                f"model must know its shapes, but {name} does not: pass one batch through it first."
            )
        if parameter.requires_grad:
            (weights if id(parameter) in chosen else others)[name] = parameter
    return weights, others
