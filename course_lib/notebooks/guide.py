"""The tables of the instructor guide, ``docs/instructor/``: written from the chapters, never by hand.

Each page ``NN_stem.md`` has a table of its chapter's sections between two markers: minutes by the formula of
``timing``, and the measured machine time. ``README.md`` has the table of all chapters and the plans, whose
slots stand in ``plans.toml``. Machine times are in ``machine_times.json``; ``course timing --measure`` runs
the chapters and writes them there.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from course_lib import chapters
from course_lib.notebooks import files, grammar, source, timing

__all__ = ["estimate", "expected", "keep", "measured", "number", "record", "slot_minutes", "timetables"]

FOLDER = Path("docs/instructor")
TIMES = FOLDER / "machine_times.json"
PLANS = FOLDER / "plans.toml"
BLOCK = re.compile(r"(<!-- (times|chapters|plans) -->\n).*?(<!-- end of \2 -->)", re.DOTALL)
NUMBER = re.compile(r"\d+\.\d+")
EXERCISE = re.compile(r"^#+ Exercise (\d+\.\d+): .*?(\d+) minutes?\)", re.MULTILINE)
CLOCK = "import os as _os\nprint(sum(_os.times()[:4]))"  # of the kernel and its children, user and system

PACKAGES = ("python", "numpy", "scikit-learn", "torch")

Times = dict[str, Any]


def number(title: str) -> str | None:
    """The number a section's title begins with: "2.3" of "2.3 The gradient and the solution, derived"."""
    found = NUMBER.match(title)
    return found[0] if found else None


def exercises(notebook: NotebookNode) -> dict[str, int]:
    """The minutes that the heading of each exercise promises, by its number."""
    text = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return {name: int(minutes) for name, minutes in EXERCISE.findall(grammar.SOLUTIONS.split(text)[0])}


def estimate(notebook: NotebookNode, wanted: list[str], with_exercises: list[str]) -> float:
    """Minutes for some sections and exercises of a chapter, by the formula of ``timing``.

    Raises
    ------
    KeyError
        If the chapter has no such section or exercise.
    """
    reading: dict[str, float] = {}
    for section in timing.sections(notebook):
        name = number(section.title)
        if name:
            reading[name] = reading.get(name, 0.0) + section.minutes - section.exercises
    minutes = exercises(notebook)
    return sum(reading[name] for name in wanted) + sum(minutes[name] for name in with_exercises)


def expected(root: Path) -> dict[Path, str]:
    """Every page of the guide -> the text it should have; pages of chapters that are not there stay."""
    notebooks = {path.stem: source.load(path) for path in files.select(root / "notebooks", ".ipynb")}
    titles = {stem: chapters.read(root / "notebooks" / "source" / f"{stem}.md").title for stem in notebooks}
    times = record(root)
    result = {}
    for path in sorted((root / FOLDER).glob("*.md")):
        blocks: dict[str, str] = {}
        if path.stem in notebooks:
            blocks["times"] = _sections(notebooks[path.stem], path.stem, times)
        elif path.stem == "README":
            plans = tomllib.loads((root / PLANS).read_text(encoding="utf-8"))["plan"]
            blocks["chapters"] = _overview(notebooks, titles, times)
            blocks["plans"] = "\n\n".join(_plan(plan, notebooks, titles) for plan in plans)
        result[path] = _filled(path.read_text(encoding="utf-8"), blocks)
    return result


def timetables(root: Path, *, check: bool) -> int:
    """Write the tables; with ``check`` only compare, and return 1 if a page is not up to date."""
    old = {path: text for path, text in expected(root).items() if path.read_text(encoding="utf-8") != text}
    for path, text in old.items():
        if check:
            print(f"{path.name} is not up to date. Run: course timing --guide")
        else:
            files.write_atomically(path, text)
            print(f"{path.name}: tables written")
    if not old:
        print("The instructor guide is up to date.")
    return int(check and bool(old))


def record(root: Path) -> Times:
    """What was measured: ``seconds`` by chapter, and the ``machine``; both empty before the first time."""
    path = root / TIMES
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"machine": {}, "seconds": {}}


def measured(notebook: NotebookNode, run: Callable[[NotebookNode], NotebookNode]) -> float:
    """Processor seconds that a chapter takes from an empty kernel to its last cell, children included."""
    timed = nbformat.from_dict({**notebook, "cells": [*notebook.cells, _clock(notebook)]})
    return float(run(timed).cells[-1].outputs[0]["text"])


def keep(root: Path, stem: str, seconds: float) -> None:
    """Put one chapter's time into the file, with the machine it belongs to."""
    from course_lib.bench.report import machine

    times = record(root)
    about = machine()
    about["versions"] = {name: about["versions"].get(name) for name in PACKAGES}
    times["machine"] = about
    times["seconds"] = dict(sorted({**times["seconds"], stem: round(seconds, 1)}.items()))
    files.write_atomically(root / TIMES, json.dumps(times, indent=2) + "\n")


def _clock(notebook: NotebookNode) -> NotebookNode:
    cell = nbformat.v4.new_code_cell(CLOCK)
    if notebook.nbformat_minor < 5:
        cell.pop("id", None)
    return cell


def _filled(text: str, blocks: dict[str, str]) -> str:
    def fill(found: re.Match[str]) -> str:
        return f"{found[1]}\n{blocks[found[2]]}\n\n{found[3]}" if found[2] in blocks else found[0]

    return BLOCK.sub(fill, text)


def _sections(notebook: NotebookNode, stem: str, times: Times) -> str:
    counted = timing.sections(notebook)
    core, optional = (timing.total(counted, optional=choice) for choice in (False, True))
    lines = ["| section | reading and running | exercises | minutes |", "|---|---:|---:|---:|"]
    lines += [_row(section.title, section) for section in counted if not section.optional]
    lines.append(_row("**core path**", core))
    if optional.minutes:
        lines += [_row(section.title, section) for section in counted if section.optional]
        lines.append(_row("**optional**", optional))
    return "\n".join([*lines, "", _machine(times, stem)])


def _row(title: str, section: timing.Section) -> str:
    together, practice = round(section.minutes), section.exercises
    title = title.replace("|", "\\|")
    return f"| {title} | {together - practice} | {practice or ''} | {together} |"


def _machine(times: Times, stem: str) -> str:
    if stem not in times["seconds"]:
        return "Machine time: not yet measured."
    where = f"{times['machine']['processor']}, {times['machine']['date']}"
    return f"Machine time: {round(times['seconds'][stem])} seconds of processor time ({where})."


def _overview(notebooks: dict[str, NotebookNode], titles: dict[str, str], times: Times) -> str:
    lines = ["| | page | core, minutes | optional, minutes | machine, seconds |", "|---|---|---:|---:|---:|"]
    for stem, notebook in notebooks.items():
        counted = timing.sections(notebook)
        core, optional = (round(timing.total(counted, optional=choice).minutes) for choice in (False, True))
        seconds = times["seconds"].get(stem)
        shown = "not yet measured" if seconds is None else str(round(seconds))
        lines.append(f"| {stem[:2]} | [{titles[stem]}]({stem}.md) | {core} | {optional} | {shown} |")
    about = times["machine"]
    if about:
        versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items() if version)
        lines += ["", f"Measured on one thread: {about['processor']}, {about['system']}, {versions}, "
                      f"{about['date']}."]  # fmt: skip
    return "\n".join(lines)


def _plan(plan: dict[str, Any], notebooks: dict[str, NotebookNode], titles: dict[str, str]) -> str:
    lines = [f"### {plan['title']}", "", plan["text"].strip()]
    for part in plan["part"]:
        lines += ["", f"**{part['title']}**" if part["title"] else ""]
        if part.get("home"):
            stems = [stem for name in part["home"] for stem in notebooks if stem.startswith(name)]
            minutes = sum(timing.total(timing.sections(notebooks[s]), optional=False).minutes for s in stems)
            names = ", ".join(f"{stem[:2]} {titles[stem]}" for stem in stems)
            lines += ["", f"At home before: {names}; core path, about {round(minutes)} minutes."]
        lines += ["", "| starts | minutes | what | sections | exercises | alone, minutes |"]
        lines += ["|---:|---:|---|---|---|---:|", *_slots(part, notebooks)]
        lines += ["", f"Together {part['minutes']} minutes. *If late:* {part['late']}"]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))


def _slots(part: dict[str, Any], notebooks: dict[str, NotebookNode]) -> Iterator[str]:
    start = 0
    for slot in part["slot"]:
        sections, practice = slot.get("sections", []), slot.get("exercises", [])
        alone = f"{slot_minutes(slot, notebooks):.0f}" if sections or practice else ""
        cells = (f"{start // 60}:{start % 60:02d}", str(slot["minutes"]), slot["what"], ", ".join(sections),
                 ", ".join(practice), alone)  # fmt: skip
        yield f"| {' | '.join(cells)} |"
        start += slot["minutes"]


def slot_minutes(slot: dict[str, Any], notebooks: dict[str, NotebookNode]) -> float:
    """The estimate for one slot of a plan; its sections may belong to several chapters."""
    total = 0.0
    for stem, notebook in notebooks.items():
        mine = [
            [name for name in slot.get(kind, []) if int(name.split(".")[0]) == int(stem[:2])]
            for kind in ("sections", "exercises")
        ]
        if any(mine):
            total += estimate(notebook, *mine)
    return total
