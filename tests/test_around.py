"""What stands around the course: devcontainer, Binder, issue forms, the citation file."""

import json
import os
import re
import subprocess

import pytest
import yaml
from places import ROOT
from test_environment import START, called

FORMS = sorted(path for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml") if path.stem != "config")
TYPES = {"markdown", "textarea", "input", "dropdown", "checkboxes"}


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_issue_forms_are_what_github_accepts(path):
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert {"name", "description", "body"} <= set(form) <= {"name", "description", "body", "labels", "title"}
    ids = [element["id"] for element in form["body"] if "id" in element]
    assert len(ids) == len(set(ids))
    for element in form["body"]:
        assert element["type"] in TYPES
        assert set(element) <= {"type", "id", "attributes", "validations"}
        if element["type"] == "markdown":
            assert element["attributes"]["value"]
            continue
        assert re.fullmatch(r"[\w-]+", element["id"])
        assert element["attributes"]["label"]
        if element["type"] == "dropdown":
            options = element["attributes"]["options"]
            assert all(isinstance(option, str) for option in options), "YAML reads a bare yes as true"
            assert len(options) == len(set(options)) > 1
    assert any(element.get("validations", {}).get("required") for element in form["body"])


def test_the_three_kinds_of_issue():
    forms = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in FORMS}
    assert set(forms) == {"setup", "chapter", "verdict"}
    required = {
        name: {element["id"] for element in form["body"] if element.get("validations", {}).get("required")}
        for name, form in forms.items()
    }
    assert "doctor" in required["setup"]
    assert {"exercise", "answer", "report"} <= required["verdict"]
    assert {"where", "wrong"} <= required["chapter"]
    assert yaml.safe_load(read(".github/ISSUE_TEMPLATE/config.yml")) == {"blank_issues_enabled": True}


@pytest.mark.parametrize(
    "name",
    [*(str(path.relative_to(ROOT)) for path in FORMS), ".github/PULL_REQUEST_TEMPLATE.md",
     ".devcontainer/devcontainer.json", "docs/Containerfile"],
)  # fmt: skip
def test_they_call_what_exists(name):
    assert set(called(read(name))) <= set(START.EDITIONS)


def test_the_citation_has_what_the_format_requires():
    citation = yaml.safe_load(read("CITATION.cff"))
    assert citation["cff-version"] == "1.2.0"
    assert {"message", "title", "authors"} <= set(citation)
    (author,) = citation["authors"]
    assert set(author) == {"name"}, "an entity, and no invented person"
    project = re.search(r'^version = "(.+)"$', read("pyproject.toml"), re.MULTILINE)
    assert str(citation["version"]) == project[1]
    assert citation["license"] == ["MIT", "CC-BY-4.0"]


def test_the_devcontainer_is_plain_json_and_uses_the_front_door():
    container = json.loads(read(".devcontainer/devcontainer.json"))
    assert container["postCreateCommand"].startswith("python3 start.py setup")
    version = tuple(map(int, container["image"].rpartition(":")[2].split(".")))
    assert START.OLDEST <= version <= START.NEWEST


def test_binder_installs_what_start_py_installs():
    script = ROOT / ".binder" / "postBuild"
    text = script.read_text(encoding="utf-8")
    assert text.startswith("#!/usr/bin/env bash\n")
    assert "set -euo pipefail" in text
    assert re.findall(r"torch==(\S+)", text) == [START.TORCH]
    assert START.TORCH_CPU_INDEX in text
    assert "--require-hashes -r requirements/learn.txt" in text
    version = tuple(map(int, re.fullmatch(r"python-(\d+)\.(\d+)\n", read(".binder/runtime.txt")).groups()))
    assert START.OLDEST <= version <= START.NEWEST
    if os.name != "nt":
        assert os.access(script, os.X_OK)
        subprocess.run(["bash", "-n", str(script)], check=True)


def test_the_image_for_grading_copies_what_exists():
    text = read("docs/Containerfile")
    copied = [name for line in re.findall(r"^COPY (.*)$", text, re.MULTILINE) for name in line.split()[:-1]]
    assert {"start.py", "README.md", "requirements", "course_lib", "notebooks", "data"} <= set(copied)
    assert not [name for name in copied if not (ROOT / name).exists()]
    version = tuple(map(int, re.search(r"python:(\d+)\.(\d+)-", text).groups()))
    assert START.OLDEST <= version <= START.NEWEST
