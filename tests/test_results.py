"""Precomputed results: computed once, found from everywhere, refused when incomplete."""

import json
import shutil

import numpy as np
import pytest
from places import ROOT

from course_lib.notebooks import results

EXPERIMENTS = """
import numpy as np


def rates(progress):
    values = [np.random.default_rng(seed).normal() for seed in progress(range(3))]
    return {"seeds": list(range(3)), "data": {"mean": np.mean(values), "values": np.array(values)}}


def counted(progress):
    counted.calls += 1
    return {"seeds": [], "data": counted.calls}


counted.calls = 0
EXPERIMENTS = {"rates": rates, "counted": counted}
"""


@pytest.fixture
def package(tmp_path, monkeypatch, request):
    name = f"experiments_{abs(hash(request.node.name))}"
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").touch()
    (tmp_path / name / "ch09.py").write_text(EXPERIMENTS)
    monkeypatch.syspath_prepend(tmp_path)
    return name


def test_committed_results_are_complete(capsys):
    status = results.main([], ROOT / "notebooks" / "results", check=True)
    assert status == 0, capsys.readouterr().out


def test_computed_once_and_again_when_forced(package, tmp_path, capsys):
    folder = tmp_path / "notebooks" / "results"
    assert results.main(["9"], folder, check=True, package=package) == 1
    assert "09_rates: not computed" in capsys.readouterr().out
    assert results.main(["9"], folder, package=package) == 0
    values = results.load_results("09_rates", tmp_path / "notebooks")
    assert set(values) == {"seeds", "versions", "date", "data"}
    assert values["versions"]["numpy"] == np.__version__
    np.testing.assert_allclose(values["data"]["mean"], np.mean(values["data"]["values"]), rtol=1e-15)

    (folder / "09_rates.json").unlink()  # as after an interruption: only what is missing is computed
    assert results.main(["09"], folder, package=package) == 0
    assert results.load_results("09_counted", folder.parent)["data"] == 1
    assert results.main(["09"], folder, force=True, package=package) == 0
    assert results.load_results("09_counted", folder.parent)["data"] == 2
    assert results.main(["09"], folder, check=True, package=package) == 0


def test_check_finds_orphans_and_incomplete_files(package, tmp_path, capsys):
    folder = tmp_path / "results"
    assert results.main([], folder, package=package) == 0
    content = json.loads((folder / "09_rates.json").read_text())
    del content["seeds"]
    (folder / "09_rates.json").write_text(json.dumps(content))
    (folder / "09_gone.json").write_text("{}")
    (folder / "09_counted.json").write_text("{ half")
    capsys.readouterr()
    assert results.main([], folder, check=True, package=package) == 1
    said = capsys.readouterr().out
    assert "09_rates.json lacks seeds" in said
    assert "09_gone: no experiment makes it" in said
    assert "09_counted.json lacks any readable content" in said


@pytest.mark.parametrize("place", ["notebooks", "my_course", "build/workshop"])
def test_found_from_every_copy(tmp_path, place):
    folder = tmp_path / "notebooks" / "results"
    folder.mkdir(parents=True)
    content = {"seeds": [1], "versions": {}, "date": "2026-01-01", "data": [1.5]}
    (folder / "09_rates.json").write_text(json.dumps(content))
    here = tmp_path / place
    here.mkdir(parents=True, exist_ok=True)
    assert results.load_results("09_rates", here) == content


def test_workshop_copy_carries_its_results_elsewhere(tmp_path):
    (tmp_path / "stick" / "results").mkdir(parents=True)
    content = {"seeds": [1], "versions": {}, "date": "2026-01-01", "data": [1.5]}
    (tmp_path / "stick" / "results" / "09_rates.json").write_text(json.dumps(content))
    shutil.move(tmp_path / "stick", tmp_path / "elsewhere")
    assert results.load_results("09_rates", tmp_path / "elsewhere") == content


def test_missing_results_and_bad_names(tmp_path):
    with pytest.raises(FileNotFoundError, match="computed by: course results 97"):
        results.load_results("97_none", tmp_path)
    for name in ("rates", "../09_rates", "09_rates.json"):
        with pytest.raises(ValueError, match="must look like"):
            results.load_results(name, tmp_path)


@pytest.mark.parametrize(
    ("returned", "error"),
    [
        ({"data": 1}, ValueError),
        ({"seeds": [], "data": float("nan")}, ValueError),
        ({"seeds": [], "data": object()}, TypeError),
    ],
)
def test_bad_outcome_writes_nothing(tmp_path, returned, error):
    with pytest.raises(error):
        results._compute(lambda progress: returned, tmp_path / "09_bad.json")
    assert list(tmp_path.iterdir()) == []


def test_chapter_without_experiments(package, tmp_path):
    with pytest.raises(ValueError, match=r"Chapter 08 has no experiments\. Chapters that have: 09\."):
        results.main(["08"], tmp_path, package=package)
