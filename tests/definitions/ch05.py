"""Chapter 05 against ``course_lib.solvers.log_loss`` and ``course_lib.solvers.newton``."""

import numpy as np


def draw(rng):
    """Data that are not separable: six rows come twice, with both labels."""
    X = rng.normal(size=(20, 3)) + 1
    X, y = np.vstack([X, X[:6]]), (rng.random(20) < 0.5) * 1.0
    return X, np.append(y, 1 - y[:6])


def objective(ours, library, rng):
    X, y = draw(rng)
    w, b, lam, l1_ratio = 3 * rng.normal(size=3), rng.normal(), rng.exponential(), rng.random()
    assert np.isclose(ours(X, y, w, b, lam, l1_ratio), library(X, y, w, b, lam, l1_ratio), rtol=1e-12)


def newton(ours, library, rng):
    X, y = draw(rng)
    for lam in (0.0, 1e-3, 0.5):
        w, b = ours(X, y, lam)
        reference = library(X, y, lam)
        assert np.allclose(w, reference.w, rtol=1e-7, atol=1e-9)
        assert np.isclose(b, reference.b, rtol=1e-7, atol=1e-9)


def proximal(ours, library, rng):
    X, y = draw(rng)
    for lam, l1_ratio in ((1e-3, 1.0), (0.05, 1.0), (0.05, 0.5), (0.02, 0.0), (10.0, 1.0)):
        w, b = ours(X, y, lam, l1_ratio)
        reference = library(X, y, lam, l1_ratio)
        assert np.allclose(w, reference.w, rtol=1e-6, atol=1e-7)
        assert np.isclose(b, reference.b, rtol=1e-6, atol=1e-7)
        assert np.array_equal(w != 0, reference.w != 0)


COMPARE = {"logistic_objective": objective, "logistic_newton": newton, "proximal_newton": proximal}
