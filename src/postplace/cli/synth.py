"""postplace synth: a generated city of posts with images."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from postplace.cli.options import parse_settings


def synth(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where to put the city.", show_default=False)],
    posts: Annotated[int, typer.Option(min=1, help="How many posts.")] = 2000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same city.")] = 0,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A parameter, e.g. missing_images=0.5; may be repeated."),
    ] = None,
) -> None:
    """Make a synthetic city: posts.jsonl, places.csv and drawn images.

    Example: postplace synth city/ --posts 2000 --set name_leak=0.2
    """
    from postplace.errors import unknown_name
    from postplace.synthetic import Knobs, make_city

    knobs = parse_settings(set_ or [])
    unknown = [name for name in knobs if name not in Knobs.__dataclass_fields__]
    if unknown:
        raise unknown_name("--set", unknown[0], Knobs.__dataclass_fields__)
    make_city(folder, posts=posts, seed=seed, knobs=Knobs(**knobs))
    typer.echo(f"{posts} posts in {folder / 'posts.jsonl'}")
