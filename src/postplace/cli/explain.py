"""postplace explain: what gave the place of a post away?"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from postplace.cli.options import Device, Hashtags, Images, Run, Text, check_used, show_or_write


class Format(StrEnum):
    """How an explanation is written."""

    text = "text"
    json = "json"
    html = "html"


class Method(StrEnum):
    """How the parts of a post are weighed."""

    occlusion = "occlusion"
    gradients = "gradients"


def explain(
    run: Run,
    text: Text = None,
    hashtags: Hashtags = None,
    image: Images = None,
    place: Annotated[
        str | None, typer.Option(metavar="NAME", help="Why this place (or category)?", show_default="the run's answer")
    ] = None,
    user: Annotated[
        str | None, typer.Option(metavar="NAME", help="Whose post it is: own training posts are no evidence.")
    ] = None,
    method: Annotated[
        Method, typer.Option(help="Parts taken away one at a time, or integrated gradients of a network.")
    ] = Method.occlusion,
    limit: Annotated[int | None, typer.Option(help="How many parts to take away at most (default: 160).")] = None,
    grid: Annotated[
        int | None, typer.Option(help="Rows and columns of regions that an image is cut into (default: 4).")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Decides which parts are looked at where there are more (default: 0).")
    ] = None,
    attention: Annotated[
        bool, typer.Option("--attention", help="Also the attention maps, in json and html; they explain nothing.")
    ] = False,
    format_: Annotated[Format, typer.Option("--format", help="How to write the explanation.")] = Format.text,
    output: Annotated[Path | None, typer.Option("--output", metavar="FILE", help="Where to (default: stdout).")] = None,
    device: Device = "auto",
) -> None:
    """Say how much each modality, word, hashtag and image region of one post moved the answer.

    Taken away one at a time, in nats of log-odds and in probability of the place; see docs/explanations.md.

    Example: postplace explain run/ --text "sunset over the old bridge" --hashtags "river" --image one.jpg
    """
    from postplace.cli.one_post import one_post
    from postplace.cli.overwriting import check_output, files_of_run
    from postplace.errors import BadOption

    if text is None and hashtags is None and not image:
        raise BadOption("explain", "there is nothing to explain", "give --text, --hashtags or --image")
    if attention and format_ is Format.text:
        raise BadOption("--attention", "given with the format text", "give --format json or html")
    breadth = {"limit": limit, "grid": grid, "seed": seed}
    if method is Method.gradients:
        options = {f"--{name}": value for name, value in breadth.items()}
        check_used(options, "with --method gradients: no part is taken away", "leave it out")
    check_output("--output", output, [*(image or []), *files_of_run(run)])
    post = one_post(text, hashtags, image or [], where="explain", user=user)
    from postplace.cli.explanation_table import written
    from postplace.explain import explain as explain_post
    from postplace.explain.attention import with_attention
    from postplace.locator import PostLocator

    locator = PostLocator.load(run, device=device)
    given = {name: value for name, value in breadth.items() if value is not None}
    explanation = explain_post(locator, post, place=place, method=method.value, **given)
    if attention:
        explanation = with_attention(locator, post, explanation)
    show_or_write(written(locator, post, explanation, format_.value), output)
