"""Editions: workshop and HTML. Every solution passes its check, every untouched stub is not attempted."""

import argparse
import html

import pytest
from bs4 import BeautifulSoup
from examination import assert_examined
from places import ROOT

from course_lib.notebooks import commands, editions, files, grammar, source
from course_lib.notebooks.execute import execute

NOTEBOOKS = files.select(ROOT / "notebooks", ".ipynb")


def read_toy(toy):
    return source.read(toy / "notebooks" / "source" / "02_toy.md")


def prose(notebook):
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_workshop_edition_of_chapter_gives_nothing_away(path):
    edition = editions.workshop(source.load(path))
    assert "solution" not in {tag for cell in edition.cells for tag in grammar.tags(cell)}
    assert "](#solution" not in prose(edition).lower()
    assert not any(cell.get("outputs") for cell in edition.cells)


def test_toy_workshop_edition(toy):
    chapter = execute(read_toy(toy), toy / "notebooks")
    edition = editions.workshop(chapter)
    text = source.dumps(edition)
    assert "double_solution" not in text
    assert "#Solution-2.1" not in text
    assert not any(cell.source.startswith("## Solutions") for cell in edition.cells)
    assert "Write a function that doubles." in text
    assert all(
        cell.execution_count is None and cell.outputs == []
        for cell in edition.cells
        if cell.cell_type == "code"
    )
    assert len(chapter.cells[2].source) > 0, "the original is not modified"
    execute(edition, toy / "notebooks")


def test_recap_in_the_same_cell_as_the_solutions_heading_stays(toy):
    path = toy / "notebooks" / "source" / "02_toy.md"
    path.write_text(path.read_text().replace("## Solutions", "## Recap\n\nIt doubles.\n\n## Solutions"))
    assert editions.workshop(source.read(path)).cells[-1].source == "## Recap\n\nIt doubles."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Do it ([solution](#Solution-2.1)).", "Do it."),
        ("a\n\n[Solution](#Solution-2.1)\n\nb", "a\n\n\nb"),
        ("- Try. [See the solution](#solutions)", "- Try."),
        ("Stuck? Ask. Solution: [Solutions](#Solutions).", "Stuck? Ask."),
        ("Try. Then compare with the [solution](#Solution-2.1) in Section 2.3. Go on.", "Try. Go on."),
        ("Compare with [the solution](#Solutions) and go on.", ""),
        ("Take 0.5 (more in [the solution](#Solutions), below) and go on.", "Take 0.5 and go on."),
        ("1. First.\n2. Read [it](#Solutions) or not.", "1. First."),
        ("| a | [solution](#Solutions) |", "| a |  |"),
        (
            "Stay [here](#A-figure) and [there](03_lasso.ipynb).",
            "Stay [here](#A-figure) and [there](03_lasso.ipynb).",
        ),
    ],
)
def test_links_to_solutions_go(text, expected):
    assert editions._without_solution_links(text) == expected


def test_toy_is_examined(toy):
    assert_examined(read_toy(toy), toy / "notebooks", "02_toy")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("return 2 * x", "return 3 * x", "solution of toy.double does not pass"),
        ('check("toy.choice", ...)', 'check("toy.choice", "a")', "stub of toy.choice counts as attempted"),
    ],
)
def test_examination_can_fail(toy, old, new, message):
    path = toy / "notebooks" / "source" / "02_toy.md"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(AssertionError, match=message):
        assert_examined(source.read(path), toy / "notebooks", "02_toy")


def test_workshop_and_run_commands(toy, capsys):
    args = argparse.Namespace(root=toy)
    (toy / "data" / "sine.csv").parent.mkdir(exist_ok=True)
    (toy / "data" / "sine.csv").write_text("x,y\n")
    (toy / "notebooks" / "results").mkdir()
    (toy / "notebooks" / "results" / "02_a.json").write_text("{}")
    assert commands.build(args) == 0
    assert commands.workshop(args) == 0
    workshop = toy / "build" / "workshop"
    assert sorted(str(path.relative_to(workshop)) for path in workshop.rglob("*.*")) == [
        "02_toy.ipynb", "data/sine.csv", "results/02_a.json"]  # fmt: skip

    assert commands.run(args) == 0
    page = BeautifulSoup((toy / "build" / "html" / "02_toy.html").read_text(encoding="utf-8"), "html.parser")
    alts = [image["alt"] for image in page.find_all("img")]
    assert alts == ["Line plot: y rises from 0 to 2 while x goes from 0 to 1, a straight line."]
    assert page.find("img")["src"].startswith("data:image/png;base64,")
    assert "J(w) = w" in page.get_text(), "without MathJax the TeX source is there to read"
    assert [
        link["href"]
        for link in BeautifulSoup((toy / "build/html/index.html").read_text(), "html.parser")("a")
    ] == ["02_toy.html"]

    notebook = toy / "notebooks" / "02_toy.ipynb"
    notebook.write_text(
        notebook.read_text(encoding="utf-8").replace('print(\\"first\\")', "1 / 0"), encoding="utf-8"
    )
    assert commands.run(args) == 1
    assert "FAILED 02_toy, code cell 2: ZeroDivisionError" in capsys.readouterr().out


def test_alt_text_is_escaped(tmp_path):
    import nbformat

    alt = 'Plot of a < b & "c", forty characters and more of it'
    output = nbformat.v4.new_output(
        "display_data", data={"image/png": "iVBO\n"}, metadata={"image/png": {"alt": alt}}
    )
    cell = nbformat.v4.new_code_cell("f()", execution_count=1, outputs=[output])
    page = editions.write_html(nbformat.v4.new_notebook(cells=[cell]), "02_toy", tmp_path).read_text(
        encoding="utf-8"
    )
    assert BeautifulSoup(page, "html.parser").find("img")["alt"] == alt
    assert html.escape(alt)[:14] in page
