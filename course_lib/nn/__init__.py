"""Neural networks in NumPy, small enough to read from the first line to the last.

A network is a `Sequential` of layers. A layer has `forward(x, training)` and `backward(grad)`, and its
parameters are objects with a `.value` and a `.grad`. Optimisers change the values, `fit` runs the loop::

    import numpy as np
    from course_lib import nn
    from course_lib.losses import SoftmaxLoss
    from course_lib.penalties import L2

    rng = np.random.default_rng(0)
    model = nn.Sequential(nn.Linear(64, 32, rng), nn.ReLU(), nn.Dropout(0.2, rng), nn.Linear(32, 10, rng))
    history = nn.fit(model, X, y, loss=SoftmaxLoss(), optimiser=nn.SGD(model.parameters(), lr=0.1),
                     epochs=20, batch_size=32, rng=rng, penalty=L2(1e-3))
    labels = model.predict(X).argmax(axis=1)

The losses are those of `course_lib.losses`, the penalties those of `course_lib.penalties`.
"""

from course_lib.nn.images import AvgPool2d, Conv2d, MaxPool2d
from course_lib.nn.layers import (
    BatchNorm1d,
    Dropout,
    Flatten,
    Layer,
    Linear,
    Parameter,
    ReLU,
    Sequential,
    Tanh,
)
from course_lib.nn.optimisers import SGD, Adam, AdamW, Optimiser
from course_lib.nn.regularization import (
    add_penalty_gradient,
    decoupled_decay,
    everything,
    is_weight,
    penalty_value,
    project_max_norm,
    prox_step,
    selected,
)
from course_lib.nn.training import History, TrainingDiverged, fit, train_step

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "AvgPool2d",
    "BatchNorm1d",
    "Conv2d",
    "Dropout",
    "Flatten",
    "History",
    "Layer",
    "Linear",
    "MaxPool2d",
    "Optimiser",
    "Parameter",
    "ReLU",
    "Sequential",
    "Tanh",
    "TrainingDiverged",
    "add_penalty_gradient",
    "decoupled_decay",
    "everything",
    "fit",
    "is_weight",
    "penalty_value",
    "project_max_norm",
    "prox_step",
    "selected",
    "train_step",
]
