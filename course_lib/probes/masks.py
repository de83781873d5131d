"""Dropout: what a layer multiplies its input with, in both modes, forward and backward."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from course_lib import validation
from course_lib.probes.asking import generator, report_raised
from course_lib.probes.points import Raised, call, calm, is_module, is_tensor
from course_lib.probes.report import Finding, Report, checked, finding

__all__ = ["dropout"]


def dropout(
    layer: Any,
    *,
    p: float,
    x: Any = None,
    backward: Callable[[Any], Any] | None = None,
    shared_axes: tuple[int, ...] = (),
    edges: Callable[[float], Any] | None = None,
    rng: np.random.Generator | None = None,
) -> Report:
    """Look at what a dropout layer multiplies its input with.

    Parameters
    ----------
    layer : callable, object with ``forward`` or torch.nn.Module
        ``layer(x, training) -> output`` on arrays; an object with ``forward(x, training)`` and, perhaps,
        ``backward(grad)``, as in :mod:`course_lib.nn`; or a module, which is put into both modes.
    p : float
        Probability of *dropping* that is meant, in (0, 1), best not 0.5, where mistakes hide.
    x : array or torch.Tensor of shape (n, ...), optional
        Input without zeros. Default: (64, 60), of both signs.
    backward : callable, optional
        ``backward(grad) -> grad_x``, called after a forward pass, for layers that are functions. A module's
        is autograd's, an object's its method.
    shared_axes : tuple of int
        Axes of ``x`` along which one mask is meant to be shared: ``(2, 3)`` for ``torch.nn.Dropout2d``.
    edges : callable, optional
        ``edges(p)`` returns a layer with another ``p``: 0 and 1 are tried then.
    rng : numpy.random.Generator, optional

    Returns
    -------
    Report
        Causes: ``no_scaling`` (neither mode is scaled), ``scaled_by_p`` (1/p), ``scaled_by_keep`` (times 1-p
        while training), ``scaled_twice`` (both modes), ``scaled_in_evaluation``, ``scaled`` (another factor),
        ``keep_drop_swapped``, ``wrong_rate``, ``nothing_dropped``, ``all_dropped``, ``same_mask_every_call``,
        ``mask_shared_in_batch`` (all rows alike), ``mask_of_rows`` (whole samples dropped), ``mask_shared``
        (other axes), ``mask_not_shared`` (along ``shared_axes``), ``fixed_count`` (the same number
        in every row), ``not_a_mask`` (noise that is added, or multiplied without zeros),
        ``training_flag_ignored`` (drops in evaluation), ``evaluation_changes_input``,
        ``backward_other_mask``, ``backward_not_scaled``, ``edge_p0``, ``edge_p1``, ``input_modified``,
        ``not_finite``, ``wrong_shape``, ``raised``, ``unknown``. Remarks: ``classical_form`` (no scaling
        while training, times 1-p in evaluation: right too), ``backward_in_evaluation`` (a backward pass after
        an evaluation is not that of the evaluation; training never asks for it). `Report.measured` holds
        ``form``, ``rate`` and ``scale``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range.

    Notes
    -----
    The only statistical test is that of the rate: a two-sided z of more than 4 counts, and only if a second,
    independent draw says the same (false alarm rate about 4e-9).

    Only the layer is seen. A network that leaves its layers alone in evaluation and multiplies *weights* by
    1-p there has ``no_scaling`` in its layer: hand over the layer together with that product. That each of
    several layers has its own factor in evaluation is seen by asking about each of them.

    Examples
    --------
    >>> draw = np.random.default_rng(1)
    >>> def layer(x, training):
    ...     return x * (draw.random(x.shape) >= 0.2) / 0.8 if training else x
    >>> dropout(layer, p=0.2).ok
    True
    """
    p = validation.probability(p)
    if not 0 < p < 1:
        raise ValueError(f"p must lie between 0 and 1, got {p}; the edges are tried with edges=.")
    if not callable(layer) and not hasattr(layer, "forward"):
        raise TypeError(f"layer must be a function, a module or an object with forward, got {layer!r}.")
    x = _input(x, layer, generator(rng))
    with _kept(layer):
        try:
            return _Layer(layer, x, backward, shared_axes).report(p, edges)
        except Raised as what:
            return report_raised("dropout", what)


def _input(x: Any, layer: Any, rng: np.random.Generator) -> Any:
    """Return the input: sizes between 1 and 2, so that no product of them is a coincidence, of both signs."""
    if x is None:
        values = rng.uniform(1, 2, (64, 60)) * rng.choice([-1.0, 1.0], (64, 60))
        if not is_module(layer):
            return values
        import torch

        return torch.from_numpy(values).float()
    values = _array(x)
    if values.ndim < 2 or values.size < 400:
        raise ValueError(f"x must have at least 2 axes and 400 entries, got shape {values.shape}.")
    if not np.isfinite(values).all() or np.any(values == 0):
        raise ValueError("x must be finite and hold no 0: a dropped entry could not be told from it.")
    return x


@contextmanager
def _kept(layer: Any) -> Iterator[None]:
    """Leave mode, buffers and global random states as they were."""
    if not is_module(layer):
        with calm():
            yield
        return
    import torch

    modes = [(module, module.training) for module in layer.modules()]
    buffers = [(buffer, buffer.clone()) for buffer in layer.buffers()]
    grads = [(parameter, parameter.grad) for parameter in layer.parameters()]
    with calm(torch):
        try:
            yield
        finally:
            for module, mode in modes:
                module.training = mode
            for buffer, values in buffers:
                buffer.data.copy_(values)
            for parameter, grad in grads:
                parameter.grad = grad


def _array(value: Any) -> np.ndarray:
    return np.array(value.detach().cpu().double().numpy() if is_tensor(value) else value, dtype=float)


class _Layer:
    """A question to `dropout`."""

    def __init__(
        self, layer: Any, x: Any, backward: Callable[[Any], Any] | None, shared_axes: tuple[int, ...]
    ) -> None:
        self.layer, self.x, self.backward, self.shared_axes = layer, x, backward, shared_axes
        self.values = _array(x)
        self.modified = False

    # ------------------------------------------------------------ calls

    def ratio(self, training: bool, layer: Any = None) -> np.ndarray:
        """Return output / input of one forward pass."""
        return self.output(training, layer) / self.values

    def output(self, training: bool, layer: Any = None) -> np.ndarray:
        layer = self.layer if layer is None else layer
        given = self.x.detach().clone() if is_tensor(self.x) else np.array(self.x)
        value = call("layer", _forward(layer, training), given)
        out = self._checked(value)
        in_place = getattr(layer, "inplace", False) is True  # torch's own way to say that it is meant
        self.modified |= not in_place and not np.array_equal(_array(given), self.values)
        return out

    def _checked(self, value: Any) -> np.ndarray:
        try:
            out = _array(value)
        except (TypeError, ValueError) as error:
            raise Raised("layer", TypeError(f"the layer returned {type(value).__name__}")) from error
        if out.shape != self.values.shape:
            raise _WrongShape(out.shape)
        return out

    def gradient(self, training: bool) -> tuple[np.ndarray, np.ndarray] | None:
        """Return (mask, gradient of the sum) of one forward and backward pass, None without a backward."""
        if is_module(self.layer) or (is_tensor(self.x) and self.backward is None):
            x = self.x.detach().clone().requires_grad_(True)
            out = call(
                "layer", _forward(self.layer, training), x * 1
            )  # no leaf, for layers that work in place
            if not out.requires_grad:
                return self._checked(out) / self.values, np.zeros(self.values.shape)
            call("backward", out.sum().backward)
            grad = np.zeros(self.values.shape) if x.grad is None else _array(x.grad)
            return self._checked(out) / self.values, grad
        back = self.backward or getattr(self.layer, "backward", None)
        if back is None:
            return None
        mask = self.ratio(training)
        ones = self.x * 0 + 1
        return mask, self._checked(call("backward", back, ones))

    # ------------------------------------------------------------ the report

    def report(self, p: float, edges: Callable[[float], Any] | None) -> Report:
        words = checked("dropout", count=self.values.size)
        try:
            train, again = self.ratio(True), self.ratio(True)
            evaluation = self.ratio(False)
        except _WrongShape as wrong:
            error = f"{wrong.args[0]} for an input of {self.values.shape}"
            return Report("dropout", (finding("dropout", "wrong_shape", error=error),), words)
        if not np.isfinite([train, again, evaluation]).all():
            return Report(
                "dropout", (finding("dropout", "not_finite", what="output", value=float("nan")),), words
            )
        findings: list[Finding] = []
        remarks: list[Finding] = []
        if self.modified:
            findings.append(finding("dropout", "input_modified", evidence="x differs after the call"))
        scale, form = self._forms(train, evaluation, p, findings)
        if form == "classical":
            remarks.append(finding("dropout", "classical_form", keep=1 - p, right=1 / (1 - p)))
        if scale is not None:
            self._rates(train, again, p, findings)
            self._patterns(train, again, findings)
            self._backward(findings, remarks)
        if edges is not None:
            self._edges(edges, findings)
        measured = {"form": form, "rate": float(np.mean(train == 0)), "scale": scale}
        return Report("dropout", tuple(findings), words, measured, tuple(remarks))

    def _forms(
        self, train: np.ndarray, evaluation: np.ndarray, p: float, findings: list[Finding]
    ) -> tuple[float | None, str]:
        """Scale of the kept entries in training and of all entries in evaluation; (None, ...) for no mask."""
        kept = train[train != 0]
        if not kept.size:
            findings.append(finding("dropout", "all_dropped", count=train.size))
            return None, "unknown"
        scale = float(np.median(kept))
        if np.ptp(kept) > 1e-4 * abs(scale):
            findings.append(_between("not_a_mask", kept))
            return None, "unknown"
        if np.any(evaluation == 0) and np.any(evaluation != 0):
            findings.append(
                finding("dropout", "training_flag_ignored", share=float(np.mean(evaluation == 0)))
            )
            evaluation = np.ones_like(evaluation)  # the scale is that of training
        if np.ptp(evaluation) > 1e-4:
            findings.append(_between("evaluation_changes_input", evaluation))
            return scale, "unknown"
        rate = float(np.mean(train == 0))
        if rate == 0:
            findings.append(finding("dropout", "nothing_dropped", scale=scale))
            return None, "unknown"
        return scale, self._scales(scale, float(np.median(evaluation)), p, findings)

    def _scales(self, train: float, evaluation: float, p: float, findings: list[Finding]) -> str:
        keep = 1 - p

        def near(value: float, target: float) -> bool:
            return abs(value - target) <= 1e-4 * target

        values = {"train": train, "evaluation": evaluation, "right": 1 / keep, "keep": keep}
        if near(train, 1 / keep) and near(evaluation, 1):
            return "inverted"
        if near(train, 1) and near(evaluation, keep):
            return "classical"
        if near(train, 1) and near(evaluation, 1):
            cause = "no_scaling"
        elif near(train, 1 / p) and near(evaluation, 1):
            cause = "scaled_by_p"
        elif near(train, keep) and near(evaluation, 1):
            cause = "scaled_by_keep"
        elif near(train, 1 / keep) and near(evaluation, keep):
            cause = "scaled_twice"
        elif near(train, 1 / keep) or near(train, 1):
            cause = "scaled_in_evaluation"
        else:
            cause = "scaled"
        findings.append(finding("dropout", cause, **values))
        return "unknown"

    def _rates(self, train: np.ndarray, again: np.ndarray, p: float, findings: list[Finding]) -> None:
        """z tests of the rate, on one draw and, when it is near or beyond the limit, on a second one."""
        first, second = self._rate(train, p), self._rate(again, p)
        if min(abs(first[1]), abs(second[1])) <= 4 or first[1] * second[1] < 0:
            return
        if self._rate(train, 1 - p)[1] ** 2 < 16 or self._rate(again, 1 - p)[1] ** 2 < 16:
            findings[:] = [found for found in findings if found.cause != "scaled_by_p"]
            findings.append(finding("dropout", "keep_drop_swapped", rate=first[0], p=p, z=first[1]))
        else:
            kept, units = 1 - first[0], train.size
            scale = float(np.median(train[train != 0]))
            if abs(1 / scale - kept) < 5 * np.sqrt(kept * (1 - kept) / units):  # right for the rate it has
                findings[:] = [found for found in findings if found.cause != "scaled"]
            findings.append(finding("dropout", "wrong_rate", rate=first[0], p=p, z=first[1]))

    def _rate(self, mask: np.ndarray, p: float) -> tuple[float, float]:
        """Return the share of dropped entries and its z; entries that share a mask by design count once."""
        dropped = mask == 0
        for axis in self.shared_axes:
            dropped = np.take(dropped, [0], axis=axis)
        units = self._units(dropped)
        rate = float(units.mean())
        return rate, (rate - p) / np.sqrt(p * (1 - p) / units.size)

    def _units(self, dropped: np.ndarray) -> np.ndarray:
        """Return the entries that are drawn on their own: of rows that are all alike only the first."""
        for axis in range(dropped.ndim):
            first = np.take(dropped, [0], axis=axis)
            if dropped.shape[axis] > 1 and np.all(dropped == first):
                dropped = first
        return dropped

    def _patterns(self, train: np.ndarray, again: np.ndarray, findings: list[Finding]) -> None:
        dropped = train == 0
        if np.array_equal(dropped, again == 0):
            findings.append(finding("dropout", "same_mask_every_call", count=int(dropped.sum())))
        for axis in self.shared_axes:
            if not np.all(dropped == np.take(dropped, [0], axis=axis)):
                findings.append(finding("dropout", "mask_not_shared", axis=axis))
        counts = dropped.reshape(len(dropped), -1).sum(axis=1)
        if len(counts) >= 20 and np.ptp(counts) == 0 and not np.all(dropped == dropped[:1]):
            findings.append(finding("dropout", "fixed_count", count=int(counts[0]), size=dropped[0].size))
        for axis in range(dropped.ndim):
            if axis in self.shared_axes or dropped.shape[axis] < 2:
                continue
            if np.all(dropped == np.take(dropped, [0], axis=axis)):
                rows = axis != 0 and dropped.ndim == 2
                cause = "mask_shared_in_batch" if axis == 0 else "mask_of_rows" if rows else "mask_shared"
                findings.append(finding("dropout", cause, axis=axis, size=dropped.shape[axis]))

    def _backward(self, findings: list[Finding], remarks: list[Finding]) -> None:
        for training in (True, False):
            pair = self.gradient(training)
            if pair is None:
                return
            mask, grad = pair
            if np.abs(mask - grad).max() <= 1e-4 * max(1.0, np.abs(mask).max()):
                continue
            place = np.unravel_index(int(np.argmax(np.abs(mask - grad))), mask.shape)
            values = {"mask": float(mask[place]), "grad": float(grad[place])}
            same = np.array_equal(mask == 0, grad == 0)
            if not training:
                remarks.append(finding("dropout", "backward_in_evaluation", **values))
            else:
                cause = "backward_not_scaled" if same else "backward_other_mask"
                findings.append(finding("dropout", cause, **values))

    def _edges(self, edges: Callable[[float], Any], findings: list[Finding]) -> None:
        for p, cause, wanted in ((0.0, "edge_p0", 1.0), (1.0, "edge_p1", 0.0)):
            try:
                layer = call("edges", edges, p)
                out = self.output(True, layer)
                right = bool(np.all(np.abs(out - wanted * self.values) <= 1e-5 * np.abs(self.values)))
                said = f"{out.flat[0]:.4g} for an input of {self.values.flat[0]:.4g}"
            except (Raised, _WrongShape) as what:
                right, said = False, repr(getattr(what, "error", what))
            if not right:
                findings.append(finding("dropout", cause, said=said))


def _between(cause: str, ratios: np.ndarray) -> Finding:
    return finding("dropout", cause, low=float(ratios.min()), high=float(ratios.max()))


class _WrongShape(Exception):
    """The output does not have the shape of the input."""


def _forward(layer: Any, training: bool) -> Callable[[Any], Any]:
    if is_module(layer):
        layer.train(training)
        return layer
    if hasattr(layer, "forward"):
        return lambda x: layer.forward(x, training)
    return lambda x: layer(x, training)
