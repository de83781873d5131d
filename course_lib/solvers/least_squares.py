"""The elastic-net least-squares problem: objective, KKT residual, duality gap, lam_max (chapters 03, 04).

::

    J(w, b) = 1/(2n) ||y - X w - b||² + lam (l1_ratio ||w||_1 + (1 - l1_ratio)/2 ||w||²)

ISTA, FISTA and coordinate descent differ in how they get from one iterate to the next; what they minimise and
how they know that they are done is the same, and stands here. The intercept is removed by centring.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from course_lib import validation
from course_lib.losses import SquaredLoss
from course_lib.penalties import ElasticNet
from course_lib.solvers.centring import Centred, centre
from course_lib.solvers.result import Callback, Result, iterate

Iterates = Callable[["Problem", np.ndarray], Iterator[np.ndarray]]

__all__ = ["Problem", "duality_gap", "kkt_residual", "lam_max", "minimise", "objective"]


def objective(X: Any, y: Any, w: Any, b: float, lam: float, l1_ratio: float = 1.0) -> float:
    """Return ``1/(2n) ||y - X w - b||² + lam (l1_ratio ||w||_1 + (1 - l1_ratio)/2 ||w||²)`` (4.1).

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
    y : array of shape (n_samples,)
    w : array of shape (n_features,)
    b : float
        Intercept; it is not penalised.
    lam : float
        Strength, >= 0.
    l1_ratio : float
        L1 share in [0, 1].

    Raises
    ------
    TypeError, ValueError
        If an argument is not finite, has the wrong shape or is out of range.
    """
    X, b = validation.matrix(X), validation.number(b, "b")
    y = validation.vector(y)
    validation.same_length(X, y)
    w = validation.vector(w, "w", length=X.shape[1], of="one per column of X")
    return SquaredLoss().value(y, X @ w + b) + ElasticNet(lam, l1_ratio).value(w)


def kkt_residual(
    X: Any, y: Any, w: Any, lam: float, l1_ratio: float = 1.0, *, fit_intercept: bool = True
) -> np.ndarray:
    """Return how far each coordinate of ``w`` is from the KKT conditions (3.3), shape (n_features,).

    All entries are 0 exactly when ``w``, with its best intercept, minimises the objective.

    Raises
    ------
    TypeError, ValueError
        As :func:`objective`.
    """
    problem, w = Problem.at(X, y, w, lam, l1_ratio, fit_intercept)
    return problem.penalty.subdifferential_distance(w, problem.gradient(w))


def duality_gap(
    X: Any, y: Any, w: Any, lam: float, l1_ratio: float = 1.0, *, fit_intercept: bool = True
) -> float:
    """Return a bound on how far the objective at ``w``, with its best intercept, is above the minimum (3.8).

    The dual point is the residual, scaled so that it is feasible. The gap is >= 0 and goes to 0 at the
    minimum if ``lam > 0``. At ``lam = 0`` only the trivial dual point 0 is left, and the bound is of no use.

    Raises
    ------
    TypeError, ValueError
        As :func:`objective`.

    Examples
    --------
    >>> duality_gap([[-1.0], [1.0]], [0.0, 4.0], [1.5], lam=0.5)  # 1.5 = 2 - 0.5: the soft-thresholded slope
    0.0
    """
    problem, w = Problem.at(X, y, w, lam, l1_ratio, fit_intercept)
    return problem.gap(w)


def lam_max(X: Any, y: Any, l1_ratio: float = 1.0, *, fit_intercept: bool = True) -> float:
    """Return the smallest strength at which all coefficients are 0: ``max |X.T y| / (n l1_ratio)`` (3.4).

    ``X`` and ``y`` are centred first if there is an intercept. The solvers compute the same number in the
    same way, so that at exactly this strength their solution is exactly 0.

    Raises
    ------
    TypeError, ValueError
        If ``X`` or ``y`` is empty, not finite or of the wrong shape, or ``l1_ratio`` lies outside [0, 1]; and
        if ``l1_ratio`` is 0, because ridge makes no coefficient 0, however strong it is.

    Examples
    --------
    >>> lam_max([[-1.0], [1.0]], [0.0, 4.0])
    2.0
    """
    if validation.share(l1_ratio) == 0:
        raise ValueError(
            f"l1_ratio must be > 0 for lam_max, got {l1_ratio}: without an L1 part no strength makes all "
            "coefficients 0. Give a grid of strengths instead, such as np.geomspace(1e-3, 1e3, 50)."
        )
    strongest = Problem(centre(X, y, fit_intercept=fit_intercept), ElasticNet(0, l1_ratio)).strongest_pull()
    lam = strongest / l1_ratio
    # Division and product may both round down, each by half a unit in the last place.
    return lam if lam * l1_ratio >= strongest else lam * (1 + 2 * np.finfo(float).eps.item())


@dataclass(frozen=True)
class Problem:
    """Minimise ``1/(2n) ||y - X w||² + penalty(w)`` over ``w``, on centred data."""

    data: Centred
    penalty: ElasticNet

    @classmethod
    def at(
        cls, X: Any, y: Any, w: Any, lam: float, l1_ratio: float, fit_intercept: bool
    ) -> tuple[Problem, np.ndarray]:
        """Check the arguments and return the problem together with the point ``w``."""
        problem = cls(centre(X, y, fit_intercept=fit_intercept), ElasticNet(lam, l1_ratio))
        return problem, problem.point(w, "w")

    def point(self, w: Any, name: str) -> np.ndarray:
        """Check ``w`` and return it in the precision of ``X``."""
        X = self.data.X
        w = validation.vector(w, name, length=X.shape[1], of="one per column of X")
        return w.astype(X.dtype, copy=False)

    def residual(self, w: np.ndarray) -> np.ndarray:
        return self.data.y - self.data.X @ w

    def gradient(self, w: np.ndarray) -> np.ndarray:
        """Return the gradient of the squared loss alone: ``-X.T (y - X w) / n``."""
        return -(self.data.X.T @ self.residual(w)) / len(self.data.y)

    def value(self, w: np.ndarray) -> float:
        return self.loss(w) + self.penalty.value(w)

    def loss(self, w: np.ndarray) -> float:
        """Return ``1/(2n) ||y - X w||²``."""
        return float(np.mean(self.residual(w) ** 2)) / 2

    def strongest_pull(self) -> float:
        """Return ``max |X.T y| / n``: how hard the data pull on the most wanted coefficient at ``w = 0``."""
        return float(np.max(np.abs(self.gradient(np.zeros_like(self.data.X[0])))))

    def stationarity(self, w: np.ndarray) -> float:
        """Return the largest KKT residual over the coordinates."""
        return float(np.max(self.penalty.subdifferential_distance(w, self.gradient(w))))

    def gap(self, w: np.ndarray) -> float:
        """Return the duality gap for the better of two dual points ``scale * residual`` (3.8)."""
        u = -self.gradient(w)
        l1, l2 = self.penalty.l1.lam, self.penalty.l2.lam
        pull = float(np.max(np.abs(u - l2 * w)))  # on the L1 part: at most l1 at the minimum (KKT)
        scales = [l1 / pull if pull > l1 else 1.0]
        if l2 > 0:
            scales.append(1.0)  # with an L2 part every dual point is feasible, the residual itself too
        return min(self._gap_at(w, u, scale) for scale in scales)

    def _gap_at(self, w: np.ndarray, u: np.ndarray, scale: float) -> float:
        """Return primal minus dual for the dual point ``scale * residual``.

        Subtracting one from the other would leave rounding noise. Written out, the big terms cancel and a sum
        of terms >= 0 remains: the price of scaling the residual, and coordinate by coordinate the
        Fenchel-Young difference ``penalty(w) + conjugate(scale u) - w scale u``. The part ``c`` of the pull
        ``scale u`` is met by the L1 part of the penalty, the rest should be met by ``l2 w``.
        """
        l1, l2 = self.penalty.l1.lam, self.penalty.l2.lam
        c = np.clip(scale * u, -l1, l1)
        gap = (1 - scale) ** 2 * self.loss(w) + float(np.sum(l1 * np.abs(w) - c * w))
        if l2 > 0:
            gap += float(np.sum((scale * u - c - l2 * w) ** 2)) / (2 * l2)
        return gap

    def start(self, w0: Any) -> np.ndarray:
        """Return a copy of the warm start, or zeros; 0 where it is known to be right."""
        X = self.data.X
        if w0 is None:
            return np.zeros_like(X[0])
        w = np.where((X != 0).any(axis=0), self.point(w0, "w0"), 0)  # constant columns do nothing
        return w if self.strongest_pull() > self.penalty.l1.lam else np.zeros_like(w)


def minimise(
    solver: str,
    iterates: Iterates,
    X: Any,
    y: Any,
    lam: float,
    l1_ratio: float,
    *,
    fit_intercept: bool,
    w0: Any,
    max_iter: int,
    tol: float | None,
    callback: Callback | None,
) -> Result:
    """Run ``iterates(problem, start)`` until the certificate is small enough; see the solvers for the rest.

    The certificate is the duality gap, relative to the objective at ``w = 0`` without penalty,
    ``||y||² / (2n)``. At ``lam = 0``, where no useful gap is known, it is the KKT residual
    ``max |X.T r| / n``, relative to its value at 0. Without a ``tol`` it is 1e-10, or 1e-5 in float32, where
    rounding allows no more.
    """
    problem = Problem(centre(X, y, fit_intercept=fit_intercept), ElasticNet(lam, l1_ratio))
    start = problem.start(w0)
    if tol is None:
        tol = 1e-5 if start.dtype == np.float32 else 1e-10
    if problem.penalty.lam > 0:
        name, certify, scale = "duality gap", problem.gap, problem.loss(np.zeros_like(start))
    else:
        name, certify, scale = "KKT residual", problem.stationarity, problem.strongest_pull()

    def states() -> Iterator[tuple[np.ndarray, float, float]]:
        yield start, problem.value(start), certify(start)
        for w in iterates(problem, start):
            yield w, problem.value(w), certify(w)

    result = iterate(
        states(),
        solver=solver,
        certificate_name=name,
        tolerance=validation.positive(tol, "tol") * scale,
        max_iter=max_iter,
        callback=callback,
        advice="Raise max_iter or tol, standardise the columns, or use a larger lam.",
        stacklevel=3,
    )
    return replace(result, b=problem.data.intercept(result.w))
