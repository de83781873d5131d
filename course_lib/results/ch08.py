"""Chapter 08: one network and one training run, repeated over seeds, rules and strengths.

The network 64-128-10 learns from 300 digits. With ``flip=0.3`` about 30 % of the training labels are replaced
by a wrong one. The 597 test digits are the same for every seed; the 300 for training and 300 for validation
are drawn anew from the other 1,200, and so are the flips, the initial weights and the batches. A standard
error over seeds therefore speaks about new training runs, not about another test set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from course_lib import datasets, nn
from course_lib.losses import SoftmaxLoss
from course_lib.penalties import L1, L2

__all__ = ["EXPERIMENTS", "RULES", "accuracy", "noisy_digits", "overlarge_net", "train"]

SEEDS = range(10)
EPOCHS = 60
Part = tuple[np.ndarray, np.ndarray]


def noisy_digits(seed: int, *, flip: float, n: int = 300) -> tuple[Part, Part, Part]:
    """Return (X, y) for training, validation and test; only training labels are flipped, a share ``flip``."""
    digits, rng = datasets.load("digits"), np.random.default_rng(seed)
    order = np.random.default_rng(0).permutation(len(digits.y))
    test, rest = order[:597], rng.permutation(order[597:])
    X, y = digits.X[rest[:n]], digits.y[rest[:n]].copy()
    wrong = rng.random(n) < flip
    y[wrong] = (y[wrong] + rng.integers(1, 10, wrong.sum())) % 10  # another class, never the same one
    valid = rest[n : n + 300]
    return (X, y), (digits.X[valid], digits.y[valid]), (digits.X[test], digits.y[test])


def overlarge_net(seed: int, hidden: int = 128) -> nn.Sequential:
    """Return a network 64-hidden-10 with fresh weights: 9,610 parameters for 300 images."""
    rng = np.random.default_rng([8, seed])
    return nn.Sequential(nn.Linear(64, hidden, rng), nn.ReLU(), nn.Linear(hidden, 10, rng))


def accuracy(model: nn.Sequential, part: Part) -> float:
    """Return the share of images whose largest score is at the right label."""
    X, y = part
    return float((model.predict(X).argmax(axis=1) == y).mean())


#: rule -> (optimiser from (parameters, strength), further arguments of ``nn.fit`` from the strength)
RULES: dict[str, tuple[Callable[..., Any], Callable[[float], dict[str, Any]]]] = {
    "L2": (lambda P, s: nn.SGD(P, lr=0.1, momentum=0.9), lambda s: {"penalty": L2(s)}),
    "max-norm": (lambda P, s: nn.SGD(P, lr=0.1, momentum=0.9), lambda s: {"max_norm": s}),
    "early stopping": (lambda P, s: nn.SGD(P, lr=0.1, momentum=0.9), lambda s: {"patience": int(s)}),
    "Adam": (lambda P, s: nn.Adam(P, lr=0.003, weight_decay=s), lambda s: {}),
    "AdamW": (lambda P, s: nn.AdamW(P, lr=0.003, weight_decay=s), lambda s: {}),
    "L1 prox": (lambda P, s: nn.SGD(P, lr=0.2), lambda s: {"prox": L1(s)}),
}


def train(rule: str, strength: float, seed: int, *, flip: float) -> tuple[nn.Sequential, nn.History]:
    """Train a fresh network for 60 epochs (batches of 32) by one of the ``RULES``."""
    (X, y), valid, _ = noisy_digits(seed, flip=flip)
    model, (optimiser, rest) = overlarge_net(seed), RULES[rule]
    rng = np.random.default_rng([80, seed])
    history = nn.fit(
        model, X, y, loss=SoftmaxLoss(), optimiser=optimiser(model.parameters(), strength), epochs=EPOCHS,
        batch_size=32, rng=rng, validation=valid, progress=False, **rest(strength),
    )  # fmt: skip
    return model, history


def measure(rule: str, strength: float, seed: int, flip: float) -> dict[str, float]:
    """Train once and return what the chapter compares."""
    model, history = train(rule, strength, seed, flip=flip)
    _, valid, test = noisy_digits(seed, flip=flip)
    weights = [p.value for p in model.parameters() if p.is_weight]
    return {
        "validation": accuracy(model, valid),
        "test": accuracy(model, test),
        "loss": history.validation_loss[-1],
        "norm": float(np.sqrt(sum((w**2).sum() for w in weights))),
        "zeros": float(sum((w == 0).sum() for w in weights) / sum(w.size for w in weights)),
    }


def sweep(grid: list[tuple[str, float, float]], progress: Callable[[Iterable], Iterable]) -> dict[str, Any]:
    """Measure every (rule, strength, flip) for every seed; each measure becomes a list over the seeds."""
    rows = []
    for rule, strength, flip in progress(grid):
        runs = [measure(rule, strength, seed, flip) for seed in SEEDS]
        columns = {key: [round(run[key], 4) for run in runs] for key in runs[0]}
        rows.append({"rule": rule, "strength": strength, "flip": flip, **columns})
    return {"seeds": list(SEEDS), "data": rows}


def rules(lams: Iterable[float], flip: float) -> list[tuple[str, float, float]]:
    """No penalty and three rules, each with several strengths: the chapter chooses by validation accuracy."""
    grid = [("L2", lam, flip) for lam in lams]
    grid += [("max-norm", limit, flip) for limit in (0.5, 1.0, 2.0, 4.0)]
    return [*grid, *(("early stopping", patience, flip) for patience in (3, 5, 10))]


def noisy(progress: Callable[[Iterable], Iterable]) -> dict[str, Any]:
    """L2, max-norm and early stopping where about 30 % of the training labels are wrong."""
    return sweep(rules((0, 3e-3, 1e-2, 2e-2), flip=0.3), progress)


def clean(progress: Callable[[Iterable], Iterable]) -> dict[str, Any]:
    """The same where all labels are right."""
    return sweep(rules((0, 1e-3, 3e-3, 1e-2), flip=0.0), progress)


def adam(progress: Callable[[Iterable], Iterable]) -> dict[str, Any]:
    """The same numbers for Adam with L2 in the gradient and for AdamW, with wrong labels."""
    grid = [("Adam", lam, 0.3) for lam in (0, 3e-3, 1e-2, 3e-2, 1e-1)]
    return sweep([*grid, *(("AdamW", lam, 0.3) for lam in (1e-2, 1e-1, 1.0, 3.0))], progress)


def sparsity(progress: Callable[[Iterable], Iterable]) -> dict[str, Any]:
    """L1 by the proximal step, all labels right."""
    return sweep([("L1 prox", lam, 0.0) for lam in (0, 3e-4, 1e-3, 2e-3, 4e-3)], progress)


EXPERIMENTS = {"noisy": noisy, "clean": clean, "adam": adam, "sparsity": sparsity}
