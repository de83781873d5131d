"""The reference: one page for each room of ``course_lib``, written by its docstrings."""

from __future__ import annotations

import importlib
import pkgutil
import re
from types import ModuleType
from typing import Any

__all__ = ["escape", "pages", "rooms"]

#: The order of the table of contents, from the ground up; a room that is not named comes last.
ORDER = ("penalties", "losses", "solvers", "linear_model", "model_selection", "nn", "deep", "conventions")
#: What a caller of the library never names: programs, a chapter's own computations, and the website itself.
INTERNAL = {"__main__", "cli", "command", "commands", "results", "site"}
LITERAL = re.compile(r"(``.*?``|`[^`]+`(?:_\b)?|:\w+:`[^`]+`)")


def rooms() -> dict[str, list[str]]:
    """Return the documented modules of each room: ``{"nn": ["course_lib.nn", "course_lib.nn.layers", ...]}``."""
    import course_lib
    from course_lib.exercises.catalogue import modules

    answers = {f"course_lib.exercises.{name}" for name in modules()}
    found: dict[str, list[str]] = {}
    for info in pkgutil.walk_packages(course_lib.__path__, "course_lib."):
        parts = info.name.split(".")
        if not INTERNAL & set(parts[1:]) and info.name not in answers and not parts[-1].startswith("_"):
            found.setdefault(parts[1], []).append(info.name)
    rank = {name: place for place, name in enumerate(ORDER)}
    return dict(sorted(found.items(), key=lambda room: (rank.get(room[0], len(ORDER)), room[0])))


def pages() -> dict[str, str]:
    """Return the reStructuredText of the reference: its first page and one a room."""
    result = {}
    lines = []
    for room, modules in rooms().items():
        result[f"api/{room}.rst"] = _page(room, modules)
        lines.append(f":doc:`{room}`\n    {escape(_summary(modules[0]))}\n")
    names = "\n".join(f"   {room}" for room in rooms())
    result["api/index.rst"] = (
        _title("Reference", "=")
        + "What the chapters import, room by room, from the ground up. Every docstring says what is computed, with\n"
        "which shapes, and what is refused.\n\n" + "\n".join(lines) + f"\n.. toctree::\n   :hidden:\n\n{names}\n"
    )
    return result


def _page(room: str, modules: list[str]) -> str:
    text = _title(f"course_lib.{room}", "=")
    for name in modules:
        module = importlib.import_module(name)
        if name != f"course_lib.{room}":
            text += _title(name, "-")
        text += f".. automodule:: {name}\n   :members:\n   :ignore-module-all:\n   :show-inheritance:\n\n"
        text += _also_here(module)
    return text


def _also_here(module: ModuleType) -> str:
    """Say which names of other modules can be imported from this one."""
    lent = {}
    for name in getattr(module, "__all__", ()):
        home = getattr(getattr(module, name), "__module__", module.__name__)
        if home != module.__name__ and str(home).startswith("course_lib"):
            lent[name] = home
    if not lent:
        return ""
    names = ", ".join(f":py:obj:`{name} <{home}.{name}>`" for name, home in lent.items())
    return f"Can be imported from here: {names}.\n\n"


def _summary(name: str) -> str:
    document = importlib.import_module(name).__doc__ or ""
    return " ".join(document.strip().split("\n\n")[0].split())


def _title(text: str, line: str) -> str:
    return f"{text}\n{line * len(text)}\n\n"


def escape(line: str) -> str:
    """Return a line of a docstring so that ``|w|``, ``coef_`` and ``2 * w`` mean themselves."""
    parts = LITERAL.split(line)
    parts[::2] = [re.sub(r"([|*])|(?<=\w)_(?!\w)", lambda m: "\\" + m[0], part) for part in parts[::2]]
    return "".join(parts)


def escape_docstring(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Escape what reStructuredText would read as markup, before napoleon sees it."""
    lines[:] = [escape(line) for line in lines]
