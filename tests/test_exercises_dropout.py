"""The references of chapter 09 against the theory, and wrong answers that are not in the catalogue."""

from __future__ import annotations

import numpy as np
import pytest

from course_lib.exercises import dropout
from course_lib.exercises.catalogue import find
from course_lib.exercises.engine import judge


def test_the_closed_form_minimises_the_mean_over_all_masks():
    rng = np.random.default_rng(0)
    X, y, p = rng.normal(size=(1, 3)), rng.normal(size=1), 0.3
    masks = np.array(list(np.ndindex(2, 2, 2)))
    weights = (1 - p) ** masks.sum(axis=1) * p ** (3 - masks.sum(axis=1))
    w = dropout.dropout_regression(X, y, p)
    rows = masks * X / (1 - p)
    gradient = rows.T @ (weights * (rows @ w - y))
    np.testing.assert_allclose(gradient, 0, atol=1e-12)


def mask(x, p, rng):
    return (rng.random(x.shape) >= p) / (1 - p) if p < 1 else np.zeros(x.shape)


def exact_count(x, p, rng, training):
    if not training:
        return x
    kept = np.ones(x.size)
    kept[rng.permutation(x.size)[: int(p * x.size)]] = 0
    return x * kept.reshape(x.shape) / (1 - p) if p < 1 else 0 * x


def renormalised(x, p, rng, training):
    kept = rng.random(x.shape) >= p
    return x * kept / max(kept.mean(), 1e-9) if training else x


WRONG_FORWARD = {
    "a mask per column": lambda x, p, rng, t: x * mask(x[:, :1], p, rng) if t else x,
    "another generator": lambda x, p, rng, t: x * mask(x, p, np.random.default_rng()) if t else x,
    "the same mask always": lambda x, p, rng, t: x * mask(x, p, np.random.default_rng(0)) if t else x,
    "gaussian": lambda x, p, rng, t: x * rng.normal(1, min(1, p), x.shape) if t else x,
    "exact count": exact_count,
    "renormalised": renormalised,
    "modes exchanged": lambda x, p, rng, t: x if t else x * mask(x, p, rng),
    "multiplied": lambda x, p, rng, t: x * mask(x, p, rng) * (1 - p) ** 2 if t else x,
    "rate always one half": lambda x, p, rng, t: x * mask(x, 0.5, rng) if t else x,
    "negative values lost": lambda x, p, rng, t: np.maximum(x, 0) * mask(x, p, rng) if t else x,
    "the mask itself": lambda x, p, rng, t: mask(x, p, rng) if t else np.ones(x.shape),
    "nothing": lambda x, p, rng, t: x,
    "always": lambda x, p, rng, t: x * mask(x, p, rng),
}


@pytest.mark.parametrize("name", WRONG_FORWARD)
@pytest.mark.parametrize("seed", range(3))
def test_other_wrong_layers_are_not_accepted(name, seed):
    assert not judge(find("dropout.forward"), WRONG_FORWARD[name], seed).passed


class MaskOnce(dropout.Layer):
    def draw(self, shape):
        if not hasattr(self, "first"):
            self.first = super().draw(shape)
        return self.first


class FirstMaskInBackward(dropout.Layer):
    def forward(self, x, training):
        output = super().forward(x, training)
        self.first = getattr(self, "first", self.mask)
        return output

    def backward(self, grad):
        return grad * self.first


class Complement(dropout.Layer):
    def backward(self, grad):
        return grad * (self.mask == 0) / (1 - self.p)


class OneMask(dropout.Layer):
    def draw(self, shape):
        return super().draw(shape[1:]) * np.ones(shape)


class KeepsP(dropout.Layer):
    def draw(self, shape):
        return (self.rng.random(shape) < self.p) / self.p


class InPlace(dropout.Layer):
    def backward(self, grad):
        grad *= self.mask
        return grad


@pytest.mark.parametrize("layer", [MaskOnce, FirstMaskInBackward, Complement, OneMask, KeepsP, InPlace])
@pytest.mark.parametrize("seed", range(3))
def test_other_wrong_backward_passes_are_not_accepted(layer, seed):
    assert not judge(find("dropout.layer"), layer, seed).passed


@pytest.mark.parametrize("factor", [0.5, 2.0, -1.0, 3.0])
def test_other_strengths_are_not_accepted(factor):
    def answer(X, y, p):
        gram = X.T @ X
        return np.linalg.solve(gram + factor * p / (1 - p) * np.diag(np.diag(gram)), X.T @ y)

    assert not judge(find("dropout.regression"), answer).passed
