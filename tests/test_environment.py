"""start.py, pyproject.toml, environment.yml, the locks, the Makefile and the workflows say the same."""

import importlib.util
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from course_lib import doctor

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def load_start():
    spec = importlib.util.spec_from_file_location("start", ROOT / "start.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


START = load_start()


def text(name):
    return (ROOT / "requirements" / name).read_text(encoding="utf-8")


def requirements(name):
    """The requirements of a file in requirements/, as a list; options and comments left out."""
    lines = (line.split(" #")[0].rstrip("\\ ") for line in text(name).splitlines())
    return [Requirement(line) for line in lines if re.match(r"[A-Za-z0-9]", line)]


def locked(name):
    """{package: [requirement, ...]}; a package has several when versions differ by marker."""
    found = {}
    for requirement in requirements(name):
        found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


# ---------------------------------------------------------------- the locks


@pytest.mark.parametrize("name", ["learn.txt", "dev.txt"])
def test_every_locked_package_has_one_version_and_hashes(name):
    blocks = re.split(r"\n(?=\S)", text(name).strip())
    assert len(blocks) == len(requirements(name))
    for block in blocks:
        assert re.match(r"[\w.-]+==[\w.]+( ;.*)? \\\n    --hash=sha256:[0-9a-f]{64}", block), block[:80]


@pytest.mark.parametrize("name", ["learn.txt", "dev.txt", "learn.in", "dev.in"])
def test_locks_hold_no_address_and_no_path(name):
    assert not re.search(r"://|--(extra-)?index-url|--find-links| @ |file:", text(name))


@pytest.mark.parametrize("name", ["learn.txt", "dev.txt"])
def test_locks_hold_no_torch_and_no_cuda(name):
    assert not [package for package in locked(name) if re.match(r"torch$|nvidia|triton|cuda", package)]


@pytest.mark.parametrize("name", ["learn.txt", "dev.txt"])
@pytest.mark.parametrize("python", ["3.11.0", "3.11.9", "3.12.4", "3.13.1"])
@pytest.mark.parametrize(
    ("system", "platform", "os_name"),
    [("Linux", "linux", "posix"), ("Darwin", "darwin", "posix"), ("Windows", "win32", "nt")],
)
def test_each_system_and_python_gets_one_version_of_a_package(name, python, system, platform, os_name):
    machine = {
        "python_full_version": python,
        "python_version": python.rsplit(".", 1)[0],
        "platform_system": system,
        "sys_platform": platform,
        "os_name": os_name,
    }
    chosen = {
        package: [r for r in versions if r.marker is None or r.marker.evaluate(machine)]
        for package, versions in locked(name).items()
    }
    assert not [package for package, versions in chosen.items() if len(versions) > 1]
    # Each system's own part of Jupyter is there, and only there.
    assert bool(chosen["appnope"]) is (system == "Darwin")
    assert bool(chosen["pywinpty"]) is (system == "Windows")
    assert bool(chosen["pexpect"]) is (system != "Windows")


def test_development_is_a_superset_of_learning():
    learn, dev = locked("learn.txt"), locked("dev.txt")
    assert set(learn) < set(dev)
    assert all(
        list(map(str, versions)) == list(map(str, dev[package])) for package, versions in learn.items()
    )


@pytest.mark.parametrize("name", ["learn", "dev"])
def test_locks_are_those_of_their_inputs(name):
    lock = locked(name + ".txt")
    for wanted in requirements(name + ".in"):
        versions = [str(requirement.specifier)[2:] for requirement in lock[canonicalize_name(wanted.name)]]
        assert all(wanted.specifier.contains(version) for version in versions), wanted


# ---------------------------------------------------------------- the project


def satisfied(wanted, lock):
    versions = lock.get(canonicalize_name(wanted.name), [])
    return bool(versions) and all(wanted.specifier.contains(str(r.specifier)[2:]) for r in versions)


@pytest.mark.parametrize("wanted", PROJECT["project"]["dependencies"])
def test_learn_lock_satisfies_the_project(wanted):
    requirement = Requirement(wanted)
    if requirement.name == "torch":
        assert requirement.specifier.contains(START.TORCH)
    else:
        assert satisfied(requirement, locked("learn.txt"))


@pytest.mark.parametrize("wanted", PROJECT["project"]["optional-dependencies"]["test"])
def test_dev_lock_satisfies_the_test_extra(wanted):
    assert satisfied(Requirement(wanted), locked("dev.txt"))


def test_lock_holds_the_build_backend():
    assert all(
        satisfied(Requirement(wanted), locked("learn.txt")) for wanted in PROJECT["build-system"]["requires"]
    )


def test_lock_holds_what_torch_requires():
    assert metadata.version("torch").split("+")[0] == START.TORCH
    for line in metadata.requires("torch") or []:
        requirement = Requirement(line)
        applies = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if applies and not re.match(r"nvidia|triton|cuda", requirement.name):
            assert satisfied(requirement, locked("learn.txt")), line
            assert canonicalize_name(requirement.name) in {
                canonicalize_name(r.name) for r in requirements("learn.in")
            }


def test_the_extras_are_there():
    assert {"test", "bench", "site", "pdf"} <= set(PROJECT["project"]["optional-dependencies"])
    assert PROJECT["project"]["scripts"] == {"course": "course_lib.cli:main"}


def test_pythons_agree():
    supported = [(3, minor) for minor in range(START.OLDEST[1], START.NEWEST[1] + 1)]
    bounds = SpecifierSet(PROJECT["project"]["requires-python"])
    for minor in range(8, 20):
        assert bounds.contains(f"3.{minor}.2") is ((3, minor) in supported)
    assert (doctor.OLDEST, doctor.NEWEST) == (START.OLDEST, START.NEWEST)
    jobs = yaml.safe_load((ROOT / ".github/workflows/tests.yml").read_text(encoding="utf-8"))["jobs"]
    assert jobs["execute"]["strategy"]["matrix"]["python"] == [f"3.{minor}" for _, minor in supported]
    assert len(jobs["execute"]["strategy"]["matrix"]["os"]) == 3


def test_conda_environment_is_thin_and_the_same():
    source = (ROOT / "environment.yml").read_text(encoding="utf-8")
    environment = yaml.safe_load(source)
    python, pip, from_pip = environment["dependencies"]
    assert python.split() == ["python", PROJECT["project"]["requires-python"]]
    assert pip == "pip"
    # Nothing beside the lock: pip refuses a package without a hash in a list that has hashes.
    assert from_pip == {"pip": ["-r requirements/learn.txt"]}
    assert re.findall(r"torch==(\S+)", source) == [START.TORCH]


def test_a_built_package_holds_lock_and_data(tmp_path):
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"course_lib/cli.py", "course_lib/learn.txt"} <= names
    assert any(name.startswith("course_lib/data/") for name in names)
    assert not any(name.startswith(("tests/", "notebooks/")) for name in names)
    data = {path.name for path in (ROOT / "data").iterdir() if path.is_file()}
    assert data <= {Path(name).name for name in names}


# ---------------------------------------------------------------- what calls start.py


def called(text):
    """The commands of start.py that a file calls."""
    return re.findall(r"start\.py ([a-z][a-z-]*)", text)


def test_makefile_is_a_list_of_the_same_commands():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (names,) = re.findall(r"^COMMANDS = (.*)$", makefile, re.MULTILINE)
    assert set(names.split()) == set(START.EDITIONS)
    recipes = [line for line in makefile.splitlines() if line.startswith("\t")]
    assert len(recipes) == 2
    assert all("start.py" in recipe for recipe in recipes)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_call_what_exists(path):
    source = path.read_text(encoding="utf-8")
    workflow = yaml.safe_load(source)
    assert True in workflow, "YAML reads the key 'on' as true"
    runs = [step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step]
    assert runs
    assert set(called("\n".join(runs))) <= set(START.EDITIONS)
    for script in re.findall(r"\.ci/\w+", source):
        assert (ROOT / script).is_file()
    assert all("timeout-minutes" in job for job in workflow["jobs"].values())


def test_workflows_are_the_five_kinds():
    workflows = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in WORKFLOWS}
    assert set(workflows["tests"]["jobs"]) == {"strict", "execute"}
    assert "schedule" in workflows["newest"][True]
    assert workflows["pages"]["jobs"]["deploy"]["needs"] == "build"
    assert workflows["pages"]["permissions"]["pages"] == "write"
    assert list(workflows["gpu"][True]) == ["workflow_dispatch"]


def test_continuous_integration_ends_in_the_same_command():
    script = ROOT / ".ci" / "run"
    lines = script.read_text(encoding="utf-8").strip().splitlines()
    assert lines[0] == "#!/usr/bin/env bash"
    assert lines[-1] == "exec python3 start.py test"
    assert os.name == "nt" or os.access(script, os.X_OK)


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "environment.yml", "docs/workshop.md"])
def test_documents_call_what_exists(name):
    document = (ROOT / name).read_text(encoding="utf-8")
    assert set(called(document)) <= set(START.EDITIONS)
    for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", document):
        assert (ROOT / name).parent.joinpath(link).exists(), link


def test_licences():
    assert PROJECT["project"]["license-files"] == ["LICENSE", "LICENSE-text"]
    assert "MIT License" in (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "creativecommons.org/licenses/by/4.0" in (ROOT / "LICENSE-text").read_text(encoding="utf-8")
