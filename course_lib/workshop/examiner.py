"""The process in which one submitted notebook runs: ``python -m course_lib.workshop.examiner``.

It runs the cells in order, whatever they raise, and judges each answer with the exercise engine on cases
drawn from a seed that the notebook is not told. What it prints is thrown away, and so is whatever it makes of
``check``: answers are found by reading the calls of ``check``, and judged by a copy of the engine that was
imported before the first cell ran. A verdict is written out as soon as it is known, so that a notebook that
ends the process costs only what comes after.

This is a seat belt and no sandbox: code that sets out to cheat or to harm, in the same process, can.
"""

from __future__ import annotations

import ast
import builtins
import json
import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from course_lib.exercises import watchdog
from course_lib.workshop import limits, submissions
from course_lib.workshop.submissions import Question, calls_of_check, code_cells, text

__all__ = ["Examination", "main"]

Say = Callable[..., None]
COPIED = re.compile(r"course_lib\.exercises\.\w+|from\s+course_lib\.exercises\s+import\s+[^\n]*")
DELETING = {"os.remove", "os.rmdir", "os.rename", "os.truncate", "shutil.rmtree", "shutil.move", "os.chmod"}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
LOOPBACK = ("127.", "::1", "localhost")


class OutOfTime(KeyboardInterrupt):
    """A cell or an answer took longer than it may; the engine treats it as an interrupted answer."""


# ---------------------------------------------------------------- what is set up before the first cell runs


def private_judge(ids: set[str], seconds: float) -> Callable[[str, Any, int], Any]:
    """Return ``judge(id, answer, seed)`` of a copy of the engine that the notebook does not import.

    One call of an answer may take ``seconds``; the engine then names the case.
    """
    import course_lib
    from course_lib.exercises import catalogue, engine, wording

    items = {}
    for id_ in ids:
        try:
            items[id_] = catalogue.find(id_)
        except catalogue.UnknownExercise:
            continue
        wording.of(items[id_])
    tools = _Tools()
    for name in [name for name in sys.modules if f"{name}.".startswith("course_lib.exercises.")]:
        del sys.modules[name]
    del course_lib.exercises

    def judge(id_: str, answer: Any, seed: int) -> Any:
        tools.restore()
        return engine.judge(items[id_], answer, seed, seconds) if id_ in items else None

    return judge


class _Tools:
    """The functions the engine compares with, as they were; a notebook may have put others in their place."""

    def __init__(self) -> None:
        import numpy as np

        modules = (builtins, np, np.linalg, np.random, np.testing)
        self.kept = [(module, dict(vars(module))) for module in modules]

    def restore(self) -> None:
        for module, names in self.kept:
            current = vars(module)
            for name, value in names.items():
                if current.get(name) is not value and name != "_":
                    setattr(module, name, value)


def buckle_up(home: Path) -> None:
    """Refuse, for good, connections to other machines and changes to files outside ``home``."""
    root = os.path.realpath(home)

    def refuse(event: str, args: tuple[Any, ...]) -> None:
        if event == "socket.connect" and isinstance(args[1], tuple):
            if not str(args[1][0]).startswith(LOOPBACK):
                raise PermissionError("there is no network while a notebook is graded")
        elif event == "open":
            mode, flags = args[1], args[2] or 0
            if (set("wax+") & set(mode)) if isinstance(mode, str) else flags & WRITES:
                inside(args[0])
        elif event in DELETING:
            inside(args[0])

    def inside(path: Any) -> None:
        if isinstance(path, str | bytes | os.PathLike):
            real = os.path.realpath(os.fsdecode(path))
            if real != root and not real.startswith((root + os.sep, "/dev/")):
                raise PermissionError("a notebook that is graded may only change files in its own folder")

    sys.addaudithook(refuse)


def channel(token: str) -> Say:
    """Return a function that writes a line to what was standard output, which from now on is nowhere."""
    number = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)

    def say(**fields: Any) -> None:
        os.write(number, f"{token} {json.dumps(fields)}\n".encode())

    return say


# ---------------------------------------------------------------- running and judging


def within(seconds: float, work: Callable[[], Any]) -> tuple[Any, BaseException | None]:
    """Return what ``work`` returns, or the exception that ended it: after ``seconds``, `OutOfTime`.

    A signal interrupts waits too, such as ``time.sleep``; the watchdog comes soon after, on every system, and
    is not swallowed by a loop that catches everything.
    """

    def ring(number: int, frame: Any) -> None:
        raise OutOfTime(f"took longer than {seconds:.0f} s")

    timed = hasattr(signal, "setitimer")  # not on Windows
    try:
        if timed:
            signal.signal(signal.SIGALRM, ring)
            signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)  # again each second, should it be swallowed
        try:
            with watchdog.Watch(seconds + timed) as watch:
                result = watch.call(work)
            if watch.fired:
                raise OutOfTime(f"took longer than {seconds:.0f} s")
            return result, None
        finally:
            if timed:
                signal.setitimer(signal.ITIMER_REAL, 0)
    except watchdog.OutOfTime:
        return None, OutOfTime(f"took longer than {seconds:.0f} s")
    except BaseException as error:  # SystemExit and interrupts too: the next cell still counts
        return None, error


def shell(home: Path) -> Any:
    """Return IPython without a front end: magics work, tracebacks are not formatted, no history is kept."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    class Quiet(InteractiveShell):
        def showtraceback(self, *args: Any, **kwargs: Any) -> None: ...

        def showsyntaxerror(self, *args: Any, **kwargs: Any) -> None: ...

        def ask_exit(self) -> None:
            raise SystemExit("exit")

    os.environ["IPYTHONDIR"] = str(home)
    config = Config()
    config.HistoryManager.enabled = False
    return Quiet.instance(config=config)


class Examination:
    """One notebook, its questions, and what came of them."""

    def __init__(
        self,
        notebook: dict[str, Any],
        questions: list[Question],
        judge: Callable[[str, Any, int], Any],
        shell: Any,
        say: Say,
        seed: int,
        cell_seconds: float,
    ) -> None:
        self.notebook, self.judge, self.shell, self.say = notebook, judge, shell, say
        self.seed, self.cell_seconds = seed, cell_seconds
        self.questions = {question.id: question for question in questions}
        self.asked: dict[str, ast.expr] = {}  # the learner's own last call for each exercise
        self.settled: set[str] = set()
        self.errors: list[tuple[int, str, str]] = []  # cell, its source, what it raised

    def run(self) -> None:
        """Run the cells, judge every answer where it is checked, and at the end those never checked."""
        for number, cell in code_cells(self.notebook):
            if "solution" in submissions.tags(cell):  # the course's own, not the learner's
                continue
            source = text(cell)
            self.say(cell=number)
            self._run(number, source)
            for id_, answer in calls_of_check(source):
                if id_ in self.questions:
                    self.asked[id_] = answer
                    self._score(id_, answer)
        for id_, question in self.questions.items():
            if id_ not in self.settled:
                own = self.asked.get(id_)
                self._score(id_, own or ast.parse(question.expression, mode="eval").body, last=True)

    def _run(self, number: int, source: str) -> None:
        result, error = within(self.cell_seconds, lambda: self.shell.run_cell(source, store_history=False))
        error = error or result.error_before_exec or result.error_in_exec
        if error is not None:
            self.errors.append((number, source, _one_line(error)))
        if "matplotlib.pyplot" in sys.modules:
            within(5.0, lambda: sys.modules["matplotlib.pyplot"].close("all"))

    def _score(self, id_: str, answer: ast.expr, last: bool = False) -> None:
        """Judge one answer; one that cannot be had yet is tried once more at the end."""
        code = compile(ast.fix_missing_locations(ast.Expression(answer)), "<answer>", "eval")
        value, error = within(self.cell_seconds, lambda: eval(code, self.shell.user_ns))
        if error is not None:
            if last or not isinstance(error, NameError):
                self._undefined(id_, error)
            return
        self.settled.add(id_)
        if str(getattr(value, "__module__", "")).split(".")[0] == "course_lib" and callable(value):
            name = f"{value.__module__}.{getattr(value, '__qualname__', '')}"
            self.say(id=id_, attempted=True, cause="taken", error=f"the answer is the course's own {name}")
            return
        report, error = within(self.cell_seconds, lambda: self.judge(id_, value, self.seed))
        if error is not None or (report is not None and report.kind in ("interrupted", "timeout")):
            slow = f"the answer took longer than {self.cell_seconds:.0f} s"
            said = report.sentence if report is not None and report.kind == "timeout" else slow
            self.say(id=id_, attempted=True, cause="too slow", error=said)
        elif report is not None:
            wrong = report.attempted and not report.passed
            self.say(id=id_, attempted=bool(report.attempted), passed=report.passed is True,
                     cause=report.diagnosis or report.kind,
                     error=report.sentence[:2000] if wrong else "")  # fmt: skip

    def _undefined(self, id_: str, error: BaseException) -> None:
        """Say why there is no answer: the cell that was to define it failed, or it is not there."""
        self.settled.add(id_)
        missing = getattr(error, "name", None) or self.questions[id_].expression
        for number, source, what in reversed(self.errors):
            if re.search(rf"\b{re.escape(str(missing))}\b", source) and not calls_of_check(source):
                said = f"code cell {number}, which should define {missing}, ended in {what}"
                self.say(id=id_, attempted=True, cause="error", error=said)
                return
        self.say(id=id_, attempted=False, cause="not defined", error=_one_line(error))


def _one_line(error: BaseException) -> str:
    try:
        words = " ".join(str(error).split())
    except Exception:  # an exception whose own __str__ raises
        words = ""
    name = "OutOfTime" if isinstance(error, OutOfTime) else type(error).__name__
    return f"{name}: {words}"[:300].rstrip(": ")


def _chapter(job: dict[str, Any], notebook: dict[str, Any]) -> int | None:
    """The number in the file's name, else the one in the notebook's metadata."""
    if job["chapter"] is not None:
        return int(job["chapter"])
    metadata = notebook.get("metadata")
    course = metadata.get("course") if isinstance(metadata, dict) else None
    number = course.get("number") if isinstance(course, dict) else None
    return number if isinstance(number, int) else None


def _questions(job: dict[str, Any], notebook: dict[str, Any], chapter: int | None) -> list[Question]:
    """What the chapter asks; a notebook of no known chapter asks what it checks."""
    asked = job["questions"].get(str(chapter))
    if asked is not None:
        return [Question(*pair) for pair in asked]
    own = {id_ for _, cell in code_cells(notebook) for id_, _ in calls_of_check(text(cell))}
    return [Question(id_, "...") for id_ in sorted(own)]


def examine(job: dict[str, Any], say: Say) -> None:
    """Run the notebook of one job and say everything there is to say about it."""
    notebook = submissions.read(Path(job["path"]))
    chapter = _chapter(job, notebook)
    questions = _questions(job, notebook, chapter)
    sources = [text(cell) for _, cell in code_cells(notebook) if "solution" not in submissions.tags(cell)]
    looked = [found for source in sources for found in COPIED.findall(source)]
    ordinary = {"check", "exercises", "hint", "from", "import", "course_lib"}
    looked = [found for found in looked if set(re.findall(r"\w+", found)) - ordinary]
    say(chapter=chapter, ids=[question.id for question in questions], cells=len(sources),
        note=f"reads {looked[0][:100]}" if looked else "")  # fmt: skip
    bounds = limits.Limits(**job["limits"])
    judge = private_judge({question.id for question in questions}, bounds.answer_seconds)
    os.environ[watchdog.VARIABLE] = str(bounds.answer_seconds)  # for the notebook's own calls of check
    own_shell = shell(Path.cwd())
    limits.restrict(bounds)
    buckle_up(Path.cwd())
    Examination(notebook, questions, judge, own_shell, say, job["seed"], bounds.cell_seconds).run()


def main() -> int:
    """Read a job from standard input, do it, and end without waiting for what the notebook left running."""
    job = json.loads(sys.stdin.buffer.read())
    say = channel(job["token"])
    try:
        examine(job, say)
        say(end=True)
    except (submissions.Unreadable, OSError) as error:
        say(fatal=str(error))
    os._exit(0)


if __name__ == "__main__":
    main()
