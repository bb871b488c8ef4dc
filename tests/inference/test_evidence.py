"""Kept training posts: nearest by hand, users left out, damage found."""

from __future__ import annotations

from threading import Thread

import numpy as np
import pytest
import torch
from torch import nn

from postplace.errors import BadRun
from postplace.inference.evidence import Evidence, fused_vectors, user_group

SALT = b"0123456789abcdef"


def kept() -> Evidence:
    """Three posts in the plane, about a mean of (1, 1); the first and the last by ann, the other by nobody known."""
    ann = user_group("ann", SALT)
    return Evidence(
        vectors=np.array([[1, 0], [0, 1], [-1, 0]], dtype=np.float16),
        mean=np.array([1, 1], dtype=np.float32),
        classes=np.array([0, 1, 1], dtype=np.int32),
        groups=np.array([ann, -1, ann], dtype=np.int16),
        ids=("a", "b", "c"),
        salt=SALT,
        kind="fused",
    )


def test_nearest_by_cosine_to_the_mean() -> None:
    """(4, 5) less (1, 1) is (3, 4): cosines 0.6, 0.8, -0.6."""
    asked = np.array([4, 5], dtype=np.float32)
    found = kept().nearest(asked)
    assert [row for row, _ in found] == [1, 0, 2]
    assert [cosine for _, cosine in found] == pytest.approx([0.8, 0.6, -0.6], abs=1e-6)
    assert [row for row, _ in kept().nearest(asked, most=1)] == [1]
    assert [row for row, _ in kept().nearest(asked, user="ann")] == [1]
    assert [row for row, _ in kept().nearest(asked, without="b")] == [0, 2]


def test_a_users_number_is_small_salted_and_lasting() -> None:
    names = [f"user {number}" for number in range(3000)]
    numbers = {user_group(name, SALT) for name in names}
    assert numbers == set(range(256))  # of many users every number is taken: none can be told to be there
    assert user_group("ann", SALT) == user_group("ann", SALT)
    assert [user_group(name, SALT) for name in names[:9]] != [user_group(name, b"another salt") for name in names[:9]]


def test_saved_and_read() -> None:
    own = kept()
    again = Evidence.from_bytes(own.to_bytes(), classes=2, where="run")
    assert (again.ids, again.salt, again.kind) == (own.ids, own.salt, own.kind)
    np.testing.assert_array_equal(again.vectors, own.vectors)
    np.testing.assert_array_equal(again.groups, own.groups)
    assert b"ann" not in own.to_bytes()


@pytest.mark.parametrize("cut", [0, 10, 200])
def test_a_damaged_file_is_refused(cut: int) -> None:
    with pytest.raises(BadRun, match=r"^run/evidence\.safetensors: is damaged"):
        Evidence.from_bytes(kept().to_bytes()[:cut], classes=2, where="run/evidence.safetensors")


def test_one_of_another_run_is_refused() -> None:
    with pytest.raises(BadRun, match="another run"):
        Evidence.from_bytes(kept().to_bytes(), classes=1, where="run")


class _Classified(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.classifier = nn.Linear(2, 2)

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        return torch.as_tensor(self.classifier(given))


def test_what_another_thread_asks_the_model_is_not_ours() -> None:
    model, ours, theirs = _Classified(), torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 4.0], [5.0, 6.0]])

    def answer() -> None:
        other = Thread(target=model, args=(theirs,))
        other.start()
        other.join()
        model(ours)

    found = fused_vectors(model, answer)
    assert found is not None
    assert found.tolist() == [[1.0, 2.0]]
