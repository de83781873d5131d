"""The core path of a chapter stands alone: it needs nothing that an optional section defines."""

import ast

import nbformat
import pytest
from places import ROOT

from course_lib.notebooks import files, grammar, source, timing

SOURCES = files.select(ROOT / "notebooks" / "source", ".md")
SHORT = files.select(
    ROOT / "notebooks" / "source", ".md", ["01", "02", "03", "04", "05", "06", "08", "09", "10", "17"]
)


def code_cells(notebook):
    """Pairs (is it optional, code) of the cells before the solutions, in order."""
    chapter = section = False  # whether the headings of level 2 and 3 say that what follows is optional
    for cell in notebook.cells:
        if cell.cell_type == "code":
            if "check" not in grammar.tags(cell):
                yield section, cell.source
            continue
        if grammar.SOLUTIONS.search(cell.source):
            return
        for marks, title in grammar.HEADING.findall(cell.source):
            said = bool(timing.OPTIONAL.search(title))
            if len(marks) <= 2:
                chapter = section = said
            elif len(marks) == 3:
                section = chapter or said


def names(tree, kind):
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, kind)}


def bound(tree):
    """Names that a cell sets anywhere: assigned, imported, defined, or arguments of its own functions."""
    found = names(tree, ast.Store) | {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    return found


def missing(notebook):
    """Names that a core cell uses and only optional cells before it have set."""
    core, aside, lacking = set(), set(), []
    for optional, code in code_cells(notebook):
        tree = grammar.parse(code)
        if optional:
            aside |= bound(tree)
            continue
        lacking += sorted((names(tree, ast.Load) & aside) - core - bound(tree))
        core |= bound(tree)
    return lacking


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_the_core_path_uses_nothing_of_an_optional_section(path):
    assert missing(source.read(path)) == []


@pytest.mark.parametrize("path", SHORT, ids=lambda path: path.stem)
def test_a_core_path_takes_at_most_75_minutes(path):
    assert timing.total(timing.sections(source.read(path)), optional=False).minutes <= 75


@pytest.mark.parametrize("path", SHORT, ids=lambda path: path.stem)
def test_a_core_path_has_four_to_six_exercises_or_says_why_not(path):
    notebook, core, optional = source.read(path), 0, False
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            if grammar.SOLUTIONS.search(cell.source):
                break
            for marks, title in grammar.HEADING.findall(cell.source):
                optional = bool(timing.OPTIONAL.search(title)) or (optional and len(marks) > 2)
                core += title.startswith("Exercise ") and not optional
    assert 4 <= core <= 6


@pytest.mark.parametrize(
    ("headings", "lacking"),
    [
        (["## 1.1 First", "## 1.2 Optional: aside", "## 1.3 Back"], ["x"]),
        (["## 1.1 First", "### Optional: aside", "### Back"], ["x"]),
        (["## 1.1 First", "### Aside", "### Back"], []),
        (["## 1.1 First", "### Optional: aside", "### Exercise 1.2: more (★, optional, 1 minute)"], []),
        (["## 1.1 Optional: first", "### Aside", "### Back"], []),
    ],
)
def test_what_the_core_path_lacks(headings, lacking):
    cells = []
    for heading, code in zip(headings, ("y = 1", "def x():\n    return y", "z = x() + y"), strict=True):
        cells += [nbformat.v4.new_markdown_cell(heading), nbformat.v4.new_code_cell(code)]
    assert missing(nbformat.v4.new_notebook(cells=cells)) == lacking
