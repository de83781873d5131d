"""The glossary: read from ``docs/glossary.toml``, shown as a page, linked from first uses in chapters."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docutils import nodes

__all__ = ["Term", "link_first_uses", "page", "read"]

PAGE = "glossary"
REFERENCE = re.compile(r"\((?:19|20)\d\d\)\. ")  # titles of papers use words in their own way
#: Where a word stays a word: code, formulas, headings, links, tables, and what is folded away raw.
CLOSED = (nodes.title, nodes.literal, nodes.literal_block, nodes.math, nodes.math_block, nodes.reference,
          nodes.raw, nodes.table, nodes.container, nodes.image, nodes.comment)  # fmt: skip


@dataclass(frozen=True)
class Term:
    """One entry: what it is called, what it means, where the course derives it, how else it is written.

    ``not_in`` names chapters that use the word in another sense.
    """

    name: str
    text: str
    home: str
    written: tuple[str, ...]
    not_in: tuple[str, ...] = ()

    @property
    def anchor(self) -> str:
        """The id of the entry on the page."""
        letters = self.name.replace("λ", "lambda").lower()
        return "term-" + re.sub(r"[^a-z0-9]+", "-", letters).strip("-")


def read(path: Path) -> list[Term]:
    """Read the terms, sorted by name.

    Raises
    ------
    ValueError
        If a term lacks its text or its home, or two share an anchor or a spelling.
    """
    terms = []
    for entry in tomllib.loads(path.read_text(encoding="utf-8"))["term"]:
        for key in ("name", "text", "home"):
            if not str(entry.get(key, "")).strip():
                raise ValueError(f"{path.name}: the term {entry.get('name')!r} has no {key}.")
        written = (entry["name"], *entry.get("also", ()))
        not_in = tuple(entry.get("not_in", ()))
        terms.append(Term(entry["name"], entry["text"].strip(), entry["home"], written, not_in))
    for what, all_of in (
        ("anchor", [term.anchor for term in terms]),
        ("spelling", [spelling.lower() for term in terms for spelling in term.written]),
    ):
        twice = {one for one in all_of if all_of.count(one) > 1}
        if twice:
            raise ValueError(f"{path.name}: two terms share the {what} {', '.join(sorted(twice))}.")
    return sorted(terms, key=lambda term: term.name.lower().replace("λ", "lambda"))


def page(terms: list[Term], stems: set[str]) -> str:
    """Return the page in Markdown; homes in chapters that are not in ``stems`` are named without a link."""
    lines = [
        "# Glossary",
        "",
        "Each term in the words of this course, and the section that derives or first uses it.",
        "",
    ]
    letter = ""
    for term in terms:
        first = term.name.replace("λ", "lambda")[0].upper()
        if first != letter:
            letter = first
            lines += [f"## {letter}", ""]
        lines += [f"({term.anchor})=", f"### {term.name}", "", f"{term.text} {_home(term, stems)}", ""]
    return "\n".join(lines)


def _home(term: Term, stems: set[str]) -> str:
    stem, _, anchor = term.home.partition("#")
    number = re.match(r"[\d.]+\d", anchor)
    name = f"Section {number[0]}" if number else f"Chapter {stem[:2]}"
    return f"[{name}](notebooks/{stem}.ipynb#{anchor})" if stem in stems else f"({name})"


def link_first_uses(doctree: nodes.document, terms: list[Term], address: str) -> list[str]:
    """Turn the first use of each term in a chapter into a link to its entry; return the anchors linked.

    A spelling in capitals is met in capitals only: MAP is no map.

    Parameters
    ----------
    doctree : docutils document
        Changed in place.
    terms : list of Term
    address : str
        Of the glossary, seen from the page.
    """
    if not terms:
        return []
    spelled = {spelling.lower(): term for term in terms for spelling in term.written}
    longest_first = sorted(spelled, key=len, reverse=True)
    words = re.compile(
        rf"(?<![\w-])({'|'.join(map(re.escape, longest_first))})(?:s|es)?(?![\w-])", re.IGNORECASE
    )
    linked: list[str] = []
    for text in list(_prose(doctree)):
        text.parent.replace(text, list(_with_links(text.astext(), words, spelled, address, linked)))
    return linked


def _with_links(
    text: str, words: re.Pattern[str], spelled: dict[str, Term], address: str, linked: list[str]
) -> Iterator[nodes.Node]:
    done = 0
    for found in words.finditer(text):
        term = spelled[found[1].lower()]
        is_other_word = found[1].upper() in term.written and found[1] not in term.written
        if term.anchor not in linked and not is_other_word:
            linked.append(term.anchor)
            yield nodes.Text(text[done : found.start()])
            link = nodes.reference(
                "", found[0], internal=True, refuri=f"{address}#{term.anchor}", classes=["term"]
            )
            yield link
            done = found.end()
    yield nodes.Text(text[done:])


def _prose(node: nodes.Node) -> Iterator[nodes.Text]:
    """Every piece of text that a reader reads as a sentence."""
    for child in node.children:
        if isinstance(child, nodes.Text):
            yield child
        elif not isinstance(child, CLOSED) and not _is_reference(child):
            yield from _prose(child)


def _is_reference(node: nodes.Node) -> bool:
    return isinstance(node, nodes.paragraph) and REFERENCE.search(node.astext()) is not None


def connect(app: Any, doctree: nodes.document, docname: str) -> None:
    """Sphinx's event: a page is about to be written."""
    if docname.startswith("notebooks/") and app.config.course_terms:
        stem = docname.partition("/")[2]
        terms = [term for term in read(Path(app.config.course_terms)) if stem not in term.not_in]
        link_first_uses(doctree, terms, app.builder.get_relative_uri(docname, PAGE))
