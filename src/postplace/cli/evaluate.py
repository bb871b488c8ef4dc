"""postplace evaluate: a run on posts it has not learned from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from postplace.cli.options import (
    BadPosts,
    Cache,
    Crs,
    Device,
    OnBadPost,
    Posts,
    Quiet,
    ReferenceSystem,
    RepairText,
    Run,
    cache_folder,
    said_beside,
)


def evaluate(
    run: Run,
    posts: Posts,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Also write the metrics as JSON.")
    ] = None,
    on_bad_post: BadPosts = OnBadPost.error,
    crs: Crs = ReferenceSystem.wgs84,
    repair_text: RepairText = False,
    cache: Cache = None,
    device: Device = "auto",
    quiet: Quiet = False,
) -> None:
    """Evaluate a run beside the baselines; posts it has learned from are left out and counted.

    Example: postplace evaluate run/ posts.jsonl --output metrics.json
    """
    from postplace.cli.overwriting import check_output, files_of_run
    from postplace.cli.reading import read
    from postplace.cli.tables import show_metrics
    from postplace.system.atomic_files import as_json, write_atomically

    check_output("--output", output, [posts, *files_of_run(run)])
    all_posts = read(posts, on_bad_post, crs.value, repair_text=repair_text)
    from postplace.locator import PostLocator

    locator = PostLocator.load(run, device=device, cache=cache_folder(cache))
    locator.encoder_pair.progress = not quiet
    metrics = locator.evaluate(all_posts)
    if output is not None:
        write_atomically(output, as_json(metrics.to_dict()))
    with said_beside(output):
        show_metrics(metrics, target=locator.fitted.places.target)
