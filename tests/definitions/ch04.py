"""Chapter 04 against ``course_lib.solvers.coordinate``."""

import numpy as np


def cycles(ours, library, rng):
    X, y = rng.normal(size=(12, 4)) + 3, rng.normal(size=12) - 5
    lam, l1_ratio = rng.exponential() / 3, rng.uniform()
    w, b, _ = ours(X, y, lam, l1_ratio)
    theirs = library(X, y, lam, l1_ratio, tol=1e-15)
    assert np.allclose(w, theirs.w, rtol=1e-8, atol=1e-8)
    assert np.isclose(b, theirs.b, rtol=1e-8)


COMPARE = {"elastic_net_cycles": cycles}
