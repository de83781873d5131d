"""Comparisons for chapter 03: the ten-line solvers against the library's certified ones."""

from __future__ import annotations

import numpy as np

from course_lib.datasets import draw_sparse_linear


def centred_problem(rng):
    X, y, _ = draw_sparse_linear(40, 6, rng, support=3, correlation=0.5)
    return X - X.mean(axis=0), y - y.mean(), rng.uniform(0.05, 1.0)


def same_solution(n_iter):
    """Run the chapter's function for a fixed number of iterations and compare weights and exact zeros."""

    def compare(ours, theirs, rng):
        X, y, lam = centred_problem(rng)
        expected = theirs(X, y, lam, tol=1e-14).w
        answer = ours(X, y, lam, n_iter)
        w = answer[0] if isinstance(answer, tuple) else answer
        np.testing.assert_allclose(w, expected, atol=1e-6)
        np.testing.assert_array_equal(w == 0, expected == 0)

    return compare


COMPARE = {"lasso_ista": same_solution(2000), "lasso_cycles": same_solution(200)}
