"""The two encoders of a locator as one object: loads them when they are first needed, encodes posts with both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from postplace.encoders.absolute_names import lasting_name
from postplace.encoders.encoder import ImageEncoder, TextEncoder
from postplace.encoders.outside import saved_name
from postplace.encoders.registry import find_image_encoder, find_text_encoder
from postplace.features.extraction import EncodedPosts, encode_posts
from postplace.schema import Post
from postplace.system.devices import torch_device
from postplace.system.json_types import JsonObject

Loaded = tuple[TextEncoder, ImageEncoder]


def load_encoders(
    text: object, image: object, *, device: str, states: bool | Literal["image"] = False, layers: int = 1
) -> Loaded:
    """The encoders of these names, classes or instances.

    With `states` True they give token states of their last `layers` layers, with "image" the image encoder gives what
    the last stage of its network is given. Raises BadOption where one has not what is asked of it.
    """
    of_text = find_text_encoder(text, device=device, states=states is True, layers=layers)
    of_images = find_image_encoder(image, device=device, states=states is True, layers=layers)
    if states == "image":
        from postplace.encoders.last_stage import StageEncoder

        return of_text, StageEncoder(of_images)
    return of_text, of_images


@dataclass
class EncoderPair:
    """A text and an image encoder by what they were asked for as, and how posts are encoded with them.

    `workers` is the number of processes that decode images; `states` and `layers` are those of `load_encoders`.
    """

    text: object
    image: object
    device: str = "auto"
    workers: int | None = None
    progress: bool = False
    states: bool | Literal["image"] = False
    layers: int = 1
    _loaded: Loaded | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.text, self.image = lasting_name(self.text), lasting_name(self.image)

    def load(self) -> Loaded:
        """The text and the image encoder, loaded at the first call."""
        if self._loaded is None:
            device = str(torch_device(self.device))
            self._loaded = load_encoders(self.text, self.image, device=device, states=self.states, layers=self.layers)
        return self._loaded

    def use(self, text: TextEncoder, image: ImageEncoder) -> None:
        """Encode with these instead of loading any."""
        self._loaded = (text, image)

    def share(self, other: EncoderPair) -> None:
        """Use what another pair has loaded, if it asks for the same encoders, instead of loading them again."""
        asked = ("text", "image", "device", "states", "layers")
        if all(getattr(self, name) == getattr(other, name) for name in asked):
            self._loaded = other.load()

    def encode(self, posts: Sequence[Post], *, cache: Path | None = None, image_hashes: bool = False) -> EncodedPosts:
        """The vectors of N posts, each kept in `cache` and found there again; with perceptual hashes if asked for."""
        text, image = self.load()
        return encode_posts(
            posts,
            text_encoder=text,
            image_encoder=image,
            store_folder=cache,
            workers=self.workers,
            progress=self.progress,
            image_hashes=image_hashes,
            states=self.states,
        )

    def to_json(self) -> dict[str, JsonObject]:
        """By kind, what was asked for and which encoder that is: equal for encoders that give the same vectors."""
        text, image = self.load()
        return {"text": _described(text, self.text), "image": _described(image, self.image)}


def _described(encoder: TextEncoder | ImageEncoder, asked: object) -> JsonObject:
    return {
        "asked": saved_name(asked, encoder),
        "name": encoder.name,
        "width": encoder.width,
        "fingerprint": encoder.fingerprint,
    }
