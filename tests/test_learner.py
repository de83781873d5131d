"""The learner's copies: an update brings in what is new and never costs anyone their work."""

import json

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from course_lib.notebooks import learner


class Course:
    """A course of one chapter and a learner's folder beside it."""

    def __init__(self, folder):
        self.chapters, self.mine = folder / "notebooks", folder / "my_course"
        self.chapters.mkdir(parents=True)

    def publish(self, text, name="02_ridge"):
        write(self.chapters / f"{name}.ipynb", text)

    def refresh(self):
        return learner.refresh(self.chapters, self.mine)

    def texts(self):
        return {path.name: read(path) for path in sorted(self.mine.glob("*.ipynb"))}


def write(path, text, output=None):
    cell = nbformat.v4.new_code_cell(text, execution_count=1 if output else None)
    if output:
        cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=output)]
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)


def read(path):
    return nbformat.read(path, as_version=4).cells[0].source


@pytest.fixture
def course(tmp_path):
    return Course(tmp_path)


def test_first_start_copies_and_the_second_does_nothing(course):
    course.publish("one")
    write(course.chapters / "scratch.ipynb", "not a chapter")
    assert course.refresh().added == ["02_ridge"]
    before = {path: path.stat().st_mtime_ns for path in course.mine.rglob("*.ipynb")}
    summary = course.refresh()
    assert str(summary) == ""
    assert {path: path.stat().st_mtime_ns for path in course.mine.rglob("*.ipynb")} == before
    assert course.texts() == {"02_ridge.ipynb": "one"}


def test_untouched_chapter_is_updated_without_backup(course):
    course.publish("one")
    course.refresh()
    course.publish("two")
    summary = course.refresh()
    assert (summary.updated, summary.backups) == (["02_ridge"], [])
    assert course.texts() == {"02_ridge.ipynb": "two"}


def test_chapter_that_was_only_run_is_updated_and_its_outputs_are_kept(course):
    course.publish("one")
    course.refresh()
    write(course.mine / "02_ridge.ipynb", "one", output="my result")
    assert str(course.refresh()) == "", "running a chapter is no reason to touch it"
    course.publish("two")
    summary = course.refresh()
    assert summary.updated == ["02_ridge"]
    assert course.texts() == {"02_ridge.ipynb": "two"}
    (kept,) = (course.mine / learner.BACKUP).iterdir()
    assert "my result" in kept.read_text()
    assert kept.name in str(summary)


def save_as_jupyterlab_does(path):
    """Open and save: the kernel's language goes into the metadata, and nbformat writes the file."""
    from ipykernel.ipkernel import IPythonKernel

    notebook = nbformat.read(path, as_version=4)
    notebook.metadata["language_info"] = dict(IPythonKernel.language_info)
    nbformat.write(notebook, path)


@pytest.mark.parametrize("chapter", ["02_ridge", "09_dropout"])
def test_opened_and_saved_is_the_same_file(course, root, chapter):
    (course.chapters / f"{chapter}.ipynb").write_bytes((root / "notebooks" / f"{chapter}.ipynb").read_bytes())
    course.refresh()
    handed_out = (course.mine / f"{chapter}.ipynb").read_bytes()
    save_as_jupyterlab_does(course.mine / f"{chapter}.ipynb")
    assert (course.mine / f"{chapter}.ipynb").read_bytes() == handed_out


def test_opened_and_saved_is_no_change_even_where_the_metadata_differ(course):
    course.publish("one")
    course.refresh()
    notebook = nbformat.read(course.mine / "02_ridge.ipynb", as_version=4)
    notebook.metadata["language_info"] = {"name": "python", "version": "3.99.0"}
    notebook.cells[0].metadata["trusted"] = True
    nbformat.write(notebook, course.mine / "02_ridge.ipynb")
    assert str(course.refresh()) == ""
    course.publish("two")
    summary = course.refresh()
    assert (summary.updated, summary.backups, summary.beside) == (["02_ridge"], [], [])


def test_changed_chapter_stays_and_the_new_version_lies_beside_it(course):
    course.publish("one")
    course.refresh()
    write(course.mine / "02_ridge.ipynb", "mine")
    course.publish("two")
    summary = course.refresh()
    assert summary.beside == [("02_ridge", "02_ridge (new version 2).ipynb")]
    assert "02_ridge (new version 2).ipynb" in str(summary)
    assert course.texts() == {"02_ridge (new version 2).ipynb": "two", "02_ridge.ipynb": "mine"}
    assert str(course.refresh()) == "", "once is enough"
    course.publish("three")
    course.refresh()
    assert course.texts()["02_ridge (new version 3).ipynb"] == "three"
    assert course.texts()["02_ridge.ipynb"] == "mine"


def test_learner_who_takes_the_new_version_is_updated_again(course):
    course.publish("one")
    course.refresh()
    write(course.mine / "02_ridge.ipynb", "mine")
    course.publish("two")
    course.refresh()
    (course.mine / "02_ridge (new version 2).ipynb").replace(course.mine / "02_ridge.ipynb")
    course.publish("three")
    assert course.refresh().updated == ["02_ridge"]
    assert course.texts() == {"02_ridge.ipynb": "three"}


def test_deleted_chapter_comes_back(course):
    course.publish("one")
    course.refresh()
    (course.mine / "02_ridge.ipynb").unlink()
    assert course.refresh().added == ["02_ridge"]


@pytest.mark.parametrize(
    "manifest", [None, "{ not json", "[]", '{"02_ridge": {"version": "x"}}', '{"02_ridge": 3}']
)
def test_lost_or_broken_manifest_loses_nothing(course, manifest):
    course.publish("one")
    course.refresh()
    write(course.mine / "02_ridge.ipynb", "mine")
    path = course.mine / learner.MANIFEST
    path.unlink() if manifest is None else path.write_text(manifest)
    course.refresh()
    assert course.texts()["02_ridge.ipynb"] == "mine"
    assert "one" in course.texts().values()


def test_file_that_is_no_notebook_is_the_learners(course):
    course.publish("one")
    course.refresh()
    (course.mine / "02_ridge.ipynb").write_text("half a file")
    course.publish("two")
    course.refresh()
    assert (course.mine / "02_ridge.ipynb").read_text() == "half a file"
    assert read(course.mine / "02_ridge (new version 2).ipynb") == "two"


def test_manifest_holds_no_path(course):
    course.publish("one")
    course.refresh()
    assert str(course.mine) not in (course.mine / learner.MANIFEST).read_text()
    assert json.loads((course.mine / learner.MANIFEST).read_text())["02_ridge"]["version"] == 1


steps = st.lists(
    st.one_of(
        st.tuples(st.just("publish"), st.sampled_from("abc")),
        st.tuples(st.just("edit"), st.sampled_from("xyzabc")),
        st.tuples(st.just("refresh"), st.none()),
        st.tuples(st.just("forget"), st.none()),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_whatever_happens_no_work_is_lost_and_every_version_is_handed_out(tmp_path_factory, steps):
    course = Course(tmp_path_factory.mktemp("course"))
    course.publish("a")
    course.refresh()
    newest, written, offered = "a", None, {"a"}
    for step, text in steps:
        if step == "publish":
            course.publish(text)
            newest = text
        elif step == "edit":
            write(course.mine / "02_ridge.ipynb", text, output=f"output of {text}")
            written = text
        elif step == "forget":
            (course.mine / learner.MANIFEST).unlink(missing_ok=True)
        else:
            course.refresh()
            offered |= set(course.texts().values())
            assert newest in offered
        kept = "\n".join(path.read_text() for path in course.mine.rglob("*.ipynb"))
        assert written is None or f"output of {written}" in kept
