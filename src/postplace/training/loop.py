"""The one training loop: a Lightning module and a trainer; what differs between systems is the model they are given.

A run that is killed continues at its last finished epoch and ends with the same weights as one that was not: the order
of the posts and the random numbers of dropout depend on the seed and the epoch alone, and everything else (weights,
optimiser, learning rate, patience) is in the checkpoint.
"""

from __future__ import annotations

import logging
import math
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol, runtime_checkable

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, Sampler, Subset

from postplace.errors import Diverged, NotEnoughData, write_failed
from postplace.features.batch import Batch, PostTensors
from postplace.models.entry import Training
from postplace.training.losses import cross_entropy

MONITOR = "validation_loss"
BATCHES_PER_STEP = 16  # batches that the trainer hands over at once
Posts = PostTensors | Subset[Batch]


@dataclass(frozen=True, slots=True)
class Hardware:
    """What to train on, in Lightning's own words: `accelerator` cpu, gpu, auto ...; `devices` a count."""

    accelerator: str = "auto"
    devices: int = 1


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one epoch gave. Losses are means of the cross-entropy in nats; `seconds` is the training part alone."""

    number: int
    training_loss: float
    validation_loss: float
    validation_accuracy: float
    learning_rate: float
    seconds: float


@runtime_checkable
class CustomLoss(Protocol):
    """A model that is trained on more than the cross-entropy of its logits; it is judged on these all the same."""

    def loss(self, batch: Batch, labels: Tensor, class_weights: Tensor | None) -> Tensor:
        """The loss of a batch with labels (B,), a number; class weights as in `cross_entropy`."""
        ...


@runtime_checkable
class FitsOnValidation(Protocol):
    """A model of which a few numbers are chosen on the validation part, once its weights are learned."""

    def fit_on_validation(self, validation: Iterable[Batch]) -> None:
        """Choose them; the model is in evaluation mode, on the CPU."""
        ...


class EpochOrder(Sampler[int]):
    """All indices in an order drawn from the seed and the epoch, so that a resumed epoch sees the same batches."""

    def __init__(self, size: int, *, seed: int) -> None:
        self.size = size
        self.seed = seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Called by the trainer before each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + self.epoch)
        yield from torch.randperm(self.size, generator=generator).tolist()


class BatchGroups(Dataset[Iterator[Batch]]):
    """Posts as runs of batches of `batch_size`, each made when it is its turn.

    What the trainer does around a step takes a third of the time of a small network's; it does so once a run.
    """

    def __init__(self, tensors: Posts, *, batch_size: int) -> None:
        self.tensors = tensors
        self.batch_size = batch_size

    def __len__(self) -> int:
        return len(self.tensors)

    def __getitems__(self, indices: list[int]) -> Iterator[Batch]:
        size = self.batch_size
        starts = range(0, len(indices), size)
        return (self.tensors.__getitems__(indices[start : start + size]) for start in starts)  # type: ignore[misc]


class Classifier(pl.LightningModule):
    """Any model of the table under the papers' optimisers, with decay on plateau."""

    def __init__(
        self,
        model: nn.Module,
        *,
        training: Training,
        class_weights: Tensor | None,
        seed: int,
        write: Callable[[str], None] | None,
    ) -> None:
        super().__init__()
        self.automatic_optimization = False  # the trainer's own takes one batch at a time: see `BatchGroups`
        self.model = model
        self.own_loss = model.loss if isinstance(model, CustomLoss) else None
        self.training_plan = training
        self.seed = seed
        self.write = write
        self.history: list[Epoch] = []
        self.class_weights: Tensor | None
        self.register_buffer("class_weights", class_weights, persistent=False)
        self._losses: list[Tensor] = []
        self._validation: list[tuple[Tensor, Tensor, int]] = []
        self._started = 0.0
        self._trained_seconds = 0.0
        self._plateau_state: dict[str, Any] | None = None

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """The optimiser of the training settings (called by Lightning, like all below)."""
        optimiser = build_optimiser(self.model, self.training_plan)
        # Stepped by hand at the end of an epoch: the trainer would step it after the checkpoint is written, and a
        # resumed run would then have missed one step.
        self._plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
            optimiser, factor=self.training_plan.decay_factor, patience=self.training_plan.decay_patience
        )
        if self._plateau_state is not None:
            self._plateau.load_state_dict(self._plateau_state)
        return optimiser

    def on_train_epoch_start(self) -> None:
        """Seed dropout by the epoch, so that a resumed epoch is the same, and start the clock."""
        torch.manual_seed(self.seed * 1_000_003 + self.current_epoch * 1_009 + self.global_rank)
        self._losses.clear()
        self._started = time.perf_counter()

    def training_step(self, run: Iterator[Batch], _: int) -> None:
        """One step of the optimiser for each batch of the group that the trainer hands over."""
        optimiser: Any = self.optimizers()
        for batch in run:
            optimiser.zero_grad()
            loss = self._loss(batch)
            self.manual_backward(loss)
            optimiser.step()
            self._losses.append(loss.detach())

    def _loss(self, batch: Batch) -> Tensor:
        if self.own_loss is not None:
            return self.own_loss(batch, _labels(batch), self.class_weights)
        return cross_entropy(self.model(batch), _labels(batch), class_weights=self.class_weights)

    def on_validation_start(self) -> None:
        """Forget the last validation, and stop the clock of the training."""
        self._validation.clear()
        self._trained_seconds = time.perf_counter() - self._started

    def validation_step(self, batch: Batch, _: int) -> None:
        """Keep the loss and the accuracy of a validation batch."""
        logits, labels = self.model(batch), _labels(batch)
        loss = cross_entropy(logits, labels, class_weights=self.class_weights)
        self._validation.append((loss, (logits.argmax(1) == labels).float().mean(), len(batch)))

    def on_validation_epoch_end(self) -> None:
        """Log the mean loss and accuracy over the validation posts: early stopping and the decay go by the loss."""
        sizes = torch.tensor([size for *_, size in self._validation], dtype=torch.float32, device=self.device)
        losses, accuracies = (torch.stack(column) for column in list(zip(*self._validation, strict=True))[:2])
        self.log(MONITOR, (losses * sizes).sum() / sizes.sum(), sync_dist=True)
        self.log("validation_accuracy", (accuracies * sizes).sum() / sizes.sum(), sync_dist=True)

    def on_train_epoch_end(self) -> None:
        """Record the epoch and step the decay; raises Diverged for a loss that is no number."""
        metrics = self.trainer.callback_metrics
        losses = float(torch.stack(self._losses).mean()), float(metrics[MONITOR])
        self._check(self.current_epoch + 1, *losses)  # before the trainer keeps the epoch, let alone as the best one
        self._plateau.step(metrics[MONITOR])
        epoch = Epoch(
            number=self.current_epoch + 1,
            training_loss=losses[0],
            validation_loss=losses[1],
            validation_accuracy=float(metrics["validation_accuracy"]),
            learning_rate=float(self._plateau.get_last_lr()[0]),
            seconds=self._trained_seconds,
        )
        self.history.append(epoch)
        if self.write is not None:
            self.write(
                f"epoch {epoch.number}/{self.training_plan.max_epochs}  loss {epoch.training_loss:.4f}  "
                f"validation loss {epoch.validation_loss:.4f}  accuracy {epoch.validation_accuracy:.3f}  "
                f"{epoch.seconds:.1f} s"
            )

    def _check(self, epoch: int, training: float, validation: float) -> None:
        """Raise Diverged for a loss that is NaN or infinite: no later epoch would bring the weights back."""
        for name, loss in (("training", training), ("validation", validation)):
            if not math.isfinite(loss):
                rate = self.training_plan.learning_rate
                remedy = f"give a lower learning rate: `settings={{'learning_rate': {rate / 10:g}}}`; it was {rate:g}"
                raise Diverged("training", f"the {name} loss is {loss} in epoch {epoch}", remedy)

    def transfer_batch_to_device(
        self, batch: Batch | Iterator[Batch], device: torch.device, dataloader_idx: int
    ) -> Batch | Iterator[Batch]:
        """A batch of the validation on the device; of a group each batch when its turn comes."""
        if isinstance(batch, Batch):
            return batch.to(device, non_blocking=True)
        return (one.to(device, non_blocking=True) for one in batch)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the epochs so far and the state of the decay with that of the trainer."""
        checkpoint["history"] = [asdict(epoch) for epoch in self.history]
        checkpoint["plateau"] = self._plateau.state_dict()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """The inverse; raises Diverged for epochs whose loss is no number."""
        self.history = [Epoch(**epoch) for epoch in checkpoint["history"]]
        for epoch in self.history:  # an earlier version kept whatever came
            self._check(epoch.number, epoch.training_loss, epoch.validation_loss)
        self._plateau_state = checkpoint["plateau"]


def build_optimiser(model: nn.Module, training: Training) -> torch.optim.Optimizer:
    """The optimiser a training plan names, over all of the model's parameters."""
    parameters, rate, decay = list(model.parameters()), training.learning_rate, training.weight_decay
    if training.optimiser == "rmsprop":
        # The momentum of squares of the paper's framework (0.9); PyTorch's own default is 0.99.
        return torch.optim.RMSprop(parameters, lr=rate, alpha=0.9, eps=1e-7, weight_decay=decay)
    family = torch.optim.AdamW if training.optimiser == "adamw" else torch.optim.Adam
    # All of a step in one pass: a fifth of the time on a CPU, where the other way goes through memory ten times.
    fused = all(parameter.device.type in ("cpu", "cuda") for parameter in parameters)
    return family(parameters, lr=rate, betas=training.betas, weight_decay=decay, fused=fused)


def batches(tensors: Posts, *, batch_size: int) -> DataLoader[Batch]:
    """Batches of `tensors` as they stand."""
    return _loader(tensors, batch_size)


def _loader(posts: Dataset[Any], size: int, order: Sampler[int] | None = None) -> DataLoader[Any]:
    # A generator of its own: a loader draws a seed each epoch, from the random numbers of dropout if it has no other.
    own = torch.Generator().manual_seed(0)
    return DataLoader(posts, batch_size=size, sampler=order, collate_fn=_as_is, generator=own)


def fit(
    model: nn.Module,
    data: tuple[Posts, Posts],
    *,
    training: Training,
    seed: int,
    class_weights: Tensor | None = None,
    hardware: Hardware = Hardware(),
    checkpoints: Path | None = None,
    write: Callable[[str], None] | None = None,
) -> list[Epoch]:
    """Train `model` in place on `data` (training, validation) and leave it with the weights of its best epoch.

    Best = lowest validation loss. With a folder for `checkpoints` the state is kept there after each epoch, and an
    earlier state found there is continued. `write` gets one line an epoch.
    Raises Diverged when a loss is no number any more; the state is then removed, so that the next training starts anew.
    """
    train, validation = data
    if not len(train) or not len(validation):
        raise NotEnoughData("training", f"{len(train)} posts to train on, {len(validation)} to validate", "give more")
    with TemporaryDirectory() as scratch, _quiet():
        folder = checkpoints or Path(scratch)
        keep = ModelCheckpoint(
            folder, filename="best", monitor=MONITOR, save_last=True, save_on_train_epoch_end=True,
            enable_version_counter=False,
        )  # fmt: skip
        callbacks: list[Callback] = [EarlyStopping(MONITOR, patience=training.patience), keep]
        module = Classifier(model, training=training, class_weights=class_weights, seed=seed, write=write)
        trainer = _trainer(hardware, callbacks, training, folder)
        order = EpochOrder(len(train), seed=seed)
        run = 1 if hardware.devices > 1 else BATCHES_PER_STEP  # several devices must not differ in how often they step
        last = folder / "last.ckpt"
        try:
            trainer.fit(
                module,
                _loader(BatchGroups(train, batch_size=training.batch_size), run * training.batch_size, order),
                batches(validation, batch_size=max(training.batch_size, 256)),
                ckpt_path=last if last.exists() else None,
                weights_only=True,
            )
        except OSError as error:
            raise write_failed(folder, error) from error
        except Diverged:
            for state in folder.glob("*.ckpt"):
                state.unlink(missing_ok=True)
            raise
        best = torch.load(keep.best_model_path, weights_only=True, map_location="cpu")["state_dict"]
        model.load_state_dict({name.removeprefix("model."): value for name, value in best.items()})
        model.to("cpu").eval()
        if isinstance(model, FitsOnValidation):
            with torch.inference_mode():
                model.fit_on_validation(batches(validation, batch_size=256))
    return module.history


def _trainer(hardware: Hardware, callbacks: list[Callback], training: Training, folder: Path) -> pl.Trainer:
    several = hardware.devices > 1
    return pl.Trainer(
        accelerator=hardware.accelerator,
        devices=hardware.devices,
        strategy="ddp" if several else "auto",  # every parameter has a gradient, also where a modality is absent
        max_epochs=training.max_epochs,
        callbacks=callbacks,
        default_root_dir=folder,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        gradient_clip_val=None,
    )


def _labels(batch: Batch) -> Tensor:
    if batch.labels is None:
        raise NotEnoughData("training", "posts without labels", "give posts that carry the target")
    return batch.labels


def _as_is(batch: Any) -> Any:
    return batch


class _quiet:  # noqa: N801 - reads as a word in `with`
    """Silence the trainer's own advice: it speaks of logger and worker settings that are ours, not the user's."""

    def __enter__(self) -> None:
        self._loggers = [logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric")]
        self._levels = [logger.level for logger in self._loggers]
        for logger in self._loggers:
            logger.setLevel(logging.ERROR)
        self._warnings = warnings.catch_warnings()
        self._warnings.__enter__()
        warnings.filterwarnings("ignore", module=r"lightning\..*")

    def __exit__(self, *details: Any) -> None:
        self._warnings.__exit__(*details)
        for logger, level in zip(self._loggers, self._levels, strict=True):
            logger.setLevel(level)
