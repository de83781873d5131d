"""Write the generated CSVs and ``data/README.md`` from the registry, for maintainers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from course_lib.datasets import generators
from course_lib.datasets.files import data_dir
from course_lib.datasets.registry import REGISTRY, Info

__all__ = ["csv_text", "readme", "write_all"]

README_HEAD = """# Data

This file is written by `python -m course_lib.datasets` from `course_lib/datasets/registry.py`.
Load any of these with `datasets.load(name)`; `course data` lists what is on your machine.

| name | rows x features | kind | licence |
|---|---|---|---|
"""


def csv_text(entry: Info) -> str:
    """Return the CSV that the entry's ``made_by`` line makes: six decimals, a header, Unix line ends."""
    drawn = eval(entry.made_by, {"np": np, **vars(generators)})
    table = np.column_stack(drawn[:2])
    rows = [",".join(f"{value:.6f}" for value in row) for row in table]
    return "\n".join([",".join(entry.columns), *rows, ""])


def readme() -> str:
    """Return the text of ``data/README.md``."""
    table = "".join(
        f"| [{entry.name}](#{entry.name}) | {entry.shape[0]} x {entry.shape[1]} "
        f"| {entry.kind} | {entry.licence} |\n"
        for entry in REGISTRY.values()
    )
    return README_HEAD + table + "".join(_section(entry) for entry in REGISTRY.values())


def _section(entry: Info) -> str:
    lines = [f"\n## {entry.name}\n", f"{entry.title[0].upper()}{entry.title[1:]}. {entry.description}\n"]
    for key, value in entry.facts().items():
        lines.append(f"- {key}: {f'`{value}`' if key == 'Made by' else value}")
    if entry.sha256:
        lines.append(f"- sha256 of the arrays (X, then y, as little-endian float64): `{entry.sha256}`")
    for file in entry.files:
        lines.append(f"- `{file.name}`: sha256 `{file.sha256}`")
        lines += [f"  - <{url}>" for url in file.urls]
    return "\n".join(lines) + "\n"


def write_all() -> list[Path]:
    """Write every generated CSV and the README; return their paths."""
    texts = {entry.files[0].name: csv_text(entry) for entry in REGISTRY.values() if entry.kind == "generated"}
    texts["README.md"] = readme()
    for name, text in texts.items():
        (data_dir() / name).write_text(text, encoding="utf-8", newline="\n")
    return [data_dir() / name for name in texts]
