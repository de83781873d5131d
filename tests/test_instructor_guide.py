"""The instructor guide says what the chapters say: its tables, names, numbers and plans are held to them."""

import argparse
import json
import re
import shutil
import tomllib

import nbformat
import pytest
from places import ROOT
from test_prose_numbers import QUOTED, in_code, in_output, in_prose, is_supported, value_and_digits

from course_lib import cli
from course_lib.exercises import catalogue
from course_lib.notebooks import files, grammar, guide, source, timing

FOLDER = ROOT / guide.FOLDER
NOTEBOOKS = {path.stem: source.load(path) for path in files.select(ROOT / "notebooks", ".ipynb")}
PAGES = {path.stem: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("[0-9]*.md"))}
README = (FOLDER / "README.md").read_text(encoding="utf-8")
PLANS = tomllib.loads((ROOT / guide.PLANS).read_text(encoding="utf-8"))["plan"]
PARTS = [(f"{plan['title']} {part['title']}".strip(), part) for plan in PLANS for part in plan["part"]]
ITEMS = {item.id: item for item in catalogue.all_items()}

HEADINGS = [
    "Goal",
    "Timings",
    "What to live-code",
    "What to skip",
    "Where the room slows down",
    "Three likely questions",
    "Misconceptions to expect",
    "Checkpoints",
]
NAMED = re.compile(r"\b(Section|Exercise)s?((?: ?\d+\.\d+(?:,| and| to| or)?)+)")
ASKED = re.compile(r"^\*\*Ask the room \(two minutes\)\.\*\* .*\? \*Answer:\* \S", re.MULTILINE)
CODE = re.compile(r"`([^`\n]+)`")
MISCONCEPTION = re.compile(r"^- Exercise (\d+\.\d+), `(\w+)`: .*Nudge: .*\S$", re.MULTILINE)

chapters = pytest.mark.parametrize("stem", NOTEBOOKS)
pages = pytest.mark.parametrize("stem", PAGES)
parts = pytest.mark.parametrize(("name", "part"), PARTS, ids=[name for name, _ in PARTS])


def written(stem):
    """A page without its table."""
    return guide.BLOCK.sub("", PAGES[stem])


def below(stem, heading):
    return written(stem).split(f"\n## {heading}\n")[1].split("\n## ")[0]


def prose(notebook):
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def exercise_ids(notebook):
    """The id that each exercise of a chapter checks, by its number."""
    found, number = {}, None
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            if grammar.SOLUTIONS.search(cell.source):
                break
            number = (re.findall(r"^#+ Exercise (\d+\.\d+):", cell.source, re.MULTILINE) or [number])[-1]
        elif grammar.checked_ids(cell) and number:
            found.setdefault(number, grammar.checked_ids(cell)[0])
    return found


SECTIONS = {n for nb in NOTEBOOKS.values() for n in re.findall(r"^## (\d+\.\d+) ", prose(nb), re.MULTILINE)}
EQUATIONS = {n for nb in NOTEBOOKS.values() for n in re.findall(r"\\tag\{(\d+\.\d+)\}", prose(nb))}
IDS = {number: id for nb in NOTEBOOKS.values() for number, id in exercise_ids(nb).items()}


# --- the pages --------------------------------------------------------------------------------------------


def test_every_chapter_has_a_page_and_every_page_a_chapter():
    assert set(PAGES) == set(NOTEBOOKS)
    assert all(f"({stem}.md)" in README for stem in PAGES)


@pages
def test_a_page_has_its_parts_in_order(stem):
    assert re.findall(r"^# (.*)$", PAGES[stem], re.MULTILINE)[0].startswith(f"Chapter {stem[:2]} · ")
    assert re.findall(r"^## (.*)$", PAGES[stem], re.MULTILINE) == HEADINGS
    assert all(below(stem, heading).strip() for heading in HEADINGS if heading != "Timings")


@pages
def test_a_page_asks_what_it_promises(stem):
    assert len(re.findall(r"^\*\*.*\?\*\* \S", below(stem, "Three likely questions"), re.MULTILINE)) == 3
    assert ASKED.search(below(stem, "Checkpoints"))
    assert below(stem, "Goal").strip().count(".") == 1


def test_the_tables_are_those_of_the_chapters(capsys):
    assert guide.timetables(ROOT, check=True) == 0, capsys.readouterr().out


@pytest.mark.parametrize("stem", [*PAGES, "README", "plans"])
def test_every_section_and_exercise_named_exists(stem):
    text = {**PAGES, "README": README, "plans": json.dumps(PLANS, ensure_ascii=False)}[stem]
    for kind, numbers in NAMED.findall(text):
        for number in re.findall(r"\d+\.\d+", numbers):
            assert number in (SECTIONS if kind == "Section" else IDS), f"{kind} {number}"


@pages
def test_every_equation_named_exists(stem):
    assert set(re.findall(r"\((\d+\.\d+)\)", written(stem))) <= EQUATIONS


@pages
def test_misconceptions_are_those_of_the_catalogue(stem):
    lines = re.findall(r"^- .*$", below(stem, "Misconceptions to expect"), re.MULTILINE)
    named = MISCONCEPTION.findall(below(stem, "Misconceptions to expect"))
    assert len(named) == len(lines) >= 4
    for number, name in named:
        assert name in ITEMS[IDS[number]].wrong_answers, f"Exercise {number} has no {name}"
        assert int(number.split(".")[0]) == int(stem[:2])


@pages
def test_code_on_a_page_is_code_of_the_chapter(stem):
    """Names, cells and outputs quoted in backticks; what somebody types wrong is quoted with its cause."""
    notebook = NOTEBOOKS[stem]
    outputs = [str(output) for cell in notebook.cells for output in cell.get("outputs", [])]
    known = "\n".join([*(cell.source for cell in notebook.cells), *outputs])
    wrong = {name for id in IDS.values() for name in ITEMS[id].wrong_answers if id in known}
    typed = " ".join(re.findall(r"^What goes wrong when typed:.*$", PAGES[stem], re.MULTILINE))
    for code in CODE.findall(written(stem)):
        assert code in known or code in wrong or code in typed or code in TYPED.get(stem, ()), code


#: What an instructor types wrong on purpose, or a word of Python that no chapter has to contain.
TYPED = {
    "00_start_here": ("np.sum((y - prediction) ** 2)",),
    "02_ridge": ("lam * w**2", "layer(X)", "squeeze", "(150, 1)", "(150,)"),
    "03_lasso": ("np.sign(z) * (np.abs(z) - t)",),
    "90_background": ("/ 2 * h",),
}


@pages
def test_every_number_of_a_page_is_computed_in_its_chapter(stem):
    notebook = NOTEBOOKS[stem]
    last = grammar.solutions_start(notebook)
    cells = [cell for cell in notebook.cells[:last] if cell.cell_type == "code"]
    computed = [number for cell in cells for number in [*in_code(cell.source), *in_output(cell)]]
    stated = {value_and_digits(number)[0] for number in in_prose(prose(notebook))}
    stated |= {value_and_digits(number)[0] for cell in cells for number in in_prose(comments(cell))}
    for number in in_prose(written(stem)):
        value = value_and_digits(number)[0]
        assert is_supported(number, computed) or value in stated or number in QUOTED.get(stem, {}), number


def comments(cell):
    return "\n".join(re.findall(r"#(.*)$", cell.source, re.MULTILINE))


# --- the plans --------------------------------------------------------------------------------------------


def test_the_plans_are_the_four():
    titles = [plan["title"].removeprefix("Plan: ") for plan in PLANS]
    assert titles == ["90 minutes", "half a day", "two days", "a six-week reading group"]
    assert [sum(part["minutes"] for part in plan["part"]) for plan in PLANS][:1] == [90]
    assert [len(plan["part"]) for plan in PLANS] == [1, 1, 2, 6]


@parts
def test_the_slots_add_up(name, part):
    assert sum(slot["minutes"] for slot in part["slot"]) == part["minutes"]
    assert part["late"].endswith(".")


@parts
def test_nobody_sits_longer_than_110_minutes(name, part):
    stretch = 0
    for slot in part["slot"]:
        stretch = 0 if slot["what"].startswith("*") else stretch + slot["minutes"]
        assert stretch <= 110


@parts
def test_a_slot_has_at_least_half_the_time_of_a_reader_alone(name, part):
    for slot in part["slot"]:
        assert slot["minutes"] >= 0.5 * guide.slot_minutes(slot, NOTEBOOKS), slot["what"]


@parts
def test_plans_name_core_sections_and_their_exercises(name, part):
    for slot in part["slot"]:
        for number in slot.get("sections", []):
            stem = next(stem for stem in NOTEBOOKS if int(stem[:2]) == int(number.split(".")[0]))
            mine = [s for s in timing.sections(NOTEBOOKS[stem]) if guide.number(s.title) == number]
            assert [section.optional for section in mine[:1]] == [False], number
        assert set(slot.get("exercises", [])) <= set(IDS)


# --- the writer -------------------------------------------------------------------------------------------


@pytest.fixture
def course(tmp_path):
    """A course of chapter 02 alone, with its page and the plans that need no other chapter."""
    for name in ("notebooks/02_ridge.ipynb", "notebooks/source/02_ridge.md", "docs/instructor/02_ridge.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_a_changed_table_is_found_and_written_again(course, capsys):
    page = course / "docs" / "instructor" / "02_ridge.md"
    right = page.read_text(encoding="utf-8")
    page.write_text(right.replace("| 2.3 The gradient", "| 2.3 A gradient"), encoding="utf-8")
    assert guide.timetables(course, check=True) == 1
    assert "02_ridge.md is not up to date. Run: course timing --guide" in capsys.readouterr().out
    assert guide.timetables(course, check=False) == 0
    assert page.read_text(encoding="utf-8") == guide.expected(course)[page]
    assert guide.timetables(course, check=True) == 0


def test_machine_times_are_kept_one_by_one_and_reach_the_page(course):
    page = course / "docs" / "instructor" / "02_ridge.md"
    assert "Machine time: not yet measured." in guide.expected(course)[page]
    guide.keep(course, "03_lasso", 7.0)
    guide.keep(course, "02_ridge", 21.26)
    times = json.loads((course / guide.TIMES).read_text(encoding="utf-8"))
    assert times["seconds"] == {"02_ridge": 21.3, "03_lasso": 7.0}
    assert set(times["machine"]) == {"processor", "system", "threads", "date", "versions"}
    assert "Machine time: 21 seconds of processor time (" in guide.expected(course)[page]


def test_measured_reads_the_clock_behind_the_last_cell():
    """The chapter's own cells run first, unchanged; the last one prints seconds."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x = 1")])
    seen = []

    def run(timed):
        seen.extend(cell.source for cell in timed.cells)
        timed.cells[-1].outputs = [nbformat.v4.new_output("stream", text="3.25\n")]
        return timed

    assert guide.measured(notebook, run) == 3.25
    assert seen == ["x = 1", guide.CLOCK]
    assert len(notebook.cells) == 1


def test_the_clock_prints_processor_seconds(capsys):
    exec(guide.CLOCK, {})
    before = float(capsys.readouterr().out)
    sum(k * k for k in range(1_000_000))
    exec(guide.CLOCK, {})
    assert float(capsys.readouterr().out) > before > 0


def test_estimate_leaves_out_exercises_that_are_not_named():
    notebook = NOTEBOOKS["02_ridge"]
    counted = {guide.number(section.title): section for section in timing.sections(notebook)}
    alone = guide.estimate(notebook, ["2.3"], [])
    assert alone == pytest.approx(counted["2.3"].minutes - counted["2.3"].exercises)
    assert guide.estimate(notebook, ["2.3"], ["2.1", "2.2"]) == pytest.approx(alone + 10)
    with pytest.raises(KeyError):
        guide.estimate(notebook, ["2.99"], [])


def test_the_command_compares(capsys):
    assert cli.main(["timing", "--guide", "--check"]) == 0
    assert "up to date" in capsys.readouterr().out
    args = argparse.Namespace(guide=True, measure=False, check=True, chapters=[])
    assert timing.main(args) == 0


def test_stored_machine_times_belong_to_chapters():
    assert set(guide.record(ROOT)["seconds"]) <= set(NOTEBOOKS)
