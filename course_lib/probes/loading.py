"""What a model is fed, and what it says before it has learnt anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from course_lib.probes.report import Report

__all__ = ["batches"]


def batches(
    batches: Iterable[Any],
    *,
    n_classes: int | None = None,
    loss: Callable[..., Any] | None = None,
) -> Report:
    """Look at the batches of one epoch, and at the loss of the untrained model on them.

    Parameters
    ----------
    batches : iterable of (X, y)
        One epoch: arrays or tensors.
    n_classes : int, optional
        Number of classes; labels are 0 to ``n_classes - 1`` then. Without it ``y`` is a number to predict, and
        only ``X`` is looked at.
    loss : callable, optional
        ``loss(X, y) -> float``: the mean cross-entropy of the *untrained* model. It should be near
        ``log(n_classes)``, the loss of a model that knows nothing.

    Returns
    -------
    Report
        Causes: ``not_shuffled`` (a batch holds far fewer classes than chance gives), ``labels_not_integers``,
        ``labels_out_of_range``, ``one_hot`` (a class number was expected), ``not_scaled`` (inputs up to 255,
        or integers), ``first_loss_high``, ``not_finite``, ``empty``, ``raised``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range.

    Notes
    -----
    ``not_shuffled``: the mean number of different classes in a batch is compared with that of 200 random
    orders of the same labels; it counts when it is lower than all of them and more than 6 standard deviations
    below their mean. ``first_loss_high``: more than ``log(n_classes) + 1.5``.
    """
    raise NotImplementedError
