"""What is measured. A module of `MODULES` registers its works in a list ``WORKS``; adding one is enough."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from course_lib.bench.accuracy import Accuracy
from course_lib.bench.problems import Problem

__all__ = ["LADDER", "Contestant", "Seconds", "Work", "works"]

#: Where works come from.
MODULES = tuple(f"course_lib.bench.{name}" for name in ("linear", "logistic", "neural", "imports"))

#: Tolerances that a contestant is tried at, the loosest first.
LADDER = tuple(float(f"1e-{k}") for k in range(2, 15, 2))

OURS, COORDINATE, HOMOTOPY, OTHER, LIMIT = (
    "course_lib",
    "coordinate descent",
    "homotopy (LARS)",
    "other method",
    "machine",
)


class Seconds(float):
    """An answer that is itself the time it took, measured elsewhere (in another process)."""


@dataclass(frozen=True)
class Contestant:
    """One way of doing a work.

    Attributes
    ----------
    name : str
    kind : str
        One of the kinds above: coordinate descent and homotopy are shown side by side.
    prepare : callable
        ``prepare(problem) -> run``; what happens in it is not timed. ``run(tol)`` is.
    tolerances : sequence of float or None
        Tried in this order until the accuracy is reached; ``(None,)`` means "as it is by default".
    read : callable
        ``read(problem, answer)``: the answer in the form that the work's judge takes; not timed.
    needs : str
        The package it comes from.
    """

    name: str
    kind: str
    prepare: Callable[[Problem], Callable[[float | None], Any]]
    tolerances: Sequence[float | None] = (None,)
    read: Callable[[Problem, Any], Any] = lambda problem, answer: answer
    needs: str = "numpy"

    @property
    def missing(self) -> bool:
        """Whether its package is not installed."""
        return importlib.util.find_spec(self.needs) is None


@dataclass(frozen=True)
class Work:
    """A piece of work that several contestants do.

    Attributes
    ----------
    name : str
        As ``--only`` takes it.
    title : str
    problems : sequence of str
    contestants : sequence of Contestant
        The first is this library's.
    target : float
        The accuracy that all have to reach: primal suboptimality or certified gap, relative.
    judge : callable or None
        ``judge(problem, answer) -> Accuracy``.
    goals : mapping of str to float
        Contestant -> wanted ratio "its time / our time".
    goal : str
        The same in words.
    certified : bool
        Only a certified gap counts as accurate; else the smaller of gap and primal suboptimality does.
    """

    name: str
    title: str
    problems: Sequence[str]
    contestants: Sequence[Contestant]
    target: float = float("inf")
    judge: Callable[[Problem, Any], Accuracy] | None = None
    goals: dict[str, float] | None = None
    goal: str = ""
    certified: bool = False

    def accuracy(self, contestant: Contestant, problem: Problem, answer: Any) -> Accuracy:
        """What the judge says about a contestant's answer."""
        if self.judge is None or contestant.kind == LIMIT:
            return Accuracy()
        return self.judge(problem, contestant.read(problem, answer))


def works(only: Sequence[str] | None = None) -> list[Work]:
    """Return the registered works, or those named.

    Raises
    ------
    ValueError
        If a name is not registered.
    """
    found = [work for module in MODULES for work in importlib.import_module(module).WORKS]
    names = [work.name for work in found]
    for name in only or ():
        if name not in names:
            raise ValueError(f"--only must name one of {', '.join(names)}, got {name!r}.")
    return [work for work in found if not only or work.name in only]


def interpolated(lams: np.ndarray, knots: np.ndarray, coefs: np.ndarray) -> np.ndarray:
    """Coefficients (d, n_lams) of a piecewise linear path that is given at falling knots."""
    order = np.argsort(knots, kind="stable")
    return np.array([np.interp(lams, knots[order], row[order]) for row in coefs])
