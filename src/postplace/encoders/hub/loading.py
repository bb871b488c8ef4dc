"""A model's files -> the network in memory, whole, and what the files say of how it is used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

from postplace.encoders.hub.files import POOLING, SENTENCE_LENGTH, ModelFiles, compute_sha256
from postplace.encoders.hub.preprocessing import HubPreparation
from postplace.errors import BadOption, BadWeights, one_line

CLIPS = ("clip", "chinese_clip")
JOINT = (*CLIPS, "siglip")
IMAGE_KINDS = (*JOINT, "dinov2", "dinov2_with_registers", "dinov3_vit")


def load_network(files: ModelFiles, *, dtype: Any, unused: Sequence[str]) -> Any:
    """The network with the weights of its files; the parts whose names begin with `unused` are dropped."""
    from transformers import AutoModel

    try:
        with _quietly():
            model, info = AutoModel.from_pretrained(
                files.folder,
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
                dtype=dtype,
                output_loading_info=True,
            )
    except Exception as error:  # weights that are damaged or of another network raise nearly anything
        problem = f"cannot be loaded ({one_line(error)})"
        raise BadWeights(f"{files.name} ({files.folder})", problem, "fetch or copy the model again") from error
    missing = sorted(key for key in info["missing_keys"] if not key.startswith(tuple(unused)))
    if missing:
        problem = f"the weights lack {len(missing)} tensors of {files.kind}, for example {missing[0]}"
        raise BadWeights(
            f"{files.name} ({files.folder})", problem, "take the whole model, or one of its own config.json"
        )
    for name in {prefix.rstrip(".") for prefix in unused if prefix.endswith(".")}:
        if getattr(model, name, None) is not None:
            setattr(model, name, None)
    return model


def frozen(module: Any, device: str) -> Any:
    """A module on its device, without dropout and without gradients."""
    return module.eval().requires_grad_(False).to(device)


def dtype_for(device: str) -> Any:
    """bfloat16 on a GPU that computes in it, else float32."""
    import torch

    if device.startswith("cuda") and torch.cuda.is_bf16_supported(including_emulation=False):
        return torch.bfloat16
    return torch.float32


@contextmanager
def _quietly() -> Iterator[None]:
    """Without transformers' own bar and report of weights: what is wrong with them is an error here."""
    import logging as levels

    from transformers.utils import logging as transformers_logging

    logging: Any = transformers_logging  # half of it has no types
    level, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(levels.CRITICAL)
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bar:
            logging.enable_progress_bar()


def build_fingerprint(files: ModelFiles, steps: str, *, dtype: Any) -> str:
    """What decides the vectors, in words; where the files lie does not."""
    weights = " ".join(compute_sha256(path) for path in files.weights)
    major = version("transformers").split(".")[0]
    config = files.sums("config.json", POOLING, SENTENCE_LENGTH)
    return f"{files.kind}; transformers {major}; weights sha256 {weights}; {config}; {steps}; {dtype}"


def without_precision(fingerprint: str) -> tuple[str, str]:
    """A fingerprint without the precision that the network runs in, and that precision; "" where none is said.

    >>> without_precision("clip; weights sha256 12; torch.bfloat16")
    ('clip; weights sha256 12', 'bfloat16')
    >>> without_precision("bundled-text; the first 10,000 characters")
    ('bundled-text; the first 10,000 characters', '')
    """
    rest, found, precision = fingerprint.rpartition("; torch.")
    return (rest, precision) if found and precision in ("float32", "bfloat16") else (fingerprint, "")


# ---------------------------------------------------------------------- what its files say


def check_kind(files: ModelFiles, known: Sequence[str], what: str) -> None:
    """Raises BadWeights for a network that does not read `what`, or in a way that is not known here."""
    if files.kind == "siglip2":
        remedy = "take one of a fixed image size, such as google/siglip2-base-patch16-224"
        raise BadWeights(files.name, "is a SigLIP 2 of any image size (NaFlex), which is not read here", remedy)
    if files.kind not in known:
        raise BadWeights(files.name, f"{files.kind} does not read {what}", f"take one of {', '.join(known)}")


def check_size(files: ModelFiles, preparation: HubPreparation, vision: Any) -> None:
    """DINO fits its positions to any image size; the others take one alone."""
    size = getattr(vision, "image_size", None)
    if files.kind not in JOINT or size is None:
        return
    wanted = (size, size) if isinstance(size, int) else tuple(size)
    if wanted != (preparation.height, preparation.width):
        problem = f"prepares images of {preparation.height} x {preparation.width}, the network takes {wanted}"
        raise BadWeights(str(files.folder), problem, "copy preprocessor_config.json of this very model")


def find_pooling(files: ModelFiles) -> Any:
    """CLS where the model says so in sentence-transformers' file, else the mean (Reimers & Gurevych, EMNLP 2019)."""
    said = files.settings(POOLING)
    modes = {name.removeprefix("pooling_mode_") for name, on in said.items() if name.startswith("pooling_mode_") and on}
    named = said.get("pooling_mode")
    modes |= {str(mode) for mode in ([named] if isinstance(named, str) else named or [])}
    pooled = {"cls_token": "cls", "cls": "cls", "mean_tokens": "mean", "mean": "mean"}
    if len({pooled.get(mode, mode) for mode in modes}) > 1 or modes - set(pooled):
        problem = f"pools by {', '.join(sorted(modes))}, which is not known here"
        raise BadWeights(str(files.folder / POOLING), problem, "take a model that pools by mean or by its CLS token")
    return pooled[modes.pop()] if modes else "mean"


def text_width(config: Any, text: Any) -> int:
    """D of a text vector."""
    if config.model_type in CLIPS:
        return int(config.projection_dim)
    if config.model_type == "siglip":
        return int(getattr(text, "projection_size", None) or text.hidden_size)
    return int(text.hidden_size)


def check_layers(files: ModelFiles, layers: int, network: Any) -> None:
    """Refuse to hand out more layers than a network has; `network` is the configuration of the text's or image's."""
    most = int(getattr(network, "num_hidden_layers", 1))
    if not 1 <= layers <= most:
        raise BadOption("layers", f"{layers}, but {files.name} has {most}", f"give a number from 1 to {most}")
