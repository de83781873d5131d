"""The reference: one page for each room of ``course_lib``, written by its docstrings."""

from __future__ import annotations

import importlib
import pkgutil
import re
from types import ModuleType
from typing import Any

__all__ = ["escape", "escape_docstring", "pages", "rooms", "skip_borrowed"]

#: The order of the table of contents, from the ground up; a room that is not named comes last.
ORDER = ("penalties", "losses", "solvers", "linear_model", "model_selection", "nn", "deep", "conventions")
#: What a caller of the library never names: programs, a chapter's own computations, and the website itself.
INTERNAL = {"__main__", "cli", "command", "commands", "results", "site"}
LITERAL = re.compile(r"(``.*?``|:\w+:`[^`]+`|`[^`]+`|(?<![\w*])\*(?=[^\s*])[^*]+(?<=\S)\*(?![\w*]))")
SINGLE = re.compile(r"`[^`]+`")
MARKUP = re.compile(r"[|*]|(?<=\w)_(?!\w)")
BORROWED = re.compile(r"set_\w+_request|get_metadata_routing")


def rooms() -> dict[str, list[str]]:
    """Return the documented modules of each room: ``{"nn": ["course_lib.nn", "course_lib.nn.layers"]}``."""
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
        lines.append(f":doc:`{room}`\n    {_escaped(_summary(modules[0]))}\n")
    names = "\n".join(f"   {room}" for room in rooms())
    result["api/index.rst"] = (
        _title("Reference", "=")
        + "What the chapters import, room by room, from the ground up. Every docstring says what is\n"
        "computed, with which shapes, and what is refused.\n\n"
        + "\n".join(lines)
        + f"\n.. toctree::\n   :hidden:\n\n{names}\n"
    )
    return result


def _page(room: str, modules: list[str]) -> str:
    text = _title(room, "=")
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


def escape(lines: list[str]) -> list[str]:
    """Return the lines of a docstring so that ``|w|``, ``coef_`` and ``2 * w`` mean themselves.

    A word between single backticks is code. Literal blocks, examples and the stars of a list stay.
    """
    result = []
    literal = None  # how deep the text is that introduced a literal block
    for line in lines:
        depth = len(line) - len(line.lstrip())
        if literal is not None and line.strip() and depth <= literal:
            literal = None
        if literal is None and not line.lstrip().startswith(">>>"):
            line = _escaped(line)
        if literal is None and line.rstrip().endswith("::"):
            literal = depth
        result.append(line)
    return result


def _escaped(line: str) -> str:
    mark = re.match(r"\s*(?:[*-] )?", line)
    assert mark is not None
    parts = LITERAL.split(line[mark.end() :])
    parts[::2] = [MARKUP.sub(lambda found: "\\" + found[0], part) for part in parts[::2]]
    parts[1::2] = [f"`{part}`" if SINGLE.fullmatch(part) else part for part in parts[1::2]]
    return mark[0] + "".join(parts)


def escape_docstring(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Sphinx's event: a docstring has been read, and napoleon has not seen it yet."""
    lines[:] = escape(lines)


def skip_borrowed(app: Any, what: str, name: str, obj: Any, skip: bool, options: Any) -> bool | None:
    """Sphinx's event: leave out what scikit-learn writes into every estimator."""
    return True if BORROWED.fullmatch(name) else None
