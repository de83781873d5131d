"""Finds the exercises: every module of this package that defines ``EXERCISES`` is a chapter's set."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from functools import lru_cache

from course_lib.exercises.exercise import Item
from course_lib.exercises.wording import engine

__all__ = ["FURTHER", "UnknownExercise", "all_items", "find", "modules"]

#: Further practice: ids that no chapter has a cell for. A test holds the chapters to it.
FURTHER = frozenset({"ridge.objective", "ridge.effective_df", "ridge.map_strength"})

_ENGINE = {"catalogue", "engine", "exercise", "progress", "report", "stubs", "values", "variants", "watchdog",
           "wording"}  # fmt: skip


class UnknownExercise(LookupError):
    """There is no exercise with this id."""


@lru_cache(maxsize=1)
def modules() -> tuple[str, ...]:
    """Return the names of the modules that hold exercises, without importing them."""
    import course_lib.exercises as package

    names = (info.name for info in pkgutil.iter_modules(package.__path__))
    return tuple(sorted(name for name in names if name not in _ENGINE and not name.startswith("_")))


@lru_cache(maxsize=64)
def items(module: str) -> tuple[Item, ...]:
    """Return the exercises of one module."""
    return tuple(getattr(importlib.import_module(f"course_lib.exercises.{module}"), "EXERCISES", ()))


def all_items() -> list[Item]:
    """Return every exercise, ordered by chapter and then as the module lists them."""
    return sorted((item for module in modules() for item in items(module)), key=lambda item: item.chapter)


def find(id: str) -> Item:
    """Return the exercise ``id``; only its own module is imported.

    Raises
    ------
    UnknownExercise
        With the ids that look most like it.
    """
    module = id.split(".")[0] if isinstance(id, str) else ""
    for item in items(module) if module in modules() else ():
        if item.id == id:
            return item
    known = [item.id for item in all_items()]
    close = difflib.get_close_matches(str(id), known, n=3, cutoff=0.4)
    raise UnknownExercise(engine("unknown_id", id=repr(id), close=", ".join(close or known[:3])))
