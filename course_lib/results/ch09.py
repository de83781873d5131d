"""Chapter 09: the dropout rate over a grid, dropout with L2 and max-norm, Monte Carlo dropout.

Every run on the digits draws its own training images (and label noise, initial weights, order, masks) from
its seed. The 597 test images are the same for all. For one seed all rates share images, noise, initial
weights and order, so that differences between rates are paired. Where a strength is chosen, 300 further
images of the pool choose it, whose labels are replaced at the same rate, and not the test images. The
candidates, and the rate 0.5 in the combinations, were settled after test errors of earlier runs were seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from course_lib import datasets, nn
from course_lib.losses import SoftmaxLoss, SquaredLoss
from course_lib.penalties import L2

__all__ = [
    "COMBINATIONS",
    "EXPERIMENTS",
    "RATES",
    "SETTINGS",
    "Setting",
    "mc_dropout",
    "mc_summary",
    "pool",
    "run",
]

RATES = (0.0, 0.1, 0.2, 0.35, 0.5, 0.7)
SEEDS = range(10)


@dataclass(frozen=True)
class Setting:
    """How many training images, what share of their labels is replaced at random, and which network."""

    n_train: int
    replaced: float
    hidden: int
    epochs: int
    lr: float
    batch_size: int = 32


SETTINGS = {
    "wide, noisy labels": Setting(n_train=300, replaced=0.2, hidden=128, epochs=40, lr=0.05),
    "wide, few images": Setting(n_train=100, replaced=0.0, hidden=128, epochs=60, lr=0.05),
    "wide, many images": Setting(n_train=1200, replaced=0.0, hidden=128, epochs=15, lr=0.1, batch_size=64),
    "narrow, many images": Setting(n_train=1200, replaced=0.0, hidden=12, epochs=15, lr=0.05, batch_size=64),
}

# In the first setting: each technique with three candidates, one of which the validation images choose.
STRENGTHS, LIMITS, RATES_TO_CHOOSE = (0.003, 0.01, 0.03), (0.5, 1.0, 2.0), (0.2, 0.5, 0.7)
COMBINATIONS: dict[str, list[dict[str, float]]] = {
    "nothing": [{}],
    "L2": [{"lam": lam} for lam in STRENGTHS],
    "max-norm": [{"max_norm": limit} for limit in LIMITS],
    "dropout": [{"p": p} for p in RATES_TO_CHOOSE],
    "dropout 0.5 + L2": [{"p": 0.5, "lam": lam} for lam in STRENGTHS],
    "dropout 0.5 + max-norm": [{"p": 0.5, "max_norm": limit} for limit in LIMITS],
}


@cache
def pool() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return 1200 images to train on and 597 to test on, always the same: X, y, X_test, y_test."""
    digits = datasets.load("digits")
    order = np.random.default_rng(2014).permutation(len(digits.y))
    train, test = order[:1200], order[1200:]
    return digits.X[train], digits.y[train].astype(int), digits.X[test], digits.y[test].astype(int)


def training_set(setting: Setting, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw the training images of one run; a share of the labels is replaced by random digits.

    Returns X, y and the rows of the pool.
    """
    X, y, _, _ = pool()
    rows = rng.choice(len(y), setting.n_train, replace=False)
    return X[rows], replace_labels(y[rows], setting.replaced, rng), rows


def validation_set(
    setting: Setting, rows: np.ndarray, rng: np.random.Generator, n: int = 300
) -> tuple[np.ndarray, np.ndarray]:
    """Draw n images of the pool that are not among `rows`; their labels are as unreliable as the others."""
    X, y, _, _ = pool()
    others = rng.choice(np.setdiff1d(np.arange(len(y)), rows), n, replace=False)
    return X[others], replace_labels(y[others], setting.replaced, rng)


def replace_labels(y: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Replace a share of the labels by random digits, which may happen to be right."""
    replaced = rng.random(len(y)) < share
    return np.where(replaced, rng.integers(0, 10, len(y)), y)


def run(
    setting: Setting, seed: int, p: float = 0.0, lam: float = 0.0, max_norm: float | None = None
) -> dict[str, float]:
    """Train 64-hidden-Dropout(p)-10 once; return its errors (shares of wrong answers) in evaluation mode.

    The error on validation images is among them where the pool has 300 images left.
    """
    data, start, order, masks = (np.random.default_rng([9, seed, stream]) for stream in range(4))
    X, y, rows = training_set(setting, data)
    _, _, X_test, y_test = pool()
    model = nn.Sequential(
        nn.Linear(64, setting.hidden, start),
        nn.ReLU(),
        nn.Dropout(p, masks),
        nn.Linear(setting.hidden, 10, start),
    )
    nn.fit(
        model,
        X,
        y,
        loss=SoftmaxLoss(),
        optimiser=nn.SGD(model.parameters(), lr=setting.lr, momentum=0.9),
        epochs=setting.epochs,
        batch_size=setting.batch_size,
        rng=order,
        penalty=L2(lam) if lam else None,
        max_norm=max_norm,
        progress=False,
    )
    errors = {"train": error(model, X, y), "test": error(model, X_test, y_test)}
    if setting.n_train <= 900:
        validation = validation_set(setting, rows, np.random.default_rng([9, seed, 4]))
        errors["validation"] = error(model, *validation)
    return errors


def error(model: nn.Sequential, X: np.ndarray, y: np.ndarray) -> float:
    """Share of wrong answers."""
    return float(np.mean(model.predict(X).argmax(axis=1) != y))


def rates(progress: Callable[[Iterable], Iterable]) -> dict[str, Any]:
    """Training and test error for every setting, rate and seed."""
    data = {name: [[run(setting, seed, p) for seed in SEEDS] for p in RATES]
            for name, setting in progress(SETTINGS.items())}  # fmt: skip
    return {"seeds": list(SEEDS), "data": {"rates": RATES} | _split(data)}


def combinations(progress: Callable[[Iterable], Iterable]) -> dict[str, Any]:
    """Training, validation and test error in the first setting, for every candidate and seed."""
    setting = SETTINGS["wide, noisy labels"]
    data = {name: [[run(setting, seed, **candidate) for seed in SEEDS] for candidate in candidates]
            for name, candidates in progress(COMBINATIONS.items())}  # fmt: skip
    return {"seeds": list(SEEDS), "data": _split(data, ("train", "validation", "test"))}


def mc_dropout(n: int, p: float, seed: int, samples: int = 200) -> dict[str, np.ndarray]:
    """Fit noisy points of sin(3x) on [-1, 1]; return mean and deviation of predictions with dropout left on.

    The grid reaches to -3 and 3, three times as far as the data.
    """
    rng = np.random.default_rng([9, seed, n])
    x = rng.uniform(-1, 1, n)
    y = np.sin(3 * x) + 0.3 * rng.normal(size=n)
    model = nn.Sequential(
        nn.Linear(1, 32, rng),
        nn.Tanh(),
        nn.Dropout(p, rng),
        nn.Linear(32, 32, rng),
        nn.Tanh(),
        nn.Dropout(p, rng),
        nn.Linear(32, 1, rng, init="glorot"),
    )
    optimiser = nn.Adam(model.parameters(), lr=0.01)
    nn.fit(
        model,
        x[:, None],
        y,
        loss=SquaredLoss(),
        optimiser=optimiser,
        epochs=400,
        batch_size=None,
        rng=rng,
        progress=False,
    )
    grid = np.linspace(-3, 3, 61)
    draws = np.stack([model.forward(grid[:, None], training=True)[:, 0] for _ in range(samples)])
    return {"x": x, "y": y, "grid": grid, "mean": draws.mean(axis=0), "sd": draws.std(axis=0, ddof=1)}


def mc_summary(n: int, p: float, seed: int) -> dict[str, float]:
    """How often mean ± 2 deviations holds the true curve, and the mean deviation, inside and outside."""
    fit = mc_dropout(n, p, seed)
    inside = np.abs(fit["grid"]) <= 1
    holds = np.abs(fit["mean"] - np.sin(3 * fit["grid"])) <= 2 * fit["sd"]
    return {
        "coverage inside": float(holds[inside].mean()),
        "coverage outside": float(holds[~inside].mean()),
        "sd inside": float(fit["sd"][inside].mean()),
        "sd outside": float(fit["sd"][~inside].mean()),
    }


MC_SETTINGS = ((30, 0.05), (30, 0.2), (30, 0.5), (300, 0.05), (300, 0.2), (300, 0.5))


def mc(progress: Callable[[Iterable], Iterable]) -> dict[str, Any]:
    """Monte Carlo dropout for two sample sizes and three rates: one summary per seed."""
    data = [{"n": n, "p": p, "runs": [mc_summary(n, p, seed) for seed in SEEDS]}
            for n, p in progress(MC_SETTINGS)]  # fmt: skip
    return {"seeds": list(SEEDS), "data": data}


def _split(
    data: dict[str, list[list[dict[str, float]]]], parts: Iterable[str] = ("train", "test")
) -> dict[str, Any]:
    """Turn runs into tables: name -> train, test -> one row per rate or candidate, one column per seed."""
    return {
        name: {part: [[round(cell[part], 5) for cell in row] for row in table] for part in parts}
        for name, table in data.items()
    }


EXPERIMENTS = {"rates": rates, "combinations": combinations, "mc": mc}
