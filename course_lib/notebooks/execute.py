"""Execute a notebook in a kernel of the running interpreter, apart from what varies between machines."""

from __future__ import annotations

import copy
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

import course_lib

__all__ = ["ChapterError", "environment", "execute"]

DEFAULT_TIMEOUT = 60
QUIET = ["--IPKernelApp.log_level=ERROR"]  # no warning about the transport of a kernel on this machine
NOWHERE = "http://127.0.0.1:9"  # the discard port: a download fails at once instead of leaving the machine


class ChapterError(RuntimeError):
    """A chapter that did not run to its end: which cell, what it says, and the last line of the traceback."""

    def __init__(self, chapter: str, cell: int, source: str, reason: str) -> None:
        self.chapter, self.cell, self.source, self.reason = chapter, cell, source, reason
        excerpt = "\n".join(f"    {line}" for line in source.strip().splitlines()[:8])
        super().__init__(f"{chapter}, code cell {cell}: {reason}\n{excerpt}")


@contextmanager
def environment() -> Iterator[dict[str, str]]:
    """Yield the environment variables of a kernel: no progress store, one thread, no network, no profile."""
    env = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    package = str(Path(course_lib.__file__).resolve().parents[1])
    env["PYTHONPATH"] = os.pathsep.join(filter(None, [package, env.get("PYTHONPATH")]))
    env |= {"COURSE_PROGRESS": "off", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
            "MKL_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}  # fmt: skip
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        env[name] = NOWHERE
    env["no_proxy"] = env["NO_PROXY"] = "localhost,127.0.0.1,::1"
    with tempfile.TemporaryDirectory(prefix="course-ipython-", ignore_cleanup_errors=True) as profile:
        yield env | {"IPYTHONDIR": profile}


def execute(
    notebook: NotebookNode,
    cwd: Path,
    *,
    name: str = "notebook",
    on_cell: Callable[[int, int], None] | None = None,
) -> NotebookNode:
    """Return a copy of ``notebook`` with the outputs of running it from top to bottom in ``cwd``.

    Parameters
    ----------
    notebook : NotebookNode
        Its ``metadata.course.cell_timeout`` is the limit of a cell in seconds (default 60).
    cwd : Path
        The kernel's working directory.
    name : str
        The chapter's name, for error messages.
    on_cell : callable, optional
        Called as ``on_cell(done, total)`` before each code cell.

    Raises
    ------
    ChapterError
        If a cell raises (unless tagged ``raises-exception``), takes too long or kills the kernel.
    """
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    result = copy.deepcopy(notebook)
    for cell in _code_cells(result):
        cell.outputs, cell.execution_count = [], None
    client = _client(result, cwd)
    code = _code_cells(result)
    running = 0

    def started(cell: NotebookNode, **_: object) -> None:
        nonlocal running
        if cell.cell_type == "code":
            running = next(i for i, other in enumerate(code) if other is cell)
            if on_cell is not None:
                on_cell(running, len(code))

    client.on_cell_start = started
    try:
        with environment() as env:
            client.execute(env=env)
    except CellExecutionError as error:
        reason = f"{error.ename}: {error.evalue}".strip()
        raise ChapterError(name, running + 1, code[running].source, reason) from None
    except (CellTimeoutError, DeadKernelError) as error:
        first = str(error).strip().splitlines()[0]
        reason = f"{type(error).__name__}: {first}"
        raise ChapterError(name, running + 1, code[running].source, reason) from None
    return result


def _client(notebook: NotebookNode, cwd: Path) -> Any:
    from nbclient import NotebookClient

    timeout = notebook.metadata.get("course", {}).get("cell_timeout", DEFAULT_TIMEOUT)
    client = NotebookClient(
        notebook,
        kernel_manager_class=_kernel_manager(),
        timeout=timeout,
        coalesce_streams=True,
        record_timing=False,
        store_widget_state=False,
        resources={"metadata": {"path": str(cwd)}},
    )
    # An Output widget would swallow what it shows. Without a front end (nbval has none either) the cell
    # keeps it, and the two agree.
    client.comm_open_handlers = {}
    client.extra_arguments = QUIET
    return client


def _kernel_manager() -> type:
    """Return a kernel manager that only knows the running interpreter, whatever else is registered."""
    from ipykernel.kernelspec import RESOURCES, get_kernel_dict
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager

    class ThisInterpreter(AsyncKernelManager):
        @property
        def kernel_spec(self) -> KernelSpec:
            return KernelSpec(resource_dir=RESOURCES, **get_kernel_dict())

    return ThisInterpreter


def _code_cells(notebook: nbformat.NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]
