"""The sentences learners read, from ``text/<language>/<module>.toml``; English fills the gaps."""

from __future__ import annotations

import os
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

from course_lib.exercises.exercise import Item

__all__ = ["case_label", "engine", "load", "of"]

TEXT = Path(__file__).parent / "text"


def load(module: str, language: str | None = None) -> dict[str, Any]:
    """Return the sentences of ``module``; ``language`` defaults to ``COURSE_LANGUAGE``, then to English."""
    language = language or os.environ.get("COURSE_LANGUAGE") or "en"
    english = _read("en", module)
    return english if language == "en" else _merge(english, _read(language, module))


def of(item: Item, language: str | None = None) -> dict[str, Any]:
    """Return the sentences of one exercise: title, prompt, hints, misconceptions, options."""
    return dict(load(item.module, language).get(item.name, {}))


def engine(key: str, language: str | None = None, /, **values: Any) -> str:
    """Return one of the engine's own sentences with its blanks filled."""
    return str(load("engine", language)[key]).format(**values)


def case_label(item: Item, label: str, language: str | None = None) -> str:
    """Return the label of a case in the learner's language."""
    own = of(item, language).get("cases", {})
    return str(own.get(label) or load(item.module, language).get("cases", {}).get(label, label))


@lru_cache(maxsize=128)
def _read(language: str, module: str) -> dict[str, Any]:
    path = TEXT / Path(language).name / f"{module}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        merged[key] = _merge(base[key], value) if both else value
    return merged
