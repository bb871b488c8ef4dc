"""Errors name the options that were given, not the keywords of Python behind them."""

from __future__ import annotations

import sys

import pytest
from typer.main import get_command

from postplace.cli import app
from postplace.cli.renamed import RENAMED
from postplace.cli.wording import CALLED_OTHERWISE, commands, declared, in_options, text_in_options
from postplace.errors import BadOption, BadPost, NotEnoughData, PostplaceError, unknown_name
from postplace.images.inpaint import find_inpainter
from postplace.images.portrait import find_segmenter
from postplace.preparation.filters import Languages, Modalities, Portraits, RareHashtags, RarePlaces


def said(error: PostplaceError, *arguments: str) -> str:
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
    assert said(error.value, "prepare").startswith(option)


def test_an_option_that_can_be_none_says_so() -> None:
    with pytest.raises(BadOption) as error:
        find_segmenter("u2nt")
    assert said(error.value, "prepare") == (
        "--segmenter: 'u2nt' is unknown; did you mean 'u2net'? (known: auto, embedded, none, u2net)"
    )


def test_weights_are_named_by_their_option() -> None:
    with pytest.raises(BadOption) as error:
        find_inpainter("lama")
    assert said(error.value, "prepare").startswith("--inpaint: 'lama'")
    assert "name the ONNX file of its weights with --inpaint-weights" in said(error.value, "prepare")


@pytest.mark.parametrize("arguments", [("--set", "fusion=foo"), ("--set=fusion=foo",)])
def test_a_setting_is_named_by_set(arguments: tuple[str, ...]) -> None:
    error = unknown_name("fusion", "foo", ["joint", "late"])
    assert said(error, "train", *arguments).startswith("--set fusion: 'foo' is unknown")
    assert said(error, "experiment").startswith("fusion: ")


def test_an_error_without_a_parameter_stays() -> None:
    for error in (BadPost("posts.jsonl, line 2, key 'text'", "is odd", "mend it"), BadOption("--top-k", "0", "1")):
        assert in_options(error, ["predict"]) is error


def test_a_parameter_is_named_by_the_option_of_the_command_that_was_run() -> None:
    error = BadOption("min_posts", "1 is too few", "give 2 or more, or `overwrite=True` and other `posts`")
    assert said(error, "train") == "--min-posts: 1 is too few; give 2 or more, or --overwrite and other POSTS"
    assert said(error, "models") == str(error)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("`min_posts=N`", "--min-posts N"),
        ("`target='category'`", "--target category"),
        ("`modalities=('text', 'image')`", "--modalities text,image"),
        ("`class_weight='balanced'`", "--balanced"),
        ("`settings={'past': False}`", "--set past=False"),
        ("`settings['dropout']`", "--set dropout"),
        ("`checkpoint_dir`", "--out"),
        ("`overwrite=False`", "`overwrite=False`"),
        ("`no_such=1`", "`no_such=1`"),
        ("`postplace models`", "`postplace models`"),
    ],
)
def test_a_remedy_in_python_becomes_one_of_the_command_line(written: str, read: str) -> None:
    assert said(NotEnoughData("posts", "too few", f"give {written}"), "train") == f"posts: too few; give {read}"


def test_a_warning_names_options_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["postplace", "train", "posts.jsonl"])
    assert text_in_options("raise `min_posts`") == "raise --min-posts"


def test_names_that_differ_stand_for_options_that_there_are() -> None:
    names = {name for command in commands(get_command(app)) for name in declared(command).options}
    assert set(CALLED_OTHERWISE.values()) <= names


@pytest.mark.parametrize("old", RENAMED)
def test_an_old_option_works_with_a_warning(old: str, capsys: pytest.CaptureFixture[str]) -> None:
    having = [c for c in commands(get_command(app)) if RENAMED[old] in declared(c).options.values()]
    assert having
    for command in having:
        arguments = ["run", old, "7"] if "mb" not in old else ["run", f"{old}=7"]
        name = RENAMED[old].removeprefix("--").replace("-", "_")
        assert str(command.make_context(command.name, arguments).params[name]) == "7"
        expected = f"warning: {old} is called {RENAMED[old]}; the old name goes with version 0.3\n"
        assert capsys.readouterr().err == expected


@pytest.mark.parametrize("old", RENAMED)
@pytest.mark.parametrize("swapped", [False, True])
def test_an_option_under_both_names_is_refused(old: str, swapped: bool) -> None:
    new = RENAMED[old]
    (command, *_) = [c for c in commands(get_command(app)) if new in declared(c).options.values()]
    pairs = [[new, "7"], [old, "8"]] if swapped else [[old, "8"], [f"{new}=7"]]
    with pytest.raises(BadOption, match=f"{old}: is the old name of {new}, and both are given; leave out {old}"):
        command.make_context(command.name, ["run", *pairs[0], *pairs[1]])


def test_the_value_of_an_option_is_no_old_name(capsys: pytest.CaptureFixture[str]) -> None:
    command = next(command for command in commands(get_command(app)) if command.name == "advise")
    assert command.make_context("advise", ["run", "--text", "--judge"]).params["text"] == "--judge"
    assert capsys.readouterr().err == ""
