"""Weight decay in torch: who decays (decay_groups), and what each optimiser makes of the number."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from course_lib import deep


class Net(nn.Module):
    """One of everything."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(7, 4)
        self.conv = nn.Conv2d(1, 2, 3)
        self.batch_norm = nn.BatchNorm2d(2)
        self.blocks = nn.ModuleList([nn.Linear(4, 4), nn.LayerNorm(4), nn.GroupNorm(2, 4), nn.RMSNorm(4)])
        self.gru = nn.GRU(4, 3)
        self.attention = nn.MultiheadAttention(4, 2, add_bias_kv=True)
        self.slope = nn.PReLU()
        self.frozen = nn.Linear(4, 4)
        self.frozen.requires_grad_(False)


DECAYED = {
    "conv.weight", "blocks.0.weight", "gru.weight_ih_l0", "gru.weight_hh_l0",
    "attention.in_proj_weight", "attention.out_proj.weight",
}  # fmt: skip


def names(model, group):
    return {name for name, p in model.named_parameters() if any(p is q for q in group["params"])}


def test_groups_go_by_the_type_of_the_module_and_hold_everything_once():
    model = Net()
    decayed, rest = deep.decay_groups(model, 0.01)
    assert (decayed["weight_decay"], rest["weight_decay"]) == (0.01, 0.0)
    assert names(model, decayed) == DECAYED == set(deep.named_weights(model))
    trainable = {name for name, p in model.named_parameters() if p.requires_grad}
    assert names(model, rest) == trainable - DECAYED
    assert len(decayed["params"]) + len(rest["params"]) == len(trainable)
    torch.optim.AdamW([decayed, rest], lr=1e-3)  # torch rejects a parameter that stands in two groups


@pytest.mark.parametrize("embedding_first", [True, False])
def test_a_tied_embedding_stands_once_among_the_weights(embedding_first):
    model = nn.Module()
    embedding, head = nn.Embedding(7, 4), nn.Linear(4, 7, bias=False)
    head.weight = embedding.weight
    for name, module in (
        [("a", embedding), ("b", head)] if embedding_first else [("a", head), ("b", embedding)]
    ):
        setattr(model, name, module)
    (group,) = deep.decay_groups(model, 0.1)
    assert len(group["params"]) == 1
    assert group["params"][0] is embedding.weight
    assert group["weight_decay"] == 0.1


def test_select_decides_and_empty_groups_are_left_out():
    (group,) = deep.decay_groups(nn.Linear(3, 2), 0.1, select=deep.everything)
    assert (len(group["params"]), group["weight_decay"]) == (2, 0.1)
    (group,) = deep.decay_groups(nn.BatchNorm1d(3), 0.1)
    assert (len(group["params"]), group["weight_decay"]) == (2, 0.0)


@pytest.mark.parametrize(
    ("model", "decay", "error", "message"),
    [
        (nn.Linear(2, 2), -0.1, ValueError, r"weight_decay must be >= 0, got -0\.1"),
        (nn.Linear(2, 2), None, TypeError, "weight_decay must be a number, got None"),
        (nn.Linear(2, 2), float("inf"), ValueError, "weight_decay must be finite, got inf"),
        (nn.Flatten(), 0.1, ValueError, "model must have parameters, got Flatten"),
        (nn.Linear(2, 2).requires_grad_(False), 0.1, ValueError, "no trainable parameters"),
        ("net", 0.1, TypeError, "model must be a torch.nn.Module, got str"),
    ],
)
def test_bad_input_is_named(model, decay, error, message):
    with pytest.raises(error, match=message):
        deep.decay_groups(model, decay)


# What the optimisers do with weight_decay.


def regression(n=50, d=4):
    """Return a problem with XᵀX = n I, whose curvature is 1 in every direction."""
    rng = np.random.default_rng(1)
    X = np.linalg.qr(rng.normal(size=(n, d)))[0] * np.sqrt(n)
    y = X @ np.array([2.0, -1.0, 0.5, 3.0])[:d] + 0.1 * rng.normal(size=n)
    return torch.tensor(X), torch.tensor(y)[:, None]


def line(d=4):
    model = nn.Linear(d, 1, bias=False).double()
    nn.init.constant_(model.weight, 0.3)
    return model


def trajectory(model, optimiser, objective, steps):
    path = []
    for _ in range(steps):
        optimiser.zero_grad()
        objective(model).backward()
        optimiser.step()
        path.append(model.weight.detach().clone())
    return torch.stack(path)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize(("loss", "factor"), [(deep.squared_loss, 1), (nn.MSELoss(), 2)])
def test_sgd_weight_decay_is_the_penalty_with_a_factor_two_beside_mse(loss, factor, momentum):
    X, y = regression()
    lam, lr = 0.3, 0.05
    # The objective is factor * J: its minimiser is that of J, so beside MSELoss the penalty doubles as well.
    one, two, wrong = line(), line(), line()

    def sgd(model, decay):
        return torch.optim.SGD(deep.decay_groups(model, decay), lr=lr, momentum=momentum)

    in_loss = trajectory(one, sgd(one, 0.0), lambda m: loss(m(X), y) + factor * deep.penalty(m, lam), 60)
    decayed = trajectory(two, sgd(two, factor * lam), lambda m: loss(m(X), y), 60)
    torch.testing.assert_close(in_loss, decayed, rtol=0, atol=1e-12)
    other = trajectory(wrong, sgd(wrong, (3 - factor) * lam), lambda m: loss(m(X), y), 60)
    assert (other - decayed).abs().max() > 0.05


@given(lam=st.floats(0, 5), lr=st.floats(1e-4, 0.15))
def test_a_parameter_without_gradient_shrinks_by_one_minus_lr_lam(lam, lr):
    def shrunk(kind):
        model = line()
        optimiser = kind(deep.decay_groups(model, lam), lr=lr)
        (0.0 * model.weight.sum()).backward()
        optimiser.step()
        return model.weight.detach()

    expected = torch.full((1, 4), 0.3 * (1 - lr * lam), dtype=torch.float64)
    torch.testing.assert_close(shrunk(torch.optim.SGD), expected, rtol=1e-12, atol=0)
    torch.testing.assert_close(shrunk(torch.optim.AdamW), expected, rtol=1e-12, atol=0)
    if lam > 1e-3:  # Adam divides lam * w by its own size: the step is lr, whatever lam
        torch.testing.assert_close(
            shrunk(torch.optim.Adam), torch.full_like(expected, 0.3 - lr), rtol=0, atol=1e-5
        )


def test_adam_reaches_ridge_and_adamw_does_not():
    X, y = regression()
    lam = 1.0
    ridge = torch.linalg.solve(X.T @ X / 50 + lam * torch.eye(4, dtype=torch.float64), X.T @ y / 50).T

    def distance(kind):
        model = line()
        optimiser = kind(deep.decay_groups(model, lam), lr=0.05)
        schedule = torch.optim.lr_scheduler.ExponentialLR(optimiser, 0.995)
        for _ in range(2500):
            optimiser.zero_grad()
            deep.squared_loss(model(X), y).backward()
            optimiser.step()
            schedule.step()
        return (model.weight.detach() - ridge).abs().max().item()

    assert distance(torch.optim.Adam) < 1e-6
    assert distance(torch.optim.AdamW) > 0.1
