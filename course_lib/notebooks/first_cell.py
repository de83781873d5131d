"""A first cell for notebooks that travel alone: what to do where ``course_lib`` is missing (Colab)."""

from __future__ import annotations

import copy

import nbformat
from nbformat import NotebookNode

__all__ = ["SOURCE", "explained"]

SOURCE = """\
# Is the course's own package on this machine? If it is not, this cell says what to do.
try:
    import course_lib
except ModuleNotFoundError:
    raise ModuleNotFoundError(
        "This chapter needs course_lib, the course's own package, and it is not installed here.\\n"
        "On your own machine: run 'python3 start.py lab' in the course's folder; it opens the chapters.\\n"
        "In Colab or another hosted notebook: bring the course's folder there (git clone its address, or\\n"
        "upload its zip and unpack it), run '%pip install ./NAME_OF_THE_FOLDER' in a cell, restart the\\n"
        "kernel, and run this cell again."
    ) from None"""


def explained(notebook: NotebookNode) -> NotebookNode:
    """Return ``notebook`` with the cell in front of its first code cell.

    Unchanged if the cell is there already, or if no cell needs ``course_lib``.
    """
    result = copy.deepcopy(notebook)
    code = [index for index, cell in enumerate(result.cells) if cell.cell_type == "code"]
    sources = [result.cells[index].source for index in code]
    if SOURCE not in sources and any("course_lib" in source for source in sources):
        result.cells.insert(code[0], nbformat.v4.new_code_cell(SOURCE))
    return result
