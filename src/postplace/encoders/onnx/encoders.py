"""Exported encoders, run by onnxruntime: no PyTorch, no transformers (extra `onnx`; text needs `tokenizers` too)."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from postplace.encoders.bundled import MAX_CHARACTERS
from postplace.encoders.encoder import ImageEncoder, ImagePreparation, TextEncoder, Vectors
from postplace.encoders.hub.files import compute_sha256
from postplace.encoders.text_outputs import NetworkOutput, TextReadout
from postplace.errors import BadOption, BadWeights, one_line

FORMAT = 1
MODEL, DESCRIPTION, TOKENIZER = "model.onnx", "encoder.json", "tokenizer.json"
AT_ONCE = 4  # items of one run
# How a description names its preparation, which no move of a class may change, and where that class is; of version
# 0.1.0, whose names were modules, too.
PREPARATIONS: Mapping[str, str] = {
    "hub": "postplace.encoders.hub.preprocessing.HubPreparation",
    "squash": "postplace.encoders.bundled.Squash",
    "centre-crop": "postplace.encoders.backbones.CentreCrop",
    "hub_preparation.HubPreparation": "postplace.encoders.hub.preprocessing.HubPreparation",
    "bundled.Squash": "postplace.encoders.bundled.Squash",
    "backbones.CentreCrop": "postplace.encoders.backbones.CentreCrop",
}


class Exported(NamedTuple):
    """A folder's description, its session, and what both give for a fingerprint."""

    description: dict[str, Any]
    session: Any
    fingerprint: str


class OnnxImageEncoder:
    """An exported image encoder: prepared images (B, height, width, 3) uint8 -> vectors (B, D)."""

    def __init__(self, folder: Path) -> None:
        self._exported = _load(folder, "image")
        description = self._exported.description
        self.name, self.width = f"{description['name']} (onnx)", int(description["width"])
        self.states, self.states_width = int(description["states"]), int(description["states_width"])
        self.prepare: ImagePreparation = _preparation(description["preparation"], folder)
        self.fingerprint = f"{self._exported.fingerprint}; {self.prepare}"

    def encode(self, batch: NDArray[Any]) -> Vectors:
        """See the class."""
        vectors = np.zeros((len(batch), self.width), dtype=np.float32)
        for rows, outputs in self._runs(batch):
            vectors[rows] = outputs[0]
        return vectors

    def encode_states(self, batch: NDArray[Any]) -> Vectors:
        """States (B, n, S), if the encoder was exported with them."""
        return self.encode_both(batch)[1]

    def encode_both(self, batch: NDArray[Any]) -> tuple[Vectors, Vectors]:
        """Vectors and states in one run of the network, if the encoder was exported with them."""
        _check_states(self.states, self.name)
        vectors = np.zeros((len(batch), self.width), dtype=np.float32)
        states = np.zeros((len(batch), self.states, self.states_width), dtype=np.float32)
        for rows, (own, patches) in self._runs(batch):
            vectors[rows], states[rows] = own, patches
        return vectors, states

    def _runs(self, batch: NDArray[Any]) -> Iterator[tuple[slice, list[Any]]]:
        for start in range(0, len(batch), AT_ONCE):
            rows = slice(start, start + AT_ONCE)
            yield rows, run(self._exported.session, {"pixels": np.ascontiguousarray(batch[rows])})


class OnnxTextEncoder:
    """An exported text encoder: sentences -> vectors (B, D)."""

    unit = "tokens"

    def __init__(self, folder: Path) -> None:
        need("tokenizers")
        from tokenizers import Tokenizer

        self._exported = _load(folder, "text")
        description = self._exported.description
        self.name, self.width = f"{description['name']} (onnx)", int(description["width"])
        self.states, self.states_width = int(description["states"]), int(description["states_width"])
        self.fingerprint = f"{self._exported.fingerprint}; {description['longest']} tokens"
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        self._alone = Lock()  # it keeps how it cuts and pads: two threads would take each other's

    def encode(self, texts: Sequence[str]) -> Vectors:
        """See the class."""
        return self._readout.vectors(texts)

    def encode_states(self, texts: Sequence[str]) -> Vectors:
        """States (B, n, S), real ones first, padded ones all zeros, if the encoder was exported with them."""
        _check_states(self.states, self.name)
        return self._readout.token_states(texts)

    def encode_both(self, texts: Sequence[str]) -> tuple[Vectors, Vectors]:
        """Vectors and states in one run of the network, and a second one for the states of longer texts."""
        _check_states(self.states, self.name)
        return self._readout.both(texts)

    def lengths(self, texts: Sequence[str], *, states: bool = False) -> NDArray[np.int64]:
        """See `CountsLengths`."""
        readable = [text[:MAX_CHARACTERS].encode("utf-8", "replace").decode() for text in texts]
        lower = self._exported.description["lower"]
        with self._alone:
            self._tokenizer.no_truncation()
            self._tokenizer.no_padding()
            every = self._tokenizer.encode_batch([text.lower() for text in readable] if lower else readable)
            around = self._tokenizer.num_special_tokens_to_add(False)
        room = self._readout.tokens_read(states=states) - around
        counts = [len(own.ids) - around for own in every]
        return np.array([(min(count, room), count) for count in counts], np.int64).reshape(-1, 2)

    @property
    def _readout(self) -> TextReadout:
        said = self._exported.description
        longest, whole = int(said["longest"]), bool(said["whole"])
        return TextReadout(self._runs, longest, whole, self.width, self.states, self.states_width)

    def _runs(self, texts: Sequence[str], longest: int) -> Iterator[NetworkOutput]:
        """Rows, outputs and the mask of their tokens, in batches of texts of similar length."""
        order = np.argsort([len(text) for text in texts], kind="stable")
        for start in range(0, len(texts), AT_ONCE):
            rows = order[start : start + AT_ONCE]
            ids, mask = self._tokens([texts[row] for row in rows], longest)
            yield rows, run(self._exported.session, {"input_ids": ids, "attention_mask": mask}), mask

    def _tokens(self, texts: Sequence[str], longest: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """As `hub.tokens.Tokens`, without transformers."""
        said = self._exported.description
        length = int(said["longest"]) if said["whole"] else None
        pad_id, pad_token = said["padding"]["id"], said["padding"]["token"]
        side = said["padding_side"]
        readable = [text[:MAX_CHARACTERS].encode("utf-8", "replace").decode() for text in texts]
        with self._alone:
            self._tokenizer.enable_truncation(length or longest)
            self._tokenizer.enable_padding(direction=side, pad_id=pad_id, pad_token=pad_token, length=length)
            cut = self._tokenizer.encode_batch([text.lower() for text in readable] if said["lower"] else readable)
        ids = np.array([part.ids for part in cut], dtype=np.int64)
        mask = np.array([part.attention_mask for part in cut], dtype=np.int64)
        if not ids.shape[1]:
            ids = np.full((len(texts), 1), pad_id, dtype=np.int64)
            mask = np.zeros_like(ids)
        mask[~mask.any(axis=1), 0] = 1
        return ids, mask


def onnx_image_encoder(folder: str | Path) -> ImageEncoder:
    """An image encoder that `export_image` wrote; raises BadWeights for a folder that is not whole."""
    return OnnxImageEncoder(Path(folder))


def onnx_text_encoder(folder: str | Path) -> TextEncoder:
    """A text encoder that `export_text` wrote; raises BadWeights for a folder that is not whole."""
    return OnnxTextEncoder(Path(folder))


def _load(folder: Path, kind: str) -> Exported:
    need("onnxruntime")
    remedy = "export the encoder again (postplace encoders export)"
    try:
        description = json.loads((folder / DESCRIPTION).read_text("utf-8"))
        if description["format"] != FORMAT or description["kind"] != kind:
            problem = f"holds an encoder of {description['kind']}, format {description['format']}, not {kind}, {FORMAT}"
            raise BadWeights(str(folder), problem, remedy)
        sums = {str(name): str(value) for name, value in description["sha256"].items()}
        for name, expected in sums.items():
            if compute_sha256(folder / Path(name).name) != expected:
                raise BadWeights(str(folder / name), "is not what was exported: its sha256 differs", remedy)
        session = open_session(folder / MODEL, threads=max(1, (os.cpu_count() or 2) - 1))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadWeights(str(folder), f"is no whole export ({one_line(error)})", remedy) from None
    content = " ".join(f"{name} {value}" for name, value in sums.items())
    return Exported(description, session, f"onnx {description['precision']}; sha256 {content}")


def _preparation(said: Mapping[str, Any], folder: Path) -> ImagePreparation:
    """The preparation that was written, which must be one of `PREPARATIONS`."""
    try:
        module, _, name = PREPARATIONS[said["class"]].rpartition(".")
        kind = getattr(import_module(module), name)
        values = {field.name: said["fields"][field.name] for field in fields(kind)}
        made: ImagePreparation = kind(**{key: tuple(v) if isinstance(v, list) else v for key, v in values.items()})
    except (ImportError, AttributeError, KeyError, TypeError) as error:
        problem = f"names a preparation that is not known here ({one_line(error)})"
        raise BadWeights(str(folder / DESCRIPTION), problem, "export the encoder again") from None
    return made


def open_session(path: Path, *, threads: int) -> Any:
    """A network of onnxruntime; raises BadWeights for a file that is none."""
    onnxruntime: Any = import_module("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has errors of its own, one for each kind of damage
        raise BadWeights(str(path), f"cannot be loaded ({one_line(error)})", "export the encoder again") from None


def run(session: Any, inputs: Mapping[str, NDArray[Any]]) -> list[Any]:
    """All outputs; an input that the network does not read is not in the file."""
    found: list[Any] = session.run(None, {part.name: inputs[part.name] for part in session.get_inputs()})
    return found


def need(*packages: str) -> None:
    """Raises BadOption, naming the extra, for packages that are not installed."""
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        raise BadOption("onnx", f"needs {' and '.join(missing)}, not installed here", "pip install 'postplace[onnx]'")


def _check_states(states: int, name: str) -> None:
    if not states:
        raise BadOption(name, "was exported without token states", "export an encoder loaded with states=True")
