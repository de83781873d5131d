"""The judge: runs an answer on the cases, compares, and finds out which mistake it is.

`judge` never raises on what a learner wrote. It needs the outcomes of the reference, those of the answer,
and, only when the two differ, those of every misconception.
"""

from __future__ import annotations

import contextlib
import copy
import inspect
import io
import linecache
import re
import sys
import sysconfig
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from course_lib.exercises import variants, wording
from course_lib.exercises.exercise import Case, Choice, Exercise, Fresh, Item, Value
from course_lib.exercises.report import CheckReport, Failure
from course_lib.exercises.stubs import has_placeholder, is_stub, stub_result
from course_lib.exercises.values import Part, Told, WrongKind, close, parts, reference_parts, same_input, show
from course_lib.exercises.watchdog import OutOfTime, Watch, limit

__all__ = ["judge"]

_HERE = str(Path(__file__).parent)
_LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")})
_MAX_PRINTED = 2000


class Interrupted(Exception):
    """The learner interrupted the kernel while their code ran."""


@dataclass
class Outcome:
    """What one call led to: comparable parts, or a finding about their kind, or an exception."""

    parts: dict[str, Part] | None = None
    problem: WrongKind | None = None
    error: BaseException | None = None
    raw: Any = None
    modified: tuple[str, ...] = ()
    printed: str = ""

    def same_as(self, other: Outcome, case: Case, item: Item) -> bool:
        """Whether two outcomes agree (kinds and exceptions included)."""
        if self.error is not None and other.error is not None:
            return _error_text(self.error) == _error_text(other.error)
        if self.error is not None or other.error is not None:
            return False
        if self.problem is not None or other.problem is not None:
            return (
                self.problem is not None
                and other.problem is not None
                and self.problem.key == other.problem.key
            )
        return not differing(self, other, case, item)


@dataclass
class Trial:
    """One case with what was expected and what came."""

    case: Case
    expected: Outcome
    got: Outcome
    right: bool = field(default=False)


Finding = tuple[str, str, Trial]  # kind, sentence, and the trial that shows it


class Late(Exception):
    """A call of the answer was stopped by the watchdog; ``trial`` is the one."""

    def __init__(self, trial: Trial, seconds: float):
        super().__init__(seconds)
        self.trial, self.seconds = trial, seconds


def judge(item: Item, answer: Any, seed: int = 0, seconds: float | None = None) -> CheckReport:
    """Return the verdict on ``answer``, each call of which may take ``seconds``; nothing is recorded."""
    with Watch(limit(seconds)) as watch:
        return _judge(item, answer, seed, watch)


def _judge(item: Item, answer: Any, seed: int, watch: Watch) -> CheckReport:
    report = CheckReport.of(item)
    try:
        if is_stub(answer):
            return report.not_attempted()
        if isinstance(item, Exercise) and callable(item.reference) and not callable(answer):
            words = {"id": item.id, "name": item.signature.partition("(")[0]}
            return report.failed(kind="type", sentence=wording.engine("not_callable", **words))
        trials = _trials(item, answer, seed, watch)
        if _unfinished(answer, trials):
            return report.not_attempted()
        return _verdict(item, answer, trials, report, watch)
    except Late as late:
        return _too_late(item, late, report)
    except (Interrupted, KeyboardInterrupt):
        return report.failed(kind="interrupted", sentence=wording.engine("interrupted"))
    except Exception as error:  # an answer so odd that it cannot even be looked at
        text = wording.engine("unreadable", error=type(error).__name__)
        return report.failed(kind="unreadable", sentence=text)


def _verdict(item: Item, answer: Any, trials: list[Trial], report: CheckReport, watch: Watch) -> CheckReport:
    for trial in trials:
        trial.right = _right(trial, item)
    wrong = [trial for trial in trials if not trial.right]
    if wrong and has_placeholder(answer, as_value=True):
        return report.not_attempted()
    unstable = None if not isinstance(item, Exercise) else _unstable(item, answer, trials, watch)
    report.printed = trials[0].got.printed
    if not wrong and not unstable:
        return report.succeeded()
    name = None
    if unstable and not (wrong and wrong[0].got.error):
        kind, sentence, shown = "random", wording.engine("random"), wrong[0] if wrong else None
    elif (name := _diagnose(item, trials)) is not None:
        sentence = wording.of(item).get("misconceptions", {}).get(name, name) + _besides(item, name, trials)
        kind, shown = "misconception", wrong[0]
    elif (variant := _simple(item, trials) or _variant(item, trials)) is not None:
        kind, sentence, shown = variant
    else:
        kind, sentence, shown = _violation(item, trials)
    if shown is not None:
        report.failures, report.printed = [_failure(item, shown)], shown.got.printed
    return report.failed(kind=kind, sentence=sentence, diagnosis=name)


# ------------------------------------------------------------------------------------------------ running


def _trials(item: Item, answer: Any, seed: int, watch: Watch) -> list[Trial]:
    if isinstance(item, Exercise):
        cases = list(item.cases(np.random.default_rng(seed)))
        trials = []
        for case in cases:
            expected = _call(item, item.reference, case, None)
            trials.append(Trial(case, expected, _call(item, answer, case, expected, watch)))
            if stub_result(trials[-1].got.raw):
                break
        return trials
    expected = _given(item.right_answer)
    return [Trial(Case(), expected, _given(answer, expected, item))]


def _given(value: Any, expected: Outcome | None = None, item: Item | None = None) -> Outcome:
    """The outcome of a `Value` or `Choice`, where the answer is not called."""
    if expected is None:
        return Outcome(parts=reference_parts(value), raw=value)
    if isinstance(item, Choice) and isinstance(value, str):
        value = value.strip().strip("().").lower()
    try:
        return Outcome(parts=parts(value, expected.raw), raw=value)
    except WrongKind as problem:
        return Outcome(problem=problem, raw=value)


def _call(
    item: Exercise, function: Any, case: Case, expected: Outcome | None, watch: Watch | None = None
) -> Outcome:
    """Call ``function`` on true copies of the case's arguments and take the result apart.

    Only the learner's answer is watched: how long the course's own may take is known.
    """
    args, kwargs = _materialise(case)
    kept, kept_kwargs = copy.deepcopy((args, kwargs))

    def work() -> Any:
        return case.observe(function, *args, **kwargs) if case.observe else function(*args, **kwargs)

    with _quiet() as printed:
        try:
            outcome = Outcome(raw=work() if watch is None else watch.call(work))
        except KeyboardInterrupt:
            raise Interrupted from None
        except WrongKind as problem:  # found by the case's own `observe`
            outcome = Outcome(problem=problem)
        except BaseException as error:  # SystemExit and RecursionError too: the kernel has to survive
            if isinstance(error, OutOfTime) and not (watch and watch.fired):
                raise  # another watch's, around the whole check
            outcome = Outcome(error=error)
    outcome.printed = printed.beginning()
    if watch and expected and watch.fired:  # whatever it made of the exception
        raise Late(Trial(case, expected, outcome), watch.seconds)
    if not case.may_modify:
        outcome.modified = _modified(item, case, (kept, kept_kwargs), (args, kwargs))
    if outcome.error is None and outcome.problem is None:
        try:
            if expected is None or expected.error is not None:
                outcome.parts = reference_parts(outcome.raw, item.returns)
            else:
                outcome.parts = parts(outcome.raw, expected.raw, item.returns)
        except WrongKind as problem:
            outcome.problem = problem
            if problem.kind.startswith("kind_huge"):  # one for each case would fill the memory
                outcome.raw, problem.__traceback__ = Told(show(outcome.raw)), None  # its frames hold it too
    return outcome


def _materialise(case: Case) -> tuple[list[Any], dict[str, Any]]:
    def fresh(value: Any) -> Any:
        return value.make() if isinstance(value, Fresh) else copy.deepcopy(value)

    return [fresh(value) for value in case.args], {key: fresh(value) for key, value in case.kwargs.items()}


def _names(item: Exercise, case: Case) -> list[str]:
    """Names of a case's arguments; those that only ``observe`` takes have its own names."""
    names = item.parameters
    if case.observe:
        names += list(inspect.signature(case.observe).parameters)[1 + len(names) :]
    return names + [f"argument {i + 1}" for i in range(len(names), len(case.args))]


def _modified(item: Exercise, case: Case, before: tuple[Any, Any], after: tuple[Any, Any]) -> tuple[str, ...]:
    pairs = list(zip(_names(item, case), before[0], after[0], strict=False))
    pairs += [(key, before[1][key], after[1][key]) for key in before[1]]
    return tuple(name for name, old, new in pairs if not same_input(old, new))


def _asked_to_exit(*args: Any, **kwargs: Any) -> None:
    raise SystemExit("exit")


@contextlib.contextmanager
def _no_exit() -> Iterator[None]:
    """Turn a notebook's own ``exit()``, which stops the kernel, into an exception."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is None:
        yield
        return
    shell.ask_exit = _asked_to_exit
    try:
        yield
    finally:
        del shell.ask_exit  # the class's own method is back


class _Beginning(io.StringIO):
    """Keeps the beginning of what is printed and counts the rest: an answer may print without end."""

    lost = 0

    def write(self, text: str) -> int:
        room = max(_MAX_PRINTED - self.tell(), 0)
        super().write(text[:room])
        self.lost += len(text) - len(text[:room])
        return len(text)

    def beginning(self) -> str:
        """What was printed first; if it is not all, how much more there was."""
        text = _clip_lines(self.getvalue())
        return f"{text}\n{wording.engine('printed_more', count=f'{self.lost:,}')}" if self.lost else text


@contextlib.contextmanager
def _quiet() -> Iterator[_Beginning]:
    """Capture prints, silence warnings, and leave no setting of NumPy behind."""
    printed = _Beginning()
    with (
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(_Beginning()),
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
        _no_exit(),
    ):
        warnings.simplefilter("ignore")
        yield printed


def _unfinished(answer: Any, trials: list[Trial]) -> bool:
    """Whether what came back says that the stub is still (partly) there."""
    got = [trial.got for trial in trials]
    if any(stub_result(outcome.raw) or isinstance(outcome.error, NotImplementedError) for outcome in got):
        return True
    if any(isinstance(o.error, TypeError) and "ellipsis" in str(o.error).lower() for o in got):
        return True
    if any(outcome.error is not None or outcome.raw is None for outcome in got):
        return has_placeholder(answer)
    return False


def _unstable(item: Exercise, answer: Any, trials: list[Trial], watch: Watch) -> bool:
    """Whether a second call with the same inputs gives something else (first two cases)."""
    for trial in trials[:2]:
        again = _call(item, answer, trial.case, trial.expected, watch)
        if not again.same_as(trial.got, trial.case, item):
            return True
    return False


# ------------------------------------------------------------------------------------------------ comparing


def differing(expected: Outcome, got: Outcome, case: Case, item: Item) -> list[str]:
    """Return the names of the parts that differ; both outcomes must have parts."""
    assert expected.parts is not None
    assert got.parts is not None
    rtol = item.rtol if case.rtol is None else case.rtol
    atol = item.atol if case.atol is None else case.atol
    return [
        key
        for key, part in expected.parts.items()
        if key not in got.parts or not close(part, got.parts[key], rtol, atol)
    ]


def _right(trial: Trial, item: Item) -> bool:
    if trial.expected.error is not None:
        return isinstance(trial.got.error, type(trial.expected.error))
    if trial.got.error is not None or trial.got.problem is not None:
        return False
    return not (
        differing(trial.expected, trial.got, trial.case, item)
        or trial.got.modified
        or _zeros_missing(trial, item)
    )


def _zeros_missing(trial: Trial, item: Item) -> bool:
    if (
        not (isinstance(item, Exercise) and item.exact_zeros)
        or not trial.expected.parts
        or not trial.got.parts
    ):
        return False
    for key, part in trial.expected.parts.items():
        got = trial.got.parts.get(key)
        if not isinstance(part, str) and got is not None and got.shape == part.shape and got[part == 0].any():
            return True
    return False


def _diagnose(item: Item, trials: list[Trial]) -> str | None:
    """Return the one misconception that gives the learner's results on every case, or None.

    If none does and some results are not finite or errors, the cases with finite results decide, first
    together with the condition that the misconception breaks down on the same cases as the learner's answer.
    """
    outcomes = {
        name: [_outcomes(item, answer, trials) for answer in (wrong.answer, *wrong.also)]
        for name, wrong in item.wrong_answers.items()
    }
    finite = [not _broken(trial.got, trial.expected) for trial in trials]
    telling = _evidence(item, [trial for trial, good in zip(trials, finite, strict=True) if good]) > 1

    def only(fits: Callable[[list[Outcome]], bool]) -> list[str]:
        return [name for name, ways in outcomes.items() if any(map(fits, ways))]

    def agrees(found: list[Outcome], where: list[bool]) -> bool:
        return all(
            outcome.same_as(trial.got, trial.case, item)
            for outcome, trial, look in zip(found, trials, where, strict=True)
            if look
        )

    def whole(found: list[Outcome]) -> list[bool]:
        return [not _broken(o, trial.expected) for o, trial in zip(found, trials, strict=True)]

    names = only(lambda found: agrees(found, [True] * len(trials)))
    if not names and any(finite) and not all(finite):
        names = only(lambda found: agrees(found, finite) and whole(found) == finite) or (
            only(lambda found: agrees(found, finite)) if telling else []
        )
    return names[0] if len(names) == 1 else None


def _outcomes(item: Item, wrong: Any, trials: list[Trial]) -> list[Outcome]:
    if isinstance(item, Exercise):
        return [_call(item, wrong, trial.case, trial.expected) for trial in trials]
    value = wrong() if callable(wrong) else wrong
    return [_given(value, trial.expected, item) for trial in trials]


def _broken(outcome: Outcome, expected: Outcome) -> bool:
    """Whether a call stopped with an error, or holds NaN or inf where neither is expected."""
    if outcome.parts is None:
        return outcome.error is not None
    wanted = expected.parts or {}
    numbers = ((wanted.get(key), part) for key, part in outcome.parts.items() if not isinstance(part, str))
    return any(_unexpected(e, g).any() for e, g in numbers)


def _unexpected(expected: Part | None, got: np.ndarray) -> np.ndarray:
    """Entries that are NaN or inf without being expected to be; inf of the other sign is not expected."""
    bad = ~np.isfinite(got)
    if not isinstance(expected, np.ndarray) or expected.shape != got.shape:
        return bad
    return bad & ~(got == expected) & ~(np.isnan(got) & np.isnan(expected))


def _evidence(item: Item, trials: list[Trial]) -> int:
    """How many numbers are wrong: a single one can agree with another mistake by accident."""
    return sum(
        int(np.size(trial.got.parts[key]))
        for trial in trials
        if not trial.right and trial.expected.parts and trial.got.parts
        for key in differing(trial.expected, trial.got, trial.case, item)
        if key in trial.got.parts
    )


def _besides(item: Item, name: str, trials: list[Trial]) -> str:
    """Say what else is wrong with an answer that the misconception itself gets right."""
    wrong = item.wrong_answers[name]
    if any(own.modified for own in _outcomes(item, wrong.answer, trials)):
        return ""
    changed = dict.fromkeys(key for trial in trials for key in trial.got.modified)
    if changed:
        return " " + wording.engine("modified", names=", ".join(changed))
    found = _outcomes(item, wrong.answer, trials)
    for trial, own in zip(trials, found, strict=True):
        if _broken(trial.got, trial.expected) and not _broken(own, trial.expected):
            if trial.got.error is not None:
                return "\n" + _error_sentence(trial.got.error)
            return " " + (_not_finite(item, [trial], trials) or ("", "", trial))[1]
    return ""


def _simple(item: Item, trials: list[Trial]) -> Finding | None:
    """Two results exchanged, or one factor on every case: readings that come before all others."""
    wrong = [trial for trial in trials if not trial.right]
    if not all(trial.got.parts and trial.expected.parts for trial in trials):
        return None
    if any(e.shape != g.shape for trial in trials for _, e, g in _pairs(trial)):
        return _swapped(item, wrong, trials)
    found = _swapped(item, wrong, trials) or _scaled(item, wrong, trials)
    return found if found and found[0] in ("swapped", "sign", "factor") else None


def _variant(item: Item, trials: list[Trial]) -> Finding | None:
    """The right answer to other inputs, or worked on afterwards; the readings that fit every case, if few."""
    wrong = [trial for trial in trials if not trial.right]
    if not isinstance(item, Exercise) or not callable(item.reference) or _evidence(item, wrong) < 2:
        return None
    args, _ = _materialise(wrong[0].case)
    names = item.parameters
    for found in (
        variants.other_inputs(item.reference, names, args),
        variants.other_results(item.reference, names, args, wrong[0].expected.raw),
    ):
        fitting = [
            (kind, sentence)
            for kind, sentence, answer in found
            if all(_as_wrong(item, answer, trial) for trial in (*wrong, *trials))
        ]
        sentences = list(dict.fromkeys(sentence for _, sentence in fitting))
        if 1 <= len(sentences) <= 3:
            text = sentences[0]
            if fitting[0][0] == "other_input":
                text = wording.engine("other_input", change=wording.engine("or_when").join(sentences))
            elif len(sentences) > 1:
                continue
            return fitting[0][0], text, wrong[0]
    return None


def _as_wrong(item: Exercise, wrong: Any, trial: Trial) -> bool:
    return _call(item, wrong, trial.case, trial.expected).same_as(trial.got, trial.case, item)


# ------------------------------------------------------------------------------------------------ explaining


def _too_late(item: Item, late: Late, report: CheckReport) -> CheckReport:
    """Say that a call did not return, on which case, and which line it was in."""
    trial, seconds = late.trial, f"{late.seconds:g}"
    label = wording.case_label(item, trial.case.label)
    sentence = wording.engine("timeout_case" if label else "timeout", seconds=seconds, case=label)
    number, line, function = _their_line(trial.got.error) if trial.got.error else (0, "", "")
    if line:
        sentence += "\n" + wording.engine("timeout_at", number=number, line=line, function=function)
    shown = _failure(item, trial)
    report.failures = [replace(shown, got=wording.engine("timeout_got", seconds=seconds))]
    report.printed = trial.got.printed
    return report.failed(kind="timeout", sentence=sentence)


def _violation(item: Item, trials: list[Trial]) -> Finding:
    """Say which property is violated when no misconception matches, and on which case that shows."""
    wrong = [trial for trial in trials if not trial.right]
    for trial in wrong:
        if trial.got.error is not None:
            text = _error_sentence(trial.got.error) + _called_as(item, trial)
            return _overwritten(item, wrong, trials, text) or ("error", text, trial)
        if trial.expected.error is not None:
            name = type(trial.expected.error).__name__
            return "no_error", wording.engine("no_error", name=name), trial
    if isinstance(item, Choice):
        key = "not_an_option" if isinstance(wrong[0].got.raw, str) else "not_a_letter"
        listed = ", ".join(f'"{option}"' for option in item.options)
        return "type", wording.engine(key, options=listed), wrong[0]
    for finding in (_swapped, _kind, _shape, _not_finite, _scaled, _order, _zero, _changed, _particular):
        found = finding(item, wrong, trials)
        if found:
            return found
    names = differing(wrong[0].expected, wrong[0].got, wrong[0].case, item)
    return "value", wording.engine("value") + _about(names, wrong[0]), wrong[0]


def _swapped(item: Item, wrong: list[Trial], trials: list[Trial]) -> Finding | None:
    """Two results, right but in the other order."""
    for trial in wrong:
        raw, like = trial.got.raw, trial.expected.raw
        if not (
            isinstance(like, tuple) and len(like) == 2 and isinstance(raw, tuple | list) and len(raw) == 2
        ):
            return None
        try:
            turned = Outcome(parts=parts((raw[1], raw[0]), like, getattr(item, "returns", ())))
        except WrongKind:
            return None
        if trial.got.modified or differing(trial.expected, turned, trial.case, item):
            return None
    names = ", ".join(wrong[0].expected.parts or ())
    return "swapped", wording.engine("swapped", names=names), wrong[0]


def _kind(item: Item, wrong: list[Trial], trials: list[Trial]) -> Finding | None:
    for trial in wrong:
        problem = trial.got.problem
        if problem is not None:
            nothing = isinstance(item, Value) and problem.kind == "kind_none"
            kind = "value_none" if nothing else problem.kind
            return "type", wording.engine(kind, **problem.values), trial
    return None


def _shape(item: Item, wrong: list[Trial], trials: list[Trial]) -> Finding | None:
    for trial in wrong:
        for key, e, g in _pairs(trial):
            if g.dtype.kind == "b" and e.dtype.kind != "b" and e.shape == g.shape:
                return "type", wording.engine("boolean", part=_part_text(key)), trial
        for key, e, g in _pairs(trial):
            if e.shape != g.shape:
                words = {"expected": _shape_text(e), "got": _shape_text(g), "part": _part_text(key)}
                return "shape", wording.engine("shape", **words), trial
    return None


def _not_finite(item: Item, wrong: list[Trial], trials: list[Trial]) -> Finding | None:
    edges = _labels(item, [trial.case for trial in wrong]) if _only_not_finite(wrong, trials, item) else ""
    for trial in wrong:
        for key, e, g in _pairs(trial):
            bad = _unexpected(e, g)
            if bad.any():
                which = "NaN" if np.isnan(g[bad]).any() else "inf"
                if edges:
                    words = {"which": which, "part": _part_text(key), "wrong": edges}
                    return "edge", wording.engine("edge", **words), trial
                return "not_finite", wording.engine("not_finite", which=which, part=_part_text(key)), trial
    return None


def _only_not_finite(wrong: list[Trial], trials: list[Trial], item: Item) -> bool:
    """Whether everything is right but for entries that should be finite and are not."""
    for trial in wrong:
        for _, e, g in _pairs(trial):
            finite = np.isfinite(g)
            if e.shape != g.shape or not close(e[finite], g[finite], item.rtol, item.atol):
                return False
    return 2 * len(wrong) < len(trials) and all(trial.got.parts for trial in wrong)


def _scaled(item: Item, wrong: list[Trial], trials: list[Trial]) -> Finding | None:
    """One factor between expected and got on each case: a constant, -1, or n, 1/n, lam and the like."""
    names = [name for trial in wrong if trial.expected.parts for name in differing(
        trial.expected, trial.got, trial.case, item)]  # fmt: skip
    found: list[tuple[Trial, float]] = []
    for trial in trials:
        for key, e, g in _pairs(trial):
            if key not in names or e.shape != g.shape or not np.any(e):
                if key in names and e.shape == g.shape and np.any(g):
                    return None  # something came where zeros were expected: no factor does that
                continue
            if not np.array_equal(e[~np.isfinite(e)], g[~np.isfinite(g)], equal_nan=True):
                return None  # an infinite entry says nothing about a factor, unless it is missing
            finite = np.isfinite(e) & np.isfinite(g)
            e, g = e[finite].astype(float), g[finite].astype(float)
            if not np.any(e):
                continue
            factor = float(np.sum(e * g) / np.sum(e**2))
            if not close(e * factor, g, item.rtol * 10, item.atol) or factor == 0:
                return None
            found.append((trial, factor))
    if not found:
        return None
    factors = [factor for _, factor in found]
    about = _about(sorted(set(names)), wrong[0])
    if np.allclose(factors, factors[0], rtol=1e-4):
        if abs(factors[0] + 1) < 1e-4:
            return "sign", wording.engine("sign") + about, wrong[0]
        if len(factors) > 1 or np.size(next(e for _, e, _ in _pairs(wrong[0]))) > 1:
            return "factor", wording.engine("factor", factor=f"{factors[0]:.4g}") + about, wrong[0]
        return None
    quantity = _as_quantity(item, found)
    if quantity:
        return "factor", wording.engine("factor_input", factor=quantity) + about, wrong[0]
    if all(np.size(e) > 1 for trial in wrong for key, e, _ in _pairs(trial) if key in names):
        listed = ", ".join(f"{factor:.4g}" for factor in dict.fromkeys(round(f, 6) for f in factors))
        return "factors", wording.engine("factors", factors=listed) + about, wrong[0]
    return None


def _as_quantity(item: Item, found: list[tuple[Trial, float]]) -> str | None:
    """Name the size or argument that equals the factor on every case: ``n``, ``1/n``, ``2·lam``, ..."""
    if not isinstance(item, Exercise) or len({round(factor, 6) for _, factor in found}) < 3:
        return None
    sizes = [_quantities(item, trial.case) for trial, _ in found]
    factors = [factor for _, factor in found]
    for name in sizes[0]:
        values = np.array([size.get(name, np.nan) for size in sizes])
        with np.errstate(all="ignore"):
            forms = {name: values, f"1/{name}": 1 / values, f"-{name}": -values, f"-1/{name}": -1 / values}
            forms |= {f"2·{name}": 2 * values, f"{name}/2": values / 2, f"1/(2·{name})": 0.5 / values}
        for text, numbers in forms.items():
            if np.allclose(factors, numbers, rtol=1e-4, atol=0):
                return f"`{text}`"
    return None


def _quantities(item: Exercise, case: Case) -> dict[str, float]:
    """Sizes of the arrays and the plain numbers among the arguments, by name."""
    found: dict[str, float] = {}
    for name, value in zip(item.parameters, case.args, strict=False):
        if isinstance(value, np.ndarray) and value.ndim:
            found["n" if name in ("X", "y") else f"len({name})"] = len(value)
            if name == "X" and value.ndim == 2:
                found["d"] = value.shape[1]
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found[name] = float(value)
    return found


def _order(item: Item, wrong: list[Trial], trials: list[Trial]) -> Finding | None:
    """The right numbers, arranged differently."""
    for trial in wrong:
        for _, e, g in _pairs(trial):
            again = np.sort(g.ravel())[np.argsort(np.argsort(e.ravel()))].reshape(e.shape)
            if not close(e, again, item.rtol, item.atol):
                return None
        if not _pairs(trial) or trial.got.modified or _zeros_missing(trial, item):
            return None
    names = differing(wrong[0].expected, wrong[0].got, wrong[0].case, item)
    return "order", wording.engine("order") + _about(names, wrong[0]), wrong[0]


def _zero(item: Item, wrong: list[Trial], trials: list[Trial]) -> Finding | None:
    missing = [trial for trial in wrong if _zeros_missing(trial, item)]
    return ("zero", wording.engine("zero"), missing[0]) if missing else None


def _changed(item: Item, wrong: list[Trial], trials: list[Trial]) -> Finding | None:
    changing = [trial for trial in wrong if trial.got.modified]
    if not changing:
        return None
    names = ", ".join(dict.fromkeys(name for trial in changing for name in trial.got.modified))
    right = all(t.got.parts and not differing(t.expected, t.got, t.case, item) for t in wrong)
    return "modified", wording.engine("modified_right" if right else "modified", names=names), changing[0]


def _overwritten(item: Item, wrong: list[Trial], trials: list[Trial], text: str) -> Finding | None:
    """An input changed in place, where the only errors say that whole numbers cannot take the new values."""
    errors = [trial.got.error for trial in wrong if trial.got.error is not None]
    if not all(isinstance(error, TypeError) and "casting rule" in str(error) for error in errors):
        return None
    kind, sentence, shown = _changed(item, wrong, trials) or ("", "", None)
    return (kind, f"{sentence}\n{text}", shown) if shown else None


def _particular(item: Item, wrong: list[Trial], trials: list[Trial]) -> Finding | None:
    right = [trial for trial in trials if trial.right]
    if not right:
        return None
    label = _labels(item, [trial.case for trial in right]), _labels(item, [trial.case for trial in wrong])
    if not all(label):
        return None
    return "particular", wording.engine("particular", right=label[0], wrong=label[1]), wrong[0]


def _labels(item: Item, cases: list[Case]) -> str:
    return ", ".join(dict.fromkeys(wording.case_label(item, case.label) for case in cases if case.label))


def _pairs(trial: Trial) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """The numeric parts that both sides have."""
    if trial.expected.parts is None or trial.got.parts is None:
        return []
    return [
        (key, part, trial.got.parts[key])
        for key, part in trial.expected.parts.items()
        if key in trial.got.parts and not isinstance(part, str)
    ]


def _about(names: list[str], trial: Trial) -> str:
    """Add which results are meant when only some of several are wrong."""
    if not trial.expected.parts or len(names) == len(trial.expected.parts):
        return ""
    return " " + wording.engine("only_parts", names=", ".join(names))


def _part_text(key: str) -> str:
    return wording.engine("part", name=key) if key else wording.engine("whole")


def _shape_text(array: np.ndarray) -> str:
    return wording.engine("a_number") if array.ndim == 0 else wording.engine("an_array", shape=array.shape)


def _failure(item: Item, trial: Trial) -> Failure:
    inputs: Mapping[str, str] = {}
    if isinstance(item, Exercise):
        args, kwargs = _materialise(trial.case)
        inputs = {name: show(value) for name, value in zip(_names(item, trial.case), args, strict=False)}
        inputs |= {name: show(value) for name, value in kwargs.items()}
    expected, got = _shown(trial.expected, item), _shown(trial.got, item)
    if expected == got and trial.got.parts:
        expected, got = _shown(trial.expected, item, 10), _shown(trial.got, item, 10)
    if isinstance(item, Choice | Value):
        expected = ""  # the value itself would be the solution
    return Failure(wording.case_label(item, trial.case.label), dict(inputs), expected, got)


def _shown(outcome: Outcome, item: Item, digits: int = 4) -> str:
    if outcome.error is not None:
        return _error_text(outcome.error)
    if outcome.parts is None:
        return show(outcome.raw, digits)
    if set(outcome.parts) == {""}:
        return show(outcome.parts[""], digits)
    return ", ".join(f"{key} = {show(part, digits)}" for key, part in outcome.parts.items())


def _error_text(error: BaseException) -> str:
    """Return the last line of an exception, without memory addresses."""
    try:
        lines = traceback.format_exception_only(type(error), error)
    except Exception:  # an exception whose __str__ raises
        lines = [type(error).__name__]
    return re.sub(r" at 0x[0-9a-fA-F]+", "", lines[-1].strip())[:400]


def _error_sentence(error: BaseException) -> str:
    """Say what was raised and on which line of the learner's code."""
    number, line, function = _their_line(error)
    if isinstance(error, RecursionError):
        key = "recursion" if line else "recursion_somewhere"
        return wording.engine(key, line=line, limit=f"{sys.getrecursionlimit():,}")
    if isinstance(error, SystemExit):
        return wording.engine("system_exit" if line else "system_exit_somewhere", line=line)
    key = "memory" if isinstance(error, MemoryError) else "error"
    key += "_at" if line else ""
    return wording.engine(key, error=_error_text(error), number=number, line=line, function=function)


def _called_as(item: Item, trial: Trial) -> str:
    """Recall the signature where the arguments do not fit, which no line of the learner's shows."""
    error = trial.got.error
    if not isinstance(error, TypeError) or trial.case.observe or _their_line(error)[1]:
        return ""
    if not isinstance(item, Exercise) or "argument" not in str(error):
        return ""
    return "\n" + wording.engine("called_as", signature=item.signature)


def _their_line(error: BaseException) -> tuple[int, str, str]:
    """Return the innermost line the learner wrote: number counted from the def, text, function's name."""
    found = (0, "", "")
    frames = traceback.walk_tb(error.__traceback__)
    for count, (frame, lineno) in enumerate(frames):
        name = frame.f_code.co_filename
        if count > 2000:
            break
        if lineno is None:  # an instruction that stands for no line, where a loop jumps back
            lineno = frame.f_code.co_firstlineno
        if name.startswith((_HERE, *_LIBRARIES, "<frozen")) or "site-packages" in name:
            continue
        text = linecache.getline(name, lineno, frame.f_globals).strip()
        if text:
            found = (lineno - frame.f_code.co_firstlineno + 1, text, frame.f_code.co_name)
    return found


def _clip_lines(text: str, lines: int = 5) -> str:
    kept = [line if len(line) <= 200 else line[:197] + "..." for line in text.rstrip().splitlines()]
    return "\n".join(kept[:lines] + (["..."] if len(kept) > lines else []))
