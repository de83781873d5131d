"""Figures: what is drawn, how it is told apart, its alternative text. No pixels are compared."""

from __future__ import annotations

import base64
import re
import struct
from itertools import pairwise

import matplotlib as mpl
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbclient import NotebookClient

from course_lib import plots
from course_lib.plots import display, figures, style

mpl.use("Agg")

ALT = "Line chart. Horizontal: x from 0 to 1. Vertical: y from 0 to 2. The line rises."


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    plt.close("all")
    yield
    plt.close("all")


def line_figure():
    fig, ax = plt.subplots()
    ax.plot([0, 1], [0, 2])
    return fig


def drawn(fig):
    """Lay the figure out, so that positions of texts are final, and return its only axes."""
    fig.canvas.draw()
    (ax,) = fig.axes
    return ax


def text_box(annotation):
    """Return the extent of the words alone, without the leader that belongs to the annotation."""
    return mpl.text.Text.get_window_extent(annotation)


def legend_texts(fig):
    return [text.get_text() for legend in fig.legends for text in legend.get_texts()]


def run_cells(*cells):
    """Run cells in a real kernel; return the last cell's outputs."""
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(nb, timeout=60, kernel_name="python3").execute()
    return nb.cells[-1].outputs


# --- the look


def contrast(colour: str) -> float:
    """Return the contrast ratio of a colour with white, as WCAG 2 defines it."""
    rgb = np.array(mpl.colors.to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return 1.05 / (linear @ [0.2126, 0.7152, 0.0722] + 0.05)


def test_styles_are_all_different_and_not_by_colour_alone():
    looks = plots.styles(252)
    assert len({tuple(look.values()) for look in looks}) == 252
    first = looks[:7]
    assert len({look["color"] for look in first}) == len({look["marker"] for look in first}) == 7
    assert all(a["linestyle"] != b["linestyle"] for a, b in pairwise(looks))
    for bad in (0, 253):
        with pytest.raises(ValueError, match="k must be"):
            plots.styles(bad)


def test_first_colours_stand_out_from_white_and_yellow_is_absent():
    assert all(contrast(colour) >= 2.9 for colour in style.COLOURS[:5])
    assert all(contrast(colour) >= 2.2 for colour in style.COLOURS)
    assert contrast(style.GREY) >= 4.5
    assert "#F0E442" not in style.COLOURS


def test_text_is_readable_at_full_size():
    ax = drawn(line_figure())
    assert mpl.rcParams["figure.figsize"][0] == 7
    assert min(label.get_fontsize() for label in [*ax.get_xticklabels(), ax.xaxis.label]) >= 10
    assert mpl.rcParams["legend.fontsize"] >= 10
    assert [cycle["linestyle"] for cycle in mpl.rcParams["axes.prop_cycle"]][:2] == ["solid", "dashed"]


# --- show


@pytest.mark.parametrize("alt", ["", "   ", "a plot", " x " * 10 + "\n" * 40, ALT[:39]])
def test_short_alt_is_refused(alt):
    with pytest.raises(ValueError, match="alt must describe the figure in at least 40 characters"):
        plots.show(line_figure(), alt)


def test_wrong_types_are_refused():
    with pytest.raises(TypeError, match="alt must be a string"):
        plots.show(line_figure(), None)
    with pytest.raises(TypeError, match="missing"):
        plots.show(line_figure())
    with pytest.raises(TypeError, match="fig must be a matplotlib Figure, got Axes"):
        plots.show(line_figure().axes[0], ALT)


def test_show_publishes_alt_and_closes(monkeypatch):
    published = []
    monkeypatch.setattr(display, "_publish", lambda data, metadata: published.append((data, metadata)))
    assert plots.show(line_figure(), "  " + ALT.replace(". ", ".\n ")) is None
    assert plt.get_fignums() == []
    ((data, metadata),) = published
    assert metadata == {"image/png": {"alt": ALT}}
    assert data["text/plain"] == "<Figure: Line chart. Horizontal: x from 0 to 1. ...>"
    png = base64.b64decode(data["image/png"])
    assert struct.unpack(">II", png[16:24]) == (672, 384)
    assert b"Software" not in png
    assert len(png) < 60_000


def test_show_outside_a_notebook_prints_one_line(capsys):
    plots.show(line_figure(), ALT)
    assert capsys.readouterr().out == "<Figure: Line chart. Horizontal: x from 0 to 1. ...>\n"


def test_show_in_a_kernel_makes_one_output_with_alt():
    outputs = run_cells(
        "import matplotlib.pyplot as plt\nfrom course_lib import plots\nfig, ax = plt.subplots()\n"
        f"_ = ax.plot([0, 1], [0, 2])\nplots.show(fig, alt={ALT!r})"
    )
    (output,) = outputs
    assert output.output_type == "display_data"
    assert output.metadata == {"image/png": {"alt": ALT}}
    assert sorted(output.data) == ["image/png", "text/plain"]
    assert base64.b64decode(output.data["image/png"]).startswith(b"\x89PNG")


# --- slider

SLIDER = f"""
import matplotlib.pyplot as plt
from course_lib import plots

def draw(value):
    fig, ax = plt.subplots(figsize=(3, 2))
    ax.plot([0, 1], [0, value])
    return fig

plots.slider(draw, [0.5, 1.0, 2.0], label="λ", alt=lambda v: f"{ALT} Slope {{v}}.",
             fallback="The slope grows.")
"""

MOVE = """
import gc
import ipywidgets as widgets
(box,) = [thing for thing in gc.get_objects() if isinstance(thing, widgets.VBox)]
control, picture = box.children
before = picture.value
control.index = 2
print(before != picture.value, "Slope 0.5." in before, "Slope 2.0." in picture.value, control.label)
print(control.description, list(control.options), plt.get_fignums())
"""


def test_slider_in_a_kernel_redraws_with_new_alt():
    (output,) = run_cells(SLIDER)
    assert output.data["text/plain"] == "The slope grows."
    assert output.metadata["image/png"]["alt"] == ALT + " Slope 0.5."
    assert "application/vnd.jupyter.widget-view+json" in output.data
    (printed,) = run_cells(SLIDER, MOVE)
    assert printed.text == ("True True True 2\nλ [('0.5', 0), ('1', 1), ('2', 2)] []\n")


def test_slider_outside_a_notebook_prints_the_fallback(capsys):
    plots.slider(lambda value: line_figure(), [1, 2], label="x", alt=ALT, fallback=" It moves. ")
    assert capsys.readouterr().out == "It moves.\n"
    assert plt.get_fignums() == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"values": []}, "values must not be empty"),
        ({"fallback": " "}, "fallback must say in words"),
        ({"alt": "short"}, "alt must describe"),
        ({"alt": lambda value: "short"}, "alt must describe"),
        ({"start": 2}, "start must be"),
        ({"names": ["one"]}, "names must have"),
    ],
)
def test_slider_arguments(change, words):
    given = {"values": [1, 2], "label": "x", "alt": ALT, "fallback": "It moves."} | change
    values = given.pop("values")
    with pytest.raises(ValueError, match=words):
        plots.slider(lambda value: line_figure(), values, **given)


# --- coefficient paths


LAMS = np.logspace(-2, 2, 30)
PATH = np.outer([3.0, 3.01, -1.0, 2.99], 1 / (1 + LAMS))


def test_path_draws_the_data_sorted_and_names_every_line_without_overlap():
    fig = plots.coefficient_path(LAMS[::-1], PATH[:, ::-1], ["age", "bmi", "bp", "s1"], chosen=1.0)
    ax = drawn(fig)
    assert ax.get_xscale() == "log"
    lines = {line.get_label(): line for line in ax.lines}
    for name, coefs in zip(["age", "bmi", "bp", "s1"], PATH, strict=True):
        np.testing.assert_allclose(lines[name].get_xdata(), LAMS)
        np.testing.assert_allclose(lines[name].get_ydata(), coefs)
    looks = {(lines[n].get_color(), lines[n].get_linestyle()) for n in ("age", "bmi", "bp", "s1")}
    assert len(looks) == 4
    texts = {text.get_text(): text for text in ax.texts}
    assert set(texts) == {"age", "bmi", "bp", "s1", "chosen: 1"}
    boxes = [text_box(texts[name]) for name in ("age", "bmi", "bp", "s1")]
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[i + 1 :])
        assert ax.get_window_extent().x0 <= box.x0 < box.x1 < ax.transData.transform((LAMS[0], 0))[0]
    assert all(texts[name].get_color() == lines[name].get_color() for name in ("age", "bmi", "bp", "s1"))


def test_path_of_many_features_names_the_largest():
    coefs = np.arange(1.0, 31.0)[:, None] / (1 + LAMS)
    ax = drawn(plots.coefficient_path(LAMS, coefs, [f"feature {j}" for j in range(30)]))
    assert {text.get_text() for text in ax.texts} == {f"feature {j}" for j in range(16, 30)}
    assert len(ax.lines) == 31
    boxes = [text_box(text) for text in ax.texts]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[i + 1 :])


def test_path_edge_cases():
    assert {text.get_text() for text in drawn(plots.coefficient_path([1.0], [[0.0], [0.0]])).texts} == {
        "$w_{1}$",
        "$w_{2}$",
    }
    for lams, coefs, words in (
        ([0.0, 1.0], np.ones((2, 2)), "lams must be > 0"),
        ([1.0, 2.0], np.ones((2, 3)), "coefs must have as many columns"),
    ):
        with pytest.raises(ValueError, match=words):
            plots.coefficient_path(lams, coefs)
    with pytest.raises(ValueError, match="names must have as many entries"):
        plots.coefficient_path(LAMS, PATH, ["a"])


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=12), st.floats(0.01, 10))
def test_spread_keeps_order_distance_and_what_is_already_apart(wanted, gap):
    wanted = np.array(wanted)
    order = np.argsort(wanted, kind="stable")
    placed = figures.spread(wanted, gap)
    assert (np.diff(placed[order]) >= gap * (1 - 1e-9) - 1e-9).all()
    assert abs(placed.mean() - wanted.mean()) < 1e-6  # least squares keeps the mean
    if wanted.size == 1 or np.diff(wanted[order]).min() >= gap:
        np.testing.assert_allclose(placed, wanted, atol=1e-9)


# --- the other figures


def test_validation_curve_draws_mean_and_standard_error():
    rng = np.random.default_rng(0)
    x = np.array([0.1, 1.0, 10.0])
    train, valid = rng.random((3, 25)), 1 + rng.random((3, 25))
    fig = plots.validation_curve(x, train, valid, xlabel="λ", log=True, repeats="fresh draws", chosen=1.0)
    ax = drawn(fig)
    assert legend_texts(fig) == [
        "training (mean ± 1 SE, 25 fresh draws)",
        "validation (mean ± 1 SE, 25 fresh draws)",
    ]
    for line, band, table in zip(ax.lines, ax.collections, (train, valid), strict=False):
        np.testing.assert_allclose(line.get_ydata(), table.mean(axis=1))
        edge = band.get_paths()[0].vertices
        for i, value in enumerate(x):
            ys = edge[np.isclose(edge[:, 0], value), 1]
            half = table[i].std(ddof=1) / 5
            np.testing.assert_allclose((ys.min(), ys.max()), table[i].mean() + np.array([-half, half]))
    assert ax.lines[0].get_linestyle() != ax.lines[1].get_linestyle()
    assert ax.lines[0].get_marker() != ax.lines[1].get_marker()
    assert (ax.get_xscale(), ax.get_xlabel(), ax.get_ylabel()) == ("log", "λ", "mean squared error")
    assert "chosen: 1" in [text.get_text() for text in ax.texts]


def test_validation_curve_without_repeats_claims_no_error_band():
    for values in ([1.0, 2.0], [[1.0], [2.0]]):
        fig = plots.validation_curve([1, 2], values, values, xlabel="degree")
        assert legend_texts(fig) == ["training", "validation"]
        assert not fig.axes[0].collections
    with pytest.raises(ValueError, match="training must have as many rows"):
        plots.validation_curve([1, 2], np.ones((3, 2)), np.ones((2, 2)), xlabel="degree")


def test_loss_curves():
    fig = plots.loss_curves({"training": [3.0, 2.0, 1.0], "diverged": [1.0, np.inf]}, log=True, start=0)
    ax = drawn(fig)
    assert legend_texts(fig) == ["training", "diverged"]
    assert ax.lines[0].get_xydata().tolist() == [[0, 3], [1, 2], [2, 1]]
    assert np.isnan(ax.lines[1].get_ydata()).tolist() == [False, True]
    assert ax.get_yscale() == "log"
    assert all(tick == round(tick) for tick in ax.get_xticks())
    with pytest.raises(ValueError, match="at least one curve"):
        plots.loss_curves({})


def test_error_bars_reach_one_standard_error():
    fig = plots.error_bars(["ridge", "lasso"], [2.0, 3.0], [0.5, 0.25], xlabel="test error", baseline=2.5)
    ax = drawn(fig)
    assert [bar.lines[0].get_xdata()[0] for bar in ax.containers] == [2, 3]
    ends = [bar.lines[2][0].get_segments()[0][:, 0].tolist() for bar in ax.containers]
    assert ends == [[1.5, 2.5], [2.75, 3.25]]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["ridge", "lasso"]
    assert ax.yaxis_inverted()
    assert ax.get_xlabel() == "test error (mean ± 1 standard error)"
    assert legend_texts(fig) == ["baseline"]
    with pytest.raises(ValueError, match="ses must be >= 0"):
        plots.error_bars(["a"], [1.0], [-1.0], xlabel="x")
    with pytest.raises(ValueError, match="ses must have 2 entries"):
        plots.error_bars(["a", "b"], [1.0, 2.0], [1.0], xlabel="x")


def test_coefficient_bars():
    fig = plots.coefficient_bars(["a", "b"], {"one": [1.0, -2.0], "two": [0.5, 0.0]})
    ax = drawn(fig)
    assert [[bar.get_width() for bar in group] for group in ax.containers] == [[1, -2], [0.5, 0]]
    assert len({group[0].get_hatch() for group in ax.containers}) == 2
    assert legend_texts(fig) == ["one", "two"]
    spans = sorted((bar.get_y(), bar.get_y() + bar.get_height()) for group in ax.containers for bar in group)
    assert all(before[1] <= after[0] + 1e-12 for before, after in pairwise(spans))
    assert legend_texts(plots.coefficient_bars(["a"], {"one": [1.0]})) == []
    with pytest.raises(ValueError, match="1 to 6 models, got 0"):
        plots.coefficient_bars(["a"], {})


def marked_point(fig):
    (line,) = [line for line in fig.axes[0].lines if line.get_label() == "least loss on the ball"]
    return np.array([line.get_xdata()[0], line.get_ydata()[0]])


def test_contours_touch_a_disc_where_the_kkt_conditions_hold():
    """On the edge of the L2 ball -∇loss is a positive multiple of w."""
    H, centre = np.array([[1.0, 0.5], [0.5, 0.8]]), np.array([2.2, 0.9])
    fig = plots.contours(H, centre, 1.0)
    w = marked_point(fig)
    pull = H @ (centre - w)
    assert np.linalg.norm(w) == pytest.approx(1.0)
    assert pull @ w > 0
    assert abs(pull[0] * w[1] - pull[1] * w[0]) < 1e-4
    ax = drawn(fig)
    assert ax.get_aspect() == 1
    assert "L2 ball" in legend_texts(fig)


def test_contours_touch_a_diamond_in_a_corner_exactly():
    """With ŵ far along the first axis the subgradient condition holds at the corner (1, 0)."""
    H, centre = np.array([[1.0, 0.5], [0.5, 0.8]]), np.array([2.2, 0.9])
    w = marked_point(plots.contours(H, centre, 1.0, l1_ratio=1.0))
    pull = H @ (centre - w)
    assert w.tolist() == [pytest.approx(1.0), 0.0]
    assert abs(pull[1]) <= pull[0]


def test_a_contour_passes_through_the_touching_point():
    H, centre = np.diag([1.0, 2.0]), np.array([1.5, 1.5])
    for l1_ratio in (0.0, 0.5, 1.0):
        fig = plots.contours(H, centre, 1.0, l1_ratio=l1_ratio)
        w = marked_point(fig)
        level = 0.5 * (w - centre) @ H @ (w - centre)
        levels = next(c.levels for c in fig.axes[0].collections if hasattr(c, "levels"))
        assert np.isclose(levels, level).sum() == 1
        penalty = l1_ratio * np.abs(w).sum() + (1 - l1_ratio) / 2 * w @ w
        assert penalty == pytest.approx(l1_ratio + (1 - l1_ratio) / 2)


def test_contours_of_a_minimum_inside_the_ball_and_bad_input():
    for centre in ([0.3, 0.2], [0.0, 0.0]):
        np.testing.assert_array_equal(
            marked_point(plots.contours(np.eye(2), centre, 1.0, l1_ratio=1.0)), centre
        )
    with pytest.raises(ValueError, match="positive definite"):
        plots.contours(np.array([[1.0, 2.0], [2.0, 1.0]]), [1.0, 1.0], 1.0)
    with pytest.raises(ValueError, match="radius must be > 0"):
        plots.contours(np.eye(2), [1.0, 1.0], 0.0)


def test_all_figures_have_readable_text():
    every = [
        plots.coefficient_path(LAMS, PATH, ["a", "b", "c", "d"], chosen=1.0),
        plots.validation_curve([1, 2], [1.0, 2.0], [2.0, 1.0], xlabel="x", chosen=1),
        plots.loss_curves({"a": [1.0, 2.0]}),
        plots.error_bars(["a"], [1.0], [0.1], xlabel="x", baseline=1),
        plots.coefficient_bars(["a"], {"m": [1.0], "n": [2.0]}),
        plots.contours(np.eye(2), [1.0, 2.0], 1.0),
    ]
    for fig in every:
        fig.canvas.draw()
        texts = [t for t in fig.findobj(mpl.text.Text) if t.get_visible() and t.get_text()]
        assert min(text.get_fontsize() for text in texts) >= 10
        assert fig.get_size_inches()[0] == 7
        assert all(ax.get_xlabel() for ax in fig.axes)
        assert not any(re.search(r"\balpha\b", text.get_text()) for text in texts)
