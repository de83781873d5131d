"""course_lib.deep: penalty, proximal step, max-norm. Oracles: the formula, scikit-learn, torch's renorm."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import ElasticNet as SklearnElasticNet
from torch import nn

from course_lib import deep

STRENGTHS = st.floats(0, 100)
SHARES = st.floats(0, 1)


def network(seed=0, dtype=torch.float64):
    """Return a small net with every kind of parameter that does not count, set to nonzero values."""
    model = nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4), nn.PReLU(), nn.Linear(4, 3)).to(dtype)
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.randn(p.shape, generator=deep.generator(seed), dtype=dtype))
        model[0].weight[0, :2] = 0.0
    return model


def flat(model):
    return np.concatenate([model[i].weight.detach().numpy().ravel() for i in (0, 3)])


def formula(w, lam, l1_ratio):
    return lam * (l1_ratio * np.abs(w).sum() + (1 - l1_ratio) / 2 * (w**2).sum())


@given(lam=STRENGTHS, l1_ratio=SHARES)
def test_penalty_is_the_formula_and_autograd_its_gradient(lam, l1_ratio):
    model = network()
    value = deep.penalty(model, lam, l1_ratio)
    value.backward()
    assert value.item() == pytest.approx(formula(flat(model), lam, l1_ratio), rel=1e-12)
    for i in (0, 3):
        w = model[i].weight.detach()
        expected = lam * (l1_ratio * torch.sign(w) + (1 - l1_ratio) * w)
        torch.testing.assert_close(model[i].weight.grad, expected, rtol=1e-12, atol=1e-300)
    for name, p in model.named_parameters():
        assert (p.grad is not None) == (name in ("0.weight", "3.weight"))


@given(lam=STRENGTHS, l1_ratio=SHARES)
def test_penalty_equals_the_numpy_class(lam, l1_ratio):
    penalties = pytest.importorskip("course_lib.penalties")
    expected = penalties.ElasticNet(lam, l1_ratio).value(flat(network()))
    assert deep.penalty(network(), lam, l1_ratio).item() == pytest.approx(expected, rel=1e-12)


def test_penalty_is_ridge_unless_asked_otherwise():
    model = network()
    assert deep.penalty(model, 0.3).item() == pytest.approx(0.15 * (flat(model) ** 2).sum())


def test_select_everything_counts_biases_and_norm_layers():
    model = network()
    w = np.concatenate([p.detach().numpy().ravel() for p in model.parameters()])
    value = deep.penalty(model, 0.7, 0.4, select=deep.everything)
    assert value.item() == pytest.approx(formula(w, 0.7, 0.4))


def test_a_shared_weight_counts_once_and_a_frozen_one_not_at_all():
    model = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 3), nn.Linear(3, 3)).double()
    model[2].weight = model[0].weight
    model[3].weight.requires_grad_(False)
    w = model[0].weight.detach().numpy()
    assert deep.penalty(model, 2.0, 0.5).item() == pytest.approx(formula(w, 2.0, 0.5))


@given(lam=STRENGTHS, l1_ratio=SHARES, lr=st.floats(1e-6, 10))
def test_prox_step_is_the_textbook_operator_and_spares_the_rest(lam, l1_ratio, lr):
    model, before = network(), network()
    deep.prox_step_(model, lam, l1_ratio, lr)
    after = dict(model.named_parameters())
    for name, p in before.named_parameters():
        w, got = p.detach().numpy(), after[name].detach().numpy()
        if name in ("0.weight", "3.weight"):
            shrunk = (
                np.sign(w) * np.maximum(np.abs(w) - lr * lam * l1_ratio, 0) / (1 + lr * lam * (1 - l1_ratio))
            )
            np.testing.assert_allclose(got, shrunk, rtol=1e-9, atol=1e-14)
            np.testing.assert_array_equal(got[np.abs(w) <= lr * lam * l1_ratio], 0.0)
            assert not np.signbit(got[got == 0]).any()
        else:
            np.testing.assert_array_equal(got, w)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_sgd_and_prox_step_reach_the_lasso_of_scikit_learn_zeros_included(l1_ratio):
    rng = np.random.default_rng(0)
    X, noise = rng.normal(size=(80, 12)), rng.normal(size=80)
    w_true = np.where(np.arange(12) < 3, [3.0, -2.0, 1.0] * 4, 0.0)
    y = X @ w_true + 1.5 + 0.5 * noise
    lam = 0.2
    reference = SklearnElasticNet(alpha=lam, l1_ratio=l1_ratio, tol=1e-14, max_iter=100_000).fit(X, y)
    assert 2 <= (reference.coef_ == 0).sum() <= 10  # otherwise the next lines compare nothing
    model = nn.Linear(12, 1).double()
    lr = 0.3
    optimiser = torch.optim.SGD(model.parameters(), lr=lr)
    X, y = torch.tensor(X), torch.tensor(y)[:, None]
    for _ in range(400):
        optimiser.zero_grad()
        deep.squared_loss(model(X), y).backward()
        optimiser.step()
        deep.prox_step_(model, lam, l1_ratio, lr)
    w = model.weight.detach().numpy().ravel()
    np.testing.assert_allclose(w, reference.coef_, atol=1e-6)
    np.testing.assert_array_equal(w == 0, reference.coef_ == 0)
    assert model.bias.item() == pytest.approx(reference.intercept_, abs=1e-6)


def test_l1_in_the_loss_makes_no_exact_zero():
    X = torch.randn(60, 10, generator=deep.generator(0), dtype=torch.float64)
    y = X[:, :1] * 2
    model = nn.Linear(10, 1).double()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(300):
        optimiser.zero_grad()
        (deep.squared_loss(model(X), y) + deep.penalty(model, 0.1, 1.0)).backward()
        optimiser.step()
    assert (model.weight != 0).all()
    deep.prox_step_(model, 0.1, 1.0, 0.1)
    assert (model.weight == 0).sum() >= 5


@given(limit=st.floats(0.1, 5))
def test_max_norm_is_the_projection_row_by_row(limit):
    model, before = network(), network()
    deep.max_norm_(model, limit)
    for i in (0, 3):
        w, got = before[i].weight.detach(), model[i].weight.detach()
        torch.testing.assert_close(got, torch.renorm(w, 2, 0, limit), rtol=1e-6, atol=1e-12)
        inside = w.norm(dim=1) <= limit
        assert torch.equal(got[inside], w[inside])
        assert torch.equal(model[i].bias, before[i].bias)


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("kind", [nn.Conv2d, nn.ConvTranspose2d])
def test_max_norm_of_convolutions_bounds_each_output_channel(kind, groups):
    model = kind(4, 6, 3, groups=groups, bias=False).double()
    with torch.no_grad():
        model.weight.mul_(20)
        deep.max_norm_(model, 0.5)
        # One pixel of one input channel at a time: the responses of an output channel are its weights.
        basis = torch.eye(4 * 5 * 5, dtype=torch.float64).view(100, 4, 5, 5)
        if kind is nn.ConvTranspose2d:
            weights = model(basis.view(100, 4, 5, 5)[12::25])  # centre pixel of each input channel
        else:
            weights = model(basis)[:, :, 1, 1][:, :, None, None]  # one output pixel, every input
        norms = weights.square().sum(dim=(0, 2, 3)).sqrt()
    torch.testing.assert_close(norms, torch.full((6,), 0.5, dtype=torch.float64))


def test_max_norm_leaves_a_zero_unit_and_a_vector_is_one_unit():
    model = nn.Linear(2, 2, bias=False)
    vector = nn.Module()
    vector.w, vector.b = nn.Parameter(torch.tensor([3.0, 4.0])), nn.Parameter(torch.tensor(9.0))
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[0.0, 0.0], [3.0, 4.0]]))
    deep.max_norm_(model, 1.0)
    deep.max_norm_(vector, 1.0)
    torch.testing.assert_close(model.weight.detach(), torch.tensor([[0.0, 0.0], [0.6, 0.8]]))
    torch.testing.assert_close(vector.w.detach(), torch.tensor([0.6, 0.8]))
    assert vector.b.item() == 9.0


CALLS = {
    "penalty": lambda model, lam=0.1, l1_ratio=0.5: deep.penalty(model, lam, l1_ratio),
    "prox": lambda model, lam=0.1, l1_ratio=0.5: deep.prox_step_(model, lam, l1_ratio, 0.1),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"lam": -0.5}, ValueError, r"lam must be >= 0, got -0\.5"),
        ({"lam": float("nan")}, ValueError, "lam must be finite, got nan"),
        ({"lam": "0.1"}, TypeError, "lam must be a number, got '0.1'"),
        ({"l1_ratio": 1.5}, ValueError, r"l1_ratio must lie in \[0, 1\], got 1\.5"),
        ({"model": nn.ReLU()}, ValueError, "model must have parameters, got ReLU"),
        ({"model": [1]}, TypeError, "model must be a torch.nn.Module, got list"),
        ({"model": nn.BatchNorm1d(3)}, ValueError, "no trainable weight"),
        ({"model": nn.Linear(2, 2).requires_grad_(False)}, ValueError, "no trainable weight"),
        ({"model": nn.LazyLinear(2)}, ValueError, "weight does not: pass one batch"),
    ],
)
def test_bad_input_is_named(call, arguments, error, message):
    with pytest.raises(error, match=message):
        call(**{"model": nn.Linear(2, 2), **arguments})


@pytest.mark.parametrize("value", [0, -1.0, float("inf")])
def test_step_and_limit_must_be_positive(value):
    with pytest.raises(ValueError, match=f"lr must be .*{value}"):
        deep.prox_step_(nn.Linear(2, 2), 0.1, 1.0, value)
    with pytest.raises(ValueError, match=f"limit must be .*{value}"):
        deep.max_norm_(nn.Linear(2, 2), value)
