"""tests/errata.toml: every finding has homes and tests that exist, and docs/errata.md is made from it."""

import ast
import re
import runpy
from pathlib import Path

import pytest

from course_lib.exercises.catalogue import find
from course_lib.notebooks import source

ROOT = Path(__file__).parents[1]
MAKER = runpy.run_path(str(ROOT / "docs" / "errata.py"), run_name="errata")
ROWS, SECTIONS = MAKER["rows"](), MAKER["sections"]()
HOMES = sorted({home for row in ROWS for home in row["homes"]})
TESTS = sorted({test for row in ROWS for test in row["tests"]})


def code_of_section(number):
    """The code cells between the heading that begins with ``number`` and the next heading of its rank."""
    stem, _ = SECTIONS[number]
    cells, inside = [], False
    for cell in source.read(ROOT / "notebooks" / "source" / f"{stem}.md").cells:
        headings = re.findall(r"^## (.*)", cell.source, flags=re.MULTILINE)
        if cell.cell_type == "markdown" and headings:
            inside = headings[-1].startswith(f"{number} ")
        elif inside and cell.cell_type == "code":
            cells.append(cell.source)
    return cells


def functions_of(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def exists(test):
    """Whether a test of the table is there: a function, a misconception, an assert in a section."""
    if test.startswith("section "):
        number = test.removeprefix("section ")
        return number in SECTIONS and any("assert " in code for code in code_of_section(number))
    if test.startswith("exercise "):
        name, _, mistake = test.removeprefix("exercise ").partition(": ")
        return mistake in find(name).wrong_answers
    file, _, name = test.partition("::")
    return (ROOT / file).is_file() and name in functions_of(ROOT / file)


def test_all_54_findings_are_there_once_and_in_order():
    assert [row["id"] for row in ROWS] == list(range(1, 55))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row["id"]))
def test_every_finding_is_told_and_has_homes_and_tests(row):
    assert len(row["found"]) > 20
    assert len(row["right"]) > 5
    assert row["homes"]
    assert row["tests"]


@pytest.mark.parametrize("home", HOMES)
def test_every_home_is_a_section(home):
    assert home in SECTIONS


@pytest.mark.parametrize("test", TESTS)
def test_every_test_exists(test):
    assert exists(test)


@pytest.mark.parametrize(
    "test",
    [
        "section 18.99",
        "section 18.11",
        "exercise ridge.gradient: none",
        "tests/test_errata_table.py::test_no",
    ],
)
def test_a_test_that_does_not_exist_is_noticed(test):
    assert not exists(test)


def test_twelve_findings_and_more_are_cases_of_the_clinic():
    cases = {home for row in ROWS for home in row["homes"] if re.search(r"[Cc]ase-\d", SECTIONS[home][1])}
    written = {number for number, (_, anchor) in SECTIONS.items() if re.search(r"[Cc]ase-\d", anchor)}
    assert len(written) >= 10
    assert cases >= written - {"18.16"}  # case 11 is pitfall 3, no finding of the table


def test_every_case_shows_its_probe_on_the_bug_and_on_the_repair():
    for number, (_, anchor) in SECTIONS.items():
        if re.search(r"[Cc]ase-(?!12)\d", anchor):
            code = "\n".join(code_of_section(number))
            assert "probes." in code, number
            assert "assert report.ok == (" in code, number


def test_the_page_is_the_one_the_table_makes():
    assert (ROOT / "docs" / "errata.md").read_text(encoding="utf-8") == MAKER["page"]()


def test_no_formula_has_a_stray_escape():
    for path in sorted((ROOT / "notebooks" / "source").glob("*.md")):
        cells = [cell.source for cell in source.read(path).cells if cell.cell_type == "markdown"]
        formulas = re.findall(r"\$\$(.+?)\$\$|\$(.+?)\$", "\n".join(cells), flags=re.DOTALL)
        for formula in map("".join, formulas):
            assert r"\_" not in re.sub(r"\\(texttt|text)\{[^}]*\}", "", formula), f"{path.name}: {formula}"


@pytest.mark.parametrize("word", ["NIPS", "Theano", "fuzzy", "brain", "brains"])
def test_words_of_the_findings_are_quoted_and_not_used(word):
    for path in sorted((ROOT / "notebooks" / "source").glob("*.md")):
        text = path.read_text(encoding="utf-8")
        if path.stem == SECTIONS["18.18"][0]:  # says what is wrong with two of them
            text = text.replace('not "fuzzy"', "").replace("The conference NIPS has been called", "")
        assert not re.search(rf"\b{word}\b", text, flags=re.IGNORECASE), path.name
