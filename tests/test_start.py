"""start.py: whatever state a machine or a .venv is in, it ends in a working .venv or in one sentence."""

import ast
import http.server
import importlib.util
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import types
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = (ROOT / "start.py").read_text(encoding="utf-8")


@pytest.fixture
def start(tmp_path, monkeypatch):
    """start.py as a module, at home in an empty folder; no command reaches the network."""
    spec = importlib.util.spec_from_file_location("start", ROOT / "start.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    venv = tmp_path / ".venv"
    monkeypatch.setattr(module, "ROOT", str(tmp_path))
    monkeypatch.setattr(module, "VENV", str(venv))
    monkeypatch.setattr(module, "STAMP", str(venv / "course-stamp.json"))
    monkeypatch.setattr(module, "LOG", str(venv / "start.log"))
    monkeypatch.delenv("COURSE_TORCH_INDEX", raising=False)
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return module


def put_package(start, name, text="x = 1\n"):
    """A package as pip leaves it: a file, and a RECORD with the length of the file."""
    folder = Path(start.VENV, "Lib" if os.name == "nt" else "lib/python3.11", "site-packages")
    info = folder / f"{name}.dist-info"
    info.mkdir(parents=True)
    module = folder / f"{name.split('-')[0]}.py"
    module.write_text(text, encoding="utf-8", newline="\n")
    (info / "RECORD").write_text(
        f"{module.name},sha256=0,{len(text)}\n{info.name}/RECORD,,\n{module.stem}.pyc,,\n", encoding="utf-8"
    )
    return module, info


@pytest.fixture
def complete(start, monkeypatch):
    """An environment as a finished set-up leaves it."""
    for name in ("torch-2.13.0+cpu", "numpy-2.4.6", "pip-25.0"):
        put_package(start, name)
    monkeypatch.setattr(start, "venv_version", lambda: "3.11")
    start.write_stamp("learn", "3.11")
    return start


@pytest.fixture
def steps(start, monkeypatch):
    """Record the steps of a set-up instead of running them; ``steps.fails`` names one that does not work."""
    record = types.SimpleNamespace(titles=[], commands=[], fails=None)

    def step(title, command, attempt=False):
        record.titles.append(title)
        record.commands.append(command)
        if record.fails is None or not title.startswith(record.fails):
            return True
        if attempt:
            return False
        raise start.Stop("It did not work.", "Try again.")

    monkeypatch.setattr(start, "step", step)
    monkeypatch.setattr(start, "answers", lambda address: False)
    return record


# ---------------------------------------------------------------- the file itself


def test_an_old_python_can_read_it():
    tree = ast.parse(SOURCE, feature_version=(3, 7))
    SOURCE.encode("ascii")  # Python 2 reads no other character without being told the encoding
    too_new = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.Nonlocal, ast.AsyncFunctionDef, ast.Match)
    for node in ast.walk(tree):
        assert not isinstance(node, too_new), ast.unparse(node)
        if isinstance(node, ast.arguments):
            assert not node.kwonlyargs
            assert not node.posonlyargs
        if isinstance(node, ast.FunctionDef):
            assert node.returns is None
        if isinstance(node, ast.Raise):
            assert node.cause is None


def test_it_needs_the_standard_library_alone_and_no_shell():
    tree = ast.parse(SOURCE)
    imported = {
        alias.name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert imported <= set(sys.stdlib_module_names)
    assert not any(isinstance(node, ast.ImportFrom) for node in ast.walk(tree))
    assert "shell=" not in SOURCE
    assert "os.system" not in SOURCE


def test_what_an_old_python_meets_first_is_in_every_python():
    first = [node for node in ast.parse(SOURCE).body if isinstance(node, ast.Import)]
    assert {alias.name for node in first for alias in node.names} == {"os", "subprocess", "sys"}


# ---------------------------------------------------------------- this machine


@pytest.mark.parametrize("version", [(2, 7), (3, 6), (3, 10), (3, 14)])
def test_wrong_python_is_a_sentence(start, monkeypatch, capsys, version):
    monkeypatch.setattr(start.sys, "version_info", (*version, 0, "final", 0))
    monkeypatch.setattr(start, "find_python", lambda: None)
    assert start.main(["lab"]) == 1
    said = capsys.readouterr().err
    assert f"needs Python 3.11 to 3.13; this is Python {version[0]}.{version[1]}." in said
    assert "https://www.python.org" in said
    assert not Path(start.VENV).exists()


def test_a_fitting_python_elsewhere_is_named(start, monkeypatch):
    monkeypatch.setattr(
        start.subprocess, "call", lambda command, **kwargs: int("3.12" not in " ".join(command))
    )
    with pytest.raises(start.Stop) as stopped:
        start.check_python((3, 9))
    assert "3.12 start.py lab" in stopped.value.way_out


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13)])
def test_right_python(start, version):
    start.check_python(version)


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_missing_venv_module(start, monkeypatch, module):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(start.Stop, match="venv or ensurepip") as stopped:
        start.check_venv_module()
    assert f"apt install python3.{sys.version_info[1]}-venv" in stopped.value.way_out


def test_read_only_folder(start, monkeypatch, capsys):
    def refuse(dir):
        raise PermissionError(dir)

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    assert start.main(["setup"]) == 1
    said = capsys.readouterr().err
    assert start.ROOT in said
    assert "cannot be written to" in said


def test_full_disk(start, monkeypatch, capsys):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: types.SimpleNamespace(free=2.4e9))
    assert start.main(["setup"]) == 1
    assert "2.4 GB free" in capsys.readouterr().err
    assert not Path(start.VENV).exists()


def test_a_mend_needs_less_room_than_a_set_up(complete, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: types.SimpleNamespace(free=2.4e9))
    complete.check_disk()


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (KeyboardInterrupt(), 130, "goes on from here"),
        (OSError(28, "No space left on device"), 1, "No space left"),
    ],
)
def test_no_traceback(start, monkeypatch, capsys, error, status, said):
    def interrupted(edition):
        raise error

    monkeypatch.setattr(start, "set_up", interrupted)
    assert start.main(["setup"]) == status
    text = capsys.readouterr().err
    assert said in text
    assert "Traceback" not in text


# ---------------------------------------------------------------- is the environment whole?


def test_complete_environment_is_ready_and_left_alone(complete, monkeypatch):
    def never(edition):
        raise AssertionError("set up again")

    monkeypatch.setattr(complete, "install", never)
    assert complete.is_ready("learn")
    complete.set_up("learn")


def spoil_lock(start):
    with open(start.lock_of("learn"), "a", encoding="utf-8") as file:
        file.write("more==1.0\n")


def spoil_file(start):
    Path(start.site_packages(), "numpy.py").write_text("", encoding="utf-8")


def remove_file(start):
    Path(start.site_packages(), "numpy.py").unlink()


def remove_record(start):
    Path(start.site_packages(), "numpy-2.4.6.dist-info", "RECORD").unlink()


def remove_package(start):
    shutil.rmtree(Path(start.site_packages(), "numpy-2.4.6.dist-info"))


def spoil_stamp(start):
    Path(start.STAMP).write_text('{"edition": "le', encoding="utf-8")


def stamp_of_another_kind(start):
    Path(start.STAMP).write_text("[]", encoding="utf-8")


def remove_stamp(start):
    Path(start.STAMP).unlink()


def break_python(start):
    start.venv_version = lambda: None


def move_folder(start):
    start.ROOT = shutil.copytree(start.ROOT, start.ROOT + " moved")


SPOILS = [
    spoil_lock,
    spoil_file,
    remove_file,
    remove_record,
    remove_package,
    spoil_stamp,
    stamp_of_another_kind,
    remove_stamp,
    break_python,
    move_folder,
]


@pytest.mark.parametrize("spoil", SPOILS, ids=lambda spoil: spoil.__name__)
def test_whatever_is_wrong_is_seen(complete, spoil):
    assert complete.is_ready("learn")
    spoil(complete)
    assert not complete.is_ready("learn")


def test_windows_line_ends_in_the_lock_are_no_change(complete):
    lock = Path(complete.lock_of("learn"))
    lock.write_bytes(lock.read_bytes().replace(b"\n", b"\r\n"))
    assert complete.is_ready("learn")


def test_what_an_interrupted_pip_leaves_does_not_count(complete):
    Path(complete.site_packages(), "~umpy-2.4.6.dist-info").mkdir()
    assert complete.damaged() == []


def test_the_tools_stay_when_a_maintainer_opens_the_lab(complete, monkeypatch):
    complete.write_stamp("dev", "3.11")
    asked = []
    monkeypatch.setattr(complete, "is_ready", lambda edition: asked.append(edition) or True)
    complete.set_up("learn")
    assert asked == ["dev"]


# ---------------------------------------------------------------- making and mending it


def test_order_of_a_set_up(complete, steps):
    remove_stamp(complete)
    shutil.rmtree(Path(complete.site_packages(), "torch-2.13.0+cpu.dist-info"))
    complete.install("learn")
    assert [title.split()[0] for title in steps.titles] == ["PyTorch", "Packages", "The", "Check", "Fonts"]
    torch, lock, course, check, _ = steps.commands
    assert torch[-1] == "torch==2.13.0"
    assert "--require-hashes" in lock
    assert lock[-1] == complete.lock_of("learn")
    assert {"--no-deps", "--no-build-isolation", "-e"} <= set(course)
    assert check[-1] == "check"
    assert complete.is_ready("learn")


def test_the_right_torch_is_never_replaced(complete, steps):
    complete.install("learn")
    assert not any("torch==" in argument for command in steps.commands for argument in command[1:])


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("torch-2.13.0", True),
        ("torch-2.13.0+cpu", True),
        ("torch-2.13.1", False),
        ("torch-2.12.0+cpu", False),
    ],
)
def test_which_torch_is_right(start, name, right):
    put_package(start, name)
    assert start.has_torch() is right


@pytest.mark.parametrize("fails", ["Packages", "The course", "Check"])
def test_a_set_up_that_stops_is_not_taken_for_complete(complete, steps, fails):
    steps.fails = fails
    with pytest.raises(complete.Stop):
        complete.install("learn")
    assert not complete.is_ready("learn")
    steps.fails = None
    complete.install("learn")
    assert complete.is_ready("learn")


def test_incomplete_package_is_installed_again(complete, steps, capsys):
    spoil_file(complete)
    remove_record(complete)
    complete.repair()
    assert "numpy is incomplete" in capsys.readouterr().out
    assert "numpy-2.4.6.dist-info" not in complete.installed()
    assert "torch-2.13.0+cpu.dist-info" in complete.installed()


def test_package_still_incomplete_after_the_set_up(complete, steps, monkeypatch):
    monkeypatch.setattr(complete, "damaged", lambda: ["numpy-2.4.6.dist-info"])
    monkeypatch.setattr(complete, "repair", lambda: None)
    with pytest.raises(complete.Stop, match="numpy"):
        complete.install("learn")
    assert not Path(complete.STAMP).exists()


def test_half_made_environment_is_made_anew(start, monkeypatch, capsys):
    """The real thing: what a killed ``python -m venv`` left behind becomes an environment with pip."""
    half = Path(start.VENV)
    half.mkdir()
    (half / "pyvenv.cfg").write_text("home = nowhere\n", encoding="utf-8")
    assert start.make_venv() == ".".join(map(str, sys.version_info[:2]))
    assert "anew" in capsys.readouterr().out
    assert start.make_venv() == start.venv_version()
    assert "anew" not in capsys.readouterr().out


def test_environment_of_an_old_python_is_made_anew(complete, steps, monkeypatch):
    versions = iter(["3.9", "3.11"])
    monkeypatch.setattr(complete, "venv_version", lambda: next(versions))
    assert complete.make_venv() == "3.11"
    assert steps.titles == ["Environment"]


def test_moved_folder_is_made_anew(complete, steps):
    stamp = json.loads(Path(complete.STAMP).read_text(encoding="utf-8"))
    Path(complete.STAMP).write_text(json.dumps({**stamp, "root": "elsewhere"}), encoding="utf-8")
    complete.make_venv()
    assert steps.titles == ["Environment"]


def test_environment_in_use_cannot_be_removed(complete, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "in use", path)

    monkeypatch.setattr(shutil, "rmtree", refuse)
    with pytest.raises(complete.Stop, match="cannot be removed"):
        complete.remove_venv("test")


@pytest.mark.parametrize(
    ("choice", "answering", "index", "with_dependencies"),
    [
        ("", True, "https://download.pytorch.org/whl/cpu", False),
        ("", False, None, True),
        ("cpu", False, "https://download.pytorch.org/whl/cpu", False),
        ("default", True, None, True),
        ("http://mirror.example/simple", True, "http://mirror.example/simple", False),
    ],
)
def test_where_torch_comes_from(start, steps, monkeypatch, choice, answering, index, with_dependencies):
    monkeypatch.setenv("COURSE_TORCH_INDEX", choice)
    monkeypatch.setattr(start, "answers", lambda address: answering)
    monkeypatch.setattr(start.sys, "platform", "linux")
    start.install_torch()
    (command,) = steps.commands
    assert command[-1] == "torch==2.13.0"
    assert ("--no-deps" not in command) is with_dependencies
    assert (command[command.index("--index-url") + 1] if "--index-url" in command else None) == index


def test_default_index_when_the_other_breaks_off(start, steps, monkeypatch):
    monkeypatch.setattr(start, "answers", lambda address: True)
    steps.fails = "PyTorch 2.13.0 for the processor"
    start.install_torch()
    assert len(steps.commands) == 2
    assert "--index-url" not in steps.commands[1]


class Quiet(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(404 if "missing" in self.path else 200)
        self.end_headers()

    def log_message(self, *args):
        pass


def test_an_index_answers_or_not(start):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        assert start.answers(address + "/torch/")
        assert not start.answers(address + "/missing/")
        server.shutdown()
    assert not start.answers(address)


def test_an_index_that_hangs_is_given_up(start):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        assert not start.answers(f"http://127.0.0.1:{silent.getsockname()[1]}/", seconds=0.2)
        assert time.monotonic() - began < 3


# ---------------------------------------------------------------- a step, and what pip says


def test_step_keeps_the_output_in_the_log(start, capsys):
    os.mkdir(start.VENV)
    assert start.step("Fine", [sys.executable, "-c", "print('hidden')"])
    shown = capsys.readouterr().out
    assert "Fine ... done in 0 s" in shown
    assert "hidden" not in shown
    assert "hidden" in Path(start.LOG).read_text(encoding="utf-8")


def test_step_that_fails_shows_its_last_lines(start):
    os.mkdir(start.VENV)
    Path(start.LOG).write_text("No space left on device: from an earlier step\n", encoding="utf-8")
    code = "import sys; [print('line', i) for i in range(40)]; sys.exit(3)"
    with pytest.raises(start.Stop) as stopped:
        start.step("Odd", [sys.executable, "-c", code])
    assert "'Odd' did not work" in stopped.value.sentence
    assert "line 39" in stopped.value.sentence
    assert "line 20" not in stopped.value.sentence
    assert start.LOG in stopped.value.way_out
    assert start.step("Odd", [sys.executable, "-c", "raise SystemExit(1)"], attempt=True) is False


def test_ctrl_c_ends_the_step(start, monkeypatch):
    os.mkdir(start.VENV)
    started = []
    popen = subprocess.Popen
    monkeypatch.setattr(
        start.subprocess, "Popen", lambda *args, **kw: started.append(popen(*args, **kw)) or started[0]
    )

    def interrupt(seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", interrupt)
    with pytest.raises(KeyboardInterrupt):
        start.step("Long", [sys.executable, "-c", "import threading; threading.Event().wait(60)"])
    assert started[0].returncode is not None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "cut short"),
        (
            "Failed to establish a new connection\nERROR: No matching distribution found",
            "cannot be reached",
        ),
        ("Temporary failure in name resolution", "cannot be reached"),
        ("ProxyError('Cannot connect to proxy.')", "cannot be reached"),
        ("ERROR: No matching distribution found for torch==2.13.0", "no package that fits"),
        ("[WinError 206] The filename or extension is too long", "too long for Windows"),
        ("PermissionError: [WinError 5] Access is denied", "cannot be written"),
        ("something new", "did not work"),
    ],
)
def test_what_pip_says_becomes_a_sentence(start, text, sentence):
    stop = start.explain("Packages", text, "    " + text)
    assert sentence in stop.sentence
    assert "again" in stop.way_out or "Details" in stop.way_out


def test_without_network_the_set_up_says_so(start, monkeypatch):
    """A real pip, asked for a package from an address where nobody listens."""
    os.mkdir(start.VENV)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{port}/simple")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.setattr(start, "venv_python", lambda: sys.executable)
    if importlib.util.find_spec("pip") is None:
        pytest.skip("this Python has no pip")
    with pytest.raises(start.Stop, match="cannot be reached"):
        start.step(
            "PyTorch",
            start.pip("download", "--no-deps", "-d", start.VENV, "no-such-course"),
        )


# ---------------------------------------------------------------- Jupyter stays inside


def test_jupyter_writes_nothing_outside(start):
    variables = start.environment()
    names = [name for name in variables if re.match("JUPYTER(LAB)?_.*DIR$|IPYTHONDIR$|MPLCONFIGDIR$", name)]
    assert len(names) >= 7
    assert all(variables[name].startswith(start.VENV + os.sep) for name in names)
    assert variables["PATH"].startswith(str(Path(start.venv_python()).parent))


def test_variables_that_spoil_an_environment_are_dropped(start, monkeypatch):
    monkeypatch.setenv("PYTHONHOME", "elsewhere")
    monkeypatch.setenv("PIP_TARGET", "elsewhere")
    assert not {"PYTHONHOME", "PIP_TARGET"} & set(start.environment())


def test_jupyterlab_has_the_settings_that_are_silenced(start):
    start.quiet_jupyter()
    path = Path(start.VENV, "share", "jupyter", "lab", "settings", "overrides.json")
    ((plugin, settings),) = json.loads(path.read_text(encoding="utf-8")).items()
    package, name = plugin.split(":")
    schema = Path(sys.prefix, "share", "jupyter", "lab", "schemas", *package.split("/"), name + ".json")
    properties = json.loads(schema.read_text(encoding="utf-8"))["properties"]
    assert settings["fetchNews"] in [choice["const"] for choice in properties["fetchNews"]["oneOf"]]
    assert properties["checkForUpdates"]["type"] == "boolean"
    assert settings == {"fetchNews": "false", "checkForUpdates": False}


@pytest.fixture
def handed(start, monkeypatch):
    """Record what start.py hands over to."""
    commands = []

    def hand_over(command, **variables):
        commands.append((command, variables))
        return 0

    monkeypatch.setattr(start, "hand_over", hand_over)
    monkeypatch.setattr(start, "set_up", lambda edition: commands.append(edition))
    monkeypatch.setattr(start, "has_browser", lambda: True)
    return commands


def test_lab_fills_my_course_and_opens_the_first_chapter(start, handed):
    first = Path(start.ROOT, "my_course", "00_start_here.ipynb")
    first.parent.mkdir()
    first.touch()
    assert start.main(["lab", "--port", "9000"]) == 0
    edition, (copies, _), (lab, _) = handed
    assert edition == "learn"
    assert copies[-1] == "copies"
    assert lab[1:3] == ["-m", "jupyterlab"]
    assert "--ServerApp.root_dir=" + str(first.parent) in lab
    assert "--LabApp.default_url=/lab/tree/00_start_here.ipynb" in lab
    assert lab[-2:] == ["--port", "9000"]
    assert "--no-browser" not in lab


def test_lab_without_a_browser_says_where_to_look(start, handed, monkeypatch, capsys):
    monkeypatch.setattr(start, "has_browser", lambda: False)
    assert start.main(["lab"]) == 0
    assert "--no-browser" in handed[-1][0]
    assert "http://localhost" in capsys.readouterr().out


def test_no_screen_means_no_browser(start, monkeypatch):
    monkeypatch.setattr(start.sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    assert not start.has_browser()


def test_lab_stops_when_the_copies_cannot_be_made(start, handed, monkeypatch):
    monkeypatch.setattr(start, "hand_over", lambda command, **variables: handed.append(command) or 1)
    assert start.main(["lab"]) == 1
    assert len(handed) == 2  # the set-up and the copies, no JupyterLab


# ---------------------------------------------------------------- the commands


def test_test_is_one_pytest_over_tests_and_chapters(start, handed):
    notebooks = Path(start.ROOT, "notebooks")
    notebooks.mkdir()
    (notebooks / "02_ridge.ipynb").touch()
    (notebooks / "nbval_sanitize.cfg").touch()
    assert start.main(["test", "-k", "ridge"]) == 0
    edition, (command, variables) = handed
    assert edition == "dev"
    assert command[1:3] == ["-m", "pytest"]
    assert {"--nbval", "--nbval-sanitize-with"} <= set(command)
    assert command[command.index("--dist") + 1] == "loadfile"
    assert "--no-loadscope-reorder" in command  # the order is that of tests/conftest.py
    assert command[-4:] == ["-k", "ridge", "tests", "notebooks"]
    assert variables == {"OMP_NUM_THREADS": "1"}


def test_without_chapters_the_tests_alone(start):
    assert start.pytest_arguments([]) == ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder", "tests"]


def test_test_all_adds_the_slow_checks(start, handed):
    start.main(["test-all"])
    assert "--run-slow" in handed[-1][0]


HANDED_OVER = ["doctor", "progress", "data", "run", "workshop", "timing", "notebooks", "results", "readme"]
HANDED_OVER += ["site", "slides", "pdf"]


@pytest.mark.parametrize("command", HANDED_OVER)
def test_the_rest_goes_to_course(start, handed, command):
    from course_lib import cli

    assert command in cli.COMMANDS
    start.main([command, "--check"])
    assert handed[-1][0][1:] == ["-m", "course_lib.cli", command, "--check"]


@pytest.mark.parametrize(("argv", "edition"), [(["setup"], "learn"), (["setup", "--dev"], "dev")])
def test_setup_is_the_environment_alone(start, handed, argv, edition):
    assert start.main(argv) == 0
    assert handed == [edition]


@pytest.mark.parametrize(
    ("argv", "status", "said"),
    [
        ([], 2, "usage:"),
        (["--help"], 0, "usage:"),
        (["labb"], 2, "'labb'"),
    ],
)
def test_what_is_no_command(start, handed, capsys, argv, status, said):
    assert start.main(argv) == status
    assert said in capsys.readouterr().out
    assert handed == []


def test_usage_names_every_command(start):
    assert all(re.search(rf"^  {command} ", start.USAGE, re.MULTILINE) for command in start.EDITIONS)


def test_exit_status_and_variables_are_passed_on(start, capfd):
    code = "import os, sys; print(os.environ['VIRTUAL_ENV'], os.environ['EXTRA']); sys.exit(7)"
    assert start.hand_over([sys.executable, "-c", code], EXTRA="more") == 7
    assert capfd.readouterr().out.split() == [start.VENV, "more"]


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_torch_alone_where_the_default_index_has_no_cuda(start, steps, monkeypatch, platform):
    monkeypatch.setattr(start.sys, "platform", platform)
    start.install_torch()
    assert "--no-deps" in steps.commands[0]
