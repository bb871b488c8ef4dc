"""Errors in the words of the command line: options, where Python has keywords and settings."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from postplace.errors import BadOption, PostplaceError, UnknownName

OPTIONS = {
    "min_hashtag_posts": "--min-hashtag-posts",
    "min_place_posts": "--min-place-posts",
    "languages": "--languages",
    "require": "--require",
    "recipe": "--recipe",
    "max_portrait": "--max-portrait",
    "max_ratio": "--max-portrait",
    "portrait segmenter": "--segmenter",
    "inpainter": "--inpaint",
    "words in pictures": "--read-image-text",
    "names": "--names",
    "image encoder": "--image-encoder",
    "text encoder": "--text-encoder",
}
WEIGHTS = {"--segmenter": "--portrait-weights", "--inpaint": "--inpaint-weights"}
NONE = "none"  # switches a rule off before its own names are looked at
CAN_BE_NONE = ("--segmenter", "--languages", "--require")


def in_options(error: PostplaceError, arguments: Sequence[str]) -> PostplaceError:
    """The error as it reads to somebody who gave these arguments to the command."""
    if not isinstance(error, BadOption):
        return error
    option = _option(error.where, arguments)
    if option is None:
        return error
    if isinstance(error, UnknownName):
        return UnknownName(option, error.name, {*error.known, *([NONE] if option in CAN_BE_NONE else [])})
    remedy = error.remedy
    if weights := WEIGHTS.get(option):
        remedy = remedy.replace("of its weights", f"of its weights with {weights}").replace("no file", f"no {weights}")
    return type(error)(option, error.found, remedy)


def _option(where: str, arguments: Sequence[str]) -> str | None:
    """The option that a name of Python's was given by; None for a name that stays."""
    given = {pair.partition("=")[0] for pair in _settings(arguments)}
    name = where.rpartition(" ")[2]
    if name in given or where == "setting" or where.startswith("setting of "):
        return "--set" if name not in given else f"--set {name}"
    return OPTIONS.get(where)


def _settings(arguments: Sequence[str]) -> list[str]:
    """What was given as --set NAME=VALUE or --set=NAME=VALUE."""
    after = [value for option, value in pairwise(arguments) if option == "--set"]
    return after + [argument.removeprefix("--set=") for argument in arguments if argument.startswith("--set=")]
