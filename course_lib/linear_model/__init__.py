"""Linear models under scikit-learn's contract, and their path functions (chapters 02 to 07).

A thin layer over ``course_lib.solvers``: the mathematics is there, here are the checks and the attributes.
Importing this package loads no scikit-learn; asking it for a name does.

======================================  ==========================================================
``Ridge``, ``RidgeCV``, ``ridge_path``  squared loss, L2 penalty
``Lasso``, ``LassoCV``, ``lasso_path``  squared loss, L1 penalty; ``exact_lasso_path`` for every strength
``ElasticNet``, ``ElasticNetCV``,       squared loss, both penalties
``enet_path``
``LogisticRegression``,                 log-loss, two classes or several, both penalties
``LogisticRegressionCV``,
``logistic_path``
======================================  ==========================================================
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "logistic": ("LogisticRegression", "LogisticRegressionCV", "logistic_path"),
    "ridge": ("Ridge", "RidgeCV", "ridge_path"),
    "sparse": ("ElasticNet", "ElasticNetCV", "Lasso", "LassoCV", "LassoPath", "enet_path",
               "exact_lasso_path", "lasso_path"),
}  # fmt: skip
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [name for names in _HOMES.values() for name in names]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME_OF})
