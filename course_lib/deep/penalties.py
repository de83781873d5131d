"""Penalties on the weights of a network: as a term of the loss, as a proximal step, as a bound on norms.

Penalty in the loss and ``weight_decay`` of SGD are the same thing; neither makes exact zeros out of an L1
penalty. The proximal step does: it is called after the optimiser's step, and then the same L1 part must *not*
be in the loss as well.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from course_lib.deep.groups import Select, is_weight, named_weights
from course_lib.validation import positive, share, strength

__all__ = ["max_norm_", "penalty", "prox_step_"]


def penalty(model: nn.Module, lam: float, l1_ratio: float = 0.0, *, select: Select = is_weight) -> Tensor:
    """Return ``lam * (l1_ratio * ||w||_1 + (1 - l1_ratio)/2 * ||w||^2)`` over the weights, for the loss.

    Autograd differentiates it: the gradient is ``lam * (l1_ratio * sign(w) + (1 - l1_ratio) * w)``, with
    ``sign(0) = 0``.

    Parameters
    ----------
    model : torch.nn.Module
    lam : float
        Strength, at least 0.
    l1_ratio : float
        L1 share in [0, 1]: 0 is ridge, 1 is lasso.
    select : callable (module, name) -> bool
        Which parameters count. Default: weights only (:func:`course_lib.deep.is_weight`), so neither biases
        nor normalisation layers. Frozen parameters never count; a shared one counts once.

    Returns
    -------
    torch.Tensor
        A scalar, attached to the graph.

    Raises
    ------
    TypeError, ValueError
        If ``lam`` or ``l1_ratio`` is not a number in its range, or ``model`` has no trainable weight.
    """
    lam, l1_ratio = strength(lam), share(l1_ratio)
    weights = _weights(model, select)
    terms = [_price(w, l1_ratio) for w in weights]
    return lam * torch.stack([term.to(terms[0].device) for term in terms]).sum()


def _price(w: Tensor, l1_ratio: float) -> Tensor:
    """The penalty of one tensor at strength 1; a part with share 0 is not computed, for it costs time."""
    if l1_ratio == 0:
        return w.square().sum() / 2
    if l1_ratio == 1:
        return w.abs().sum()
    return l1_ratio * w.abs().sum() + (1 - l1_ratio) / 2 * w.square().sum()


@torch.no_grad()
def prox_step_(
    model: nn.Module, lam: float, l1_ratio: float, lr: float, *, select: Select = is_weight
) -> None:
    """Apply the proximal operator of ``lr`` times the penalty to the weights, in place, with exact zeros.

    ``w <- sign(w) * max(|w| - lr*lam*l1_ratio, 0) / (1 + lr*lam*(1 - l1_ratio))``

    Call it after ``optimiser.step()``. After plain SGD with the same ``lr`` this is proximal gradient descent
    on data loss + penalty (ISTA when the batch is the whole data set). After momentum or Adam the zeros are
    as exact, but the fixed point is another: these scale the gradient and the threshold knows nothing of it.

    Parameters
    ----------
    model : torch.nn.Module
    lam, l1_ratio : float
        As in :func:`penalty`.
    lr : float
        Learning rate of the step just taken, > 0. The threshold is ``lr * lam * l1_ratio``, not ``lam``.
    select : callable (module, name) -> bool
        As in :func:`penalty`.

    Raises
    ------
    TypeError, ValueError
        If an argument is not a number in its range, or ``model`` has no trainable weight.
    """
    lam, l1_ratio, lr = strength(lam), share(l1_ratio), positive(lr, "lr")
    threshold = lr * lam * l1_ratio
    for w in _weights(model, select):
        # w minus w clipped to [-t, t] is soft-thresholding, and w - w is an exact +0.
        w.sub_(w.clamp(-threshold, threshold)).div_(1 + lr * lam * (1 - l1_ratio))


@torch.no_grad()
def max_norm_(model: nn.Module, limit: float, *, select: Select = is_weight) -> None:
    """Shrink, in place, the incoming weights of every unit to Euclidean norm at most ``limit``.

    A unit is a row of a ``Linear`` weight (out, in), a filter of a convolution (out, in, ...); for transposed
    convolutions, which store (in, out, ...), an output channel. A 1-D weight is one unit. Units within the
    ball keep their bits. This is the projection onto the constraint set: a step, like the proximal one.

    Parameters
    ----------
    model : torch.nn.Module
    limit : float
        Largest norm allowed, > 0.
    select : callable (module, name) -> bool
        As in :func:`penalty`.

    Raises
    ------
    TypeError, ValueError
        If ``limit`` is not a number > 0, or ``model`` has no trainable weight.

    References
    ----------
    Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov (2014). Dropout: a simple way to prevent neural
    networks from overfitting. Journal of Machine Learning Research 15, 1929-1958.
    """
    limit = positive(limit, "limit")
    transposed = _transposed_groups(model)
    for w in _weights(model, select):
        units, inputs = _units(w, transposed.get(id(w)))
        norms = torch.linalg.vector_norm(units, dim=inputs, keepdim=True)
        units.mul_((limit / norms).clamp(max=1.0))  # limit / 0 is inf, clamped to 1: a zero unit stays zero


def _weights(model: nn.Module, select: Select) -> list[nn.Parameter]:
    weights = list(named_weights(model, select=select).values())
    if not weights:
        raise ValueError("model has no trainable weight to penalise: all are frozen, or select takes none.")
    return weights


def _transposed_groups(model: nn.Module) -> dict[int, int]:
    kinds = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
    return {id(m.weight): m.groups for m in model.modules() if isinstance(m, kinds)}


def _units(w: Tensor, groups: int | None) -> tuple[Tensor, tuple[int, ...]]:
    """Return a view of the weight and the axes that run over the inputs of one unit."""
    if groups is not None:  # transposed convolution: (groups, in per group, out per group, kernel...)
        units = w.view(groups, w.shape[0] // groups, *w.shape[1:])
        return units, (1, *range(3, units.ndim))
    units = w.view(1, -1) if w.ndim < 2 else w
    return units, tuple(range(1, units.ndim))
