"""course bench: everybody is accurate, what is missing is said, what was measured stays. Never a time."""

import json

import numpy as np
import pytest

from course_lib.bench import accuracy, command, problems, registry, report, timing
from course_lib.solvers import coordinate, least_squares

QUICK = timing.Limits(rounds=1, budget=1.0, one_run=1.0)
NAMES = [work.name for work in registry.works()]
UNJUDGED = ("import", "l1-multinomial", "neural-mlp", "neural-lenet5", "neural-penalties")


def small(name):
    return problems.load(name, quick=True)


@pytest.mark.parametrize("name", problems.PROBLEMS)
def test_columns_are_standardised(name):
    problem = small(name)
    np.testing.assert_allclose(problem.X.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(problem.X.var(axis=0), 1, rtol=1e-12)
    assert np.linalg.matrix_rank(problem.X) > 1


def test_the_expansions_have_the_published_sizes():
    assert small("diabetes").X.shape == (442, 10)
    assert small("diabetes-2").X.shape == (442, 64)
    assert small("diabetes-3").X.shape == (442, 283)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_the_certificate_is_that_of_the_solvers(l1_ratio):
    problem = small("diabetes")
    lams = problem.grid(5, 1e-2, l1_ratio)
    coefs, _ = coordinate.path(problem.X, problem.y, lams, l1_ratio, tol=1e-6)
    found = accuracy.least_squares(problem, lams, coefs, l1_ratio)
    scale = float(np.mean(problem.y**2)) / 2
    for k, lam in enumerate(lams):
        theirs = least_squares.duality_gap(problem.X, problem.y, coefs[:, k], lam, l1_ratio)
        assert found.gaps[k] * scale == pytest.approx(theirs, rel=1e-6, abs=1e-9 * scale)
        value = least_squares.objective(problem.X, problem.y, coefs[:, k], 0.0, lam, l1_ratio)
        assert found.values[k] * scale == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(("name", "classes"), [("cancer", 1), ("digits", 10)])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_the_gap_bounds_the_excess(name, classes, fit_intercept):
    problem, rng = small(name), np.random.default_rng(0)
    coefs = 0.1 * rng.normal(size=(20, classes, problem.X.shape[1]))
    coefs[0] = 0.0
    found = accuracy.log_loss(problem, np.full(20, 0.05), coefs, fit_intercept=fit_intercept)
    assert np.all(found.gaps >= found.values - found.values.min() - 1e-12)


def test_at_lam_max_zero_is_certified():
    problem = small("cancer")
    zero = np.zeros((1, 1, problem.X.shape[1]))
    at_top = accuracy.log_loss(problem, np.array([problem.lam_max]), zero, fit_intercept=False)
    below = accuracy.log_loss(problem, np.array([0.9 * problem.lam_max]), zero, fit_intercept=False)
    assert at_top.gap == pytest.approx(0, abs=1e-12)
    assert below.gap > 1e-4


@pytest.mark.parametrize("name", [name for name in NAMES if name not in UNJUDGED])
def test_who_reached_the_target_is_accurate(name):
    work = registry.works([name])[0]
    problem = small(work.problems[0])
    before = problem.X.copy(), problem.y.copy()
    record = timing.measure(work, problem, QUICK)
    np.testing.assert_array_equal(problem.X, before[0])  # nobody spoils the data of the others
    np.testing.assert_array_equal(problem.y, before[1])
    ours = record["contestants"][0]
    assert ours["kind"] == registry.OURS
    assert ours["reached"]
    for row in record["contestants"]:
        errors = [row[key] for key in ("gap", "suboptimality") if row[key] is not None]
        assert not row["reached"] or not errors or min(errors) <= work.target
        assert row["runs"] == 1
    choices = [row["choice"] for row in record["contestants"] if row["choice"] is not None]
    if name == "loo-ridge":
        assert choices == pytest.approx([choices[0]] * len(choices))


def test_peers_stay_at_the_loosest_tolerance_that_is_enough():
    tried = []

    def prepare(problem):
        return lambda tol: tried.append(tol) or tol

    peer = registry.Contestant("peer", registry.COORDINATE, prepare, (1e-2, 1e-4, 1e-6))
    work = registry.Work(
        "w", "w", ("diabetes",), (peer,), 1e-3,
        judge=lambda problem, tol: accuracy.Accuracy(np.array([tol]), np.array([tol])),
    )  # fmt: skip
    record = timing.measure(work, small("diabetes"), QUICK)
    assert record["contestants"][0]["tol"] == 1e-4
    assert 1e-6 not in tried


def test_who_runs_out_of_time_is_shown_and_not_raced():
    calls = []

    def prepare(problem):
        return lambda tol: calls.append(tol) or registry.Seconds(3.0)

    contestants = (
        registry.Contestant("ours", registry.OURS, lambda problem: lambda tol: registry.Seconds(1.0)),
        registry.Contestant("slow", registry.COORDINATE, prepare, (1e-2, 1e-4)),
    )
    work = registry.Work(
        "w", "w", ("diabetes",), contestants, 1e-3,
        judge=lambda problem, seconds: accuracy.Accuracy(np.array([0.0 if seconds == 1 else 0.1])),
    )  # fmt: skip
    record = timing.measure(work, small("diabetes"), timing.Limits(rounds=3, one_run=2.0))
    slow = record["contestants"][1]
    assert 1e-4 not in calls
    assert (slow["runs"], slow["seconds"], slow["ratio"], slow["reached"]) == (1, 3.0, 3.0, False)
    assert "within 3 s" in slow["note"]
    about = {"bytes_per_second": 442 * 10 * 8.0, "flops_per_second": 442 * 100 / 2}
    said = report.overview([record], about)
    assert "3.00!" in said
    assert "1.0e+00 s  2.0e+00 s" in said


def test_the_machine_is_measured():
    assert min(report.machine_limits().values()) > 1e6  # bytes and flops a second


def test_a_missing_peer_is_named():
    peer = registry.Contestant("peer", registry.OTHER, lambda problem: lambda tol: 0, needs="no_such_package")
    work = registry.Work("w", "w", ("diabetes",), (peer,))
    record = timing.measure(work, small("diabetes"), QUICK)
    assert "no_such_package is not installed" in report.table([record])


def test_what_was_measured_is_kept_and_not_measured_again(tmp_path, monkeypatch, capsys):
    records = command.run(tmp_path, only=["import"], quick=True)
    saved = json.loads((tmp_path / "bench.json").read_text(encoding="utf-8"))
    assert saved["records"] == records
    assert {"processor", "versions", "date", "threads"} <= saved["machine"].keys()
    assert len((tmp_path / "bench.txt").read_text(encoding="utf-8")) > 40  # the figure's text
    assert (tmp_path / "bench.png").stat().st_size > 0
    monkeypatch.setattr(timing, "measure", lambda *args: pytest.fail("measured again"))
    assert command.run(tmp_path, only=["import"], quick=True) == records
    assert "course_lib" in capsys.readouterr().out


def test_ctrl_c_keeps_what_is_done(tmp_path, monkeypatch, capsys):
    measure, calls = timing.measure, []

    def once(work, problem, limits):
        calls.append(problem.name)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return measure(work, problem, QUICK)

    monkeypatch.setattr(timing, "measure", once)
    command.run(tmp_path, only=["loo-ridge"], quick=True)
    assert "Stopped" in capsys.readouterr().out
    saved = json.loads((tmp_path / "bench.json").read_text(encoding="utf-8"))
    assert [record["problem"] for record in saved["records"]] == calls[:1]


def test_unknown_works_are_refused():
    with pytest.raises(ValueError, match=r"--only must name one of .*got 'speed'"):
        registry.works(["speed"])
    with pytest.raises(ValueError, match="got 'big'"):
        problems.load("big")
