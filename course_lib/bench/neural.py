"""Networks: the NumPy layers beside PyTorch, and what a penalty costs a training step. One thread, float32.

Each work is a dictionary from a name to ``prepare``; ``prepare()`` returns ``run``, and ``run()`` is one
epoch: a new random order, and for each batch forward, backward and a step. Neither side measures its loss
again after the epoch. The images are random numbers: time does not depend on what is in them.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from course_lib import nn
from course_lib.losses import SoftmaxLoss

__all__ = ["WORKLOADS", "main", "race", "ratios"]

Run = Callable[[], object]
BATCH = 128
RATE, MOMENTUM, LAM = 0.01, 0.9, 1e-4


def data(n: int, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return n random images and labels."""
    rng = np.random.default_rng(0)
    return rng.random((n, *shape), dtype=np.float32), rng.integers(0, 10, n)


# ------------------------------------------------------------------------------------------ NumPy and torch


def numpy_epoch(model: nn.Sequential, n: int, shape: tuple[int, ...]) -> Run:
    """One epoch of `nn.train_step`, SGD with momentum."""
    (X, y), rng, loss = data(n, shape), np.random.default_rng(1), SoftmaxLoss()
    sgd = nn.SGD(model.astype(np.float32).parameters(), lr=RATE, momentum=MOMENTUM)

    def run() -> None:
        order = rng.permutation(n)
        for start in range(0, n, BATCH):
            rows = order[start : start + BATCH]
            nn.train_step(model, X[rows], y[rows], loss, sgd)

    return run


def torch_epoch(
    model: Any,
    n: int,
    shape: tuple[int, ...],
    *,
    weight_decay: float = 0.0,
    l2: float = 0.0,
    prox: float = 0.0,
    momentum: float = MOMENTUM,
) -> Run:
    """One epoch of the loop that everybody writes in eager PyTorch, SGD with momentum."""
    import torch

    from course_lib import deep

    torch.set_num_threads(1)
    X, y = map(torch.from_numpy, data(n, shape))
    loss = torch.nn.CrossEntropyLoss()
    groups = deep.decay_groups(model, weight_decay) if weight_decay else model.parameters()
    sgd = torch.optim.SGD(groups, lr=RATE, momentum=momentum)

    def run() -> None:
        for rows in torch.randperm(n).split(BATCH):
            sgd.zero_grad()
            value = loss(model(X[rows]), y[rows])
            (value + deep.penalty(model, l2) if l2 else value).backward()
            sgd.step()
            if prox:
                deep.prox_step_(model, prox, 1.0, RATE)

    return run


# ------------------------------------------------------------------------------------------------- the models


def numpy_mlp() -> nn.Sequential:
    """784-256-128-10 with ReLU and dropout 0.2 after both hidden layers."""
    rng = np.random.default_rng(2)
    return nn.Sequential(
        nn.Linear(784, 256, rng), nn.ReLU(), nn.Dropout(0.2, rng),
        nn.Linear(256, 128, rng), nn.ReLU(), nn.Dropout(0.2, rng), nn.Linear(128, 10, rng),
    )  # fmt: skip


def torch_mlp() -> Any:
    """The same in PyTorch, with its own dropout."""
    from torch import nn as q

    return q.Sequential(
        q.Linear(784, 256), q.ReLU(), q.Dropout(0.2), q.Linear(256, 128), q.ReLU(), q.Dropout(0.2),
        q.Linear(128, 10),
    )  # fmt: skip


def numpy_lenet5() -> nn.Sequential:
    """The usual LeNet-5, 61,706 parameters."""
    rng = np.random.default_rng(2)
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, rng, padding=2), nn.Tanh(), nn.AvgPool2d(2),
        nn.Conv2d(6, 16, 5, rng), nn.Tanh(), nn.AvgPool2d(2), nn.Flatten(),
        nn.Linear(400, 120, rng), nn.Tanh(), nn.Linear(120, 84, rng), nn.Tanh(), nn.Linear(84, 10, rng),
    )  # fmt: skip


def torch_lenet5() -> Any:
    """The same in PyTorch."""
    from course_lib import deep

    return deep.lenet5()


MLP_DATA, LENET_DATA = (8192, (784,)), (1536, (1, 28, 28))

#: work -> name -> prepare; the first is what the others are compared with
WORKLOADS: dict[str, dict[str, Callable[[], Run]]] = {
    "mlp": {
        "course_lib.nn": lambda: numpy_epoch(numpy_mlp(), *MLP_DATA),
        "PyTorch": lambda: torch_epoch(torch_mlp(), *MLP_DATA),
    },
    "lenet5": {
        "course_lib.nn": lambda: numpy_epoch(numpy_lenet5(), *LENET_DATA),
        "PyTorch": lambda: torch_epoch(torch_lenet5(), *LENET_DATA),
    },
    "penalties": {
        "no penalty": lambda: torch_epoch(torch_mlp(), *MLP_DATA, momentum=0.0),
        "weight_decay": lambda: torch_epoch(torch_mlp(), *MLP_DATA, weight_decay=LAM, momentum=0.0),
        "L2 in the loss": lambda: torch_epoch(torch_mlp(), *MLP_DATA, l2=LAM, momentum=0.0),
        "proximal step": lambda: torch_epoch(torch_mlp(), *MLP_DATA, prox=LAM, momentum=0.0),
    },
}


# --------------------------------------------------------------------------------------------------- the race


def race(prepares: Mapping[str, Callable[[], Run]], rounds: int) -> dict[str, np.ndarray]:
    """Return processor seconds (rounds,) of each: all once a round, the order turned by one each time."""
    runs = {name: prepare() for name, prepare in prepares.items()}
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run()  # to warm up
    names = list(runs)
    for turn in range(rounds):
        for name in [*names[turn % len(names) :], *names[: turn % len(names)]]:
            started = time.process_time()
            runs[name]()
            seconds[name].append(time.process_time() - started)
    return {name: np.array(values) for name, values in seconds.items()}


def ratios(seconds: Mapping[str, np.ndarray], base: str) -> dict[str, tuple[float, float, float]]:
    """Return lower quartile, median and upper quartile of each one's time over the base's, round by round."""
    return {
        name: tuple(float(q) for q in np.percentile(values / seconds[base], [25, 50, 75]))  # type: ignore[misc]
        for name, values in seconds.items()
    }


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; ``python -m course_lib.bench.neural --rounds 9``."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", nargs="*", choices=list(WORKLOADS), default=list(WORKLOADS))
    options = parser.parse_args(arguments)
    for name in options.only:
        seconds = race(WORKLOADS[name], options.rounds)
        base = "PyTorch" if "PyTorch" in seconds else next(iter(seconds))
        print(f"{name}: time of an epoch over that of {base} (median, quartiles of {options.rounds} rounds)")
        for contestant, (low, middle, high) in ratios(seconds, base).items():
            median = np.median(seconds[contestant])
            print(f"  {contestant:16s} {median:7.3f} s   ratio {middle:.2f} ({low:.2f} to {high:.2f})")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
