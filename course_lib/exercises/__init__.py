"""Exercises with a teacher inside: wrong answers are data.

For learners: ``check(id, answer)``, ``hint(id)``, ``exercises(chapter=2)``, and ``task(id)``, which asks an
exercise in any notebook, also one that stands in no chapter.

For authors
-----------
A chapter's exercises are one module here and one text file beside it. A new exercise takes some thirty lines.
In ``course_lib/exercises/ridge.py``::

    from course_lib.exercises import Case, Exercise, Misconception

    def penalty(w, lam):                       # the reference: the plainest right answer
        return lam / 2 * np.sum(w**2)

    def penalty_loop(w, lam):                  # at least two more right answers, written differently
        return sum(lam / 2 * weight * weight for weight in w)

    def penalty_dot(w, lam):
        return 0.5 * lam * np.dot(w, w)

    def no_half(w, lam):                       # two to twelve wrong answers, each from a real source
        return lam * np.sum(w**2)

    def norm_not_squared(w, lam):
        return lam / 2 * np.linalg.norm(w)

    def penalty_cases(rng):
        return [
            Case((np.array([2.0, -1.0, 0.0]), 0.5), label="mixed"),
            Case((rng.normal(size=6), 1.7), label="random"),
        ]

    EXERCISES = [
        Exercise(id="ridge.penalty", chapter=2, minutes=3, difficulty=1, signature="penalty(w, lam)",
                 reference=penalty, alternatives={"loop": penalty_loop, "dot": penalty_dot},
                 misconceptions={"no_half": Misconception(no_half, "erratum 17"),
                                 "norm_not_squared": Misconception(norm_not_squared, "pitfall 21")},
                 cases=penalty_cases),
    ]

and in ``text/en/ridge.toml``::

    [penalty]
    title = "The L2 penalty"
    prompt = "Write `penalty(w, lam)`, equation (2.1)."
    hints = ["Which norm, and is it squared?", "Do not forget the ½."]
    [penalty.misconceptions]
    no_half = "Yours is twice the penalty: the ½ of λ/2 is missing."
    norm_not_squared = "You used the norm; the penalty has its square."
    [cases]
    mixed = "weights of mixed signs"
    random = "random weights"

Rules, all enforced by ``tests/test_catalogue.py``: every reference and alternative passes; every
misconception fails and is diagnosed as itself with every seed, so the cases must tell them apart (mistakes
that give the same numbers are one misconception whose sentence gives both readings). Good cases have
weights of both signs and a zero, several strengths, n and d that differ from each other and from case to
case, and data that are not centred. No case may be singular for a misconception: its numbers would then
depend on the solver used. The first case is the one a learner is most likely to see printed: keep it small.

Random or stateful answers: pass generators as ``Fresh(lambda: np.random.default_rng(3))`` and reduce what
happens to numbers with ``Case(observe=...)``. Exact zeros: ``exact_zeros=True``. An answer that should
raise: let the reference raise, and the same type is expected. Wrong answers that raise are fine too.
"""

from __future__ import annotations

from typing import Any

from course_lib.exercises import progress, wording
from course_lib.exercises.catalogue import FURTHER, UnknownExercise, all_items, find
from course_lib.exercises.engine import judge
from course_lib.exercises.exercise import Case, Choice, Exercise, Fresh, Item, Misconception, Value
from course_lib.exercises.report import CheckReport, Failure, Hint, Listing, Task

__all__ = [
    "Case",
    "CheckReport",
    "Choice",
    "Exercise",
    "Failure",
    "Fresh",
    "Hint",
    "Item",
    "Listing",
    "Misconception",
    "Task",
    "UnknownExercise",
    "Value",
    "check",
    "exercises",
    "hint",
    "task",
]

_hints_given: dict[str, int] = {}


def check(id: str, answer: Any, *, seed: int = 0, seconds: float | None = None) -> CheckReport:
    """Check an answer and say what is wrong with it.

    Parameters
    ----------
    id : str
        Such as ``"ridge.gradient"``.
    answer : callable, str, number or array
        The function itself, the letter of an option, a number or an array.
    seed : int
        Seed of the randomised cases.
    seconds : float, optional
        How long one call of the answer may take before it is stopped and counts as wrong. Not given: what the
        environment variable ``COURSE_CHECK_SECONDS`` says (``off``: no limit), else 20. ``float("inf")``: no
        limit for this check.

    Returns
    -------
    CheckReport
        With ``passed``, ``attempted``, ``diagnosis`` and ``failures``; it shows itself in a notebook.

    Raises
    ------
    UnknownExercise
        If there is no such exercise. Nothing the answer does is raised.
    TypeError, ValueError
        If ``seconds`` (or the variable) is not a number above 0.

    Notes
    -----
    The answer runs in this process and is stopped by an exception raised inside it, on every system and in
    every thread, also where its loop catches exceptions. A single call into compiled code
    (``sum(itertools.count())``) or a wait (``time.sleep``) ends only when it returns: interrupt or restart
    the kernel. Memory is not watched: an answer whose list keeps growing may fill it before the time is over.
    """
    report = judge(find(id), answer, seed, seconds)
    progress.record(report)
    return report


def hint(id: str, level: int | None = None) -> Hint:
    """Show the next hint for an exercise, or the one at ``level`` (1 is the first)."""
    item = find(id)
    hints = list(wording.of(item).get("hints", ()))
    if not hints:
        return Hint(id, 0, 0, wording.engine("hint_none"))
    if level is None:
        level = min(_hints_given.get(id, 0) + 1, len(hints))
        _hints_given[id] = level
    if not isinstance(level, int) or not 1 <= level <= len(hints):
        return Hint(id, 0, len(hints), wording.engine("hint_level", total=len(hints)))
    closing = "hint_more"
    if level == len(hints):
        closing = "hint_last_further" if item.id in FURTHER else "hint_last"
    return Hint(id, level, len(hints), f"{hints[level - 1]}\n  {wording.engine(closing, id=id)}")


def task(id: str) -> Task:
    """Say what an exercise asks for, and show a cell to begin from: paste it, fill it in, run it."""
    item = find(id)
    text = wording.of(item)
    stub, answer = "", "..."
    if isinstance(item, Exercise):
        answer, _, arguments = item.signature.partition("(")
        stub = f"def {item.signature}:\n    ...\n\n\n"
        if answer[0].isupper():
            stub = f"class {answer}:\n    def __init__(self, {arguments}:\n        ...\n\n\n"
    cell = f'from course_lib.exercises import check\n\n\n{stub}check("{id}", {answer})'
    stars = "★" * item.difficulty + "☆" * (3 - item.difficulty)
    words = {"title": text.get("title", id), "stars": stars, "minutes": item.minutes}
    return Task(wording.engine("task_title", **words), str(text.get("prompt", "")), cell)


def exercises(chapter: int | None = None) -> Listing:
    """List the exercises of a chapter, or all of them; those that stand in no chapter say so."""
    known = progress.records()
    rows = []
    for item in all_items():
        if chapter is None or item.chapter == chapter:
            entry = known.get(item.id)
            done = wording.engine("not_done" if entry is None else "done" if entry.passed else "tried")
            title = str(wording.of(item).get("title", item.id))
            title = wording.engine("further", title=title, id=item.id) if item.id in FURTHER else title
            rows.append(
                (item.id, title, str(item.minutes), "★" * item.difficulty + "☆" * (3 - item.difficulty), done)
            )
    return Listing(rows)
