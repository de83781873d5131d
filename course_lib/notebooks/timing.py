"""How long a chapter takes: an estimate from what stands in it, for the core path and the optional sections.

A careful reader, who works through every derivation, runs every cell and looks at what it prints, needs ::

    minutes = words / 110 + 1.5 * numbered equations + 0.4 * code cells + code lines / 30
              + 0.75 * figures + minutes of the exercises

The constants:

* 110 words a minute. Prose without mathematics is read at about 230; careful readers of these chapters, with
  a pencil in their hands, needed about twice the time. An inline formula counts as many words as it has parts
  between blanks; a displayed one as none.
* 1.5 minutes a numbered equation: find the terms in the line above, redo the step. Display formulas without a
  number are steps on the way and belong to the words around them.
* 0.4 minutes a code cell: run it, wait, read what it prints; and a minute for 30 lines that are read. Blank
  lines, comments and strings on lines of their own (the alt texts of figures) are not counted.
* 0.75 minutes a figure: axes, lines, what it says.
* An exercise takes the minutes its heading promises. Its stub and its check are no cells to read, nor is the
  cell that asks whether ``course_lib`` is there.

They are calibrated on chapter 02 before its core was shortened (3,382 words, 7 equations, 30 cells of 349
lines, 5 figures, 29 minutes of exercises), which careful readers took for 85 to 125 minutes of work: the
formula gives 98. It is an estimate, and people differ by a factor of two.

Not counted: the list of further reading and the closing section of solutions. A section, of level 2 or 3, is
optional when its heading says so; its subsections are optional with it.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from course_lib.notebooks import files, first_cell, grammar

__all__ = ["Section", "main", "report", "sections", "total"]

WORDS_PER_MINUTE = 110
MINUTES_PER_EQUATION = 1.5
MINUTES_PER_CELL = 0.4
LINES_PER_MINUTE = 30
MINUTES_PER_FIGURE = 0.75

COLUMNS = ("words", "eqs", "cells", "lines", "figs", "exerc.", "min")
OPTIONAL = re.compile(r"\boptional\b", re.IGNORECASE)
EXERCISE_MINUTES = re.compile(r"^Exercise .*?(\d+) minutes?\)", re.MULTILINE)
FURTHER_READING = re.compile(r"^#*\s*\**Further reading\b.*", re.MULTILINE | re.DOTALL)
DISPLAY = re.compile(r"\$\$.*?\$\$", re.DOTALL)
MARKUP = re.compile(r"<[^>\n]+>|\]\([^)\s]*\)|```.*?```", re.DOTALL)
STRING_LINE = re.compile(r"""[rf]*(alt=)?[rf]*(".*"|'.*'),?""")


@dataclass
class Section:
    """What is counted in one section of a chapter."""

    title: str
    optional: bool
    words: int = 0
    equations: int = 0
    cells: int = 0
    lines: int = 0
    figures: int = 0
    exercises: int = 0

    @property
    def minutes(self) -> float:
        """The formula of the module's docstring."""
        reading = self.words / WORDS_PER_MINUTE + MINUTES_PER_EQUATION * self.equations
        running = MINUTES_PER_CELL * self.cells + self.lines / LINES_PER_MINUTE
        return reading + running + MINUTES_PER_FIGURE * self.figures + self.exercises


def sections(notebook: NotebookNode) -> list[Section]:
    """Count what stands in each section of a chapter; the solutions are left out.

    Parameters
    ----------
    notebook : NotebookNode
        A chapter, executed or not.

    Returns
    -------
    list of Section
        In order: what comes before the first heading of level 2, one entry for each heading of level 2, and
        one for each optional heading of level 3 inside a core section.
    """
    found: list[Section] = []
    core: Section | None = None  # where the text goes on after an optional subsection
    last = grammar.solutions_start(notebook)
    for number, cell in enumerate(notebook.cells[: None if last is None else last + 1]):
        if cell.cell_type == "code":
            _count_code(cell, found[-1])
            continue
        text = grammar.SOLUTIONS.split(cell.source)[0] if number == last else cell.source
        for level, title, below in _parts(text):
            optional = bool(OPTIONAL.search(title))
            if level <= 2 or not found:
                core = Section(title, optional)
                found.append(core)
            elif level == 3 and optional and core is not None and not core.optional:
                found.append(Section(title, True))
            elif level == 3 and core is not None and found[-1] is not core:
                core = Section(f"{core.title} (continued)", False)
                found.append(core)
            _count_text(f"{title}\n{below}", found[-1])
    return found


def total(counted: list[Section], *, optional: bool) -> Section:
    """Add up the core sections, or the optional ones."""
    result = Section("optional" if optional else "core", optional)
    for section in counted:
        if section.optional == optional:
            for name in ("words", "equations", "cells", "lines", "figures", "exercises"):
                setattr(result, name, getattr(result, name) + getattr(section, name))
    return result


def report(notebook: NotebookNode, name: str) -> str:
    """Return a table: one line a section, then the sums of the core path and of the optional sections."""
    counted = sections(notebook)
    label = notebook.metadata.get("course", {}).get("minutes")
    lines = [f"{name}: labelled {label} minutes", f"  {'section':48s}" + "".join(f"{c:>7s}" for c in COLUMNS)]
    for section in [*counted, total(counted, optional=False), total(counted, optional=True)]:
        title = section.title if len(section.title) <= 46 else section.title[:45] + "…"
        numbers = [section.words, section.equations, section.cells, section.lines, section.figures,
                   section.exercises, round(section.minutes)]  # fmt: skip
        lines.append(f"{'+' if section.optional else ' '} {title:48s}" + "".join(f"{n:7d}" for n in numbers))
    return "\n".join(lines)


def main(args: argparse.Namespace) -> int:
    """Print the table of each wanted chapter; optional sections are marked with a +.

    With ``--guide`` the tables of the instructor guide are written (``--check``: only compared), with
    ``--measure`` the chapters are run for their machine times.
    """
    from course_lib.notebooks import commands, guide, source

    root = files.find_root(Path(args.root) if getattr(args, "root", None) else None)
    if getattr(args, "measure", False):
        return commands.measure(args)
    if getattr(args, "guide", False):
        return guide.timetables(root, check=bool(getattr(args, "check", False)))
    try:
        paths = files.select(root / "notebooks", ".ipynb", list(args.chapters or []))
    except ValueError as error:
        print(error)
        return 2
    print("\n\n".join(report(source.load(path), path.stem) for path in paths))
    return 0


def _parts(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield (level, heading, text below it); what precedes the first heading has level 9 and no heading."""
    matches = list(grammar.HEADING.finditer(text))
    before = text[: matches[0].start()] if matches else text
    if before.strip():
        yield 9, "", before
    ends = [*(match.start() for match in matches[1:]), len(text)]
    for match, end in zip(matches, ends, strict=False):
        yield len(match[1]), match[2], text[match.end() : end]


def _count_text(text: str, section: Section) -> None:
    text = FURTHER_READING.sub("", text)
    section.exercises += sum(map(int, EXERCISE_MINUTES.findall(text)))
    section.equations += text.count(r"\tag{")
    section.words += len(MARKUP.sub("", DISPLAY.sub(" ", text)).split())


def _count_code(cell: NotebookNode, section: Section) -> None:
    if grammar.tags(cell) & {"exercise", "check"} or cell.source == first_cell.SOURCE:
        return
    stripped = [line.strip() for line in cell.source.splitlines()]
    section.cells += 1
    section.lines += sum(
        bool(line) and not line.startswith("#") and not STRING_LINE.fullmatch(line) for line in stripped
    )
    # A slider is a figure too; a chapter that was not executed shows its figures by their calls.
    section.figures += len(re.findall(r"\bplots\.(?:show|slider)\(", cell.source))
