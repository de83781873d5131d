"""Exact zeros: thresholds, and methods that promise them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from course_lib.probes.report import Report

__all__ = ["minimiser", "threshold"]


def threshold(
    prox: Callable[..., Any],
    *,
    lam: float = 0.5,
    lr: float | None = None,
    z: Any = None,
    rng: np.random.Generator | None = None,
) -> Report:
    """Hold a shrinkage function against soft-thresholding ``sign(z) max(|z| - t, 0)``.

    Parameters
    ----------
    prox : callable
        ``prox(z, lam)``, or ``prox(z, lam, lr)`` when ``lr`` is given; returns the new values in the shape of
        ``z``, or None when it changes ``z`` in place.
    lam : float
        Strength, > 0.
    lr : float, optional
        Step size; the threshold is ``lr * lam`` then, and ``lam`` without it.
    z : array or torch.Tensor, optional
        Values to shrink. Default: both signs, zeros, values at the threshold and around it.
    rng : numpy.random.Generator, optional

    Returns
    -------
    Report
        Causes: ``no_exact_zeros``, ``hard_threshold`` (survivors keep their size), ``kills_large``,
        ``without_lr``, ``factor_2``, ``other_threshold``, ``sign_lost`` (negative values all zero),
        ``overshoots`` (subtracts λ sign(z) past 0), ``shrinks_by_factor`` (the L2 operator), ``grows``,
        ``input_modified``, ``not_finite``, ``wrong_shape``, ``raised``, ``unknown``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range.

    Examples
    --------
    >>> from course_lib.penalties import soft_threshold
    >>> threshold(soft_threshold).ok
    True
    """
    raise NotImplementedError


def minimiser(
    fit: Callable[..., Any],
    *,
    lam: float = 0.3,
    l1_ratio: float = 1.0,
    intercept: bool = False,
    tol: float = 1e-3,
    rng: np.random.Generator | None = None,
) -> Report:
    """Look whether a method returns the minimiser of the base objective, exact zeros included.

    ``J(w, b) = 1/(2n) ||y - Xw - b||² + lam (l1_ratio ||w||_1 + (1 - l1_ratio)/2 ||w||²)`` on generated data
    with 60 rows and 8 features, 3 of which matter. The answer is judged by its optimality conditions and held
    against the certified solution of :mod:`course_lib.linear_model`, at ``lam`` and at other strengths.

    Parameters
    ----------
    fit : callable
        ``fit(X, y, lam)`` returns the weights (d,); with ``intercept=True`` the pair ``(w, b)``. Without an
        intercept ``X`` and ``y`` are centred.
    lam, l1_ratio : float
        The problem, in the course's convention. ``l1_ratio=0`` is ridge and expects no zeros.
    intercept : bool
    tol : float
        Largest difference in a weight that counts as solved.
    rng : numpy.random.Generator, optional

    Returns
    -------
    Report
        Causes: ``no_exact_zeros`` (the weights that should be 0 hover around it), ``unshrunk`` (zeros by
        thresholding afterwards: survivors keep their unpenalised size), ``kills_large``, ``other_strength``
        (the solution at lam/2, 2 lam, n lam, lam/n, ...), ``other_share``, ``no_penalty``, ``all_zero``,
        ``intercept_penalised``, ``not_converged``, ``random``, ``not_finite``, ``wrong_shape``,
        ``input_modified``, ``raised``, ``unknown``. `Report.measured` holds ``zeros`` and ``zeros_expected``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range.
    """
    raise NotImplementedError
