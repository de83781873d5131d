"""The works on networks: same model on both sides, and a ratio that is a ratio."""

import numpy as np
import pytest

from course_lib.bench import neural


def test_both_sides_have_the_same_layers():
    for ours, theirs in (
        (neural.numpy_mlp(), neural.torch_mlp()),
        (neural.numpy_lenet5(), neural.torch_lenet5()),
    ):
        sizes = [p.value.size for p in ours.parameters()]
        assert sizes == [p.numel() for p in theirs.parameters()]


@pytest.mark.parametrize("side", ["numpy", "torch"])
def test_an_epoch_trains(side):
    if side == "numpy":
        model = neural.numpy_mlp()
        weight = model.layers[0].weight
        run = neural.numpy_epoch(model, 200, (784,))
        before = weight.value.copy()
        run()
        assert weight.value.dtype == np.float32
        assert not np.array_equal(weight.value, before)
    else:
        model = neural.torch_mlp()
        before = model[0].weight.detach().clone()
        neural.torch_epoch(model, 200, (784,), prox=0.5)()
        assert not np.array_equal(model[0].weight.detach(), before)
        assert (model[0].weight == 0).any()  # the proximal step was taken


def test_race_and_ratios():
    calls = []
    prepares = {"a": lambda: lambda: calls.append("a"), "b": lambda: lambda: calls.append("b")}
    seconds = neural.race(prepares, rounds=3)
    assert "".join(calls) == "ab" + "ab" + "ba" + "ab"
    assert all(values.shape == (3,) for values in seconds.values())
    table = neural.ratios({"a": np.array([1.0, 2.0, 4.0]), "b": np.array([2.0, 2.0, 2.0])}, base="b")
    assert table["b"] == (1.0, 1.0, 1.0)
    assert table["a"] == (0.75, 1.0, 1.5)
