"""The solvers behind the paths: what guards the fast ways, and what takes over where they end."""

import mpmath
import numpy as np
import pytest
from scipy import sparse

from course_lib.linear_model import ElasticNetCV, Lasso, RidgeCV, enet_path, exact_lasso_path, lasso_path
from course_lib.solvers import elastic_net_grid, working_set
from course_lib.solvers.active_columns import ActiveColumns
from course_lib.solvers.least_squares import duality_gap, kkt_residual
from course_lib.solvers.tableau import Tableau


def problem(n, d, seed=0, noise=1.0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) + 0.7 * rng.normal(size=(n, 1))
    return X, X[:, : min(d, 3)].sum(axis=1) + noise * rng.normal(size=n)


def gram(X):
    return X.T @ X / len(X)


def test_a_step_undoes_itself_and_steps_in_any_order_agree_with_all_at_once():
    X, y = problem(40, 7)
    T = Tableau(gram(X), X.T @ y / 40)
    before = T.table.copy()
    for j, sign in ((4, 1.0), (1, -1.0), (6, 1.0)):
        T.enter(j, sign)
    together = Tableau(gram(X), X.T @ y / 40, [1, 4, 6], [-1.0, 1.0, 1.0])
    np.testing.assert_allclose(T.table, together.table, atol=1e-13)
    A = [1, 4, 6]
    np.testing.assert_allclose(T.table[A, -2], np.linalg.solve(gram(X)[np.ix_(A, A)], X[:, A].T @ y / 40))
    np.testing.assert_allclose(T.table[A, -1], np.linalg.solve(gram(X)[np.ix_(A, A)], [-1.0, 1.0, 1.0]))
    for j in (1, 6, 4):
        T.leave(j)
    np.testing.assert_allclose(T.table, before, atol=1e-13)


def test_a_combination_of_active_columns_is_at_distance_0():
    X, y = problem(40, 5)
    X[:, 4] = X[:, :4].sum(axis=1)
    A = [0, 1, 2, 3]
    for T in (Tableau(gram(X), X.T @ y / 40, A, np.ones(4)), ActiveColumns(X.T, y, A, np.ones(4))):
        assert T.distance(4) == 0
        np.testing.assert_allclose(T.combination(4), np.ones(4))


@pytest.mark.parametrize("shape", [(40, 7), (7, 12), (6, 6)], ids=["tall", "wide", "square"])
@pytest.mark.parametrize("start", [[], [5, 2]], ids=["empty", "two"])
def test_the_table_and_the_active_columns_answer_alike(shape, start):
    """Steps in and out, to six features and back to none."""
    X, y = problem(*shape)
    n, signs = shape[0], np.ones(len(start))
    T = Tableau(gram(X), X.T @ y / n, start, signs)
    A = ActiveColumns(X.T / np.sqrt(n), y / np.sqrt(n), start, signs)
    steps = [("enter", 4), ("enter", 1), ("leave", 4), ("enter", 3), ("enter", 0), ("leave", 1), ("enter", 1)]
    steps += [("enter", 5), ("enter", 2)] * (not start) + [("enter", 4)]
    steps += [("leave", j) for j in (3, 0, 5, 1, 2, 4)]
    for kind, j in steps:
        np.testing.assert_allclose(A.lines(), T.lines(), atol=1e-7)
        if kind == "enter":
            assert A.distance(j) == pytest.approx(T.distance(j), rel=1e-8)
            np.testing.assert_allclose(A.combination(j), T.combination(j), rtol=1e-6, atol=1e-9)
            A.enter(j, (-1.0) ** j)
            T.enter(j, (-1.0) ** j)
        else:
            A.leave(j)
            T.leave(j)
    np.testing.assert_allclose(A.lines()[:, 0], X.T @ y / n)


def test_the_distance_of_a_very_close_column():
    X, y = problem(40, 5)
    rng = np.random.default_rng(1)
    orthogonal = rng.normal(size=40)
    orthogonal -= X @ np.linalg.lstsq(X, orthogonal, rcond=None)[0]
    orthogonal /= np.linalg.norm(orthogonal)
    X[:, 4] = X[:, :4] @ [1.0, -2.0, 3.0, 1.0] + 1e-7 * orthogonal
    assert ActiveColumns(X.T, y, [2, 0, 1, 3], np.ones(4)).distance(4) == pytest.approx(1e-14, rel=1e-6)


def test_many_steps_gather_no_rounding():
    """Close columns that came and left again leave no trace: the Gram matrix of these has no inverse."""
    X, y = problem(60, 20)
    X = np.column_stack([X, X + 1e-6 * np.random.default_rng(1).normal(size=X.shape)])
    A = ActiveColumns(X.T, y)
    for j in [*range(40), *range(20, 40), *range(20, 40)]:
        if A.signs[j]:
            A.leave(j)
        else:
            A.enter(j, 1.0)
    A.leave(39)
    for j in range(20, 39):
        A.leave(j)
    fresh = ActiveColumns(X.T, y, range(20), np.ones(20))
    np.testing.assert_allclose(A.lines(), fresh.lines(), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("shape", [(60, 12), (30, 400)])
def test_rounding_in_the_table_is_noticed_and_put_right(shape, monkeypatch):
    """With a relative error of 1e-8 in every step the path is as good as ever: it is checked."""
    rng, pivot = np.random.default_rng(0), Tableau.pivot

    def sloppy(self, j):
        pivot(self, j)
        self.table *= 1 + 1e-8 * rng.normal(size=self.table.shape)

    X, y = problem(*shape)
    expected = exact_lasso_path(X, y, lam_min=1e-3)
    monkeypatch.setattr(Tableau, "pivot", sloppy)
    path = exact_lasso_path(X, y, lam_min=1e-3)
    assert [event[1:] for event in path.events] == [event[1:] for event in expected.events]
    np.testing.assert_allclose(path.coefs, expected.coefs, atol=1e-10)
    for lam in path.knots[:-1]:
        assert kkt_residual(X, y, path.at(lam), lam).max() <= 1e-10 * path.knots[0]


@pytest.mark.parametrize("shape", [(60, 12), (30, 400)])
def test_where_newton_fails_the_walk_takes_over(shape, monkeypatch):
    X, y = problem(*shape)
    _, expected, _ = enet_path(X, y, l1_ratio=0.7, lams=15)
    monkeypatch.setattr(elastic_net_grid, "STEPS", 0)
    _, coefs, gaps = enet_path(X, y, l1_ratio=0.7, lams=15)
    np.testing.assert_allclose(coefs, expected, atol=1e-9)
    np.testing.assert_array_equal(coefs == 0, expected == 0)
    assert gaps.max() <= 1e-9 * np.var(y) / 2


@pytest.mark.parametrize("steps", [12, 1, 0], ids=["newton", "hardly", "walk"])
@pytest.mark.parametrize("shape", [(60, 12), (30, 400)])
def test_a_single_strength_meets_the_exact_path(shape, steps, monkeypatch):
    """By Newton's method, by the walk, or by both: below ``FAR`` it is the walk that ends it."""
    X, y = problem(*shape)
    path = exact_lasso_path(X, y)
    monkeypatch.setattr(elastic_net_grid, "STEPS", steps)
    for share in (2, 1, 0.9, 0.3, 1e-1, 1e-2, 1e-3, 1e-4, 1e-6):
        w = Lasso(share * path.knots[0]).fit(X, y).coef_
        np.testing.assert_allclose(w, path.at(share * path.knots[0]), rtol=1e-9, atol=1e-11)
        np.testing.assert_array_equal(w == 0, path.at(share * path.knots[0]) == 0)


@pytest.mark.parametrize("apart", [1e-2, 1e-4, 1e-5, 1e-6, 0.0])
def test_a_single_strength_with_columns_close_to_each_other(apart):
    """Twins, a little apart from each other: what Newton's method should leave to the walk."""
    X, y = problem(60, 12)
    X[:, 7] = X[:, 0] + apart * X[:, 9]
    path = exact_lasso_path(X, y)
    for share in (0.3, 1e-2, 1e-3):
        lam = share * path.knots[0]
        w = Lasso(lam).fit(X, y).coef_
        assert kkt_residual(X - X.mean(axis=0), y - y.mean(), w, lam).max() <= 1e-11 * path.knots[0]
        if apart:
            np.testing.assert_allclose(w, path.at(lam), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("weights", [None, np.linspace(0.5, 2, 30)], ids=["equal", "weighted"])
@pytest.mark.parametrize("l1_ratio", [0.1, 0.5, 0.95])
def test_wide_elastic_nets_with_large_supports(weights, l1_ratio):
    X, y = problem(30, 400)
    lams, coefs, gaps = enet_path(X, y, l1_ratio=l1_ratio, lams=40, sample_weight=weights)
    assert np.count_nonzero(coefs[:, -1]) > 15  # more than half the rows: the residuals are the unknowns
    assert gaps.max() <= 1e-9 * np.var(y) / 2
    if weights is None:
        for k in (0, 20, 39):
            assert duality_gap(X, y, coefs[:, k], lams[k], l1_ratio) <= 1e-9 * np.var(y) / 2
            residual = kkt_residual(X, y, coefs[:, k], lams[k], l1_ratio)
            assert residual.max() <= 1e-11 * lams[0] * l1_ratio


@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array, sparse.csc_array])
@pytest.mark.parametrize(("shape", "offset"), [((25, 60), 2.0**30), ((60, 8), 2.0**20)], ids=["wide", "tall"])
def test_offsets_cost_no_digits(make, shape, offset):
    X, y = problem(*shape)
    X = np.round(1024 * X) / 1024
    lams, coefs, gaps = lasso_path(X, y, lams=20)
    shifted = X + offset  # exact in float64: the centred columns are the same numbers
    _, far, far_gaps = lasso_path(make(shifted), y, lams=lams)
    np.testing.assert_allclose(far, coefs, atol=1e-7)
    for k in (5, 19):
        assert kkt_residual(X, y, far[:, k], lams[k]).max() <= 1e-9 * lams[0]
    assert max(gaps.max(), far_gaps.max()) <= 1e-9 * np.var(y) / 2


def test_sparse_wide_data_are_not_filled_in(monkeypatch):
    rng = np.random.default_rng(0)
    X = sparse.random_array((40, 3000), density=0.02, format="csr", rng=rng)
    y = X @ np.r_[np.ones(50), np.zeros(2950)] + 0.1 * rng.normal(size=40)
    sizes, toarray = [], sparse.csr_array.toarray

    def watched(self, *args, **kwargs):
        sizes.append(self.shape)
        return toarray(self, *args, **kwargs)

    monkeypatch.setattr(sparse.csr_array, "toarray", watched)
    found = exact_lasso_path(X, y, lam_min=1e-4)
    assert max(columns for _, columns in sizes) < 1000
    monkeypatch.undo()
    dense = exact_lasso_path(X.toarray(), y, lam_min=1e-4)
    np.testing.assert_allclose(found.at(1e-3), dense.at(1e-3), atol=1e-10)


def test_leave_one_out_of_wide_data_with_hardly_any_penalty():
    """Leverages are 1 but for the last digits; refits with 40 digits say what the errors are."""
    X, y = problem(6, 9)
    for lam in (1e-3, 1e-7):
        model = RidgeCV([lam]).fit(X, y)
        with mpmath.workdps(40):
            squares = [float(_refit_error(X, y, i, mpmath.mpf(lam)) ** 2) for i in range(6)]
        assert model.mse_path_[0] == pytest.approx(np.mean(squares), rel=1e-7)


@pytest.mark.parametrize("shape", [(20, 5), (8, 8), (9, 1)])
@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_leave_one_out_keeps_its_digits_whatever_the_units(shape, offset):
    X, y = problem(*shape)
    X = (X + offset * np.linspace(0, 1, shape[1])) * 10.0 ** np.linspace(-8, 8, shape[1])
    _matches_refits(X, y, (1e-6, 1.0, 1e3), 1e-9)


def test_leave_one_out_of_wide_data_in_units_within_the_limit():
    X, y = problem(8, 12)
    _matches_refits(X * 10.0 ** np.linspace(-2, 2, 12), y, (1e-3, 1.0, 1e3), 1e-6)


def test_leave_one_out_keeps_its_digits_far_from_0():
    X, y = problem(20, 4)
    _matches_refits(X + np.array([1e9, 0.0, -1e9, 1e3]), y + 1e6, (1e-6, 1.0), 1e-9)


def _matches_refits(X, y, lams, rtol):
    model = RidgeCV(lams).fit(X, y)
    for lam, found in zip(model.lams_.tolist(), model.mse_path_, strict=True):
        with mpmath.workdps(60):
            squares = [float(_refit_error(X, y, i, mpmath.mpf(lam)) ** 2) for i in range(len(y))]
        assert found == pytest.approx(np.mean(squares), rel=rtol)


def _refit_error(X, y, i, lam):
    """y_i minus its prediction by the other rows, n lam as with all rows."""
    keep = [k for k in range(len(y)) if k != i]
    rows = [[mpmath.mpf(float(v)) for v in X[k]] for k in keep]
    target = [mpmath.mpf(float(y[k])) for k in keep]
    n, d = len(rows), X.shape[1]
    means = [sum(row[j] for row in rows) / n for j in range(d)]
    A = mpmath.matrix([[row[j] - means[j] for j in range(d)] for row in rows])
    y_mean = sum(target) / n
    t = mpmath.matrix([v - y_mean for v in target])
    w = mpmath.lu_solve(A.T * A + (n + 1) * lam * mpmath.eye(d), A.T * t)
    return (
        mpmath.mpf(float(y[i]))
        - y_mean
        - sum((mpmath.mpf(float(X[i, j])) - means[j]) * w[j] for j in range(d))
    )


def test_names_of_columns_are_forgotten_when_a_plain_array_comes():

    X, y = problem(12, 2)
    model = Lasso(0.1).fit(X, y)
    model.feature_names_in_ = np.array(["a", "b"], dtype=object)
    model.fit(X, y)
    assert not hasattr(model, "feature_names_in_")
    assert model.n_features_in_ == 2


def test_folds_of_wide_elastic_nets():
    X, y = problem(40, 120)
    model = ElasticNetCV(0.5, lams=15, cv=4).fit(X, y)
    for k in (0, 3):
        test = np.arange(10 * k, 10 * k + 10)
        train = np.setdiff1d(np.arange(40), test)
        _, coefs, _ = enet_path(X[train], y[train], l1_ratio=0.5, lams=model.lams_)
        offsets = y[train].mean() - X[train].mean(axis=0) @ coefs
        errors = y[test, np.newaxis] - X[test] @ coefs - offsets
        np.testing.assert_allclose(model.mse_path_[:, k], np.mean(errors**2, axis=0), rtol=1e-9)


def test_candidates_that_are_too_few_are_exchanged(monkeypatch):
    X, y = problem(30, 200)
    expected = exact_lasso_path(X, y, lam_min=1e-2)
    _, coefs, _ = enet_path(X, y, l1_ratio=0.8, lams=20)
    monkeypatch.setattr(working_set, "SPARE", 5)
    path = exact_lasso_path(X, y, lam_min=1e-2)
    np.testing.assert_allclose(path.knots, expected.knots, rtol=1e-10)
    np.testing.assert_allclose(enet_path(X, y, l1_ratio=0.8, lams=20)[1], coefs, atol=1e-10)
