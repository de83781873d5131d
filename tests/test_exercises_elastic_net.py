"""The references of chapter 04 against definitions, certificates and the library."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Lasso

from course_lib import penalties
from course_lib.exercises import elastic_net
from course_lib.solvers import coordinate, proximal


@pytest.fixture(params=[(9, 4, 0.3, 0.7), (20, 3, 1.0, 0.2), (4, 6, 0.5, 0.5)])
def problem(request):
    n, d, lam, l1_ratio = request.param
    return *elastic_net.draw(np.random.default_rng(n), n, d), lam, l1_ratio


def test_the_prox_is_the_minimiser_of_its_definition():
    grid = np.linspace(-6, 6, 240_001)
    z, step, lam, l1_ratio = np.linspace(-5, 5, 11), 0.7, 1.3, 0.4
    penalty = lam * (l1_ratio * np.abs(grid) + (1 - l1_ratio) / 2 * grid**2)
    best = [grid[np.argmin((grid - z_j) ** 2 / 2 + step * penalty)] for z_j in z]
    np.testing.assert_allclose(elastic_net.prox(z, step, lam, l1_ratio), best, atol=1e-4)


def test_a_fixed_point_of_the_coordinate_update_is_certified_by_the_duality_gap(problem):
    X, y, lam, l1_ratio = problem
    w = np.zeros(X.shape[1])
    for _ in range(3000):
        for j in range(len(w)):
            w[j] = elastic_net.coordinate_update(X, y, w, j, lam, l1_ratio)
    assert proximal.duality_gap(X, y, w, lam, l1_ratio) < 1e-10


def test_lam_max_is_the_librarys(problem):
    X, y, _, l1_ratio = problem
    assert elastic_net.lam_max(X, y, l1_ratio) == pytest.approx(proximal.lam_max(X, y, l1_ratio), rel=1e-12)


def test_the_lasso_on_augmented_data_is_the_elastic_net(problem):
    X, y, lam, l1_ratio = problem
    X_aug, y_aug, lam_aug = elastic_net.augment(X, y, lam, l1_ratio)
    lasso = Lasso(alpha=lam_aug, fit_intercept=False, tol=1e-14, max_iter=100_000).fit(X_aug, y_aug).coef_
    net = coordinate.coordinate_descent(X, y, lam, l1_ratio, fit_intercept=False, tol=1e-15).w
    np.testing.assert_allclose(lasso, net, rtol=1e-6, atol=1e-7)


def test_the_corrected_estimate_is_the_lasso_of_an_orthogonal_design():
    rng = np.random.default_rng(1)
    n, d, lam, l1_ratio = 12, 4, 0.6, 0.3
    X = np.sqrt(n) * np.linalg.qr(rng.normal(size=(n, d)))[0]
    y = X @ [1.0, -2.0, 0.1, 0.0] + 0.1 * rng.normal(size=n)
    naive = coordinate.coordinate_descent(X, y, lam, l1_ratio, fit_intercept=False, tol=1e-15).w
    lasso = penalties.soft_threshold(X.T @ y / n, lam * l1_ratio)
    np.testing.assert_allclose(elastic_net.corrected(naive, lam, l1_ratio), lasso, atol=1e-7)


@pytest.mark.parametrize("a", [0.0, 0.25, 0.9, 1.0])
def test_the_converted_penalty_has_the_same_value(a):
    w = np.array([1.5, -0.3, 0.0])
    page = 0.7 * np.sum(a * w**2 + (1 - a) * np.abs(w))
    assert penalties.ElasticNet(*elastic_net.from_reversed(0.7, a)).value(w) == pytest.approx(page, rel=1e-12)
