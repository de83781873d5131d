"""Exact zeros: thresholds, and methods that promise them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from course_lib import validation
from course_lib.penalties import soft_threshold
from course_lib.probes.asking import function, generator, report_raised
from course_lib.probes.points import Raised, call, calm, is_tensor
from course_lib.probes.report import Finding, Report, checked, finding
from course_lib.solvers.coordinate import coordinate_descent
from course_lib.solvers.ridge import solve

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
    function(prox, "prox")
    lam = validation.positive(lam, "lam")
    lr = None if lr is None else validation.positive(lr, "lr")
    t = lam if lr is None else lr * lam
    values = _values(t, lam, generator(rng)) if z is None else z
    arguments = (lam,) if lr is None else (lam, lr)
    with calm():
        try:
            before, found, changed = _shrunk(prox, values, arguments)
        except Raised as what:
            return report_raised("threshold", what)
    words = checked("threshold", count=before.size)
    if found.shape != before.shape:
        error = f"{found.shape} for {before.shape}"
        return Report("threshold", (finding("threshold", "wrong_shape", error=error),), words)
    findings = (
        [finding("threshold", "input_modified", evidence="z differs after the call")] if changed else []
    )
    cause = _threshold_cause(before.ravel(), found.ravel(), t, lam, lr)
    if cause is not None:
        findings.append(finding("threshold", cause[0], **cause[1]))
    return Report("threshold", tuple(findings), words)


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
    against the certified solution of :mod:`course_lib.solvers`, at ``lam`` and at other strengths.

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
    function(fit, "fit")
    task = _Problem(
        fit,
        validation.positive(lam, "lam"),
        validation.share(l1_ratio),
        bool(intercept),
        validation.positive(tol, "tol"),
        generator(rng),
    )
    with calm():
        try:
            return task.report()
        except Raised as what:
            return report_raised("minimiser", what)


def _values(t: float, lam: float, rng: np.random.Generator) -> np.ndarray:
    """Both signs, zeros, sizes below, at and above the threshold, far from it too."""
    sizes = np.concatenate(
        [
            np.linspace(0.05, 0.95, 7) * t,
            np.linspace(1.05, 2.5, 7) * t,
            [4 * t, 10 * t],
            np.linspace(0.3, 2.5, 5) * lam,
            rng.uniform(0, 3 * max(t, lam), 8),
        ]
    )
    return np.concatenate([sizes, -sizes, [0.0, t, -t]])


def _shrunk(
    prox: Callable[..., Any], z: Any, arguments: tuple[float, ...]
) -> tuple[np.ndarray, np.ndarray, bool]:
    """Return the values, what became of them, and whether they were changed although a result came back."""
    held = z.detach().clone() if is_tensor(z) else np.array(z, dtype=float)
    before = _as_array(held).copy()
    value = call("prox", prox, held, *arguments)
    after = _as_array(held)
    if value is None:
        return before, after, False
    try:
        found = _as_array(value).copy()
    except (TypeError, ValueError) as error:
        raise Raised("prox", error) from error
    in_place = value is held
    return before, found, not in_place and not np.array_equal(before, after)


def _as_array(value: Any) -> np.ndarray:
    return np.asarray(value.detach().cpu().double().numpy() if is_tensor(value) else value, dtype=float)


def _threshold_cause(
    z: np.ndarray, found: np.ndarray, t: float, lam: float, lr: float | None
) -> tuple[str, dict[str, Any]] | None:
    """Name the function that was applied to ``z`` where soft-thresholding by ``t`` is meant."""
    tolerance = 1e-6 * max(1.0, np.abs(z).max())
    expected = soft_threshold(z, t)
    worst = int(np.argmax(np.abs(found - expected)))
    inside = np.flatnonzero((np.abs(z) < t) & (z != 0))
    values: dict[str, Any] = {
        "z": float(z[worst]),
        "found": float(found[worst]),
        "expected": float(expected[worst]),
        "t": t,
        "factor": "",
    }

    def same(other: np.ndarray) -> bool:
        return bool(np.all(np.abs(found - other) <= tolerance))

    if not np.isfinite(found).all():
        bad = int(np.flatnonzero(~np.isfinite(found))[0])
        return "not_finite", {"what": "result", "value": float(found[bad])}
    if same(expected):
        hovering = inside[found[inside] != 0]
        if not hovering.size:
            return None
        place = hovering[0]
        return "no_exact_zeros", values | {
            "z": float(z[place]),
            "found": float(found[place]),
            "expected": 0.0,
        }
    if same(np.where(np.abs(z) > t, z, 0)) or same(np.where(np.abs(z) >= t, z, 0)):
        return "hard_threshold", values
    if lr is not None and same(soft_threshold(z, lam)):
        return "without_lr", values | {"factor": f"{lam:.4g}"}
    for factor, text in ((2.0, "2"), (0.5, "1/2")):
        if same(soft_threshold(z, factor * t)):
            return "factor_2", values | {"factor": text}
    if same(np.where(z > 0, expected, 0)) or same(np.maximum(z - t, 0)):
        return "sign_lost", values
    if same(z - t * np.sign(z)):
        return "overshoots", values
    if same(np.where(np.abs(z) < t, z, 0)) or same(np.clip(z, -t, t)) or same(np.where(np.abs(z) <= t, z, 0)):
        return "kills_large", values
    return _other_shrinkage(z, found, values, tolerance)


def _other_shrinkage(
    z: np.ndarray, found: np.ndarray, values: dict[str, Any], tolerance: float
) -> tuple[str, dict[str, Any]]:
    factor = float(found @ z / (z @ z))
    if np.all(np.abs(found - factor * z) <= tolerance):
        return "shrinks_by_factor", values | {"factor": f"{factor:.4g}"}
    if np.any(np.abs(found) > np.abs(z) + tolerance):
        place = int(np.argmax(np.abs(found) - np.abs(z)))
        return "grows", values | {"z": float(z[place]), "found": float(found[place])}
    shifts = (np.abs(z) - np.abs(found))[(found != 0) & (np.abs(z) > 0)]
    if (
        shifts.size > 2
        and np.ptp(shifts) <= tolerance
        and np.allclose(found, soft_threshold(z, abs(shifts.mean())))
    ):
        return "other_threshold", values | {"factor": f"{shifts.mean():.4g}"}
    if np.all(found[(np.abs(z) < values["t"]) & (z != 0)] != 0):
        return "no_exact_zeros", values
    return "unknown", values


class _Problem:
    """A question to `minimiser`."""

    def __init__(
        self,
        fit: Callable[..., Any],
        lam: float,
        l1_ratio: float,
        intercept: bool,
        tol: float,
        rng: np.random.Generator,
    ) -> None:
        self.fit, self.lam, self.l1_ratio, self.intercept, self.tol = fit, lam, l1_ratio, intercept, tol
        X = rng.standard_normal((60, 8)) @ (np.eye(8) + 0.25)
        y = X @ np.array([3.0, -2.0, 0, 0, 1.5, 0, 0, 0]) + rng.standard_normal(60)
        if intercept:
            X, y = X + np.linspace(-1, 2, 8), y + 20
        else:
            X, y = X - X.mean(axis=0), y - y.mean()
        self.X, self.y = X, y

    def report(self) -> Report:
        words = checked("minimiser", n=len(self.y), d=self.X.shape[1])
        X, y = self.X.copy(), self.y.copy()
        w, b = self._answer(call("fit", self.fit, X, y, self.lam))
        if w.shape != (self.X.shape[1],):
            error = f"weights of shape {w.shape} for {self.X.shape[1]} features"
            return Report("minimiser", (finding("minimiser", "wrong_shape", error=error),), words)
        if not np.isfinite([*w, b]).all():
            values = {"what": "result", "value": float(w[np.argmin(np.isfinite(w))])}
            return Report("minimiser", (finding("minimiser", "not_finite", **values),), words)
        findings = []
        if not (np.array_equal(X, self.X) and np.array_equal(y, self.y)):
            findings.append(finding("minimiser", "input_modified", evidence="X or y differs after the call"))
        found = self._cause(w, b)
        wanted, _ = self._solution(self.lam)
        measured = {"zeros": int(np.sum(w == 0)), "zeros_expected": int(np.sum(wanted == 0))}
        return Report("minimiser", tuple(findings + ([found] if found else [])), words, measured)

    def _answer(self, value: Any) -> tuple[np.ndarray, float]:
        try:
            if hasattr(value, "coef_"):
                value = (value.coef_, getattr(value, "intercept_", 0.0)) if self.intercept else value.coef_
            if self.intercept:
                w, b = value
                return _as_array(w).ravel(), float(_as_array(b).reshape(()))
            if isinstance(value, tuple) and len(value) == 2 and np.ndim(_as_array(value[1])) == 0:
                value = value[0]
            w = _as_array(value)
            return (w[:, 0] if w.ndim == 2 and w.shape[1] == 1 else w), 0.0
        except (TypeError, ValueError) as error:
            raise Raised("fit", error) from error

    def _solution(self, lam: float, l1_ratio: float | None = None) -> tuple[np.ndarray, float]:
        share = self.l1_ratio if l1_ratio is None else l1_ratio
        if share == 0 or lam == 0:
            return solve(self.X, self.y, lam, fit_intercept=self.intercept)
        result = coordinate_descent(self.X, self.y, lam, share, fit_intercept=self.intercept, tol=1e-12)
        return result.w, float(result.b)

    def _distance(self, w: np.ndarray, b: float, lam: float, l1_ratio: float | None = None) -> float:
        wanted, intercept = self._solution(lam, l1_ratio)
        return max(float(np.abs(w - wanted).max()), abs(b - intercept) if self.intercept else 0.0)

    def _cause(self, w: np.ndarray, b: float) -> Finding | None:
        wanted, wanted_b = self._solution(self.lam)
        distance = self._distance(w, b, self.lam)
        zeros = wanted == 0
        worst = int(np.argmax(np.abs(w - wanted)))
        values: dict[str, Any] = {
            "distance": distance,
            "place": worst,
            "found": float(w[worst]),
            "expected": float(wanted[worst]),
            "lam": self.lam,
            "factor": "",
            "zeros": int(zeros.sum()),
            "got": int(np.sum(w == 0)),
        }
        if distance <= self.tol and np.all(w[zeros] == 0):
            return None
        if self.l1_ratio > 0 and zeros.any() and not np.any(w[zeros] == 0):
            largest = float(np.abs(w[zeros]).max())
            hovers = largest <= 0.05 * np.abs(wanted).max()
            if hovers:
                return finding(
                    "minimiser",
                    "no_exact_zeros",
                    **values,
                    largest=largest,
                    smallest=float(np.abs(w[zeros]).min()),
                )
        for found in (self._by_strength(w, b, values), self._by_zeros(w, wanted, values)):
            if found is not None:
                return found
        if self.intercept and abs(b) < 0.98 * abs(wanted_b):
            return finding("minimiser", "intercept_penalised", **values, b=b, wanted_b=wanted_b)
        if self._value(w, b) > self._value(wanted, wanted_b) * (1 + 1e-4) and self._descends(w, b):
            return finding(
                "minimiser",
                "not_converged",
                **values,
                value=self._value(w, b),
                best=self._value(wanted, wanted_b),
            )
        return finding("minimiser", "unknown", **values)

    def _by_strength(self, w: np.ndarray, b: float, values: dict[str, Any]) -> Finding | None:
        """The minimiser at another strength or share."""
        n = len(self.y)
        for factor, text in (
            (2, "2λ"),
            (1 / 2, "λ/2"),
            (n, "nλ"),
            (1 / n, "λ/n"),
            (2 * n, "2nλ"),
            (1 / (2 * n), "λ/(2n)"),
            (n / 2, "nλ/2"),
            (2 / n, "2λ/n"),
            (self.lam, "λ²"),
        ):
            if self._distance(w, b, factor * self.lam) <= self.tol:
                if not np.any(w):
                    return finding("minimiser", "all_zero", **values)
                return finding("minimiser", "other_strength", **(values | {"factor": text}))
        if self._distance(w, b, 0.0) <= self.tol:
            return finding("minimiser", "no_penalty", **values)
        if not np.any(w):
            return finding("minimiser", "all_zero", **values)
        for lam, share, text in self._other_shares():
            if self._distance(w, b, lam, share) <= self.tol:
                return finding("minimiser", "other_share", **(values | {"factor": text}))
        nearest = self._nearest_strength(w, b)
        if nearest is not None:
            return finding("minimiser", "other_strength", **(values | {"factor": f"{nearest:.4g} λ"}))
        return None

    def _nearest_strength(self, w: np.ndarray, b: float) -> float | None:
        """Return the factor of the strength at which the answer is the minimiser, if there is one."""
        low, high = -4.0, 4.0
        for _ in range(6):  # each time the grid is 8 times as fine
            grid = np.linspace(low, high, 17)
            distances = [self._distance(w, b, 10.0**k * self.lam) for k in grid]
            best = int(np.argmin(distances))
            low, high = grid[max(best - 1, 0)], grid[min(best + 1, 16)]
        return float(10.0 ** grid[best]) if distances[best] <= self.tol else None

    def _other_shares(self) -> list[tuple[float, float, str]]:
        l1, l2 = self.lam * self.l1_ratio, self.lam * (1 - self.l1_ratio)
        shares = [(self.lam, 1 - self.l1_ratio, "1 − l1_ratio"), (self.lam, 0.0, "0"), (self.lam, 1.0, "1")]
        n = len(self.y)
        shares += [
            (k * self.lam, 0.0, f"0, and the strength {text}")
            for k, text in ((1 / n, "λ/n"), (2.0, "2λ"), (n, "nλ"), (2 / n, "2λ/n"))
            if self.l1_ratio > 0
        ]
        for one, two, text in (
            (l1, 2 * l2, "l1_ratio with the L2 part doubled"),
            (l2, 2 * l1, "1 − l1_ratio, no ½"),
        ):
            if one + two > 0:
                shares.append((one + two, one / (one + two), text))
        return shares

    def _by_zeros(self, w: np.ndarray, wanted: np.ndarray, values: dict[str, Any]) -> Finding | None:
        """Thresholds after a fit that had no penalty."""
        free, _ = self._solution(0.0)
        kept = w != 0
        if not np.any(w == 0) or not kept.any():
            return None
        large = np.abs(free) >= np.median(np.abs(free))
        if np.all(w[np.argsort(-np.abs(free))[:2]] == 0):
            return finding("minimiser", "kills_large", **(values | {"place": int(np.argmax(np.abs(free)))}))
        if np.abs(w - free)[kept].max() <= 0.02 * np.abs(free).max() and large.any():
            return finding("minimiser", "unshrunk", **values)
        return None

    def _value(self, w: np.ndarray, b: float) -> float:
        residual = self.y - self.X @ w - b
        penalty = self.l1_ratio * np.abs(w).sum() + (1 - self.l1_ratio) / 2 * w @ w
        return float(residual @ residual / (2 * len(residual)) + self.lam * penalty)

    def _descends(self, w: np.ndarray, b: float) -> bool:
        """Whether the answer lies on the way of gradient steps that began at 0.

        Along every principal direction that matters it is then between 0 and the minimum, and the further the
        larger the direction's variance.
        """
        wanted, _ = self._solution(self.lam)
        axes = np.linalg.svd(self.X - self.X.mean(axis=0), full_matrices=False)[2]
        ends, here = axes @ wanted, axes @ w
        matter = np.abs(ends) > 0.1 * np.abs(ends).max()
        done = here[matter] / ends[matter]
        better = self._value(w, b) < 0.98 * self._value(np.zeros_like(w), 0.0)
        between = np.all((done > -0.05) & (done < 1.05)) and done[-1] < 0.98
        return better and bool(between and np.all(np.diff(done) < 0.03))
