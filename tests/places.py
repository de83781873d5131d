"""Folders that tests need. (Not in conftest.py: ``notebooks/`` has one too, and only one can be imported.)"""

from pathlib import Path

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent
TOY_COURSE = TESTS / "data" / "toy_course"
