"""Random regression problems of the hard kinds, each from one seed."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

KINDS = ["plain", "offsets", "mild offsets", "scales", "offset scales", "duplicates", "opposite",
         "near twins", "sums", "constants", "constant y", "one row", "wide", "wide offsets", "wide scales",
         "wide duplicates", "bytes", "whole numbers", "perfect fit", "one feature"]  # fmt: skip
FORMS = ["plain", "Fortran", "csr", "csc", "float32", "strided"]


@dataclass
class Case:
    kind: str
    form: str
    X: Any  # as it is given to the estimator
    y: np.ndarray
    weights: np.ndarray | None
    dense: np.ndarray  # the same numbers, for the oracle

    def lam_max(self, l1_ratio):
        s = np.ones(len(self.y)) if self.weights is None else self.weights
        s = s / s.sum()
        A = self.dense.astype(np.longdouble)
        A = A - A[0]
        A, t = A - s @ A, self.y - self.y[0]
        return float(np.max(np.abs(A.T @ (s * (t - s @ t))))) / max(l1_ratio, 0.1)


def hard_case(kind, form, seed):
    rng = np.random.default_rng([seed, KINDS.index(kind), FORMS.index(form)])
    n, d = int(rng.integers(6, 16)), int(rng.integers(2, 6))
    if kind.startswith("wide"):
        n, d = int(rng.integers(4, 7)), int(rng.integers(8, 12))
    n, d = 1 if kind == "one row" else n, 1 if kind == "one feature" else d
    X = rng.normal(size=(n, d)) + rng.choice([0, 0.7, 3]) * rng.normal(size=(n, 1))
    y = X @ rng.normal(size=d) * (rng.random() < 0.8) + rng.normal(size=n)
    if "duplicates" in kind:
        X = np.column_stack([X, X[:, : max(d // 2, 1)]])
    if kind == "opposite":
        X = np.column_stack([X, -X[:, 0], 2 * X[:, -1]])
    if kind == "near twins":
        X = np.column_stack([X, X[:, 0] + 10.0 ** rng.uniform(-5, -2) * rng.normal(size=n)])
    if kind == "sums":
        X = np.round(X * 64) / 64
        X = np.column_stack([X, X.sum(axis=1), X[:, 0] - X[:, -1]])
    if "scales" in kind:
        X = X * 10.0 ** rng.permutation(np.linspace(-8, 8, d))
        y = (X / np.maximum(X.std(axis=0), 1e-300)) @ rng.normal(size=d) + 0.3 * rng.normal(size=n)
    if kind.endswith("offsets"):
        X = X + (rng.uniform(1, 4, size=d) if "mild" in kind else rng.choice([-1e9, 0, 1e9, 1e6], size=d))
        y = y + rng.choice([0, 1e3 if "mild" in kind else 1e9])
    if kind == "offset scales":
        X = X + 1e6 * X.std(axis=0) * rng.choice([0, 1, -1], size=d)
    if kind == "constants":
        X[:, 0] = 0.1
        X = np.column_stack([X, np.full(n, 1e9 / 3), np.zeros(n)])
    if kind == "constant y":
        y = np.full(n, 0.1)
    if kind == "bytes":
        X = rng.integers(0, 256, size=X.shape).astype(np.uint8)
        y = y + X[:, 0] * 1.0
    if kind == "whole numbers":
        X, y = rng.integers(-2, 3, size=X.shape), rng.integers(-3, 4, size=n).astype(float)
    if kind == "perfect fit":
        y = np.round(X[:, 0] * 8) / 8
        X[:, 0] = y
    return Case(kind, form, *formed(X, y, form, rng, empty="offset" not in kind))


def formed(X, y, form, rng, empty):
    n = len(y)
    weights = None
    if rng.random() < 0.5 and n > 1:
        weights = rng.uniform(0.2, 3, size=n)
        weights[rng.random(n) < 0.25] = 0
        if np.count_nonzero(weights) < 2:
            weights[:] = 1.5
    if form in ("csr", "csc") and empty:
        X = np.where(rng.random(X.shape) < 0.7, X, 0)
    if form == "float32":
        X = X.astype(np.float32)
    given = {"csr": sparse.csr_array, "csc": sparse.csc_matrix, "Fortran": np.asfortranarray,
             "strided": lambda A: np.repeat(A, 2, axis=1)[:, ::2]}.get(form, lambda A: A)(X)  # fmt: skip
    return given, y, weights, X
