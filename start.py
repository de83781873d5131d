"""The front door of the course: ``python3 start.py lab`` and you are reading chapter 00.

Standard library only. It makes ``.venv`` beside this file, installs what ``requirements/`` locks (every file
checked against its hash), and hands over to JupyterLab, pytest or the ``course`` command. Nothing is
installed or registered outside this folder.

Everything down to ``main`` must be readable by a very old Python, so that it can say what is wrong in a
sentence: no f-strings, no annotations, no keyword-only arguments.
"""

import os
import subprocess
import sys

OLDEST, NEWEST = (3, 11), (3, 13)
TORCH = "2.13.0"
TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
GIGABYTES_NEEDED = 3.0
GIGABYTES_TO_MEND = 1.0  # when PyTorch, the largest part, is there
FIRST_CHAPTER = "00_start_here.ipynb"

ROOT = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(ROOT, ".venv")
STAMP = os.path.join(VENV, "course-stamp.json")
LOG = os.path.join(VENV, "start.log")

USAGE = """usage: python3 start.py COMMAND [options]

for learners
  lab         set up what is missing, then open JupyterLab on your own copies in my_course/
  doctor      check this machine in ten seconds, with the mend for whatever is wrong
  progress    which exercises you have passed
  data        which data sets are on this machine

for instructors
  run         execute every chapter without a browser; readable pages in build/html/
  workshop    the edition without solutions, as a zip to hand out in build/
  timing      how long each section of a chapter takes, estimated
  wheelhouse  a folder of packages, for machines without a network
  grade       run and score what learners handed in

for maintainers
  test        everything a pull request must pass
  test-all    the same and the slow checks
  notebooks   regenerate and execute the chapters whose source changed
  results     recompute the experiments that a chapter only loads
  site        the website, in build/site/
  slides      slides of each chapter, in build/slides/
  pdf         the whole course as one PDF, in build/
  readme      bring the chapter table of README.md up to date
  setup       the environment alone (setup --dev: with the tools for testing)

Options after the command go to the program behind it: start.py lab --no-browser --port 9000
setup --wheelhouse FOLDER installs from a folder of packages, without a network; a folder called
wheelhouse beside start.py is used by itself.
COURSE_TORCH_INDEX = cpu | default | an address chooses where PyTorch comes from."""

# Which lock each command needs; "dev" holds everything in "learn".
EDITIONS = {
    "setup": "learn",
    "lab": "learn",
    "doctor": "learn",
    "progress": "learn",
    "data": "learn",
    "run": "learn",
    "workshop": "learn",
    "timing": "learn",
    "wheelhouse": "learn",
    "grade": "learn",
    "notebooks": "dev",
    "results": "dev",
    "readme": "dev",
    "site": "dev",
    "slides": "dev",
    "pdf": "dev",
    "test": "dev",
    "test-all": "dev",
}


class Stop(Exception):
    """Something the reader can mend: one sentence, and the way out."""

    def __init__(self, sentence, way_out):
        Exception.__init__(self, sentence)
        self.sentence = sentence
        self.way_out = way_out


def say(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


# ---------------------------------------------------------------- this machine


def python_name(version):
    return "Python %d.%d" % tuple(version[:2])


def check_python(version):
    """Stop unless this Python is one the locks are made for."""
    if OLDEST <= tuple(version[:2]) <= NEWEST:
        return
    wanted = "%s to %d.%d" % ((python_name(OLDEST),) + NEWEST)
    other = find_python()
    if other:
        way_out = "A fitting one is on this machine: %s start.py lab" % other
    else:
        way_out = "Install %s from https://www.python.org/downloads/ and run start.py with it." % python_name(
            (NEWEST[0], NEWEST[1] - 1)
        )
    raise Stop("The course needs %s; this is %s." % (wanted, python_name(version)), way_out)


def find_python():
    """The command of a fitting Python elsewhere on this machine, or None."""
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        launcher = ["py", "-3.%d" % minor] if os.name == "nt" else ["python3.%d" % minor]
        try:
            with open(os.devnull, "w") as nowhere:
                if subprocess.call(launcher + ["-c", "import venv"], stdout=nowhere, stderr=nowhere) == 0:
                    return " ".join(launcher)
        except OSError:
            pass
    return None


def check_venv_module():
    """Debian and Ubuntu ship Python without the part that makes environments."""
    try:
        import ensurepip
        import venv
    except ImportError:
        package = "python%d.%d-venv" % sys.version_info[:2]
        raise Stop(
            "This Python cannot make environments: its venv or ensurepip module is missing.",
            "Debian and Ubuntu: sudo apt install %s   Elsewhere: install Python from python.org." % package,
        )
    return ensurepip, venv


def check_writable():
    """The environment and my_course/ live in this folder."""
    import tempfile

    try:
        with tempfile.TemporaryFile(dir=ROOT):
            pass
    except OSError:
        raise Stop(
            "The folder %s cannot be written to." % ROOT,
            "Copy it to a place of your own, for example your home folder, and run start.py there.",
        )


def check_disk():
    import shutil

    free = shutil.disk_usage(ROOT).free / 1e9
    needed = GIGABYTES_TO_MEND if has_torch() else GIGABYTES_NEEDED
    if free < needed:
        raise Stop(
            "There are %.1f GB free in %s; the set-up needs %.1f GB." % (free, ROOT, needed),
            "Free some space or move the folder to another disk; the next call goes on from here.",
        )


# ---------------------------------------------------------------- the environment: is it whole?


def venv_python():
    if os.name == "nt":
        return os.path.join(VENV, "Scripts", "python.exe")
    return os.path.join(VENV, "bin", "python")


def lock_of(edition):
    return os.path.join(ROOT, "requirements", edition + ".txt")


def fingerprint(edition):
    """What the environment is made from. A moved folder counts: scripts in .venv hold its full path."""
    import hashlib

    digest = hashlib.sha256()
    for path in (lock_of(edition), os.path.join(ROOT, "pyproject.toml")):
        with open(path, "rb") as file:
            digest.update(file.read().replace(b"\r\n", b"\n"))
    digest.update(("torch " + TORCH + " in " + ROOT).encode("utf-8"))
    return digest.hexdigest()


def read_stamp():
    import json

    try:
        with open(STAMP, encoding="utf-8") as file:
            stamp = json.load(file)
        return stamp if isinstance(stamp, dict) else {}
    except (OSError, ValueError):
        return {}


def write_stamp(edition, version):
    import json

    stamp = {
        "edition": edition,
        "fingerprint": fingerprint(edition),
        "python": version,
        "root": ROOT,
        "packages": sorted(installed()),
    }
    with open(STAMP + ".new", "w", encoding="utf-8") as file:
        json.dump(stamp, file, indent=1)
    os.replace(STAMP + ".new", STAMP)


def venv_version():
    """'3.11' as the environment's own Python reports it; None when it does not run or has no pip."""
    command = [venv_python(), "-c", "import sys, pip; print('%d.%d' % sys.version_info[:2])"]
    try:
        answer = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment(), timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.decode("ascii", "replace").strip() if answer.returncode == 0 else None


def site_packages():
    import glob

    pattern = ("Lib",) if os.name == "nt" else ("lib", "python3.*")
    found = sorted(glob.glob(os.path.join(glob.escape(VENV), *(pattern + ("site-packages",)))))
    return found[0] if found else os.path.join(VENV, "lib", "site-packages")


def installed():
    """{'numpy-2.4.6.dist-info', ...}; what an interrupted pip left behind as '~umpy' does not count."""
    try:
        names = os.listdir(site_packages())
    except OSError:
        return set()
    return {name for name in names if name.endswith(".dist-info") and not name.startswith("~")}


def damaged():
    """Packages with a file missing or of the wrong length. 35 000 files in half a second."""
    return sorted(name for name in installed() if not is_whole(name))


def is_whole(dist_info):
    import csv

    folder = site_packages()
    try:
        with open(os.path.join(folder, dist_info, "RECORD"), encoding="utf-8", newline="") as file:
            for name, _, size in csv.reader(file):
                if not name.endswith(".pyc"):
                    length = os.stat(os.path.join(folder, name)).st_size
                    if size and length != int(size):
                        return False
    except (OSError, ValueError):
        return False
    return True


def has_torch():
    return any(name.startswith(("torch-%s.dist" % TORCH, "torch-%s+" % TORCH)) for name in installed())


def is_ready(edition):
    """True when nothing has changed since the last complete set-up."""
    stamp = read_stamp()
    return (
        stamp.get("edition") == edition
        and stamp.get("fingerprint") == fingerprint(edition)
        and set(stamp.get("packages", ["?"])) <= installed()
        and not damaged()
        and venv_version() == stamp.get("python")
    )


# ---------------------------------------------------------------- the environment: make it


def environment():
    """The variables every program we start sees: our .venv first, Jupyter kept inside it."""
    variables = dict(os.environ)
    for name in ("PYTHONHOME", "PYTHONPATH", "PIP_TARGET", "PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV"):
        variables.pop(name, None)
    jupyter = os.path.join(VENV, "jupyter")
    variables.update(
        VIRTUAL_ENV=VENV,
        PATH=os.path.dirname(venv_python()) + os.pathsep + os.environ.get("PATH", ""),
        PYTHONNOUSERSITE="1",
        PYTHONUTF8="1",
        PIP_USER="0",
        PIP_DISABLE_PIP_VERSION_CHECK="1",
        JUPYTER_CONFIG_DIR=os.path.join(jupyter, "config"),
        JUPYTER_DATA_DIR=os.path.join(jupyter, "data"),
        JUPYTER_RUNTIME_DIR=os.path.join(jupyter, "runtime"),
        JUPYTERLAB_SETTINGS_DIR=os.path.join(jupyter, "settings"),
        JUPYTERLAB_WORKSPACES_DIR=os.path.join(jupyter, "workspaces"),
        IPYTHONDIR=os.path.join(jupyter, "ipython"),
        MPLCONFIGDIR=os.path.join(jupyter, "matplotlib"),
    )
    if os.path.isdir(os.path.join(ROOT, "mirror")):  # a workshop kit brings optional data sets
        variables.setdefault("COURSE_DATA_MIRROR", os.path.join(ROOT, "mirror"))
    return variables


def last_lines(since, count=12):
    with open(LOG, "rb") as file:
        file.seek(since)
        text = file.read().decode("utf-8", "replace")
    return text, "\n".join("    " + line for line in text.splitlines()[-count:])


def step(title, command, attempt=False):
    """Run one part of the set-up, its output in the log, its time on the screen.

    True when it went well. Otherwise Stop, or False when this was only an ``attempt``.
    """
    import time

    started = time.time()
    live = sys.stdout.isatty()
    with open(LOG, "ab") as log:
        log.write(("\n== %s\n%s\n" % (title, " ".join(command))).encode("utf-8"))
        log.flush()
        since = log.tell()
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment(), cwd=ROOT)
        shown = 0
        try:
            while process.poll() is None:
                seconds = int(time.time() - started)
                if live:
                    sys.stdout.write("\r  %s ... %d s " % (title, seconds))
                    sys.stdout.flush()
                elif seconds >= shown + 20:
                    shown = seconds
                    say("  %s ... %d s" % (title, seconds))
                time.sleep(0.2)
        except BaseException:
            process.kill()
            process.wait()
            raise
    ending = "done" if process.returncode == 0 else "did not work"
    say("%s  %s ... %s in %d s" % ("\r" if live else "", title, ending, time.time() - started))
    if process.returncode == 0:
        return True
    if attempt:
        return False
    raise explain(title, *last_lines(since))


def explain(title, text, tail):
    """Turn what pip wrote into a sentence. The first pattern that fits decides."""
    import re

    again = "run the same command again; it goes on from here. Details: " + LOG
    known = (
        (
            r"No space left on device|Errno 28|not enough space",
            "The disk is full.",
            "Free %.0f GB and %s" % (GIGABYTES_NEEDED, again),
        ),
        (
            r"DO NOT MATCH THE HASHES|Hashes are required",
            "A downloaded package is not the one the lock names; it was cut short or changed on its way.",
            "Run '%s -m pip cache purge', then %s" % (venv_python(), again),
        ),
        (
            r"NewConnectionError|Failed to establish|name resolution|getaddrinfo|ConnectTimeout|ReadTimeout"
            r"|Read timed out|ProxyError|Tunnel connection|SSLError|CERTIFICATE_VERIFY|Max retries"
            r"|Connection(Reset|Aborted|Refused)",
            "The package index cannot be reached.",
            "Check the network (behind a proxy, set HTTPS_PROXY) and " + again,
        ),
        (
            r"No matching distribution|Could not find a version",
            "pip found no package that fits this machine.",
            "PyTorch needs a 64-bit Python %d.%d-%d.%d on Linux, Windows or a Mac with Apple silicon. "
            % (OLDEST + NEWEST)
            + "If that is what you have, the index set in your pip settings lacks a file. Details: "
            + LOG,
        ),
        (
            r"WinError 206|long path|LongPath",
            "A file name became too long for Windows.",
            "Move this folder nearer to the root of the disk, for example C:\\course, and " + again,
        ),
        (
            r"Permission denied|Access is denied|Errno 13|WinError 5\b",
            "A file in .venv cannot be written.",
            "Close JupyterLab and other programs that use it, and " + again,
        ),
    )
    for pattern, sentence, way_out in known:
        if re.search(pattern, text):
            return Stop(sentence, way_out)
    return Stop(
        "The step '%s' did not work. Its last lines:\n\n%s\n" % (title, tail),
        "When the cause is mended, " + again,
    )


def pip(*arguments):
    # Few retries: a machine without network should hear so in seconds.
    return [venv_python(), "-m", "pip", "--no-input", "--retries", "2"] + list(arguments)


def answers(address, seconds=3.0):
    """True when the address answers in time. In a thread: a name look-up has no time limit of its own."""
    import threading
    import urllib.request

    reached = []

    def ask():
        try:
            with urllib.request.urlopen(address, timeout=seconds) as reply:
                reached.append(reply.status)
        except (OSError, ValueError):
            pass

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    return reached == [200]


def machine_name():
    """What a wheelhouse calls this machine and its Python: 'linux-x86_64/3.12'."""
    import platform

    system = {"linux": "linux", "darwin": "macos", "win32": "windows"}.get(sys.platform, sys.platform)
    processor = platform.machine().lower().replace("amd64", "x86_64")
    return "%s-%s/%d.%d" % ((system, processor) + tuple(sys.version_info[:2]))


def wheelhouse():
    """The folder of packages to install from without a network, or None.

    One that was asked for must fit; one that lies beside start.py and does not is passed over.
    """
    import json

    asked = os.environ.get("COURSE_WHEELHOUSE", "").strip()
    folder = os.path.abspath(asked) if asked else os.path.join(ROOT, "wheelhouse")
    if not asked and not os.path.isdir(folder):
        return None
    try:
        with open(os.path.join(folder, "wheelhouse.json"), encoding="utf-8") as file:
            targets = json.load(file)["targets"]
        complete = sorted(name for name in targets if not targets[name]["missing"])
    except (OSError, ValueError, KeyError, TypeError):
        complete = []
    if machine_name() in complete:
        return folder
    sentence = "The packages in %s are for %s; this machine is %s." % (
        folder,
        ", ".join(complete) or "no machine (its wheelhouse.json is missing or not complete)",
        machine_name(),
    )
    if asked:
        raise Stop(sentence, "Ask for the folder that fits, or leave out --wheelhouse to use the network.")
    say("  %s They are passed over." % sentence)
    return None


def install_torch(offline=()):
    """The processor-only build when PyTorch's own index answers: 200 MB instead of gigabytes of CUDA."""
    choice = os.environ.get("COURSE_TORCH_INDEX", "").strip()
    what, wanted = "PyTorch %s" % TORCH, "torch==" + TORCH
    if offline:
        step(what, pip(*(["install", "--no-deps"] + list(offline) + [wanted])))
        return
    if choice not in ("", "cpu", "default"):
        step(what + " from " + choice, pip("install", "--no-deps", "--index-url", choice, wanted))
        return
    if choice == "cpu" or (choice == "" and answers(TORCH_CPU_INDEX + "/torch/")):
        command = pip("install", "--no-deps", "--index-url", TORCH_CPU_INDEX, wanted)
        if step(what + " for the processor", command, attempt=choice == ""):
            return
    # On Linux the default index serves the CUDA build, which cannot be imported without its libraries.
    alone = [] if sys.platform.startswith("linux") else ["--no-deps"]
    step(what, pip(*(["install"] + alone + [wanted])))


def remove_venv(reason):
    import shutil

    say("  Making .venv anew: " + reason)
    try:
        if os.path.islink(VENV) or os.path.isfile(VENV):
            os.unlink(VENV)
        else:
            shutil.rmtree(VENV)
    except OSError as error:
        raise Stop(
            "The old .venv cannot be removed (%s)." % error,
            "Close JupyterLab and other programs that use it, delete the folder .venv and run this again.",
        )


def make_venv():
    """A new .venv, unless there is one whose Python runs."""
    if os.path.lexists(VENV):
        version = venv_version()
        fits = version is not None and OLDEST <= tuple(int(part) for part in version.split(".")) <= NEWEST
        moved = read_stamp() and read_stamp().get("root") not in (None, ROOT)
        if fits and not moved:
            return version
        remove_venv("the folder has moved" if moved else "its Python does not run or does not fit")
    check_venv_module()
    os.mkdir(VENV)
    step("Environment", [sys.executable, "-m", "venv", VENV])
    return venv_version()


def repair():
    """Make pip forget what is incomplete, so that it installs it over again."""
    import shutil

    for name in damaged():
        say("  %s is incomplete and will be installed again" % name.split("-")[0])
        shutil.rmtree(os.path.join(site_packages(), name))


def install(edition):
    """Bring .venv to the lock, from whatever state it is in."""
    version = make_venv()
    if os.path.exists(STAMP):
        os.unlink(STAMP)
    if any(name.startswith("pip-") for name in damaged()):
        remove_venv("its pip is incomplete")
        version = make_venv()
    repair()
    folder = wheelhouse() if edition == "learn" else None
    offline = ["--no-index", "--find-links", folder] if folder else []
    if not has_torch():
        install_torch(offline)
    step(
        "Packages of requirements/%s.txt" % edition,
        pip(*(["install", "--require-hashes"] + offline + ["-r", lock_of(edition)])),
    )
    step("The course", pip("install", "--no-index", "--no-deps", "--no-build-isolation", "-e", "."))
    step("Check of the packages", pip("check"))
    quiet_jupyter()
    # A first import of pyplot lists the fonts and says so on stderr, which is no part of a chapter.
    step("Fonts", [venv_python(), "-c", "import matplotlib.font_manager"])
    if damaged():
        raise Stop(
            "These packages are incomplete after the set-up: " + ", ".join(damaged()),
            "Delete the folder .venv and run this again.",
        )
    write_stamp(edition, version)


def quiet_jupyter():
    """No question about news, no look-out for updates: nothing leaves the machine."""
    import json

    folder = os.path.join(VENV, "share", "jupyter", "lab", "settings")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "overrides.json"), "w", encoding="utf-8") as file:
        quiet = {"fetchNews": "false", "checkForUpdates": False}
        json.dump({"@jupyterlab/apputils-extension:notification": quiet}, file, indent=1)


def set_up(edition):
    """A complete .venv; quick when nothing has changed."""
    if read_stamp().get("edition") == "dev":
        edition = "dev"  # never take tools away from a maintainer who opens the lab
    check_writable()
    if is_ready(edition):
        return
    check_disk()
    say("Setting up .venv (a few minutes the first time; about 2 GB)")
    install(edition)


# ---------------------------------------------------------------- the commands


def hand_over(command, cwd=None, **variables):
    """Run a program in our environment and give back its exit status; Ctrl-C and kill reach it."""
    import signal

    process = subprocess.Popen(command, env=dict(environment(), **variables), cwd=cwd or ROOT)
    before = signal.signal(signal.SIGTERM, lambda number, frame: process.terminate())
    try:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:  # the terminal has sent it to the program too; let that one finish
                continue
    finally:
        signal.signal(signal.SIGTERM, before)


def course(*arguments, **options):
    return hand_over([venv_python(), "-m", "course_lib.cli"] + list(arguments), **options)


def has_browser():
    """False on a machine without a screen: a text browser in the terminal would be no help."""
    import webbrowser

    screen = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
    if sys.platform.startswith("linux") and not screen:
        return False
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


def lab(arguments):
    if course("copies"):
        return 1
    copies = os.path.join(ROOT, "my_course")
    command = [venv_python(), "-m", "jupyterlab", "--ServerApp.root_dir=" + copies]
    command += ["--ServerApp.log_level=WARN", "--ServerApp.answer_yes=True"]
    command += ["--LabApp.extension_manager=readonly"]  # the other one asks the package index
    if os.path.exists(os.path.join(copies, FIRST_CHAPTER)):
        command.append("--LabApp.default_url=/lab/tree/" + FIRST_CHAPTER)
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    if "--no-browser" not in arguments and not has_browser():
        command.append("--no-browser")
    say("JupyterLab starts; your own copies are in my_course/. Stop it with Ctrl-C.")
    if "--no-browser" in command + arguments:
        say("Open the address below that begins with http://localhost in a browser.")
    return hand_over(command + arguments)


def pytest_arguments(arguments):
    """The whole suite in one pytest: the tests, and every chapter's outputs compared by nbval."""
    import glob

    # xdist would start with the files that hold the most tests; tests/conftest.py starts with the longest.
    command = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
    if not glob.glob(os.path.join(ROOT, "notebooks", "*.ipynb")):
        return command + arguments + ["tests"]
    command += ["--nbval", "--nbval-cell-timeout", "120"]
    if os.path.exists(os.path.join(ROOT, "notebooks", "nbval_sanitize.cfg")):
        command += ["--nbval-sanitize-with", os.path.join("notebooks", "nbval_sanitize.cfg")]
    return command + arguments + ["tests", "notebooks"]


def test(arguments):
    # One thread a worker: two workers that each use every core are slower than one.
    return hand_over([venv_python(), "-m", "pytest"] + pytest_arguments(arguments), OMP_NUM_THREADS="1")


def dispatch(command, arguments):
    edition = EDITIONS[command]
    if command == "setup":
        if "--wheelhouse" in arguments[:-1]:
            folder = arguments[arguments.index("--wheelhouse") + 1]
            os.environ["COURSE_WHEELHOUSE"] = os.path.abspath(folder)
        edition = "dev" if "--dev" in arguments else "learn"
        set_up(edition)
        say("Ready. Next: python3 start.py lab")
        return 0
    set_up(edition)
    if command == "lab":
        return lab(arguments)
    if command in ("test", "test-all"):
        return test((["--run-slow"] if command == "test-all" else []) + arguments)
    if command in ("wheelhouse", "grade"):  # they take a folder of yours, named from where you are
        return course(command, *arguments, cwd=os.getcwd())
    return course(command, *arguments)


def main(argv):
    if not argv or argv[0] in ("-h", "--help", "help"):
        say(USAGE)
        return 0 if argv else 2
    if argv[0] not in EDITIONS:
        say("start.py has no command '%s'.\n\n%s" % (argv[0], USAGE))
        return 2
    try:
        check_python(sys.version_info)
        return dispatch(argv[0], argv[1:])
    except Stop as stop:
        sys.stdout.flush()
        sys.stderr.write("\n%s\n%s\n" % (stop.sentence, stop.way_out))
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. The next call goes on from here.\n")
        return 130
    except OSError as error:
        sys.stderr.write("\n%s\nMend that and run the same command again; it goes on from here.\n" % error)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
