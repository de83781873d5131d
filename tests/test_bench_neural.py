"""The works on networks: the same model on both sides, and the same training. Never a time."""

import numpy as np
import pytest

from course_lib import nn
from course_lib.bench import neural, problems, registry, timing


def test_both_sides_have_the_same_layers():
    for ours, theirs in (
        (neural.numpy_mlp(), neural.torch_mlp()),
        (neural.numpy_lenet5(), neural.torch_lenet5()),
    ):
        sizes = [p.value.size for p in ours.parameters()]
        assert sizes == [p.numel() for p in theirs.parameters()]


def test_from_the_same_weights_an_epoch_ends_at_the_same_weights():
    torch = pytest.importorskip("torch")
    rng, full = np.random.default_rng(0), problems.load("images", quick=True)
    one_batch = problems.Problem("one", full.X[:100], full.y[:100])  # its order does not matter

    def ours():
        return nn.Sequential(nn.Linear(784, 16, rng), nn.ReLU(), nn.Dropout(0.0, rng), nn.Linear(16, 10, rng))

    model = ours()

    def theirs():
        copy = torch.nn.Sequential(
            torch.nn.Linear(784, 16), torch.nn.ReLU(), torch.nn.Dropout(0.0), torch.nn.Linear(16, 10)
        )
        with torch.no_grad():
            for mine, other in zip(copy.parameters(), model.parameters(), strict=True):
                mine.copy_(torch.from_numpy(np.array(other.value.T, dtype=np.float32)))
        return copy

    runs = (
        neural.torch_epoch(theirs, False, one_batch),  # first: it copies the weights
        neural.numpy_epoch(lambda: model, False, one_batch),
    )
    before = model.parameters()[0].value.copy()
    for _ in range(3):
        other, mine = (run(None) for run in runs)
    assert not np.array_equal(before, mine.parameters()[0].value)
    for a, b in zip(mine.parameters(), other.parameters(), strict=True):
        assert a.value.dtype == np.float32
        np.testing.assert_allclose(a.value.T, b.detach().numpy(), atol=2e-6)


def test_the_proximal_step_is_taken():
    model = neural.penalised(prox=0.5)(problems.load("images", quick=True))(None)
    assert (model[0].weight == 0).any()


@pytest.mark.parametrize("name", ["neural-mlp", "neural-lenet5", "neural-penalties"])
def test_everybody_runs_and_has_a_ratio_with_quartiles(name):
    work = registry.works([name])[0]
    record = timing.measure(work, problems.load(work.problems[0], quick=True), timing.Limits(rounds=3))
    assert not record["absent"]
    assert record["contestants"][0]["ratio"] == 1
    for row in record["contestants"]:
        low, high = row["ratio_quartiles"]
        assert 0 < low <= row["ratio"] <= high
