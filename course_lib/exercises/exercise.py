"""What an exercise is: plain data, with the wrong answers written down beside the right ones.

Three kinds share one engine: `Exercise` (the learner writes a function or a class), `Value` (a number or an
array) and `Choice` (one letter). Sentences are not here but in ``text/<language>/<module>.toml``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

__all__ = ["Case", "Choice", "Exercise", "Fresh", "Item", "Misconception", "Value"]


@dataclass(frozen=True)
class Fresh:
    """An argument that is made anew for every call, such as ``Fresh(lambda: np.random.default_rng(3))``.

    Everything else in a case is deep-copied before each call; use `Fresh` for what carries a state on purpose
    and has to start in the same state for the reference, the learner and every misconception.
    """

    make: Callable[[], Any]


@dataclass(frozen=True)
class Case:
    """One call of the answer.

    Parameters
    ----------
    args, kwargs
        The arguments; a `Fresh` among them is replaced by what it makes.
    label : str
        What is special about the case, read after "right for" and "wrong for". Looked up under
        ``[cases]`` in the module's text file, and shown as it is when it is not there.
    observe : callable, optional
        ``observe(answer, *args, **kwargs)`` turns a stateful or random answer into numbers, arrays, tuples or
        dicts of them, which are compared instead of the returned value.
    rtol, atol : float, optional
        Override the tolerances of the exercise.
    may_modify : bool
        The answer is meant to change its arguments (an optimiser's step, for instance).
    """

    args: Sequence[Any] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    label: str = ""
    observe: Callable[..., Any] | None = None
    rtol: float | None = None
    atol: float | None = None
    may_modify: bool = False


@dataclass(frozen=True)
class Misconception:
    """A wrong answer that can be executed, and where it was seen (``"erratum 3"``, ``"pitfall 20"``).

    ``also`` holds other ways to make the same mistake, with other results but the same sentence.
    """

    answer: Any
    source: str = ""
    also: tuple[Any, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Item:
    """What the three kinds have in common."""

    id: str
    chapter: int
    minutes: int
    difficulty: int = 1
    misconceptions: Mapping[str, Any] = field(default_factory=dict)
    rtol: float = 1e-5
    atol: float = 1e-8

    def __post_init__(self) -> None:
        if self.id.count(".") != 1:
            raise ValueError(f"id must read 'module.name', got {self.id!r}.")
        if self.difficulty not in (1, 2, 3):
            raise ValueError(f"difficulty must be 1, 2 or 3, got {self.difficulty} ({self.id}).")

    @property
    def module(self) -> str:
        """Name of the module and of the text file, the part of the id before the dot."""
        return self.id.split(".")[0]

    @property
    def name(self) -> str:
        """The part of the id after the dot."""
        return self.id.split(".")[1]

    @property
    def wrong_answers(self) -> dict[str, Misconception]:
        """The misconceptions, each as a `Misconception`."""
        return {
            name: wrong if isinstance(wrong, Misconception) else Misconception(wrong)
            for name, wrong in self.misconceptions.items()
        }

    @property
    def right_answer(self) -> Any:
        """The reference."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Exercise(Item):
    """The learner writes a function (or a class, together with `Case.observe`).

    Parameters
    ----------
    signature : str
        As the stub shows it: ``"ridge_gradient(X, y, w, lam)"``.
    reference : callable
        The right answer.
    alternatives : mapping of str to callable
        At least two more right answers, written differently.
    misconceptions : mapping of str to callable or Misconception
        Two to twelve wrong answers; six are usually enough.
    cases : callable
        ``cases(rng) -> list[Case]``; different seeds must lead to the same verdict.
    returns : sequence of str
        Names of the results when there are several: ``("w", "b")``.
    exact_zeros : bool
        Where the reference gives 0, the answer must be exactly 0 and not merely small.
    """

    signature: str
    reference: Any
    cases: Callable[[np.random.Generator], Sequence[Case]]
    alternatives: Mapping[str, Any] = field(default_factory=dict)
    returns: Sequence[str] = ()
    exact_zeros: bool = False

    @property
    def right_answer(self) -> Any:
        """The reference."""
        return self.reference

    @property
    def parameters(self) -> list[str]:
        """Names of the positional parameters, read from the signature."""
        inside = self.signature.partition("(")[2].rpartition(")")[0]
        parsed = inspect.signature(eval(f"lambda {inside}: None")) if inside else None  # our own text
        return list(parsed.parameters) if parsed else []


@dataclass(frozen=True, kw_only=True)
class Value(Item):
    """The learner gives a number or an array; ``reference`` may be a function without arguments."""

    reference: Any

    @property
    def right_answer(self) -> Any:
        """The reference."""
        return self.reference() if callable(self.reference) else self.reference


@dataclass(frozen=True, kw_only=True)
class Choice(Item):
    """The learner gives a letter.

    ``misconceptions`` maps each wrong option to the name of its misconception: ``{"a": "fit_on_all"}``.
    """

    options: Sequence[str]
    correct: str

    def __post_init__(self) -> None:
        super().__post_init__()
        if set(self.options) != {self.correct, *self.misconceptions}:
            raise ValueError(f"{self.id}: the options must be the correct one and the misconceptions' keys.")

    @property
    def wrong_answers(self) -> dict[str, Misconception]:
        """The misconceptions by name; the executable wrong answer is the letter."""
        letters = {name: letter for letter, name in self.misconceptions.items() if isinstance(name, str)}
        return {name: Misconception(letter) for name, letter in letters.items()}

    @property
    def right_answer(self) -> Any:
        """The correct letter."""
        return self.correct
