"""Encoders of the Hugging Face hub through transformers (extra `hub`): a short name, a model of the hub, or a folder.

Loaded from the hub, its cache, or a local folder; HF_HUB_OFFLINE is respected; weights as safetensors alone, and code
that comes with a model is never run. Vectors are those the models' authors compare, not normalised: the projected
features of CLIP (Radford et al., ICML 2021, section 2.3) and Chinese-CLIP, the pooled ones of SigLIP 2, the class token
of DINO, the mean over the tokens of a text network. `files` finds the files, `loading` reads the network,
`preprocessing` and `tokens` make its inputs, `modules` says what it computes, `encoders` runs it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from postplace.encoders.encoder import ImageEncoder, TextEncoder
from postplace.encoders.hub.files import ModelFiles, Reads, find_files
from postplace.errors import BadOption, unknown_name


@dataclass(frozen=True, slots=True)
class HubEntry:
    """A model with a short name: where it is, what it reads, who made it, its licence as stated there, how large."""

    repository: str
    reads: tuple[Reads, ...]
    citation: str
    licence: str
    gigabytes: float
    prefer_when: str


_CHINESE_CLIP = "Yang et al., Chinese CLIP, arXiv 2211.01335"
_CLIP = "Radford et al., Learning transferable visual models, ICML 2021"
_SIGLIP = "Tschannen et al., SigLIP 2, arXiv 2502.14786"
_DINO = "Oquab et al., DINOv2, TMLR 2024"
_BOTH: tuple[Reads, ...] = ("image", "text")

# A revision is named where the main one holds pickles alone.
HUB_NAMES: Mapping[str, HubEntry] = {
    "chinese-clip": HubEntry(
        "OFA-Sys/chinese-clip-vit-huge-patch14@refs/pr/1",
        _BOTH,
        _CHINESE_CLIP,
        "not stated on its page; its code is MIT",
        3.83,
        "Chinese posts, as SG-MFT: ViT-H/14 and RoBERTa-wwm-large",
    ),
    "chinese-clip-large": HubEntry(
        "OFA-Sys/chinese-clip-vit-large-patch14@refs/pr/2",
        _BOTH,
        _CHINESE_CLIP,
        "not stated on its page; its code is MIT",
        1.63,
        "Chinese posts and less memory: ViT-L/14 and RoBERTa-wwm-base",
    ),
    "chinese-clip-base": HubEntry(
        "OFA-Sys/chinese-clip-vit-base-patch16",
        _BOTH,
        _CHINESE_CLIP,
        "not stated on its page; its code is MIT",
        0.75,
        "Chinese posts on a CPU: ViT-B/16 and RoBERTa-wwm-base",
    ),
    "clip": HubEntry(
        "openai/clip-vit-base-patch32",
        _BOTH,
        _CLIP,
        "not stated on its page; its code is MIT",
        0.61,
        "English posts on a CPU",
    ),
    "clip-large": HubEntry(
        "openai/clip-vit-large-patch14", _BOTH, _CLIP, "not stated on its page; its code is MIT", 1.71, "English posts"
    ),
    "siglip2": HubEntry(
        "google/siglip2-base-patch16-224", _BOTH, _SIGLIP, "Apache-2.0", 1.5, "posts in many languages"
    ),
    "siglip2-large": HubEntry(
        "google/siglip2-so400m-patch14-384",
        _BOTH,
        _SIGLIP,
        "Apache-2.0",
        4.5,
        "many languages, small signs",
    ),
    "dinov2": HubEntry("facebook/dinov2-base", ("image",), _DINO, "Apache-2.0", 0.35, "what a place looks like, CPU"),
    "dinov2-large": HubEntry("facebook/dinov2-large", ("image",), _DINO, "Apache-2.0", 1.22, "what a place looks like"),
    "dinov3": HubEntry(
        "facebook/dinov3-vitb16-pretrain-lvd1689m",
        ("image",),
        "Siméoni et al., DINOv3, arXiv 2508.10104",
        "DINOv3 License, to be accepted on its page",
        0.35,
        "as dinov2, newer; the hub asks for an account",
    ),
    "roberta-wwm-large": HubEntry(
        "hfl/chinese-roberta-wwm-ext-large",
        ("text",),
        "Cui et al., Pre-training with whole word masking for Chinese BERT, TASLP 2021",
        "Apache-2.0",
        1.31,
        "Chinese text alone",
    ),
    "minilm": HubEntry(
        "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2",
        ("text",),
        "Reimers & Gurevych, Making monolingual sentence embeddings multilingual, EMNLP 2020",
        "Apache-2.0",
        0.47,
        "text of 50 languages on a CPU",
    ),
}


def hub_image_encoder(
    name: str, *, device: str = "cpu", states: bool = False, layers: int = 1, offline: bool | None = None
) -> ImageEncoder:
    """The image encoder of a short name, of `owner/model` (or `owner/model@revision`) on the hub, or of a folder.

    `states`: patch states too, through `encode_states`, of the last `layers` layers; those of a position one after the
    other. `offline`: the hub's cache alone (default: HF_HUB_OFFLINE).
    Raises BadOption for a name that is none of these, or where transformers is not installed, and BadWeights for files
    that cannot be had, are damaged, or are of a network that reads no images.
    """
    files = _find(name, reads="image", offline=offline)
    from postplace.encoders.hub.encoders import HubImageEncoder

    return HubImageEncoder(files, device=device, states=states, layers=layers)


def hub_text_encoder(
    name: str, *, device: str = "cpu", states: bool = False, layers: int = 1, offline: bool | None = None
) -> TextEncoder:
    """The text encoder of a name; see `hub_image_encoder`."""
    files = _find(name, reads="text", offline=offline)
    from postplace.encoders.hub.encoders import HubTextEncoder

    return HubTextEncoder(files, device=device, states=states, layers=layers)


def _find(name: str, *, reads: Reads, offline: bool | None) -> ModelFiles:
    entry = HUB_NAMES.get(name)
    if entry is None:
        if "/" not in name and not Path(name).expanduser().is_dir():
            raise unknown_name(f"{reads} encoder", name, HUB_NAMES)
        return find_files(name, reads=reads, offline=offline)
    if reads not in entry.reads:
        able = ", ".join(other for other, known in HUB_NAMES.items() if reads in known.reads)
        raise BadOption(f"{reads} encoder", f"{name!r} reads no {reads}", f"take one of {able}")
    return find_files(entry.repository, reads=reads, offline=offline)
