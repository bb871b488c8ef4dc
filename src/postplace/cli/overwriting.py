"""What a command must not write over: its own inputs, and without being asked to, an older output."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from postplace.errors import BadOption
from postplace.system.targets import is_circular, is_stream, real_path

ANOTHER = "choose another file"


def check_output(option: str, output: Path | None, inputs: Iterable[Path | None]) -> None:
    """Refuse, before any work, an output that is a folder, one of the `inputs`, or a file that lies in one of them.

    By whatever name: links are followed. None, for an output or an input that was not given, is let pass.
    """
    if output is None:
        return
    if output.is_dir():
        raise BadOption(option, f"{output} is a folder", "name a file")
    check_apart(option, output, inputs)


def check_apart(option: str, output: Path, inputs: Iterable[Path | None]) -> None:
    """As `check_output`, for an output that may be a folder."""
    if is_circular(output):
        raise BadOption(option, f"{output} is a link that leads in a circle", ANOTHER)
    for source in inputs:
        if source is not None and _overwrites(output, source):
            read = "what is read" if output == source else f"what is read ({source})"
            raise BadOption(option, f"{output} would overwrite {read}", ANOTHER)


def check_new(option: str, output: Path, *, overwrite: bool) -> None:
    """Refuse a file that is there already, unless it is to be replaced. A device or a pipe loses nothing."""
    if output.exists() and not overwrite and not is_stream(output):
        raise BadOption(option, f"{output} exists already", f"{ANOTHER} or give --overwrite")


def files_of_run(folder: Path) -> list[Path]:
    """The files that a run consists of; the others in its folder are the user's own."""
    from postplace.runs.folder import CONFIG, named_files

    return [folder / name for name in (CONFIG, *named_files(folder))]


def _overwrites(output: Path, source: Path) -> bool:
    with suppress(OSError):
        if output.samefile(source):
            return True
    there, read = real_path(output), real_path(source)
    return there == read or (source.is_dir() and output.is_file() and read in there.parents)
