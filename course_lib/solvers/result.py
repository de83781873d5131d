"""What an iterative solver returns, and the one loop that all of them run in.

A solver is a generator of iterates. :func:`iterate` takes them one by one, asks each for its certificate, and
stops when the certificate says that the iterate is good enough. A small step would not say that: slow methods
make small steps far from the minimum.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np

from course_lib import validation

__all__ = ["Callback", "NotConverged", "Result", "iterate"]

Callback = Callable[[int, np.ndarray], Any]


class NotConverged(RuntimeWarning):
    """The solver stopped before its certificate reached the tolerance."""


@dataclass(frozen=True, eq=False)
class Result:
    """The outcome of an iterative solver.

    Attributes
    ----------
    w : ndarray of shape (n_features,)
        The solution found.
    value : float
        The objective at ``w``.
    n_iter : int
        Iterations made; 0 if the start was already certified.
    certificate : float
        How far ``w`` is from optimal, by the measure ``certificate_name``. A duality gap bounds
        ``value - minimum`` from above.
    history : ndarray of shape (n_iter + 1,)
        The objective at the start and after every iteration.
    b : float
        The intercept (0 for solvers that know of none).
    converged : bool
        Whether ``certificate <= tolerance``.
    certificate_name : str
        ``"duality gap"``, ``"KKT residual"``, ``"gradient norm"`` or ``"certificate"`` (the caller's own).
    tolerance : float
        What the certificate was compared with, in the certificate's own unit.
    certificates : ndarray of shape (n_iter + 1,)
        The certificate at the start and after every iteration.
    """

    w: np.ndarray
    value: float
    n_iter: int
    certificate: float
    history: np.ndarray = field(repr=False)
    b: float = 0.0
    converged: bool = False
    certificate_name: str = ""
    tolerance: float = 0.0
    certificates: np.ndarray = field(default_factory=lambda: np.empty(0), repr=False)


def iterate(
    states: Iterable[tuple[np.ndarray, float, float]],
    *,
    solver: str,
    certificate_name: str,
    tolerance: float,
    max_iter: int,
    callback: Callback | None = None,
    advice: str = "Raise max_iter or tol.",
    keep_best: bool = False,
    stacklevel: int = 2,
) -> Result:
    """Run through the states ``(w, value, certificate)`` until one is certified, at most ``max_iter`` steps.

    The first state is the start (iteration 0). ``callback(iteration, w)`` gets a copy of every iterate. With
    ``keep_best``, for methods that do not descend at every step, an uncertified run returns its best iterate.
    ``stacklevel`` says how many calls up from here the user's line is, for the warning to point at.

    Warns
    -----
    NotConverged
        If no state was certified, or the objective stopped being finite. A NaN certificate means that the
        caller has none to offer: then there is nothing to miss and no warning.
    """
    max_iter = validation.positive_int(max_iter, "max_iter")
    if callback is not None and not callable(callback):
        raise TypeError(f"callback must be a function of (iteration, w) or None, got {callback!r}.")
    values, certificates = [], []
    best: tuple[np.ndarray, float, float] | None = None
    # A diverging run overflows on its way; the warning below says it better than NumPy's.
    with np.errstate(over="ignore", invalid="ignore"):
        for iteration, (w, value, certificate) in enumerate(islice(states, max_iter + 1)):
            values.append(value)
            certificates.append(certificate)
            if callback is not None:
                callback(iteration, w.copy())
            finite = bool(np.isfinite(value))
            if best is None or value < best[1]:
                best = w, value, certificate
            if certificate <= tolerance or not finite:
                break
    converged = finite and certificate <= tolerance
    if keep_best and not converged and best is not None:
        w, value, certificate = best
    if not finite:
        _warn(
            f"{solver} diverged: the objective was {values[-1]} at iteration {iteration}. "
            "Use a smaller step.",
            stacklevel,
        )
    elif not converged and not np.isnan(certificate):
        _warn(
            f"{solver} stopped after {iteration} iterations with a {certificate_name} of {certificate:.3g}, "
            f"above the tolerance of {tolerance:.3g}. {advice}",
            stacklevel,
        )
    return Result(w.copy(), float(value), iteration, float(certificate), np.array(values),
                  converged=bool(converged), certificate_name=certificate_name, tolerance=float(tolerance),
                  certificates=np.array(certificates))  # fmt: skip


def _warn(message: str, stacklevel: int) -> None:
    warnings.warn(message, NotConverged, stacklevel=stacklevel + 2)  # 2: this function and iterate
