"""The references of chapter 07's exercises against the library, and against what defines them."""

import numpy as np
import pytest

from course_lib.exercises import choosing_strength
from course_lib.model_selection import best_strength, corrected_se
from course_lib.tuning import halving_rungs


def table(seed):
    rng = np.random.default_rng(seed)
    lams = rng.permutation(np.geomspace(0.01, 10, 15))
    return lams, 4 + np.log(lams)[:, None] ** 2 / 9 + rng.normal(size=(15, 5)) + rng.normal(size=5)


@pytest.mark.parametrize("seed", range(20))
def test_both_rules_are_the_librarys(seed):
    lams, errors = table(seed)
    assert choosing_strength.choose(lams, errors) == best_strength(lams, errors)
    assert choosing_strength.one_se(lams, errors) == best_strength(lams, errors, "1se")


def test_the_folds_cut_the_rows_into_pieces():
    parts = choosing_strength.folds(43, 5, np.random.default_rng(0))
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(43))
    assert sorted(map(len, parts)) == [8, 8, 9, 9, 9]


def test_the_corrected_error_is_the_librarys():
    values = np.random.default_rng(1).normal(size=12)
    assert np.isclose(
        choosing_strength.corrected(values, 300, 142),
        corrected_se(values, n_train=300, n_test=142),
        rtol=1e-14,
    )


@pytest.mark.parametrize("plan", [(27, 1, 27, 3), (50, 2, 100, 3), (1, 1, 9, 2), (100, 3, 20, 4)])
def test_the_rungs_are_the_librarys(plan):
    assert choosing_strength.rungs(*plan) == halving_rungs(*plan)


def test_with_a_single_strength_nested_is_plain_cross_validation():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(30, 4))
    fit_error = choosing_strength.FoldError(X, X[:, 0] + rng.normal(size=30))
    folds = np.array_split(rng.permutation(30), 5)
    plain = choosing_strength.table_of(fit_error, folds, np.array([0.3])).mean()
    assert np.isclose(choosing_strength.nested(fit_error, folds, np.array([0.3])), plain, rtol=1e-14)


def test_the_nested_score_never_looks_at_the_outer_fold_before_its_own_fit():
    seen = []

    def fit_error(train, test, lam):
        seen.append((frozenset(np.asarray(train).tolist()), frozenset(np.asarray(test).tolist())))
        return float(lam)

    folds = np.array_split(np.arange(12), 4)
    choosing_strength.nested(fit_error, folds, np.array([1.0, 2.0]))
    outer = [call for call in seen if len(call[0]) == 9]
    inner = [call for call in seen if len(call[0]) == 6]
    assert len(outer) == 4
    assert len(inner) == 4 * 3 * 2
    assert len(seen) == 28
    for k, (train, test) in enumerate(outer):
        assert test == frozenset(folds[k].tolist())
        assert not train & test
        assert all(not (a | b) & test for a, b in inner[6 * k : 6 * k + 6])


def test_only_the_step_that_uses_neither_y_nor_rows_may_see_all_rows():
    item = next(item for item in choosing_strength.EXERCISES if item.name == "leak")
    assert item.correct == "c"
