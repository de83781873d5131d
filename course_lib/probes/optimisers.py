"""Weight decay: what an optimiser does to a weight that has no gradient."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np

from course_lib import validation
from course_lib.probes.asking import generator, report_raised
from course_lib.probes.differences import name_of
from course_lib.probes.points import Block, Raised, call, calm, point
from course_lib.probes.report import Finding, Report, checked, finding

__all__ = ["decay"]


def decay(
    step: Any,
    *,
    lr: float,
    weight_decay: float,
    coupling: str | None = None,
    model: Any = None,
    w: Any = None,
    exempt: Any = None,
    rng: np.random.Generator | None = None,
) -> Report:
    """Look at what an optimiser step does to weights whose gradient is 0.

    Plain SGD with weight decay multiplies them by exactly ``1 - lr * weight_decay``. With momentum the decay
    goes through the momentum buffer; in Adam an L2 gradient is divided by its own size, so that every weight
    moves by about ``lr``, however strong the decay (``"l2"``); AdamW multiplies by ``1 - lr * weight_decay``
    (``"decoupled"``).

    Parameters
    ----------
    step : torch.optim.Optimizer or callable
        A torch optimiser, of which a fresh copy (with a copy of its parameters) takes the steps; or
        ``step(w, grad) -> new w`` on arrays, freshly made, because it may remember earlier steps.
    lr, weight_decay : float
        As meant, > 0.
    coupling : {"l2", "decoupled"}, optional
        What is meant. Default: either is right, and `Report.measured` holds what it is.
    model : torch.nn.Module, optional
        Whose parameters ``step`` moves: names those that must not decay (biases, norm layers).
    w : array, dict of arrays or tuple of arrays, optional
        The form of what ``step`` takes; the values are chosen here. Default: an array of 24 entries.
    exempt : mask, indices or names, optional
        What must not decay. With ``model`` the default is what :func:`course_lib.deep.is_weight` leaves out;
        otherwise nothing.
    rng : numpy.random.Generator, optional

    Returns
    -------
    Report
        Causes: ``no_decay``, ``l2_not_decoupled``, ``decoupled_not_l2``, ``without_lr`` (1 - weight_decay),
        ``factor_2``, ``scaled``, ``sign`` (weights grow), ``on_exempt`` (biases, norm layers),
        ``some_weights_only``, ``l1_not_l2`` (every weight moves by lr weight_decay),
        ``through_momentum`` (when ``"decoupled"`` is meant), ``moves_without_decay``, ``not_finite``,
        ``wrong_shape``, ``raised``, ``unknown``. `Report.measured` holds ``coupling`` (``"l2"``,
        ``"decoupled"`` or ``"either"``, as for plain SGD) and ``shrinkage``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range.

    Examples
    --------
    >>> decay(lambda w, grad: w - 0.1 * (grad + 0.01 * w), lr=0.1, weight_decay=0.01).ok
    True
    """
    lr, weight_decay = validation.positive(lr, "lr"), validation.positive(weight_decay, "weight_decay")
    if coupling not in (None, "l2", "decoupled"):
        raise ValueError(f'coupling must be "l2", "decoupled" or None, got {coupling!r}.')
    rng = generator(rng)
    if hasattr(step, "param_groups") and hasattr(step, "step"):
        run: _Run = _Optimiser(step, model, exempt)
    elif callable(step):
        run = _Function(step, np.ones(24) if w is None else w, exempt)
    else:
        raise TypeError(f"step must be a torch optimiser or a function, got {step!r}.")
    try:
        with run.kept():
            path = run.path(rng)
    except Raised as what:
        return report_raised("decay", what)
    except ValueError as error:
        return Report("decay", (finding("decay", "wrong_shape", error=str(error)),), checked("stopped"))
    return _judged(path, run.blocks, lr, weight_decay, coupling)


STEPS = 3  # without a gradient; a fourth has one, to see whether the optimiser is adaptive


class _Run:
    """Steps of somebody's optimiser."""

    blocks: list[Block]
    size: int

    def kept(self) -> Any:
        return calm()

    def take(self, w: np.ndarray, grad: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def path(self, rng: np.random.Generator) -> list[np.ndarray]:
        """Return the weights before the first step, after each without a gradient, and after one with."""
        w = rng.uniform(0.5, 2.0, self.size) * rng.choice([-1.0, 1.0], self.size)
        grad = 10.0 ** rng.uniform(-2, 0, self.size)
        states = [w]
        for _ in range(STEPS):
            states.append(self.take(states[-1], np.zeros(self.size)))
        return [*states, self.take(states[-1], grad), grad]


class _Function(_Run):
    """``step(w, grad) -> new w``."""

    def __init__(self, step: Callable[..., Any], w: Any, exempt: Any) -> None:
        self._step, self._at = step, point(w, exempt)
        named = exempt is not None
        self.blocks = [Block(b.name, b.places, b.exempt and named) for b in self._at.blocks]
        self.size = self._at.start.size

    def take(self, w: np.ndarray, grad: np.ndarray) -> np.ndarray:
        given = self._at.put(w)
        value = call("step", self._step, given, self._at.put(grad))
        return self._at.flat(given if value is None else value, "step").copy()


class _Optimiser(_Run):
    """A torch optimiser, with its state put aside."""

    def __init__(self, optimiser: Any, model: Any, exempt: Any) -> None:
        import torch

        self._torch, self._optimiser = torch, optimiser
        self._parameters = [p for group in optimiser.param_groups for p in group["params"] if p.requires_grad]
        if not self._parameters:
            raise ValueError("step must hold trainable parameters, got none.")
        ends = np.cumsum([0, *[p.numel() for p in self._parameters]])
        names, left_out = self._names(model, exempt)
        self.blocks = [
            Block(name, np.arange(ends[i], ends[i + 1]), free)
            for i, (name, free) in enumerate(zip(names, left_out, strict=True))
        ]
        self.size = int(ends[-1])

    def _names(self, model: Any, exempt: Any) -> tuple[list[str], list[bool]]:
        names = [f"parameter {i}" for i in range(len(self._parameters))]
        weights: set[str] = set(names)
        if model is not None:
            from course_lib.deep.groups import named_weights

            by_id = {id(p): name for name, p in model.named_parameters()}
            names = [by_id.get(id(p), name) for p, name in zip(self._parameters, names, strict=True)]
            weights = set(named_weights(model)) | {name for name in names if name not in by_id.values()}
        if exempt is None:
            return names, [name not in weights for name in names]
        chosen = {exempt} if isinstance(exempt, str) else set(exempt)
        if not chosen <= set(names) | set(range(len(names))):
            raise ValueError(f"exempt must hold names or numbers of parameters, {names}, got {exempt!r}.")
        return names, [name in chosen or i in chosen for i, name in enumerate(names)]

    @contextmanager
    def kept(self) -> Iterator[None]:
        optimiser, theirs = self._optimiser, ("state", "param_groups", "defaults")
        held = [(p, p.data, p.grad) for p in self._parameters]
        state, own = optimiser.state, {k: _copied(v) for k, v in vars(optimiser).items() if k not in theirs}
        settings = [{k: v for k, v in group.items() if k != "params"} for group in optimiser.param_groups]
        settings = deepcopy(settings)
        optimiser.state = defaultdict(dict)
        with calm(self._torch):
            try:
                yield
            finally:
                optimiser.state = state
                vars(optimiser).update(own)
                for group, values in zip(optimiser.param_groups, settings, strict=True):
                    group.update(values)
                for parameter, data, grad in held:
                    parameter.grad = None
                    parameter.data = data
                    parameter.grad = grad

    def take(self, w: np.ndarray, grad: np.ndarray) -> np.ndarray:
        first = 0
        for parameter in self._parameters:
            part = slice(first, first + parameter.numel())
            first = part.stop
            parameter.grad = None
            parameter.data = (
                self._torch.from_numpy(w[part].copy()).reshape(parameter.shape).to(parameter.device)
            )
            parameter.grad = (
                self._torch.from_numpy(grad[part].copy()).reshape(parameter.shape).to(parameter.device)
            )
        call("step", self._optimiser.step)
        return np.concatenate([p.detach().cpu().numpy().ravel() for p in self._parameters])


def _copied(value: Any) -> Any:
    try:
        return deepcopy(value)
    except Exception:
        return value  # hooks and the like: kept as they are


@dataclass(frozen=True)
class _Seen:
    """What happened to one block without a gradient."""

    block: Block
    kind: str  # still, factor, momentum, constant, other
    share: float  # 1 - factor, or the size of a constant move


def _judged(
    path: list[np.ndarray], blocks: list[Block], lr: float, weight_decay: float, coupling: str | None
) -> Report:
    states, with_gradient, grad = path[: STEPS + 1], path[-2], path[-1]
    words = checked("decay", count=states[0].size)
    if not np.isfinite(np.concatenate(path)).all():
        values = {"what": "weight after a step", "value": float("nan")}
        return Report("decay", (finding("decay", "not_finite", **values),), words)
    seen = [_seen(block, states, lr, weight_decay) for block in blocks]
    weights = [s for s in seen if not s.block.exempt]
    measured: dict[str, Any] = {
        "coupling": _coupling(weights, states[-1], with_gradient, grad),
        "shrinkage": weights[0].share if weights else 0.0,
    }
    findings = _on_blocks(seen, lr * weight_decay)
    if not any(found.cause == "no_decay" for found in findings):
        moving = (
            next(s for s in weights if s.kind != "still") if any(s.kind != "still" for s in weights) else None
        )
        if moving is not None:
            findings += _on_kind(moving, measured["coupling"], lr, weight_decay, coupling)
    return Report("decay", tuple(findings), words, measured)


def _seen(block: Block, states: list[np.ndarray], lr: float, weight_decay: float) -> _Seen:
    w = np.array([state[block.places] for state in states])
    moves = w[:-1] - w[1:]
    if np.all(np.abs(moves) <= 1e-12 * np.abs(w[0])):
        return _Seen(block, "still", 0.0)
    shares = moves / w[:-1]
    if np.ptp(shares[0]) <= 1e-6 * np.abs(shares[0]).max():
        share = float(shares[0].mean())
        steady = np.ptp(shares) <= 1e-6 * np.abs(shares).max()
        if not steady:
            share = _through_momentum(shares.mean(axis=1), lr * weight_decay)
        grows = bool(np.all(np.diff(shares.mean(axis=1)) > 0))
        return _Seen(block, "factor" if steady else "momentum" if grows else "other", share)
    sizes = moves * np.sign(w[:-1])
    if np.ptp(sizes[0]) <= 1e-2 * np.abs(sizes[0]).max() and np.all(sizes[0] > 0):
        return _Seen(block, "constant", float(sizes[0].mean()))
    if np.ptp(moves[0]) <= 1e-6 * np.abs(moves[0]).max():
        return _Seen(block, "shifted", float(moves[0].mean()))
    return _Seen(block, "other", float(shares[0].mean()))


def _through_momentum(shares: np.ndarray, wanted: float) -> float:
    """Return the decay inside a momentum buffer; Nesterov's first step is 1 + momentum times as long."""
    momentum = shares[0] / wanted - 1
    if 0 < momentum < 1:
        velocity = 1 + 0.0
        w, done = 1 - wanted * (1 + momentum), []
        for _ in shares[1:]:
            velocity = momentum * velocity + w
            step = wanted * (w + momentum * velocity)
            done.append(step / w)
            w -= step
        if np.allclose(done, shares[1:], rtol=1e-6):
            return wanted
    return float(shares[0])


def _coupling(weights: list[_Seen], before: np.ndarray, after: np.ndarray, grad: np.ndarray) -> str:
    kinds = {s.kind for s in weights} - {"still"}
    if kinds & {"momentum"} or (kinds == {"constant"}):
        return "l2"
    if kinds != {"factor"}:
        return "none" if not kinds else "unknown"
    steps = [
        ((1 - s.share) * before[s.block.places] - after[s.block.places]) / grad[s.block.places]
        for s in weights
        if s.kind == "factor"
    ]
    ratio = np.concatenate(steps)
    return "either" if np.ptp(ratio) <= 1e-6 * np.abs(ratio).max() else "decoupled"


def _on_blocks(seen: list[_Seen], wanted: float) -> list[Finding]:
    """Who decays and who should not."""
    found: list[Finding] = []
    touched = [s for s in seen if s.block.exempt and s.kind != "still"]
    if touched:
        found.append(finding("decay", "on_exempt", where=_where(touched), share=touched[0].share))
    weights = [s for s in seen if not s.block.exempt]
    still = [s for s in weights if s.kind == "still"]
    if still and len(still) == len(weights):
        return [*found, finding("decay", "no_decay", factor=1 - wanted)]
    if still:
        found.append(finding("decay", "some_weights_only", where=_where(still), factor=1 - wanted))
    return found


def _where(seen: list[_Seen]) -> str:
    return ", ".join(s.block.name for s in seen)


def _on_kind(seen: _Seen, is_now: str, lr: float, weight_decay: float, coupling: str | None) -> list[Finding]:
    """How it decays, and how much."""
    wanted = lr * weight_decay
    values: dict[str, Any] = {
        "share": seen.share,
        "wanted": wanted,
        "lr": lr,
        "factor": "",
        "kept": 1 - seen.share,
    }
    if seen.kind == "shifted":
        return [finding("decay", "moves_without_decay", **values)]
    if seen.kind == "other":
        return [finding("decay", "unknown", **values)]
    if seen.kind == "constant":
        if abs(seen.share - wanted) <= 1e-3 * wanted and abs(wanted - lr) > 1e-3 * lr:
            return [finding("decay", "l1_not_l2", **values)]
        return [finding("decay", "l2_not_decoupled", **values)] if coupling == "decoupled" else []
    found: list[Finding] = []
    ratio = seen.share / wanted
    named = name_of(ratio, None, 1e-4)
    if named.kind == "scaled" and abs(ratio * lr - 1) <= 1e-4:
        found.append(finding("decay", "without_lr", **values))
    elif named.kind != "right":
        found.append(finding("decay", named.kind, **(values | {"factor": named.text})))
    if coupling == "decoupled" and is_now == "l2":
        found.append(finding("decay", "through_momentum", **values))
    if coupling == "l2" and is_now == "decoupled":
        found.append(finding("decay", "decoupled_not_l2", **values))
    return found
