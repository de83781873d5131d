"""Named columns, memory, threads: what the estimators and the paths promise about their input."""

import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from linear_problems import problem
from scipy import sparse
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

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

MODELS = [Ridge(0.1), Lasso(0.1), ElasticNet(0.1), RidgeCV(), LassoCV(lams=8), ElasticNetCV(lams=8)]
NAMES = ["height", "weight", "age"]


class Frame:
    """A table with named columns, for machines without pandas."""

    def __init__(self, values, columns):
        self.values, self.columns, self.shape = values, columns, values.shape

    def __len__(self):
        return len(self.values)

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype=dtype)


def data_frame(values, columns):
    return pytest.importorskip("pandas").DataFrame(values, columns=columns)


@pytest.mark.parametrize("table", [Frame, data_frame], ids=["stand-in", "pandas"])
@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_named_columns_are_remembered_and_their_order_is_checked(model, table, monkeypatch):
    if table is Frame:  # where scikit-learn reads the names of tables it knows
        monkeypatch.setattr(
            "sklearn.utils.validation._get_feature_names",
            lambda X: np.array(X.columns, dtype=object) if isinstance(X, Frame) else None,
        )
    X, y = problem(30, 3)
    model.fit(table(X, NAMES), y)
    assert model.feature_names_in_.tolist() == NAMES
    expected = type(model)(**model.get_params()).fit(X, y)
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-12)
    np.testing.assert_allclose(model.predict(table(X, NAMES)), expected.predict(X), rtol=1e-12)
    with pytest.raises(ValueError, match="must be in the same order"):
        model.predict(table(X[:, ::-1], NAMES[::-1]))
    with pytest.raises(ValueError, match="seen at fit time, yet now missing"):
        model.predict(table(X, ["height", "weight", "rank"]))
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        model.predict(X)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_names_pass_through_a_pipeline(model):
    X, y = problem(30, 3)
    pipeline = make_pipeline(StandardScaler(), model).set_output(transform="pandas")
    pipeline.fit(data_frame(X, NAMES), y)
    assert pipeline[-1].feature_names_in_.tolist() == NAMES
    plain = make_pipeline(StandardScaler(), type(model)(**model.get_params())).fit(X, y)
    np.testing.assert_allclose(pipeline.predict(data_frame(X, NAMES)), plain.predict(X), rtol=1e-12)


def sparse_problem(n, d, density, seed=0):
    rng = np.random.default_rng(seed)
    X = sparse.random_array((n, d), density=density, format="csr", rng=rng)
    return X, X[:, :20] @ rng.normal(size=20) + 0.01 * rng.normal(size=n)


@pytest.mark.parametrize("form", ["csr", "csc"])
@pytest.mark.parametrize("model", [Lasso, ElasticNet], ids=lambda model: model.__name__)
def test_sparse_wide_data_are_not_made_dense(model, form):
    """200 x 100,000 numbers would be 160 MB; pulls at 48 strengths are 38 MB."""
    X, y = sparse_problem(200, 100_000, 5e-4)
    X, top = X.asformat(form), np.max(np.abs(X.T @ (y - y.mean()))) / 200
    tracemalloc.start()
    fitted = model(0.3 * top).fit(X, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.count_nonzero(fitted.coef_) >= 3
    assert fitted.dual_gap_ <= 1e-9 * np.var(y) / 2
    assert peak < 64e6


@pytest.mark.parametrize("form", ["csr", "csc"])
def test_sparse_and_dense_data_give_the_same_path(form):
    X, y = sparse_problem(30, 300, 0.1)
    for l1_ratio in (1.0, 0.5):
        lams, coefs, _ = enet_path(X.asformat(form), y, l1_ratio=l1_ratio, lams=15)
        dense_lams, dense, _ = enet_path(X.toarray(), y, l1_ratio=l1_ratio, lams=15)
        np.testing.assert_allclose(lams, dense_lams, rtol=1e-12)
        np.testing.assert_allclose(X @ coefs, X @ dense, atol=1e-10 * np.abs(y).max())


PATHS = {
    "ridge_path": lambda X, y, s: ridge_path(X, y, lams=[1.0, 0.1], sample_weight=s)[1],
    "lasso_path": lambda X, y, s: lasso_path(X, y, lams=10, sample_weight=s)[1],
    "enet_path": lambda X, y, s: enet_path(X, y, lams=10, sample_weight=s)[1],
    "exact_lasso_path": lambda X, y, s: exact_lasso_path(X, y, sample_weight=s).coefs,
    **{type(m).__name__: lambda X, y, s, m=m: type(m)(**m.get_params()).fit(X, y, s).coef_ for m in MODELS},
}


@pytest.mark.parametrize("form", [np.asarray, np.asfortranarray, sparse.csr_array, sparse.csc_array],
                         ids=["C", "Fortran", "csr", "csc"])  # fmt: skip
@pytest.mark.parametrize("shape", [(30, 5), (12, 30)])
@pytest.mark.parametrize("name", PATHS)
def test_threads_agree_and_leave_their_input_alone(name, shape, form):
    X, y = problem(*shape)
    X = form(X + 1e6 if shape[0] == 30 else X)
    weights = np.linspace(0, 2, len(y))
    parts = (X.data, X.indices, X.indptr) if sparse.issparse(X) else (X,)
    arrays = *parts, y, weights
    copies = [array.copy() for array in arrays]
    for array in arrays:
        array.setflags(write=False)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: PATHS[name](X, y, weights), range(4)))
    assert all(np.array_equal(result, results[0]) for result in results)
    assert all(np.array_equal(a, b) for a, b in zip(arrays, copies, strict=True))
