"""Convolution and pooling of course_lib.nn: torch on a ladder of configurations, finite differences."""

import numpy as np
import pytest
import torch
from test_nn_layers import finite_differences, sets_gradients_and_leaves_its_input_alone

from course_lib import nn
from course_lib.losses import SoftmaxLoss

# n, channels in, out, kernel, stride, padding, height, width: one difficulty more at a time
LADDER = {
    "one pixel": (1, 1, 1, 1, 1, 0, 1, 1),
    "one window": (2, 1, 1, 3, 1, 0, 3, 3),
    "channels": (2, 3, 4, 2, 1, 0, 4, 4),
    "not square": (2, 2, 3, 3, 1, 0, 5, 8),
    "stride": (2, 2, 3, 2, 2, 0, 6, 6),
    "stride leaves pixels over": (2, 2, 3, 3, 2, 0, 8, 6),
    "padding": (2, 2, 3, 3, 1, 1, 4, 5),
    "padding wider than needed": (2, 1, 2, 2, 1, 3, 3, 2),
    "stride larger than kernel": (3, 2, 2, 2, 3, 1, 7, 9),
    "all": (3, 2, 4, 5, 2, 2, 9, 7),
    "LeNet C1": (2, 1, 6, 5, 1, 2, 28, 28),
}


def assert_same_pass(ours, theirs, x, rng, *, forward, backward):
    """One pass forward and one backward from a random gradient agree with torch, within two tolerances."""
    tx = torch.tensor(x, requires_grad=True)
    out, expected = ours.forward(x, training=True), theirs(tx)
    grad = rng.normal(size=out.shape)
    expected.backward(torch.from_numpy(grad))
    np.testing.assert_allclose(out, expected.detach().numpy(), **forward)
    np.testing.assert_allclose(ours.backward(grad), tx.grad.numpy(), **backward)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("case", LADDER)
def test_convolution_equals_torch(case, bias):
    n, n_in, n_out, size, stride, padding, height, width = LADDER[case]
    rng = np.random.default_rng(0)
    ours = nn.Conv2d(n_in, n_out, size, rng, stride=stride, padding=padding, bias=bias)
    theirs = torch.nn.Conv2d(n_in, n_out, size, stride, padding, bias=bias).double()
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        p.value += rng.normal(size=p.value.shape)
        q.data.copy_(torch.from_numpy(p.value))
    close = {"rtol": 1e-11, "atol": 1e-11}
    x = rng.normal(size=(n, n_in, height, width))
    assert_same_pass(ours, theirs, x, rng, forward=close, backward=close)
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(p.grad, q.grad.numpy(), **close)


# n, channels, size, stride, height, width
POOLS = {
    "one pixel": (1, 1, 1, None, 1, 1),
    "halves": (2, 3, 2, None, 6, 4),
    "odd": (2, 2, 2, None, 7, 5),
    "thirds": (2, 1, 3, None, 9, 10),
    "overlapping": (2, 2, 3, 2, 9, 8),
    "dense": (1, 2, 2, 1, 4, 5),
    "gaps": (2, 1, 2, 3, 8, 8),
}


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("kind", ["max", "average"])
@pytest.mark.parametrize("case", POOLS)
def test_pooling_equals_torch(case, kind, ties):
    n, channels, size, stride, height, width = POOLS[case]
    rng = np.random.default_rng(1)
    x = rng.normal(size=(n, channels, height, width))
    x = np.round(x) if ties else x
    ours = {"max": nn.MaxPool2d, "average": nn.AvgPool2d}[kind](size, stride=stride)
    theirs = {"max": torch.nn.MaxPool2d, "average": torch.nn.AvgPool2d}[kind](size, stride)
    close = {"forward": {"rtol": 1e-14, "atol": 1e-15}, "backward": {"rtol": 1e-13, "atol": 1e-15}}
    assert_same_pass(ours, theirs, x, rng, **close)


def test_a_tie_hands_the_gradient_to_the_first():
    layer = nn.MaxPool2d(2)
    layer.forward(np.full((1, 1, 2, 2), 3.0), training=True)
    np.testing.assert_array_equal(layer.backward(np.ones((1, 1, 1, 1)))[0, 0], [[1, 0], [0, 0]])


def lenet_like(rng):
    return nn.Sequential(
        nn.Conv2d(2, 3, 3, rng, padding=1, init="glorot"), nn.Tanh(), nn.AvgPool2d(2),
        nn.Conv2d(3, 4, 2, rng, stride=2, bias=False), nn.ReLU(), nn.Dropout(0.3, rng),
        nn.MaxPool2d(2, stride=1),
        nn.Flatten(), nn.Linear(4, 3, rng),
    )  # fmt: skip


@pytest.mark.parametrize("training", [True, False])
def test_a_network_of_images_equals_finite_differences(training):
    rng = np.random.default_rng(2)
    model = lenet_like(rng)
    x, y = rng.normal(size=(4, 2, 8, 9)), rng.integers(0, 3, 4)
    noise = np.random.default_rng(8).bit_generator.state

    def value():
        rng.bit_generator.state = noise  # the same dropout masks at every evaluation
        return SoftmaxLoss().value(y, model.forward(x, training))

    rng.bit_generator.state = noise
    grad = model.backward(SoftmaxLoss().gradient(y, model.forward(x, training)))
    grads = [p.grad.copy() for p in model.parameters()]
    np.testing.assert_allclose(grad, finite_differences(value, x), rtol=1e-5, atol=1e-8)
    for p, expected in zip(model.parameters(), grads, strict=True):
        np.testing.assert_allclose(expected, finite_differences(value, p.value), rtol=1e-5, atol=1e-8)


def test_convolution_with_a_kernel_as_large_as_the_image_is_a_linear_layer():
    rng = np.random.default_rng(3)
    conv, linear = nn.Conv2d(2, 5, 4, rng), nn.Linear(32, 5, rng)
    linear.weight.value[...] = conv.weight.value.reshape(5, -1).T
    x = rng.normal(size=(3, 2, 4, 4))
    expected = linear.forward(x.reshape(3, -1), False)
    np.testing.assert_allclose(conv.forward(x, False)[:, :, 0, 0], expected, rtol=1e-12)


def test_a_shifted_image_gives_a_shifted_output():
    rng = np.random.default_rng(4)
    conv, x = nn.Conv2d(2, 3, 3, rng), rng.normal(size=(2, 2, 9, 9))
    out, moved = conv.forward(x, False), conv.forward(np.roll(x, (1, 2), axis=(2, 3)), False)
    np.testing.assert_allclose(moved[:, :, 1:, 2:], out[:, :, :-1, :-2], rtol=1e-12)


@pytest.mark.parametrize("memory", ["as torch", "batch last"])
def test_backward_leaves_its_inputs_alone_and_sets_gradients(memory):
    rng = np.random.default_rng(5)
    x, grad = rng.normal(size=(3, 2, 6, 6)), rng.normal(size=(3, 4, 4, 4))
    if memory == "batch last":
        x, grad = (np.moveaxis(np.ascontiguousarray(np.moveaxis(a, 0, -1)), -1, 0) for a in (x, grad))
    before = x.copy()
    sets_gradients_and_leaves_its_input_alone(nn.Conv2d(2, 4, 3, rng), x, grad)
    for pool in (nn.MaxPool2d(2), nn.AvgPool2d(3)):
        pool.backward(np.ones_like(pool.forward(x, training=True)))
        np.testing.assert_array_equal(x, before)


def test_set_gradients_are_those_of_backward():
    rng = np.random.default_rng(6)
    model, x = lenet_like(rng), rng.normal(size=(4, 2, 8, 9))
    grad = rng.normal(size=model.forward(x, training=False).shape)
    model.backward(grad)
    expected = [p.grad.copy() for p in model.parameters()]
    for p in model.parameters():
        p.grad[...] = np.nan
    model.set_gradients(grad)
    for p, g in zip(model.parameters(), expected, strict=True):
        np.testing.assert_array_equal(p.grad, g)


def test_max_norm_bounds_each_filter():
    rng = np.random.default_rng(7)
    conv = nn.Conv2d(3, 4, 5, rng)
    conv.weight.value[0] *= 0.01
    small = conv.weight.value[0].copy()
    nn.project_max_norm(conv.parameters(), 0.5)
    norms = np.sqrt((conv.weight.value**2).sum(axis=(1, 2, 3)))
    np.testing.assert_allclose(norms[1:], 0.5, rtol=1e-12)
    np.testing.assert_array_equal(conv.weight.value[0], small)


def test_he_start_keeps_the_size_of_the_signal():
    rng = np.random.default_rng(8)
    conv, x = nn.Conv2d(8, 64, 5, rng), rng.normal(size=(20, 8, 9, 9))
    assert np.mean(conv.forward(x, False) ** 2) == pytest.approx(2 * np.mean(x**2), rel=0.05)


def test_single_precision_stays_single_and_follows_double():
    models = [lenet_like(np.random.default_rng(9)) for _ in range(2)]
    single = models[1].astype(np.float32)
    assert single is models[1]
    x = np.random.default_rng(10).normal(size=(4, 2, 8, 9))
    y = np.array([0, 1, 2, 1])
    for model, data in zip(models, (x, x.astype(np.float32)), strict=True):
        score = model.predict(data)
        assert score.dtype == data.dtype
        model.backward(SoftmaxLoss().gradient(y, score).astype(data.dtype))
        nn.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=0.01).step()
        assert model.forward(data, training=True).dtype == data.dtype
    for p, q in zip(models[0].parameters(), single.parameters(), strict=True):
        assert q.value.dtype == np.float32
        np.testing.assert_allclose(q.value, p.value, rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match=r"dtype must be numpy\.float32 or .*'int'"):
        single.astype(int)


R = np.random.default_rng(0)
BAD = {
    "size": (lambda: nn.Conv2d(1, 1, 0, R), ValueError, "size must be >= 1, got 0"),
    "stride": (lambda: nn.Conv2d(1, 1, 2, R, stride=1.5), TypeError, "stride must be a whole number, .*1.5"),
    "padding": (lambda: nn.Conv2d(1, 1, 2, R, padding=-1), ValueError, "padding must be >= 0, got -1"),
    "channels": (lambda: nn.Conv2d(0, 1, 2, R), ValueError, "n_in must be >= 1, got 0"),
    "init": (lambda: nn.Conv2d(1, 1, 2, R, init="best"), ValueError, "init must be .*'best'"),
    "rng": (lambda: nn.Conv2d(1, 1, 2, 0), TypeError, "rng must be a numpy Generator"),
    "no channel axis": (
        lambda: nn.Conv2d(1, 2, 3, R).forward(np.ones((4, 8, 8)), True),
        ValueError,
        r"x must have shape \(n, 1, height, width\) with n >= 1 for Conv2d, got \(4, 8, 8\).*x\[:, None\]",
    ),
    "other channels": (
        lambda: nn.Conv2d(3, 2, 3, R).forward(np.ones((4, 8, 8, 3)), True),
        ValueError,
        r"\(n, 3, height, width\) .*got \(4, 8, 8, 3\)",
    ),
    "empty": (
        lambda: nn.AvgPool2d(2).forward(np.ones((0, 1, 8, 8)), True), ValueError, r"n >= 1 .*\(0, 1, 8, 8\)"
    ),
    "small": (
        lambda: nn.Conv2d(1, 1, 5, R, padding=1).forward(np.ones((1, 1, 9, 2)), True),
        ValueError,
        "at least 5 pixels high and wide .with padding 1. for Conv2d of size 5, got 9 x 2",
    ),
    "small pool": (
        lambda: nn.MaxPool2d(3).forward(np.ones((1, 1, 2, 2)), True), ValueError, "at least 3 .*got 2 x 2"
    ),
    "pool size": (lambda: nn.MaxPool2d("2"), TypeError, "size must be a whole number, got '2'"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_names_argument_and_value(case):
    call, error, message = BAD[case]
    with pytest.raises(error, match=message):
        call()
