"""MyST Markdown source -> notebook, one way, in a normal form that only changes where the source does.

Normal form: nbformat 4.5; a cell's id is a short hash of its content, so unchanged cells keep theirs; the
only cell metadata are the tags (and the collapsed state of solutions and of the first code cell); execution
counts run 1..n; no timestamps, no widget state (its ids are random), no paths in tracebacks.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from course_lib.notebooks import first_cell
from course_lib.notebooks.files import write_atomically

__all__ = ["difference", "dumps", "load", "normalise", "read", "write"]

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
WIDGET_TYPES = ("application/vnd.jupyter.widget-view+json", "application/vnd.jupyter.widget-state+json")


def read(path: Path) -> NotebookNode:
    """Return the notebook, without outputs, that a chapter's Markdown source describes.

    In front of its first code cell stands the one that says what to do where ``course_lib`` is missing.

    Raises
    ------
    ModuleNotFoundError
        If jupytext is missing; only maintainers need it.
    ValueError
        If the text cannot be read as MyST Markdown.
    """
    try:
        import jupytext
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "Reading the source of a chapter needs jupytext: python3 start.py setup --dev"
        ) from None
    try:
        notebook = jupytext.reads(path.read_text(encoding="utf-8"), fmt="md:myst")
    except Exception as error:
        raise ValueError(f"{path.name}: {error}") from error
    return normalise(first_cell.explained(notebook))


def load(path: Path) -> NotebookNode:
    """Return a notebook file as it stands."""
    return nbformat.read(path, as_version=4)


def write(notebook: NotebookNode, path: Path) -> None:
    """Write ``notebook`` in normal form; a failure leaves the previous file as it was."""
    write_atomically(path, dumps(notebook))


def dumps(notebook: NotebookNode) -> str:
    """Return the text of ``notebook`` in normal form."""
    return nbformat.writes(normalise(notebook), version=nbformat.NO_CONVERT) + "\n"


def normalise(notebook: NotebookNode) -> NotebookNode:
    """Return a copy of ``notebook`` in normal form (see the module's docstring)."""
    metadata = {"course": notebook.metadata.get("course", {}), "kernelspec": KERNEL,
                "language_info": {"name": "python"}}  # fmt: skip
    cells: list[dict[str, Any]] = []
    count, seen = 0, set[str]()
    for cell in notebook.cells:
        kept: dict[str, Any] = {"cell_type": cell.cell_type, "id": _cell_id(cell, seen),
                                "metadata": _cell_metadata(cell), "source": cell.source}  # fmt: skip
        if cell.cell_type == "code":
            executed = cell.get("execution_count") is not None
            count += executed
            kept["execution_count"] = count if executed else None
            kept["outputs"] = _merge_streams([_output(output, count) for output in cell.get("outputs", [])])
        cells.append(kept)
    normal = nbformat.from_dict({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})
    nbformat.validate(normal)
    return normal


def difference(source: NotebookNode, committed: NotebookNode) -> str | None:
    """Return a sentence on the first difference between a source and its committed notebook, or ``None``.

    Outputs are not compared: executing the notebook does that.
    """
    for number, (new, old) in enumerate(zip(source.cells, committed.cells, strict=False), start=1):
        if _without_outputs(new) != _without_outputs(old):
            line = next(iter(new.source.splitlines()), "")
            return f"cell {number} differs, in the source it starts with {line[:60]!r}"
    if len(source.cells) != len(committed.cells):
        return f"the source has {len(source.cells)} cells, the notebook {len(committed.cells)}"
    if source.metadata != committed.metadata or committed.nbformat_minor != source.nbformat_minor:
        return "the metadata differ"
    return None


def _without_outputs(cell: NotebookNode) -> str:
    kept = {key: value for key, value in cell.items() if key not in ("outputs", "execution_count")}
    return json.dumps(kept, sort_keys=True)


def _cell_id(cell: NotebookNode, seen: set[str]) -> str:
    digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:10]
    name, copy = digest, 1
    while name in seen:
        copy += 1
        name = f"{digest}-{copy}"
    seen.add(name)
    return name


def _cell_metadata(cell: NotebookNode) -> dict[str, Any]:
    tags = list(cell.metadata.get("tags", []))
    metadata: dict[str, Any] = {"tags": tags} if tags else {}
    if "solution" in tags or cell.source == first_cell.SOURCE:
        metadata["jupyter"] = {"source_hidden": True}
    return metadata


def _output(output: NotebookNode, count: int) -> dict[str, Any]:
    kept = dict(output)
    if kept["output_type"] == "execute_result":
        kept["execution_count"] = count
    if kept["output_type"] == "error":  # the traceback names files of this machine
        kept["traceback"] = [f"{kept['ename']}: {kept['evalue']}"]
    if "data" in kept:
        kept["data"] = {kind: value for kind, value in kept["data"].items() if kind not in WIDGET_TYPES}
        kept["metadata"] = {
            kind: value for kind, value in kept["metadata"].items() if kind not in WIDGET_TYPES
        }
    kept.pop("transient", None)
    return kept


def _merge_streams(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    merged: list[dict[str, Any]] = []
    for output in outputs:
        last = merged[-1] if merged else {}
        if output["output_type"] == "stream" and last.get("name") == output["name"]:
            last["text"] += output["text"]
        else:
            merged.append(output)
    return merged
