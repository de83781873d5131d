"""Networks: the NumPy layers beside PyTorch, and what a penalty costs a training step. One thread, float32.

A run is one epoch: a new random order, and for each batch forward, backward and a step. Neither side measures
its loss again after the epoch. The images are random numbers: time does not depend on what is in them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from course_lib import nn
from course_lib.bench.problems import Problem
from course_lib.bench.registry import OTHER, OURS, Contestant, Work
from course_lib.losses import SoftmaxLoss

__all__ = ["WORKS"]

Run = Callable[[float | None], Any]
BATCH = 128
RATE, MOMENTUM, LAM = 0.01, 0.9, 1e-4


def data(problem: Problem, image: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the problem's rows, or its images of 28 x 28 pixels, in single precision, and the labels."""
    X = np.ascontiguousarray(problem.X, dtype=np.float32)
    return (X.reshape(-1, 1, 28, 28) if image else X), problem.y


# ------------------------------------------------------------------------------------------ NumPy and torch


def numpy_epoch(build: Callable[[], nn.Sequential], image: bool, problem: Problem) -> Run:
    """One epoch of `nn.train_step`, SGD with momentum; returns the model."""
    (X, y), rng, loss, model = data(problem, image), np.random.default_rng(1), SoftmaxLoss(), build()
    sgd = nn.SGD(model.astype(np.float32).parameters(), lr=RATE, momentum=MOMENTUM)

    def run(tol: float | None) -> nn.Sequential:
        order = rng.permutation(len(y))
        for start in range(0, len(y), BATCH):
            rows = order[start : start + BATCH]
            nn.train_step(model, X[rows], y[rows], loss, sgd)
        return model

    return run


def torch_epoch(
    build: Callable[[], Any],
    image: bool,
    problem: Problem,
    *,
    weight_decay: float = 0.0,
    l2: float = 0.0,
    prox: float = 0.0,
    momentum: float = MOMENTUM,
) -> Run:
    """One epoch of the loop that everybody writes in eager PyTorch, SGD with momentum; returns the model."""
    import torch

    from course_lib import deep

    torch.set_num_threads(1)
    X, y = map(torch.from_numpy, data(problem, image))
    model, loss = build(), torch.nn.CrossEntropyLoss()
    groups = deep.decay_groups(model, weight_decay) if weight_decay else model.parameters()
    sgd = torch.optim.SGD(groups, lr=RATE, momentum=momentum)

    def run(tol: float | None) -> Any:
        for rows in torch.randperm(len(y)).split(BATCH):
            sgd.zero_grad()
            value = loss(model(X[rows]), y[rows])
            (value + deep.penalty(model, l2) if l2 else value).backward()
            sgd.step()
            if prox:
                deep.prox_step_(model, prox, 1.0, RATE)
        return model

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


def penalised(**options: Any) -> Callable[[Problem], Run]:
    """The MLP in PyTorch with plain SGD, in which all three ways give the same kind of step."""
    return partial(torch_epoch, torch_mlp, False, momentum=0.0, **options)


WORKS = [
    Work(
        name="neural-mlp",
        title="An epoch of the MLP 784-256-128-10 with dropout, batches of 128",
        problems=("images",),
        contestants=(
            Contestant("course_lib.nn", OURS, partial(numpy_epoch, numpy_mlp, False)),
            Contestant("PyTorch", OTHER, partial(torch_epoch, torch_mlp, False), needs="torch"),
        ),
        goals={"PyTorch": 1 / 0.65},
        goal="at most 0.65 of the time of eager PyTorch",
    ),
    Work(
        name="neural-lenet5",
        title="An epoch of LeNet-5, batches of 128",
        problems=("images-few",),
        contestants=(
            Contestant("course_lib.nn", OURS, partial(numpy_epoch, numpy_lenet5, True)),
            Contestant("PyTorch", OTHER, partial(torch_epoch, torch_lenet5, True), needs="torch"),
        ),
        goal="as near to PyTorch as readable code allows",
    ),
    Work(
        name="neural-penalties",
        title="What a penalty costs an epoch of the MLP in PyTorch",
        problems=("images",),
        contestants=(
            Contestant("no penalty", OURS, penalised(), needs="torch"),
            Contestant("weight_decay", OTHER, penalised(weight_decay=LAM), needs="torch"),
            Contestant("L2 in the loss", OTHER, penalised(l2=LAM), needs="torch"),
            Contestant("proximal step", OTHER, penalised(prox=LAM), needs="torch"),
        ),
        goal="ratios are costs: time / time without a penalty",
    ),
]
