"""Ridge against scikit-learn, its own gradient, n refits and the theorems of chapter 02."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.solvers import ridge


def problem(n, d, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) @ np.diag(rng.uniform(0.3, 3, d)) + rng.normal(size=d)
    return X, X[:, 0] - 2 + rng.normal(size=n)


SHAPES = [(30, 5), (8, 20), (6, 6), (1, 3), (5, 1)]
seeds = st.integers(0, 2**32 - 1)
lams = st.floats(1e-4, 1e2)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("lam", [1e-12, 1e-3, 0.7, 50.0])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_solve_agrees_with_scikit_learn(shape, lam, fit_intercept):
    from sklearn.linear_model import Ridge

    X, y = problem(*shape)
    w, b = ridge.solve(X, y, lam, fit_intercept=fit_intercept)
    model = Ridge(alpha=len(y) * lam, fit_intercept=fit_intercept, solver="svd").fit(X, y)
    np.testing.assert_allclose(w, model.coef_, rtol=1e-8, atol=1e-10)
    assert b == pytest.approx(model.intercept_, rel=1e-8, abs=1e-10)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("lam", [0.0, 1e-12, 1e-3, 50.0])
def test_the_gradient_vanishes_at_the_solution(shape, lam):
    X, y = problem(*shape)
    w, b = ridge.solve(X, y, lam)
    grad_w, grad_b = ridge.gradient(X, y, w, b, lam)
    scale = np.abs(X).max() * np.abs(y).max()
    assert max(np.abs(grad_w).max(), abs(grad_b)) <= 1e-12 * scale


def test_gradient_agrees_with_torch_and_finite_differences():
    torch = pytest.importorskip("torch")
    X, y = problem(9, 4)
    w, b, lam = np.array([1.0, -2.0, 0.0, 0.5]), 0.3, 0.7
    tw, tb = torch.tensor(w, requires_grad=True), torch.tensor(b, dtype=torch.float64, requires_grad=True)
    value = ((torch.tensor(y) - torch.tensor(X) @ tw - tb) ** 2).mean() / 2 + lam / 2 * (tw**2).sum()
    value.backward()
    grad_w, grad_b = ridge.gradient(X, y, w, b, lam)
    assert ridge.objective(X, y, w, b, lam) == pytest.approx(value.item(), rel=1e-13)
    np.testing.assert_allclose(grad_w, tw.grad.numpy(), rtol=1e-12)
    assert grad_b == pytest.approx(tb.grad.item(), rel=1e-12)
    h = 1e-6
    for j, e in enumerate(np.eye(4)):
        ahead, back = (ridge.objective(X, y, w + s * h * e, b, lam) for s in (1, -1))
        assert grad_w[j] == pytest.approx((ahead - back) / (2 * h), abs=1e-7)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_path_is_solve_at_every_strength(shape, fit_intercept):
    X, y = problem(*shape)
    grid = [5.0, 0.0, 1e-2]
    coefs, intercepts = ridge.path(X, y, grid, fit_intercept=fit_intercept)
    assert coefs.shape == (shape[1], 3)
    for k, lam in enumerate(grid):
        w, b = ridge.solve(X, y, lam, fit_intercept=fit_intercept)
        np.testing.assert_allclose(coefs[:, k], w, rtol=1e-9, atol=1e-11)
        assert intercepts[k] == pytest.approx(b, rel=1e-9, abs=1e-11)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_without_a_penalty_the_solution_of_smallest_norm_is_returned(fit_intercept):
    X, y = problem(6, 4)
    X = np.column_stack([X, X[:, 0], 2 * X[:, 1], np.full(6, 0.1)])  # duplicates and a constant column
    A, c = (X - X.mean(axis=0), y - y.mean()) if fit_intercept else (X, y)
    expected = np.linalg.pinv(A, rcond=1e-10) @ c
    w, _ = ridge.solve(X, y, 0, fit_intercept=fit_intercept)
    np.testing.assert_allclose(w, expected, atol=1e-10)
    nearly, _ = ridge.solve(X, y, 1e-11, fit_intercept=fit_intercept)
    np.testing.assert_allclose(nearly, expected, atol=1e-6)  # it is the limit for lam to 0


def test_constant_columns_and_constant_targets():
    X, y = problem(3, 2)
    X = np.column_stack([X, np.full(3, 0.1)])  # the rounded mean of 0.1, 0.1, 0.1 is not 0.1
    assert ridge.solve(X, y, 0)[0][2] == 0
    assert ridge.solve(X, y, 1e-9)[0][2] == 0
    w, b = ridge.solve(X, [0.1, 0.1, 0.1], 0)
    assert w.tolist() == [0, 0, 0]
    assert b == 0.1
    w, b = ridge.solve([[3.0, 1.0]], [2.0], 0.5)  # one sample
    assert w.tolist() == [0, 0]
    assert b == 2.0


@given(seeds, lams)
def test_duplicate_columns_share_the_weight(seed, lam):
    X, y = problem(10, 3, seed)
    w, _ = ridge.solve(np.column_stack([X, X[:, 0]]), y, lam)
    assert w[0] == pytest.approx(w[3], rel=1e-6, abs=1e-9)


@given(seeds, lams)
def test_columns_permute_with_their_coefficients(seed, lam):
    X, y = problem(10, 4, seed)
    order = np.random.default_rng(seed).permutation(4)
    np.testing.assert_allclose(
        ridge.solve(X[:, order], y, lam)[0], ridge.solve(X, y, lam)[0][order], rtol=1e-7, atol=1e-10
    )


@given(seeds, lams, st.floats(0.1, 10))
def test_scaling_laws(seed, lam, c):
    X, y = problem(10, 3, seed)
    w, b = ridge.solve(X, y, lam)
    np.testing.assert_allclose(ridge.solve(X, c * y, lam)[0], c * w, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(ridge.solve(c * X, y, c**2 * lam)[0], w / c, rtol=1e-7, atol=1e-11)
    shifted, b_shifted = ridge.solve(
        X + 2, y + c, lam
    )  # the intercept takes up every shift: it is not penalised
    np.testing.assert_allclose(shifted, w, rtol=1e-7, atol=1e-10)
    assert b_shifted == pytest.approx(b + c - 2 * w.sum(), rel=1e-7, abs=1e-8)


@given(seeds, lams)
def test_doubling_the_data_changes_nothing(seed, lam):
    # The loss is a mean: with a sum in its place, lam would mean something else for every n.
    X, y = problem(8, 3, seed)
    w, b = ridge.solve(X, y, lam)
    w2, b2 = ridge.solve(np.vstack([X, X]), np.concatenate([y, y]), lam)
    np.testing.assert_allclose(w2, w, rtol=1e-8, atol=1e-11)
    assert b2 == pytest.approx(b, rel=1e-8, abs=1e-9)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("center", [True, False])
def test_shrinkage_factors_are_the_eigenvalues_of_the_hat_matrix(shape, center):
    X, _ = problem(*shape)
    lam, n = 0.3, shape[0]
    A = X - X.mean(axis=0) if center else X
    hat = A @ np.linalg.inv(A.T @ A + n * lam * np.eye(shape[1])) @ A.T
    factors = ridge.shrinkage_factors(X, lam, center=center)
    assert factors.shape == (shape[1],)
    k = min(shape)
    np.testing.assert_allclose(factors[:k], np.sort(np.linalg.eigvalsh(hat))[::-1][:k], atol=1e-10)
    assert (factors[k:] == 0).all()
    assert ridge.effective_df(X, lam, center=center) == pytest.approx(np.trace(hat), abs=1e-10)


@given(seeds, st.tuples(lams, lams).map(sorted))
def test_factors_lie_in_the_unit_interval_and_fall_with_lam(seed, pair):
    X, _ = problem(9, 4, seed)
    weak, strong = (ridge.shrinkage_factors(X, lam) for lam in pair)
    assert ((strong >= 0) & (weak <= 1)).all()
    assert (np.diff(weak) <= 0).all()
    assert (strong <= weak).all()
    assert ridge.effective_df(X, pair[1]) <= ridge.effective_df(X, pair[0])


def test_degrees_of_freedom_without_a_penalty_are_the_rank():
    X, _ = problem(8, 3)
    X = np.column_stack([X, X[:, 0] + X[:, 1], np.ones(8)])
    assert ridge.effective_df(X, 0) == pytest.approx(3)
    assert ridge.effective_df(X, 0, center=False) == pytest.approx(4)


def test_degrees_of_freedom_are_the_covariance_of_fit_and_target():
    # df = sum_i d fit_i / d y_i; the intercept adds the 1 that effective_df leaves out.
    X, y = problem(9, 4)
    total = 0.0
    for i, e in enumerate(np.eye(9)):
        (w, b), (w1, b1) = ridge.solve(X, y, 0.2), ridge.solve(X, y + e, 0.2)
        total += (X[i] @ w1 + b1) - (X[i] @ w + b)
    assert total == pytest.approx(ridge.effective_df(X, 0.2) + 1, rel=1e-10)


@settings(max_examples=25)
@given(seeds, st.sampled_from([0.0, 1e-3, 0.5, 20.0]), st.booleans(), st.sampled_from([(12, 4), (6, 9)]))
def test_loo_errors_are_n_refits_that_keep_n_lam_fixed(seed, lam, fit_intercept, shape):
    X, y = problem(*shape, seed)
    lam = lam if shape[0] > shape[1] else lam + 0.1
    n, refits = len(y), []
    for i in range(n):
        keep = np.arange(n) != i
        w, b = ridge.solve(X[keep], y[keep], n * lam / (n - 1), fit_intercept=fit_intercept)
        refits.append(y[i] - X[i] @ w - b)
    np.testing.assert_allclose(
        ridge.loo_errors(X, y, lam, fit_intercept=fit_intercept), refits, rtol=1e-6, atol=1e-8
    )


def test_a_row_of_leverage_one_has_no_loo_error():
    X, y = problem(4, 6)
    with pytest.raises(ValueError, match=r"Row 0 of X has leverage 1 at lam=0\.0"):
        ridge.loo_errors(X, y, 0)
    with pytest.raises(ValueError, match="Row 0 of X has leverage 1"):
        ridge.loo_errors([[1.0]], [2.0], 3.0)


def test_float32_is_kept_and_input_is_not_modified():
    X, y = (a.astype(np.float32) for a in problem(12, 3))
    before = X.copy(), y.copy()
    w, _ = ridge.solve(X, y, 0.1)
    assert w.dtype == np.float32
    assert all(a.dtype == np.float32 for a in ridge.path(X, y, [0.0, 0.1]))
    assert ridge.shrinkage_factors(X, 0.1).dtype == np.float32
    assert ridge.loo_errors(X, y, 0.1).dtype == np.float32
    assert ridge.gradient(X, y, w, 0.0, 0.1)[0].dtype == np.float32
    np.testing.assert_allclose(w, ridge.solve(X.astype(float), y, 0.1)[0], rtol=1e-4)
    np.testing.assert_array_equal(X, before[0])
    np.testing.assert_array_equal(y, before[1])


def test_choose_by_loo_is_scikit_learns_choice():
    from sklearn.linear_model import RidgeCV

    for seed in range(5):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(25, 8)) @ rng.normal(size=(8, 8))
        y = X[:, 0] + 2 * rng.normal(size=25)
        lams = rng.permutation(np.logspace(-4, 2, 31))
        chosen = ridge.choose_by_loo(X, y, lams)
        reference = RidgeCV(alphas=25 * lams, fit_intercept=True).fit(X, y).alpha_ / 25
        assert chosen == pytest.approx(reference)


def test_choose_by_loo_prefers_the_simpler_of_equals_and_names_bad_candidates():
    X, y = np.array([[1.0], [2.0], [4.0]]), np.zeros(3)  # every strength is perfect
    assert ridge.choose_by_loo(X, y, [0.1, 3.0, 1.0]) == 3.0
    with pytest.raises(ValueError, match="lams must be >= 0, got -1"):
        ridge.choose_by_loo(X, y, [-1.0, 1.0])
