"""Editions of a chapter: for workshops (no solutions, no outputs) and for reading (HTML)."""

from __future__ import annotations

import copy
import html
import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course_lib.notebooks import first_cell, grammar, source
from course_lib.notebooks.execute import execute
from course_lib.notebooks.files import write_atomically

__all__ = ["Verdict", "copy_material", "verdicts", "with_alt_text", "workshop", "write_html", "write_index"]

LINK = re.compile(r"\[[^\]\n]*\]\(#solution[^)\s]*\)", re.IGNORECASE)
IN_BRACKETS = re.compile(rf"\s*\([^()\n]*{LINK.pattern}[^()\n]*\)", re.IGNORECASE)
LIST_MARK = re.compile(r"\s*(?:(?:[-*+]|\d+\.) )?")
SENTENCE = re.compile(r".*?[.!?][)\"'*_]*(?:\s+|$)|.+")
RECORDER = """
def _recording(check):
    def recorded(id, *args, **kwargs):
        report = check(id, *args, **kwargs)
        _verdicts.append([*_where, id, bool(report.attempted), bool(report.passed)])
        return report
    recorded.recording = True
    return recorded
_verdicts = []
"""


def workshop(notebook: NotebookNode) -> NotebookNode:
    """Return ``notebook`` without solutions, without links to them and without outputs.

    The closing section ``## Solutions`` goes as a whole; a cell tagged ``solution`` goes wherever it is.
    """
    from nbconvert.preprocessors import ClearOutputPreprocessor, TagRemovePreprocessor

    result = copy.deepcopy(notebook)
    start = grammar.solutions_start(result)
    if start is not None:
        opening = result.cells[start]
        opening.source = grammar.SOLUTIONS.split(opening.source)[0].rstrip()
        result.cells = result.cells[: start + bool(opening.source)]
    remove = TagRemovePreprocessor(remove_cell_tags={"solution"}, enabled=True)
    result, _ = remove.preprocess(result, {})
    result, _ = ClearOutputPreprocessor(enabled=True).preprocess(result, {})
    for cell in result.cells:
        if cell.cell_type == "markdown":
            cell.source = _without_solution_links(cell.source)
    result.cells = [cell for cell in result.cells if cell.source.strip()]
    return source.normalise(result)


def copy_material(root: Path, output: Path) -> None:
    """Put the data and the precomputed results that notebooks read beside them."""
    for origin, name in ((root / "data", "data"), (root / "notebooks" / "results", "results")):
        if origin.is_dir():
            shutil.copytree(origin, output / name, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".*"))


@dataclass(frozen=True)
class Verdict:
    """What one call of ``check`` in a tagged cell of a chapter reported."""

    tag: str
    cell: int
    id: str
    attempted: bool
    passed: bool


def verdicts(notebook: NotebookNode, cwd: Path, name: str = "notebook") -> list[Verdict]:
    """Execute a chapter as its workshop edition, solutions last, and return the verdict of every check in it.

    Raises
    ------
    ChapterError
        If a cell raises: Restart & Run All would stop there.
    """
    solutions = [cell for cell in notebook.cells if "solution" in grammar.tags(cell)]
    edition = workshop(notebook)
    cells = []
    for number, cell in enumerate([*edition.cells, *copy.deepcopy(solutions)]):
        tag = next((tag for tag in ("check", "solution") if tag in grammar.tags(cell)), None)
        if tag is not None:
            where = f"_where = {(tag, number)!r}\n"
            wrap = "if not hasattr(check, 'recording'):\n    check = _recording(check)"
            cells.append(nbformat.v4.new_code_cell(where + wrap))
        cells.append(cell)
    show = nbformat.v4.new_code_cell("import json\nprint(json.dumps(_verdicts))")
    edition.cells = [nbformat.v4.new_code_cell(RECORDER), *cells, show]
    printed = execute(edition, cwd, name=name).cells[-1].outputs[0].text
    return [Verdict(*entry) for entry in json.loads(printed)]


def write_html(notebook: NotebookNode, name: str, output: Path) -> Path:
    """Write an executed chapter as one HTML file that reads without a network.

    Figures are embedded with their alt text. Formulas are set by MathJax when it can be reached; without it
    their TeX source stays in the text.
    """
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(require_js_url="", jquery_url="", embed_images=True)
    body, _ = exporter.from_notebook_node(_for_html(notebook), {"metadata": {"name": name}})
    path = output / f"{name}.html"
    write_atomically(path, body)
    return path


def write_index(output: Path) -> None:
    """Write ``index.html``, a list of the chapters in ``output``."""
    items = "\n".join(
        f'<li><a href="{path.name}">{html.escape(path.stem.replace("_", " "))}</a></li>'
        for path in sorted(output.glob("*.html"))
        if path.name != "index.html"
    )
    page = f"""<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Regularization, from the ground up</title></head>
<body><h1>Regularization, from the ground up</h1>
<ol style="list-style: none">
{items}
</ol></body>
</html>
"""
    write_atomically(output / "index.html", page)


def _without_solution_links(text: str) -> str:
    """Drop each link to a solution: with its brackets where it stands in some, else with its sentence."""
    lines = []
    for line in text.splitlines():
        kept = line if LINK.search(line) is None else _line_without_links(IN_BRACKETS.sub("", line))
        if kept.strip(" .:*_-") or not line.strip():
            lines.append(kept)
    return "\n".join(lines).strip()


def _line_without_links(line: str) -> str:
    if line.lstrip().startswith("|"):  # a row of a table keeps its cells
        return LINK.sub("", line)
    start = LIST_MARK.match(line).end()  # type: ignore[union-attr]  # it matches the empty string too
    kept = [sentence for sentence in SENTENCE.findall(line[start:]) if LINK.search(sentence) is None]
    return (line[:start] + "".join(kept)).rstrip() if kept else ""


def with_alt_text(notebook: NotebookNode) -> NotebookNode:
    """Return a copy to read as HTML: figures carry their alternative text, the set-up cell is gone.

    nbconvert's templates drop the alt text of an output's metadata, so the ``<img>`` is written here.
    """
    result = copy.deepcopy(notebook)
    result.cells = [cell for cell in result.cells if cell.source != first_cell.SOURCE]
    for cell in result.cells:
        for output in cell.get("outputs", []):
            alt = output.get("metadata", {}).get("image/png", {}).get("alt")
            if alt:
                image = "".join(output.data["image/png"].split())
                tag = f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{image}">'
                output.data = nbformat.from_dict({"text/html": tag})
    return result


def _for_html(notebook: NotebookNode) -> NotebookNode:
    """Let links between chapters lead to their HTML copies, and figures carry their alt text."""
    linked = with_alt_text(notebook)
    for cell in linked.cells:
        if cell.cell_type == "markdown":
            cell.source = re.sub(r"\]\((\d\d_\w+)\.ipynb", r"](\1.html", cell.source)
    return linked
