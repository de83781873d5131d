"""A penalised least-squares system on a fixed set of columns, solved to the last digits (chapters 02, 06).

Columns are brought to length 1 first: features of very different scale then cost no digits. The solution is
corrected by its residual, which is computed from the columns and not from their rounded Gram matrix. If they
are close to each other, their triangle (QR) takes the place of that of the Gram matrix (Cholesky): it keeps
twice as many digits.

Source: Björck (1996), *Numerical Methods for Least Squares Problems*, SIAM, sections 2.4 and 2.9.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import lapack

__all__ = ["cholesky_solve", "least_norm", "normal_equations", "svd"]

CLOSE = 1e-8  # reciprocal condition of the Gram matrix below which QR is used
SINGULAR = 1e-14  # smallest entry on the triangle's diagonal, relative to a column's length


def normal_equations(
    A: np.ndarray, T: np.ndarray, l2: float, *, pull: np.ndarray | float = 0.0, G: np.ndarray | None = None
) -> np.ndarray | None:
    """Solve ``(A.T A + l2 I) W = A.T T - pull``; return ``None`` if that matrix is singular.

    Parameters
    ----------
    A : ndarray of shape (n_samples, n_features)
    T : ndarray of shape (n_samples, n_targets)
    l2 : float
    pull : float or ndarray of shape (n_features, 1)
        ``l1 * signs`` of the lasso's active features; 0 for ridge.
    G : ndarray of shape (n_features, n_features), optional
        ``A.T A``, if known.
    """
    length = np.sqrt(np.einsum("ij,ij->j", A, A) + l2)[:, np.newaxis]
    if not length.all():
        return None
    factor = _triangle(A, A.T @ A if G is None else G, l2, length[:, 0])
    if factor is None:
        return None
    W = np.zeros((A.shape[1], T.shape[1]))
    for _ in range(4):
        rest = A.T @ (T - A @ W) - l2 * W - pull
        W += lapack.dpotrs(factor, rest / length)[0] / length
    return W if np.isfinite(W).all() else None


def _triangle(A: np.ndarray, G: np.ndarray, l2: float, length: np.ndarray) -> np.ndarray | None:
    """Return upper triangular R with ``R.T R = A.T A + l2 I``, rows and columns divided by ``length``."""
    factor, rcond = _cholesky(G, length)
    if rcond >= CLOSE:
        return factor
    stacked = np.vstack([A, np.sqrt(l2) * np.eye(length.size)])
    factor = np.asarray(np.linalg.qr(stacked / length, mode="r"))
    return factor if len(factor) == length.size and np.abs(np.diag(factor)).min() > SINGULAR else None


def _cholesky(G: np.ndarray, length: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the triangle of a matrix brought to ones on the diagonal, and its reciprocal condition."""
    system = G / np.outer(length, length)
    system.flat[:: length.size + 1] = 1.0
    factor, failed = lapack.dpotrf(system)
    return factor, 0.0 if failed else lapack.dpocon(factor, np.abs(system).sum(axis=0).max())[0]


def cholesky_solve(G: np.ndarray, right: np.ndarray, l2: float) -> tuple[np.ndarray, float]:
    """Solve ``(G + l2 I) w = right`` and return ``w`` with the reciprocal condition; if that is 0, zeros."""
    length = np.sqrt(np.diag(G) + l2)
    if not length.all():
        return np.zeros_like(right), 0.0
    factor, rcond = _cholesky(G, length)
    return lapack.dpotrs(factor, right / length)[0] / length if rcond else np.zeros_like(right), rcond


def least_norm(A: np.ndarray, T: np.ndarray) -> np.ndarray:
    """Return the least-squares solution; of several the one of smallest norm, shape (n_features, n_targets).

    Which columns are combinations of others is decided at length 1: a column is not left out for its unit.
    """
    length = np.sqrt(np.einsum("ij,ij->j", A, A))[:, np.newaxis]
    length[length == 0] = 1.0
    U, s, Vt = svd(A / length.T)
    fit = (U.T @ T) / s[:, np.newaxis]
    if s.size == length.size:
        return Vt.T @ fit / length
    Q, R = np.linalg.qr(length * Vt.T)  # Q spans the rows of A, where the smallest solution lies
    return Q @ np.linalg.solve(R.T, fit)


def svd(A: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return U, s and Vt of the singular values that are more than rounding."""
    U, s, Vt = np.linalg.svd(A, full_matrices=False)
    keep = s > max(A.shape) * np.finfo(float).eps * s[0]
    return U[:, keep], s[keep], Vt[keep]
