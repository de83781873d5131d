"""Logistic regression with L2, L1 or both, for two classes and for several (chapters 05, 07).

A thin layer over ``course_lib.solvers.newton``.
"""

from __future__ import annotations

import numbers
import warnings
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import check_cv
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.multiclass import check_classification_targets

from course_lib import validation
from course_lib.linear_model import inputs
from course_lib.solvers import log_loss, log_loss_path, newton
from course_lib.solvers.centring import strengths
from course_lib.solvers.log_loss import Problem
from course_lib.solvers.result import Result

__all__ = ["LogisticRegression", "LogisticRegressionCV", "logistic_path"]


class _LogisticModel(ClassifierMixin, BaseEstimator):
    """What the fitted models share: scores, probabilities, labels."""

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the log-odds of ``classes_[1]``, shape (n_samples,), or one score per class.

        Raises
        ------
        NotFittedError, ValueError
            Before ``fit``, or if ``X`` is not finite or has another number of features.
        """
        X = inputs.load_X_for(self, X)
        scores = safe_sparse_dot(X, self.coef_.T, dense_output=True) + self.intercept_
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probabilities of the classes, shape (n_samples, n_classes).

        Raises
        ------
        NotFittedError, ValueError
            As :meth:`decision_function`.
        """
        scores = self.decision_function(X)
        P, rest = log_loss.probabilities(scores.reshape(len(scores), -1))
        return np.hstack([rest, P]) if scores.ndim == 1 else P

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable label of each sample, shape (n_samples,).

        Raises
        ------
        NotFittedError, ValueError
            As :meth:`decision_function`.
        """
        scores = self.decision_function(X)
        return self.classes_[(scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _load(self, X: Any, y: Any, sample_weight: Any) -> tuple[Any, np.ndarray, np.ndarray]:
        """Check the data, set ``classes_`` and return ``X``, labels 0, 1, ... and weights."""
        X, y, weights = inputs.load_for(self, X, y, sample_weight, numeric_y=False)
        check_classification_targets(y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y must hold at least two classes, got only one class: {self.classes_[0]!r}.")
        return X, labels, np.ones(len(labels)) if weights is None else weights

    def _keep(self, problem: Problem, result: Result, dtype: Any) -> Self:
        """Store a solution under scikit-learn's names; say so if it is none."""
        if not result.converged:
            sentence = newton.complaint(problem, result, type(self).__name__)
            warnings.warn(sentence, ConvergenceWarning, stacklevel=3)
        self.coef_ = np.atleast_2d(result.w.T).astype(dtype)
        self.intercept_ = np.atleast_1d(result.b).astype(dtype)
        self.n_iter_, self.dual_gap_ = result.n_iter, result.certificate
        return self


class LogisticRegression(_LogisticModel):
    """Logistic (two classes) or softmax regression (several) with an elastic-net penalty.

    Objective, with ``s_i`` the sample weights (1 unless given)::

        sum_i s_i log_loss(y_i, x_i.w + b) / sum_i s_i + lam (l1_ratio ||w||_1 + (1 - l1_ratio)/2 ||w||²)

    The intercept ``b`` is not penalised. scikit-learn's strength is ``C = 1/(n lam)``, ``n`` the sum of the
    weights.

    Parameters
    ----------
    lam : float
        Strength, >= 0.
    l1_ratio : float
        L1 share in [0, 1]: 0 is L2 alone, 1 is L1 alone.
    fit_intercept : bool
    tol : float
        Largest accepted duality gap, relative to the objective. The steps go on below it until rounding
        stops them.
    max_iter : int
        Largest number of Newton steps.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    coef_ : ndarray of shape (1, n_features), or (n_classes, n_features) for more than two classes
        In the precision of ``X``; zeros of an L1 penalty are exactly 0.0.
    intercept_ : ndarray of shape (1,) or (n_classes,)
    n_iter_ : int
        Newton steps made.
    dual_gap_ : float
        Bound on how far the objective is above its minimum. At ``lam = 0``, where no useful bound is known,
        half the square of the Newton decrement, which estimates it.

    Warns
    -----
    ConvergenceWarning
        If ``max_iter`` steps were not enough, with the gap reached; if ``lam = 0`` and the classes are
        linearly separable, because then there is no minimum.

    Notes
    -----
    Several classes: adding one vector to the coefficients of every class changes no probability. The
    intercepts sum to 0; so do each feature's coefficients under L2 alone. Under L1 alone their median
    is 0; where an even number of classes leaves an interval for it, the smallest shift that makes a
    coefficient 0 is taken.

    Limits. Arithmetic is in float64. Dense columns are centred, so that an offset of 1e9 costs only what
    storing it cost; sparse ones are not, because that would fill them. The Hessian of all coefficients that
    are not 0 is a dense matrix: L1 keeps it small, L2 with tens of thousands of features (times classes) does
    not.

    Examples
    --------
    >>> model = LogisticRegression(lam=0.1).fit([[-2.0], [-1.0], [1.0], [2.0]], ["no", "no", "yes", "yes"])
    >>> model.predict([[-3.0], [0.5]])
    array(['no', 'yes'], dtype='<U3')
    """

    def __init__(
        self,
        lam: float = 0.01,
        l1_ratio: float = 0.0,
        *,
        fit_intercept: bool = True,
        tol: float = 1e-9,
        max_iter: int = 500,
    ):
        self.lam = lam
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.tol = tol
        self.max_iter = max_iter

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : array, CSR or CSC matrix of shape (n_samples, n_features)
        y : array of shape (n_samples,)
            Labels of any kind, at least two different ones.
        sample_weight : array of shape (n_samples,), number or None
            Weights >= 0; a row of weight 0 is a row that is not there.

        Raises
        ------
        TypeError, ValueError
            If an argument is not finite, out of range or of the wrong shape; if there is a single class.
        """
        tol, max_iter = _stopping(self.tol, self.max_iter)
        X, labels, weights = self._load(X, y, sample_weight)
        problem = Problem.build(
            X, labels, self.lam, self.l1_ratio, fit_intercept=self.fit_intercept, weights=weights
        )
        return self._keep(
            problem, newton.minimise(problem, problem.start(), tol=tol, max_iter=max_iter), X.dtype
        )


class LogisticRegressionCV(_LogisticModel):
    """Logistic or softmax regression whose strength is chosen by cross-validation of the log-loss.

    Objective: that of :class:`LogisticRegression`, at the chosen ``lam_``.

    Parameters
    ----------
    lams : int or array of shape (n_lams,)
        Strengths to try, or how many between ``lam_max`` and ``eps lam_max``. Without an L1 part there is no
        ``lam_max``: then give the strengths themselves.
    l1_ratio : float
        L1 share in [0, 1].
    eps : float
        Smallest strength of an automatic grid, relative to the largest.
    cv : int, splitter or iterable of (train, test)
        A whole number means that many stratified folds, without shuffling.
    selection : {"min", "1se"}
        The smallest mean log-loss on the held-out folds, or the largest strength whose mean is within one
        standard error of it.
    fit_intercept, tol, max_iter
        As :class:`LogisticRegression`.

    Attributes
    ----------
    lam_ : float
        The chosen strength.
    lams_ : ndarray of shape (n_lams,)
        All strengths, largest first.
    loss_path_ : ndarray of shape (n_lams, n_folds)
        Mean log-loss on each held-out fold.
    classes_, coef_, intercept_, n_iter_, dual_gap_
        As :class:`LogisticRegression`, refitted to all rows at ``lam_``.

    Warns
    -----
    ConvergenceWarning
        As :class:`LogisticRegression`, for any fit.
    """

    def __init__(
        self,
        lams: Any = 50,
        l1_ratio: float = 1.0,
        *,
        eps: float = 1e-3,
        cv: Any = 5,
        selection: str = "min",
        fit_intercept: bool = True,
        tol: float = 1e-9,
        max_iter: int = 500,
    ):
        self.lams = lams
        self.l1_ratio = l1_ratio
        self.eps = eps
        self.cv = cv
        self.selection = selection
        self.fit_intercept = fit_intercept
        self.tol = tol
        self.max_iter = max_iter

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Choose the strength, then fit all rows with it; arguments as :meth:`LogisticRegression.fit`.

        Raises
        ------
        TypeError, ValueError
            As :class:`LogisticRegression`, and if the training part of a fold lacks a class.
        """
        if self.selection not in ("min", "1se"):
            raise ValueError(f'selection must be "min" or "1se", got {self.selection!r}.')
        tol, max_iter = _stopping(self.tol, self.max_iter)
        X, labels, weights = self._load(X, y, sample_weight)
        problem = Problem.build(
            X, labels, 1.0, self.l1_ratio, fit_intercept=self.fit_intercept, weights=weights
        )
        self.lams_ = _grid(problem, self.lams, self.l1_ratio, self.eps)
        losses = [
            self._fold_losses(X, labels, weights, train, test, tol, max_iter)
            for train, test in self._folds(labels, sample_weight)
        ]
        self.loss_path_ = np.column_stack(losses)
        mean = self.loss_path_.mean(axis=1)
        best = int(np.argmin(mean))
        if self.selection == "1se":
            se = self.loss_path_[best].std(ddof=1) / np.sqrt(self.loss_path_.shape[1])
            best = int(np.argmax(mean <= mean[best] + se))  # the first, that is the largest strength
        self.lam_ = float(self.lams_[best])
        final = log_loss_path.at_strength(problem, self.lam_)
        return self._keep(final, newton.minimise(final, final.start(), tol=tol, max_iter=max_iter), X.dtype)

    def _folds(self, labels: np.ndarray, sample_weight: Any) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return the folds as indices of the rows whose weight is not 0."""
        if isinstance(self.cv, numbers.Integral) or np.size(sample_weight) in (1, len(labels)):
            return list(check_cv(self.cv, labels, classifier=True).split(labels, labels))
        kept = np.asarray(sample_weight) > 0
        all_labels, position = np.zeros(kept.size, dtype=np.intp), np.cumsum(kept) - 1
        all_labels[kept] = labels
        folds = check_cv(self.cv, all_labels, classifier=True).split(all_labels, all_labels)
        return [tuple(position[rows[kept[rows]]] for rows in fold) for fold in folds]

    def _fold_losses(
        self, X: Any, labels: np.ndarray, weights: np.ndarray, train: np.ndarray, test: np.ndarray,
        tol: float, max_iter: int,
    ) -> list[float]:  # fmt: skip
        """Return the mean log-loss on ``test`` at every strength, after fits to ``train``."""
        missing = np.setdiff1d(labels, labels[train])
        if missing.size:
            raise ValueError(
                f"cv left no sample of class {self.classes_[missing[0]]!r} in the training part of a fold. "
                "Use fewer folds, or stratified ones."
            )
        fitted = Problem.build(
            X[train],
            labels[train],
            1.0,
            self.l1_ratio,
            fit_intercept=self.fit_intercept,
            weights=weights[train],
        )
        held_out = Problem.build(
            X[test],
            labels[test],
            0.0,
            0.0,
            weights=weights[test],
            centring=False,
            n_classes=len(self.classes_),
        )
        results = _solutions(fitted, self.lams_, tol=tol, max_iter=max_iter, solver=type(self).__name__)
        return [held_out.at(held_out.packed(result.w, result.b)).value for result in results]


def logistic_path(
    X: Any,
    y: Any,
    lams: Any = 100,
    l1_ratio: float = 1.0,
    *,
    eps: float = 1e-3,
    fit_intercept: bool = True,
    sample_weight: Any = None,
    tol: float = 1e-9,
    max_iter: int = 500,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the solutions for many strengths, each started from those before (warm start).

    Objective: that of :class:`LogisticRegression`, at every strength.

    Parameters
    ----------
    X : array, CSR or CSC matrix of shape (n_samples, n_features)
    y : array of shape (n_samples,)
        Labels of any kind.
    lams : int or array of shape (n_lams,)
        Strengths >= 0 in any order, or how many between ``lam_max`` and ``eps lam_max``.
    l1_ratio, fit_intercept, tol, max_iter
        As :class:`LogisticRegression`.
    eps : float
        Smallest strength of an automatic grid, relative to the largest.
    sample_weight : array of shape (n_samples,), number or None

    Returns
    -------
    lams : ndarray of shape (n_lams,)
        Largest first.
    coefs : ndarray of shape (n_features, n_lams)
        (n_features, n_classes, n_lams) for more than two classes.
    gaps : ndarray of shape (n_lams,)
        Duality gaps, at most ``tol`` times the objective.

    Raises
    ------
    TypeError, ValueError
        As :meth:`LogisticRegression.fit`.

    Warns
    -----
    ConvergenceWarning
        As :class:`LogisticRegression`.
    """
    tol, max_iter = _stopping(tol, max_iter)
    X = inputs.check_X(X)
    y, weights = np.asarray(y), inputs.check_weights(sample_weight, X.shape[0])
    if y.shape != (X.shape[0],):
        raise ValueError(f"y must have shape ({X.shape[0]},), one label per row of X, got {y.shape}.")
    if weights is not None and weights.min() == 0:
        X, y, weights = X[weights > 0], y[weights > 0], weights[weights > 0]
    check_classification_targets(y)
    classes, labels = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(f"y must hold at least two classes, got only one class: {classes[0]!r}.")
    problem = Problem.build(X, labels, 1.0, l1_ratio, fit_intercept=fit_intercept, weights=weights)
    grid = _grid(problem, lams, l1_ratio, eps)
    results = _solutions(problem, grid, tol=tol, max_iter=max_iter, solver="logistic_path")
    coefs = np.stack([result.w for result in results], axis=-1).astype(X.dtype)
    return grid, coefs, np.array([result.certificate for result in results])


def _solutions(problem: Problem, lams: np.ndarray, *, tol: float, max_iter: int, solver: str) -> list[Result]:
    """Solve ``problem`` at every strength, from the largest down; say so where it was not possible."""
    results: list[Result] = []
    for here, result in log_loss_path.solutions(problem, lams, tol=tol, max_iter=max_iter):
        if not result.converged:
            sentence = newton.complaint(here, result, solver)
            warnings.warn(f"At lam={lams[len(results)]:.3g}: {sentence}", ConvergenceWarning, stacklevel=3)
        results.append(result)
    return results


def _grid(problem: Problem, lams: Any, l1_ratio: float, eps: float) -> np.ndarray:
    """Return the strengths from the largest down; a whole number asks for an automatic grid."""
    if np.ndim(lams) > 0:
        return np.sort(strengths(lams))[::-1]
    count, eps = validation.positive_int(lams, "lams"), validation.positive(eps, "eps")
    if eps >= 1:
        raise ValueError(f"eps must be < 1, got {eps}.")
    largest = problem.lam_max(l1_ratio)
    return largest * np.geomspace(1, eps, count) if count > 1 else np.array([largest])


def _stopping(tol: Any, max_iter: Any) -> tuple[float, int]:
    return validation.positive(tol, "tol"), validation.positive_int(max_iter, "max_iter")
