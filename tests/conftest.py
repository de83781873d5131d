"""Options and fixtures of the whole test suite."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings
from places import ROOT, TESTS, TOY_COURSE

os.environ["COURSE_PROGRESS"] = "off"
settings.register_profile(
    "same examples every time", deadline=None, derandomize=True
)  # a slow machine is no bug
settings.register_profile("new examples every time", deadline=None)
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--run-slow", action="store_true", help="also run the tests marked slow")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--run-slow"):
        for item in items:
            if item.get_closest_marker("slow"):
                item.add_marker(pytest.mark.skip(reason="slow: give --run-slow"))
    items.sort(key=_place)  # the long ones first, so that the workers end together


def _place(item: pytest.Item) -> int:
    """Files that run many chapters, those that run a browser, single chapters, all others."""
    if item.path.stem.startswith("test_editions_"):
        return 0
    if item.path.stem in ("test_browser", "test_site"):
        return 1
    return 2 if item.path.suffix == ".ipynb" else 3


def pytest_configure(config: pytest.Config) -> None:
    slow = config.getoption("--run-slow")
    settings.load_profile("new examples every time" if slow else "same examples every time")


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave the fixtures' notebooks to the tests that use them."""
    return True if collection_path == TESTS / "data" else None


@pytest.fixture
def root() -> Path:
    """The course's own folder."""
    return ROOT


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course of one tiny chapter in a folder of its own; its kernels find the fake engine."""
    course = tmp_path / "toy"
    shutil.copytree(TOY_COURSE, course)
    monkeypatch.setenv("PYTHONPATH", str(course))
    return course
