"""postplace prepare: posts -> filtered, cleaned and split posts, as the papers describe."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from postplace.cli.options import BadPosts, Crs, OnBadPost, Posts, Quiet, ReferenceSystem, RepairText, log, parse_names
from postplace.cli.wording import text_in_options
from postplace.errors import BadOption

if TYPE_CHECKING:
    from postplace.preparation.filters import Filter
    from postplace.preparation.pipeline import Preparation

NAMED = 5  # images named one by one before the rest is counted
NONE, AUTO = "none", "auto"


def prepare(
    posts: Posts,
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="The folder to write.", show_default=False)],
    recipe: Annotated[str, typer.Option(help="mrlf, sg-mft or none; the options below change it.")] = NONE,
    min_hashtag_posts: Annotated[
        int | None, typer.Option(metavar="N", help="Remove hashtags of fewer training posts; 0: none. mrlf: 50.")
    ] = None,
    min_place_posts: Annotated[
        int | None, typer.Option(metavar="N", help="Remove places of fewer training posts; 0: none. mrlf: 100.")
    ] = None,
    languages: Annotated[
        str | None, typer.Option(metavar="en,zh", help="Keep these languages; none: keep all. mrlf: en.")
    ] = None,
    require: Annotated[
        str | None,
        typer.Option(metavar="text,image", help="Keep posts that have all of text, hashtags, image; or none."),
    ] = None,
    max_portrait: Annotated[
        float | None, typer.Option(help="Drop images that people fill more of, paint them over in others. mrlf: 0.5.")
    ] = None,
    segmenter: Annotated[str, typer.Option(help="What finds people: auto, u2net, embedded; none.")] = AUTO,
    portrait_weights: Annotated[Path | None, typer.Option(metavar="FILE", help="Its weights.")] = None,
    inpaint: Annotated[str, typer.Option(help="What paints them over: auto, lama, telea, patchmatch, none.")] = AUTO,
    inpaint_weights: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Its weights, e.g. LaMa in ONNX.")
    ] = None,
    read_image_text: Annotated[bool, typer.Option("--read-image-text", help="Read the signs in the images.")] = False,
    show: Annotated[int, typer.Option(min=0, metavar="N", help="Lay out N changed images in sheet.png.")] = 0,
    seed: Annotated[int, typer.Option(help="Seed of the split.")] = 0,
    workers: Annotated[int | None, typer.Option(min=0, help="Processes for the images (0: this one).")] = None,
    on_bad_post: BadPosts = OnBadPost.error,
    crs: Crs = ReferenceSystem.wgs84,
    repair_text: RepairText = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier folder.")] = False,
    quiet: Quiet = False,
) -> None:
    """Filter posts, clean their images and split them; show what was removed and why.

    What must be counted is counted in the training part alone. Killed? The same command continues where it was.
    Example: postplace prepare posts.jsonl --recipe mrlf --min-place-posts 20 --out prepared/
    """
    from dataclasses import replace

    from postplace.cli.reading import read
    from postplace.preparation.prepared_folder import check_free, write_prepared
    from postplace.system.locks import exclusive_lock

    portraits: dict[str, Any] = {"max_ratio": max_portrait, "segmenter": segmenter, "inpaint": inpaint}
    portraits |= {"segmenter_weights": _text(portrait_weights), "inpaint_weights": _text(inpaint_weights)}
    counts = {"min_hashtag_posts": min_hashtag_posts, "min_place_posts": min_place_posts}
    filters = _filters(recipe, portraits, counts=counts, languages=languages, require=require)
    _check_used(filters, portraits, show=show)
    _check_not_prepared(posts)
    check_free(out, overwrite=overwrite)
    with exclusive_lock(out.parent / f".{out.name}.lock", where=str(out), work="preparing posts for"):
        reader = _reader() if read_image_text else None
        all_posts = read(posts, on_bad_post, crs.value, repair_text=repair_text)
        check_free(out, overwrite=overwrite, posts=all_posts)
        from postplace.preparation.pipeline import prepare_posts

        state = out.parent / f".{out.name}.preparing"
        result = prepare_posts(
            all_posts, recipe=filters, state=state, seed=seed, reader=reader, workers=workers, progress=not quiet
        )
        options = {"recipe": recipe, "posts": str(posts), "read_image_text": read_image_text}
        prepared = replace(result.prepared, recipe={**options, **result.prepared.recipe})
        sheet = _sheet(result, show) if show else None
        write_prepared(out, prepared, images=result.images, sheet=sheet, overwrite=overwrite)
        shutil.rmtree(state, ignore_errors=True)
    show_report(prepared.report)
    typer.echo(f"saved in {out}")


def _filters(
    recipe: str,
    portraits: dict[str, Any],
    *,
    counts: Mapping[str, int | None],
    languages: str | None,
    require: str | None,
) -> tuple[Filter, ...]:
    """The recipe with the options given; what is not given stays as the recipe has it."""
    from postplace.preparation.filters import Languages, Modalities, Portraits, RareHashtags, RarePlaces, find_recipe

    changes: dict[type[Filter], Filter | None] = {}
    if (count := counts["min_hashtag_posts"]) is not None:
        changes[RareHashtags] = RareHashtags(count) if count else None
    if (count := counts["min_place_posts"]) is not None:
        changes[RarePlaces] = RarePlaces(count) if count else None
    if languages is not None:
        changes[Languages] = None if languages == NONE else Languages(tuple(parse_names(languages)))
    if require is not None:
        names = tuple(parse_names(require))
        changes[Modalities] = None if require == NONE else Modalities(names)
    usual = next((filter_ for filter_ in find_recipe(recipe) if isinstance(filter_, Portraits)), None)
    if portraits["segmenter"] == NONE:
        changes[Portraits] = None
    elif usual is not None or portraits["max_ratio"] is not None:
        given = {name: value for name, value in portraits.items() if value is not None}
        changes[Portraits] = Portraits(**given)
    return find_recipe(recipe, changes=changes)


def _check_used(filters: tuple[Filter, ...], portraits: Mapping[str, Any], *, show: int) -> None:
    """Refuse options about people in images where nobody is looked for."""
    from postplace.preparation.filters import Portraits

    if any(isinstance(filter_, Portraits) for filter_ in filters):
        return
    given = {
        "--portrait-weights": portraits["segmenter_weights"],
        "--inpaint-weights": portraits["inpaint_weights"],
        "--segmenter": portraits["segmenter"] not in (AUTO, NONE),
        "--inpaint": portraits["inpaint"] not in (AUTO, NONE),
        "--max-portrait": portraits["max_ratio"] is not None,
        "--show": show,
    }
    for option in (option for option, value in given.items() if value):
        remedy = "take --recipe mrlf or give --max-portrait 0.5, without --segmenter none; or leave the option out"
        raise BadOption(option, "does nothing: this recipe looks for nobody in the images", remedy)


def _check_not_prepared(posts: Path) -> None:
    """Refuse to split prepared posts anew: what a model was tested on could be trained on."""
    import json

    from postplace.preparation.prepared_folder import POSTS, RECIPE, is_prepared

    folder = posts.parent if posts.name == POSTS else posts
    if not is_prepared(folder):
        return
    source = "the posts it was made from"
    with suppress(OSError, ValueError, KeyError, TypeError):
        source = f"{source} ({json.loads((folder / RECIPE).read_bytes())['recipe']['posts']})"
    problem = f"{posts} is prepared already: it would be split anew, and its test posts could move into training"
    raise BadOption("POSTS", problem, f"prepare {source} with all the options you want")


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _reader() -> Any:
    from postplace.images.ocr import TextReader, check_text_reader

    check_text_reader()
    return TextReader()


def _sheet(result: Preparation, count: int) -> bytes | None:
    """A PNG of images before and after, from the fullest of people to the emptiest; None without any."""
    import io

    from postplace.images.sheet import contact_sheet
    from postplace.preparation.pipeline import examples

    rows = examples(result, count)
    if not rows:
        log("nobody was found in any image: there is no sheet to show")
        return None
    file = io.BytesIO()
    contact_sheet(rows).save(file, format="PNG")
    return file.getvalue()


# --- what a person sees


def show_report(report: Mapping[str, Any]) -> None:
    """The table of what each rule removed, then what else should be known."""
    from postplace.cli.tables import open_console

    console = open_console()
    console.print(_table(report))
    console.print("posts by part: training / validation / calibration / test, each without what the rules removed")
    console.print("what is rare is decided by counts of the training part alone")
    for step in report["steps"]:
        if step["note"]:
            console.print(f"{step['rule']}: {text_in_options(step['note'])}")
    near = f"{report['near_duplicate_texts']} texts and {report['near_duplicate_images']} images"
    console.print(
        f"{report['groups']} groups that stay together, the largest of {report['largest_group']} posts; "
        f"near-duplicates: {near}"
    )
    if groups := report.get("groups_by_part"):
        parts = ", ".join(f"{number} in {name}" for name, number in groups.items())
        console.print(f"groups by part, before the rules: {parts}")
    for note in report.get("split_notes", ()):
        console.print(text_in_options(note))
    if report["words_in_pictures"] is not None:
        console.print(f"words were read in the images of {report['words_in_pictures']['posts']} posts")
    _show_failed(console, report["unreadable_pictures"], "images could not be read and were left out")
    if report["portraits"] is not None:
        kept = "images could not be searched for people and stay as they are"
        _show_failed(console, report["portraits"]["failed"], kept)
    for part, size in report["split"].items():
        if not size:
            console.print(f"warning: no post is left in the {part} part")


def _table(report: Mapping[str, Any]) -> Any:
    from rich.table import Table

    table = Table(title="what was removed", title_justify="left")
    table.add_column("rule", no_wrap=True)
    for column in ("posts before", "after", "by part, after", "images before", "after", "hashtags before", "after"):
        table.add_column(column, justify="right", no_wrap=True)
    for step in report["steps"]:
        before, after = step["before"], step["after"]
        parts = " / ".join(str(after[part]) for part in report["split"])
        cells = [str(before["posts"]), str(after["posts"]), parts]
        cells += [str(count[name]) for name in ("pictures", "hashtags") for count in (before, after)]
        table.add_row(step["rule"], *cells)
    return table


def _show_failed(console: Any, failed: list[Mapping[str, str]], what: str) -> None:
    if not failed:
        return
    console.print(f"{len(failed)} {what}:")
    for image in failed[:NAMED]:
        post = f"post {image['post']}: " if "post" in image else ""
        console.print(f"  {post}{image['image']}: {image['reason']}")
    if len(failed) > NAMED:
        console.print(f"  ... and {len(failed) - NAMED} more (all of them in report.json)")
