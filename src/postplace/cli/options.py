"""Options that several commands share, and what they become."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from postplace.cli.wording import text_in_options
from postplace.errors import BadOption

if TYPE_CHECKING:
    from postplace.locator import PostLocator

CACHE_VARIABLE = "POSTPLACE_CACHE"


class OnBadPost(StrEnum):
    """What to do with a record that is not a post."""

    error = "error"
    skip = "skip"


Posts = Annotated[
    Path,
    typer.Argument(
        metavar="POSTS", help="Posts: .jsonl, .json, .csv, .parquet, .xlsx or a prepared folder.", show_default=False
    ),
]
Run = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a trained run.", show_default=False)]
BadPosts = Annotated[OnBadPost, typer.Option("--on-bad-post", help="Stop at a bad record, or skip and count it.")]
GivenBadPosts = Annotated[
    OnBadPost | None,
    typer.Option("--on-bad-post", help="Stop at a bad record (default: error), or skip and count it."),
]


class ReferenceSystem(StrEnum):
    """What coordinates are given in."""

    wgs84 = "wgs84"
    gcj02 = "gcj02"
    bd09 = "bd09"


Crs = Annotated[
    ReferenceSystem,
    typer.Option("--crs", help="The posts' coordinates: wgs84 (GPS), or gcj02 or bd09 of China's maps, converted."),
]
GivenCrs = Annotated[
    ReferenceSystem | None,
    typer.Option("--crs", help="The posts' coordinates: wgs84 (GPS; default), or gcj02 or bd09 of China's maps."),
]
PlacesCrs = Annotated[
    ReferenceSystem | None,
    typer.Option("--places-crs", help="The same of the coordinates in --places (default: wgs84)."),
]
RepairText = Annotated[
    bool,
    typer.Option("--repair-text", help="Repair texts that are UTF-8 read as Latin-1, and count them."),
]
PREPARED = "with a prepared folder: `postplace prepare` has met its bad records"
Text = Annotated[str | None, typer.Option(help="The text of the post.")]
Hashtags = Annotated[
    str | None, typer.Option(help="Its hashtags, separated by spaces; those in the text are read too.")
]
Images = Annotated[list[Path] | None, typer.Option(help="One of its images; may be repeated.")]
Cache = Annotated[
    Path | None,
    typer.Option(
        "--cache",
        metavar="DIR",
        help=f"Where vectors are kept: nothing is encoded twice (default: ${CACHE_VARIABLE}, else your cache folder).",
        show_default=False,
    ),
]
TextEncoderName = Annotated[
    str, typer.Option("--text-encoder", metavar="NAME", help="See `postplace encoders`; or a local folder.")
]
ImageEncoderName = Annotated[
    str, typer.Option("--image-encoder", metavar="NAME", help="See `postplace encoders`; or a local folder.")
]
Device = Annotated[str, typer.Option("--device", help="auto, cpu or gpu.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]


def cache_folder(given: Path | None) -> Path:
    """The folder of stored vectors: the option, else the environment, else the user's cache."""
    import platformdirs

    named = os.environ.get(CACHE_VARIABLE)
    return given or Path(named or platformdirs.user_cache_path("postplace") / "vectors")


def log(line: str) -> None:
    """One line of progress, on stderr."""
    print(text_in_options(line), file=sys.stderr, flush=True)


def show_or_write(content: str, output: Path | None) -> None:
    """To stdout, or to a file that appears whole or not at all."""
    from postplace.system.atomic_files import write_atomically

    if output is None:
        typer.echo(content, nl=False)
    else:
        write_atomically(output, content.encode())


@contextmanager
def said_beside(output: Path | None) -> Iterator[None]:
    """What a command says goes to stderr where its file goes to stdout: other programs read that."""
    from postplace.system.targets import is_standard_output

    if output is not None and is_standard_output(output):
        with redirect_stdout(sys.stderr):
            yield
    else:
        yield


def check_used(given: Mapping[str, object], problem: str, remedy: str) -> None:
    """Raise BadOption for the first option that has a value where none of them does anything; `problem` says why."""
    for option, value in given.items():
        if value is not None:
            raise BadOption(option, f"does nothing {problem}", remedy)


def check_unread(on_bad_post: object, crs: str | None, *, repair_text: bool) -> None:
    """Raise BadOption for what decides how records are read, where they are a prepared folder's."""
    named = {
        "--on-bad-post": on_bad_post,
        "--crs": None if crs == "wgs84" else crs,
        "--repair-text": repair_text or None,
    }
    check_used(named, PREPARED, "leave it out")


def check_classes(cells: int | None, min_posts: int | None) -> None:
    """Raise BadOption for classes that are requested by both."""
    if cells is not None:
        check_used({"--min-posts": min_posts}, "with --cells: a cell may hold a single post", "leave one of them out")


def check_other_run(transfer_model: Path | None, run: Path) -> None:
    """Raise BadOption for a run whose edits would be evaluated by itself."""
    from postplace.system.targets import real_path

    if transfer_model is not None and real_path(transfer_model) == real_path(run):
        problem = f"{transfer_model} is the run that chooses the edits"
        raise BadOption("--transfer-model", problem, "give the run of another model")


def load_transfer_run(path: Path, locator: PostLocator, *, device: str) -> PostLocator:
    """The run given as --transfer-model, which shares the encoders of the first; an error names the option."""
    from postplace.errors import PostplaceError
    from postplace.locator import PostLocator

    try:
        other = PostLocator.load(path, device=device)
    except PostplaceError as error:
        raise error.at(f"--transfer-model {error.where}") from error
    other.encoder_pair.share(locator.encoder_pair)
    return other


def parse_names(text: str) -> list[str]:
    """`"text, image"` -> `["text", "image"]`.

    >>> parse_names("text, image,")
    ['text', 'image']
    """
    return [name.strip() for name in text.split(",") if name.strip()]


def parse_settings(pairs: Sequence[str]) -> dict[str, Any]:
    """`["fusion=joint", "dropout=0.1"]` -> `{"fusion": "joint", "dropout": 0.1}`.

    >>> parse_settings(["fusion=joint", "max_epochs=5"])
    {'fusion': 'joint', 'max_epochs': 5}
    """
    settings: dict[str, Any] = {}
    for pair in pairs:
        name, separator, text = pair.partition("=")
        if not separator or not name:
            raise BadOption("--set", f"{pair!r} is not NAME=VALUE", "write for example --set max_epochs=5")
        try:
            settings[name] = ast.literal_eval(text)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):  # TypeError: of {[]: 1}
            settings[name] = text
    return settings
