"""Small inputs for every model: four posts, each with other modalities there."""

from __future__ import annotations

import pytest
import torch

from postplace.features.batch import Batch, InputSizes


@pytest.fixture
def sizes() -> InputSizes:
    """Vocabularies of a few items, vectors of width 16 on both sides, 5 states of a text and 4 of a picture."""
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


@pytest.fixture
def batch() -> Batch:
    """Post 0 has all and two pictures, 1 only text, 2 hashtags and one picture, 3 nothing.

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
