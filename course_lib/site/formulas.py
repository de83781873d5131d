"""Formulas as MathJax reads them. Sphinx's own renderer would break a tagged formula of several lines."""

from __future__ import annotations

import html
import json
from typing import Any

from docutils import nodes

__all__ = ["SCRIPT", "setup"]

SCRIPT = "vendor/mathjax/es5/tex-chtml.js"  # under _static
SETTINGS: dict[str, Any] = {
    "startup": {"elements": [".math"]},
    "options": {"enableMenu": False},  # it would offer parts of MathJax that are not here
}


def setup(app: Any) -> None:
    """Make this renderer known to Sphinx."""
    app.add_html_math_renderer("vendored", (_inline, None), (_display, None))
    app.connect("html-page-context", _script)


def _inline(translator: Any, node: nodes.math) -> None:
    translator.body.append(
        f'<span class="math notranslate">\\({html.escape(node.astext(), quote=False)}\\)</span>'
    )
    raise nodes.SkipNode


def _display(translator: Any, node: nodes.math_block) -> None:
    formula = html.escape(node.astext().strip(), quote=False)
    translator.body.append(f'<div class="math notranslate" tabindex="0">\\[{formula}\\]</div>\n')
    raise nodes.SkipNode


def _script(app: Any, pagename: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Load MathJax on the pages that hold a formula."""
    if doctree is None or not doctree.next_node(lambda node: isinstance(node, nodes.math | nodes.math_block)):
        return
    if app.config.course_mathjax:
        app.add_js_file(None, body=f"window.MathJax = {json.dumps(SETTINGS)}")
        app.add_js_file(SCRIPT, loading_method="defer")
