"""Somebody's parameters as one vector, whatever they are kept in.

A `Point` knows the blocks of the vector (one per array or parameter), hands out the parameters at another
place, and leaves everything as it found it. NumPy arrays, dicts and tuples of them are copied; the parameters
of a ``torch.nn.Module`` are changed in place, because the caller's functions may hold on to the module, and
put back. torch is imported only where a torch object came in.
"""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from course_lib import validation

__all__ = ["Block", "Point", "Raised", "call", "calm", "is_module", "is_tensor", "point", "same_luck"]

BIASES = ("b", "bias", "intercept", "intercept_")


@dataclass(frozen=True)
class Block:
    """A stretch of the vector: one array, or the exempt coordinates of one."""

    name: str
    places: np.ndarray
    exempt: bool


class Raised(Exception):
    """Somebody's function raised: ``error`` is what it raised, ``name`` what the function is called here."""

    def __init__(self, name: str, error: BaseException) -> None:
        super().__init__(name, error)
        self.name, self.error = name, error


class Point:
    """Parameters as a vector ``start`` of shape (d,), in `blocks`.

    Attributes
    ----------
    start : ndarray of shape (d,)
    blocks : list of Block
    eps : float
        Rounding unit of the precision in which the functions compute.
    """

    eps = float(np.finfo(np.float64).eps)

    def seen(self, value: Any) -> None:
        """Take note of the precision in which somebody's function answers."""
        dtype = str(getattr(value, "dtype", "float64")).rpartition(".")[2]
        self.eps = max(self.eps, {"float32": 1.2e-7, "float16": 1e-3, "bfloat16": 8e-3}.get(dtype, 0.0))

    def __init__(self, start: np.ndarray, blocks: list[Block]) -> None:
        self.start, self.blocks = start, blocks

    def put(self, flat: np.ndarray) -> Any:
        """Return the parameters at ``flat``, in the caller's own form."""
        raise NotImplementedError

    def flat(self, value: Any, name: str) -> np.ndarray:
        """Return somebody's gradient or new parameters, given in the form of the parameters, as a vector."""
        raise NotImplementedError

    def run(self, name: str, function: Callable[..., Any], flat: np.ndarray, *args: Any) -> Any:
        """Call ``function(parameters at flat, *args)`` under the same random state every time."""
        same_luck(self)
        return call(name, function, self.put(flat), *args)

    def after(self, name: str, function: Callable[..., Any], flat: np.ndarray, *args: Any) -> np.ndarray:
        """Return the parameters after ``function`` was called with those at ``flat``."""
        held: list[Any] = []

        def keeping(w: Any, *rest: Any) -> Any:
            held.append(w)
            return function(w, *rest)

        value = self.run(name, keeping, flat, *args)
        return self.flat(held[0] if value is None else value, name)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Leave parameters, gradients, buffers, modes and global random states as they were."""
        with calm():
            yield

    @property
    def exempt(self) -> np.ndarray:
        """Mask of the coordinates that a penalty leaves out, shape (d,)."""
        mask = np.zeros(self.start.size, dtype=bool)
        for block in self.blocks:
            mask[block.places] = block.exempt
        return mask


class _Arrays(Point):
    """One array, or a dict or a tuple of arrays."""

    def __init__(self, w: Any, exempt: Any) -> None:
        self._keys: list[Any] | None = None
        self._kind: type = type(w)
        if isinstance(w, Mapping):
            self._keys, parts = list(w), [_floats(value, f"w[{key!r}]") for key, value in w.items()]
            names = [str(key) for key in w]
        elif isinstance(w, tuple):
            parts = [_floats(value, f"w[{i}]") for i, value in enumerate(w)]
            names = [f"w[{i}]" for i in range(len(w))]
        else:
            parts, names = [_floats(w, "w")], ["w"]
        self._shapes = [part.shape for part in parts]
        start = np.concatenate([part.ravel() for part in parts])
        biases = [name.rpartition(".")[2] in BIASES for name in names]
        super().__init__(start, _blocks(names, [part.size for part in parts], biases, exempt))

    def put(self, flat: np.ndarray) -> Any:
        ends = np.cumsum([int(np.prod(shape)) for shape in self._shapes])[:-1]
        parts = [
            part.reshape(shape).copy() for part, shape in zip(np.split(flat, ends), self._shapes, strict=True)
        ]
        if self._keys is not None:
            return dict(zip(self._keys, parts, strict=True))
        return tuple(parts) if self._kind is tuple else parts[0]

    def flat(self, value: Any, name: str) -> np.ndarray:
        if self._keys is not None:
            if not isinstance(value, Mapping) or set(value) != set(self._keys):
                raise ValueError(f"{name} must return a dict with the keys {self._keys}.")
            value = tuple(value[key] for key in self._keys)
        parts = value if self._keys is not None or self._kind is tuple else (value,)
        return _joined(parts, self._shapes, name)


class _Tensors(Point):
    """One tensor, or the trainable parameters of a module; changed in place and put back.

    Everything computes in float64 meanwhile, where a finite difference has room for a small step.
    """

    def __init__(self, w: Any, exempt: Any) -> None:
        import torch

        self.torch, self._w = torch, w
        if isinstance(w, torch.nn.Module):
            from course_lib.deep.groups import named_weights  # one answer to "what is a weight"

            self.tensors = [p for p in w.parameters() if p.requires_grad]
            names = [name for name, p in w.named_parameters() if p.requires_grad]
            if not names:
                raise ValueError("w must have trainable parameters, got a module with none.")
            weights = set(named_weights(w))
            left_out = [name not in weights for name in names]
        else:
            if not w.is_floating_point():
                raise TypeError(f"w must be a floating-point tensor, got {w.dtype}.")
            self.tensors, names, left_out = [w], ["w"], [False]
        self._shapes = [tuple(p.shape) for p in self.tensors]
        start = np.concatenate([_numpy(p).ravel() for p in self.tensors])
        if not np.isfinite(start).all():
            raise ValueError("w must be finite, got NaN or infinity.")
        super().__init__(start, _blocks(names, [p.numel() for p in self.tensors], left_out, exempt))

    def put(self, flat: np.ndarray) -> Any:
        ends = np.cumsum([p.numel() for p in self.tensors])[:-1]
        for tensor, part in zip(self.tensors, np.split(flat, ends), strict=True):
            values = self.torch.from_numpy(part.copy()).reshape(tensor.shape)
            tensor.data = values.to(tensor.device)  # float64, whatever it was
            tensor.grad = None
            tensor.requires_grad_(True)
        return self._w

    def flat(self, value: Any, name: str) -> np.ndarray:
        if value is None or value is self._w:  # changed in place
            return np.concatenate([_numpy(p).ravel() for p in self.tensors])
        if is_module(value):
            value = list(value.parameters())
        if isinstance(value, Mapping):
            value = list(value.values())
        return _joined(value if isinstance(value, list | tuple) else (value,), self._shapes, name)

    def run(self, name: str, function: Callable[..., Any], flat: np.ndarray, *args: Any) -> Any:
        same_luck(self)
        w = self.put(flat)
        with in_float64(self.torch):
            return call(name, function, w, *args)

    def grads(self) -> list[np.ndarray | None]:
        """Return what stands in ``.grad``, one entry per block."""
        return [None if p.grad is None else _numpy(p.grad) for p in self.tensors]

    @contextmanager
    def kept(self) -> Iterator[None]:
        module = self._w if is_module(self._w) else None
        held = [(t, t.data, t.grad, t.requires_grad) for t in self.tensors]
        buffers = [] if module is None else [(b, b.clone()) for b in module.buffers()]
        modes = [] if module is None else [(m, m.training) for m in module.modules()]
        frozen = [] if module is None else [(p, p.grad) for p in module.parameters() if not p.requires_grad]
        with calm(self.torch):
            try:
                yield
            finally:
                for tensor, values, grad, needs in held:
                    tensor.requires_grad_(needs)
                    tensor.grad = None
                    tensor.data = values  # the very storage it had, untouched
                    tensor.grad = grad
                for buffer, values in buffers:
                    buffer.data.copy_(values)
                for parameter, grad in frozen:
                    parameter.grad = grad
                for layer, mode in modes:
                    layer.training = mode


@contextmanager
def in_float64(torch: Any) -> Iterator[None]:
    """Turn the float32 (and shorter) tensors that enter a torch function into float64, inside this block."""
    from torch.overrides import TorchFunctionMode

    def longer(value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            return value.double() if value.dtype in short else value
        if type(value) in (list, tuple):
            return type(value)(longer(entry) for entry in value)
        return value

    short = (torch.float32, torch.float16, torch.bfloat16)

    class Float64(TorchFunctionMode):
        def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            name = getattr(function, "__name__", "")
            in_place = name.startswith("__set") or (name.endswith("_") and not name.endswith("__"))
            if in_place or name in _AS_IT_IS:  # in place: the target must stay the target
                return function(*args, **(kwargs or {}))
            more = {key: longer(value) for key, value in (kwargs or {}).items()}
            return function(*longer(tuple(args)), **more)

    with Float64():
        yield


def same_luck(at: Point) -> None:
    """Start the global random states from the same place; `Point.kept` puts them back."""
    np.random.seed(0)  # noqa: NPY002 - somebody else's code may use it
    random.seed(0)
    if isinstance(at, _Tensors):
        at.torch.random.default_generator.manual_seed(0)  # torch.manual_seed takes 100 times as long
        if any(tensor.is_cuda for tensor in at.tensors):
            at.torch.cuda.manual_seed_all(0)


_AS_IT_IS = {
    "__get__",
    "is_floating_point",
    "double",
    "data_ptr",
    "numel",
    "size",
    "dim",
    "backward",
    "numpy",
}


def point(w: Any, exempt: Any = None) -> Point:
    """Return the parameters ``w`` as a `Point`."""
    return _Tensors(w, exempt) if is_module(w) or is_tensor(w) else _Arrays(w, exempt)


def is_tensor(value: Any) -> bool:
    """Whether ``value`` is a torch tensor, asked without importing torch."""
    return _is_torch(value, "Tensor")


def is_module(value: Any) -> bool:
    """Whether ``value`` is a ``torch.nn.Module``, asked without importing torch."""
    return _is_torch(value, "Module")


def _is_torch(value: Any, name: str) -> bool:
    return any(c.__name__ == name and c.__module__.split(".")[0] == "torch" for c in type(value).__mro__)


@contextmanager
def calm(torch: Any = None) -> Iterator[None]:
    """Keep the global random states of Python, NumPy and torch as they are."""
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002 - to leave it alone
    ours = None if torch is None else torch.random.get_rng_state()
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
        if torch is not None:
            torch.random.set_rng_state(ours)


def call(name: str, function: Callable[..., Any], *args: Any) -> Any:
    """Call somebody's function: what it raises becomes `Raised`, warnings stay silent."""
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return function(*args)
    except Exception as error:
        raise Raised(name, error) from error


def _blocks(names: Sequence[str], sizes: Sequence[int], biases: Sequence[bool], exempt: Any) -> list[Block]:
    """Return one block per array; a mask or a list of places cuts a single array in two."""
    starts = np.cumsum([0, *sizes])
    if exempt is not None and len(names) == 1:
        mask = _mask(exempt, sizes[0])
        blocks = [
            Block(names[0], np.flatnonzero(~mask), False),
            Block(f"{names[0]}[{_short(np.flatnonzero(mask))}]", np.flatnonzero(mask), True),
        ]
        return [block for block in blocks if block.places.size]
    if exempt is not None:
        chosen = [exempt] if isinstance(exempt, str) else list(exempt)
        unknown = [name for name in chosen if name not in names]
        if unknown:
            raise ValueError(f"exempt must hold names of w, {list(names)}, got {unknown[0]!r}.")
        biases = [name in chosen for name in names]
    return [Block(name, np.arange(starts[i], starts[i + 1]), biases[i]) for i, name in enumerate(names)]


def _mask(exempt: Any, size: int) -> np.ndarray:
    places = np.atleast_1d(np.asarray(exempt))
    if places.dtype == bool and places.shape == (size,):
        return places
    if places.dtype.kind not in "iu" or (places.size and (places.max() >= size or places.min() < -size)):
        raise ValueError(f"exempt must be a mask or places in w ({size} entries), got {exempt!r}.")
    mask = np.zeros(size, dtype=bool)
    mask[places] = True
    return mask


def _short(places: np.ndarray) -> str:
    text = ", ".join(map(str, places[:3]))
    return text + (", ..." if places.size > 3 else "")


def _floats(value: Any, name: str) -> np.ndarray:
    flat = validation.vector(np.ravel(value), name)
    return flat.astype(np.float64).reshape(np.shape(value))


def _joined(parts: Sequence[Any], shapes: Sequence[tuple[int, ...]], name: str) -> np.ndarray:
    arrays = [_numpy(part) for part in parts]
    if len(arrays) != len(shapes) or any(a.shape != s for a, s in zip(arrays, shapes, strict=True)):
        got = [a.shape for a in arrays]
        raise ValueError(f"{name} must return the shapes of w, {list(shapes)}, got {got}.")
    return np.concatenate([array.ravel() for array in arrays])


def _numpy(value: Any) -> np.ndarray:
    """Return a float64 copy of an array or a tensor, NaN and infinity included."""
    if is_tensor(value):
        value = value.detach().cpu().double().numpy()
    return np.array(value, dtype=np.float64)
