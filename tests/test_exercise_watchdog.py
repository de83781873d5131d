"""An answer that does not return is stopped, wherever it runs and whatever it catches; others feel nothing.

The answers catch everything in every way one can, which the linter would rather not see.
"""

# ruff: noqa: SIM105, B012, E722

import _thread
import itertools
import math
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from jupyter_client.manager import start_new_kernel

import course_lib
from course_lib.exercises import Case, Exercise, check, hint, wording
from course_lib.exercises.engine import judge
from course_lib.exercises.watchdog import DEFAULT, VARIABLE, OutOfTime, Watch, limit
from course_lib.workshop import examiner

MSE = "start.mean_squared_error"
SHORT = 0.2  # the limit in these tests, in seconds
PATIENCE = 30.0  # until a test that should have been stopped gives up by itself


@pytest.fixture(autouse=True)
def _no_record(monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS", "off")
    monkeypatch.delenv(VARIABLE, raising=False)


def endless():
    """True for `PATIENCE` seconds: endless for a learner, not for this test."""
    end = time.monotonic() + PATIENCE
    return iter(lambda: time.monotonic() < end, False)


def tight(y, prediction):
    for _ in endless():
        pass


def while_true(y, prediction):
    end, total = time.monotonic() + PATIENCE, 0
    while time.monotonic() < end:
        total += 1


def swallows_exceptions(y, prediction):
    for _ in endless():
        try:
            raise ValueError
        except Exception:
            continue


def swallows_everything(y, prediction):
    for _ in endless():
        try:
            sum(range(1000))
        except:
            pass


def busy():
    total = 0
    for i in range(100_000):
        total += i
    return total


def swallows_in_a_long_try(y, prediction):
    """Nearly all its time is inside the `try`, so an exception from outside nearly always lands there."""
    for _ in endless():
        try:
            busy()
        except BaseException:
            continue


def swallows_twice(y, prediction):
    for _ in endless():
        try:
            for _ in endless():
                try:
                    busy()
                except BaseException:
                    pass
        except BaseException:
            pass


def goes_on_in_finally(y, prediction):
    for _ in endless():
        try:
            busy()
        finally:
            continue


def turns_it_into_another(y, prediction):
    try:
        tight(y, prediction)
    except BaseException:
        raise ValueError("mine") from None


def turns_it_into_the_right_answer(y, prediction):
    try:
        tight(y, prediction)
    except BaseException:
        return np.mean((y - prediction) ** 2)


def never_done(y, prediction):
    def fibonacci(n):
        return fibonacci(n - 1) + fibonacci(n - 2) if n > 1 else 1

    return fibonacci(70)


def never_done_in_a_lambda(y, prediction):
    return sum(1 for _ in endless())


ENDLESS = [tight, while_true, swallows_exceptions, swallows_everything, swallows_in_a_long_try,
           swallows_twice, goes_on_in_finally, turns_it_into_another, turns_it_into_the_right_answer,
           never_done, never_done_in_a_lambda]  # fmt: skip


def stopped(answer, **settings):
    began = time.monotonic()
    report = check(MSE, answer, seconds=SHORT, **settings)
    assert time.monotonic() - began < PATIENCE / 2
    return report


@pytest.mark.parametrize("answer", ENDLESS, ids=lambda answer: answer.__name__)
def test_an_answer_without_end_is_stopped_and_wrong(answer):
    report = stopped(answer)
    assert (report.kind, report.attempted, report.passed, report.diagnosis) == ("timeout", True, False, None)
    first = report.sentence.splitlines()[0]
    label = report.failures[0].label
    assert first == (f'Your function had not returned after 0.2 s on the case "{label}" and was stopped. '
                     "Is there a loop whose condition never becomes false?")  # fmt: skip
    assert report.failures[0].got == "nothing after 0.2 s"
    assert "hint(" in repr(report)
    assert first.replace('"', "&quot;") in report._repr_html_()


@pytest.mark.parametrize("answer", ENDLESS[:5], ids=lambda answer: answer.__name__)
def test_in_a_thread_of_its_own_too(answer):
    found = []
    thread = threading.Thread(target=lambda: found.append(stopped(answer)))
    thread.start()
    for _ in range(1000):  # the main thread is not disturbed
        time.sleep(0.001)
    thread.join()
    assert found[0].kind == "timeout"


def test_the_line_it_was_in_is_told():
    assert "in line 4 of `while_true`: `total += 1`" in stopped(while_true).sentence or (
        "in line 3 of `while_true`: `while time.monotonic() < end:`" in stopped(while_true).sentence
    )
    assert "of `swallows_everything`" in stopped(swallows_everything).sentence


def test_hints_and_the_next_check_are_as_before():
    before = hint(MSE, level=1).text
    assert stopped(swallows_everything).kind == "timeout"
    assert hint(MSE, level=1).text == before
    assert check(MSE, lambda y, prediction: np.mean((y - prediction) ** 2), seconds=SHORT).passed


def test_what_it_printed_before_it_was_stopped_is_shown(capsys):
    def answer(y, prediction):
        for number in endless():
            print("step", number)

    report = stopped(answer)
    assert report.printed.startswith("step True\nstep True\n")
    assert "more characters" in report.printed
    assert len(repr(report)) < 3000
    assert capsys.readouterr().out == ""


def toy(count=2, **changes):
    settings = {
        "id": "toy.scale",
        "chapter": 0,
        "minutes": 1,
        "signature": "scale(w)",
        "reference": lambda w: 2 * w,
        "cases": lambda rng: [Case((np.arange(n + 2.0),), label=f"number {n}") for n in range(count)],
    }
    return Exercise(**(settings | changes))


def test_the_case_it_happens_on_is_the_one_shown_and_the_last_one_run():
    calls = []

    def answer(w):
        calls.append(len(w))
        if len(w) == 3:
            tight(w, w)
        return 3 * w  # wrong on the other cases, which does not come first

    report = judge(toy(4), answer, seconds=SHORT)
    assert report.kind == "timeout"
    assert report.failures[0].label == "number 1"
    assert '"number 1"' in report.sentence
    assert calls == [2, 3]


def test_a_second_call_that_does_not_return_is_stopped_too():
    calls = []

    def answer(w):
        calls.append(1)
        if len(calls) > 2:  # the cases are over; the first is called again
            tight(w, w)
        return 2 * w

    report = judge(toy(2), answer, seconds=SHORT)
    assert report.kind == "timeout"
    assert report.failures[0].label == "number 0"


def test_a_case_without_a_name():
    item = toy(cases=lambda rng: [Case((np.arange(2.0),))])
    report = judge(item, lambda w: tight(w, w), seconds=SHORT)
    assert report.sentence.startswith("Your function had not returned after 0.2 s and was stopped.")


def test_a_method_that_does_not_return():
    class Answer:
        def step(self, w):
            tight(w, w)

    class Right:
        def step(self, w):
            return w

    def cases(rng):
        return [Case((np.ones(2),), observe=lambda answer, w: answer().step(w))]

    item = toy(signature="Answer", reference=Right, cases=cases)
    assert judge(item, Answer, seconds=SHORT).kind == "timeout"


def test_the_courses_own_code_is_not_under_the_limit():
    def slow(w):
        time.sleep(2 * SHORT)
        return 2 * w

    item = toy(1, reference=slow, misconceptions={"slow": lambda w: slow(w) + w})
    assert judge(item, lambda w: 2 * w, seconds=SHORT).passed
    assert judge(item, lambda w: 3 * w, seconds=SHORT).diagnosis == "slow"


def test_every_call_has_the_whole_time():
    def answer(w):
        time.sleep(0.15)
        return 2 * w

    assert judge(toy(8), answer, seconds=1.0).passed  # ten calls, 1.5 s together


# ---------------------------------------------------------------- the limit


def test_where_the_limit_comes_from(monkeypatch):
    assert limit() == DEFAULT == 20.0
    assert limit(3) == 3.0
    assert limit(math.inf) == math.inf
    for setting, seconds in (("0.5", 0.5), (" 60 ", 60.0), ("off", math.inf), ("0", math.inf), ("", DEFAULT)):
        monkeypatch.setenv(VARIABLE, setting)
        assert limit() == seconds
        assert limit(7) == 7.0


def test_the_variable_is_heeded(monkeypatch):
    monkeypatch.setenv(VARIABLE, "0.2")
    assert check(MSE, tight).kind == "timeout"


@pytest.mark.parametrize("seconds", [0, -1, math.nan, "10", True])
def test_a_limit_that_is_none(seconds):
    with pytest.raises((TypeError, ValueError), match="seconds must be"):
        check(MSE, np.mean, seconds=seconds)


@pytest.mark.parametrize("setting", ["soon", "-3", "nan"])
def test_a_variable_that_is_none(monkeypatch, setting):
    monkeypatch.setenv(VARIABLE, setting)
    with pytest.raises(ValueError, match=f"{VARIABLE} must be .*{setting}"):
        check(MSE, np.mean)


def test_without_a_limit_there_is_no_thread(monkeypatch):
    monkeypatch.setattr(_thread, "start_new_thread", lambda *args: pytest.fail("a thread was started"))
    assert check(MSE, lambda y, prediction: np.mean((y - prediction) ** 2), seconds=math.inf).passed


def test_where_threads_cannot_be_started_there_is_no_limit(monkeypatch):
    def refuse(*args):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(_thread, "start_new_thread", refuse)
    assert check(MSE, lambda y, prediction: np.mean((y - prediction) ** 2)).passed


# ---------------------------------------------------------------- what must not be confused with it


@pytest.fixture
def stop_button():
    """A process started in the background may ignore interrupts; a kernel never does."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("stop_button")
def test_the_learners_own_interrupt_stays_an_interrupt():
    def answer(y, prediction):
        threading.Timer(0.1, _thread.interrupt_main).start()
        tight(y, prediction)

    assert check(MSE, answer, seconds=PATIENCE).kind == "interrupted"
    with Watch(PATIENCE) as watch, pytest.raises(KeyboardInterrupt):
        watch.call(lambda: answer(None, None))
    assert not watch.fired


def test_the_second_way_of_insisting_is_enough_and_leaves_no_trace(monkeypatch):
    """Only every second round: the lines that raise."""
    monkeypatch.setattr(itertools, "count", lambda start: range(2, 1000, 2))
    before = sys.gettrace()
    assert stopped(swallows_in_a_long_try).kind == "timeout"
    assert sys.gettrace() is before


def test_what_ends_a_call_is_no_ordinary_exception():
    assert not issubclass(OutOfTime, Exception)


def test_nothing_arrives_after_the_call():
    """Calls that end about when their time is over: whether stopped or not, what follows is left alone."""
    fired = 0
    for number in range(300):
        pause = 0.002 + (number % 30 - 15) * 5e-5
        try:
            with Watch(0.002) as watch:
                try:
                    watch.call(lambda pause=pause: time.sleep(pause))
                except OutOfTime:
                    assert watch.fired
                fired += watch.fired
                busy_after = [n for n in range(200)]  # noqa: C416
            assert len(busy_after) == 200
        except OutOfTime:
            pytest.fail("an exception came after the call had ended")
    assert fired, "no call was stopped: the test says nothing"


def test_the_watching_thread_runs_before_any_call(monkeypatch):
    """Until it does, CPython 3.11 knows it by the identity of the caller and sends it what that is to get."""
    start, begun = _thread.start_new_thread, threading.Event()

    def start_late(work, arguments):
        def late():
            time.sleep(0.05)
            begun.set()
            work(*arguments)

        return start(late, ())

    monkeypatch.setattr("course_lib.exercises.watchdog._thread.start_new_thread", start_late)
    with Watch(PATIENCE):
        assert begun.is_set()


def test_two_checks_at_once_stop_their_own_answers():
    """Each thread has its own watch; one that is stopped does not disturb one that is not."""

    def slow_and_right(y, prediction):
        end = time.monotonic() + 0.05
        while time.monotonic() < end:
            pass
        return np.mean((y - prediction) ** 2)

    found = {}
    answers = {"late": (swallows_everything, SHORT), "right": (slow_and_right, PATIENCE)}
    threads = [threading.Thread(target=lambda n=n, a=a, s=s: found.update({n: check(MSE, a, seconds=s)}))
               for n, (a, s) in answers.items()]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found["late"].kind == "timeout"
    assert found["right"].passed


def test_a_check_inside_an_answer_leaves_the_outer_limit_in_force():
    def answer(y, prediction):
        check(MSE, tight, seconds=PATIENCE)

    assert stopped(answer).kind == "timeout"


def test_a_call_that_cannot_be_stopped_is_told_of(monkeypatch, capsys):
    """A wait ends when it ends; the learner reads meanwhile why nothing happens."""
    monkeypatch.setattr("course_lib.exercises.watchdog.GRACE", 0.02)
    monkeypatch.setattr("course_lib.exercises.watchdog.SAY_AFTER", 3)

    def answer(y, prediction):
        time.sleep(1.0)

    report = check(MSE, answer, seconds=SHORT)
    assert report.kind == "timeout"
    assert capsys.readouterr().err.strip() == wording.engine("timeout_stuck", seconds="0.2")


def test_a_normal_check_is_not_slowed():
    """Processor time of what the watch adds to one check of twelve calls: well below a millisecond."""

    def watched():
        with Watch(DEFAULT) as watch:
            for _ in range(12):
                watch.call(int)

    def seconds(times=200):
        began = time.process_time()
        for _ in range(times):
            watched()
        return (time.process_time() - began) / times

    assert min(seconds() for _ in range(3)) < 1e-3


def test_the_thread_ends_with_the_check():
    before = _thread._count()
    for _ in range(20):
        check(MSE, lambda y, prediction: 0.0)
    deadline = time.monotonic() + 10
    while _thread._count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert _thread._count() <= before


# ---------------------------------------------------------------- a kernel, and the grader


def test_a_real_kernel_answers_after_an_endless_loop(tmp_path):
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(tmp_path), stderr=subprocess.DEVNULL)

    def run(code):
        shown = []

        def keep(message):
            if message["msg_type"] in ("execute_result", "error"):
                content = message["content"]
                shown.append(str(content.get("data", {}).get("text/plain", content.get("evalue"))))

        client.execute_interactive(code, output_hook=keep, timeout=60)
        return "".join(shown)

    head = "def mse(y, prediction):\n    total = 0\n    while True:\n        "
    tail = f"\ncheck('{MSE}', mse, seconds=0.2)"
    try:
        path = str(Path(course_lib.__file__).parents[1])
        run(f"import sys; sys.path.insert(0, {path!r})\nfrom course_lib.exercises import check")
        said = run(head + "total += 1" + tail)
        assert "had not returned after 0.2 s" in said
        assert "of `mse`" in said
        swallowing = "try:\n            total += sum(range(10))\n        except:\n            pass"
        assert "had not returned after 0.2 s" in run(head + swallowing + tail)
        assert run("1 + 1") == "2"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@pytest.mark.parametrize("alarm", [True, False], ids=["with_signals", "without"])
def test_a_cell_and_an_answer_of_the_grader_are_bounded_on_every_system(monkeypatch, alarm):
    """Without `setitimer`, as on Windows, the watchdog alone does it."""
    if not alarm:
        monkeypatch.delattr(signal, "setitimer", raising=False)
    result, error = examiner.within(SHORT, lambda: swallows_in_a_long_try(0, 0))
    assert result is None
    assert isinstance(error, examiner.OutOfTime)
    assert examiner.within(PATIENCE, lambda: 5) == (5, None)
    raised = examiner.within(PATIENCE, lambda: next(itertools.repeat(1)) / 0)[1]
    assert isinstance(raised, ZeroDivisionError)
