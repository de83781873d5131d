"""Mistakes that any exercise can see: the right answer to other inputs, or one that was worked on afterwards.

Each is a wrong answer made out of the reference, as executable as those of the catalogue: `other_inputs`
changes an argument before the call (λ doubled, X centred, two arguments exchanged), `other_results` changes
what comes back (squared, rounded, the change instead of the new value). The engine compares the learner's
results with theirs when no misconception of the exercise fits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

import numpy as np

from course_lib.exercises import wording

__all__ = ["other_inputs", "other_results"]

Variant = tuple[str, str, Callable[..., Any]]  # kind, sentence, and the wrong answer
Arguments = dict[str, Any]

NUMBERS: dict[str, Callable[[float], float]] = {
    "unused": lambda q: 0 * q,
    "one": lambda q: 1.0 + 0 * q,
    "doubled": lambda q: 2 * q,
    "halved": lambda q: q / 2,
    "squared": lambda q: q * q,
    "root": lambda q: float(np.sqrt(q)),
    "negative": lambda q: -q,
    "turned": lambda q: 1 / q,
    "complement": lambda q: 1 - q,
}
COUNTS: dict[str, Callable[[int], int]] = {"more": lambda k: k + 1, "less": lambda k: k - 1}
ARRAYS: dict[str, Callable[[Any], Any]] = {
    "zero": lambda a: 0 * a,
    "negative": lambda a: -a,
    "absolute": np.abs,
    "centred": lambda a: a - a.mean(axis=0),
    "grand_mean": lambda a: a - a.mean(),
    "standardised": lambda a: (a - a.mean(axis=0)) / a.std(axis=0),
    "scaled": lambda a: a / a.std(axis=0),
}
RESULTS: dict[str, Callable[[Any], Any]] = {
    "squared": lambda r: r**2,
    "root": lambda r: np.sqrt(np.abs(r)),
    "absolute": np.abs,
    "complement": lambda r: 1 - r,
    "turned": lambda r: 1 / r,
    "floor": np.floor,
    "whole": np.trunc,
    "sum": np.sum,
    "mean": np.mean,
    "mean_square": lambda r: np.mean(r**2),
    "transposed": np.transpose,
    "last_to_first": lambda r: r[::-1],
    "column": lambda r: r[:, None],
}


def other_inputs(reference: Callable[..., Any], names: list[str], args: list[Any]) -> Iterator[Variant]:
    """Yield the reference after each plausible change of one argument, or of two together.

    ``args`` is an example of the arguments: it decides which of them are numbers, counts and arrays.
    """
    example = dict(zip(names, args, strict=False))
    for name, value in example.items():
        if isinstance(value, bool | str):
            continue
        if isinstance(value, int):
            yield from (
                _changed(reference, names, f"count_{key}", _at(name, f), name) for key, f in COUNTS.items()
            )
        if isinstance(value, int | float):
            yield from (_changed(reference, names, f"number_{key}", _at(name, f), name)
                        for key, f in NUMBERS.items())  # fmt: skip
            yield from _with_sizes(reference, names, name, example)
        elif _is_table(value):
            yield from (
                _changed(reference, names, f"array_{key}", _at(name, f), name) for key, f in ARRAYS.items()
            )
    if _is_table(example.get("X")) and _is_table(example.get("y")):
        for key in ("centred", "standardised"):
            yield _changed(reference, names, f"both_{key}", _both(ARRAYS[key]), "X")
    for one, two in combinations(example, 2):
        if _alike(example[one], example[two]):
            yield _changed(reference, names, "exchanged", _exchange(one, two), one, other=two)


def other_results(
    reference: Callable[..., Any], names: list[str], args: list[Any], like: Any
) -> Iterator[Variant]:
    """Yield the reference with its result, or one of its results, worked on afterwards."""
    places = range(len(like)) if isinstance(like, tuple) else [None]
    for place in places:
        for key, change in RESULTS.items():
            yield "other_result", wording.engine(f"result_{key}"), _after(reference, place, change)
    if isinstance(like, tuple):
        return
    for i, (name, value) in enumerate(zip(names, args, strict=False)):
        if isinstance(value, np.ndarray) and np.shape(value) == np.shape(like):
            yield "other_result", wording.engine("result_change", name=name), _minus_argument(reference, i)


def _changed(
    reference: Callable[..., Any], names: list[str], key: str, change: Callable[[Arguments], None], name: str,
    **more: str,
) -> Variant:  # fmt: skip
    def wrong(*args: Any, **kwargs: Any) -> Any:
        arguments = dict(zip(names, args, strict=False)) | kwargs
        change(arguments)
        return reference(**arguments)

    return "other_input", wording.engine(key, name=name, **more), wrong


def _at(name: str, change: Callable[[Any], Any]) -> Callable[[Arguments], None]:
    def apply(arguments: Arguments) -> None:
        arguments[name] = change(arguments[name])

    return apply


def _both(change: Callable[[Any], Any]) -> Callable[[Arguments], None]:
    def apply(arguments: Arguments) -> None:
        arguments["X"], y = change(arguments["X"]), arguments["y"]
        arguments["y"] = y - y.mean()

    return apply


def _exchange(one: str, two: str) -> Callable[[Arguments], None]:
    def apply(arguments: Arguments) -> None:
        arguments[one], arguments[two] = arguments[two], arguments[one]

    return apply


def _with_sizes(
    reference: Callable[..., Any], names: list[str], name: str, example: Arguments
) -> Iterator[Variant]:
    """A number multiplied with, or divided by, the number of samples or of features."""
    if not _is_table(example.get("X")):
        return
    for size, axis in (("n", 0), ("d", 1)):
        if np.ndim(example["X"]) > axis:
            for key, power in ((f"times_{size}", 1), (f"over_{size}", -1)):
                yield _changed(reference, names, key, _scaled(name, axis, power), name)
    if np.ndim(example["X"]) == 2:
        yield _changed(reference, names, "columns_for_rows", _columns_for_rows(name), name)


def _scaled(name: str, axis: int, power: int) -> Callable[[Arguments], None]:
    def apply(arguments: Arguments) -> None:
        arguments[name] = arguments[name] * float(arguments["X"].shape[axis]) ** power

    return apply


def _columns_for_rows(name: str) -> Callable[[Arguments], None]:
    def apply(arguments: Arguments) -> None:
        n, d = arguments["X"].shape
        arguments[name] = arguments[name] * d / n

    return apply


def _after(
    reference: Callable[..., Any], place: int | None, change: Callable[[Any], Any]
) -> Callable[..., Any]:
    def wrong(*args: Any, **kwargs: Any) -> Any:
        result = reference(*args, **kwargs)
        if place is None:
            return change(np.asarray(result, dtype=float))
        parts = list(result)
        parts[place] = change(np.asarray(parts[place], dtype=float))
        return tuple(parts)

    return wrong


def _minus_argument(reference: Callable[..., Any], place: int) -> Callable[..., Any]:
    def wrong(*args: Any, **kwargs: Any) -> Any:
        before = np.array(args[place])
        return np.asarray(reference(*args, **kwargs)) - before

    return wrong


def _is_table(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.ndim > 0 and value.dtype.kind == "f"


def _alike(one: Any, two: Any) -> bool:
    """Whether two arguments could be taken for each other."""
    if isinstance(one, np.ndarray) and isinstance(two, np.ndarray):
        return one.shape == two.shape and one.dtype.kind == two.dtype.kind
    return type(one) is type(two) and isinstance(one, int | float) and not isinstance(one, bool)
