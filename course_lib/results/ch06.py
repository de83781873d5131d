"""Chapter 06: the full race, as ``course bench`` runs it, in a process with one thread."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from course_lib.bench.command import THREADS

__all__ = ["EXPERIMENTS"]


def race(progress: Callable[[Iterable], Iterable]) -> dict[str, Any]:
    """All works on all problems; the data drawn have seed 0."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "course_lib.cli", "bench", "--output", folder]
        for _ in progress(["bench"]):
            subprocess.run(command, env={**os.environ, **THREADS}, check=True)
        content = json.loads((Path(folder) / "bench.json").read_text(encoding="utf-8"))
    return {"seeds": [0], "data": content}


EXPERIMENTS = {"race": race}
