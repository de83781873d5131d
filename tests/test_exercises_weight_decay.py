"""The references of chapter 08 against torch, against the library and against a certificate."""

from __future__ import annotations

import numpy as np
import pytest

from course_lib import deep
from course_lib.exercises import weight_decay as wd
from course_lib.exercises.catalogue import find
from course_lib.exercises.engine import judge
from course_lib.penalties import L1, L2
from course_lib.solvers import ridge

torch = pytest.importorskip("torch")


@pytest.fixture(params=range(3))
def rng(request):
    return np.random.default_rng(request.param)


def stepped(optimiser, w, grads):
    """Return w after the optimiser has seen the gradients one after the other."""
    for grad in grads:
        w.grad = torch.tensor(grad)
        optimiser.step()
    return w.detach().numpy()


def test_the_sgd_step_is_torchs(rng):
    w, grad = rng.normal(size=(3, 2)), rng.normal(size=(3, 2))
    tensor = torch.tensor(w, requires_grad=True)
    optimiser = torch.optim.SGD([tensor], lr=0.3, weight_decay=0.7)
    np.testing.assert_allclose(wd.sgd_step(w, grad, 0.3, 0.7), stepped(optimiser, tensor, [grad]), rtol=1e-12)


def test_the_adamw_step_is_torchs_over_several_steps(rng):
    w, grads = rng.normal(size=4), rng.normal(size=(5, 4))
    tensor = torch.tensor(w, requires_grad=True)
    optimiser = torch.optim.AdamW([tensor], lr=0.2, weight_decay=0.6)
    m = v = np.zeros(4)
    for t, grad in enumerate(grads, start=1):
        w, m, v = wd.adamw_step(w, grad, m, v, t, 0.2, 0.6)
    np.testing.assert_allclose(w, stepped(optimiser, tensor, grads), rtol=1e-9)


def test_the_misconception_adam_l2_is_torchs_adam(rng):
    w, grads = rng.normal(size=4), rng.normal(size=(3, 4))
    tensor = torch.tensor(w, requires_grad=True)
    optimiser = torch.optim.Adam([tensor], lr=0.2, weight_decay=0.6)
    m = v = np.zeros(4)
    for t, grad in enumerate(grads, start=1):
        w, m, v = wd.adam_l2(w, grad, m, v, t, 0.2, 0.6)
    np.testing.assert_allclose(w, stepped(optimiser, tensor, grads), rtol=1e-9)


def test_the_sgd_step_follows_the_gradient_of_the_penalised_loss(rng):
    """With a linear data loss g.w the step is w minus lr times the numerical gradient."""
    w, grad, h = rng.normal(size=5), rng.normal(size=5), 1e-6
    slopes = [
        (wd.penalised_loss(grad @ (w + e), [w + e], 0.8) - wd.penalised_loss(grad @ (w - e), [w - e], 0.8))
        / (2 * h)
        for e in h * np.eye(5)
    ]
    np.testing.assert_allclose(wd.sgd_step(w, grad, 0.3, 0.8), w - 0.3 * np.array(slopes), atol=1e-8)
    np.testing.assert_allclose(wd.penalised_loss(0.0, [w, grad], 0.8), L2(0.8).value(np.r_[w, grad]))


def test_the_proximal_step_meets_its_optimality_condition(rng):
    """(z - new)/lr must be a subgradient of lam |.| at the new point."""
    w, grad, lr, lam = rng.normal(size=50), rng.normal(size=50), 0.4, 1.1
    new = wd.prox_step(w, grad, lr, lam)
    assert 0 < np.sum(new == 0) < 50
    distance = L1(lam).subdifferential_distance(new, (new - (w - lr * grad)) / lr)
    np.testing.assert_allclose(distance, 0, atol=1e-12)


def test_max_norm_is_the_projection(rng):
    """Inside the ball, and no other point of the ball is closer."""
    W = rng.normal(size=(4, 6)) * np.linspace(0.1, 2, 6)
    P = wd.max_norm(W, 1.5)
    assert np.all(np.linalg.norm(P, axis=0) <= 1.5 * (1 + 1e-12))
    for _ in range(200):
        other = wd.max_norm(P + 0.1 * rng.normal(size=W.shape), 1.5)
        assert np.all(np.linalg.norm(W - P, axis=0) <= np.linalg.norm(W - other, axis=0) + 1e-12)


def test_the_unused_weight_is_torchs():
    tensor = torch.tensor([2.0], dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.SGD([tensor], lr=0.1, weight_decay=0.5)
    after = stepped(optimiser, tensor, np.zeros((3, 1)))
    np.testing.assert_allclose(find("weight_decay.zero_gradient").right_answer, after[0], rtol=1e-12)


def test_the_number_that_decays_is_that_of_the_library():
    """The network of Exercise 8.6, counted by `deep.decay_groups`."""
    net = torch.nn.Sequential(
        torch.nn.Linear(64, 32), torch.nn.BatchNorm1d(32), torch.nn.ReLU(),
        torch.nn.Linear(32, 32, bias=False), torch.nn.ReLU(), torch.nn.Linear(32, 10),
    )  # fmt: skip
    decaying = [group for group in deep.decay_groups(net, 0.1) if group["weight_decay"] > 0]
    counted = sum(p.numel() for group in decaying for p in group["params"])
    assert counted == find("weight_decay.groups").right_answer


def test_only_the_right_rule_of_exercise_5_ends_at_ridge(rng):
    """Momentum with a separate factor 1 - 10 lr lam: ridge with strength lam; with 1 - lr lam: not."""
    A, y, lr, lam = rng.normal(size=(40, 3)), rng.normal(size=40), 0.05, 0.2
    ends = {}
    for option, factor in {"c": 10, "d": 1}.items():
        w, v = np.zeros(3), np.zeros(3)
        for _ in range(3000):
            v = 0.9 * v + A.T @ (A @ w - y) / 40
            w = (1 - factor * lr * lam) * w - lr * v
        ends[option] = np.abs(w - ridge.solve(A, y, lam, fit_intercept=False)[0]).max()
    assert ends["c"] < 1e-10 < 1e-3 < ends["d"]
    assert find("weight_decay.which_is_ridge").right_answer == "c"


def test_a_plain_loop_is_a_right_proximal_step():
    def loop(w, grad, lr, lam):
        stepped = [a - lr * b for a, b in zip(w, grad, strict=True)]
        return [(abs(z) - lr * lam) * (1 if z > 0 else -1) if abs(z) > lr * lam else 0.0 for z in stepped]

    assert judge(find("weight_decay.prox_step"), loop).passed


def lost_sign(w, grad, lr, lam):
    return np.sign(w) * np.maximum(np.abs(w - lr * grad) - lr * lam, 0)


def twice_the_threshold(w, grad, lr, lam):
    z = w - lr * grad
    return np.sign(z) * np.maximum(np.abs(z) - 2 * lr * lam, 0)


def not_quite_zero(w, grad, lr, lam):
    return wd.prox_step(w, grad, lr, lam) + 1e-12


@pytest.mark.parametrize("answer", [lost_sign, twice_the_threshold, not_quite_zero])
def test_other_wrong_proximal_steps_are_rejected(answer):
    assert not judge(find("weight_decay.prox_step"), answer).passed


@pytest.mark.parametrize(
    "answer",
    [
        lambda w, grad, lr, lam: (w - lr * grad) / (1 + lr * lam),  # the proximal step of L2
        lambda w, grad, lr, lam: w * (1 - lam) - lr * grad * (1 - lam),
        lambda w, grad, lr, lam: w + lr * (grad + lam * w),
        lambda w, grad, lr, lam: w - lr * (grad + lam * w**2),
        lambda w, grad, lr, lam: w - lr * (grad + lam * np.sign(w)),
        lambda w, grad, lr, lam: w - lr * (grad + lam / 2 * w),
        lambda w, grad, lr, lam: w - lr * (grad + lam * grad),
    ],
)
def test_other_wrong_sgd_steps_are_rejected(answer):
    assert not judge(find("weight_decay.sgd_step"), answer).passed


@pytest.mark.parametrize(
    "answer",
    [
        lambda d, ws, lam: d + lam / 2 * sum(np.abs(w).sum() for w in ws),
        lambda d, ws, lam: d + lam / 2 * sum(np.linalg.norm(w) for w in ws),
        lambda d, ws, lam: d + lam / 2 * sum(np.mean(w**2) for w in ws),
        lambda d, ws, lam: d + lam / 2 * d**2,
        lambda d, ws, lam: d + lam / 2 * sum(w.sum() for w in ws) ** 2,
        lambda d, ws, lam: lam / 2 * sum(np.sum(w**2) for w in ws),
        lambda d, ws, lam: d - lam / 2 * sum(np.sum(w**2) for w in ws),
        lambda d, ws, lam: d + lam / 2 * sum(np.linalg.norm(w, 2) ** 2 for w in ws),  # spectral norm
    ],
)
def test_other_wrong_losses_are_rejected(answer):
    assert not judge(find("weight_decay.penalised_loss"), answer).passed


def in_place(W, limit):
    norms = np.linalg.norm(W, axis=0)
    W *= np.minimum(1, limit / np.maximum(norms, limit))
    return W


@pytest.mark.parametrize(
    "answer",
    [
        in_place,
        lambda W, limit: W * np.minimum(1, limit / np.linalg.norm(W, axis=0)) * 0.999,
        lambda W, limit: W / np.maximum(np.linalg.norm(W, axis=0), 1),
        lambda W, limit: W * np.minimum(1, limit / np.max(np.linalg.norm(W, axis=0))),
        lambda W, limit: W * (np.linalg.norm(W, axis=0) <= limit),
        lambda W, limit: W * np.minimum(1, limit / np.maximum(np.linalg.norm(W, axis=0), limit)) ** 2,
    ],
)
def test_other_wrong_projections_are_rejected(answer):
    assert not judge(find("weight_decay.max_norm"), answer).passed


@pytest.mark.parametrize(
    ("decay", "denominator"),
    [
        ("old", "no_root"),
        ("old", "eps_inside_big"),
        ("old", "eps_inside"),
        ("old", "no_eps"),
        ("grad_in_v", "root"),
        ("half", "root"),
    ],
)
def test_other_wrong_adamw_steps_are_rejected(decay, denominator):
    def answer(w, grad, m, v, t, lr, lam, beta1=0.9, beta2=0.999, eps=1e-8):
        g = grad + lam * w if decay == "grad_in_v" else grad
        m = beta1 * m + (1 - beta1) * grad
        v = beta2 * v + (1 - beta2) * g**2
        v_hat = v / (1 - beta2**t)
        scale = {
            "root": np.sqrt(v_hat) + eps,
            "no_root": v_hat + eps,
            "eps_inside_big": np.sqrt(v_hat + 0.01),
            "eps_inside": np.sqrt(v_hat + eps),
            "no_eps": np.sqrt(v_hat),
        }
        shrink = 1 - lr * lam / (2 if decay == "half" else 1)
        return shrink * w - lr * m / (1 - beta1**t) / scale[denominator], m, v

    assert not judge(find("weight_decay.adamw_step"), answer).passed
