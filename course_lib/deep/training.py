"""A training loop that fits on a page, keeps data loss and penalty apart, and says why it stopped.

One step: gradient of (data loss + penalty), optimiser step, then proximal step, then max-norm. Penalties that
the optimiser applies itself (``weight_decay``) are not seen here, and not in the history.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from course_lib.deep import checkpoint as checkpoints
from course_lib.deep.groups import Select, is_weight
from course_lib.deep.penalties import max_norm_, prox_step_
from course_lib.deep.penalties import penalty as penalty_of
from course_lib.nn.training import History, TrainingDiverged
from course_lib.validation import positive, positive_int

__all__ = ["History", "TrainingDiverged", "evaluate", "fit", "squared_loss"]

Loss: TypeAlias = Callable[[Any, Tensor], Tensor]


def squared_loss(score: Tensor, y: Tensor) -> Tensor:
    """Return ``1/(2n) ||y - score||^2``: half of ``MSELoss``, the course's own; shapes must be equal.

    n is the number of entries. ``(n, 1)`` against ``(n,)`` would broadcast to n x n differences: an error.
    """
    if score.shape != y.shape:
        raise ValueError(
            f"score and y must have the same shape, got {tuple(score.shape)} and {tuple(y.shape)}."
        )
    return (score - y).square().mean() / 2


def fit(
    model: nn.Module,
    X: Any,
    y: Any,
    *,
    loss: Loss,
    optimiser: torch.optim.Optimizer,
    epochs: int,
    batch_size: int | None,
    generator: torch.Generator,
    penalty: Any = None,
    prox: Any = None,
    max_norm: float | None = None,
    select: Select = is_weight,
    validation: tuple[Any, Any] | None = None,
    patience: int | None = None,
    callback: Callable[[int, nn.Module, History], object] | None = None,
    progress: bool | None = False,
    checkpoint: str | Path | None = None,
) -> History:
    """Minimise ``mean over a batch of loss(model(X), y) + penalty`` by steps of ``optimiser``.

    On return the model is in evaluation mode, ready to predict. On a CPU the same seeds (of the initial
    weights, of ``generator`` and of every ``Dropout``) repeat a run bit for bit; elsewhere they need not.

    Parameters
    ----------
    model : torch.nn.Module
    X : tensor or array, shape (n_samples, ...)
        Moved to the model's device; floating point takes the model's precision.
    y : tensor or array, shape (n_samples, ...)
        Class labels are integers, targets of a regression floating point in the shape of the model's output.
        A model with one output (n, 1) may be given such targets of shape (n,).
    loss : callable (output, y) -> scalar tensor
        Mean over the samples, such as ``torch.nn.CrossEntropyLoss()`` or :func:`squared_loss`.
    optimiser : torch.optim.Optimizer
        Over parameters of ``model``.
    epochs : int
        Number of passes, at least 1.
    batch_size : int or None
        At least 1; the last batch of an epoch may be smaller. ``None``: all samples in one batch, in order.
    generator : torch.Generator
        Shuffles the samples in every epoch.
    penalty : L1, L2 or ElasticNet of course_lib.penalties, or callable model -> scalar tensor, optional
        Added to the loss. The objects act as :func:`course_lib.deep.penalty` does.
    prox : L1, L2 or ElasticNet of course_lib.penalties, optional
        Proximal step after each optimiser step, with its learning rate. Not in ``penalty`` as well.
    max_norm : float, optional
        Largest norm of the incoming weights of a unit, > 0, enforced after each step.
    select : callable (module, name) -> bool
        Which parameters the objects ``penalty`` and ``prox``, and ``max_norm``, act on. Default: the weights
        (:func:`course_lib.deep.is_weight`); :func:`course_lib.deep.everything` adds the rest.
    validation : (X, y), optional
        Measured after each epoch, in evaluation mode.
    patience : int, optional
        Stop after so many epochs without a smaller validation loss. Needs ``validation``. In every case the
        weights (and buffers) of the best epoch are restored.
    callback : callable (epoch, model, history), optional
        Called after each epoch, counted from 1. A place for ``scheduler.step()``.
    progress : bool or None
        Progress bar on stderr; None shows it only in a terminal and after 2 seconds.
    checkpoint : path, optional
        Written after each epoch. If the file is there already, the run goes on where it ended: weights,
        optimiser, order of the batches and dropout masks are those of a run that was never interrupted (on
        a CPU to the last bit). ``epochs`` still counts from the very first one.

    Returns
    -------
    History

    Raises
    ------
    TrainingDiverged
        If a loss is NaN or infinite: epoch, batch and likely cause. The model keeps the state it then had.
    TypeError, ValueError
        If an argument is of the wrong kind or out of range, data are empty, not finite or of unequal length,
        ``optimiser`` holds none of the model's parameters, ``penalty`` has no gradient, or ``checkpoint``
        belongs to another run.
    """
    _check_arguments(model, optimiser, generator, max_norm, validation, patience)
    data = _data(model, X, y, "X", "y")
    held_out = None if validation is None else _data(model, *validation, "validation X", "validation y")
    rows = len(data[1]) if batch_size is None else positive_int(batch_size, "batch_size")
    step = _Step(model, loss, optimiser, penalty, _strengths(prox), max_norm, select)
    history, best = History(), dict[str, Tensor]()
    file, run = Path(checkpoint or ""), {"shape": list(data[0].shape), "batch_size": rows}
    if checkpoint is not None and file.exists():
        history, best = checkpoints.load(file, model, optimiser, generator, run)
    done = positive_int(epochs, "epochs") if history.stopped_early else len(history.train_loss)
    for epoch in _bar(range(done + 1, positive_int(epochs, "epochs") + 1), progress):
        _train_epoch(history, step, data, rows, generator, epoch)
        _measure_epoch(history, step, data, held_out, rows, epoch)
        if callback is not None:
            callback(epoch, model, history)
        if patience is not None:
            if history.best_epoch == epoch:
                best = {name: value.detach().clone() for name, value in model.state_dict().items()}
            history.stopped_early = epoch - (history.best_epoch or 0) >= patience and epoch < epochs
        if checkpoint is not None:
            checkpoints.save(file, model, optimiser, generator, history, best, run)
        if history.stopped_early:
            break
    if best:
        model.load_state_dict(best)
    model.eval()
    return history


def evaluate(model: nn.Module, X: Any, y: Any, *, loss: Loss, batch_size: int | None = None) -> float:
    """Return the mean data loss in evaluation mode, without gradients; every module keeps its mode.

    Parameters as in :func:`fit`; ``batch_size`` only bounds the memory.
    """
    X, y = _data(model, X, y, "X", "y")
    rows = len(y) if batch_size is None else positive_int(batch_size, "batch_size")
    return _mean_loss(model, X, y, loss, rows)


@dataclass
class _Step:
    """One training step and the parts it is made of."""

    model: nn.Module
    loss: Loss
    optimiser: torch.optim.Optimizer
    penalty: Any
    prox: tuple[float, float] | None
    max_norm: float | None
    select: Select

    def __post_init__(self) -> None:
        """Turn a penalty object into a function of the model, and keep its L2 strength for diagnoses."""
        self.l2 = 0.0
        if self.penalty is not None and not callable(self.penalty):
            lam, l1_ratio = _strengths(self.penalty, "penalty") or (0.0, 0.0)
            self.l2 = lam * (1 - l1_ratio)
            self.penalty = lambda model: penalty_of(model, lam, l1_ratio, select=self.select)
        if self.prox is not None and len(self.rates) > 1:
            raise ValueError(f"prox needs one learning rate for all parameter groups, got {self.rates}.")

    def __call__(self, X: Tensor, y: Tensor, epoch: int, batch: int) -> float:
        """Update the model on one batch; return its data loss before the step."""
        self.optimiser.zero_grad()
        output = self.model(X)
        data_loss = _loss(self.loss, output, y)
        total = data_loss
        if self.penalty is not None:
            total = data_loss + _scalar(self.penalty(self.model), "penalty", needs_gradient=True)
        if not torch.isfinite(total):
            what = f"the loss is {total.item()}"
            raise TrainingDiverged(what, epoch, batch, _likely_cause(self, output, data_loss))
        total.backward()
        self.optimiser.step()
        if self.prox is not None and self.rates[-1] > 0:  # a schedule may end at 0: then nothing moved
            prox_step_(self.model, *self.prox, self.rates[-1], select=self.select)
        if self.max_norm is not None:
            max_norm_(self.model, self.max_norm, select=self.select)
        return data_loss.item()

    @property
    def rates(self) -> list[float]:
        """The learning rates in force, without repetition, smallest first."""
        return sorted({float(group["lr"]) for group in self.optimiser.param_groups})

    @torch.no_grad()
    def penalties(self) -> float:
        """Return the penalty in the loss plus the one whose proximal step is taken."""
        inside = 0.0 if self.penalty is None else self.penalty(self.model).item()
        if self.prox is None:
            return inside
        return inside + penalty_of(self.model, *self.prox, select=self.select).item()

    def decay(self) -> float:
        """Return the rate at which the L2 parts alone pull on a weight; under Adam they are rescaled: 0."""
        inside = max(float(group.get("weight_decay", 0.0)) for group in self.optimiser.param_groups)
        if isinstance(self.optimiser, torch.optim.SGD):
            return inside + self.l2
        return inside if isinstance(self.optimiser, torch.optim.AdamW) else 0.0


def _train_epoch(
    history: History,
    step: _Step,
    data: tuple[Tensor, Tensor],
    rows: int,
    generator: torch.Generator,
    epoch: int,
) -> None:
    """Take one pass in training mode; record the mean over the samples."""
    X, y = data
    n, running = len(y), 0.0
    order = torch.arange(n, device=y.device)
    if rows < n:
        order = torch.randperm(n, generator=generator, device=generator.device).to(y.device)
    step.model.train()
    for number, batch in enumerate(order.split(rows), start=1):
        running += len(batch) / n * step(X[batch], y[batch], epoch, number)
    history.running_loss.append(running)


def _measure_epoch(
    history: History,
    step: _Step,
    data: tuple[Tensor, Tensor],
    held_out: tuple[Tensor, Tensor] | None,
    rows: int,
    epoch: int,
) -> None:
    """Record the losses in evaluation mode; a NaN made by the last step must not pass for a result."""
    history.train_loss.append(_mean_loss(step.model, *data, step.loss, rows))
    if not np.isfinite(history.train_loss[-1]):
        what = f"the loss after the last step is {history.train_loss[-1]}"
        raise TrainingDiverged(what, epoch, -(-len(data[1]) // rows), _likely_cause(step, None, None))
    history.penalty.append(step.penalties())
    if held_out is not None:
        value = _mean_loss(step.model, *held_out, step.loss, rows)
        best = np.inf if history.best_epoch is None else history.validation_loss[history.best_epoch - 1]
        history.best_epoch = epoch if value < best else history.best_epoch  # NaN is never smaller
        history.validation_loss.append(value)


def _mean_loss(model: nn.Module, X: Tensor, y: Tensor, loss: Loss, rows: int) -> float:
    with _evaluation(model), torch.no_grad():
        parts = [
            len(b) / len(y) * _loss(loss, model(a), b).item()
            for a, b in zip(X.split(rows), y.split(rows), strict=True)
        ]
    return sum(parts)


@contextmanager
def _evaluation(model: nn.Module) -> Iterator[None]:
    """Put every module into evaluation mode, and afterwards back into the mode it was in."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def _likely_cause(step: _Step, output: Any, data_loss: Tensor | None) -> str:
    """Walk from the weights to the loss; the first thing that is not finite is to blame."""
    lr, decay = step.rates[-1], step.decay()
    if lr * decay > 2:
        return f"lr * lam = {lr:g} * {decay:g} is above 2, so every L2 step overshoots zero. Lower lr or lam."
    for name, parameter in step.model.named_parameters():
        if not torch.isfinite(parameter).all():
            return (
                f"the weights grew without bound (parameter {name} is no longer finite). The learning rate "
                f"lr={lr:g} is too large: try lr={lr / 10:g}, or clip gradients."
            )
    if data_loss is None:
        return f"the last step went too far. The learning rate lr={lr:g} is too large: try lr={lr / 10:g}."
    if torch.isfinite(data_loss):
        return "the penalty overflowed while the data loss is finite. Try a smaller lam or learning rate."
    if isinstance(output, Tensor) and torch.isfinite(output.square()).all():  # squares: losses take them
        return (
            "the loss itself, for the model's output is of moderate size: the logarithm of 0, or a division "
            "by 0. Pass scores, not probabilities, to a loss on scores."
        )
    return (
        f"the model's output overflowed although its weights are finite. The learning rate lr={lr:g} or the "
        "initial weights are too large, or the inputs need scaling."
    )


def _check_arguments(
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    generator: torch.Generator,
    max_norm: float | None,
    validation: tuple[Any, Any] | None,
    patience: int | None,
) -> None:
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a torch.nn.Module, got {type(model).__name__}.")
    if not isinstance(optimiser, torch.optim.Optimizer):
        raise TypeError(f"optimiser must be a torch.optim.Optimizer, got {type(optimiser).__name__}.")
    if not isinstance(generator, torch.Generator):
        raise TypeError(f"generator must be a torch.Generator, got {type(generator).__name__}.")
    ours = {id(parameter) for parameter in model.parameters()}
    if not ours:
        raise ValueError(f"model must have parameters, got {type(model).__name__} without any.")
    if not any(id(p) in ours for group in optimiser.param_groups for p in group["params"]):
        raise ValueError("optimiser holds none of the model's parameters: build it from model.parameters().")
    if max_norm is not None:
        positive(max_norm, "max_norm")
    if validation is not None and not (isinstance(validation, tuple | list) and len(validation) == 2):
        raise TypeError(f"validation must be a pair (X, y), got {type(validation).__name__}.")
    if patience is not None and positive_int(patience, "patience") and validation is None:
        raise ValueError(
            f"patience={patience} needs validation=(X, y): there is nothing to watch without it."
        )


def _data(model: nn.Module, X: Any, y: Any, X_name: str, y_name: str) -> tuple[Tensor, Tensor]:
    """Return both as tensors on the model's device, checked."""
    like = next((p for p in model.parameters() if p.is_floating_point()), torch.empty(0))
    X, y = _tensor(X, X_name, like), _tensor(y, y_name, like)
    if len(X) != len(y):
        raise ValueError(
            f"{X_name} and {y_name} must have the same number of rows, got {len(X)} and {len(y)}."
        )
    return X, y


def _tensor(value: Any, name: str, like: Tensor) -> Tensor:
    try:
        tensor = value.detach() if isinstance(value, Tensor) else torch.from_numpy(np.array(value))
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} must be a tensor or an array of numbers: {error}") from None
    if tensor.ndim == 0 or tensor.numel() == 0:
        raise ValueError(f"{name} must not be empty, got shape {tuple(tensor.shape)}.")
    if tensor.is_complex():
        raise TypeError(f"{name} must hold real numbers, got {tensor.dtype}.")
    if not tensor.is_floating_point():
        return tensor.to(like.device, torch.int64)
    bad = ~torch.isfinite(tensor)
    if bad.any():
        where = tuple(bad.nonzero()[0].tolist())
        raise ValueError(f"{name} must be finite, got {tensor[where].item()} at index {where}.")
    return tensor.to(like.device, like.dtype)


def _strengths(regularizer: Any, name: str = "prox") -> tuple[float, float] | None:
    """Return (lam, l1_ratio) of a penalty object."""
    if regularizer is None:
        return None
    from course_lib.penalties import L1, L2, ElasticNet

    match regularizer:
        case L1(lam=lam):
            return lam, 1.0
        case L2(lam=lam):
            return lam, 0.0
        case ElasticNet(lam=lam, l1_ratio=l1_ratio):
            return lam, l1_ratio
    raise TypeError(
        f"{name} must be L1, L2 or ElasticNet of course_lib.penalties, got {type(regularizer).__name__}."
    )


def _loss(loss: Loss, output: Any, y: Tensor) -> Tensor:
    """Return the loss; (n, 1) outputs meet (n,) targets as (n,), for their difference would be (n, n)."""
    if isinstance(output, Tensor) and y.is_floating_point() and y.ndim == 1 and output.shape == (len(y), 1):
        output = output[:, 0]
    return _scalar(loss(output, y), "loss")


def _scalar(value: Any, name: str, *, needs_gradient: bool = False) -> Tensor:
    if not isinstance(value, Tensor) or value.ndim != 0:
        shape = f"shape {tuple(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
        raise ValueError(f"{name} must return a scalar tensor, got {shape}.")
    if needs_gradient and torch.is_grad_enabled() and not value.requires_grad:
        raise ValueError(f"{name} returned {value.item():g} without a gradient: it would change nothing.")
    return value


def _bar(epochs: range, progress: bool | None) -> Iterable[int]:
    from tqdm import tqdm

    if progress not in (True, False, None):
        raise ValueError(f"progress must be True, False or None, got {progress!r}.")
    hidden = None if progress is None else not progress  # None: tqdm looks whether stderr is a terminal
    return tqdm(epochs, desc="epoch", disable=hidden, delay=2 if progress is None else 0)
