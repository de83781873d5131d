"""Weight decay: what an optimiser does to a weight that has no gradient."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
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
        ``through_momentum`` (when ``"decoupled"`` is meant), ``changes_with_steps`` (a schedule, or a decay
        in some steps only), ``moves_without_decay``, ``not_finite``, ``wrong_shape``, ``raised``,
        ``unknown``. Remarks: ``after_step`` (the decay acts on the weights that the gradient has already
        moved; a cause when ``"l2"`` is meant), ``other_step_size`` (the gradient is multiplied by another
        number than ``lr``). `Report.measured` holds ``coupling`` (``"l2"``, ``"decoupled"`` or ``"either"``,
        as for plain SGD without momentum), ``shrinkage``, ``step_size`` (move per unit of gradient, None
        where it is not one number) and ``order`` (``"before"``, ``"after"`` or ``"unknown"``: the weights
        that the decay multiplies).

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range.

    Notes
    -----
    ``(1 - lr weight_decay) (w - lr g)`` and ``w - lr g - lr weight_decay w`` differ by the share
    ``lr weight_decay`` of the gradient step. In a step that is proportional to the gradient this is measured.
    In Adam and its like the order cannot be told from outside (``"unknown"``): a slightly smaller learning
    rate would do the same. Nor is a schedule seen whose rate has not changed within the four steps taken, or
    a decay by another rate than the gradient's that happens to agree with ``lr`` in them. In single precision
    a share below about 1e-6 a step is lost in rounding, and what is smaller than that is not judged.

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
    return _judged(path, run.blocks, _Meant(lr, weight_decay, coupling, run.eps))


STEPS = 3  # without a gradient; a fourth has one, which shows adaptive steps, and a fifth has none: momentum


@dataclass(frozen=True)
class _Meant:
    """The decay that is meant, and the rounding unit in which the steps are computed."""

    lr: float
    weight_decay: float
    coupling: str | None
    eps: float

    @property
    def share(self) -> float:
        """What a weight without a gradient loses in a step."""
        return self.lr * self.weight_decay


class _Run:
    """Steps of somebody's optimiser."""

    blocks: list[Block]
    size: int

    @property
    def eps(self) -> float:
        return float(np.finfo(np.float64).eps)

    def kept(self) -> Any:
        return calm()

    def take(self, w: np.ndarray, grad: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def path(self, rng: np.random.Generator) -> list[np.ndarray]:
        """Return the weights before the first step, after each, and the gradient of the last step but one."""
        w = rng.uniform(0.5, 2.0, self.size) * rng.choice([-1.0, 1.0], self.size)
        grad = 10.0 ** rng.uniform(-2, 0, self.size)
        states = [w]
        for _ in range(STEPS):
            states.append(self.take(states[-1], np.zeros(self.size)))
        states.append(self.take(states[-1], grad))
        return [*states, self.take(states[-1], np.zeros(self.size)), grad]


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
        value = given if value is None else value
        for part in (
            value.values() if isinstance(value, Mapping) else value if type(value) is tuple else (value,)
        ):
            self._at.seen(part)
        return self._at.flat(value, "step").copy()

    @property
    def eps(self) -> float:
        return self._at.eps


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
    kind: str  # still, factor, momentum, varying, constant, shifted, other
    share: float  # 1 - factor, or the size of a constant move
    shares: tuple[float, ...] = ()  # step by step


def _judged(path: list[np.ndarray], blocks: list[Block], meant: _Meant) -> Report:
    states, (with_gradient, last, grad) = path[: STEPS + 1], path[STEPS + 1 :]
    words = checked("decay", count=states[0].size)
    if not np.isfinite(np.concatenate(path)).all():
        values = {"what": "weight after a step", "value": float("nan")}
        return Report("decay", (finding("decay", "not_finite", **values),), words)
    seen = [_seen(block, states, meant) for block in blocks]
    weights = [s for s in seen if not s.block.exempt]
    size, error = _step_size(weights, states[-1], with_gradient, grad, meant.eps)
    rolls_on = size is not None and _rolls_on(weights, with_gradient, last, size * grad, meant.eps)
    share = weights[0].share if weights else 0.0
    measured: dict[str, Any] = {
        "coupling": _coupling(weights, size is None or rolls_on),
        "shrinkage": share,
        "step_size": size,
        "order": "unknown" if size is None else _order(size, error, meant.lr, share),
    }
    findings = _on_blocks(seen, meant.share)
    moving = next((s for s in weights if s.kind != "still"), None)
    if moving is not None:
        findings += _on_kind(moving, measured["coupling"], meant)
    remarks = _on_step(measured, error, meant)
    if meant.coupling == "l2":
        findings += [remark for remark in remarks if remark.cause == "after_step"]
        remarks = [remark for remark in remarks if remark.cause != "after_step"]
    return Report("decay", tuple(findings), words, measured, tuple(remarks))


def _seen(block: Block, states: list[np.ndarray], meant: _Meant) -> _Seen:
    w = np.array([state[block.places] for state in states])
    moves = w[:-1] - w[1:]
    if np.all(np.abs(moves) <= 1e-12 * np.abs(w[0])):
        return _Seen(block, "still", 0.0)
    shares = moves / w[:-1]
    slack = 1e-6 * float(np.abs(shares).max()) + (0.0 if meant.eps < 1e-12 else 4 * meant.eps)
    if np.all(np.ptp(shares, axis=1) <= slack):
        mean = shares.mean(axis=1)
        if np.ptp(mean) <= slack:
            return _Seen(block, "factor", float(mean.mean()))
        inside = _through_momentum(mean, meant.share, 1e-9 * float(np.abs(mean).max()) + 8 * meant.eps)
        kind, share = ("varying", mean[0]) if inside is None else ("momentum", inside)
        return _Seen(block, kind, float(share), tuple(mean))
    sizes = moves * np.sign(w[:-1])
    if np.ptp(sizes[0]) <= 1e-2 * np.abs(sizes[0]).max() and np.all(sizes[0] > 0):
        return _Seen(block, "constant", float(sizes[0].mean()))
    if np.ptp(moves[0]) <= 1e-6 * np.abs(moves[0]).max():
        return _Seen(block, "shifted", float(moves[0].mean()))
    return _Seen(block, "other", float(shares[0].mean()))


def _through_momentum(shares: np.ndarray, wanted: float, noise: float) -> float | None:
    """Return the decay inside a momentum buffer, None where the shares are not those of one.

    The moves ``m_k`` of a weight that starts at 1 follow ``m_k = β m_(k-1) + a w_k`` in heavy-ball momentum
    (``a`` is the decay), with ``(1 - β) a`` in the place of ``a`` where the buffer is a moving average, or
    from the second step on where it is dampened. Nesterov's first move is ``(1 + β) a``.
    """
    w = np.concatenate([[1.0], np.cumprod(1 - shares)])[:-1]
    m = shares * w
    if shares[0] == 0 or np.any(np.diff(np.abs(shares)) <= 0):
        return None
    beta, rest = np.linalg.lstsq(np.array([[m[0], w[1]], [m[1], w[2]]]), m[1:], rcond=None)[0]
    if not 0 < beta < 0.9995:  # a rate that grows by equal amounts looks like β = 1
        return None
    if abs(rest - m[0]) <= 100 * noise:
        average = m[0] / (1 - beta)
        return wanted if abs(average - wanted) <= 1e-4 * wanted else float(m[0])
    q = m[1] / m[0] - w[1]  # β² / (1 + β)
    nesterov = (q + np.sqrt(q**2 + 4 * q)) / 2
    a = m[0] / (1 + nesterov)
    velocity = nesterov * (nesterov * a + a * w[1]) + a * w[2]
    if 0 < nesterov < 0.9995 and abs(a * w[2] + nesterov * velocity - m[2]) <= 10 * noise:
        return float(a)
    return float(m[0]) if 0 < rest / m[0] < 1 else None


def _step_size(
    weights: list[_Seen], before: np.ndarray, after: np.ndarray, grad: np.ndarray, eps: float
) -> tuple[float | None, float]:
    """Return c where the step beside the decay is ``c grad``, and how well it is known; None for no one c."""
    seen = [s for s in weights if s.kind == "factor"]
    if not seen or any(s.kind not in ("factor", "still") for s in weights):
        return None, 0.0
    moved = np.concatenate([(1 - s.share) * before[s.block.places] - after[s.block.places] for s in seen])
    g = np.concatenate([grad[s.block.places] for s in seen])
    size = float(moved @ g / (g @ g))
    noise = 8 * eps * float(np.abs(before).max())  # of one entry
    one = np.all(np.abs(moved - size * g) <= 1e-6 * np.abs(size * g) + noise)
    return (size if one else None), noise / float(np.linalg.norm(g))


def _rolls_on(
    weights: list[_Seen], before: np.ndarray, after: np.ndarray, step: np.ndarray, eps: float
) -> bool:
    """Whether the step after a gradient's still goes its way: momentum, which the decay does not pass."""
    noise = 8 * eps * float(np.abs(before).max())
    return any(
        np.any(
            np.abs((1 - s.share) * before - after)[s.block.places]
            > 1e-3 * np.abs(step[s.block.places]) + noise
        )
        for s in weights
        if s.kind == "factor"
    )


def _coupling(weights: list[_Seen], decoupled: bool) -> str:
    kinds = {s.kind for s in weights} - {"still"}
    if kinds & {"momentum"} or (kinds == {"constant"}):
        return "l2"
    if kinds != {"factor"}:
        return "none" if not kinds else "unknown"
    return "decoupled" if decoupled else "either"


def _order(size: float, error: float, lr: float, share: float) -> str:
    """Which weights does the decay multiply: those before the gradient step, or those after it?"""
    gap = abs(lr * share)
    if error > 0.1 * gap:
        return "unknown"
    near = [abs(size - lr) <= 0.2 * gap, abs(size - lr * (1 - share)) <= 0.2 * gap]
    return "before" if near[0] else "after" if near[1] else "unknown"


def _on_step(measured: dict[str, Any], error: float, meant: _Meant) -> list[Finding]:
    """What is worth knowing of the step beside the decay."""
    size, lr = measured["step_size"], meant.lr
    if measured["order"] == "after":
        return [
            finding("decay", "after_step", size=f"{size:.8g}", lr=f"{lr:.8g}", share=measured["shrinkage"])
        ]
    if size is None or measured["order"] == "before" or abs(size - lr) <= 1e-4 * lr + 10 * error:
        return []
    return [finding("decay", "other_step_size", size=size, lr=lr)]


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


def _on_kind(seen: _Seen, is_now: str, meant: _Meant) -> list[Finding]:
    """How it decays, and how much."""
    wanted, lr = meant.share, meant.lr
    values: dict[str, Any] = {
        "share": seen.share,
        "wanted": wanted,
        "lr": lr,
        "factor": "",
        "kept": 1 - seen.share,
        "shares": ", ".join(f"{share:.4g}" for share in seen.shares),
    }
    if seen.kind in _NAMES:
        return [finding("decay", _NAMES[seen.kind], **values)]
    if seen.kind == "constant":
        if abs(seen.share - wanted) <= 1e-3 * wanted and abs(wanted - lr) > 1e-3 * lr:
            return [finding("decay", "l1_not_l2", **values)]
        return [finding("decay", "l2_not_decoupled", **values)] if meant.coupling == "decoupled" else []
    found: list[Finding] = []
    ratio = seen.share / wanted
    named = name_of(ratio, None, 1e-4 if meant.eps < 1e-12 else max(1e-4, 4 * meant.eps / wanted))
    if named.kind == "scaled" and abs(ratio * lr - 1) <= 1e-4:
        found.append(finding("decay", "without_lr", **values))
    elif named.kind != "right":
        found.append(finding("decay", named.kind, **(values | {"factor": named.text})))
    if meant.coupling == "decoupled" and is_now == "l2":
        found.append(finding("decay", "through_momentum", **values))
    if meant.coupling == "l2" and is_now == "decoupled":
        found.append(finding("decay", "decoupled_not_l2", **values))
    return found


_NAMES = {"shifted": "moves_without_decay", "other": "unknown", "varying": "changes_with_steps"}
