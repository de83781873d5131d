"""What a chapter builds from scratch is what the library holds: the two are lifted out and compared."""

import ast
import importlib
from collections import Counter

import numpy as np
import pytest
from places import ROOT

from course_lib.notebooks import files, grammar, source

NOTEBOOKS = files.select(ROOT / "notebooks", ".ipynb")
SEEDS = range(5)


def teaching_cells(notebook):
    """Code cells that are neither a learner's stub nor a solution."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"
            and not grammar.tags(cell) & {"exercise", "check", "solution"}]  # fmt: skip


def defined_names(notebook):
    nodes = [node for cell in teaching_cells(notebook) for node in grammar.parse(cell.source).body]
    return [node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)]


def lift(notebook):
    """Return the namespace of a chapter's imports, constants and definitions, without running its cells."""
    kept = []
    for cell in teaching_cells(notebook):
        for node in grammar.parse(cell.source).body:
            if isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef) or is_constant(
                node
            ):
                kept.append(node)
    namespace = {"__name__": "chapter"}
    exec(compile(ast.Module(body=kept, type_ignores=[]), "chapter", "exec"), namespace)
    return namespace


def is_constant(node):
    if not isinstance(node, ast.Assign):
        return False
    try:
        ast.literal_eval(node.value)
    except ValueError:
        return False
    return True


def library_object(dotted):
    module, _, name = dotted.rpartition(".")
    return getattr(importlib.import_module(module), name)


def compare(notebook, number, name, adapters=None):
    """Hold one definition of a chapter against the library's; an AssertionError says where they differ."""
    declared = notebook.metadata.course.get("defines", {})
    if adapters is None:
        adapters = importlib.import_module(f"definitions.ch{number:02d}").COMPARE
    assert name in defined_names(notebook), (
        f"the front matter declares {name}, but no teaching cell defines it"
    )
    assert name in adapters, f"tests/definitions/ch{number:02d}.py has no comparison of {name}"
    ours = lift(notebook)[name]
    for seed in SEEDS:
        adapters[name](ours, library_object(declared[name]), np.random.default_rng(seed))


DECLARED = [pytest.param(path, name, id=f"{path.stem}-{name}") for path in NOTEBOOKS
            for name in source.load(path).metadata.course.get("defines", {})]  # fmt: skip


@pytest.mark.parametrize(("path", "name"), DECLARED)
def test_definition_equals_the_librarys(path, name):
    compare(source.load(path), files.chapter_number(path), name)


def test_no_two_chapters_define_the_same_name():
    names = Counter(name for path in NOTEBOOKS for name in set(defined_names(source.load(path))))
    assert [name for name, count in names.items() if count > 1] == [], "import the tested one from course_lib"


# --- the mechanism, on the toy chapter --------------------------------------------------------------------


def twice(ours, theirs, rng):
    x = rng.normal(size=3)
    factor = rng.normal()
    np.testing.assert_allclose(ours(x, factor), theirs([x, factor]))


@pytest.fixture
def chapter(toy, monkeypatch):
    monkeypatch.syspath_prepend(toy)
    return toy / "notebooks" / "source" / "02_toy.md"


def test_toy_definition_is_compared(chapter):
    compare(source.read(chapter), 2, "scale", {"scale": twice})


def test_definitions_are_lifted_without_running_cells(chapter, capsys):
    text = chapter.read_text().replace('print("first")', "LIMIT = 3\n_ = 1 / 0")
    chapter.write_text(text)
    namespace = lift(source.read(chapter))
    assert namespace["LIMIT"] == 3
    assert callable(namespace["scale"])
    assert "double" not in namespace
    assert capsys.readouterr().out == ""


def test_drift_is_caught(chapter):
    chapter.write_text(chapter.read_text().replace("return factor *", "return factor +"))
    with pytest.raises(AssertionError):
        compare(source.read(chapter), 2, "scale", {"scale": twice})


def test_missing_definition_and_missing_comparison_are_caught(chapter):
    notebook = source.read(chapter)
    with pytest.raises(AssertionError, match="has no comparison of scale"):
        compare(notebook, 2, "scale", {})
    with pytest.raises(AssertionError, match="no teaching cell defines it"):
        compare(notebook, 2, "double", {"double": twice})
