"""course_lib.deep.Dropout: moments, backward pass, modes, the two ends of p."""

import copy

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from course_lib import deep


def dropout(p, seed=0):
    return deep.Dropout(p, generator=deep.generator(seed))


@given(p=st.floats(0, 1, exclude_max=True), seed=st.integers(0, 10))
def test_kept_values_are_scaled_by_one_over_one_minus_p(p, seed):
    x = torch.full((50,), 3.0, dtype=torch.float64)
    out = dropout(p, seed)(x)
    kept = out != 0
    torch.testing.assert_close(out[kept], x[kept] / (1 - p), rtol=1e-12, atol=0)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("p", [0.002, 0.2, 0.5, 0.9])
def test_the_share_of_zeros_mean_and_variance_are_those_of_the_mask(p, dtype):
    n = 400_000
    out = dropout(p)(torch.full((n,), 2.0, dtype=dtype)).double()
    zeros = (out == 0).double().mean().item()
    assert abs(zeros - p) < 5 * (p * (1 - p) / n) ** 0.5
    tolerance = 5 * (4 * p / (1 - p) / n) ** 0.5 + (0.01 if dtype is torch.bfloat16 else 0)
    assert abs(out.mean().item() - 2) < tolerance
    assert out.var().item() == pytest.approx(4 * p / (1 - p), rel=0.15 if p < 0.01 else 0.03)


def test_entries_and_calls_are_independent():
    drop, x = dropout(0.5), torch.ones(200, 300)
    first, second = drop(x) != 0, drop(x) != 0
    assert abs((first == second).double().mean().item() - 0.5) < 0.02
    assert abs((first[0] == first[1]).double().mean().item() - 0.5) < 0.15  # not one mask for a whole batch
    assert abs((first[:, 0] == first[:, 1]).double().mean().item() - 0.5) < 0.2


def test_p_zero_is_the_identity_and_p_one_gives_zeros_with_zero_gradient():
    x = torch.tensor([1.0, -2.0, float("inf")], requires_grad=True)
    assert torch.equal(dropout(0)(x), x)
    out = dropout(1)(x)
    out.sum().backward()
    assert torch.equal(out, torch.zeros(3))
    assert torch.equal(x.grad, torch.zeros(3))


def test_evaluation_is_the_identity_and_draws_nothing():
    drop, x = dropout(0.7).eval(), torch.randn(20, generator=deep.generator(1))
    assert drop(x) is x
    assert torch.equal(drop.generator.get_state(), deep.generator(0).get_state())
    assert (drop.train()(x) == 0).any()


def test_nested_modules_follow_train_and_eval_and_add_no_state():
    model = nn.Sequential(nn.Linear(8, 8), nn.Sequential(nn.ReLU(), dropout(0.5)), nn.Linear(8, 2))
    x = torch.randn(4, 8, generator=deep.generator(0))
    assert not torch.equal(model(x), model(x))
    model.eval()
    assert torch.equal(model(x), model(x))
    assert set(model.state_dict()) == {"0.weight", "0.bias", "2.weight", "2.bias"}
    twin = copy.deepcopy(model.train())
    assert torch.equal(twin(x), model(x))  # a copy goes on from the same state of its own generator


@pytest.mark.parametrize("p", [0.0, 0.2, 0.75, 1.0])
def test_gradcheck_with_the_mask_held_fixed(p):
    generator = deep.generator(3)
    drop = deep.Dropout(p, generator)

    def fixed(x):
        generator.manual_seed(3)
        return drop(x)

    x = torch.randn(4, 5, dtype=torch.float64, generator=deep.generator(0), requires_grad=True)
    assert torch.autograd.gradcheck(fixed, (x,))
    assert torch.autograd.gradgradcheck(fixed, (x,))


def test_the_backward_pass_uses_the_mask_of_the_forward_pass():
    x = torch.ones(1000, requires_grad=True)
    out = dropout(0.2)(x)
    out.sum().backward()
    assert torch.equal(x.grad, out.detach())
    assert set(out.unique().tolist()) == {0.0, 1.25}


def test_same_seed_same_masks_and_the_input_is_not_modified():
    x = torch.ones(100)
    drop, twin = dropout(0.4, 5), dropout(0.4, 5)
    for _ in range(3):
        assert torch.equal(drop(x), twin(x))
    assert torch.equal(x, torch.ones(100))


def test_without_a_generator_it_draws_from_torch():
    torch.manual_seed(0)
    first = deep.Dropout(0.5)(torch.ones(64))
    torch.manual_seed(0)
    assert torch.equal(first, deep.Dropout(0.5)(torch.ones(64)))


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_p_outside_the_unit_interval_is_refused_also_later(p):
    drop = dropout(0.5)
    with pytest.raises(ValueError, match=f"p must .*got {p}"):
        deep.Dropout(p)
    with pytest.raises(ValueError, match=f"p must .*got {p}"):
        drop.p = p
    assert repr(drop) == "Dropout(p=0.5)"


def test_wrong_kinds_are_refused():
    with pytest.raises(TypeError, match=r"p must be a number, got '0\.5'"):
        deep.Dropout("0.5")
    with pytest.raises(TypeError, match=r"generator must be a torch.Generator or None, got 0"):
        deep.Dropout(0.5, generator=0)
    with pytest.raises(TypeError, match=r"x must be a floating-point tensor, got torch\.int64"):
        dropout(0.5)(torch.arange(3))
    with pytest.raises(ValueError, match="generator must be on the input's device, got cpu and meta"):
        dropout(0.5)(torch.ones(3, device="meta"))
