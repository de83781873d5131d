"""Works on the squared loss: paths, cross-validation, single fits, leave-one-out, growth with features."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import numpy as np

from course_lib.bench.accuracy import Accuracy, least_squares
from course_lib.bench.problems import LINEAR, Problem
from course_lib.bench.registry import (
    COORDINATE,
    HOMOTOPY,
    LADDER,
    LIMIT,
    OTHER,
    OURS,
    Contestant,
    Work,
    interpolated,
)

Run = Callable[[float | None], Any]
Array = np.ndarray


def options(tol: float | None, max_iter: int = 100_000) -> dict[str, Any]:
    """Keyword arguments of a peer: its default without a tolerance, else that one and enough iterations."""
    return {} if tol is None else {"tol": tol, "max_iter": max_iter}


# ---------------------------------------------------------------- path, cross-validation and refit


def our_lasso_cv(problem: Problem) -> Run:
    from course_lib.linear_model import LassoCV

    return lambda tol: LassoCV(lams=100, eps=1e-3, cv=5).fit(problem.X, problem.y)


def sklearn_lasso_cv(problem: Problem) -> Run:
    from sklearn.linear_model import LassoCV

    return lambda tol: LassoCV(alphas=100, eps=1e-3, cv=5, **options(tol)).fit(problem.X, problem.y)


def lars_cv(problem: Problem) -> Run:
    from sklearn.linear_model import LassoLarsCV

    return lambda tol: LassoLarsCV(cv=5, max_iter=5000).fit(problem.X, problem.y)


def celer_cv(problem: Problem) -> Run:
    """Folds, paths and refit by hand: celer's own LassoCV does not run with present scikit-learn versions."""
    from celer import celer_path

    X, y, lams, n = problem.X, problem.y, problem.grid(100, 1e-3), len(problem.y)
    folds = np.array_split(np.arange(n), 5)

    def path(X: Array, y: Array, lams: Array, tol: float | None) -> Array:
        return np.asarray(celer_path(X, y, "lasso", alphas=lams, tol=tol, max_iter=200, prune=1)[1])

    def run(tol: float | None) -> tuple[float, Array]:
        errors = np.zeros(len(lams))
        for fold in folds:
            X_train, y_train = np.delete(X, fold, axis=0), np.delete(y, fold)
            x_mean, y_mean = X_train.mean(axis=0), y_train.mean()
            coefs = path(np.asfortranarray(X_train - x_mean), y_train - y_mean, lams, tol)
            errors += np.sum((y[fold, None] - y_mean - (X[fold] - x_mean) @ coefs) ** 2, axis=0)
        best = int(np.argmin(errors))
        return float(lams[best]), path(X, y, lams[: best + 1], tol)[:, -1]

    return run


def glmnet_cv(problem: Problem) -> Run:
    from glmnet import ElasticNet

    lams = problem.grid(100, 1e-3)

    def run(tol: float | None) -> Any:
        model = ElasticNet(
            alpha=1, n_splits=5, lambda_path=lams, standardize=False, tol=tol, max_iter=10**8, cut_point=0
        )
        return model.fit(problem.X, problem.y)

    return run


def chosen(problem: Problem, model: Any) -> tuple[float, Array]:
    """The strength that an estimator chose, and its coefficients."""
    name = next(name for name in ("lam_", "alpha_", "lambda_best_") if hasattr(model, name))
    return float(np.ravel(getattr(model, name))[0]), np.ravel(model.coef_)


def judge_choice(problem: Problem, answer: tuple[float, Array]) -> Accuracy:
    """Certificates of the refit at the strength it was made for; its value above the minimum there."""
    lam, coef = answer
    found = least_squares(problem, np.array([lam]), coef)
    return Accuracy(found.gaps, found.values - minimum(problem, lam), choice=lam)


@lru_cache(maxsize=64)
def minimum(problem: Problem, lam: float) -> float:
    """The relative objective of a certified solution, to compare with."""
    from sklearn.linear_model import Lasso

    model = Lasso(lam, fit_intercept=False, tol=1e-11, max_iter=10**5).fit(problem.X, problem.y)
    return float(least_squares(problem, np.array([lam]), model.coef_).values[0])


# ---------------------------------------------------------------- paths


def our_path(k: int, eps: float, l1_ratio: float, problem: Problem) -> Run:
    from course_lib.linear_model import enet_path, lasso_path

    lams = problem.grid(k, eps, l1_ratio)
    if l1_ratio == 1:
        return lambda tol: lasso_path(problem.X, problem.y, lams=lams)[1]
    return lambda tol: enet_path(problem.X, problem.y, l1_ratio=l1_ratio, lams=lams)[1]


def sklearn_path(k: int, eps: float, l1_ratio: float, problem: Problem) -> Run:
    from sklearn.linear_model import enet_path

    lams = problem.grid(k, eps, l1_ratio)

    def run(tol: float | None) -> Any:
        return enet_path(problem.X, problem.y, l1_ratio=l1_ratio, alphas=lams, **options(tol))[1]

    return run


def celer_path(k: int, eps: float, l1_ratio: float, problem: Problem) -> Run:
    from celer import celer_path

    lams = problem.grid(k, eps, l1_ratio)

    def run(tol: float | None) -> Any:
        return celer_path(
            problem.X, problem.y, "lasso", alphas=lams, l1_ratio=l1_ratio, tol=tol, max_iter=200, prune=1
        )[1]

    return run


def skglm_path(k: int, eps: float, l1_ratio: float, problem: Problem) -> Run:
    from skglm import ElasticNet

    lams = problem.grid(k, eps, l1_ratio)

    def run(tol: float | None) -> Any:
        model = ElasticNet(l1_ratio=l1_ratio, fit_intercept=False, tol=tol, max_iter=200)
        return model.path(problem.X, problem.y, lams)[1]

    return run


def glmnet_path(k: int, eps: float, l1_ratio: float, problem: Problem) -> Run:
    """glmnet divides y by its standard deviation, but not the L2 part: share and strength make up for it."""
    from glmnet import ElasticNet

    s = float(problem.y.std())
    l1, l2 = l1_ratio / s, 1 - l1_ratio
    lams, y = problem.grid(k, eps, l1_ratio) * (l1 + l2), problem.y / s

    def run(tol: float | None) -> Any:
        model = ElasticNet(
            alpha=l1 / (l1 + l2), n_splits=0, lambda_path=lams, standardize=False, fit_intercept=False,
            tol=tol, max_iter=10**8,
        )  # fmt: skip
        return s * model.fit(problem.X, y).coef_path_

    return run


def judge_path(k: int, eps: float, l1_ratio: float) -> Callable[[Problem, Array], Accuracy]:
    """Certificates at every strength of the grid."""
    return lambda problem, coefs: least_squares(problem, problem.grid(k, eps, l1_ratio), coefs, l1_ratio)


def path_contestants(k: int, eps: float, l1_ratio: float) -> tuple[Contestant, ...]:
    """All that compute the same grid of strengths."""
    grid = (k, eps, l1_ratio)
    return (
        Contestant("course_lib", OURS, partial(our_path, *grid)),
        Contestant(
            "scikit-learn enet_path", COORDINATE, partial(sklearn_path, *grid), LADDER, needs="sklearn"
        ),
        Contestant("celer", COORDINATE, partial(celer_path, *grid), LADDER, needs="celer"),
        Contestant("skglm", COORDINATE, partial(skglm_path, *grid), LADDER, needs="skglm"),
        Contestant("glmnet", COORDINATE, partial(glmnet_path, *grid), LADDER, needs="glmnet"),
    )


# ---------------------------------------------------------------- the exact path


def our_exact_path(problem: Problem) -> Run:
    from course_lib.linear_model import exact_lasso_path

    return lambda tol: exact_lasso_path(problem.X, problem.y)


def lars(problem: Problem) -> Run:
    from sklearn.linear_model import lars_path

    return lambda tol: lars_path(problem.X, problem.y, method="lasso", max_iter=10**5)


def gram(problem: Problem) -> Run:
    return lambda tol: problem.X.T @ problem.X


EXACT_GRID = (30, 1e-2)


def read_exact(problem: Problem, answer: Any) -> Array:
    lams = problem.grid(*EXACT_GRID)
    return np.column_stack([np.asarray(answer.at(lam)) for lam in lams])


def read_lars(problem: Problem, answer: Any) -> Array:
    return interpolated(problem.grid(*EXACT_GRID), answer[0], answer[2])


def judge_exact(problem: Problem, coefs: Array) -> Accuracy:
    """Certificates at thirty strengths between the knots."""
    return judge_path(*EXACT_GRID, 1.0)(problem, coefs)


# ---------------------------------------------------------------- single fits


def our_fit(share: float, problem: Problem) -> Run:
    from course_lib.linear_model import Lasso

    return lambda tol: Lasso(share * problem.lam_max).fit(problem.X, problem.y).coef_


def sklearn_fit(share: float, problem: Problem) -> Run:
    from sklearn.linear_model import Lasso

    return lambda tol: Lasso(share * problem.lam_max, **options(tol)).fit(problem.X, problem.y).coef_


def celer_fit(share: float, problem: Problem) -> Run:
    from celer import Lasso

    return lambda tol: Lasso(share * problem.lam_max, tol=tol).fit(problem.X, problem.y).coef_


def skglm_fit(share: float, problem: Problem) -> Run:
    from skglm import Lasso

    return lambda tol: Lasso(share * problem.lam_max, tol=tol).fit(problem.X, problem.y).coef_


def single_fit(name: str, share: float) -> Work:
    """One strength, a fraction of λ_max."""
    peers = (("scikit-learn Lasso", sklearn_fit, "sklearn"), ("celer", celer_fit, "celer"),
             ("skglm", skglm_fit, "skglm"))  # fmt: skip
    return Work(
        name=name,
        title=f"One fit at λ_max/{1 / share:.0f}",
        problems=LINEAR,
        contestants=(
            Contestant("course_lib", OURS, partial(our_fit, share)),
            *(Contestant(n, COORDINATE, partial(f, share), LADDER, needs=needs) for n, f, needs in peers),
        ),
        target=1e-9,
        judge=lambda problem, coef: least_squares(problem, np.array([share * problem.lam_max]), coef),
        goals={peer: 1.0 for peer, _, _ in peers},
        goal="no slower than the best of scikit-learn, celer and skglm",
    )


# ---------------------------------------------------------------- leave-one-out ridge

RIDGE_LAMS = np.geomspace(1e-3, 1e3, 100)


def our_ridge_cv(problem: Problem) -> Run:
    from course_lib.linear_model import RidgeCV

    return lambda tol: RidgeCV(lams=RIDGE_LAMS).fit(problem.X, problem.y)


def sklearn_ridge_cv(problem: Problem) -> Run:
    from sklearn.linear_model import RidgeCV

    return lambda tol: RidgeCV(alphas=len(problem.y) * RIDGE_LAMS).fit(problem.X, problem.y)


def read_ridge(problem: Problem, model: Any) -> float:
    return float(model.lam_) if hasattr(model, "lam_") else float(model.alpha_) / len(problem.y)


WORKS = [
    Work(
        name="cv-path",
        title="Path of 100 strengths to λ_max/1000, 5-fold cross-validation, refit",
        problems=LINEAR,
        contestants=(
            Contestant("course_lib LassoCV", OURS, our_lasso_cv, read=chosen),
            Contestant("LassoCV, its default", COORDINATE, sklearn_lasso_cv, read=chosen, needs="sklearn"),
            Contestant("LassoCV", COORDINATE, sklearn_lasso_cv, LADDER[1:], chosen, "sklearn"),
            Contestant("LassoLarsCV", HOMOTOPY, lars_cv, read=chosen, needs="sklearn"),
            Contestant("celer", COORDINATE, celer_cv, LADDER[1:], needs="celer"),
            Contestant("glmnet", COORDINATE, glmnet_cv, LADDER[2:], chosen, "glmnet"),
        ),
        target=1e-9,
        judge=judge_choice,
        goals={"LassoCV, its default": 5.0, "LassoLarsCV": 2.0},
        goal=">= 5 x LassoCV at its default tolerance, >= 2 x LassoLarsCV, gap <= 1e-9",
    ),
    Work(
        name="exact-path",
        title="The exact lasso path, all knots",
        problems=LINEAR,
        contestants=(
            Contestant("course_lib", OURS, our_exact_path, read=read_exact),
            Contestant("lars_path", HOMOTOPY, lars, read=read_lars, needs="sklearn"),
            Contestant("one Gram product", LIMIT, gram),
        ),
        target=1e-9,
        judge=judge_exact,
        goals={"lars_path": 2.0, "one Gram product": 1 / 1.3},
        goal="wide: >= 2 x lars_path; tall: at most 1.3 times one Gram product",
    ),
    Work(
        name="enet-path",
        title="Elastic-net path, l1_ratio 0.5, 100 strengths to λ_max/1000, gap 1e-6",
        problems=LINEAR,
        contestants=path_contestants(100, 1e-3, 0.5),
        target=1e-6,
        judge=judge_path(100, 1e-3, 0.5),
        goals={"scikit-learn enet_path": 3.0},
        goal=">= 3 x enet_path at gap 1e-6",
    ),
    single_fit("fit-10", 1 / 10),
    single_fit("fit-100", 1 / 100),
    Work(
        name="loo-ridge",
        title="Leave-one-out ridge over 100 strengths",
        problems=LINEAR,
        contestants=(
            Contestant("course_lib RidgeCV", OURS, our_ridge_cv, read=read_ridge),
            Contestant("RidgeCV", OTHER, sklearn_ridge_cv, read=read_ridge, needs="sklearn"),
        ),
        judge=lambda problem, lam: Accuracy(choice=lam),
        goals={"RidgeCV": 5.0},
        goal=">= 5 x RidgeCV, the same strength",
    ),
    Work(
        name="growth",
        title="Lasso path of 50 strengths to λ_max/20, 200 rows, more and more features",
        problems=("grow-1000", "grow-10000", "grow-100000"),
        contestants=path_contestants(50, 5e-2, 1.0),
        target=1e-6,
        judge=judge_path(50, 5e-2, 1.0),
        goal="at most linear in the number of features",
    ),
]
