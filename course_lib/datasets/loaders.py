"""Turn files and scikit-learn's copies into :class:`Dataset` objects: one small function per source."""

from __future__ import annotations

import gzip
import hashlib
import html
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from course_lib.datasets.files import DataUnavailable, fetch
from course_lib.datasets.registry import REGISTRY, Info

__all__ = ["LOADERS", "Dataset", "array_sha256"]


@dataclass(frozen=True, repr=False)
class Dataset:
    """A data set in memory.

    Attributes
    ----------
    name : str
    X : ndarray of shape (n_samples, n_features)
        (n_samples, height, width) for images on request.
    y : ndarray of shape (n_samples,)
    feature_names : tuple of str
    target_name : str
    info : Info
        The registry entry: origin, licence, shape, description.
    train : ndarray of bool of shape (n_samples,), or None
        Marks the training rows where the authors of the data fixed a split.
    """

    name: str
    X: np.ndarray
    y: np.ndarray
    feature_names: tuple[str, ...]
    target_name: str
    info: Info
    train: np.ndarray | None = field(default=None)

    def __repr__(self) -> str:
        return f"Dataset({self.name!r}, X {self.X.shape}, y {self.y.shape})"

    def __str__(self) -> str:
        return f"{self.info}\n\nHere: {self._summary()}"

    def _repr_html_(self) -> str:
        return f"{self.info._repr_html_()}<p>Here: {html.escape(self._summary())}</p>"

    def _summary(self) -> str:
        names = self.feature_names
        some = ", ".join(names) if len(names) <= 12 else f"{', '.join(names[:3])}, ..., {names[-1]}"
        return f"X {self.X.shape}, y {self.y.shape}, features {some}."


def array_sha256(X: np.ndarray, y: np.ndarray) -> str:
    """Return the sha256 of X and then y as little-endian float64 bytes in row order."""
    digest = hashlib.sha256(np.ascontiguousarray(X, dtype="<f8").tobytes())
    digest.update(np.ascontiguousarray(y, dtype="<f8").tobytes())
    return digest.hexdigest()


def _bundled(name: str, X: np.ndarray, y: np.ndarray) -> None:
    """Raise unless scikit-learn's copy is the one the course was written with."""
    if array_sha256(X, y) != REGISTRY[name].sha256:
        raise DataUnavailable(
            f"Data set {name!r} is not available: the installed scikit-learn has another copy.\n"
            "Remedy: install the locked version of scikit-learn (`course doctor` shows it)."
        )


def _diabetes(*, scaled: bool = False) -> Dataset:
    from sklearn.datasets import load_diabetes

    raw = load_diabetes(scaled=False)
    _bundled("diabetes", raw.data, raw.target)
    X = load_diabetes(scaled=True).data if scaled else raw.data
    return Dataset("diabetes", X, raw.target, tuple(raw.feature_names), "progression", REGISTRY["diabetes"])


def _breast_cancer() -> Dataset:
    from sklearn.datasets import load_breast_cancer

    raw = load_breast_cancer()
    _bundled("breast_cancer", raw.data, raw.target)
    names = tuple(str(name) for name in raw.feature_names)
    return Dataset("breast_cancer", raw.data, raw.target, names, "benign", REGISTRY["breast_cancer"])


def _digits(*, as_images: bool = False) -> Dataset:
    from sklearn.datasets import load_digits

    raw = load_digits()
    _bundled("digits", raw.data, raw.target)
    X = raw.data / 16.0
    return Dataset("digits", _images(X, 8, as_images), raw.target, _pixels(8), "digit", REGISTRY["digits"])


def _csv(name: str) -> Callable[[], Dataset]:
    def load() -> Dataset:
        info = REGISTRY[name]
        table = np.loadtxt(fetch(info, info.files[0]), delimiter=",", skiprows=1)
        *features, target = info.columns
        return Dataset(name, table[:, :-1].copy(), table[:, -1].copy(), tuple(features), target, info)

    return load


def _prostate(*, split: str = "all") -> Dataset:
    info = REGISTRY["prostate"]
    lines = fetch(info, info.files[0]).read_text(encoding="utf-8").splitlines()
    names = tuple(lines[0].split()[1:9])
    cells = [line.split() for line in lines[1:] if line.strip()]
    table = np.array([row[1:10] for row in cells], dtype=float)  # column 0 is a row number, 9 lpsa, 10 train
    train = np.array([row[10] == "T" for row in cells])
    return _split(
        Dataset("prostate", table[:, :8].copy(), table[:, 8].copy(), names, "lpsa", info, train), split
    )


def _mnist(*, split: str = "all", as_images: bool = False) -> Dataset:
    info = REGISTRY["mnist"]
    arrays = [_idx(fetch(info, file)) for file in info.files]  # images and labels, training and test
    X = np.concatenate([arrays[0], arrays[2]]).reshape(-1, 784)
    y = np.concatenate([arrays[1], arrays[3]])
    train = np.arange(y.size) < arrays[1].size
    return _split(Dataset("mnist", _images(X, 28, as_images), y, _pixels(28), "digit", info, train), split)


def _idx(path: Path) -> np.ndarray:
    """Read a gzipped IDX file: two zeros, 8 for uint8, the number of axes, their lengths, the values."""
    with gzip.open(path) as stream:
        content = stream.read()
    axes = content[3]
    shape = np.frombuffer(content, dtype=">u4", count=axes, offset=4)
    return np.frombuffer(content, dtype=np.uint8, offset=4 + 4 * axes).reshape(tuple(int(k) for k in shape))


def _split(data: Dataset, split: str) -> Dataset:
    assert data.train is not None
    if split not in ("all", "train", "test"):
        raise ValueError(f'split must be "all", "train" or "test", got {split!r}.')
    if split == "all":
        return data
    rows = data.train if split == "train" else ~data.train
    return Dataset(
        data.name,
        data.X[rows],
        data.y[rows],
        data.feature_names,
        data.target_name,
        data.info,
        data.train[rows],
    )


def _images(X: np.ndarray, side: int, as_images: bool) -> np.ndarray:
    return X.reshape(-1, side, side) if as_images else X


def _pixels(side: int) -> tuple[str, ...]:
    return tuple(f"pixel_{row}_{column}" for row in range(side) for column in range(side))


LOADERS: dict[str, Callable[..., Dataset]] = {
    "diabetes": _diabetes,
    "breast_cancer": _breast_cancer,
    "digits": _digits,
    "prostate": _prostate,
    "mnist": _mnist,
    **{name: _csv(name) for name, info in REGISTRY.items() if info.kind == "generated"},
}
