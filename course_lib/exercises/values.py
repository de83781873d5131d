"""Answers as comparable parts: a dict of arrays, or a `WrongKind` that says why not."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = [
    "Part",
    "Told",
    "WrongKind",
    "as_array",
    "close",
    "parts",
    "reference_parts",
    "returned",
    "same_input",
    "show",
]

Part = Any  # np.ndarray of numbers, or str
MANY = 1_000_000  # entries from which an answer is no longer looked into, if far fewer are expected
TOO_MANY = 20 * MANY  # and from which it is not, whatever is expected: a copy would fill the memory


class WrongKind(Exception):
    """The answer cannot be compared: ``kind`` is the engine's sentence, ``values`` fill its blanks."""

    def __init__(self, kind: str, **values: Any):
        super().__init__(kind, values)
        self.kind, self.values = kind, values

    @property
    def key(self) -> tuple[str, str]:
        """What two findings are compared by."""
        return self.kind, repr(sorted(self.values.items()))


def as_array(value: Any) -> np.ndarray:
    """Return a copy of ``value`` as an array of real numbers; lists, tensors and data frames are welcome."""
    if value is None:
        raise WrongKind("kind_none")
    if isinstance(value, str | bytes):
        raise WrongKind("kind_text", value=_clip(_beginning(value), 60))
    if inspect.isgenerator(value) or (hasattr(value, "__next__") and hasattr(value, "__iter__")):
        raise WrongKind("kind_generator")
    if callable(value) and not hasattr(value, "__array__"):
        raise WrongKind("kind_function")
    _refuse_to_copy(value, TOO_MANY)
    try:
        array = np.array(_plain(value))
    except Exception:  # ragged lists, objects with a broken __array__
        if isinstance(value, tuple):
            raise WrongKind("kind_tuple", count=len(value)) from None
        raise WrongKind("kind_other", type=type(value).__name__) from None
    if array.dtype.kind == "c":
        raise WrongKind("kind_complex")
    if array.dtype.kind == "O":
        try:
            return np.array([as_array(entry) for entry in array.ravel()], dtype=float).reshape(array.shape)
        except Exception:
            raise WrongKind("kind_other", type=type(value).__name__) from None
    if array.dtype.kind in "US" and array.size:
        raise WrongKind("kind_texts", value=_clip(repr(array.ravel()[0].item()), 60))
    if array.dtype.kind not in "fiub":
        raise WrongKind("kind_other", type=type(value).__name__)
    return array


def _entries(value: Any, depth: int = 8) -> int:
    """How many numbers an answer holds, from its shape or its lengths; nothing is copied."""
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple):
        return math.prod(shape)
    if not isinstance(value, Sequence) or isinstance(value, str | bytes) or not depth:
        return 1
    inner = max((_entries(entry, depth - 1) for entry in value[:3]), default=1)
    return max(inner, len(value) * _entries(value[0], depth - 1) if value else 0)


@dataclass(frozen=True)
class Told:
    """What is kept of a result that is too large to keep."""

    text: str

    def __repr__(self) -> str:
        return self.text


def _refuse_to_copy(value: Any, most: int) -> None:
    count = _entries(value)
    if count > most:
        shape = getattr(value, "shape", None)
        if shape:
            raise WrongKind("kind_huge", shape=tuple(map(int, shape)), count=f"{count:,}")
        raise WrongKind("kind_huge_list", type=type(value).__name__, count=f"{count:,}")


def returned(value: Any, name: str) -> np.ndarray:
    """Return what the method ``name`` of an answer returned as floats, for a case's ``observe``."""
    if value is None:
        raise WrongKind("kind_none_of", name=name)
    return as_array(value).astype(float)


def _plain(value: Any) -> Any:
    if hasattr(value, "detach") and hasattr(value, "cpu"):  # torch, without importing it
        value = value.detach().cpu()
        return (value.float() if str(value.dtype) == "torch.bfloat16" else value).numpy()
    for method in ("to_numpy", "toarray"):  # pandas, scipy.sparse
        if hasattr(value, method):
            return getattr(value, method)()
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return value


def reference_parts(value: Any, names: Sequence[str] = ()) -> dict[str, Part]:
    """Return the parts of the reference's result: it decides what is expected."""
    if isinstance(value, str):
        return {"": value}
    if isinstance(value, Mapping):
        return _join((str(key), reference_parts(entry)) for key, entry in value.items())
    if isinstance(value, tuple) or (isinstance(value, list) and _ragged(value)):
        labels = names if len(names) == len(value) else [f"{i + 1}" for i in range(len(value))]
        return _join((label, reference_parts(entry)) for label, entry in zip(labels, value, strict=True))
    return {"": as_array(value)}


def parts(value: Any, like: Any, names: Sequence[str] = ()) -> dict[str, Part]:
    """Return the parts of an answer, taken apart the way the reference's result ``like`` is."""
    several = isinstance(like, Mapping | tuple) or (isinstance(like, list) and _ragged(like))
    if not several or (not isinstance(value, Mapping) and _length(value) != len(like)):
        _refuse_to_copy(value, max(MANY, 100 * _entries(like)))
    if isinstance(like, str):
        if not isinstance(value, str):
            raise WrongKind("kind_other", type=type(value).__name__)
        return {"": value}
    if isinstance(like, Mapping):
        if not isinstance(value, Mapping) or set(map(str, value)) != set(map(str, like)):
            raise WrongKind("kind_mapping", keys=", ".join(map(str, like)), type=type(value).__name__)
        found = {str(key): entry for key, entry in value.items()}
        return _join((str(key), parts(found[str(key)], entry)) for key, entry in like.items())
    if several:
        labels = names if len(names) == len(like) else [f"{i + 1}" for i in range(len(like))]
        if value is None:
            raise WrongKind("kind_none")
        if _one_array(value, like):
            shape = np.shape(value)
            raise WrongKind("kind_one_array", count=len(like), names=", ".join(labels), shape=shape)
        if _length(value) != len(like):
            raise WrongKind(
                "kind_several", count=len(like), names=", ".join(labels), type=type(value).__name__
            )
        return _join((label, parts(v, e)) for label, v, e in zip(labels, value, like, strict=True))
    array = as_array(value)
    return {"": array.reshape(()) if array.size == 1 and np.ndim(_safe(like)) == 0 else array}


def _one_array(value: Any, like: Sequence[Any]) -> bool:
    """Whether one array (or a list of numbers) came where results of different shapes are expected."""
    if isinstance(value, np.ndarray):
        return value.dtype != object and any(np.ndim(_safe(e)) != value.ndim - 1 for e in like)
    if isinstance(value, list):  # a tuple is what several results come in
        return (
            bool(value)
            and not any(np.ndim(_safe(v)) for v in value)
            and any(np.size(_safe(e)) > 1 for e in like)
        )
    return False


def _length(value: Any) -> int:
    """Number of results in a tuple, a list or an array; -1 for anything else."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        return -1
    return len(value) if isinstance(value, tuple | list | np.ndarray) else -1


def _ragged(values: list[Any]) -> bool:
    try:
        return np.asarray(values).dtype.kind not in "fiub"
    except ValueError:
        return True


def _join(named: Any) -> dict[str, Part]:
    return {
        ".".join(filter(None, (label, key))): part for label, inner in named for key, part in inner.items()
    }


def close(expected: Part, got: Part, rtol: float, atol: float) -> bool:
    """Whether two parts agree: same shape and values up to rounding, float32 rounding included."""
    if isinstance(expected, str) or isinstance(got, str):
        return bool(isinstance(expected, str) and isinstance(got, str) and expected == got)
    if expected.shape != got.shape:
        return False
    if np.float16 in (expected.dtype, got.dtype):
        rtol = max(rtol, 1e-2)
    elif np.float32 in (expected.dtype, got.dtype):
        rtol, atol = max(rtol, 2e-4), max(atol, 1e-6)
    e, g = expected.astype(float), got.astype(float)
    finite = np.isfinite(e)
    if not np.array_equal(e[~finite], g[~finite], equal_nan=True):
        return False
    e, g = e[finite], g[finite]
    scale = np.abs(e).max(initial=0.0)
    with np.errstate(all="ignore"):
        return bool(np.all(np.abs(g - e) <= atol + rtol * np.abs(e) + 0.1 * rtol * scale))


def same_input(before: Any, after: Any) -> bool:
    """Whether an argument is still what it was; what cannot be compared counts as unchanged."""
    try:
        if isinstance(before, Mapping):
            same = isinstance(after, Mapping) and list(before) == list(after)
            return same and all(same_input(before[key], after[key]) for key in before)
        if isinstance(before, list | tuple):
            return len(before) == len(after) and all(map(same_input, before, after))
        if hasattr(before, "__array__") or hasattr(before, "detach"):
            a, b = np.asarray(_plain(before)), np.asarray(_plain(after))
            return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    except Exception:
        return True
    return True


def show(value: Any, digits: int = 4) -> str:
    """Return a short text for ``value`` that is the same on every machine."""
    if isinstance(value, bool | np.bool_ | int | np.integer | str | bytes | None):
        value = value.item() if isinstance(value, np.generic) else value
        return _clip(_beginning(value) if isinstance(value, str | bytes) else repr(value))
    if isinstance(value, float | np.floating):
        return f"{float(value):.{digits + 1}g}"
    if isinstance(value, np.random.Generator):
        return "np.random.default_rng(...)"
    if _entries(value) > MANY and isinstance(value, tuple) and len(value) < 10:
        return f"({', '.join(show(entry, digits) for entry in value)})"
    if _entries(value) > MANY:
        size = f"shape {tuple(value.shape)}" if hasattr(value, "shape") else f"length {len(value)}"
        return f"<{type(value).__name__}, {size}>"
    if isinstance(value, tuple | list) and value and any(np.ndim(_safe(v)) for v in value):
        inner = ", ".join(show(v, digits) for v in value)
        return f"({inner})" if isinstance(value, tuple) else f"[{inner}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {show(entry, digits)}" for key, entry in value.items()) + "}"
    try:
        return _show_array(as_array(value), digits)
    except WrongKind:
        return _clip(_repr(value))


def _repr(value: Any) -> str:
    """Return repr without memory addresses, or the name of the type when repr itself fails."""
    try:
        return re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value))
    except Exception:
        return f"<{type(value).__name__}>"


def _safe(value: Any) -> Any:
    try:
        return as_array(value)
    except WrongKind:
        return 0


def _show_array(array: np.ndarray, digits: int) -> str:
    if array.ndim == 0:
        return show(array.item(), digits)
    numbers = array
    if array.dtype.kind == "f":  # rounding noise prints differently on every machine: show it as 0
        numbers = array.astype(float)
        finite = np.abs(numbers[np.isfinite(numbers)])
        numbers = np.where(np.abs(numbers) < 1e-10 * finite.max(initial=0.0), 0.0, numbers) + 0.0
    text = np.array2string(numbers, formatter={"float_kind": lambda x: f"{x:.{digits}g}"}, threshold=40,
                           edgeitems=3, max_line_width=88)  # fmt: skip
    return f"{text}, shape {array.shape}" if array.size > 40 else text


def _beginning(text: str | bytes) -> str:
    """Return the repr of a text without copying all of it."""
    return repr(text) if len(text) <= 300 else repr(text[:300])


def _clip(text: str, limit: int = 300) -> str:
    return text if len(text) <= limit else text[: limit - 3] + "..."
