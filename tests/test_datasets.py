"""Data sets: the registry is true; every fault of a download has a message and leaves nothing behind."""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import re
import subprocess
import sys
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from course_lib import datasets
from course_lib.datasets import files, publish
from course_lib.datasets.registry import REGISTRY, File

OFFLINE = [name for name, entry in REGISTRY.items() if entry.kind != "download"]
GENERATED = [name for name, entry in REGISTRY.items() if entry.kind == "generated"]

PROSTATE = (
    b"row_names\tlcavol\tlweight\tage\tlbph\tsvi\tlcp\tgleason\tpgg45\tlpsa\ttrain\n"
    b"1 -0.5 2.7 50 -1.3 0 -1.4 6 0 -0.4 T\n"
    b"2 -0.9 3.3 58 -1.2 1 -1.1 7 20 -0.2 F\n"
)


@pytest.fixture(autouse=True)
def isolated(monkeypatch, tmp_path):
    """No test sees the machine's cache, mirror or proxy, or reaches beyond the loopback interface."""
    import socket

    monkeypatch.setenv("COURSE_DATA_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("COURSE_DATA_MIRROR", raising=False)
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    connect = socket.socket.connect

    def loopback_only(self, address):
        assert address[0] == "127.0.0.1", f"a test tried to reach {address}"
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", loopback_only)


class Server:
    """A loopback server: path -> (status, announced length or None, body). Notes its requests."""

    def __init__(self):
        self.answers: dict[str, tuple[int, int | None, bytes]] = {}
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 5

            def do_GET(self):
                outer.asked.append(self.path)
                status, length, body = outer.answers.get(self.path, (404, None, b"no such file"))
                self.send_response(status)
                self.send_header("Content-Length", str(len(body) if length is None else length))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.http.server_address[1]}"
        self.thread = threading.Thread(
            target=self.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        self.thread.start()

    def stop(self):
        self.http.shutdown()
        self.http.server_close()
        self.thread.join(timeout=5)


@pytest.fixture
def server():
    running = Server()
    yield running
    running.stop()


@pytest.fixture
def small(monkeypatch, server):
    """A prostate data set of two rows, whose only address is the loopback server."""
    file = File("prostate.data", hashlib.sha256(PROSTATE).hexdigest(), (f"{server.address}/prostate.data",))
    monkeypatch.setitem(REGISTRY, "prostate", replace(REGISTRY["prostate"], files=(file,)))
    return file


def left_behind(tmp_path: Path) -> list[str]:
    return [str(path.relative_to(tmp_path)) for path in (tmp_path / "cache").rglob("*")]


# --- what is always there


@pytest.mark.parametrize("name", OFFLINE)
def test_offline_sets_are_what_the_registry_says(name):
    data = datasets.load(name)
    assert data.X.shape == data.info.shape == (data.y.size, len(data.feature_names))
    assert data.info.target.startswith(data.target_name + ":")
    assert np.isfinite(data.X).all()
    assert np.isfinite(data.y).all()
    assert datasets.available(name)


def test_facts_stated_in_the_descriptions():
    diabetes, cancer, digits = (datasets.load(name) for name in ("diabetes", "breast_cancer", "digits"))
    assert (diabetes.y.min(), diabetes.y.max()) == (25, 346)
    assert np.corrcoef(diabetes.X[:, 4], diabetes.X[:, 5])[0, 1] > 0.85
    assert (cancer.y.sum(), (1 - cancer.y).sum()) == (357, 212)
    assert (digits.X.min(), digits.X.max()) == (0, 1)
    assert np.bincount(digits.y).min() > 170


def test_options():
    scaled = datasets.load("diabetes", scaled=True).X
    np.testing.assert_allclose((scaled**2).sum(axis=0), 1)
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-12)
    images = datasets.load("digits", as_images=True).X
    np.testing.assert_array_equal(images.reshape(-1, 64), datasets.load("digits").X)


def test_each_load_is_a_fresh_copy():
    datasets.load("diabetes").X[:] = 0
    datasets.load("sine").y[:] = 0
    assert datasets.load("diabetes").X.any()
    assert datasets.load("sine").y.any()


def test_a_bundled_set_that_changed_is_refused(monkeypatch):
    monkeypatch.setitem(REGISTRY, "digits", replace(REGISTRY["digits"], sha256="0" * 64))
    with pytest.raises(datasets.DataUnavailable, match=r"digits.*\n.*scikit-learn"):
        datasets.load("digits")
    assert ("digits", False) in [check[:2] for check in datasets.verify()]


def test_description_prints_in_text_and_html():
    data = datasets.load("sine")
    for text in (str(data), data._repr_html_(), str(data.info)):
        for fact in ("thirty noisy points", "30 rows, 1 feature", "CC BY 4.0", "default_rng(1)"):
            assert fact in text
    assert "X (30, 1)" in str(data)
    assert repr(data) == "Dataset('sine', X (30, 1), y (30,))"


def test_unknown_names_and_options():
    with pytest.raises(ValueError, match=r"'diabetis'\. Did you mean 'diabetes'\?"):
        datasets.load("diabetis")
    with pytest.raises(ValueError, match="There are: diabetes, breast_cancer"):
        datasets.info("zzz")
    with pytest.raises(TypeError, match=r"'diabetes' has no option 'as_images'\. Its options are: scaled"):
        datasets.load("diabetes", as_images=True)
    with pytest.raises(TypeError, match="It has no options"):
        datasets.load("sine", n=3)


def test_import_needs_neither_scikit_learn_nor_the_network_client():
    code = (
        "import sys, course_lib.datasets\n"
        "print([m for m in ('sklearn', 'scipy', 'requests', 'pooch', 'torch') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


def test_offline_default_asks_no_server(small, server, monkeypatch):
    monkeypatch.setenv("COURSE_DATA_MIRROR", server.address)
    assert [datasets.available(name) for name in datasets.names()].count(True) == len(OFFLINE)
    datasets.verify()
    for name in OFFLINE:
        datasets.load(name)
    assert server.asked == []


# --- generated files


@pytest.mark.parametrize("name", GENERATED)
def test_made_by_line_makes_the_csv(name):
    entry = REGISTRY[name]
    on_disk = (files.data_dir() / entry.files[0].name).read_bytes()
    assert publish.csv_text(entry).encode() == on_disk
    assert hashlib.sha256(on_disk).hexdigest() == entry.files[0].sha256


def test_data_readme_is_the_registry_s():
    assert (files.data_dir() / "README.md").read_text(encoding="utf-8") == publish.readme()


def test_a_damaged_csv_is_named_with_a_remedy(tmp_path, monkeypatch):
    (tmp_path / "sine.csv").write_text("x,y\n0.1,0.2\n")
    monkeypatch.setattr(files, "data_dir", lambda: tmp_path)
    with pytest.raises(datasets.DataUnavailable, match=r"sine\.csv is wrong checksum.*\n.*git restore"):
        datasets.load("sine")
    with pytest.raises(datasets.DataUnavailable, match=r"twins\.csv is missing"):
        datasets.load("twins")
    assert not datasets.available("sine")


def test_data_is_found_in_a_wheel_layout_and_from_any_directory(tmp_path, monkeypatch):
    root = Path(datasets.__file__).resolve().parents[2]
    site = tmp_path / "site"
    import shutil

    shutil.copytree(root / "course_lib", site / "course_lib", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(root / "data", site / "course_lib" / "data", dirs_exist_ok=True)
    code = "from course_lib import datasets as d; print(d.load('twins').X.shape, d.data_dir())"
    environment = os.environ | {"PYTHONPATH": str(site)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.strip() == f"(80, 12) {site / 'course_lib' / 'data'}", done.stderr


# --- fresh draws


def test_sine_draws_have_the_stated_curve_and_noise():
    x, y = datasets.draw_sine(20_000, np.random.default_rng(0), noise=0.3)
    residual = y - np.sin(2 * np.pi * x)
    assert x.shape == y.shape == (20_000,)
    assert 0 <= x.min() < x.max() <= 1
    assert abs(residual.mean()) < 4 * 0.3 / np.sqrt(20_000)
    assert abs(residual.std() - 0.3) < 4 * 0.3 / np.sqrt(2 * 20_000)


def test_collinear_draws():
    X, y, w = datasets.draw_collinear(20_000, np.random.default_rng(0), gap=0.1, noise=0.5)
    assert abs((X[:, 1] - X[:, 0]).std() - 0.1) < 0.003
    assert abs((y - X @ w).std() - 0.5) < 0.015
    assert w.tolist() == [1, 1, 0.5]
    X, _, _ = datasets.draw_collinear(5, np.random.default_rng(0), gap=0)
    np.testing.assert_array_equal(X[:, 0], X[:, 1])


def test_twins_draws():
    X, y, w = datasets.draw_twins(
        20_000, np.random.default_rng(0), (1.0, 0.0), size=2, correlation=0.8, noise=0.5
    )
    inside = np.kron(np.eye(2), np.full((2, 2), 0.8)) + 0.2 * np.eye(4)
    np.testing.assert_allclose(np.cov(X.T), inside, atol=0.05)
    assert w.tolist() == [1, 1, 0, 0]
    assert abs((y - X @ w).std() - 0.5) < 0.015


def test_sparse_linear_draws():
    rng = np.random.default_rng(0)
    X, y, w = datasets.draw_sparse_linear(20_000, 6, rng, support=3, correlation=0.7, noise=0.5)
    wanted = 0.7 ** np.abs(np.subtract.outer(np.arange(6), np.arange(6)))
    np.testing.assert_allclose(np.cov(X.T), wanted, atol=0.05)
    assert w.tolist() == [3, 0, -2, 0, 1.5, 0]
    assert abs((y - X @ w).std() - 0.5) < 0.015
    assert np.flatnonzero(datasets.draw_sparse_linear(5, 6, rng, support=[5, 1])[2]).tolist() == [1, 5]
    assert not datasets.draw_sparse_linear(5, 6, rng, support=0)[2].any()
    assert np.count_nonzero(datasets.draw_sparse_linear(5, 7, rng, support=7)[2]) == 7


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda rng: datasets.draw_sine(0, rng), ValueError, "n must be >= 1"),
        (lambda rng: datasets.draw_sine(3, 7), TypeError, "rng must be a numpy Generator"),
        (lambda rng: datasets.draw_sine(3, rng, noise=-1), ValueError, "noise must be >= 0"),
        (lambda rng: datasets.draw_collinear(3, rng, gap=-1), ValueError, "gap must be >= 0"),
        (
            lambda rng: datasets.draw_twins(3, rng, correlation=1.5),
            ValueError,
            r"correlation must lie in \[0, 1\]",
        ),
        (
            lambda rng: datasets.draw_sparse_linear(3, 4, rng, support=5),
            ValueError,
            "support must be at most d = 4",
        ),
        (lambda rng: datasets.draw_sparse_linear(3, 4, rng, support=[4]), ValueError, "indices from 0 to 3"),
        (lambda rng: datasets.draw_sparse_linear(3, 4, rng, support=[1, 1]), ValueError, "different indices"),
        (lambda rng: datasets.draw_sparse_linear(3, 4, rng, support=[0.5]), TypeError, "feature indices"),
        (
            lambda rng: datasets.draw_sparse_linear(3, 4, rng, support=1.5),
            TypeError,
            "support must be a whole",
        ),
    ],
)
def test_bad_arguments_of_draws(call, error, words):
    with pytest.raises(error, match=words):
        call(np.random.default_rng(0))


def test_lesson_of_the_sine_survives_reseeding():
    """Degree 12 fits 30 training points better than degree 3 and predicts worse, in nearly every draw."""
    worse = 0
    for seed in range(50):
        rng = np.random.default_rng(seed)
        x, y = datasets.draw_sine(30, rng)
        x_new, y_new = datasets.draw_sine(1000, rng)
        fits = [np.polynomial.Chebyshev.fit(x, y, degree, domain=[0, 1]) for degree in (3, 12)]
        train = [np.mean((fit(x) - y) ** 2) for fit in fits]
        new = [np.mean((fit(x_new) - y_new) ** 2) for fit in fits]
        assert train[1] < train[0]
        worse += new[1] > new[0]
    assert worse >= 48


# --- downloads


def test_download_is_kept_and_not_asked_twice(small, server, tmp_path):
    server.answers["/prostate.data"] = (200, None, PROSTATE)
    assert not datasets.available("prostate")
    data = datasets.load("prostate")
    np.testing.assert_array_equal(data.X[0], [-0.5, 2.7, 50, -1.3, 0, -1.4, 6, 0])
    assert data.y.tolist() == [-0.4, -0.2]
    assert data.train.tolist() == [True, False]
    assert data.feature_names == ("lcavol", "lweight", "age", "lbph", "svi", "lcp", "gleason", "pgg45")
    assert datasets.available("prostate")
    assert datasets.load("prostate", split="test").y.tolist() == [-0.2]
    assert server.asked == ["/prostate.data"]
    assert sorted(left_behind(tmp_path)) == ["cache/prostate", "cache/prostate/prostate.data"]
    with pytest.raises(ValueError, match='split must be "all"'):
        datasets.load("prostate", split="valid")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((200, None, PROSTATE[:-1] + b"!"), "wrong checksum"),
        ((200, None, PROSTATE[:50]), "wrong checksum"),
        ((200, len(PROSTATE), PROSTATE[:50]), "broke before the end"),
        ((404, None, b"gone"), "answered 404"),
        ((500, None, b"oops"), "answered 500"),
        ((200, None, b""), "wrong checksum"),
    ],
    ids=["wrong", "short", "truncated", "404", "500", "empty"],
)
def test_bad_answers(small, server, tmp_path, answer, words):
    server.answers["/prostate.data"] = answer
    with pytest.raises(datasets.DataUnavailable, match=words) as caught:
        datasets.load("prostate")
    message = str(caught.value)
    for part in (
        "prostate.data",
        small.urls[0],
        "Remedy",
        "COURSE_DATA_MIRROR",
        'load("diabetes") works offline',
    ):
        assert part in message
    assert left_behind(tmp_path) == []
    assert not datasets.available("prostate")


def test_no_connection(small, server, tmp_path):
    server.stop()
    with pytest.raises(datasets.DataUnavailable, match="no connection"):
        datasets.load("prostate")
    assert left_behind(tmp_path) == []


def test_silent_server(small, monkeypatch, tmp_path):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/prostate.data"
        monkeypatch.setitem(
            REGISTRY, "prostate", replace(REGISTRY["prostate"], files=(replace(small, urls=(url,)),))
        )
        monkeypatch.setattr(files, "TIMEOUT", 0.2)
        with pytest.raises(datasets.DataUnavailable, match="no answer within"):
            datasets.load("prostate")
    assert left_behind(tmp_path) == []


def test_second_address_serves_when_the_first_is_broken(small, server, monkeypatch):
    urls = (f"{server.address}/broken", f"{server.address}/good")
    monkeypatch.setitem(
        REGISTRY, "prostate", replace(REGISTRY["prostate"], files=(replace(small, urls=urls),))
    )
    server.answers |= {"/broken": (200, None, b"x"), "/good": (200, None, PROSTATE)}
    assert datasets.load("prostate").y.size == 2


def test_a_damaged_cached_file_is_fetched_again(small, server, tmp_path):
    cached = tmp_path / "cache" / "prostate" / "prostate.data"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(PROSTATE[:50])
    assert not datasets.available("prostate")
    check = next(check for check in datasets.verify() if check[0] == "prostate")
    assert check[1] is False
    assert str(cached) in check[2]
    with pytest.raises(datasets.DataUnavailable, match=re.escape(f"{cached}: wrong checksum (50 bytes")):
        datasets.load("prostate")
    assert cached.read_bytes() == PROSTATE[:50]  # what the user had is replaced only by something good
    server.answers["/prostate.data"] = (200, None, PROSTATE)
    assert datasets.load("prostate").y.size == 2
    assert cached.read_bytes() == PROSTATE


def test_after_a_failure_a_mirror_directory_goes_on(small, server, tmp_path, monkeypatch):
    with pytest.raises(datasets.DataUnavailable):
        datasets.load("prostate")
    mirror = tmp_path / "stick" / "prostate"
    mirror.mkdir(parents=True)
    (mirror / "prostate.data").write_bytes(PROSTATE)
    server.asked.clear()
    for where in (str(mirror.parent), mirror.parent.as_uri()):
        monkeypatch.setenv("COURSE_DATA_MIRROR", where)
        assert datasets.available("prostate")
        assert datasets.load("prostate").y.size == 2
    assert server.asked == []
    assert left_behind(tmp_path) == []  # a mirror directory is read in place


def test_damaged_mirror_directory_is_named(small, tmp_path, monkeypatch):
    mirror = tmp_path / "stick" / "prostate"
    mirror.mkdir(parents=True)
    (mirror / "prostate.data").write_bytes(b"not it")
    monkeypatch.setenv("COURSE_DATA_MIRROR", str(mirror.parent))
    with pytest.raises(
        datasets.DataUnavailable, match=re.escape(f"{mirror / 'prostate.data'}: wrong checksum")
    ):
        datasets.load("prostate")


def test_mirror_address_is_asked_first(small, server, monkeypatch):
    monkeypatch.setenv("COURSE_DATA_MIRROR", f"{server.address}/mirror/")
    server.answers["/mirror/prostate/prostate.data"] = (200, None, PROSTATE)
    assert not datasets.available("prostate")  # an address is network: not known without asking
    assert datasets.load("prostate").y.size == 2
    assert server.asked == ["/mirror/prostate/prostate.data"]


def test_cache_that_cannot_be_written(small, server, tmp_path, monkeypatch):
    server.answers["/prostate.data"] = (200, None, PROSTATE)
    (tmp_path / "file").write_text("a file where the cache should be")
    monkeypatch.setenv("COURSE_DATA_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(
        datasets.DataUnavailable, match=r"prostate\.data(.|\n)*write access(.|\n)*COURSE_DATA_CACHE"
    ):
        datasets.load("prostate")
    if os.name == "posix" and os.geteuid() != 0:  # root may write everywhere
        (tmp_path / "locked").mkdir(mode=0o500)
        monkeypatch.setenv("COURSE_DATA_CACHE", str(tmp_path / "locked"))
        with pytest.raises(datasets.DataUnavailable, match="write access"):
            datasets.load("prostate")


@pytest.mark.skipif(os.name != "posix", reason="needs a limit on the size of files")
def test_full_disk(small, server, tmp_path):
    import resource

    server.answers["/prostate.data"] = (200, None, PROSTATE)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, hard))  # a write beyond 64 bytes fails as on a full disk
    try:
        with pytest.raises(datasets.DataUnavailable) as caught:
            datasets.load("prostate")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "make room" in str(caught.value)
    assert "prostate.data" in str(caught.value)
    assert left_behind(tmp_path) == []


def test_mnist_format(server, monkeypatch):
    rng = np.random.default_rng(0)
    parts, entries = {}, []
    for name, n in (("train", 3), ("t10k", 2)):
        images, labels = (
            rng.integers(0, 256, (n, 28, 28), dtype=np.uint8),
            rng.integers(0, 10, n, dtype=np.uint8),
        )
        parts[name] = images, labels
        for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
            header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, dtype=">u4").tobytes()
            content = gzip.compress(header + array.tobytes(), mtime=0)
            file = f"{name}-{kind}-ubyte.gz"
            server.answers[f"/{file}"] = (200, None, content)
            entries.append(File(file, hashlib.sha256(content).hexdigest(), (f"{server.address}/{file}",)))
    monkeypatch.setitem(REGISTRY, "mnist", replace(REGISTRY["mnist"], files=tuple(entries)))
    images = datasets.load("mnist", split="test", as_images=True)
    np.testing.assert_array_equal(images.X, parts["t10k"][0])
    np.testing.assert_array_equal(images.y, parts["t10k"][1])
    flat = datasets.load("mnist")
    assert (flat.X.shape, flat.X.dtype) == ((5, 784), np.uint8)
    np.testing.assert_array_equal(flat.X[flat.train], parts["train"][0].reshape(3, 784))


# --- the command


def test_command_lists_fetches_and_fails(small, server, capsys):
    assert datasets.main(argparse.Namespace(names=[])) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in datasets.names())
    assert "`course data mnist` fetches it" in listed
    assert datasets.main(argparse.Namespace(names=["prostate"])) == 1
    assert "Remedy" in capsys.readouterr().err
    server.answers["/prostate.data"] = (200, None, PROSTATE)
    assert datasets.main(argparse.Namespace(names=["prostate"])) == 0
    assert "prostate-specific antigen" in capsys.readouterr().out
    assert datasets.main(argparse.Namespace(names=["prostata"])) == 1
    assert "Did you mean 'prostate'" in capsys.readouterr().err
    assert datasets.main(argparse.Namespace(json=True)) == 0
    assert {"name": "prostate", "ok": True, "message": "fetched"} in json.loads(capsys.readouterr().out)
