"""Last touches on the finished pages: what the theme leaves without a name, and files that are no pages."""

from __future__ import annotations

from pathlib import Path

__all__ = ["finish", "named"]

#: What the theme writes -> the same with a name that a screen reader can say.
NAMES = (
    (
        '<summary><span class="toctree-toggle"',
        '<summary aria-label="Pages of this part"><span class="toctree-toggle"',
    ),
    (
        'search-button-field search-button__button pst-js-only" title="Search" aria-label="Search"',
        'search-button-field search-button__button pst-js-only"',
    ),
)


def finish(output: Path) -> None:
    """Name what has no name on every page in ``output``, and remove the theme's templates from it."""
    for path in output.rglob("*.html"):
        if "_static" in path.relative_to(output).parts:
            path.unlink()
        else:
            text = path.read_text(encoding="utf-8")
            path.write_text(named(text), encoding="utf-8", newline="\n")


def named(page: str) -> str:
    """Return the text of a page with the names put in."""
    for old, new in NAMES:
        page = page.replace(old, new)
    return page
