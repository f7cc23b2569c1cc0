"""The torch runtime: warm, fresh for each submission, tensors both ways."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest

from tests.workers.grading import exercise

pytestmark = [
    pytest.mark.sandbox,
    pytest.mark.torch,
    pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed (WITHOUT_MODELS=1)"),
]

TESTS = """
@test("product", points=4, public=True)
def product(solution, rng):
    x = rng.normal(size=(4, 3))
    assert_close(solution.product(x), x @ x.T, rtol=1e-9)


@test("training", points=3)
def training(solution, rng):
    before, after = solution.train(rng.normal(size=(64, 5)).astype(np.float32))
    assert after < before / 2


@test("random start", points=3)
def start(solution, rng):
    assert_equal(solution.weights().shape, (2, 3))
"""
SOLUTION = """
import torch


def product(x):
    t = torch.as_tensor(x)
    return t @ t.T


def train(x):
    x = torch.as_tensor(x)
    target = x.sum(dim=1, keepdim=True)
    model = torch.nn.Linear(5, 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    losses = []
    for _ in range(100):
        loss = ((model(x) - target) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses[0], losses[-1]


def weights():
    return torch.nn.Linear(3, 2).weight
"""


def torch_exercise() -> Any:
    return exercise(TESTS, SOLUTION, modules=("numpy", "torch"), seconds=20, total=60, memory=1024)


def test_it_works(grader: Any) -> None:
    report = grader.grade(torch_exercise(), SOLUTION, seed=1)
    assert (report["verdict"], report["score"]) == ("passed", 10), report["staff"]
    assert "torch" in grader.describe()["runtimes"]


def test_random_numbers_follow_the_seed(grader: Any) -> None:
    """A fork shares its parent's generators: without a new seed in each child all students would draw the same."""
    printing = SOLUTION.replace(
        "    t = torch.as_tensor(x)\n", "    print(torch.rand(1).item())\n    t = torch.as_tensor(x)\n"
    )
    made = torch_exercise()
    outputs = [grader.grade(made, printing, seed=seed, public_only=True)["output"] for seed in (1, 1, 2)]
    assert outputs[0].strip()
    assert outputs[0] == outputs[1] != outputs[2]


def test_a_wrong_gradient_step_is_seen(grader: Any) -> None:
    report = grader.grade(torch_exercise(), SOLUTION.replace("loss.backward()", "(-loss).backward()"), seed=1)
    assert report["score"] == 7
