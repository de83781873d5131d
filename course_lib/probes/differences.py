"""Finite differences with an estimate of their own error, and factors with a name.

A derivative along a direction u is measured as ``(f(x + hu) - f(x - hu)) / 2h`` at h and at 2h. Both together
give the better value ``(4 D(h) - D(2h)) / 3`` (error of order h⁴), and their difference an estimate of the
error. Where the two disagree by more than a smooth function allows, the direction crosses a kink and is left
out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

__all__ = ["Named", "Slopes", "directions", "multiple", "name_of", "slopes"]

MOST = 24  # coordinates that are looked at one by one


@dataclass(frozen=True)
class Slopes:
    """Derivatives along k directions: ``value`` and bounds ``error`` on what rounding and curvature did."""

    value: np.ndarray
    error: np.ndarray


@dataclass(frozen=True)
class Named:
    """A factor between two vectors: its ``kind`` ("sign", "factor_2", ...) and how to write it."""

    kind: str
    factor: float
    text: str


def directions(places: np.ndarray, size: int, rng: np.random.Generator, most: int = 12) -> np.ndarray:
    """Return unit vectors (k, size) within ``places``: every coordinate of a few, random signs of many."""
    if places.size <= min(MOST, 2 * most):
        rows = np.zeros((places.size, size))
        rows[np.arange(places.size), places] = 1.0
        return rows
    rows = np.zeros((most, size))
    rows[:, places] = rng.choice([-1.0, 1.0], (most, places.size)) / np.sqrt(places.size)
    return rows


def slopes(value: Callable[[np.ndarray], float], x: np.ndarray, rows: np.ndarray, eps: float) -> Slopes:
    """Return the derivatives of ``value`` at ``x`` along ``rows``."""
    size = max(1.0, float(np.sqrt(np.mean(x**2))))
    h = size * (3e-5 if eps < 1e-12 else 4e-3 * (eps / 1.2e-7) ** 0.2)
    near, far, level = [], [], 1e-300
    for row in rows:
        plus, minus, plus2, minus2 = (value(x + k * h * row) for k in (1, -1, 2, -2))
        near.append((plus - minus) / (2 * h))
        far.append((plus2 - minus2) / (4 * h))
        level = max(level, abs(plus), abs(minus))
    d1, d2 = np.array(near), np.array(far)
    error = np.abs(d1 - d2) / 3 + 4 * eps * level / h
    return Slopes((4 * d1 - d2) / 3, np.maximum(error, np.median(error)))  # noise strikes every direction


def multiple(found: np.ndarray, part: np.ndarray, tolerance: np.ndarray) -> float | None:
    """Return c with ``found = c part`` up to ``tolerance`` (scaled by \\|c\\|), or None if there is none."""
    if not np.any(np.abs(part) > 10 * tolerance):
        return None
    c = float(found @ part / (part @ part))
    return c if np.all(np.abs(found - c * part) <= max(1.0, abs(c)) * tolerance) else None


def name_of(factor: float, n: int | None, precision: float) -> Named:
    """Return the name of a factor: what a sign, a 2, a ½ or a number of samples explains."""
    for sign, mark in ((1.0, ""), (-1.0, "−")):
        for kind, size, text in _known(n):
            if abs(factor - sign * size) <= precision * size:
                if sign < 0:
                    kind = "sign" if size == 1 else "scaled"
                return Named(kind, factor, mark + text)
    if abs(factor) <= precision:
        return Named("missing", factor, "0")
    return Named("scaled", factor, f"{factor:.4g}")


def _known(n: int | None) -> list[tuple[str, float, str]]:
    known = [("right", 1.0, "1"), ("factor_2", 2.0, "2"), ("factor_2", 0.5, "1/2")]
    if n is not None and n > 2:
        known += [
            ("factor_n", n, f"n = {n}"),
            ("factor_n", 1 / n, f"1/n = 1/{n}"),
            ("factor_n", 2 * n, f"2n = {2 * n}"),
            ("factor_n", 1 / (2 * n), f"1/(2n) = 1/{2 * n}"),
            ("factor_n", n / 2, f"n/2 = {n / 2:g}"),
            ("factor_n", 2 / n, f"2/n = 2/{n}"),
        ]
    return known
