"""Chapter 07: four ways to search the settings of a small network, at the same price in epochs.

Every repeat draws its own 300 training and 300 validation images of the digits, a fifth of their labels
replaced by random digits; the 597 test images are those of chapter 09. Within a repeat all strategies share
the images, and one candidate trained for so many epochs gives the same network for all of them. The
validation loss decides; the test error of the candidate that leads is kept, and no strategy sees it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

import numpy as np

from course_lib import nn, tuning
from course_lib.losses import SoftmaxLoss
from course_lib.penalties import L1, L2
from course_lib.results.ch09 import error, pool, replace_labels

__all__ = ["BUDGET", "DEFAULT", "EXPERIMENTS", "REPEATS", "SPACE", "STRATEGIES", "images", "race", "train"]

REPEATS = range(20)
REPLACED = 0.2
BUDGET = 648  # epochs a strategy may spend: six brackets of successive halving, some sixty trainings
SPACE: dict[str, Any] = {
    "penalty": ["L1", "L2"],
    "lam": tuning.Range(1e-4, 1e-1, log=True),
    "p": tuning.Range(0.0, 0.7),
    "lr": tuning.Range(0.01, 0.3, log=True),
    "batch_size": [16, 32, 64, 128],
    "epochs": tuning.Range(3, 27, log=True, whole=True),
}
#: What many would type without a search: no regularization at all.
DEFAULT = {"penalty": "L2", "lam": 0.0, "p": 0.0, "lr": 0.05, "batch_size": 32, "epochs": 27}

RUNG_EPOCHS = (1, 3, 9, 27)

Step = tuple[int, float, float]  # epochs of one training, validation loss, test error


@cache
def images(repeat: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return 300 training and 300 validation images of one repeat: X, y, X_validation, y_validation."""
    rng = np.random.default_rng([7, repeat, 0])
    X, y, _, _ = pool()
    rows = rng.choice(len(y), 600, replace=False)
    labels = replace_labels(y[rows], REPLACED, rng)
    return X[rows[:300]], labels[:300], X[rows[300:]], labels[300:]


def train(candidate: dict[str, Any], repeat: int, epochs: int | None = None) -> Step:
    """Train 64-64-Dropout(p)-10; return its epochs, validation loss (inf if it diverged) and test error."""
    start, order, masks = (np.random.default_rng([7, repeat, stream]) for stream in (1, 2, 3))
    X, y, X_validation, y_validation = images(repeat)
    _, _, X_test, y_test = pool()
    lam, epochs = candidate["lam"], epochs or candidate["epochs"]
    penalty = (L1(lam) if candidate["penalty"] == "L1" else L2(lam)) if lam else None
    model = nn.Sequential(
        nn.Linear(64, 64, start), nn.ReLU(), nn.Dropout(candidate["p"], masks), nn.Linear(64, 10, start)
    )
    optimiser = nn.SGD(model.parameters(), lr=candidate["lr"], momentum=0.9)
    loss = SoftmaxLoss()
    try:
        nn.fit(
            model, X, y, loss=loss, optimiser=optimiser, epochs=epochs, batch_size=candidate["batch_size"],
            rng=order, penalty=penalty, progress=False,
        )  # fmt: skip
    except nn.TrainingDiverged:
        return epochs, float("inf"), 1.0
    return epochs, loss.value(y_validation, model.predict(X_validation)), error(model, X_test, y_test)


def random_search(repeat: int) -> Iterator[Step]:
    """Independent draws from the space."""
    rng = np.random.default_rng([7, repeat, 4])
    while True:
        yield train(tuning.draw(SPACE, rng), repeat)


def grid_search(repeat: int) -> Iterator[Step]:
    """Two values of each setting, the middles of the halves of its range, in random order."""
    halves = {
        name: [axis.at(0.25).item(), axis.at(0.75).item()] if isinstance(axis, tuning.Range) else axis
        for name, axis in SPACE.items()
    }
    candidates = tuning.grid(halves | {"batch_size": [32, 64]})
    for k in np.random.default_rng([7, repeat, 5]).permutation(len(candidates)):
        yield train(candidates[k], repeat)


def halving(repeat: int) -> Iterator[Step]:
    """Brackets of 27 random candidates: 1, 3, 9 and 27 epochs for 27, 9, 3 and 1 of them."""
    rng = np.random.default_rng([7, repeat, 6])
    while True:
        steps: list[Step] = []

        def objective(candidate: dict[str, Any], epochs: int, steps: list[Step] = steps) -> float:
            steps.append(train(candidate, repeat, epochs))
            return steps[-1][1]

        candidates = tuning.random_candidates(SPACE, 27, rng)
        tuning.successive_halving(objective, candidates, smallest=1, largest=27, progress=False)
        yield from steps


def tpe(repeat: int) -> Iterator[Step]:
    """Optuna's tree-structured Parzen estimator."""
    study, steps = tuning.study(f"repeat {repeat}", seed=repeat), []

    def objective(candidate: dict[str, Any]) -> float:
        steps.append(train(candidate, repeat))
        return steps[-1][1]

    for n in range(1, 1000):
        tuning.run_trials(study, objective, SPACE, n_trials=n, progress=False)
        yield steps[-1]


STRATEGIES: dict[str, Callable[[int], Iterator[Step]]] = {
    "grid": grid_search,
    "random": random_search,
    "halving": halving,
    "TPE": tpe,
}


def race(name: str, repeat: int, budget: int = BUDGET) -> list[list[float]]:
    """Return the records of one strategy: trainings and epochs spent, validation loss, test error."""
    spent, best, records = 0, float("inf"), []
    for number, (epochs, value, test) in enumerate(STRATEGIES[name](repeat), start=1):
        spent += epochs
        if spent > budget:
            break
        if value < best:
            best = value
            records.append([number, spent, round(value, 5), round(test, 5)])
    return records


def search(progress: Callable[[Iterable], Iterable]) -> dict[str, Any]:
    """All strategies in all repeats, and the network nobody tuned."""
    data: dict[str, Any] = {name: [] for name in STRATEGIES} | {"default": []}
    for repeat in progress(REPEATS):
        for name in STRATEGIES:
            data[name].append(race(name, repeat))
        data["default"].append([round(value, 5) for value in train(DEFAULT, repeat)[1:]])
    return {"seeds": list(REPEATS), "data": data}


def ranking(progress: Callable[[Iterable], Iterable]) -> dict[str, Any]:
    """Validation losses of 100 random candidates after 1, 3, 9 and 27 epochs, on the images of repeat 0."""
    candidates = tuning.random_candidates(SPACE, 100, np.random.default_rng([7, 0, 7]))
    losses = [[round(train(c, 0, epochs)[1], 5) for epochs in RUNG_EPOCHS] for c in progress(candidates)]
    settings = {name: [c[name] for c in candidates] for name in ("lam", "p", "lr", "batch_size")}
    return {"seeds": [0], "data": {"epochs": RUNG_EPOCHS, "losses": losses} | settings}


EXPERIMENTS = {"search": search, "ranking": ranking}
