"""The index of all exercises: where each stands, how long it takes, what it asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator

import nbformat
from nbformat import NotebookNode

from course_lib.exercises import catalogue, wording
from course_lib.exercises.exercise import Choice, Item, Value
from course_lib.notebooks import grammar

__all__ = ["anchors", "page"]

CHECK = re.compile(r"""\bcheck\(\s*["']([\w.]+)["']""")


def anchors(notebook: NotebookNode) -> dict[str, str]:
    """Return the anchor of the heading under which a chapter checks each exercise."""
    found: dict[str, str] = {}
    heading = ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            alone = nbformat.v4.new_notebook(cells=[cell])
            heading = (grammar.heading_anchors(alone) or [heading])[-1].replace("`", "")
        elif "check" in grammar.tags(cell):
            for id in CHECK.findall(cell.source):
                found.setdefault(id, heading)
    return found


def page(notebooks: dict[str, NotebookNode], titles: dict[str, str]) -> str:
    """Return the index in Markdown.

    Parameters
    ----------
    notebooks : dict of str to notebook
        The chapters on the site, by stem.
    titles : dict of str to str
        Their titles.
    """
    known = {item.id: item for item in catalogue.all_items()}
    tables = []
    count = minutes = 0
    for stem, notebook in notebooks.items():
        found = {id: anchor for id, anchor in anchors(notebook).items() if id in known}
        count += len(found)
        minutes += sum(known[id].minutes for id in found)
        if found:
            tables += [f"## {stem[:2]} · {titles[stem]}", "", *_table(stem, found, known), ""]
    opening = (
        f"{count} exercises in the chapters, {minutes} minutes in all. One star is a warm-up, three take "
        "thought. Each checks itself and says what a wrong answer got wrong; answer them in the notebooks, "
        "which `python3 start.py lab` opens."
    )
    return "\n".join(["# Exercises", "", opening, "", *tables, *_further(known)])


def _further(known: dict[str, Item]) -> Iterator[str]:
    """The exercises that no chapter has a cell for, and how one is begun."""
    yield "## Further practice, in no chapter"
    yield ""
    yield (
        "These check themselves too, but no chapter has a cell for them, and no solution is printed; "
        "`hint` helps. In any notebook of the course, a cell with"
    )
    yield '\n```python\nfrom course_lib.exercises import task\n\ntask("ridge.objective")\n```\n'
    yield "says what is asked and shows a cell to begin from.\n"
    yield "| exercise | what it asks for |"
    yield "|---|---|"
    for item in (item for id, item in known.items() if id in catalogue.FURTHER):
        text = wording.of(item)
        about = (
            f"{_cell(str(text['title']))}, after chapter {item.chapter:02d}<br>`{item.id}`<br>{_effort(item)}"
        )
        yield f"| {about} | {_cell(_question(str(text.get('prompt', ''))))} |"
    yield ""


def _table(stem: str, found: dict[str, str], known: dict[str, Item]) -> Iterator[str]:
    """Two columns, so that a telephone shows both."""
    yield "| exercise | what it asks for |"
    yield "|---|---|"
    for id, anchor in found.items():
        item, text = known[id], wording.of(known[id])
        number = re.match(r"Exercise-([\d.]+\d)", anchor)
        title = f"{number[1]} {text['title']}" if number else str(text["title"])
        link = f"[{_cell(title)}](notebooks/{stem}.ipynb#{anchor})"
        yield f"| {link}<br>{_effort(item)} | {_cell(_question(str(text.get('prompt', ''))))} |"


def _effort(item: Item) -> str:
    stars = f'<span aria-hidden="true">{"★" * item.difficulty}</span>'
    stars += f'<span class="spoken">difficulty {item.difficulty} of 3</span>'
    unit = "minute" if item.minutes == 1 else "minutes"
    return f"{stars} · {item.minutes} {unit} · {_kind(item)}"


def _kind(item: Item) -> str:
    return "a choice" if isinstance(item, Choice) else "a number" if isinstance(item, Value) else "a function"


def _question(text: str) -> str:
    """The sentence that asks; without a question mark, the first one."""
    sentences = re.split(r"(?<=[.?])\s+(?=[A-Z])", " ".join(text.split()))
    return next((sentence for sentence in sentences if sentence.endswith("?")), sentences[0])


def _cell(text: str) -> str:
    return re.sub(r"([|*_$])", r"\\\1", text) if "`" not in text else text.replace("|", r"\|")
