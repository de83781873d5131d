"""A chapter as a list of blocks, each with the headings it stands under."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from nbformat import NotebookNode

__all__ = ["Block", "blocks", "items", "plain", "sentences"]

HEADING = re.compile(r"(#{1,6})\s+(.+?)\s*#*")
ITEM = re.compile(r"(?:[-*+]|\d+\.)\s+")
NUMBER = re.compile(r"(?:Exercise )?(\d+\.\d+)\b")
LINK = re.compile(r"\[([^\]\n]*)\]\((?!https?:)[^)\s]*\)")
WHOLE = re.compile(r"\$[^$]+\$|`[^`]+`")  # a full stop in here ends no sentence
END = re.compile(r"[.!?](?:\*\*|[)\"'*_”])*\s+(?=[A-Z0-9$`*_(\"“\x00])")
LEAD = re.compile(r"(?:\(\w\) )?\*\*[^*]+\*\*")
ABBREVIATIONS = ("e.g.", "i.e.", "vs.", "Dr.", "al.")


@dataclass
class Block:
    """One paragraph, list, table, formula or code cell of a chapter."""

    kind: str  # heading, text, quote, list, table, equation, code
    source: str
    path: tuple[str, ...]  # the headings above it, outermost first
    outputs: list[NotebookNode] = field(default_factory=list)
    tags: frozenset[str] = frozenset()


def blocks(notebook: NotebookNode) -> list[Block]:
    """Return the blocks of an executed chapter in their order, without the solutions."""
    found: list[Block] = []
    path: list[str] = []
    for cell in notebook.cells:
        tags = frozenset(cell.metadata.get("tags", []))
        if cell.cell_type == "code":
            found.append(Block("code", cell.source, tuple(path), list(cell.outputs), tags))
            continue
        for kind, text in _parts(cell.source):
            if kind == "heading":
                marks, title = HEADING.fullmatch(text).groups()  # type: ignore[union-attr]
                if title == "Solutions":
                    return found
                path[len(marks) - 1 :] = [title]
            found.append(Block(kind, text, tuple(path)))
    return found


def sentences(text: str) -> list[str]:
    """Split a paragraph into sentences; formulas and code stay whole, a bold lead stays with the next."""
    kept: list[str] = []

    def hide(match: re.Match[str]) -> str:
        kept.append(match[0])
        return f"\x00{len(kept) - 1}\x01"

    hidden = WHOLE.sub(hide, " ".join(text.split()))
    parts, start = [], 0
    for match in END.finditer(hidden):
        before = hidden[start : match.end()].strip()
        if not hidden[: match.start() + 1].endswith(ABBREVIATIONS) and not LEAD.fullmatch(before):
            parts.append(hidden[start : match.end()].strip())
            start = match.end()
    parts.append(hidden[start:].strip())
    return [re.sub("\x00(\\d+)\x01", lambda match: kept[int(match[1])], part) for part in parts if part]


def items(block: Block) -> list[str]:
    """Return the items of a list, each without its mark."""
    found: list[str] = []
    for line in block.source.splitlines():
        mark = ITEM.match(line)
        if mark:
            found.append(line[mark.end() :])
        else:
            found[-1] += f" {line.strip()}"
    return found


def plain(text: str) -> str:
    """Return Markdown without links to other parts of the course: a slide leads nowhere."""
    return LINK.sub(r"\1", text)


def _parts(source: str) -> Iterator[tuple[str, str]]:
    """Yield the blocks of a Markdown cell; a formula that stands alone is one, whatever stands around it."""
    for piece in re.split(r"(^\$\$.*?\$\$[.,;]?[ ]*$)", source, flags=re.MULTILINE | re.DOTALL):
        if piece.startswith("$$"):
            yield "equation", piece.strip()
            continue
        for paragraph in re.split(r"\n\s*\n", piece):
            lines = paragraph.strip("\n").splitlines()
            while lines and HEADING.fullmatch(lines[0].strip()):
                yield "heading", lines.pop(0).strip()
            if lines:
                yield _kind(lines), "\n".join(lines)


def _kind(lines: list[str]) -> str:
    first = lines[0].lstrip()
    if first.startswith(">"):
        return "quote"
    if first.startswith("|"):
        return "table"
    return "list" if ITEM.match(first) else "text"
