"""Table 3.3 of Hastie, Tibshirani and Friedman, *The Elements of Statistical Learning*, 2nd ed. (2009)."""

import os

import numpy as np
import pytest

from course_lib import datasets
from course_lib.linear_model import Lasso, Ridge


@pytest.fixture(scope="module")
def prostate():
    """Training and test halves, and the standard deviations of the full sample, as the book scales them."""
    if not (datasets.available("prostate") or os.environ.get("COURSE_DATA_MIRROR")):
        pytest.skip("The prostate data are optional: set COURSE_DATA_MIRROR to a folder that holds them.")
    try:
        train, test = (datasets.load("prostate", split=part) for part in ("train", "test"))
    except datasets.DataUnavailable as error:
        pytest.skip(f"The prostate data are optional: {error}")
    return train.X, train.y, test.X, test.y, np.vstack([train.X, test.X]).std(axis=0, ddof=1)


def assert_row(intercept, coef, predicted, y, printed, error, spread):
    """Compare with the printed digits: coefficients (intercept first), test error, its standard error."""
    squares = (y - predicted) ** 2
    np.testing.assert_array_equal(np.round([intercept, *coef], 3) + 0.0, printed)
    assert round(float(squares.mean()), 3) == error
    assert round(float(squares.std(ddof=1) / np.sqrt(len(y))), 3) == spread


def centred_by_all(prostate):
    train, y, test, y_test, sd = prostate
    mean = np.vstack([train, test]).mean(axis=0)
    return (train - mean) / sd, y, (test - mean) / sd, y_test


def test_least_squares(prostate):
    X, y, X_test, y_test = centred_by_all(prostate)
    model = Ridge(0.0).fit(X, y)
    printed = [2.465, 0.680, 0.263, -0.141, 0.210, 0.305, -0.288, -0.021, 0.267]
    assert_row(model.intercept_, model.coef_, model.predict(X_test), y_test, printed, 0.521, 0.179)


def test_the_best_two_features(prostate):
    X, y, X_test, y_test = centred_by_all(prostate)
    model = Ridge(0.0).fit(X[:, :2], y)
    printed = [2.477, 0.740, 0.316]
    assert_row(model.intercept_, model.coef_, model.predict(X_test[:, :2]), y_test, printed, 0.492, 0.143)


def test_ridge_with_five_degrees_of_freedom(prostate):
    """The printed row: centred by all 97 rows, not again by the 67, and the mean of y as intercept."""
    X, y, X_test, y_test = centred_by_all(prostate)
    model = Ridge(24.18 / len(y), fit_intercept=False).fit(X, y - y.mean())
    predicted = model.predict(X_test) + y.mean()
    printed = [2.452, 0.420, 0.238, -0.046, 0.162, 0.227, 0.000, 0.040, 0.133]
    assert_row(y.mean(), model.coef_, predicted, y_test, printed, 0.492, 0.165)


def test_lasso(prostate):
    """Columns standardised on the training rows, coefficients mapped back to the full-sample scale."""
    X, y, X_test, y_test, sd = prostate
    mean, own, full = X.mean(axis=0), X.std(axis=0, ddof=1), np.vstack([X, X_test]).mean(axis=0)
    model = Lasso(0.20748).fit((X - mean) / own, y)
    coef = model.coef_ * sd / own
    intercept = model.intercept_ + (full - mean) / sd @ coef
    printed = [2.468, 0.533, 0.169, 0, 0.002, 0.094, 0, 0, 0]
    assert_row(intercept, coef, model.predict((X_test - mean) / own), y_test, printed, 0.479, 0.164)
