"""References of chapter 17's exercises against the library and against problems that are really solved."""

import numpy as np
import pytest
import torch

from course_lib.conventions import from_base, to_base
from course_lib.exercises import conventions
from course_lib.exercises.catalogue import find
from course_lib.solvers import coordinate, ridge


def small_data(n=30, d=3):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, d)) * [1.0, 2.0, 0.5] + 1.0
    return X, X @ [1.0, -1.0, 2.0] * 3 + rng.normal(size=n) + 5.0


@pytest.mark.parametrize(("c1", "c2"), [(0.6, 0.3), (0.0, 0.4), (1.5, 0.0)])
def test_base_strengths_agree_with_the_library(c1, c2):
    base = to_base("keras.l1_l2", l1=c1, l2=c2, task="regression", loss_reduction="mean")  # a = 2
    assert conventions.base_strengths(2.0, c1, c2) == pytest.approx((base["lam"], base["l1_ratio"]))


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_weight_decay_agrees_with_the_library(reduction):
    known = from_base("torch.SGD", lam=0.3, l1_ratio=0, task="regression", n=40, loss_reduction=reduction)
    assert conventions.weight_decay(0.3, 40, reduction) == pytest.approx(known["weight_decay"])


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_weight_decay_makes_the_gradient_vanish_at_the_ridge_solution(reduction):
    X, y = small_data()
    solution, b = ridge.solve(X, y, 0.3)
    w = torch.tensor(solution, requires_grad=True)
    torch.nn.MSELoss(reduction=reduction)(torch.tensor(X) @ w + b, torch.tensor(y)).backward()
    total = w.grad.numpy() + conventions.weight_decay(0.3, len(y), reduction) * solution
    assert np.abs(total).max() < 1e-9


@pytest.mark.parametrize("alpha", [0.0, 0.5, 0.9, 1.0])
def test_glmnet_agrees_with_the_scaled_problem(alpha):
    X, y = small_data()
    s = y.std()
    lam, l1_ratio = conventions.glmnet_to_base(0.8, alpha, s)
    if alpha == 0:
        scaled, w = ridge.solve(X, y / s, 0.8 / s)[0], ridge.solve(X, y, lam)[0]
        assert l1_ratio == 0
    else:
        scaled = coordinate.coordinate_descent(X, y / s, 0.8 / s, alpha, tol=1e-12).w
        w = coordinate.coordinate_descent(X, y, lam, l1_ratio, tol=1e-12).w
    np.testing.assert_allclose(s * scaled, w, rtol=1e-6, atol=1e-8)


def test_the_values_are_those_of_the_library():
    lam = to_base("sklearn.LogisticRegression", C=0.5, n=200)["lam"]
    more = from_base("sklearn.LogisticRegression", lam=lam, l1_ratio=0, n=1000)["C"]
    assert find("conventions.more_rows").right_answer == pytest.approx(more)
    told = {"task": "classification", "n": 200}
    base = to_base("web.l2_over_2m", lambda_=4.0, loss_reduction="mean", **told)
    C = from_base("sklearn.LogisticRegression", **base, **told)["C"]
    assert find("conventions.web_formula").right_answer == pytest.approx(C)


def test_keras_mse_needs_lam_itself():
    setting = from_base("keras.l2", lam=0.7, l1_ratio=0, task="regression", loss_reduction="mean")["l2"]
    options = {"a": 0.35, "b": 0.7, "c": 1.4}
    assert options[find("conventions.keras_mse").right_answer] == pytest.approx(setting)
