"""Which exercise was tried, when, and whether it was right: a local SQLite file that nothing else reads.

``COURSE_PROGRESS=off`` turns it off; ``COURSE_PROGRESS=<file>`` keeps it elsewhere. A disk that is full or
read-only never disturbs a check.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import platformdirs

from course_lib.exercises import wording
from course_lib.exercises.catalogue import FURTHER, all_items
from course_lib.exercises.report import CheckReport

__all__ = ["Record", "database", "main", "record", "records"]

_SCHEMA = """CREATE TABLE IF NOT EXISTS attempts (
    exercise TEXT NOT NULL, at TEXT NOT NULL, passed INTEGER NOT NULL, diagnosis TEXT)"""


@dataclass(frozen=True)
class Record:
    """The attempts at one exercise."""

    exercise: str
    attempts: int
    passed: bool
    last: str


def database() -> Path | None:
    """Return the file progress is kept in, or None when it is turned off."""
    setting = os.environ.get("COURSE_PROGRESS", "").strip()
    if setting.lower() in ("off", "0", "no", "false"):
        return None
    if setting and setting.lower() not in ("on", "1", "yes", "true"):
        return Path(setting).expanduser()
    return Path(platformdirs.user_data_dir("regularization-course", appauthor=False)) / "progress.sqlite"


def record(report: CheckReport) -> bool:
    """Note an attempt; say whether it was noted. Untouched stubs are not attempts."""
    path = database()
    if path is None or not report.attempted:
        return False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _open(path) as connection:
            connection.execute(_SCHEMA)
            row = (
                report.id,
                datetime.now(UTC).isoformat(timespec="seconds"),
                report.passed,
                report.diagnosis,
            )
            connection.execute("INSERT INTO attempts VALUES (?, ?, ?, ?)", row)
        return True
    except (OSError, sqlite3.Error):
        return False


def records() -> dict[str, Record]:
    """Return what has been tried, by exercise id; empty when nothing was or when the file cannot be read."""
    path = database()
    if path is None or not path.is_file():
        return {}
    query = "SELECT exercise, COUNT(*), MAX(passed), MAX(at) FROM attempts GROUP BY exercise"
    try:
        with _open(path) as connection:
            return {row[0]: Record(row[0], row[1], bool(row[2]), row[3]) for row in connection.execute(query)}
    except (OSError, sqlite3.Error):
        return {}


@contextlib.contextmanager
def _open(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path, timeout=1.0)
    try:
        with connection:  # commits, or rolls back
            yield connection
    finally:
        connection.close()


def main(args: argparse.Namespace | None = None) -> int:
    """Print the table of ``course progress``."""
    from rich.console import Console
    from rich.table import Table

    console, path = Console(), database()
    if path is None:
        console.print(wording.engine("progress_off"))
        return 0
    known = records()
    if not known:
        console.print(wording.engine("progress_none"))
        return 0
    columns = ("chapter", "title", "done", "attempts", "last")
    table = Table(
        *(wording.engine(f"column_{name}") for name in columns), title=wording.engine("progress_title")
    )
    items = all_items()
    for item in items:
        entry = known.get(item.id)
        title = str(wording.of(item).get("title", item.id))
        title = wording.engine("further", title=title, id=item.id) if item.id in FURTHER else title
        table.add_row(f"{item.chapter:02d}", title, *_cells(entry))
    console.print(table)
    done = sum(1 for item in items if item.id in known and known[item.id].passed)
    console.print(wording.engine("progress_count", done=done, total=len(items)))
    console.print(wording.engine("progress_where", path=path), soft_wrap=True, markup=False)
    return 0


def _cells(entry: Record | None) -> tuple[str, str, str]:
    if entry is None:
        return wording.engine("not_done"), "", ""
    return wording.engine("done" if entry.passed else "tried"), str(entry.attempts), entry.last[:10]
