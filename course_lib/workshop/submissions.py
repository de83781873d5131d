"""What was handed in, and what each chapter asks."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course_lib.notebooks import grammar

__all__ = [
    "Question",
    "Submission",
    "Unreadable",
    "calls_of_check",
    "code_cells",
    "find",
    "questions",
    "read",
    "tags",
    "text",
]

FLAT = re.compile(r"(?P<learner>.+?)[_ -](?P<chapter>\d{2}_[A-Za-z]\w*)( \(.*\))?")
CHAPTER = re.compile(r"(?<![0-9])(?P<number>\d{2})_[A-Za-z]\w*")
IGNORED = {".ipynb_checkpoints", "__pycache__", "backup", "__MACOSX"}
MAX_MEGABYTES = 50


class Unreadable(ValueError):
    """A file that is no notebook, or none that can be read here; the message says why."""


@dataclass(frozen=True)
class Submission:
    """One file (or none at all) from one learner.

    ``path`` is None for a learner whose folder holds no notebook; ``chapter`` is the number in the file's
    name, None where the name has none.
    """

    learner: str
    path: Path | None
    chapter: int | None = None


@dataclass(frozen=True)
class Question:
    """One exercise as a chapter asks it: its id, and the expression its check cell hands to ``check``."""

    id: str
    expression: str


def find(folder: Path) -> list[Submission]:
    """Return what was handed in, ordered by learner and file.

    Two layouts, which may be mixed: ``folder/<learner>/**/*.ipynb`` and ``folder/<learner>_NN_stem.ipynb``.
    A file named as the course names it (``NN_stem.ipynb``) belongs to the learner called like the folder.
    """
    found: list[Submission] = []
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith(".") or entry.name in IGNORED:
            continue
        if entry.is_dir():
            paths = sorted(path for path in entry.rglob("*.ipynb") if _counts(path, entry))
            found += [Submission(entry.name, path, _number(path)) for path in paths]
            found += [] if paths else [Submission(entry.name, None)]
        elif entry.suffix == ".ipynb":
            match = FLAT.fullmatch(entry.stem)
            own_name = CHAPTER.match(entry.stem) is not None
            learner = folder.resolve().name if own_name else match["learner"] if match else entry.stem
            found.append(Submission(learner, entry, _number(entry)))
    return found


def _counts(path: Path, folder: Path) -> bool:
    inside = path.relative_to(folder).parts
    return path.is_file() and not any(part in IGNORED or part.startswith(".") for part in inside)


def _number(path: Path) -> int | None:
    numbers = CHAPTER.findall(path.stem)
    return int(numbers[-1]) if numbers else None


def questions(notebooks: Path) -> dict[int, list[Question]]:
    """Return what each chapter in ``notebooks`` asks, by chapter number, in the order of its check cells."""
    asked: dict[int, list[Question]] = {}
    for path in sorted(notebooks.glob("[0-9][0-9]_*.ipynb")):
        last: dict[str, Question] = {}
        for _, cell in code_cells(read(path)):
            if "check" in tags(cell):
                for id_, answer in calls_of_check(text(cell)):
                    last[id_] = Question(id_, ast.unparse(answer))
        asked[int(path.name[:2])] = list(last.values())
    return asked


def read(path: Path) -> dict[str, Any]:
    """Return a notebook as plain JSON; nothing but its cells is looked at, so nothing else can be wrong.

    Raises
    ------
    Unreadable
        If the file is too large, empty, no JSON or no notebook of format 4.
    """
    megabytes = path.stat().st_size / 1e6
    if megabytes > MAX_MEGABYTES:
        raise Unreadable(
            f"the file has {megabytes:.0f} MB, the limit is {MAX_MEGABYTES} MB: clear its outputs"
        )
    content = path.read_bytes()
    if not content.strip():
        raise Unreadable("the file is empty")
    try:
        notebook = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"the file is no notebook: {type(error).__name__}: {error}") from None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise Unreadable("the file is no notebook of format 4: it has no list of cells")
    return notebook


def code_cells(notebook: dict[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (number, cell) for every code cell, numbered from 1 as a learner counts them."""
    code = (cell for cell in notebook["cells"] if cell.get("cell_type") == "code")
    yield from enumerate(code, start=1)


def text(cell: dict[str, Any]) -> str:
    """Return the source of a cell, which the format allows to be one string or a list of lines."""
    source = cell.get("source", "")
    return "".join(map(str, source)) if isinstance(source, list) else str(source)


def tags(cell: dict[str, Any]) -> set[str]:
    """Return the tags of a cell; none when its metadata are not what they should be."""
    metadata = cell.get("metadata")
    listed = metadata.get("tags", []) if isinstance(metadata, dict) else []
    return {tag for tag in listed if isinstance(tag, str)} if isinstance(listed, list) else set()


def calls_of_check(source: str) -> list[tuple[str, ast.expr]]:
    """Return (id, expression of the answer) for every ``check("some.id", answer)`` written in a cell."""
    try:
        tree = grammar.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []  # the cell's own error says what is wrong
    found = []
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "check"):
            continue
        given: dict[str | None, ast.expr] = dict(zip(("id", "answer"), node.args, strict=False))
        given |= {keyword.arg: keyword.value for keyword in node.keywords}
        id_, answer = given.get("id"), given.get("answer")
        if isinstance(id_, ast.Constant) and isinstance(id_.value, str) and answer is not None:
            found.append((id_.value, answer))
    return found
