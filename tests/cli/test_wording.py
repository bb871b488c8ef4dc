"""Errors name the options that were given, not the keywords of Python behind them."""

from __future__ import annotations

import pytest

from postplace.cli.wording import in_options
from postplace.errors import BadOption, BadPost, unknown_name
from postplace.images.inpaint import find_inpainter
from postplace.images.portrait import find_segmenter
from postplace.preparation.filters import Languages, Modalities, Portraits, RareHashtags, RarePlaces


def said(error: BadOption, *arguments: str) -> str:
    return str(in_options(error, arguments))


@pytest.mark.parametrize(
    ("make", "option"),
    [
        (lambda: RarePlaces(-1), "--min-place-posts: -1 is"),
        (lambda: RareHashtags(-1), "--min-hashtag-posts: -1 is"),
        (lambda: Portraits(max_ratio=7), "--max-portrait: 7 is"),
        (lambda: Languages(()), "--languages: no language"),
        (lambda: Modalities(()), "--require: no modality"),
    ],
)
def test_a_filter_is_named_by_its_option(make, option: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(BadOption) as error:
        make()
    assert said(error.value).startswith(option)


def test_what_can_be_none_says_so() -> None:
    with pytest.raises(BadOption) as error:
        find_segmenter("u2nt")
    assert said(error.value) == (
        "--segmenter: 'u2nt' is unknown; did you mean 'u2net'? (known: auto, embedded, none, u2net)"
    )


def test_weights_are_named_by_their_option() -> None:
    with pytest.raises(BadOption) as error:
        find_inpainter("lama")
    assert said(error.value).startswith("--inpaint: 'lama'")
    assert "name the ONNX file of its weights with --inpaint-weights" in said(error.value)


@pytest.mark.parametrize("arguments", [("--set", "fusion=foo"), ("--set=fusion=foo",)])
def test_a_setting_is_named_by_set(arguments: tuple[str, ...]) -> None:
    error = unknown_name("fusion", "foo", ["joint", "late"])
    assert said(error, "train", *arguments).startswith("--set fusion: 'foo' is unknown")
    assert said(error, "experiment").startswith("fusion: ")


def test_the_rest_stays() -> None:
    for error in (BadPost("posts.jsonl, line 2, key 'text'", "is odd", "mend it"), BadOption("--top-k", "0", "1")):
        assert in_options(error, ["predict"]) is error
