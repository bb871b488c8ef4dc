"""A trained run on disk: a folder that is either whole or not there.

`config.json` names every other file with its sha256, so a missing or truncated one is found before anything is loaded.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from postplace.errors import BadOption, BadRun
from postplace.system.atomic_files import as_json, atomic_folder, check_writable, read_checked, write_within

FORMAT = 1
CONFIG = "config.json"


def check_free(folder: Path, *, overwrite: bool) -> None:
    """Refuse early, before hours of work, a folder that a run could not be written to."""
    if folder.exists() and not overwrite:
        raise BadOption("folder", f"{folder} exists already", "choose another folder, or give `overwrite=True`")
    if folder.exists() and not (folder / CONFIG).is_file():
        raise BadOption("folder", f"{folder} is not a run of postplace and is not overwritten", "choose another folder")
    check_writable(folder)


def write_run(folder: Path, config: Mapping[str, Any], files: Mapping[str, bytes], *, overwrite: bool = False) -> None:
    """Write a run under a temporary name and rename it; `config` gets the format and the files' sha256 added."""
    check_free(folder, overwrite=overwrite)
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    whole = dict(files) | {CONFIG: as_json({"format": FORMAT, **config, "files": sums})}
    with atomic_folder(folder) as unfinished:
        for name, content in whole.items():
            write_within(unfinished, name, content)


def read_run(folder: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The config and the files of a run, each checked against its sha256. Raises BadRun for anything amiss."""
    if not folder.is_dir():
        raise BadRun(str(folder), "there is no such run folder", "train one: postplace train POSTS --out RUN")
    config = _config(folder)
    remedy = "copy the run folder again or train again"
    files = {name: read_checked(folder / name, sha256, remedy=remedy) for name, sha256 in config["files"].items()}
    return config, files


def named_files(folder: Path) -> list[str]:
    """The names of a run's files beside its config.json; none where that is missing or damaged."""
    try:
        return list(_config(folder)["files"])
    except BadRun:
        return []


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
