"""postplace advise: what to change in a post so that it no longer gives its place away?"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from postplace.cli.options import (
    Device,
    Hashtags,
    Images,
    Run,
    Text,
    check_other_run,
    load_transfer_run,
    show_or_write,
)
from postplace.errors import BadOption

if TYPE_CHECKING:
    from postplace.explain import Advice
    from postplace.schema import Post


class Format(StrEnum):
    """How advice is written."""

    text = "text"
    json = "json"


class Protect(StrEnum):
    """What a post must not give away: what the run is for."""

    place = "place"
    category = "category"


Protected = Annotated[Protect, typer.Option(help="What must stay hidden: what the run is for.")]
Which = Annotated[
    str | None, typer.Option(metavar="NAME", help="This place (or category).", show_default="the run's answer")
]
Below = Annotated[
    float | None,
    typer.Option(metavar="P", help="Hidden is what is less probable.", show_default="not the answer, and below 0.2"),
]
BeyondKm = Annotated[
    float | None, typer.Option(metavar="KM", help="Hidden is what an attacker is expected to miss by so much.")
]
TransferModel = Annotated[
    Path | None,
    typer.Option(
        metavar="RUN2", help="Another model trained on the same posts: how far its probability drops is shown first."
    ),
]
ImagesTo = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Write the images as the first suggestion has them, without metadata."),
]


def advise(
    run: Run,
    text: Text = None,
    hashtags: Hashtags = None,
    image: Images = None,
    protect: Protected = Protect.place,
    place: Which = None,
    max_edits: Annotated[int, typer.Option(help="How many edits to make at most.")] = 2,
    below: Below = None,
    beyond_km: BeyondKm = None,
    transfer_model: TransferModel = None,
    limit: Annotated[int, typer.Option(help="How many parts to take away at most, one at a time.")] = 160,
    grid: Annotated[int, typer.Option(help="Rows and columns of regions that an image is cut into.")] = 4,
    seed: Annotated[int, typer.Option(help="Decides which parts are looked at where there are more.")] = 0,
    format_: Annotated[Format, typer.Option("--format", help="How to write the advice.")] = Format.text,
    output: Annotated[Path | None, typer.Option("--output", metavar="FILE", help="Where to (default: stdout).")] = None,
    images_to: ImagesTo = None,
    device: Device = "auto",
) -> None:
    """Say which few edits of one post hide where it was made, and what each costs in meaning.

    Hashtags and words go or are replaced, images are blurred, cropped or left out; see docs/adviser.md.

    Example: postplace advise run/ --text "sunset over the old bridge" --hashtags "river" --transfer-model other/
    """
    if text is None and hashtags is None and not image:
        raise BadOption("advise", "there is nothing to advise on", "give --text, --hashtags or --image")
    _check_paths(run, transfer_model, output, images_to, image or [])
    from postplace.cli.advice_table import written
    from postplace.cli.one_post import one_post

    post = one_post(text, hashtags, image or [], where="advise")
    from postplace.explain import advise as advise_on
    from postplace.locator import PostLocator

    locator = PostLocator.load(run, device=device)
    attacker = None if transfer_model is None else load_transfer_run(transfer_model, locator, device=device)
    advice = advise_on(
        locator, post, protect=protect.value, place=place, below=below, beyond_km=beyond_km, max_edits=max_edits,
        transfer_model=attacker, limit=limit, grid=grid, seed=seed,
    )  # fmt: skip
    if images_to is not None:
        _write_images(post, advice, images_to)
    show_or_write(written(advice, format_.value), output)


def _check_paths(
    run: Path, transfer_model: Path | None, output: Path | None, images_to: Path | None, images: list[Path]
) -> None:
    """Refuse, before any work, what would write over something, and a run that would attack itself."""
    from postplace.cli.overwriting import check_output, files_of_run

    runs = [run] if transfer_model is None else [run, transfer_model]
    check_output("--output", output, [*images, *(file for folder in runs for file in files_of_run(folder))])
    check_other_run(transfer_model, run)
    if images_to is None:
        return
    if not images:
        raise BadOption("--images-to", "given without an image", "give --image, or leave it out")
    if images_to.exists() and (not images_to.is_dir() or any(images_to.iterdir())):
        raise BadOption("--images-to", f"{images_to} is there and not empty", "name a new folder")


def _write_images(post: Post, advice: Advice, folder: Path) -> None:
    """The images that the first suggestion leaves, in full size and without metadata, edited or not."""
    from postplace.cli.options import log
    from postplace.explain.edits import images_after
    from postplace.system.atomic_files import atomic_folder

    written = 0
    with atomic_folder(folder) as scratch:
        for number, image in images_after(post.images, advice.suggestions[0].edits if advice.suggestions else ()):
            image.save(scratch / f"image-{number + 1}.jpg", quality=95, subsampling=0)
            written += 1
    log(f"{written} of {len(post.images)} images written to {folder}, without metadata")
