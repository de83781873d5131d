"""Chapter 04: elastic net against lasso and ridge over fresh draws, on four kinds of data.

Every method chooses its strength (the elastic net also its L1 share) on a validation sample as large as the
training sample. The error is the mean squared difference between the prediction and the noise-free target.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from sklearn.linear_model import enet_path

from course_lib import datasets
from course_lib.solvers import ridge

__all__ = ["DESIGNS", "EXPERIMENTS", "SHARES", "one_draw"]

Array = np.ndarray
Draw = Callable[[int, np.random.Generator], tuple[Array, Array, Array]]

N_TRAIN, N_TEST, N_DRAWS = 40, 2000, 40
SHARES = (0.1, 0.3, 0.5, 0.7, 0.9)  # strictly between ridge and lasso


def twins(n: int, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Ten groups of four near-copies; two groups matter, and all members of a group alike."""
    groups = (2.0, -1.5) + (0.0,) * 8
    return datasets.draw_twins(n, rng, groups=groups, size=4, correlation=0.95, noise=4.0)


def sparse(n: int, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Forty independent features, three of which matter."""
    return datasets.draw_sparse_linear(n, 40, rng, support=3, noise=2.0)


def dense(n: int, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Forty independent features, all of which matter a little."""
    return datasets.draw_twins(n, rng, groups=(0.5, -0.5) * 20, size=1, correlation=0.0, noise=3.0)


def rivals(n: int, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Ten pairs of near-copies; in the two that matter the members have opposite weights."""
    X, _, w = datasets.draw_twins(n, rng, groups=(0.0,) * 10, size=2, correlation=0.9, noise=0.0)
    w[:4] = 3.0, -3.0, 3.0, -3.0
    return X, X @ w + 2.0 * rng.standard_normal(n), w


DESIGNS: dict[str, Draw] = {"twins": twins, "sparse": sparse, "dense": dense, "rivals": rivals}


def one_draw(design: str, seed: int) -> dict[str, float]:
    """Return the error of each method on one fresh sample, methods tuned on a second one."""
    draw, rng = DESIGNS[design], np.random.default_rng(seed)
    (X, y, w_true), (X_valid, y_valid, _), (X_test, _, _) = (draw(n, rng) for n in (N_TRAIN, N_TRAIN, N_TEST))
    signal, mean, scale = X_test @ w_true, X.mean(axis=0), X.std(axis=0)
    X, X_valid, X_test = ((A - mean) / scale for A in (X, X_valid, X_test))  # known from the training rows

    def error(coefs: Array) -> float:
        misses = y_valid[:, None] - y.mean() - X_valid @ coefs
        best = int(np.argmin(np.mean(misses**2, axis=0)))
        return float(np.mean((signal - y.mean() - X_test @ coefs[:, best]) ** 2))

    pull = float(np.max(np.abs(X.T @ (y - y.mean())))) / len(y)
    paths = {}
    for share in (*SHARES, 1.0):
        lams, coefs, _ = enet_path(
            X, y - y.mean(), l1_ratio=share, alphas=pull / share * np.geomspace(1, 3e-3, 30),
            tol=1e-5, max_iter=100_000,
        )  # fmt: skip
        paths[share] = lams, coefs
    return {
        "ridge": error(ridge.path(X, y, pull * np.geomspace(1e2, 3e-3, 40))[0]),
        "lasso": error(paths[1.0][1]),
        "elastic net": error(np.hstack([paths[share][1] for share in SHARES])),
        "corrected": error(np.hstack([(1 + paths[s][0] * (1 - s)) * paths[s][1] for s in SHARES])),  # (4.7)
    }


def draws(progress: Callable[[Iterable], Iterable]) -> dict[str, Any]:
    """All designs, ``N_DRAWS`` fresh draws each; a seed gives all methods the same data."""
    runs = [(design, seed) for design in DESIGNS for seed in range(N_DRAWS)]
    data: dict[str, dict[str, list[float]]] = {design: {} for design in DESIGNS}
    for design, seed in progress(runs):
        for method, value in one_draw(design, seed).items():
            data[design].setdefault(method, []).append(value)
    return {"seeds": list(range(N_DRAWS)), "data": data}


EXPERIMENTS = {"draws": draws}
