"""LeNet-5 in its variants: parameters counted by hand, the partial table, what the special layers do."""

import numpy as np
import pytest
import torch
from torch import nn

from course_lib import deep
from course_lib.deep.lenet import C3_TABLE, PartialConv2d, RBFOutput, Squash, Subsampling

COUNTS = {
    "lenet5_1998": {"C1": 156, "S2": 12, "C3": 1516, "S4": 32, "C5": 48120, "F6": 10164},
    "lenet5": {"C1": 156, "C3": 2416, "C5": 48120, "F6": 10164, "output": 850},
    "lenet5_same": {"C1": 156, "C3": 2416, "C5": 94200, "F6": 10164, "output": 850},
}
TOTALS = {"lenet5_1998": 60_000, "lenet5": 61_706, "lenet5_same": 107_786}
SIDES = {"lenet5_1998": 32, "lenet5": 28, "lenet5_same": 28}


@pytest.mark.parametrize("name", COUNTS)
def test_parameters_of_each_layer_and_in_total(name):
    model = getattr(deep, name)()
    assert deep.count_parameters(model) == COUNTS[name]
    assert sum(COUNTS[name].values()) == TOTALS[name]
    assert sum(p.numel() for p in model.parameters()) == TOTALS[name]


@pytest.mark.parametrize("name", COUNTS)
def test_every_parameter_gets_a_gradient(name):
    torch.manual_seed(0)
    model = getattr(deep, name)()
    x = torch.rand(16, 1, SIDES[name], SIDES[name])
    loss = nn.CrossEntropyLoss()(model(x), torch.arange(16) % 10)
    loss.backward()
    for key, p in model.named_parameters():
        assert torch.count_nonzero(p.grad) > 0, key


def test_the_network_of_1998_learns():
    from course_lib import datasets

    digits = datasets.load("digits", as_images=True)
    x = np.pad(np.kron(digits.X[:200], np.ones((3, 3))), ((0, 0), (4, 4), (4, 4)))[:, None]
    y = digits.y[:200].astype(int)
    torch.manual_seed(0)
    model = deep.lenet5_1998()
    sgd = torch.optim.SGD(model.parameters(), lr=0.001, momentum=0.9)
    deep.fit(model, x, y, loss=nn.CrossEntropyLoss(), optimiser=sgd, epochs=6, batch_size=20,
             generator=deep.generator(0))  # fmt: skip
    answers = model(torch.tensor(x, dtype=torch.float32)).argmax(dim=1).numpy()
    assert np.mean(answers == y) > 0.9


def test_table_one_of_the_paper():
    assert [len(inputs) for inputs in C3_TABLE] == [3] * 6 + [4] * 9 + [6]
    assert len(set(C3_TABLE)) == 16
    assert sum(map(len, C3_TABLE)) == 60
    uses = np.bincount(np.concatenate(C3_TABLE))
    np.testing.assert_array_equal(uses, 10)  # each map of S2 is seen ten times
    assert all(len(inputs) == len(set(inputs)) and list(inputs) == sorted(inputs) for inputs in C3_TABLE)


def test_partial_convolution_is_the_sum_over_its_inputs_and_blind_to_the_others():
    torch.manual_seed(1)
    layer, x = PartialConv2d(C3_TABLE).double(), torch.randn(3, 6, 14, 14, dtype=torch.float64)
    out = layer(x)
    assert out.shape == (3, 16, 10, 10)
    for o, inputs in enumerate(C3_TABLE):
        alone = nn.functional.conv2d(x[:, list(inputs)], layer.weight[o][None], layer.bias[o : o + 1])
        torch.testing.assert_close(out[:, o : o + 1], alone, rtol=1e-12, atol=1e-12)
    changed = x.clone()
    changed[:, 3] += 1.0
    moved = (layer(changed) != out).flatten(2).any(2).any(0)
    assert moved.tolist() == [3 in inputs for inputs in C3_TABLE]


def test_subsampling_sums_four_pixels():
    layer = Subsampling(2)
    with torch.no_grad():
        layer.coefficient.copy_(torch.tensor([2.0, -1.0]))
        layer.bias.copy_(torch.tensor([0.5, 0.0]))
    x = torch.arange(32.0).reshape(1, 2, 4, 4)
    window = lambda c, i, j: x[0, c, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2].sum()  # noqa: E731
    expected = [[[2 * window(0, i, j) + 0.5 for j in (0, 1)] for i in (0, 1)],
                [[-window(1, i, j) for j in (0, 1)] for i in (0, 1)]]  # fmt: skip
    torch.testing.assert_close(layer(x)[0], torch.tensor(expected))


def test_squash_keeps_one_and_minus_one():
    values = Squash()(torch.tensor([-1.0, 0.0, 1.0]))
    torch.testing.assert_close(values, torch.tensor([-1.0, 0.0, 1.0]), atol=1e-4, rtol=0)


def test_output_is_minus_the_squared_distance_to_fixed_codes():
    layer = RBFOutput()
    assert not list(layer.parameters())
    assert set(layer.codes.unique().tolist()) == {-1.0, 1.0}
    gaps = (layer.codes[:, None] != layer.codes).sum(dim=2) + 84 * torch.eye(10)
    assert gaps.min() > 20  # no two codes are close
    assert torch.equal(RBFOutput().codes, layer.codes)
    x = torch.randn(4, 84)
    expected = -(torch.cdist(x, layer.codes) ** 2)
    torch.testing.assert_close(layer(x), expected, rtol=1e-4, atol=1e-3)
    assert layer(layer.codes).argmax(dim=1).tolist() == list(range(10))


def test_dropout_after_c5_and_f6_only_while_training():
    model = deep.lenet5(0.4, deep.generator(0))
    assert [name for name, m in model.named_children() if isinstance(m, deep.Dropout)] == ["drop5", "drop6"]
    x = torch.rand(2, 1, 28, 28)
    assert not torch.equal(model.train()(x), model(x))
    assert torch.equal(model.eval()(x), model(x))
    with pytest.raises(ValueError, match=r"p must lie in \[0, 1\], got 1.2"):
        deep.lenet5(1.2)


def test_only_weights_are_penalised():
    model = deep.lenet5_1998()
    weights = deep.named_weights(model)
    assert "S2.coefficient" in weights
    assert not any("bias" in name or "codes" in name for name in weights)
    assert sum(w.numel() for w in weights.values()) == 60_000 - (6 + 6 + 16 + 16 + 120 + 84)


def test_count_parameters_skips_what_is_frozen_and_refuses_what_is_no_module():
    model = deep.lenet5()
    model.C1.weight.requires_grad_(False)
    model.F6.requires_grad_(False)
    assert deep.count_parameters(model) == {"C1": 6, "C3": 2416, "C5": 48120, "output": 850}
    with pytest.raises(TypeError, match=r"model must be a torch\.nn\.Module, got int"):
        deep.count_parameters(3)
