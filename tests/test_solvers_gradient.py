"""Gradient descent and the subgradient method: certificates, rates, and what they cannot do."""

import numpy as np
import pytest

from course_lib.solvers import least_squares, ridge
from course_lib.solvers.gradient import gradient_descent, subgradient_descent
from course_lib.solvers.proximal import duality_gap, fista, lam_max
from course_lib.solvers.result import NotConverged


def problem(n=25, d=5):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, d))
    X -= X.mean(axis=0)
    y = 2 * X[:, 0] + rng.normal(size=n)
    return X, y - y.mean()


def ridge_function(X, y, lam):
    return lambda w: (ridge.objective(X, y, w, 0.0, lam), ridge.gradient(X, y, w, 0.0, lam)[0])


def lasso_function(X, y, lam):
    def value_and_subgradient(w):
        value = least_squares.objective(X, y, w, 0.0, lam)
        return value, -X.T @ (y - X @ w) / len(y) + lam * np.sign(w)

    return value_and_subgradient


def safe_step(X, lam):
    return 1 / (np.linalg.norm(X, 2) ** 2 / len(X) + lam)


def test_gradient_descent_reaches_the_closed_form():
    X, y = problem()
    result = gradient_descent(ridge_function(X, y, 0.3), np.zeros(5), step=safe_step(X, 0.3), tol=1e-12)
    assert result.converged
    assert result.certificate_name == "gradient norm"
    np.testing.assert_allclose(result.w, ridge.solve(X, y, 0.3)[0], atol=1e-11)


def test_the_certificate_is_the_gradient_norm_and_bounds_the_value():
    X, y = problem()
    function = ridge_function(X, y, 0.3)
    result = gradient_descent(function, np.ones(5), step=safe_step(X, 0.3), tol=1e-2)
    assert result.certificate == pytest.approx(np.linalg.norm(function(result.w)[1]), rel=1e-12)
    assert result.certificate <= 1e-2
    best = function(ridge.solve(X, y, 0.3)[0])[0]
    assert 0 <= result.value - best <= result.certificate**2 / (2 * 0.3)


def test_gradient_descent_shrinks_like_its_eigenvalues():
    # On 1/2 w.T H w each coordinate is multiplied by 1 - step * h in every step.
    h = np.array([1.0, 0.5, 0.01])
    with pytest.warns(NotConverged):
        result = gradient_descent(lambda w: (w @ (h * w) / 2, h * w), np.ones(3), step=0.8, max_iter=7)
    np.testing.assert_allclose(result.w, (1 - 0.8 * h) ** 7, rtol=1e-12)
    assert result.n_iter == 7
    assert (np.diff(result.history) < 0).all()


def test_a_small_step_is_not_mistaken_for_the_end():
    with pytest.warns(NotConverged, match="gradient norm of 1, above the tolerance") as record:
        result = gradient_descent(lambda w: (w[0], np.ones(1)), [0.0], step=1e-12, max_iter=50)
    assert record[0].filename == __file__
    assert not result.converged
    assert result.n_iter == 50


def test_divergence_is_named():
    X, y = problem()
    with pytest.warns(
        NotConverged, match=r"diverged: the objective was (inf|nan) at iteration \d+\. Use a smaller"
    ):
        result = gradient_descent(ridge_function(X, y, 0.3), np.ones(5), step=1e3)
    assert not result.converged
    assert not np.isfinite(result.value)


def test_callback_sees_every_iterate_and_cannot_change_it():
    seen = []

    def watch(iteration, w):
        seen.append((iteration, float(w[0])))
        w[:] = 99

    w0 = np.array([8.0])
    result = gradient_descent(lambda w: (w @ w / 2, w), w0, step=0.5, tol=1.0, callback=watch)
    assert seen == [(0, 8.0), (1, 4.0), (2, 2.0), (3, 1.0)]
    assert result.n_iter == 3
    assert result.history.tolist() == [32.0, 8.0, 2.0, 0.5]
    assert w0.tolist() == [8.0]


def test_float32_is_kept():
    w0 = np.ones(2, dtype=np.float32)
    for method in (gradient_descent, subgradient_descent):
        assert method(lambda w: (w @ w / 2, np.asarray(w, float)), w0, step=0.5).w.dtype == np.float32


def test_subgradient_steps_shrink_with_the_square_root():
    seen = []
    subgradient_descent(
        lambda w: (-w[0], [-1.0]), [0.0], step=2.0, max_iter=4, callback=lambda k, w: seen.append(w[0])
    )
    np.testing.assert_allclose(np.diff(seen), 2 / np.sqrt([1, 2, 3, 4]), rtol=1e-14)


def test_subgradient_descent_comes_close_but_not_to_zero():
    X, y = problem()
    lam = 0.3 * lam_max(X, y)
    exact = fista(X, y, lam)
    start = np.random.default_rng(1).normal(size=5)
    result = subgradient_descent(lasso_function(X, y, lam), start, step=0.5, max_iter=3000)
    assert (exact.w == 0).sum() >= 3
    assert (result.w == 0).sum() == 0
    assert 0 < result.value - exact.value < 1e-2 * exact.value
    assert not result.converged
    assert np.isnan(result.certificate)
    assert result.value == result.history.min()  # the best iterate, not the last
    assert (np.diff(result.history) > 0).any()  # for it does not descend at every step


def test_subgradient_descent_stops_on_a_certificate_or_says_that_it_did_not():
    X, y = problem()
    lam = 0.3 * lam_max(X, y)
    run = {"value_and_subgradient": lasso_function(X, y, lam), "w0": np.zeros(5), "step": 0.5}
    gap = {"certificate": lambda w: duality_gap(X, y, w, lam)}
    loose = subgradient_descent(**run, **gap, tol=1e-2, max_iter=5000)
    assert loose.converged
    assert loose.certificate == duality_gap(X, y, loose.w, lam) <= 1e-2
    with pytest.warns(NotConverged, match="proximal method"):
        tight = subgradient_descent(**run, **gap, tol=1e-12, max_iter=50)
    assert tight.certificate == duality_gap(X, y, tight.w, lam) > 1e-12


def test_a_gradient_of_the_wrong_shape_is_named():
    with pytest.raises(ValueError, match=r"gradient must have the shape of w, \(2,\), got \(3,\)"):
        gradient_descent(lambda w: (0.0, np.ones(3)), np.ones(2), step=0.1)
