"""Can a hyperplane separate the classes? Then the log-loss without a penalty has no minimum (chapter 05)."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from course_lib.solvers.log_loss import Problem

__all__ = ["separable"]


def separable(problem: Problem) -> bool:
    """Return whether some ``W`` puts no sample on the wrong side of its class, and at least one on the right.

    Along such a ``W`` the log-loss falls for ever. A linear program decides: it maximises the sum of the
    margins (own score minus another class's), each held between 0 and 1.

    Notes
    -----
    Albert and Anderson (1984), *Biometrika* 71(1), 1-10: complete and quasi-complete separation.
    """
    from scipy.optimize import linprog  # takes as long to import as a fit takes

    X = sparse.csr_array(problem.X)
    size = np.maximum(abs(X).max(axis=0).toarray().ravel(), np.finfo(float).tiny)
    X = X @ sparse.diags_array(1 / size)  # the answer does not depend on the columns' units
    if problem.Y.shape[1] == 1:
        margins = sparse.diags_array(np.where(problem.Y[:, 0], 1.0, -1.0)) @ X
    else:
        own, eye = np.argmax(problem.Y, axis=1), np.eye(problem.Y.shape[1])
        margins = sparse.vstack(
            [
                sparse.kron(eye[[k]] - eye[[other]], X[own == k])
                for k in range(len(eye))
                for other in range(len(eye))
                if other != k
            ]
        )
    best = linprog(
        -margins.sum(axis=0),
        A_ub=sparse.vstack([margins, -margins]),
        b_ub=np.repeat([1.0, 0.0], margins.shape[0]),
        bounds=(None, None),
    )
    return bool(best.fun < -0.5)  # separable: some margin can be made 1
