"""The code of a chapter by itself: one section, with what it needs of those before it, without figures.

Faster than the notebook: a fault planted in a formula is to be seen by the check that stands beside it. The
sections are those that ``faults/*.toml`` name.
"""

import ast
import re
from collections import defaultdict

import matplotlib
import matplotlib.pyplot as plt
import pytest
from places import ROOT, TESTS

from course_lib import exercises, plots
from course_lib.exercises.catalogue import find
from course_lib.exercises.engine import judge
from course_lib.notebooks import grammar, source

IMPORTS = ast.Import | ast.ImportFrom
SECTION = re.compile(r"^## (\d+\.\d+) ", re.MULTILINE)


def sections(notebook):
    """Code cells to run, by section ("solutions" is one): neither stubs nor those for another machine."""
    cells, section = defaultdict(list), "start"
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            section = (SECTION.findall(cell.source) or [section])[-1]
            section = "solutions" if grammar.SOLUTIONS.search(cell.source) else section
        elif not grammar.tags(cell) & {"exercise", "check", "gpu"}:
            cells[section].append(grammar.parse(cell.source))
    return dict(cells)


def names(node, kind=ast.Load):
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, kind)}


def scopes(node):
    """Names used in a statement that are not its own: parameters, local names and loop variables are."""
    own = {arg.arg for arg in ast.walk(node) if isinstance(arg, ast.arg)}
    for inner in ast.walk(node):
        if isinstance(inner, ast.FunctionDef | ast.ClassDef | ast.comprehension | ast.For):
            own |= names(inner, ast.Store)
    return names(node) - own


def binds(node):
    """Names that a statement of a cell sets whatever they were before."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, IMPORTS):
        return {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    return names(node, ast.Store) if isinstance(node, ast.Assign | ast.AnnAssign | ast.For) else set()


def prints(call):
    return (
        getattr(call.func, "id", "") == "print"
        or getattr(getattr(call.func, "value", None), "id", "") == "plots"
    )


def touches(node):
    """Names that a statement may change in place: the target of an item, or in a call that stands alone."""
    inside = [n for n in ast.walk(node) if isinstance(n, ast.stmt)]
    calls = [n.value for n in inside if isinstance(n, ast.Expr) and isinstance(n.value, ast.Call)]
    found = set().union(*(names(call) - {getattr(call.func, "id", "")} for call in calls if not prints(call)))
    for n in inside:
        if isinstance(n, ast.Assign | ast.AugAssign):
            found |= set().union(
                *(names(t) | names(t, ast.Store) for t in getattr(n, "targets", None) or [n.target])
            )
    return found


def summary(tree):
    """Of a cell: the names it takes from before, those it sets, and those it may change."""
    taken, bound, changed = set(), set(), set()
    for node in tree.body:
        taken |= scopes(node) - bound
        changed |= touches(node)
        bound |= binds(node)
    return taken, bound, changed


def needed(cells, section):
    """The cells of ``section``, and of the cells before it those that set or change what these use."""
    order = [(name, tree) for name, trees in cells.items() for tree in trees]
    imported = set().union(*(binds(n) for _, tree in order for n in tree.body if isinstance(n, IMPORTS)))
    kept, live = [], set()
    for name, tree in reversed(order[: [name for name, _ in order].index(section) + len(cells[section])]):
        taken, bound, changed = summary(tree)
        if name == section or (bound | changed - imported) & live:
            kept.insert(0, tree)
            live = live - (bound - taken) | taken
    return kept


def must_pass(exercise, answer):
    """What a chapter calls ``check``, for its solutions."""
    verdict = judge(find(exercise), answer)
    assert verdict.passed, f"the solution of {exercise} is not right"


def run_section(path, section, monkeypatch):
    """Run one section of a chapter's source as a script; figures are drawn and thrown away."""
    matplotlib.use("Agg")
    monkeypatch.chdir(ROOT / "notebooks")
    monkeypatch.setattr(exercises, "check", must_pass)
    monkeypatch.setattr(plots, "show", lambda fig, alt: plt.close(fig))
    monkeypatch.setattr(plots, "slider", lambda draw, values, **_: plt.close(draw(values[0])))
    namespace = {"__name__": "chapter"}
    for tree in needed(sections(source.read(path)), section):
        exec(compile(tree, path.name, "exec"), namespace)


NAMED = re.compile(re.escape("tests/test_chapter_code.py::test_the_section_runs_by_itself") + r"\[([^]]+)\]")
SECTIONS = sorted(
    {
        name
        for path in (TESTS / "faults").glob("*.toml")
        for name in NAMED.findall(path.read_text(encoding="utf-8"))
    }
)


@pytest.mark.parametrize("name", SECTIONS)
def test_the_section_exists(name):
    stem, _, section = name.partition("-")
    assert section in sections(source.read(ROOT / "notebooks" / "source" / f"{stem}.md"))


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # a chapter may show a warning
@pytest.mark.parametrize("name", SECTIONS)
def test_the_section_runs_by_itself(name, monkeypatch):
    stem, _, section = name.partition("-")
    run_section(ROOT / "notebooks" / "source" / f"{stem}.md", section, monkeypatch)
