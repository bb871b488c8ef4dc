"""The page's files: all there, small, of this package alone; what it is told; tiles; examples."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from postplace import Post, PostLocator
from postplace.errors import BadOption
from postplace.server import examples as examples_file
from postplace.server.examples import MOST, Example, read_examples
from postplace.server.page_routes import TileSource, page_files
from postplace.server.security import LOOPBACK
from postplace.server.spatial_generalisation import SpatialGeneralisation

Client = Any
FILES = page_files()
LONGEST = 250  # lines of a script


def asked(client: Client, *paths: str, **options: Any) -> list[Any]:
    """The answers to GET."""

    async def run() -> list[Any]:
        async with client(**options) as ask:
            return [await ask.get(path) for path in paths]

    return asyncio.run(run())


def test_every_file_that_is_named_is_there(client: Client) -> None:
    named = {"index.html"}
    for name, content in FILES.items():
        text = content.decode()
        assert name.endswith(".svg") or not re.search(r"https?://(?!www\.w3\.org)", text), name  # asks nobody else
        named |= {path.removeprefix("/page/") for path in re.findall(r'(?:src|href)="(/page/[^"]+)"', text)}
        named |= {f"js/{path}" for path in re.findall(r'^(?:import|\} from).*"\./([^"]+)"', text, re.MULTILINE)}
        if name.endswith(".js"):
            assert text.count("\n") <= LONGEST, name
    assert named == set(FILES)
    answers = asked(client, *(f"/page/{name}" for name in FILES))
    assert {answer.status_code for answer in answers} == {200}
    kinds = {answer.headers["content-type"].partition(";")[0] for answer in answers}
    assert kinds == {"text/html", "text/css", "text/javascript", "image/svg+xml"}


def test_the_page_has_no_script_or_style_of_its_own(client: Client) -> None:
    (answer,) = asked(client, "/")
    assert answer.headers["content-type"].startswith("text/html")
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", answer.text)


def test_other_paths_are_not_there(client: Client) -> None:
    paths = [
        "/page/",
        "/page/js",
        "/page/../app.py",
        "/page/..%2fapp.py",
        "/page/%2e%2e/security.py",
        "/page/js/none.js",
    ]
    assert {answer.status_code for answer in asked(client, *paths)} == {404}


def test_the_page_is_there_without_a_token_and_posts_are_not(client: Client) -> None:
    example = Example("a walk", ("river",), (b"jpeg",), "district 1")
    paths = ["/", "/page/settings.json", "/page/js/main.js", "/examples", "/examples/1/1.jpg"]
    found = asked(client, *paths, tokens=(b"x" * 32,), examples=(example,), hosts=LOOPBACK)
    assert [answer.status_code for answer in found] == [200, 200, 200, 401, 401]
    assert found[1].json()["token"] is True


def test_settings(client: Client) -> None:
    tiles = TileSource("https://tiles.example:8443/a/{z}/{x}/{y}.png?k=1", "© them")
    (answer,) = asked(client, "/page/settings.json", tiles=tiles)
    found = answer.json()
    assert (found["granularity"], found["fine"], found["home"], found["token"]) == ("district", False, False, False)
    assert found["tiles"] == {"address": tiles.address, "attribution": "© them"}
    assert found["limits"] == {"images": 8, "image_bytes": 10_000_000, "body_bytes": 20_000_000}
    policy = answer.headers["content-security-policy"]
    assert "img-src 'self' blob: data: https://tiles.example:8443;" in policy
    assert "connect-src 'self';" in policy


@pytest.mark.parametrize(
    "address",
    [
        "tiles.example/{z}/{x}/{y}.png",
        "https://tiles.example/{z}/{x}.png",
        "ftp://tiles.example/{z}/{x}/{y}",
        "https://user:word@tiles.example/{z}/{x}/{y}",
        "https://tiles.example; script-src *//{z}/{x}/{y}",
        "https://{z}.example/{x}/{y}",
    ],
)
def test_what_is_no_address_of_tiles(address: str) -> None:
    with pytest.raises(BadOption, match="tiles"):
        TileSource(address)


def test_examples_are_shown(client: Client) -> None:
    example = Example("a walk", ("river",), (b"one", b"two"), "district 1")
    listed, second, third, other = asked(
        client, "/examples", "/examples/1/2.jpg", "/examples/1/3.jpg", "/examples/2/1.jpg", examples=(example,)
    )
    assert listed.json() == [
        {
            "text": "a walk",
            "hashtags": ["river"],
            "images": ["/examples/1/1.jpg", "/examples/1/2.jpg"],
            "truth": "district 1",
        }
    ]
    assert (second.content, second.headers["content-type"]) == (b"two", "image/jpeg")
    assert (third.status_code, other.status_code) == (404, 404)


def test_examples_are_posts_that_were_not_learned_from(
    city: Path, served: PostLocator, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str | None] = []
    subset_of = served.subset_of

    def noted(post: Post) -> str | None:
        seen.append(subset_of(post))
        return seen[-1]

    monkeypatch.setattr(served, "subset_of", noted)
    generalisation = SpatialGeneralisation(served.fitted.places)
    found = read_examples(city, served, generalisation)
    assert {"train", "test"} <= set(seen)
    assert 0 < len(found) <= min(MOST, seen.count("test"))
    names = {place.name for place in served.fitted.places.places}
    assert not names & {own.truth for own in found}
    fine = read_examples(city, served, SpatialGeneralisation(served.fitted.places, fine=True))
    assert len({own.truth for own in fine}) >= 4  # of many places
    assert all(image.startswith(b"\xff\xd8") and b"Exif" not in image for own in found for image in own.images)


def test_posts_that_were_all_learned_from_are_no_examples(
    city: Path, served: PostLocator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served, "subset_of", lambda post: "train")
    with pytest.raises(BadOption, match="examples"):
        read_examples(city, served, SpatialGeneralisation(served.fitted.places))


def test_posts_of_withheld_classes_are_no_examples(
    city: Path, served: PostLocator, monkeypatch: pytest.MonkeyPatch, make: Callable[..., Any]
) -> None:
    monkeypatch.setattr(served, "subset_of", lambda post: None)
    generalisation = SpatialGeneralisation(served.fitted.places, fine=True)
    every = {own.truth for own in read_examples(city, served, generalisation)}
    withheld = sorted(name for name in every if name)[:2]
    generalisation.__dict__["withheld"] = frozenset(withheld)
    assert not {own.truth for own in read_examples(city, served, generalisation)} & set(withheld)
    assert examples_file.MOST == 12


def test_the_page_reads_what_the_service_tells_of_what_was_not_read() -> None:
    """In a browser: `tests/browser/test_form.py`; here, that each of its three parts uses the key at all."""
    files = {name: content.decode() for name, content in page_files().items()}
    for name in ("answer", "explanation", "advice"):
        assert ".not_read" in files[f"js/{name}.js"], name
    safe, unread = "Nothing needs to change", "Of what was read nothing gives the place away"
    assert files["js/advice.js"].index(unread) < files["js/advice.js"].index(safe)  # asked for first
    assert "rest.reached" in files["js/advice.js"]
