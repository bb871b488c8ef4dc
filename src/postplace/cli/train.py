"""postplace train: posts -> a run folder."""

from __future__ import annotations

import os
import shutil
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from postplace.cli.options import (
    Cache,
    Device,
    GivenBadPosts,
    GivenCrs,
    ImageEncoderName,
    OnBadPost,
    Posts,
    Quiet,
    RepairText,
    TextEncoderName,
    cache_folder,
    check_classes,
    check_unread,
    log,
    parse_names,
    parse_settings,
)


class Target(StrEnum):
    """What to infer."""

    place = "place"
    category = "category"


ModelName = Annotated[
    str,
    typer.Option(
        help="mrlf, sg-mft, sg-mft-paper, sg-mft-tokens ... (sg-mft-tokens reads token states: take encoders that "
        "hand them out, chinese-clip or another of the hub for both; bundled and timm's do not)."
    ),
]


def train(
    posts: Posts,
    out: Annotated[Path, typer.Option("--out", metavar="RUN", help="The run folder to write.", show_default=False)],
    target: Annotated[Target, typer.Option(help="What to infer.")] = Target.place,
    model: ModelName = "mrlf",
    cells: Annotated[
        int | None, typer.Option(help="Cut the map into this many cells; for posts with coordinates but no place.")
    ] = None,
    min_posts: Annotated[int | None, typer.Option(help="Leave out classes with fewer posts.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the split and of the training.")] = 0,
    folds: Annotated[
        int | None,
        typer.Option(
            min=2, help="Split for cross-validation: --seed 0 to FOLDS-1 evaluate every post once between them."
        ),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A setting, e.g. fusion=joint or max_epochs=5; repeatable."),
    ] = None,
    balanced: Annotated[bool, typer.Option("--balanced", help="Make every class count the same in training.")] = False,
    modalities: Annotated[
        str | None, typer.Option(help="Look at these alone, e.g. text,hashtags.", show_default="text,hashtags,image")
    ] = None,
    text_encoder: TextEncoderName = "bundled",
    image_encoder: ImageEncoderName = "bundled",
    on_bad_post: GivenBadPosts = None,
    crs: GivenCrs = None,
    repair_text: RepairText = False,
    cache: Cache = None,
    device: Device = "auto",
    devices: Annotated[int, typer.Option(min=1, help="How many GPUs (or CPU processes).")] = 1,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an earlier run, or an unfinished one of other options.")
    ] = False,
    evidence: Annotated[
        bool, typer.Option("--evidence", help="Keep vectors and ids of the training posts, for `postplace explain`.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Train a model, evaluate it on posts held out, and save it.

    Killed? The same command continues where it was.
    Example: postplace train posts.jsonl --target category --model sg-mft --out run/
    """
    from postplace.models.registry import find_model
    from postplace.runs.folder import check_free

    check_classes(cells, min_posts)
    find_model(model)
    check_free(out, overwrite=overwrite)
    from postplace.cli.reading import read
    from postplace.cli.tables import show_fit, show_metrics
    from postplace.preparation.prepared_folder import is_prepared

    prepared = is_prepared(posts)
    if prepared:
        check_unread(on_bad_post, crs, repair_text=repair_text)
    source = posts if prepared else read(posts, on_bad_post or OnBadPost.error, crs or "wgs84", repair_text=repair_text)
    from postplace.locator import PostLocator

    first = os.environ.get("LOCAL_RANK", "0") == "0"  # with several devices each trains in a process of its own
    locator = PostLocator(
        target.value,
        model,
        cells=cells,
        min_posts=min_posts,
        settings=parse_settings(set_ or []),
        class_weight="balanced" if balanced else None,
        modalities=None if modalities is None else parse_names(modalities),
        seed=seed,
        device=device,
        devices=devices,
        text_encoder=text_encoder,
        image_encoder=image_encoder,
        cache=cache_folder(cache),
        progress=None if quiet or not first else log,
        evidence=evidence,
        folds=folds,
    )
    state = out.parent / f".{out.name}.training"
    locator.fit(source, checkpoint_dir=state, overwrite=overwrite)
    if not first:
        return  # the first one speaks and saves
    locator.save(out, overwrite=overwrite)
    shutil.rmtree(state, ignore_errors=True)
    show_fit(locator.report)
    show_metrics(locator.metrics, target=locator.predictor.places.target)
    typer.echo(f"saved in {out}")
