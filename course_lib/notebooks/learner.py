"""The learner's copies in ``my_course/``: they are theirs, and an update never costs them anything."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from course_lib.notebooks.files import CHAPTER, write_atomically

__all__ = ["Summary", "refresh"]

MANIFEST = ".course_manifest.json"
BACKUP = "backup"

#: What JupyterLab writes into a notebook when it opens it with this interpreter's kernel. A copy that has it
#: already is not marked as modified on opening.
LANGUAGE = {
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
    "version": sys.version.split()[0],
}


@dataclass
class Summary:
    """What a refresh did; prints as one line each, and as nothing when there was nothing to do."""

    added: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    beside: list[tuple[str, str]] = field(default_factory=list)
    backups: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = []
        if self.added:
            lines.append(f"New in my_course: {', '.join(self.added)}.")
        if self.updated:
            lines.append(f"Brought up to date (you had not changed them): {', '.join(self.updated)}.")
        lines += [f"{name} has a new version. Yours is as you left it; the new one is {new!r}."
                  for name, new in self.beside]  # fmt: skip
        if self.backups:
            lines.append(f"Outputs you had are kept in my_course/{BACKUP}: {', '.join(self.backups)}.")
        return "\n".join(lines)


def refresh(source_dir: Path, my_course: Path) -> Summary:
    """Bring the copies in ``my_course`` up to date with the chapters in ``source_dir``.

    A chapter that is missing is copied. When the course's version has changed since it was last handed out:
    a copy whose cells the learner has not changed is replaced (if they ran it, the old file moves to
    ``backup/``); one they have changed stays, and the new version appears beside it as
    ``NN_stem (new version k).ipynb``. What counts as a change is the text of the cells. Running
    cells, saving, metadata and ids do not.

    Parameters
    ----------
    source_dir : Path
        The folder with the course's ``NN_stem.ipynb``.
    my_course : Path
        The learner's folder; made when missing.

    Returns
    -------
    Summary
        What was done.
    """
    my_course.mkdir(parents=True, exist_ok=True)
    manifest = _read_manifest(my_course)
    summary = Summary()
    for path in sorted(source_dir.glob("*.ipynb")):
        if CHAPTER.fullmatch(path.stem):
            manifest[path.stem] = _refresh_one(path, my_course, manifest.get(path.stem), summary)
            _write_manifest(my_course, manifest)  # after each chapter, so that a stop half-way is harmless
    return summary


def _refresh_one(path: Path, my_course: Path, entry: dict | None, summary: Summary) -> dict:
    mine = my_course / path.name
    new_cells = _cells_hash(path)
    handed_out = entry or {"version": 1, "cells": None, "outputs": None, "known": []}
    if not mine.exists():
        version = handed_out["version"] + (handed_out["cells"] not in (None, new_cells))
        summary.added.append(path.stem)
        return _hand_out(path, mine, new_cells, version, handed_out)
    if new_cells == handed_out["cells"]:
        return handed_out
    my_cells = _cells_hash(mine)
    if my_cells == new_cells:  # they brought it up to date themselves
        return _entry(handed_out, new_cells, handed_out["version"], None)
    version = handed_out["version"] + 1
    if my_cells in handed_out["known"]:  # as the course gave it out, some time
        if _outputs_hash(mine) != handed_out["outputs"]:
            summary.backups.append(_back_up(mine, my_course))
        summary.updated.append(path.stem)
        return _hand_out(path, mine, new_cells, version, handed_out)
    beside, version = _free_name(mine, version)
    write_atomically(beside, _copy(path))
    summary.beside.append((path.stem, beside.name))
    return _entry(handed_out, new_cells, version, handed_out["outputs"])


def _hand_out(path: Path, mine: Path, cells: str | None, version: int, before: dict) -> dict:
    write_atomically(mine, _copy(path))
    return _entry(before, cells, version, _outputs_hash(mine))


def _copy(path: Path) -> bytes:
    """Return a chapter as JupyterLab would save it: saving it without a change gives the same file."""
    content = path.read_bytes()
    try:
        notebook = json.loads(content)
        notebook["metadata"]["language_info"] = LANGUAGE
    except (ValueError, KeyError, TypeError):
        return content
    return (json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _entry(before: dict, cells: str | None, version: int, outputs: str | None) -> dict:
    """Return a manifest entry: the version given out last, and every text ever given out."""
    known = [*before["known"], *([cells] if cells and cells not in before["known"] else [])]
    return {"version": version, "cells": cells, "outputs": outputs, "known": known}


def _free_name(mine: Path, version: int) -> tuple[Path, int]:
    while (beside := mine.with_name(f"{mine.stem} (new version {version}).ipynb")).exists():
        version += 1
    return beside, version


def _back_up(mine: Path, my_course: Path) -> str:
    folder = my_course / BACKUP
    folder.mkdir(exist_ok=True)
    stamp = datetime.now().strftime("%Y-%m-%d %H%M%S")
    target, copy = folder / f"{mine.stem} ({stamp}).ipynb", 1
    while target.exists():
        copy += 1
        target = folder / f"{mine.stem} ({stamp}, {copy}).ipynb"
    shutil.copy2(mine, target)
    return target.name


def _cells_hash(path: Path) -> str | None:
    """Return a hash of the cells' texts, or ``None`` for a file that is not a notebook."""
    return _hash(path, lambda cell: [cell["cell_type"], "".join(cell["source"])])


def _outputs_hash(path: Path) -> str | None:
    """Return a hash of what the cells show: a learner who ran none of them leaves it as it was."""
    return _hash(path, lambda cell: cell.get("outputs", []))


def _hash(path: Path, part: Callable[[dict[str, Any]], Any]) -> str | None:
    """Return a hash of one part of every cell with text, or ``None`` for a file that is not a notebook."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        parts = [part(cell) for cell in cells if "".join(cell["source"]).strip()]
    except (ValueError, KeyError, TypeError):
        return None
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _read_manifest(my_course: Path) -> dict[str, dict]:
    try:
        manifest = json.loads((my_course / MANIFEST).read_text(encoding="utf-8"))
        for entry in manifest.values():
            int(entry["version"]), list(entry["known"]), entry["cells"], entry["outputs"]
        return manifest
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}  # without it every file counts as the learner's own


def _write_manifest(my_course: Path, manifest: dict[str, dict]) -> None:
    write_atomically(my_course / MANIFEST, json.dumps(manifest, indent=1, sort_keys=True))
