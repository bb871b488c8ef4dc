"""The protocols of encoders: which of them an encoder fulfils is seen from what it has."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from postplace.encoders.bundled import bundled_image_encoder, bundled_text_encoder
from postplace.encoders.encoder import (
    BothAtOnce,
    CountsLengths,
    ImageStates,
    LayeredStates,
    OwnBatchSize,
    TextStates,
)


@pytest.mark.parametrize(
    ("protocol", "members"),
    [
        (TextStates, ("states", "states_width", "encode_states")),
        (ImageStates, ("states", "states_width", "encode_states")),
        (CountsLengths, ("unit", "lengths")),
        (LayeredStates, ("state_layers",)),
        (BothAtOnce, ("encode_both",)),
        (OwnBatchSize, ("batch_size",)),
    ],
)
def test_a_protocol_is_fulfilled_by_what_has_all_of_its_members(protocol: Any, members: tuple[str, ...]) -> None:
    assert isinstance(SimpleNamespace(**dict.fromkeys(members, 1)), protocol)
    for missing in members:
        assert not isinstance(SimpleNamespace(**{name: 1 for name in members if name != missing}), protocol)


def test_encoders_of_texts_and_of_images_are_never_taken_for_each_other_in_a_store() -> None:
    text, image = bundled_text_encoder(), bundled_image_encoder()
    assert text.fingerprint != image.fingerprint
    assert text.name != image.name
    assert bundled_text_encoder().fingerprint == text.fingerprint


def test_texts_and_images_become_float32_vectors_of_the_width_they_say_the_same_each_time() -> None:
    text, image = bundled_text_encoder(), bundled_image_encoder()
    pixels = np.zeros((2, *np.shape(image.prepare(_grey()))), dtype=np.uint8)
    for vectors, again, width in (
        (text.encode(["a", "b"]), text.encode(["a", "b"]), text.width),
        (image.encode(pixels), image.encode(pixels), image.width),
    ):
        assert (vectors.shape, vectors.dtype) == ((2, width), np.dtype(np.float32))
        assert (vectors == again).all()


def _grey() -> Any:
    from PIL import Image

    return Image.new("RGB", (30, 20), (128, 128, 128))
