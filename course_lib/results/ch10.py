"""Chapter 10: a small convolutional network on digits over seeds, and LeNet-5 on MNIST.

The digits experiments follow chapter 09: each seed draws its training images (and wrong labels, initial
weights, order, masks); 300 further images of the pool choose among the candidates, with labels as bad as the
training labels; the 597 test images are the same for all. The candidates and the number of epochs were
settled on validation errors alone, of three seeds that are not among the ten.

The MNIST runs train on the first 55,000 training images; the last 5,000 are for validation. Strengths and
rates were fixed beforehand, one each. The 10,000 test images are looked at once, after the last epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from course_lib import datasets, deep, nn
from course_lib.datasets.files import cache_dir
from course_lib.losses import SoftmaxLoss
from course_lib.penalties import L2
from course_lib.results import ch09

__all__ = [
    "CANDIDATES", "EXPERIMENTS", "MNIST_RUNS", "SETTINGS", "confusion", "images", "mnist",
    "run", "small_lenet", "train_mnist",
]  # fmt: skip

SEEDS = range(10)
Array = np.ndarray

SETTINGS = {
    "right labels": ch09.Setting(n_train=300, replaced=0.0, hidden=32, epochs=30, lr=0.02),
    "a fifth of the labels replaced": ch09.Setting(n_train=300, replaced=0.2, hidden=32, epochs=30, lr=0.02),
}
STRENGTHS, RATES = (0.001, 0.003, 0.01), (0.2, 0.35, 0.5)
MNIST_TRAIN = 55_000  # images to train on; the rest of the 60,000 are for validation
CANDIDATES: dict[str, list[dict[str, float]]] = {
    "neither": [{}],
    "L2": [{"lam": lam} for lam in STRENGTHS],
    "dropout": [{"p": p} for p in RATES],
    "both": [{"lam": lam, "p": p} for lam in STRENGTHS[1:] for p in RATES[1:]],
}


def images(X: Array) -> Array:
    """Turn rows of 64 pixels into images of one channel, (n, 1, 8, 8)."""
    return X.reshape(-1, 1, 8, 8)


def small_lenet(
    rng: np.random.Generator, p: float = 0.0, masks: np.random.Generator | None = None
) -> nn.Sequential:
    """Return LeNet's plan for images of 8 x 8 pixels: 6,058 parameters, dropout before the last layer."""
    masks = rng if masks is None else masks
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, rng, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, rng, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(64, 64, rng), nn.ReLU(),
        nn.Dropout(p, masks), nn.Linear(64, 10, rng),
    )  # fmt: skip


def run(setting: ch09.Setting, seed: int, p: float = 0.0, lam: float = 0.0) -> dict[str, float]:
    """Train the small network once; return its errors on training, validation and test images."""
    data, start, order, masks, valid = (np.random.default_rng([10, seed, stream]) for stream in range(5))
    X, y, rows = ch09.training_set(setting, data)
    _, _, X_test, y_test = ch09.pool()
    model = small_lenet(start, p, masks)
    nn.fit(
        model, images(X), y, loss=SoftmaxLoss(),
        optimiser=nn.SGD(model.parameters(), lr=setting.lr, momentum=0.9), epochs=setting.epochs,
        batch_size=setting.batch_size, rng=order, penalty=L2(lam) if lam else None, progress=False,
    )  # fmt: skip
    X_valid, y_valid = ch09.validation_set(setting, rows, valid)
    parts = {"train": (X, y), "validation": (X_valid, y_valid), "test": (X_test, y_test)}
    return {part: ch09.error(model, images(A), b) for part, (A, b) in parts.items()}


def regularizers(progress: Callable[[Iterable], Iterable]) -> dict[str, Any]:
    """Neither, L2, dropout and both, for every candidate and seed, in two settings."""
    data: dict[str, Any] = {}
    for name, setting in SETTINGS.items():
        for technique, candidates in progress(CANDIDATES.items()):
            runs = [[run(setting, seed, **candidate) for seed in SEEDS] for candidate in candidates]
            table = {part: [[round(one[part], 5) for one in row] for row in runs]
                     for part in ("train", "validation", "test")}  # fmt: skip
            data.setdefault(name, {})[technique] = table
    return {"seeds": list(SEEDS), "data": data}


# ----------------------------------------------------------------------------------------------------- MNIST


@cache
def mnist() -> dict[str, tuple[Array, Array]]:
    """Return train (55,000), validation (5,000) and test (10,000) as images (n, 1, 28, 28) in [0, 1]."""
    parts = {split: datasets.load("mnist", split=split) for split in ("train", "test")}
    X, y = (parts["train"].X.reshape(-1, 1, 28, 28).astype(np.float32), parts["train"].y.astype(int))
    test = parts["test"].X.reshape(-1, 1, 28, 28).astype(np.float32), parts["test"].y.astype(int)
    train, valid = slice(MNIST_TRAIN), slice(MNIST_TRAIN, None)
    return {"train": (X[train], y[train]), "validation": (X[valid], y[valid]), "test": test}


def original(p: float = 0.0, generator: torch.Generator | None = None) -> torch.nn.Module:
    """The network of 1998 behind a frame of two zeros: 28 x 28 becomes 32 x 32."""
    return torch.nn.Sequential(torch.nn.ZeroPad2d(2), deep.lenet5_1998())


#: name -> (network, p, lam, max_norm, lr, number of seeds)
MNIST_RUNS: dict[str, tuple[Any, float, float, float | None, float, int]] = {
    "LeNet-5, 61,706": (deep.lenet5, 0.0, 0.0, None, 0.1, 2),
    "with both": (deep.lenet5, 0.2, 1e-4, None, 0.1, 1),
    "as in 1998, 60,000": (original, 0.0, 0.0, None, 0.001, 1),
}


def train_mnist(
    make: Callable[..., torch.nn.Module], p: float, lam: float, max_norm: float | None, lr: float,
    *, seed: int, epochs: int, device: str = "cpu", checkpoint: Path | None = None,
    progress: bool | None = None,
) -> tuple[torch.nn.Module, deep.History]:  # fmt: skip
    """Train by SGD, batches of 128, momentum 0.9, the learning rate falling linearly to 0; L2 in the loss."""
    place = deep.device(device)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # the initial weights
        model = make(p, deep.generator(seed + 100, place)).to(place)
    optimiser = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)

    def slower(epoch: int, model: torch.nn.Module, history: deep.History) -> None:
        optimiser.param_groups[0]["lr"] = lr * (1 - epoch / epochs)

    data = mnist()
    history = deep.fit(
        model, *data["train"], loss=torch.nn.CrossEntropyLoss(), optimiser=optimiser, epochs=epochs,
        batch_size=128, generator=deep.generator(seed), penalty=L2(lam) if lam else None, max_norm=max_norm,
        callback=slower, progress=progress, checkpoint=checkpoint,
    )  # fmt: skip
    return model, history


@torch.no_grad()
def confusion(model: torch.nn.Module, X: Array, y: Array) -> Array:
    """Return the (10, 10) counts: row = the true digit, column = the answer, in evaluation mode."""
    model.eval()
    device = next(model.parameters()).device
    answers = [model(torch.from_numpy(X[rows]).to(device)).argmax(dim=1).cpu().numpy()
               for rows in np.array_split(np.arange(len(y)), max(1, len(y) // 1000))]  # fmt: skip
    counts = np.zeros((10, 10), dtype=int)
    np.add.at(counts, (y, np.concatenate(answers)), 1)
    return counts


def measure(name: str, runs: dict[str, Any], epochs: int, folder: Path) -> dict[str, Any]:
    """Train one entry of a table for its seeds; an interrupted computation goes on from its checkpoints."""
    *arguments, n_seeds = runs[name]
    rows: dict[str, Any] = {"train": [], "validation": [], "test": []}
    for seed in range(n_seeds):
        file = folder / f"{''.join(filter(str.isalnum, name))}_{seed}.pt"
        model, _ = train_mnist(*arguments, seed=seed, epochs=epochs, checkpoint=file)
        for part, data in mnist().items():
            counts = confusion(model, *data)
            rows[part].append(round(1 - float(np.trace(counts) / counts.sum()), 5))
            if part == "test" and seed == 0:
                rows["confusion"] = counts
    return rows


def _mnist_table(
    runs: dict[str, Any], epochs: int, progress: Callable[[Iterable], Iterable]
) -> dict[str, Any]:
    folder = cache_dir() / "checkpoints"
    table = {name: measure(name, runs, epochs, folder) for name in progress(list(runs))}
    seeds = list(range(max(n for *_, n in runs.values())))
    return {"seeds": seeds, "data": {"epochs": epochs, "runs": table}}


def mnist_lenet(progress: Callable[[Iterable], Iterable]) -> dict[str, Any]:
    """LeNet-5 on MNIST: without regularizer, with L2 and dropout, and the network of 1998."""
    return _mnist_table(MNIST_RUNS, 6, progress)


EXPERIMENTS = {"regularizers": regularizers, "lenet": mnist_lenet}
