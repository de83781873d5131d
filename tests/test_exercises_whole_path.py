"""The references of chapter 06 against theorems, certificates and the library's exact path."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from course_lib.exercises import whole_path
from course_lib.linear_model import exact_lasso_path
from course_lib.solvers import least_squares


@pytest.fixture(params=[(12, 4, 0), (15, 5, 1), (30, 6, 2)])
def problem(request):
    n, d, seed = request.param
    return whole_path.draw(np.random.default_rng(seed), n, d)


def test_the_states_are_the_knots_of_the_exact_path(problem):
    X, y = problem
    states, exact = whole_path.path_states(X, y), exact_lasso_path(X, y)
    np.testing.assert_allclose([lam for lam, _, _ in states], exact.knots, atol=1e-8 * exact.knots[0])
    np.testing.assert_allclose(np.array([w for _, w, _ in states]).T, exact.coefs, atol=1e-6)


def test_between_two_knots_the_line_is_certified(problem):
    X, y = problem
    states = whole_path.path_states(X, y)
    for (lam, w, _), (to, new, _) in pairwise(states):
        residual = least_squares.kkt_residual(X, y, (w + new) / 2, (lam + to) / 2)
        assert np.max(residual) < 1e-10 * states[0][0]


def test_the_direction_keeps_all_active_pulls_at_lam(problem):
    X, _ = problem
    d = X.shape[1]
    active, signs = np.arange(d) != 1, np.where(np.arange(d) % 2, -1.0, 1.0)
    q = whole_path.direction(X, active, signs)
    rates = X.T @ (X @ q) / len(X)
    np.testing.assert_allclose(rates[active], signs[active], rtol=1e-9)
    assert q[1] == 0


def test_at_the_joining_step_pull_and_strength_meet():
    rng = np.random.default_rng(0)
    lam, c, a = 2.0, rng.uniform(-1.9, 1.9, 50), 3 * rng.normal(size=50)
    steps = whole_path.join_step(lam, c, a)
    np.testing.assert_allclose(np.abs(c - steps * a), np.abs(lam - steps), rtol=1e-9)
    early = np.abs(c - 0.999 * steps * a)
    assert np.all(early < lam - 0.999 * steps)


def test_the_training_gram_is_the_covariance_of_the_training_rows():
    X = np.random.default_rng(0).normal(5.0, 2.0, size=(20, 3))
    answer = whole_path.training_gram(X.T @ X, X.sum(axis=0), 20, X[:6])
    np.testing.assert_allclose(answer, np.cov(X[6:].T, bias=True), rtol=1e-10)


def test_the_strong_rule_keeps_what_is_active_where_rates_are_at_most_one():
    X, y = np.linalg.qr(np.random.default_rng(0).normal(size=(30, 6)))[0], np.arange(30.0)
    path = exact_lasso_path(X, y, fit_intercept=False)  # orthogonal columns: all rates are 0 or 1 in size
    for lam, to in ((1.0, 0.8), (0.8, 0.3), (0.3, 0.25)):
        lam, to = lam * path.knots[0], to * path.knots[0]
        c = X.T @ (y - X @ path.at(lam)) / 30
        assert np.all(whole_path.strong_rule(c, lam, to)[path.at(to) != 0])
