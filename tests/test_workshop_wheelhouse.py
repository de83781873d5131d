"""Wheelhouses: the files a machine needs, checked against the lock, and a set-up without network."""

import argparse
import base64
import hashlib
import json
import os
import shutil
import sys
import zipfile
from pathlib import Path

import pytest
from places import ROOT
from test_environment import load_start

from course_lib.workshop import wheelhouse
from course_lib.workshop.wheelhouse import PLATFORMS, House, Target, needed

LOCK = (ROOT / "requirements" / "learn.txt").read_text(encoding="utf-8")
HERE = wheelhouse.this_machine()
PYTHON = "{}.{}".format(*sys.version_info[:2])


def wheel(folder, name, version, tag="py3-none-any"):
    """A wheel that holds one module; pip installs it like any other."""
    info = f"{name}-{version}.dist-info"
    inside = {
        f"{name}.py": f"version = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    record = []
    for path, text in inside.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record.append(f"{path},sha256={digest},{len(text.encode())}")
    inside[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,\n"])
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in inside.items():
            archive.writestr(zipfile.ZipInfo(file, (2020, 1, 1, 0, 0, 0)), text)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def lock_of(**hashes):
    return "".join(f"{name}==1.0 \\\n    --hash=sha256:{digest}\n" for name, digest in hashes.items())


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A package index of a few files; no other can be reached."""
    folder = tmp_path / "shop"
    hashes = {name: wheel(folder, name, "1.0") for name in ("alpha", "beta", "gamma")}
    wheel(folder, "torch", "2.13.0+cpu")
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("COURSE_TORCH_INDEX", "default")
    return folder, hashes


def fill(folder, lock, target):
    house = House(folder)
    house.folder.mkdir(exist_ok=True)
    problems = {}
    for _, _, found in wheelhouse.fill(house, target, lock, "torch==2.13.0"):
        problems = found
    return house, problems


# ---------------------------------------------------------------- what is needed where


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("python", wheelhouse.PYTHONS)
def test_each_machine_gets_its_own_packages(platform, python):
    packages = needed(LOCK, Target(platform, python))
    names = [package.pin.partition("==")[0] for package in packages]
    assert {"numpy", "jupyterlab", "hatchling"} <= set(names)
    assert ("pywinpty" in names) is platform.startswith("windows")
    assert ("appnope" in names) is platform.startswith("macos")
    assert ("pexpect" in names) is not platform.startswith("windows")
    assert all(digest.startswith("sha256:") for package in packages for digest in package.hashes)
    assert all(package.hashes for package in packages)
    twice = {name for name in names if names.count(name) > 1}
    assert twice == ({"soupsieve"} if python == "3.11" else set()), "one version for each patch release"


def test_the_version_of_pytorch_is_the_one_start_py_installs():
    assert wheelhouse.torch_pin(ROOT) == "torch==2.13.0"


# ---------------------------------------------------------------- filling a folder


def test_a_wheelhouse_holds_what_the_lock_names(shop, tmp_path):
    _, hashes = shop
    target = Target("linux-x86_64", "3.12")
    house, problems = fill(tmp_path / "house", lock_of(**hashes), target)
    assert problems == {}
    assert sorted(path.name for path in house.folder.iterdir()) == [
        "alpha-1.0-py3-none-any.whl", "beta-1.0-py3-none-any.whl", "gamma-1.0-py3-none-any.whl",
        "torch-2.13.0+cpu-py3-none-any.whl", "wheelhouse.json"]  # fmt: skip
    entry = json.loads((house.folder / "wheelhouse.json").read_text(encoding="utf-8"))["targets"][str(target)]
    assert entry["missing"] == []
    assert entry["files"]["alpha==1.0"]["sha256"] == hashes["alpha"]
    assert set(entry["files"]) == {"alpha==1.0", "beta==1.0", "gamma==1.0", "torch==2.13.0"}


def test_another_file_than_the_locks_is_refused_and_costs_nothing_else(shop, tmp_path):
    folder, hashes = shop
    (folder / "beta-1.0-py3-none-any.whl").write_bytes((folder / "alpha-1.0-py3-none-any.whl").read_bytes())
    lock = lock_of(**hashes, absent="0" * 64)
    house, problems = fill(tmp_path / "house", lock, Target("windows-x86_64", "3.13"))
    assert set(problems) == {"beta==1.0", "absent==1.0"}
    assert "HASHES" in problems["beta==1.0"].upper()
    assert "No matching distribution found for absent==1.0" in problems["absent==1.0"]
    assert house.targets["windows-x86_64/3.13"]["missing"] == ["absent==1.0", "beta==1.0"]
    assert house.has(Target("windows-x86_64", "3.13"), "gamma==1.0")


def test_a_second_call_fetches_only_what_is_missing(shop, tmp_path, monkeypatch):
    _, hashes = shop
    target = Target("linux-x86_64", "3.12")
    fill(tmp_path / "house", lock_of(**hashes), target)
    (tmp_path / "house" / "beta-1.0-py3-none-any.whl").write_bytes(b"cut short")
    asked = []
    real = wheelhouse._download
    monkeypatch.setattr(
        wheelhouse,
        "_download",
        lambda house, target, group: asked.extend(group) or real(house, target, group),
    )
    house, problems = fill(tmp_path / "house", lock_of(**hashes), target)
    assert [package.pin for package in asked] == ["beta==1.0"]
    assert problems == {}
    assert house.has(target, "beta==1.0")
    assert (tmp_path / "house" / "beta-1.0-py3-none-any.whl").stat().st_size > 100


def test_linux_never_gets_the_cuda_build(shop, tmp_path):
    folder, hashes = shop
    (folder / "torch-2.13.0+cpu-py3-none-any.whl").unlink()
    wheel(folder, "torch", "2.13.0")
    _, problems = fill(tmp_path / "linux", lock_of(**hashes), Target("linux-x86_64", "3.12"))
    assert "torch==2.13.0+cpu" in problems["torch==2.13.0"]
    _, problems = fill(tmp_path / "windows", lock_of(**hashes), Target("windows-x86_64", "3.12"))
    assert problems == {}, "elsewhere the default index has no CUDA"


def test_the_command_says_what_it_cannot_do(tmp_path, capsys):
    def call(**options):
        return wheelhouse.main(
            argparse.Namespace(
                folder=tmp_path / "x", **{"platform": "linux-x86_64", "python": "3.12"} | options
            )
        )

    assert call(platform="amiga") == 2
    assert call(python="3.9") == 2
    said = capsys.readouterr().err
    assert "linux-x86_64, macos-arm64, windows-x86_64" in said
    assert "amiga" in said
    assert not (tmp_path / "x").exists()


def test_what_is_missing_is_named_and_the_status_says_so(shop, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(wheelhouse, "needed", lambda lock, target: needed(lock_of(absent="0" * 64), target))
    arguments = argparse.Namespace(folder=tmp_path / "x", platform="macos-arm64", python="3.12")
    assert wheelhouse.main(arguments) == 1
    printed = capsys.readouterr()
    assert "absent==1.0 could not be had" in printed.err
    assert "goes on from here" in printed.err
    assert "Complete" not in printed.out


# ---------------------------------------------------------------- installing from it


@pytest.fixture
def start(tmp_path, monkeypatch):
    """start.py as a module, at home in an empty folder."""
    module = load_start()
    home = tmp_path / "home"
    (home / "requirements").mkdir(parents=True)
    shutil.copy(ROOT / "pyproject.toml", home)
    for name, value in {"ROOT": home, "VENV": home / ".venv", "STAMP": home / ".venv" / "course-stamp.json",
                        "LOG": home / ".venv" / "start.log"}.items():  # fmt: skip
        monkeypatch.setattr(module, name, str(value))
    monkeypatch.delenv("COURSE_WHEELHOUSE", raising=False)
    monkeypatch.setattr(module, "answers", lambda address: pytest.fail("asked the network"))
    return module


def make(folder, *targets, missing=()):
    folder.mkdir(parents=True)
    content = {"targets": {name: {"files": {}, "missing": list(missing)} for name in targets}}
    (folder / "wheelhouse.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


def test_both_sides_name_this_machine_alike(start):
    assert not HERE or start.machine_name() == f"{HERE}/{PYTHON}"


def test_a_wheelhouse_beside_start_py_is_used_by_itself(start):
    assert start.wheelhouse() is None
    folder = make(Path(start.ROOT, "wheelhouse"), "amiga/1.0", start.machine_name())
    assert start.wheelhouse() == str(folder)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"targets": 3}', '{"targets": {"a": {}}}'])
def test_one_that_does_not_fit_is_passed_over_or_stops(start, monkeypatch, capsys, content):
    folder = Path(start.ROOT, "wheelhouse")
    folder.mkdir()
    (folder / "wheelhouse.json").write_text(content, encoding="utf-8")
    assert start.wheelhouse() is None
    assert "passed over" in capsys.readouterr().out
    monkeypatch.setenv("COURSE_WHEELHOUSE", str(folder))
    with pytest.raises(start.Stop, match=r"wheelhouse\.json is missing or not complete"):
        start.wheelhouse()


def test_one_that_is_not_complete_does_not_count(start, monkeypatch):
    folder = make(Path(start.ROOT, "stick"), start.machine_name(), missing=["numpy==2.4.6"])
    monkeypatch.setenv("COURSE_WHEELHOUSE", str(folder))
    with pytest.raises(start.Stop):
        start.wheelhouse()


def test_one_for_another_machine_is_named(start, monkeypatch):
    monkeypatch.setenv("COURSE_WHEELHOUSE", str(make(Path(start.ROOT, "stick"), "amiga/1.0")))
    with pytest.raises(start.Stop, match=r"are for amiga/1\.0; this machine is") as stopped:
        start.wheelhouse()
    assert "--wheelhouse" in stopped.value.way_out


def test_setup_takes_the_folder(start, monkeypatch):
    monkeypatch.setattr(start, "set_up", lambda edition: None)
    monkeypatch.setenv("COURSE_WHEELHOUSE", "")  # so that it is taken away again
    assert start.main(["setup", "--wheelhouse", "stick"]) == 0
    assert os.environ["COURSE_WHEELHOUSE"] == os.path.abspath("stick")


def test_the_tools_of_a_maintainer_do_not_come_from_a_wheelhouse(start, monkeypatch):
    make(Path(start.ROOT, "wheelhouse"), start.machine_name())
    commands = []
    monkeypatch.setattr(start, "step", lambda title, command, attempt=False: commands.append(command) or True)
    monkeypatch.setattr(start, "make_venv", lambda: "3.12")
    monkeypatch.setattr(start, "answers", lambda address: False)
    monkeypatch.setattr(start, "quiet_jupyter", lambda: None)
    monkeypatch.setattr(start, "write_stamp", lambda edition, version: None)
    start.install("dev")
    (lock,) = [command for command in commands if "--require-hashes" in command]
    assert "--no-index" not in lock
    commands.clear()
    start.install("learn")
    (lock,) = [command for command in commands if "--require-hashes" in command]
    assert "--no-index" in lock


@pytest.mark.slow
@pytest.mark.skipif(not HERE, reason="the course is not locked for this machine")
def test_the_real_thing_without_a_network(start, shop, tmp_path, monkeypatch):
    """A folder filled by ``course wheelhouse`` becomes an environment; every index is out of reach."""
    folder, hashes = shop
    lock = lock_of(**hashes)
    house, problems = fill(tmp_path / "home" / "wheelhouse", lock, Target(HERE, PYTHON))
    assert problems == {}
    shutil.rmtree(folder)
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    Path(start.lock_of("learn")).write_text(lock, encoding="utf-8")
    real = start.step
    monkeypatch.setattr(start, "step", lambda title, command, attempt=False: (
        title in ("The course", "Fonts") or real(title, command, attempt)))  # fmt: skip
    monkeypatch.setattr(start, "quiet_jupyter", lambda: None)
    start.install("learn")
    assert start.is_ready("learn")
    assert {"alpha-1.0.dist-info", "torch-2.13.0+cpu.dist-info"} <= start.installed()
    assert house.folder.samefile(start.wheelhouse())
