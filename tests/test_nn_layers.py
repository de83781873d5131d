"""Layers of course_lib.nn: gradients against finite differences and torch, dropout's moments, bad input."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from course_lib import nn
from course_lib.losses import SoftmaxLoss, SquaredLoss

LAYERS = {
    "linear": lambda rng: nn.Linear(4, 3, rng),
    "linear-no-bias": lambda rng: nn.Linear(4, 3, rng, bias=False),
    "relu": lambda rng: nn.ReLU(),
    "tanh": lambda rng: nn.Tanh(),
    "dropout": lambda rng: nn.Dropout(0.2, rng),
    "batchnorm": lambda rng: nn.BatchNorm1d(4),
    "flatten": lambda rng: nn.Flatten(),
    "sequential": lambda rng: nn.Sequential(
        nn.Linear(4, 5, rng), nn.BatchNorm1d(5), nn.Tanh(), nn.Dropout(0.3, rng), nn.Linear(5, 2, rng)
    ),
}


def finite_differences(function, array, step=1e-6):
    """Central differences of a scalar function with respect to every entry of an array, changed in place."""
    result = np.zeros_like(array)
    for index in np.ndindex(array.shape):
        old = array[index]
        array[index] = old + step
        above = function()
        array[index] = old - step
        result[index] = (above - function()) / (2 * step)
        array[index] = old
    return result


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", LAYERS)
def test_backward_equals_finite_differences(name, training):
    rng = np.random.default_rng(3)
    layer = LAYERS[name](rng)
    for p in layer.parameters():
        p.value += rng.normal(scale=0.3, size=p.value.shape)
    x = rng.normal(size=(6, 4))
    direction = rng.normal(size=layer.forward(x, training).shape)
    noise = np.random.default_rng(8).bit_generator.state

    def value():
        rng.bit_generator.state = noise  # the same dropout masks at every evaluation
        return float((layer.forward(x, training) * direction).sum())

    value()
    grad = layer.backward(direction)
    grads = [p.grad.copy() for p in layer.parameters()]
    np.testing.assert_allclose(grad, finite_differences(value, x), rtol=1e-6, atol=1e-8)
    for p, expected in zip(layer.parameters(), grads, strict=True):
        np.testing.assert_allclose(expected, finite_differences(value, p.value), rtol=1e-6, atol=1e-8)


def twins(rng):
    """The same network here and in torch, with the same weights."""
    ours = nn.Sequential(
        nn.Flatten(), nn.Linear(6, 8, rng), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 5, rng), nn.Tanh(),
        nn.Linear(5, 3, rng),
    )  # fmt: skip
    theirs = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(6, 8), torch.nn.BatchNorm1d(8), torch.nn.ReLU(),
        torch.nn.Linear(8, 5), torch.nn.Tanh(), torch.nn.Linear(5, 3),
    ).double()  # fmt: skip
    with torch.no_grad():
        for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
            p.value += rng.normal(scale=0.2, size=p.value.shape)
            q.copy_(torch.from_numpy(p.value.T))
    return ours, theirs


@pytest.mark.parametrize("training", [True, False])
def test_network_equals_torch(training):
    rng = np.random.default_rng(0)
    ours, theirs = twins(rng)
    for _ in range(3):  # move the running statistics away from their start
        x = rng.normal(2.0, 1.5, size=(7, 2, 3))
        ours.forward(x, training=True)
        theirs(torch.from_numpy(x))
    theirs.train(training)
    x, y = rng.normal(size=(7, 2, 3)), rng.integers(0, 3, 7)
    tx = torch.from_numpy(x).requires_grad_()
    loss = torch.nn.functional.cross_entropy(theirs(tx), torch.from_numpy(y))
    loss.backward()
    score = ours.forward(x, training)
    grad = ours.backward(SoftmaxLoss().gradient(y, score))
    assert SoftmaxLoss().value(y, score) == pytest.approx(loss.item(), abs=1e-12)
    np.testing.assert_allclose(grad, tx.grad.numpy(), rtol=1e-10, atol=1e-12)
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(p.grad.T, q.grad.numpy(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(ours.layers[2].running_mean, theirs[2].running_mean.numpy(), rtol=1e-12)
    np.testing.assert_allclose(ours.layers[2].running_var, theirs[2].running_var.numpy(), rtol=1e-12)


def test_squared_loss_network_equals_torch():
    rng = np.random.default_rng(1)
    layer = nn.Linear(4, 1, rng)
    x, y = rng.normal(size=(9, 4)), rng.normal(size=9)
    weight = torch.tensor(layer.weight.value, requires_grad=True)
    (0.5 * torch.nn.functional.mse_loss((torch.tensor(x) @ weight)[:, 0], torch.tensor(y))).backward()
    score = layer.forward(x, training=True)
    layer.backward(SquaredLoss().gradient(y, score[:, 0])[:, None])
    np.testing.assert_allclose(layer.weight.grad, weight.grad.numpy(), rtol=1e-10)


def sets_gradients_and_leaves_its_input_alone(model, x, grad):
    """Assert that a second backward pass does not add to the first, and that x and grad keep their values."""
    before = x.copy(), grad.copy()
    model.forward(x, training=True)
    model.backward(grad)
    first = [p.grad.copy() for p in model.parameters()]
    model.backward(grad)
    for p, expected in zip(model.parameters(), first, strict=True):
        np.testing.assert_array_equal(p.grad, expected)
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(grad, before[1])


def test_backward_sets_gradients_and_leaves_its_input_alone():
    rng = np.random.default_rng(2)
    model = LAYERS["sequential"](rng)
    sets_gradients_and_leaves_its_input_alone(model, rng.normal(size=(6, 4)), rng.normal(size=(6, 2)))


@pytest.mark.parametrize("p", [0.2, 0.5, 0.8])
def test_dropout_mean_and_variance(p):
    n, x = 200_000, 1.7
    output = nn.Dropout(p, np.random.default_rng(4)).forward(np.full((n, 1), x), training=True)
    variance = x**2 * p / (1 - p)  # x² (E[m²] - 1), E[m²] = 1/(1-p)
    assert output.mean() == pytest.approx(x, abs=5 * np.sqrt(variance / n))
    # The share of zeros is binomial, and every kept entry is x/(1-p).
    zeros = (output == 0).mean()
    assert zeros == pytest.approx(p, abs=5 * np.sqrt(p * (1 - p) / n))
    assert output.var() == pytest.approx(variance, rel=0.02)
    np.testing.assert_allclose(output[output != 0], x / (1 - p), rtol=1e-15)


def test_dropout_masks_entries_independently():
    output = nn.Dropout(0.5, np.random.default_rng(5)).forward(np.ones((4000, 2)), training=True)
    both = ((output[:, 0] == 0) & (output[:, 1] == 0)).mean()
    assert both == pytest.approx(0.25, abs=5 * np.sqrt(0.25 * 0.75 / 4000))
    assert not np.array_equal(output[:2000], output[2000:])


def test_dropout_backward_uses_the_mask_of_the_forward_pass():
    layer = nn.Dropout(0.3, np.random.default_rng(6))
    output = layer.forward(np.ones((50, 4)), training=True)
    np.testing.assert_array_equal(layer.backward(np.ones((50, 4))), output)
    np.testing.assert_array_equal(layer.backward(np.full((50, 4), 2.0)), 2 * output)


def test_dropout_draws_a_new_mask_at_each_forward_pass():
    layer, x = nn.Dropout(0.5, np.random.default_rng(7)), np.ones((20, 4))
    assert not np.array_equal(layer.forward(x, training=True), layer.forward(x, training=True))


def test_dropout_evaluation_is_the_identity_in_both_directions():
    rng = np.random.default_rng(8)
    layer, x = nn.Dropout(0.7, rng), rng.normal(size=(5, 3))
    layer.forward(x, training=True)
    np.testing.assert_array_equal(layer.forward(x, training=False), x)
    np.testing.assert_array_equal(layer.backward(x), x)


@pytest.mark.parametrize(("p", "factor"), [(0, 1.0), (1, 0.0)])
def test_dropout_limits(p, factor):
    rng = np.random.default_rng(9)
    layer, x = nn.Dropout(p, rng), rng.normal(size=(50, 3))
    np.testing.assert_array_equal(layer.forward(x, training=True), factor * x)
    np.testing.assert_array_equal(layer.backward(x), factor * x)


@pytest.mark.parametrize(("init", "variance"), [("he", 2 / 300), ("glorot", 2 / 500), (0.1, 0.01)])
def test_initial_weights(init, variance):
    layer = nn.Linear(300, 200, np.random.default_rng(10), init=init)
    assert layer.weight.value.var() == pytest.approx(variance, rel=0.03)
    assert abs(layer.weight.value.mean()) < 5 * np.sqrt(variance / 60_000)
    np.testing.assert_array_equal(layer.bias.value, 0)


def test_parameters_know_what_they_are():
    rng = np.random.default_rng(11)
    model = nn.Sequential(nn.Linear(4, 3, rng), nn.BatchNorm1d(3))
    assert [(p.name, p.is_weight) for p in model.parameters()] == [
        ("0.weight", True), ("0.bias", False), ("1.gamma", False), ("1.beta", False),
    ]  # fmt: skip
    assert "0.weight" in repr(model.parameters()[0])


def test_state_round_trip_includes_running_statistics():
    rng = np.random.default_rng(12)
    model, x = LAYERS["sequential"](rng), rng.normal(size=(6, 4))
    state, before = model.state(), model.predict(x)
    model.forward(x + 3, training=True)
    assert not np.array_equal(model.predict(x), before)
    model.load_state(state)
    np.testing.assert_array_equal(model.predict(x), before)


RNG = np.random.default_rng(0)
BAD = {
    "p-above": (lambda: nn.Dropout(1.5, RNG), ValueError, r"p must lie in \[0, 1\], got 1.5"),
    "p-below": (lambda: nn.Dropout(-0.1, RNG), ValueError, r"p must lie in \[0, 1\], got -0.1"),
    "p-nan": (lambda: nn.Dropout(float("nan"), RNG), ValueError, "p must be finite"),
    "p-string": (lambda: nn.Dropout("0.5", RNG), TypeError, "p must be a number"),
    "seed": (lambda: nn.Dropout(0.5, 0), TypeError, "rng must be a numpy Generator"),
    "linear-seed": (lambda: nn.Linear(3, 2, 0), TypeError, "rng must be a numpy Generator"),
    "n_in": (lambda: nn.Linear(0, 2, RNG), ValueError, "n_in must be >= 1, got 0"),
    "init": (lambda: nn.Linear(3, 2, RNG, init="xavier"), ValueError, "init must be .*'xavier'"),
    "width": (lambda: nn.Linear(3, 2, RNG).forward(np.ones((4, 2)), True), ValueError, r"\(n, 3\).*\(4, 2\)"),
    "empty": (lambda: nn.Linear(3, 2, RNG).forward(np.ones((0, 3)), True), ValueError, r"n >= 1.*\(0, 3\)"),
    "one-row": (lambda: nn.BatchNorm1d(3).forward(np.ones((1, 3)), True), ValueError, "at least 2 samples"),
    "momentum": (lambda: nn.BatchNorm1d(3, momentum=2), ValueError, r"momentum must lie in \[0, 1\], got 2"),
    "no-layers": (lambda: nn.Sequential(), TypeError, "layers must be"),
    "no-layer": (lambda: nn.Sequential("relu"), TypeError, "layers must be.*relu"),
    "nan": (
        lambda: nn.Sequential(nn.ReLU()).predict([[1.0, np.nan]]),
        ValueError,
        "x must be finite, got nan",
    ),
    "no-rows": (lambda: nn.Sequential(nn.ReLU()).predict(np.ones((0, 2))), ValueError, "x must not be empty"),
    "images": (lambda: nn.Sequential(nn.Flatten()).predict(np.full((1, 2, 2), np.inf)), ValueError, "finite"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_names_argument_and_value(case):
    call, error, message = BAD[case]
    with pytest.raises(error, match=message):
        call()


def test_a_layer_can_stand_only_once():
    relu = nn.ReLU()
    with pytest.raises(ValueError, match="stands only once"):
        nn.Sequential(relu, relu)


def test_import_loads_neither_torch_nor_sklearn():
    code = "import sys, course_lib.nn; print([m for m in ('torch', 'sklearn', 'scipy') if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
