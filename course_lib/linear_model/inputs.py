"""What every linear model does with its input before any mathematics starts.

::

    X, y, weights = load(X, y, sample_weight)          path functions: checks of this library
    X, y, weights = load_for(self, X, y, sample_weight)  estimators: scikit-learn's checks, then the same
    X = load_X_for(self, X)                            estimators, in ``predict``
    mean = weighted_mean(X, weights)                   exact for constant columns, accurate for offsets of 1e9
    A = centred(X, mean, weights)                      dense float64 copy, rows times the root of their weight

What comes back: ``X`` is an ndarray or a CSR or CSC matrix, of float32 or float64 (kept; every other number
type becomes float64, so that uint8 cannot overflow), ``y`` a float64 array, ``weights`` a float64 array, or
``None`` when all rows count alike. Rows of weight 0 are gone. No input is ever modified: what is returned may
be the caller's own array, so do not write into it.

Only ``load_for`` and ``load_X_for`` need scikit-learn, and import it when they are called.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import sparse

from course_lib import validation

__all__ = [
    "centred",
    "check_X",
    "check_weights",
    "check_y",
    "constant_columns",
    "load",
    "load_X_for",
    "load_for",
    "total",
    "weighted_mean",
    "without_empty_rows",
]  # fmt: skip

BLOCK = 1 << 20  # numbers in a block of rows: 8 MB of float64, so that a block stays in the cache


def load(
    X: Any, y: Any, sample_weight: Any = None, *, several_targets: bool = False
) -> tuple[Any, np.ndarray, np.ndarray | None]:
    """Check a regression problem and drop the rows of weight 0.

    Parameters
    ----------
    X : array or CSR/CSC matrix of shape (n_samples, n_features)
    y : array of shape (n_samples,), or (n_samples, n_targets) with ``several_targets``
    sample_weight : None, number or array of shape (n_samples,)

    Returns
    -------
    X, y, weights
        As the module describes them.

    Raises
    ------
    TypeError, ValueError
        With a sentence that names the argument and the value.
    """
    X = check_X(X)
    y = check_y(y, X.shape[0], several_targets=several_targets)
    return without_empty_rows(X, y, check_weights(sample_weight, X.shape[0]))


def load_for(
    estimator: Any, X: Any, y: Any, sample_weight: Any = None, *, several_targets: bool = False,
    numeric_y: bool = True,
    keep_empty: bool = False,
) -> tuple[Any, np.ndarray, np.ndarray | None]:  # fmt: skip
    """As :func:`load`, for ``estimator.fit``: sets ``n_features_in_`` and ``feature_names_in_`` on the way.

    With ``keep_empty`` rows of weight 0 stay (cross-validation: fold indices count them).
    With ``numeric_y=False`` (classifiers) ``y`` is returned as the caller gave it, less its empty rows.
    """
    from sklearn.utils.validation import validate_data

    plain = numeric_y and _plain(X, 2) and _plain(y, 1)
    if plain and len(X) == len(y):  # nothing left to convert or to refuse
        estimator.n_features_in_ = X.shape[1]
        if hasattr(estimator, "feature_names_in_"):
            del estimator.feature_names_in_
    else:
        X, y = validate_data(
            estimator, X, y, accept_sparse=["csr", "csc"], dtype=[np.float64, np.float32],
            multi_output=several_targets, y_numeric=numeric_y,
        )  # fmt: skip
    if numeric_y and not _plain(y, 1):
        y = check_y(y, X.shape[0], several_targets=several_targets)
    weights = check_weights(sample_weight, X.shape[0])
    return (X, y, weights) if keep_empty else without_empty_rows(X, y, weights)


def load_X_for(estimator: Any, X: Any) -> Any:
    """Check the ``X`` of ``predict`` against what ``estimator`` was fitted on."""
    from sklearn.utils.validation import check_is_fitted, validate_data

    check_is_fitted(estimator)
    return validate_data(
        estimator, X, accept_sparse=["csr", "csc"], dtype=[np.float64, np.float32], reset=False
    )


def _plain(array: Any, ndim: int) -> bool:
    """Return whether this is a float64 array of that many dimensions, not empty, all finite."""
    if type(array) is not np.ndarray or array.dtype != np.float64 or array.ndim != ndim or not array.size:
        return False
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(array.sum()))  # of huge numbers even this may fail: then others look closer


def check_X(X: Any) -> Any:
    """Return a finite, non-empty float matrix: dense, CSR or CSC (other sparse formats become CSR).

    Raises
    ------
    TypeError, ValueError
        If it is not a matrix of real, finite numbers.
    """
    if not sparse.issparse(X):
        return X if _plain(X, 2) else validation.matrix(X, "X")
    if X.ndim != 2 or 0 in X.shape:
        raise ValueError(f"X must be a non-empty matrix (n_samples, n_features), got shape {X.shape}.")
    X = X if X.format in ("csr", "csc") else X.tocsr()
    if X.dtype.kind not in "fiub":
        raise TypeError(f"X must hold real numbers, got a sparse matrix of type {X.dtype}.")
    X = X if X.dtype in (np.float32, np.float64) else X.astype(np.float64)
    if not np.isfinite(X.data).all():
        raise ValueError(f"X must be finite, got {X.data[~np.isfinite(X.data)][0]} among its entries.")
    return X


def check_y(y: Any, n_samples: int, *, several_targets: bool = False) -> np.ndarray:
    """Return ``y`` as float64, of shape (n_samples,), or (n_samples, n_targets) if that is what came.

    Raises
    ------
    TypeError, ValueError
        If it is not finite, has another length, or several columns where one is expected.
    """
    if several_targets and np.ndim(y) == 2:
        y = validation.matrix(y, "y")
        if len(y) != n_samples:
            raise ValueError(f"y must have {n_samples} rows (one per row of X), got {len(y)}.")
    else:
        y = validation.vector(y, "y", length=n_samples, of="one per row of X")
    return y.astype(np.float64, copy=False)


def check_weights(sample_weight: Any, n_samples: int) -> np.ndarray | None:
    """Return the weights as float64, or ``None`` for weights that are all 1 (or were not given).

    Raises
    ------
    TypeError, ValueError
        If a weight is negative or not finite, all are 0, or there are not as many as rows of X.
    """
    if sample_weight is None:
        return None
    sample_weight = np.asarray(sample_weight)
    if sample_weight.ndim == 0:
        sample_weight = np.full(n_samples, validation.number(sample_weight, "sample_weight"))
    weights = validation.vector(sample_weight, "sample_weight", length=n_samples, of="one per row of X")
    weights = weights.astype(np.float64, copy=False)
    if weights.min() < 0:
        i = int(np.argmin(weights))
        raise ValueError(f"sample_weight must be >= 0, got {weights[i]} at index {i}.")
    if weights.max() == 0:
        raise ValueError("sample_weight must have an entry > 0, got only zeros: every weight is zero.")
    return None if (weights == 1).all() else weights


def total(X: Any, weights: np.ndarray | None) -> float:
    """Return the ``n`` of the objective: the sum of the weights, or the number of rows."""
    return float(X.shape[0]) if weights is None else float(weights.sum())


def weighted_mean(X: Any, weights: np.ndarray | None = None) -> np.ndarray:
    """Return the (weighted) mean of each column of ``X`` (of ``y``, for one or more targets), in float64.

    A constant column's mean is its value, to the last bit. Rows are first taken relative to the first one: so
    an offset of 1e9 costs no digits.
    """
    if sparse.issparse(X):
        return _sparse_mean(X, weights)
    first = np.asarray(X[0], dtype=np.float64)
    sums = np.zeros_like(first)
    for rows in blocks(X):
        part = X[rows] - first
        sums += part.sum(axis=0) if weights is None else weights[rows] @ part
    return first + sums / total(X, weights)


def _sparse_mean(X: Any, weights: np.ndarray | None) -> np.ndarray:
    """Take the stored entries of each column relative to one of them, for the same reason."""
    stored, d = X.tocoo(), X.shape[1]
    rows, columns, one = stored.row, stored.col, np.zeros(d)
    one[columns] = stored.data
    share = np.full(rows.size, 1 / X.shape[0]) if weights is None else weights[rows] / weights.sum()
    rest = np.bincount(columns, share * (stored.data - one[columns]), minlength=d)
    full = np.bincount(columns, minlength=d) == X.shape[0]
    mean = one * np.where(full, 1.0, np.bincount(columns, share, minlength=d)) + rest
    constant = constant_columns(X)
    mean[constant] = one[constant]
    return mean


def constant_columns(X: Any) -> np.ndarray:
    """Return a mask of the columns in which all rows are equal, shape (n_features,)."""
    if not sparse.issparse(X):
        return (X[0] == X).all(axis=0)
    low, high = X.min(axis=0).toarray().ravel(), X.max(axis=0).toarray().ravel()
    return low == high


def centred(X: Any, mean: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Return ``X - mean`` as a new dense float64 array; with weights, each row times the root of its weight.

    The sum of squares of such a row is the row's share of a weighted sum of squares.
    """
    dense = X.toarray() if sparse.issparse(X) else X
    out = np.subtract(dense, mean, dtype=np.float64)
    if weights is not None:
        out *= np.sqrt(weights).reshape(-1, *[1] * (out.ndim - 1))
    return out


def blocks(X: Any) -> Iterator[slice]:
    """Cut the rows of ``X`` into blocks that fit the processor's cache."""
    n = X.shape[0]
    step = max(BLOCK // max(int(np.prod(X.shape[1:])), 1), 64)
    return (slice(start, min(start + step, n)) for start in range(0, n, step))


def without_empty_rows(
    X: Any, y: np.ndarray, weights: np.ndarray | None
) -> tuple[Any, np.ndarray, np.ndarray | None]:
    """Drop rows of weight 0: they must leave no trace, not even in rounding."""
    if weights is None or weights.min() > 0:
        return X, y, weights
    keep = np.flatnonzero(weights)
    weights = weights[keep]
    return X[keep], y[keep], None if (weights == 1).all() else weights
