"""The figures of the course: one look, alt text required, every figure that is drawn more than once.

Colours are those of Okabe and Ito without yellow, which is hard to see on white; a line style and a marker go
with each, so nothing depends on colour alone. Functions that draw return a figure; :func:`show` puts it into the
notebook. Needs matplotlib only; :func:`slider` also ipywidgets.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_lib import validation

__all__ = [
    "show",
    "slider",
    "styles",
    "use_course_style",
]

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#E69F00", "#56B4E9")
LINES = ("solid", "dashed", "dashdot", "dotted")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")
HATCHES = ("", "///", "...", "xxx", "\\\\\\", "ooo")
GREY = "#595959"
DPI = 96
MIN_ALT = 40


def styles(k: int) -> list[dict[str, Any]]:
    """Return ``k`` different looks: dicts with color, linestyle and marker, for ``Axes.plot(..., **look)``."""
    k = validation.positive_int(k, "k")
    if k > 252:  # 7 * 4 * 9: from here on the looks repeat
        raise ValueError(f"k must be <= 252, got {k}.")
    return [{"color": COLOURS[i % 7], "linestyle": LINES[i % 4], "marker": MARKERS[i % 9]} for i in range(k)]


def use_course_style() -> None:
    """Give every figure drawn from now on the look of the course; importing this module does it once."""
    looks = styles(7)
    mpl.rcParams.update(
        {
            "figure.figsize": (7.0, 4.0),
            "figure.dpi": DPI,
            "savefig.dpi": DPI,
            "figure.constrained_layout.use": True,
            "font.size": 11,
            "axes.titlesize": 12,
            "axes.labelsize": 11,
            "xtick.labelsize": 10,
            "ytick.labelsize": 10,
            "legend.fontsize": 10,
            "legend.frameon": False,
            "legend.handlelength": 3.0,
            "lines.linewidth": 2.0,
            "lines.markersize": 5.0,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "grid.color": "#e0e0e0",
            "axes.axisbelow": True,
            "axes.prop_cycle": cycler(color=[look["color"] for look in looks])
            + cycler(linestyle=(list(LINES) * 2)[:7]),
        }
    )


def show(fig: Figure, alt: str) -> None:
    """Display a figure with its alternative text and close it.

    Parameters
    ----------
    fig : matplotlib Figure
    alt : str
        What a reader who does not see the figure needs: type, axes with their ranges, what is to be seen. At
        least 40 characters.

    Raises
    ------
    TypeError
        If ``fig`` is not a figure or ``alt`` not a string.
    ValueError
        If ``alt`` is shorter.
    """
    alt = _checked_alt(alt)
    data = {"image/png": _base64(_png(fig)), "text/plain": _plain(alt)}
    _publish(data, {"image/png": {"alt": alt}})


def slider(
    draw: Callable[[Any], Figure],
    values: Sequence[Any],
    *,
    label: str,
    alt: str | Callable[[Any], str],
    fallback: str,
    start: int = 0,
    names: Sequence[str] | None = None,
) -> None:
    """Display a figure that follows a slider; where no kernel runs, the first figure and a sentence stay.

    Parameters
    ----------
    draw : callable
        ``draw(value)`` returns the figure of one value.
    values : sequence
        The positions of the slider.
    label : str
        What the slider sets, such as "λ".
    alt : str or callable
        Alternative text of the figure, or a function of the value that returns it.
    fallback : str
        What the reader would see by moving the slider, for those who cannot move it.
    start : int, default=0
        Index of the value drawn first.
    names : sequence of str, default=None
        How the values are written on the slider; by default with three significant digits.
    """
    values = list(values)
    if not values:
        raise ValueError("values must not be empty.")
    if not fallback.strip():
        raise ValueError("fallback must say in words what the slider shows.")
    alt_of = alt if callable(alt) else lambda value: alt
    shown = list(names) if names is not None else [_short(value) for value in values]
    first_alt = _checked_alt(alt_of(values[start]))
    first_png = _base64(_png(draw(values[start])))
    data: dict[str, Any] = {"text/plain": fallback.strip(), "image/png": first_png}
    if _in_kernel():
        widget = _slider_widget(draw, values, shown, label, alt_of, start, _image_tag(first_png, first_alt))
        data["application/vnd.jupyter.widget-view+json"] = {
            "version_major": 2,
            "version_minor": 0,
            "model_id": widget.model_id,
        }
    _publish(data, {"image/png": {"alt": first_alt}})


def _slider_widget(
    draw: Callable[[Any], Figure],
    values: list[Any],
    shown: list[str],
    label: str,
    alt_of: Callable[[Any], str],
    start: int,
    first: str,
) -> Any:
    """Return the slider above its picture, an HTML widget because an Image widget has no alt text."""
    import ipywidgets as widgets

    control = widgets.SelectionSlider(
        options=list(zip(shown, range(len(values)), strict=True)),
        value=range(len(values))[start],
        description=label,
        continuous_update=True,
        layout=widgets.Layout(width="95%", max_width="640px"),
    )
    picture = widgets.HTML(first)

    def redraw(change: dict[str, Any]) -> None:
        value = values[change["new"]]
        picture.value = _image_tag(_base64(_png(draw(value))), _checked_alt(alt_of(value)))

    control.observe(redraw, names="value")
    return widgets.VBox([control, picture])


def _image_tag(png: str, alt: str) -> str:
    return f'<img style="max-width:100%" alt="{html.escape(alt)}" src="data:image/png;base64,{png}">'


def _publish(data: dict[str, Any], metadata: dict[str, Any]) -> None:
    """Display a bundle of formats; outside IPython there is only the text to print."""
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.display import display

    if InteractiveShell.initialized():
        display(data, metadata=metadata, raw=True)
    else:
        print(data["text/plain"])


def _in_kernel() -> bool:
    from IPython.core.getipython import get_ipython

    return getattr(get_ipython(), "kernel", None) is not None


def _png(fig: Figure) -> bytes:
    """Return the figure as PNG without date or version, and close it."""
    if not isinstance(fig, Figure):
        raise TypeError(f"fig must be a matplotlib Figure, got {type(fig).__name__}.")
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", metadata={"Software": None}, pil_kwargs={"optimize": True})
    plt.close(fig)
    return buffer.getvalue()


def _base64(png: bytes) -> str:
    return base64.b64encode(png).decode("ascii")


def _checked_alt(alt: str) -> str:
    if not isinstance(alt, str):
        raise TypeError(f"alt must be a string, got {type(alt).__name__}.")
    alt = " ".join(alt.split())
    if len(alt) < MIN_ALT:
        raise ValueError(
            f"alt must describe the figure in at least {MIN_ALT} characters (type, axes, range, what it shows), "
            f"got {alt!r}."
        )
    return alt


def _plain(alt: str) -> str:
    words = alt.split()
    return f"<Figure: {' '.join(words[:8])}{' ...' if len(words) > 8 else ''}>"


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


use_course_style()
