"""Lines that are too wide for large type, broken: code where Python allows it, printed text at its gaps."""

from __future__ import annotations

import io
import re
import tokenize

__all__ = ["narrow_code", "narrow_print"]

#: Where a line is broken: behind a comma or in front of an operator; a product as if it stood deeper.
BINDING = {",": 0, "for": 0, "if": 0, "else": 0, "or": 0, "and": 0, "+": 0, "-": 0, "*": 1, "/": 1, "@": 1}
GAP = re.compile(r" {2,}(?=\S)")


def narrow_code(source: str, room: int) -> str:
    """Return code that does the same in lines of at most ``room`` characters.

    A comment behind a line that is too wide moves above it. Then a line is broken inside its outermost
    brackets, behind a comma or in front of an operator; without such a place it stays as it is.
    """
    rows = source.splitlines()
    wide = {number for number, row in enumerate(rows, start=1) if len(row) > room}
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline)) if wide else []
    result: list[str] = []
    for number, row in enumerate(rows, start=1):
        if number not in wide:
            result.append(row)
            continue
        margin = row[: len(row) - len(row.lstrip())]
        here = [token for token in tokens if token.start[0] == token.end[0] == number]
        comment = next((token for token in here if token.type == tokenize.COMMENT), None)
        if comment is not None and row[: comment.start[1]].strip():
            result.append(margin + comment.string)
            row = row[: comment.start[1]].rstrip()
        result += _broken(row, margin, here, room)
    return "\n".join(result)


def _broken(row: str, margin: str, tokens: list[tokenize.TokenInfo], room: int) -> list[str]:
    """The line, or two lines of it when it is too wide and has brackets to break in."""
    if len(row) <= room:
        return [row]
    depth, places = 0, []
    for token in tokens:
        depth += (token.string in "([{") - (token.string in ")]}") if token.type == tokenize.OP else 0
        if depth and token.string in BINDING and (token.string == "," or row[token.start[1] - 1] == " "):
            place = token.end[1] if token.string == "," else token.start[1]
            if place <= room:
                places.append((depth + BINDING[token.string], -place))
    if not places:
        return [row]
    cut = -min(places)[-1]
    return [row[:cut].rstrip(), f"{margin}    {row[cut:].strip()}"]


def narrow_print(text: str, room: int) -> str:
    """Return printed text whose lines have at most ``room`` characters where blanks allow it.

    Blanks that all lines share go, down to two between columns, where that is enough. Otherwise a line
    that is too wide is broken at its last gap between columns, else at a blank; what follows is set in.
    """
    rows = text.splitlines()
    excess = max(map(len, rows), default=0) - room
    if excess > 0:
        squeezed = _squeezed(rows, excess)
        rows = squeezed if max(map(len, squeezed)) <= room else rows
    return "\n".join(piece for row in rows for piece in _folded(row, room))


def _squeezed(rows: list[str], excess: int) -> list[str]:
    """Take away up to ``excess`` columns of blanks that stand beside two others."""
    width = max(map(len, rows))
    padded = [row.ljust(width) for row in rows]
    for column in range(width - 3, 0, -1):
        if excess and all(not row[column : column + 3].strip() for row in padded):
            padded = [row[:column] + row[column + 1 :] for row in padded]
            excess -= 1
    return [row.rstrip() for row in padded]


def _folded(row: str, room: int) -> list[str]:
    if len(row) <= room:
        return [row]
    gaps = [gap.start() for gap in GAP.finditer(row) if row[: gap.start()].strip() and gap.start() <= room]
    cut = gaps[-1] if gaps and gaps[-1] > room // 2 else row.rfind(" ", room // 2, room + 1)
    return [row] if cut < 0 else [row[:cut].rstrip(), *_folded(f"    {row[cut:].strip()}", room)]
