"""Encoders as ONNX files for machines without a GPU, in float32 or int8, with what the export changed measured.

A folder holds `model.onnx` (weights of more than 1 GB beside it, in `model.onnx.data`), `encoder.json` (what it reads,
its preparation, the measurement) and, for a text encoder, `tokenizer.json`; `encoders` runs it. int8: the matrices
of transformers are quantised when written, activations as they come; convolutional networks are calibrated on
images, for onnxruntime has no fast convolution of activations quantised as they come. Extra `onnx`.
"""

from __future__ import annotations

import shutil
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from postplace.encoders.bundled import BundledImageEncoder, BundledTextEncoder
from postplace.encoders.encoder import ImageEncoder, ImagePreparation, TextEncoder
from postplace.encoders.hub.files import compute_sha256
from postplace.encoders.onnx.encoders import (
    AT_ONCE,
    DESCRIPTION,
    FORMAT,
    MODEL,
    PREPARATIONS,
    TOKENIZER,
    need,
    open_session,
    run,
)
from postplace.errors import BadOption
from postplace.system.atomic_files import as_json, atomic_folder, write_within
from postplace.system.json_types import JsonObject

WEIGHTS = "model.onnx.data"
OPSET = 18
LARGEST_FILE = 1 << 30  # bytes; ONNX itself ends at 2 GB
CHECKED = 16  # items compared
ROUNDS = 3
SLOW_SECONDS = 5.0  # a network that takes longer for the first few is compared on these alone, once


@dataclass(frozen=True, slots=True)
class Agreement:
    """An exported network beside the PyTorch one, on the same inputs at the same number of threads, in one run.

    Cosines and the largest difference are of vectors; items a second are the best of three rounds (one if it is slow).
    """

    compared: int
    cosine_mean: float
    cosine_min: float
    largest_difference: float
    torch_per_second: float
    onnx_per_second: float

    def __str__(self) -> str:
        ratio = self.onnx_per_second / self.torch_per_second
        return (
            f"{self.compared} inputs: cosine {self.cosine_mean:.6f} on average, {self.cosine_min:.6f} at least, "
            f"largest difference {self.largest_difference:.2g}; {self.onnx_per_second:.3g} a second, "
            f"{ratio:.2f} x PyTorch's {self.torch_per_second:.3g}"
        )


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was written, and how well it agrees: the float32 network and, if asked for, the int8 one that was kept."""

    folder: str
    megabytes: float
    float32: Agreement
    int8: Agreement | None = None

    def __str__(self) -> str:
        lines = [f"float32, {self.float32}"]
        lines += [f"int8, {self.int8}"] if self.int8 else []
        return "\n".join([*lines, f"{self.megabytes:.1f} MB in {self.folder}"])


# ---------------------------------------------------------------------- export


def export_image(
    encoder: ImageEncoder, folder: str | Path, *, int8: bool = False, images: NDArray[np.uint8] | None = None
) -> ExportReport:
    """Write an image encoder as a folder that appears whole, and measure it against the original.

    `images` (N, height, width, 3) uint8, prepared: what both are compared on, and int8 is calibrated on; smooth noise
    if not given, which tells less. Raises BadOption for an encoder on a GPU or without a network of PyTorch, and where
    the folder exists or a package is missing; WriteFailed.
    """
    module = _image_module(encoder)
    if images is not None and not len(images):
        raise BadOption(encoder.name, "was given no images to be compared on", "give some, or leave them out")
    if images is None:
        from PIL import Image

        images = _smooth_noise(encoder.prepare(Image.new("RGB", (8, 8))).shape, CHECKED)
    description = {
        "kind": "image",
        **_described(encoder),
        "preparation": {"class": _class_name(encoder.prepare), "fields": asdict(encoder.prepare)},  # type: ignore[call-overload]
    }
    inputs = {"pixels": images}
    return _export(module, inputs, Path(folder), description, int8=int8, dynamic={"pixels": {0: "B"}})


def export_text(encoder: TextEncoder, folder: str | Path, *, int8: bool = False) -> ExportReport:
    """Write a text encoder of the hub; compared on texts of tokens of its own vocabulary. Raises as `export_image`."""
    if isinstance(encoder, BundledTextEncoder):
        remedy = "use it as it is (bundled): it runs on numpy alone, without PyTorch"
        raise BadOption(encoder.name, "needs no export", remedy)
    from postplace.encoders.hub.encoders import HubTextEncoder

    if not isinstance(encoder, HubTextEncoder):
        raise BadOption(encoder.name, "has no network of PyTorch to export", "export an encoder of the hub")
    tokens = encoder.tokens
    fast = getattr(tokens.tokenizer, "backend_tokenizer", None)
    if fast is None:
        raise BadOption(encoder.name, "has a tokenizer that cannot be written as tokenizer.json", "take another model")
    description = {
        "kind": "text",
        **_described(encoder),
        "longest": tokens.longest,
        "lower": tokens.lower,
        "whole": tokens.whole,
        "padding": {"id": int(tokens.tokenizer.pad_token_id), "token": str(tokens.tokenizer.pad_token)},
        "padding_side": tokens.tokenizer.padding_side,
    }
    texts = _random_texts(tokens.tokenizer)
    ids, mask = tokens(texts, longest=tokens.longest)
    axes = {0: "B", 1: "L"}
    return _export(
        encoder.module,
        {"input_ids": ids, "attention_mask": mask},
        Path(folder),
        description,
        int8=int8,
        dynamic={"input_ids": axes, "attention_mask": axes},
        also={TOKENIZER: fast.to_str()},
    )


def _export(
    module: Any,
    inputs: Mapping[str, NDArray[Any]],
    folder: Path,
    description: Mapping[str, Any],
    *,
    int8: bool,
    dynamic: Mapping[str, Mapping[int, str]],
    also: Mapping[str, str] | None = None,
) -> ExportReport:
    """Everything into a hidden folder beside the one asked for, renamed when it is whole."""
    need("onnx", "onnxruntime")
    if folder.exists():
        raise BadOption(str(folder), "is already there", "name a folder that does not exist")
    with atomic_folder(folder) as unfinished:
        _trace(module, inputs, unfinished / MODEL, dynamic=dynamic, states=description["states"])
        measured = {"float32": _measure(module, inputs, unfinished / MODEL)}
        if int8:
            _quantise(unfinished, inputs)
            measured["int8"] = _measure(module, inputs, unfinished / MODEL)
        for name, text in (also or {}).items():
            (unfinished / name).write_text(text, "utf-8")
        files = sorted(path for path in unfinished.iterdir())
        report = ExportReport(str(folder), sum(path.stat().st_size for path in files) / 1e6, **measured)
        whole = {
            "format": FORMAT,
            **description,
            "precision": "int8" if int8 else "float32",
            "sha256": {path.name: compute_sha256(path) for path in files},
            "agreement": {name: asdict(value) for name, value in measured.items()},
        }
        write_within(unfinished, DESCRIPTION, as_json(whole))
    return report


def _trace(
    module: Any, inputs: Mapping[str, NDArray[Any]], path: Path, *, dynamic: Mapping[str, Any], states: int
) -> None:
    """Write the network as ONNX, by tracing it: the newer exporter of PyTorch needs one more package, onnxscript."""
    import onnx
    import torch

    outputs = ["vectors", "states"] if states else ["vectors"]
    axes = {name: {0: "B"} for name in outputs}
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of tracing: what it fixed would show in the agreement
        torch.onnx.export(
            module.eval(),  # a module in training mode would be left so, dropout and all
            tuple(torch.from_numpy(array[:2]) for array in inputs.values()),
            str(path),
            dynamo=False,
            input_names=list(inputs),
            output_names=outputs,
            dynamic_axes={**dynamic, **axes, **({"states": {0: "B", 1: "n"}} if states else {})},
            opset_version=OPSET,
        )
    beside = [other for other in path.parent.iterdir() if other != path]
    if beside or path.stat().st_size > LARGEST_FILE:
        network = onnx.load(path)
        for other in (path, *beside):
            other.unlink()
        onnx.save_model(network, path, save_as_external_data=True, location=WEIGHTS)  # exported: a file a tensor


def _quantise(folder: Path, inputs: Mapping[str, NDArray[Any]]) -> None:
    """Replace the float32 network of the folder by its int8 one."""
    import logging

    import onnx

    quantization: Any = import_module("onnxruntime.quantization")
    path, aside = folder / MODEL, folder / "float32"
    external = (folder / WEIGHTS).is_file()
    written = list(folder.iterdir())
    aside.mkdir()  # away from here: weights are appended to a file of the same name
    for file in written:
        file.rename(aside / file.name)
    exact = aside / MODEL
    log = logging.getLogger()
    level = log.level
    log.setLevel(logging.ERROR)  # it advises, on the root logger, to prepare the network otherwise
    try:
        if _convolutional(onnx.load(exact, load_external_data=False)):
            count = len(next(iter(inputs.values())))
            feeds = _Feeds([{name: array[row : row + 1] for name, array in inputs.items()} for row in range(count)])
            quantization.quantize_static(
                exact, path, feeds, per_channel=True, use_external_data_format=external, extra_options=_SYMMETRIC
            )
        else:
            kinds = ["MatMul", "Gemm"]
            quantization.quantize_dynamic(
                exact, path, op_types_to_quantize=kinds, per_channel=True, use_external_data_format=external
            )
    finally:
        log.setLevel(level)
    shutil.rmtree(aside)


_SYMMETRIC = {"ActivationSymmetric": False, "WeightSymmetric": True}


class _Feeds:
    """The images that a convolutional network is calibrated on, one after the other."""

    def __init__(self, feeds: Sequence[Mapping[str, NDArray[Any]]]) -> None:
        self._rest = iter(feeds)

    def get_next(self) -> Mapping[str, NDArray[Any]] | None:
        """The next one, or None at the end: what onnxruntime asks for."""
        return next(self._rest, None)


def _convolutional(network: Any) -> bool:
    """Whether more than the first layer (the patches of a transformer) is a convolution."""
    return len([node for node in network.graph.node if node.op_type == "Conv"]) > 1


# ---------------------------------------------------------------------- measurement


def _measure(module: Any, inputs: Mapping[str, NDArray[Any]], path: Path) -> Agreement:
    """Both on all inputs, a few at a time, turn by turn, at one thread each."""
    import torch

    from postplace.encoders.bundled import torch_threads

    session = open_session(path, threads=1)
    count = min(CHECKED, len(next(iter(inputs.values()))))
    parts = [
        {name: array[start : start + AT_ONCE] for name, array in inputs.items()} for start in range(0, count, AT_ONCE)
    ]

    def original(part: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
        found = module(*(torch.from_numpy(array) for array in part.values()))
        vectors: NDArray[Any] = (found[0] if isinstance(found, tuple) else found).numpy()
        return vectors

    def exported(part: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
        vectors: NDArray[Any] = run(session, part)[0]
        return vectors

    best = {"torch": 0.0, "onnx": 0.0}
    with torch.inference_mode(), torch_threads(1):
        started = time.perf_counter()
        original(parts[0])
        slow = time.perf_counter() - started > SLOW_SECONDS
        for _ in range(1 if slow else ROUNDS):
            parts = parts[:1] if slow else parts
            theirs, best["torch"] = _timed(original, parts, best["torch"])
            ours, best["onnx"] = _timed(exported, parts, best["onnx"])
    norms = np.linalg.norm(theirs, axis=1) * np.linalg.norm(ours, axis=1)
    cosines = (theirs * ours).sum(axis=1) / np.maximum(norms, 1e-12)
    difference = float(np.abs(theirs - ours).max())
    return Agreement(len(ours), float(cosines.mean()), float(cosines.min()), difference, best["torch"], best["onnx"])


def _timed(run: Callable[[Any], NDArray[Any]], parts: Sequence[Any], best: float) -> tuple[NDArray[Any], float]:
    started = time.perf_counter()
    found = np.concatenate([run(part) for part in parts])
    return found, max(best, len(found) / (time.perf_counter() - started))


def _smooth_noise(shape: tuple[int, ...], count: int) -> NDArray[np.uint8]:
    """Images of blobs of several sizes: nearer to photographs than white noise."""
    from PIL import Image

    rng = np.random.default_rng(0)
    high, wide, _ = shape
    images = np.zeros((count, *shape), dtype=np.float32)
    for size in (2, 5, 13, 40):
        small = rng.integers(0, 256, (count, size, size, 3), dtype=np.uint8)
        images += [np.asarray(Image.fromarray(part).resize((wide, high))) for part in small]
    lowest = images.min(axis=(1, 2), keepdims=True)
    spread = np.maximum(images.max(axis=(1, 2), keepdims=True) - lowest, 1)
    noise: NDArray[np.uint8] = ((images - lowest) / spread * 255).astype(np.uint8)
    return noise


def _random_texts(tokenizer: Any) -> list[str]:
    """Texts of 1 to 40 tokens of the vocabulary."""
    rng = np.random.default_rng(0)
    special = set(tokenizer.all_special_ids)
    ordinary = [number for number in range(len(tokenizer)) if number not in special]
    return [tokenizer.decode(rng.choice(ordinary, size=rng.integers(1, 41)).tolist()) for _ in range(CHECKED)]


# ---------------------------------------------------------------------- what an encoder carries


def _described(encoder: Any) -> JsonObject:
    if getattr(encoder, "state_layers", 1) > 1:
        raise BadOption(encoder.name, "hands out several layers, an export only the last", "load it with layers=1")
    return {
        "name": encoder.name,
        "width": int(encoder.width),
        "states": int(getattr(encoder, "states", 0)),
        "states_width": int(getattr(encoder, "states_width", 0)),
        "from": encoder.fingerprint,
    }


def _image_module(encoder: ImageEncoder) -> Any:
    """The encoder's network as one module from prepared images to vectors."""
    from torch import nn

    from postplace.encoders.backbones import TimmImageEncoder
    from postplace.encoders.hub.modules import ImageNetwork
    from postplace.encoders.hub.preprocessing import Normalisation

    own = getattr(encoder, "module", None)
    if isinstance(encoder, BundledImageEncoder):
        read = partial(_pooled, encoder.network)
        own = ImageNetwork(encoder.network, Normalisation(1.0, (127.0,) * 3, (128.0,) * 3), read)
    elif isinstance(encoder, TimmImageEncoder):
        mean, std = (tuple(values.flatten().tolist()) for values in (encoder._mean, encoder._std))
        own = ImageNetwork(encoder.network, Normalisation(1 / 255, mean, std), encoder.network)
    if not isinstance(own, nn.Module):
        raise BadOption(encoder.name, "has no network of PyTorch to export", "export one of the hub, timm, or bundled")
    if any(part.device.type != "cpu" for part in own.parameters()):
        raise BadOption(encoder.name, "is on a GPU", "load it on the CPU (device='cpu') and export that")
    return own


def _pooled(network: Any, pixels: Any) -> Any:
    return network.extract_features(pixels).mean(dim=(2, 3))


def _class_name(prepare: ImagePreparation) -> str:
    kind = type(prepare)
    place = f"{kind.__module__}.{kind.__qualname__}"
    known = next((name for name, where in PREPARATIONS.items() if where == place), None)
    if known is None:
        raise BadOption(kind.__qualname__, "is a preparation that cannot be written", "make it one of ours")
    return known
