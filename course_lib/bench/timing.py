"""One work on one problem: settle the tolerances, then time everybody in interleaved rounds."""

from __future__ import annotations

import gc
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from course_lib.bench.accuracy import Accuracy
from course_lib.bench.problems import Problem
from course_lib.bench.registry import OURS, Contestant, Seconds, Work

__all__ = ["Limits", "measure"]

Run = Callable[[float | None], Any]
COMPILED = {"skglm"}  # packages that compile at the first call
WARM = 10**6  # entries of X: beyond, a first call's imports do not show


@dataclass(frozen=True)
class Limits:
    """How long to go on: rounds at most, seconds for all rounds together, seconds for a contestant to settle.

    No run is cut off: a contestant whose time is up is not tried at a tighter tolerance, nor raced.
    """

    rounds: int = 7
    budget: float = 6.0
    one_run: float = 4.0


@dataclass
class Entry:
    """What is known about one contestant."""

    contestant: Contestant
    run: Run
    tol: float | None
    accuracy: Accuracy
    reached: bool
    first: float
    note: str = ""
    seconds: list[float] = field(default_factory=list)


def timed(run: Run, tol: float | None) -> tuple[float, Any]:
    """Processor seconds of one call: with one thread, waiting for others on a busy machine does not count."""
    started = time.process_time()
    answer = run(tol)
    spent = time.process_time() - started
    return (float(answer) if isinstance(answer, Seconds) else spent), answer


def settle(work: Work, contestant: Contestant, problem: Problem, best: np.ndarray, limit: float) -> Entry:
    """Find the loosest tolerance at which the contestant is accurate enough."""
    run, total = contestant.prepare(problem), 0.0
    if contestant.needs in COMPILED or problem.X.size < WARM:
        run(contestant.tolerances[0])  # compilation and first imports are nobody's fault
    for tol in contestant.tolerances:
        spent, answer = timed(run, tol)
        accuracy = work.accuracy(contestant, problem, answer)
        errors = [
            e for e in (accuracy.gap, accuracy.above(best))[: 1 if work.certified else 2] if not np.isnan(e)
        ]
        reached = not errors or min(errors) <= work.target
        entry = Entry(contestant, run, tol, accuracy, reached, spent)
        if reached or len(contestant.tolerances) == 1:
            break
        total += spent
        if total > limit:
            entry.note = f"not accurate within {total:.0f} s; tighter tolerances were not tried"
            break
    if not entry.reached and not entry.note:
        entry.note = f"did not reach {work.target:g}"
    return entry


def measure(work: Work, problem: Problem, limits: Limits) -> dict[str, Any]:
    """Return the record of one work on one problem: plain data."""
    entries, absent, best = [], {}, np.empty(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a peer that is stopped early says so; its accuracy is measured here
        for contestant in work.contestants:
            if contestant.missing:
                absent[contestant.name] = f"the package {contestant.needs} is not installed"
                continue
            try:
                entry = settle(work, contestant, problem, best, limits.one_run)
            except (ImportError, AttributeError, TypeError, ValueError) as error:
                absent[contestant.name] = f"could not run: {error}"
                continue
            entries.append(entry)
            values = entry.accuracy.values
            best = np.minimum(best, values) if best.shape == values.shape else best if best.size else values
        race([entry for entry in entries if entry.reached or entry.first <= limits.one_run], limits)
    for entry in entries:
        entry.seconds = entry.seconds or [entry.first]
    return {
        "work": work.name,
        "problem": problem.name,
        "shape": list(problem.X.shape),
        "target": work.target if np.isfinite(work.target) else None,
        "goal": work.goal,
        "contestants": [row(work, entry, entries, best) for entry in entries],
        "absent": absent,
    }


def race(entries: list[Entry], limits: Limits) -> None:
    """Rounds in which everybody runs once, the order turned by one each time."""
    started = time.process_time()
    for turn in range(limits.rounds):
        for entry in [*entries[turn % len(entries) :], *entries[: turn % len(entries)]] if entries else []:
            gc.collect()
            entry.seconds.append(timed(entry.run, entry.tol)[0])
        if turn >= 2 and time.process_time() - started > limits.budget:
            break


def row(work: Work, entry: Entry, entries: list[Entry], best: np.ndarray) -> dict[str, Any]:
    """One contestant's line; ratios are formed round by round, then their quartiles taken."""
    low, middle, high = np.percentile(entry.seconds, [25, 50, 75])
    ours = entries[0].contestant.kind == OURS
    base = np.array(entries[0].seconds)
    base = base if len(base) == len(entry.seconds) else np.median(base)  # who was not raced has one run
    ratios = np.array(entry.seconds) / base if ours else np.full(1, np.nan)
    accuracy = entry.accuracy
    return {
        "name": entry.contestant.name,
        "kind": entry.contestant.kind,
        "tol": entry.tol,
        "seconds": float(middle),
        "quartiles": [float(low), float(high)],
        "runs": len(entry.seconds),
        "ratio": _number(np.median(ratios)),
        "ratio_quartiles": [_number(q) for q in np.percentile(ratios, [25, 75])],
        "goal": (work.goals or {}).get(entry.contestant.name),
        "gap": _number(accuracy.gap),
        "suboptimality": _number(accuracy.above(best)),
        "choice": accuracy.choice,
        "reached": entry.reached,
        "note": entry.note,
    }


def _number(value: Any) -> float | None:
    """JSON knows neither NaN nor infinity."""
    return float(value) if np.isfinite(value) else None
