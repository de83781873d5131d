"""Where to compute, and from which seed: two small functions instead of global state."""

from __future__ import annotations

import numbers

import torch

__all__ = ["device", "generator"]


def device(prefer: str = "auto") -> torch.device:
    """Return the device to compute on.

    Parameters
    ----------
    prefer : {"auto", "cpu", "cuda", "cuda:<index>", "mps"}
        "auto" takes the first that is present of CUDA, Apple's MPS, CPU. A named device must be present.

    Raises
    ------
    TypeError
        If ``prefer`` is not a string.
    ValueError
        If the name is unknown, or this machine has no such device.
    """
    if not isinstance(prefer, str):
        raise TypeError(f"prefer must be a string such as 'auto' or 'cpu', got {prefer!r}.")
    if prefer == "auto":
        return torch.device(next(name for name in ("cuda", "mps", "cpu") if _count(name)))
    kind, _, index = prefer.partition(":")
    if kind not in ("cpu", "cuda", "mps") or not (index.isdecimal() or prefer == kind):
        raise ValueError(f"prefer must be 'auto', 'cpu', 'cuda', 'cuda:<index>' or 'mps', got {prefer!r}.")
    if int(index or 0) >= _count(kind):
        raise ValueError(f"prefer={prefer!r} asks for a device that torch does not find here; 'auto' does.")
    return torch.device(prefer)


def generator(seed: int, device: torch.device | str = "cpu") -> torch.Generator:
    """Return a ``torch.Generator`` on ``device``, seeded with ``seed`` (a whole number >= 0).

    The same seed gives other numbers on another kind of device, operating system or torch version.

    Raises
    ------
    TypeError, ValueError
        If ``seed`` is not a whole number, or is negative or beyond 64 bits.
    """
    if isinstance(seed, bool) or not isinstance(seed, numbers.Integral):
        raise TypeError(f"seed must be a whole number, got {seed!r}.")
    if not 0 <= seed < 2**63:
        raise ValueError(f"seed must lie in [0, 2**63), got {seed}.")
    return torch.Generator(device=device).manual_seed(int(seed))


def _count(kind: str) -> int:
    if kind == "cuda":
        return torch.cuda.device_count() if torch.cuda.is_available() else 0
    return 1 if kind == "cpu" else int(torch.backends.mps.is_available())
