"""The training loop: mini-batches, history, early stopping, and a reason when training breaks down."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from course_lib import validation as check
from course_lib.nn.layers import Layer, Parameter, Sequential, as_batch
from course_lib.nn.optimisers import Optimiser
from course_lib.nn.regularization import (
    Penalty,
    add_penalty_gradient,
    penalty_value,
    project_max_norm,
    prox_step,
)

__all__ = ["History", "TrainingDiverged", "fit", "train_step"]


class Loss(Protocol):
    """What this module needs from `course_lib.losses`."""

    def value(self, y: np.ndarray, score: np.ndarray) -> float: ...
    def gradient(self, y: np.ndarray, score: np.ndarray) -> np.ndarray: ...


class TrainingDiverged(RuntimeError):
    """The loss or a weight became NaN or infinite. Attributes: `epoch`, `batch` (both from 1), `cause`."""

    def __init__(self, what: str, epoch: int, batch: int, cause: str) -> None:
        super().__init__(f"Training stopped in epoch {epoch}, batch {batch}: {what}. Likely cause: {cause}")
        self.epoch, self.batch, self.cause = epoch, batch, cause


@dataclass
class History:
    """What happened, one entry an epoch. Data loss and penalty are kept apart: only the first can be compared
    between strengths, or with the validation loss.

    Attributes
    ----------
    data_loss : list of float
        Mean training loss over the epoch, without penalty, as seen while training (dropout active).
    penalty : list of float
        Mean over the same batches of `penalty` plus `prox` at the same weights. An optimiser's `weight_decay`
        and max-norm are not in it: they are rules for the step, not terms that are evaluated.
    validation_loss : list of float
        Data loss on the validation set after the epoch, in evaluation mode; empty without a validation set.
    best_epoch : int or None
        Epoch (from 1) with the smallest validation loss.
    stopped_early : bool
    """

    data_loss: list[float] = field(default_factory=list)
    penalty: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    best_epoch: int | None = None
    stopped_early: bool = False

    def record(self, epoch: int, losses: np.ndarray, validation_loss: float | None) -> bool:
        """Add an epoch; return whether its validation loss is the smallest so far."""
        self.data_loss.append(float(losses[0]))
        self.penalty.append(float(losses[1]))
        improved = validation_loss is not None and validation_loss < min(self.validation_loss, default=np.inf)
        if validation_loss is not None:
            self.validation_loss.append(validation_loss)
        if improved:
            self.best_epoch = epoch
        return improved


def train_step(
    model: Layer,
    X: np.ndarray,
    y: np.ndarray,
    loss: Loss,
    optimiser: Optimiser,
    penalty: Penalty | None = None,
    prox: Penalty | None = None,
    max_norm: float | None = None,
    weights_only: bool = True,
) -> tuple[float, float]:
    """Take one step on the batch (X, y); return its data loss and its penalty, both before the step.

    Raises
    ------
    FloatingPointError
        If the data loss, the penalty or a parameter is not finite. In the first two cases no parameter moved.
    """
    parameters = model.parameters()
    terms = [term for term in (penalty, prox) if term is not None]
    with np.errstate(over="ignore", invalid="ignore"):  # _check_finite speaks instead of a warning
        data_loss, grad = _value_and_gradient(loss, y, model.forward(X, training=True))
        model.backward(grad)
        total = sum(penalty_value(parameters, term, weights_only=weights_only) for term in terms)
        if not np.isfinite(total):
            raise FloatingPointError(f"the penalty is {total}")
        if penalty is not None:
            add_penalty_gradient(parameters, penalty, weights_only=weights_only)
        optimiser.step()
        _check_finite(parameters)
        if prox is not None:
            prox_step(parameters, prox, optimiser.lr, weights_only=weights_only)
        if max_norm is not None:
            project_max_norm(parameters, max_norm)
    return data_loss, float(total)


def fit(
    model: Sequential,
    X: np.ndarray,
    y: np.ndarray,
    *,
    loss: Loss,
    optimiser: Optimiser,
    epochs: int,
    batch_size: int,
    rng: np.random.Generator,
    penalty: Penalty | None = None,
    prox: Penalty | None = None,
    max_norm: float | None = None,
    weights_only: bool = True,
    validation: tuple[np.ndarray, np.ndarray] | None = None,
    patience: int | None = None,
    callback: Callable[[int, Sequential, History], None] | None = None,
    progress: bool | None = False,
) -> History:
    """Minimise loss(y, model(X)) + penalty + prox over the model's parameters; the model is changed in place.

    Parameters
    ----------
    X : (n, ...) array; y : (n,) array, integer labels for `SoftmaxLoss`
        The losses for a single number take the scores (n, 1) of a model with one output as (n,).
    loss : from `course_lib.losses`
    optimiser : built on `model.parameters()`
    epochs, batch_size : int
        Each epoch visits the samples once in a new random order. The last batch may be smaller.
    rng : numpy.random.Generator
        Draws the orders. (Dropout layers have their own.)
    penalty : from `course_lib.penalties`
        Its (sub)gradient is added to the loss's.
    prox : from `course_lib.penalties`
        Its proximal step, with the optimiser's lr, follows each step: exact zeros with L1.
    max_norm : float > 0
        Bound on the norm of each unit's incoming weights, enforced after each step.
    weights_only : bool
        False lets `penalty` and `prox` act on biases and norm parameters too.
    validation : (X, y), never the test set
    patience : int
        Stop after this many epochs without a smaller validation loss. The best epoch's weights (and running
        statistics) are put back at the end, also when all epochs were used. Without it nothing is put back.
    callback : called as callback(epoch, model, history) after each epoch, from 1
    progress : bool or None
        Progress bar on stderr; None shows it only in a terminal and after 2 seconds.

    Raises
    ------
    TrainingDiverged
        If the loss or a weight becomes NaN or infinite; names epoch, batch and the likely cause.
    TypeError, ValueError
        For bad arguments: the message names argument and value.
    """
    _check_arguments(model, optimiser, penalty, prox, max_norm, patience, validation)
    X, y = _checked_data(X, y, "X", "y", model, loss)
    if validation is not None:
        validation = _checked_data(*validation, "validation X", "validation y", model, loss)
    check.positive_int(epochs, "epochs")
    check.positive_int(batch_size, "batch_size")
    check.generator(rng)

    def step(rows: np.ndarray) -> tuple[float, float]:
        rules = (loss, optimiser, penalty, prox, max_norm, weights_only)
        return train_step(model, X[rows], y[rows], *rules)

    history, best = History(), model.state()
    for epoch in _epochs(epochs, progress):
        order, totals, number = rng.permutation(len(X)), np.zeros(2), 0
        try:
            for number, start in enumerate(range(0, len(X), batch_size), start=1):  # noqa: B007 (named in errors)
                rows = order[start : start + batch_size]
                totals += len(rows) / len(X) * np.array(step(rows))  # batches weigh by their size
            validation_loss = None if validation is None else _evaluate(model, *validation, loss)
        except FloatingPointError as error:
            cause = _likely_cause(str(error), epoch, number, optimiser, penalty, X)
            raise TrainingDiverged(str(error), epoch, number, cause) from None
        if history.record(epoch, totals, validation_loss) and patience is not None:
            best = model.state()
        if callback is not None:
            callback(epoch, model, history)
        if patience is not None and epoch - (history.best_epoch or 0) >= patience:
            history.stopped_early = epoch < epochs
            break
    if patience is not None:
        model.load_state(best)
    return history


def _epochs(epochs: int, progress: bool | None) -> Iterable[int]:
    from tqdm import tqdm

    hidden = None if progress is None else not progress  # None: tqdm looks whether stderr is a terminal
    return tqdm(range(1, epochs + 1), desc="epoch", disable=hidden, delay=2 if progress is None else 0)


def _value_and_gradient(loss: Loss, y: np.ndarray, score: np.ndarray) -> tuple[float, np.ndarray]:
    column = _aligned(score, y)
    if not np.isfinite(column).all():
        raise FloatingPointError("the scores are not finite")
    value = loss.value(y, column)
    if not np.isfinite(value):
        raise FloatingPointError(f"the data loss is {value}")
    return float(value), loss.gradient(y, column).reshape(score.shape)


def _aligned(score: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return (n, 1) scores as (n,) when y is (n,): their difference would be an (n, n) table."""
    return score[:, 0] if y.ndim == 1 and score.ndim == 2 and score.shape[1] == 1 else score


def _evaluate(model: Sequential, X: np.ndarray, y: np.ndarray, loss: Loss) -> float:
    with np.errstate(over="ignore", invalid="ignore"):
        return _value_and_gradient(loss, y, model.predict(X))[0]


def _check_finite(parameters: list[Parameter]) -> None:
    for p in parameters:
        if not np.isfinite(p.value).all():
            raise FloatingPointError(f"parameter {p.name} is not finite after the step")


def _likely_cause(
    what: str, epoch: int, number: int, optimiser: Optimiser, penalty: Penalty | None, X: np.ndarray
) -> str:
    lr, lam = optimiser.lr, optimiser.weight_decay
    if penalty is not None:  # the slope of the penalty's gradient: lam for L2, 0 for L1
        one, two = np.array([1.0]), np.array([2.0])
        lam += float((penalty.subgradient(two) - penalty.subgradient(one))[0])
    if lr * lam > 2:
        return f"lr * lam = {lr:g} * {lam:g} is above 2, so every L2 step overshoots zero. Lower lr or lam."
    if epoch == number == 1 and not what.startswith("parameter"):
        return f"the inputs (largest |X| is {np.abs(X).max():.3g}) or the initial weights are too large."
    return f"the learning rate lr={lr:g} is too large. Try lr={lr / 10:g}."


def _checked_data(
    X: np.ndarray, y: np.ndarray, X_name: str, y_name: str, model: Sequential, loss: Loss
) -> tuple[np.ndarray, np.ndarray]:
    X, y = as_batch(X, X_name), np.asarray(y)
    check.vector(y.ravel(), y_name)
    if len(X) != len(y):
        raise ValueError(f"{X_name} and {y_name} must have the same length, got {len(X)} and {len(y)}.")
    # A dry run tells now, and not in some late batch, whether shapes and labels fit the model and the loss.
    score = np.zeros((len(y), *model.predict(X[:1]).shape[1:]))
    loss.value(y, _aligned(score, y))
    return X, y


def _check_arguments(
    model: Sequential,
    optimiser: Optimiser,
    penalty: Penalty | None,
    prox: Penalty | None,
    max_norm: float | None,
    patience: int | None,
    validation: tuple[np.ndarray, np.ndarray] | None,
) -> None:
    if not isinstance(model, Sequential):
        raise TypeError(f"model must be a Sequential, got {model!r}.")
    if not {id(p) for p in optimiser.parameters} <= {id(p) for p in model.parameters()}:
        raise ValueError("optimiser was built for another model: build it on this model.parameters().")
    for name, term in (("penalty", penalty), ("prox", prox)):
        if term is not None and not hasattr(term, "prox"):
            raise TypeError(f"{name} must be a penalty such as course_lib.penalties.L2(0.01), got {term!r}.")
    if max_norm is not None:
        check.positive(max_norm, "max_norm")
    if patience is not None:
        check.positive_int(patience, "patience")
        if validation is None:
            raise ValueError(f"patience={patience} needs validation=(X, y), the data it watches.")
