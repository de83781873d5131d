"""Pages that are written from data: the start page's table, and the contents of the site."""

from __future__ import annotations

from pathlib import Path

from course_lib.chapters import Chapter

__all__ = ["generated"]


def generated(root: Path, chapters: list[Chapter]) -> dict[str, str]:
    """Return every page that is not a file of the repository: name under the source folder -> Markdown."""
    return {"index.md": index(root, chapters)}


def index(root: Path, chapters: list[Chapter]) -> str:
    rows = "\n".join(f"- [{c.stem[:2]} · {c.title}](notebooks/{c.stem}.ipynb): {c.question}" for c in chapters)
    toc = "\n".join(f"notebooks/{c.stem}" for c in chapters)
    return f"""# Regularization, from the ground up

{rows}

```{{toctree}}
:hidden:
:caption: Chapters

{toc}
```

```{{toctree}}
:hidden:
:caption: About
:glob:

docs/coverage
CONTRIBUTING
CHANGELOG
data/README
```
"""
