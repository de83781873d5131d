"""The workshop kit: what is in the zip and what is not, the sheet, and that it works where it is unpacked."""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from places import ROOT

from course_lib.datasets import REGISTRY, files
from course_lib.datasets.registry import File
from course_lib.notebooks import commands, first_cell, grammar, source
from course_lib.notebooks.execute import execute
from course_lib.workshop import kit

INSIDE = f"{kit.FOLDER}/"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")


def workshop(output, *chapters, **settings):
    arguments = argparse.Namespace(root=ROOT, output=str(output), chapters=list(chapters), **settings)
    return commands.workshop(arguments)


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """Chapters 00 and 01 as a kit, and the folder it was unpacked in, which has a blank in its name."""
    folder = tmp_path_factory.mktemp("kit")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("COURSE_DATA_MIRROR", raising=False)
        patch.setenv("COURSE_DATA_CACHE", str(folder / "no cache"))
        assert workshop(folder / "workshop", "00", "01") == 0
    with zipfile.ZipFile(folder / "workshop.zip") as archive:
        archive.extractall(folder / "some where")
    return folder / "some where" / kit.FOLDER


def names(path):
    with zipfile.ZipFile(path) as archive:
        return [name.removeprefix(INSIDE) for name in archive.namelist()]


# ---------------------------------------------------------------- what is in it


def test_everything_that_start_py_needs_is_there(unpacked):
    wanted = ["start.py", "pyproject.toml", "LICENSE", "LICENSE-text", "requirements/learn.txt", "README.md"]
    wanted += ["SETUP.html", "data/sine.csv", "course_lib/cli.py", "notebooks/results/04_draws.json"]
    wanted += ["course_lib/exercises/text/en/ridge.toml", "course_lib/workshop/setup_sheet.md"]
    for name in wanted:
        assert (unpacked / name).is_file(), name
    chapters = sorted(path.name for path in (unpacked / "notebooks").glob("*.ipynb"))
    assert chapters == ["00_start_here.ipynb", "01_overfitting.ipynb"]


def test_no_solution_no_source_and_nothing_of_this_machine(unpacked):
    inside = [path for path in unpacked.rglob("*") if path.is_file()]
    assert not [path for path in inside if "source" in path.parts or "__pycache__" in path.parts]
    assert not (unpacked / "tests").exists()
    for path in (unpacked / "notebooks").glob("*.ipynb"):
        chapter = source.load(path)
        assert not [cell for cell in chapter.cells if "solution" in grammar.tags(cell)]
        assert not [cell for cell in chapter.cells if cell.get("outputs")]
        assert "_solution" not in path.read_text(encoding="utf-8")
    places = [str(ROOT), str(Path.home())]
    for path in inside:
        content = path.read_bytes()
        assert not [place for place in places if len(place) > 5 and place.encode() in content], path


def test_the_library_in_it_is_the_whole_library(unpacked):
    listing = ["git", "ls-files", "course_lib"]
    tracked = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=False)
    if tracked.returncode:
        pytest.skip("not in a clone")
    wanted = [name for name in tracked.stdout.split() if (ROOT / name).is_file()]
    assert wanted
    assert not [name for name in wanted if not (unpacked / name).is_file()]


def test_the_same_chapters_give_the_same_bytes(unpacked, tmp_path, monkeypatch):
    monkeypatch.delenv("COURSE_DATA_MIRROR", raising=False)
    monkeypatch.setenv("COURSE_DATA_CACHE", str(tmp_path / "no cache"))
    first = unpacked.parents[1] / "workshop.zip"
    (tmp_path / "workshop").mkdir()
    (tmp_path / "workshop" / "02_ridge.ipynb").write_text("left over from an earlier call", encoding="utf-8")
    assert workshop(tmp_path / "workshop", "00", "01") == 0
    assert (tmp_path / "workshop.zip").read_bytes() == first.read_bytes()
    assert names(first) == sorted(names(first))
    with zipfile.ZipFile(first) as archive:
        modes = {
            entry.filename.removeprefix(INSIDE): entry.external_attr >> 16 for entry in archive.infolist()
        }
        assert {entry.date_time for entry in archive.infolist()} == {kit.TIMESTAMP}
    assert modes["start.py"] == 0o755
    assert modes["README.md"] == 0o644


def test_a_chapter_that_cannot_be_read_gives_no_zip(tmp_path, toy, capsys):
    shutil.copy(ROOT / "start.py", toy)
    (toy / "notebooks" / "02_toy.ipynb").write_text("{", encoding="utf-8")
    assert commands.workshop(argparse.Namespace(root=toy)) == 1
    assert not (toy / "build" / "workshop.zip").exists()
    assert "FAILED" in capsys.readouterr().out


# ---------------------------------------------------------------- optional data


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """A mirror that holds one of two optional data sets, and one file of the other that is damaged."""
    folder = tmp_path / "usb stick"
    for name in ("prostate", "mnist"):
        (folder / name).mkdir(parents=True)
    (folder / "prostate" / "prostate.data").write_text("1 2 3\n", encoding="utf-8")
    (folder / "mnist" / "train-labels-idx1-ubyte.gz").write_bytes(b"cut short")
    entry = REGISTRY["prostate"]
    digest = files.sha256(folder / "prostate" / "prostate.data")
    mine = type(entry)(**vars(entry) | {"files": (File("prostate.data", digest, entry.files[0].urls),)})
    monkeypatch.setitem(REGISTRY, "prostate", mine)
    monkeypatch.setenv("COURSE_DATA_MIRROR", str(folder))
    monkeypatch.setenv("COURSE_DATA_CACHE", str(tmp_path / "no cache"))
    return folder


def test_optional_data_come_along_when_they_are_here(mirror, tmp_path, capsys):
    assert workshop(tmp_path / "w", "00") == 0
    said = capsys.readouterr().out
    assert "prostate: 0.0 MB; licence: none stated" in said
    assert "mnist: not in the kit (4 of 4 files are not on this machine" in said
    inside = names(tmp_path / "w.zip")
    brought = [name for name in inside if name.startswith("mirror/")]
    assert brought == ["mirror/README.md", "mirror/prostate/prostate.data"]
    assert workshop(tmp_path / "w", "00", no_data=True) == 0
    assert "left out" in capsys.readouterr().out
    assert not [name for name in names(tmp_path / "w.zip") if name.startswith("mirror/")]


def test_start_py_finds_the_mirror_of_a_kit(unpacked, monkeypatch):
    code = "import start; print(start.environment().get('COURSE_DATA_MIRROR', 'none'))"

    def mirror_in(folder, **variables):
        env = {name: value for name, value in os.environ.items() if name != "COURSE_DATA_MIRROR"} | variables
        command = [sys.executable, "-c", code]
        return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True).stdout.strip()

    assert mirror_in(unpacked) == "none"
    (unpacked / "mirror").mkdir()
    try:
        assert Path(mirror_in(unpacked)).samefile(unpacked / "mirror")
        assert mirror_in(unpacked, COURSE_DATA_MIRROR="mine") == "mine"
    finally:
        (unpacked / "mirror").rmdir()


# ---------------------------------------------------------------- it works where it is unpacked


def course(unpacked, *arguments):
    """The unpacked course's own command, from another working directory."""
    env = os.environ | {"PYTHONPATH": str(unpacked), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "course_lib.cli", *arguments]
    return subprocess.run(command, cwd=unpacked.parent, env=env, capture_output=True, text=True, check=False)


def test_lab_opens_copies_without_solutions(unpacked):
    answer = course(unpacked, "copies")
    assert answer.returncode == 0, answer.stderr
    for name in ("00_start_here.ipynb", "01_overfitting.ipynb"):
        mine = nbformat.read(unpacked / "my_course" / name, as_version=4)
        handed_out = nbformat.read(unpacked / "notebooks" / name, as_version=4)
        assert [cell.source for cell in mine.cells] == [cell.source for cell in handed_out.cells]


def test_chapters_run_and_the_data_are_found(unpacked):
    answer = course(unpacked, "run", "00")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert (unpacked / "build" / "html" / "00_start_here.html").is_file()
    answer = course(unpacked, "data", "--json")
    assert answer.returncode == 0
    assert all(ok for _, ok, _ in (entry.values() for entry in json.loads(answer.stdout)))


# ---------------------------------------------------------------- the sheet


def test_the_sheet_says_what_start_py_says(unpacked):
    text = (unpacked / "README.md").read_text(encoding="utf-8")
    assert "3.11, 3.12 or 3.13" in text
    assert "3 GB" in text
    assert "00 Start here, 01 Overfitting" in text
    assert "YOURNAME_01_overfitting.ipynb" in text
    assert "{" not in text
    assert set(re.findall(r"start\.py (\w+)", text)) == {"setup", "doctor", "lab"}
    assert "11 chapters" in kit.sheet(ROOT, [f"{number:02d}_x" for number in range(11)])
    page = BeautifulSoup((unpacked / "SETUP.html").read_text(encoding="utf-8"), "html.parser")
    assert len(page.find_all("h1")) == 1
    assert page.find("html")["lang"] == "en"
    assert len(page.find_all("table")) == 2
    assert not page.find_all(["script", "link", "img"]), "nothing is fetched"


@pytest.mark.browser
def test_the_sheet_is_one_page_of_paper(unpacked, tmp_path):
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip("no Chromium on this machine")
    stems = [f"{number:02d}_a_chapter_with_a_name" for number in range(4)]
    page = tmp_path / "sheet.html"
    page.write_text(kit.sheet_html(kit.sheet(ROOT, stems)), encoding="utf-8")
    subprocess.run([browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer",
                    f"--user-data-dir={tmp_path / 'profile'}", f"--print-to-pdf={tmp_path / 'sheet.pdf'}",
                    page.as_uri()], capture_output=True, timeout=120, check=True)  # fmt: skip
    printed = (tmp_path / "sheet.pdf").read_bytes()
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1


# ---------------------------------------------------------------- the cell that explains itself


def test_the_first_code_cell_of_a_kit_explains_itself(unpacked):
    for path in (unpacked / "notebooks").glob("*.ipynb"):
        code = [cell for cell in source.load(path).cells if cell.cell_type == "code"]
        assert code[0].source == first_cell.SOURCE


def test_where_course_lib_is_missing_it_says_what_to_do(tmp_path):
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    hide = "import sys\nsys.modules['course_lib'] = None\n"
    command = [sys.executable, "-c", hide + first_cell.SOURCE]
    answer = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    assert answer.stderr.count("Traceback") == 1
    assert "ModuleNotFoundError: This chapter needs course_lib" in answer.stderr
    assert "%pip install ./NAME_OF_THE_FOLDER" in answer.stderr
    assert "python3 start.py lab" in answer.stderr


def test_where_course_lib_is_there_it_is_silent(toy):
    plain = nbformat.v4.new_notebook()
    plain.cells = [
        nbformat.v4.new_markdown_cell("# A chapter"),
        nbformat.v4.new_code_cell("import course_lib"),
    ]
    chapter = first_cell.explained(plain)
    run = execute(chapter, toy / "notebooks")
    guard = next(cell for cell in run.cells if cell.cell_type == "code")
    assert guard.source == first_cell.SOURCE
    assert guard.outputs == []
    assert len(plain.cells) == 2, "the original is not modified"
    assert len(first_cell.explained(chapter).cells) == len(chapter.cells) == 3, "once is enough"


def test_a_notebook_that_does_not_need_it_has_no_such_cell():
    alone = nbformat.v4.new_notebook()
    alone.cells = [nbformat.v4.new_code_cell("import numpy as np")]
    assert first_cell.explained(alone).cells == alone.cells
    assert first_cell.explained(nbformat.v4.new_notebook()).cells == []
