"""Calls of somebody's functions: arguments checked, answers as numbers, errors as findings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from course_lib import validation
from course_lib.probes.points import Point, Raised, _Tensors, call, is_tensor
from course_lib.probes.report import Finding, Report, checked, finding

__all__ = ["Asked", "batches_of", "function", "generator", "raised", "report_raised", "samples", "scalar"]


class Asked:
    """Losses and gradients of somebody, asked for at places of a `Point`.

    Parameters
    ----------
    at : Point
    loss : callable
        What autograd differentiates when there is no ``gradient``.
    gradient : callable or None
    """

    def __init__(self, at: Point, loss: Callable[..., Any], gradient: Callable[..., Any] | None) -> None:
        self.at, self.loss, self.given = at, loss, gradient

    def value(self, function: Callable[..., Any], name: str, flat: np.ndarray, *batch: Any) -> float:
        """Return a loss at ``flat``, under the same random state every time."""
        value = self.at.run(name, function, flat, *batch)
        self.at.seen(value)
        return scalar(value, name)

    def gradient(self, flat: np.ndarray, *batch: Any) -> np.ndarray | None:
        """Return the gradient as a vector, None if autograd has none at all."""
        if self.given is not None:
            value = self.at.run("gradient", self.given, flat, *batch)
            self.at.seen(value)
            return self._left() if value is None else self.at.flat(value, "gradient")
        value = self.at.run("loss", self.loss, flat, *batch)
        if not is_tensor(value) or not value.requires_grad:
            return None
        call("loss", value.sum().backward)
        return self._left()

    def _left(self) -> np.ndarray | None:
        if not isinstance(self.at, _Tensors):
            raise Raised("gradient", TypeError("gradient returned None"))
        grads = self.at.grads()
        if all(grad is None for grad in grads):
            return None
        return np.concatenate(
            [
                np.zeros(t.numel()) if g is None else g.ravel()
                for g, t in zip(grads, self.at.tensors, strict=True)
            ]
        )

    def places(self, rng: np.random.Generator, count: int) -> list[np.ndarray]:
        """Return places near the start: no block is at 0 there, where a penalty has no slope to see."""
        sizes = np.zeros_like(self.at.start)
        for block in self.at.blocks:
            values = self.at.start[block.places]
            sizes[block.places] = 0.3 * max(float(np.sqrt(np.mean(values**2))), 0.3)
        return [self.at.start + sizes * rng.standard_normal(sizes.size) for _ in range(count)]


def scalar(value: Any, name: str) -> float:
    """Return somebody's loss as a float; an array of one loss per sample counts as its mean."""
    if value is None:
        raise Raised(name, TypeError(f"{name} must return a number, got None"))
    try:
        array = np.asarray(value.detach().cpu().double().numpy() if is_tensor(value) else value, dtype=float)
        return float(array.mean())
    except (TypeError, ValueError, RuntimeError) as error:
        raise Raised(name, TypeError(f"{name} must return a number, got {type(value).__name__}")) from error


def raised(probe: str, what: Raised) -> Finding:
    """Return the finding that a function of somebody's raised."""
    return finding(probe, "raised", name=what.name, kind=type(what.error).__name__, error=str(what.error))


def report_raised(probe: str, what: Raised) -> Report:
    """Return the report that holds nothing but that finding."""
    return Report(probe, (raised(probe, what),), checked("stopped"))


def function(value: Any, name: str) -> Any:
    """Return ``value`` if it can be called."""
    if not callable(value):
        raise TypeError(f"{name} must be a function, got {value!r}.")
    return value


def generator(rng: np.random.Generator | None) -> np.random.Generator:
    """Return ``rng``, or one that is the same every time."""
    return np.random.default_rng(0) if rng is None else validation.generator(rng)


def batches_of(batches: Sequence[tuple[Any, ...]] | None) -> list[tuple[Any, ...]]:
    """Return the batches as a list of tuples; without any, one empty tuple."""
    if batches is None:
        return [()]
    listed = list(batches)
    if not listed or not all(isinstance(batch, tuple | list) for batch in listed):
        raise TypeError("batches must be a list of tuples such as [(X, y)].")
    return [tuple(batch) for batch in listed]


def samples(n: int | None, batches: Sequence[tuple[Any, ...]] | None) -> int | None:
    """Return the number of samples: as given, or the length of the first batch."""
    if n is not None:
        return validation.positive_int(n, "n")
    first = next(iter(batches or []), ())
    return len(first[0]) if first and hasattr(first[0], "__len__") else None
