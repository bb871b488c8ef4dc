"""Small inputs that every model is tried on: four posts, each with other modalities, and ways to change them."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor, nn

from postplace.features.batch import Batch, InputSizes


def example_sizes() -> InputSizes:
    """Vocabularies of a few items, vectors of width 16 on both sides, 5 states of a text and 4 of an image."""
    return InputSizes(
        characters=20,
        words=15,
        hashtags=12,
        text_width=16,
        image_width=16,
        text_states=5,
        text_states_width=10,
        image_states=4,
        image_states_width=12,
        coarse=(0, 0, 1, 1, 2),
        past_width=7,
    )


def example_batch() -> Batch:
    """Post 0 has all and two images, 1 only text, 2 hashtags and one image, 3 nothing.

    The users of 0 and 2 have posted before.
    """
    random = torch.Generator().manual_seed(0)

    def ids(most: int, *lengths: int) -> torch.Tensor:
        drawn = torch.randint(1, most, (len(lengths), max(lengths)), generator=random)
        return drawn * (torch.arange(max(lengths)) < torch.tensor(lengths)[:, None])

    text, hashtags = torch.tensor([True, True, False, False]), torch.tensor([True, False, True, False])
    images = torch.tensor([[True, True], [False, False], [True, False], [False, False]])

    def states(width: int, *real: tuple[bool, ...]) -> dict[str, torch.Tensor]:
        mask = torch.tensor(real)
        return {"": torch.randn(*mask.shape, width, generator=random) * mask[..., None], "_mask": mask}

    made = Batch(
        text_characters=ids(20, 12, 7, 0, 0),
        text_words=ids(15, 5, 2, 0, 0),
        text_vector=torch.randn(4, 16, generator=random) * text[:, None],
        text_mask=text,
        hashtag_characters=ids(20, 9, 0, 10, 0),
        hashtag_words=ids(12, 3, 0, 4, 0),
        hashtag_vector=torch.randn(4, 16, generator=random) * hashtags[:, None],
        hashtag_mask=hashtags,
        image_vectors=torch.randn(4, 2, 16, generator=random) * images[..., None],
        image_mask=images,
    )
    no, some, most = (False,) * 5, (True, True, False, False, False), (True, True, True, True, False)
    for name, value in states(10, (True,) * 5, some, most, no).items():  # text and hashtags of a post are one sequence
        setattr(made, f"text_states{name}", value)
    for name, value in states(12, (True,) * 4, no[:4], (True, False, True, True), no[:4]).items():
        setattr(made, f"image_states{name}", value)
    made.image_grids = torch.randn(4, 2, 4, 3, generator=random) * images[..., None, None]
    made.past_mask = torch.tensor([True, False, True, False])
    made.past_vector = torch.randn(4, 7, generator=random) * made.past_mask[:, None]
    return made


def select_rows(batch: Batch, rows: list[int]) -> Batch:
    """Those posts of a batch, in that order."""
    tensors = [field.name for field in dataclasses.fields(batch) if field.name != "labels"]
    return dataclasses.replace(batch, **{name: getattr(batch, name)[rows] for name in tensors})


def _states(batch: Batch, side: str) -> tuple[Tensor, Tensor]:
    """States and mask of "text" or "image"."""
    return getattr(batch, f"{side}_states"), getattr(batch, f"{side}_states_mask")


def poison_absent(batch: Batch, poison: float) -> Batch:
    """Whatever a mask calls absent, replaced: vectors by `poison`, ids by real ids."""

    def ids(values: Tensor, mask: Tensor) -> Tensor:
        return torch.where(mask[:, None], values, torch.full_like(values, 3))

    states = {
        f"{side}_states": values.masked_fill(~mask[..., None], poison)
        for side in ("text", "image")
        for values, mask in [_states(batch, side)]
    }
    return dataclasses.replace(
        batch,
        text_characters=ids(batch.text_characters, batch.text_mask),
        text_words=ids(batch.text_words, batch.text_mask),
        text_vector=batch.text_vector.masked_fill(~batch.text_mask[:, None], poison),
        hashtag_characters=ids(batch.hashtag_characters, batch.hashtag_mask),
        hashtag_words=ids(batch.hashtag_words, batch.hashtag_mask),
        hashtag_vector=batch.hashtag_vector.masked_fill(~batch.hashtag_mask[:, None], poison),
        image_vectors=batch.image_vectors.masked_fill(~batch.image_mask[..., None], poison),
        past_vector=_past(batch)[0].masked_fill(~_past(batch)[1][:, None], poison),
        image_grids=_grids(batch).masked_fill(~batch.image_mask[..., None, None], poison),
        **states,
    )


def _grids(batch: Batch) -> Tensor:
    assert batch.image_grids is not None
    return batch.image_grids


def _past(batch: Batch) -> tuple[Tensor, Tensor]:
    assert batch.past_vector is not None and batch.past_mask is not None  # noqa: PT018
    return batch.past_vector, batch.past_mask


def pad_more(batch: Batch, more: int, poison: float) -> Batch:
    """Columns of padding, and empty image slots and token states full of `poison`, at the end."""

    def ids(values: Tensor) -> Tensor:
        return nn.functional.pad(values, (0, more))

    states = {}
    for side in ("text", "image"):
        values, mask = _states(batch, side)
        states[f"{side}_states"] = nn.functional.pad(values, (0, 0, 0, more), value=poison)
        states[f"{side}_states_mask"] = nn.functional.pad(mask, (0, more))
    return dataclasses.replace(
        batch,
        text_characters=ids(batch.text_characters),
        text_words=ids(batch.text_words),
        hashtag_characters=ids(batch.hashtag_characters),
        hashtag_words=ids(batch.hashtag_words),
        image_vectors=nn.functional.pad(batch.image_vectors, (0, 0, 0, more), value=poison),
        image_mask=nn.functional.pad(batch.image_mask, (0, more)),
        image_grids=nn.functional.pad(_grids(batch), (0, 0, 0, 0, 0, more), value=poison),
        **states,
    )
