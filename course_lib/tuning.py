"""Searching for good settings: grids, random draws, halving, and Optuna studies that survive a kill.

A *space* is a dictionary from names to `Range`s or lists of choices; a *candidate* is a dictionary from the
same names to values; an *objective* turns a candidate into a number to be made small. Optuna is imported by
`study`, `run_trials` and `finished` alone.
"""

from __future__ import annotations

import itertools
import json
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from course_lib import validation

if TYPE_CHECKING:
    import optuna

__all__ = [
    "Range",
    "Rung",
    "Trial",
    "best_so_far",
    "draw",
    "finished",
    "grid",
    "halving_rungs",
    "random_candidates",
    "run_trials",
    "search",
    "study",
    "successive_halving",
]

Candidate = dict[str, Any]
Objective = Callable[[Candidate], float]
Progress = bool | Literal["auto"]


@dataclass(frozen=True)
class Range:
    """Numbers from ``low`` to ``high``, both included.

    Parameters
    ----------
    low, high : float
    log : bool
        Even steps of the logarithm (strengths, learning rates); then ``low`` is positive.
    whole : bool
        Whole numbers only (epochs, units).
    """

    low: float
    high: float
    log: bool = False
    whole: bool = False

    def __post_init__(self) -> None:
        low, high = validation.number(self.low, "low"), validation.number(self.high, "high")
        if low > high:
            raise ValueError(f"low must not be above high, got low={self.low} and high={self.high}.")
        if self.log and low <= 0:
            raise ValueError(f"low must be > 0 when log=True, got {self.low}.")
        for name, value in (("low", low), ("high", high)):
            if self.whole and value != int(value):
                raise ValueError(f"{name} must be a whole number when whole=True, got {value}.")

    def at(self, share: float | np.ndarray) -> Any:
        """Return the value at a share of the way from low to high, 0 to 1."""
        if self.log:
            values = self.low * (self.high / self.low) ** np.asarray(share)
        else:
            values = self.low + (self.high - self.low) * np.asarray(share)
        values = np.clip(values, self.low, self.high)  # a power may end one rounding error outside
        return np.rint(values).astype(int) if self.whole else values

    def points(self, k: int) -> list[float]:
        """Return k values, evenly spaced from low to high; equal whole numbers once."""
        shares = np.linspace(0, 1, k) if k > 1 else np.array([0.5])
        return list(dict.fromkeys(self.at(shares).tolist()))


Space = Mapping[str, Range | Sequence[Any]]


@dataclass(frozen=True)
class Trial:
    """One evaluation: its number from 0, the candidate and the objective's value."""

    number: int
    params: Candidate
    value: float


@dataclass(frozen=True)
class Rung:
    """One round of successive halving: the budget of each candidate, who took part, and their values."""

    budget: int
    members: tuple[int, ...]
    values: tuple[float, ...]

    @property
    def best(self) -> int:
        """The member with the smallest value."""
        return self.members[int(np.argmin(self.values))]


# ------------------------------------------------------------------------------- candidates


def grid(space: Space, points: int | Mapping[str, int] = 3) -> list[Candidate]:
    """Return all combinations: ``points`` values of each range, every choice of each list.

    Parameters
    ----------
    space : dict of str to Range or list
    points : int or dict of str to int
        One number for all ranges, or one for each.

    Raises
    ------
    TypeError, ValueError
        For a space that is empty or holds something else, or fewer than one point.
    """
    values = []
    for name, axis in _checked(space).items():
        if isinstance(axis, Range):
            k = points[name] if isinstance(points, Mapping) else points
            values.append(axis.points(validation.positive_int(k, "points")))
        else:
            values.append(list(axis))
    return [dict(zip(space, row, strict=True)) for row in itertools.product(*values)]


def draw(space: Space, rng: np.random.Generator) -> Candidate:
    """Return one random candidate: every range and every list of choices uniformly, on the range's scale."""
    validation.generator(rng)
    return {
        name: axis.at(rng.random()).item() if isinstance(axis, Range) else axis[int(rng.integers(len(axis)))]
        for name, axis in _checked(space).items()
    }


def random_candidates(space: Space, n: int, rng: np.random.Generator) -> list[Candidate]:
    """Return n independent draws from the space."""
    return [draw(space, rng) for _ in range(validation.positive_int(n, "n"))]


def best_so_far(values: Any) -> np.ndarray:
    """Return the smallest value after each evaluation: what a search has found by then."""
    return np.minimum.accumulate(validation.vector(values, "values"))


# ---------------------------------------------------------------------------- search loops


def search(
    objective: Objective,
    candidates: Iterable[Candidate],
    *,
    file: str | Path | None = None,
    progress: Progress = "auto",
) -> list[Trial]:
    """Evaluate every candidate in order; with a file, go on where an interrupted search stopped.

    Parameters
    ----------
    objective : callable
        Candidate to a number; NaN counts as infinitely bad, so that a run that diverged loses.
    candidates : iterable of dict
    file : path, optional
        Gets one line of JSON a trial, as soon as it is finished. Candidates that stand in it are not
        evaluated again. It belongs to one process and to one list of candidates.
    progress : bool or "auto"
        Progress bar on stderr; "auto" shows one in a terminal, after 2 seconds.

    Returns
    -------
    list of Trial

    Raises
    ------
    ValueError
        If there are no candidates, or the file belongs to other candidates.
    """
    candidates = list(candidates)
    if not candidates:
        raise ValueError("candidates must not be empty, got [].")
    trials = _recover(Path(file), candidates) if file is not None else []
    for number in _bar(range(len(trials), len(candidates)), progress, "candidate"):
        trial = Trial(number, candidates[number], _number(objective(candidates[number])))
        trials.append(trial)
        if file is not None:
            with Path(file).open("a", encoding="utf-8") as out:
                out.write(_line(trial) + "\n")
    return trials


def halving_rungs(n: int, smallest: int, largest: int, factor: int = 3) -> list[tuple[int, int]]:
    """Return how many candidates each rung has, and with which budget each.

    Each rung keeps the best ``1/factor`` of the candidates (rounded down, at least one) and multiplies the
    budget by ``factor``, until one candidate is left or the next budget would exceed ``largest``.

    Parameters
    ----------
    n : int
        Candidates at the start.
    smallest, largest : int
        Budget of the first rung, and the limit.
    factor : int
        At least 2.

    Examples
    --------
    >>> halving_rungs(27, 1, 27)
    [(27, 1), (9, 3), (3, 9), (1, 27)]

    Notes
    -----
    Jamieson and Talwalkar (2016), AISTATS, PMLR 51, 240-248.
    """
    n, budget = validation.positive_int(n, "n"), validation.positive_int(smallest, "smallest")
    if validation.positive_int(largest, "largest") < budget:
        raise ValueError(f"largest must not be below smallest, got {largest} and {smallest}.")
    if validation.positive_int(factor, "factor") < 2:
        raise ValueError(f"factor must be >= 2, got {factor}.")
    rungs = [(n, budget)]
    while n > 1 and budget * factor <= largest:
        n, budget = max(n // factor, 1), budget * factor
        rungs.append((n, budget))
    return rungs


def successive_halving(
    objective: Callable[[Candidate, int], float],
    candidates: Sequence[Candidate],
    *,
    smallest: int,
    largest: int,
    factor: int = 3,
    progress: Progress = "auto",
) -> list[Rung]:
    """Give every candidate a small budget, the best of them more, and so on (`halving_rungs`).

    ``objective(candidate, budget)`` returns a number to be made small; NaN counts as infinitely bad. Every
    rung starts afresh: its cost is the number of its members times its budget.

    Returns
    -------
    list of Rung
        ``candidates[rungs[-1].best]`` is the winner.

    Raises
    ------
    TypeError, ValueError
        As `halving_rungs`, and if there are no candidates.
    """
    candidates = list(candidates)
    if not candidates:
        raise ValueError("candidates must not be empty, got [].")
    plan = halving_rungs(len(candidates), smallest, largest, factor)
    members, rungs = np.arange(len(candidates)), []
    todo = iter(_bar(range(sum(n for n, _ in plan)), progress, "training"))
    for size, budget in plan:
        members = members[:size]
        values = []
        for k in members:
            next(todo)
            values.append(_number(objective(candidates[k], budget)))
        rungs.append(Rung(budget, tuple(int(k) for k in members), tuple(values)))
        members = members[np.argsort(values, kind="stable")]
    next(todo, None)  # closes the bar
    return rungs


# --------------------------------------------------------------------------- Optuna studies


def study(
    name: str,
    storage: str | Path | None = None,
    *,
    sampler: Literal["tpe", "random"] = "tpe",
    seed: int = 0,
) -> optuna.Study:
    """Open an Optuna study that minimises, or make it if the storage has none of this name.

    Parameters
    ----------
    name : str
    storage : path, address or None
        ``"study.db"`` (or ``.sqlite``, ``.sqlite3``): SQLite. ``"study.log"`` (or ``.journal``): a journal
        file, which also works on network file systems. ``"mysql://..."``: a database server for several
        machines. None: in memory, gone with the process.
    sampler : "tpe" or "random"
    seed : int
        Together with a trial's place in the study it decides what is drawn. So one process that is killed and
        started again tries what it would have tried without the interruption.

    Raises
    ------
    ModuleNotFoundError
        Without Optuna; the message says how to get it.
    TypeError, ValueError
        For another sampler or storage, or a seed that is not a whole number >= 0.

    Notes
    -----
    Optuna's messages below a warning are switched off for the process.
    """
    optuna = _optuna()
    if not isinstance(name, str) or not name:
        raise TypeError(f"name must be a text that is not empty, got {name!r}.")
    if sampler not in ("tpe", "random"):
        raise ValueError(f'sampler must be "tpe" or "random", got {sampler!r}.')
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise ValueError(f"seed must be a whole number >= 0, got {seed!r}.")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna.create_study(
        study_name=name,
        storage=_storage(storage),
        sampler=_sampler(sampler, int(seed)),
        direction="minimize",
        load_if_exists=True,
    )


def run_trials(
    study: optuna.Study,
    objective: Objective,
    space: Space,
    *,
    n_trials: int,
    timeout: float | None = None,
    abandoned_after: float | None = None,
    catch: tuple[type[Exception], ...] = (),
    progress: Progress = "auto",
) -> list[Trial]:
    """Evaluate candidates of a study until it has ``n_trials`` finished ones, counting those it had before.

    Several processes may work on one stored study; each gets the same ``n_trials``, and up to one trial a
    further process is finished beyond it.

    Parameters
    ----------
    study : optuna.Study
        From `study`.
    objective : callable
        Candidate to a number; NaN counts as infinitely bad.
    space : dict of str to Range or list
    n_trials : int
        Finished trials in the study, not in this call.
    timeout : float, optional
        Seconds after which no further trial is started.
    abandoned_after : float, optional
        A trial that is RUNNING for longer than this many seconds belongs to a process that died: it is marked
        as failed, and its candidate is tried once more. Give more than the longest trial takes, or 0 when no
        other process works on the study. None: leave such trials alone.
    catch : exceptions
        These make a trial fail and the search goes on. Any other ends it, after the trial was marked as
        failed.
    progress : bool or "auto"
        Progress bar on stderr; "auto" shows one in a terminal, after 2 seconds.

    Returns
    -------
    list of Trial
        All finished trials of the study, by number.

    Raises
    ------
    RuntimeError
        If ``n_trials`` trials in a row fail.
    TypeError, ValueError
        For a space that is empty or holds something else, or numbers out of range.
    """
    optuna = _optuna()
    wanted, distributions = validation.positive_int(n_trials, "n_trials"), _distributions(optuna, space)
    deadline = math.inf if timeout is None else time.monotonic() + validation.strength(timeout, "timeout")
    if abandoned_after is not None:
        _retry_abandoned(optuna, study, validation.strength(abandoned_after, "abandoned_after"))
    failed_in_a_row = 0
    with _counter(wanted, progress) as bar:
        while (done := len(finished(study))) < wanted and time.monotonic() < deadline:
            bar.update(done - bar.n)
            if failed_in_a_row == wanted:
                raise RuntimeError(
                    f"{failed_in_a_row} trials in a row failed; the last is {study.trials[-1].params}."
                )
            trial = study.ask(distributions)
            try:
                study.tell(trial, _number(objective(dict(trial.params))))
                failed_in_a_row = 0
            except BaseException as error:
                study.tell(trial, state=optuna.trial.TrialState.FAIL)
                if not isinstance(error, catch):
                    raise
                failed_in_a_row += 1
        bar.update(done - bar.n)
    return finished(study)


def finished(study: optuna.Study) -> list[Trial]:
    """Return the finished trials of a study, by number. Failed and running ones are not among them."""
    states = (_optuna().trial.TrialState.COMPLETE,)
    trials = study.get_trials(deepcopy=False, states=states)
    return [Trial(t.number, dict(t.params), _number(t.value)) for t in trials]


def _optuna() -> Any:
    try:
        import optuna
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            'Optuna is not installed. Get it with: pip install "optuna>=4.5"', name="optuna"
        ) from None
    return optuna


def _storage(place: str | Path | None) -> Any:
    """Turn an address into what `optuna.create_study` understands."""
    if place is None or (isinstance(place, str) and "://" in place):
        return place
    if not isinstance(place, str | Path):
        raise TypeError(f"storage must be a path, an address or None, got {place!r}.")
    path = Path(place).absolute()
    if not path.parent.is_dir():
        raise ValueError(f"storage must lie in a folder that exists, got {str(place)!r}.")
    if path.suffix in (".db", ".sqlite", ".sqlite3"):
        return f"sqlite:///{path.as_posix()}"
    if path.suffix in (".log", ".journal"):
        from optuna.storages.journal import JournalFileBackend, JournalStorage

        return JournalStorage(JournalFileBackend(str(path)))
    raise ValueError(
        f"storage must end in .db, .sqlite or .sqlite3 (SQLite), or in .log or .journal, got {str(place)!r}."
    )


def _sampler(kind: str, seed: int) -> Any:
    """A sampler that starts anew for each trial, from the seed and the trial's place in the study.

    Optuna's own seeded sampler starts at its first draw again in every process, so a study that is resumed
    would try its first candidates twice, and several processes the same ones.
    """
    from optuna import Study, samplers
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial, TrialState

    def make(place: int) -> samplers.BaseSampler:
        own = int(np.random.SeedSequence([seed, place]).generate_state(1)[0])
        return samplers.TPESampler(seed=own) if kind == "tpe" else samplers.RandomSampler(seed=own)

    class ByPlace(samplers.BaseSampler):
        inner = make(0)

        def before_trial(self, study: Study, trial: FrozenTrial) -> None:
            earlier = study.get_trials(deepcopy=False)[: trial.number]
            self.inner = make(sum(t.state != TrialState.FAIL for t in earlier))
            self.inner.before_trial(study, trial)

        def infer_relative_search_space(
            self, study: Study, trial: FrozenTrial
        ) -> dict[str, BaseDistribution]:
            return self.inner.infer_relative_search_space(study, trial)

        def sample_relative(
            self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
        ) -> dict[str, Any]:
            return self.inner.sample_relative(study, trial, search_space)

        def sample_independent(
            self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
        ) -> Any:
            return self.inner.sample_independent(study, trial, param_name, param_distribution)

    return ByPlace()


def _distributions(optuna: Any, space: Space) -> dict[str, Any]:
    kinds, result = optuna.distributions, {}
    for name, axis in _checked(space).items():
        if not isinstance(axis, Range):
            result[name] = kinds.CategoricalDistribution(list(axis))
        elif axis.whole:
            result[name] = kinds.IntDistribution(int(axis.low), int(axis.high), log=axis.log)
        else:
            result[name] = kinds.FloatDistribution(float(axis.low), float(axis.high), log=axis.log)
    return result


def _retry_abandoned(optuna: Any, study: optuna.Study, seconds: float) -> None:
    """Mark trials that run for longer as failed and put their candidates into the queue, once each."""
    states = optuna.trial.TrialState
    for trial in study.get_trials(deepcopy=False, states=(states.RUNNING,)):
        started = trial.datetime_start
        if started is not None and time.time() - started.timestamp() < seconds:
            continue
        try:
            study.tell(trial.number, state=states.FAIL)
        except (ValueError, optuna.exceptions.UpdateFinishedTrialError):
            continue  # another process was faster
        if "retry_of" not in trial.user_attrs and trial.params:
            study.enqueue_trial(trial.params, user_attrs={"retry_of": trial.number})


# ------------------------------------------------------------------------------ small parts


def _checked(space: Any) -> Space:
    if not isinstance(space, Mapping) or not space:
        raise TypeError(f"space must be a dictionary from names to Ranges or lists, got {space!r}.")
    for name, axis in space.items():
        if not isinstance(name, str):
            raise TypeError(f"space must have texts as names, got {name!r}.")
        if not isinstance(axis, Range | list | tuple):
            raise TypeError(f"space[{name!r}] must be a Range or a list of choices, got {axis!r}.")
        if isinstance(axis, list | tuple) and not axis:
            raise ValueError(f"space[{name!r}] must offer at least one choice, got {axis!r}.")
    return space


def _number(value: Any) -> float:
    """Return the objective's value as a float; NaN becomes infinity."""
    try:
        result = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"objective must return a number, got {value!r}.") from None
    return math.inf if math.isnan(result) else result


def _line(trial: Trial) -> str:
    return json.dumps({"number": trial.number, "params": trial.params, "value": trial.value}, default=_plain)


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"candidates must hold numbers and texts to be kept in a file, got {value!r}.")


def _recover(file: Path, candidates: list[Candidate]) -> list[Trial]:
    """Read the finished trials; a last line that was cut off by a kill is taken out of the file."""
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    whole = text[: text.rfind("\n") + 1]
    trials = []
    for number, line in enumerate(whole.splitlines()):
        try:
            kept = Trial(**json.loads(line))
        except (ValueError, TypeError):
            raise ValueError(
                f"file must hold the lines of a search, got {line[:60]!r} in {file.name}."
            ) from None
        wanted = candidates[number] if number < len(candidates) else None
        if (
            kept.number != number
            or json.loads(_line(Trial(number, wanted or {}, 0.0)))["params"] != kept.params
        ):
            raise ValueError(
                f"file {file.name} belongs to another search: its trial {number} is {kept.params}, "
                f"here it is {wanted}."
            )
        trials.append(Trial(number, candidates[number], kept.value))
    if whole != text:
        file.write_text(whole, encoding="utf-8")
    return trials


def _bar(items: Iterable[int], progress: Progress, unit: str) -> Iterator[int]:
    from tqdm import tqdm

    auto = progress == "auto"
    hidden = None if auto else not progress  # None: tqdm looks whether stderr is a terminal
    return iter(tqdm(items, unit=unit, disable=hidden, delay=2 if auto else 0))


def _counter(total: int, progress: Progress) -> Any:
    from tqdm import tqdm

    auto = progress == "auto"
    return tqdm(total=total, unit="trial", disable=None if auto else not progress, delay=2 if auto else 0)
