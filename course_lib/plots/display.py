"""Put figures into a notebook, with alternative text; :func:`slider` also follows a control."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

__all__ = ["MIN_ALT", "show", "slider"]

MIN_ALT = 40


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
    if len(shown) != len(values):
        raise ValueError(f"names must have {len(values)} entries, one for each value, got {len(shown)}.")
    if not 0 <= start < len(values):
        raise ValueError(f"start must be an index from 0 to {len(values) - 1}, got {start}.")
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
        value=start,
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
            f"alt must describe the figure in at least {MIN_ALT} characters (type, axes, range, what it "
            f"shows), got {alt!r}."
        )
    return alt


def _plain(alt: str) -> str:
    words = alt.split()
    return f"<Figure: {' '.join(words[:8])}{' ...' if len(words) > 8 else ''}>"


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
