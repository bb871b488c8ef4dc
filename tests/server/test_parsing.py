"""What is read of a request, and what is not even looked into."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest

from postplace.errors import BadImage, BadOption, BadPost, BadRun, NotEnoughData, PostplaceError
from postplace.server import parsing as reading
from postplace.server.limits import RequestLimits
from postplace.server.parsing import count_lines, http_status, read_line, split_lines, to_post

Client = Any
SMALL = RequestLimits(body_bytes=3000, letters=100, hashtags=5, post_pixels=2 * 64 * 64)


def test_images_are_looked_at_beside_the_loop(client: Client, photo: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[bool] = []

    def noted(*given: Any, **options: Any) -> Any:
        threads.append(threading.current_thread() is threading.main_thread())
        return to_post(*given, **options)

    monkeypatch.setattr(reading, "to_post", noted)

    async def run() -> None:
        async with client() as ask:
            for path in ("/predict", "/explain", "/advise"):
                answer = await ask.post(path, files=[("images", ("a.jpg", photo))], data={"text": "a walk"})
                assert answer.status_code == 200, answer.text

    asyncio.run(run())
    assert threads == [False] * 3


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ({}, ("a", "b")),
        ({"hashtags": ""}, ("a", "b")),
        ({"hashtags": "[]"}, ()),
        ({"hashtags": "B d"}, ("B", "d", "a")),
        (
            {"hashtags": json.dumps(["上海，你好", "dinner;drinks", "a、b"])},
            ("上海，你好", "dinner;drinks", "a、b", "a", "b"),
        ),
    ],
)
def test_hashtags_of_a_form_may_be_a_list(
    client: Client, field: dict[str, str], found: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """To those given come those in the text; only an empty list says that there are none."""
    posts: list[Any] = []

    def noted(*given: Any, **options: Any) -> Any:
        posts.append(to_post(*given, **options))
        return posts[-1]

    monkeypatch.setattr(reading, "to_post", noted)

    async def run() -> None:
        async with client() as ask:
            answer = await ask.post("/predict", files=[("text", (None, "at #a #b"))], data=field)
            assert answer.status_code == 200, answer.text

    asyncio.run(run())
    assert posts[0][0].hashtags == found


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (b'{"text": "' + b"a" * 9000 + b'"}', "bytes"),
        (b"[" + b"[]," * 1500 + b"[]]", "brackets"),
        (b'{"text": "' + b"a" * 101 + b'"}', "101 letters"),
        (b'{"image_text": "' + b"#a " * 40 + b'"}', "120 letters"),
        (b'{"hashtags": "' + b"a " * 200 + b'"}', "400 letters"),
        (json.dumps({"hashtags": ["a" * 30] * 10}).encode(), "300 letters"),
        (b'{"id": "' + b"a" * 101 + b'"}', "101 letters"),
    ],
)
def test_a_line_that_is_too_much_is_not_looked_into(line: bytes, found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "parse", lambda *_, **__: pytest.fail("looked into"))
    if found in ("bytes", "brackets"):
        monkeypatch.setattr(json, "loads", lambda _: pytest.fail("looked into"))
    with pytest.raises(BadPost, match=found) as caught:
        read_line(line, where="line 1", limits=SMALL)
    assert "at most" in caught.value.remedy


def test_a_line_as_long_as_a_post_may_be_is_read() -> None:
    limits = RequestLimits()
    text = ("[{,:" * 2500)[: limits.letters]
    name, post, pixels = read_line(json.dumps({"id": 7, "text": text}).encode(), where="line 1", limits=limits)
    assert (name, post.text, pixels) == ("7", text, 0)
    wide = "\U0001f600" * limits.letters
    assert read_line(json.dumps({"text": wide}).encode(), where="line 1", limits=limits)[1].text == wide


def test_a_line_keeps_its_id_whatever_it_is() -> None:
    ids = [read_line(json.dumps({"id": given, "text": "a"}).encode(), where="line 1", limits=SMALL)[0]
           for given in (0, "0", "x", "", None)]  # fmt: skip
    assert ids == ["0", "0", "x", "post", "post"]
    assert read_line(b'{"text": "a"}', where="line 1", limits=SMALL)[0] == "post"


def test_lines_are_counted_before_they_are_cut() -> None:
    for body in (b"", b"a", b"a\n", b"a\n\n", b"\n", b"a\r\nb", b"a\nb\n\nc"):
        assert count_lines(body) == len(list(split_lines(body)))
    assert list(split_lines(b"a\r\nb\n\nc\n")) == [b"a\r", b"b", b"", b"c"]


def test_lines_that_are_too_many_are_never_cut(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from postplace.server import app

    monkeypatch.setattr(app, "split_lines", lambda _: pytest.fail("cut"))

    async def run() -> int:
        async with client() as ask:
            return int((await ask.post("/batch_predict", content=b"a\n" * 1001)).status_code)

    assert asyncio.run(run()) == 413


def test_only_what_a_client_can_cause_is_its_own_mistake() -> None:
    at_most = ("post", "has 9 images", "give at most 8")
    assert [http_status(kind(*at_most)) for kind in (BadPost, BadOption, BadImage)] == [413, 413, 422]
    assert [http_status(kind("post", "is empty", "give one")) for kind in (BadPost, BadOption, BadImage)] == [422] * 3
    assert [http_status(kind(*at_most)) for kind in (BadRun, PostplaceError, NotEnoughData)] == [500] * 3


def test_the_pixels_of_a_post_have_a_bound(photo: bytes) -> None:
    post, pixels = to_post({"images": [photo] * 2}, where="post", limits=SMALL)
    assert (len(post.images), pixels) == (2, 2 * 64 * 64)
    with pytest.raises(PostplaceError, match="has more than 8,192 pixels in all; give at most 8,192"):
        to_post({"images": [photo] * 3}, where="post", limits=SMALL)


def test_lists_are_counted_before_they_are_read(client: Client) -> None:
    async def run() -> list[int]:
        async with client(limits=RequestLimits(many=1)) as ask:
            going = asyncio.Event()

            async def slow() -> AsyncIterator[bytes]:
                yield b"{}\n"
                await going.wait()

            async def post(content: Any) -> int:
                return int((await ask.post("/batch_predict", content=content)).status_code)

            first = asyncio.create_task(post(slow()))
            await asyncio.sleep(0.05)
            found = [await post(b"{}\n")]
            going.set()
            return [*found, await first, await post(b"a\n" * 2000), await post(b"{}\n")]

    assert asyncio.run(run()) == [429, 200, 413, 200]


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({}, ("a", "b")),
        ({"hashtags": None}, ("a", "b")),
        ({"hashtags": ["B", "c"]}, ("B", "c", "a")),
        ({"hashtags": []}, ()),
        ({"hashtags": ["c"], "hashtags_complete": True}, ("c",)),
    ],
)
def test_hashtags_of_a_line_and_those_in_its_text(more: dict[str, Any], found: tuple[str, ...]) -> None:
    line = json.dumps({"id": "7", "text": "at #a #b", **more}).encode()
    assert read_line(line, where="line 1", limits=SMALL)[1].hashtags == found
