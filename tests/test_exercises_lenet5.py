"""The references of chapter 10 against torch and scikit-learn; wrong answers beyond the catalogue."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from course_lib import deep
from course_lib.exercises import lenet5
from course_lib.exercises.catalogue import find
from course_lib.exercises.engine import judge


def test_the_convolution_and_its_weight_gradient_are_torchs():
    rng = np.random.default_rng(0)
    x, W, b = rng.normal(size=(3, 7, 6)), rng.normal(size=(4, 3, 3, 3)), rng.normal(size=4)
    weight = torch.tensor(W, requires_grad=True)
    out = torch.nn.functional.conv2d(torch.tensor(x)[None], weight, torch.tensor(b))[0]
    grad = rng.normal(size=out.shape)
    out.backward(torch.tensor(grad))
    np.testing.assert_allclose(lenet5.conv2d(x, W, b), out.detach().numpy(), atol=1e-12)
    np.testing.assert_allclose(lenet5.conv_weight_gradient(x, grad, 3), weight.grad.numpy(), atol=1e-12)


@pytest.mark.parametrize("kind", ["random", "ties"])
def test_the_pooling_gradient_is_torchs(kind):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(6, 8)) if kind == "random" else rng.integers(-1, 2, (6, 8)).astype(float)
    grad, tensor = rng.normal(size=(3, 4)), torch.tensor(x[None], requires_grad=True)
    torch.nn.functional.max_pool2d(tensor, 2).backward(torch.tensor(grad[None]))
    np.testing.assert_array_equal(lenet5.max_pool_backward(x, grad), tensor.grad[0].numpy())


def test_the_side_is_that_of_torchs_output():
    for side, size, stride, padding in ((32, 5, 1, 0), (28, 5, 1, 2), (9, 4, 3, 2), (8, 3, 2, 0)):
        out = torch.nn.Conv2d(1, 1, size, stride, padding)(torch.zeros(1, 1, side, side))
        assert lenet5.output_side(side, size, stride, padding) == out.shape[-1]


def test_the_report_is_scikit_learns():
    rng = np.random.default_rng(2)
    true, answer = rng.integers(0, 5, 300), rng.integers(0, 4, 300)
    recall, precision = lenet5.class_report(confusion_matrix(true, answer))
    expected = precision_recall_fscore_support(true, answer, zero_division=0)
    np.testing.assert_allclose(precision, expected[0])
    np.testing.assert_allclose(recall, expected[1])


def test_the_counts_are_those_of_the_networks():
    assert find("lenet5.c3_parameters").reference == deep.count_parameters(deep.lenet5_1998())["C3"]
    assert find("lenet5.c5_parameters").reference == deep.count_parameters(deep.lenet5_same())["C5"]


def full(x, W, b):
    k = W.shape[2] - 1
    return lenet5.conv2d(np.pad(x, ((0, 0), (k, k), (k, k))), W, b)


OTHER_WRONG = {
    "conv2d": [
        full,
        lambda x, W, b: lenet5.conv2d(x, W[:, ::-1], b),
        lambda x, W, b: lenet5.conv2d(x[::-1], W, b),
        lambda x, W, b: lenet5.conv2d(x, W, -b),
        lambda x, W, b: lenet5.conv2d(x[:1], W[:, :1], b),
        lambda x, W, b: lenet5.conv2d(x, W, b).transpose(1, 2, 0),
        lambda x, W, b: lenet5.conv2d(x, W, b).sum(axis=0),
        lambda x, W, b: lenet5.conv2d(x, W[:, :, ::-1], b),
        lambda x, W, b: lenet5.conv2d(x, W, b)[:, ::2, ::2],
        lambda x, W, b: np.maximum(lenet5.conv2d(x, W, b), 0),
    ],
    "output_side": [
        lambda h, k, s, p: (h + 2 * p - k) // s + 2,
        lambda h, k, s, p: (h + 2 * p) // s - k + 1,
        lambda h, k, s, p: h,
        lambda h, k, s, p: round((h + 2 * p - k) / s) + 1,
        lambda h, k, s, p: (h - 2 * p - k) // s + 1,
        lambda h, k, s, p: h + 2 * p - k + 1,
    ],
    "weight_gradient": [
        lambda x, grad, k: lenet5.conv_weight_gradient(x, np.abs(grad), k),
        lambda x, grad, k: lenet5.conv_weight_gradient(x, grad, k).swapaxes(0, 1),
        lambda x, grad, k: lenet5.conv_weight_gradient(x, grad, k) / len(x),
        lambda x, grad, k: -lenet5.conv_weight_gradient(x, grad, k),
        lambda x, grad, k: lenet5.conv_weight_gradient(x[::-1], grad, k),
    ],
    "pool_backward": [
        lambda x, grad: np.kron(grad, [[1, 0], [0, 0]]),
        lambda x, grad: -lenet5.max_pool_backward(x, grad),
        lambda x, grad: lenet5.max_pool_backward(-x, grad),
        lambda x, grad: lenet5.max_pool_backward(x, np.abs(grad)),
        lambda x, grad: (lenet5.max_pool_backward(x, np.ones_like(grad)) != 0).astype(float),
        lambda x, grad: np.where(x > 0, np.kron(grad, np.ones((2, 2))), 0),
    ],
    "report": [
        lambda c: (np.trace(c) / np.sum(c),) * 2,
        lambda c: lenet5.class_report(c)[0],
        lambda c: (np.diag(c), np.sum(c, axis=1)),
        lambda c: tuple(1 - part for part in lenet5.class_report(c)),
        lambda c: tuple(100 * part for part in lenet5.class_report(c)),
    ],
}


@pytest.mark.parametrize(
    ("name", "answer"), [(name, answer) for name, answers in OTHER_WRONG.items() for answer in answers]
)
def test_other_wrong_answers_do_not_pass(name, answer):
    report = judge(find(f"lenet5.{name}"), answer)
    assert not report.passed
    assert report.sentence


@pytest.mark.parametrize("value", [60_000, 1500 + 16 * 6, 150, 784 * 120 + 84, -1516, 0])
def test_other_counts_do_not_pass(value):
    assert not judge(find("lenet5.c3_parameters"), value).passed
    assert not judge(find("lenet5.c5_parameters"), value).passed
