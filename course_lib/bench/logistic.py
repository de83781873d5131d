"""Works on the log-loss: L1 paths with two classes (no intercept, so that all can solve it) and with ten."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from course_lib.bench.accuracy import Accuracy, log_loss
from course_lib.bench.problems import Problem
from course_lib.bench.registry import COORDINATE, LADDER, OTHER, OURS, Contestant, Work

Run = Callable[[float | None], Any]

BINARY_GRID, MULTI_GRID = (50, 1e-2), (30, 1e-2)


def multinomial_grid(problem: Problem) -> np.ndarray:
    """Strengths from the λ_max of the ten-class problem with free intercepts."""
    Y = np.eye(int(problem.y.max()) + 1)[problem.y]
    lam_max = float(np.max(np.abs(problem.X.T @ (Y - Y.mean(axis=0))))) / len(Y)
    return lam_max * np.geomspace(1.0, MULTI_GRID[1], MULTI_GRID[0])


def rows(coefs: Any) -> np.ndarray:
    """(n_features, n_lams) as (n_lams, 1, n_features)."""
    return np.asarray(coefs, float).reshape(-1, np.shape(coefs)[-1]).T[:, None, :]


def our_binary(problem: Problem) -> Run:
    """As it is by default: gap 1e-9 and below, where the peers stop at 1e-6."""
    from course_lib.linear_model import logistic_path

    lams = problem.grid(*BINARY_GRID)
    return lambda tol: rows(logistic_path(problem.X, problem.y, lams, fit_intercept=False)[1])


def liblinear(problem: Problem) -> Run:
    """scikit-learn's C is 1 / (n λ)."""
    from sklearn.linear_model import LogisticRegression

    lams = problem.grid(*BINARY_GRID)

    def run(tol: float | None) -> Any:
        model = LogisticRegression(
            l1_ratio=1.0, solver="liblinear", fit_intercept=False, tol=tol, max_iter=10**5
        )
        return np.array(
            [model.set_params(C=1 / (len(problem.y) * lam)).fit(problem.X, problem.y).coef_ for lam in lams]
        )

    return run


def celer_binary(problem: Problem) -> Run:
    from celer import LogisticRegression

    lams = problem.grid(*BINARY_GRID)

    def run(tol: float | None) -> Any:
        model = LogisticRegression(tol=tol, warm_start=True, max_iter=100)
        coefs = []
        for lam in lams:
            model.C = 1 / (len(problem.y) * lam)
            coefs.append(model.fit(problem.X, problem.y).coef_.copy())
        return np.array(coefs)

    return run


def skglm_binary(problem: Problem) -> Run:
    from skglm import SparseLogisticRegression

    lams = problem.grid(*BINARY_GRID)

    def run(tol: float | None) -> Any:
        model = SparseLogisticRegression(tol=tol, fit_intercept=False, warm_start=True, max_iter=100)
        coefs = []
        for lam in lams:
            model.alpha = lam
            coefs.append(model.fit(problem.X, problem.y).coef_.reshape(1, -1).copy())
        return np.array(coefs)

    return run


def glmnet_binary(problem: Problem) -> Run:
    from glmnet import LogitNet

    lams = problem.grid(*BINARY_GRID)

    def run(tol: float | None) -> Any:
        model = LogitNet(
            alpha=1, n_splits=0, lambda_path=lams, standardize=False, fit_intercept=False, tol=tol,
            max_iter=10**5,
        )  # fmt: skip
        return np.moveaxis(model.fit(problem.X, problem.y).coef_path_, 2, 0)

    return run


def our_multinomial(problem: Problem) -> Run:
    from course_lib.linear_model import logistic_path

    lams = multinomial_grid(problem)
    return lambda tol: np.transpose(logistic_path(problem.X, problem.y, lams)[1], (2, 1, 0))


def glmnet_multinomial(problem: Problem) -> Run:
    from glmnet import LogitNet

    lams = multinomial_grid(problem)

    def run(tol: float | None) -> Any:
        model = LogitNet(alpha=1, n_splits=0, lambda_path=lams, standardize=False, tol=tol, max_iter=10**5)
        return np.moveaxis(model.fit(problem.X, problem.y).coef_path_, 2, 0)

    return run


def saga(problem: Problem) -> Run:
    from sklearn.linear_model import LogisticRegression

    lams = multinomial_grid(problem)

    def run(tol: float | None) -> Any:
        model = LogisticRegression(l1_ratio=1.0, solver="saga", tol=tol, max_iter=300, warm_start=True,
                                   random_state=0)  # fmt: skip
        return np.array(
            [
                model.set_params(C=1 / (len(problem.y) * lam)).fit(problem.X, problem.y).coef_.copy()
                for lam in lams
            ]
        )

    return run


def judge_binary(problem: Problem, coefs: Any) -> Accuracy:
    return log_loss(problem, problem.grid(*BINARY_GRID), coefs, fit_intercept=False)


def judge_multinomial(problem: Problem, coefs: Any) -> Accuracy:
    return log_loss(problem, multinomial_grid(problem), coefs, fit_intercept=True)


WORKS = [
    Work(
        name="l1-logistic",
        title="L1 logistic path, 50 strengths to λ_max/100, no intercept, gap 1e-6",
        problems=("cancer",),
        contestants=(
            Contestant("course_lib", OURS, our_binary),
            Contestant("liblinear", COORDINATE, liblinear, LADDER, needs="sklearn"),
            Contestant("glmnet", COORDINATE, glmnet_binary, LADDER[1:], needs="glmnet"),
            Contestant("celer", COORDINATE, celer_binary, LADDER, needs="celer"),
            Contestant("skglm", COORDINATE, skglm_binary, LADDER, needs="skglm"),
        ),
        target=1e-6,
        judge=judge_binary,
        certified=True,
        goals={"liblinear": 10.0, "glmnet": 3.0},
        goal=">= 10 x liblinear, >= 3 x glmnet, gap 1e-6",
    ),
    Work(
        name="l1-multinomial",
        title="Multinomial L1 path, 30 strengths to λ_max/100, gap 1e-6",
        problems=("digits",),
        contestants=(
            Contestant("course_lib", OURS, our_multinomial),
            Contestant("glmnet", COORDINATE, glmnet_multinomial, LADDER[1:5], needs="glmnet"),
            Contestant("scikit-learn saga", OTHER, saga, (1e-3,), needs="sklearn"),
        ),
        target=1e-6,
        judge=judge_multinomial,
        certified=True,
        goals={"glmnet": 5.0},
        goal=">= 5 x glmnet",
    ),
]
