"""All chapters on one page of HTML, with a title, a table of contents and links that stay inside."""

from __future__ import annotations

import functools
import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from nbformat import NotebookNode

from course_lib.notebooks.editions import with_alt_text

__all__ = ["Entry", "chapter", "entries", "page"]

STYLE = Path(__file__).with_name("book.css")
OUT = re.compile(r"^(?:https?:|mailto:|data:)")
TITLE = "Regularization, from the ground up"
MATHJAX = "vendor/mathjax/es5/tex-chtml.js"
SETTINGS = """window.MathJax = {
    tex: {inlineMath: [['$', '$']], displayMath: [['$$', '$$']], processEscapes: true},
    chtml: {matchFontHeight: false, scale: 1.08},
    options: {enableMenu: false, skipHtmlTags: ['script', 'style', 'pre', 'code', 'textarea']},
};"""


@dataclass(frozen=True)
class Entry:
    """A line of the table of contents."""

    level: int
    title: str
    anchor: str


def chapter(notebook: NotebookNode, stem: str) -> Any:
    """Return an executed chapter as a BeautifulSoup section; its anchors begin with ``stem``.

    Raises
    ------
    ValueError
        If the notebook has a code cell that was never executed.
    """
    from bs4 import BeautifulSoup

    if any(c.cell_type == "code" and c.source.strip() and c.execution_count is None for c in notebook.cells):
        raise ValueError(
            f"{stem}: a cell has never been executed. Run: python3 start.py notebooks {stem[:2]}"
        )
    body, _ = _exporter().from_notebook_node(with_alt_text(notebook), {"metadata": {"name": stem}})
    soup = BeautifulSoup(f'<section class="chapter" id="{stem}">{body}</section>', "html.parser")
    for mark in soup.select("a.anchor-link, .jp-InputPrompt, .jp-OutputPrompt"):
        mark.decompose()
    for element in soup.find_all(id=True):
        if element["id"] != stem:
            element["id"] = _anchor(stem, str(element["id"]))
    for link in soup.find_all("a", href=True):
        link["href"] = _inside(str(link["href"]), stem)
        if not link["href"]:
            link.unwrap()
    return soup


@functools.cache
def _exporter() -> Any:
    from nbconvert import HTMLExporter

    return HTMLExporter(template_name="basic")


def entries(soup: Any, stem: str) -> list[Entry]:
    """Return the chapter's title and its sections."""
    found = []
    for heading in soup.find_all(["h1", "h2"]):
        anchor = stem if heading.name == "h1" else heading["id"]
        found.append(Entry(int(heading.name[1]), heading.decode_contents().strip(), anchor))
    return found


def page(chapters: Mapping[str, Any]) -> str:
    """Return the whole book of the sections that `chapter` made; its contents lack the page numbers."""
    from pygments.formatters import HtmlFormatter

    lines = [entry for stem, soup in chapters.items() for entry in entries(soup, stem)]
    rows = "\n".join(_row(entry) for entry in lines)
    named = "\n".join(_running(stem, soup) for stem, soup in chapters.items())
    colours = HtmlFormatter(style="default").get_style_defs(".highlight")
    body = "\n".join(str(soup) for soup in chapters.values())
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"><title>{TITLE}</title>
<style>{colours}</style>
<style>{STYLE.read_text(encoding="utf-8")}
{named}</style>
<script>{SETTINGS}</script>
<script defer src="{MATHJAX}"></script>
</head>
<body>
<section class="cover"><p class="name">{TITLE}</p>
<p>A course in Jupyter notebooks: all chapters, with figures, outputs and solutions.</p>
<p>Code MIT, text and figures CC BY 4.0.</p></section>
<nav class="contents"><h1 id="contents">Contents</h1>
{rows}
</nav>
{body}
</body>
</html>
"""


def _row(entry: Entry) -> str:
    return (
        f'<a class="level-{entry.level}" href="#{html.escape(entry.anchor)}"><span>{entry.title}</span>'
        f'<i></i><span class="number"></span></a>'
    )


def _running(stem: str, soup: Any) -> str:
    """The rule that puts the chapter's title at the head of its pages."""
    title = soup.h1.get_text().split(":")[0].replace("\\", "").replace('"', "'")
    name = f"chapter{stem[:2]}"
    return f'@page {name} {{ @top-left {{ content: "{title}" }} }}\n[id="{stem}"] {{ page: {name} }}'


def _inside(href: str, stem: str) -> str:
    """Where a link of a chapter leads in the book; links to files of the repository lead nowhere."""
    if OUT.match(href):
        return href
    target, _, anchor = unquote(href).partition("#")
    match = re.fullmatch(r"(?:.*/)?(\d\d_\w+)\.ipynb", target)
    if target and match is None:
        return ""
    name = match[1] if match else stem
    return f"#{_anchor(name, anchor)}" if anchor else f"#{name}"


def _anchor(stem: str, name: str) -> str:
    """One spelling for a heading's anchor and for the links to it, in ASCII as the PDF keeps it."""
    return f"{stem}--{quote(unquote(name), safe='')}"
