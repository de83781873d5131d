"""Restart & Run All on the workshop edition of the second, fourth, ... chapter."""

import pytest
from examination import NOTEBOOKS, assert_examined

from course_lib.notebooks import source


@pytest.mark.parametrize("path", NOTEBOOKS[1::2], ids=lambda path: path.stem)
def test_workshop_edition_runs_stubs_are_open_and_solutions_pass(path):
    assert_examined(source.load(path), path.parent, path.stem)
