"""Put the pages' sources together and let Sphinx make the site of them.

The sources are laid out as in the repository (``notebooks/``, ``docs/``, ``data/``), so that the links
between chapters and documents lead where they lead there.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import nbformat

from course_lib.chapters import Chapter, read
from course_lib.notebooks.files import select
from course_lib.site import notebook, pages, vendor
from course_lib.site.finish import finish

__all__ = ["Report", "build", "stage"]

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
STATIC = Path(__file__).parent / "static"
COPIED = ("docs/*.md", "docs/instructor/*.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "LICENSE-text")
DATA = ("data/*.csv", "data/*.md", "docs/*.png")


class Report:
    """What came of a build: the folder, Sphinx's warnings, and what could not be had."""

    def __init__(self, folder: Path, warnings: list[str], missing: list[str]):
        self.folder, self.warnings, self.missing = folder, warnings, missing


def build(root: Path, output: Path, wanted: list[str] | None = None) -> Report:
    """Build the site of the course in ``root`` into ``output``, which is replaced.

    Parameters
    ----------
    root : Path
        The course's folder.
    output : Path
        Gets the pages; ``<output>-source`` beside it holds what Sphinx reads.
    wanted : list of str, optional
        Chapters to include (default: all). With some left out, links to them are not reported.
    """
    source = output.with_name(output.name + "-source")
    shutil.rmtree(source, ignore_errors=True)
    stage(root, source, wanted)
    missing = _vendored(source / "_static")
    shutil.rmtree(output, ignore_errors=True)
    settings = configuration(root, source, has_mathjax=not missing, partial=bool(wanted))
    warnings = _sphinx(source, output, settings)
    finish(output)
    return Report(output, warnings, missing)


def stage(root: Path, source: Path, wanted: list[str] | None = None) -> list[Chapter]:
    """Write into ``source`` everything Sphinx is to read, and return the chapters."""
    (source / "notebooks").mkdir(parents=True)
    notebooks = {path.stem: nbformat.read(path, 4) for path in select(root / "notebooks", ".ipynb", wanted)}
    for stem, chapter in notebooks.items():
        shown = notebook.for_site(chapter, stem, source / "notebooks" / "figures")
        nbformat.write(shown, source / "notebooks" / f"{stem}.ipynb")
    for pattern in COPIED + DATA:
        for path in root.glob(pattern):
            target = source / path.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    shutil.copytree(STATIC, source / "_static")
    chapters = [read(root / "notebooks" / "source" / f"{stem}.md") for stem in notebooks]
    for name, text in pages.generated(root, chapters, notebooks).items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text, encoding="utf-8")
    with (source / "index.md").open("a", encoding="utf-8") as index:
        index.write("\n" + pages.contents(source))
    return chapters


def _vendored(static: Path) -> list[str]:
    """Put MathJax beside the pages; the reason when it cannot be had."""
    try:
        vendor.fetch("mathjax")
        vendor.copy("mathjax", static / "vendor" / "mathjax")
    except vendor.Unavailable as error:
        return [str(error)]
    return []


def configuration(root: Path, source: Path, *, has_mathjax: bool, partial: bool) -> dict[str, Any]:
    """Return what would otherwise stand in a ``conf.py``."""
    return {
        "project": "Regularization, from the ground up",
        "html_title": "Regularization, from the ground up",
        "copyright": "the authors; code MIT, text and figures CC BY 4.0",
        "language": "en",
        "extensions": ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "course_lib.site.extension"],
        "nb_execution_mode": "off",
        "nb_merge_streams": True,
        "myst_enable_extensions": ["dollarmath"],
        "myst_heading_anchors": 6,
        "myst_heading_slug_func": "course_lib.site.extension.slug",
        "smartquotes": False,
        "suppress_warnings": ["myst.xref_missing"] if partial else [],
        "html_theme": "sphinx_book_theme",
        "html_theme_options": {
            "use_download_button": False,
            "footer_content_items": "copyright.html",
            "use_fullscreen_button": False,
            "show_toc_level": 2,
            "show_navbar_depth": 1,
            "pygments_light_style": "a11y-light",
            "pygments_dark_style": "a11y-dark",
        },
        "html_static_path": [str(source / "_static")],
        "html_css_files": ["course.css"],
        "html_show_sphinx": False,
        "html_copy_source": False,
        "html_last_updated_fmt": None,
        "html_math_renderer": "vendored",
        "course_mathjax": has_mathjax,
        "course_terms": str(root / pages.GLOSSARY) if (root / pages.GLOSSARY).is_file() else "",
        "autodoc_member_order": "bysource",
        "autodoc_typehints": "none",
        "napoleon_google_docstring": False,
        "napoleon_use_param": False,  # else every word of a type becomes a link to whatever has that name
        "napoleon_use_rtype": False,
    }


def _sphinx(source: Path, output: Path, settings: dict[str, Any]) -> list[str]:
    """Run Sphinx and return its warnings."""
    import io

    from sphinx.application import Sphinx
    from sphinx.util.docutils import docutils_namespace, patch_docutils

    warnings = io.StringIO()
    doctrees = source.with_name(source.name.replace("-source", "-doctrees"))
    shutil.rmtree(doctrees, ignore_errors=True)
    with patch_docutils(None), docutils_namespace():
        app = Sphinx(
            srcdir=source,
            confdir=None,
            outdir=output,
            doctreedir=doctrees,
            buildername="html",
            confoverrides=settings,
            status=None,
            warning=warnings,
        )
        app.build()
    return [line for line in COLOUR.sub("", warnings.getvalue()).splitlines() if line.strip()]
