"""LogisticRegression, LogisticRegressionCV, logistic_path: contract, peers, properties, inputs."""

import pickle
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.special import entr, expit, softmax
from sklearn import linear_model as reference
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from course_lib.linear_model import LogisticRegression, LogisticRegressionCV, logistic_path
from course_lib.solvers.log_loss import Problem, lam_max, objective
from course_lib.solvers.log_loss_gap import duality_gap, gap, gap_of_coefficients

seeds = st.integers(0, 10**6)


def problem(n=40, d=5, classes=2, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d))
    y = np.argmax(X[:, :1] * np.arange(classes) + rng.gumbel(size=(n, classes)), axis=1)
    y[: 2 * classes] = np.tile(np.arange(classes), 2)
    return X, y


@pytest.mark.parametrize("estimator", [LogisticRegression(), LogisticRegression(l1_ratio=1.0),
                                       LogisticRegressionCV(lams=3)], ids=repr)  # fmt: skip
def test_scikit_learns_contract(estimator):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the checks warn about what they skip
        check_estimator(estimator)


@settings(max_examples=15)
@given(seeds, st.sampled_from([2, 3]), st.floats(1e-3, 1.0), st.booleans())
def test_l2_equals_scikit_learn_at_c_one_over_n_lam(seed, classes, lam, intercept):
    X, y = problem(classes=classes, seed=seed)
    ours = LogisticRegression(lam, fit_intercept=intercept).fit(X, y)
    peer = reference.LogisticRegression(
        C=1 / (len(y) * lam), fit_intercept=intercept, tol=1e-12, solver="newton-cholesky", max_iter=1000
    ).fit(X, y)
    np.testing.assert_allclose(ours.coef_, peer.coef_, atol=1e-6)
    np.testing.assert_allclose(ours.predict_proba(X), peer.predict_proba(X), atol=1e-6)


@settings(max_examples=10)
@given(seeds, st.sampled_from([2, 3]), st.sampled_from([0.4, 1.0]), st.floats(0.02, 0.9))
def test_l1_and_elastic_net_equal_scikit_learn(seed, classes, l1_ratio, fraction):
    X, y = problem(classes=classes, seed=seed)
    lam = fraction * lam_max(X, y, l1_ratio)
    ours = LogisticRegression(lam, l1_ratio).fit(X, y)
    peer = reference.LogisticRegression(
        C=1 / (len(y) * lam), l1_ratio=l1_ratio, solver="saga", tol=1e-10, max_iter=100_000, random_state=0
    ).fit(X, y)
    np.testing.assert_allclose(ours.coef_, peer.coef_, atol=1e-6)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
def test_weights_are_repetitions_and_zero_removes_the_row(classes, l1_ratio):
    X, y = problem(classes=classes)
    weights = np.random.default_rng(1).integers(0, 4, size=len(y))
    weights[: 2 * classes] = 1
    assert (weights == 0).any()
    weighted = LogisticRegression(0.05, l1_ratio).fit(X, y, sample_weight=weights)
    repeated = LogisticRegression(0.05, l1_ratio).fit(np.repeat(X, weights, axis=0), np.repeat(y, weights))
    np.testing.assert_allclose(weighted.coef_, repeated.coef_, atol=1e-9)
    scaled = LogisticRegression(0.05, l1_ratio).fit(X, y, sample_weight=7.5 * weights)
    np.testing.assert_allclose(scaled.coef_, weighted.coef_, atol=1e-9)
    X[weights == 0] = 1e6
    np.testing.assert_array_equal(
        LogisticRegression(0.05, l1_ratio).fit(X, y, sample_weight=weights).coef_, weighted.coef_
    )


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize(
    "form",
    [np.asfortranarray, np.ascontiguousarray, sparse.csr_matrix, sparse.csc_matrix, sparse.csc_array,
     lambda X: X.astype(np.uint8), lambda X: X.astype(np.float32), np.ndarray.tolist],
)  # fmt: skip
def test_types_and_layouts(form, classes):
    X, y = problem(classes=classes)
    X = np.round(20 * np.abs(X)) * 5  # whole numbers up to 255 that uint8 holds
    X = np.minimum(X, 255)
    for l1_ratio in (0.0, 1.0):
        expected = LogisticRegression(0.1, l1_ratio).fit(X, y)
        given_X = form(X)
        before = pickle.dumps(given_X)
        model = LogisticRegression(0.1, l1_ratio).fit(given_X, y)
        assert pickle.dumps(given_X) == before
        single = getattr(given_X, "dtype", None) == np.float32
        assert model.coef_.dtype == (np.float32 if single else np.float64)
        np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-5 if single else 1e-7, atol=1e-10)
        assert ((model.coef_ == 0) == (expected.coef_ == 0)).all()


def test_lam_max_zeros_are_exact_and_labels_may_be_anything():
    X, y = problem(classes=3)
    names = np.array(["red", "green", "blue"])[y]
    codes = np.unique(names, return_inverse=True)[1]
    assert not LogisticRegression(lam_max(X, codes), 1.0).fit(X, names).coef_.any()
    model = LogisticRegression(0.9 * lam_max(X, codes), 1.0).fit(X, names)
    assert 0 < np.count_nonzero(model.coef_) < model.coef_.size
    P = model.predict_proba(X)
    np.testing.assert_array_equal(model.predict(X), model.classes_[P.argmax(axis=1)])
    np.testing.assert_allclose(P, softmax(X @ model.coef_.T + model.intercept_, axis=1), rtol=1e-12)
    yes = LogisticRegression(0.1).fit(X, names == "red")
    np.testing.assert_array_equal(yes.predict(X), yes.predict_proba(X)[:, 1] > 0.5)
    scores = X @ yes.coef_[0] + yes.intercept_
    np.testing.assert_allclose(yes.predict_proba(X)[:, 1], expit(scores), rtol=1e-12)


def test_pipeline_grid_search_clone_pickle():
    X, y = problem()
    search = GridSearchCV(
        make_pipeline(StandardScaler(), LogisticRegression(l1_ratio=1.0)),
        {"logisticregression__lam": [0.01, 0.1]}, cv=3,
    ).fit(X, y)  # fmt: skip
    again = pickle.loads(pickle.dumps(search))
    np.testing.assert_array_equal(again.predict_proba(X), search.predict_proba(X))
    assert clone(LogisticRegression(0.3, 0.2, tol=1e-5)).get_params()["lam"] == 0.3


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("l1_ratio", [0.5, 1.0])
def test_path_solves_every_strength(classes, l1_ratio):
    X, y = problem(classes=classes)
    lams, coefs, gaps = logistic_path(X, y, 7, l1_ratio)
    assert lams[0] == pytest.approx(lam_max(X, y, l1_ratio), rel=1e-12)
    assert lams[-1] == pytest.approx(lams[0] * 1e-3)
    assert coefs.shape == ((5, 7) if classes == 2 else (5, 3, 7))
    assert not coefs[..., 0].any()
    for k, lam in enumerate(lams):
        single = LogisticRegression(lam, l1_ratio).fit(X, y)
        w = single.coef_[0] if classes == 2 else single.coef_.T
        np.testing.assert_allclose(coefs[..., k], w, atol=1e-8)
        b = single.intercept_[0] if classes == 2 else single.intercept_
        value = objective(X, y, w, b, lam, l1_ratio)
        assert duality_gap(X, y, w, b, lam, l1_ratio) <= 1e-9 * value
        assert gaps[k] <= 1e-9 * value
        assert single.dual_gap_ <= 1e-9 * value
    loose = logistic_path(X, y, lams[::-1], l1_ratio, tol=1e-3)  # tol is a promise: the steps go on below it
    np.testing.assert_array_equal(loose[0], lams)
    np.testing.assert_allclose(loose[1], coefs, atol=1e-8)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("l1_ratio", [0.5, 1.0])
def test_the_gap_of_the_coefficients_bounds_the_gap(classes, l1_ratio):
    X, y = problem(80, classes=classes)
    lams, coefs, _ = logistic_path(X, y, 12, l1_ratio, fit_intercept=False)
    for k in range(1, 12):  # the coefficients of one strength, judged at the next smaller one
        p = Problem.build(X, y, lams[k], l1_ratio, fit_intercept=False)
        point = p.at(p.packed(coefs[..., k - 1]))
        exact = gap(p, point, (point.P, point.rest))
        assert gap_of_coefficients(p, point, p.gradient(point)) >= exact * (1 - 1e-9) > 1e-9


def gap_in_long_double(X, y, w, b, lam, l1_ratio):
    """Objective and duality gap of two classes by the text-book's formulas, at the best intercept."""
    X, scores, b = X.astype(np.longdouble), X @ w.astype(np.longdouble), np.longdouble(b)
    for _ in range(30):
        P = 1 / (1 + np.exp(-(scores + b)))
        b -= np.mean(P - y) / np.mean(P * (1 - P))
    P = 1 / (1 + np.exp(-(scores + b)))
    margins = np.where(y == 1, scores + b, -scores - b)
    value = np.mean(np.log1p(np.exp(-margins))) + lam * (
        l1_ratio * np.abs(w).sum() + (1 - l1_ratio) / 2 * w @ w
    )
    pull = X.T @ (y - P) / len(y)
    t = min(1, lam / np.abs(pull).max()) if l1_ratio == 1 else 1  # with L2 every residual is feasible
    Q, excess = y - t * (y - P), np.maximum(np.abs(pull) - lam * l1_ratio, 0)
    dual = np.mean(entr(Q.astype(float)) + entr((1 - Q).astype(float)))
    if l1_ratio < 1:
        dual -= excess @ excess / (2 * lam * (1 - l1_ratio))
    return float(value - dual), float(value)


@pytest.mark.parametrize("l1_ratio", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("fraction", [0.5, 0.05, 0.001])
def test_wide_data_by_a_gap_written_out(l1_ratio, fraction):
    X, y = problem(40, 2000)
    lam = fraction * lam_max(X, y, l1_ratio)
    model = LogisticRegression(lam, l1_ratio).fit(X, y)
    gap_there, value = gap_in_long_double(X, y, model.coef_[0], model.intercept_[0], lam, l1_ratio)
    assert gap_there <= 1e-9 * value
    nudged = model.coef_[0] * 1.001
    assert gap_in_long_double(X, y, nudged, model.intercept_[0], lam, l1_ratio)[0] > 1e-9 * value


def test_a_path_may_jump_and_end_at_no_penalty():
    X, y = problem(60, 4)
    for l1_ratio in (0.0, 0.5, 1.0):
        for lams in ([1e3, 1e-9], [1.0, 1e-3, 0.0]):
            _, coefs, _ = logistic_path(X, y, lams, l1_ratio)
            single = LogisticRegression(lams[-1], l1_ratio).fit(X, y)
            np.testing.assert_allclose(coefs[:, -1], single.coef_[0], rtol=1e-7)


def test_cross_validation_written_out():
    X, y = problem(60)
    folds = [(np.r_[20:60], np.r_[:20]), (np.r_[:20, 40:60], np.r_[20:40]), (np.r_[:40], np.r_[40:60])]
    lams = [0.3, 0.01, 0.1, 0.12, 0.03]
    model = LogisticRegressionCV(lams, 0.7, cv=folds).fit(X, y)
    assert model.lams_.tolist() == sorted(lams, reverse=True)
    for f, (train, test) in enumerate(folds):
        for k, lam in enumerate(model.lams_):
            P = LogisticRegression(lam, 0.7).fit(X[train], y[train]).predict_proba(X[test])
            loss = -np.mean(np.log(P[np.arange(len(test)), y[test]]))
            assert model.loss_path_[k, f] == pytest.approx(loss, rel=1e-8)
    mean = model.loss_path_.mean(axis=1)
    assert model.lam_ == model.lams_[mean.argmin()]
    np.testing.assert_array_equal(model.coef_, LogisticRegression(model.lam_, 0.7).fit(X, y).coef_)
    se = model.loss_path_[mean.argmin()].std(ddof=1) / np.sqrt(3)
    simple = LogisticRegressionCV(lams, 0.7, cv=folds, selection="1se").fit(X, y)
    assert simple.lam_ == max(lam for lam, m in zip(model.lams_, mean, strict=True) if m <= mean.min() + se)
    assert simple.lam_ > model.lam_


def test_threads_and_repetition_give_the_same_bits():
    X, y = problem(classes=3)

    def fit(lam):
        return LogisticRegression(lam, 1.0).fit(X, y).coef_

    lams = np.geomspace(1e-3, 0.1, 8)
    with ThreadPoolExecutor(4) as pool:
        for one, other in zip(pool.map(fit, lams), map(fit, lams), strict=True):
            np.testing.assert_array_equal(one, other)


def test_separable_and_unfinished_fits_are_named():
    X = [[-2.0], [-1.0], [1.0], [2.0]]
    with pytest.warns(ConvergenceWarning, match=r"linearly separable.*Use lam > 0"):
        LogisticRegression(0.0).fit(X, [0, 0, 1, 1])
    X, y = problem()
    with pytest.warns(
        ConvergenceWarning, match=r"LogisticRegression stopped after 1 .*duality gap of .*max_iter"
    ):
        LogisticRegression(1e-3, 1.0, max_iter=1).fit(X, y)
    with pytest.warns(ConvergenceWarning, match=r"At lam=.*logistic_path stopped after 1"):
        logistic_path(X, y, [1e-3], max_iter=1)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (LogisticRegression(-1.0), "lam must be >= 0, got -1"),
        (LogisticRegression(np.nan), "lam must be finite, got nan"),
        (LogisticRegression(0.1, 2.0), r"l1_ratio must lie in \[0, 1\], got 2"),
        (LogisticRegression(tol=0.0), "tol must be > 0, got 0"),
        (LogisticRegression(max_iter=0), "max_iter must be >= 1, got 0"),
        (LogisticRegressionCV(selection="best"), "selection must be .*got 'best'"),
        (LogisticRegressionCV([0.1, -1.0]), "lams must be >= 0, got -1"),
        (LogisticRegressionCV(l1_ratio=0.0), "l1_ratio must be > 0 for lam_max"),
        (LogisticRegressionCV(eps=2.0), "eps must be < 1, got 2"),
        (LogisticRegressionCV(cv=[(np.r_[:1], np.r_[1:40])]), "cv left no sample of class"),
    ],
)
def test_bad_parameters(model, message):
    X, y = problem()
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)


@pytest.mark.parametrize("fit", [LogisticRegression().fit, LogisticRegressionCV().fit, logistic_path])
def test_a_single_class_and_bad_weights(fit):
    X, y = problem()
    with pytest.raises(ValueError, match="y must hold at least two classes, got only one class"):
        fit(X, np.zeros(40))
    with pytest.raises(ValueError, match="y must hold at least two classes, got only one class"):
        fit(X, y, sample_weight=y)
    with pytest.raises(ValueError, match=r"sample_weight must be >= 0, got -1\.0 at index 0"):
        fit(X, y, sample_weight=np.r_[-1.0, np.ones(39)])
