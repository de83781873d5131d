"""The references of chapter 09 against the theory, and wrong answers that are not in the catalogue."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from course_lib import nn
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


# ------------------------------------------------------------------------------- references, by the library


@pytest.mark.parametrize("p", [0.0, 0.2, 0.7, 1.0])
def test_the_reference_drops_what_the_library_drops(p):
    """The same generator in the same state: the same mask, the same scale."""
    x = np.random.default_rng(1).normal(size=(50, 20))
    ours = dropout.forward(x, p, np.random.default_rng(2), True)
    np.testing.assert_allclose(ours, nn.Dropout(p, np.random.default_rng(2)).forward(x, training=True))
    assert np.array_equal(dropout.forward(x, p, np.random.default_rng(2), False), x)


def test_the_reference_layer_is_the_librarys_forward_and_backward():
    rng = np.random.default_rng(3)
    x, grad = rng.normal(size=(50, 20)), rng.normal(size=(50, 20))
    ours, theirs = (layer(0.2, np.random.default_rng(4)) for layer in (dropout.Layer, nn.Dropout))
    for training in (True, True, False):
        np.testing.assert_allclose(ours.forward(x, training), theirs.forward(x, training))
        np.testing.assert_allclose(ours.backward(grad), theirs.backward(grad))


def test_the_numbers_are_what_the_library_does():
    ones = np.ones((400, 400))
    mask = nn.Dropout(0.6, np.random.default_rng(5)).forward(ones, training=True)
    squares = (mask - 1) ** 2
    se = squares.std() / 400
    assert abs(find("dropout.variance").right_answer - squares.mean()) < 5 * se
    kept = (nn.Dropout(0.25, np.random.default_rng(6)).forward(np.ones((4000, 64)), training=True) > 0).sum(
        axis=1
    )
    assert abs(find("dropout.kept_units").right_answer - kept.mean()) < 5 * kept.std() / np.sqrt(4000)
    four = nn.Dropout(0.2, np.random.default_rng(7)).forward(np.array([4.0]), training=False)
    assert find("dropout.evaluation").right_answer == four[0]


def test_the_function_drops_in_evaluation_too():
    """Of the options of Exercise 9.8: b, a fifth is zero and the rest 1.25."""
    torch.manual_seed(0)

    class Net(torch.nn.Module):
        def forward(self, h):
            return torch.nn.functional.dropout(h, p=0.2)

    out = Net().eval()(torch.ones(10_000))
    assert abs((out == 0).double().mean().item() - 0.2) < 0.02
    assert out.max().item() == pytest.approx(1.25)
    assert find("dropout.functional").right_answer == "b"


def test_only_behind_the_last_batch_norm_are_stored_variances_right():
    """Exercise 9.7: right before a batch norm (a, b, d) evaluation has another variance; behind (c) not."""
    rng = np.random.default_rng(8)
    x, variance = rng.normal(size=(2000, 4)), {}
    for option, before in {"a": [nn.Dropout(0.2, rng)], "c": [], "d": [nn.Dropout(0.5, rng)]}.items():
        block = nn.Sequential(*before, nn.BatchNorm1d(4))
        for _ in range(200):
            block.forward(x, training=True)
        variance[option] = block.predict(x).var()
    assert abs(variance["c"] - 1) < 0.01
    assert variance["d"] < variance["a"] < 0.9
    assert find("dropout.placement").right_answer == "c"
