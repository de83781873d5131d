"""The choices a slide is made of: what each word of ``docs/slides/*.toml`` finds in a chapter.

====================  =====================================================================================
``eq 2.1``            the formula with this number, wherever it stands
``formula 2``         the second formula without a number in the section
``figure``            the section's figure; ``figure 2`` its second one
``def ridge_fit``     the code of this function or class
``code WORDS``        the code cell that holds these words
``lines WORDS``       the statement that begins with these words
``out WORDS``         the printed output that holds these words; ``out`` the first one
``text WORDS``        the sentence that begins with these words; ``text`` the first sentence of the section
``paragraph WORDS``   the paragraph that begins with these words
``predict``           the question to answer before the cell is run
``list``              the section's list, each item's first sentence; ``list 1-3`` some items
``items``             the same with all of each item
``table``             the section's table; ``table 1-4`` some of its rows
``exercise 2.1``      what the exercise asks, and its stub
``ask 2.1``           what the exercise asks, without the stub
====================  =====================================================================================
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from course_lib.slides.blocks import NUMBER, Block, items, plain, sentences

__all__ = ["NotFound", "Part", "choose", "section"]


NOQA = re.compile(r"\s*#\s*noqa.*")


class NotFound(LookupError):
    """A choice that finds nothing in the chapter; the message names it."""


@dataclass(frozen=True)
class Part:
    """A piece of a slide: Markdown, code, or the outputs of a cell; and the block it comes from."""

    kind: str  # markdown, code, figure, text
    source: str
    block: Block
    outputs: tuple[Any, ...] = ()


def section(blocks: list[Block], name: str) -> list[Block]:
    """Return the blocks under the heading that begins with ``name``, a number or words; it comes first."""
    for level in range(6):
        found = [block for block in blocks if len(block.path) > level and _is_named(block.path[level], name)]
        if found:
            return found
    raise NotFound(f"there is no section {name!r}")


def choose(choice: str, scope: list[Block], chapter: list[Block]) -> list[Part]:
    """Return the parts that ``choice`` names in the section ``scope`` of ``chapter``."""
    verb, _, argument = choice.partition(" ")
    if verb not in CHOICES:
        raise NotFound(f"{choice!r}: choices are {', '.join(CHOICES)}")
    found = CHOICES[verb](argument.strip(), scope, chapter)
    if not found:
        raise NotFound(f"{choice!r} finds nothing in section {scope[0].path[-1]!r}")
    return found


def _equation(number: str, scope: list[Block], chapter: list[Block]) -> list[Part]:
    tag = rf"\tag{{{number}}}"
    return [Part("markdown", block.source, block) for block in chapter if tag in block.source][:1]


def _formula(number: str, scope: list[Block], chapter: list[Block]) -> list[Part]:
    found = [block for block in scope if block.kind == "equation" and r"\tag" not in block.source]
    return [Part("markdown", block.source, block) for block in _nth(found, number)]


def _figure(number: str, scope: list[Block], chapter: list[Block]) -> list[Part]:
    found = [
        Part("figure", block.source, block, (output,))
        for block in scope
        for output in block.outputs
        if "image/png" in output.get("data", {})
    ]
    return _nth(found, number)


def _def(name: str, scope: list[Block], chapter: list[Block]) -> list[Part]:
    for block in chapter:
        for node in _statements(block):
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
                return [Part("code", _without_docstring(block, node), block)]
    return []


def _code(words: str, scope: list[Block], chapter: list[Block]) -> list[Part]:
    return [Part("code", block.source, block) for block in scope
            if block.kind == "code" and words in block.source][:1]  # fmt: skip


def _lines(words: str, scope: list[Block], chapter: list[Block]) -> list[Part]:
    for block in scope:
        for node in _statements(block):
            for inner in ast.walk(node):
                if isinstance(inner, ast.stmt) and _code_of(block, inner).startswith(words):
                    return [Part("code", _code_of(block, inner), block)]
    return []


def _out(words: str, scope: list[Block], chapter: list[Block]) -> list[Part]:
    for block in scope:
        for output in block.outputs:
            text = output.get("text", "")
            if output.output_type == "stream" and words in text:
                return [Part("text", text.rstrip("\n"), block)]
    return []


def _text(words: str, scope: list[Block], chapter: list[Block]) -> list[Part]:
    for block in scope:
        for text in items(block) if block.kind == "list" else [block.source]:
            if block.kind in ("text", "list"):
                for sentence in sentences(text):
                    if sentence.startswith(words):
                        return [Part("markdown", plain(sentence), block)]
    return []


def _predict(_: str, scope: list[Block], chapter: list[Block]) -> list[Part]:
    return [Part("markdown", plain(block.source), block) for block in scope
            if block.kind == "quote" and "**Predict" in block.source][:1]  # fmt: skip


def _paragraph(words: str, scope: list[Block], chapter: list[Block]) -> list[Part]:
    return [Part("markdown", plain(block.source), block) for block in scope
            if block.kind == "text" and block.source.startswith(words)][:1]  # fmt: skip


def _items(which: str, scope: list[Block], chapter: list[Block]) -> list[Part]:
    return _list(which, scope, chapter, whole=True)


def _list(which: str, scope: list[Block], chapter: list[Block], whole: bool = False) -> list[Part]:
    for block in scope:
        if block.kind == "list":
            every = items(block)
            wanted = every[_range(which, len(every))]
            chosen = [f"- {plain(item if whole else sentences(item)[0])}" for item in wanted]
            return [Part("markdown", "\n".join(chosen), block)]
    return []


def _table(which: str, scope: list[Block], chapter: list[Block]) -> list[Part]:
    for block in scope:
        if block.kind == "table":
            head, rows = block.source.splitlines()[:2], block.source.splitlines()[2:]
            chosen = rows[_range(which, len(rows))]
            return [Part("markdown", plain("\n".join([*head, *chosen])), block)] if chosen else []
    return []


def _range(which: str, count: int) -> slice:
    """``2-4``, ``2`` or nothing, which is all."""
    first, _, last = which.partition("-")
    return slice(int(first or 1) - 1, int(last or first or count))


def _exercise(number: str, scope: list[Block], chapter: list[Block]) -> list[Part]:
    stubs = [block for block in section(chapter, f"Exercise {number}") if "exercise" in block.tags]
    return [*_ask(number, scope, chapter), *(Part("code", _stub(block), block) for block in stubs[:1])]


def _ask(number: str, scope: list[Block], chapter: list[Block]) -> list[Part]:
    """What an exercise asks; its name too where it is not the title of the slide."""
    heading, *rest = section(chapter, f"Exercise {number}")
    is_title = scope[0] is heading
    asked = [] if is_title else [Part("markdown", f"**{heading.path[-1].split(' (★')[0]}**", heading)]
    for block in rest:
        if block.kind == "code":
            break
        asked.append(Part("markdown", plain(block.source), block))
    return asked


def _stub(block: Block) -> str:
    """The cell without the call that checks it."""
    lines = [line for line in block.source.splitlines() if not line.startswith("check(")]
    return "\n".join(lines).strip() or block.source


CHOICES: dict[str, Callable[[str, list[Block], list[Block]], list[Part]]] = {
    "eq": _equation,
    "formula": _formula,
    "figure": _figure,
    "def": _def,
    "code": _code,
    "lines": _lines,
    "out": _out,
    "text": _text,
    "paragraph": _paragraph,
    "predict": _predict,
    "list": _list,
    "items": _items,
    "table": _table,
    "exercise": _exercise,
    "ask": _ask,
}


def _is_named(heading: str, name: str) -> bool:
    number = NUMBER.match(heading)
    return heading.startswith(name) if not NUMBER.fullmatch(name) or number is None else (
        number[0] == name
    )  # fmt: skip


def _nth(found: list[Any], number: str) -> list[Any]:
    index = int(number or 1) - 1
    return found[index : index + 1]


def _statements(block: Block) -> list[ast.stmt]:
    if block.kind != "code":
        return []
    try:
        return ast.parse(block.source).body
    except SyntaxError:  # a cell with IPython's own syntax
        return []


def _code_of(block: Block, node: ast.stmt) -> str:
    """Return the statement's text as it stands in the cell, comments included, moved to the left margin."""
    import textwrap

    lines = block.source.splitlines()[_first_line(node) - 1 : node.end_lineno]
    return textwrap.dedent("\n".join(NOQA.sub("", line) for line in lines))


def _without_docstring(block: Block, node: ast.FunctionDef | ast.ClassDef) -> str:
    """The function as one types it in front of an audience."""
    code = _code_of(block, node).splitlines()
    first = node.body[0]
    if ast.get_docstring(node) is None or len(node.body) == 1:
        return "\n".join(code)
    start = first.lineno - _first_line(node)
    return "\n".join(code[:start] + code[start + (first.end_lineno or first.lineno) - first.lineno + 1 :])


def _first_line(node: ast.stmt) -> int:
    decorators = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])
