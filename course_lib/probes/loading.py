"""What a model is fed, and what it says before it has learnt anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from course_lib import validation
from course_lib.probes.asking import function, report_raised, scalar
from course_lib.probes.points import Raised, call, calm, is_tensor
from course_lib.probes.report import Finding, Report, checked, finding

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
        Number of classes; labels are 0 to ``n_classes - 1`` then. Without it ``y`` is a number to predict,
        and only ``X`` is looked at.
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
    classes = None if n_classes is None else validation.positive_int(n_classes, "n_classes")
    if loss is not None:
        function(loss, "loss")
        if classes is None:
            raise ValueError(
                "n_classes must be given with loss: the first loss is compared with log(n_classes)."
            )
    try:
        with calm():
            epoch = call("batches", lambda: [_pair(batch) for batch in batches])
            return _report(epoch, classes, loss)
    except Raised as what:
        if (
            isinstance(what.error, TypeError)
            and what.error.args
            and str(what.error.args[0]).startswith("batches")
        ):
            raise what.error from None
        return report_raised("batches", what)


def _pair(batch: Any) -> tuple[Any, Any]:
    if not isinstance(batch, tuple | list) or len(batch) != 2:
        raise TypeError(f"batches must hold pairs (X, y), got {type(batch).__name__}.")
    return batch[0], batch[1]


def _array(value: Any) -> np.ndarray:
    return np.asarray(value.detach().cpu().numpy() if is_tensor(value) else value)


def _report(epoch: list[tuple[Any, Any]], n_classes: int | None, loss: Callable[..., Any] | None) -> Report:
    inputs, labels = [_array(X) for X, _ in epoch], [_array(y) for _, y in epoch]
    samples = sum(len(X) for X in inputs)
    words = checked("batches", count=len(epoch), n=samples)
    if not samples:
        return Report("batches", (finding("batches", "empty", count=len(epoch)),), words)
    findings = _on_inputs(inputs)
    if n_classes is not None:
        wrong = _on_labels(labels, n_classes)
        findings += wrong
        if not wrong:
            findings += _on_order([y.ravel() for y in labels])
    measured: dict[str, Any] = {}
    if loss is not None and n_classes is not None:
        values = [scalar(call("loss", loss, X, y), "loss") for X, y in epoch[:8]]
        measured = {"first_loss": float(np.mean(values)), "of_chance": float(np.log(n_classes))}
        if not np.isfinite(values).all():
            findings.append(finding("batches", "not_finite", what="first loss", value=float(np.mean(values))))
        elif measured["first_loss"] > measured["of_chance"] + 1.5:
            findings.append(finding("batches", "first_loss_high", n_classes=n_classes, **measured))
    return Report("batches", tuple(findings), words, measured)


def _on_inputs(inputs: list[np.ndarray]) -> list[Finding]:
    flat = np.concatenate([X.ravel() for X in inputs])
    if flat.dtype.kind == "f" and not np.isfinite(flat).all():
        return [finding("batches", "not_finite", what="input", value=float(flat[~np.isfinite(flat)][0]))]
    if flat.dtype.kind not in "fiub":
        return []
    size = float(np.abs(flat.astype(float)).max())
    whole = flat.dtype.kind in "iu" or bool(np.all(flat == np.round(flat)))
    if size > 50 and whole and flat.min() >= 0:
        return [finding("batches", "not_scaled", size=size, dtype=str(flat.dtype))]
    return []


def _on_labels(labels: list[np.ndarray], n_classes: int) -> list[Finding]:
    if labels[0].ndim == 2 and labels[0].shape[1] == n_classes > 1:
        return [finding("batches", "one_hot", shape=labels[0].shape, n_classes=n_classes)]
    flat = np.concatenate([y.ravel() for y in labels]).astype(float)
    if not np.isfinite(flat).all() or np.any(flat != np.round(flat)):
        odd = flat[~(flat == np.round(flat))][0]
        return [finding("batches", "labels_not_integers", label=float(odd))]
    if flat.min() < 0 or flat.max() >= n_classes:
        outside = flat[(flat < 0) | (flat >= n_classes)][0]
        return [finding("batches", "labels_out_of_range", label=int(outside), top=n_classes - 1)]
    return []


def _on_order(labels: list[np.ndarray]) -> list[Finding]:
    """Compare the number of classes per batch with that of random orders of the same labels."""
    if len(labels) < 2:
        return []
    flat, ends = np.concatenate(labels), np.cumsum([len(y) for y in labels])[:-1]
    rng = np.random.default_rng(0)
    seen = _classes_per_batch(labels)
    chance = np.array([_classes_per_batch(np.split(rng.permutation(flat), ends)) for _ in range(200)])
    if seen < chance.min() and seen < chance.mean() - 6 * chance.std():
        return [finding("batches", "not_shuffled", seen=seen, chance=float(chance.mean()))]
    return []


def _classes_per_batch(labels: list[np.ndarray]) -> float:
    return float(np.mean([len(np.unique(y)) for y in labels]))
