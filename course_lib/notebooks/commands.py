"""What ``course notebooks``, ``run``, ``workshop``, ``results`` and the start of ``lab`` do.

Each function takes the parsed arguments and returns the exit status. Missing arguments mean their defaults.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from course_lib.notebooks import files, grammar, source
from course_lib.notebooks.execute import ChapterError, execute

__all__ = ["build", "learner_copies", "measure", "results", "run", "workshop"]


def build(args: argparse.Namespace) -> int:
    """Regenerate and execute notebooks whose source changed; ``--check`` compares, ``--force`` redoes all."""
    root = files.find_root(_path(args, "root"))
    return _for_each(args, root / "notebooks" / "source", ".md", lambda path: _build_one(path, args))


def run(args: argparse.Namespace) -> int:
    """Execute chapters headless and write them as HTML to ``build/html/``; exit status 1 if one fails."""
    from course_lib.notebooks import editions

    root = files.find_root(_path(args, "root"))
    output = _path(args, "output") or root / "build" / "html"

    def one(path: Path) -> str:
        editions.write_html(_execute(source.load(path), path.parent, path.stem), path.stem, output)
        return "ran"

    status = _for_each(args, root / "notebooks", ".ipynb", one)
    editions.write_index(output)
    print(f"Readable copies: {_shown(output / 'index.html')}")
    return status


def workshop(args: argparse.Namespace) -> int:
    """Write the edition without solutions and outputs to ``build/workshop/``, and the kit as a zip."""
    from course_lib.notebooks import editions
    from course_lib.workshop import kit

    root = files.find_root(_path(args, "root"))
    output = _path(args, "output") or root / "build" / "workshop"

    def one(path: Path) -> str:
        source.write(editions.workshop(source.load(path)), output / path.name)
        return "solutions removed"

    status = _for_each(args, root / "notebooks", ".ipynb", one)
    editions.copy_material(root, output)
    print(f"Workshop edition: {_shown(output)}")
    if not status and (root / "start.py").is_file():
        archive = output.with_name(f"{output.name}.zip")
        stems = [path.stem for path in files.select(root / "notebooks", ".ipynb", _names(args))]
        said = kit.write(root, output, stems, archive, with_data=not _flag(args, "no_data"))
        print("\n  ".join([f"Kit to hand out: {_shown(archive)}", *said]))
    return status


def results(args: argparse.Namespace) -> int:
    """Compute experiments into ``notebooks/results/``; ``--check`` only looks at what is there."""
    from course_lib.notebooks import results as precomputed

    folder = files.find_root(_path(args, "root")) / "notebooks" / "results"
    try:
        return precomputed.main(_names(args), folder, check=_flag(args, "check"), force=_flag(args, "force"))
    except ValueError as error:
        print(error)
        return 2


def learner_copies(args: argparse.Namespace) -> int:
    """Bring ``my_course/`` up to date: new and untouched chapters come in, what the learner changed stays."""
    from course_lib.notebooks import learner

    root = files.find_root(_path(args, "root"))
    summary = learner.refresh(root / "notebooks", _path(args, "output") or root / "my_course")
    if str(summary):
        print(summary)
    return 0


def measure(args: argparse.Namespace) -> int:
    """Run chapters on one thread and keep their processor time for the instructor guide, one by one."""
    from course_lib.notebooks import guide

    root = files.find_root(_path(args, "root"))

    def one(path: Path) -> str:
        seconds = guide.measured(source.load(path), lambda chapter: _execute(chapter, path.parent, path.stem))
        guide.keep(root, path.stem, seconds)
        return f"{seconds:.1f} seconds of processor time"

    return _for_each(args, root / "notebooks", ".ipynb", one) or guide.timetables(root, check=False)


def _build_one(path: Path, args: argparse.Namespace) -> str:
    notebook = source.read(path)
    problems = grammar.source_problems(notebook, path.stem)
    if problems:
        raise ValueError("\n".join(problems))
    target = path.parents[1] / f"{path.stem}.ipynb"
    change = _change(notebook, target)
    if _flag(args, "check"):
        if change:
            raise ValueError(
                f"{target.name} is not what its source gives: {change}. Run: course notebooks {path.stem[:2]}"
            )
        return "up to date"
    if change is None and not _flag(args, "force"):
        return "up to date"
    executed = source.normalise(_execute(notebook, target.parent, path.stem))
    text = source.dumps(executed)
    source.write(executed, target)
    problems = grammar.output_problems(executed, path.stem, len(text.encode()))
    if problems:
        raise ValueError("\n".join(problems))
    return "executed"


def _change(notebook: NotebookNode, target: Path) -> str | None:
    if not target.exists():
        return "it has never been generated"
    committed = source.load(target)
    if any(
        cell.source.strip() and cell.execution_count is None
        for cell in committed.cells
        if cell.cell_type == "code"
    ):
        return "it holds a cell that was never executed"
    return source.difference(notebook, committed)


def _for_each(args: argparse.Namespace, folder: Path, suffix: str, one: Callable[[Path], str]) -> int:
    """Do ``one`` for each wanted chapter; return 1 if any failed, 2 if a wanted one does not exist."""
    try:
        paths = files.select(folder, suffix, _names(args))
    except ValueError as error:
        print(error)
        return 2
    failed = []
    for path in paths:
        try:
            print(f"{path.stem}: {one(path)}", flush=True)
        except (ChapterError, ValueError, OSError, ModuleNotFoundError) as error:
            failed.append(path.stem)
            print(f"FAILED {error}", flush=True)
    if failed:
        print(f"{len(failed)} of {len(paths)} chapters failed: {', '.join(failed)}")
    return 1 if failed else 0


def _execute(notebook: NotebookNode, cwd: Path, name: str) -> NotebookNode:
    with _progress(name) as on_cell:
        return execute(notebook, cwd, name=name, on_cell=on_cell)


@contextmanager
def _progress(name: str) -> Iterator[Callable[[int, int], None]]:
    """Yield a callback that draws a bar, cell by cell, where somebody watches."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("cells"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(name, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _path(args: argparse.Namespace, name: str) -> Path | None:
    value: Any = getattr(args, name, None)
    return Path(value) if value else None


def _flag(args: argparse.Namespace, name: str) -> bool:
    return bool(getattr(args, name, False))


def _names(args: argparse.Namespace) -> list[str]:
    return list(getattr(args, "chapters", None) or [])


def _shown(path: Path) -> str:
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
