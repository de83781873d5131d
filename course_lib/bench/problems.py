"""The data of the benchmark: standardised columns, no downloads, a seed for what is drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np

from course_lib import datasets

__all__ = ["LINEAR", "PROBLEMS", "Problem", "load"]


@dataclass(frozen=True, eq=False)
class Problem:
    """A design matrix and a target.

    Attributes
    ----------
    name : str
    X : ndarray of shape (n_samples, n_features)
        Columns of mean 0 and variance 1, Fortran order: the layout that all contestants like best.
    y : ndarray of shape (n_samples,)
        Centred for regression; class numbers 0, 1, ... otherwise.
    """

    name: str
    X: np.ndarray = field(repr=False)
    y: np.ndarray = field(repr=False)

    @cached_property
    def lam_max(self) -> float:
        """The lasso's λ_max (3.4), or that of L1 logistic regression without an intercept."""
        pulls = self.X.T @ self.y if self.y.dtype.kind == "f" else self.X.T @ (self.y - 0.5)
        return float(np.max(np.abs(pulls))) / len(self.y)

    def grid(self, k: int, eps: float, l1_ratio: float = 1.0) -> np.ndarray:
        """``k`` strengths from λ_max down to ``eps`` λ_max, evenly spaced on a log axis."""
        return self.lam_max / l1_ratio * np.geomspace(1.0, eps, k)


def standardised(name: str, X: np.ndarray, y: np.ndarray) -> Problem:
    """Columns of mean 0 and variance 1 (constant ones left out); a regression target of mean 0."""
    X = X[:, X.std(axis=0) > 1e-12 * np.abs(X).max(axis=0)]
    X = np.asfortranarray((X - X.mean(axis=0)) / X.std(axis=0))
    return Problem(name, X, y - y.mean() if y.dtype.kind == "f" else y)


def diabetes(degree: int) -> Callable[[bool], tuple[np.ndarray, np.ndarray]]:
    """The diabetes data with all monomials up to ``degree`` (the indicator of sex has no powers)."""

    def build(quick: bool) -> tuple[np.ndarray, np.ndarray]:
        from sklearn.preprocessing import PolynomialFeatures

        data = datasets.load("diabetes")
        X = (data.X - data.X.mean(axis=0)) / data.X.std(axis=0)
        X = PolynomialFeatures(degree, include_bias=False).fit_transform(X) if degree > 1 else X
        # A two-valued column squared is an affine function of itself; repeated columns are left out.
        X = (X - X.mean(axis=0)) / X.std(axis=0)
        _, first = np.unique(np.round(np.abs(X / np.where(X[0] < 0, -1, 1)), 6), axis=1, return_index=True)
        keep = np.sort(first)
        return X[:, keep[X[:, keep].std(axis=0) > 1e-8]], data.y.astype(float)

    return build


def drawn(n: int, d: int, correlation: float, small: tuple[int, int]) -> Callable[..., tuple]:
    """Correlated normal features of which 5 % matter; signal and noise of equal size."""

    def build(quick: bool) -> tuple[np.ndarray, np.ndarray]:
        rows, columns = small if quick else (n, d)
        rng = np.random.default_rng(0)
        X, signal, _ = datasets.draw_sparse_linear(
            rows, columns, rng, support=max(1, columns // 20), correlation=correlation, noise=0.0
        )
        return X, signal + signal.std() * rng.standard_normal(rows)

    return build


def bundled(name: str) -> Callable[[bool], tuple[np.ndarray, np.ndarray]]:
    """A classification data set of scikit-learn."""

    def build(quick: bool) -> tuple[np.ndarray, np.ndarray]:
        data = datasets.load(name)
        rows = slice(0, 300 if quick else None)
        return np.asarray(data.X, float)[rows], np.asarray(data.y, int)[rows]

    return build


def noise(n: int) -> Callable[[bool], tuple[np.ndarray, np.ndarray]]:
    """Random images of 28 x 28 pixels with random labels: for time alone."""

    def build(quick: bool) -> tuple[np.ndarray, np.ndarray]:
        rng, rows = np.random.default_rng(0), 256 if quick else n
        return rng.random((rows, 784)), rng.integers(0, 10, rows)

    return build


PROBLEMS: dict[str, Callable[[bool], tuple[np.ndarray, np.ndarray]]] = {
    "diabetes": diabetes(1),
    "diabetes-2": diabetes(2),
    "diabetes-3": diabetes(3),
    "wide": drawn(200, 5000, 0.6, (60, 300)),
    "tall": drawn(50_000, 200, 0.3, (1000, 30)),
    "cancer": bundled("breast_cancer"),
    "digits": bundled("digits"),
    "images": noise(8192),
    "images-few": noise(1536),
    "grow-1000": drawn(200, 1000, 0.6, (60, 100)),
    "grow-10000": drawn(200, 10_000, 0.6, (60, 200)),
    "grow-100000": drawn(200, 100_000, 0.6, (60, 400)),
}
LINEAR = ("diabetes", "diabetes-2", "diabetes-3", "wide", "tall")


@lru_cache(maxsize=2)
def load(name: str, quick: bool = False) -> Problem:
    """Return a problem by name; ``quick`` makes the drawn ones small.

    Raises
    ------
    ValueError
        If there is no such problem.
    """
    if name not in PROBLEMS:
        raise ValueError(f"name must be one of {', '.join(PROBLEMS)}, got {name!r}.")
    return standardised(name, *PROBLEMS[name](quick))
