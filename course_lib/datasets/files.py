"""Find a file of a data set on this machine, or fetch it: cache, mirror, internet, in this order.

Two environment variables steer it. ``COURSE_DATA_MIRROR`` is a directory, a ``file://`` address or an
``http(s)://`` address that holds ``<data set>/<file>``. ``COURSE_DATA_CACHE`` replaces the directory where
downloads are kept.
"""

from __future__ import annotations

import hashlib
import logging
import os
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from course_lib.datasets.registry import File, Info

__all__ = ["DataUnavailable", "cache_dir", "data_dir", "fetch", "find", "sha256"]

TIMEOUT = 10.0  # seconds without an answer before an address counts as silent


class DataUnavailable(RuntimeError):
    """A data set cannot be had; the message names the file and a way out."""


def data_dir() -> Path:
    """Return the directory of the CSVs: inside an installed package, or beside the package in a clone."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "data"
    return inside if inside.is_dir() else package.parent / "data"


def cache_dir() -> Path:
    """Return the directory in which downloads are kept."""
    chosen = os.environ.get("COURSE_DATA_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("regularization-course", appauthor=False)


def sha256(path: Path) -> str:
    """Return the sha256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def find(info: Info, file: File) -> Path | None:
    """Return a good copy that needs no network, or None. A copy with the wrong checksum does not count."""
    places = [cache_dir(), _mirror_dir()] if info.kind == "download" else [data_dir()]
    for place in places:
        if place is not None:
            path = place / info.name / file.name if info.kind == "download" else place / file.name
            if _is_good(path, file):
                return path
    return None


def fetch(info: Info, file: File) -> Path:
    """Return a good copy of ``file``, downloading it when there is none on this machine.

    Raises
    ------
    DataUnavailable
        If no source has the file; says what happened at each.
    """
    found = find(info, file)
    if found is not None:
        return found
    if info.kind != "download":
        raise DataUnavailable(_repair(info, data_dir() / file.name))
    problems = [f"{path}: {_state(path)}" for path in _local_places(info, file) if path.exists()]
    for url in _addresses(info, file):
        try:
            return _download(url, info, file)
        except (OSError, ValueError) as error:
            problems.append(f"{url}: {_reason(error)}")
            if _is_local_fault(error):
                raise DataUnavailable(_message(info, file, problems, local=True)) from error
    raise DataUnavailable(_message(info, file, problems))


def _download(url: str, info: Info, file: File) -> Path:
    """Fetch one address; pooch writes a temporary file and moves it only when the checksum is right."""
    import pooch

    pooch.get_logger().setLevel(logging.WARNING)
    folder = cache_dir() / info.name
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        return Path(
            pooch.retrieve(
                url,
                known_hash=f"sha256:{file.sha256}",
                fname=file.name,
                path=folder,
                downloader=pooch.HTTPDownloader(timeout=TIMEOUT, progressbar=False),
            )
        )
    except BaseException:
        for path in made:  # leave no empty directories behind either
            if path.is_dir() and not any(path.iterdir()):
                path.rmdir()
        raise


def _addresses(info: Info, file: File) -> list[str]:
    mirror = os.environ.get("COURSE_DATA_MIRROR", "")
    first = (
        [f"{mirror.rstrip('/')}/{info.name}/{file.name}"]
        if urlsplit(mirror).scheme in ("http", "https")
        else []
    )
    return first + list(file.urls)


def _mirror_dir() -> Path | None:
    mirror = os.environ.get("COURSE_DATA_MIRROR", "")
    if not mirror or urlsplit(mirror).scheme in ("http", "https"):
        return None
    if urlsplit(mirror).scheme == "file":
        return Path(url2pathname(urlsplit(mirror).path))
    return Path(mirror).expanduser()


def _local_places(info: Info, file: File) -> list[Path]:
    mirror = _mirror_dir()
    return [place / info.name / file.name for place in (cache_dir(), mirror) if place is not None]


def _is_good(path: Path, file: File) -> bool:
    try:
        return path.is_file() and sha256(path) == file.sha256
    except OSError:
        return False


def _state(path: Path) -> str:
    try:
        return f"wrong checksum ({path.stat().st_size} bytes; damaged, truncated or another version)"
    except OSError as error:
        return _reason(error)


def _is_local_fault(error: Exception) -> bool:
    """Tell a full or read-only disk (no other address will help) from a fault of the address."""
    import requests

    return isinstance(error, OSError) and not isinstance(error, requests.RequestException)


def _reason(error: Exception) -> str:
    """Say in a few words what went wrong."""
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"the server answered {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout):
        return f"no answer within {TIMEOUT:.0f} s"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection broke before the end of the file"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    if isinstance(error, requests.RequestException):
        return type(error).__name__
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return "wrong checksum (damaged, truncated or another version)"


def _message(info: Info, file: File, problems: list[str], *, local: bool = False) -> str:
    lines = [f"Data set {info.name!r} is not available: {file.name} could not be fetched."]
    lines += [f"  - {problem}" for problem in problems]
    if local:
        lines.append(
            f"Remedy: make room and give write access in {cache_dir()}, or set COURSE_DATA_CACHE to another "
            "directory."
        )
    else:
        lines.append(
            f"Remedy: connect to the internet and run `course data {info.name}`; or set COURSE_DATA_MIRROR "
            f"to a directory or address that holds {info.name}/{file.name}."
        )
    return "\n".join([*lines, f'Meanwhile load("{info.stand_in}") works offline.'])


def _repair(info: Info, path: Path) -> str:
    state = _state(path) if path.exists() else "missing"
    return (
        f"Data set {info.name!r} is not available: {path} is {state}.\n"
        "Remedy: get the file again (`git restore data` in a clone, or reinstall the package), or write it "
        "anew with `python -m course_lib.datasets`."
    )
