"""Losses against their formulas, torch and finite differences; stability at extreme scores."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_lib.losses import (
    AbsoluteLoss,
    HingeLoss,
    HuberLoss,
    LogisticLoss,
    SoftmaxLoss,
    SquaredLoss,
    sigmoid,
    softmax,
)

RNG = np.random.default_rng(20)
N, K = 7, 4
SCORE = RNG.normal(scale=2, size=N)
TARGETS = {
    SquaredLoss(): RNG.normal(size=N),
    AbsoluteLoss(): RNG.normal(size=N),
    HuberLoss(0.8): RNG.normal(size=N),
    LogisticLoss(): np.array([0, 1, 1, 0, 1, 0, 0]),
    HingeLoss(): np.array([-1, 1, 1, -1, 1, -1, 1]),
    SoftmaxLoss(): np.array([0, 3, 1, 1, 2, 0, 3]),
}
CASES = [
    pytest.param(loss, y, RNG.normal(scale=2, size=(N, K)) if isinstance(loss, SoftmaxLoss) else SCORE,
                 id=type(loss).__name__)
    for loss, y in TARGETS.items()
]  # fmt: skip
TORCH = {
    "SquaredLoss": lambda F, y, s: F.mse_loss(s, y) / 2,
    "AbsoluteLoss": lambda F, y, s: F.l1_loss(s, y),
    "HuberLoss": lambda F, y, s: F.huber_loss(s, y, delta=0.8),
    "LogisticLoss": lambda F, y, s: F.binary_cross_entropy_with_logits(s, y),
    "HingeLoss": lambda F, y, s: F.relu(1 - y * s).mean(),
    "SoftmaxLoss": lambda F, y, s: F.cross_entropy(s, y.long()),
}


@pytest.mark.parametrize(("loss", "y", "score"), CASES)
def test_value_and_gradient_agree_with_torch(loss, y, score):
    torch = pytest.importorskip("torch")
    t = torch.tensor(score, requires_grad=True)
    value = TORCH[type(loss).__name__](torch.nn.functional, torch.tensor(y, dtype=torch.float64), t)
    value.backward()
    assert loss.value(y, score) == pytest.approx(value.item(), rel=1e-12)
    np.testing.assert_allclose(loss.gradient(y, score), t.grad.numpy(), rtol=1e-11, atol=1e-15)


@pytest.mark.parametrize(("loss", "y", "score"), CASES)
def test_gradient_is_the_finite_difference_of_the_value(loss, y, score):
    h, numeric = 1e-6, np.empty(score.shape)
    for i in np.ndindex(score.shape):
        e = np.zeros(score.shape)
        e[i] = h
        numeric[i] = (loss.value(y, score + e) - loss.value(y, score - e)) / (2 * h)
    np.testing.assert_allclose(loss.gradient(y, score), numeric, atol=1e-8)


@pytest.mark.parametrize(("loss", "y", "score"), CASES)
def test_value_is_the_mean_of_the_pointwise_costs(loss, y, score):
    costs = loss.pointwise(y, score)
    assert costs.shape == (N,)
    assert loss.value(y, score) == pytest.approx(costs.sum() / N, rel=1e-14)
    twice = loss.value(np.concatenate([y, y]), np.concatenate([score, score]))
    assert twice == pytest.approx(loss.value(y, score), rel=1e-14)  # a mean, not a sum


def test_only_the_losses_with_a_jump_in_their_slope_have_no_curvature():
    assert [type(loss) for loss in TARGETS if loss.curvature is None] == [AbsoluteLoss, HingeLoss]


@pytest.mark.parametrize(("loss", "y", "score"), [c for c in CASES if c.values[0].curvature is not None])
def test_curvature_bounds_the_second_derivative(loss, y, score):
    rng, largest = np.random.default_rng(0), 0.0
    for _ in range(300):
        a = rng.normal(scale=2, size=score.shape)
        step = 1e-3 * rng.normal(size=score.shape)
        change = N * np.linalg.norm(loss.gradient(y, a + step) - loss.gradient(y, a))
        largest = max(largest, change / np.linalg.norm(step))
    assert largest <= loss.curvature * (1 + 1e-6)
    # ... and is attained: at score 0, for softmax between two equal classes that leave none for the others.
    at = np.zeros(score.shape)
    direction = np.ones(score.shape)
    if isinstance(loss, SoftmaxLoss):
        at[:, 2:], direction = -50.0, np.tile([1.0, -1.0, 0.0, 0.0], (N, 1))
    y_near = np.zeros(N) if isinstance(loss, HuberLoss) else y
    h = 1e-4
    ahead, back = (loss.gradient(y_near, at + s * h * direction) for s in (1, -1))
    change = N * np.linalg.norm(ahead - back)
    assert change / np.linalg.norm(2 * h * direction) == pytest.approx(loss.curvature, rel=1e-4)


@given(st.floats(-30, 30), st.floats(-30, 30), st.floats(0, 1), st.sampled_from(list(TARGETS)))
def test_losses_are_convex_in_the_score(a, b, t, loss):
    y = [1]
    wide = (lambda s: [[s, 0.0]]) if isinstance(loss, SoftmaxLoss) else (lambda s: [s])
    between = loss.value(y, wide(t * a + (1 - t) * b))
    assert between <= t * loss.value(y, wide(a)) + (1 - t) * loss.value(y, wide(b)) + 1e-9


def test_huber_is_squared_inside_and_straight_outside():
    loss = HuberLoss(delta=2.0)
    residual = np.array([-5.0, -2.0, -0.5, 0.0, 1.9, 2.0, 7.0])
    expected = [8.0, 2.0, 0.125, 0.0, 1.805, 2.0, 12.0]
    np.testing.assert_allclose(loss.pointwise(residual, np.zeros(7)), expected, rtol=1e-14)
    np.testing.assert_allclose(
        7 * loss.gradient(residual, np.zeros(7)), -np.clip(residual, -2, 2), rtol=1e-14
    )


def test_extreme_scores_neither_overflow_nor_lose_the_cost():
    assert LogisticLoss().pointwise([0, 1, 1, 0], [1e4, -1e4, 1e4, -1e4]).tolist() == [1e4, 1e4, 0.0, 0.0]
    assert LogisticLoss().value([1], [40.0]) == pytest.approx(np.exp(-40), rel=1e-12)  # not rounded to 0
    assert LogisticLoss().gradient([0, 1], [1e4, -1e4]).tolist() == [0.5, -0.5]
    assert SoftmaxLoss().pointwise([0, 1], [[1e4, 0.0], [1e4, 0.0]]).tolist() == [0.0, 1e4]
    assert HuberLoss(1.0).value([1e200], [0.0]) == pytest.approx(1e200)  # the square would overflow


def test_sigmoid_and_softmax():
    z = np.array([-800.0, -1.0, 0.0, 2.0, 800.0])
    p = sigmoid(z)
    np.testing.assert_allclose(p[1:4], 1 / (1 + np.exp(-z[1:4])), rtol=1e-14)
    np.testing.assert_allclose(p + sigmoid(-z), 1, rtol=1e-15)
    two = np.column_stack([z, np.zeros(5)])
    np.testing.assert_allclose(softmax(two)[:, 0], p, rtol=1e-12)
    np.testing.assert_allclose(softmax(two).sum(axis=1), 1, rtol=1e-14)
    np.testing.assert_allclose(softmax(two + 500), softmax(two), rtol=1e-12, atol=1e-300)


def test_logistic_is_two_class_softmax():
    y = TARGETS[LogisticLoss()]
    two = np.column_stack([np.zeros(N), SCORE])
    assert SoftmaxLoss().value(y, two) == pytest.approx(LogisticLoss().value(y, SCORE), rel=1e-13)


def test_subgradients_at_the_kinks_are_zero():
    assert AbsoluteLoss().gradient([2.0], [2.0]).tolist() == [0.0]
    assert HingeLoss().gradient([1, -1], [1.0, -1.0]).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(("loss", "y", "score"), CASES)
def test_float32_is_kept_and_input_is_not_modified(loss, y, score):
    y32 = y if y.dtype.kind == "i" else y.astype(np.float32)
    s32 = score.astype(np.float32)
    before = y32.copy(), s32.copy()
    assert loss.gradient(y32, s32).dtype == np.float32
    assert loss.pointwise(y32, s32).dtype == np.float32
    np.testing.assert_array_equal(y32, before[0])
    np.testing.assert_array_equal(s32, before[1])


@pytest.mark.parametrize(
    ("loss", "y", "score", "message"),
    [
        (LogisticLoss(), [0, 2], [0.0, 0.0], "y must hold the labels 0 and 1 only, got 2"),
        (LogisticLoss(), [-1, 1], [0.0, 0.0], "y must hold the labels 0 and 1 only, got -1"),
        (HingeLoss(), [0, 1], [0.0, 0.0], "y must hold the labels -1 and 1 only, got 0"),
        (SoftmaxLoss(), [0, 2], [[0.0, 0.0]] * 2, "y must hold integer labels from 0 to 1, got 2"),
        (SoftmaxLoss(), [0, -1], [[0.0, 0.0]] * 2, "y must hold integer labels from 0 to 1, got -1"),
        (SoftmaxLoss(), [0, 0.5], [[0.0, 0.0]] * 2, r"y must hold integer labels from 0 to 1, got 0\.5"),
    ],
)
def test_unknown_labels_are_named(loss, y, score, message):
    for method in (loss.value, loss.pointwise, loss.gradient):
        with pytest.raises(ValueError, match=message):
            method(y, score)
