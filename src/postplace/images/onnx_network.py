"""A network from an ONNX file: opened, checked for what it takes and gives, and run on one thread."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from postplace.errors import BadOption, BadWeights, one_line
from postplace.system.atomic_files import sha256_of_file


class Slot(NamedTuple):
    """An input or output: its name and its shape, None where a length is free."""

    name: str
    shape: tuple[int | None, ...]


class Signature(NamedTuple):
    """What a network takes and gives, in the file's order."""

    inputs: tuple[Slot, ...]
    outputs: tuple[Slot, ...]


@lru_cache(maxsize=2)
def open_network(path: Path, sha256: str) -> Any:
    """The onnxruntime session of a file, opened once in each process.

    `sha256` is the digest of the file that was checked; a file that was replaced meanwhile is recognised by it.
    Raises BadWeights for a file that cannot be read, is no network, or is not the one that was checked.
    """
    ort = _onnxruntime(path)
    if digest(path) != sha256:
        raise BadWeights(str(path), "has changed since it was checked", "run the same command again")
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # several worker processes share the cores
    options.log_severity_level = 3
    try:
        return ort.InferenceSession(str(path), sess_options=options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has an exception of its own for each way in which a file can be wrong
        reason = one_line(error, most=120)
        raise BadWeights(str(path), f"is not an ONNX network ({reason})", "download the file again") from None


def signature(session: Any) -> Signature:
    """Names and shapes of what a session takes and gives."""
    return Signature(*(tuple(map(_slot, found)) for found in (session.get_inputs(), session.get_outputs())))


def digest(path: Path) -> str:
    """The sha256 of a file; raises BadWeights where it cannot be read."""
    try:
        return sha256_of_file(path)
    except OSError as error:
        raise BadWeights(str(path), f"cannot be read ({error.strerror or error})", "check the path") from None


def _slot(description: Any) -> Slot:
    shape = tuple(length if isinstance(length, int) and length > 0 else None for length in description.shape)
    return Slot(str(description.name), shape)


def _onnxruntime(path: Path) -> Any:
    try:
        return import_module("onnxruntime")
    except ImportError:
        remedy = "pip install 'postplace[portrait]'"
        raise BadOption(str(path), "an ONNX file needs onnxruntime, not installed here", remedy) from None
