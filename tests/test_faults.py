"""Planted faults: whatever is broken on purpose, a named test notices. The list is in ``faults/*.toml``."""

import itertools
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib

import pytest
from places import ROOT, TESTS
from test_chapter_code import run_section

FAULTS = [fault for path in sorted((TESTS / "faults").glob("*.toml"))
          for fault in tomllib.loads(path.read_text(encoding="utf-8"))["fault"]]  # fmt: skip
NOT_OURS = {".git", ".venv", "my_course", "build", "__pycache__"}
CLOCK = itertools.count(int(time.time()))  # of the planted files, in seconds
FAILED, SECONDS = 1, 600  # pytest's exit status when tests failed, and when nothing else went wrong


def read(path):
    with path.open(encoding="utf-8", newline="") as file:
        return file.read()


def write(path, text):
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(text)


def is_chapter(fault):
    """Whether the test is a cell of a chapter, compared by nbval."""
    return ".ipynb::" in fault["test"]


IN_SECTIONS = [fault for fault in FAULTS
               if fault["file"].endswith(".md") and "test_chapter_code.py" in fault["test"]]  # fmt: skip
OTHERS = [fault for fault in FAULTS if fault not in IN_SECTIONS]


# ---------------------------------------------------------------- the list, in every run


def test_there_are_many_faults_and_each_has_a_name_of_its_own():
    assert len(FAULTS) >= 35
    assert len({fault["name"] for fault in FAULTS}) == len(FAULTS)
    assert all(set(fault) == {"name", "file", "old", "new", "test", "why"} for fault in FAULTS)
    assert all(fault["why"] and fault["old"] != fault["new"] for fault in FAULTS)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault["name"])
def test_the_fault_can_still_be_planted(fault):
    found = read(ROOT / fault["file"]).count(fault["old"])
    assert found == 1, f"{fault['file']} has {fault['old']!r} {found} times: bring tests/faults up to date"
    file, _, name = fault["test"].partition("::")
    if is_chapter(fault):
        assert re.fullmatch(r"Cell \d+", name)
        assert (ROOT / file).is_file()
    else:
        name = name.partition("[")[0]
        assert f"def {name}(" in read(ROOT / file), f"{file} has no {name}: name the test that took over"


# ---------------------------------------------------------------- the faults, in `start.py test-all`


def course_files():
    """Every file of the course as it is now; nothing that was installed, built or learnt."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, capture_output=True, check=True).stdout.decode("utf-8").split("\0")
    except (OSError, subprocess.CalledProcessError):
        listed = []
    paths = [ROOT / name for name in listed if name] or ROOT.rglob("*")
    return [path for path in paths if path.is_file() and not NOT_OURS & set(path.relative_to(ROOT).parts)]


@pytest.fixture(scope="session")
def course(tmp_path_factory):
    """A copy of the course to break things in."""
    copy = tmp_path_factory.mktemp("faults") / "course"
    for path in course_files():
        target = copy / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
    return copy


def plant(path, text):
    """Write ``text`` at a time of its own: Python and pytest find what they compiled by time and length."""
    write(path, text)
    moment = next(CLOCK)
    os.utime(path, (moment, moment))


def run(course, *tests):
    """Run tests of the copy, by themselves, and return (exit status, what pytest wrote)."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    variables["PYTHONPATH"] = str(course)
    options = ["-q", "-x", "-p", "no:cacheprovider", "--disable-plugin-autoload", "--color=no", "-rfE"]
    if any(".ipynb" in test for test in tests):
        options += ["-p", "nbval.plugin", "--nbval"]
        options += ["--nbval-sanitize-with", "notebooks/nbval_sanitize.cfg"]
    if all("test_chapter_code.py" in test for test in tests):  # slow by themselves
        options += ["--run-slow"]
    answer = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *tests],
        cwd=course, env=variables, capture_output=True, text=True, encoding="utf-8", timeout=SECONDS,
    )  # fmt: skip
    return answer.returncode, answer.stdout + answer.stderr


@pytest.mark.slow
def test_without_a_fault_the_named_tests_pass(course):
    status, said = run(course, *dict.fromkeys(fault["test"] for fault in FAULTS if not is_chapter(fault)))
    assert status == 0, said


def said_of(fault, seconds):
    number = f"{FAULTS.index(fault) + 1}/{len(FAULTS)}"
    print(f"\nfault {number}, {seconds:.1f} s: {fault['name']}", file=sys.__stderr__, end="")


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("fault", IN_SECTIONS, ids=lambda fault: fault["name"])
def test_the_fault_in_a_section_is_caught(course, fault, monkeypatch, capfd):
    """A formula in a chapter's source: no new process, for nothing that is imported has changed."""
    path, began = course / fault["file"], time.monotonic()
    text = read(path)
    plant(path, text.replace(fault["old"], fault["new"]))
    section = fault["test"].rpartition("-")[2].rstrip("]")
    try:
        with pytest.raises(AssertionError):
            run_section(path, section, monkeypatch)
    finally:
        plant(path, text)
    with capfd.disabled():
        said_of(fault, time.monotonic() - began)


@pytest.mark.slow
@pytest.mark.parametrize("fault", OTHERS, ids=lambda fault: fault["name"])
def test_the_fault_is_caught(course, fault, capfd):
    path, began = course / fault["file"], time.monotonic()
    text = read(path)
    assert text.count(fault["old"]) == 1
    plant(path, text.replace(fault["old"], fault["new"]))
    try:
        # The cells of a chapter need those before them; all of these must pass.
        status, said = run(course, fault["test"].partition("::")[0] if is_chapter(fault) else fault["test"])
    finally:
        plant(path, text)
    with capfd.disabled():
        said_of(fault, time.monotonic() - began)
    assert status == FAILED, f"not caught by {fault['test']} (status {status}):\n{said}"
    failed = re.findall(r"^FAILED (.+?)(?: - .*)?$", said, re.MULTILINE)
    assert len(failed) == 1, said
    assert failed[0] == fault["test"] or failed[0].startswith(fault["test"] + "["), said
