"""Where a model's files lie: a local folder, the cache of the Hugging Face hub, or the hub itself.

Only what decides vectors is fetched, and weights as safetensors alone: a pickle can run code while it is read. What is
found lies in one local folder, from which everything else is loaded without a network.
"""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from postplace.errors import BadOption, BadWeights, PostplaceError, WriteFailed, one_line
from postplace.system.atomic_files import sha256_of_file, write_atomically
from postplace.system.targets import real_path

Reads = Literal["image", "text"]
WEIGHTS, WEIGHTS_INDEX = "model.safetensors", "model.safetensors.index.json"
PREPROCESSING = ("preprocessor_config.json", "processor_config.json")
VOCABULARIES = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "tokenizer.model",
    "spiece.model",
    "sentencepiece.bpe.model",
)
POOLING, SENTENCE_LENGTH = "1_Pooling/config.json", "sentence_bert_config.json"
# What else decides how a text is cut into tokens
TOKENIZER_FILES = (*VOCABULARIES, "merges.txt", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")
FETCHED = ("*.json", "*.txt", "*.model", "model*.safetensors")
NOT_FETCHED = ("onnx/*", "openvino/*", "coreml/*", "*.msgpack")
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.h5")
INSTALL = "install it with: pip install 'postplace[hub]'"
BUNDLED = "or take the bundled encoder, which needs no file (bundled)"
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+(@[\w./-]+)?")
_SMALL = 1 << 24  # bytes: hashed anew each time


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model's folder, its name as asked for, its config.json and its weight files."""

    name: str
    folder: Path
    config: dict[str, Any]
    weights: tuple[Path, ...]

    @property
    def kind(self) -> str:
        """The architecture, as config.json calls it: `model_type`."""
        return str(self.config.get("model_type", "unnamed"))

    def settings(self, file: str) -> dict[str, Any]:
        """A JSON file of the folder; empty if it is not there."""
        path = self.folder / file
        return _read_json(path) if path.is_file() else {}

    def sums(self, *files: str) -> str:
        """The sha256 of each of these files that is there."""
        there = [self.folder / file for file in files if (self.folder / file).is_file()]
        return " ".join(f"{path.name} {compute_sha256(path)}" for path in there)


def find_files(name: str, *, reads: Reads, offline: bool | None = None) -> ModelFiles:
    """The files of a local folder, of `owner/model` or of `owner/model@revision` on the hub, all there.

    `offline`: read the hub's cache alone; by default what HF_HUB_OFFLINE says. Raises BadOption for a name that is
    neither, BadWeights when a file is not there, is damaged, or is a pickle.
    """
    for package in ("transformers", "huggingface_hub"):
        if find_spec(package) is None:
            raise BadOption(name, f"needs the package {package}, which is not installed", f"{INSTALL}, {BUNDLED}")
    local = Path(name).expanduser()
    if local.is_dir():
        folder, searched = local, f"the folder {real_path(local)}"
    elif _REPOSITORY.fullmatch(name) and not name.startswith((".", "/", "~")):
        folder, searched = _from_hub(name, reads=reads, offline=offline)
    else:
        remedy = "give a folder that exists, or a model of the hub as owner/model or owner/model@revision"
        raise BadOption("encoder", f"{name!r} is no folder and no model of the hub", remedy)
    missing = _missing(folder, reads)
    if missing:
        raise _not_there(name, folder, missing, searched=searched)
    weights = _weights(folder)
    return ModelFiles(name if folder != local else real_path(local).name, folder, _config(folder), weights)


def wanted_files(reads: Reads) -> tuple[tuple[str, ...], ...]:
    """What must be there, each as its alternatives."""
    own = PREPROCESSING if reads == "image" else VOCABULARIES
    return ("config.json",), own, (WEIGHTS, WEIGHTS_INDEX)


def compute_sha256(path: Path) -> str:
    """A file's sha256; of a large file read once, and remembered by path, size and time of change.

    In the hub's cache a large file is named by its sha256: that is taken.
    """
    real = real_path(path)
    if real.parent.name == "blobs" and re.fullmatch(r"[0-9a-f]{64}", real.name):
        return real.name
    state = real.stat()
    if state.st_size <= _SMALL:
        return _hash(real)
    book, entry = _remembered_sums(), f"{real} {state.st_size} {state.st_mtime_ns}"
    known = _read_sums(book)
    if entry not in known:
        known[entry] = _hash(real)
        _write_sums(book, known)
    return known[entry]


# ---------------------------------------------------------------------- the hub


def _from_hub(name: str, *, reads: Reads, offline: bool | None) -> tuple[Path, str]:
    """The model's folder in the hub's cache, filled from the hub if need be; and, in words, where was looked."""
    from huggingface_hub import constants, errors, snapshot_download

    repository, _, revision = name.partition("@")
    cache = Path(constants.HF_HUB_CACHE)
    alone = constants.is_offline_mode() if offline is None else offline
    asked = f"no such folder ({Path(name).absolute()}), the hub's cache {cache}"
    state = f"HF_HUB_OFFLINE is {'set' if constants.is_offline_mode() else 'not set'}"
    try:
        found = snapshot_download(
            repository,
            revision=revision or None,
            allow_patterns=[*FETCHED, POOLING],
            ignore_patterns=list(NOT_FETCHED),
            local_files_only=alone,
        )
    except errors.GatedRepoError:
        reason = "the hub asks for its licence to be accepted: do that on the model's page and run `hf auth login`"
    except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError):
        reason = "the hub has no such model or revision, or it is private"
    except (errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled) as error:
        reason = "the hub was not asked" if alone else f"the hub cannot be reached ({one_line(error, most=80)})"
    except (errors.HfHubHTTPError, errors.HFValidationError, OSError) as error:
        reason = f"the hub did not answer ({one_line(error, most=80)})"
    else:
        return Path(found), f"the hub's cache {found} and, unless {state.replace('is not', 'were')}, the hub itself"
    files = ", ".join(" or ".join(names) for names in wanted_files(reads))
    found = f"{files} not found; looked in: {asked}; {reason}; {state}"
    remedy = f"run once with a network, name a folder that holds these files, {BUNDLED}"
    raise BadWeights(name, found, remedy) from None


def _not_there(name: str, folder: Path, missing: list[str], *, searched: str) -> BadWeights:
    pickles = sorted(path.name for pattern in PICKLES for path in folder.glob(pattern))
    if pickles and any(WEIGHTS in file for file in missing):
        found = f"has its weights as a pickle alone ({pickles[0]}), which can run code while it is read"
        remedy = (
            "take a revision with safetensors (owner/model@refs/pr/N), or convert them yourself if you trust their "
            f"source (docs/encoders.md says how) and name the folder, {BUNDLED}"
        )
        return BadWeights(f"{name} ({searched})", found, remedy)
    found = f"{', '.join(missing)} not found; looked in: {searched}"
    return BadWeights(name, found, f"put the missing files there, {BUNDLED}")


# ---------------------------------------------------------------------- files


def _missing(folder: Path, reads: Reads) -> list[str]:
    """What is not there, in words; shards that an index names count too."""
    missing = [
        " or ".join(names) for names in wanted_files(reads) if not any((folder / name).is_file() for name in names)
    ]
    if not (folder / WEIGHTS).is_file() and (folder / WEIGHTS_INDEX).is_file():
        missing += [shard.name for shard in _shards(folder) if not shard.is_file()]
    return missing


def _weights(folder: Path) -> tuple[Path, ...]:
    whole = folder / WEIGHTS
    return (whole,) if whole.is_file() else tuple(_shards(folder))


def _shards(folder: Path) -> list[Path]:
    index = _read_json(folder / WEIGHTS_INDEX).get("weight_map")
    if not isinstance(index, dict) or not index:
        raise BadWeights(str(folder / WEIGHTS_INDEX), "names no file", "fetch or copy the model again")
    return [folder / Path(name).name for name in sorted({str(name) for name in index.values()})]


def _config(folder: Path) -> dict[str, Any]:
    from transformers import CONFIG_MAPPING

    config = _read_json(folder / "config.json")
    if config.get("model_type") not in CONFIG_MAPPING:
        problem = f"model_type {config.get('model_type')!r} is not one that transformers knows"
        remedy = "code that comes with a model is never run: take another model, or a newer transformers"
        raise BadWeights(str(folder / "config.json"), problem, remedy)
    return config


def _read_json(path: Path) -> dict[str, Any]:
    try:
        read = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BadWeights(str(path), f"cannot be read ({one_line(error)})", "fetch or copy it again") from None
    if not isinstance(read, dict):
        raise BadWeights(str(path), "is no JSON object", "fetch or copy it again")
    return read


def _hash(path: Path) -> str:
    try:
        return sha256_of_file(path)
    except OSError as error:
        raise BadWeights(str(path), f"cannot be read ({error.strerror})", "check the permissions") from None


def _remembered_sums() -> Path:
    import platformdirs

    return platformdirs.user_cache_path("postplace") / "sha256.json"


def _read_sums(book: Path) -> dict[str, str]:
    try:
        return {entry: str(value) for entry, value in _read_json(book).items()} if book.is_file() else {}
    except PostplaceError:
        return {}  # only remembered sums: a file is then hashed again


def _write_sums(book: Path, known: dict[str, str]) -> None:
    """Where it cannot be written the next start hashes again, which only takes time."""
    with contextlib.suppress(WriteFailed):
        write_atomically(book, json.dumps(known, indent=1).encode())
