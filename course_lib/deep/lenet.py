"""LeNet-5: the network of 1998, the usual variant, and one that circulates; parameters layer by layer.

Source of the first: LeCun, Bottou, Bengio and Haffner 1998, Gradient-based learning applied to document
recognition, Proceedings of the IEEE 86(11), 2278-2324, section II.B and table I.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn

from course_lib.deep.devices import generator as seeded
from course_lib.deep.dropout import Dropout
from course_lib.validation import probability

__all__ = ["C3_TABLE", "count_parameters", "lenet5", "lenet5_1998", "lenet5_same"]

#: Table I of the paper: which of the six maps of S2 each of the sixteen maps of C3 sees.
C3_TABLE: tuple[tuple[int, ...], ...] = (
    (0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5),
    (0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5),
    (0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5), (0, 1, 2, 3, 4, 5),
)  # fmt: skip


class Squash(nn.Module):
    """`1.7159 tanh(2/3 a)`, the paper's squashing function: 1 is mapped to 1, and -1 to -1 (nearly)."""

    def forward(self, a: Tensor) -> Tensor:
        """Squash entry by entry; any shape."""
        return 1.7159 * torch.tanh(2 / 3 * a)


class Subsampling(nn.Module):
    """Sum of each 2 x 2 window times a trainable coefficient, plus a trainable bias: 2 parameters a map.

    Forward: `coefficient[c] Σ window + bias[c]`; x (n, n_maps, h, w) -> (n, n_maps, h/2, w/2).
    The bias is named so that penalties leave it out; the coefficient is a weight.
    """

    def __init__(self, n_maps: int) -> None:
        super().__init__()
        self.coefficient = nn.Parameter(torch.full((n_maps,), 0.25))  # starts as the mean of the window
        self.bias = nn.Parameter(torch.zeros(n_maps))

    def forward(self, x: Tensor) -> Tensor:
        """Halve height and width."""
        total = 4 * nn.functional.avg_pool2d(x, 2)
        return total * self.coefficient[:, None, None] + self.bias[:, None, None]


class PartialConv2d(nn.Module):
    """5 x 5 convolution whose output map o sees the input maps `table[o]` only.

    One weight tensor (inputs, 5, 5) for each output map: what is not connected does not exist, so it is
    neither counted nor decayed.
    """

    def __init__(self, table: tuple[tuple[int, ...], ...], size: int = 5) -> None:
        super().__init__()
        self.table = table
        self.weight = nn.ParameterList(torch.empty(len(inputs), size, size) for inputs in table)
        self.bias = nn.Parameter(torch.zeros(len(table)))
        for weight in self.weight:
            nn.init.normal_(weight, std=weight.numel() ** -0.5)
        self.n_in, self.size = 1 + max(max(inputs) for inputs in table), size

    def forward(self, x: Tensor) -> Tensor:
        """Convolve with a dense kernel that is zero where nothing is connected."""
        kernel = x.new_zeros(len(self.table), self.n_in, self.size, self.size)
        for o, (inputs, weight) in enumerate(zip(self.table, self.weight, strict=True)):
            kernel[o, list(inputs)] = weight
        return nn.functional.conv2d(x, kernel, self.bias)


class RBFOutput(nn.Module):
    """Minus the squared distance to a fixed code of ±1 for each class; x (n, 84) -> scores (n, 10).

    Forward: `score[k] = -Σ_j (x_j - code_kj)²`. With the cross-entropy on these scores the loss is that of
    the paper's equation (9) without its constant for a rubbish class. The codes are not trained. The paper
    drew small pictures of the digits; here they are random signs, which it names as a possibility.
    """

    codes: Tensor

    def __init__(self, n_in: int = 84, n_classes: int = 10, seed: int = 1998) -> None:
        super().__init__()
        signs = torch.randint(0, 2, (n_classes, n_in), generator=seeded(seed))
        self.register_buffer("codes", 2.0 * signs - 1.0)

    def forward(self, x: Tensor) -> Tensor:
        """Return the scores: the largest belongs to the nearest code."""
        return -(x[:, None, :] - self.codes).square().sum(dim=2)


def lenet5_1998() -> nn.Sequential:
    """Return the network of the paper, for images (n, 1, 32, 32): 60,000 trainable parameters."""
    return nn.Sequential(OrderedDict(
        C1=nn.Conv2d(1, 6, 5), squash1=Squash(),
        S2=Subsampling(6), squash2=Squash(),
        C3=PartialConv2d(C3_TABLE), squash3=Squash(),
        S4=Subsampling(16), squash4=Squash(),
        C5=nn.Conv2d(16, 120, 5), squash5=Squash(), flatten=nn.Flatten(),
        F6=nn.Linear(120, 84), squash6=Squash(),
        output=RBFOutput(),
    ))  # fmt: skip


def lenet5(p: float = 0.0, generator: torch.Generator | None = None) -> nn.Sequential:
    """Return the usual variant, for images (n, 1, 28, 28): 61,706 parameters.

    Against the paper: C3 sees all maps, pooling is a mean without parameters, the output is linear, and a
    frame of 2 zeros takes the place of 32 x 32 images. `p` is the dropout probability after C5 and after F6
    (0: no dropout), `generator` the source of its masks.
    """
    p = probability(p)
    return nn.Sequential(OrderedDict(
        C1=nn.Conv2d(1, 6, 5, padding=2), tanh1=nn.Tanh(), S2=nn.AvgPool2d(2),
        C3=nn.Conv2d(6, 16, 5), tanh3=nn.Tanh(), S4=nn.AvgPool2d(2), flatten=nn.Flatten(),
        C5=nn.Linear(400, 120), tanh5=nn.Tanh(), drop5=Dropout(p, generator),
        F6=nn.Linear(120, 84), tanh6=nn.Tanh(), drop6=Dropout(p, generator),
        output=nn.Linear(84, 10),
    ))  # fmt: skip


def lenet5_same() -> nn.Sequential:
    """Return a variant found on the web, for images (n, 1, 28, 28): 107,786 parameters.

    Both convolutions keep the size ("same" padding), so 16 maps of 7 x 7 and not of 5 x 5 enter C5; ReLU
    and maximum pooling. It is no LeNet-5, although it is called so.
    """
    return nn.Sequential(OrderedDict(
        C1=nn.Conv2d(1, 6, 5, padding=2), relu1=nn.ReLU(), S2=nn.MaxPool2d(2),
        C3=nn.Conv2d(6, 16, 5, padding=2), relu3=nn.ReLU(), S4=nn.MaxPool2d(2), flatten=nn.Flatten(),
        C5=nn.Linear(784, 120), relu5=nn.ReLU(),
        F6=nn.Linear(120, 84), relu6=nn.ReLU(),
        output=nn.Linear(84, 10),
    ))  # fmt: skip


def count_parameters(model: nn.Module) -> dict[str, int]:
    """Return the number of trainable parameters of each layer that has any, by the layer's name.

    Raises
    ------
    TypeError
        If ``model`` is not a ``torch.nn.Module``.
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a torch.nn.Module, got {type(model).__name__}.")
    counts = {
        name: sum(p.numel() for p in layer.parameters() if p.requires_grad)
        for name, layer in model.named_children()
    }
    return {name: count for name, count in counts.items() if count}
