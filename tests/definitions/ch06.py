"""Comparison for chapter 06: the short homotopy against the library's exact path."""

from __future__ import annotations

import numpy as np

from course_lib.datasets import draw_sparse_linear


def same_path(ours, theirs, rng):
    """Knots, the solutions there, and the events they imply."""
    X, y, _ = draw_sparse_linear(40, 6, rng, support=3, correlation=0.9)
    X, y = X - X.mean(axis=0), y - y.mean()
    knots, coefs = ours(X.T @ X / 40, X.T @ y / 40)
    expected = theirs(X, y)
    np.testing.assert_allclose(knots, expected.knots, atol=1e-9 * knots[0])
    np.testing.assert_allclose(coefs, expected.coefs, atol=1e-8)


COMPARE = {"lasso_homotopy": same_path}
