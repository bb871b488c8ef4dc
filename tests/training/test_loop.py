"""The one loop: learns, stops, decays, and after a kill ends where an uninterrupted run ends."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from postplace.errors import Diverged, NotEnoughData, WriteFailed
from postplace.features.batch import Batch, PostTensors
from postplace.features.extraction import EncodedPosts
from postplace.models.entry import Training
from postplace.training.loop import BATCHES_PER_STEP, BatchGroups, Classifier, EpochOrder, build_optimiser, fit

PLAN = Training(
    optimiser="adam", learning_rate=0.05, batch_size=8, max_epochs=6, patience=6, decay_factor=0.5, decay_patience=0
)


class Probe(nn.Module):
    """A linear layer on the text vector behind dropout, so that random numbers matter."""

    def __init__(self) -> None:
        super().__init__()
        self.dropout = nn.Dropout(0.5)
        self.linear = nn.Linear(4, 3)

    def forward(self, batch: Batch) -> Tensor:
        logits: Tensor = self.linear(self.dropout(batch.text_vector))
        return logits


def posts(count: int, *, seed: int = 0) -> PostTensors:
    rng = np.random.default_rng(seed)
    labels: NDArray[np.int64] = rng.integers(0, 3, count)
    vectors = np.eye(3, 4, dtype=np.float32)[labels] + rng.normal(0, 0.5, (count, 4)).astype(np.float32)
    encoded = EncodedPosts(
        text_vectors=vectors,
        text_mask=np.ones(count, dtype=np.bool_),
        hashtag_vectors=np.zeros((count, 4), dtype=np.float32),
        hashtag_mask=np.zeros(count, dtype=np.bool_),
        image_vectors=np.zeros((0, 2), dtype=np.float32),
        image_index=np.full((count, 1), -1, dtype=np.int64),
        broken=(),
        image_hashes=None,
    )
    return PostTensors(None, encoded, labels=labels)


def train(folder: Path | None = None, *, kill_after: int | None = None) -> nn.Module:
    torch.manual_seed(7)
    model = Probe()
    lines: list[str] = []

    def write(line: str) -> None:
        lines.append(line)
        if kill_after is not None and line.startswith(f"epoch {kill_after}/"):
            os.kill(os.getpid(), signal.SIGKILL)

    fit(model, (posts(60), posts(30, seed=1)), training=PLAN, seed=3, checkpoints=folder, write=write)
    return model


def test_it_learns_and_tells_of_every_epoch() -> None:
    torch.manual_seed(0)
    model = Probe()
    lines: list[str] = []
    history = fit(model, (posts(60), posts(30, seed=1)), training=PLAN, seed=0, write=lines.append)
    assert [epoch.number for epoch in history] == [1, 2, 3, 4, 5, 6]
    assert len(lines) == 6
    assert history[-1].training_loss < history[0].training_loss
    assert max(epoch.validation_accuracy for epoch in history) > 0.6
    assert not model.training


def test_it_keeps_the_weights_of_the_best_epoch() -> None:
    torch.manual_seed(0)
    model = Probe()
    validation = posts(30, seed=1)
    history = fit(model, (posts(60), validation), training=PLAN, seed=0)
    batch = validation[list(range(30))]
    assert batch.labels is not None
    loss = nn.functional.cross_entropy(model(batch), batch.labels)
    assert loss.item() == pytest.approx(min(epoch.validation_loss for epoch in history), rel=1e-5)


def test_the_rate_decays_on_a_plateau_and_training_stops_early() -> None:
    plan = replace(PLAN, learning_rate=5.0, max_epochs=40, patience=3)
    torch.manual_seed(0)
    history = fit(Probe(), (posts(60), posts(30, seed=1)), training=plan, seed=0)
    assert len(history) < 40
    rates = [epoch.learning_rate for epoch in history]
    assert rates[-1] < rates[0]
    assert set(np.round(np.log2(5.0 / np.array(rates)), 6) % 1.0) == {0.0}  # every decay is by one half


def test_a_killed_run_continues_to_the_same_weights(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]);"
        "import test_loop; test_loop.train(Path(sys.argv[2]), kill_after=3)"
    )
    folder = tmp_path / "state"
    killed = subprocess.run([sys.executable, "-c", code, str(Path(__file__).parent), str(folder)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (folder / "last.ckpt").exists()
    resumed, whole = train(folder), train()
    for name, weight in whole.state_dict().items():
        assert torch.equal(weight, resumed.state_dict()[name]), name


def test_the_order_depends_on_seed_and_epoch_alone() -> None:
    first, second = EpochOrder(10, seed=1), EpochOrder(10, seed=1)
    second.set_epoch(1)
    assert list(first) == list(first) != list(second)
    assert sorted(second) == list(range(10))


def test_class_weights_change_what_is_learned() -> None:
    torch.manual_seed(0)
    model = Probe()
    only_first = torch.tensor([1.0, 0.0, 0.0])
    fit(model, (posts(60), posts(30, seed=1)), training=PLAN, seed=0, class_weights=only_first)
    predicted = model(posts(30, seed=1)[list(range(30))]).argmax(1)
    assert predicted.tolist() == [0] * 30


def test_nothing_to_train_on_is_an_error() -> None:
    with pytest.raises(NotEnoughData, match="0 posts to train on"):
        fit(Probe(), (posts(0), posts(3)), training=PLAN, seed=0)


def test_a_full_disk_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import lightning.fabric.plugins.io.torch_io as torch_io

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch_io, "_atomic_save", full)
    with pytest.raises(WriteFailed, match="free some disk space"):
        fit(Probe(), (posts(60), posts(30)), training=PLAN, seed=0, checkpoints=tmp_path)


def test_rmsprop_has_the_papers_framework_defaults() -> None:
    optimiser = build_optimiser(Probe(), replace(PLAN, optimiser="rmsprop"))
    assert (optimiser.defaults["alpha"], optimiser.defaults["eps"]) == (0.9, 1e-7)


@pytest.mark.parametrize("optimiser", ["adam", "rmsprop"])
def test_an_epoch_is_that_of_a_plain_loop(optimiser: Literal["adam", "rmsprop"]) -> None:
    """Over several runs of batches and a rest, bit for bit."""
    plan = replace(PLAN, optimiser=optimiser, max_epochs=1)
    assert BATCHES_PER_STEP < 300 // plan.batch_size < 3 * BATCHES_PER_STEP
    tensors = posts(300)
    torch.manual_seed(0)
    model, plain = Probe(), Probe()
    plain.load_state_dict(model.state_dict())
    history = fit(model, (tensors, posts(30, seed=1)), training=plan, seed=0)
    made, rows = build_optimiser(plain, plan), list(EpochOrder(300, seed=0))
    torch.manual_seed(0)  # of dropout in epoch 0, seed 0
    losses = []
    for start in range(0, 300, plan.batch_size):
        batch = tensors[rows[start : start + plan.batch_size]]
        made.zero_grad()
        assert batch.labels is not None
        loss = nn.functional.cross_entropy(plain(batch), batch.labels)
        torch.autograd.backward(loss)
        made.step()
        losses.append(loss.item())
    for name, weight in plain.state_dict().items():
        assert torch.equal(weight, model.state_dict()[name]), name
    assert history[0].training_loss == pytest.approx(np.mean(losses), rel=1e-6)


def test_a_batch_of_a_run_is_made_when_it_is_its_turn() -> None:
    class Counting(PostTensors):
        made = 0

        def __getitems__(self, indices: Sequence[int]) -> Batch:
            self.made += 1
            return super().__getitems__(indices)

    tensors = posts(10)
    tensors.__class__ = Counting
    run = BatchGroups(tensors, batch_size=4).__getitems__(list(range(10)))
    assert [(len(batch), tensors.made) for batch in run] == [(4, 1), (4, 2), (2, 3)]  # type: ignore[attr-defined]


def test_adam_takes_a_step_in_one_pass_where_the_device_can() -> None:
    assert build_optimiser(Probe(), PLAN).defaults["fused"] is True
    assert build_optimiser(Probe().to("meta"), PLAN).defaults["fused"] is False


class Exploding(Probe):
    """Its loss is no number after so many steps, of which an epoch has eight."""

    def __init__(self, after: int = 16) -> None:
        super().__init__()
        self.steps, self.after = 0, after

    def forward(self, batch: Batch) -> Tensor:
        self.steps += self.training
        return super().forward(batch) * (math.nan if self.training and self.steps > self.after else 1.0)


def test_a_training_whose_loss_is_no_number_ends_with_the_remedy_and_leaves_no_state(tmp_path: Path) -> None:
    lines: list[str] = []
    data, said = (
        (posts(60), posts(30, seed=1)),
        r"training loss is nan in epoch 3; .*'learning_rate': 0\.005}`; it was 0\.05",
    )
    for _ in range(2):  # the same command again starts anew and ends the same
        with pytest.raises(Diverged, match=said):
            fit(Exploding(), data, training=PLAN, seed=3, checkpoints=tmp_path, write=lines.append)
        assert list(tmp_path.iterdir()) == []
    assert [line.split()[1] for line in lines] == ["1/6", "2/6"] * 2


def test_a_rate_that_is_far_too_high_is_named() -> None:
    plan = replace(PLAN, learning_rate=1e38, optimiser="adam")
    with pytest.raises(Diverged, match=r"'learning_rate': 1e\+37}`; it was 1e\+38"):
        fit(Probe(), (posts(60), posts(30, seed=1)), training=plan, seed=0)


def test_a_state_of_it_that_an_earlier_version_left_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = posts(60), posts(30, seed=1)
    with monkeypatch.context() as earlier:
        earlier.setattr(Classifier, "_check", lambda *_: None)
        fit(Exploding(after=0), data, training=PLAN, seed=3, checkpoints=tmp_path)
    assert (tmp_path / "last.ckpt").exists()
    with pytest.raises(Diverged, match="training loss is nan in epoch 1"):
        fit(Probe(), data, training=PLAN, seed=3, checkpoints=tmp_path)
    assert list(tmp_path.iterdir()) == []
    fit(Probe(), data, training=PLAN, seed=3, checkpoints=tmp_path)
