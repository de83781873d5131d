"""Weight decay: what an optimiser does to a weight that has no gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from course_lib.probes.report import Report

__all__ = ["decay"]


def decay(
    step: Any,
    *,
    lr: float,
    weight_decay: float,
    coupling: str | None = None,
    model: Any = None,
    exempt: Any = None,
    rng: np.random.Generator | None = None,
) -> Report:
    """Look at what an optimiser step does to weights whose gradient is 0.

    Plain SGD with weight decay multiplies them by exactly ``1 - lr * weight_decay``. With momentum the decay
    goes through the momentum buffer; in Adam an L2 gradient is divided by its own size, so that every weight
    moves by about ``lr``, however strong the decay (``"l2"``); AdamW multiplies by ``1 - lr * weight_decay``
    (``"decoupled"``).

    Parameters
    ----------
    step : torch.optim.Optimizer or callable
        A torch optimiser, of which a fresh copy (with a copy of its parameters) takes the steps; or
        ``step(w, grad) -> new w`` on arrays, freshly made, because it may remember earlier steps.
    lr, weight_decay : float
        As meant, > 0.
    coupling : {"l2", "decoupled"}, optional
        What is meant. Default: either is right, and `Report.measured` holds what it is.
    model : torch.nn.Module, optional
        Whose parameters ``step`` moves: names those that must not decay (biases, norm layers).
    exempt : mask, indices or names, optional
        What must not decay. With ``model`` the default is what :func:`course_lib.deep.is_weight` leaves out;
        otherwise nothing.
    rng : numpy.random.Generator, optional

    Returns
    -------
    Report
        Causes: ``no_decay``, ``l2_not_decoupled``, ``decoupled_not_l2``, ``without_lr`` (1 - weight_decay),
        ``factor_2``, ``scaled``, ``sign`` (weights grow), ``on_exempt`` (biases, norm layers),
        ``some_weights_only``, ``l1_not_l2`` (every weight moves by lr weight_decay),
        ``through_momentum`` (when ``"decoupled"`` is meant), ``moves_without_decay``, ``not_finite``,
        ``wrong_shape``, ``raised``, ``unknown``. `Report.measured` holds ``coupling`` (``"l2"``,
        ``"decoupled"`` or ``"either"``, as for plain SGD) and ``shrinkage``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range.

    Examples
    --------
    >>> decay(lambda w, grad: w - 0.1 * (grad + 0.01 * w), lr=0.1, weight_decay=0.01).ok
    True
    """
    raise NotImplementedError
