"""Options that several commands share, and what they become."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from postplace.errors import BadOption

CACHE_VARIABLE = "POSTPLACE_CACHE"


class OnBadPost(StrEnum):
    """What to do with a record that is not a post."""

    error = "error"
    skip = "skip"


Posts = Annotated[
    Path,
    typer.Argument(metavar="POSTS", help="Posts: .jsonl, .csv, .parquet or a prepared folder.", show_default=False),
]
Run = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a trained run.", show_default=False)]
BadPosts = Annotated[OnBadPost, typer.Option("--on-bad-post", help="Stop at a bad record, or skip and count it.")]
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


def cache_folder(asked: Path | None) -> Path:
    """The folder of stored vectors: the option, else the environment, else the user's cache."""
    import platformdirs

    named = os.environ.get(CACHE_VARIABLE)
    return asked or Path(named or platformdirs.user_cache_path("postplace") / "vectors")


def say(line: str) -> None:
    """One line of progress, on stderr."""
    print(line, file=sys.stderr, flush=True)


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
        except (ValueError, SyntaxError):
            settings[name] = text
    return settings
