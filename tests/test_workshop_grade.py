"""``course grade``: whatever a learner hands in, it costs that learner's rows a reason and nothing else."""

import argparse
import copy
import csv
import io
import json
import os
import sys
import time
from pathlib import Path

import pytest
from places import ROOT

from course_lib import cli
from course_lib.notebooks import editions, grammar, source
from course_lib.workshop import grade, limits, submissions, summary
from course_lib.workshop.limits import Limits
from course_lib.workshop.submissions import Question, Submission

IMPORTS = "import numpy as np\nfrom course_lib.exercises import check"
RIGHT = "def ridge_gradient(X, y, w, lam):\n    return -X.T @ (y - X @ w) / len(y) + lam * w"
DOUBLED = RIGHT.replace("+ lam * w", "+ 2 * lam * w")
CHECK = 'check("ridge.gradient", ridge_gradient)'
CHECK_OTHER = 'check("ridge.gradient", other)'
CHOICE = 'check("ridge.standardise_leak", "{}")'
ASKED = {2: [Question("ridge.gradient", "ridge_gradient"), Question("ridge.alpha", "..."),
             Question("ridge.standardise_leak", "...")]}  # fmt: skip
SMALL = Limits(seconds=60, cpu_seconds=30, megabytes=700, cell_seconds=2)

#: learner -> the code cells of their 02_ridge.ipynb
CELLS = {
    "right": [IMPORTS, RIGHT, CHECK, 'check("ridge.alpha", 300 * 0.05)', CHOICE.format("b")],
    "untouched": [IMPORTS, "def ridge_gradient(X, y, w, lam):\n    ...", CHECK, 'check("ridge.alpha", ...)'],
    "doubled": [IMPORTS, DOUBLED, CHECK, CHOICE.format("a")],
    "says_passed": [DOUBLED, 'def check(*args):\n    print("✓ passed")', CHECK, CHOICE.format("b")],
    "patches": [
        IMPORTS,
        "import builtins, course_lib.exercises as c, course_lib.exercises.engine as e\n"
        "e.judge = e._verdict = c.judge = lambda item, *a, **k: e.CheckReport.of(item).succeeded()\n"
        "e._right = e.close = np.allclose = np.isclose = np.array_equal = lambda *a, **k: True\n"
        "builtins.all = lambda *a: True\nc.check = c.judge",
        DOUBLED,
        CHECK,
    ],
    "forges": [
        IMPORTS,
        DOUBLED,
        CHECK,
        "import json, os\nfor fd in range(64):\n    for mark in ('', '0' * 32 + ' '):\n        try:\n"
        "            os.write(fd, (mark + json.dumps(dict(id='ridge.gradient', attempted=True, passed=True))"
        " + '\\n').encode())\n        except OSError:\n            pass",
    ],
    "knows_seed_0": [
        IMPORTS,
        "from course_lib.exercises.catalogue import find\nitem = find('ridge.gradient')\n"
        "known = [(c.args, item.reference(*c.args)) for c in item.cases(np.random.default_rng(0))]\n"
        "def ridge_gradient(X, y, w, lam):\n    for args, g in known:\n"
        "        if np.array_equal(args[2], w) and np.array_equal(args[0], X):\n            return g.copy()\n"
        "    return 0 * np.asarray(w)",
        CHECK,
    ],
    "takes_the_reference": [
        IMPORTS,
        "from course_lib.exercises.ridge import gradient as other",
        CHECK_OTHER,
    ],
    "exits": [IMPORTS, RIGHT, CHECK, "import os\nos._exit(0)", CHOICE.format("b")],
    "leaves_politely": [IMPORTS, "exit()", "import sys\nsys.exit()", "quit()", RIGHT, CHECK],
    "syntax_error": [IMPORTS, "def ridge_gradient(X, y, w, lam:\n    return 1", CHECK, CHOICE.format("b")],
    "raises": [IMPORTS, "1 / 0", RIGHT, CHECK, "raise BaseException('no')", CHOICE.format("b")],
    "never_ends_a_cell": [IMPORTS, "while True:\n    pass", RIGHT, CHECK],
    "never_answers": [
        IMPORTS,
        RIGHT.replace("return", "while True: pass\n    return"),
        CHECK,
        CHOICE.format("b"),
    ],
    "answers_never_and_catches_all": [
        IMPORTS,
        "def ridge_gradient(X, y, w, lam):\n    while True:\n        try:\n            sum(range(10**5))\n"
        "        except:\n            pass",
        CHECK,
        CHOICE.format("b"),
    ],
    "eats_memory": [IMPORTS, "everything = np.ones(10**9)", RIGHT, CHECK],
    "prints_500_MB": [IMPORTS, "for _ in range(500):\n    print('x' * 10**6)", RIGHT, CHECK],
    "writes_a_huge_file": [
        IMPORTS,
        "with open('big', 'wb') as file:\n    for _ in range(300):\n        file.write(bytes(10**6))",
        RIGHT,
        CHECK,
    ],
    "deletes_its_folder": [
        "import os, shutil\nopen('own', 'w').write('x')\nos.remove('own')\nshutil.rmtree(os.getcwd())",
        IMPORTS,
        RIGHT,
        CHECK,
    ],
    "checks_before_it_defines": [IMPORTS, CHECK, RIGHT],
    "deleted_the_check_cell": [IMPORTS, RIGHT],
    "no_cells": [],
}

#: learner -> what the file holds instead of a notebook
FILES = {
    "broken_json": b'{"cells": [{"cell_type": "code", "sou',
    "empty_file": b"",
    "a_list": b"[]",
    "nested": b"[" * 200_000,
    "not_text": b"\x00\xff\xfe" * 100,
    "odd_cells": b'{"cells": [1, {"cell_type": "code"}], "metadata": []}',
}


def notebook(cells, *, tags=None, metadata=None):
    code = [{"cell_type": "code", "metadata": {"tags": (tags or {}).get(i, [])}, "source": source}
            for i, source in enumerate(cells)]  # fmt: skip
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata or {}, "cells": code})


def graded(path, bounds=SMALL, **settings):
    """{exercise: row} of one file."""
    submission = Submission("anna", path, settings.pop("chapter", 2))
    rows = grade.grade(submission, ASKED, seed=settings.pop("seed", 5), bounds=bounds, **settings)
    return {row["exercise"]: row for row in rows}


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory):
    folder = tmp_path_factory.mktemp("class")
    for learner, cells in CELLS.items():
        (folder / learner).mkdir()
        (folder / learner / "02_ridge.ipynb").write_text(notebook(cells), encoding="utf-8")
    for learner, content in FILES.items():
        (folder / f"{learner}_02_ridge.ipynb").write_bytes(content)
    with (folder / "huge_file_02_ridge.ipynb").open("wb") as file:
        file.truncate(60_000_000)  # sixty megabytes that take no room on the disk
    (folder / "nothing").mkdir()
    return folder


@pytest.fixture(scope="module")
def rows(handed_in):
    """Everybody's rows, {learner: {exercise: row}}, from one run of the whole class."""
    ledger = grade.Ledger(handed_in / grade.LEDGER)
    ledger.seed = 11
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(submissions, "questions", lambda folder: ASKED)
        found = grade._grade_all(submissions.find(handed_in), handed_in, ledger, SMALL, 2)
    by_learner = {}
    for row in found:
        by_learner.setdefault(row["learner"], {})[row["exercise"]] = row
    return by_learner


GRADIENT, CHOSEN = "ridge.gradient", "ridge.standardise_leak"


def passed(rows, learner):
    return {exercise for exercise, row in rows[learner].items() if row["passed"]}


def test_right_answers_pass(rows):
    assert passed(rows, "right") == {GRADIENT, "ridge.alpha", CHOSEN}
    assert not any(row["cause"] or row["error"] for row in rows["right"].values())


def test_untouched_stubs_are_not_attempted(rows):
    assert not any(row["attempted"] or row["passed"] or row["cause"] for row in rows["untouched"].values())


def test_a_misconception_is_named(rows):
    row = rows["doubled"][GRADIENT]
    assert (row["attempted"], row["passed"], row["cause"]) == (True, False, "penalty_doubled")
    assert "2λw" in row["error"]
    assert rows["doubled"][CHOSEN]["cause"]
    assert not rows["doubled"]["ridge.alpha"]["attempted"]


@pytest.mark.parametrize("learner", ["says_passed", "patches", "forges", "knows_seed_0"])
def test_nothing_the_notebook_says_is_believed(rows, learner):
    assert not rows[learner][GRADIENT]["passed"]
    assert rows[learner][GRADIENT]["attempted"]


def test_its_own_check_takes_no_other_answer_away(rows):
    assert passed(rows, "says_passed") == {CHOSEN}
    assert rows["says_passed"][GRADIENT]["cause"] == "penalty_doubled"


def test_the_courses_own_reference_is_no_answer(rows):
    row = rows["takes_the_reference"][GRADIENT]
    assert (row["passed"], row["cause"]) == (False, "taken")
    assert "course_lib.exercises.ridge" in row["error"]
    assert "from course_lib.exercises import ridge" not in row["note"]
    assert "course_lib.exercises.ridge" in row["note"]
    assert "course_lib.exercises.catalogue" in rows["knows_seed_0"][GRADIENT]["note"]
    assert not rows["right"][GRADIENT]["note"]


def test_a_notebook_that_ends_its_process_keeps_what_came_before(rows):
    assert passed(rows, "exits") == {GRADIENT}
    lost = rows["exits"][CHOSEN]
    assert lost["cause"] == "not reached"
    assert lost["error"] == "the notebook ended its process with exit status 0 in code cell 4"


def test_a_cell_that_fails_names_itself_and_stops_no_other(rows):
    row = rows["syntax_error"][GRADIENT]
    assert (row["attempted"], row["passed"], row["cause"]) == (True, False, "error")
    assert row["error"].startswith("code cell 2, which should define ridge_gradient, ended in SyntaxError")
    assert passed(rows, "syntax_error") == {CHOSEN}
    assert passed(rows, "raises") == {GRADIENT, CHOSEN}
    assert passed(rows, "leaves_politely") == {GRADIENT}


@pytest.mark.skipif(os.name == "nt", reason="Windows bounds the whole notebook only")
@pytest.mark.parametrize(
    "learner",
    ["never_ends_a_cell", "eats_memory", "prints_500_MB", "writes_a_huge_file", "deletes_its_folder"],
)
def test_a_greedy_cell_costs_itself_alone(rows, learner):
    assert passed(rows, learner) == {GRADIENT}


@pytest.mark.parametrize("learner", ["never_answers", "answers_never_and_catches_all"])
def test_an_answer_that_never_comes_costs_itself_and_names_the_case(rows, learner):
    row = rows[learner][GRADIENT]
    assert (row["attempted"], row["passed"], row["cause"]) == (True, False, "too slow")
    assert row["error"].startswith('Your function had not returned after 1 s on the case "')
    assert passed(rows, learner) == {CHOSEN}


@pytest.mark.parametrize("learner", ["checks_before_it_defines", "deleted_the_check_cell"])
def test_an_answer_counts_wherever_its_check_is(rows, learner):
    assert passed(rows, learner) == {GRADIENT}


@pytest.mark.parametrize(
    ("learner", "reason"),
    [
        ("broken_json", "the file is no notebook: JSONDecodeError"),
        ("empty_file", "the file is empty"),
        ("a_list", "no list of cells"),
        ("nested", "the file is no notebook: RecursionError"),
        ("not_text", "the file is no notebook: JSONDecodeError"),
        ("odd_cells", "no list of cells"),
        ("huge_file", "the file has 60 MB, the limit is 50 MB"),
    ],
)
def test_a_file_that_is_no_notebook_has_a_reason(rows, learner, reason):
    assert len(rows[learner]) == len(ASKED[2])
    for row in rows[learner].values():
        assert (row["attempted"], row["passed"], row["cause"]) == (False, False, "not reached")
        assert reason in row["error"]


def test_a_learner_without_a_file_and_a_file_without_cells(rows):
    assert rows["nothing"][""]["error"] == "no notebook was handed in"
    assert all(row["note"] == "it has no code cells" for row in rows["no_cells"].values())
    assert not any(row["attempted"] for row in rows["no_cells"].values())


def test_summary_of_the_class(rows):
    text = summary.markdown([row for by_id in rows.values() for row in by_id.values()], 11)
    assert "drawn with seed 11" in text
    assert "not in a sandbox" in text
    assert "Your penalty term is 2λw" in text.partition("## Misconceptions")[2]
    problems = text.partition("## Files with a problem")[2]
    assert "- exits 02_ridge.ipynb: the notebook ended its process" in problems
    assert "- broken_json broken_json_02_ridge.ipynb: the file is no notebook" in problems
    assert "| right | 3 of 3 |" in text
    assert "| exits | 1 of 3 |" in text


@pytest.mark.slow
@pytest.mark.parametrize(
    "path", sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb")), ids=lambda path: path.stem
)
def test_whole_chapters(path, tmp_path):
    """Handed in with the solutions' code as answers, every exercise passes; untouched, none is attempted."""
    asked = submissions.questions(ROOT / "notebooks")
    chapter = source.load(path)
    edition = editions.workshop(chapter)
    target = tmp_path / path.name
    answered = copy.deepcopy(edition)
    answered.cells += [cell for cell in chapter.cells if "solution" in grammar.tags(cell)]
    for cell in answered.cells:
        cell.metadata = {}
    for handed_in, verdict in ((edition, False), (answered, True)):
        source.write(handed_in, target)
        rows = grade.grade(Submission("anna", target, int(path.name[:2])), asked, seed=3, bounds=Limits())
        assert rows
        assert {(row["attempted"], row["passed"]) for row in rows} == {(verdict, verdict)}, rows


# ---------------------------------------------------------------- limits, each alone


def run(code, tmp_path, bounds):
    lines = []
    ending = limits.run([sys.executable, "-c", code], limits=bounds, cwd=tmp_path, env=dict(os.environ),
                        text="", on_line=lines.append)  # fmt: skip
    return ending, lines


def test_the_clock(tmp_path):
    ending, lines = run("import time; print(1, flush=True); time.sleep(600)", tmp_path, Limits(seconds=3))
    assert (ending.limit, lines) == ("seconds", [b"1\n"])


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_memory_is_watched_from_outside(tmp_path):
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', {!r}])"
    child = "x = bytearray(b'1') * 200_000_000; import time; time.sleep(600)"
    ending, _ = run(code.format(child), tmp_path, Limits(seconds=60, megabytes=150))
    assert ending.limit == "megabytes"
    assert ending.seconds < 55


@pytest.mark.skipif(os.name == "nt", reason="process groups")
def test_what_it_started_ends_with_it(tmp_path):
    code = (
        "import subprocess, sys; command = [sys.executable, '-c', 'import time; time.sleep(600)']; "
        "print(subprocess.Popen(command).pid, flush=True)"
    )
    ending, lines = run(code, tmp_path, Limits(seconds=60))
    assert (ending.status, ending.limit) == (0, "")
    for _ in range(100):
        try:
            os.kill(int(lines[0]), 0)
            stat = Path("/proc", lines[0].decode().strip(), "stat")
            if stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z":
                return  # ended; nobody has asked for its status
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("the grandchild is still there")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit on processor time")
def test_a_notebook_that_ignores_the_alarm(tmp_path):
    endless = "import signal\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\nwhile True:\n    pass"
    path = tmp_path / "02_ridge.ipynb"
    path.write_text(notebook([IMPORTS, RIGHT, CHECK, endless, CHOICE.format("b")]), encoding="utf-8")
    found = graded(path, Limits(seconds=120, cpu_seconds=60, megabytes=700, cell_seconds=1))
    assert found[GRADIENT]["passed"]
    assert found[CHOSEN]["passed"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit on processor time")
def test_a_call_that_nothing_can_interrupt_costs_the_rest(tmp_path):
    endless = "import itertools\nsum(itertools.count())"
    path = tmp_path / "02_ridge.ipynb"
    path.write_text(notebook([IMPORTS, RIGHT, CHECK, endless, CHOICE.format("b")]), encoding="utf-8")
    found = graded(path, Limits(seconds=120, cpu_seconds=4, megabytes=700, cell_seconds=1))
    assert found[GRADIENT]["passed"]
    assert found[CHOSEN]["error"] == "stopped after 4 s of processor time (--seconds) in code cell 4"


@pytest.mark.skipif(os.name == "nt", reason="resource limits")
def test_no_network_and_no_change_outside_its_folder(tmp_path):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.txt").write_text("all of it", encoding="utf-8")
    said = tmp_path / "said.txt"
    attack = f"""
import os, shutil, socket
seen = []
def attempt(what):
    try:
        what()
        seen.append("done")
    except PermissionError as error:
        seen.append("refused")
attempt(lambda: shutil.rmtree({str(precious)!r}))
attempt(lambda: os.remove({str(precious / "thesis.txt")!r}))
attempt(lambda: open({str(precious / "thesis.txt")!r}, "w"))
attempt(lambda: os.rename({str(precious)!r}, "here"))
attempt(lambda: socket.create_connection(("192.0.2.1", 80), 5))
attempt(lambda: open("own.txt", "w").write("x"))
alpha = 15 if seen == ["refused"] * 5 + ["done"] and "SECRET_KEY" not in os.environ else 0
"""
    path = tmp_path / "02_ridge.ipynb"
    path.write_text(notebook([attack, 'check("ridge.alpha", alpha)']), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SECRET_KEY", "of the instructor")
        found = graded(path)
    assert found["ridge.alpha"]["passed"], found
    assert (precious / "thesis.txt").read_text(encoding="utf-8") == "all of it"
    assert not said.exists()


def test_solution_cells_of_the_course_do_not_count(tmp_path):
    cells = [IMPORTS, DOUBLED, CHECK, RIGHT.replace("ridge_gradient", "other"), CHECK_OTHER]
    path = tmp_path / "02_ridge.ipynb"
    path.write_text(notebook(cells, tags={3: ["solution"], 4: ["solution"]}), encoding="utf-8")
    assert not graded(path)[GRADIENT]["passed"]
    path.write_text(notebook(cells), encoding="utf-8")
    assert graded(path)[GRADIENT]["passed"], "the last answer a learner checks is the one that counts"


def test_a_chapter_is_known_by_its_metadata_and_no_chapter_by_what_it_checks(tmp_path):
    path = tmp_path / "homework.ipynb"
    path.write_text(notebook([IMPORTS, RIGHT, CHECK], metadata={"course": {"number": 2}}), encoding="utf-8")
    found = graded(path, chapter=None)
    assert found[GRADIENT]["chapter"] == "02"
    assert set(found) == {question.id for question in ASKED[2]}
    path.write_text(notebook([IMPORTS, RIGHT, CHECK]), encoding="utf-8")
    assert [(row["exercise"], row["passed"]) for row in graded(path, chapter=None).values()] == [
        (GRADIENT, True)
    ]
    path.write_text(notebook(["1 + 1"]), encoding="utf-8")
    assert "belongs to no chapter" in graded(path, chapter=None)[""]["error"]


# ---------------------------------------------------------------- what was handed in, and what is asked


def test_both_layouts(tmp_path):
    handed_in = ["anna/02_ridge.ipynb", "anna/deep/09_dropout.ipynb", "ella.ipynb", "notes.txt"]
    handed_in += ["anna/.ipynb_checkpoints/02_ridge.ipynb", "bo-li_02_ridge.ipynb", "04_elastic_net.ipynb"]
    for name in [*handed_in, "anna/backup/02_ridge (2).ipynb", "c_d_03_lasso (1).ipynb"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}", encoding="utf-8")
    (tmp_path / "fred").mkdir()
    found = [(s.learner, s.path and s.path.name, s.chapter) for s in submissions.find(tmp_path)]
    assert found == [
        (tmp_path.name, "04_elastic_net.ipynb", 4),
        ("anna", "02_ridge.ipynb", 2),
        ("anna", "09_dropout.ipynb", 9),
        ("bo-li", "bo-li_02_ridge.ipynb", 2),
        ("c_d", "c_d_03_lasso (1).ipynb", 3),
        ("ella", "ella.ipynb", None),
        ("fred", None, None),
    ]


def test_every_exercise_of_the_course_is_asked_once(root):
    from course_lib.exercises.catalogue import all_items

    asked = submissions.questions(root / "notebooks")
    ids = [question.id for questions in asked.values() for question in questions]
    assert len(ids) == len(set(ids))
    assert set(ids) <= {item.id for item in all_items()}
    assert all(asked.values())
    assert Question("ridge.gradient", "ridge_gradient") in asked[2]
    assert Question("start.mean_squared_error", "mean_squared_error") in asked[0]


def test_calls_of_check_are_read_whatever_surrounds_them():
    source = (
        "%matplotlib inline\nr = check(id='a.b', answer=f(3))\nif x:\n    check('a.c', 2 * 3)\ncheck(y, 1)"
    )
    assert [id_ for id_, _ in submissions.calls_of_check(source)] == ["a.b", "a.c"]
    assert submissions.calls_of_check("check('a.b', (") == []


# ---------------------------------------------------------------- the table, the ledger, the command


def test_no_cell_of_the_table_is_a_formula():
    row = dict.fromkeys(grade.COLUMNS, "") | {
        "learner": "=HYPERLINK(1)",
        "error": 'a\nb\x07,"c"',
        "passed": True,
    }
    (read,) = csv.DictReader(io.StringIO(grade.table([row])))
    assert read["learner"] == "'=HYPERLINK(1)"
    assert read["error"] == 'a b ,"c"'
    assert read["passed"] == "yes"


def arguments(folder, **settings):
    values = {"folder": str(folder), "seed": None, "seconds": 60.0, "cell_seconds": 5.0, "memory": 700,
              "jobs": 1, "output": None, "force": False}  # fmt: skip
    return argparse.Namespace(**values | settings)


@pytest.fixture
def counted(monkeypatch):
    """``grade.grade`` without running anything; which files it was asked for."""
    names = []

    def one(submission, asked, *, seed, bounds, stop):
        names.append(submission.path.name)
        row = grade._row(submission, 2, GRADIENT, attempted=True, passed=True)
        return [row]

    monkeypatch.setattr(grade, "grade", one)
    return names


def test_an_interrupted_run_goes_on_and_a_changed_file_is_graded_again(tmp_path, counted, capsys):
    for name in ("anna_02_ridge.ipynb", "bo_02_ridge.ipynb"):
        (tmp_path / name).write_text(notebook([RIGHT]), encoding="utf-8")
    assert grade.main(arguments(tmp_path)) == 0
    first = capsys.readouterr().out
    assert "not a sandbox" in first
    assert "container" in first
    table = (tmp_path / "grades.csv").read_text(encoding="utf-8")
    seed = json.loads((tmp_path / grade.LEDGER).read_text(encoding="utf-8"))["seed"]
    assert f"seed {seed}" in first
    assert grade.main(arguments(tmp_path)) == 0
    assert sorted(counted) == ["anna_02_ridge.ipynb", "bo_02_ridge.ipynb"], "nothing changed, nothing is run"
    assert "2 of 2 are graded already" in capsys.readouterr().out
    assert (tmp_path / "grades.csv").read_text(encoding="utf-8") == table
    (tmp_path / "bo_02_ridge.ipynb").write_text(notebook([DOUBLED]), encoding="utf-8")
    grade.main(arguments(tmp_path))
    assert counted[2:] == ["bo_02_ridge.ipynb"]
    grade.main(arguments(tmp_path, seed=seed + 1))
    assert sorted(counted[3:]) == ["anna_02_ridge.ipynb", "bo_02_ridge.ipynb"], (
        "other cases, all of them again"
    )
    grade.main(arguments(tmp_path, force=True))
    assert len(counted) == 7


def test_a_damaged_ledger_is_no_obstacle(tmp_path):
    for content in ("", "[]", '{"entries": 3}', '{"entries": {"a": {}}, "seed": 1}'):
        (tmp_path / "ledger").write_text(content, encoding="utf-8")
        assert grade.Ledger(tmp_path / "ledger").entries == {}


def test_lines_without_the_token_come_from_somebody_else():
    verdict = json.dumps({"id": GRADIENT, "passed": True}).encode()
    lines = [
        b"",
        b"\n",
        verdict,
        b"other " + verdict,
        b"mine " + verdict,
        b"mine [1]",
        b"mine {",
        b"mine " + b"[" * 9999,
    ]
    assert grade._messages(lines, "mine") == [{"id": GRADIENT, "passed": True}]


def test_nothing_to_grade(tmp_path, capsys):
    assert grade.main(arguments(tmp_path / "nowhere")) == 2
    assert grade.main(arguments(tmp_path)) == 2
    assert "LEARNER_NN_stem.ipynb" in capsys.readouterr().err


def test_help_says_that_it_is_no_sandbox(capsys):
    with pytest.raises(SystemExit):
        cli.main(["grade", "--help"])
    said = capsys.readouterr().out
    assert "not a sandbox" in said
    assert "--network none" in said


def test_seeds_are_drawn_when_none_is_given(tmp_path, counted):
    seeds = set()
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x_02_ridge.ipynb").write_text("{}", encoding="utf-8")
        grade.main(arguments(tmp_path / name))
        seeds.add(json.loads((tmp_path / name / grade.LEDGER).read_text(encoding="utf-8"))["seed"])
    assert len(seeds) > 1
