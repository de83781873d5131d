"""Is this the gradient of that loss, and is the penalty in both?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from course_lib import validation
from course_lib.exercises.values import same_input
from course_lib.probes.differences import Slopes, directions, multiple, name_of, slopes
from course_lib.probes.points import Block, Point, Raised, _Tensors, call, is_tensor, point
from course_lib.probes.report import Finding, Report, finding

__all__ = ["gradient"]

POINTS = 3  # places where a gradient is compared


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
        Data: ``loss`` and ``gradient`` get one after ``w``, such as ``[(X, y)]``. The number of samples is the
        length of the first entry. With several, a gradient of another batch is recognised.
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
        ``accumulates``, ``random``, ``kinked``, ``input_modified``, ``raised``, ``unknown``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind.

    Notes
    -----
    A difference counts when it exceeds ``1e-5`` of the largest slope (``5e-3`` in float32) plus eight times
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
    _callable(loss, "loss")
    if gradient is None and not (is_tensor(w) or _is_torch_point(w)):
        raise TypeError("gradient must be a function unless w is a torch tensor or module, got None.")
    for value, name in ((gradient, "gradient"), (penalty, "penalty")):
        if value is not None:
            _callable(value, name)
    at = point(w, exempt)
    task = _Task(at, loss, gradient, penalty, _batches(batches), _samples(n, batches), dict(others or {}))
    with at.kept():
        return task.report(_rng(rng))


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


@dataclass
class _Task:
    """A question to `gradient`."""

    at: Point
    loss: Callable[..., Any]
    given: Callable[..., Any] | None
    penalty: Callable[..., Any] | None
    batches: list[tuple[Any, ...]]
    n: int | None
    others: dict[str, Callable[..., Any]]

    def report(self, rng: np.random.Generator) -> Report:
        try:
            early = self._early(self.at.start)
            if early:
                return Report("gradient", tuple(early), "one place")
            return self._compared(rng)
        except Raised as raised:
            return Report("gradient", (_raised("gradient", raised),), "")

    # ------------------------------------------------------------ calls

    def value(self, function: Callable[..., Any], name: str, flat: np.ndarray, *batch: Any) -> float:
        """Return a loss at ``flat``, under the same random state every time."""
        self._same_luck()
        value = call(name, function, self.at.put(flat), *batch)
        try:
            return float(value.detach() if is_tensor(value) else np.asarray(value, dtype=float).reshape(()))
        except (TypeError, ValueError) as error:
            raise Raised(name, error) from error

    def gradient(self, flat: np.ndarray, *batch: Any) -> np.ndarray | None:
        """Return the gradient under test as a vector, None if autograd has none at all."""
        self._same_luck()
        argument = self.at.put(flat)
        if self.given is not None:
            value = call("gradient", self.given, argument, *batch)
            return self._left() if value is None else self.at.flat(value, "gradient")
        assert isinstance(self.at, _Tensors)
        for tensor in self.at.tensors:
            tensor.requires_grad_(True)
        value = call("loss", self.loss, argument, *batch)
        if not is_tensor(value) or not value.requires_grad:
            return None
        call("loss", value.sum().backward)
        return self._left()

    def _left(self) -> np.ndarray | None:
        if not isinstance(self.at, _Tensors):
            raise Raised("gradient", TypeError("gradient returned None"))
        grads = self.at.grads()
        if all(grad is None for grad in grads):
            return None
        return np.concatenate([np.zeros(t.numel()) if g is None else g.ravel()
                               for g, t in zip(grads, self.at.tensors, strict=True)])  # fmt: skip

    def _same_luck(self) -> None:
        np.random.seed(0)  # noqa: NPY002 - somebody else's code may use it; the state is put back
        if isinstance(self.at, _Tensors):
            self.at.torch.manual_seed(0)

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
            return [finding("gradient", "random", what="gradient", first=size, again=float(np.abs(twice).max()))]
        return [] if same_input(before, list(batch)) else [finding("gradient", "input_modified")]

    # ------------------------------------------------------------ the comparison

    def _places(self, rng: np.random.Generator) -> list[np.ndarray]:
        sizes = np.zeros_like(self.at.start)
        for block in self.at.blocks:
            values = self.at.start[block.places]
            sizes[block.places] = 0.3 * max(float(np.sqrt(np.mean(values**2))), 0.3)
        return [self.at.start + sizes * rng.standard_normal(sizes.size) for _ in range(POINTS)]

    def _compared(self, rng: np.random.Generator) -> Report:
        places = self._places(rng)
        most = max(3, min(12, 60 // len(self.at.blocks)))
        rows = {block.name: directions(block.places, self.at.start.size, rng, most) for block in self.at.blocks}
        batch = self.batches[0]
        measured = [self._measure(block, rows[block.name], places, batch) for block in self.at.blocks]
        count = sum(m.found.size for m in measured)
        checked = finding("gradient", "_checked", count=count, places=len(places)).sentence
        if any(not np.isfinite(np.concatenate([m.found, m.data, m.penalty])).all() for m in measured):
            return Report("gradient", (finding("gradient", "not_finite", what="loss or gradient",
                                               value=float("nan")),), checked)  # fmt: skip
        findings = self._named(measured, places, rows)
        return Report("gradient", tuple(findings), checked, {"difference": _difference(measured)})

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
            parts.append((rows @ found, whole.value - part.value, part.value, whole.error + part.error,
                          np.tile(flat, (len(rows), 1))))  # fmt: skip
        found, data, penalty, error = (np.concatenate([p[i] for p in parts]) for i in range(4))
        scale = max(float(np.abs(column).max(initial=0.0)) for column in (found, data + penalty))
        tolerance = (1e-5 if self.at.eps < 1e-12 else 5e-3) * scale + 8 * error + 1e-12
        smooth = error <= 0.01 * scale + 1e-9  # the others cross a kink
        keep = smooth if smooth.mean() >= 0.5 else np.ones_like(smooth)
        return _Measured(block, found[keep], data[keep], penalty[keep], tolerance[keep],
                         np.concatenate([p[4] for p in parts])[keep], np.tile(rows, (len(places), 1))[keep])  # fmt: skip

    def _slopes(
        self, function: Callable[..., Any], name: str, flat: np.ndarray, rows: np.ndarray, *batch: Any
    ) -> Slopes:
        return slopes(lambda x: self.value(function, name, x, *batch), flat, rows, self.at.eps)

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
        values: dict[str, Any] = {"found": float(found[worst]), "expected": float(whole[worst]), "factor": "0"}
        if np.all(np.abs(found - whole) <= m.tolerance):
            return None
        if np.all(np.abs(found) <= m.tolerance):
            return ("exempt_omitted" if m.block.exempt else "zero"), values
        return self._factors(m, values) or self._differences(m, values) or ("unknown", values)

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
        asked = [("other_batch", f"{i + 1}", self.loss, batch)
                 for i, batch in enumerate(self.batches) if i]  # fmt: skip
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
    return [finding("gradient", cause, where=", ".join(m.block.name for m, _ in members), **members[0][1])
            for (cause, _), members in groups.items()]  # fmt: skip


def _difference(measured: list[_Measured]) -> float:
    """Largest difference relative to the largest slope."""
    whole = np.concatenate([m.data + m.penalty for m in measured])
    found = np.concatenate([m.found for m in measured])
    return float(np.abs(found - whole).max() / max(float(np.abs(whole).max()), 1e-300))


def _raised(probe: str, raised: Raised) -> Finding:
    error = raised.error
    return finding(probe, "raised", name=raised.name, kind=type(error).__name__, error=str(error))


def _callable(value: Any, name: str) -> None:
    if not callable(value):
        raise TypeError(f"{name} must be a function, got {value!r}.")


def _is_torch_point(w: Any) -> bool:
    from course_lib.probes.points import is_module

    return is_module(w)


def _rng(rng: np.random.Generator | None) -> np.random.Generator:
    return np.random.default_rng(0) if rng is None else validation.generator(rng)


def _batches(batches: Sequence[tuple[Any, ...]] | None) -> list[tuple[Any, ...]]:
    if batches is None:
        return [()]
    listed = list(batches)
    if not listed or not all(isinstance(batch, tuple | list) for batch in listed):
        raise TypeError("batches must be a list of tuples such as [(X, y)].")
    return [tuple(batch) for batch in listed]


def _samples(n: int | None, batches: Sequence[tuple[Any, ...]] | None) -> int | None:
    if n is not None:
        return validation.positive_int(n, "n")
    first = next(iter(batches or []), ())
    return len(first[0]) if first and hasattr(first[0], "__len__") else None


def penalty(
    objective: Callable[..., Any],
    w: Any,
    *,
    lam: float,
    l1_ratio: float = 0.0,
    data_loss: Callable[..., Any] | None = None,
    gradient: Callable[..., Any] | None = None,
    batches: Sequence[tuple[Any, ...]] | None = None,
    exempt: Any = None,
    rng: np.random.Generator | None = None,
) -> Report:
    """Look whether a loss contains the penalty ``lam (l1_ratio ||w||_1 + (1 - l1_ratio)/2 ||w||²)`` it should.

    Value and gradient of ``objective - data_loss`` are compared with that formula over the weights, block by
    block, at several places, after several calls, and on every batch.

    Parameters
    ----------
    objective : callable
        ``objective(w, *batch) -> float`` (or a scalar tensor). Without ``data_loss`` it is the penalty alone.
    w : array, dict of arrays, tuple of arrays, torch.Tensor or torch.nn.Module
        As in `gradient`.
    lam, l1_ratio : float
        The penalty that is meant, in the course's convention.
    data_loss : callable, optional
        ``data_loss(w, *batch)``: the same loss without its penalty.
    gradient : callable, optional
        ``gradient(w, *batch)``: the whole gradient that training uses, as in `gradient`. With a tensor or a
        module the default is autograd's; without one, arrays are judged by their value alone.
    batches : sequence of tuples, optional
        Data. Give two of different length to see a penalty that depends on the batch.
    exempt : mask, indices or names, optional
        What must *not* be penalised, as in `gradient`.
    rng : numpy.random.Generator, optional

    Returns
    -------
    Report
        Causes: ``not_applied``, ``value_only`` (in the reported loss, not in the gradient), ``gradient_only``,
        ``constant`` (computed once), ``on_exempt`` (biases, norm layers), ``some_weights_only``, ``sign``,
        ``factor_2``, ``factor_n`` (also 1/(2n)), ``lam_squared``, ``scaled``, ``not_squared`` (norm for
        squared norm), ``shares_swapped`` (l1_ratio for 1 - l1_ratio), ``other_kind`` (L1 for L2, L2 for L1),
        ``of_the_loss`` (penalty of the loss value), ``depends_on_batch``, ``depends_on_calls``,
        ``random``, ``not_finite``, ``raised``, ``unknown``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range.
    """
    raise NotImplementedError


def training_step(
    step: Callable[..., Any],
    w: Any,
    *,
    lam: float,
    lr: float,
    l1_ratio: float = 0.0,
    batches: Sequence[tuple[Any, ...]] | None = None,
    exempt: Any = None,
    rng: np.random.Generator | None = None,
) -> Report:
    """Look whether one plain gradient step applies the penalty: what changes when ``lam`` is set to 0?

    A step ``w - lr (gradient + penalty's gradient)`` with ``lam`` and one with 0 differ by ``lr`` times the
    penalty's (sub)gradient, or, for a proximal step, by the proximal operator: both count as right.

    Parameters
    ----------
    step : callable
        ``step(w, lam, *batch)`` returns the new weights in the form of ``w``; for a module it may change it in
        place and return None. Plain steps only: adaptive optimisers are for `decay`.
    w, l1_ratio, batches, exempt, rng
        As in `penalty`.
    lam, lr : float
        Strength and learning rate, > 0.

    Returns
    -------
    Report
        Causes: ``not_applied``, ``on_exempt``, ``some_weights_only``, ``sign``, ``factor_2``, ``factor_n``,
        ``without_lr``, ``lam_squared``, ``scaled``, ``other_kind``, ``value_as_gradient``,
        ``depends_on_batch``, ``depends_on_calls``, ``random``, ``not_finite``, ``raised``, ``unknown``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range.
    """
    raise NotImplementedError
