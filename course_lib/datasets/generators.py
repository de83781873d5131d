"""Fresh samples from models whose truth is known; functions take a generator and return plain arrays.

The rows are in random order, so the first rows of a draw are as good a training set as any other rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from course_lib import validation

__all__ = ["draw_collinear", "draw_sine", "draw_sparse_linear", "draw_twins", "sine"]


def sine(x: np.ndarray) -> np.ndarray:
    """Return sin(2πx), the noise-free curve behind :func:`draw_sine`."""
    return np.sin(2 * np.pi * np.asarray(x, dtype=float))


def draw_sine(n: int, rng: np.random.Generator, noise: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    """Draw ``n`` points of y = sin(2πx) + noise·ε, with x uniform on [0, 1] and ε standard normal.

    Parameters
    ----------
    n : int
        Number of points.
    rng : numpy.random.Generator
        Where the randomness comes from.
    noise : float, default=0.3
        Standard deviation of the noise; its square is the error that no model can remove.

    Returns
    -------
    x, y : ndarray of shape (n,)
    """
    n, rng, noise = (
        validation.positive_int(n, "n"),
        validation.generator(rng),
        validation.strength(noise, "noise"),
    )
    x = rng.uniform(0.0, 1.0, size=n)
    return x, sine(x) + noise * rng.standard_normal(n)


def draw_collinear(
    n: int, rng: np.random.Generator, gap: float = 0.05, noise: float = 1.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw a regression problem whose first two features are nearly the same.

    x1 and x3 are standard normal, x2 = x1 + gap·z, and y = x1 + x2 + 0.5·x3 + noise·ε. The data
    determine w1 + w2 well and w1 - w2 badly: its least-squares variance grows like 1/gap².

    Parameters
    ----------
    n : int
        Number of rows.
    rng : numpy.random.Generator
        Where the randomness comes from.
    gap : float, default=0.05
        Standard deviation of x2 - x1.
    noise : float, default=1.0
        Standard deviation of the noise in y.

    Returns
    -------
    X : ndarray of shape (n, 3)
    y : ndarray of shape (n,)
    w_true : ndarray of shape (3,)
    """
    n, rng = validation.positive_int(n, "n"), validation.generator(rng)
    gap, noise = validation.strength(gap, "gap"), validation.strength(noise, "noise")
    X = rng.standard_normal((n, 3))
    X[:, 1] = X[:, 0] + gap * X[:, 1]
    w_true = np.array([1.0, 1.0, 0.5])
    return X, X @ w_true + noise * rng.standard_normal(n), w_true


def draw_twins(
    n: int,
    rng: np.random.Generator,
    groups: Sequence[float] = (2.0, -1.5, 0.0, 0.0),
    size: int = 3,
    correlation: float = 0.95,
    noise: float = 2.0,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw groups of correlated features; all members of a group have the same true weight.

    Each feature is √r·(the group's hidden variable) + √(1-r)·(its own noise): unit variance, correlation r
    inside a group, 0 between groups.

    Parameters
    ----------
    n : int
        Number of rows.
    rng : numpy.random.Generator
        Where the randomness comes from.
    groups : sequence of float, default=(2.0, -1.5, 0.0, 0.0)
        True weight of each group's members; 0 makes the group irrelevant.
    size : int, default=3
        Members of a group.
    correlation : float, default=0.95
        r, in [0, 1].
    noise : float, default=2.0
        Standard deviation of the noise in y.

    Returns
    -------
    X : ndarray of shape (n, len(groups) * size)
    y : ndarray of shape (n,)
    w_true : ndarray of shape (len(groups) * size,)
    """
    n, rng, size = (
        validation.positive_int(n, "n"),
        validation.generator(rng),
        validation.positive_int(size, "size"),
    )
    r, noise = validation.probability(correlation, "correlation"), validation.strength(noise, "noise")
    w_true = np.repeat(validation.vector(groups, "groups"), size)
    hidden = np.repeat(rng.standard_normal((n, w_true.size // size)), size, axis=1)
    X = np.sqrt(r) * hidden + np.sqrt(1 - r) * rng.standard_normal((n, w_true.size))
    return X, X @ w_true + noise * rng.standard_normal(n), w_true


def draw_sparse_linear(
    n: int,
    d: int,
    rng: np.random.Generator,
    *,
    support: int | Sequence[int] = 5,
    correlation: float = 0.0,
    noise: float = 1.0,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw a regression problem in which few of many features matter.

    The rows of X are normal with unit variances and correlation r^|i-j| between features i and j;
    y = X w_true + noise·ε. The non-zero weights are 3, -2, 1.5, 3, -2, ...

    Parameters
    ----------
    n, d : int
        Number of rows and of features.
    rng : numpy.random.Generator
        Where the randomness comes from.
    support : int or sequence of int, default=5
        How many features matter (then spread evenly over 0 .. d-1), or their indices.
    correlation : float, default=0.0
        r, in [0, 1].
    noise : float, default=1.0
        Standard deviation of the noise in y.

    Returns
    -------
    X : ndarray of shape (n, d)
    y : ndarray of shape (n,)
    w_true : ndarray of shape (d,)
    """
    n, d, rng = validation.positive_int(n, "n"), validation.positive_int(d, "d"), validation.generator(rng)
    r, noise = validation.probability(correlation, "correlation"), validation.strength(noise, "noise")
    w_true = np.zeros(d)
    where = _support(support, d)
    w_true[where] = np.resize([3.0, -2.0, 1.5], where.size)
    X = rng.standard_normal((n, d))
    for j in range(1, d):  # an autoregression along the features: keeps unit variance, gives r^|i-j|
        X[:, j] = r * X[:, j - 1] + np.sqrt(1 - r**2) * X[:, j]
    return X, X @ w_true + noise * rng.standard_normal(n), w_true


def _support(support: int | Sequence[int], d: int) -> np.ndarray:
    """Return the indices of the features that matter."""
    if np.ndim(support) == 0:
        if support == 0:
            return np.array([], dtype=int)
        k = validation.positive_int(support, "support")
        if k > d:
            raise ValueError(f"support must be at most d = {d}, got {k}.")
        return np.arange(k) * d // k
    where = np.asarray(support)
    if where.size == 0:
        return np.array([], dtype=int)
    if where.dtype.kind not in "iu":
        raise TypeError(f"support must be a whole number or a list of feature indices, got {support!r}.")
    if where.min() < 0 or where.max() >= d or np.unique(where).size != where.size:
        raise ValueError(f"support must hold different indices from 0 to {d - 1}, got {list(where)}.")
    return where
