"""Standard errors against simulation: the plain one for fresh draws, the corrected one for shared rows."""

import numpy as np
import pytest

from course_lib.model_selection import corrected_se, mean_se


def test_the_standard_error_is_the_spread_of_the_mean():
    means, ses = mean_se(np.random.default_rng(0).normal(size=(10, 20_000)))  # 20,000 x 10 repeats
    assert np.sqrt(np.mean(ses**2)) == pytest.approx(means.std(), rel=0.02)


def test_the_corrected_error_covers_what_the_plain_one_misses():
    """Mean of a test part minus mean of a training part: its true spread over data sets is known."""
    rng, n_train, n_test = np.random.default_rng(1), 40, 20
    estimates, plain, corrected = [], [], []
    for _ in range(400):
        y = rng.normal(size=n_train + n_test)
        splits = [rng.permutation(y) for _ in range(15)]
        errors = [np.mean((rows[n_train:] - rows[:n_train].mean()) ** 2) for rows in splits]
        estimates.append(np.mean(errors))
        plain.append(mean_se(errors)[1])
        corrected.append(corrected_se(errors, n_train=n_train, n_test=n_test))
    spread = np.std(estimates)
    assert np.mean(plain) < 0.5 * spread
    assert 0.7 * spread < np.mean(corrected) < 1.5 * spread


def test_the_formula():
    assert corrected_se([1.0, 3.0], n_train=2, n_test=1) == pytest.approx(np.sqrt((1 / 2 + 1 / 2) * 2))


@pytest.mark.parametrize("values", [[], [1.0], 3.0, [1.0, np.nan]])
def test_bad_repeats_are_named(values):
    with pytest.raises(ValueError, match="values must"):
        mean_se(values)


def test_bad_sizes_are_named():
    with pytest.raises(ValueError, match="n_test must be >= 1, got 0"):
        corrected_se([1.0, 2.0], n_train=3, n_test=0)
