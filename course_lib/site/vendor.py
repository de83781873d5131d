"""Scripts that pages need and that no page may fetch: pinned npm packages, checked and kept on this machine.

A package is looked for in this order: the cache, the folder that ``COURSE_VENDOR`` names (tarballs as
``npm pack`` writes them, on a USB stick for instance), and npm, which knows where its own registry is. A
tarball whose SHA-512 is not the one written here is refused wherever it comes from.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from course_lib.datasets.files import cache_dir

__all__ = ["PACKAGES", "Package", "Unavailable", "cached", "copy", "fetch"]

FOLDER = "COURSE_VENDOR"
TIMEOUT = 120  # seconds for npm to bring one tarball


class Unavailable(RuntimeError):
    """A package cannot be had; the message says where it was looked for and what would help."""


@dataclass(frozen=True)
class Package:
    """One npm package: its release, the checksum npm publishes for it, and the files that are used."""

    name: str
    version: str
    sha512: str  # base64, as in npm's "integrity"
    files: tuple[str, ...]  # a name that ends in / takes the folder
    licence: str

    @property
    def tarball(self) -> str:
        """The name that ``npm pack`` gives the file."""
        return f"{self.name.replace('@', '').replace('/', '-')}-{self.version}.tgz"


#: What the website, the slides and the printed course use.
PACKAGES = {
    package.name: package
    for package in (
        Package(
            name="mathjax",
            version="3.2.2",
            sha512="Bt+SSVU8eBG27zChVewOicYs7Xsdt40qm4+UpHyX7k0/O9NliPc+x77k1/FEsPsjKPZGJvtRZM1vO+geW0OhGw==",
            files=("LICENSE", "es5/tex-chtml.js", "es5/output/chtml/fonts/"),
            licence="Apache-2.0",
        ),
        Package(  # for the slides
            name="reveal.js",
            version="4.6.1",
            sha512="1CW0auaXNPmwmvQ7TwpszwVxMi2Xr5cTS3J3EBC/HHgbPF32Dn7aiu/LKWDOGjMbaDwKQiGmfqcoGQ74HUHCMw==",
            files=(
                "LICENSE",
                "dist/reveal.css",
                "dist/reveal.js",
                "dist/theme/white.css",
                "dist/theme/fonts/source-sans-pro/",
                "plugin/notes/notes.js",
            ),
            licence="MIT",
        ),
        Package(  # for tests: no page holds it
            name="axe-core",
            version="4.14.1",
            sha512="FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
            files=("LICENSE", "axe.min.js"),
            licence="MPL-2.0",
        ),
    )
}


def cached(name: str) -> Path | None:
    """Return the checked tarball if the cache or ``COURSE_VENDOR`` holds it, else None. Asks no network."""
    package = PACKAGES[name]
    for folder in (_cache(), _given_folder()):
        if folder is not None and _is_good(folder / package.tarball, package):
            return folder / package.tarball
    return None


def fetch(name: str) -> Path:
    """Return the checked tarball, brought by npm when this machine does not have it.

    Raises
    ------
    Unavailable
        If there is no npm, or npm cannot bring the package, or brings another one.
    """
    found = cached(name)
    if found is not None:
        return found
    package = PACKAGES[name]
    npm = shutil.which("npm")
    if npm is None:
        raise Unavailable(_message(package, "npm is not installed"))
    with tempfile.TemporaryDirectory() as folder:
        command = [npm, "pack", "--silent", f"{package.name}@{package.version}"]
        try:
            answer = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Unavailable(_message(package, f"npm did not answer ({error})")) from error
        brought = Path(folder, package.tarball)
        if not brought.is_file():
            last = (answer.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise Unavailable(_message(package, f"npm could not bring it ({last})"))
        if not _is_good(brought, package):
            raise Unavailable(_message(package, "what npm brought has another checksum"))
        _cache().mkdir(parents=True, exist_ok=True)
        partial = _cache() / f"{package.tarball}.{os.getpid()}"
        shutil.copyfile(brought, partial)
        os.replace(partial, _cache() / package.tarball)
    return _cache() / package.tarball


def copy(name: str, target: Path) -> None:
    """Unpack the files that are used from a package that `fetch` has brought into ``target``."""
    tarball = cached(name)
    if tarball is None:
        raise Unavailable(_message(PACKAGES[name], "it has not been fetched"))
    with tarfile.open(tarball) as archive:
        for member in archive.getmembers():
            inside = member.name.partition("/")[2]  # npm puts everything into "package/"
            if member.isfile() and _is_used(inside, PACKAGES[name].files):
                path = target / inside
                path.parent.mkdir(parents=True, exist_ok=True)
                content = archive.extractfile(member)
                assert content is not None
                path.write_bytes(content.read())


def _is_used(inside: str, files: tuple[str, ...]) -> bool:
    if ".." in Path(inside).parts:
        return False
    return any(inside == name or (name.endswith("/") and inside.startswith(name)) for name in files)


def _is_good(path: Path, package: Package) -> bool:
    if not path.is_file():
        return False
    return base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode() == package.sha512


def _cache() -> Path:
    return cache_dir() / "vendor"


def _given_folder() -> Path | None:
    given = os.environ.get(FOLDER)
    return Path(given).expanduser() if given else None


def _message(package: Package, reason: str) -> str:
    return (
        f"{package.name} {package.version} is not on this machine: {reason}. "
        f"Install npm and call this with a network, or put {package.tarball} (as 'npm pack "
        f"{package.name}@{package.version}' writes it) into a folder and set {FOLDER} to that folder."
    )
