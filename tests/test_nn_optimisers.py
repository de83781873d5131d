"""Optimisers and regularization of course_lib.nn: torch trajectories and theorems."""

import numpy as np
import pytest
import torch

from course_lib import nn
from course_lib.penalties import L1, L2, ElasticNet

OPTIMISERS = {
    "sgd": (nn.SGD, torch.optim.SGD, {"lr": 0.1}),
    "sgd-momentum": (nn.SGD, torch.optim.SGD, {"lr": 0.05, "momentum": 0.9}),
    "sgd-decay": (nn.SGD, torch.optim.SGD, {"lr": 0.05, "momentum": 0.8, "weight_decay": 0.1}),
    "adam": (nn.Adam, torch.optim.Adam, {"lr": 0.02}),
    "adam-decay": (nn.Adam, torch.optim.Adam, {"lr": 0.02, "betas": (0.8, 0.95), "weight_decay": 0.3}),
    "adamw": (nn.AdamW, torch.optim.AdamW, {"lr": 0.02, "eps": 1e-6, "weight_decay": 0.3}),
}


def parameters(rng):
    weight = nn.Parameter(rng.normal(size=(4, 3)), "weight", is_weight=True, unit_axis=1)
    return [weight, nn.Parameter(rng.normal(size=3), "bias")]


@pytest.mark.parametrize("name", OPTIMISERS)
def test_trajectory_equals_torch(name):
    ours, theirs, options = OPTIMISERS[name]
    rng = np.random.default_rng(0)
    ps = parameters(rng)
    qs = [torch.tensor(p.value, requires_grad=True) for p in ps]
    mine, reference = ours(ps, select=nn.everything, **options), theirs(qs, **options)
    for _ in range(20):
        for p, q in zip(ps, qs, strict=True):
            p.grad[...] = rng.normal(size=p.value.shape) + p.value
            q.grad = torch.tensor(p.grad)
        mine.step()
        reference.step()
        for p, q in zip(ps, qs, strict=True):
            np.testing.assert_allclose(p.value, q.detach().numpy(), rtol=1e-12, atol=1e-12)


def test_learning_rate_may_change_between_steps():
    rng = np.random.default_rng(1)
    ps = parameters(rng)
    optimiser = nn.SGD(ps, lr=0.1)
    before = ps[0].value.copy()
    ps[0].grad[...] = 1.0
    optimiser.lr = 0.01
    optimiser.step()
    np.testing.assert_allclose(before - ps[0].value, 0.01, rtol=1e-12)


@pytest.mark.parametrize("name", ["sgd-decay", "adam-decay", "adamw"])
def test_biases_do_not_decay_by_default(name):
    make, _, options = OPTIMISERS[name]
    ps = parameters(np.random.default_rng(2))
    weight, bias = (p.value.copy() for p in ps)
    make(ps, **options).step()  # gradients are zero: only decay can move anything
    assert np.all(np.abs(ps[0].value) < np.abs(weight))
    np.testing.assert_array_equal(ps[1].value, bias)


def test_adamw_decays_a_parameter_without_gradient_by_lr_times_lam():
    ps = parameters(np.random.default_rng(3))
    before = ps[0].value.copy()
    nn.AdamW(ps, lr=0.1, weight_decay=0.5).step()
    np.testing.assert_allclose(ps[0].value, 0.95 * before, rtol=1e-15)


def test_l2_in_the_loss_shrinks_a_parameter_without_gradient_by_one_minus_lr_lam():
    lr, lam = 0.25, 0.5  # powers of two: 1 - lr lam = 0.875 without rounding
    for optimiser_decay in (0.0, lam):
        ps = parameters(np.random.default_rng(4))
        before = [p.value.copy() for p in ps]
        if optimiser_decay == 0:
            nn.add_penalty_gradient(ps, L2(lam))
        nn.SGD(ps, lr=lr, weight_decay=optimiser_decay).step()
        np.testing.assert_allclose(ps[0].value, (1 - lr * lam) * before[0], rtol=1e-15)
        np.testing.assert_array_equal(ps[1].value, before[1])


@pytest.mark.parametrize("select", [nn.is_weight, nn.everything])
def test_penalty_gradient_equals_finite_differences_of_penalty_value(select):
    ps, penalty, step = parameters(np.random.default_rng(5)), ElasticNet(0.7, 0.3), 1e-6
    nn.add_penalty_gradient(ps, penalty, select=select)
    for p in ps:
        for index in np.ndindex(p.value.shape):
            old, values = p.value[index], []
            for shift in (step, -step):
                p.value[index] = old + shift
                values.append(nn.penalty_value(ps, penalty, select=select))
            p.value[index] = old
            assert p.grad[index] == pytest.approx((values[0] - values[1]) / (2 * step), abs=1e-8)


def test_penalty_value_is_the_base_objective():
    ps = parameters(np.random.default_rng(6))
    w = ps[0].value
    expected = 0.7 * (0.3 * np.abs(w).sum() + 0.7 / 2 * (w**2).sum())
    assert nn.penalty_value(ps, ElasticNet(0.7, 0.3)) == pytest.approx(expected, rel=1e-14)


def test_penalty_gradient_is_added_to_the_loss_gradient():
    ps = parameters(np.random.default_rng(7))
    ps[0].grad[...] = 5.0
    nn.add_penalty_gradient(ps, L2(0.1))
    np.testing.assert_allclose(ps[0].grad, 5.0 + 0.1 * ps[0].value, rtol=1e-15)


def test_prox_step_thresholds_by_lr_lam_with_exact_zeros_and_no_sign_change():
    ps = parameters(np.random.default_rng(8))
    before = [p.value.copy() for p in ps]
    lr, lam = 0.2, 3.0
    nn.prox_step(ps, L1(lam), lr)
    after = ps[0].value
    small = np.abs(before[0]) <= lr * lam
    assert 0 < small.sum() < small.size  # both kinds occur
    assert np.all(after[small] == 0)
    np.testing.assert_allclose(np.abs(after[~small]), np.abs(before[0][~small]) - lr * lam, rtol=1e-12)
    assert np.all(after * before[0] >= 0)
    np.testing.assert_array_equal(ps[1].value, before[1])


def test_prox_step_elastic_net_minimises_its_objective():
    """Optimality (KKT): v = prox(w) exactly when (w - v)/lr is a subgradient of the penalty at v."""
    ps = parameters(np.random.default_rng(9))
    w, lr, lam, share = ps[0].value.copy(), 0.4, 0.9, 0.6
    nn.prox_step(ps, ElasticNet(lam, share), lr)
    v = ps[0].value
    slope = (w - v) / lr - lam * (1 - share) * v
    np.testing.assert_allclose(slope[v != 0], lam * share * np.sign(v[v != 0]), rtol=1e-10)
    assert np.all(np.abs(slope[v == 0]) <= lam * share)


def test_subgradient_steps_leave_no_exact_zeros_where_the_proximal_step_does():
    counts = {}
    for kind in ("subgradient", "prox"):
        ps = parameters(np.random.default_rng(10))
        optimiser = nn.SGD(ps, lr=0.05)
        for _ in range(200):
            ps[0].grad[...] = 0.1 * ps[0].value
            if kind == "subgradient":
                nn.add_penalty_gradient(ps, L1(0.3))
            optimiser.step()
            if kind == "prox":
                nn.prox_step(ps, L1(0.3), 0.05)
        counts[kind] = int((ps[0].value == 0).sum())
    assert counts == {"subgradient": 0, "prox": 12}


def test_max_norm_bounds_the_incoming_weights_of_each_unit_and_is_idempotent():
    ps = parameters(np.random.default_rng(11))
    ps[0].value[:, 0] *= 0.01
    before = [p.value.copy() for p in ps]
    nn.project_max_norm(ps, 1.0)
    norms = np.linalg.norm(before[0], axis=0)
    assert norms[0] < 1 < norms[1:].min()
    np.testing.assert_array_equal(ps[0].value[:, 0], before[0][:, 0])
    np.testing.assert_allclose(ps[0].value[:, 1:], before[0][:, 1:] / norms[1:], rtol=1e-14)
    np.testing.assert_array_equal(ps[1].value, before[1])
    once = ps[0].value.copy()
    nn.project_max_norm(ps, 1.0)
    np.testing.assert_allclose(ps[0].value, once, rtol=1e-15)


def test_max_norm_of_a_zero_unit_is_zero():
    p = nn.Parameter(np.zeros((4, 2)), "weight", is_weight=True, unit_axis=1)
    nn.project_max_norm([p], 1.0)
    np.testing.assert_array_equal(p.value, 0)


P = parameters(np.random.default_rng(0))
BAD = {
    "lr": (lambda: nn.SGD(P, lr=0), ValueError, "lr must be > 0, got 0"),
    "lr-nan": (lambda: nn.Adam(P, lr=float("nan")), ValueError, "lr must be finite"),
    "decay": (lambda: nn.SGD(P, lr=1, weight_decay=-0.1), ValueError, "weight_decay must be >= 0, got -0.1"),
    "adamw": (lambda: nn.AdamW(P, weight_decay=-1), ValueError, "weight_decay must be >= 0, got -1"),
    "adamw-default": (lambda: nn.AdamW(P), TypeError, "weight_decay"),
    "momentum": (
        lambda: nn.SGD(P, lr=1, momentum=1.0),
        ValueError,
        r"momentum must lie in \[0, 1\), got 1.0",
    ),
    "betas": (lambda: nn.Adam(P, betas=(0.9, 1.0)), ValueError, r"betas\[1\] must lie in \[0, 1\)"),
    "parameters": (lambda: nn.SGD([np.ones(3)], lr=1), TypeError, "parameters must be those of a model"),
    "none": (lambda: nn.SGD([], lr=1), TypeError, "parameters must be those of a model"),
    "max_norm": (lambda: nn.project_max_norm(P, 0), ValueError, "limit must be > 0, got 0"),
    "decoupled": (lambda: nn.decoupled_decay(P, -1, 0.1), ValueError, "lam must be >= 0, got -1"),
    "prox-lr": (lambda: nn.prox_step(P, L1(1), 0), ValueError, "lr must be > 0"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_names_argument_and_value(case):
    call, error, message = BAD[case]
    with pytest.raises(error, match=message):
        call()
