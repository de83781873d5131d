"""Write the decks, their scripts and an index: pages that need no network."""

from __future__ import annotations

import html
import shutil
from collections.abc import Callable
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course_lib.notebooks.files import select, write_atomically
from course_lib.site import vendor
from course_lib.slides import deck

__all__ = ["SCRIPTS", "build", "page"]

SCRIPTS = ("reveal.js", "mathjax")
TEMPLATES = Path(__file__).parent / "templates"


def build(
    root: Path, output: Path, wanted: list[str] | None = None, say: Callable[[str], object] = print
) -> list[Path]:
    """Write one deck a chapter into ``output``, with ``index.html``, and return the decks.

    Raises
    ------
    vendor.Unavailable
        If reveal.js or MathJax can be had neither from this machine nor from npm.
    ValueError
        If a wanted chapter does not exist, or a slide asks for something its chapter does not have.
    """
    chosen = select(root / deck.FOLDER, ".toml", wanted)
    for name in SCRIPTS:
        vendor.fetch(name)
        vendor.copy(name, output / "vendor" / name)
    shutil.copyfile(TEMPLATES / "deck.css", output / "deck.css")
    written = []
    for path in chosen:
        say(f"{path.stem} ...")
        chapter = nbformat.read(root / "notebooks" / f"{path.stem}.ipynb", 4)
        advice = root / "docs" / "instructor" / f"{path.stem}.md"
        guide = advice.read_text(encoding="utf-8") if advice.is_file() else ""
        try:
            slides = deck.assemble(chapter, deck.choices(path), guide)
        except ValueError as error:
            raise ValueError(f"{path.name}\n{error}") from error
        written.append(output / f"{path.stem}.html")
        write_atomically(written[-1], page(slides, path.stem))
    _write_index(output)
    return written


def page(slides: NotebookNode, name: str) -> str:
    """Return the page of a deck that `deck.assemble` made."""
    from nbconvert import SlidesExporter

    exporter = SlidesExporter(
        template_name="deck",
        extra_template_basedirs=[str(TEMPLATES)],
        reveal_url_prefix="vendor/reveal.js",
        reveal_theme="white",
    )
    body, _ = exporter.from_notebook_node(slides, {"metadata": {"name": name}})
    return body


def _write_index(output: Path) -> None:
    """List every deck in the folder, those of earlier builds too."""
    rows = []
    for path in sorted(output.glob("[0-9][0-9]_*.html")):
        title = path.read_text(encoding="utf-8").partition("<title>")[2].partition(" slides</title>")[0]
        rows.append(f'<li><a href="{path.name}">{html.escape(html.unescape(title))}</a></li>')
    text = "\n".join(rows)
    page = f"""<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Slides: Regularization, from the ground up</title>
<style>body {{ font: 22px/1.5 sans-serif; margin: 3em auto; max-width: 40em; padding: 0 1em }}</style></head>
<body><h1>Regularization, from the ground up: slides</h1>
<ul>
{text}
</ul>
<p>Arrow keys turn the pages, S opens the speaker notes, F fills the screen, O shows all slides.</p>
</body>
</html>
"""
    write_atomically(output / "index.html", page)
