"""Chapter 08 against the library: four steps of the written-out Adam are four steps of `nn.Adam`."""

import numpy as np

from course_lib import nn


def adam(step, library_adam, rng):
    parameter = nn.Parameter(rng.normal(size=(3, 2)), "weight", is_weight=True)
    lr, lam, betas, eps = rng.uniform(0.01, 0.5), rng.uniform(0.1, 2.0), (0.8, 0.95), 1e-6
    optimiser = library_adam([parameter], lr, weight_decay=lam, betas=betas, eps=eps)
    w, m, v = parameter.value.copy(), np.zeros((3, 2)), np.zeros((3, 2))
    for t in range(1, 5):
        parameter.grad[...] = grad = rng.normal(size=(3, 2))
        w, m, v = step(w, grad, m, v, t, lr, lam, *betas, eps)
        optimiser.step()
    np.testing.assert_allclose(w, parameter.value, rtol=1e-10)


COMPARE = {"adam_l2_step": adam}
