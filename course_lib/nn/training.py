"""The training loop: mini-batches, history, early stopping, and a reason when training breaks down."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np

from course_lib import validation as check
from course_lib.nn.layers import Layer, Parameter, Sequential, as_batch
from course_lib.nn.optimisers import Optimiser
from course_lib.nn.regularization import (
    Penalty,
    Select,
    add_penalty_gradient,
    is_weight,
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
    """What `fit` recorded, here or in `course_lib.deep`: entry e of each list belongs to epoch e + 1.

    Data loss and penalty are kept apart: only the first can be compared between strengths.

    Attributes
    ----------
    train_loss : list of float
        Data loss on the training set after the epoch, in evaluation mode, like `validation_loss`.
    running_loss : list of float
        Mean data loss of the epoch's batches in training mode, while weights move and units are dropped.
    penalty : list of float
        `penalty` plus the penalty behind `prox`, after the epoch. An optimiser's `weight_decay` and max-norm
        are not in it: they are rules for the step.
    validation_loss : list of float
        Data loss on the validation set after the epoch, in evaluation mode. Empty without one.
    best_epoch : int or None
        Epoch, counted from 1, with the smallest validation loss.
    stopped_early : bool
        Whether patience ran out before the last epoch.
    """

    train_loss: list[float] = field(default_factory=list)
    running_loss: list[float] = field(default_factory=list)
    penalty: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    best_epoch: int | None = None
    stopped_early: bool = False


def train_step(
    model: Layer,
    X: np.ndarray,
    y: np.ndarray,
    loss: Loss,
    optimiser: Optimiser,
    penalty: Penalty | None = None,
    prox: Penalty | None = None,
    max_norm: float | None = None,
    select: Select = is_weight,
) -> float:
    """Take one step on the batch (X, y); return its data loss before the step.

    Raises
    ------
    FloatingPointError
        If the data loss or a parameter is not finite. After such a loss no parameter has moved.
    """
    parameters = model.parameters()
    with np.errstate(over="ignore", invalid="ignore"):  # _check_finite speaks instead of a warning
        data_loss, grad = _value_and_gradient(loss, y, model.forward(X, training=True))
        model.set_gradients(grad)
        if penalty is not None:
            add_penalty_gradient(parameters, penalty, select=select)
        optimiser.step()
        _check_finite(parameters)
        if prox is not None:
            prox_step(parameters, prox, optimiser.lr, select=select)
        if max_norm is not None:
            project_max_norm(parameters, max_norm, select=select)
    return data_loss


def fit(
    model: Sequential,
    X: np.ndarray,
    y: np.ndarray,
    *,
    loss: Loss,
    optimiser: Optimiser,
    epochs: int,
    batch_size: int | None,
    rng: np.random.Generator,
    penalty: Penalty | None = None,
    prox: Penalty | None = None,
    max_norm: float | None = None,
    select: Select = is_weight,
    validation: tuple[np.ndarray, np.ndarray] | None = None,
    patience: int | None = None,
    callback: Callable[[int, History], object] | None = None,
    progress: bool | Literal["auto"] = "auto",
) -> History:
    """Minimise loss(y, model(X)) + penalty + prox over the model's parameters; the model is changed in place.

    Parameters
    ----------
    X : (n, ...) array; y : (n,) array, integer labels for `SoftmaxLoss`
        The losses for a single number take the scores (n, 1) of a model with one output as (n,).
    loss : from `course_lib.losses`
    optimiser : built on `model.parameters()`
    epochs : int
    batch_size : int or None
        Each epoch visits the samples once in a new random order. The last batch may be smaller.
        None: all samples in one batch, in order.
    rng : numpy.random.Generator
        Draws the orders. (Dropout layers have their own.)
    penalty : from `course_lib.penalties`
        Its (sub)gradient is added to the loss's.
    prox : from `course_lib.penalties`
        Its proximal step, with the optimiser's lr, follows each step: exact zeros with L1.
    max_norm : float > 0
        Bound on the norm of each unit's incoming weights, enforced after each step.
    select : callable parameter -> bool
        Which parameters `penalty`, `prox` and `max_norm` act on. Default: the weights;
        `course_lib.nn.everything` adds biases and norm parameters.
    validation : (X, y), never the test set
    patience : int
        Stop after this many epochs without a smaller validation loss. The best epoch's weights (and running
        statistics) are put back at the end, also when all epochs were used. Without it nothing is put back.
    callback : callable (epoch, history), called after each epoch, counted from 1
    progress : bool or "auto"
        Progress bar on stderr. "auto" shows one in a terminal, after 2 seconds, and leaves notebooks clean.

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
    if batch_size is not None:
        check.positive_int(batch_size, "batch_size")
    check.generator(rng)
    history, best = History(), model.state()
    for epoch in _epochs(epochs, progress):
        number, running = 0, 0.0
        try:
            for number, rows in enumerate(_batches(len(X), batch_size, rng), start=1):  # noqa: B007
                rules = (loss, optimiser, penalty, prox, max_norm, select)
                running += len(rows) / len(X) * train_step(model, X[rows], y[rows], *rules)
            history.running_loss.append(running)
            history.train_loss.append(_evaluate(model, X, y, loss))
            history.penalty.append(_penalties(model, (penalty, prox), select))
            if validation is not None:
                history.validation_loss.append(_evaluate(model, *validation, loss))
        except FloatingPointError as error:
            cause = _likely_cause(str(error), epoch, number, optimiser, penalty, X)
            raise TrainingDiverged(str(error), epoch, number, cause) from None
        if validation is not None:
            history.best_epoch = int(np.argmin(history.validation_loss)) + 1
        if callback is not None:
            callback(epoch, history)
        if patience is not None:
            if history.best_epoch == epoch:
                best = model.state()
            history.stopped_early = epoch - (history.best_epoch or 0) >= patience and epoch < epochs
            if history.stopped_early:
                break
    if patience is not None:
        model.load_state(best)
    return history


def _batches(n: int, batch_size: int | None, rng: np.random.Generator) -> Iterator[np.ndarray]:
    if batch_size is None:
        yield np.arange(n)
        return
    order = rng.permutation(n)
    for start in range(0, n, batch_size):
        yield order[start : start + batch_size]


def _epochs(epochs: int, progress: bool | str) -> Iterable[int]:
    from tqdm import tqdm

    auto = progress == "auto"
    hidden = None if auto else not progress  # None: tqdm looks whether stderr is a terminal
    return tqdm(range(1, epochs + 1), desc="epoch", disable=hidden, delay=2 if auto else 0)


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


def _penalties(model: Sequential, terms: Iterable[Penalty | None], select: Select) -> float:
    with np.errstate(over="ignore"):
        values = [penalty_value(model.parameters(), t, select=select) for t in terms if t is not None]
    if not np.isfinite(values).all():
        raise FloatingPointError("the penalty is not finite")
    return sum(values)


def _check_finite(parameters: list[Parameter]) -> None:
    for p in parameters:
        # One sum is cheaper than a look at each entry; only a sum that overflowed needs the look.
        if not np.isfinite(p.value.sum()) and not np.isfinite(p.value).all():
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
