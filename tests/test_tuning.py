"""Searches: what they try, what they find, and that a study outlives the process that worked on it."""

import itertools
import json
import math
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from places import ROOT

from course_lib import tuning
from course_lib.tuning import Range

SPACE = {
    "lam": Range(1e-3, 10, log=True),
    "p": Range(0, 0.7),
    "units": Range(2, 64, log=True, whole=True),
    "penalty": ["L1", "L2"],
}


def bowl(candidate):
    """Smallest at lam = 0.1 with L2."""
    return (math.log10(candidate["lam"]) + 1) ** 2 + (candidate["penalty"] == "L1") + candidate["p"] / 10


# ------------------------------------------------------------------------------- candidates


def test_a_grid_holds_every_combination_once_and_the_ends_of_each_range():
    candidates = tuning.grid(SPACE, points={"lam": 5, "p": 3, "units": 2})
    assert len(candidates) == 5 * 3 * 2 * 2 == len({tuple(c.values()) for c in candidates})
    np.testing.assert_allclose(sorted({c["lam"] for c in candidates}), [1e-3, 1e-2, 1e-1, 1, 10], rtol=1e-12)
    assert {c["units"] for c in candidates} == {2, 64}
    assert tuning.grid({"k": Range(1, 3, whole=True)}, points=9) == [{"k": 1}, {"k": 2}, {"k": 3}]


@given(st.floats(1e-6, 1e3), st.floats(1, 1e6), st.booleans(), st.integers(0, 2**32 - 1))
def test_a_draw_never_leaves_its_range(low, factor, log, seed):
    axis = Range(low, low * factor, log=log)
    value = tuning.draw({"a": axis}, np.random.default_rng(seed))["a"]
    assert axis.low <= value <= axis.high


def test_a_logarithmic_range_is_drawn_evenly_in_the_logarithm():
    rng = np.random.default_rng(0)
    drawn = tuning.random_candidates(SPACE, 4000, rng)
    shares = (np.log10([c["lam"] for c in drawn]) + 3) / 4
    assert abs(shares.mean() - 0.5) < 4 * math.sqrt(1 / 12 / 4000)
    counts = np.bincount(np.floor(10 * shares).astype(int), minlength=10)
    assert np.all(np.abs(counts - 400) < 5 * math.sqrt(400))
    assert abs(np.mean([c["penalty"] == "L1" for c in drawn]) - 0.5) < 4 * 0.5 / math.sqrt(4000)
    assert all(isinstance(c["units"], int) for c in drawn)


def test_random_search_tries_new_values_of_every_setting_where_a_grid_repeats():
    grid = tuning.grid({name: SPACE[name] for name in ("lam", "p")}, points=8)
    drawn = tuning.random_candidates(
        {name: SPACE[name] for name in ("lam", "p")}, 64, np.random.default_rng(1)
    )
    assert len(grid) == len(drawn) == 64
    assert (len({c["lam"] for c in grid}), len({c["lam"] for c in drawn})) == (8, 64)


def test_best_so_far_never_rises():
    np.testing.assert_array_equal(tuning.best_so_far([3, 4, 2, 5, 1]), [3, 3, 2, 2, 1])


# ------------------------------------------------------------------------------- a plain search


def test_a_search_evaluates_each_candidate_once_in_order():
    candidates = tuning.random_candidates(SPACE, 20, np.random.default_rng(2))
    trials = tuning.search(bowl, candidates, progress=False)
    assert [t.params for t in trials] == candidates
    assert [t.number for t in trials] == list(range(20))
    np.testing.assert_array_equal([t.value for t in trials], [bowl(c) for c in candidates])


def test_an_interrupted_search_goes_on_after_what_its_file_holds(tmp_path):
    candidates = tuning.random_candidates(SPACE, 12, np.random.default_rng(3))
    whole = tuning.search(bowl, candidates, progress=False)
    file, calls = tmp_path / "search.jsonl", []

    def stops(candidate):
        if len(calls) == 5:
            raise KeyboardInterrupt
        calls.append(candidate)
        return bowl(candidate)

    with pytest.raises(KeyboardInterrupt):
        tuning.search(stops, candidates, file=file, progress=False)
    with file.open("a", encoding="utf-8") as out:
        out.write('{"number": 5, "par')  # as a kill in the middle of a line leaves it
    again = []
    resumed = tuning.search(lambda c: again.append(c) or bowl(c), candidates, file=file, progress=False)
    assert resumed == whole
    assert again == candidates[5:]
    assert [json.loads(line)["number"] for line in file.read_text().splitlines()] == list(range(12))


def test_a_file_of_another_search_is_refused(tmp_path):
    candidates, file = tuning.grid(SPACE, 2), tmp_path / "search.jsonl"
    tuning.search(bowl, candidates, file=file, progress=False)
    with pytest.raises(ValueError, match=r"search\.jsonl belongs to another search: its trial 0 is"):
        tuning.search(bowl, candidates[::-1], file=file, progress=False)
    with pytest.raises(ValueError, match="belongs to another search"):
        tuning.search(bowl, candidates[:3], file=file, progress=False)
    file.write_text("no json\n")
    with pytest.raises(ValueError, match="file must hold the lines of a search, got 'no json'"):
        tuning.search(bowl, candidates, file=file, progress=False)


def test_a_value_that_is_not_a_number_loses(tmp_path):
    trials = tuning.search(lambda c: float("nan") if c["k"] else 1.0, [{"k": 0}, {"k": 1}], progress=False)
    assert [t.value for t in trials] == [1.0, math.inf]
    with pytest.raises(TypeError, match="objective must return a number, got 'high'"):
        tuning.search(lambda c: "high", [{"k": 0}], progress=False)


# ------------------------------------------------------------------------------- halving


@given(st.integers(1, 500), st.integers(1, 9), st.integers(1, 300), st.integers(2, 5))
def test_every_rung_follows_the_rule_and_the_plan_cannot_go_on(n, smallest, more, factor):
    largest = smallest * more
    plan = tuning.halving_rungs(n, smallest, largest, factor)
    assert plan[0] == (n, smallest)
    for (size, budget), (next_size, next_budget) in itertools.pairwise(plan):
        assert next_size == max(size // factor, 1)
        assert next_budget == budget * factor
        assert size > 1
    assert plan[-1][1] <= largest
    assert plan[-1][0] == 1 or plan[-1][1] * factor > largest


def test_with_exact_scores_halving_finds_the_best_candidate_and_costs_what_it_says():
    rng, spent = np.random.default_rng(4), []
    for _ in range(20):
        quality = rng.permutation(40)
        candidates = [{"quality": int(q)} for q in quality]

        def score(candidate, budget, spent=spent):
            spent.append(budget)
            return candidate["quality"] + 100 / budget

        spent.clear()
        rungs = tuning.successive_halving(score, candidates, smallest=2, largest=60, progress=False)
        assert candidates[rungs[-1].best]["quality"] == 0
        assert sum(spent) == sum(rung.budget * len(rung.members) for rung in rungs)
        for rung, after in itertools.pairwise(rungs):
            kept = {candidates[k]["quality"] for k in after.members}
            assert kept == set(sorted(candidates[k]["quality"] for k in rung.members)[: len(kept)])


def test_a_run_that_diverged_leaves_first():
    values = [math.nan, 3.0, 2.0, math.nan]
    rungs = tuning.successive_halving(
        lambda c, budget: values[c["k"]], [{"k": k} for k in range(4)], smallest=1, largest=2, factor=2,
        progress=False,
    )  # fmt: skip
    assert rungs[1].members == (2, 1)
    assert rungs[0].values[0] == math.inf


# ------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Range(2, 1), ValueError, "low must not be above high, got low=2 and high=1"),
        (lambda: Range(0, 1, log=True), ValueError, "low must be > 0 when log=True, got 0"),
        (
            lambda: Range(0.5, 2, whole=True),
            ValueError,
            "low must be a whole number when whole=True, got 0.5",
        ),
        (lambda: Range("a", 1), TypeError, "low must be a number, got 'a'"),
        (lambda: Range(0, math.inf), ValueError, "high must be finite, got inf"),
        (lambda: tuning.grid({}), TypeError, r"space must be a dictionary .*, got \{\}"),
        (
            lambda: tuning.grid({"a": 3}),
            TypeError,
            r"space\['a'\] must be a Range or a list of choices, got 3",
        ),
        (lambda: tuning.grid({"a": []}), ValueError, r"space\['a'\] must offer at least one choice"),
        (lambda: tuning.grid({3: [1]}), TypeError, "space must have texts as names, got 3"),
        (lambda: tuning.grid(SPACE, points=0), ValueError, "points must be >= 1, got 0"),
        (lambda: tuning.random_candidates(SPACE, 0, np.random.default_rng(0)), ValueError, "n must be >= 1"),
        (lambda: tuning.draw(SPACE, 0), TypeError, "rng must be a numpy Generator"),
        (lambda: tuning.halving_rungs(0, 1, 9), ValueError, "n must be >= 1, got 0"),
        (
            lambda: tuning.halving_rungs(9, 5, 4),
            ValueError,
            "largest must not be below smallest, got 4 and 5",
        ),
        (lambda: tuning.halving_rungs(9, 1, 9, 1), ValueError, "factor must be >= 2, got 1"),
        (lambda: tuning.search(bowl, []), ValueError, r"candidates must not be empty, got \[\]"),
        (lambda: tuning.best_so_far([]), ValueError, "values must not be empty"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_neither_optuna_nor_torch_is_imported_with_the_module():
    heavy = "[m for m in ('optuna', 'torch', 'sklearn') if m in sys.modules]"
    code = f"import sys, course_lib.tuning; print({heavy})"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert out.stdout.strip() == "[]"


def test_without_optuna_one_sentence_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "optuna>=4\.5"'):
        tuning.study("x")


# ------------------------------------------------------------------------------- studies


@pytest.fixture
def optuna():
    return pytest.importorskip("optuna")


WORKER = """
import math, os, sys, time
from course_lib import tuning
from course_lib.tuning import Range

SPACE = {"lam": Range(1e-3, 10, log=True), "p": Range(0, 0.7), "units": Range(2, 64, log=True, whole=True),
         "penalty": ["L1", "L2"]}
file, sampler, n_trials, stop_at = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])

def bowl(c):
    if len(tuning.finished(study)) == stop_at:
        print("waiting", flush=True)
        time.sleep(60)
    return (math.log10(c["lam"]) + 1) ** 2 + (c["penalty"] == "L1") + c["p"] / 10

study = tuning.study("s", file, sampler=sampler, seed=3)
tuning.run_trials(study, bowl, SPACE, n_trials=n_trials, timeout=60, progress=False)
"""


def worker(file, sampler="tpe", n_trials=10, stop_at=-1):
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, str(file), sampler, str(n_trials), str(stop_at)],
        stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_a_study_is_the_same_whatever_keeps_it(optuna, tmp_path, sampler):
    runs = []
    for place in (None, tmp_path / "s.db", tmp_path / "s.log"):
        study = tuning.study("s", place, sampler=sampler, seed=3)
        runs.append(tuning.run_trials(study, bowl, SPACE, n_trials=15, progress=False))
    assert runs[0] == runs[1] == runs[2]
    assert len({t.params["lam"] for t in runs[0]}) == 15
    other = tuning.study("s", None, sampler=sampler, seed=4)
    assert tuning.run_trials(other, bowl, SPACE, n_trials=3, progress=False) != runs[0][:3]


def test_n_trials_counts_what_the_study_had_before(optuna, tmp_path):
    calls = []
    for n, new in ((4, 4), (9, 5), (9, 0), (2, 0)):
        study = tuning.study("s", tmp_path / "s.db", seed=1)
        before = len(calls)
        trials = tuning.run_trials(
            study, lambda c: calls.append(c) or bowl(c), SPACE, n_trials=n, progress=False
        )
        assert len(calls) - before == new
        assert len(trials) == max(n, before)
    whole = tuning.run_trials(tuning.study("s", seed=1), bowl, SPACE, n_trials=9, progress=False)
    assert tuning.finished(study) == whole  # three processes' worth of resuming changed nothing


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no kill -9 on this system")
@pytest.mark.parametrize("name", ["s.db", "s.log"])
def test_after_kill_9_the_study_goes_on_as_if_nothing_had_happened(optuna, tmp_path, name):
    file = tmp_path / name
    process = worker(file, n_trials=12, stop_at=11)  # after Optuna's ten random trials
    try:
        assert process.stdout.readline() == "waiting\n"
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait(timeout=20) == -signal.SIGKILL
    finally:
        process.kill()
        process.stdout.close()
    study = tuning.study("s", file, seed=3)
    states = [t.state.name for t in study.trials]
    assert states == ["COMPLETE"] * 11 + ["RUNNING"]
    killed = dict(study.trials[11].params)
    trials = tuning.run_trials(study, bowl, SPACE, n_trials=16, abandoned_after=0, progress=False)
    assert [t.number for t in trials] == [*range(11), *range(12, 17)]
    assert trials[11].params == killed
    assert study.trials[11].state.name == "FAIL"
    whole = tuning.run_trials(tuning.study("s", seed=3), bowl, SPACE, n_trials=16, progress=False)
    assert [(t.params, t.value) for t in trials] == [(t.params, t.value) for t in whole]


def test_a_running_trial_is_left_alone_until_it_is_abandoned(optuna):
    study = tuning.study("s")
    study.ask(tuning._distributions(optuna, SPACE))
    for seconds in (None, 3600):
        tuning.run_trials(study, bowl, SPACE, n_trials=1, abandoned_after=seconds, progress=False)
        assert study.trials[0].state.name == "RUNNING"
    tuning.run_trials(study, bowl, SPACE, n_trials=2, abandoned_after=0, progress=False)
    assert study.trials[0].state.name == "FAIL"


def test_a_candidate_that_kills_twice_is_not_tried_a_third_time(optuna):
    study = tuning.study("s")
    study.ask(tuning._distributions(optuna, SPACE))  # dies
    tuning._retry_abandoned(optuna, study, 0)
    second = study.ask(tuning._distributions(optuna, SPACE))  # the same candidate, dies again
    assert second.params == study.trials[0].params
    assert study.trials[1].user_attrs["retry_of"] == 0, "not from the queue"
    tuning._retry_abandoned(optuna, study, 0)
    assert [t.state.name for t in study.trials] == ["FAIL", "FAIL"]


@pytest.mark.parametrize("name", ["s.db", "s.log"])
def test_two_processes_share_one_study(optuna, tmp_path, name):
    file = tmp_path / name
    tuning.study("s", file)
    workers = [worker(file, sampler="random", n_trials=12) for _ in range(2)]
    try:
        assert [process.wait(timeout=60) for process in workers] == [0, 0]
    finally:
        for process in workers:
            process.kill()
            process.stdout.close()
    trials = tuning.finished(tuning.study("s", file))
    assert 12 <= len(trials) <= 13
    assert [t.number for t in trials] == list(range(len(trials)))
    assert len({t.params["lam"] for t in trials}) == len(trials), "two processes tried the same candidate"


def test_tpe_looks_where_it_was_good(optuna):
    gains = []
    for seed in range(6):
        later = {}
        for sampler in ("tpe", "random"):
            study = tuning.study("s", sampler=sampler, seed=seed)
            trials = tuning.run_trials(study, bowl, SPACE, n_trials=40, progress=False)
            later[sampler] = np.median([t.value for t in trials[20:]])
        gains.append(later["random"] - later["tpe"])
    assert np.mean(gains) > 4 * np.std(gains, ddof=1) / math.sqrt(6)


def test_an_error_ends_the_search_and_a_caught_one_does_not(optuna):
    study, calls = tuning.study("s"), []

    def breaks(candidate):
        calls.append(candidate)
        if len(calls) % 2:
            raise ZeroDivisionError("no")
        return 1.0

    with pytest.raises(ZeroDivisionError):
        tuning.run_trials(study, breaks, SPACE, n_trials=3, progress=False)
    assert study.trials[0].state.name == "FAIL"
    trials = tuning.run_trials(study, breaks, SPACE, n_trials=3, catch=(ZeroDivisionError,), progress=False)
    assert len(trials) == 3
    with pytest.raises(RuntimeError, match="4 trials in a row failed"):
        tuning.run_trials(
            tuning.study("t"), lambda c: 1 / 0, SPACE, n_trials=4, catch=(ZeroDivisionError,), progress=False
        )


def test_a_diverged_trial_counts_as_the_worst(optuna, tmp_path):
    study = tuning.study("s", tmp_path / "s.db")
    trials = tuning.run_trials(study, lambda c: math.nan, SPACE, n_trials=2, progress=False)
    assert [t.value for t in trials] == [math.inf, math.inf]
    assert len(tuning.run_trials(study, bowl, SPACE, n_trials=14, progress=False)) == 14


def test_the_timeout_starts_no_further_trial(optuna):
    study = tuning.study("s")
    trials = tuning.run_trials(study, bowl, SPACE, n_trials=5, timeout=0, progress=False)
    assert trials == []

    def slow(candidate):
        time.sleep(0.2)
        return bowl(candidate)

    assert len(tuning.run_trials(study, slow, SPACE, n_trials=500, timeout=0.3, progress=False)) < 5


def test_nothing_is_printed(optuna, capfd, tmp_path):
    tuning.run_trials(tuning.study("s", tmp_path / "s.db"), bowl, SPACE, n_trials=3)
    tuning.study("s", tmp_path / "s.db")  # Optuna would say that it uses an existing study
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"name": ""}, TypeError, "name must be a text that is not empty, got ''"),
        ({"sampler": "bayes"}, ValueError, 'sampler must be "tpe" or "random", got \'bayes\''),
        ({"seed": -1}, ValueError, "seed must be a whole number >= 0, got -1"),
        ({"storage": 3}, TypeError, "storage must be a path, an address or None, got 3"),
        ({"storage": "study.txt"}, ValueError, "storage must end in .db, .*, got 'study.txt'"),
        (
            {"storage": "nowhere/s.db"},
            ValueError,
            "storage must lie in a folder that exists, got 'nowhere/s.db'",
        ),
    ],
)
def test_bad_input_of_a_study_is_named(optuna, arguments, error, message):
    with pytest.raises(error, match=message):
        tuning.study(**{"name": "s"} | arguments)


def test_bad_input_of_a_run_is_named(optuna):
    study = tuning.study("s")
    for arguments, error, message in (
        ({"n_trials": 0}, ValueError, "n_trials must be >= 1, got 0"),
        ({"n_trials": 1, "timeout": -1}, ValueError, "timeout must be >= 0, got -1"),
        ({"n_trials": 1, "abandoned_after": "x"}, TypeError, "abandoned_after must be a number, got 'x'"),
    ):
        with pytest.raises(error, match=message):
            tuning.run_trials(study, bowl, SPACE, progress=False, **arguments)
    with pytest.raises(TypeError, match=r"space\['a'\] must be a Range"):
        tuning.run_trials(study, bowl, {"a": 1}, n_trials=1, progress=False)
    with pytest.raises(TypeError, match="objective must return a number, got None"):
        tuning.run_trials(study, lambda c: None, SPACE, n_trials=1, progress=False)
