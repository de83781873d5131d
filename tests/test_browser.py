"""A learner's first steps in a real browser: chapter 02 in JupyterLab, as ``start.py lab`` opens it."""

import importlib.util
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from urllib.parse import urlsplit

import pytest
from places import ROOT

from course_lib.notebooks.learner import refresh

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
CHAPTER = "02_ridge.ipynb"
TOKEN = "browser-test"
TO_START, TO_RUN, TO_REACT = 120, 300, 60  # seconds at most, on a machine that is busy with other tests too

WRONG = "def ridge_gradient(X, y, w, lam):\n    return -X.T @ (y - X @ w) / len(y) + lam * w**2"
RIGHT = WRONG.replace("w**2", "w")

# What JupyterLab holds in memory: cells far from the window need not be drawn in the page.
READY = f"""() => {{
    const panel = window.jupyterapp?.shell.currentWidget;
    return panel?.context?.path === '{CHAPTER}' && panel.context.isReady
        && panel.sessionContext.session?.kernel?.status === 'idle';
}}"""
MODIFIED = "() => jupyterapp.shell.currentWidget.context.model.dirty"
CODE_CELLS = """() => [...jupyterapp.shell.currentWidget.content.model.cells]
    .map((cell, index) => [cell, index]).filter(([cell]) => cell.type === 'code').map(([cell, index]) => ({
        index, source: cell.sharedModel.getSource(), count: cell.executionCount ?? null,
        outputs: cell.outputs.toJSON() }))"""
COMMAND = "name => { jupyterapp.commands.execute(name) }"  # not awaited: the time limit is the test's
SHOW = """async index => {
    const notebook = jupyterapp.shell.currentWidget.content;
    notebook.activeCellIndex = index;
    notebook.deselectAll();
    await notebook.scrollToItem(index, 'start');
}"""


def find_browser():
    """The first browser of the Chromium family on this machine, or None."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def lab_command(home, port, monkeypatch):
    """The command and the variables of ``start.py lab`` for this interpreter, with its folder in ``home``."""
    spec = importlib.util.spec_from_file_location("start", ROOT / "start.py")
    start = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(start)
    monkeypatch.setattr(start, "ROOT", str(home))
    monkeypatch.setattr(start, "VENV", str(home / ".venv"))
    monkeypatch.setattr(start, "venv_python", lambda: sys.executable)
    monkeypatch.setattr(start, "course", lambda *_: refresh(ROOT / "notebooks", home / "my_course") and 0)
    commands = []
    monkeypatch.setattr(start, "hand_over", lambda command: commands.append(command) or 0)
    start.quiet_jupyter()
    settings = home / ".venv" / "share" / "jupyter" / "lab" / "settings"
    options = [f"--port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}"]
    options += [f"--LabApp.app_settings_dir={settings}", "--LabApp.expose_app_in_browser=True"]
    assert start.lab(["--no-browser", *options]) == 0
    variables = {"PYTHONPATH": str(ROOT), "COURSE_PROGRESS": "off", "OMP_NUM_THREADS": "1"}
    return commands[0], start.environment() | variables


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """The address of a JupyterLab that runs while the test does."""
    port = free_port()
    command, variables = lab_command(tmp_path, port, monkeypatch)
    address = f"http://127.0.0.1:{port}/"
    with (tmp_path / "server.log").open("w+") as log:
        server = subprocess.Popen(command, env=variables, cwd=tmp_path, stdout=log, stderr=log)
        try:
            wait_for_server(server, f"{address}api/status?token={TOKEN}", tmp_path / "server.log")
            yield address
        finally:
            server.terminate()  # it ends its kernels first
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def wait_for_server(server, address, log):
    until = time.monotonic() + TO_START
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-3000:]}", pytrace=False)


@pytest.fixture
def playwright():
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as running:
        yield running


@pytest.fixture
def page(playwright, lab):
    """Chapter 02 in a headless browser; ``page.asked`` holds every address that was asked for."""
    browser = playwright.chromium.launch(executable_path=find_browser())
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(1000 * TO_REACT)
    page = context.new_page()
    page.asked = []
    context.on("request", lambda request: page.asked.append(request.url))
    page.on("websocket", lambda socket: page.asked.append(socket.url))
    page.goto(f"{lab}lab/tree/{CHAPTER}?token={TOKEN}")
    page.wait_for_function(READY, timeout=1000 * TO_START)
    yield page
    browser.close()


def code_cell(page, text):
    """The index of the one code cell that holds ``text``, and that cell scrolled into view."""
    (index,) = [cell["index"] for cell in page.evaluate(CODE_CELLS) if text in cell["source"]]
    page.evaluate(SHOW, index)
    return index, page.locator(f".jp-Cell[data-windowed-list-index='{index}']")


def answer(page, source):
    """Type ``source`` into the cell of exercise 2.1, run it and its check, and return what that says."""
    index, cell = code_cell(page, "def ridge_gradient(X, y, w, lam)")
    check, _ = code_cell(page, 'check("ridge.gradient", ridge_gradient)')
    assert check > index
    page.evaluate(SHOW, index)
    cell.locator(".cm-content").click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.insert_text(source)
    (typed,) = [cell["source"] for cell in page.evaluate(CODE_CELLS) if cell["index"] == index]
    assert typed == source
    page.keyboard.press("Shift+Enter")
    check, cell = code_cell(page, 'check("ridge.gradient", ridge_gradient)')
    before = count(page, check)
    page.keyboard.press("Shift+Enter")
    wait_until(page, lambda: (count(page, check) or 0) > (before or 0), TO_REACT, "the check did not run")
    cell.locator(".jp-OutputArea-output").first.wait_for()
    return cell.locator(".jp-OutputArea-output").first.inner_text()


def count(page, index):
    return next(cell["count"] for cell in page.evaluate(CODE_CELLS) if cell["index"] == index)


def wait_until(page, true, seconds, otherwise):
    until = time.monotonic() + seconds
    while not true():
        if time.monotonic() > until:
            pytest.fail(f"after {seconds} s: {otherwise}", pytrace=False)
        page.wait_for_timeout(250)


def run_all(page):
    """Run every cell, wait for the last, and return the code cells."""
    page.evaluate(COMMAND, "notebook:clear-all-cell-outputs")
    assert all(cell["count"] is None and not cell["outputs"] for cell in page.evaluate(CODE_CELLS))
    page.evaluate(COMMAND, "notebook:run-all-cells")

    def done():
        cells = page.evaluate(CODE_CELLS)
        return all(cell["count"] for cell in cells if cell["source"].strip()) or any(map(errors, cells))

    wait_until(page, done, TO_RUN, "the chapter has not come to its end")
    return page.evaluate(CODE_CELLS)


def errors(cell):
    return [output["evalue"] for output in cell["outputs"] if output["output_type"] == "error"]


@pytest.mark.browser
@pytest.mark.skipif(find_browser() is None, reason=f"no browser here: none of {', '.join(BROWSERS)}")
def test_a_learner_runs_chapter_02_moves_the_slider_and_is_told_what_is_wrong(page):
    assert not page.evaluate(MODIFIED), "opening a chapter marks it as modified"
    cells = run_all(page)
    assert page.evaluate(MODIFIED)
    assert len(cells) > 30
    assert not [message for cell in cells for message in errors(cell)]

    _, cell = code_cell(page, "plots.slider(")
    picture = cell.locator(".jp-OutputArea-output img")
    before = picture.get_attribute("src"), picture.get_attribute("alt")
    cell.locator(".noUi-handle").focus()
    page.keyboard.press("ArrowRight")
    wait_until(page, lambda: picture.get_attribute("alt") != before[1], TO_REACT, "the figure is as it was")
    assert picture.get_attribute("src") != before[0]

    said = answer(page, WRONG)
    assert "not yet" in said
    assert "λw²" in said
    assert "passed" not in said
    said = answer(page, RIGHT)
    assert "passed" in said
    assert "not yet" not in said

    assert page.locator("text=/official Jupyter news/i").count() == 0
    assert page.locator(".jp-Dialog").count() == 0
    assert len(page.asked) > 20
    asked = [urlsplit(url) for url in page.asked if not url.startswith(("data:", "blob:"))]
    assert {url.hostname for url in asked} == {"127.0.0.1"}
    # These two would make the server itself ask jupyter.org and PyPI.
    assert not {url.path for url in asked} & {"/lab/api/news", "/lab/api/update"}
