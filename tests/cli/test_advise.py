"""postplace advise, as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from postplace import Post, PostLocator
from postplace.cli import app
from postplace.errors import BadImage, BadOption, PostplaceError


def advised(*arguments: object) -> Result:
    """The finished command."""
    return CliRunner().invoke(app, ["advise", *map(str, arguments), "--device", "cpu"])


@pytest.fixture(scope="module")
def parts(posts: list[Post]) -> list[object]:
    """A post with everything, as options."""
    post = next(post for post in posts if post.text and post.hashtags and len(post.images) == 1)
    tags = " ".join(post.hashtags)
    return ["--text", post.text, "--hashtags", tags, "--image", post.images[0], "--limit", 24, "--grid", 2]


@pytest.fixture(scope="module")
def transfer_run(posts: list[Post], cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another system, of the same posts."""
    folder = tmp_path_factory.mktemp("runs") / "transfer"
    PostLocator("place", "tagvisor", cache=cache, device="cpu").fit(posts).save(folder)
    return folder


def test_advice_is_a_table_by_default(place_run: Path, parts: list[object]) -> None:
    done = advised(place_run, *parts, "--below", "0.01")
    assert done.exit_code == 0, done.output
    assert "probability 0." in done.stdout.splitlines()[0]
    assert "without any hashtag: probability" in done.stdout
    assert "goal: less probable than 0.01: " in done.stdout
    assert "best first" in done.stdout
    assert "the first leaves: " in done.stdout
    assert "note: the drops are those of the very run that chose the edits" in done.stdout


def test_a_transfer_model_and_json_to_a_file_and_the_images(
    place_run: Path, transfer_run: Path, parts: list[object], tmp_path: Path
) -> None:
    options = [
        "--transfer-model",
        transfer_run,
        "--below",
        "0.01",
        "--format",
        "json",
        "--output",
        tmp_path / "advice.json",
    ]
    done = advised(place_run, *parts, *options, "--images-to", tmp_path / "images", "--max-edits", 1)
    assert done.exit_code == 0, done.output
    found = json.loads((tmp_path / "advice.json").read_text())
    assert found["suggestions"]
    assert all(len(own["edits"]) == 1 and own["transfer_view"]["probability"] >= 0 for own in found["suggestions"])
    dropped = any(edit["kind"] == "drop image" for edit in found["suggestions"][0]["edits"])
    written = [path.name for path in (tmp_path / "images").iterdir()]
    assert written == ([] if dropped else ["image-1.jpg"])
    for path in (tmp_path / "images").iterdir():
        with Image.open(path) as image:
            assert not image.getexif()
    again = advised(place_run, *parts, "--images-to", tmp_path)
    assert "is there and not empty" in str(again.exception)


def test_the_transfer_model_stands_first_in_the_table(place_run: Path, transfer_run: Path, parts: list[object]) -> None:
    done = advised(place_run, *parts, "--transfer-model", transfer_run, "--below", "0.01")
    assert done.exit_code == 0, done.output
    header = next(line for line in done.stdout.splitlines() if "meaning lost" in line)
    assert header.index("another attacker") < header.index("this run")
    assert "the very run that chose" not in done.stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "there is nothing to advise on"),
        (["--text", " "], "no text, no hashtags and no images"),
        (["--text", "sea", "--place", "Nowhere Street"], "'Nowhere Street' is none of the"),
        (["--text", "sea", "--protect", "category"], "this run is for the place"),
        (["--text", "sea", "--below", "2"], "2.0 is out of range"),
        (["--text", "sea", "--beyond-km", "-1"], "-1.0 is out of range"),
        (["--text", "sea", "--max-edits", "0"], "0 edits"),
        (["--text", "sea", "--images-to", "new"], "given without an image"),
        (["--image", "missing.jpg"], "does not exist"),
    ],
)
def test_what_is_wrong_with_advise_is_one_line(place_run: Path, options: list[str], said: str) -> None:
    done = advised(place_run, *options)
    assert isinstance(done.exception, BadOption | BadImage)
    assert isinstance(done.exception, PostplaceError)
    assert said in str(done.exception)
    assert "\n" not in str(done.exception)


def test_runs_are_not_overwritten_and_none_is_its_own_transfer_model(place_run: Path) -> None:
    done = advised(place_run, "--text", "sea", "--output", place_run / "config.json")
    assert "would overwrite" in str(done.exception)
    done = advised(place_run, "--text", "sea", "--transfer-model", place_run)
    assert "is the run that chooses the edits" in str(done.exception)


def test_help_of_advise_shows_an_example() -> None:
    shown = CliRunner().invoke(app, ["advise", "--help"])
    assert "Example: postplace advise" in " ".join(shown.stdout.split())


def test_a_post_that_is_not_read_whole_is_not_called_safe(short_run: Path) -> None:
    """The place comes three times, each after what is read; the place that is asked about is the least probable."""
    place = min(PostLocator.load(short_run, device="cpu").predict([Post("1", text="a walk")], top_k=99)[0].ranked,
                key=lambda ranked: ranked.probability).place.name  # fmt: skip
    text = f"a walk along the old harbour, and then {place}, {place}, {place}"
    done = advised(short_run, "--text", text, "--place", place, "--below", "0.99")
    assert done.exit_code == 0, done.output
    assert "nothing needs to change" not in done.stdout
    assert "note: of what was read nothing gives the place away" in done.stdout
    assert "note: read: the first 20 of " in done.stdout
    found = json.loads(advised(short_run, "--text", text, "--place", place, "--format", "json").stdout)
    assert found["not_read"]["extents"][0]["read"] == 20
    assert found["rest"]["probability"] >= 0
    whole = advised(short_run, "--text", "a walk", "--place", place, "--below", "0.99")
    assert "nothing needs to change" in whole.stdout


def test_a_transfer_model_that_is_no_run_is_named_by_its_option(place_run: Path, tmp_path: Path) -> None:
    done = advised(place_run, "--text", "sea", "--transfer-model", tmp_path / "nope")
    assert str(done.exception).startswith(f"--transfer-model {tmp_path / 'nope'}: there is no such run folder; ")
