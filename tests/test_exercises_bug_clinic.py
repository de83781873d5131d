"""References of chapter 18's exercises against autograd, torch, scikit-learn and the probes."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import RidgeCV

from course_lib import nn, probes
from course_lib.exercises import bug_clinic
from course_lib.exercises.catalogue import find
from course_lib.exercises.engine import judge
from course_lib.penalties import L2


def test_the_gap_of_an_autograd_gradient_is_rounding_and_that_of_its_double_a_third():
    def loss(w):
        return torch.logsumexp(torch.as_tensor(w) ** 2, 0).item()

    def gradient(w):
        v = torch.tensor(w, requires_grad=True)
        torch.logsumexp(v**2, 0).backward()
        return v.grad.numpy()

    w = np.array([0.3, -1.2, 0.8])
    assert bug_clinic.relative_gap(loss, gradient, w, 1e-5) < 1e-9
    assert bug_clinic.relative_gap(loss, lambda w: 2 * gradient(w), w, 1e-5) == pytest.approx(1 / 3)
    assert bug_clinic.relative_gap(loss, lambda w: -gradient(w), w, 1e-5) == pytest.approx(1.0)


def test_the_repaired_step_is_that_of_torch_with_a_group_for_the_biases():
    rng = np.random.default_rng(0)
    params = {"weight": rng.normal(size=(3, 2)), "bias": rng.normal(size=3)}
    grads = {name: rng.normal(size=w.shape) for name, w in params.items()}
    tensors = {name: torch.nn.Parameter(torch.tensor(w)) for name, w in params.items()}
    groups = [{"params": [tensors["weight"]], "weight_decay": 0.7}, {"params": [tensors["bias"]]}]
    for name, g in grads.items():
        tensors[name].grad = torch.tensor(g)
    torch.optim.SGD(groups, lr=0.3).step()
    new = bug_clinic.repaired_step(params, grads, 0.3, 0.7)
    for name, w in new.items():
        np.testing.assert_allclose(w, tensors[name].detach().numpy(), rtol=1e-14)


def test_name_the_bug_is_the_factor_of_a_missing_half():
    w = 2.0 - 0.1 * 2 * L2(0.5).gradient(np.array([2.0]))[0]
    assert w == pytest.approx(1.8)
    assert find("bug_clinic.name_the_bug").right_answer == "b"


@pytest.mark.parametrize("p", [0.2, 0.35, 0.7])
def test_the_library_s_dropout_passes_the_reference_test(p):
    def layer(x, p, rng, training):
        return nn.Dropout(p, rng).forward(x, training)

    for seed in range(20):
        assert bug_clinic.dropout_is_right(layer, p, np.random.default_rng(seed))


@pytest.mark.parametrize("name", bug_clinic.DROPOUTS)
def test_the_probe_and_the_reference_agree_on_every_dropout(name):
    layer, p = bug_clinic.DROPOUTS[name]
    rng = np.random.default_rng(1)
    report = probes.dropout(lambda x, training: layer(x, p, rng, training), p=p)
    verdict = bug_clinic.dropout_is_right(layer, p, np.random.default_rng(2))
    assert report.ok == verdict == name.startswith("right"), report


def test_the_clean_procedure_by_leave_one_out_is_scikit_learn_s():
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(30, 4)), rng.normal(size=30)
    chosen = bug_clinic.choose_by_loo(X, y, X, y)
    reference = RidgeCV(alphas=30 * bug_clinic.GRID).fit(X, y)
    assert 30 * chosen == pytest.approx(reference.alpha_)


@pytest.mark.parametrize("name", bug_clinic.PROCEDURES)
def test_only_the_procedures_that_get_the_test_rows_need_them(name):
    choose = bug_clinic.PROCEDURES[name]
    rng = np.random.default_rng(4)
    X, y = rng.normal(size=(30, 4)), rng.normal(size=30)
    nothing = np.full((20, 4), np.nan), np.full(20, np.nan)  # a clean procedure never touches them
    clean = name in ("loo", "held_out", "fixed")
    try:
        works = choose(X, y, *nothing) == choose(X, y, X[:20], -10 * y[:20])
    except ValueError:
        works = False
    assert works == clean
    assert bug_clinic.uses_test_rows(choose, X, y, X[:20] + 1, y[:20]) != clean


@pytest.mark.parametrize("power", [0, 0.5, 1, 2, 3])
def test_the_power_of_a_known_objective(power):
    w = np.array([1.0, -2.0])

    def objective(w, lam):
        return 7.0 + (lam**power * np.sum(w**2) if power else 0.0)

    assert bug_clinic.power_of_lam(objective, w, 0.3) == pytest.approx(power, abs=1e-9)


WRONG_TESTS = {  # dropout tests that nobody listed
    "wide_rate": lambda d, p, rng: bool(abs((d(np.ones((50, 50)), p, rng, True) == 0).mean() - p) < 0.5),
    "always": lambda d, p, rng: True,
    "never": lambda d, p, rng: False,
    "mean_and_evaluation": lambda d, p, rng: bool(
        abs(d(np.ones((200, 200)), p, rng, True).mean() - 1) < 0.05
        and (d(np.ones(5), p, rng, False) == 1).all()
    ),
    "set_of_values": lambda d, p, rng: bool(
        np.allclose(np.unique(d(np.ones((99, 99)), p, rng, True)), [0, 1 / (1 - p)], rtol=1e-3)
        if len(np.unique(d(np.ones((99, 99)), p, rng, True))) == 2
        else False
    ),
}


@pytest.mark.parametrize("name", WRONG_TESTS)
def test_a_test_that_is_too_weak_does_not_pass(name):
    for seed in range(5):
        assert not judge(find("bug_clinic.dropout_test"), WRONG_TESTS[name], seed).passed
