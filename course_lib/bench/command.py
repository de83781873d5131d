"""``course bench [--quick] [--only NAME ...] [--output FOLDER] [--force]``."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

__all__ = ["THREADS", "main", "run"]

OVERVIEW = """Columns: its time / our time (certified gap, excess over the best objective found); our column
has seconds. "!": it did not reach the accuracy, or not within the time limit. Reading X, Gram: the machine's
limits, bytes of X / measured bandwidth and flops of the smaller Gram matrix / measured flop rate."""

#: One thread for every library that asks one of these; they are read when NumPy is imported.
LIBRARIES = ("OMP", "OPENBLAS", "MKL", "NUMBA")
THREADS = {f"{library}_NUM_THREADS": "1" for library in LIBRARIES} | {"VECLIB_MAXIMUM_THREADS": "1"}


def main(args: argparse.Namespace) -> int:
    """Run in a process that has one thread from its start."""
    from course_lib.bench.registry import works

    try:
        works(args.only)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    folder = Path(args.output or "build/bench")
    if all(os.environ.get(name) == value for name, value in THREADS.items()):
        run(folder, only=args.only, quick=args.quick, force=args.force)
        return 0
    command = [sys.executable, "-m", "course_lib.cli", "bench", "--output", str(folder)]
    command += ["--quick"] * args.quick + ["--force"] * args.force
    command += ["--only", *args.only] if args.only else []
    return subprocess.call(command, env={**os.environ, **THREADS})


def run(
    folder: Path, *, only: list[str] | None = None, quick: bool = False, force: bool = False
) -> list[dict[str, Any]]:
    """Measure what ``folder`` does not hold yet, and report. Ctrl-C keeps what is done.

    Parameters
    ----------
    folder : Path
        Gets ``bench.json`` after every problem, ``bench.png`` and ``bench.txt`` at the end.
    only : list of str, optional
        Names of works (default: all).
    quick : bool
        Small problems and two rounds: does everything run, is everything accurate? Its times mean little.
    force : bool
        Measure again what the folder already holds.

    Returns
    -------
    list of dict
        One record for each work and problem.
    """
    from tqdm.auto import tqdm

    from course_lib.bench import problems, report, timing
    from course_lib.bench.registry import works

    about = {**report.machine(), "quick": quick}
    records = [] if force and not only else _kept(folder, about)
    if force:
        records = [record for record in records if record["work"] not in (only or ())]
    done = {(record["work"], record["problem"]) for record in records}
    todo = [(work, name) for work in works(only) for name in work.problems if (work.name, name) not in done]
    limits = timing.Limits(rounds=2, budget=2.0, one_run=2.0) if quick else timing.Limits()
    about |= report.machine_limits()
    try:
        for work, name in (bar := tqdm(todo, unit="race", disable=None)):
            bar.set_description(f"{work.name} · {name}")
            records.append(timing.measure(work, problems.load(name, quick), limits))
            report.save(records, about, folder)
    except KeyboardInterrupt:
        print(f"Stopped. What was measured is in {folder}; the same command goes on from there.")
    print(report.table(records))
    print(f"\n{report.overview(records, about)}\n\n{OVERVIEW}")
    report.draw(records, about, folder)
    print(f"\n{about['processor']}, one thread, {about['date']}. Table, figure and its text: {folder}")
    return records


def _kept(folder: Path, about: dict[str, Any]) -> list[dict[str, Any]]:
    """Earlier records, if they come from this machine and these versions on any day."""
    path = folder / "bench.json"
    if not path.is_file():
        return []
    content = json.loads(path.read_text(encoding="utf-8"))
    same = all(content["machine"].get(key) == about[key] for key in about if key != "date")
    return list(content["records"]) if same else []
