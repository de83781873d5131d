"""Chapter 02 against ``course_lib.solvers.ridge``."""

import numpy as np


def objective(ours, library, rng):
    X, y, w, b, lam = (
        rng.normal(size=(7, 3)),
        rng.normal(size=7),
        rng.normal(size=3),
        rng.normal(),
        rng.exponential(),
    )
    assert np.isclose(ours(X, y, w, b, lam), library(X, y, w, b, lam), rtol=1e-12)


def path(ours, library, rng):
    X, y, lams = rng.normal(size=(9, 4)) + 3, rng.normal(size=9) - 5, rng.exponential(size=6)
    for ours_part, library_part in zip(ours(X, y, lams), library(X, y, lams), strict=True):
        assert np.allclose(ours_part, library_part, rtol=1e-10, atol=1e-12)


COMPARE = {"ridge_objective": objective, "ridge_path_svd": path}
