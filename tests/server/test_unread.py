"""A picture that cannot be read costs its post nothing but itself, and what is sent otherwise than plain is named."""

from __future__ import annotations

import asyncio
import base64
import gzip
import io
import json
from typing import Any

import pytest
from PIL import Image

from postplace.errors import BadImage, BadPost
from postplace.images.decode import RefusedImage, decode, read_bytes
from postplace.server.limits import RequestLimits
from postplace.server.parsing import read_line, to_post

Client = Any
LIMITS = RequestLimits(image_bytes=60_000, pixels=10_000)


def encoded(kind: str, size: tuple[int, int] = (64, 64), **options: Any) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(file, kind, **options)
    return file.getvalue()


UNREAD = {
    "HEIC": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64), "HEIC"),
    "empty": (b"", "is empty; save or download the image again"),
    "a web page": (b"<!DOCTYPE html><html><title>403</title></html>", "is a web page"),
    "no image": (b"words", "is not an image of a known format"),
    "many bytes": (b"\xff\xd8\xff" + bytes(60_000), "has 60,003 bytes; make the image smaller"),
    "many pixels": (encoded("PNG", (101, 100)), "has 101 x 100 pixels; make the image smaller: at most 10,000 pixels"),
    "very many pixels": (encoded("JPEG", (401, 100)), "has 401 x 100 pixels; make the image smaller: at most 40,000"),
}


@pytest.mark.parametrize("name", UNREAD)
def test_a_post_with_words_is_answered_by_them(client: Client, name: str) -> None:
    data, reason = UNREAD[name]
    line = {"id": "a", "text": "a walk", "images": [base64.b64encode(data).decode()]}

    async def run() -> tuple[Any, Any]:
        async with client(limits=LIMITS) as ask:
            files = [("text", (None, "a walk")), ("images", ("a.jpg", data, "image/jpeg"))]
            one = await ask.post("/predict", files=files)
            many = await ask.post("/batch_predict", content=json.dumps(line).encode())
            return one, many

    one, many = asyncio.run(run())
    assert (one.status_code, many.status_code) == (200, 200), one.text
    for found in (one.json(), json.loads(many.text)):
        assert found["modalities"] == ["text"]
        (said,) = found["unread"]
        assert reason in said


def test_the_other_pictures_are_read_and_keep_their_numbers(client: Client) -> None:
    good, bad = encoded("JPEG"), b"<html>"
    files = [("text", (None, "a walk")), *(("images", ("a.jpg", data)) for data in (bad, good, b"", encoded("AVIF")))]

    async def run() -> tuple[Any, Any]:
        async with client(limits=LIMITS) as ask:
            return (await ask.post("/predict", files=files)).json(), (await ask.post("/explain", files=files)).json()

    one, explained = asyncio.run(run())
    assert one["modalities"] == ["text", "image"]
    assert sorted(reason.partition(" ")[0] for reason in one["unread"]) == ["is", "is"]
    assert explained["images"] == [1, 3]
    assert sum("could not be read" in note for note in explained["notes"]) == 2


def test_a_post_of_unread_images_alone_is_refused() -> None:
    with pytest.raises(BadImage, match="post, image 1: is a web page"):
        to_post({"images": [b"<html>", b""]}, where="post", limits=LIMITS)
    with pytest.raises(BadPost, match="an image has more than 60,000 bytes; send it smaller: at most 60,000"):
        to_post({"images": [UNREAD["many bytes"][0]]}, where="post", limits=LIMITS)


def test_a_refused_image_is_opened_by_nobody() -> None:
    data = encoded("PNG", (101, 100))  # which wider limits would let pass
    post, pixels = to_post({"text": "a", "images": [data, encoded("JPEG")]}, where="post", limits=LIMITS)
    refused = post.images[0]
    assert isinstance(refused, RefusedImage)
    assert (len(refused), pixels) == (16, 64 * 64)
    for read in (decode, read_bytes):
        with pytest.raises(BadImage, match="has 101 x 100 pixels"):
            read(refused)


@pytest.mark.parametrize(
    "write",
    [
        lambda coded: coded,
        lambda coded: f"data:image/jpeg;base64,{coded}",
        lambda coded: f"DATA:image/jpeg;charset=utf-8;base64,{coded}",
        lambda coded: "\n".join(coded[start : start + 76] for start in range(0, len(coded), 76)),
    ],
)
def test_base64_and_data_addresses_are_pictures(write: Any) -> None:
    image = encoded("JPEG")
    line = json.dumps({"images": [write(base64.b64encode(image).decode())]}).encode()
    assert read_line(line, where="line 1", limits=LIMITS)[1].images == (image,)


@pytest.mark.parametrize(
    "sent", ["data:image/jpeg,%ff%d8", "data:text/html;base64,!", "data:;base64", "a.jpg", "/a/b.jpg"]
)
def test_what_is_no_base64_is_refused_with_both_ways(sent: str) -> None:
    with pytest.raises(BadPost, match=r"image 1 is not base64; give its bytes in base64, or as data:image/jpeg;base64"):
        read_line(json.dumps({"images": [sent]}).encode(), where="line 1", limits=LIMITS)


def test_a_form_takes_a_data_address_and_no_other(client: Client) -> None:
    coded = base64.b64encode(encoded("JPEG")).decode()

    async def run() -> list[Any]:
        async with client(limits=LIMITS) as ask:
            return [
                await ask.post("/predict", files=[("images", (None, text))])
                for text in (f"data:image/jpeg;base64,{coded}", coded, "https://example.org/a.jpg")
            ]

    taken, plain, address = asyncio.run(run())
    assert (taken.status_code, taken.json()["modalities"]) == (200, ["image"])
    for refused in (plain, address):
        assert (refused.status_code, refused.json()["where"]) == (422, "images")
        assert "data: address in base64" in refused.json()["remedy"]


def test_a_compressed_body_is_named(client: Client) -> None:
    body = gzip.compress(json.dumps({"text": "a walk"}).encode())
    form = b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\na walk\r\n--b--\r\n'
    kind = {"content-type": "multipart/form-data; boundary=b", "content-encoding": "gzip"}

    async def run() -> list[Any]:
        async with client() as ask:
            return [
                await ask.post("/batch_predict", content=body),
                await ask.post("/batch_predict", content=body, headers={"content-encoding": "gzip"}),
                await ask.post("/batch_predict", content=b"{}", headers={"content-encoding": "identity"}),
                *[await ask.post(path, content=form, headers=kind) for path in ("/predict", "/explain", "/advise")],
            ]

    bare, headed, plain, *forms = asyncio.run(run())
    assert plain.status_code == 200
    assert (bare.status_code, bare.json()["found"]) == (415, "is compressed by gzip")
    for answer in (headed, *forms):
        assert (answer.status_code, answer.json()["where"]) == (415, "content-encoding")
        assert "gzip" in answer.json()["found"]
