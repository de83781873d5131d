"""Exercises of chapter 00: how checking works. Also the pattern for the other modules."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from course_lib.exercises.exercise import Case, Choice, Exercise, Misconception, Value

__all__ = ["EXERCISES"]


def mean_squared_error(y: np.ndarray, prediction: np.ndarray) -> float:
    """Mean of the squared residuals."""
    return float(np.mean((np.asarray(y) - np.asarray(prediction)) ** 2))


def mse_loop(y: Sequence[float], prediction: Sequence[float]) -> float:
    """One residual at a time."""
    total = 0.0
    for target, value in zip(y, prediction, strict=True):
        total += (target - value) ** 2
    return total / len(y)


def mse_dot(y: np.ndarray, prediction: np.ndarray) -> np.floating:
    """As an inner product."""
    residual = np.subtract(prediction, y)
    return np.dot(residual, residual) / residual.size


def mse_float32(y: np.ndarray, prediction: np.ndarray) -> np.float32:
    """In single precision."""
    return np.square(np.asarray(y, np.float32) - np.asarray(prediction, np.float32)).mean()


def mse_norm(y: np.ndarray, prediction: np.ndarray) -> float:
    """Through the norm."""
    return float(np.linalg.norm(np.asarray(y) - prediction) ** 2 / np.shape(y)[0])


def mse_sum(y: np.ndarray, prediction: np.ndarray) -> float:
    """Sum instead of mean."""
    return float(np.sum((y - prediction) ** 2))


def mse_root(y: np.ndarray, prediction: np.ndarray) -> float:
    """Root taken."""
    return float(np.sqrt(np.mean((y - prediction) ** 2)))


def mse_absolute(y: np.ndarray, prediction: np.ndarray) -> float:
    """Absolute values instead of squares."""
    return float(np.mean(np.abs(y - prediction)))


def mse_half(y: np.ndarray, prediction: np.ndarray) -> float:
    """With the ½ of the course's objective."""
    return float(np.mean((y - prediction) ** 2) / 2)


def mse_square_of_mean(y: np.ndarray, prediction: np.ndarray) -> float:
    """Averaged before squaring."""
    return float(np.mean(y - prediction) ** 2)


def mse_difference_of_squares(y: np.ndarray, prediction: np.ndarray) -> float:
    """Squared before subtracting."""
    return float(np.mean(y**2 - prediction**2))


def mse_sample_variance(y: np.ndarray, prediction: np.ndarray) -> float:
    """Divided by n - 1."""
    return float(np.sum((y - prediction) ** 2) / np.float64(len(y) - 1))


def mse_variance(y: np.ndarray, prediction: np.ndarray) -> float:
    """The variance of the residuals."""
    return float(np.var(y - prediction))


def mse_not_averaged(y: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """One square for each sample."""
    return (y - prediction) ** 2


def mse_first_sample(y: np.ndarray, prediction: np.ndarray) -> float:
    """Returned inside the loop."""
    return float((y[0] - prediction[0]) ** 2 / len(y))


def mse_cases(rng: np.random.Generator) -> list[Case]:
    """Residuals of both signs, perfect predictions, several lengths."""
    return [
        Case((np.array([3.0, -1.0, 2.0]), np.array([1.0, 0.0, 2.5])), label="small"),
        Case((np.array([4.0]), np.array([1.0])), label="single"),
        Case((np.array([1.0, -2.0, 0.0, 5.0]), np.array([1.0, -2.0, 0.0, 5.0])), label="perfect"),
        Case((rng.normal(1.0, 2.0, 7), rng.normal(0.0, 2.0, 7)), label="random"),
        Case((rng.normal(50.0, 20.0, 12), rng.normal(45.0, 20.0, 12)), label="large"),
    ]


EXERCISES = [
    Exercise(
        id="start.mean_squared_error",
        chapter=0,
        minutes=3,
        difficulty=1,
        signature="mean_squared_error(y, prediction)",
        reference=mean_squared_error,
        alternatives={"loop": mse_loop, "dot": mse_dot, "float32": mse_float32, "norm": mse_norm},
        misconceptions={
            "sum": Misconception(mse_sum, "erratum 5"),
            "root": Misconception(mse_root, "pitfall 21"),
            "absolute": Misconception(mse_absolute, "erratum 2"),
            "half": Misconception(mse_half, "erratum 17"),
            "square_of_mean": Misconception(mse_square_of_mean, "classroom"),
            "difference_of_squares": Misconception(mse_difference_of_squares, "classroom"),
            "n_minus_one": Misconception(mse_sample_variance, "a sample variance"),
            "variance": Misconception(mse_variance, "np.var"),
            "not_averaged": Misconception(mse_not_averaged, "classroom"),
            "first_sample": Misconception(mse_first_sample, "return inside the loop"),
        },
        cases=mse_cases,
    ),
    Choice(
        id="start.not_attempted",
        chapter=0,
        minutes=1,
        options=("a", "b", "c"),
        correct="b",
        misconceptions={"a": "error", "c": "wrong"},
    ),
    Value(
        id="start.residual",
        chapter=0,
        minutes=1,
        reference=-1.5,
        misconceptions={"sign": 1.5, "squared": 2.25, "added": 5.5, "relative": -0.75, "half_square": 1.125},
    ),
]
