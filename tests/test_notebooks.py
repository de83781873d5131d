"""The pipeline on a toy chapter, and what must hold of every chapter of the course."""

import argparse
import os
import shutil
import subprocess
import sys

import nbformat
import pytest
from places import ROOT

from course_lib.notebooks import commands, files, grammar, source
from course_lib.notebooks.execute import ChapterError, execute

SOURCES = files.select(ROOT / "notebooks" / "source", ".md")
NOTEBOOKS = files.select(ROOT / "notebooks", ".ipynb")
stem = lambda path: path.stem  # noqa: E731


def arguments(root, *chapters, **options):
    return argparse.Namespace(root=root, chapters=chapters, **options)


def toy_source(toy):
    return toy / "notebooks" / "source" / "02_toy.md"


def change(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert text.count(old) >= 1, old
    path.write_text(text.replace(old, new), encoding="utf-8")


# --- every chapter ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", SOURCES, ids=stem)
def test_chapter_follows_the_grammar(path):
    assert grammar.source_problems(source.read(path), path.stem) == []


@pytest.mark.parametrize("path", SOURCES, ids=stem)
def test_committed_notebook_is_what_its_source_gives(path):
    committed = path.parents[1] / f"{path.stem}.ipynb"
    assert committed.exists(), f"Run: course notebooks {path.stem[:2]}"
    assert source.difference(source.read(path), source.load(committed)) is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=stem)
def test_committed_notebook_is_in_normal_form(path):
    text = path.read_text(encoding="utf-8")
    assert text == source.dumps(source.load(path))
    assert (path.parent / "source" / f"{path.stem}.md").exists(), "a notebook without a source"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=stem)
def test_committed_outputs_are_clean(path):
    assert grammar.output_problems(source.load(path), path.stem, path.stat().st_size) == []


# --- source -> notebook -----------------------------------------------------------------------------------


def test_cell_ids_follow_content_and_not_position(toy):
    before = source.read(toy_source(toy))
    change(toy_source(toy), "## A figure", "## One figure")
    after = source.read(toy_source(toy))
    same = [a.id == b.id for a, b in zip(before.cells, after.cells, strict=True)]
    assert same.count(False) == 1
    assert not same[2]


def test_equal_cells_get_different_ids():
    notebook = source.normalise(notebook_of("x = 1", "x = 1", "x = 1"))
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == 3
    assert ids[1:] == [f"{ids[0]}-2", f"{ids[0]}-3"]


def test_normal_form_drops_what_varies():
    cell = nbformat.v4.new_code_cell(
        "1 / 0", execution_count=17, metadata={"execution": {"iopub": "12:00"}, "tags": ["gpu"]}
    )
    view = {"text/plain": "slider", "application/vnd.jupyter.widget-view+json": {"model_id": "5e"}}
    cell.outputs = [
        nbformat.v4.new_output("stream", name="stdout", text="a\n"),
        nbformat.v4.new_output("stream", name="stdout", text="b\n"),
        nbformat.v4.new_output("execute_result", data=view, execution_count=17),
        nbformat.v4.new_output("error", ename="E", evalue="v", traceback=["/tmp/ipykernel_1/2.py"]),
    ]
    metadata = {"jupytext": {}, "widgets": {}, "course": {"number": 1}}
    normal = source.normalise(nbformat.v4.new_notebook(cells=[cell], metadata=metadata))
    assert set(normal.metadata) == {"course", "kernelspec", "language_info"}
    (only,) = normal.cells
    assert only.execution_count == 1
    assert only.metadata == {"tags": ["gpu"]}
    assert [output.get("text") for output in only.outputs] == ["a\nb\n", None, None]
    assert only.outputs[1].data == {"text/plain": "slider"}
    assert only.outputs[1].execution_count == 1
    assert only.outputs[2].traceback == ["E: v"]
    assert source.dumps(normal) == source.dumps(source.normalise(normal))


def test_build_executes_once_then_compares(toy, capsys):
    notebook = toy / "notebooks" / "02_toy.ipynb"
    assert commands.build(arguments(toy)) == 0
    text = notebook.read_text(encoding="utf-8")
    assert commands.build(arguments(toy)) == 0
    assert "02_toy: executed\n02_toy: up to date\n" in capsys.readouterr().out
    assert commands.build(arguments(toy, "2", check=True)) == 0
    assert commands.build(arguments(toy, "02_toy", force=True)) == 0
    assert notebook.read_text(encoding="utf-8") == text, "executed twice, two texts"

    change(toy_source(toy), 'print("first")', 'print("another")')
    assert commands.build(arguments(toy, check=True)) == 1
    assert "code cell" not in (said := capsys.readouterr().out)
    assert "cell 4 differs" in said
    assert notebook.read_text(encoding="utf-8") == text, "--check writes nothing"
    assert commands.build(arguments(toy)) == 0
    assert "another" in notebook.read_text(encoding="utf-8")


def test_check_finds_a_cell_that_was_never_executed(toy, capsys):
    source.write(source.read(toy_source(toy)), toy / "notebooks" / "02_toy.ipynb")
    assert commands.build(arguments(toy, check=True)) == 1
    assert "never executed" in capsys.readouterr().out


def test_failed_run_names_the_cell_and_keeps_the_old_notebook(toy, capsys):
    notebook = toy / "notebooks" / "02_toy.ipynb"
    source.write(source.read(toy_source(toy)), notebook)
    before = notebook.read_bytes()
    change(toy_source(toy), 'print("second")', "print(1 / 0)")
    assert commands.build(arguments(toy)) == 1
    said = capsys.readouterr().out
    assert "02_toy, code cell 2: ZeroDivisionError: division by zero" in said
    assert "def scale(x" in said
    assert notebook.read_bytes() == before
    assert list(notebook.parent.glob(".*tmp")) == []


def test_unknown_chapter_is_one_sentence(toy, capsys):
    assert commands.build(arguments(toy, "17")) == 2
    assert "no chapter '17' in source/. Chapters: 02_toy." in capsys.readouterr().out


# --- execution --------------------------------------------------------------------------------------------


def notebook_of(*sources, timeout=20):
    cells = [nbformat.v4.new_code_cell(text) for text in sources]
    return nbformat.v4.new_notebook(cells=cells, metadata={"course": {"cell_timeout": timeout}})


def test_kernel_is_this_interpreter_without_network_and_progress(tmp_path):
    code = """
import os, sys, urllib.request
print(sys.executable, os.environ["COURSE_PROGRESS"], os.environ["OMP_NUM_THREADS"])
try:
    urllib.request.urlopen("http://data.invalid/", timeout=5)
except OSError as error:
    print(type(error).__name__, "refused" in str(error).lower())
"""
    (cell,) = execute(notebook_of(code), tmp_path).cells
    assert cell.outputs[0].text.splitlines()[0].startswith(f"{sys.executable} off 1")
    assert cell.outputs[0].text.splitlines()[1] == "URLError True"


def test_endless_cell_and_dead_kernel_are_named(tmp_path):
    with pytest.raises(ChapterError, match="code cell 2: CellTimeoutError") as caught:
        execute(notebook_of("x = 1", "while True: pass", timeout=1), tmp_path, name="02_toy")
    assert caught.value.cell == 2
    with pytest.raises(ChapterError, match="02_toy, code cell 1: DeadKernelError"):
        execute(notebook_of("import os; os._exit(1)"), tmp_path, name="02_toy")


# --- the grammar, one planted fault each ------------------------------------------------------------------

FAULTS = {
    "unknown tag": ("[check]", "[chekc]", "unknown tag 'chekc'"),
    "exercise without a stub": ("    ...\n", "    return 2 * x\n", "holds neither ... nor raise"),
    "no check": (":tags: [check]\n", ":tags: [gpu]\n", "next code cell must be tagged check"),
    "check that does not check": ('check("toy.double", double)', "double(2)", "does not call check"),
    "check of nothing": (":tags: [exercise]", ":tags: [gpu]", "without an exercise before it"),
    "solution that is not checked": (
        'check("toy.double", double_solution)',
        "",
        "'toy.double' (code cell 6) has no solution",
    ),
    "solution of nothing": (
        'check("toy.choice", "b")',
        'check("toy.other", "b")',
        "a solution of 'toy.other'",
    ),
    "solution rebinds": ("double_solution", "double", "rebinds the learner's 'double'"),
    "no closing section": ("## Solutions", "## Answers", "outside the closing section"),
    "untagged in closing": (":tags: [solution]\n", "", "not tagged solution"),
    "two titles": ("## Exercises", "# Exercises", "one top heading"),
    "skipped level": ("## Exercises", "#### Exercises", "skips a level: #### after ##"),
    "dead link": ("(#Solution-2.1)", "(#solution-2-1)", "#solution-2-1 leads nowhere"),
    "comment marker": ('print("first")', "# NBVAL_IGNORE_OUTPUT", "comment NBVAL_IGNORE_OUTPUT"),
    "no minutes": ("  minutes: 1\n", "", "course.minutes"),
    "other number": ("number: 2", "number: 3", "course.number is 3"),
    "not Python": ("double_solution(x):", "double_solution(x:", "not valid Python"),
}


def test_toy_chapter_is_without_fault(toy):
    assert grammar.source_problems(source.read(toy_source(toy)), "02_toy") == []


@pytest.mark.parametrize("fault", FAULTS)
def test_grammar_catches(toy, fault):
    old, new, expected = FAULTS[fault]
    change(toy_source(toy), old, new)
    problems = grammar.source_problems(source.read(toy_source(toy)), "02_toy")
    assert any(expected in problem for problem in problems), problems


@pytest.mark.parametrize(
    ("uncompared", "cells", "caught"), [(1, 9, False), (2, 19, True), (2, 20, False), (3, 20, True)]
)
def test_at_most_one_cell_in_ten_is_uncompared(uncompared, cells, caught):
    notebook = notebook_of(*["x = 1"] * cells)
    for cell in notebook.cells[:uncompared]:
        cell.metadata.tags = ["nbval-ignore-output"]
    assert any("one in ten" in problem for problem in grammar.source_problems(notebook, "02_toy")) is caught


def test_names_bound_inside_a_function_are_its_own():
    cell = nbformat.v4.new_code_cell(
        "import a.b as c\ndef f(x):\n    y = 1\nfor i, (j, k) in z: w: int = 1\n[q for q in z]"
    )
    assert grammar.bound_names(cell) == {"c", "f", "i", "j", "k", "w"}


def stream(text, name="stdout"):
    return nbformat.v4.new_output("stream", name=name, text=text)


def figure(alt):
    return nbformat.v4.new_output(
        "display_data", data={"image/png": "iVBO"}, metadata={"image/png": {"alt": alt}} if alt else {}
    )


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (stream("w\n", "stderr"), "writes to stderr"),
        (stream("saved to /home/ada/x.csv"), "a path of this machine: '/home/ada/x.csv'"),
        (stream(r"C:\Users\ada\x.csv"), "a path of this machine"),
        (stream("<function f at 0x7f3a2b1c4d5e>"), "an object's address"),
        (nbformat.v4.new_output("error", ename="E", evalue="v", traceback=[]), "ends in E: v"),
        (figure(None), "alt text has 0 characters"),
        (figure("a plot"), "alt text has 6 characters"),
    ],
)
def test_output_faults_are_caught(output, expected):
    cell = nbformat.v4.new_code_cell("f()", execution_count=1, outputs=[output])
    (problem,) = grammar.output_problems(nbformat.v4.new_notebook(cells=[cell]), "02_toy", 100)
    assert expected in problem


def test_innocent_outputs_pass():
    text = "640x480, 0x1f, https://example.org/home/page, a/tmp/b, and/or, 1.5e-3"
    cell = nbformat.v4.new_code_cell("f()", execution_count=1, outputs=[stream(text), figure("x" * 40)])
    assert grammar.output_problems(nbformat.v4.new_notebook(cells=[cell]), "02_toy", 999_999) == []


def test_unexecuted_cell_and_large_notebook_are_caught():
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("f()"), nbformat.v4.new_code_cell("")]
    )
    problems = grammar.output_problems(notebook, "02_toy", 1_000_000)
    assert problems == [
        "02_toy: is 1.00 MB, the limit is 1 MB",
        "02_toy: code cell 1 has never been executed",
    ]


# --- nbval, as the whole suite runs it --------------------------------------------------------------------

NBVAL_FAULTS = {
    "nothing": (None, None, 9, 0),
    "an output that differs": ('"first\\n"', '"fourth\\n"', 8, 1),
    "a cell that was not executed": ('"execution_count": 1,', '"execution_count": null,', 8, 1),
}


@pytest.mark.parametrize("fault", NBVAL_FAULTS)
def test_nbval(toy, fault):
    old, new, passed, failed = NBVAL_FAULTS[fault]
    assert commands.build(arguments(toy)) == 0
    folder = toy / "notebooks"
    if old:
        change(folder / "02_toy.ipynb", old, new)
    for file in ("notebooks/conftest.py", "notebooks/nbval_sanitize.cfg", "pyproject.toml"):
        shutil.copy(ROOT / file, toy / file)
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(toy)])}
    options = [
        "-q",
        "-p",
        "no:cacheprovider",
        "--nbval",
        "--nbval-sanitize-with=notebooks/nbval_sanitize.cfg",
    ]
    command = [sys.executable, "-m", "pytest", *options, "notebooks"]
    done = subprocess.run(command, cwd=toy, env=env, capture_output=True, text=True, timeout=120)
    summary = done.stdout.strip().splitlines()[-1]
    if failed:
        # the cell that was not executed leaves its imports undefined for those after it
        assert done.returncode == 1, done.stdout
        assert "Cell 1" in done.stdout if "differs" in fault else "never executed" in done.stdout
    else:
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"{passed} passed" in summary


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "02_toy.ipynb"
    path.write_text("old")

    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr("course_lib.notebooks.files.os.replace", full)
    with pytest.raises(OSError, match="No space left"):
        files.write_atomically(path, "new")
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("02_toy.ipynb", "old")]
