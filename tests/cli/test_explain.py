"""postplace explain, as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from postplace import Post
from postplace.cli import app
from postplace.errors import BadImage, BadOption, PostplaceError


def explained(*arguments: object) -> Result:
    """The finished command."""
    return CliRunner().invoke(app, ["explain", *map(str, arguments), "--device", "cpu"])


@pytest.fixture(scope="module")
def parts(posts: list[Post]) -> list[object]:
    """A post with everything, as options."""
    post = next(post for post in posts if post.text and post.hashtags and len(post.images) == 1)
    return ["--text", post.text, "--hashtags", " ".join(post.hashtags), "--image", post.images[0], "--limit", 24]


def test_an_explanation_is_a_table_by_default(place_run: Path, parts: list[object]) -> None:
    done = explained(place_run, *parts)
    assert done.exit_code == 0, done.output
    assert "probability 0." in done.stdout.splitlines()[0]
    assert "Shapley values" in done.stdout
    assert "what is lost without this one part" in done.stdout
    assert "(limit 24)" in done.stdout


def test_an_explanation_as_json_and_html_to_a_file(place_run: Path, parts: list[object], tmp_path: Path) -> None:
    done = explained(place_run, *parts, "--format", "json", "--attention", "--output", tmp_path / "why.json")
    assert done.exit_code == 0, done.output
    found = json.loads((tmp_path / "why.json").read_text())
    assert {effect["name"] for effect in found["modalities"]} == {"text", "hashtags", "image"}
    difference = found["whole"]["log_odds"] - found["nothing"]["log_odds"]
    assert sum(effect["log_odds"] for effect in found["modalities"]) == pytest.approx(difference, abs=1e-5)
    assert {own["name"] for own in found["attention"]} >= {"fuse"}
    done = explained(
        place_run, *parts[:-2], "--format", "html", "--method", "gradients", "--output", tmp_path / "why.html"
    )
    assert done.exit_code == 0, done.output
    assert (tmp_path / "why.html").read_text().startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "there is nothing to explain"),
        (["--text", " "], "no text, no hashtags and no images"),
        (["--text", "sea", "--place", "Nowhere Street"], "'Nowhere Street' is none of the"),
        (["--text", "sea", "--limit", "0"], "0 parts to look at"),
        (["--text", "sea", "--grid", "99"], "99 regions a side"),
        (["--text", "sea", "--attention"], "given with the format text"),
        (["--image", "missing.jpg"], "does not exist"),
    ],
)
def test_what_is_wrong_with_explain_is_one_line(place_run: Path, options: list[str], said: str) -> None:
    done = explained(place_run, *options)
    assert isinstance(done.exception, BadOption | BadImage)
    assert isinstance(done.exception, PostplaceError)
    assert said in str(done.exception)
    assert "\n" not in str(done.exception)


def test_the_run_is_not_overwritten(place_run: Path) -> None:
    done = explained(place_run, "--text", "sea", "--output", place_run / "config.json")
    assert isinstance(done.exception, BadOption)
    assert "would overwrite" in str(done.exception)


def test_help_of_explain_shows_an_example() -> None:
    shown = CliRunner().invoke(app, ["explain", "--help"])
    assert "Example: postplace explain" in " ".join(shown.stdout.split())


def test_what_was_not_read_is_said_in_every_format(short_run: Path, tmp_path: Path) -> None:
    words = ["--text", "a walk along the old harbour and then a long dinner at night"]
    done = explained(short_run, *words)
    assert done.exit_code == 0, done.output
    unread = ["harbour", "and", "then", "a", "long", "dinner", "at", "night"]
    assert "note: read: the first 20 of 60 characters and 3 of 7 words of the text; the rest had no" in done.stdout
    assert f"not read: {', '.join(unread)}; nothing is known of what they give away" in done.stdout
    found = json.loads(explained(short_run, *words, "--format", "json").stdout)
    told = [part["name"] for part in found["not_read"]["parts"]]
    assert told == unread
    assert set(told) & {part["name"] for part in found["parts"]} == {"a"}  # which is there twice
    page = explained(short_run, *words, "--format", "html").stdout
    assert '<s class=unread title="not read">night</s>' in page
    assert "read: the first 20 of 60 characters" in page
