"""The training loop of course_lib.nn: closed forms, early stopping, reproducibility, divergence."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from course_lib import nn
from course_lib.losses import SoftmaxLoss, SquaredLoss
from course_lib.penalties import L1, L2, ElasticNet
from course_lib.solvers import ridge


def regression(n=60, d=5, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d))
    return X, X @ np.array([2.0, -1.0, 0.0, 0.0, 0.5])[:d] + 0.5 + 0.3 * rng.normal(size=n)


def linear(d=5, seed=1):
    return nn.Sequential(nn.Linear(d, 1, np.random.default_rng(seed)))


def mlp(seed, p=0.2):
    rng = np.random.default_rng(seed)
    return nn.Sequential(nn.Linear(5, 16, rng), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(p, rng),
                         nn.Linear(16, 1, rng))  # fmt: skip


def train(model, X, y, *, optimiser=None, loss=None, **options):
    settings = {"epochs": 5, "batch_size": 20, "rng": np.random.default_rng(2), **options}
    optimiser = optimiser or nn.SGD(model.parameters(), lr=0.1)
    return nn.fit(model, X, y, loss=loss or SquaredLoss(), optimiser=optimiser, **settings)


@pytest.mark.parametrize("how", ["penalty", "weight_decay", "prox"])
def test_full_batch_training_reaches_the_ridge_solution(how):
    X, y = regression()
    lam, model = 0.3, linear()
    decay = lam if how == "weight_decay" else 0.0
    optimiser = nn.SGD(model.parameters(), lr=0.3, weight_decay=decay)
    rules = {} if how == "weight_decay" else {how: L2(lam)}
    train(model, X, y, optimiser=optimiser, epochs=400, batch_size=60, **rules)
    w, b = ridge.solve(X, y, lam)
    np.testing.assert_allclose(model.layers[0].weight.value[:, 0], w, atol=1e-10)
    assert model.layers[0].bias.value[0] == pytest.approx(b, abs=1e-10)


def test_full_batch_adam_reaches_ridge_with_l2_and_adamw_does_not():
    X, y = regression()
    w, _ = ridge.solve(X, y, 0.3)
    gaps = {}
    for make in (nn.Adam, nn.AdamW):
        model = linear()
        optimiser = make(model.parameters(), lr=0.01, weight_decay=0.3)
        train(model, X, y, optimiser=optimiser, epochs=3000, batch_size=60)
        gaps[make] = np.abs(model.layers[0].weight.value[:, 0] - w).max()
    assert gaps[nn.Adam] < 1e-6
    assert gaps[nn.AdamW] > 0.05


def test_proximal_training_reaches_a_kkt_point_with_exact_zeros():
    X, y = regression()
    penalty, model = ElasticNet(0.2, 0.8), linear()
    history = train(model, X, y, epochs=400, batch_size=60, prox=penalty,
                    optimiser=nn.SGD(model.parameters(), lr=0.3))  # fmt: skip
    w, b = model.layers[0].weight.value[:, 0], model.layers[0].bias.value[0]
    grad = X.T @ (X @ w + b - y) / len(y)
    assert penalty.subdifferential_distance(w, grad).max() < 1e-10
    assert (w == 0).sum() == 2
    assert history.penalty[-1] == pytest.approx(penalty.value(w), rel=1e-9)


def test_history_keeps_data_loss_and_penalty_apart():
    X, y = regression()
    model = nn.Sequential(nn.Dropout(0.4, np.random.default_rng(3)), *linear().layers)
    linear_layer, before = model.layers[1], model.predict(X)[:, 0]
    mask = np.random.default_rng(3).random(X.shape) >= 0.4
    dropped = linear_layer.forward(X * mask / 0.6, training=True)[:, 0]
    history = train(model, X, y, epochs=1, batch_size=None, penalty=L2(0.5), prox=L1(0.1))
    w, after = linear_layer.weight.value, model.predict(X)[:, 0]
    assert history.running_loss == [pytest.approx(SquaredLoss().value(y, dropped), rel=1e-14)]
    assert history.train_loss == [pytest.approx(SquaredLoss().value(y, after), rel=1e-14)]
    assert history.train_loss[0] != pytest.approx(SquaredLoss().value(y, before), rel=1e-3)
    assert history.penalty == [pytest.approx(0.25 * (w**2).sum() + 0.1 * np.abs(w).sum(), rel=1e-14)]
    assert history.validation_loss == []
    assert history.best_epoch is None


def test_epoch_loss_weighs_batches_by_their_size():
    X, y = regression(n=25)
    model = linear()
    optimiser = nn.SGD(model.parameters(), lr=1e-300)  # stands still: every batch sees the same weights
    history = train(model, X, y, optimiser=optimiser, epochs=1, batch_size=10)
    assert history.running_loss[0] == pytest.approx(SquaredLoss().value(y, model.predict(X)[:, 0]), rel=1e-13)


def test_every_epoch_visits_each_sample_once_in_a_new_order():
    seen = []

    class Spy(nn.Flatten):
        def forward(self, x, training):
            if training:
                seen.append(x[:, 0].astype(int).tolist())
            return super().forward(x, training)

    X = np.arange(7.0)[:, None]
    model = nn.Sequential(Spy(), nn.Linear(1, 1, np.random.default_rng(0), init=0.0))
    train(model, X, np.zeros(7), epochs=2, batch_size=3, optimiser=nn.SGD(model.parameters(), lr=1e-3))
    assert [len(rows) for rows in seen] == [3, 3, 1] * 2
    epochs = [[*seen[0], *seen[1], *seen[2]], [*seen[3], *seen[4], *seen[5]]]
    assert [sorted(rows) for rows in epochs] == [list(range(7))] * 2
    assert epochs[0] != epochs[1]


def test_without_batch_size_the_order_does_not_matter():
    X, y = regression()
    models = [linear(), linear()]
    for seed, model in enumerate(models):
        train(model, X, y, batch_size=None, rng=np.random.default_rng(seed))
    np.testing.assert_array_equal(models[0].predict(X), models[1].predict(X))


def test_max_norm_holds_after_training_and_biases_are_free():
    X, y = regression()
    model = mlp(3)
    train(model, X, y, max_norm=0.5)
    for layer in (model.layers[0], model.layers[4]):
        assert np.linalg.norm(layer.weight.value, axis=0).max() <= 0.5 + 1e-12


def test_select_everything_penalises_the_bias_too():
    X, y = regression()
    biases = []
    for select in (nn.is_weight, nn.everything):
        model = linear()
        train(model, X, y + 10, epochs=200, penalty=L2(1.0), select=select)
        biases.append(model.layers[0].bias.value[0])
    assert biases[0] > 9 > 6 > biases[1]


def test_training_is_reproducible_from_its_generators():
    X, y = regression()
    runs = []
    for seed in (4, 4, 5):
        model = mlp(seed)
        history = train(model, X, y, rng=np.random.default_rng(seed), epochs=3)
        runs.append((history.running_loss, model.predict(X)))
    assert runs[0][0] == runs[1][0]
    np.testing.assert_array_equal(runs[0][1], runs[1][1])
    assert runs[0][0] != runs[2][0]


def overfit(**options):
    """A network that overfits 20 noisy points: the validation loss falls, then rises."""
    rng = np.random.default_rng(6)
    X, valid = rng.normal(size=(20, 5)), rng.normal(size=(100, 5))
    y, valid_y = X[:, 0] + rng.normal(size=20), valid[:, 0] + rng.normal(size=100)
    model = nn.Sequential(nn.Linear(5, 50, rng), nn.BatchNorm1d(50), nn.Tanh(), nn.Linear(50, 1, rng))
    states = []
    history = train(model, X, y, batch_size=10, validation=(valid, valid_y), rng=rng,
                    callback=lambda epoch, h: states.append(model.state()), **options)  # fmt: skip
    return model, history, states, SquaredLoss().value(valid_y, model.predict(valid)[:, 0])


@pytest.mark.parametrize(("epochs", "patience", "early"), [(100, 5, True), (15, 99, False)])
def test_early_stopping_restores_the_best_weights_and_running_statistics(epochs, patience, early):
    model, history, states, loss = overfit(epochs=epochs, patience=patience)
    assert history.stopped_early is early
    assert history.best_epoch == int(np.argmin(history.validation_loss)) + 1 < len(history.validation_loss)
    if early:
        assert len(history.validation_loss) == history.best_epoch + patience
    assert loss == min(history.validation_loss)
    for array, saved in zip(model.arrays(), states[history.best_epoch - 1], strict=True):
        np.testing.assert_array_equal(array, saved)


def test_without_patience_nothing_is_restored():
    model, history, states, loss = overfit(epochs=15)
    assert loss == history.validation_loss[-1] > min(history.validation_loss)
    np.testing.assert_array_equal(model.arrays()[0], states[-1][0])


def test_callback_sees_every_epoch_with_its_history():
    X, y = regression()
    calls = []
    train(linear(), X, y, epochs=3, callback=lambda epoch, h: calls.append((epoch, len(h.running_loss))))
    assert calls == [(1, 1), (2, 2), (3, 3)]


def test_divergence_names_epoch_batch_and_learning_rate():
    X, y = regression()
    model = linear()
    with pytest.raises(nn.TrainingDiverged, match=r"epoch \d+, batch \d.*learning rate lr=50") as caught:
        train(model, X, y, optimiser=nn.SGD(model.parameters(), lr=50.0), epochs=500)
    assert caught.value.epoch > 1
    assert 1 <= caught.value.batch <= 3


def test_divergence_in_the_first_batch_blames_the_scale_of_the_data():
    X, y = regression()
    with pytest.raises(nn.TrainingDiverged, match=r"epoch 1, batch 1: .*largest \|X\|") as caught:
        train(linear(), 1e200 * X, y)
    assert (caught.value.epoch, caught.value.batch) == (1, 1)


@pytest.mark.parametrize("how", ["penalty", "weight_decay"])
def test_divergence_through_too_strong_a_penalty_says_so(how):
    X, y = regression()
    model = linear()
    decay = 500.0 if how == "weight_decay" else 0.0
    optimiser = nn.SGD(model.parameters(), lr=0.1, weight_decay=decay)
    penalty = L2(500.0) if how == "penalty" else None
    with pytest.raises(nn.TrainingDiverged, match=r"lr \* lam = 0.1 \* 500 is above 2"):
        train(model, X, y, optimiser=optimiser, epochs=500, penalty=penalty)


def test_a_parameter_that_overflows_before_the_proximal_step_is_reported():
    X, y = regression()
    model = linear()
    optimiser = nn.SGD(model.parameters(), lr=1e308)
    with pytest.raises(nn.TrainingDiverged, match=r"0\.weight is not finite.*learning rate"):
        train(model, X, y + 1e3, optimiser=optimiser, prox=L1(0.1))


def test_progress_is_silent_by_default_and_shows_on_request(capsys):
    X, y = regression()
    for progress in (False, "auto"):
        train(linear(), X, y, progress=progress)
    assert capsys.readouterr() == ("", "")
    train(linear(), X, y, progress=True)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "epoch" in captured.err


def test_mlp_learns_digits():
    X, y = load_digits(return_X_y=True)
    rng = np.random.default_rng(7)
    order = rng.permutation(len(X))
    X, y = X[order] / 16, y[order]
    model = nn.Sequential(nn.Linear(64, 32, rng), nn.ReLU(), nn.Dropout(0.2, rng), nn.Linear(32, 10, rng))
    optimiser = nn.Adam(model.parameters(), lr=0.005)
    history = nn.fit(model, X[:1300], y[:1300], loss=SoftmaxLoss(), optimiser=optimiser, epochs=15,
                     batch_size=32, rng=rng, penalty=L2(1e-4))  # fmt: skip
    assert (model.predict(X[1300:]).argmax(axis=1) == y[1300:]).mean() > 0.93
    assert history.running_loss[-1] < history.running_loss[0] / 4


X, Y = regression()
LABELS = np.arange(60) % 3
BAD = {
    "empty": ({"X": np.ones((0, 5)), "y": np.ones(0)}, ValueError, "X must not be empty"),
    "nan": ({"X": np.where(X > 2, np.nan, X)}, ValueError, "X must be finite, got nan"),
    "y-nan": ({"y": np.where(Y > 2, np.inf, Y)}, ValueError, "y must be finite, got inf"),
    "rows": ({"y": Y[:-1]}, ValueError, "X and y must have the same length, got 60 and 59"),
    "columns": ({"X": X[:, :4]}, ValueError, r"\(n, 5\).*got \(1, 4\)"),
    "vector": ({"X": X[:, 0]}, ValueError, "X must be 2-dimensional"),
    "epochs": ({"epochs": 0}, ValueError, "epochs must be >= 1, got 0"),
    "batch_size": ({"batch_size": 0}, ValueError, "batch_size must be >= 1, got 0"),
    "rng": ({"rng": 0}, TypeError, "rng must be a numpy Generator"),
    "penalty": ({"penalty": 0.1}, TypeError, "penalty must be a penalty such as .*got 0.1"),
    "prox": ({"prox": 0.1}, TypeError, "prox must be a penalty such as .*got 0.1"),
    "max_norm": ({"max_norm": -1}, ValueError, "max_norm must be > 0, got -1"),
    "patience": ({"patience": 3}, ValueError, "patience=3 needs validation"),
    "patience-0": ({"patience": 0, "validation": (X, Y)}, ValueError, "patience must be >= 1, got 0"),
    "validation": (
        {"validation": (X, Y[:3])},
        ValueError,
        "validation X and validation y must have the same",
    ),
    "model": (
        {"model": "mlp", "optimiser": nn.SGD(linear().parameters(), lr=1)},
        TypeError,
        "model must be a Sequential, got 'mlp'",
    ),
    "optimiser": ({"optimiser": nn.SGD(linear().parameters(), lr=1)}, ValueError, "built for another model"),
    "classes": (
        {"loss": SoftmaxLoss(), "y": LABELS},
        ValueError,
        "score|y must hold integer labels from 0 to 0",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_names_argument_and_value(case):
    changes, error, message = BAD[case]
    with pytest.raises(error, match=message):
        train(**{"model": linear(), "X": X, "y": Y, **changes})


def test_label_out_of_range_is_found_before_any_step():
    rng = np.random.default_rng(0)
    model = nn.Sequential(nn.Linear(5, 2, rng))
    before = model.state()
    with pytest.raises(ValueError, match="y must hold integer labels from 0 to 1, got 2"):
        train(model, X, LABELS, loss=SoftmaxLoss(), batch_size=1)
    for array, saved in zip(model.arrays(), before, strict=True):
        np.testing.assert_array_equal(array, saved)
