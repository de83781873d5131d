"""The four techniques in PyTorch: penalties, proximal step, weight decay, dropout, and a small training loop.

The objective is the course's own, over the weights w of a network (no biases, no normalisation layers)::

    J = data loss + lam * (l1_ratio * ||w||_1 + (1 - l1_ratio)/2 * ||w||^2)

Everything random takes a ``torch.Generator``; nothing here touches torch's global state. A seed repeats a run
on the same machine and version. It does not repeat it elsewhere: torch draws different dropout masks and
initial weights on macOS, Linux, CPU and GPU from one and the same seed. Compare averages there, not runs.
"""

from course_lib.deep.devices import device, generator
from course_lib.deep.dropout import Dropout
from course_lib.deep.groups import decay_groups, everything, is_weight, named_weights
from course_lib.deep.lenet import count_parameters, lenet5, lenet5_1998, lenet5_same
from course_lib.deep.penalties import max_norm_, penalty, prox_step_
from course_lib.deep.training import History, TrainingDiverged, evaluate, fit, squared_loss

__all__ = [
    "Dropout",
    "History",
    "TrainingDiverged",
    "count_parameters",
    "decay_groups",
    "device",
    "evaluate",
    "everything",
    "fit",
    "generator",
    "is_weight",
    "lenet5",
    "lenet5_1998",
    "lenet5_same",
    "max_norm_",
    "named_weights",
    "penalty",
    "prox_step_",
    "squared_loss",
]
