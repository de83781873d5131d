"""A chapter in the form the site reads: figures as files with alternative text, nothing else changed."""

from __future__ import annotations

import base64
import copy
import re
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from course_lib.notebooks import first_cell

__all__ = ["for_site"]

PLACEHOLDER = "<Figure"  # how `plots.show` begins the text of a figure that stands for itself
MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#!|$&~:^])")


def for_site(notebook: NotebookNode, stem: str, figures: Path) -> NotebookNode:
    """Return the chapter with each figure written to ``figures`` and named by Markdown with its alt text.

    Sphinx's notebook reader drops the alternative text that an output carries in its metadata, and writes
    images under names that say nothing.

    Raises
    ------
    ValueError
        If a figure has no alternative text.
    """
    result = copy.deepcopy(notebook)
    result.cells = [cell for cell in result.cells if cell.source != first_cell.SOURCE]  # nothing runs here
    count = 0
    for cell in result.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "image/png" in data and "text/html" not in data:
                count += 1
                path = figures / f"{stem}-{count}.png"
                _show(output, path)
    return result


def _show(output: Any, path: Path) -> None:
    """Replace the data of one output by an image of Markdown, and write the file it names."""
    alt = output.get("metadata", {}).get("image/png", {}).get("alt", "").strip()
    if not alt:
        raise ValueError(f"{path.stem}: the figure has no alternative text; show it by plots.show.")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(base64.b64decode(output.data["image/png"]))
    words = output.data.get("text/plain", "")
    caption = "" if words.startswith(PLACEHOLDER) else _plain(words)
    image = f"![{_plain(alt)}]({path.parent.name}/{path.name})"
    output.data = nbformat.from_dict({"text/markdown": f"{image}\n\n{caption}".strip()})


def _plain(text: str) -> str:
    """Return ``text`` so that Markdown shows it as it is."""
    return MARKDOWN.sub(r"\\\1", " ".join(text.split()))
