"""Chapter 01 against ``course_lib.model_selection``."""

import numpy as np


def mean_se(ours, library, rng):
    values = rng.normal(size=(7, 3))
    assert np.allclose(ours(values), library(values), rtol=1e-12)


COMPARE = {"mean_se": mean_se}
