"""Reading time: what is counted where, and that a chapter promises the minutes of its core path."""

import argparse

import nbformat
import pytest
from places import ROOT

from course_lib import chapters
from course_lib.notebooks import files, source, timing

SOURCES = files.select(ROOT / "notebooks" / "source", ".md")
NOTEBOOKS = files.select(ROOT / "notebooks", ".ipynb")


def core(path):
    return timing.total(timing.sections(source.read(path)), optional=False)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_the_minutes_of_a_chapter_are_those_of_its_core_path(path):
    promised, estimated = chapters.read(path).minutes, core(path).minutes
    assert promised == pytest.approx(estimated, rel=0.15), f"course timing {path.stem[:2]}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_a_core_path_has_at_most_4000_words(path):
    assert core(path).words <= 4000


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_the_text_promises_the_same_minutes_as_the_front_matter(path):
    opening = path.read_text(encoding="utf-8").split("\n## ")[0]
    assert f"bout {chapters.read(path).minutes} minutes" in opening or "In 20 minutes" in opening


def test_chapter_02_takes_about_an_hour():
    (path,) = files.select(ROOT / "notebooks" / "source", ".md", ["02"])
    assert core(path).minutes <= 60


def test_the_constants_agree_with_the_readers_of_the_longer_chapter_02():
    longer = timing.Section(
        "core", False, words=3382, equations=7, cells=30, lines=349, figures=5, exercises=29
    )
    assert 85 <= longer.minutes <= 125
    assert longer.minutes == pytest.approx(100, rel=0.05)


# --- what is counted --------------------------------------------------------------------------------------

CELLS = [
    ("m", "# 2 · Toy: what?\n\n**Time.** One two three."),
    ("c", "import numpy as np\n\n# a comment\nx = 1"),
    ("m", "## 2.1 First\n\nfour words of prose $a + b$ here.\n\n$$ x = 1 \\tag{2.1} $$\n\n$$ y = 2 $$"),
    ("m", "### Exercise 2.1: do it (★★, 5 minutes)\n\nDo [it](#Solutions)."),
    ("exercise", "def f(x):\n    ..."),
    ("check", 'check("toy.f", f)'),
    ("m", "### Optional: a side path\n\nside path words"),
    ("c", "z = 3"),
    ("m", "### Back to the path\n\nand on"),
    ("c", 'plots.show(\n    fig,\n    alt="a long text "\n    "in two lines",\n)'),
    ("m", "## 2.2 Optional: more\n\nmore words\n\n### Exercise 2.2: again (★, 1 minute)"),
    (
        "m",
        "## 2.3 Recap\n\nend.\n\nFurther reading\n\n- Somebody (1970).\n\n## Solutions\n\n**2.1** Yes.",
    ),
    ("c", "the_solution = 1"),
]


@pytest.fixture
def counted():
    cells = []
    for kind, text in CELLS:
        cell = nbformat.v4.new_markdown_cell(text) if kind == "m" else nbformat.v4.new_code_cell(text)
        cell.metadata.tags = [kind] if kind in ("exercise", "check") else []
        cells.append(cell)
    return timing.sections(nbformat.v4.new_notebook(cells=cells))


def test_every_section_is_counted_and_the_solutions_are_not(counted):
    assert [(section.title, section.optional) for section in counted] == [
        ("2 · Toy: what?", False),
        ("2.1 First", False),
        ("Optional: a side path", True),
        ("2.1 First (continued)", False),
        ("2.2 Optional: more", True),
        ("2.3 Recap", False),
    ]


def test_words_equations_cells_lines_figures_and_exercises(counted):
    opening, first, side, back, more, recap = counted
    assert (opening.cells, opening.lines, opening.words) == (1, 2, 4 + 4)
    assert first.words == 2 + 8 + 7 + 2  # heading, prose with a formula in three parts, the exercise
    assert (first.equations, first.exercises, first.cells) == (1, 5, 0)
    assert (side.cells, side.lines) == (1, 1)
    assert (back.figures, back.cells, back.lines) == (1, 1, 3)  # without the two lines of alt text
    assert (more.exercises, recap.words) == (1, 3)


def test_minutes_are_the_formula_of_the_docstring(counted):
    first = counted[1]
    assert first.minutes == pytest.approx(first.words / 110 + 1.5 + 5)
    back = counted[3]
    assert back.minutes == pytest.approx(back.words / 110 + 0.4 + 3 / 30 + 0.75)
    whole, aside = timing.total(counted, optional=False), timing.total(counted, optional=True)
    assert whole.minutes + aside.minutes == pytest.approx(sum(section.minutes for section in counted))
    assert aside.exercises == 1


def test_the_command_prints_a_table_for_each_chapter(capsys):
    assert timing.main(argparse.Namespace(chapters=["02"])) == 0
    said = capsys.readouterr().out
    assert said.startswith("02_ridge: labelled 60 minutes")
    assert "\n  core " in said
    assert "\n+ optional " in said
    assert timing.main(argparse.Namespace(chapters=["99"])) == 2
    assert "no chapter '99'" in capsys.readouterr().out


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_and_its_source_give_the_same_count(path):
    written = source.read(path.parent / "source" / f"{path.stem}.md")
    assert timing.sections(source.load(path)) == timing.sections(written)
