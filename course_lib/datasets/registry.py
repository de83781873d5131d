"""What the course knows about each data set: origin, licence, shape, and how to recognise it."""

from __future__ import annotations

import html
from dataclasses import dataclass

__all__ = ["REGISTRY", "File", "Info"]


@dataclass(frozen=True)
class File:
    """One file of a data set: its name, the sha256 of its bytes, and where it can be fetched (best first)."""

    name: str
    sha256: str
    urls: tuple[str, ...] = ()


@dataclass(frozen=True)
class Info:
    """One entry of the registry.

    ``kind`` is "bundled" (comes with scikit-learn), "generated" (a CSV made by the line in ``made_by``) or
    "download" (fetched when somebody asks for it; ``stand_in`` names the data set that does the job offline).
    ``sha256`` of a bundled set is that of X and then y as little-endian float64 bytes; the others have one
    per file.
    """

    name: str
    title: str
    kind: str
    shape: tuple[int, int]
    target: str
    origin: str
    licence: str
    description: str
    sha256: str = ""
    files: tuple[File, ...] = ()
    made_by: str = ""
    columns: tuple[str, ...] = ()
    stand_in: str = ""

    def facts(self) -> dict[str, str]:
        """Return what there is to say about the data set, in reading order."""
        rows, features = self.shape
        facts = {
            "Shape": f"{rows} rows, {features} feature{'s' if features > 1 else ''}",
            "Target": self.target,
            "Kind": self.kind,
            "Origin": self.origin,
            "Licence": self.licence,
        }
        return facts | ({"Made by": self.made_by} if self.made_by else {})

    def __str__(self) -> str:
        lines = [f"{self.name}: {self.title}"]
        lines += [f"  {key + ':':<9} {value}" for key, value in self.facts().items()]
        return "\n".join([*lines, "", self.description])

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<tr><th scope="row" style="text-align:left">{key}</th>'
            f'<td style="text-align:left">{html.escape(value)}</td></tr>'
            for key, value in self.facts().items()
        )
        title = f"<strong>{html.escape(self.name)}</strong>: {html.escape(self.title)}"
        return f"<p>{title}</p><table>{rows}</table><p>{html.escape(self.description)}</p>"


_MNIST_MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)


def _mnist_file(name: str, sha256: str) -> File:
    return File(name, sha256, tuple(mirror + name for mirror in _MNIST_MIRRORS))


_ENTRIES = (
    Info(
        name="diabetes",
        title="progression of diabetes in 442 patients",
        kind="bundled",
        shape=(442, 10),
        target="progression: disease progression one year after baseline (25 to 346)",
        origin="Efron, Hastie, Johnstone and Tibshirani (2004), Least angle regression, Annals of "
        "Statistics 32(2); copy in scikit-learn",
        licence="none stated by the authors; distributed with scikit-learn (BSD-3-Clause)",
        description="Age, sex, body mass index, average blood pressure and six blood serum measurements at "
        "baseline. The features are raw, in their own units (scaled=True gives scikit-learn's "
        "version: centred, each column with sum of squares 1). s1 and s2 (total and LDL "
        "cholesterol) are strongly correlated.",
        sha256="e9c1f7559552854a24dc45b41c446ce5f79f96e5da081bcce24b57492720b3f7",
    ),
    Info(
        name="breast_cancer",
        title="malignant or benign, from images of cell nuclei",
        kind="bundled",
        shape=(569, 30),
        target="benign: 1 for benign (357 rows), 0 for malignant (212 rows)",
        origin="Wolberg, Mangasarian, Street and Street (1993), Breast Cancer Wisconsin (Diagnostic), "
        "UCI Machine Learning Repository, doi:10.24432/C5DW2B; copy in scikit-learn",
        licence="CC BY 4.0",
        description="Ten measurements of the cell nuclei in a fine-needle aspirate (radius, texture, ...), "
        "each as mean, standard error and mean of the three worst values. The features have "
        "very different scales and several are nearly functions of one another (radius, "
        "perimeter, area).",
        sha256="cdd5f37c36cbdfc2e5ee074cec7540fac54340874afb25917a673e446270d0d0",
    ),
    Info(
        name="digits",
        title="handwritten digits, 8 x 8 pixels",
        kind="bundled",
        shape=(1797, 64),
        target="digit: 0 to 9, about 180 rows each",
        origin="Alpaydin and Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine "
        "Learning Repository, doi:10.24432/C50P49; scikit-learn holds its test set",
        licence="CC BY 4.0",
        description="Grey values from 0 to 1 (the file's 0 to 16, divided by 16); as_images=True gives X "
        "the shape (1797, 8, 8). The rows come from 13 writers who do not appear in the "
        "original training set.",
        sha256="f19a7d92591ca0a1ffc65ec172e8149afdff995e0d2c4cb0afd151f38471ff90",
    ),
    Info(
        name="sine",
        title="thirty noisy points on one period of a sine",
        kind="generated",
        shape=(30, 1),
        target="y: sin(2πx) plus normal noise of standard deviation 0.3",
        origin="generated for this course",
        licence="CC BY 4.0",
        description="x is uniform on [0, 1]; the rows are in random order. No model can have an expected "
        "squared error below 0.09 on new points. datasets.draw_sine draws fresh samples of the "
        "same kind.",
        files=(File("sine.csv", "3e7d82b04426537b7f0acc9474cfb0737423a969fed48969e8d96c6aa9eb0e61"),),
        made_by="draw_sine(30, np.random.default_rng(1), noise=0.3)",
        columns=("x", "y"),
    ),
    Info(
        name="collinear",
        title="three features, two of them nearly the same",
        kind="generated",
        shape=(60, 3),
        target="y: x1 + x2 + 0.5 x3 plus normal noise of standard deviation 1",
        origin="generated for this course",
        licence="CC BY 4.0",
        description="x2 is x1 plus a little noise (standard deviation 0.05), so the data say much about w1 "
        "+ w2 and little about w1 - w2. datasets.draw_collinear draws fresh samples of the same "
        "kind.",
        files=(File("collinear.csv", "18ed5d1eb2dc2ffc7d43c8383da62c11c45b5be80d69b6c97abeb4fef6edd1bf"),),
        made_by="draw_collinear(60, np.random.default_rng(2), gap=0.05, noise=1.0)",
        columns=("x1", "x2", "x3", "y"),
    ),
    Info(
        name="twins",
        title="four groups of three correlated features",
        kind="generated",
        shape=(80, 12),
        target="y: 2 (a1 + a2 + a3) - 1.5 (b1 + b2 + b3) plus normal noise of standard deviation 2",
        origin="generated for this course",
        licence="CC BY 4.0",
        description="Features of one group (a, b, c, d) have correlation 0.95, features of different groups "
        "none. Groups c and d do not enter the target. datasets.draw_twins draws fresh samples "
        "of the same kind.",
        files=(File("twins.csv", "5a3c09236b31c5efd638ea4b92f047a6feed68bf59dd76636e59beca41b8c976"),),
        made_by="draw_twins(80, np.random.default_rng(3), (2, -1.5, 0, 0), 3, correlation=0.95, noise=2)",
        columns=("a1", "a2", "a3", "b1", "b2", "b3", "c1", "c2", "c3", "d1", "d2", "d3", "y"),
    ),
    Info(
        name="prostate",
        title="prostate-specific antigen in 97 men",
        kind="download",
        shape=(97, 8),
        target="lpsa: logarithm of prostate-specific antigen",
        origin="Stamey et al. (1989), Journal of Urology 141(5); file of Hastie, Tibshirani and "
        "Friedman (2009), The Elements of Statistical Learning, 2nd edition",
        licence="none stated; therefore fetched from the book's site and not part of the course",
        description="Clinical measurements of men about to have their prostate removed. The attribute train "
        "marks the 67 training rows of the book. The file holds the corrected weight of patient "
        "32; older copies do not.",
        files=(
            File(
                "prostate.data",
                "5ecc7781a60e1b71703482e7b8364ed72bfef5c1ba4ad282acead81a8fb319e3",
                ("https://hastie.su.domains/ElemStatLearn/datasets/prostate.data",),
            ),
        ),
        stand_in="diabetes",
    ),
    Info(
        name="mnist",
        title="handwritten digits, 28 x 28 pixels",
        kind="download",
        shape=(70000, 784),
        target="digit: 0 to 9, about 7000 rows each",
        origin="LeCun, Bottou, Bengio and Haffner (1998), Gradient-based learning applied to document "
        "recognition, Proceedings of the IEEE 86(11)",
        licence="CC BY-SA 3.0 according to the documentation of Keras; not part of the course",
        description="Grey values from 0 to 255 (uint8). The attribute train marks the 60,000 training rows, "
        'which come first; split="train" or split="test" gives one part, as_images=True gives '
        "rows the shape (28, 28).",
        files=(
            _mnist_file(
                "train-images-idx3-ubyte.gz",
                "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            ),
            _mnist_file(
                "train-labels-idx1-ubyte.gz",
                "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            ),
            _mnist_file(
                "t10k-images-idx3-ubyte.gz",
                "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            ),
            _mnist_file(
                "t10k-labels-idx1-ubyte.gz",
                "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            ),
        ),
        stand_in="digits",
    ),
)

REGISTRY: dict[str, Info] = {entry.name: entry for entry in _ENTRIES}
