"""postplace report: a run on posts it has not learned from, as one page that needs no network."""

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
    log,
)


def report(
    run: Run,
    posts: Posts,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The page to write.", show_default=False)],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an older page.")] = False,
    no_posts: Annotated[bool, typer.Option("--no-posts", help="Show no text, hashtag or image of any post.")] = False,
    mistakes: Annotated[int, typer.Option("--mistakes", min=0, max=100, help="The most mistakes to show.")] = 12,
    on_bad_post: BadPosts = OnBadPost.error,
    crs: Crs = ReferenceSystem.wgs84,
    repair_text: RepairText = False,
    cache: Cache = None,
    device: Device = "auto",
    quiet: Quiet = False,
) -> None:
    """Write what a run is worth as one HTML file: metrics, maps, mistakes, and its model card.

    Posts it has learned from are left out and counted. The file shows posts of others: mind who gets it.

    Example: postplace report run/ posts.jsonl --out report.html
    """
    from postplace.cli.overwriting import check_new, check_output, files_of_run
    from postplace.cli.reading import read
    from postplace.system.atomic_files import check_writable, write_atomically

    check_output("--out", out, [posts, *files_of_run(run)])
    check_new("--out", out, overwrite=overwrite)
    check_writable(out)
    all_posts = read(posts, on_bad_post, crs.value, repair_text=repair_text)
    check_output("--out", out, [image for post in all_posts for image in post.images if isinstance(image, Path)])
    from postplace.locator import PostLocator
    from postplace.report.content import build_content
    from postplace.report.page import build_page
    from postplace.runs.card import saved_card

    locator = PostLocator.load(run, device=device, cache=cache_folder(cache))
    locator.encoder_pair.progress = not quiet
    evaluated = locator.evaluate_detailed(all_posts)
    content = build_content(locator, evaluated, card=saved_card(run), mistakes=mistakes, posts=not no_posts)
    write_atomically(out, build_page(content).encode())
    left_out = evaluated.metrics.left_out_as_seen
    log(f"{len(evaluated.posts)} posts evaluated, {left_out} left out because the run had learned from them: {out}")
