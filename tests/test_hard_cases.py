"""Random problems of the hard kinds against a solver with 60 digits."""

import math
import warnings

import numpy as np
import pytest
from exact_oracle import exact_fit
from hard_cases import FORMS, KINDS, hard_case
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning

from course_lib.bench import problems
from course_lib.linear_model import (
    ElasticNet,
    LassoCV,
    Ridge,
    enet_path,
    exact_lasso_path,
    lasso_path,
    ridge_path,
)
from course_lib.linear_model import sparse as fits
from course_lib.linear_model.inputs import weighted_mean


def meets(case, exact, coef):
    """Check what the solution determines: coefficients if it is unique, fit and objective in any case."""
    if exact.unique:
        np.testing.assert_allclose(coef[exact.coef != 0], exact.coef[exact.coef != 0], rtol=1e-7)
        if exact.l1 > 0:
            assert not coef[(exact.coef == 0) & ~exact.tied].any()
    # float32 coefficients are rounded: that moves the fit by 6e-8 of its largest terms
    assert exact.misfit(coef) <= (2e-6 if coef.dtype == np.float32 else 1e-7)
    assert exact.excess(coef) <= 1e-9


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", FORMS)
def test_fits_and_paths_against_60_digits(kind, form):
    if kind == "near twins" and form == "float32":
        pytest.skip("float32 rounds the difference of the twins away")
    seed = KINDS.index(kind) + len(KINDS) * FORMS.index(form)
    case, share = hard_case(kind, form, seed), (0.3, 1e-3)[seed % 2]
    X, y, s = case.X, case.y, case.weights
    lam = share * (case.lam_max(1.0) or 1.0)
    for l1_ratio in (1.0, 0.5, 0.0):
        exact = exact_fit(case.dense, y, lam, l1_ratio, s)
        model = (ElasticNet(lam, l1_ratio) if l1_ratio else Ridge(lam)).fit(X, y, s)
        meets(case, exact, model.coef_)
        if exact.unique and model.coef_.dtype == np.float64:
            terms = np.max(np.abs(case.dense) @ np.abs(exact.coef))
            assert abs(model.intercept_ - exact.intercept) <= 1e-7 * abs(exact.intercept) + 1e-14 * terms
        if l1_ratio:
            assert model.dual_gap_ <= 1e-9 * np.average((y - np.average(y, weights=s)) ** 2, weights=s) / 2
            lams = [lam, 3 * lam, 30 * lam]
            _, coefs, _ = enet_path(X, y, l1_ratio=l1_ratio, lams=lams, sample_weight=s)
        else:
            _, coefs, _ = ridge_path(X, y, lams=[lam, 3 * lam], sample_weight=s)
        meets(case, exact, coefs[:, -1])
        if l1_ratio == 1:
            path = exact_lasso_path(X, y, lam_min=lam / 2, sample_weight=s)
            if case.kind != "opposite" and lam >= path.knots[-1]:
                meets(case, exact, path.at(lam))


@pytest.mark.parametrize("kind", ["plain", "offsets", "scales", "wide", "near twins", "constants"])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_every_point_of_a_grid_against_60_digits(kind, l1_ratio):
    case = hard_case(kind, "plain", 7)
    X, y, s = case.X, case.y, case.weights
    lams, coefs, gaps = enet_path(X, y, l1_ratio=l1_ratio, lams=12, sample_weight=s)
    assert gaps.max() <= 1e-9 * np.average((y - np.average(y, weights=s)) ** 2, weights=s) / 2
    for k in range(1, 12, 2):
        meets(case, exact_fit(case.dense, y, lams[k], l1_ratio, s), coefs[:, k])


@pytest.mark.parametrize("kind", ["plain", "scales", "offsets", "near twins"])
def test_least_squares_against_60_digits(kind):
    """Without a penalty no column may be left out for its unit."""
    case = hard_case(kind, "plain", 3)
    exact = exact_fit(case.dense, case.y, 0.0, 0.0, case.weights)
    for model in (Ridge(0.0), ElasticNet(0.0)):
        meets(case, exact, model.fit(case.X, case.y, case.weights).coef_)


def test_the_smallest_of_the_least_squares_solutions():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(12, 3)) @ rng.normal(size=(3, 5))
    y = rng.normal(size=12)
    A = X - X.mean(axis=0)
    np.testing.assert_allclose(Ridge(0.0).fit(X, y).coef_, np.linalg.pinv(A) @ (y - y.mean()), atol=1e-12)


@pytest.mark.parametrize("form", [sparse.csr_array, sparse.csc_array], ids=["csr", "csc"])
def test_the_mean_of_a_sparse_column_keeps_its_digits(form):
    X = 1e9 + np.random.default_rng(0).normal(size=(2000, 3))
    exact = [math.fsum(column) / len(X) for column in X.T]
    np.testing.assert_allclose(weighted_mean(form(X)), exact, rtol=2.3e-16)


@pytest.mark.parametrize("shape", [(40, 10), (15, 30), (200, 20)])
@pytest.mark.parametrize("distance", [1e-2, 1e-3, 1e-4, 1e-5, 1e-6])
def test_the_exact_path_is_right_for_near_twins(shape, distance):
    X, y = near_twins(*shape, distance)
    path = exact_lasso_path(X, y)
    assert path.knots[-1] == 0
    assert worst_residual(X, y, path) <= 1e-9 * path.knots[0]


@pytest.mark.parametrize("distance", [1e-3, 1e-4, 1e-5])
def test_the_exact_path_of_near_twins_ends_at_least_squares(distance):
    X, y = near_twins(40, 10, distance)
    expected = np.linalg.lstsq(X - X.mean(axis=0), y - y.mean(), rcond=None)[0]
    np.testing.assert_allclose(exact_lasso_path(X, y).coefs[:, -1], expected, rtol=1e-7)


@pytest.mark.parametrize("distance", [1e-7, 1e-8, 1e-9, 3e-10, 1e-11, 1e-13])
@pytest.mark.parametrize("shape", [(40, 10), (15, 30), (60, 40)])
def test_what_the_exact_path_says_of_closer_twins_is_right_or_left_with_a_warning(shape, distance):
    for seed in range(3):
        X, y = near_twins(*shape, distance, seed)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            path = exact_lasso_path(X, y)
        assert path.knots[-1] == 0 or caught[0].category is ConvergenceWarning
        assert worst_residual(X, y, path) <= 1.5e-9 * path.knots[0]


def test_a_path_that_is_lost_among_near_twins_says_so():
    X, y = near_twins(40, 10, 1e-8)
    with pytest.warns(ConvergenceWarning, match="The path was left at lam"):
        path = exact_lasso_path(X, y)
    assert path.knots[-1] > 0


def test_the_exact_path_of_cubic_features_down_to_0():
    """274 of 283 features in the end, some of them combinations of the others but for 1e-4."""
    cubic = problems.load("diabetes-3")
    path = exact_lasso_path(cubic.X, cubic.y)
    assert path.knots[-1] == 0
    assert len(path.knots) > 1000
    assert worst_residual(cubic.X, cubic.y, path) <= 1e-10 * path.knots[0]


def worst_residual(X, y, path):
    """How far the KKT conditions are missed at knots above 0 and halfway between them."""
    lams = np.concatenate([path.knots[path.knots > 0], path.knots[1:] / 2 + path.knots[:-1] / 2])
    coefs = path.at(lams)
    pulls = (X - X.mean(axis=0)).T @ (y[:, np.newaxis] - y.mean() - (X - X.mean(axis=0)) @ coefs) / len(y)
    outside = np.maximum(np.abs(pulls) - lams, 0)
    return np.where(coefs == 0, outside, np.abs(pulls - lams * np.sign(coefs))).max()


def near_twins(n, d, distance, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) + 0.7 * rng.normal(size=(n, 1))
    twins = X[:, : d // 2] + distance * rng.normal(size=(n, d // 2))
    X = np.column_stack([X, twins])
    return X, X[:, :3].sum(axis=1) + rng.normal(size=n)


@pytest.mark.parametrize("shape", [(40, 6), (60, 25), (20, 50)])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_the_gaps_of_the_fold_fits(shape, l1_ratio, monkeypatch):
    """Every fit inside a cross-validation is as good as the final one, by its own duality gap."""
    gaps, solve = [], fits.solve

    def watched(data, lams, l1_ratio):
        coefs = solve(data, lams, l1_ratio)
        gaps.append(fits.gaps(data, lams, l1_ratio, coefs).max() / (data.problem.yy / 2))
        return coefs

    monkeypatch.setattr(fits, "solve", watched)
    for seed in range(3):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=shape) + 0.7 * rng.normal(size=(shape[0], 1))
        y = X[:, :3].sum(axis=1) + rng.normal(size=shape[0])
        (LassoCV(cv=4) if l1_ratio == 1 else fits.ElasticNetCV(l1_ratio, cv=4)).fit(X, y)
    assert len(gaps) == 3 * 5  # four folds and the final fit
    assert max(gaps) <= 1e-9
    _, _, found = lasso_path(X, y, lams=5)
    assert found.max() <= 1e-9 * np.var(y) / 2
