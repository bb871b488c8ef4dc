"""Names of encoders that are paths: a run must find them again from whatever folder it is used in."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar, cast

from postplace.encoders.outside import OBJECT, is_outside_name
from postplace.encoders.registry import ENTRIES
from postplace.encoders.vector_table import is_vector_file

Encoder = TypeVar("Encoder")


def lasting_name(name: Encoder) -> Encoder:
    """The name of an encoder; of a local folder, or of a network with a local file of weights, with an absolute path.

    Other names stay as they are, so that their runs can be carried to another machine.
    """
    if not isinstance(name, str):
        return name  # a class or an encoder itself, which is looked up nowhere
    if is_outside_name(name):
        return name
    if is_vector_file(name):
        return cast(Encoder, _absolute(name))
    if _is_folder(name):
        return cast(Encoder, _absolute(name))
    network, separator, file = name.partition("=")
    local = separator and Path(file).expanduser().is_file()
    return cast(Encoder, f"{network}={_absolute(file)}") if local else name


def missing_path(name: str) -> Path | None:
    """The local folder or file that a name of `lasting_name` speaks of, where it is not there; else None."""
    if name.startswith(OBJECT) or is_outside_name(name):
        return None
    path = Path(name.partition("=")[2] or name)
    local = path.is_absolute() or "=" in name or not ("/" in name or _extras(name))
    return path if local and not path.exists() else None


def _is_folder(name: str) -> bool:
    """Whether the encoder of that name is a local folder: as the table of encoders has it, which looks there later."""
    folder = Path(name).expanduser()
    if not name or name.startswith("timm/"):
        return False
    if extras := _extras(name):
        return extras == {"hub"} and (folder / "model.onnx").is_file()
    return folder.is_dir()


def _extras(name: str) -> set[str]:
    """What the encoders of the table of that name need; empty for a name that is not in it."""
    return {entry.needs_extra for entry in ENTRIES if entry.name == name}


def _absolute(path: str) -> str:
    return str(Path.cwd() / Path(path).expanduser())  # links stay: what they lead to may have another ending
