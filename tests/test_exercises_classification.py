"""The references of chapter 05 against certificates, difference quotients and an independent library."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from course_lib.exercises import classification
from course_lib.exercises.catalogue import find
from course_lib.exercises.engine import judge
from course_lib.solvers import log_loss
from course_lib.solvers.newton import newton

STEP = 1e-6


@pytest.fixture(params=[(12, 4, 0.3), (25, 3, 2.0)])
def problem(request):
    n, d, lam = request.param
    return (*classification.draw(np.random.default_rng(n), n, d), lam)


def slopes(f, at):
    """Central differences of ``f`` in every entry of ``at``."""
    steps = STEP * np.eye(at.size).reshape(at.size, *at.shape)
    return np.array([(f(at + e) - f(at - e)) / (2 * STEP) for e in steps])


def test_the_gradient_is_the_derivative_of_the_objective(problem):
    X, y, w, b, lam = problem
    for_w, for_b = classification.gradient(*problem)
    expected = slopes(lambda v: classification.objective(X, y, v[1:], v[0], lam), np.append(b, w))
    np.testing.assert_allclose(np.append(for_b, for_w), expected, rtol=1e-6, atol=1e-8)


def test_the_objective_is_the_librarys(problem):
    X, y, w, b, lam = problem
    assert classification.objective(*problem) == pytest.approx(log_loss.objective(X, y, w, b, lam), rel=1e-12)


def test_the_gradient_vanishes_where_scikit_learn_stops(problem):
    X, y, _, _, lam = problem
    model = LogisticRegression(C=1 / (len(y) * lam), tol=1e-12, max_iter=10_000).fit(X, y)
    for_w, for_b = classification.gradient(X, y, model.coef_[0], model.intercept_[0], lam)
    np.testing.assert_allclose(np.append(for_w, for_b), 0, atol=1e-6)


def test_the_hessian_is_the_derivative_of_the_gradient(problem):
    X, y, w, b, lam = problem
    expected = slopes(lambda v: classification.gradient(X, y, v, b, lam)[0], w)
    np.testing.assert_allclose(classification.hessian(X, w, b, lam), expected, rtol=1e-6, atol=1e-8)


def test_lam_max_is_where_the_first_weight_appears(problem):
    X, y, *_ = problem
    largest = classification.lam_max(X, y)
    assert not newton(X, y, 1.0001 * largest, 1.0).w.any()
    assert np.count_nonzero(newton(X, y, 0.9999 * largest, 1.0).w) == 1


def test_the_threshold_is_where_both_decisions_cost_the_same():
    for missed, alarm in ((50.0, 1.0), (2.0, 7.0)):
        q = classification.threshold(missed, alarm)
        assert (1 - q) * alarm == pytest.approx(q * missed)


def test_the_value_of_C_gives_the_same_weights_as_the_librarys_strength():
    X, y, _, _ = classification.draw(np.random.default_rng(0), 300, 3)
    C = find("classification.C").right_answer
    model = LogisticRegression(C=C, tol=1e-12, max_iter=10_000).fit(X, y)
    np.testing.assert_allclose(model.coef_[0], newton(X, y, 0.05).w, atol=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_the_softmax_gradient_is_the_derivative_of_its_objective(seed):
    rng = np.random.default_rng(seed)
    X, y, W = rng.normal(size=(9, 3)), rng.integers(0, 4, 9), rng.normal(size=(3, 4))
    expected = slopes(lambda V: classification.softmax_objective(X, y, V, 0.7), W).reshape(W.shape)
    np.testing.assert_allclose(classification.softmax_gradient(X, y, W, 0.7), expected, rtol=1e-6, atol=1e-8)


def sigmoid(score):
    return 1 / (1 + np.exp(-score))


softmax = classification.softmax

WRONG = {
    "classification.gradient": [
        lambda X, y, w, b, lam: X.T @ (sigmoid(X @ w + b) - y) / len(y) + lam * w,  # only one of two
        lambda X, y, w, b, lam: (X.T @ (sigmoid(X @ w + b) - y) / len(y) + lam / len(y) * w,
                                 np.mean(sigmoid(X @ w + b) - y)),
        lambda X, y, w, b, lam: (X.T @ (sigmoid(X @ w + b) - y) / len(y) - lam * w,
                                 np.mean(sigmoid(X @ w + b) - y)),
        lambda X, y, w, b, lam: (X.T @ (sigmoid(X @ w + b) - y) / len(y) + lam * w**2,
                                 np.mean(sigmoid(X @ w + b) - y)),
        lambda X, y, w, b, lam: (X.T @ (np.tanh(X @ w + b) - y) / len(y) + lam * w,
                                 np.mean(np.tanh(X @ w + b) - y)),
        lambda X, y, w, b, lam: (X.T @ (sigmoid(X @ w + b) - (2 * y - 1)) / len(y) + lam * w,
                                 np.mean(sigmoid(X @ w + b) - (2 * y - 1))),
        lambda X, y, w, b, lam: (X.T @ (sigmoid(-X @ w - b) - y) / len(y) + lam * w,
                                 np.mean(sigmoid(-X @ w - b) - y)),
        lambda X, y, w, b, lam: (np.zeros(len(w)), 0.0),
    ],
    "classification.hessian": [
        lambda X, w, b, lam: X.T @ X + lam * np.eye(X.shape[1]),
        lambda X, w, b, lam: (X * (sigmoid(X @ w + b) * sigmoid(-X @ w - b))[:, None]) @ X.T / len(X),
        lambda X, w, b, lam: (X.T * np.sqrt(sigmoid(X @ w + b))) @ X / len(X) + lam * np.eye(X.shape[1]),
        lambda X, w, b, lam: np.diag((X**2).T @ (sigmoid(X @ w + b) * sigmoid(-X @ w - b))) / len(X)
        + lam * np.eye(X.shape[1]),
        lambda X, w, b, lam: lam * np.eye(X.shape[1]),
        lambda X, w, b, lam: (X.T * (sigmoid(X @ w + b) * sigmoid(-X @ w - b))) @ X / X.shape[1]
        + lam * np.eye(X.shape[1]),
    ],
    "classification.threshold": [
        lambda cost_missed, cost_alarm: cost_alarm * cost_missed / (cost_alarm + cost_missed),
        lambda cost_missed, cost_alarm: 1 - cost_alarm / cost_missed,
        lambda cost_missed, cost_alarm: cost_alarm + cost_missed,
        lambda cost_missed, cost_alarm: 1 / cost_missed,
    ],
    "classification.lam_max": [
        lambda X, y: np.abs(X.T @ (y - y.mean())).mean() / len(y),
        lambda X, y: np.abs(X.T @ (y - np.median(y))).max() / len(y),
        lambda X, y: np.abs(np.corrcoef(X.T, y)[-1, :-1]).max(),
        lambda X, y: int(np.abs(X.T @ (y - y.mean())).argmax()),
    ],
    "classification.softmax_gradient": [
        lambda X, y, W, lam: X.T @ (X @ W - np.eye(W.shape[1])[y]) / len(y) + lam * W,
        lambda X, y, W, lam: classification.softmax_gradient(X, y, W, lam).T,
        lambda X, y, W, lam: X.T @ (softmax(X @ W) - np.eye(W.shape[1])[y]) / W.size + lam * W,
        lambda X, y, W, lam: X.T @ (softmax(-X @ W) - np.eye(W.shape[1])[y]) / len(y) + lam * W,
        lambda X, y, W, lam: X.T @ (softmax(X @ W) - np.eye(y.max() + 1)[y]) / len(y) + lam * W,
    ],
}  # fmt: skip


@pytest.mark.parametrize(("id", "k"), [(id, k) for id, answers in WRONG.items() for k in range(len(answers))])
def test_wrong_answers_that_no_list_foresaw_do_not_pass(id, k):
    for seed in range(3):
        assert not judge(find(id), WRONG[id][k], seed).passed


@pytest.mark.parametrize("wrong", [300.0, 1 / 0.05 / 150, 0.0, -1 / 15, 1 / 14])
def test_wrong_values_of_C_do_not_pass(wrong):
    assert not judge(find("classification.C"), wrong).passed


def test_scores_far_from_zero_are_right_in_the_reference():
    """Labels 0 and 1 with scores of ±30: the reference stays finite."""
    X, y = np.array([[30.0], [-30.0]]), np.array([1.0, 0.0])
    for_w, _ = classification.gradient(X, y, np.ones(1), 0.0, 0.0)
    assert np.isfinite(for_w).all()
    assert abs(for_w[0]) < 1e-10
