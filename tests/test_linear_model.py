"""Ridge, lasso and elastic net: 60-digit oracles, certificates, published knots, hard inputs."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import mpmath
import numpy as np
import pytest
import sklearn.linear_model as peer
from hypothesis import given, settings
from hypothesis import strategies as st
from linear_problems import problem
from scipy import sparse
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import PolynomialFeatures
from sklearn.utils.estimator_checks import check_estimator

from course_lib.linear_model import (
    ElasticNet,
    ElasticNetCV,
    Lasso,
    LassoCV,
    Ridge,
    RidgeCV,
    enet_path,
    exact_lasso_path,
    lasso_path,
    ridge_path,
)
from course_lib.model_selection import best_strength
from course_lib.solvers import homotopy, working_set
from course_lib.solvers.least_squares import duality_gap, kkt_residual, lam_max

seeds = st.integers(0, 2**32 - 1)


def exact(X, y, support, signs, l1, l2, weights=None):
    """Solve the KKT conditions on a support with 60 digits; return coefficients and intercept as floats."""
    with mpmath.workdps(60):
        s = [mpmath.mpf(float(v)) for v in (np.ones(len(y)) if weights is None else weights)]
        n = sum(s)

        def centred(column):
            values = [mpmath.mpf(float(v)) for v in column]
            mean = sum(a * b for a, b in zip(s, values, strict=True)) / n
            return [v - mean for v in values], mean

        def dot(a, b):
            return sum(p * q * r for p, q, r in zip(s, a, b, strict=True)) / n

        columns = [centred(X[:, j]) for j in support]
        target, y_mean = centred(y)
        k = len(support)
        system, right = mpmath.zeros(k), mpmath.zeros(k, 1)
        for i in range(k):
            right[i] = dot(columns[i][0], target) - l1 * mpmath.mpf(float(signs[i]))
            for j in range(k):
                system[i, j] = dot(columns[i][0], columns[j][0]) + (l2 if i == j else 0)
        w = mpmath.lu_solve(system, right)
        b = y_mean - sum(w[i] * columns[i][1] for i in range(k))
        return np.array([float(v) for v in w]), float(b)


def hard(kind):
    X, y = problem(25, 5, 3)
    if kind == "offsets":
        X, y = X + 1e9, y + 1e9
    if kind == "mild offsets":
        X, y = X + 2, y - 2  # far enough to cost digits, near enough for raw moments
    if kind == "scales":
        X = X * np.array([1e-8, 1e8, 1.0, 1e4, 1e-4])
        y = X @ (np.array([1.0, -2, 1, 0.5, 3]) / X.std(axis=0)) + y
    if kind == "near twins":
        X[:, 1] = X[:, 0] + 1e-5 * X[:, 1]
    if kind == "constant column":
        X[:, 2] = 0.1
    return X, y


KINDS = ["plain", "offsets", "mild offsets", "scales", "near twins", "constant column"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
@pytest.mark.parametrize("share", [0.3, 1e-3])
def test_sparse_fits_against_a_solution_of_60_digits(kind, l1_ratio, share):
    X, y = hard(kind)
    weights = np.linspace(0.5, 2, len(y))
    lam = share * np.max(np.abs((X - X.mean(axis=0)).T @ (y - y.mean()))) / len(y)
    model = ElasticNet(lam, l1_ratio).fit(X, y, weights)
    support = np.flatnonzero(model.coef_)
    w, b = exact(X, y, support, np.sign(model.coef_[support]), lam * l1_ratio, lam * (1 - l1_ratio), weights)
    np.testing.assert_allclose(model.coef_[support], w, rtol=1e-7)
    assert model.intercept_ == pytest.approx(b, rel=1e-7)
    assert model.dual_gap_ <= 1e-9 * np.var(y) / 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lam", [1.0, 1e-4])
def test_ridge_against_a_solution_of_60_digits(kind, lam):
    X, y = hard(kind)
    keep = np.flatnonzero((X[0] != X).any(axis=0))
    w, b = exact(X, y, keep, np.zeros(len(keep)), 0.0, lam)
    model = Ridge(lam).fit(X, y)
    np.testing.assert_allclose(model.coef_[keep], w, rtol=1e-7)
    assert model.intercept_ == pytest.approx(b, rel=1e-7)


def test_the_published_knots_of_the_diabetes_data():
    """The data of Efron, Hastie, Johnstone and Tibshirani (2004), *Annals of Statistics* 32(2), 407-499.

    Checked are twelve knots on the scale n lam, recorded to four decimals; that scikit-learn's ``lars_path``
    has the same; in what order features enter and leave; and the L1 norm of least squares.
    """
    X, y = load_diabetes(return_X_y=True)
    path = exact_lasso_path(X, y)
    recorded = [949.4353, 889.3138, 452.8957, 316.0734, 130.1295, 88.7843, 68.9648, 19.9812, 5.4775, 5.0882,
                2.1823, 1.3104]  # fmt: skip
    np.testing.assert_allclose(len(y) * path.knots[:-1], recorded, atol=5.1e-5)
    theirs = peer.lars_path(X, y - y.mean(), method="lasso")[0]
    np.testing.assert_allclose(path.knots, theirs, atol=1e-9)
    names = ["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"]
    order = [(kind, names[j]) for _, kind, j in path.events]
    assert [name for kind, name in order if kind == "enters"] == [
        "bmi",
        "s5",
        "bp",
        "s3",
        "sex",
        "s6",
        "s1",
        "s4",
        "s2",
        "age",
        "s3",
    ]
    assert [name for kind, name in order if kind == "leaves"] == ["s3"]
    assert np.abs(path.coefs[:, -1]).sum() == pytest.approx(3459.98, abs=5e-3)


@settings(max_examples=30)
@given(seeds, st.sampled_from([(20, 6), (12, 30), (15, 15), (10, 300), (1, 3), (2, 2)]), st.booleans())
def test_the_exact_path_satisfies_the_kkt_conditions_everywhere(seed, shape, fit_intercept):
    X, y = problem(*shape, seed)
    path = exact_lasso_path(X, y, fit_intercept=fit_intercept)
    assert (np.diff(path.knots) < 0).all()
    middles = (path.knots[1:] + path.knots[:-1]) / 2
    for lam in (*path.knots[:-1], *middles):
        residual = kkt_residual(X, y, path.at(lam), lam, fit_intercept=fit_intercept)
        assert residual.max() <= 1e-9 * max(path.knots[0], 1e-300)


@pytest.mark.parametrize("kind", ["wide", "collinear", "nearly dependent"])
def test_the_exact_path_is_right_down_to_zero_on_hard_data(kind):
    """Solutions near 0 on data with fewer rows than features, with dependent columns, with nearly such."""
    X, y = problem(40, 600, 1)
    if kind != "wide":
        X, y = load_diabetes(return_X_y=True)
        X = PolynomialFeatures(2, include_bias=False).fit_transform(X / X.std(axis=0))
    if kind == "nearly dependent":
        X = np.column_stack([X, X[:, :20] + 1e-3 * np.cos(np.outer(np.arange(len(y)), np.arange(1, 21)))])
    path = exact_lasso_path(X, y)
    assert path.knots[-1] == 0
    inside = np.zeros(X.shape[1], dtype=bool)
    for _, event, j in path.events:
        assert inside[j] == (event == "leaves")
        inside[j] = not inside[j]
    for lam in np.concatenate([path.knots[:-1], path.knots[1:] / 2 + path.knots[:-1] / 2])[::3]:
        assert kkt_residual(X, y, path.at(lam), lam).max() <= 1e-9 * path.knots[0]


@pytest.mark.parametrize("shape", [(40, 6), (12, 60)])
def test_a_path_with_too_many_knots_is_given_up_with_a_warning(shape, monkeypatch):
    for module in (homotopy, working_set):
        monkeypatch.setattr(module, "KNOTS_EACH", 0.1)
    X, y = problem(*shape)
    with pytest.warns(ConvergenceWarning, match="The path was left at lam"):
        path = exact_lasso_path(X, y)
    assert path.knots[-1] > 0
    assert kkt_residual(X, y, path.at(path.knots[-1]), path.knots[-1]).max() <= 1e-12


@settings(max_examples=30)
@given(seeds, st.sampled_from([(20, 6), (12, 30), (10, 300)]), st.sampled_from([0.1, 0.5, 0.9, 1.0]))
def test_grids_are_certified_and_agree_with_scikit_learn(seed, shape, l1_ratio):
    X, y = problem(*shape, seed)
    lams, coefs, gaps = enet_path(X, y, l1_ratio=l1_ratio, lams=12, eps=1e-2)
    assert (coefs[:, 0] == 0).all()
    assert gaps.max() <= 1e-9 * np.var(y) / 2
    for k in (3, 11):
        assert duality_gap(X, y, coefs[:, k], lams[k], l1_ratio) <= 1e-9 * np.var(y) / 2
    reference = peer.ElasticNet(lams[6], l1_ratio=l1_ratio, tol=1e-11, max_iter=10**6).fit(X, y)
    np.testing.assert_allclose(X @ coefs[:, 6] - X[0] @ coefs[:, 6],
                               X @ reference.coef_ - X[0] @ reference.coef_, atol=2e-4)  # fmt: skip
    single = ElasticNet(lams[6], l1_ratio).fit(X, y)
    np.testing.assert_allclose(single.coef_, coefs[:, 6], rtol=1e-6, atol=1e-9)
    np.testing.assert_array_equal(single.coef_ == 0, coefs[:, 6] == 0)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_lam_max_is_where_the_first_feature_enters(l1_ratio):
    X, y = problem(30, 8)
    top = lam_max(X, y, l1_ratio)
    assert (ElasticNet(top * (1 + 1e-12), l1_ratio).fit(X, y).coef_ == 0).all()
    assert (ElasticNet(top * 0.999, l1_ratio).fit(X, y).coef_ != 0).sum() == 1


@pytest.mark.parametrize("shape", [(40, 6), (15, 40)])
def test_cross_validation_agrees_with_scikit_learn(shape):
    X, y = problem(*shape)
    for ours, theirs in [
        (LassoCV(lams=20, eps=1e-2), peer.LassoCV(alphas=20, eps=1e-2, tol=1e-12, max_iter=10**6)),
        (ElasticNetCV(0.4, lams=20, eps=1e-2),
         peer.ElasticNetCV(l1_ratio=0.4, alphas=20, eps=1e-2, tol=1e-12, max_iter=10**6)),
    ]:  # fmt: skip
        ours.fit(X, y)
        theirs.fit(X, y)
        np.testing.assert_allclose(ours.lams_, theirs.alphas_, rtol=1e-10)
        np.testing.assert_allclose(ours.mse_path_, theirs.mse_path_, rtol=1e-4)
        assert ours.lam_ == pytest.approx(theirs.alpha_)
        assert ours.dual_gap_ <= 1e-9 * np.var(y) / 2


@pytest.mark.parametrize("shape", [(40, 6), (15, 40)])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_leave_one_out_agrees_with_scikit_learn(shape, fit_intercept):
    X, y = problem(*shape)
    lams = np.geomspace(1e-4, 10, 30)
    ours = RidgeCV(lams, fit_intercept=fit_intercept).fit(X, y)
    theirs = peer.RidgeCV(lams[::-1] * len(y), fit_intercept=fit_intercept, store_cv_results=True).fit(X, y)
    np.testing.assert_allclose(ours.mse_path_, theirs.cv_results_.mean(axis=0), rtol=1e-8)
    assert ours.lam_ == pytest.approx(theirs.alpha_ / len(y))


def test_folds_that_are_no_partition_are_fitted_on_their_own():
    X, y = problem(30, 4)
    whole = LassoCV(lams=5, cv=3).fit(X, y).mse_path_
    rows = np.arange(30)
    splits = [(np.setdiff1d(rows, rows[k : k + 10]), rows[k : k + 10]) for k in (0, 10, 20, 0)]
    np.testing.assert_allclose(LassoCV(lams=5, cv=splits).fit(X, y).mse_path_[:, :3], whole, rtol=1e-9)


def test_the_strength_that_is_chosen():
    lams, errors = [4.0, 2.0, 1.0], [[3.0, 5.0], [2.0, 3.0], [1.9, 2.9]]
    assert best_strength(lams, errors) == 1.0
    assert best_strength(lams, errors, "1se") == 2.0
    with pytest.raises(ValueError, match="selection must be"):
        best_strength(lams, errors, "best")


MODELS = [Ridge(0.1), Lasso(0.1), ElasticNet(0.1), RidgeCV(), LassoCV(lams=8), ElasticNetCV(lams=8)]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_scikit_learns_contract(model):
    check_estimator(model, on_skip=None)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
@pytest.mark.parametrize("shape", [(40, 6), (15, 30)])
def test_layout_type_and_sparsity_do_not_matter(model, shape):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 250, size=shape) * (rng.random(shape) < 0.6)
    y = X[:, 0] / 50 + rng.normal(size=shape[0])
    expected = type(model)(**model.get_params()).fit(X.astype(float), y).coef_
    forms = [X.astype(np.uint8), X, np.asfortranarray(X, dtype=float), sparse.csr_array(X),
             sparse.csc_matrix(X.astype(float)), X.tolist()]  # fmt: skip
    for form in forms:
        np.testing.assert_allclose(model.fit(form, y).coef_, expected, rtol=1e-8, atol=1e-12)
        assert model.coef_.dtype == np.float64
    single = model.fit(X.astype(np.float32), y.astype(np.float32))
    assert single.coef_.dtype == np.float32
    np.testing.assert_allclose(single.coef_, expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_input_is_not_modified_and_threads_agree(model):
    X, y = problem(30, 5)
    weights = np.linspace(0, 2, 30)
    copies = X.copy(), y.copy(), weights.copy()
    for array in (X, y, weights):
        array.setflags(write=False)

    def fit(_):
        return type(model)(**model.get_params()).fit(X, y, weights).coef_

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(fit, range(8)))
    assert all(np.array_equal(result, results[0]) for result in results)
    assert all(np.array_equal(a, b) for a, b in zip((X, y, weights), copies, strict=True))


@pytest.mark.parametrize("model", [Ridge(0.1), Lasso(0.05), ElasticNet(0.05)], ids=lambda m: type(m).__name__)
def test_degenerate_problems(model):
    X, y = problem(12, 4)
    assert not model.fit(X, np.full(12, 0.1)).coef_.any()
    assert model.intercept_ == 0.1
    assert not model.fit(X[:1], y[:1]).coef_.any()
    assert model.intercept_ == y[0]
    twins = np.column_stack([X, X, np.ones(12), -X[:, 0]])
    assert model.fit(twins, y).dual_gap_ <= 1e-9 * np.var(y)
    assert model.coef_[8] == 0
    many = np.random.default_rng(0).normal(size=(12, 400))
    assert model.fit(many, y).dual_gap_ <= 1e-9 * np.var(y)


@settings(max_examples=40)
@given(seeds)
def test_tied_and_dependent_columns(seed):
    """Small whole numbers: correlations tie, columns repeat, knots coincide."""
    rng = np.random.default_rng(seed)
    X, y = rng.integers(-1, 2, size=(9, 12)).astype(float), rng.integers(-2, 3, size=9).astype(float)
    scale = max(np.var(y), 1e-300)
    for l1_ratio in (1.0, 0.5):
        _, _, gaps = enet_path(X[:, :6], y, l1_ratio=l1_ratio, lams=15, eps=1e-3)
        assert gaps.max() <= 1e-9 * scale
        _, _, gaps = enet_path(X, y, l1_ratio=l1_ratio, lams=15, eps=1e-3)
        assert gaps.max() <= 1e-9 * scale


def test_without_a_penalty_it_is_least_squares():
    X, y = problem(20, 3)
    expected = np.linalg.lstsq(np.column_stack([np.ones(20), X]), y, rcond=None)[0]
    for model in (Ridge(0.0), Lasso(0.0), ElasticNet(0.0)):
        model.fit(X, y)
        np.testing.assert_allclose([model.intercept_, *model.coef_], expected, rtol=1e-9)


def test_elastic_net_without_l1_is_ridge_and_ridge_has_several_targets():
    X, y = problem(20, 5)
    np.testing.assert_allclose(ElasticNet(0.3, 0.0).fit(X, y).coef_, Ridge(0.3).fit(X, y).coef_, rtol=1e-9)
    both = Ridge(0.3).fit(X, np.column_stack([y, -2 * y]))
    assert both.coef_.shape == (2, 5)
    np.testing.assert_allclose(both.coef_[1], -2 * Ridge(0.3).fit(X, y).coef_, rtol=1e-9)
    lams, coefs, gaps = ridge_path(X, y, lams=[0.1, 0.3])
    np.testing.assert_allclose(coefs[:, list(lams).index(0.3)], Ridge(0.3).fit(X, y).coef_, rtol=1e-9)
    assert gaps.max() < 1e-15


def test_lasso_path_is_the_exact_path_on_a_grid():
    X, y = problem(30, 6)
    lams, coefs, _ = lasso_path(X, y, lams=20)
    np.testing.assert_allclose(exact_lasso_path(X, y).at(lams), coefs, atol=1e-11)


BAD = [
    (lambda X, y: Lasso(-1.0).fit(X, y), ValueError, "lam must be >= 0"),
    (lambda X, y: Lasso(np.nan).fit(X, y), ValueError, "lam must be finite"),
    (lambda X, y: Lasso("1").fit(X, y), TypeError, "lam must be a number"),
    (lambda X, y: ElasticNet(1.0, 1.5).fit(X, y), ValueError, "l1_ratio must lie"),
    (lambda X, y: Lasso(1.0, tol=0).fit(X, y), ValueError, "tol must be > 0"),
    (lambda X, y: Ridge(1.0, fit_intercept="no").fit(X, y), ValueError, "fit_intercept must be"),
    (lambda X, y: Ridge(1.0).fit(X, y, -np.ones(9)), ValueError, "sample_weight must be >= 0"),
    (lambda X, y: Ridge(1.0).fit(X, y, np.zeros(9)), ValueError, "sample_weight must have"),
    (lambda X, y: Ridge(1.0).fit(X * np.inf, y), ValueError, "X contains"),
    (lambda X, y: LassoCV(lams=0).fit(X, y), ValueError, "lams must be >= 1"),
    (lambda X, y: LassoCV(eps=2.0).fit(X, y), ValueError, "eps must be < 1"),
    (lambda X, y: LassoCV(selection="x").fit(X, y), ValueError, "selection must be"),
    (lambda X, y: RidgeCV([0.0]).fit(X, y), ValueError, "lams must be > 0"),
    (lambda X, y: lasso_path(X[:, 0], y), ValueError, "X must be 2-dimensional"),
    (lambda X, y: lasso_path(X, y[:3]), ValueError, "y must have 9 entries"),
    (lambda X, y: enet_path(X, y, l1_ratio=0), ValueError, "l1_ratio must be > 0"),
    (lambda X, y: exact_lasso_path(X, y, lam_min=-1), ValueError, "lam_min must be >= 0"),
    (lambda X, y: exact_lasso_path(sparse.csr_array(X * np.nan), y), ValueError, "X must be finite"),
    (lambda X, y: exact_lasso_path(X, y, lam_min=0.1).at(0.01), ValueError, "lam must be >= 0.1"),
]


@pytest.mark.parametrize(("call", "error", "message"), BAD, ids=[message for *_, message in BAD])
def test_bad_input_is_named(call, error, message):
    with (
        np.errstate(invalid="ignore"),
        pytest.raises((error, TypeError) if "intercept" in message else error, match=message),
    ):
        call(*problem(9, 2))


def test_importing_loads_no_scikit_learn():
    code = "import sys, course_lib.linear_model as m; dir(m); assert 'sklearn' not in sys.modules; m.Lasso"
    subprocess.run([sys.executable, "-c", code], check=True)
