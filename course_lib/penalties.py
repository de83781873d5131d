"""Penalties: L1, L2 and the elastic net, each answering the same questions (chapters 02 to 04).

::

    penalty.value(w)                           what w costs
    penalty.gradient(w)                        L2 only: the others have a kink at 0
    penalty.subgradient(w)                     one subgradient, with sign(0) = 0
    penalty.prox(w, step)                      argmin_v 1/2 ||v - w||² + step * penalty(v)
    penalty.subdifferential_distance(w, grad)  how far each coordinate is from the KKT conditions
    penalty.conjugate(u)                       max_v u.v - penalty(v), its part of the dual objective

``w`` may have any shape (a network's weights are matrices); sums run over all entries. Sources: Parikh and
Boyd (2014), *Proximal Algorithms*, Foundations and Trends in Optimization 1(3), 127-239; Hastie, Tibshirani
and Friedman, *The Elements of Statistical Learning*, 2nd ed. (2009), section 3.4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from course_lib import validation

__all__ = ["L1", "L2", "ElasticNet", "soft_threshold"]


def soft_threshold(z: Any, threshold: float) -> np.ndarray:
    """Return ``sign(z) max(|z| - threshold, 0)``: soft-thresholding (3.5).

    Parameters
    ----------
    z : array of any shape, or a number
    threshold : float
        >= 0. Entries not larger than this in size become exactly 0.0; the others move towards 0 by it.

    Returns
    -------
    ndarray of the shape of ``z``

    Raises
    ------
    TypeError, ValueError
        If ``z`` is empty or not finite, or ``threshold`` is negative.

    Examples
    --------
    >>> soft_threshold([-3.0, -0.5, 0.0, 1.0, 2.0], 1.0)
    array([-2.,  0.,  0.,  0.,  1.])
    """
    z, t = _array(z, "z"), validation.strength(threshold, "threshold")
    # What is inside the interval [-t, t] is taken away from itself, so the zeros are exact (and never -0.0).
    return z - np.clip(z, -t, t)


@dataclass(frozen=True)
class L2:
    """Squared L2 penalty (ridge, weight decay): ``lam/2 ||w||²``.

    Parameters
    ----------
    lam : float
        Strength, >= 0.

    Raises
    ------
    TypeError, ValueError
        If ``lam`` is not a finite number >= 0.

    Examples
    --------
    >>> L2(lam=0.5).value([2.0, 0.0]), L2(lam=0.5).gradient([2.0, 0.0])
    (1.0, array([1., 0.]))
    """

    lam: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "lam", validation.strength(self.lam))

    def value(self, w: Any) -> float:
        """Return ``lam/2 ||w||²``."""
        return self.lam / 2 * float(np.sum(_array(w) ** 2))

    def gradient(self, w: Any) -> np.ndarray:
        """Return ``lam w``."""
        return self.lam * _array(w)

    def subgradient(self, w: Any) -> np.ndarray:
        """Return the gradient, which is the only subgradient of a smooth convex function."""
        return self.gradient(w)

    def prox(self, w: Any, step: float) -> np.ndarray:
        """Return ``w / (1 + step lam)``: every weight shrinks by the same factor, none becomes 0."""
        return _array(w) / (1 + validation.positive(step, "step") * self.lam)

    def subdifferential_distance(self, w: Any, grad: Any) -> np.ndarray:
        """Return ``|grad + lam w|``, shape of ``w``; all 0 at the minimum (``grad``: the loss's gradient)."""
        w, grad = _same_shape(w, grad)
        return np.abs(grad + self.lam * w)

    def conjugate(self, u: Any) -> float:
        """Return ``||u||² / (2 lam)``; for ``lam = 0`` it is 0 at ``u = 0`` and infinite elsewhere."""
        squares = float(np.sum(_array(u, "u") ** 2))
        return squares / (2 * self.lam) if self.lam > 0 else _indicator(squares == 0)


@dataclass(frozen=True)
class L1:
    """L1 penalty (lasso): ``lam ||w||_1``.

    Parameters
    ----------
    lam : float
        Strength, >= 0.

    Raises
    ------
    TypeError, ValueError
        If ``lam`` is not a finite number >= 0.

    Examples
    --------
    >>> L1(lam=0.5).prox([3.0, -0.2], step=1.0)
    array([2.5, 0. ])
    """

    lam: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "lam", validation.strength(self.lam))

    def value(self, w: Any) -> float:
        """Return ``lam ||w||_1``."""
        return self.lam * float(np.sum(np.abs(_array(w))))

    def gradient(self, w: Any) -> NoReturn:
        """Raise ``TypeError``: ``|w|`` has no derivative at 0, the very place where the lasso ends up."""
        _no_gradient("L1")

    def subgradient(self, w: Any) -> np.ndarray:
        """Return ``lam sign(w)``: a whole interval is allowed at 0, of which the middle is taken (3.2)."""
        return self.lam * np.sign(_array(w))

    def prox(self, w: Any, step: float) -> np.ndarray:
        """Return ``soft_threshold(w, step lam)`` (3.5)."""
        return soft_threshold(_array(w), validation.positive(step, "step") * self.lam)

    def subdifferential_distance(self, w: Any, grad: Any) -> np.ndarray:
        """Return the KKT residual (3.3): distance from ``-grad`` to the subdifferential, shape of ``w``.

        Where ``w != 0`` the subdifferential is the point ``lam sign(w)``; where ``w = 0`` it is the interval
        ``[-lam, lam]``.
        """
        w, grad = _same_shape(w, grad)
        at_zero = np.maximum(np.abs(grad) - self.lam, 0)
        return np.where(w == 0, at_zero, np.abs(grad + self.lam * np.sign(w)))

    def conjugate(self, u: Any) -> float:
        """Return 0 if ``dual_norm(u) <= lam``, else infinity."""
        return _indicator(self.dual_norm(u) <= self.lam)

    def dual_norm(self, u: Any) -> float:
        """Return ``max |u|``, the norm dual to ``||w||_1`` (without ``lam``)."""
        return float(np.max(np.abs(_array(u, "u"))))


@dataclass(frozen=True)
class ElasticNet:
    """Elastic net penalty: ``lam (l1_ratio ||w||_1 + (1 - l1_ratio)/2 ||w||²)`` (4.1).

    Parameters
    ----------
    lam : float
        Strength, >= 0.
    l1_ratio : float
        L1 share in [0, 1]: 1 is the lasso, 0 is ridge.

    Raises
    ------
    TypeError, ValueError
        If ``lam`` is not a finite number >= 0, or ``l1_ratio`` not one in [0, 1].

    Notes
    -----
    Zou and Hastie (2005), *Journal of the Royal Statistical Society B* 67(2), 301-320. They write the two
    strengths separately and call the minimiser "naive"; this parametrisation is glmnet's (Friedman, Hastie
    and Tibshirani, 2010, *Journal of Statistical Software* 33(1)).

    Examples
    --------
    >>> ElasticNet(lam=1.0, l1_ratio=0.5).prox([3.5, 0.1], step=1.0)  # soft-threshold by 0.5, divide by 1.5
    array([2., 0.])
    """

    lam: float
    l1_ratio: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "lam", validation.strength(self.lam))
        object.__setattr__(self, "l1_ratio", validation.share(self.l1_ratio))

    @property
    def l1(self) -> L1:
        """The L1 part, of strength ``lam l1_ratio``."""
        return L1(self.lam * self.l1_ratio)

    @property
    def l2(self) -> L2:
        """The L2 part, of strength ``lam (1 - l1_ratio)``; the 1/2 is inside :class:`L2`."""
        return L2(self.lam * (1 - self.l1_ratio))

    def value(self, w: Any) -> float:
        """Return ``lam (l1_ratio ||w||_1 + (1 - l1_ratio)/2 ||w||²)``."""
        return self.l1.value(w) + self.l2.value(w)

    def gradient(self, w: Any) -> NoReturn:
        """Raise ``TypeError``: the L1 part has no derivative at 0."""
        _no_gradient("ElasticNet")

    def subgradient(self, w: Any) -> np.ndarray:
        """Return ``lam (l1_ratio sign(w) + (1 - l1_ratio) w)``."""
        return self.l1.subgradient(w) + self.l2.gradient(w)

    def prox(self, w: Any, step: float) -> np.ndarray:
        """Return ``soft_threshold(w, step lam l1_ratio) / (1 + step lam (1 - l1_ratio))`` (4.4).

        First the threshold, then the shrinkage: in the other order the threshold would be too large.
        """
        return self.l2.prox(self.l1.prox(w, step), step)

    def subdifferential_distance(self, w: Any, grad: Any) -> np.ndarray:
        """Return the KKT residual: the smooth L2 part counts as part of the loss, the rest is L1's."""
        w, grad = _same_shape(w, grad)
        return self.l1.subdifferential_distance(w, grad + self.l2.gradient(w))

    def conjugate(self, u: Any) -> float:
        """Return ``sum max(|u| - lam l1_ratio, 0)² / (2 lam (1 - l1_ratio))``; see L1 and L2 for the ends."""
        return self.l2.conjugate(soft_threshold(_array(u, "u"), self.l1.lam))


def _array(value: Any, name: str = "w") -> np.ndarray:
    """Check an array of any shape (or a number) as a vector, and give it its shape back."""
    try:
        flat = np.ravel(value)
    except ValueError:  # ragged rows: let the check below say so
        flat = value
    return validation.vector(flat, name).reshape(np.shape(value))


def _same_shape(w: Any, grad: Any) -> tuple[np.ndarray, np.ndarray]:
    w, grad = _array(w), _array(grad, "grad")
    if w.shape != grad.shape:
        raise ValueError(f"grad must have the shape of w, {w.shape}, got {grad.shape}.")
    return w, grad


def _indicator(inside: bool) -> float:
    """Return 0 inside a set and infinity outside: how a constraint is written as a function."""
    return 0.0 if inside else np.inf


def _no_gradient(name: str) -> NoReturn:
    raise TypeError(
        f"{name} has no gradient where a weight is 0. Use subgradient(w) for a subgradient step, "
        "or prox(w, step), which gives exact zeros."
    )
