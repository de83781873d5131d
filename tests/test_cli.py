"""The course command: what it imports, what it hands on, what it says when a part is missing."""

import json
import subprocess
import sys
import time
import types
from pathlib import Path

import pytest

from course_lib import chapters, cli

ROOT = Path(__file__).parents[1]
HEAVY = ("torch", "sklearn", "scipy", "matplotlib", "pandas", "IPython")
LIMIT = 0.3  # seconds for `import course_lib`


def fresh(code):
    """Run code in a new Python; its printed JSON."""
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return json.loads(answer.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    "action",
    ["import course_lib", "from course_lib import cli; cli.build_parser().format_help()"],
    ids=["import", "help"],
)
def test_neither_import_nor_help_loads_a_framework(action):
    loaded = fresh(f"{action}\nimport sys, json\nprint(json.dumps(sorted(sys.modules)))")
    assert "course_lib" in loaded
    assert not set(HEAVY) & set(loaded)


def test_import_is_quick():
    # The least of several runs: a busy machine makes a run slower, never faster.
    code = "import time; t = time.perf_counter(); import course_lib; print(time.perf_counter() - t)"
    assert min(fresh(code) for _ in range(5)) < LIMIT


def test_help_is_quick():
    def once():
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "course_lib.cli", "--help"], cwd=ROOT, capture_output=True, check=True
        )
        return time.perf_counter() - started

    assert min(once() for _ in range(5)) < 1.0  # a whole Python, started and ended


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert all(command in text for command in cli.COMMANDS)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("notebooks 02 03 --check", {"chapters": ["02", "03"], "check": True, "force": False}),
        ("notebooks --force", {"chapters": [], "check": False, "force": True}),
        ("run 02", {"chapters": ["02"], "output": None}),
        ("workshop --output there", {"chapters": [], "output": "there", "no_data": False}),
        ("results 09 --check", {"chapters": ["09"], "check": True, "force": False}),
        ("copies", {"output": None}),
        ("doctor --json", {"json": True}),
        ("progress", {}),
        ("data", {"names": [], "json": False}),
        ("data mnist prostate", {"names": ["mnist", "prostate"], "json": False}),
        ("readme --check", {"check": True}),
        ("timing 02", {"chapters": ["02"], "guide": False, "measure": False, "check": False}),
        ("site 02 --fetch", {"chapters": ["02"], "output": None, "fetch": True, "tests": None}),
    ],
)
def test_arguments_reach_the_implementation(monkeypatch, line, expected):
    seen = {}
    command = line.split()[0]
    module, function, _ = cli.COMMANDS[command]
    stand_in = types.SimpleNamespace(**{function: lambda args: seen.update(vars(args)) or 3})
    monkeypatch.setattr(cli.importlib, "import_module", lambda name: {module: stand_in}[name])
    assert cli.main(line.split()) == 3
    assert seen.pop("command") == command
    assert seen == expected


@pytest.mark.parametrize(
    ("missing", "said"),
    [("course_lib.notebooks.commands", "not part of this version"), ("jupytext", "start.py setup --dev")],
)
def test_a_missing_part_is_a_sentence(monkeypatch, capsys, missing, said):
    def import_module(name):
        raise ModuleNotFoundError(f"No module named {missing!r}", name=missing)

    monkeypatch.setattr(cli.importlib, "import_module", import_module)
    assert cli.main(["notebooks"]) == 1
    assert said in capsys.readouterr().err


def test_unknown_command_is_refused(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["regularise"])
    assert ended.value.code == 2
    assert "regularise" in capsys.readouterr().err


# ---------------------------------------------------------------- the chapter table

SOURCE = """---
course:
  number: 2
  minutes: 60
  question: What does L2 do?
  outcomes:
    - derive the solution
    - choose the strength
---

# Ridge
"""


def test_table_shows_what_the_front_matter_says(tmp_path):
    (tmp_path / "02_ridge.md").write_text(SOURCE, encoding="utf-8")
    table = chapters.table(tmp_path)
    row = next(line for line in table.splitlines() if line.startswith("| 02"))
    assert [cell.strip() for cell in row.split("|")[1:-1]] == [
        "02",
        "[Ridge](notebooks/02_ridge.ipynb)<br>What does L2 do?",
        "60",
        "· derive the solution<br>· choose the strength",
    ]
    planned = table.splitlines()[-1]
    assert "02 Ridge" not in planned
    assert "03 Lasso" in planned


def test_front_matter_without_minutes_is_named(tmp_path):
    (tmp_path / "02_ridge.md").write_text(SOURCE.replace("minutes", "hours"), encoding="utf-8")
    with pytest.raises(ValueError, match=r"02_ridge\.md.*course\.minutes"):
        chapters.table(tmp_path)


def test_readme_shows_the_present_chapters():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert chapters.updated(readme, ROOT / "notebooks" / "source") == readme, "run: python3 start.py readme"


def test_picture_has_the_alt_text_of_its_script():
    sys.path.insert(0, str(ROOT / "docs"))
    try:
        import picture
    finally:
        sys.path.pop(0)
    assert f"![{picture.ALT}](docs/picture.png)" in (ROOT / "README.md").read_text(encoding="utf-8")
    _, (_, ridge), (_, lasso) = picture.coefficient_paths(60)
    # What the alt text says: ridge has no zero, the lasso ends with all zeros, bmi and s5 last.
    assert (ridge != 0).all()
    assert (lasso[:, -1] == 0).all()
    last = (lasso != 0).cumsum(axis=1).argmax(axis=1)
    assert set(last.argsort()[-2:]) == {2, 8}
