"""course_lib.deep: the training loop, devices and seeds."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from course_lib import deep


def data(n=60, d=5, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d))
    return X, (X @ np.arange(1.0, d + 1) + 0.5 + 0.3 * rng.normal(size=n))[:, None]


def line(d=5, value=0.0):
    model = nn.Linear(d, 1).double()
    nn.init.constant_(model.weight, value)
    nn.init.zeros_(model.bias)
    return model


def run(model, X, y, *, lr=0.1, optimiser=None, **options):
    optimiser = optimiser or torch.optim.SGD(model.parameters(), lr=lr)
    settings = {"loss": deep.squared_loss, "epochs": 3, "batch_size": None, "generator": deep.generator(0)}
    return deep.fit(model, X, y, optimiser=optimiser, **{**settings, **options})


def deep_net(seed=0, p=0.3):
    torch.manual_seed(seed)
    drop = deep.Dropout(p, deep.generator(seed))
    return nn.Sequential(nn.Linear(5, 16), nn.BatchNorm1d(16), nn.ReLU(), drop, nn.Linear(16, 3))


def labels(n=90):
    X, y = data(n)
    return X, np.digitize(y.ravel(), np.quantile(y, [1 / 3, 2 / 3]))


def classify(model, X, y, **options):
    options = {"loss": nn.CrossEntropyLoss(), "batch_size": 16, "epochs": 5, **options}
    return run(model, X, y, **options)


def test_full_batch_fit_with_a_penalty_reaches_ridge_and_tells_loss_and_penalty_apart():
    penalties = pytest.importorskip("course_lib.penalties")
    X, y = data()
    lam, n = 0.3, len(X)
    Xc, yc = X - X.mean(0), y - y.mean()
    w = np.linalg.solve(Xc.T @ Xc / n + lam * np.eye(5), Xc.T @ yc / n).ravel()
    for penalty in (penalties.L2(lam), lambda m: deep.penalty(m, lam)):
        model = line()
        history = run(model, X, y, epochs=400, penalty=penalty)
        got = model.weight.detach().numpy().ravel()
        np.testing.assert_allclose(got, w, atol=1e-8)
        residual = yc.ravel() - Xc @ w
        assert history.train_loss[-1] == pytest.approx((residual**2).mean() / 2)
        assert history.penalty[-1] == pytest.approx(lam / 2 * (w**2).sum())


def test_fit_with_the_proximal_step_reaches_the_lasso_of_scikit_learn():
    from sklearn.linear_model import Lasso

    penalties = pytest.importorskip("course_lib.penalties")
    X, y = data()
    lam = 1.5
    reference = Lasso(alpha=lam, tol=1e-14, max_iter=100_000).fit(X, y.ravel())
    model = line(value=0.5)
    history = run(model, X, y, lr=0.2, epochs=500, prox=penalties.L1(lam))
    got = model.weight.detach().numpy().ravel()
    np.testing.assert_allclose(got, reference.coef_, atol=1e-6)
    np.testing.assert_array_equal(got == 0, reference.coef_ == 0)
    assert 1 <= (got == 0).sum() <= 4
    assert history.penalty[-1] == pytest.approx(lam * np.abs(reference.coef_).sum())
    mixed = line()
    run(mixed, X, y, epochs=1, prox=penalties.ElasticNet(lam, 0.4))
    by_hand = line()
    run(by_hand, X, y, epochs=1)
    deep.prox_step_(by_hand, lam, 0.4, 0.1)
    assert torch.equal(mixed.weight, by_hand.weight)


def test_select_everything_penalises_the_bias_too():
    penalties = pytest.importorskip("course_lib.penalties")
    X, y = data()
    A, n = np.column_stack([X, np.ones(len(X))]), len(X)
    expected = np.linalg.solve(A.T @ A / n + np.eye(6), A.T @ y / n).ravel()
    model = line()
    run(model, X, y, epochs=300, penalty=penalties.L2(1.0), select=deep.everything)
    got = np.append(model.weight.detach().numpy(), model.bias.item())
    np.testing.assert_allclose(got, expected, atol=1e-8)
    shrunk = nn.Linear(5, 1).double()
    nn.init.constant_(shrunk.bias, 0.05)
    run(shrunk, X, y, lr=1e-3, epochs=1, prox=penalties.L1(1e5), select=deep.everything)
    assert shrunk.bias.item() == 0.0


def test_targets_in_one_column_or_none_give_the_same_fit():
    X, y = data()
    one, two = line(), line()
    assert run(one, X, y) == run(two, X, y.ravel())
    assert torch.equal(one.weight, two.weight)


def test_penalty_is_recorded_after_the_epoch():
    penalties = pytest.importorskip("course_lib.penalties")
    X, y = data()
    model = line(value=2.0)
    history = run(model, X, y, epochs=1, penalty=penalties.L2(0.1), prox=penalties.L1(0.2))
    w = model.weight.detach().numpy()
    assert history.penalty == pytest.approx([0.1 / 2 * (w**2).sum() + 0.2 * np.abs(w).sum()])
    assert history.penalty != pytest.approx([0.1 / 2 * 20 + 0.2 * 10])  # before the epoch
    assert history.running_loss == pytest.approx([((y - 2 * X.sum(1, keepdims=True)) ** 2).mean() / 2])


def test_max_norm_holds_after_training():
    X, y = labels()
    model = deep_net()
    classify(model, X, y, max_norm=0.3, lr=0.5)
    norms = torch.cat([model[i].weight.norm(dim=1) for i in (0, 4)])
    assert norms.max() <= 0.3 * (1 + 1e-6)
    assert (norms > 0.29).any()


def test_every_sample_is_seen_once_an_epoch_and_the_order_changes():
    seen = []

    def loss(output, y):
        if torch.is_grad_enabled():
            seen.extend(y.flatten().tolist())
        return output.square().mean()

    n = 23
    y = np.arange(n, dtype=float)[:, None]
    run(line(), np.ones((n, 5)), y, loss=loss, batch_size=5, epochs=2)
    first, second = seen[:n], seen[n:]
    assert sorted(first) == sorted(second) == list(range(n))
    assert first != second
    assert first != list(range(n))


def test_losses_are_means_over_samples_also_when_the_last_batch_is_smaller():
    X, y = data(23)
    model = line(value=1.0)
    frozen = torch.optim.SGD(model.parameters(), lr=0.0)
    history = run(model, X, y, optimiser=frozen, batch_size=5, epochs=1, validation=(X[:7], y[:7]))
    expected = ((y - X.sum(1, keepdims=True)) ** 2).mean() / 2
    assert history.running_loss == pytest.approx([expected])
    assert history.train_loss == pytest.approx([expected])
    assert history.validation_loss == pytest.approx([((y - X.sum(1, keepdims=True))[:7] ** 2).mean() / 2])
    assert deep.evaluate(model, X, y, loss=deep.squared_loss, batch_size=5) == pytest.approx(expected)


def test_train_loss_is_measured_without_dropout_and_data_loss_with_it():
    X, y = np.ones((400, 5)), np.zeros((400, 1))
    model = nn.Sequential(deep.Dropout(0.5, deep.generator(0)), line(value=1.0))
    still = torch.optim.SGD(model.parameters(), lr=0.0)
    history = run(model, X, y, optimiser=still, epochs=1)
    assert history.train_loss == [12.5]  # 5²/2
    assert history.running_loss[0] == pytest.approx(12.5 + 5 / 2, rel=0.1)  # variance x² p/(1-p) adds


def test_fit_leaves_evaluation_mode_and_evaluate_leaves_each_module_as_it_was():
    X, y = labels()
    model = deep_net()
    modes = []
    model.register_forward_pre_hook(lambda m, _: modes.append((m.training, torch.is_grad_enabled())))
    classify(model, X, y, epochs=2, batch_size=None)
    assert modes == [(True, True), (False, False)] * 2
    assert not any(module.training for module in model.modules())
    model.train()
    model[1].eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    deep.evaluate(model, X, y, loss=nn.CrossEntropyLoss())
    assert [module.training for module in model] == [True, False, True, True, True]
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_same_seeds_repeat_a_run_bit_for_bit_and_others_do_not():
    X, y = labels()

    def outcome(order, net):
        model = deep_net(net)
        history = classify(model, X, y, generator=deep.generator(order), validation=(X, y))
        return history, model[0].weight.detach()

    (first, w1), (second, w2) = outcome(1, 1), outcome(1, 1)
    assert first == second
    assert torch.equal(w1, w2)
    assert not torch.equal(w1, outcome(2, 1)[1])


def test_fit_does_not_touch_the_global_state_of_torch():
    X, y = labels()
    model = deep_net()
    before = torch.get_rng_state()
    classify(model, X, y)
    assert torch.equal(before, torch.get_rng_state())


def test_early_stopping_restores_the_best_weights_and_buffers():
    X, y = labels()
    model, states = deep_net(), []
    wrong = (X[:30], 2 - y[:30])  # validation labels that training moves away from

    def remember(epoch, model, history):
        states.append({name: value.clone() for name, value in model.state_dict().items()})
        history_losses.append(history.validation_loss[-1])

    history_losses = []
    history = classify(model, X, y, epochs=50, lr=0.5, validation=wrong, patience=4, callback=remember)
    best = int(np.argmin(history_losses))
    assert history.stopped_early
    assert history.best_epoch == best + 1
    assert len(history.train_loss) == best + 1 + 4 < 50
    assert all(torch.equal(value, states[best][name]) for name, value in model.state_dict().items())
    assert not torch.equal(states[best]["0.weight"], states[-1]["0.weight"])
    again = deep.evaluate(model, *wrong, loss=nn.CrossEntropyLoss(), batch_size=16)
    assert again == pytest.approx(min(history_losses), rel=1e-6)


def test_patience_that_does_not_run_out_still_restores_and_without_it_the_last_weights_stay():
    X, y = labels()
    wrong = (X[:30], 2 - y[:30])
    one, two, short = deep_net(), deep_net(), deep_net()
    kept = classify(one, X, y, epochs=6, lr=0.5, validation=wrong, patience=6)
    last = classify(two, X, y, epochs=6, lr=0.5, validation=wrong)
    assert kept.validation_loss == last.validation_loss
    assert kept.best_epoch == last.best_epoch < 6
    assert not kept.stopped_early
    classify(short, X, y, epochs=kept.best_epoch, lr=0.5)
    assert torch.equal(one[0].weight, short[0].weight)
    assert not torch.equal(two[0].weight, short[0].weight)


# Divergence.


def test_a_learning_rate_that_is_too_large_is_named_with_epoch_and_batch():
    X, y = data()
    with pytest.raises(deep.TrainingDiverged, match=r"epoch \d+, batch \d: .*learning rate lr=10 ") as caught:
        run(line(), X, y, lr=10.0, epochs=200, batch_size=20)
    assert caught.value.epoch > 1
    assert 1 <= caught.value.batch <= 3
    assert isinstance(caught.value, RuntimeError)


def test_epoch_and_batch_are_exact():
    calls = []

    def loss(output, y):
        calls.append(0)
        # Two training batches and two for the evaluation are one epoch; the sixth call is epoch 2, batch 2.
        return output.square().mean() * (float("nan") if len(calls) == 6 else 1.0)

    with pytest.raises(deep.TrainingDiverged, match=r"epoch 2, batch 2: the loss is nan\. .*the loss itself"):
        run(line(), *data(20), loss=loss, batch_size=10, epochs=5)


def test_the_log_of_zero_is_laid_at_the_loss_and_the_weights_stay_finite():
    def log_loss(output, y):
        return -torch.log(torch.relu(output)).mean()

    model = line()
    with pytest.raises(deep.TrainingDiverged, match=r"epoch 1, batch 1.*logarithm of 0"):
        run(model, *data(), loss=log_loss)
    assert torch.isfinite(model.weight).all()


def test_an_overflowing_output_and_penalty_are_told_apart():
    X, y = data()
    with pytest.raises(deep.TrainingDiverged, match="output overflowed"):
        run(line(value=1e200), X * 1e200, y)
    with pytest.raises(deep.TrainingDiverged, match="the penalty overflowed"):
        run(line(), X, y, penalty=lambda m: deep.penalty(m, 1.0) + m.weight.sum() + float("inf"))


def test_weights_that_became_nan_are_named():
    model = line()
    with torch.no_grad():
        model.weight[0, 0] = float("nan")
    with pytest.raises(deep.TrainingDiverged, match="parameter weight is no longer finite"):
        run(model, *data())


def test_a_last_step_that_overflows_does_not_pass_for_a_result():
    with pytest.raises(deep.TrainingDiverged, match=r"epoch 1, batch 1.*learning rate lr=1e\+200"):
        run(line(), *data(), lr=1e200, epochs=1)


def test_an_l2_step_that_overshoots_zero_is_named():
    penalties = pytest.importorskip("course_lib.penalties")
    for options, kind in [
        ({"penalty": penalties.L2(30.0)}, lambda ps: torch.optim.SGD(ps, lr=0.1)),
        ({}, lambda ps: torch.optim.SGD(ps, lr=0.1, weight_decay=30.0)),
        ({}, lambda ps: torch.optim.AdamW(ps, lr=0.1, weight_decay=30.0)),
    ]:
        model = line(value=1.0)
        with pytest.raises(deep.TrainingDiverged, match=r"lr \* lam = 0\.1 \* 30 is above 2"):
            run(model, *data(), optimiser=kind(model.parameters()), epochs=2000, **options)


# Arguments.


X0, Y0 = data(10)
WITH_NAN = X0.copy()
WITH_NAN[3, 2] = np.nan
NO_MEAN = nn.MSELoss(reduction="none")


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"X": np.zeros((0, 5))}, ValueError, r"X must not be empty, got shape \(0, 5\)"),
        ({"X": WITH_NAN}, ValueError, r"X must be finite, got nan at index \(3, 2\)"),
        ({"y": np.full_like(Y0, np.inf)}, ValueError, r"y must be finite, got inf at index \(0, 0\)"),
        ({"y": Y0[:4]}, ValueError, "X and y must have the same number of rows, got 10 and 4"),
        ({"X": [["a"]]}, TypeError, "X must be a tensor or an array of numbers"),
        ({"y": Y0.repeat(2, 1)}, ValueError, r"score and y must .* same shape, got \(10, 1\) and \(10, 2\)"),
        ({"epochs": 0}, ValueError, "epochs must be >= 1, got 0"),
        ({"batch_size": 0}, ValueError, "batch_size must be >= 1, got 0"),
        ({"batch_size": 2.5}, TypeError, r"batch_size must be a whole number, got 2\.5"),
        ({"generator": 3}, TypeError, "generator must be a torch.Generator, got int"),
        ({"max_norm": -1.0}, ValueError, r"max_norm must be > 0, got -1\.0"),
        ({"patience": 2}, ValueError, "patience=2 needs validation"),
        ({"validation": X0}, TypeError, "validation must be a pair"),
        ({"validation": (X0, Y0[:3])}, ValueError, "validation X and validation y .* 10 and 3"),
        ({"progress": "yes"}, ValueError, "progress must be True, False or None, got 'yes'"),
        ({"model": nn.ReLU()}, ValueError, "model must have parameters, got ReLU"),
        ({"model": None}, TypeError, "model must be a torch.nn.Module, got NoneType"),
        ({"model": nn.Linear(5, 1)}, ValueError, "optimiser holds none of the model's parameters"),
        ({"optimiser": "sgd"}, TypeError, "optimiser must be a torch.optim.Optimizer, got str"),
        ({"loss": NO_MEAN}, ValueError, r"loss must return a scalar tensor, got shape \(10, 1\)"),
        ({"penalty": lambda m: 0.1}, ValueError, "penalty must return a scalar tensor, got float"),
        ({"penalty": lambda m: deep.penalty(m, 0.1).detach()}, ValueError, "without a gradient"),
        ({"prox": 0.1}, TypeError, "prox must be L1, L2 or ElasticNet .* got float"),
        ({"penalty": 0.1}, TypeError, "penalty must be L1, L2 or ElasticNet .* got float"),
    ],
)  # fmt: skip
def test_bad_input_is_named(change, error, message):
    pytest.importorskip("course_lib.penalties")
    own = line()
    arguments = {
        "model": own,
        "X": X0,
        "y": Y0,
        "optimiser": torch.optim.SGD(own.parameters(), lr=0.1),
        **change,
    }
    with pytest.raises(error, match=message):
        run(**arguments)
    assert torch.equal(own.weight, torch.zeros(1, 5, dtype=torch.float64))


def test_the_proximal_step_refuses_two_learning_rates_and_follows_a_schedule_to_zero():
    penalties = pytest.importorskip("course_lib.penalties")
    model = line()
    two = torch.optim.SGD([{"params": [model.weight], "lr": 0.1}, {"params": [model.bias], "lr": 0.2}])
    with pytest.raises(ValueError, match=r"prox needs one learning rate .* \[0\.1, 0\.2\]"):
        run(model, *data(), optimiser=two, prox=penalties.L1(0.1))
    sgd = torch.optim.SGD(model.parameters(), lr=0.1)
    schedule = torch.optim.lr_scheduler.LambdaLR(sgd, lambda epoch: 1.0 if epoch == 0 else 0.0)
    weights = []

    def tick(epoch, model, history):
        schedule.step()
        weights.append(model.weight.detach().clone())

    run(model, *data(), optimiser=sgd, prox=penalties.L1(0.1), callback=tick)
    assert len(weights) == 3
    assert torch.equal(weights[0], weights[2])


def test_arrays_take_the_precision_of_the_model_and_are_not_modified():
    X, y = labels()
    copies = X.copy(), y.copy()
    X.flags.writeable = False
    classify(deep_net(), X, y.astype(np.int32))
    np.testing.assert_array_equal(X, copies[0])
    np.testing.assert_array_equal(y, copies[1])


def test_progress_writes_only_when_asked(capsys):
    for silent in (False, None):  # None: there is no terminal here
        run(line(), *data(), progress=silent)
        assert capsys.readouterr() == ("", "")
    run(line(), *data(), progress=True)
    assert "epoch: 100%" in capsys.readouterr().err


def test_squared_loss_is_half_of_mse():
    a, b = torch.tensor([1.0, 5.0]), torch.tensor([2.0, 2.0])
    assert deep.squared_loss(a, b).item() == 2.5


# Devices and seeds.


def test_auto_is_the_best_device_present_and_cpu_is_always_there():
    assert deep.device("cpu") == torch.device("cpu")
    expected = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    assert deep.device().type == deep.device("auto").type == expected


@pytest.mark.parametrize(
    ("prefer", "error"),
    [("gpu", ValueError), ("cuda:x", ValueError), ("cuda:99", ValueError), ("", ValueError), (0, TypeError)],
)
def test_a_device_that_does_not_exist_is_named(prefer, error):
    with pytest.raises(error, match=f"prefer.*{prefer}"):
        deep.device(prefer)


def test_generator_is_seeded_and_refuses_what_is_no_seed():
    assert torch.equal(torch.rand(3, generator=deep.generator(7)), torch.rand(3, generator=deep.generator(7)))
    for seed, error in [(-1, ValueError), (2**63, ValueError), (1.5, TypeError), (True, TypeError)]:
        with pytest.raises(error, match=f"seed must .*{seed}"):
            deep.generator(seed)


def test_importing_the_package_does_not_import_torch():
    code = "import sys, course_lib; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_one_history_serves_numpy_and_torch():
    from course_lib import nn as numpy_nn

    assert deep.History is numpy_nn.History
