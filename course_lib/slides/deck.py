"""A chapter's deck as a notebook: one group of cells a slide, ready for nbconvert's slides exporter."""

from __future__ import annotations

import html
import math
import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from course_lib.slides.blocks import NUMBER, Block, blocks, plain, sentences
from course_lib.slides.choose import NotFound, Part, choose, section
from course_lib.slides.narrow import narrow_code, narrow_print

__all__ = ["FOLDER", "assemble", "choices"]

FOLDER = Path("docs", "slides")
KEYS = {"from", "show", "title", "figure"}
WIDTH, HEIGHT = 1168, 590  # what is left of 1280 x 720 beside the margins and below a title, in pixels
SIZES = sorted(
    ((text, code) for text in (38, 34, 30) for code in (28, 26, 24, 22) if code <= text - 8),
    key=lambda sizes: -sizes[0] - 2 * sizes[1],
)
MONO = 0.603  # the width of a character of code, over its height
CODE_WIDTH = WIDTH + 48 - 36  # code may stand a little further out than text; its ground has a margin
LONGEST = int(CODE_WIDTH / (MONO * SIZES[-1][1]))  # characters in a line of the smallest type
TABLE_SIZES = (30, 28, 26)
FIGURE, LEAST_FIGURE = 420, 300  # pixels of height: what a figure should have and what it needs
NOTE_WORDS = 160


def choices(path: Path) -> list[dict[str, Any]]:
    """Read the slides that ``docs/slides/NN_stem.toml`` asks for.

    Raises
    ------
    ValueError
        If the file is not TOML, or a slide lacks ``from`` and ``show`` or has an unknown key.
    """
    try:
        slides = tomllib.loads(path.read_text(encoding="utf-8")).get("slide", [])
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path.name}: {error}") from error
    for number, slide in enumerate(slides, start=1):
        if not {"from", "show"} <= set(slide) <= KEYS:
            raise ValueError(f"{path.name}, slide {number}: its keys are {', '.join(sorted(KEYS))}.")
    return slides


def assemble(notebook: NotebookNode, slides: list[dict[str, Any]], guide: str = "") -> NotebookNode:
    """Return the deck of an executed chapter: a title slide, then what ``slides`` choose.

    Parameters
    ----------
    notebook : NotebookNode
        The executed chapter.
    slides : list of dict
        As `choices` reads them.
    guide : str
        The chapter's page of the instructor guide; what it says about a section goes into the notes.

    Raises
    ------
    ValueError
        If a choice finds nothing; the message names the slide and the choice.
    """
    chapter = blocks(notebook)
    cells, problems = _opening(chapter), []
    for number, slide in enumerate(slides, start=2):
        try:
            scope = section(chapter, slide["from"])
            parts = [part for choice in slide["show"] for part in choose(choice, scope, chapter)]
            title = _title(slide, scope)
        except NotFound as error:
            problems.append(f"slide {number}: {error}.")
            continue
        cells += [_cell("markdown", f"## {title}", "slide", "title"), *_body(parts, slide.get("figure"))]
        cells.append(_cell("markdown", _notes(parts, scope, guide), "notes"))
    if problems:
        raise ValueError("\n".join(problems))
    metadata = {"title": chapter[0].path[0], "kernelspec": {"name": "python3", "display_name": "Python 3"}}
    return nbformat.from_dict({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


def _opening(chapter: list[Block]) -> list[NotebookNode]:
    """The first slide: the chapter's title and its promise; what it takes is in the notes."""
    start = [block for block in chapter if len(block.path) == 1]
    promise = next((block.source for block in start if block.source.startswith("**Promise")), "")
    rest = [plain(block.source) for block in start if block.kind == "text" and block.source != promise]
    return [
        _cell("markdown", f"# {chapter[0].path[0]}", "slide", "opening"),
        _cell("markdown", plain(promise), "-", "opening"),
        _cell("markdown", "\n\n".join(rest), "notes"),
    ]


def _title(slide: dict[str, Any], scope: list[Block]) -> str:
    """The section's heading, or words of the section that ``title`` names."""
    heading = min(scope[0].path, key=lambda title: not _leads(title, slide["from"]))
    title = slide.get("title")
    if title is None:
        return heading.split(" (★")[0]
    if not any(title in " ".join(block.source.split()) for block in scope):
        raise NotFound(f"the title {title!r} is not found in section {heading!r}")
    number = re.match(r"\d+\.\d+ ", heading)
    return (number[0] if number else "") + title[0].upper() + title[1:].rstrip(".:")


def _leads(title: str, name: str) -> bool:
    number = NUMBER.match(title)
    return title.startswith(name) or (number is not None and number[0] == name)


def _body(parts: list[Part], figure_height: int | None) -> list[NotebookNode]:
    """The cells of one slide: type as large as the room allows, figures in what the rest leaves."""
    parts = [_narrowed(part) for part in _joined(parts)]
    figures = sum(part.kind == "figure" for part in parts)
    text, code = _sizes(parts, HEIGHT - figures * FIGURE)
    taken = sum(_height(part, text, code) for part in parts)
    room = figure_height or max(LEAST_FIGURE, int((HEIGHT - taken) / max(1, figures)) - 10)
    cells = []
    for part in parts:
        if part.kind == "figure":
            cells.append(_figure(part, room))
        elif part.kind == "code":
            wrap = ["wrap"] if _is_stub(part) else []
            cells.append(_cell("code", part.source, "-", f"code-{code}", *wrap))
        elif part.kind == "text":
            cells.append(_printed(part, code))
        else:
            size = _table_size(part, text) if part.block.kind == "table" else text
            cells.append(_cell("markdown", part.source, "-", f"part-{part.block.kind}", f"text-{size}"))
    return cells


def _joined(parts: list[Part]) -> list[Part]:
    """Sentences of one paragraph that are shown one after the other become one paragraph again."""
    joined: list[Part] = []
    for part in parts:
        last = joined[-1] if joined else None
        if last and part.kind == last.kind == "markdown" and part.block is last.block:
            mark = "\n" if part.block.kind == "list" else " "
            joined[-1] = Part(part.kind, last.source + mark + part.source, part.block)
        else:
            joined.append(part)
    return joined


def _narrowed(part: Part) -> Part:
    """The part with its lines short enough for the smallest type that is used."""
    if part.kind not in ("code", "text") or _is_stub(part):
        return part
    narrow = narrow_code if part.kind == "code" else narrow_print
    return replace(part, source=narrow(part.source, LONGEST))


def _sizes(parts: list[Part], room: int) -> tuple[int, int]:
    """The largest type, of text and of code, with which the parts fit into ``room``."""
    codes = [part for part in parts if part.kind in ("code", "text")]
    fixed = [line for part in codes if not _is_stub(part) for line in part.source.splitlines()]
    widest = max(map(len, fixed), default=0)
    for text, code in SIZES:
        if widest * MONO * code <= CODE_WIDTH and sum(_height(part, text, code) for part in parts) <= room:
            return text, code
    return SIZES[-1]


def _is_stub(part: Part) -> bool:
    """A stub's docstring says what is wanted, and may be broken into lines."""
    return part.kind == "code" and "exercise" in part.block.tags


def _table_size(part: Part, text: int) -> int:
    """Tables are the one thing that may be set smaller than text: their rows cannot be left out."""
    fitting = [size for size in TABLE_SIZES if size <= text and _rows(part) * (1.4 * size + 11) <= HEIGHT]
    return fitting[0] if fitting else TABLE_SIZES[-1]


def _rows(part: Part) -> int:
    """The lines of a table on the slide: a long row takes two."""
    rows = [line for line in part.source.splitlines() if not set(line) <= set("|-: ")]
    return len(rows) + sum(len(_shown(row)) > 95 for row in rows)


def _height(part: Part, text: int, code: int) -> float:
    """About how many pixels a part takes; the browser tests see whether all of them fit."""
    if part.kind == "figure":
        return 0
    if part.kind in ("code", "text"):
        room = CODE_WIDTH if _is_stub(part) else math.inf
        lines = sum(max(1, math.ceil(len(line) * MONO * code / room)) for line in part.source.splitlines())
        return lines * 1.38 * code + 42
    if part.block.kind == "equation":
        return text * (3.2 + 2.2 * part.source.count(r"\\\\"))
    rows = part.source.splitlines()
    if part.block.kind == "table":
        return _rows(part) * (1.4 * _table_size(part, text) + 11) + 14
    return sum(math.ceil(len(_shown(row)) * 0.47 * text / WIDTH) * 1.4 * text for row in rows) + 24


def _shown(text: str) -> str:
    return re.sub(r"\\[a-zA-Z]+|[{}*$`^_]", "", text)


def _figure(part: Part, height: int) -> NotebookNode:
    """The figure as an image that carries its alternative text, which nbconvert's templates drop."""
    output = part.outputs[0]
    alt = output.get("metadata", {}).get("image/png", {}).get("alt", "")
    data = "".join(output["data"]["image/png"].split())
    image = (
        f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{data}" style="max-height: {height}px">'
    )
    return _outputs([nbformat.v4.new_output("display_data", {"text/html": image})], "figure")


def _printed(part: Part, size: int) -> NotebookNode:
    return _outputs([nbformat.v4.new_output("stream", text=part.source)], f"code-{size}", "printed")


def _outputs(outputs: list[NotebookNode], *tags: str) -> NotebookNode:
    cell = _cell("code", "", "-", *tags)
    cell.outputs = outputs
    cell.metadata["transient"] = {"remove_source": True}
    return cell


def _cell(kind: str, source: str, slide_type: str, *tags: str) -> NotebookNode:
    new = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
    return new(source, metadata={"slideshow": {"slide_type": slide_type}, "tags": list(tags)})


def _notes(parts: list[Part], scope: list[Block], guide: str) -> str:
    """What to say: the guide's advice for this section, and what the chapter says around the parts shown."""
    shown = " ".join(part.source for part in parts)
    near: list[str] = []
    for part in parts:
        index = next((i for i, block in enumerate(scope) if block is part.block), None)
        around = scope[max(0, index - 1) : index + 2] if index is not None else scope[1:2]
        for block in around:
            if block.kind == "text":
                said = [
                    s for s in sentences(block.source) if plain(s) not in shown and s not in " ".join(near)
                ]
                near += [" ".join(said)] if said else []
    advice = _advice(scope, guide)
    if not advice and not near:  # the slide shows all of its paragraphs: what else the section says
        others = [block.source for block in scope if block.kind in ("text", "list")]
        near = [text for text in others if plain(text) not in shown]
    return "\n\n".join([*advice, *_first_words([plain(text) for text in near])])


def _first_words(paragraphs: list[str]) -> list[str]:
    """Return as many paragraphs as a speaker can glance at."""
    kept: list[str] = []
    for paragraph in paragraphs:
        if kept and len(" ".join([*kept, paragraph]).split()) > NOTE_WORDS:
            break
        kept.append(paragraph)
    return kept


def _advice(scope: list[Block], guide: str) -> list[str]:
    number = next((NUMBER.match(title) for title in reversed(scope[0].path) if NUMBER.match(title)), None)
    if number is None:
        return []
    name = number[0] if number[0].startswith("Exercise") else f"Section {number[0]}"
    return [line for line in guide.splitlines() if re.search(rf"{re.escape(name)}(?!\d)", line)][:3]
