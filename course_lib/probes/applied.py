"""Is the penalty applied: in the loss, in its gradient, in the step?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from course_lib import validation
from course_lib.penalties import ElasticNet
from course_lib.probes.asking import Asked, batches_of, function, generator, report_raised, samples
from course_lib.probes.differences import directions, name_of, slopes
from course_lib.probes.points import Block, Point, Raised, _Tensors, point
from course_lib.probes.report import Finding, Report, checked, finding

__all__ = ["penalty", "training_step"]

PLACES = 3


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
    """Look whether a loss contains the penalty ``lam (l1_ratio ||w||_1 + (1 - l1_ratio)/2 ||w||²)`` it
    should.

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
        Causes: ``not_applied``, ``value_only`` (in the reported loss, not in the gradient),
        ``gradient_only``,
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
    function(objective, "objective")
    lam, l1_ratio = validation.positive(lam, "lam"), validation.share(l1_ratio)
    for value, name in ((data_loss, "data_loss"), (gradient, "gradient")):
        if value is not None:
            function(value, name)
    at = point(w, exempt)
    meant = ElasticNet(lam, l1_ratio)
    asked = _Asked(at, objective, gradient, data_loss, meant, batches_of(batches), samples(None, batches))
    with at.kept():
        try:
            return asked.report(generator(rng))
        except Raised as what:
            return report_raised("penalty", what)
        except ValueError as error:
            return Report(
                "penalty", (finding("penalty", "wrong_shape", error=str(error)),), checked("stopped")
            )


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
        ``step(w, lam, *batch)`` returns the new weights in the form of ``w``; for a module it may change it
        in place and return None. Plain steps only: adaptive optimisers are for `decay`.
    w, l1_ratio, batches, exempt, rng
        As in `penalty`.
    lam, lr : float
        Strength and learning rate, > 0.

    Returns
    -------
    Report
        Causes: ``not_applied``, ``on_exempt``, ``some_weights_only``, ``sign``, ``factor_2``, ``factor_n``,
        ``without_lr``, ``lam_squared``, ``scaled``, ``other_kind``, ``shares_swapped``,
        ``value_as_gradient``, ``rescaled`` (data gradient and penalty are clipped or normalised together, so
        that the penalty's size cannot be measured), ``depends_on_batch``, ``depends_on_calls``, ``random``,
        ``not_finite``, ``raised``, ``unknown``. Remark: ``after_step``, the penalty's slope is taken at the
        weights after the gradient step. `Report.measured` holds ``form``: ``"in_gradient"``, ``"proximal"``
        or ``"after_step"`` where the step is right.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range.

    Notes
    -----
    ``(1 - lr lam) (w - lr g)`` rests at a minimum of the objective with the strength ``lam / (1 - lr lam)``:
    the report says that the step has this form and leaves open whether it is meant. Momentum, adaptive steps
    and schedules are not looked at: the step starts afresh at every place.
    """
    function(step, "step")
    lam, lr, l1_ratio = (
        validation.positive(lam, "lam"),
        validation.positive(lr, "lr"),
        validation.share(l1_ratio),
    )
    at, rng = point(w, exempt), generator(rng)
    asked = _Steps(at, step, ElasticNet(lam, l1_ratio), lr, batches_of(batches), samples(None, batches))
    with at.kept():
        try:
            return asked.report(Asked(at, step, None).places(rng, PLACES))
        except Raised as what:
            return report_raised("training_step", what)
        except ValueError as error:
            return Report(
                "training_step",
                (finding("training_step", "wrong_shape", error=str(error)),),
                checked("stopped"),
            )


@dataclass(frozen=True)
class _Form:
    """What is applied to a block: ``l2 w + l1 sign(w)``, or something else when both are None."""

    block: Block
    l2: float | None
    l1: float | None
    zero: bool

    @property
    def text(self) -> str:
        terms = [(self.l2, "w"), (self.l1, "sign(w)")]
        shown = [f"{c:.4g} {name}" for c, name in terms if c is not None and abs(c) > 1e-9]
        return " + ".join(shown) if shown else "0" if self.zero else "?"


def _form(block: Block, applied: np.ndarray, w: np.ndarray, rows: np.ndarray, tolerance: np.ndarray) -> _Form:
    """Fit ``l2 w + l1 sign(w)`` to slopes along rows, each at its own place w (k, d)."""
    if np.all(np.abs(applied) <= tolerance):
        return _Form(block, 0.0, 0.0, True)
    columns = np.stack([np.sum(rows * w, axis=1), np.sum(rows * np.sign(w), axis=1)], axis=1)
    for chosen in ([0], [1], [0, 1]):  # one of the two before both
        c = np.linalg.lstsq(columns[:, chosen], applied, rcond=None)[0]
        if np.all(np.abs(columns[:, chosen] @ c - applied) <= tolerance):
            full = np.zeros(2)
            full[chosen] = c
            return _Form(block, float(full[0]), float(full[1]), False)
    return _Form(block, None, None, False)


def _named(
    probe: str, forms: list[_Form], meant: ElasticNet, n: int | None, lr: float | None = None
) -> list[Finding]:
    """Name what is applied where: the difference between ``forms`` and the penalty that is meant."""
    found: list[Finding] = []
    wanted = f"{meant.l2.lam:.4g} w" if meant.l1_ratio == 0 else f"{meant.l1.lam:.4g} sign(w)"
    wanted = wanted if meant.l1_ratio in (0, 1) else f"{meant.l2.lam:.4g} w + {meant.l1.lam:.4g} sign(w)"
    touched = [form for form in forms if form.block.exempt and not form.zero and form.l2 is not None]
    if touched:
        found.append(finding(probe, "on_exempt", where=_where(touched), applied=touched[0].text, wanted="0"))
    weights = [form for form in forms if not form.block.exempt]
    bare = [form for form in weights if form.zero]
    if bare and len(bare) == len(weights):
        return [*found, finding(probe, "not_applied", where=_where(bare), applied="0", wanted=wanted)]
    if bare:
        found.append(finding(probe, "some_weights_only", where=_where(bare), applied="0", wanted=wanted))
    causes: dict[tuple[str, str], list[_Form]] = {}
    for form in forms:
        if not form.zero and (form.l2 is None or not form.block.exempt):
            causes.setdefault(_cause(form, meant, n, lr), []).append(form)
    found += [
        finding(probe, cause, where=_where(members), factor=factor, applied=members[0].text, wanted=wanted)
        for (cause, factor), members in causes.items()
        if cause != "right"
    ]
    return found


def _where(forms: list[_Form]) -> str:
    return ", ".join(form.block.name for form in forms)


def _cause(form: _Form, meant: ElasticNet, n: int | None, lr: float | None) -> tuple[str, str]:
    """Return the cause and the factor of one block."""
    if form.l2 is None or form.l1 is None:
        return "unknown", "?"
    l2, l1 = form.l2, form.l1
    want2, want1 = meant.l2.lam, meant.l1.lam
    if _near(l2, want2) and _near(l1, want1):
        return "right", "1"
    if want1 == 0 or want2 == 0:
        found, want, stray = (l2, want2, l1) if want1 == 0 else (l1, want1, l2)
        if _near(found, 0.0, want) and stray != 0:
            return "other_kind", "0"
        if not _near(stray, 0.0, want):
            return "unknown", "?"
        return _factor(found / want, meant.lam, n, lr)
    if _near(l2 / want2, l1 / want1):
        return _factor(l1 / want1, meant.lam, n, lr)
    swapped1, swapped2 = meant.lam * (1 - meant.l1_ratio), meant.lam * meant.l1_ratio
    if _near(l1, swapped1) and (_near(l2, swapped2) or _near(l2, 2 * swapped2)):
        return "shares_swapped", "1"
    if _near(l1, want1):
        return _factor(l2 / want2, meant.lam, n, lr)
    if _near(l2, want2):
        return _factor(l1 / want1, meant.lam, n, lr)
    return "unknown", "?"


def _factor(factor: float, lam: float, n: int | None, lr: float | None) -> tuple[str, str]:
    if lr is not None and _near(factor, 1 / lr):
        return "without_lr", f"1/lr = {1 / lr:.4g}"
    named = name_of(factor, n, 1e-3)
    if named.kind == "scaled" and (_near(factor, lam) or _near(factor, 2 * lam)):
        return "lam_squared", f"{factor:.4g}"
    return named.kind, named.text


def _near(a: float, b: float, scale: float | None = None) -> bool:
    return abs(a - b) <= 1e-3 * abs(b if scale is None else scale)


class _Asked(Asked):
    """A question to `penalty`."""

    def __init__(
        self,
        at: Point,
        objective: Callable[..., Any],
        gradient: Callable[..., Any] | None,
        data_loss: Callable[..., Any] | None,
        meant: ElasticNet,
        batches: list[tuple[Any, ...]],
        n: int | None,
    ) -> None:
        super().__init__(at, objective, gradient)
        self.data_loss, self.meant, self.batches, self.n = data_loss, meant, batches, n

    def data(self, flat: np.ndarray, *batch: Any) -> float:
        return 0.0 if self.data_loss is None else self.value(self.data_loss, "data_loss", flat, *batch)

    def added(self, flat: np.ndarray, *batch: Any) -> float:
        """What the objective has more than the data loss: the penalty's value."""
        return self.value(self.loss, "objective", flat, *batch) - self.data(flat, *batch)

    def report(self, rng: np.random.Generator) -> Report:
        places = self.places(rng, PLACES)
        early = self._steady(places[0]) or self._values(places)
        if early:
            return Report("penalty", tuple(early), checked("stopped"))
        most = max(2, min(12, 40 // len(self.at.blocks)))
        size, rows = self.at.start.size, {}
        for block in self.at.blocks:
            rows[block.name] = directions(block.places, size, rng, most)
        in_value = [self._value_form(block, rows[block.name], places[:2]) for block in self.at.blocks]
        count = sum(len(part) for part in rows.values())
        words = checked("penalty", count=count, blocks=len(rows), places=2)
        has_gradient = self.given is not None or isinstance(self.at, _Tensors)
        if not has_gradient:
            return Report("penalty", tuple(self._judged(in_value, in_value, places)), words)
        in_gradient = self._gradient_forms(rows, places[:2])
        return Report("penalty", tuple(self._judged(in_value, in_gradient, places)), words)

    def _steady(self, flat: np.ndarray) -> list[Finding]:
        """Three calls at one place must give one value."""
        batch = self.batches[0]
        data = [self.data(flat, *batch) for _ in range(2)]
        values = [self.value(self.loss, "objective", flat, *batch) for _ in range(3)]
        if not np.isfinite(values + data).all():
            return [finding("penalty", "not_finite", what="objective or data_loss", value=values[0])]
        size = max(1.0, abs(values[0]))
        if abs(data[1] - data[0]) > 1e-10 * size:
            return [finding("penalty", "random", what="data_loss", first=data[0], again=data[1])]
        steps = np.diff(values)
        if np.all(np.abs(steps) <= 1e-10 * size):
            return []
        if np.all(steps > 0) or np.all(steps < 0) or steps[1] == 0:  # a walk, or another first call
            return [finding("penalty", "depends_on_calls", first=values[0], again=values[2])]
        return [finding("penalty", "random", what="objective", first=values[0], again=values[1])]

    def _values(self, places: list[np.ndarray]) -> list[Finding]:
        """Causes that the values alone show: a constant, a norm, a function of the loss, the batch."""
        added = np.array([self.added(flat, *self.batches[0]) for flat in places])
        whole = np.array([self.value(self.loss, "objective", flat, *self.batches[0]) for flat in places])
        if np.all(np.abs(added) <= 1e-10 * np.abs(whole).max()):
            return []
        wanted = self.meant.value(places[0][~self.at.exempt])
        if np.ptp(added) <= 1e-10 * np.abs(whole).max():
            return [finding("penalty", "constant", applied=float(added[0]), wanted=wanted)]
        found = self._of_the_loss(places, whole, added) or self._norms(places, added)
        return found or self._other_batch(places[0], float(added[0]))

    def _of_the_loss(self, places: list[np.ndarray], whole: np.ndarray, added: np.ndarray) -> list[Finding]:
        if self.data_loss is None:
            return []
        data = np.array([self.data(flat, *self.batches[0]) for flat in places])
        squares = np.array([self._squares(flat) for flat in places])
        for left, sort in ((whole, "objective"), (added, "objective − data_loss")):
            for part, name in (
                (data**2, "data_loss²"),
                (squares, "sum of squared losses"),
                (data, "data_loss"),
            ):
                if _steady_ratio(left, part) and not (sort == "objective" and name == "data_loss"):
                    text = f"{sort} = {left[0] / part[0]:.4g} × {name}"
                    return [finding("penalty", "of_the_loss", applied=text)]
        return []

    def _squares(self, flat: np.ndarray) -> float:
        """Sum of squares of the data loss, when it gives one number per sample."""
        value = self.at.run("data_loss", self.data_loss or self.loss, flat, *self.batches[0])
        value = value.detach().cpu().numpy() if hasattr(value, "detach") else value
        return float(np.sum(np.asarray(value, dtype=float) ** 2))

    def _norms(self, places: list[np.ndarray], added: np.ndarray) -> list[Finding]:
        """The norm where the squared norm is meant."""
        weights = [block for block in self.at.blocks if not block.exempt]
        for blocks in (weights, self.at.blocks, *([block] for block in self.at.blocks)):
            together = np.concatenate([block.places for block in blocks])
            whole = np.array([np.linalg.norm(flat[together]) for flat in places])
            apart = np.array([sum(np.linalg.norm(flat[b.places]) for b in blocks) for flat in places])
            for norm in (whole, apart):
                if self.meant.l1_ratio < 1 and together.size > 1 and _steady_ratio(added, norm):
                    text = f"{added[0] / norm[0]:.4g} ‖w‖"
                    return [
                        finding(
                            "penalty", "not_squared", applied=text, wanted=f"{self.meant.l2.lam / 2:.4g} ‖w‖²"
                        )
                    ]
        return []

    def _other_batch(self, flat: np.ndarray, here: float) -> list[Finding]:
        for batch in self.batches[1:]:
            there = self.added(flat, *batch)
            size = max(abs(self.value(self.loss, "objective", flat, *batch)), abs(here))
            if abs(there - here) > 1e-8 * size:
                lengths = [len(b[0]) if hasattr(b[0], "__len__") else "?" for b in (self.batches[0], batch)]
                return [
                    finding(
                        "penalty", "depends_on_batch", first=here, again=there, n=lengths[0], m=lengths[1]
                    )
                ]
        return []

    def _value_form(self, block: Block, rows: np.ndarray, places: list[np.ndarray]) -> _Form:
        """The penalty's slopes as its values show them."""
        batch = self.batches[0]
        measured = [slopes(lambda x: self.added(x, *batch), flat, rows, self.at.eps) for flat in places]
        applied = np.concatenate([m.value for m in measured])
        error = np.concatenate([m.error for m in measured])
        return self._fitted(block, rows, places, applied, error)

    def _gradient_forms(self, rows: dict[str, np.ndarray], places: list[np.ndarray]) -> list[_Form]:
        """The penalty's slopes as the gradient shows them: the whole gradient minus the data loss's."""
        batch = self.batches[0]
        whole = [self._or_zero(self.gradient(flat, *batch)) for flat in places]
        forms = []
        for block in self.at.blocks:
            part = rows[block.name]
            data = [self._data_slopes(flat, part) for flat in places]
            applied = np.concatenate([part @ g - d[0] for g, d in zip(whole, data, strict=True)])
            error = np.concatenate([d[1] for d in data])
            forms.append(self._fitted(block, part, places, applied, error))
        return forms

    def _or_zero(self, gradient: np.ndarray | None) -> np.ndarray:
        return np.zeros_like(self.at.start) if gradient is None else gradient

    def _data_slopes(self, flat: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if self.data_loss is None:
            return np.zeros(len(rows)), np.zeros(len(rows))
        if isinstance(self.at, _Tensors) and self.given is None:
            g = self._or_zero(Asked(self.at, self.data_loss, None).gradient(flat, *self.batches[0]))
            return rows @ g, 1e-9 * np.abs(rows @ g) + 1e-12 * np.abs(g).max()
        measured = slopes(lambda x: self.data(x, *self.batches[0]), flat, rows, self.at.eps)
        return measured.value, measured.error

    def _fitted(
        self, block: Block, rows: np.ndarray, places: list[np.ndarray], applied: np.ndarray, error: np.ndarray
    ) -> _Form:
        w = np.concatenate([np.tile(flat, (len(rows), 1)) for flat in places])
        scale = max(float(np.abs(applied).max()), 1e-2 * self.meant.lam)
        tolerance = (1e-6 if self.at.eps < 1e-12 else 5e-3) * scale + 8 * error
        return _form(block, applied, w, np.tile(rows, (len(places), 1)), tolerance)

    def _judged(
        self, in_value: list[_Form], in_gradient: list[_Form], places: list[np.ndarray]
    ) -> list[Finding]:
        """Value and gradient together: in one of them only, or the same thing wrong in both."""
        weights = [not form.block.exempt for form in in_value]
        value = any(not f.zero for f, weight in zip(in_value, weights, strict=True) if weight)
        grad = any(not f.zero for f, weight in zip(in_gradient, weights, strict=True) if weight)
        names = _where([f for f, weight in zip(in_value, weights, strict=True) if weight])
        if value and not grad:
            seen = next(f for f in in_value if not f.zero)
            return [finding("penalty", "value_only", where=names, applied=seen.text)]
        if grad and not value:
            seen = next(f for f in in_gradient if not f.zero)
            return [finding("penalty", "gradient_only", where=names, applied=seen.text)]
        return _named("penalty", in_gradient, self.meant, self.n) or _named(
            "penalty", in_value, self.meant, self.n
        )


def _steady_ratio(left: np.ndarray, right: np.ndarray) -> bool:
    """Whether ``left = c right`` with one c for all places, none of them 0."""
    if np.any(right == 0) or np.any(left == 0):
        return False
    ratio = left / right
    return bool(np.ptp(ratio) <= 1e-7 * np.abs(ratio).max())


class _Steps:
    """A question to `training_step`."""

    def __init__(
        self,
        at: Point,
        step: Callable[..., Any],
        meant: ElasticNet,
        lr: float,
        batches: list[tuple[Any, ...]],
        n: int | None,
    ) -> None:
        self.at, self.step, self.meant, self.lr, self.batches, self.n = at, step, meant, lr, batches, n

    def after(self, flat: np.ndarray, lam: float, batch: int = 0) -> np.ndarray:
        return self.at.after("step", self.step, flat, lam, *self.batches[batch])

    def report(self, places: list[np.ndarray]) -> Report:
        words = checked("step", places=len(places))
        lam = self.meant.lam
        first, again = self.after(places[0], lam), self.after(places[0], lam)
        third = self.after(places[0], lam)
        if not np.isfinite(first).all():
            return Report(
                "training_step",
                (
                    finding(
                        "training_step",
                        "not_finite",
                        what="weight after the step",
                        value=float(first[~np.isfinite(first)][0]),
                    ),
                ),
                words,
            )
        if np.abs(again - first).max() > self._tolerance(first):
            worst = int(np.argmax(np.abs(again - first)))
            moves = np.sign([again[worst] - first[worst], third[worst] - again[worst]])
            cause = "depends_on_calls" if moves[0] == moves[1] else "random"
            return Report(
                "training_step",
                (
                    finding(
                        "training_step",
                        cause,
                        what="new weight",
                        first=float(first[worst]),
                        again=float(again[worst]),
                    ),
                ),
                words,
            )
        pairs = [(self.after(flat, 0.0), self.after(flat, lam)) for flat in places]
        form = self._after(pairs, self.lr)
        findings = [] if form else self._named(places, pairs)
        if any(found.cause == "unknown" for found in findings) and self._after(pairs, 1.0) == "proximal":
            values = {
                "where": "w",
                "factor": f"1/lr = {1 / self.lr:.4g}",
                "applied": f"threshold {lam:.4g}",
                "wanted": f"threshold {self.lr * lam:.4g}",
            }
            findings = [finding("training_step", "without_lr", **values)]
        findings = findings or self._other_batch(places[0])
        measured = {} if findings else {"form": form or "in_gradient"}
        remarks = (self._remark(pairs),) if form == "after_step" else ()
        return Report("training_step", tuple(findings), words, measured, remarks)

    def _tolerance(self, w: np.ndarray) -> float:
        return (1e-9 if self.at.eps < 1e-12 else 1e-5) * max(1.0, float(np.abs(w).max()))

    def _after(self, pairs: list[tuple[np.ndarray, np.ndarray]], lr: float) -> str:
        """How the penalty acts after the gradient step: by its proximal operator, as a decay, or ("") not."""
        free = self.at.exempt
        for form, expected in (
            ("proximal", lambda w: self.meant.prox(w, lr)),
            ("after_step", lambda w: w - lr * self.meant.subgradient(w)),
        ):
            if all(
                np.abs(np.where(free, plain, expected(plain)) - moved).max() <= self._tolerance(plain)
                for plain, moved in pairs
            ):
                return form
        return ""

    def _remark(self, pairs: list[tuple[np.ndarray, np.ndarray]]) -> Finding:
        plain, moved = pairs[0]
        place = int(np.argmax(np.abs(plain - moved)))
        return finding("training_step", "after_step", plain=float(plain[place]), moved=float(moved[place]))

    def _named(self, places: list[np.ndarray], pairs: list[tuple[np.ndarray, np.ndarray]]) -> list[Finding]:
        forms = []
        for block in self.at.blocks:
            applied = np.concatenate([(plain - moved)[block.places] / self.lr for plain, moved in pairs])
            rows = np.eye(applied.size)
            w = np.tile(np.concatenate([flat[block.places] for flat in places]), (applied.size, 1))
            size = max(self._tolerance(plain) for plain, _ in pairs) / self.lr
            forms.append(_form(block, applied, w, rows, np.full(applied.size, 4 * size)))
        findings = _named("training_step", forms, self.meant, self.n, self.lr)
        if any(found.cause == "unknown" for found in findings):
            findings = self._rescaled(places, pairs) or self._value_as_gradient(places, pairs) or findings
        return findings

    def _rescaled(
        self, places: list[np.ndarray], pairs: list[tuple[np.ndarray, np.ndarray]]
    ) -> list[Finding]:
        """Whether the step with the penalty is ``a (data step) + b slope``, as after clipping their sum."""
        rates = []
        for flat, (plain, moved) in zip(places, pairs, strict=True):
            slope = np.where(self.at.exempt, 0.0, self.meant.subgradient(flat))
            columns = np.stack([flat - plain, slope], axis=1)
            c = np.linalg.lstsq(columns, flat - moved, rcond=None)[0]
            if (
                flat.size < 4
                or c.min() <= 0
                or np.abs(columns @ c - flat + moved).max() > self._tolerance(flat)
            ):
                return []
            rates.append(c[0])
        if np.abs(np.array(rates) - 1).max() <= 1e-6:
            return []
        return [finding("training_step", "rescaled", rates=", ".join(f"{rate:.4g}" for rate in rates))]

    def _value_as_gradient(
        self, places: list[np.ndarray], pairs: list[tuple[np.ndarray, np.ndarray]]
    ) -> list[Finding]:
        weights = ~self.at.exempt
        applied = np.concatenate([(plain - moved)[weights] / self.lr for plain, moved in pairs])
        w = np.concatenate([flat[weights] for flat in places])
        for form, name in ((np.abs(w), "|w|"), (w**2, "w²")):
            c = float(applied @ form / (form @ form))
            if np.abs(applied - c * form).max() <= 1e-6 * np.abs(applied).max():
                return [finding("training_step", "value_as_gradient", applied=f"{c:.4g} {name}")]
        return []

    def _other_batch(self, flat: np.ndarray) -> list[Finding]:
        here = self.after(flat, 0.0) - self.after(flat, self.meant.lam)
        for i in range(1, len(self.batches)):
            there = self.after(flat, 0.0, i) - self.after(flat, self.meant.lam, i)
            if np.abs(there - here).max() > 1e-6 * np.abs(here).max() and self.meant.l1_ratio == 0:
                worst = int(np.argmax(np.abs(there - here)))
                lengths = [len(self.batches[k][0]) for k in (0, i)]
                return [
                    finding(
                        "training_step",
                        "depends_on_batch",
                        first=float(here[worst]),
                        again=float(there[worst]),
                        n=lengths[0],
                        m=lengths[1],
                    )
                ]
        return []
