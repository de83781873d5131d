"""``course grade DIR``: run what was handed in, score it on fresh random cases, write a table and a summary.

Each notebook runs in a process of its own, with limits, in an empty temporary folder. What goes wrong with
one costs its own rows a reason and nothing else. Rows that are there stay while their file, the seed, the
limits and the exercises are the same, so an interrupted run goes on from where it was.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import json
import os
import secrets
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path
from typing import Any

import course_lib
from course_lib.notebooks import files
from course_lib.notebooks.execute import environment
from course_lib.workshop import limits, submissions, summary
from course_lib.workshop.limits import Ending, Limits
from course_lib.workshop.submissions import Question, Submission

__all__ = ["COLUMNS", "Ledger", "grade", "main", "table"]

COLUMNS = ("learner", "notebook", "chapter", "exercise", "minutes", "attempted", "passed", "cause", "error",
           "note")  # fmt: skip
LEDGER = ".grades.json"
KEPT = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "COMSPEC", "PATHEXT", "LD_LIBRARY_PATH", "PYTHONPATH",
                  "COURSE_LANGUAGE", "COURSE_DATA_MIRROR", "COURSE_PROGRESS", "OMP_NUM_THREADS",
                  "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "PYTHONDONTWRITEBYTECODE", "http_proxy",
                  "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "no_proxy", "NO_PROXY")  # fmt: skip
WARNING = (
    "This is not a sandbox: every notebook runs with your rights. Limits and a seat belt bound accidents,\n"
    "not malice, and a learner who sets out to fool the judge can. For files from people you do not know,\n"
    "use a container without network; docs/workshop.md has the commands."
)
LIMIT_SENTENCES = {
    "seconds": "stopped after {seconds:.0f} s by the clock (--seconds)",
    "cpu_seconds": "stopped after {cpu_seconds:.0f} s of processor time (--seconds)",
    "megabytes": "stopped when it used more than {megabytes} MB of memory (--memory)",
    "stopped": "not finished: you stopped the run",
}

Row = dict[str, Any]


# ---------------------------------------------------------------- one notebook


def grade(
    submission: Submission,
    asked: dict[int, list[Question]],
    *,
    seed: int,
    bounds: Limits,
    stop: threading.Event | None = None,
) -> list[Row]:
    """Run one notebook in a process of its own and return one row for each exercise of its chapter.

    A notebook that cannot be read or identified gives one row without an exercise, with the reason.
    """
    if submission.path is None:
        return [_row(submission, None, error="no notebook was handed in")]
    try:
        submissions.read(submission.path)  # before a process is spent on it
    except (submissions.Unreadable, OSError) as error:
        return _rows(submission, asked, [{"fatal": str(error)}], Ending(0), bounds)
    token = secrets.token_hex(16)
    job = {"path": str(submission.path.resolve()), "chapter": submission.chapter, "seed": seed,
           "token": token, "limits": asdict(bounds),
           "questions": {str(n): [[q.id, q.expression] for q in qs] for n, qs in asked.items()}}  # fmt: skip
    lines: list[bytes] = []
    command = [sys.executable, "-P", "-m", "course_lib.workshop.examiner"]
    prefix = "course-grade-"
    with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as home, environment() as env:
        here = Path(home)
        _bring_fonts(here)
        ending = limits.run(
            command, limits=bounds, cwd=here, env=_private(env, here), text=json.dumps(job),
            on_line=lines.append, stop=stop,
        )  # fmt: skip
    return _rows(submission, asked, _messages(list(lines), token), ending, bounds)


def _private(env: dict[str, str], home: Path) -> dict[str, str]:
    """The variables a notebook sees: no keys of yours, no network, everything it keeps in ``home``."""
    kept = {name: env[name] for name in KEPT if name in env}
    own = ("HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP", "MPLCONFIGDIR", "IPYTHONDIR", "COURSE_DATA_CACHE")
    return kept | dict.fromkeys(own, str(home)) | {"MPLBACKEND": "Agg", "PYTHONUTF8": "1"}


def _bring_fonts(home: Path) -> None:
    """Spare each notebook matplotlib's list of fonts, which takes seconds to make."""
    import matplotlib

    for path in Path(matplotlib.get_cachedir()).glob("fontlist-*.json"):
        shutil.copy(path, home)


def _messages(lines: Iterable[bytes], token: str) -> list[dict[str, Any]]:
    """What the examiner said; lines without the token come from somebody else."""
    said = []
    for line in lines:
        mark, _, content = line.partition(b" ")
        if mark != token.encode():
            continue
        try:
            message = json.loads(content)
        except (ValueError, RecursionError):
            continue
        said += [message] if isinstance(message, dict) else []
    return said


def _rows(
    submission: Submission,
    asked: dict[int, list[Question]],
    said: list[dict[str, Any]],
    ending: Ending,
    bounds: Limits,
) -> list[Row]:
    about = {key: message[key] for message in said for key in ("chapter", "ids", "note", "fatal", "cells")
             if key in message}  # fmt: skip
    chapter = submission.chapter if submission.chapter is not None else about.get("chapter")
    ids = about.get("ids") or [question.id for question in asked.get(-1 if chapter is None else chapter, [])]
    reason = about.get("fatal") or _reason(said, ending, bounds)
    if not ids:
        nothing = "it belongs to no chapter of this course and checks no exercise"
        return [_row(submission, chapter, error=reason or nothing)]
    verdicts = {message["id"]: message for message in said if "id" in message}
    note = "; ".join(
        filter(None, [about.get("note"), "" if about.get("cells", 1) else "it has no code cells"])
    )
    rows = []
    for id_ in ids:
        verdict = verdicts.get(id_)
        if verdict is None:
            rows.append(_row(submission, chapter, id_, cause="not reached", error=reason, note=note))
        else:
            cause = "" if verdict.get("cause") in ("passed", "not_attempted") else verdict.get("cause", "")
            rows.append(_row(submission, chapter, id_, attempted=verdict.get("attempted") is True,
                             passed=verdict.get("passed") is True, cause=str(cause),
                             error=str(verdict.get("error", "")), note=note))  # fmt: skip
    return rows


def _reason(said: list[dict[str, Any]], ending: Ending, bounds: Limits) -> str:
    """Why the notebook did not come to its end; empty when it did."""
    if any("end" in message for message in said):
        return ""
    cell = next((message["cell"] for message in reversed(said) if "cell" in message), None)
    where = f" in code cell {cell}" if cell else " before the first cell"
    if ending.limit:
        return LIMIT_SENTENCES[ending.limit].format(**asdict(bounds)) + where
    how = f"by signal {-ending.status}" if ending.status < 0 else f"with exit status {ending.status}"
    return f"the notebook ended its process {how}{where}"


def _row(submission: Submission, chapter: int | None, exercise: str = "", **fields: Any) -> Row:
    row: Row = dict.fromkeys(COLUMNS, "")
    name = submission.path.name if submission.path else ""
    row |= {"learner": submission.learner, "notebook": name, "exercise": exercise}
    row["chapter"] = "" if chapter is None else f"{chapter:02d}"
    row |= {"attempted": False, "passed": False, "minutes": summary.minutes(exercise)} if exercise else {}
    return row | fields


# ---------------------------------------------------------------- what is kept between two runs


class Ledger:
    """The rows of earlier runs, each with the key of what it was graded from."""

    def __init__(self, path: Path, *, fresh: bool = False) -> None:
        self.path = path
        self.seed: int | None = None
        self.entries: dict[str, dict[str, Any]] = {}
        try:
            content = {} if fresh else json.loads(path.read_text(encoding="utf-8"))
            self.entries = {str(name): {"key": entry["key"], "rows": list(entry["rows"])}
                            for name, entry in content["entries"].items()}  # fmt: skip
            self.seed = int(content["seed"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            self.entries = {}

    def rows(self, name: str, key: str) -> list[Row] | None:
        """The rows of a file that is as it was, or None."""
        entry = self.entries.get(name)
        return entry["rows"] if entry and entry["key"] == key else None

    def keep(self, name: str, key: str, rows: list[Row]) -> None:
        """Note the rows of one file, on disk at once."""
        self.entries[name] = {"key": key, "rows": rows}
        content = {"seed": self.seed, "entries": self.entries}
        files.write_atomically(self.path, json.dumps(content, indent=1))


def fingerprint(submission: Submission, seed: int, bounds: Limits, course: str) -> str:
    """What a row depends on: the file's bytes, the seed, the limits and the exercises of the course."""
    digest = hashlib.sha256(json.dumps([submission.learner, seed, asdict(bounds), course]).encode())
    if submission.path is not None:
        with submission.path.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()


def _course() -> str:
    """A hash of the exercises and their engine."""
    digest = hashlib.sha256()
    folder = Path(course_lib.__file__).parent / "exercises"
    for path in sorted([*folder.rglob("*.py"), *folder.rglob("*.toml")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()


# ---------------------------------------------------------------- all of them


def table(rows: list[Row]) -> str:
    """Return the rows as CSV; no cell can be taken for a formula by a spreadsheet."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _cell(row.get(name, "")) for name in COLUMNS})
    return text.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    words = "".join(c if c.isprintable() else " " for c in " ".join(str(value).split()))
    words = words if len(words) <= 400 else words[:399] + "…"
    return "'" + words if words.startswith(("=", "+", "-", "@")) else words


def _grade_all(found: list[Submission], folder: Path, ledger: Ledger, bounds: Limits, jobs: int) -> list[Row]:
    """Grade what the ledger does not hold yet, ``jobs`` at a time, and say so file by file."""
    assert ledger.seed is not None
    seed, course, stop = ledger.seed, _course(), threading.Event()
    asked = submissions.questions(files.find_root() / "notebooks")
    names = [str((s.path or folder / s.learner).relative_to(folder)) for s in found]
    keys = [fingerprint(submission, seed, bounds, course) for submission in found]
    open_ = [i for i in range(len(found)) if ledger.rows(names[i], keys[i]) is None]
    if len(open_) < len(found):
        print(f"{len(found) - len(open_)} of {len(found)} are graded already and have not changed.")
    pool = ThreadPoolExecutor(max_workers=jobs)
    try:
        work = {pool.submit(grade, found[i], asked, seed=seed, bounds=bounds, stop=stop): i for i in open_}
        for done, future in enumerate(as_completed(work), start=1):
            i = work[future]
            ledger.keep(names[i], keys[i], future.result())
            print(f"[{done}/{len(open_)}] {names[i]}: {summary.in_a_line(future.result())}", flush=True)
    finally:
        stop.set()  # after Ctrl-C: what runs is ended, what waits does not begin
        pool.shutdown(cancel_futures=True)
    return [row for i in range(len(found)) for row in ledger.rows(names[i], keys[i]) or []]


def main(args: argparse.Namespace) -> int:
    """Grade a folder; write ``grades.csv`` and ``summary.md``; 2 when there is nothing to grade."""
    folder = Path(args.folder)
    if not folder.is_dir():
        print(f"There is no folder {folder}.", file=sys.stderr)
        return 2
    found = submissions.find(folder)
    if not found:
        print(
            f"{folder} holds neither folders of learners nor notebooks (LEARNER_NN_stem.ipynb).",
            file=sys.stderr,
        )
        return 2
    bounds = Limits(args.seconds, args.seconds, args.memory, min(args.cell_seconds, args.seconds))
    output = Path(args.output or folder)
    ledger = Ledger(output / LEDGER, fresh=bool(args.force))
    ledger.seed = args.seed if args.seed is not None else ledger.seed
    ledger.seed = secrets.randbelow(10**9) if ledger.seed is None else ledger.seed
    print(f"{WARNING}\n\n{len(found)} files, seed {ledger.seed} (--seed {ledger.seed} repeats these cases)")
    rows = _grade_all(found, folder, ledger, bounds, args.jobs or os.cpu_count() or 1)
    files.write_atomically(output / "grades.csv", table(rows))
    files.write_atomically(output / "summary.md", summary.markdown(rows, ledger.seed))
    print(f"\n{summary.in_a_line(rows)}\n{output / 'grades.csv'}\n{output / 'summary.md'}")
    return 0
