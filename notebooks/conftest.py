"""How nbval runs the chapters: this interpreter's kernel, nothing of the machine, no cell without a run."""

from collections.abc import Iterator
from unittest import mock

import pytest

from course_lib.notebooks.execute import environment

NOT_COMPARED = {"gpu", "timing"}


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config.option, "nbval_current_env"):  # whatever other kernels are registered on this machine
        config.option.nbval_current_env = True


def pytest_itemcollected(item: pytest.Item) -> None:
    if not _is_cell(item):
        return
    if NOT_COMPARED & set(item.cell.metadata.get("tags", [])):
        item.options["check"] = False
    # nbval opens the null device for the kernel's stderr and leaves it to the garbage collector
    item.add_marker(pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Start the kernel (with a chapter's first cell) in the environment the notebooks were executed in."""
    if not _is_cell(item) or item.parent.kernel is not None:
        return (yield)
    with environment() as env, mock.patch.dict("os.environ", env, clear=True):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Give a cell its chapter's time limit, and fail one that was committed without having been run."""
    if not _is_cell(item):
        return (yield)
    if item.cell.source.strip() and item.cell.execution_count is None:
        pytest.fail("This cell was never executed. Run: course notebooks", pytrace=False)
    default = item.config.option.nbval_cell_timeout
    item.config.option.nbval_cell_timeout = item.parent.nb.metadata.get("course", {}).get(
        "cell_timeout", default
    )
    try:
        return (yield)
    finally:
        item.config.option.nbval_cell_timeout = default


def _is_cell(item: pytest.Item) -> bool:
    return hasattr(item, "cell") and hasattr(item, "options")
