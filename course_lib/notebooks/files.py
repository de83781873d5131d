"""Where chapters lie, how one is named on the command line, and how a file is written safely."""

from __future__ import annotations

import os
import re
from pathlib import Path

import course_lib

__all__ = ["chapter_number", "find_root", "select", "write_atomically"]

CHAPTER = re.compile(r"(?P<number>\d{2})_\w+")


def find_root(start: Path | None = None) -> Path:
    """Return the course folder: the one that holds ``notebooks/``.

    It is the folder ``course_lib`` was imported from, or else ``start`` (default: the working directory) or
    the nearest folder above it.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    """
    here = (start or Path.cwd()).resolve()
    package = Path(course_lib.__file__).resolve().parents[1]
    candidates = [here, *here.parents] if start else [package, here, *here.parents]
    for folder in candidates:
        marks = (folder / "notebooks" / "source", folder / "start.py")  # a workshop kit has no sources
        if (folder / "notebooks").is_dir() and any(mark.exists() for mark in marks):
            return folder
    raise FileNotFoundError(f"There is no course in {here} or above it: no folder with notebooks/source.")


def chapter_number(path: Path) -> int:
    """Return 2 for ``02_ridge.md``; a name without a two-digit prefix is a ``ValueError``."""
    match = CHAPTER.fullmatch(path.stem)
    if match is None:
        raise ValueError(
            f"{path.name} is not a chapter's name: expected two digits, _ and a stem (02_ridge)."
        )
    return int(match["number"])


def select(folder: Path, suffix: str, wanted: list[str] | None = None) -> list[Path]:
    """Return the chapters in ``folder``, in order; only the ``wanted`` ones when any are named.

    A chapter is named by its number (``2`` or ``02``), its stem (``ridge``) or both (``02_ridge``).

    Raises
    ------
    ValueError
        If a wanted chapter does not exist; the message lists those that do.
    """
    paths = sorted(path for path in folder.glob(f"*{suffix}") if CHAPTER.fullmatch(path.stem))
    if not wanted:
        return paths
    chosen = []
    for name in wanted:
        stem = Path(name).name.removesuffix(suffix)
        found = [path for path in paths if stem in (path.stem, path.stem[3:]) or _same_number(path, stem)]
        if not found:
            known = ", ".join(path.stem for path in paths) or "none"
            raise ValueError(f"There is no chapter {name!r} in {folder.name}/. Chapters: {known}.")
        chosen += [path for path in found if path not in chosen]
    return sorted(chosen)


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write to a temporary file beside ``path`` and rename it, so that a failed write leaves the old file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _same_number(path: Path, name: str) -> bool:
    return name.isdecimal() and int(name) == chapter_number(path)
