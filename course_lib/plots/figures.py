"""The figures that the course draws more than once. Each function takes arrays and returns a figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from course_lib import validation
from course_lib.plots.style import COLOURS, GREY, HATCHES, styles

__all__ = [
    "coefficient_bars",
    "coefficient_path",
    "contours",
    "error_bars",
    "loss_curves",
    "validation_curve",
]

MAX_LABELS = 14  # as many names as fit beside the axes without touching


def coefficient_path(
    lams: Any,
    coefs: Any,
    names: Sequence[str] | None = None,
    *,
    chosen: float | None = None,
    ylabel: str = "coefficient",
) -> Figure:
    """Draw each coefficient against λ, with its name at the end of its line where λ is smallest.

    Parameters
    ----------
    lams : array-like of shape (n_lams,)
        Strengths > 0, in any order; the axis is logarithmic.
    coefs : array-like of shape (n_features, n_lams)
    names : sequence of str, default=None
        One per feature; w₁, w₂, ... if omitted. Of more than 14 features the largest are named, the others
        grey.
    chosen : float, default=None
        Marks this λ with a vertical line.
    ylabel : str, default="coefficient"

    Returns
    -------
    matplotlib Figure
    """
    lams, coefs = validation.vector(lams, "lams"), validation.matrix(coefs, "coefs")
    _agree(coefs.shape[1], lams.size, "coefs", "columns", "lams")
    if lams.min() <= 0:
        raise ValueError(f"lams must be > 0 on a logarithmic axis, got {lams.min()}.")
    names = _names(names, coefs.shape[0])
    order = np.argsort(lams)
    lams, coefs = lams[order], coefs[:, order]
    named = np.argsort(-np.abs(coefs).max(axis=1), kind="stable")[:MAX_LABELS]

    fig, ax = plt.subplots(figsize=(7, 4.6))
    looks = styles(len(named))
    for j in np.setdiff1d(np.arange(len(names)), named):
        ax.plot(lams, coefs[j], color="#b0b0b0", linewidth=1, linestyle="solid")
    for look, j in zip(looks, named, strict=True):
        ax.plot(lams, coefs[j], color=look["color"], linestyle=look["linestyle"], label=names[j])
    ax.axhline(0, color=GREY, linewidth=0.8, linestyle="solid")
    ax.set(xscale="log", xlabel="λ (logarithmic)", ylabel=ylabel)
    _label_ends(ax, lams, coefs[named, 0], [names[j] for j in named], [look["color"] for look in looks])
    if chosen is not None:
        _mark(ax, validation.positive(chosen, "chosen"))
    return fig


def validation_curve(
    x: Any,
    train: Any,
    valid: Any,
    *,
    xlabel: str,
    ylabel: str = "mean squared error",
    log: bool = False,
    chosen: float | None = None,
    repeats: str = "repeats",
) -> Figure:
    """Draw training and validation error against a strength, a complexity or a sample size.

    With repeats the lines are means and the bands reach one standard error (standard deviation / √repeats) to
    each side; the legend says so.

    Parameters
    ----------
    x : array-like of shape (n_values,)
    train, valid : array-like of shape (n_values,) or (n_values, n_repeats)
    xlabel : str
    ylabel : str, default="mean squared error"
    log : bool, default=False
        Logarithmic horizontal axis.
    chosen : float, default=None
        Marks this x with a vertical line.
    repeats : str, default="repeats"
        What the repeats are, for the legend: "fresh draws", "folds".

    Returns
    -------
    matplotlib Figure
    """
    x = validation.vector(x, "x")
    fig, ax = plt.subplots()
    for look, (name, values) in zip(styles(2), {"training": train, "validation": valid}.items(), strict=True):
        mean, se, label = _summary(values, name, x.size, repeats)
        ax.plot(x, mean, **look, label=label)
        if se is not None:
            ax.fill_between(x, mean - se, mean + se, color=look["color"], alpha=0.25, linewidth=0)
    ax.set(xlabel=xlabel, ylabel=ylabel, xscale="log" if log else "linear")
    if chosen is not None:
        _mark(ax, validation.number(chosen, "chosen"))
    fig.legend(loc="outside upper left", ncols=2)
    return fig


def loss_curves(
    history: Mapping[str, Any],
    *,
    xlabel: str = "epoch",
    ylabel: str = "loss",
    log: bool = False,
    start: int = 1,
) -> Figure:
    """Draw losses against the epoch (or iteration), one line for each entry of ``history``.

    Parameters
    ----------
    history : mapping from str to array-like of shape (n_epochs,)
        Lengths may differ. NaN and infinite entries (a run that diverged) leave a gap.
    xlabel, ylabel : str
    log : bool, default=False
        Logarithmic vertical axis.
    start : int, default=1
        Number of the first entry.

    Returns
    -------
    matplotlib Figure
    """
    if not history:
        raise ValueError("history must hold at least one curve.")
    fig, ax = plt.subplots()
    for look, (name, values) in zip(styles(len(history)), history.items(), strict=True):
        curve = np.atleast_1d(np.asarray(values, dtype=float))
        every = max(1, curve.size // 10)  # about ten markers a line, whatever its length
        curve = np.where(np.isfinite(curve), curve, np.nan)
        ax.plot(np.arange(start, start + curve.size), curve, **look, markevery=every, label=name)
    ax.set(xlabel=xlabel, ylabel=ylabel, yscale="log" if log else "linear")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    fig.legend(loc="outside upper left", ncols=min(3, len(history)))
    return fig


def error_bars(
    labels: Sequence[str],
    means: Any,
    ses: Any,
    *,
    xlabel: str,
    baseline: float | None = None,
    baseline_label: str = "baseline",
) -> Figure:
    """Draw one mean ± one standard error a row, the first label on top.

    Parameters
    ----------
    labels : sequence of str
    means, ses : array-like of shape (len(labels),)
        ``ses`` >= 0.
    xlabel : str
        The axis label gains "(mean ± 1 standard error)".
    baseline : float, default=None
        Value of a vertical line to compare with, named by ``baseline_label``.

    Returns
    -------
    matplotlib Figure
    """
    k = len(labels)
    means, ses = validation.vector(means, "means", length=k), validation.vector(ses, "ses", length=k)
    if ses.min() < 0:
        raise ValueError(f"ses must be >= 0, got {ses.min()}.")
    fig, ax = plt.subplots(figsize=(7, 1.2 + 0.42 * k))
    rows = np.arange(k)
    for look, row in zip(styles(k), rows, strict=True):
        ax.errorbar(
            means[row],
            row,
            xerr=ses[row],
            color=look["color"],
            marker=look["marker"],
            markersize=7,
            linestyle="none",
            elinewidth=2,
            capsize=4,
        )
    if baseline is not None:
        ax.axvline(
            validation.number(baseline, "baseline"), color=GREY, linestyle="dashed", label=baseline_label
        )
        fig.legend(loc="outside upper right")
    ax.set_yticks(rows, list(labels))
    ax.set(ylim=(k - 0.5, -0.5), xlabel=f"{xlabel} (mean ± 1 standard error)")
    ax.grid(axis="y", visible=False)
    return fig


def coefficient_bars(
    names: Sequence[str], coefs: Mapping[str, Any], *, xlabel: str = "coefficient"
) -> Figure:
    """Draw the coefficients of one or more models side by side, a group of bars for each feature.

    Parameters
    ----------
    names : sequence of str
        Features, the first on top.
    coefs : mapping from str to array-like of shape (len(names),)
        Model name to coefficients; up to six models, told apart by colour and hatching.
    xlabel : str, default="coefficient"

    Returns
    -------
    matplotlib Figure
    """
    d, k = len(names), len(coefs)
    if not 1 <= k <= len(HATCHES):
        raise ValueError(f"coefs must hold 1 to {len(HATCHES)} models, got {k}.")
    fig, ax = plt.subplots(figsize=(7, 1.2 + d * (0.16 + 0.17 * k)))
    height = 0.8 / k
    for i, (model, values) in enumerate(coefs.items()):
        rows = np.arange(d) - 0.4 + (i + 0.5) * height
        bars = validation.vector(values, f"coefs[{model!r}]", length=d)
        ax.barh(rows, bars, height, color=COLOURS[i], hatch=HATCHES[i], edgecolor="white", label=model)
    ax.axvline(0, color=GREY, linewidth=0.8)
    ax.set_yticks(np.arange(d), list(names))
    ax.set(ylim=(d - 0.4, -0.6), xlabel=xlabel)
    ax.grid(axis="y", visible=False)
    if k > 1:
        fig.legend(loc="outside upper left", ncols=min(3, k))
    return fig


def contours(
    hessian: Any,
    minimum: Any,
    radius: float,
    *,
    l1_ratio: float = 0.0,
    names: tuple[str, str] = ("w₁", "w₂"),
) -> Figure:
    """Draw the contours of a quadratic loss in two weights, a penalty ball, and where they first touch.

    The loss is ½ (w - ŵ)ᵀ H (w - ŵ). The ball is the set of all w with
    ``l1_ratio * ||w||_1 + (1 - l1_ratio)/2 * ||w||²`` at most its value at (radius, 0): a disc for 0, a
    diamond for 1. The loss is smallest on the ball at the marked point; one of the contours
    passes through it.

    Parameters
    ----------
    hessian : array-like of shape (2, 2)
        Symmetric and positive definite: XᵀX/n.
    minimum : array-like of shape (2,)
        The unpenalised solution ŵ.
    radius : float
        Where the ball crosses the axes.
    l1_ratio : float, default=0.0
    names : pair of str

    Returns
    -------
    matplotlib Figure
    """
    H, centre = validation.matrix(hessian, "hessian"), validation.vector(minimum, "minimum", length=2)
    if H.shape != (2, 2) or not np.allclose(H, H.T) or np.linalg.eigvalsh(H).min() <= 0:
        raise ValueError("hessian must be a symmetric positive definite 2 x 2 matrix.")
    radius, l1_ratio = validation.positive(radius, "radius"), validation.share(l1_ratio)
    edge = _ball(radius, l1_ratio)
    touch = _touching_point(H, centre, radius, l1_ratio, edge)

    fig, ax = plt.subplots(figsize=(7, 5.6))
    points = np.vstack([edge.T, [centre], [(0, 0)]])
    margin = 0.25 * np.ptp(points, axis=0).max()
    (x0, y0), (x1, y1) = points.min(axis=0) - margin, points.max(axis=0) + margin
    grid = np.meshgrid(np.linspace(x0, x1, 201), np.linspace(y0, y1, 201))
    height = _quadratic(H, centre, np.stack([axis.ravel() for axis in grid])).reshape(grid[0].shape)
    scale = np.array([0.1, 0.4, 1.0, 1.9, 3.1]) * (
        _quadratic(H, centre, touch[:, None])[0] or height.max() / 6
    )
    ax.contour(*grid, height, levels=scale, colors=COLOURS[0], linewidths=1.2, linestyles="solid")
    ax.fill(*edge, facecolor="#f4d9c6", edgecolor=COLOURS[1], linewidth=2, label=_ball_name(l1_ratio))
    ax.axhline(0, color=GREY, linewidth=0.8)
    ax.axvline(0, color=GREY, linewidth=0.8)
    ax.plot(*centre, color=COLOURS[0], marker="P", markersize=9, linestyle="none", label="least loss")
    ax.plot(*touch, color="black", marker="o", markersize=8, linestyle="none", label="least loss on the ball")
    ax.plot([], [], color=COLOURS[0], linewidth=1.2, label="contours of the loss")
    ax.set(xlabel=names[0], ylabel=names[1], xlim=(x0, x1), ylim=(y0, y1), aspect="equal")
    fig.legend(loc="outside upper center", ncols=2)
    return fig


def _ball(radius: float, l1_ratio: float) -> np.ndarray:
    """Return the edge of the ball, shape (2, 721); the corners on the axes are among the points."""
    angle = np.linspace(0, 2 * np.pi, 721)
    direction = np.stack([np.cos(angle), np.sin(angle)])
    return direction * _reach(direction, radius, l1_ratio)


def _reach(direction: np.ndarray, radius: float, l1_ratio: float) -> np.ndarray:
    """Return how far the ball reaches along unit vectors: the root s of a s + b s² = budget."""
    budget = l1_ratio * radius + (1 - l1_ratio) / 2 * radius**2
    a, b = l1_ratio * np.abs(direction).sum(axis=0), (1 - l1_ratio) / 2
    return 2 * budget / (a + np.sqrt(a**2 + 4 * b * budget))


def _touching_point(
    H: np.ndarray, centre: np.ndarray, radius: float, l1_ratio: float, edge: np.ndarray
) -> np.ndarray:
    """Return the point of the ball with the least loss: ŵ if inside, else on the edge (grid search)."""
    length = np.linalg.norm(centre)
    if length == 0 or length <= _reach(centre[:, None] / length, radius, l1_ratio)[0]:
        return centre
    coarse = int(np.argmin(_quadratic(H, centre, edge)))
    angle = np.linspace(-1, 1, 2001) * (2 * np.pi / 720) + coarse * 2 * np.pi / 720
    direction = np.stack([np.cos(angle), np.sin(angle)])
    fine = direction * _reach(direction, radius, l1_ratio)
    best = fine[:, int(np.argmin(_quadratic(H, centre, fine)))]
    return np.where(np.abs(best) < 1e-12 * radius, 0.0, best)


def _quadratic(H: np.ndarray, centre: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Return ½ (w - ŵ)ᵀ H (w - ŵ) for each column of w."""
    away = w - centre[:, None]
    return 0.5 * np.einsum("ik,ij,jk->k", away, H, away)


def _ball_name(l1_ratio: float) -> str:
    return {0.0: "L2 ball", 1.0: "L1 ball"}.get(l1_ratio, f"elastic net ball, ρ = {l1_ratio:g}")


def _summary(values: Any, name: str, size: int, repeats: str) -> tuple[np.ndarray, np.ndarray | None, str]:
    """Return mean, standard error (None without repeats) and legend text."""
    if np.ndim(values) == 1:
        return validation.vector(values, name, length=size), None, name
    table = validation.matrix(values, name)
    _agree(table.shape[0], size, name, "rows", "x")
    n = table.shape[1]
    if n == 1:
        return table[:, 0], None, name
    se = table.std(axis=1, ddof=1) / np.sqrt(n)
    return table.mean(axis=1), se, f"{name} (mean ± 1 SE, {n} {repeats})"


def _label_ends(ax: Axes, lams: np.ndarray, ends: np.ndarray, names: list[str], colours: list[str]) -> None:
    """Write the names left of the lines' ends, moved apart where they would touch, with thin leaders."""
    low, high = np.log10(lams[0]), np.log10(lams[-1])
    span = max(high - low, 0.1)
    reach = 0.05 + 0.018 * max(len(name) for name in names)
    ax.set_xlim(10 ** (low - reach * span), 10 ** (high + 0.02 * span))
    bottom, top = ax.get_ylim()
    gap = 0.058 * (top - bottom)  # a line of 10 pt text in axes about 3.6 in high
    at = spread(ends, gap)
    ax.set_ylim(min(bottom, at.min() - gap), max(top, at.max() + gap))
    for name, colour, end, y in zip(names, colours, ends, at, strict=True):
        ax.annotate(
            name,
            xy=(lams[0], end),
            xytext=(10 ** (low - 0.03 * span), y),
            ha="right",
            va="center",
            fontsize=10,
            color=colour,
            arrowprops={
                "arrowstyle": "-",
                "color": colour,
                "linewidth": 0.8,
                "shrinkA": 1,
                "shrinkB": 0,
                "relpos": (1, 0.5),
            },
        )


def spread(wanted: np.ndarray, gap: float) -> np.ndarray:
    """Return the positions nearest to ``wanted`` (least squares, same order), at least ``gap`` apart.

    With the i-th smallest moved down by i·gap this is isotonic regression: pool adjacent violators.
    """
    order = np.argsort(wanted, kind="stable")
    blocks: list[tuple[float, int]] = []
    for value in wanted[order] - gap * np.arange(wanted.size):
        mean, size = float(value), 1
        while blocks and blocks[-1][0] > mean:
            before, count = blocks.pop()
            mean, size = (before * count + mean * size) / (count + size), count + size
        blocks.append((mean, size))
    placed = np.concatenate([np.full(size, mean) for mean, size in blocks]) + gap * np.arange(wanted.size)
    result = np.empty_like(placed)
    result[order] = placed
    return result


def _mark(ax: Axes, x: float) -> None:
    """Draw a vertical line at the chosen value and say which it is."""
    ax.axvline(x, color=GREY, linestyle="dotted", linewidth=1.5)
    ax.annotate(
        f"chosen: {x:.3g}",
        xy=(x, 1),
        xycoords=("data", "axes fraction"),
        xytext=(4, -2),
        textcoords="offset points",
        ha="left",
        va="top",
        fontsize=10,
        color=GREY,
    )


def _names(names: Sequence[str] | None, d: int) -> list[str]:
    if names is None:
        return [f"$w_{{{j + 1}}}$" for j in range(d)]
    _agree(len(names), d, "names", "entries", "rows of coefs")
    return list(names)


def _agree(got: int, wanted: int, name: str, what: str, other: str) -> None:
    if got != wanted:
        raise ValueError(f"{name} must have as many {what} as {other} has entries ({wanted}), got {got}.")
