# ruff: noqa: E731 - short functions stand where they are used
"""Mistakes planted after the probes were written: what they answer, right or wrong, is written down as it
was.

``seen`` is whether the probe finds anything; ``named`` whether one of the causes says what was done.
"""

import numpy as np
import torch
from probe_cases.errata import LAM, LR, data, network, network_loss, squared, squared_gradient
from torch.nn import functional as F

from course_lib import probes


def transposed_product():
    """X in the place of X^T, on square data."""
    X, y = data(5, 5)
    return probes.gradient(squared, lambda w, X, y: X @ (X @ w - y) / len(y), np.zeros(5), batches=[(X, y)])


def stale_residual():
    """The residual is computed once, at the start."""
    X, y = data()
    residual = -y
    return probes.gradient(squared, lambda w, X, y: X.T @ residual / len(y), np.zeros(5), batches=[(X, y)])


def last_coordinate_forgotten():
    def gradient(w, X, y):
        g = squared_gradient(w, X, y)
        g[-1] = 0
        return g

    return probes.gradient(squared, gradient, np.zeros(5), batches=[data()])


def sigmoid_slope_forgotten():
    """Squared error of a sigmoid without the factor s(1 - s), and no other loss to compare with."""
    from course_lib.losses import sigmoid

    X, y = data()
    return probes.gradient(
        lambda w: np.mean((sigmoid(X @ w) - y) ** 2) / 2,
        lambda w: X.T @ (sigmoid(X @ w) - y) / len(y),
        np.zeros(5),
    )


def relu_mask_of_the_output_gradient():
    """The backward pass of ReLU masks by the sign of the gradient."""
    X, y = data()
    V = np.random.default_rng(2).standard_normal(4)

    def loss(W):
        return np.mean((np.maximum(X @ W, 0) @ V - y) ** 2) / 2

    def gradient(W):
        back = np.outer((np.maximum(X @ W, 0) @ V - y) / len(y), V)
        return X.T @ (back * (back > 0))

    return probes.gradient(loss, gradient, np.random.default_rng(1).standard_normal((5, 4)))


def penalty_on_the_first_batch_only():
    """A flag switches the penalty off after the first call."""
    calls = []

    def objective(w, X, y):
        calls.append(1)
        return squared(w, X, y) + (LAM / 2 * w @ w if len(calls) == 1 else 0.0)

    return probes.penalty(objective, np.ones(5), lam=LAM, data_loss=squared, batches=[data()])


def mean_of_squares():
    """The mean of the squared weights in the place of their sum."""
    return probes.penalty(lambda w: LAM / 2 * np.mean(w**2), np.zeros(7), lam=LAM)


def root_of_the_sum_over_layers():
    """One norm per layer, squared root and all."""
    model = network()
    norms = lambda m: LAM / 2 * sum(p.norm() for name, p in m.named_parameters() if "weight" in name)
    return probes.penalty(lambda m: network_loss(m) + norms(m), model, lam=LAM, data_loss=network_loss)


def only_the_last_layer():
    """The sum is overwritten in the loop."""

    def penalty(model):
        for p in model.parameters():
            if p.ndim > 1:
                total = LAM / 2 * p.square().sum()
        return total

    return probes.penalty(lambda m: network_loss(m) + penalty(m), network(), lam=LAM, data_loss=network_loss)


def weight_decay_and_penalty_both():
    step = lambda w, lam: w - LR * (squared_gradient(w, *data()) + lam * w) - LR * lam * w
    return probes.training_step(step, np.zeros(5), lam=LAM, lr=LR)


def strength_grows_with_the_epoch():
    epoch = [0]

    def step(w, lam):
        epoch[0] += 1
        return w - LR * (squared_gradient(w, *data()) + lam * epoch[0] * w)

    return probes.training_step(step, np.ones(5), lam=LAM, lr=LR)


def penalty_before_the_mean():
    """The penalty is added per sample and summed."""
    objective = lambda w, X, y: np.sum((y - X @ w) ** 2 / 2 + LAM / 2 * w @ w)
    return probes.penalty(
        objective,
        np.zeros(5),
        lam=LAM,
        data_loss=lambda w, X, y: np.sum((y - X @ w) ** 2) / 2,
        batches=[data()],
    )


def hard_threshold_in_ista():
    def fit(X, y, lam):
        w, step = np.zeros(X.shape[1]), 1 / np.linalg.norm(X, 2) ** 2 * len(y)
        for _ in range(500):
            z = w - step * squared_gradient(w, X, y)
            w = np.where(np.abs(z) > step * lam, z, 0)
        return w

    return probes.minimiser(fit)


def threshold_twice():
    """The threshold is applied in every step and once more at the end."""

    def fit(X, y, lam):
        w, step = np.zeros(X.shape[1]), 1 / np.linalg.norm(X, 2) ** 2 * len(y)
        soft = lambda z, t: np.sign(z) * np.maximum(np.abs(z) - t, 0)
        for _ in range(500):
            w = soft(w - step * squared_gradient(w, X, y), step * lam)
        return soft(w, lam)

    return probes.minimiser(fit)


def rounded_weights():
    """Weights are rounded to look sparse."""

    def fit(X, y, lam):
        return np.round(np.linalg.solve(X.T @ X + lam * len(y) * np.eye(X.shape[1]), X.T @ y / 1.0), 1)

    return probes.minimiser(fit)


def exactly_half_dropped():
    """The same number of units in every row: not independent, and with the right rate."""
    rng = np.random.default_rng(4)

    def layer(x, training):
        if not training:
            return x
        order = rng.random(x.shape).argsort(axis=1)
        return x * (order >= 0.2 * x.shape[1]) / 0.8

    return probes.dropout(layer, p=0.2)


def mask_from_the_values():
    """Small entries are dropped, not random ones."""
    return probes.dropout(lambda x, training: x * (np.abs(x) > 1.2) / 0.8 if training else x, p=0.2)


def dropout_on_the_gradient_only():
    class Layer(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.clone()

        @staticmethod
        def backward(ctx, grad):
            return F.dropout(grad, 0.2)

    class Module(torch.nn.Module):
        def forward(self, x):
            return Layer.apply(x) if self.training else x

    return probes.dropout(Module(), p=0.2)


def mask_reused_for_ten_calls():
    rng, masks = np.random.default_rng(4), []

    def layer(x, training):
        if not training:
            return x
        if len(masks) % 10 == 0:
            masks.append(rng.random(x.shape) >= 0.2)
        else:
            masks.append(masks[-1])
        return x * masks[-1] / 0.8

    return probes.dropout(layer, p=0.2)


def decay_with_the_squared_rate():
    return probes.decay(lambda w, grad: w - LR * (grad + LR * 0.5 * w), lr=LR, weight_decay=0.5)


def decay_every_other_step():
    calls = [0]

    def step(w, grad):
        calls[0] += 1
        return w - LR * grad - (LR * 0.5 * w if calls[0] % 2 else 0)

    return probes.decay(step, lr=LR, weight_decay=0.5)


def labels_among_the_columns():
    """The target is appended to the features before the split."""

    def procedure(X, y):
        X = np.column_stack([X[:, :3], y + 0.1 * X[:, 0]])
        test = np.arange(len(y)) % 3 == 0
        w = np.linalg.lstsq(X[~test], y[~test], rcond=None)[0]
        return 1 - np.mean((y[test] - X[test] @ w) ** 2) / np.var(y[test])

    return probes.leakage(procedure)


def oversampled_before_the_split():
    """Rows are copied before the split, so that copies stand on both sides."""

    def procedure(X, y):
        rng = np.random.default_rng(0)
        rows = rng.choice(len(y), 2 * len(y))
        cut = len(rows) // 2
        away = np.linalg.norm(X[rows[:cut], None] - X[None, rows[cut:]], axis=2)
        return np.mean(y[rows[:cut]][away.argmin(axis=0)] == y[rows[cut:]])

    return probes.leakage(procedure, task="classification", d=20)


def target_scaled_on_all_rows():
    """The target is centred with the mean of all rows: too small an effect to see in a score."""

    def procedure(X, y):
        y = (y - y.mean()) / y.std()
        test = np.arange(len(y)) % 3 == 0
        return 1 - np.mean((y[test] - 0.0) ** 2) / np.mean((y[test] - y[test].mean()) ** 2)

    return probes.leakage(procedure)


def sorted_within_shuffled_halves():
    """Shuffling with a buffer far smaller than the data."""
    rng, y = np.random.default_rng(3), np.repeat(np.arange(10), 64)
    order = np.concatenate([rng.permutation(np.arange(i, i + 64)) for i in range(0, 640, 64)])
    X = rng.standard_normal((640, 4))
    return probes.batches(
        [(X[order[i : i + 32]], y[order[i : i + 32]]) for i in range(0, 640, 32)], n_classes=10
    )


CASES = [
    value
    for value in list(globals().values())
    if callable(value) and getattr(value, "__module__", "") == __name__
]
