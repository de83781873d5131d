"""Random regression problems for the tests of paths and estimators."""

import numpy as np


def problem(n, d, seed=0, noise=1.0):
    """Correlated columns, of which the first three matter."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) + 0.7 * rng.normal(size=(n, 1))
    return X, X[:, : min(d, 3)].sum(axis=1) + noise * rng.normal(size=n)
