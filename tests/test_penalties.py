"""Penalties against their definitions: derivatives, the prox as a minimiser, Moreau's identity, KKT."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from course_lib.penalties import L1, L2, ElasticNet, soft_threshold

finite = st.floats(-50, 50, allow_subnormal=False)
vectors = hnp.arrays(np.float64, st.integers(1, 6), elements=finite)
strengths = st.floats(1e-3, 20)
steps = st.floats(1e-2, 5)
penalties = st.one_of(
    st.builds(L1, strengths), st.builds(L2, strengths), st.builds(ElasticNet, strengths, st.floats(0, 1))
)
GRID = np.linspace(-6, 6, 240_001)  # spacing 5e-5


def test_values_written_out():
    w = np.array([3.0, -4.0, 0.0])
    assert L1(2.0).value(w) == 14.0
    assert L2(2.0).value(w) == 25.0
    assert ElasticNet(2.0, 0.25).value(w) == pytest.approx(2 * (0.25 * 7 + 0.75 / 2 * 25), rel=1e-15)


def test_l2_gradient_is_the_finite_difference_of_its_value():
    penalty, w, h = L2(0.7), np.array([3.0, -4.0, 0.0, 0.2]), 1e-5
    numeric = [(penalty.value(w + h * e) - penalty.value(w - h * e)) / (2 * h) for e in np.eye(w.size)]
    np.testing.assert_allclose(penalty.gradient(w), numeric, atol=1e-9)


@pytest.mark.parametrize("penalty", [L1(0.7), L2(0.7), ElasticNet(0.7, 0.3)])
def test_subgradient_agrees_with_torch_away_from_zero(penalty):
    torch = pytest.importorskip("torch")
    w = np.array([3.0, -4.0, 0.2, -1e-3])
    t = torch.tensor(w, requires_grad=True)
    l1_ratio = {L1: 1.0, L2: 0.0}.get(type(penalty), 0.3)
    (0.7 * (l1_ratio * t.abs().sum() + (1 - l1_ratio) / 2 * (t**2).sum())).backward()
    np.testing.assert_allclose(penalty.subgradient(w), t.grad.numpy(), rtol=1e-14)


@given(penalties, vectors, st.integers(0, 2**32 - 1))
def test_subgradient_inequality(penalty, w, seed):
    v = np.random.default_rng(seed).normal(scale=20, size=w.size)
    bound = penalty.value(w) + penalty.subgradient(w) @ (v - w)
    assert penalty.value(v) >= bound - 1e-9 * (1 + abs(bound))


def test_the_subgradient_at_zero_is_zero():
    assert L1(2.0).subgradient([0.0, 3.0]).tolist() == [0.0, 2.0]


@pytest.mark.parametrize("penalty", [L1(1.0), ElasticNet(1.0, 0.5), ElasticNet(1.0, 0.0)])
def test_no_gradient_where_there_is_a_kink(penalty):
    with pytest.raises(TypeError, match=r"subgradient\(w\).*prox"):
        penalty.gradient(np.ones(2))


@pytest.mark.parametrize("penalty", [L1(0.8), L2(0.8), ElasticNet(0.8, 0.3)])
@pytest.mark.parametrize("w", [-3.0, -0.5, 0.0, 0.2, 2.5])
@pytest.mark.parametrize("step", [0.4, 2.0])
def test_prox_minimises_its_definition(penalty, w, step):
    objective = [0.5 * (v - w) ** 2 + step * penalty.value([v]) for v in GRID[::200]]
    found = penalty.prox([w], step)[0]
    at_prox = 0.5 * (found - w) ** 2 + step * penalty.value([found])
    assert at_prox <= min(objective) + 1e-12
    assert abs(found - GRID[::200][np.argmin(objective)]) < 0.01


@given(penalties, vectors, steps, st.integers(0, 2**32 - 1))
def test_prox_is_non_expansive(penalty, w, step, seed):
    v = np.random.default_rng(seed).normal(scale=20, size=w.size)
    moved = np.linalg.norm(penalty.prox(w, step) - penalty.prox(v, step))
    assert moved <= np.linalg.norm(w - v) * (1 + 1e-12)


@given(vectors, strengths, steps)
def test_moreau_identity_l1(w, lam, step):
    # The conjugate of the L1 penalty is the indicator of the box |u| <= lam; its prox projects onto it.
    np.testing.assert_allclose(L1(lam).prox(w, step) + step * np.clip(w / step, -lam, lam), w, atol=1e-12)


@given(vectors, strengths, steps)
def test_moreau_identity_l2(w, lam, step):
    # The conjugate is ||u||²/(2 lam), whose prox with step 1/step is u / (1 + 1/(step lam)).
    np.testing.assert_allclose(
        L2(lam).prox(w, step) + step * (w / step) / (1 + 1 / (step * lam)), w, atol=1e-10
    )


@given(penalties, vectors, steps)
def test_moreau_envelopes_add_up(penalty, w, step):
    # step * penalty and its conjugate split ||w||²/2 between their two proximal points.
    p = penalty.prox(w, step)
    u = (w - p) / step
    if isinstance(penalty, L1) or (isinstance(penalty, ElasticNet) and penalty.l2.lam == 0):
        u = np.clip(
            u, -penalty.lam, penalty.lam
        )  # rounding may leave the box, where the conjugate is infinite
    parts = 0.5 * (p - w) @ (p - w) + step * penalty.value(p) + step * penalty.conjugate(u) + 0.5 * p @ p
    assert parts == pytest.approx(0.5 * w @ w, rel=1e-9, abs=1e-9)


@given(penalties, vectors)
def test_fenchel_young_inequality_is_tight_at_a_subgradient(penalty, w):
    u = penalty.subgradient(w)
    assert penalty.value(w) + penalty.conjugate(u * (1 - 1e-15)) == pytest.approx(u @ w, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("penalty", [L2(0.8), ElasticNet(0.8, 0.3)])
@pytest.mark.parametrize("u", [-2.0, -0.1, 0.0, 1.3])
def test_conjugate_is_the_maximum_in_its_definition(penalty, u):
    grid = GRID[::100]
    highest = max(u * v - penalty.value([v]) for v in grid)
    assert penalty.conjugate([u]) == pytest.approx(highest, abs=1e-4)


def test_conjugates_at_the_ends():
    assert L1(1.0).conjugate([1.0, -1.0]) == 0
    assert L1(1.0).conjugate([1.0, -1.1]) == np.inf
    assert L2(0.0).conjugate([0.0]) == 0
    assert L2(0.0).conjugate([0.1]) == np.inf
    assert ElasticNet(1.0, 1.0).conjugate([0.5]) == 0
    assert ElasticNet(1.0, 1.0).conjugate([1.5]) == np.inf


@given(vectors, vectors)
def test_dual_norm_is_the_norm_of_hoelders_inequality(u, w):
    size = min(u.size, w.size)
    u, w = u[:size], w[:size]
    dual = L1(3.0).dual_norm(u)
    assert u @ w <= dual * np.abs(w).sum() * (1 + 1e-12) + 1e-12
    best = np.zeros(size)
    best[np.argmax(np.abs(u))] = np.sign(u[np.argmax(np.abs(u))])
    assert u @ best == dual


@given(penalties, vectors, steps)
def test_kkt_residual_vanishes_at_the_prox(penalty, w, step):
    # p = prox(w, step) minimises 1/2||v - w||²/step + penalty(v): the loss's gradient there is (p - w)/step.
    p = penalty.prox(w, step)
    assert penalty.subdifferential_distance(p, (p - w) / step).max() <= 1e-9 * (1 + np.abs(w).max() / step)


def test_kkt_residual_written_out():
    w, grad = [2.0, -1.0, 0.0, 0.0], [-1.0, -1.0, 0.4, -3.0]
    assert L1(1.0).subdifferential_distance(w, grad).tolist() == [0.0, 2.0, 0.0, 2.0]
    assert L2(1.0).subdifferential_distance(w, grad).tolist() == [1.0, 2.0, 0.4, 3.0]
    assert ElasticNet(2.0, 0.5).subdifferential_distance(w, grad).tolist() == [2.0, 3.0, 0.0, 2.0]


@given(vectors, strengths, steps)
def test_elastic_net_contains_both_parents(w, lam, step):
    for parent, l1_ratio in ((L1(lam), 1.0), (L2(lam), 0.0)):
        child = ElasticNet(lam, l1_ratio)
        assert child.value(w) == parent.value(w)
        np.testing.assert_array_equal(child.prox(w, step), parent.prox(w, step))
        np.testing.assert_array_equal(child.subgradient(w), parent.subgradient(w))


def test_soft_threshold_zeros_are_positive_zeros():
    z = soft_threshold([-1.0, -0.3, -0.0, 0.0, 0.3, 1.0], 1.0)
    assert z.tolist() == [0.0] * 6
    assert not np.signbit(z).any()


def test_soft_threshold_is_not_hard_thresholding():
    assert soft_threshold([-3.0, 3.0], 1.0).tolist() == [-2.0, 2.0]
    assert soft_threshold(3.0, 1.0) == 2.0
    assert soft_threshold([[3.0], [-0.5]], 1.0).tolist() == [[2.0], [0.0]]


@pytest.mark.parametrize("penalty", [L1(0.3), L2(0.3), ElasticNet(0.3, 0.5)])
def test_float32_shape_and_input_are_kept(penalty):
    w = np.array([[1.0, -2.0], [0.1, 0.0]], dtype=np.float32)
    before = w.copy()
    for result in (penalty.prox(w, 0.5), penalty.subgradient(w), penalty.subdifferential_distance(w, w)):
        assert result.dtype == np.float32
        assert result.shape == w.shape
    np.testing.assert_array_equal(w, before)
