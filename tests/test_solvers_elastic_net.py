"""ISTA, FISTA and coordinate descent: certificates first, then scikit-learn, then theorems."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.penalties import soft_threshold
from course_lib.solvers import coordinate, least_squares, ridge
from course_lib.solvers.coordinate import coordinate_descent
from course_lib.solvers.proximal import duality_gap, fista, ista, lam_max
from course_lib.solvers.result import NotConverged

SOLVERS = [ista, fista, coordinate_descent]
each_solver = pytest.mark.parametrize("solver", SOLVERS)
any_solver = st.sampled_from(SOLVERS)
seeds = st.integers(0, 2**32 - 1)
shares = st.sampled_from([1.0, 0.9, 0.5, 0.05])


def problem(n=25, d=6, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) + 2
    return X, X @ np.where(np.arange(d) < 2, 2.0, 0.0) - 1 + rng.normal(size=n)


@each_solver
@pytest.mark.parametrize("shape", [(25, 6), (10, 20)])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_agreement_with_scikit_learn(solver, shape, l1_ratio, fit_intercept):
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import ElasticNet

    X, y = problem(*shape)
    lam = 0.1 * lam_max(X, y, l1_ratio or 0.5, fit_intercept=fit_intercept)
    tol = 1e-14 if l1_ratio == 1 else 1e-20
    result = solver(X, y, lam, l1_ratio, fit_intercept=fit_intercept, tol=tol, max_iter=100_000)
    model = ElasticNet(lam, l1_ratio=l1_ratio, fit_intercept=fit_intercept, tol=1e-15, max_iter=100_000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # its gap cannot reach 1e-15: rounding
        warnings.simplefilter("ignore", UserWarning)  # it advises against l1_ratio = 0
        model.fit(X, y)
    assert result.converged
    np.testing.assert_allclose(result.w, model.coef_, atol=1e-8)
    assert result.b == pytest.approx(model.intercept_, abs=1e-8)


@settings(max_examples=60, deadline=None)
@given(any_solver, seeds, shares, st.floats(0.02, 0.95), st.booleans(), st.sampled_from([(25, 6), (6, 9)]))
def test_converged_means_certified(solver, seed, l1_ratio, fraction, fit_intercept, shape):
    X, y = problem(*shape, seed)
    lam = fraction * lam_max(X, y, l1_ratio, fit_intercept=fit_intercept)
    result = solver(X, y, lam, l1_ratio, fit_intercept=fit_intercept, max_iter=100_000)
    center = (lambda a: a - a.mean(axis=0)) if fit_intercept else (lambda a: a)
    assert result.converged
    assert result.certificate_name == "duality gap"
    gap = duality_gap(X, y, result.w, lam, l1_ratio, fit_intercept=fit_intercept)
    assert result.certificate == pytest.approx(gap, rel=1e-12, abs=0)
    assert gap <= 1e-10 * np.mean(center(y) ** 2) / 2
    # The gap is a true bound: no other point can be lower by more than it.
    value = least_squares.objective(X, y, result.w, result.b, lam, l1_ratio)
    assert result.value == pytest.approx(value, rel=1e-10)
    rng = np.random.default_rng(seed)
    for scale in (1e-6, 1e-3, 1e-1, 1.0):
        v = result.w + scale * rng.normal(size=shape[1])
        b = float(y.mean() - X.mean(axis=0) @ v) if fit_intercept else 0.0
        assert least_squares.objective(X, y, v, b, lam, l1_ratio) >= value - gap - 1e-13
    residual = least_squares.kkt_residual(X, y, result.w, lam, l1_ratio, fit_intercept=fit_intercept)
    assert residual.max() <= 1e-3 * lam * l1_ratio


@settings(deadline=None)
@given(seeds, st.sampled_from([1.0, 0.5, 0.0]), st.floats(1e-3, 2))
def test_the_gap_bounds_the_distance_to_the_minimum_everywhere(seed, l1_ratio, lam):
    X, y = problem(12, 4, seed)
    best = coordinate_descent(X, y, lam, l1_ratio, tol=1e-14, max_iter=100_000)
    w = np.random.default_rng(seed).normal(size=4)
    b = float(y.mean() - X.mean(axis=0) @ w)
    above = least_squares.objective(X, y, w, b, lam, l1_ratio) - best.value
    assert duality_gap(X, y, w, lam, l1_ratio) >= above - 1e-10


def test_the_gap_is_primal_minus_dual_written_out():
    X, y = problem(12, 4)
    Xc, yc, w, lam, n = X - X.mean(axis=0), y - y.mean(), np.array([0.5, 0.0, -1.0, 2.0]), 0.7, 12
    residual = yc - Xc @ w
    theta = residual * min(1, n * lam / np.abs(Xc.T @ residual).max())  # feasible: |X.T theta| <= n lam
    primal = residual @ residual / (2 * n) + lam * np.abs(w).sum()
    dual = (yc @ yc - (yc - theta) @ (yc - theta)) / (2 * n)
    assert duality_gap(X, y, w, lam) == pytest.approx(primal - dual, rel=1e-12)


@each_solver
@pytest.mark.parametrize("l1_ratio", [1.0, 0.7, 0.1])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_at_lam_max_every_coefficient_is_exactly_zero(solver, l1_ratio, dtype, fit_intercept):
    for seed in range(20):
        X, y = (a.astype(dtype) for a in problem(9, 5, seed))
        lam = lam_max(X, y, l1_ratio, fit_intercept=fit_intercept)
        for start in (None, np.ones(5)):
            result = solver(X, y, lam, l1_ratio, fit_intercept=fit_intercept, w0=start)
            assert result.w.tolist() == [0.0] * 5
            assert not np.signbit(result.w).any()
            assert result.certificate == 0
            assert result.n_iter == 0


@settings(max_examples=40, deadline=None)
@given(any_solver, seeds, shares, st.sampled_from([0.5, 0.9, 0.999, 1.0, 1.001, 3.0]))
def test_all_zeros_exactly_when_lam_is_at_least_lam_max(solver, seed, l1_ratio, fraction):
    X, y = problem(12, 4, seed)
    result = solver(X, y, fraction * lam_max(X, y, l1_ratio), l1_ratio)
    assert (not result.w.any()) == (fraction >= 1)


def test_lam_max_never_rounds_down():
    X = np.array([[-1.0], [1.0]])
    for strongest, l1_ratio in np.random.default_rng(0).uniform(0.01, 1, size=(500, 2)):
        lam = lam_max(X, [-strongest, strongest], l1_ratio)
        assert strongest <= lam * l1_ratio <= strongest * (1 + 1e-15)


def test_lam_max_written_out():
    X, y = problem(9, 4)
    Xc, yc = X - X.mean(axis=0), y - y.mean()
    assert lam_max(X, y) == pytest.approx(np.abs(Xc.T @ yc).max() / 9, rel=1e-14)
    assert lam_max(X, y, 0.2) == pytest.approx(np.abs(Xc.T @ yc).max() / (9 * 0.2), rel=1e-14)
    assert lam_max(X, y, fit_intercept=False) == pytest.approx(np.abs(X.T @ y).max() / 9, rel=1e-14)


def test_ridge_has_no_lam_max():
    X, y = problem()
    with pytest.raises(ValueError, match=r"l1_ratio must be > 0 for lam_max, got 0.*grid of strengths"):
        lam_max(X, y, 0)


@settings(max_examples=30, deadline=None)
@given(any_solver, seeds, st.floats(1e-2, 10))
def test_ridge_is_the_elastic_net_without_l1(solver, seed, lam):
    X, y = problem(15, 4, seed)
    w, b = ridge.solve(X, y, lam)
    result = solver(X, y, lam, 0.0, tol=1e-20)
    np.testing.assert_allclose(result.w, w, atol=1e-8)
    assert result.b == pytest.approx(b, abs=1e-7)


@each_solver
def test_orthogonal_design_is_soft_thresholding_in_closed_form(solver):
    rng = np.random.default_rng(3)
    Q, _ = np.linalg.qr(rng.normal(size=(20, 5)))
    X, y = np.sqrt(20) * Q, 3 * rng.normal(size=20)  # X.T X / n = I
    z, lam = X.T @ y / 20, 0.5
    for l1_ratio in (1.0, 0.4):
        expected = soft_threshold(z, lam * l1_ratio) / (1 + lam * (1 - l1_ratio))
        result = solver(X, y, lam, l1_ratio, fit_intercept=False, tol=1e-15)
        np.testing.assert_allclose(result.w, expected, atol=1e-7)
        assert ((result.w == 0) == (expected == 0)).all()


@settings(max_examples=30, deadline=None)
@given(any_solver, seeds, st.floats(0.05, 0.8), st.floats(0.1, 10))
def test_scaling_laws(solver, seed, fraction, c):
    X, y = problem(15, 4, seed)
    lam = fraction * lam_max(X, y)
    w = solver(X, y, lam, tol=1e-14).w
    np.testing.assert_allclose(solver(X, c * y, c * lam, tol=1e-14).w, c * w, atol=1e-5 * c)
    np.testing.assert_allclose(solver(c * X, y, c * lam, tol=1e-14).w, w / c, atol=1e-5 / c)
    np.testing.assert_allclose(solver(np.vstack([X, X]), np.tile(y, 2), lam, tol=1e-14).w, w, atol=1e-5)
    half = solver(X, c * y, lam, 0.0, tol=1e-18).w  # without L1 the problem is linear in y
    np.testing.assert_allclose(half, c * solver(X, y, lam, 0.0, tol=1e-18).w, atol=1e-5 * c)


@settings(max_examples=30, deadline=None)
@given(any_solver, seeds, st.sampled_from([1.0, 0.5]))
def test_columns_permute_with_their_coefficients(solver, seed, l1_ratio):
    X, y = problem(15, 5, seed)
    order = np.random.default_rng(seed).permutation(5)
    lam = 0.1 * lam_max(X, y, l1_ratio)
    w, shuffled = (solver(A, y, lam, l1_ratio, tol=1e-14).w for A in (X, X[:, order]))
    np.testing.assert_allclose(shuffled, w[order], atol=1e-5)


@each_solver
def test_without_a_penalty_it_is_least_squares(solver):
    X, y = problem()
    result = solver(X, y, 0.0, tol=1e-13)
    assert result.certificate_name == "KKT residual"
    w, b = ridge.solve(X, y, 0.0)
    np.testing.assert_allclose(result.w, w, atol=1e-9)
    assert result.b == pytest.approx(b, abs=1e-9)


@each_solver
@pytest.mark.parametrize("lam", [0.0, 0.01])
def test_awkward_data(solver, lam):
    X, y = problem(8, 3)
    X = np.column_stack([X, X[:, 0], np.full(8, 0.1)])  # a duplicate and a constant column
    result = solver(X, y, lam, w0=np.ones(5), max_iter=100_000)
    assert result.converged
    assert result.w[4] == 0
    merged = solver(X[:, :3], y, lam, max_iter=100_000)
    assert result.value == pytest.approx(merged.value, abs=1e-8)  # the twin adds nothing

    constant = solver(X, np.full(8, 0.1), lam)
    assert constant.w.tolist() == [0.0] * 5
    assert constant.b == 0.1

    single = solver(X[:1], y[:1], lam)
    assert single.w.tolist() == [0.0] * 5
    assert single.b == y[0]

    flat = solver(np.ones((4, 2)), [1.0, 2.0, 3.0, 4.0], lam)
    assert flat.w.tolist() == [0.0, 0.0]
    assert flat.b == 2.5


@each_solver
def test_the_elastic_net_gives_duplicates_equal_weights(solver):
    X, y = problem(12, 3)
    result = solver(np.column_stack([X, X[:, 0]]), y, 0.1, 0.5, tol=1e-18)
    assert result.w[0] != 0
    assert result.w[0] == pytest.approx(result.w[3], abs=1e-7)


@each_solver
def test_not_converged_is_said_with_the_gap(solver):
    X, y = problem(10, 20)
    message = rf"{solver.__name__} stopped after 2 iterations with a duality gap of"
    with pytest.warns(NotConverged, match=message) as record:
        result = solver(X, y, 1e-3, max_iter=2)
    assert record[0].filename == __file__  # the warning points at the caller
    assert f"{result.certificate:.3g}" in str(record[0].message)
    assert not result.converged
    assert result.certificate > result.tolerance
    assert result.n_iter == 2


@each_solver
def test_a_slow_run_does_not_pass_for_a_finished_one(solver):
    # Nearly equal columns: the steps get tiny long before the minimum is reached.
    rng = np.random.default_rng(0)
    x = rng.normal(size=(30, 1))
    X = x + 1e-4 * rng.normal(size=(30, 8))
    y = X @ np.array([3.0, -3, 2, -2, 1, -1, 1, 1]) + rng.normal(size=30)
    with pytest.warns(NotConverged):
        result = solver(X, y, 1e-9, max_iter=50)
    assert duality_gap(X, y, result.w, 1e-9) == pytest.approx(result.certificate, rel=1e-9)


@each_solver
def test_callback_and_history(solver):
    X, y = problem()
    seen = []

    def watch(iteration, w):
        seen.append((iteration, w.copy()))
        w[:] = np.nan  # what a callback does to its copy must not reach the solver

    result = solver(X, y, 0.1, callback=watch)
    assert [i for i, _ in seen] == list(range(result.n_iter + 1))
    assert not seen[0][1].any()
    np.testing.assert_array_equal(seen[-1][1], result.w)
    values = [least_squares.objective(X, y, w, y.mean() - X.mean(axis=0) @ w, 0.1) for _, w in seen]
    np.testing.assert_allclose(result.history, values, rtol=1e-10)
    assert result.certificates[-1] == result.certificate
    assert result.history.size == result.certificates.size == result.n_iter + 1
    if solver is not fista:
        assert (np.diff(result.history) <= 1e-14).all()  # both descend at every step


def test_fista_needs_fewer_iterations_than_ista():
    X, y = problem(30, 60)
    lam = 0.05 * lam_max(X, y)
    runs = {f: f(X, y, lam, tol=1e-6, max_iter=100_000).n_iter for f in (ista, fista)}
    assert runs[fista] < runs[ista] / 3


def test_fista_without_restart_rises_and_with_restart_is_faster():
    X, y = problem(40, 10)
    plain, restarted = (fista(X, y, 1e-3, restart=r, tol=1e-13) for r in (False, True))
    assert restarted.n_iter < plain.n_iter
    assert (np.diff(plain.history) > 0).any()


def test_ista_first_step_written_out():
    X, y = problem()
    Xc, yc, lam, n = X - X.mean(axis=0), y - y.mean(), 0.2, len(y)
    step = n / np.linalg.norm(Xc, 2) ** 2
    with pytest.warns(NotConverged):
        first = ista(X, y, lam, max_iter=1).w
    np.testing.assert_allclose(first, soft_threshold(step * Xc.T @ yc / n, step * lam), rtol=1e-12)


def test_one_cycle_of_coordinate_descent_written_out():
    # Every coefficient sees the newest values of the ones before it, also when they just moved.
    X, y = problem(10, 4)
    Xc, yc, lam, l1_ratio, w = X - X.mean(axis=0), y - y.mean(), 0.3, 0.6, np.ones(4)
    for j in range(4):
        rest = yc - Xc @ w + Xc[:, j] * w[j]
        pull = soft_threshold(Xc[:, j] @ rest / 10, lam * l1_ratio)
        w[j] = pull / (Xc[:, j] @ Xc[:, j] / 10 + lam * (1 - l1_ratio))
    with pytest.warns(NotConverged):
        result = coordinate_descent(X, y, lam, l1_ratio, w0=np.ones(4), max_iter=1)
    np.testing.assert_allclose(result.w, w, rtol=1e-10)


@each_solver
def test_warm_start_at_the_solution_is_recognised(solver):
    X, y = problem()
    w = coordinate_descent(X, y, 0.1, tol=1e-15).w
    before = w.copy()
    assert solver(X, y, 0.1, w0=w).n_iter == 0
    np.testing.assert_array_equal(w, before)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_path_is_a_solution_at_every_strength(l1_ratio):
    X, y = problem(10, 20)
    grid = lam_max(X, y, l1_ratio) * np.array([0.1, 1.0, 0.03, 0.5])  # unsorted
    coefs, intercepts = coordinate.path(X, y, grid, l1_ratio, max_iter=100_000)
    assert coefs.shape == (20, 4)
    assert not coefs[:, 1].any()
    for k, lam in enumerate(grid):
        assert duality_gap(X, y, coefs[:, k], lam, l1_ratio) <= 1e-10 * np.var(y) / 2 * (1 + 1e-9)
        assert intercepts[k] == pytest.approx(y.mean() - X.mean(axis=0) @ coefs[:, k], rel=1e-12)


@each_solver
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
def test_float32_is_kept_and_input_is_not_modified(solver, l1_ratio):
    X, y = (a.astype(np.float32) for a in problem())
    w0 = np.ones(6, dtype=np.float32)
    before = X.copy(), y.copy(), w0.copy()
    result = solver(X, y, 0.1, l1_ratio, w0=w0)
    assert result.w.dtype == np.float32
    assert result.converged
    precise = solver(X.astype(float), y.astype(float), 0.1, l1_ratio)
    assert result.value == pytest.approx(precise.value, rel=1e-4)
    for array, kept in zip((X, y, w0), before, strict=True):
        np.testing.assert_array_equal(array, kept)
    assert isinstance(result.value, float)
    assert isinstance(result.b, float)
