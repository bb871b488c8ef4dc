"""A trained run on disk: a folder that is either whole or not there.

`config.json` names every other file with its sha256, so a missing or truncated one is found before anything is loaded.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from postplace.errors import BadOption, BadRun, write_failed

FORMAT = 1
CONFIG = "config.json"


def check_free(folder: Path, *, overwrite: bool) -> None:
    """Refuse early, before hours of work, a folder that a run could not be written to."""
    if folder.exists() and not overwrite:
        raise BadOption("--out", f"{folder} exists already", "choose another folder or give --overwrite")
    if folder.exists() and not (folder / CONFIG).is_file():
        raise BadOption("--out", f"{folder} is not a run of postplace and is not overwritten", "choose another folder")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        probe = folder.parent / f".{folder.name}.probe-{os.getpid()}"
        probe.mkdir()
        probe.rmdir()
    except OSError as error:
        raise write_failed(folder, error) from error


def write_run(folder: Path, config: Mapping[str, Any], files: Mapping[str, bytes], *, overwrite: bool = False) -> None:
    """Write a run under a temporary name and rename it; `config` gets the format and the files' sha256 added."""
    check_free(folder, overwrite=overwrite)
    temporary = folder.parent / f".{folder.name}.part-{os.getpid()}"
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    whole = dict(files) | {CONFIG: as_json({"format": FORMAT, **config, "files": sums})}
    try:
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        for name, content in whole.items():
            _write(temporary / name, content)
        if folder.exists():
            old = folder.parent / f".{folder.name}.old-{os.getpid()}"
            folder.rename(old)
            temporary.rename(folder)
            shutil.rmtree(old)
        else:
            temporary.rename(folder)
    except OSError as error:
        shutil.rmtree(temporary, ignore_errors=True)
        raise write_failed(folder, error) from error


def read_run(folder: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The config and the files of a run, each checked against its sha256. Raises BadRun for anything amiss."""
    if not folder.is_dir():
        raise BadRun(str(folder), "there is no such run folder", "train one: postplace train POSTS --out RUN")
    config = _config(folder)
    files = {name: _checked(folder / name, expected) for name, expected in config["files"].items()}
    return config, files


def as_json(value: Any) -> bytes:
    """Readable JSON, ending in a newline; numbers that JSON has no word for are refused."""
    return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def write_atomically(path: Path, content: bytes) -> None:
    """Write one file so that it is either whole or as it was before."""
    temporary = path.parent / f".{path.name}.part-{os.getpid()}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(temporary, content)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise write_failed(path, error) from error


def _config(folder: Path) -> dict[str, Any]:
    where = str(folder / CONFIG)
    try:
        config = json.loads((folder / CONFIG).read_bytes())
        found, sums = config["format"], config["files"]
        if not isinstance(sums, dict) or any(Path(name).name != name for name in sums):
            raise ValueError("its list of files is not one")
    except FileNotFoundError:
        raise BadRun(where, "is missing", "this is not a finished run; train again or copy the folder again") from None
    except OSError as error:
        raise BadRun(where, f"cannot be read ({error.strerror})", "check the folder's permissions") from None
    except (ValueError, KeyError, TypeError) as error:
        raise BadRun(where, f"is damaged ({error})", "copy the run folder again or train again") from None
    if found != FORMAT:
        raise BadRun(where, f"is of format {found!r}, this version reads {FORMAT}", "use the version that wrote it")
    return dict(config)


def _checked(path: Path, expected: str) -> bytes:
    remedy = "copy the run folder again or train again"
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise BadRun(str(path), "is missing", remedy) from None
    except OSError as error:
        raise BadRun(str(path), f"cannot be read ({error.strerror})", "check the folder's permissions") from None
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        detail = f"is not the file that was saved (sha256 {found[:12]}..., expected {expected[:12]}...)"
        raise BadRun(str(path), detail, remedy)
    return content


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
