"""The references of chapter 90 against definitions: searches on grids, simulations, certificates."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from course_lib.exercises import background


@pytest.mark.parametrize(("n", "d", "lam"), [(10, 3, 0.0), (7, 4, 0.3), (30, 6, 2.0)])
def test_the_condition_number_is_that_of_the_matrix(n, d, lam):
    X = np.random.default_rng(n).normal(size=(n, d)) * np.arange(1, d + 1)
    matrix = X.T @ X + n * lam * np.eye(d)
    assert background.condition_number(X, lam) == pytest.approx(np.linalg.cond(matrix), rel=1e-9)


def test_a_penalty_lowers_the_condition_number_towards_1():
    X = np.random.default_rng(0).normal(size=(20, 5))
    values = [background.condition_number(X, lam) for lam in (0, 0.1, 1, 10, 1e9)]
    assert np.all(np.diff(values) < 0)
    assert values[-1] == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("m", [-2.0, 0.0, 0.9, 1.0, 1.1, 3.0])
def test_the_subgradients_of_the_hinge_are_the_slopes_that_stay_below(m):
    u, slopes = np.linspace(-20, 20, 4001), np.linspace(-2, 1, 301)
    lines = max(0, 1 - m) + slopes[:, None] * (u - m)
    below = slopes[np.all(lines <= np.maximum(0, 1 - u) + 1e-9, axis=1)]
    assert background.hinge_subgradients(m) == pytest.approx((below.min(), below.max()), abs=1e-9)


@pytest.mark.parametrize(("sigma", "scale", "n"), [(0.5, 0.3, 6), (1.4, 2.0, 11)])
def test_the_strength_of_the_laplace_prior_gives_the_mode(sigma, scale, n):
    rng = np.random.default_rng(n)
    x = rng.normal(size=n)
    y = 1.5 * x + sigma * rng.normal(size=n)
    w = np.linspace(-4, 4, 16_001)
    log_posterior = stats.norm.logpdf(y[:, None], loc=x[:, None] * w, scale=sigma).sum(axis=0)
    log_posterior += stats.laplace.logpdf(w, scale=scale)
    mode = w[log_posterior.argmax()]
    lam = background.laplace_strength(sigma, scale, n)
    penalised = ((y[:, None] - x[:, None] * w) ** 2).sum(axis=0) / (2 * n) + lam * np.abs(w)
    assert w[penalised.argmin()] == pytest.approx(mode, abs=1e-9)
    assert abs(mode) > 0.1  # not the zero that a too large strength would give as well


def test_the_central_difference_is_exact_on_a_quadratic_for_any_step():
    rng = np.random.default_rng(1)
    B, w = rng.normal(size=(4, 4)), rng.normal(size=4)
    quotient = background.central_difference(lambda v: v @ B @ v, w, 0.7)
    np.testing.assert_allclose(quotient, (B + B.T) @ w, rtol=1e-10)


@pytest.mark.parametrize("p", [0.0, 0.2, 0.8])
def test_the_variance_of_what_a_mask_lets_through_is_that_of_a_simulation(p):
    rng, x, draws = np.random.default_rng(2), np.array([2.0, -0.5, 0.0]), 50_000
    out = (rng.random((draws, 3)) >= p) * x / (1 - p)
    squares = (out - x) ** 2  # the mean is x
    error = squares.std(axis=0, ddof=1) / np.sqrt(draws)
    assert np.all(np.abs(squares.mean(axis=0) - background.masked_variance(x, p)) <= 4 * error)


@pytest.mark.parametrize(("v", "lam"), [(2.0, 0.5), (-3.0, 1.7), (0.0, 1.0)])
def test_the_conjugate_is_the_largest_gap_between_line_and_parabola(v, lam):
    w = np.linspace(-10, 10, 200_001)
    assert background.square_conjugate(v, lam) == pytest.approx(np.max(v * w - lam / 2 * w**2), abs=1e-6)
