"""postplace collect instagram, with an Instaloader that asks nobody."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from postplace.cli.collect import app
from postplace.errors import BadOption
from postplace.posts.collection import collect as module
from postplace.posts.collection.collect import Collected, Stopped

PLACES = "place,name,latitude,longitude\n111,Opera,51.05,13.73\nfsq-7,Elsewhere,51.06,13.74\n"


@pytest.fixture
def places(tmp_path: Path) -> Path:
    """A places.csv with one Instagram location."""
    file = tmp_path / "places.csv"
    file.write_text(PLACES)
    return file


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the loader was made with, and the login; a test adds what `collect` was called with."""
    calls: list[Any] = []
    monkeypatch.setattr(module, "make_loader", lambda folder, **options: calls.append(options))
    monkeypatch.setattr(module, "log_in", lambda loader, name, **options: calls.append((name, options)))
    return calls


def run(places: Path, *options: str) -> Any:
    command = ["instagram", "--places", str(places), "--out", str(places.parent / "dump"), "--login", "me", *options]
    return CliRunner().invoke(app, command)


def test_collect_says_what_was_got_and_how_to_go_on(
    places: Path, asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def collect(locations: Any, folder: Path, **options: Any) -> Collected:
        asked.append((locations, options["max_posts"]))
        return Collected(finished=1, posts=12, known=3, left_out=Counter({module.VIDEO: 2}))

    monkeypatch.setattr(module, "collect", collect)
    done = run(places, "--max-posts", "50", "--pause", "4")
    assert done.exit_code == 0, done.output
    assert asked[0]["pause"] == 4
    assert asked[1][0] == "me"
    assert asked[2] == ([module.Location("111", "Opera")], 50)
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert lines[:5] == [
        "1 of 1 places finished",
        "1 places without an Instagram location id",
        "12 new posts",
        "3 posts in the dump already",
        "2 posts left out: a video",
    ]
    assert "postplace import instaloader" in lines[5]
    for word in ("Terms", "Consent", "Law", "docs/collecting.md"):
        assert word in done.stderr


def test_a_collection_that_was_stopped_is_exit_code_2(
    places: Path, asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = Stopped("Instagram wants a login", "log in again")
    monkeypatch.setattr(module, "collect", lambda *_, **__: Collected(posts=5, stopped=stopped))
    done = run(places)
    assert done.exit_code == 2
    assert "5  new posts" in done.stdout
    assert "stopped: Instagram wants a login; log in again" in done.stderr


def test_places_without_a_location_id_are_refused(tmp_path: Path, asked: list[Any]) -> None:
    file = tmp_path / "places.csv"
    file.write_text("place,name\n4bf58dd8,Opera\n")
    done = run(file)
    assert isinstance(done.exception, BadOption)
    assert "instagram.com/explore/locations/DIGITS/" in str(done.exception)


def test_there_is_no_option_for_a_password() -> None:
    command = typer.main.get_command(app)
    options = [option for parameter in command.commands["instagram"].params for option in parameter.opts]  # type: ignore[attr-defined]
    assert "--login" in options
    assert not [option for option in options if "pass" in option and option != "--pause"]
