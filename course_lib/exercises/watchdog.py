"""A limit of time for code that runs in this very process, on every system and in every thread.

An answer is a closure over a notebook: it cannot be sent to another process. So a second thread looks at the
clock, and when the time is over it has CPython raise `OutOfTime` in the thread that waits
(``PyThreadState_SetAsyncExc``; no signal, which only the main thread of Linux and macOS could use).

Two things cannot be stopped this way: a long call into compiled code, and a wait such as ``time.sleep``. The
exception then comes when the call returns. Memory is not watched.
"""

from __future__ import annotations

import _thread
import contextlib
import ctypes
import itertools
import math
import os
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any, Self, TextIO

from course_lib.exercises.wording import engine
from course_lib.validation import positive

__all__ = ["DEFAULT", "VARIABLE", "OutOfTime", "Watch", "limit"]

DEFAULT = 20.0  # seconds for one call of an answer; the slowest reference takes a tenth of one
VARIABLE = "COURSE_CHECK_SECONDS"
GRACE = 0.25  # from the first exception, which a `finally` may take its time for, to the next
MOMENT = 0.05  # for a way of insisting that can go round in circles
SAY_AFTER = 20  # rounds of insistence in vain
_SEND: Any = ("PyThreadState_SetAsyncExc", getattr(ctypes, "pythonapi", None))


class OutOfTime(BaseException):
    """The time is over. Not an `Exception`, so that ``except Exception`` in a loop does not swallow it."""


def limit(seconds: float | None = None) -> float:
    """Return the seconds one call may take; ``math.inf`` when there is no limit.

    Parameters
    ----------
    seconds : float, optional
        As the caller wants it; by default what ``COURSE_CHECK_SECONDS`` says, else 20.

    Raises
    ------
    TypeError, ValueError
        If ``seconds`` is not a number above 0, or the variable is neither that nor ``off``.
    """
    if seconds is not None:
        return math.inf if seconds == math.inf else positive(seconds, "seconds")
    setting = os.environ.get(VARIABLE, "").strip().lower()
    if setting in ("off", "no", "false", "0", "inf"):
        return math.inf
    try:
        return positive(float(setting), VARIABLE) if setting else DEFAULT
    except ValueError:
        raise ValueError(
            f"{VARIABLE} must be a number of seconds above 0, or off; got {setting!r}."
        ) from None


class Watch:
    """Ends calls that take longer than ``seconds``, in the thread that made the watch.

    Its own thread ends after the ``with`` block; a call that ends in time costs a few assignments and a lock.
    ``fired`` says whether the last call was stopped: what it returned or raised then counts for nothing.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds, self.fired = seconds, False
        self._deadline: float | None = None
        self._lock, self._over = threading.Lock(), threading.Event()
        self._begun = threading.Lock()
        self._caller = threading.get_ident()
        self._insistent: Any = type("OutOfTime", (OutOfTime,), {})
        self._screen = sys.stderr  # as it is before an answer's prints are captured
        self._guarded = self._trapped = False
        self._tracing: Any = None

    def __enter__(self) -> Self:
        if math.isfinite(self.seconds) and hasattr(ctypes, "pythonapi"):  # CPython
            with contextlib.suppress(RuntimeError):  # Python in a browser has no threads: no limit there
                self._begun.acquire()
                _thread.start_new_thread(self._look, ())
                # Until it runs, CPython knows it by our identity, and what is sent to us would go to it.
                self._begun.acquire()
                self._guarded = True
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()

    def call(self, work: Callable[[], Any]) -> Any:
        """Return what ``work`` returns; after ``seconds``, `OutOfTime` is raised inside it.

        Exceptions from outside arrive in calls and at the end of loops only. So the two assignments below are
        never missed, and after them at most two are on their way: the last one sent and the last one renewed.
        """
        self.fired = False
        self._deadline = time.monotonic() + self.seconds
        try:
            return work()
        finally:
            self._deadline = None
            self._insistent.__init__ = _nothing
            try:
                self._take_back()
            except OutOfTime:  # the first of the two arrived here; the call's own exception says more
                self._insistent.__init__ = _nothing
                self._take_back()
            if self._trapped:
                sys.settrace(self._tracing)

    def _take_back(self) -> None:
        """Withdraw an exception that was sent and has not arrived."""
        if self._guarded:
            with self._lock:
                _send(self._caller, None)

    # ---------------------------------------------------------------- in the thread of its own

    def _look(self) -> None:
        """Sleep until the deadline, again and again: one set meanwhile is never nearer than ``seconds``."""
        self._begun.release()
        while not self._over.wait(self._ahead()):
            deadline = self._deadline
            if deadline is not None and deadline <= time.monotonic() and self._fire(OutOfTime, deadline):
                self._insist(deadline)

    def _ahead(self) -> float:
        deadline = self._deadline
        ahead = self.seconds if deadline is None else deadline - time.monotonic()
        return min(max(ahead, 0.0), threading.TIMEOUT_MAX)

    def _fire(self, exception: Any, deadline: float, init: Any = None) -> bool:
        """Send ``exception`` to the call that had until ``deadline``, if it still runs."""
        with self._lock:
            if self._deadline != deadline:
                return False
            self.fired = True
            if init is not None:
                exception.__init__ = init
            _send(self._caller, exception)
            return True

    def _insist(self, deadline: float) -> None:
        """Once is not enough where ``except:`` stands inside the loop; two ways, in turn.

        An exception that renews itself: making it sends the next (its ``__init__`` is the call into CPython
        itself), which arrives where the handler jumps back to its loop. In some loops of Python 3.12 that
        place still belongs to the ``try``; so this is given a moment only, and the other way is an exception
        whose making has the next line of every function that waits, the handler's too, raise.
        """
        renew = ctypes.PYFUNCTYPE(None, ctypes.c_ulong, ctypes.py_object)(_SEND)
        renewing = staticmethod(partial(renew, self._caller, self._insistent))
        for round_ in itertools.count(1):
            way = renewing if round_ % 2 else self._trap
            if self._over.wait(GRACE) or not self._fire(self._insistent, deadline, way):
                return
            self._over.wait(MOMENT)
            self._insistent.__init__ = _nothing
            if round_ == SAY_AFTER:
                _say(self._screen, engine("timeout_stuck", seconds=f"{self.seconds:g}"))

    @property
    def _trap(self) -> Callable[[BaseException], None]:
        def raise_at_lines(frame: FrameType, event: str, arg: object) -> None:
            if event == "line" and self._deadline is not None:
                raise OutOfTime

        def init(exception: BaseException) -> None:
            frame: FrameType | None = sys._getframe(1)
            while frame is not None and frame.f_code is not Watch.call.__code__:
                frame.f_trace = raise_at_lines
                frame = frame.f_back
            if not self._trapped:
                self._trapped, self._tracing = True, sys.gettrace()  # a debugger's, or that of coverage
            sys.settrace(raise_at_lines)

        return init


def _send(thread: int, exception: type[BaseException] | None) -> None:
    argument = None if exception is None else ctypes.py_object(exception)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), argument)


def _nothing(exception: BaseException) -> None:
    """The ``__init__`` of an exception that is not to renew itself any more."""


def _say(screen: TextIO | None, sentence: str) -> None:
    with contextlib.suppress(Exception):  # no screen, or one that is closed
        print(sentence, file=screen, flush=True)
