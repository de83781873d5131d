"""What the site adds to Sphinx: folded solutions, links into the glossary, formulas, Jupyter's anchors."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes

from course_lib.site import api, formulas, glossary

__all__ = ["setup", "slug"]

NUMBER = re.compile(r"(?:Exercise )?(\d+\.\d+)\b")


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_config_value("course_mathjax", True, "env")
    app.add_config_value("course_terms", "", "html")
    app.connect("doctree-read", _read)
    app.connect("doctree-resolved", glossary.connect)
    app.connect("autodoc-process-docstring", api.escape_docstring, priority=400)
    app.connect("autodoc-skip-member", api.skip_borrowed)
    formulas.setup(app)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def slug(title: str) -> str:
    """Return the anchor that Jupyter gives a heading: ``2.1-Ten-features``."""
    return title.replace(" ", "-")


def _read(app: Any, doctree: nodes.document) -> None:
    if app.env.docname.startswith("notebooks/"):
        fold_solutions(doctree)


def fold_solutions(doctree: nodes.document) -> None:
    """Fold each solution of the section "Solutions", so that nobody reads one by accident."""
    for section in doctree.findall(nodes.section):
        if section[0].astext() != "Solutions":
            continue
        folded: list[nodes.Node] = []
        is_open = False
        for child in section.children:
            number = _number(child)
            if number:
                folded += [_raw("</details>")] * is_open
                folded.append(_raw(f'<details class="solution"><summary>Solution {number}</summary>'))
                is_open = True
            folded.append(child)
        section.children = folded + [_raw("</details>")] * is_open


def _number(node: nodes.Node) -> str:
    """Return "2.1" for a paragraph that begins with a bold 2.1, else nothing."""
    parts = [part for part in node.children if part.astext()] if isinstance(node, nodes.paragraph) else []
    if parts and isinstance(parts[0], nodes.strong):
        number = NUMBER.match(parts[0].astext())
        return number[1] if number else ""
    return ""


def _raw(tag: str) -> nodes.raw:
    return nodes.raw("", tag + "\n", format="html")
