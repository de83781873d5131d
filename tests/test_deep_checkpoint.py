"""Checkpoints: an interrupted run that goes on is the run that was never interrupted."""

import numpy as np
import pytest
import torch
from torch import nn

from course_lib import deep

RNG = np.random.default_rng(0)
X, y = RNG.normal(size=(70, 6)).astype(np.float32), RNG.integers(0, 3, 70)


class Interrupted(Exception):
    """Stands for a power cut."""


def stop_after(last):
    def callback(epoch, model, history):
        if epoch > last:
            raise Interrupted

    return callback


def parts(width=8, kind=torch.optim.Adam):
    torch.manual_seed(1)
    own, foreign = deep.Dropout(0.3, deep.generator(5)), nn.Dropout(0.2)  # one generator its own, one torch's
    model = nn.Sequential(nn.Linear(6, width), nn.BatchNorm1d(width), nn.ReLU(), own, nn.Linear(width, width),
                          foreign, nn.Linear(width, 3))  # fmt: skip
    return model, kind(model.parameters(), lr=0.01), deep.generator(3)


def train(model, optimiser, generator, epochs=6, **options):
    options = {"batch_size": 16, "validation": (X[:20], y[:20]), **options}
    return deep.fit(model, X, y, loss=nn.CrossEntropyLoss(), optimiser=optimiser, generator=generator,
                    epochs=epochs, **options)  # fmt: skip


@pytest.mark.parametrize("patience", [None, 4])
def test_a_resumed_run_is_the_uninterrupted_run_bit_for_bit(tmp_path, patience):
    model, optimiser, generator = parts()
    torch.manual_seed(7)
    whole = train(model, optimiser, generator, patience=patience)
    first, *others = parts()
    torch.manual_seed(7)
    file = tmp_path / "deeper" / "run.pt"
    with pytest.raises(Interrupted):
        train(first, *others, checkpoint=file, callback=stop_after(3), patience=patience)
    second, *others = parts()
    with torch.no_grad():
        second[0].weight.zero_()  # whatever it starts from
    torch.manual_seed(999)
    resumed = train(second, *others, checkpoint=file, patience=patience)
    assert resumed == whole
    for (name, p), q in zip(model.state_dict().items(), second.state_dict().values(), strict=True):
        assert torch.equal(p, q), name
    assert not list(file.parent.glob("*.part"))


def test_a_finished_run_is_only_read(tmp_path):
    model, *others = parts()
    done = train(model, *others, checkpoint=tmp_path / "run.pt")
    before = (tmp_path / "run.pt").read_bytes()
    again, *others = parts()
    assert train(again, *others, checkpoint=tmp_path / "run.pt") == done
    assert all(torch.equal(p, q) for p, q in zip(model.parameters(), again.parameters(), strict=True))
    assert (tmp_path / "run.pt").read_bytes() == before


def test_more_epochs_continue_and_a_run_that_stopped_early_stays_stopped(tmp_path):
    model, *others = parts()
    assert len(train(model, *others, epochs=2, checkpoint=tmp_path / "run.pt").train_loss) == 2
    more = train(model, *others, epochs=5, checkpoint=tmp_path / "run.pt")
    assert len(more.train_loss) == 5
    model, *others = parts()
    still = torch.optim.SGD(model.parameters(), lr=0.0)
    options = {"patience": 2, "checkpoint": tmp_path / "early.pt", "validation": (X[:20], y[:20])}
    for epochs in (9, 30):
        model[1].momentum = 0.0
        history = train(model, still, others[1], epochs=epochs, **options)
        assert history.stopped_early
        assert len(history.train_loss) == 3


def test_the_best_weights_are_put_back_after_a_resume(tmp_path):
    model, *others = parts()
    history = train(model, *others, epochs=8, patience=8, checkpoint=tmp_path / "run.pt")
    restored = deep.evaluate(model, X[:20], y[:20], loss=nn.CrossEntropyLoss())
    assert restored == pytest.approx(min(history.validation_loss), rel=1e-6)
    again, *others = parts()
    train(again, *others, epochs=8, patience=8, checkpoint=tmp_path / "run.pt")
    assert deep.evaluate(again, X[:20], y[:20], loss=nn.CrossEntropyLoss()) == pytest.approx(restored)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"batch_size": 7}, "run.pt belongs to another run .*'batch_size': 16.*, not .*'batch_size': 7"),
        ({"width": 9}, "run.pt is of another model or optimiser"),
        ({"broken": b"not a checkpoint"}, "run.pt cannot be read"),
    ],
)
def test_a_foreign_or_broken_file_is_refused(tmp_path, change, message):
    model, *others = parts()
    train(model, *others, epochs=1, checkpoint=tmp_path / "run.pt")
    if "broken" in change:
        (tmp_path / "run.pt").write_bytes(change["broken"])
    model, *others = parts(change.get("width", 8))
    with pytest.raises(ValueError, match=message):
        train(model, *others, checkpoint=tmp_path / "run.pt", batch_size=change.get("batch_size", 16))
