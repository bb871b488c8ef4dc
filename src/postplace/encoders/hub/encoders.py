"""Image and text encoders over a model of transformers: what they load, how they cut a batch, what they give.

On a GPU that has bfloat16 the network runs in it, else in float32; the vectors are float32 always. Letters: B items,
D width of a vector, n states, S width of a state.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from postplace.encoders.bundled import PICTURES_AT_ONCE, torch_threads
from postplace.encoders.encoder import ImagePreparation, Vectors
from postplace.encoders.hub.files import TOKENIZER_FILES, ModelFiles
from postplace.encoders.hub.loading import (
    CLIPS,
    IMAGE_KINDS,
    JOINT,
    build_fingerprint,
    check_kind,
    check_layers,
    check_size,
    dtype_for,
    find_pooling,
    frozen,
    load_network,
    text_width,
)
from postplace.encoders.hub.preprocessing import build_preparation
from postplace.encoders.hub.tokens import Tokens
from postplace.encoders.text_outputs import NetworkOutput, TextReadout
from postplace.errors import BadWeights, PostplaceError, one_line
from postplace.system.torchvision_compat import declare_missing_operators

TEXT_STATES, IMAGE_STATES = 52, 49
# Where to start on a GPU; halved until the memory is enough
PICTURES_ON_GPU, TEXTS_ON_GPU, TEXTS_ON_CPU = 256, 512, 16
_OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")
Result = TypeVar("Result")


class HubImageEncoder:
    """Prepared images (B, height, width, 3) uint8 -> vectors (B, D); with `states`, also (B, 49 k, S) of k layers."""

    def __init__(self, files: ModelFiles, *, device: str = "cpu", states: bool = False, layers: int = 1) -> None:
        check_kind(files, IMAGE_KINDS, "an image")
        preparation, normalisation = build_preparation(files)
        declare_missing_operators()
        from postplace.encoders.hub.modules import ImageModule, patch_grid

        dtype = dtype_for(device)
        model = load_network(files, dtype=dtype, unused=("text_model.", "text_projection.", "logit_"))
        vision = getattr(model.config, "vision_config", model.config)
        check_size(files, preparation, vision)
        check_layers(files, layers, vision)
        grid = patch_grid(vision, height=preparation.height, width=preparation.width)
        given = layers if states else 0
        self.module = frozen(ImageModule(model, normalisation, grid=grid, states=given, dtype=dtype), device)
        self.prepare: ImagePreparation = preparation
        self.name = files.name
        self.states, self.state_layers = IMAGE_STATES * given, layers
        self.states_width = int(vision.hidden_size)
        self.width = int(model.config.projection_dim if files.kind in CLIPS else vision.hidden_size)
        steps = f"{preparation}, {normalisation}, jpeg decoded at its scale next above {preparation.size}"
        self.fingerprint = build_fingerprint(files, steps, dtype=dtype)
        self._steps = Steps(PICTURES_AT_ONCE if device == "cpu" else PICTURES_ON_GPU, device=device)

    @property
    def batch_size(self) -> int:
        """How many images are encoded at once: as many as had room."""
        return self._steps.size

    def encode(self, batch: NDArray[Any]) -> Vectors:
        """Vectors, not normalised."""
        return self.encode_both(batch)[0]

    def encode_states(self, batch: NDArray[Any]) -> Vectors:
        """States (B, 49 k, S): the patches' states, averaged over the cells of a 7 x 7 grid, row by row."""
        _check_states(self.states)
        return self.encode_both(batch)[1]

    def encode_both(self, batch: NDArray[Any]) -> tuple[Vectors, Vectors]:
        """Vectors and states in one run of the network; states are (B, 0, S) where none were asked for."""
        vectors = np.zeros((len(batch), self.width), dtype=np.float32)
        states = np.zeros((len(batch), self.states, self.states_width), dtype=np.float32)
        for rows, (own, *more) in self._steps.over(len(batch), lambda rows: self._run(batch[rows])):
            vectors[rows] = own
            if more:
                states[rows] = more[0].reshape(-1, self.states, self.states_width)  # (B, 49, k S), layers side by side
        return vectors, states

    def _run(self, batch: NDArray[Any]) -> list[Any]:
        import torch

        return _arrays(self.module(torch.from_numpy(np.array(batch)).to(self._steps.device)))


class HubTextEncoder:
    """Sentences -> vectors (B, D); with `states`, also those of their first 52 tokens (B, 52 k, S) of k layers."""

    unit = "tokens"

    def __init__(self, files: ModelFiles, *, device: str = "cpu", states: bool = False, layers: int = 1) -> None:
        declare_missing_operators()
        from postplace.encoders.hub.modules import Pooling, TextModule

        dtype = dtype_for(device)
        joint = files.kind in JOINT
        pooling: Pooling = "projected" if joint else find_pooling(files)
        model = load_network(files, dtype=dtype, unused=("vision_model.", "visual_projection.", "logit_", "pooler."))
        if getattr(model.config, "is_encoder_decoder", False) or (not joint and hasattr(model, "get_image_features")):
            raise BadWeights(
                files.name, f"{files.kind} is no text encoder", "take a network of the BERT family or CLIP"
            )
        text = getattr(model.config, "text_config", model.config) if joint else model.config
        check_layers(files, layers, text)
        self.tokens = Tokens(files, text)
        given = layers if states else 0
        self.module = frozen(TextModule(model, pooling=pooling, states=given), device)
        self.name = files.name
        self.states, self.state_layers = TEXT_STATES * given, layers
        self.states_width = int(text.hidden_size)
        self.width = text_width(model.config, text)
        steps = f"{self.tokens.described}, {pooling}, {files.sums(*TOKENIZER_FILES)}"
        self.fingerprint = build_fingerprint(files, steps, dtype=dtype)
        self._steps = Steps(TEXTS_ON_CPU if device == "cpu" else TEXTS_ON_GPU, device=device)

    @property
    def batch_size(self) -> int:
        """How many texts are encoded at once: as many as had room."""
        return self._steps.size

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors, not normalised; what does not fit the network's longest text is not read."""
        return self._readout.vectors(texts)

    def encode_states(self, texts: Sequence[str]) -> Vectors:
        """States (B, 52 k, S) of the first 52 tokens, real ones first; a padded token's state is all zeros."""
        _check_states(self.states)
        return self._by_position(self._readout.token_states(texts))

    def encode_both(self, texts: Sequence[str]) -> tuple[Vectors, Vectors]:
        """Vectors and states in one run of the network, and a second one for the states of longer texts."""
        _check_states(self.states)
        vectors, states = self._readout.both(texts)
        return vectors, self._by_position(states)

    def lengths(self, texts: Sequence[str], *, states: bool = False) -> NDArray[np.int64]:
        """See `CountsLengths`."""
        return self.tokens.lengths(texts, longest=self._readout.tokens_read(states=states))

    def _by_position(self, states: Vectors) -> Vectors:
        """Layers side by side, (B, 52, k S) -> one after the other, (B, 52 k, S)."""
        return states.reshape(len(states), self.states, self.states_width)

    @property
    def _readout(self) -> TextReadout:
        tokens = self.tokens
        states, width = self.states // self.state_layers, self.states_width * self.state_layers
        return TextReadout(self._runs, tokens.longest, tokens.whole, self.width, states, width)

    def _runs(self, texts: Sequence[str], longest: int) -> Iterator[NetworkOutput]:
        """Rows, what the network gave and the mask of their tokens, in batches of texts of similar length."""
        import torch

        order = np.argsort([len(text) for text in texts], kind="stable")

        def run(rows: slice) -> tuple[list[Any], NDArray[np.int64]]:
            ids, mask = self.tokens([texts[row] for row in order[rows]], longest=longest)
            inputs = (torch.from_numpy(part).to(self._steps.device) for part in (ids, mask))
            return _arrays(self.module(*inputs)), mask

        for rows, (outputs, mask) in self._steps.over(len(texts), run):
            yield order[rows], outputs, mask


class Steps:
    """Cuts a batch into steps of as many items as the device has memory for: halved when it has not, and remembered."""

    def __init__(self, size: int, *, device: str) -> None:
        import torch

        self.size = size
        self.device = torch.device(device)
        self._threads = max(1, (os.cpu_count() or 2) - 1)  # one is left to the process that decodes

    def over(self, count: int, work: Callable[[slice], Result]) -> Iterator[tuple[slice, Result]]:
        """Each slice of 0..count with what `work` gave for it."""
        start = 0
        while start < count:
            rows = slice(start, min(count, start + self.size))
            result = self._attempt(work, rows)
            if result is not None:
                yield rows, result
                start = rows.stop

    def _attempt(self, work: Callable[[slice], Result], rows: slice) -> Result | None:
        """What `work` gave, or None when the device had no room for so many and fewer are to be tried."""
        import torch

        try:
            with torch.inference_mode(), torch_threads(self._threads):
                return work(rows)
        except (torch.OutOfMemoryError, RuntimeError) as error:
            if not any(words in str(error) for words in _OUT_OF_MEMORY):
                raise
            found = one_line(error)
        # out of the handler: what the failed attempt held is free by now
        many = rows.stop - rows.start
        if many == 1:
            remedy = "take a smaller model, another device, or free its memory"
            raise PostplaceError(str(self.device), f"has no memory for a single item ({found})", remedy)
        self.size = many // 2
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        return None


def _check_states(states: int) -> None:
    if not states:
        raise PostplaceError("encoder", "was loaded without token states", "load it with states=True")


def _arrays(outputs: Any) -> list[Any]:
    """A tensor or a tuple of them -> float32 arrays."""
    tensors = outputs if isinstance(outputs, tuple) else (outputs,)
    return [tensor.float().cpu().numpy() for tensor in tensors]
