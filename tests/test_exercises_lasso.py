"""The references of chapter 03 against certificates and an independent library."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Lasso

from course_lib.exercises import lasso


@pytest.fixture(params=[(9, 4, 0.3), (20, 3, 0.05)])
def problem(request):
    n, d, lam = request.param
    X, y = lasso.draw(np.random.default_rng(n), n, d)
    return X, y, lam


def minimiser(X, y, lam, *, fit_intercept=False):
    return Lasso(alpha=lam, fit_intercept=fit_intercept, tol=1e-14, max_iter=200_000).fit(X, y).coef_


def test_the_subgradient_is_the_derivative_where_there_is_one(problem):
    X, y, lam = problem
    w, step = np.linspace(-1.0, 2.5, X.shape[1]), 1e-6
    moves = step * np.eye(len(w))
    slopes = [(lasso.primal(X, y, w + e, lam) - lasso.primal(X, y, w - e, lam)) / (2 * step) for e in moves]
    np.testing.assert_allclose(lasso.subgradient(X, y, w, lam), slopes, rtol=1e-6, atol=1e-6)


def test_lam_max_is_where_scikit_learn_selects_nothing(problem):
    X, y, _ = problem
    top = lasso.lam_max(X, y)
    assert not minimiser(X, y, 1.001 * top, fit_intercept=True).any()
    assert minimiser(X, y, 0.999 * top, fit_intercept=True).any()


def test_soft_threshold_beats_a_grid():
    grid = np.linspace(-5, 5, 20_001)
    for z in (-3.2, -0.4, 0.0, 0.9, 4.0):
        best = grid[np.argmin((grid - z) ** 2 / 2 + 0.8 * np.abs(grid))]
        assert lasso.soft_threshold(z, 0.8) == pytest.approx(best, abs=1e-3)


def test_the_minimiser_is_a_fixed_point_of_every_step_and_has_gap_zero(problem):
    X, y, lam = problem
    w = minimiser(X, y, lam)
    step = len(y) / np.linalg.norm(X, 2) ** 2
    np.testing.assert_allclose(lasso.ista_step(X, y, w, lam, step), w, atol=1e-6)
    for j in range(len(w)):
        assert lasso.coordinate_update(X, y, w, j, lam) == pytest.approx(w[j], abs=1e-6)
    assert lasso.duality_gap(X, y, w, lam) == pytest.approx(0, abs=1e-6)


def test_the_gap_bounds_the_distance_to_the_minimum(problem):
    X, y, lam = problem
    best = lasso.primal(X, y, minimiser(X, y, lam), lam)
    for w in np.random.default_rng(0).normal(size=(200, X.shape[1])):
        assert lasso.duality_gap(X, y, w, lam) >= lasso.primal(X, y, w, lam) - best - 1e-9
