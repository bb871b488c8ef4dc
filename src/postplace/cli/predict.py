"""postplace predict: where were these posts made?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from postplace.cli.options import (
    Cache,
    Device,
    GivenBadPosts,
    Hashtags,
    Images,
    OnBadPost,
    Quiet,
    RepairText,
    Run,
    Text,
    cache_folder,
    check_used,
    log,
)
from postplace.cli.output_formats import GEOGRAPHIC, Format, Shape, choose_format

if TYPE_CHECKING:
    from postplace.schema import Post, Prediction

PART = 1024  # posts held in memory at a time


class CoverageOver(StrEnum):
    """What coverage is an average over: users, each counting the same, or posts."""

    users = "users"
    posts = "posts"


def predict(
    run: Run,
    posts: Annotated[
        Path | None,
        typer.Argument(
            metavar="[POSTS]",
            help="Posts: .jsonl, .json, .csv, .parquet, .xlsx or a prepared folder.",
            show_default=False,
        ),
    ] = None,
    text: Text = None,
    hashtags: Hashtags = None,
    image: Images = None,
    top_k: Annotated[int, typer.Option(help="How many places a post.")] = 5,
    level: Annotated[float, typer.Option(help="How often set and circle cover the true place, on average.")] = 0.9,
    coverage_over: Annotated[
        CoverageOver, typer.Option(help="On average over users, each counting the same, or over all their posts.")
    ] = CoverageOver.users,
    min_confidence: Annotated[
        float, typer.Option(help="Below this probability of the best place the model abstains.")
    ] = 0.0,
    format_: Annotated[
        Format | None,
        typer.Option("--format", help="How to write the predictions (default: by the ending of --output, else jsonl)."),
    ] = None,
    shape: Annotated[
        Shape | None, typer.Option("--shape", help="On a map: the ranked places, or each post's prediction circle.")
    ] = None,
    show_texts: Annotated[bool, typer.Option("--show-texts", help="With --format map: the posts' texts.")] = False,
    output: Annotated[Path | None, typer.Option("--output", metavar="FILE", help="Where to (default: stdout).")] = None,
    on_bad_post: GivenBadPosts = None,
    repair_text: RepairText = False,
    cache: Cache = None,
    device: Device = "auto",
    quiet: Quiet = False,
) -> None:
    """Rank the places of posts in a file, or of one post given by --text, --hashtags and --image.

    A run for categories ranks these, under the same keys: `place` in JSON lines and tables, `name` in GeoJSON.
    `modalities` are those that a post has: text, hashtags, image. The prediction set and the prediction circle of each
    answer cover the true place as often as --level says for users like those held out in training (venues, where posts
    have no user): on average over users, whether they post little or much, or with --coverage-over posts on average
    over their posts. Of somebody who posts more than anybody who was held out, neither promises anything.

    Example: postplace predict run/ --text "sunset over the old bridge" --hashtags "river" --image one.jpg
    """
    from postplace.cli.one_post import one_post
    from postplace.cli.output import write_predictions
    from postplace.cli.overwriting import check_output, files_of_run
    from postplace.errors import BadOption
    from postplace.places.decode import check_asked

    one = text is not None or hashtags is not None or bool(image)
    if one == (posts is not None):
        problem = "a file and a post's own parts are both given" if one else "there is nothing to predict"
        raise BadOption("predict", problem, "give either POSTS, or --text, --hashtags and --image")
    if one:
        of_files = {"--cache": cache, "--on-bad-post": on_bad_post, "--repair-text": repair_text or None}
        check_used(of_files, "with a single post: there is no file, and nothing is stored", "leave it out")
    check_asked(top_k, level, min_confidence)
    check_output("--output", output, [posts, *(image or []), *files_of_run(run)])
    chosen = _checked_format(format_, output, shape, show_texts=show_texts)
    if posts is None:
        parts = iter([[one_post(text, hashtags, image or [], where="predict")]])
    else:
        parts = _parts(posts, on_bad_post or OnBadPost.error, repair_text=repair_text)
    first = next(parts)  # a bad file is found before the run is loaded
    from postplace.locator import PostLocator

    locator = PostLocator.load(run, device=device)
    locator.encoder_pair.progress = not (quiet or one)
    ask = partial(
        locator.predict,
        top_k=top_k,
        level=level,
        min_confidence=min_confidence,
        coverage_over=coverage_over.value,
        cache=None if one else cache_folder(cache),
    )
    reads = [name for name in locator.modalities if name in (locator.plan.modalities or locator.modalities)]
    texts: dict[str, str] | None = {} if show_texts else None
    answers = _answers(partial(_with_texts, ask, texts), first, parts, reads=reads)
    write_predictions(answers, chosen, output, shape=shape or Shape.points, texts=texts)


def _checked_format(format_: Format | None, output: Path | None, shape: Shape | None, *, show_texts: bool) -> Format:
    """The format to write, before any work. Raises BadOption for what does not fit it, or cannot be written here."""
    chosen = choose_format(format_, output)
    if chosen != Format.map:
        check_used({"--show-texts": show_texts or None}, f"in {chosen}", "give --format map, or leave it out")
    if chosen not in GEOGRAPHIC:
        remedy = f"give --format {', '.join(sorted(GEOGRAPHIC))}, or leave it out"
        check_used({"--shape": shape}, f"in {chosen}", remedy)
    elif chosen != Format.geojson:  # which needs no library
        from postplace.cli.geo_files import check_installed

        check_installed()
    if chosen == Format.xlsx:
        from postplace.cli.table_files import check_openpyxl

        check_openpyxl()
    return chosen


def _with_texts(
    ask: Callable[[list[Post]], list[Prediction]], texts: dict[str, str] | None, posts: list[Post]
) -> list[Prediction]:
    """The answers; on the way, the texts of the posts where they are to be shown."""
    if texts is not None:
        from postplace.report.map_content import LISTED

        texts.update((post.id, post.text) for post in posts[: LISTED - len(texts)])
    return ask(posts)


def _parts(posts: Path, on_bad_post: OnBadPost, *, repair_text: bool) -> Iterator[list[Post]]:
    from postplace.cli.reading import read_in_parts

    return read_in_parts(posts, on_bad_post, size=PART, repair_text=repair_text)


def _say_caveat(predictions: list[Prediction]) -> None:
    """Why sets and circles are wide, once: it is the same for all posts of a run."""
    caveats = {p.region.caveat for p in predictions if p.region is not None and p.region.caveat}
    for caveat in sorted(caveats):
        log(f"sets and circles: {caveat}")


_KEYS = {"text": "text", "hashtags": "hashtags", "image": "images"}


def _answers(
    ask: Callable[[list[Post]], list[Prediction]], first: list[Post], rest: Iterator[list[Post]], *, reads: list[str]
) -> Iterator[Prediction]:
    """The answers in their order; what there is to say about all of them, on stderr."""
    from postplace.errors import BadPost

    answered = total = cut = 0
    part: list[Post] | None = first
    while part is not None:
        predictions = ask(part)
        if part is first:
            _say_caveat(predictions)
        total += len(predictions)
        answered += sum(bool(prediction.ranked) for prediction in predictions)
        cut += sum(bool(prediction.not_read) for prediction in predictions)
        yield from predictions
        part = next(rest, None)
    if not answered:
        problem = (
            f"none of {total} posts has {_listed(['a readable image' if r == 'image' else r for r in reads], 'or')}"
        )
        keys = _listed([_KEYS[name] for name in reads], "and")
        raise BadPost("predict", problem, f"check the key{'s' if len(reads) > 1 else ''} {keys}")
    if answered < total:
        nothing = _listed(["no readable image" if name == "image" else f"no {name}" for name in reads], "and")
        log(f"{total - answered} of {total} posts have {nothing}: no prediction")
    if cut:
        one = total == 1 and predictions[0].not_read.said
        log(one or f"{cut} of {total} posts were not read whole: not_read says what was left out of each")


def _listed(names: list[str], last: str) -> str:
    """In words: a, b and c."""
    return f" {last} ".join([*([", ".join(names[:-1])] if names[1:] else []), *names[-1:]])
