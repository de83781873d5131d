"""The workshop kit: one zip from which ``python3 start.py lab`` works, with chapters that hold no solutions.

What is in it: the workshop edition as ``notebooks/``, the library, the lock, ``start.py``, the data, the
optional data sets that are on this machine (``mirror/``), and a set-up sheet to print. Not in it: the
sources, the solution cells, and the packages, of which :mod:`~course_lib.workshop.wheelhouse` makes a folder.

``check`` compares with reference answers, so these are in ``course_lib/exercises/``, in plain Python. Who
opens those files sees them; who only works in the chapters does not.
"""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

from course_lib import chapters
from course_lib.datasets import REGISTRY, files
from course_lib.notebooks.files import write_atomically

__all__ = ["contents", "mirror", "sheet", "sheet_html", "write"]

FOLDER = "regularization-course"
TITLE = "Regularization, from the ground up"
ALONE = ("start.py", "pyproject.toml", "LICENSE", "LICENSE-text", "CITATION.cff", "requirements/learn.txt")
LIBRARY = {".py", ".toml", ".md", ".json", ".csv", ".html", ".css", ".j2"}
TIMESTAMP = (2020, 1, 1, 0, 0, 0)  # the same files give the same bytes, whenever the zip is made
CSS = """
@page { size: A4; margin: 14mm 16mm }
body { font: 10.5pt/1.38 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; color: #111 }
body { max-width: 46em; margin: auto }
h1 { font-size: 1.7em; margin: 0 0 .3em } h2 { font-size: 1.15em; margin: .9em 0 .3em }
p, ul, table { margin: .35em 0 } ul { padding-left: 1.2em } li { margin: .15em 0 }
table { border-collapse: collapse } th, td { border: 1px solid #999; padding: .2em .6em; text-align: left }
code { font: .93em ui-monospace, Consolas, "DejaVu Sans Mono", monospace; background: #f2f2f2 }
@media print { a { color: inherit; text-decoration: none } code { background: none } }
"""


def contents(root: Path, edition: Path, stems: list[str]) -> Iterator[tuple[str, bytes]]:
    """Yield (name, bytes) of every file but the mirror; ``edition`` holds the chapters without solutions."""
    for name in ALONE:
        if (root / name).is_file():
            yield name, (root / name).read_bytes()
    for path in (root / "course_lib").rglob("*"):
        if path.suffix in LIBRARY and path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(root).as_posix(), path.read_bytes()
    for path in edition.rglob("*"):
        left_over = path.suffix == ".ipynb" and path.stem not in stems  # of an earlier call
        if path.is_file() and not path.name.startswith(".") and not left_over:
            inside = path.relative_to(edition).as_posix()
            yield inside if inside.startswith("data/") else f"notebooks/{inside}", path.read_bytes()
    text = sheet(root, stems)
    yield "README.md", text.encode()  # pyproject.toml names a README.md, and this is the one to read
    yield "SETUP.html", sheet_html(text).encode()


def mirror() -> tuple[list[tuple[str, Path]], list[str]]:
    """Return the optional data sets' files that are on this machine, and a line on each data set.

    A file counts when its checksum is right; it lies in the cache or in ``COURSE_DATA_MIRROR``.
    """
    found: list[tuple[str, Path]] = []
    lines = []
    for entry in REGISTRY.values():
        if entry.kind != "download":
            continue
        paths = [(file, files.find(entry, file)) for file in entry.files]
        there = [(f"mirror/{entry.name}/{file.name}", path) for file, path in paths if path is not None]
        if len(there) < len(paths):
            missing = f"{len(paths) - len(there)} of {len(paths)} files are not on this machine"
            lines.append(f"{entry.name}: not in the kit ({missing}; course data {entry.name} fetches them)")
            continue
        size = sum(path.stat().st_size for _, path in there) / 1e6
        lines.append(f"{entry.name}: {size:.1f} MB; licence: {entry.licence}")
        found += there
    return found, lines


def sheet(root: Path, stems: list[str]) -> str:
    """Return the set-up sheet as Markdown, for the chapters of the kit."""
    start = (root / "start.py").read_text(encoding="utf-8")
    oldest, newest = re.findall(r"\((3), (\d+)\)", start)[:2]
    minors = [int(oldest[1]), (int(oldest[1]) + int(newest[1])) // 2, int(newest[1])]
    disk = re.search(r"GIGABYTES_NEEDED = (\d+)", start)
    titled = [f"{stem[:2]} {chapters.title(stem)}" for stem in stems]
    named = dict(zip(("oldest", "middle", "newest"), (f"3.{minor}" for minor in minors), strict=True))
    example = next((stem for stem in stems if not stem.startswith("00")), "02_ridge")
    template = (Path(__file__).parent / "setup_sheet.md").read_text(encoding="utf-8")
    shown = f"chapters {', '.join(titled)}" if len(titled) <= 4 else f"{len(titled)} chapters"
    return template.format(title=TITLE, chapters=shown, disk=disk[1] if disk else 3, example=example, **named)


def sheet_html(text: str) -> str:
    """Return the sheet as a page that fits on one side of A4."""
    import mistune

    body = mistune.create_markdown(plugins=["table"])(text)
    head = f'<meta charset="utf-8"><title>Set up your laptop: {TITLE}</title><style>{CSS}</style>'
    return f'<!DOCTYPE html>\n<html lang="en">\n<head>{head}</head>\n<body>\n{body}</body>\n</html>\n'


def write(root: Path, edition: Path, stems: list[str], path: Path, *, with_data: bool = True) -> list[str]:
    """Write the kit to ``path``; return what there is to say about it, line by line.

    The bytes depend on the content alone: names in order, one date, one mode.
    """
    found, lines = mirror() if with_data else ([], ["optional data sets: left out"])
    inside = dict(contents(root, edition, stems))
    if found:
        notes = "\n".join(["# Optional data sets of the course", "", *(f"- {line}" for line in lines), ""])
        inside["mirror/README.md"] = notes.encode()
        inside |= {name: place.read_bytes() for name, place in found}
    temporary = path.with_name(f".{path.name}.tmp")
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(inside):
            info = zipfile.ZipInfo(f"{FOLDER}/{name}", TIMESTAMP)
            info.compress_type, info.create_system = zipfile.ZIP_DEFLATED, 3
            info.external_attr = (0o755 if name == "start.py" else 0o644) << 16
            archive.writestr(info, inside[name])
    shutil.move(temporary, path)
    write_atomically(path.with_name("SETUP.html"), inside["SETUP.html"])
    return [f"{len(inside)} files, {path.stat().st_size / 1e6:.1f} MB", *lines]
