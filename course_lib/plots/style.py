"""One look for all figures: colours, line styles, markers, sizes.

Colours are those of Okabe and Ito without yellow, which is hard to see on white. A line style and a marker go
with each, so nothing depends on colour alone.
"""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
from cycler import cycler

from course_lib import validation

__all__ = ["COLOURS", "GREY", "HATCHES", "LINES", "MARKERS", "styles", "use_course_style"]

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#E69F00", "#56B4E9")
LINES = ("solid", "dashed", "dashdot", "dotted")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")
HATCHES = ("", "///", "...", "xxx", "\\\\\\", "ooo")
GREY = "#595959"
DPI = 96


def styles(k: int) -> list[dict[str, Any]]:
    """Return ``k`` different looks: color, linestyle and marker, for ``Axes.plot(..., **look)``."""
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
