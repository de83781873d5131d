"""Chapter 06: the full race, as ``course bench`` runs it, in a process with one thread."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from course_lib.bench.command import THREADS
from course_lib.bench.registry import works

__all__ = ["EXPERIMENTS"]

UNFINISHED = Path("build/results_06")  # what an interrupted run has measured; it goes on from there


def race(progress: Callable[[Iterable], Iterable]) -> dict[str, Any]:
    """All works on all problems; the data drawn have seed 0. An interrupted run goes on where it stopped."""
    for work in progress(works()):
        command = [sys.executable, "-m", "course_lib.cli", "bench", "--only", work.name]
        command += ["--output", str(UNFINISHED)]
        done = subprocess.run(command, env={**os.environ, **THREADS}, stdout=subprocess.DEVNULL)
        if done.returncode:
            raise RuntimeError(f"course bench --only {work.name} ended with status {done.returncode}.")
    content = json.loads((UNFINISHED / "bench.json").read_text(encoding="utf-8"))
    shutil.rmtree(UNFINISHED)
    return {"seeds": [0], "data": content}


EXPERIMENTS = {"race": race}
