"""Is this the gradient of that loss, and is the penalty in both?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from course_lib.exercises.values import same_input
from course_lib.probes.asking import Asked, batches_of, function, generator, report_raised, samples
from course_lib.probes.differences import Slopes, directions, multiple, name_of, slopes
from course_lib.probes.points import Block, Point, Raised, _Tensors, is_module, is_tensor, point
from course_lib.probes.report import Finding, Report, checked, finding

__all__ = ["gradient"]

POINTS = 3  # places where a gradient is compared; 2 for a network, whose losses take longer


def gradient(
    loss: Callable[..., Any],
    gradient: Callable[..., Any] | None,
    w: Any,
    *,
    penalty: Callable[..., Any] | None = None,
    batches: Sequence[tuple[Any, ...]] | None = None,
    exempt: Any = None,
    n: int | None = None,
    others: Mapping[str, Callable[..., Any]] | None = None,
    rng: np.random.Generator | None = None,
) -> Report:
    """Hold a gradient against the loss it is said to belong to, by finite differences.

    At three random places near ``w`` the loss is measured along every coordinate of a block of up to 24, and
    along 12 random directions of a larger one. A block is one array or parameter, or its exempt coordinates.

    Parameters
    ----------
    loss : callable
        ``loss(w, *batch) -> float`` (or a scalar tensor): the whole objective, penalty included.
    gradient : callable or None
        ``gradient(w, *batch)`` returns the gradient in the form of ``w``; for a module a list of tensors, or
        None when it leaves it in ``.grad``. ``gradient=None`` with a tensor or a module is autograd's.
    w : array, dict of arrays, tuple of arrays, torch.Tensor or torch.nn.Module
        Where to look. A module's frozen parameters are left out.
    penalty : callable, optional
        ``penalty(w) -> float``: the penalty's part of ``loss``. With it the two parts are told apart.
    batches : sequence of tuples, optional
        Data: ``loss`` and ``gradient`` get one after ``w``, such as ``[(X, y)]``. The number of samples is
        the length of the first entry. With several, a gradient of another batch is recognised.
    exempt : mask, indices or names, optional
        Coordinates of an array (or names of arrays or parameters) that are intercepts or biases; by default
        names like ``b`` and ``bias``, and in a module all that :func:`course_lib.deep.is_weight` leaves out.
    n : int, optional
        Number of samples, when there is no batch to count.
    others : dict of callables, optional
        Losses by name that the gradient may belong to instead, called as ``loss``.
    rng : numpy.random.Generator, optional
        Default ``np.random.default_rng(0)``: the same report every time.

    Returns
    -------
    Report
        Causes of the whole gradient, or with the prefix ``data_`` or ``penalty_`` of a part: ``sign``,
        ``factor_2``, ``factor_n``, ``scaled``, ``missing``. Others: ``penalty_value_as_gradient``,
        ``penalty_other_kind``, ``looks_like_l2``, ``looks_like_l1``, ``exempt_omitted``, ``exempt_included``,
        ``zero``, ``detached``, ``flat``, ``not_finite``, ``wrong_shape``, ``other_batch``, ``other_loss``,
        ``accumulates``, ``random``, ``input_modified``, ``raised``, ``unknown``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind.

    Notes
    -----
    A difference counts when it exceeds ``1e-7`` of the largest slope (``2e-3`` in float32) plus eight times
    the estimated error of the finite difference. Nothing is random but the places and directions, so a right
    gradient is flagged only where that error estimate fails.

    Examples
    --------
    >>> loss = lambda w: 0.5 * float(w @ w)
    >>> gradient(loss, lambda w: w, [1.0, -2.0]).ok
    True
    >>> gradient(loss, lambda w: 2 * w, [1.0, -2.0]).causes
    ('factor_2',)
    """
    function(loss, "loss")
    if gradient is None and not (is_tensor(w) or is_module(w)):
        raise TypeError("gradient must be a function unless w is a torch tensor or module, got None.")
    for value, name in ((gradient, "gradient"), (penalty, "penalty")):
        if value is not None:
            function(value, name)
    at = point(w, exempt)
    task = _Task(at, loss, gradient, penalty, batches_of(batches), samples(n, batches), dict(others or {}))
    with at.kept():
        return task.report(generator(rng))


@dataclass
class _Measured:
    """One block: what was found and what finite differences say, along the same directions."""

    block: Block
    found: np.ndarray
    data: np.ndarray
    penalty: np.ndarray
    tolerance: np.ndarray
    w: np.ndarray
    rows: np.ndarray


class _Task(Asked):
    """A question to `gradient`."""

    def __init__(
        self,
        at: Point,
        loss: Callable[..., Any],
        gradient: Callable[..., Any] | None,
        penalty: Callable[..., Any] | None,
        batches: list[tuple[Any, ...]],
        n: int | None,
        others: dict[str, Callable[..., Any]],
    ) -> None:
        super().__init__(at, loss, gradient)
        self.penalty, self.batches, self.n, self.others = penalty, batches, n, others

    def report(self, rng: np.random.Generator) -> Report:
        try:
            early = self._early(self.at.start)
            if early:
                return Report("gradient", tuple(early), checked("stopped"))
            return self._compared(rng)
        except Raised as raised:
            return report_raised("gradient", raised)

    # ------------------------------------------------------------ checks before the comparison

    def _early(self, flat: np.ndarray) -> list[Finding]:
        batch = self.batches[0]
        before = [np.array(part, copy=True) if isinstance(part, np.ndarray) else part for part in batch]
        first, again = (self.value(self.loss, "loss", flat, *batch) for _ in range(2))
        if not np.isfinite(first):
            return [finding("gradient", "not_finite", what="loss", value=first)]
        if abs(first - again) > 1e-12 * max(1.0, abs(first)):
            return [finding("gradient", "random", what="loss", first=first, again=again)]
        try:
            found, twice = self.gradient(flat, *batch), self.gradient(flat, *batch)
        except ValueError as error:
            return [finding("gradient", "wrong_shape", error=str(error))]
        if found is None or twice is None:
            return [finding("gradient", "detached", loss=first)]
        if not np.isfinite(found).all():
            place = int(np.flatnonzero(~np.isfinite(found))[0])
            return [finding("gradient", "not_finite", what="gradient", value=float(found[place]))]
        size = float(np.abs(found).max())
        if size > 0 and np.abs(twice - 2 * found).max() <= 1e-6 * size:
            return [finding("gradient", "accumulates", first=size, again=float(np.abs(twice).max()))]
        if np.abs(twice - found).max() > 1e-6 * size:
            return [
                finding("gradient", "random", what="gradient", first=size, again=float(np.abs(twice).max()))
            ]
        return [] if same_input(before, list(batch)) else [finding("gradient", "input_modified", evidence="")]

    # ------------------------------------------------------------ the comparison

    def _compared(self, rng: np.random.Generator) -> Report:
        places = self.places(rng, POINTS - isinstance(self.at, _Tensors))
        most = max(2, min(12, 40 // len(self.at.blocks)))
        rows = {
            block.name: directions(block.places, self.at.start.size, rng, most) for block in self.at.blocks
        }
        batch = self.batches[0]
        measured = [self._measure(block, rows[block.name], places, batch) for block in self.at.blocks]
        count = sum(m.found.size for m in measured)
        size = checked("gradient", count=count, places=len(places))
        if any(not np.isfinite(np.concatenate([m.found, m.data, m.penalty])).all() for m in measured):
            return Report(
                "gradient",
                (finding("gradient", "not_finite", what="loss or gradient", value=float("nan")),),
                size,
            )
        findings = self._named(measured, places, rows)
        return Report("gradient", tuple(findings), size, {"difference": _difference(measured)})

    def _measure(
        self, block: Block, rows: np.ndarray, places: list[np.ndarray], batch: tuple[Any, ...]
    ) -> _Measured:
        parts: list[tuple[np.ndarray, ...]] = []
        for flat in places:
            whole = self._slopes(self.loss, "loss", flat, rows, *batch)
            none = Slopes(np.zeros(len(rows)), np.zeros(len(rows)))
            part = none if self.penalty is None else self._slopes(self.penalty, "penalty", flat, rows)
            found = self.gradient(flat, *batch)
            found = np.zeros(flat.size) if found is None else found
            parts.append(
                (
                    rows @ found,
                    whole.value - part.value,
                    part.value,
                    whole.error + part.error,
                    np.tile(flat, (len(rows), 1)),
                )
            )
        found, data, penalty, error = (np.concatenate([p[i] for p in parts]) for i in range(4))
        scale = max(float(np.abs(column).max(initial=0.0)) for column in (found, data + penalty))
        tolerance = (1e-7 if self.at.eps < 1e-12 else 2e-3) * scale + 8 * error + 1e-12
        smooth = error <= 0.01 * scale + 1e-9  # the others cross a kink
        keep = smooth if smooth.mean() >= 0.5 else np.ones_like(smooth)
        return _Measured(
            block,
            found[keep],
            data[keep],
            penalty[keep],
            tolerance[keep],
            np.concatenate([p[4] for p in parts])[keep],
            np.tile(rows, (len(places), 1))[keep],
        )

    def _slopes(
        self, loss: Callable[..., Any], name: str, flat: np.ndarray, rows: np.ndarray, *batch: Any
    ) -> Slopes:
        return slopes(lambda x: self.value(loss, name, x, *batch), flat, rows, self.at.eps)

    def _named(
        self, measured: list[_Measured], places: list[np.ndarray], rows: Mapping[str, np.ndarray]
    ) -> list[Finding]:
        answers = [(m, self._cause(m)) for m in measured]
        if all(cause is None for _, cause in answers):
            return self._flat(measured, places)
        if any(cause is not None and cause[0] in ("unknown", "scaled") for _, cause in answers):
            elsewhere = self._elsewhere(measured, places, rows)
            if elsewhere is not None:
                return [elsewhere]
        return _grouped(answers)

    def _cause(self, m: _Measured) -> tuple[str, dict[str, Any]] | None:
        """Return the cause of a block's difference and the values of its sentences; None if there is none."""
        whole, found = m.data + m.penalty, m.found
        worst = int(np.argmax(np.abs(found - whole) - m.tolerance))
        values: dict[str, Any] = {
            "found": float(found[worst]),
            "expected": float(whole[worst]),
            "factor": "0",
        }
        if np.all(np.abs(found - whole) <= m.tolerance):
            return None
        if np.all(np.abs(found) <= m.tolerance):
            return ("exempt_omitted" if m.block.exempt else "zero"), values
        return (
            self._factors(m, values)
            or self._differences(m, values)
            or self._forgotten(m, values)
            or ("unknown", values)
        )

    def _forgotten(self, m: _Measured, values: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
        """Single coordinates whose slope is 0 while all others are right."""
        wrong = np.abs(m.found - m.data - m.penalty) > m.tolerance
        if not np.all(np.abs(m.found[wrong]) <= m.tolerance[wrong]) or np.any(
            np.sum(m.rows != 0, axis=1) > 1
        ):
            return None
        places = np.unique(np.argmax(m.rows[wrong] != 0, axis=1)) - m.block.places[0]
        return "zero", values | {"where": f"{m.block.name}[{', '.join(map(str, places[:3]))}]"}

    def _factors(self, m: _Measured, values: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
        precision = 1e-3 if self.at.eps < 1e-12 else 3e-2
        for prefix, left, part in (
            ("penalty_", m.found - m.data, m.penalty),
            ("data_", m.found - m.penalty, m.data),
            ("", m.found, m.data + m.penalty),
        ):
            if prefix and not np.any(np.abs(m.penalty) > m.tolerance):
                continue
            factor = multiple(left, part, m.tolerance)
            if factor is not None:
                named = name_of(factor, self.n, precision)
                if named.kind == "right":  # near 1, and further from it than rounding explains
                    return prefix + "scaled", values | {"factor": f"{factor:.6g}"}
                return prefix + named.kind, values | {"factor": named.text}
        return None

    def _differences(self, m: _Measured, values: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
        """What stands in the place of the penalty's gradient, or is left over beside it."""
        forms = {"w": m.w, "sign(w)": np.sign(m.w), "|w|": np.abs(m.w), "w²": m.w**2}
        along = {name: np.sum(m.rows * form, axis=1) for name, form in forms.items()}
        over = m.found - m.data - m.penalty
        for name in ("w", "sign(w)"):
            factor = multiple(over, along[name], m.tolerance)
            if factor is not None and (m.block.exempt or self.penalty is None):
                cause = {"w": "looks_like_l2", "sign(w)": "looks_like_l1"}[name]
                cause = "exempt_included" if m.block.exempt and factor > 0 else cause
                return cause, values | {"factor": f"{factor:.4g} {name}"}
        for name, form in along.items():
            factor = multiple(m.found - m.data, form, m.tolerance)
            if factor is not None and self.penalty is not None:
                cause = "penalty_other_kind" if name in ("w", "sign(w)") else "penalty_value_as_gradient"
                return cause, values | {"factor": f"{factor:.4g} {name}"}
        return None

    def _elsewhere(
        self, measured: list[_Measured], places: list[np.ndarray], rows: Mapping[str, np.ndarray]
    ) -> Finding | None:
        """Look whether the gradient is that of another batch or of another loss."""
        asked = [("other_batch", f"{i + 1}", self.loss, batch) for i, batch in enumerate(self.batches) if i]
        asked += [("other_loss", name, loss, self.batches[0]) for name, loss in self.others.items()]
        for cause, name, loss, batch in asked:
            other = _Task(self.at, loss, self.given, None, [batch], self.n, {})
            if all(_agrees(m, other, places, rows[m.block.name], batch) for m in measured):
                return finding("gradient", cause, name=name)
        return None

    def _flat(self, measured: list[_Measured], places: list[np.ndarray]) -> list[Finding]:
        if any(np.any(np.abs(m.found) > m.tolerance) for m in measured):
            return []
        values = [self.value(self.loss, "loss", flat, *self.batches[0]) for flat in [self.at.start, *places]]
        if np.ptp(values) > 1e-12 * max(1.0, abs(values[0])):
            return []  # small, not flat: a minimum
        return [finding("gradient", "flat", loss=values[0])]


def _agrees(
    m: _Measured, other: _Task, places: list[np.ndarray], rows: np.ndarray, batch: tuple[Any, ...]
) -> bool:
    whole = np.concatenate([other._slopes(other.loss, "loss", flat, rows, *batch).value for flat in places])
    found = np.concatenate([m.found]) if m.found.size == whole.size else None
    return found is not None and bool(np.all(np.abs(found - whole) <= m.tolerance + 1e-5 * np.abs(whole)))


def _grouped(answers: list[tuple[_Measured, tuple[str, dict[str, Any]] | None]]) -> list[Finding]:
    """One finding per cause, with the blocks it was found in."""
    groups: dict[tuple[str, str], list[tuple[_Measured, dict[str, Any]]]] = {}
    for m, answer in answers:
        if answer is not None:
            groups.setdefault((answer[0], str(answer[1]["factor"])), []).append((m, answer[1]))
    return [
        finding("gradient", cause, **({"where": ", ".join(m.block.name for m, _ in members)} | members[0][1]))
        for (cause, _), members in groups.items()
    ]


def _difference(measured: list[_Measured]) -> float:
    """Largest difference relative to the largest slope."""
    whole = np.concatenate([m.data + m.penalty for m in measured])
    found = np.concatenate([m.found for m in measured])
    return float(np.abs(found - whole).max() / max(float(np.abs(whole).max()), 1e-300))
