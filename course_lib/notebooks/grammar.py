"""The grammar of a chapter: what its cells may be tagged, and what must hold before and after execution.

Tags: ``exercise`` (a stub), ``check`` (calls ``check``), ``solution`` (answers under its own name and
runs the same check), ``gpu`` and ``timing`` (their output is not compared), and nbval's
``nbval-ignore-output``, ``nbval-skip`` and ``raises-exception``. A multiple-choice question is one cell
tagged ``[exercise, check]``.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # importing nbformat takes a second, and the processes that grade do without it
    from nbformat import NotebookNode

__all__ = [
    "TAGS",
    "heading_anchors",
    "output_problems",
    "parse",
    "solutions_start",
    "source_problems",
    "tags",
]

TAGS = (
    "exercise",
    "check",
    "solution",
    "gpu",
    "timing",
    "nbval-ignore-output",
    "nbval-skip",
    "raises-exception",
)
UNCOMPARED = {"gpu", "timing", "nbval-ignore-output", "nbval-skip"}
MAX_BYTES = 1_000_000
MIN_ALT = 40

HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*$", re.MULTILINE)
SOLUTIONS = re.compile(r"^##\s+Solutions\s*$", re.MULTILINE)
NOT_PROSE = re.compile(r"^(```|~~~).*?^\1|\$\$.*?\$\$|<!--.*?-->", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(#([^)\s]+)\)")
ANCHOR = re.compile(r"<a\s[^>]*(?:id|name)=[\"']([^\"']+)")
COMMENT_MARKER = re.compile(r"^\s*#\s*(NBVAL_\w+|PYTEST_VALIDATE_\w+)", re.MULTILINE)
MACHINE_PATH = re.compile(
    r"(?<![\w./:-])/(?:home|Users|root|work|opt|tmp|var|private|mnt|usr|workspace)/\w[^\s'\"<]*"
    r"|\b[A-Za-z]:\\+Users\\+\S+|ipykernel_\d+"
)
ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}\b")


def tags(cell: NotebookNode) -> set[str]:
    """Return the tags of a cell."""
    return set(cell.metadata.get("tags", []))


def parse(source: str) -> ast.Module:
    """Return the syntax tree of a code cell; IPython's syntax (``%magic``, ``!command``) is translated."""
    if re.search(r"^\s*[%!?]|\?\s*$", source, re.MULTILINE):
        from IPython.core.inputtransformer2 import TransformerManager

        source = TransformerManager().transform_cell(source)
    return ast.parse(source)


def source_problems(notebook: NotebookNode, name: str) -> list[str]:
    """Return what is wrong with a chapter as written, one sentence each; an empty list when nothing is."""
    rules = (_front_matter, _tags, _exercises, _solutions, _headings, _uncompared)
    return [f"{name}: {problem}" for rule in rules for problem in rule(notebook, name)]


def output_problems(notebook: NotebookNode, name: str, size: int) -> list[str]:
    """Return what is wrong with a committed notebook of ``size`` bytes, one sentence each."""
    problems = [f"is {size / 1e6:.2f} MB, the limit is {MAX_BYTES / 1e6:.0f} MB"] if size >= MAX_BYTES else []
    for number, cell in _code_cells(notebook):
        problems += [f"code cell {number} {problem}" for problem in _cell_output_problems(cell)]
    return [f"{name}: {problem}" for problem in problems]


def heading_anchors(notebook: NotebookNode) -> list[str]:
    """Return the link target of every heading, as JupyterLab and nbconvert make it: blanks become hyphens."""
    return [title.replace(" ", "-") for _, title in _heading_list(notebook)]


def solutions_start(notebook: NotebookNode) -> int | None:
    """Return the index of the cell that opens the closing section ``## Solutions``, or ``None``."""
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown" and SOLUTIONS.search(NOT_PROSE.sub("", cell.source)):
            return index
    return None


def _front_matter(notebook: NotebookNode, name: str) -> Iterator[str]:
    course = notebook.metadata.get("course", {})
    for field in ("number", "minutes", "cell_timeout"):
        value = course.get(field)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            yield f"the front matter needs course.{field}, a whole number; it is {value!r}"
    if isinstance(course.get("number"), int) and course["number"] != int(Path(name).name[:2]):
        yield f"course.number is {course['number']}, but the file's name says {name[:2]}"


def _tags(notebook: NotebookNode, _: str) -> Iterator[str]:
    for number, cell in _code_cells(notebook):
        unknown = sorted(tags(cell) - set(TAGS))
        if unknown:
            yield f"code cell {number} has the unknown tag {unknown[0]!r}; tags are {', '.join(TAGS)}"
        if "solution" in tags(cell) and tags(cell) & {"exercise", "check"}:
            yield f"code cell {number} is a solution and cannot be an exercise or a check as well"
        marker = COMMENT_MARKER.search(cell.source)
        if marker:
            yield f"code cell {number} has the comment {marker[1]}; use a tag"
        try:
            parse(cell.source)
        except SyntaxError as error:
            yield f"code cell {number} is not valid Python: {error.msg} (line {error.lineno})"


def _exercises(notebook: NotebookNode, _: str) -> Iterator[str]:
    """Every exercise is a stub with a check after it; every check calls ``check("id", ...)``."""
    cells = _code_cells(notebook)
    previous: set[str] = set()
    for position, (number, cell) in enumerate(cells):
        own = tags(cell)
        if "exercise" in own and not _is_stub(cell):
            yield f"code cell {number} is an exercise, but holds neither ... nor raise NotImplementedError"
        following = tags(cells[position + 1][1]) if position + 1 < len(cells) else set()
        if "exercise" in own and "check" not in own | following:
            yield f"code cell {number} is an exercise; the next code cell must be tagged check"
        if "check" in own and not checked_ids(cell):
            yield f'code cell {number} is tagged check, but does not call check("some.id", ...)'
        if "check" in own and "exercise" not in own and not previous & {"exercise", "check"}:
            yield f"code cell {number} is a check without an exercise before it"
        previous = own


def _solutions(notebook: NotebookNode, _: str) -> Iterator[str]:
    """Every checked id has a solution in the closing section, under a name of its own."""
    start = solutions_start(notebook)
    asked: dict[str, int] = {}
    solved: set[str] = set()
    learner_names: set[str] = set()
    closing = False
    number = 0
    for index, cell in enumerate(notebook.cells):
        closing = closing or (start is not None and index >= start)
        if cell.cell_type != "code":
            continue
        number += 1
        if "check" in tags(cell):
            asked |= dict.fromkeys(checked_ids(cell), number)
        if "exercise" in tags(cell):
            learner_names |= bound_names(cell)
        if closing and "solution" not in tags(cell):
            yield f"code cell {number} stands in the closing Solutions section, but is not tagged solution"
        if "solution" not in tags(cell):
            continue
        if not closing:
            yield f"code cell {number} is a solution outside the closing section '## Solutions'"
        taken = sorted(bound_names(cell) & learner_names)
        if taken:
            yield f"code cell {number} is a solution that rebinds the learner's {taken[0]!r}; rename it"
        solved |= set(checked_ids(cell))
    for id_, number in asked.items():
        if id_ not in solved:
            yield f"exercise {id_!r} (code cell {number}) has no solution cell that runs its check"
    for id_ in sorted(solved - set(asked)):
        yield f"there is a solution of {id_!r}, but no exercise checks it"


def _headings(notebook: NotebookNode, _: str) -> Iterator[str]:
    headings = _heading_list(notebook)
    top = [title for level, title in headings if level == 1]
    if len(top) != 1 or headings[0][0] != 1:
        yield f"there must be one top heading (#), and it comes first; there are {len(top)}: {top}"
    for (before, _title), (level, title) in itertools.pairwise(headings):
        if level > before + 1:
            yield f"heading {title!r} skips a level: {'#' * level} after {'#' * before}"
    prose = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    targets = {*heading_anchors(notebook), *ANCHOR.findall(prose)}
    for link in LINK.findall(NOT_PROSE.sub("", prose)):
        if link not in targets:
            yield f"the link to #{link} leads nowhere; a heading's anchor is its text with hyphens for blanks"


def _uncompared(notebook: NotebookNode, _: str) -> Iterator[str]:
    cells = _code_cells(notebook)
    count = sum(bool(tags(cell) & UNCOMPARED) for _number, cell in cells)
    if count > max(1, len(cells) // 10):
        yield f"{count} of {len(cells)} code cells are not compared with their output; at most one in ten"


def _cell_output_problems(cell: NotebookNode) -> Iterator[str]:
    if cell.source.strip() and cell.execution_count is None:
        yield "has never been executed"
    for output in cell.outputs:
        if output.output_type == "error" and "raises-exception" not in tags(cell):
            yield f"ends in {output.ename}: {output.evalue}"
        if output.get("name") == "stderr":
            yield f"writes to stderr: {output.text.strip().splitlines()[-1]!r}"
        text = _text(output)
        for pattern, what in ((MACHINE_PATH, "a path of this machine"), (ADDRESS, "an object's address")):
            found = pattern.search(text)
            if found:
                yield f"shows {what}: {found[0]!r}"
        yield from _figure_problems(output)


def _figure_problems(output: NotebookNode) -> Iterator[str]:
    for kind in output.get("data", {}):
        if kind.startswith("image/"):
            alt = output.metadata.get(kind, {}).get("alt", "").strip()
            if len(alt) < MIN_ALT:
                yield f"shows a figure whose alt text has {len(alt)} characters; it needs {MIN_ALT}: {alt!r}"


def _text(output: NotebookNode) -> str:
    if output.output_type == "error":
        return f"{output.evalue}"
    data = output.get("data", {})
    return "\n".join(
        [output.get("text", ""), *(str(v) for k, v in data.items() if not k.startswith("image/"))]
    )


def checked_ids(cell: NotebookNode) -> list[str]:
    """Return the ids of the exercises a cell checks: the literal first arguments of ``check``."""
    ids = []
    for node in _walk(cell):
        match node:
            case ast.Call(func=ast.Name(id="check"), args=[ast.Constant(value=str(id_)), *_]):
                ids.append(id_)
    return ids


def bound_names(cell: NotebookNode) -> set[str]:
    """Return the names a cell binds at top level: functions, classes, imports, variables."""
    names: set[str] = set()
    pending: list[ast.AST] = list(_tree(cell).body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)  # what it binds inside is its own
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif not isinstance(node, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            pending += ast.iter_child_nodes(node)
    return names


def _is_stub(cell: NotebookNode) -> bool:
    for node in _walk(cell):
        if isinstance(node, ast.Constant) and node.value is Ellipsis:
            return True
        if isinstance(node, ast.Raise) and "NotImplementedError" in ast.dump(node):
            return True
    return False


def _tree(cell: NotebookNode) -> ast.Module:
    try:
        return parse(cell.source)
    except SyntaxError:  # reported by itself
        return ast.Module(body=[], type_ignores=[])


def _walk(cell: NotebookNode) -> Iterator[ast.AST]:
    return ast.walk(_tree(cell))


def _code_cells(notebook: NotebookNode) -> list[tuple[int, NotebookNode]]:
    return list(enumerate((cell for cell in notebook.cells if cell.cell_type == "code"), start=1))


def _heading_list(notebook: NotebookNode) -> list[tuple[int, str]]:
    return [(len(marks), title) for cell in notebook.cells if cell.cell_type == "markdown"
            for marks, title in HEADING.findall(NOT_PROSE.sub("", cell.source))]  # fmt: skip
