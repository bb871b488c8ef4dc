"""What a client sent -> a `Post`: from a form or from a JSON line. Images come from the request's own bytes alone."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from postplace.errors import BadImage, BadOption, BadPost, PostplaceError
from postplace.images.decode import Limits, RefusedImage, check_header
from postplace.posts.record import COMPLETE, KEYS, RECORD_KEYS, parse, shown
from postplace.schema import Post
from postplace.server.http_errors import Refusal, refuse
from postplace.server.limits import RequestLimits

QuestionOptions = TypeVar("QuestionOptions", bound=BaseModel)
POST_FIELDS = ("text", "hashtags", "images")
LINE_KEYS = ("id", "text", "hashtags", "images", "image_text", COMPLETE)
_TRUTH_KEYS = tuple(key for key in KEYS if key not in LINE_KEYS)  # these say where a post was made, and whose it is
_DATA_ADDRESS = re.compile(r"data:[\w.+-]*/?[\w.+-]*(?:;[\w.+-]+=[\w.+-]*)*;base64,", re.IGNORECASE)  # RFC 2397
_GZIP = b"\x1f\x8b"
_PUNCTUATION = (b"[", b"{", b",", b":")


@dataclass(frozen=True, slots=True)
class Question(Generic[QuestionOptions]):
    """A post, what is asked of it, and how many pixels it has.

    `post.id` is of its content: the same post always gets the same prediction set.
    """

    post: Post
    options: QuestionOptions
    pixels: int = 0


async def read_form(
    request: Request, limits: RequestLimits, options_type: type[QuestionOptions]
) -> Question[QuestionOptions]:
    """A multipart form with a post and the options of a route -> the question; nothing of it touches the disk.

    Raises Refusal, or PostplaceError.
    """
    check_encoding(request)
    fields = (*POST_FIELDS, *options_type.model_fields)
    if request.query_params:
        problem = f"{shown(next(iter(request.query_params)))} stands in the address"
        raise refuse(422, "query", problem, f"give it as a field of the form, one of {', '.join(fields)}")
    form = await _form(request, limits, fields=len(fields))
    texts = _texts(form, fields)
    addresses = [text for text in texts["images"] if text]
    if not all(map(_DATA_ADDRESS.match, addresses)):
        remedy = "send the bytes of an image, or a data: address in base64; no other address and no path is opened"
        raise refuse(422, "images", "is a text", remedy)
    for name in ("text", *options_type.model_fields):
        if len(texts[name]) > 1:
            raise refuse(422, name, "is given more than once", "give it once")
    try:  # pydantic reads numbers from texts
        options = options_type.model_validate(
            {name: texts[name][0] for name in options_type.model_fields if texts[name]}
        )
    except ValidationError as error:
        raise invalid(error.errors()[0], known=options_type.model_fields) from None
    record: dict[str, Any] = {"text": "".join(texts["text"]), "images": await _images(form, limits)}
    record["images"] += _decoded(addresses, "post", limits)
    if texts["hashtags"]:
        record["hashtags"] = " ".join(texts["hashtags"])
    post, pixels = await asyncio.to_thread(to_post, record, where="post", limits=limits)
    return Question(post, options, pixels)


def check_encoding(request: Request, body: bytes = b"") -> None:
    """Refuse a body that is compressed, by what its header or its first bytes say: it would be read as it is."""
    named = request.headers.get("content-encoding", "").strip().lower()
    if named not in ("", "identity"):
        raise refuse(415, "content-encoding", f"is {shown(named)}", "send the body as it is, not compressed")
    if body.startswith(_GZIP):
        raise refuse(415, "body", "is compressed by gzip", "send it as it is, not compressed")


def _texts(form: FormData, fields: Sequence[str]) -> dict[str, list[str]]:
    """The texts of each field; anything else than images must be one."""
    unknown = sorted(set(form) - set(fields))
    if unknown:
        raise refuse(422, "form", f"{shown(unknown[0])} is no field of it", f"give {', '.join(fields)}")
    texts = {name: [value for value in form.getlist(name) if isinstance(value, str)] for name in fields}
    for name in fields:
        if name != "images" and len(texts[name]) != len(form.getlist(name)):
            raise refuse(422, name, "is a file", "give it as a text")
    return texts


def split_lines(body: bytes) -> Iterator[bytes]:
    """The lines of a body, one at a time, without their ends.

    >>> list(split_lines(b"a\\n\\nb")), list(split_lines(b"a\\n"))
    ([b'a', b'', b'b'], [b'a'])
    """
    start = 0
    while start < len(body):
        end = body.find(b"\n", start) % (len(body) + 1)  # -1 -> the end
        yield body[start:end]
        start = end + 1


def count_lines(body: bytes) -> int:
    """How many lines `split_lines` makes of a body."""
    return body.count(b"\n") + (body[-1:] not in (b"", b"\n"))


def read_line(line: bytes, *, where: str, limits: RequestLimits) -> tuple[str, Post, int]:
    """A JSON line -> its id, the post and its pixels. Raises PostplaceError; `images` are base64."""
    _check_line(line, where, limits)
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadPost(where, f"is not JSON ({type(error).__name__})", "write one object a line, in UTF-8") from None
    if not isinstance(record, Mapping):
        raise BadPost(where, f"{shown(record)} is not a record", "give an object")
    if unknown := sorted(set(record) - set(RECORD_KEYS)):
        remedy = f"give {', '.join(LINE_KEYS)}; of a post's other keys ({', '.join(_TRUTH_KEYS)}) none is read"
        raise BadPost(where, f"{shown(unknown[0])} is no key of a post", remedy)
    fields = {key: record[key] for key in LINE_KEYS if key in record}
    fields["images"] = _decoded(fields.get("images"), where, limits)
    name = fields.pop("id", None)
    _check_lengths({"id": name}, where, limits)
    post, pixels = to_post(fields, where=where, limits=limits)
    named = parse({"id": "post" if name in (None, "") else name, "text": ""}, where=where, folder=Path())
    return named.id, post, pixels


def to_post(record: Mapping[str, Any], *, where: str, limits: RequestLimits) -> tuple[Post, int]:
    """A record whose images are bytes -> a post within the limits, named by its content, and its pixels."""
    _check_lengths(record, where, limits)
    post = parse({**record, "id": "post"}, where=where, folder=Path())
    letters, tags = len(post.full_text), sum(map(len, post.hashtags))
    for key, count, most, unit in (
        ("text", letters, limits.letters, "letters"),
        ("hashtags", len(post.hashtags), limits.hashtags, "hashtags"),
        ("hashtags", tags, limits.letters, "letters"),
        ("images", len(post.images), limits.images, "images"),
    ):
        if count > most:
            raise BadPost(f"{where}, key {key!r}", f"has {count:,} {unit}", f"give at most {most:,}")
    images, pixels = _looked_at(post, where, limits)
    content = json.dumps([post.full_text, *post.hashtags]).encode()
    named = blake2b(content + b"".join(map(_digest, post.images)), digest_size=12).hexdigest()
    return replace(post, id=named, images=images), pixels


def _looked_at(post: Post, where: str, limits: RequestLimits) -> tuple[tuple[Path | bytes, ...], int]:
    """The images of a post, those that are refused each replaced by why, and the pixels of the others.

    Raises BadImage, or BadPost where it is too large, for the first one where nothing else is in the post.
    """
    bounds = Limits(max_pixels=limits.pixels, max_bytes=limits.image_bytes)
    pixels, images, errors = 0, [], []
    for number, image in enumerate(post.images, start=1):
        if not isinstance(image, bytes):
            raise BadPost(f"{where}, key 'images'", "is not the bytes of an image", "send the image itself")
        try:
            pixels += check_header(image, limits=bounds, name=f"{where}, image {number}")
            images.append(image)
        except BadImage as error:
            errors.append(error)
            images.append(RefusedImage.of(image, error))
        if pixels > limits.post_pixels:
            problem = f"has more than {limits.post_pixels:,} pixels in all"
            raise BadPost(f"{where}, key 'images'", problem, f"give at most {limits.post_pixels:,}")
    if errors and len(errors) == len(images) and not (post.full_text.strip() or post.hashtags):
        size = next(
            (image for image in post.images if isinstance(image, bytes) and len(image) > limits.image_bytes), None
        )
        if size is not None:
            found = f"an image has more than {limits.image_bytes:,} bytes"
            raise BadPost(f"{where}, key 'images'", found, f"send it smaller: at most {limits.image_bytes:,}")
        raise errors[0]
    return tuple(images), pixels


def _check_line(line: bytes, where: str, limits: RequestLimits) -> None:
    """Raise BadPost for a line that is longer than a post can be, or has more parts: reading it would cost memory."""
    most = limits.body_bytes * 4 // 3 + 24 * limits.letters  # images in base64, letters as two escapes
    if len(line) > most:
        raise BadPost(where, f"has {len(line):,} bytes", f"give at most {most:,}")
    parts, most = sum(map(line.count, _PUNCTUATION)), 3 * limits.letters + 1000
    if parts > most:
        raise BadPost(where, f"has {parts:,} brackets, commas and colons", f"give at most {most:,}")


def _check_lengths(record: Mapping[str, Any], where: str, limits: RequestLimits) -> None:
    """Raise BadPost for texts that are too long in any case, before anything is looked for in them."""
    for key in ("id", "text", "image_text", "hashtags"):
        value = record.get(key)
        items = value if isinstance(value, list) else [value]
        letters = sum(len(item) for item in items if isinstance(item, str))
        most = limits.letters * (2 if key == "hashtags" else 1)  # there are separators between them
        if letters > most:
            raise BadPost(f"{where}, key {key!r}", f"has {letters:,} letters", f"give at most {limits.letters:,}")


def invalid(error: Mapping[str, Any], *, known: Collection[str] = ()) -> Refusal:
    """One of pydantic's errors, without what it quotes; `known`: the options there are."""
    where = ".".join(str(part) for part in error["loc"] if part not in ("query", "body")) or "request"
    if error.get("type") == "extra_forbidden":
        return refuse(422, "options", f"{shown(where)} is none of them", f"give {', '.join(known)}")
    return refuse(422, where, str(error["msg"]), "see /openapi.json for what may be given")


async def _form(request: Request, limits: RequestLimits, *, fields: int) -> FormData:
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise refuse(415, "content-type", "is not multipart/form-data", "send a form; see /openapi.json")
    parser = MultiPartParser(
        request.headers,
        request.stream(),
        max_files=limits.images + 1,
        max_fields=fields + limits.hashtags,
        max_part_size=8 * limits.letters,
    )
    parser.spool_max_size = limits.body_bytes + 1  # in memory: a post is never written to the disk
    ended: list[bool] = []
    parser.on_end = lambda: ended.append(True)  # type: ignore[method-assign]  # it does not ask for an end itself
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise refuse(413 if "exceed" in error.message or "Too many" in error.message else 400,
                     "form", error.message.rstrip("."), "send fewer or smaller parts") from None  # fmt: skip
    except (Refusal, ClientDisconnect):
        raise
    except Exception as error:  # a charset that is no text encoding, a boundary beyond all bounds ...
        raise refuse(400, "form", f"cannot be read ({type(error).__name__})", "send multipart/form-data") from None
    if not ended:
        raise refuse(400, "form", "breaks off", "send it whole, with the boundary at its end")
    return form


async def _images(form: FormData, limits: RequestLimits) -> list[bytes]:
    images: list[bytes] = []
    for upload in form.getlist("images"):
        if isinstance(upload, UploadFile):
            data = await upload.read()  # of the body, which is within its limit and in memory
            if data or upload.filename:  # a browser sends an empty part where nothing was chosen
                images.append(data)
    return images


def _decoded(images: object, where: str, limits: RequestLimits) -> list[bytes]:
    """Base64 texts -> bytes: a text is never taken for a path or an address."""
    if images is None:
        return []
    place = f"{where}, key 'images'"
    if not isinstance(images, list) or not all(isinstance(image, str) for image in images):
        raise BadPost(place, "is not a list of base64 texts", "give the bytes of each image in base64")
    if len(images) > limits.images:
        raise BadPost(place, f"has {len(images):,} images", f"give at most {limits.images}")
    decoded = []
    for number, image in enumerate(images, start=1):
        try:
            address = _DATA_ADDRESS.match(image)
            coded = image[address.end() :] if address else image
            decoded.append(base64.b64decode("".join(coded.split()), validate=True))  # base64(1) writes lines of 76
        except ValueError:
            remedy = (
                "give its bytes in base64, or as data:image/jpeg;base64,...; no other address and no path is opened"
            )
            raise BadPost(place, f"image {number} is not base64", remedy) from None
    return decoded


def _digest(image: Path | bytes) -> bytes:
    return blake2b(image if isinstance(image, bytes) else b"", digest_size=12).digest()


def http_status(error: PostplaceError) -> int:
    """What a client's own mistake is answered with; 500 for whatever no client can cause."""
    if not isinstance(error, (BadPost, BadImage, BadOption)):
        return 500
    too_many = "at most" in error.remedy and not isinstance(error, BadImage)
    return 413 if too_many else 422
