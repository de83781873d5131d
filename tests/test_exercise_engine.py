"""What a learner may do to `check`, and what it has to answer."""

from __future__ import annotations

import _thread
import html
import re
import signal
import subprocess
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from jupyter_client.manager import start_new_kernel

import course_lib
from course_lib.exercises import (
    Case,
    CheckReport,
    Choice,
    Exercise,
    Fresh,
    UnknownExercise,
    Value,
    check,
    exercises,
    hint,
    task,
    wording,
)
from course_lib.exercises.catalogue import FURTHER, all_items, find
from course_lib.exercises.engine import judge
from course_lib.exercises.values import close

MSE = "start.mean_squared_error"


@pytest.fixture(autouse=True)
def _no_record(monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS", "off")
    monkeypatch.delenv("COURSE_LANGUAGE", raising=False)


def right(y, prediction):
    return np.mean((y - prediction) ** 2)


def scale(w, c):
    return c * w


def twice(w, c):
    return 2 * c * w


def backwards(w, c):
    raise ValueError("w must not be negative")


def toy(**changes):
    """A small exercise whose text does not exist, so that the engine's own sentences are seen."""

    def cases(rng):
        return [
            Case((np.array([1.0, 0.0, -2.0]), 2.0), label="mixed"),
            Case((np.array([1.0, 3.0]), 0.5), label="positive"),
            Case((rng.normal(size=4), 1.5), label="random"),
        ]

    settings = {
        "id": "toy.scale",
        "chapter": 0,
        "minutes": 1,
        "signature": "scale(w, c)",
        "reference": scale,
        "misconceptions": {"twice": twice, "backwards": backwards},
        "cases": cases,
    }
    return Exercise(**(settings | changes))


# ---------------------------------------------------------------------- not attempted


def body_only(y, prediction): ...


def with_docstring(y, prediction):
    """Mean of squares."""
    ...  # noqa: PIE790


def preparation(y, prediction):
    n = len(y)  # noqa: F841
    ...  # noqa: PIE790


def raises(y, prediction):
    raise NotImplementedError


def returns_ellipsis(y, prediction):
    return ...


def ellipsis_in_tuple(y, prediction):
    return 1.0, ...


def in_arithmetic(y, prediction):
    residual = ...
    return np.mean(residual**2)


def in_matrix_product(y, prediction):
    w = ...
    return y @ w


def in_loop(y, prediction):
    total = 0.0
    for _ in y:
        ...
    return total


def annotated(y: tuple[float, ...], prediction: tuple[float, ...]) -> float:
    """Not filled."""
    raise NotImplementedError("write me")


@pytest.mark.parametrize(
    "stub",
    [
        ...,
        NotImplemented,
        body_only,
        with_docstring,
        preparation,
        raises,
        returns_ellipsis,
        ellipsis_in_tuple,
        in_arithmetic,
        in_matrix_product,
        in_loop,
        annotated,
        lambda y, prediction: ...,
    ],
    ids=lambda stub: getattr(stub, "__name__", str(stub)),
)
def test_a_stub_is_not_attempted_and_not_wrong(stub):
    report = check(MSE, stub)
    assert not report.attempted
    assert not report.passed
    assert report.diagnosis is None
    assert report.failures == []
    assert "✗" not in repr(report)
    assert "not attempted" in repr(report)


@pytest.mark.parametrize("id", ["start.residual", "start.not_attempted", "ridge.gradient", "ridge.intercept"])
def test_an_ellipsis_is_not_attempted_for_every_kind(id):
    assert check(id, ...).kind == "not_attempted"


def test_a_stub_typed_where_no_source_can_be_read():
    scope: dict[str, object] = {}
    exec("def f(y, prediction):\n    n = len(y)\n    r = ...\n    return r @ y\n", scope)
    assert check(MSE, scope["f"]).kind == "not_attempted"


def leftover(y, prediction):
    """A finished but wrong answer with the placeholder left under the docstring."""
    ...  # noqa: PIE790
    return np.sum((y - prediction) ** 2)


def sliced(y, prediction):
    return np.sum((y[..., None] - prediction[..., None]) ** 2)


@pytest.mark.parametrize("answer", [leftover, sliced])
def test_a_finished_answer_with_dots_in_it_is_attempted(answer):
    assert check(MSE, answer).diagnosis == "sum"


def test_a_right_answer_with_a_leftover_placeholder_passes():
    def answer(y, prediction):
        """Text."""
        ...  # noqa: PIE790
        return right(y, prediction)

    assert check(MSE, answer).passed


def test_an_unfilled_class_is_not_attempted():
    class Stub:
        def step(self, w): ...

    class Half:
        def step(self, w):
            return w / 2

    item = toy(
        signature="Half",
        reference=Half,
        misconceptions={},
        cases=lambda rng: [Case((np.ones(2),), observe=lambda answer, w: answer().step(w))],
    )
    assert judge(item, Stub).kind == "not_attempted"
    assert judge(item, Half).passed


# ------------------------------------------------------------------------- never raises


def divides(y, prediction):
    return 1 / 0


def deep_error(y, prediction):
    def inner(values):
        return values.no_such_thing

    return inner(y)


def recursion(y, prediction):
    return recursion(y, prediction)


def exits(y, prediction):
    import sys

    sys.exit(3)


class Odd(Exception):
    def __str__(self):
        raise RuntimeError("no text")


def odd_exception(y, prediction):
    raise Odd


def base_exception(y, prediction):
    raise BaseException("base")


def inside_numpy(y, prediction):
    return np.linalg.solve(y, prediction)


class Hostile:
    """Everything one could ask it fails."""

    def __array__(self, *args, **kwargs):
        raise RuntimeError("no array")

    def __repr__(self):
        raise RuntimeError("no repr")

    def __len__(self):
        raise RuntimeError("no length")


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (divides, "ZeroDivisionError: division by zero"),
        (deep_error, "return values.no_such_thing"),
        (recursion, "without end"),
        (exits, "sys.exit(3)"),
        (odd_exception, "Odd"),
        (base_exception, "base"),
        (inside_numpy, "return np.linalg.solve(y, prediction)"),
        (lambda y: 0.0, "TypeError"),
    ],
    ids=["divides", "deep", "recursion", "exits", "odd", "base", "numpy", "arguments"],
)
def test_exceptions_become_a_report_with_the_learners_line(answer, word):
    report = check(MSE, answer)
    assert report.attempted
    assert not report.passed
    assert report.kind == "error"
    assert word in repr(report)


def test_the_line_number_counts_from_the_def():
    assert "in line 2 of `divides`: `return 1 / 0`" in check(MSE, divides).sentence


@pytest.mark.parametrize(
    ("value", "kind", "word"),
    [
        (None, "type", "return"),
        ("1.75", "type", "text"),
        (np.nan, "not_finite", "NaN"),
        (np.inf, "not_finite", "inf"),
        (np.ones(3), "shape", "shape (3,)"),
        (np.array([[1.75, 2.0]]), "shape", "shape (1, 2)"),
        ([], "shape", "shape (0,)"),
        ((1.0, 2.0), "shape", "shape (2,)"),
        ({}, "type", "dict"),
        (1j, "type", "complex"),
        (object, "type", "function"),
        (Hostile(), "type", "Hostile"),
        ([[1], [1, 2]], "type", "list"),
        (np.array(["a"]), "type", "text"),
        (object(), "type", "object"),
        (True, "type", "True"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_whatever_is_returned_gets_a_report(value, kind, word):
    def answer(y, prediction):
        return value

    report = check(MSE, answer)
    assert (report.passed, report.attempted) == (False, True)
    assert report.kind in (kind, "particular")
    assert word in report.sentence
    assert report._repr_html_()


# --- infinity where infinity is expected

INF, NAN = np.inf, np.nan


@pytest.mark.parametrize(
    ("expected", "got", "same"),
    [
        ([1.0, INF], [1.0, INF], True),
        ([1.0, INF], [1.0 + 1e-12, INF], True),
        ([1.0, INF], [2.0, INF], False),
        ([1.0, INF], [1.0, -INF], False),
        ([1.0, INF], [1.0, NAN], False),
        ([1.0, INF], [1.0, 1e30], False),
        ([1.0, 2.0], [1.0, INF], False),
        ([1.0, 2.0], [1.0, NAN], False),
        ([1.0, NAN], [1.0, NAN], True),
        ([1.0, NAN], [1.0, INF], False),
        ([INF, -INF], [INF, -INF], True),
        ([INF, -INF], [-INF, INF], False),
    ],
)
def test_infinity_equals_infinity_of_the_same_sign(expected, got, same):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert close(np.array(expected), np.array(got), 1e-6, 1e-9) is same
        assert close(np.array(expected), np.array(got, dtype=np.float32), 1e-6, 1e-9) is same


def steps_to_zero(w, c):
    """When w - c t is zero, inf where that never happens."""
    return np.array([a / c if a * c > 0 else INF for a in w])


@pytest.mark.parametrize(
    ("wrong", "kind", "word"),
    [
        (lambda w, c: np.where(w * c > 0, w / c, NAN), "not_finite", "NaN"),
        (lambda w, c: np.where(w * c > 0, w / c, -INF), "not_finite", "inf"),
        (lambda w, c: np.full(len(w), INF), "", ""),
        (lambda w, c: 3 * steps_to_zero(w, c), "factor", "3"),
        (lambda w, c: np.where(w * c > 0, w / c, 0.0), "", ""),
        (lambda w, c: steps_to_zero(w, c) + 1, "", ""),
    ],
    ids=["nan", "minus_inf", "all_inf", "factor", "zero", "shifted"],
)
def test_an_expected_infinity_is_compared_like_any_number(wrong, kind, word):
    def cases(rng):
        yield Case((np.array([1.0, -3.0, 2.0]), 2.0), label="mixed")
        yield Case((np.array([-1.0, 3.0, 1.5]), -0.5), label="mixed")
        yield Case((np.array([-1.0, -2.0]), 4.0), label="never")

    item = toy(reference=steps_to_zero, misconceptions={}, cases=cases)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert judge(item, lambda w, c: [float(value) for value in steps_to_zero(w, c)]).passed
        report = judge(item, wrong)
    assert not report.passed
    assert report.kind != "unreadable"
    assert not kind or (report.kind == kind and word in report.sentence)


def test_a_mistake_that_keeps_the_infinities_is_named():
    def flipped(w, c):
        return np.where(np.isfinite(steps_to_zero(w, c)), c / w, INF)

    def cases(rng):
        yield Case((np.array([1.0, -3.0, 2.0]), 2.0), label="mixed")
        yield Case((np.array([-1.0, 3.0, 1.5]), -0.5), label="mixed")

    item = toy(reference=steps_to_zero, misconceptions={"flipped": flipped}, cases=cases)
    assert judge(item, flipped).diagnosis == "flipped"

    def flipped_and_broken(w, c):  # the same mistake, and a NaN of its own on one case
        return flipped(w, c) if c > 0 else np.full(len(w), NAN)

    assert judge(item, flipped_and_broken).diagnosis == "flipped"


def test_a_list_that_holds_itself_gets_a_report():
    endless: list[object] = []
    endless.append(endless)
    report = check(MSE, lambda y, prediction: endless)
    assert report.attempted
    assert not report.passed


def test_a_generator_is_named():
    def answer(y, prediction):
        yield 1.0

    assert "generator" in check(MSE, answer).sentence


def test_a_called_function_is_named():
    report = check(MSE, 1.75)
    assert report.kind == "type"
    assert f'check("{MSE}", mean_squared_error)' in report.sentence


@pytest.mark.parametrize("value", [None, "x", print, [1, 2], {}, Hostile(), np.nan, 1j])
@pytest.mark.parametrize("id", ["start.residual", "start.not_attempted"])
def test_values_and_choices_survive_anything(id, value):
    report = check(id, value)
    assert report.attempted
    assert not report.passed
    assert report._repr_html_()


@pytest.fixture
def stop_button():
    """A process started in the background may ignore interrupts; a kernel never does."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("stop_button")
def test_the_kernel_survives_an_interrupted_endless_loop():
    def endless(y, prediction):
        threading.Timer(0.2, _thread.interrupt_main).start()  # the learner presses the stop button
        end = time.monotonic() + 60  # endless for a learner, not for this test
        while time.monotonic() < end:
            pass

    report = check(MSE, endless)
    assert report.kind == "interrupted"
    assert report.attempted
    assert not report.passed


@pytest.mark.usefixtures("stop_button")
def test_a_loop_that_swallows_every_exception_but_the_interrupt():
    def endless(y, prediction):
        threading.Timer(0.2, _thread.interrupt_main).start()
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                raise ValueError
            except Exception:
                continue

    assert check(MSE, endless).kind == "interrupted"


def test_a_real_kernel_survives_exit_and_an_interrupt(tmp_path):
    """In a notebook ``exit()`` is IPython's own and stops the kernel; sources come from cells, not files."""
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(tmp_path), stderr=subprocess.DEVNULL)

    def run(code):
        shown = []

        def keep(message):
            if message["msg_type"] in ("execute_result", "error", "stream"):
                content = message["content"]
                shown.append(str(content.get("data", {}).get("text/plain", content.get("evalue"))))

        client.execute_interactive(code, output_hook=keep, timeout=60)
        return "".join(shown)

    head = "def mse(y, prediction):\n    "
    tail = f"\ncheck('{MSE}', mse)"
    try:
        path = str(Path(course_lib.__file__).parents[1])
        run(f"import sys; sys.path.insert(0, {path!r})\nfrom course_lib.exercises import check")
        assert "not attempted" in run(head + "r = ...\n    return r @ y" + tail)
        stub = "class mse:\n    def __init__(self, y, prediction):\n        ..."
        assert "not attempted" in run(stub + tail)
        assert "asked Python to exit" in run(head + "exit()" + tail)
        assert "line 2 of `mse`: `return y.nope`" in run(head + "return y.nope" + tail)
        endless = "import signal\n    while True:\n        signal.raise_signal(signal.SIGINT)"
        assert "Interrupted while" in run(head + endless + tail)
        assert run("1 + 1") == "2"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_prints_are_captured_and_shown_once(capsys):
    def answer(y, prediction):
        print("n is", len(y))
        warnings.warn("careful", stacklevel=1)
        return np.sum((y - prediction) ** 2)

    report = check(MSE, answer)
    out, err = capsys.readouterr()
    assert (out, err) == ("", "")
    assert repr(report).count("n is 3") == 1
    assert "n is 1" not in repr(report)


def test_a_flood_of_prints_is_cut():
    def answer(y, prediction):
        for i in range(3000):
            print("line", i)
        return 0.0

    assert len(repr(check(MSE, answer))) < 2000


def test_a_flood_of_prints_is_counted_and_not_kept():
    def answer(y, prediction):
        for _ in range(30):
            print("x" * 100_000)
        return 2 * right(y, prediction)

    report = check(MSE, answer)
    assert report.kind == "factor"
    first, second = report.printed.splitlines()
    assert first == "x" * 197 + "..."
    assert second == "(and 2,998,030 more characters, which are not kept)"  # 30 · 100,001 - 2000
    assert len(repr(report)) < 1000


@pytest.mark.parametrize(
    ("value", "size"),
    [
        (np.broadcast_to(1.0, (10**6, 10**6)), "shape (1000000, 1000000), 1,000,000,000,000 numbers"),
        (np.broadcast_to(1.0, (2 * 10**6,)), "shape (2000000,), 2,000,000 numbers"),
        ([0.0] * (2 * 10**6), "`list` of 2,000,000 numbers"),
        ([[0.0] * 2000] * 2000, "`list` of 4,000,000 numbers"),
        (range(10**12), "`range` of 1,000,000,000,000 numbers"),
    ],
    ids=["square", "array", "list", "lists", "range"],
)
def test_a_result_too_large_to_compare_is_told_by_its_size(value, size):
    """None of these would fit into memory, or only barely, if it were made an array of its own."""
    report = check(MSE, lambda y, prediction: value)
    assert report.kind == "type"
    assert size in report.sentence
    assert report.failures[0].got.startswith("<")
    several_of_them = judge(several(), lambda w, c: (value, 0.0))
    assert size in several_of_them.sentence
    assert several_of_them.failures[0].got.endswith(">, 0)")


def test_a_large_result_is_compared_where_a_large_one_is_expected():
    def ones(n):
        return np.ones(n)

    item = toy(signature="ones(n)", reference=ones, misconceptions={}, cases=lambda rng: [Case((2 * 10**6,))])
    assert judge(item, lambda n: np.ones(n)).passed
    assert judge(item, lambda n: np.ones(n) - 2).kind == "sign"


def test_a_recursion_that_ends_too_late_is_told_apart_from_none():
    def total(values):
        return values[0] + total(values[1:])

    sentence = check(MSE, lambda y, prediction: total(list(range(5000)))).sentence
    assert "more than 1,000 calls deep: `return values[0] + total(values[1:])`" in sentence
    scope: dict[str, object] = {}
    exec("def f(y, prediction):\n    return f(y, prediction)\n", scope)
    assert "``" not in check(MSE, scope["f"]).sentence


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda w, c: [str(x) for x in c * w], "holds text, such as '2.0'"),
        (lambda w, c: c * w > 0, "holds `True` and `False`"),
        (lambda w, c: (c * w, 1), "2 results, separated by commas"),
        (lambda w, c: "x" * 10**6, "You gave text, 'xxx"),
        (lambda w: w, "It is called with the arguments of `scale(w, c)`"),
        (lambda w, c: np.empty(10**17), "more memory than this computer has"),
    ],
    ids=["texts", "booleans", "two", "long", "arguments", "memory"],
)
def test_results_of_a_wrong_kind_have_a_sentence_of_their_own(answer, words):
    report = judge(toy(), answer)
    assert words in report.sentence
    assert len(report.sentence) < 500


def test_a_right_result_beside_a_changed_input_is_said_to_be_right():
    def answer(w, c):
        w *= c
        return w.copy()

    report = judge(toy(), answer)
    assert report.kind == "modified"
    assert report.sentence.startswith("What your function returns is right, but it changes its input")


def test_settings_of_numpy_and_warnings_are_left_alone():
    def answer(y, prediction):
        np.seterr(all="raise")
        warnings.simplefilter("ignore")
        return 0.0

    before, filters = np.geterr(), list(warnings.filters)
    check(MSE, answer)
    assert np.geterr() == before
    assert list(warnings.filters) == filters


def test_a_modified_input_is_named():
    def answer(y, prediction):
        y -= prediction
        return np.mean(y**2)

    report = check(MSE, answer)
    assert report.kind == "modified"
    assert "y" in re.findall(r"\w+", report.sentence.split(":")[1])
    assert "prediction" not in report.sentence


def test_random_answers_and_answers_with_a_memory_are_found():
    calls = []

    def remembers(y, prediction):
        calls.append(1)
        return right(y, prediction) + len(calls)

    assert check(MSE, remembers).kind == "random"
    assert check(MSE, lambda y, prediction: np.random.rand()).kind == "random"  # noqa: NPY002


def test_a_fresh_generator_for_every_call_makes_random_answers_comparable():
    item = toy(
        signature="noise(rng, n)",
        reference=lambda rng, n: rng.normal(size=n),
        misconceptions={},
        cases=lambda rng: [Case((Fresh(lambda: np.random.default_rng(3)), n)) for n in (2, 5)],
    )
    assert judge(item, lambda rng, n: np.array([rng.normal() for _ in range(n)])).passed
    assert judge(item, lambda rng, n: np.random.default_rng().normal(size=n)).kind == "random"
    assert not judge(item, lambda rng, n: rng.uniform(size=n)).passed


# ----------------------------------------------------------------- right answers of any form


def torch_tensor(y, prediction):
    torch = pytest.importorskip("torch")
    return ((torch.tensor(y, requires_grad=True) - torch.tensor(prediction)) ** 2).mean()


@pytest.mark.parametrize(
    "answer",
    [
        right,
        torch_tensor,
        lambda y, p: float(right(y, p)),
        lambda y, p: np.array(right(y, p)),
        lambda y, p: np.float32(right(y, p)),
        lambda y, p: right(y, p) * (1 + 1e-9),
        lambda y, p: sum((a - b) ** 2 for a, b in zip(y.tolist(), p.tolist(), strict=True)) / len(y),
    ],
    ids=["numpy", "torch", "float", "zero_dim", "float32", "rounding", "python"],
)
def test_right_answers_of_every_form_pass(answer):
    assert check(MSE, answer).passed


def test_lists_series_tensors_and_float32_arrays_pass_where_an_array_is_expected():
    torch, pandas = pytest.importorskip("torch"), pytest.importorskip("sklearn")
    del pandas
    for form in (
        list,
        tuple,
        lambda a: a.astype(np.float32),
        torch.tensor,
        lambda a: [np.array(x) for x in a],
    ):
        assert judge(toy(), lambda w, c, form=form: form(c * w)).passed


def test_an_object_that_converts_itself_passes():
    class Series:
        """What pandas offers, without pandas."""

        def __init__(self, values):
            self.values = values

        def to_numpy(self):
            return self.values

    assert judge(toy(), lambda w, c: Series(c * w)).passed


def test_callable_objects_pass():
    import functools

    assert judge(toy(), functools.partial(lambda power, w, c: c * w**power, 1)).passed
    assert judge(toy(), np.multiply).passed


@pytest.mark.parametrize("letter", ["b", "B", " b ", "b)", "(b)"])
def test_letters_are_read_kindly(letter):
    assert check("start.not_attempted", letter).passed


@pytest.mark.parametrize("answer", [2, 3.0, None, True, ["b"], b"b", np.nan, print, {}])
def test_a_choice_asks_for_a_letter_in_quotation_marks(answer):
    report = check("start.not_attempted", answer)
    assert (report.attempted, report.passed) == (True, False)
    assert 'quotation marks is expected, one of: "a", "b", "c"' in report.sentence
    assert "array" not in report.sentence


def test_none_is_no_function_that_returned_nothing():
    assert "function" not in check("start.residual", None).sentence


@pytest.mark.parametrize(
    "value", [-1.5, np.float32(-1.5), -1.5000000001, np.array(-1.5), [-1.5], (-1.5,), np.array([[-1.5]])]
)
def test_values_are_read_kindly(value):
    assert check("start.residual", value).passed


# ----------------------------------------------------------------------------- properties


@pytest.mark.parametrize(
    ("answer", "kind", "word"),
    [
        (lambda w, c: -c * w, "sign", "opposite"),
        (lambda w, c: 3 * c * w, "factor", "3 times"),
        (lambda w, c: len(w) * c * w, "factor", "times `len(w)`"),
        (lambda w, c: c * w / len(w), "factor", "times `1/len(w)`"),
        (lambda w, c: c * c * w, "factor", "times `c`"),
        (lambda w, c: w / 2, "factor", "times `1/(2·c)`"),
        (lambda w, c: (len(w) + 1) ** 2 * c * w, "factors", "16, 9, 25"),
        (lambda w, c: c * w[::-1], "other_result", "turned round"),
        (lambda w, c: c * np.roll(w, 1), "order", "expected order"),
        (lambda w, c: np.abs(c * w), "other_input", "lost its signs"),
        (lambda w, c: np.abs(c * w) + np.minimum(c * w, 0), "particular", "Right for: positive"),
        (lambda w, c: c * w + 1, "value", "no simple pattern"),
        (lambda w, c: (c * w)[:, None], "other_result", "column"),
        (lambda w, c: np.outer(w, w), "shape", "(3, 3)"),
        (lambda w, c: c * w / (c * w != 0), "edge", "NaN"),
        (lambda w, c: c * w[:2], "shape", "(2,)"),
        (lambda w, c: None if c > 1 else c * w, "type", "None"),
    ],
    ids=[
        "sign",
        "factor",
        "n",
        "1_over_n",
        "argument",
        "half",
        "factors",
        "turned_round",
        "order",
        "signs",
        "particular",
        "value",
        "column",
        "shape",
        "nan",
        "short",
        "none",
    ],
)
def test_the_violated_property_is_named(answer, kind, word):
    report = judge(toy(), answer)
    assert report.diagnosis is None
    assert report.kind == kind
    assert word in report.sentence


def singular(w, c):
    if c == 0.5:
        raise np.linalg.LinAlgError("Singular matrix")
    return c * w + 1


@pytest.mark.parametrize(
    ("answer", "got"),
    [
        (singular, "LinAlgError: Singular matrix"),
        (lambda w, c: c * w + (1 if c != 0.5 else np.nan), "[nan nan]"),
        (lambda w, c: c * w + 1 if c != 0.5 else [0.5], "[0.5]"),
        (lambda w, c: c * w + 1 if c != 0.5 else "text", "'text'"),
        (lambda w, c: c * w + 1 if c != 0.5 else None, "None"),
    ],
    ids=["exception", "nan", "shape", "text", "none"],
)
def test_a_message_is_shown_with_the_case_that_led_to_it(answer, got):
    """The first case is wrong too, in its values."""
    (failure,) = judge(toy(), answer).failures
    assert failure.label == "positive"
    assert failure.got.endswith(got)


def test_what_is_printed_belongs_to_the_case_that_is_shown():
    def answer(w, c):
        print("c is", c)
        return c * w if c > 1 else c * w + np.nan

    assert judge(toy(), answer).printed == "c is 0.5"


def several():
    return toy(reference=lambda w, c: (c * w, np.array(w).sum()), returns=("w", "total"), misconceptions={})


def test_two_results_in_the_wrong_order_are_named():
    report = judge(several(), lambda w, c: (w.sum(), c * w))
    assert report.kind == "swapped"
    assert "w, total" in report.sentence
    assert judge(several(), lambda w, c: (w.sum(), 2 * c * w)).kind != "swapped"


@pytest.mark.parametrize(
    "form", [np.asarray, list, lambda w: np.append(w, 0.0)], ids=["array", "list", "one"]
)
def test_one_array_where_several_results_are_expected_is_not_taken_apart(form):
    report = judge(several(), lambda w, c: form(c * w))
    assert report.kind == "type"
    assert "2 results are expected (w, total)" in report.sentence
    assert "=" not in report.failures[0].got


def test_a_number_may_come_in_an_array_of_one():
    for form in (lambda x: np.array([x]), lambda x: [x], lambda x: np.array([[x]])):
        assert judge(several(), lambda w, c, form=form: (c * w, form(w.sum()))).passed
    assert judge(toy(), lambda w, c: (c * w)[None]).kind == "shape"  # arrays keep their shape
    two = judge(several(), lambda w, c: (c * w, np.array([w.sum(), 0.0])))
    assert two.kind == "shape"


def test_a_missing_exact_zero_is_named():
    def almost(w, c):
        return c * w + 1e-13

    assert judge(toy(), almost).passed
    report = judge(toy(exact_zeros=True), almost)
    assert report.kind == "zero"
    assert report.failures[0].label == "mixed"


def test_only_the_wrong_one_of_several_results_is_named():
    item = toy(reference=lambda w, c: (c * w, c), returns=("scaled", "c"), misconceptions={})
    assert judge(item, lambda w, c: [c * w, c]).passed
    report = judge(item, lambda w, c: (5 * c * w, c))
    assert report.kind == "factor"
    assert "scaled" in report.sentence
    assert "2 results are expected (scaled, c)" in judge(item, lambda w, c: c * w[0]).sentence
    named = judge(item, lambda w, c: {"scaled": c * w, "c": c}).sentence
    assert "`dict`" in named
    assert "that many" not in named  # it holds two
    assert judge(item, lambda w, c: w.sort()).kind == "type"


def test_dictionaries_are_compared_by_key():
    item = toy(reference=lambda w, c: {"w": w, "c": c}, misconceptions={})
    assert judge(item, lambda w, c: {"c": c, "w": list(w)}).passed
    assert not judge(item, lambda w, c: {"c": c + 1, "w": w}).passed
    assert "w, c" in judge(item, lambda w, c: {"c": c}).sentence


# ------------------------------------------------------------------------------- diagnosis


def test_a_misconception_that_raises_is_diagnosed():
    def same(w, c):
        raise ValueError("w must not be negative")

    assert judge(toy(), same).diagnosis == "backwards"

    def other(w, c):
        raise ValueError("something else")

    assert judge(toy(), other).diagnosis is None


def test_a_match_on_some_cases_only_is_no_diagnosis():
    report = judge(toy(), lambda w, c: twice(w, c) if len(w) > 2 else c * w)
    assert report.diagnosis is None


def test_two_misconceptions_with_the_same_numbers_name_none():
    report = judge(toy(misconceptions={"one": twice, "two": lambda w, c: c * w * 2}), twice)
    assert report.diagnosis is None
    assert report.kind == "factor"


def test_an_expected_exception_is_asked_for_and_accepted():
    def strict(w, c):
        if c < 1:
            raise ValueError("c must be at least 1")
        return c * w

    item = toy(reference=strict, misconceptions={})

    def own(w, c):
        if c < 1:
            raise ValueError("too small")
        return c * w

    assert judge(item, own).passed
    assert "ValueError" in judge(item, scale).sentence


def test_the_first_failing_case_is_shown():
    report = judge(toy(), lambda w, c: np.where(w < 0, 0, c * w))
    failure = report.failures[0]
    assert failure.inputs == {"w": "[1 0 -2]", "c": "2"}
    assert (failure.expected, failure.got) == ("[2 0 -4]", "[2 0 0]")


def test_the_expected_value_of_choices_and_values_is_not_given_away():
    assert "-1.5" not in repr(check("start.residual", 7.0))
    text = repr(check("start.not_attempted", "z"))
    assert '"a", "b", "c"' in text
    assert "expected " not in text


def test_nothing_of_the_reference_is_shown():
    text = repr(check("ridge.closed_form", lambda X, y, lam: np.zeros(X.shape[1])))
    assert "np.linalg.solve" not in text
    assert "course_lib" not in text


def test_html_is_escaped_and_says_what_the_text_says():
    def answer(y, prediction):
        raise ValueError("<script>alert(1)</script>")

    report = check(MSE, answer)
    page = report._repr_html_()
    assert "<script>" not in page
    plain = html.unescape(re.sub(r"<[^>]+>", "", page.replace("<br>", "\n")))
    for line in report.sentence.replace("`", "").splitlines():
        assert line in plain


# -------------------------------------------------------------------- check, hint, exercises


def test_an_unknown_id_is_answered_with_close_ones():
    with pytest.raises(UnknownExercise, match=r"ridge\.gradient"):
        check("ridge.gradent", right)
    with pytest.raises(UnknownExercise):
        check(None, right)  # type: ignore[arg-type]
    with pytest.raises(UnknownExercise):
        hint("engine.judge")


def test_hints_come_in_layers_and_end():
    total = hint("ridge.loo", level=1).total
    assert total == 3
    seen = [hint("ridge.loo") for _ in range(total + 1)]
    assert [h.level for h in seen] == [1, 2, 3, 3]
    assert "self-paced edition of the chapter has a section Solutions" in repr(seen[-1])  # another has none
    assert "Solutions" not in repr(seen[0])
    assert hint("ridge.loo", level=2).text == seen[1].text
    assert "1 to 3" in repr(hint("ridge.loo", level=9))
    assert "Hint 2 of 3" in hint("ridge.loo", level=2)._repr_html_()


def test_no_solution_is_promised_where_none_is_printed():
    last = hint("ridge.objective", level=hint("ridge.objective", level=1).total)
    assert "Solutions" not in repr(last)
    assert "no solution is printed" in repr(last)


@pytest.mark.parametrize("id", sorted(FURTHER))
def test_an_exercise_in_no_chapter_can_be_begun_from_what_task_shows(id):
    shown = task(id)
    assert find(id).signature in shown.prompt
    scope: dict[str, object] = {}
    exec(shown.cell, scope)
    name = find(id).signature.partition("(")[0]
    assert check(id, scope[name]).kind == "not_attempted"
    assert f'check("{id}", {name})' in repr(shown)
    assert name in shown._repr_html_()
    row = next(row for row in exercises(chapter=find(id).chapter).rows if row[0] == id)
    assert f"in no chapter: task('{id}')" in row[1]


@pytest.mark.parametrize("item", all_items(), ids=lambda item: item.id)
def test_every_exercise_can_be_asked_anywhere(item):
    scope: dict[str, object] = {}
    exec(task(item.id).cell, scope)
    answer = scope.get(item.signature.partition("(")[0], ...) if isinstance(item, Exercise) else ...
    assert check(item.id, answer).kind == "not_attempted"
    assert str(item.minutes) in repr(task(item.id))
    assert ("in no chapter" in repr(exercises(item.chapter))) == (item.chapter == 2)


def test_exercises_lists_a_chapter():
    listing = exercises(chapter=2)
    assert {row[0].split(".")[0] for row in listing.rows} == {"ridge"}
    assert "ridge.gradient" in repr(listing)
    assert "<table>" in listing._repr_html_()
    assert len(exercises().rows) > len(listing.rows)
    assert "no exercises" in repr(exercises(chapter=77))


def test_sentences_fall_back_to_english(tmp_path, monkeypatch):
    (tmp_path / "en").mkdir()
    (tmp_path / "xx").mkdir()
    (tmp_path / "en" / "engine.toml").write_text('passed = "Right"\nvalue = "Other"\n', encoding="utf-8")
    (tmp_path / "xx" / "engine.toml").write_text('passed = "Gut"\n', encoding="utf-8")
    monkeypatch.setattr(wording, "TEXT", tmp_path)
    wording._read.cache_clear()
    try:
        assert wording.engine("passed", "xx") == "Gut"
        assert wording.engine("value", "xx") == "Other"
        monkeypatch.setenv("COURSE_LANGUAGE", "xx")
        assert wording.engine("passed") == "Gut"
        assert wording.load("engine", "../../secret") == {"passed": "Right", "value": "Other"}
    finally:
        wording._read.cache_clear()


def test_an_exercise_checks_its_own_definition():
    with pytest.raises(ValueError, match=r"module\.name"):
        toy(id="toy")
    with pytest.raises(ValueError, match="difficulty"):
        toy(difficulty=4)
    with pytest.raises(ValueError, match="options"):
        Choice(
            id="toy.a", chapter=0, minutes=1, options=("a", "b", "c"), correct="a", misconceptions={"b": "x"}
        )
    assert judge(
        Value(id="toy.v", chapter=0, minutes=1, reference=lambda: [1, 2]), np.array([1.0, 2.0])
    ).passed


def test_a_report_starts_as_not_attempted():
    assert not CheckReport("toy.x", "X").attempted
