"""The figures of the course: one look, alternative text required, every figure that is drawn more than once.

Functions that draw return a matplotlib figure; :func:`show` puts it into the notebook. Importing the module
gives all figures the look of the course::

    from course_lib import plots
    fig = plots.coefficient_path(lams, coefs, names)
    plots.show(fig, alt="Line chart. Horizontal: λ from ... to ..., logarithmic. ...")
"""

from course_lib.plots.display import show, slider
from course_lib.plots.figures import (
    coefficient_bars,
    coefficient_path,
    contours,
    error_bars,
    loss_curves,
    validation_curve,
)
from course_lib.plots.style import styles, use_course_style

__all__ = [
    "coefficient_bars",
    "coefficient_path",
    "contours",
    "error_bars",
    "loss_curves",
    "show",
    "slider",
    "styles",
    "use_course_style",
    "validation_curve",
]

use_course_style()
