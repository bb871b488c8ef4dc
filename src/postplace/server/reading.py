"""What a client sent -> a `Post`: from a form or from a JSON line. Pictures come from the request's own bytes alone."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from postplace.errors import BadImage, BadPost, PostplaceError
from postplace.images.decode import Limits, check_header
from postplace.post import Post
from postplace.posts.record import parse, shown
from postplace.server.limits import RequestLimits
from postplace.server.refusals import Refusal, refuse

Asked = TypeVar("Asked", bound=BaseModel)
POST_FIELDS = ("text", "hashtags", "images")
LINE_KEYS = ("id", "text", "hashtags", "images", "image_text")  # the rest of a post says where it was made


@dataclass(frozen=True, slots=True)
class Question(Generic[Asked]):
    """A post and what is asked of it. `post.id` is of its content: the same post always gets the same set."""

    post: Post
    options: Asked


async def read_form(request: Request, limits: RequestLimits, asked: type[Asked]) -> Question[Asked]:
    """A multipart form with a post and the options of a route -> the question; nothing of it touches the disk.

    Raises Refusal, or PostplaceError.
    """
    fields = (*POST_FIELDS, *asked.model_fields)
    form = await _form(request, limits, fields=len(fields))
    texts = _texts(form, fields)
    if any(texts["images"]):
        raise refuse(422, "images", "is a text", "send the bytes of a picture; no address and no path is opened")
    for name in ("text", *asked.model_fields):
        if len(texts[name]) > 1:
            raise refuse(422, name, "is given more than once", "give it once")
    try:  # pydantic reads numbers from texts
        options = asked.model_validate({name: texts[name][0] for name in asked.model_fields if texts[name]})
    except ValidationError as error:
        raise invalid(error.errors()[0]) from None
    record: dict[str, Any] = {"text": "".join(texts["text"]), "images": await _pictures(form, limits)}
    if texts["hashtags"]:
        record["hashtags"] = " ".join(texts["hashtags"])
    return Question(to_post(record, where="post", limits=limits), options)


def _texts(form: FormData, fields: Sequence[str]) -> dict[str, list[str]]:
    """The texts of each field; anything else than pictures must be one."""
    unknown = sorted(set(form) - set(fields))
    if unknown:
        raise refuse(422, "form", f"{shown(unknown[0])} is no field of it", f"give {', '.join(fields)}")
    texts = {name: [value for value in form.getlist(name) if isinstance(value, str)] for name in fields}
    for name in fields:
        if name != "images" and len(texts[name]) != len(form.getlist(name)):
            raise refuse(422, name, "is a file", "give it as a text")
    return texts


def read_line(line: bytes, *, where: str, limits: RequestLimits) -> tuple[str, Post]:
    """A JSON line -> its id and the post. Raises PostplaceError; `images` are base64."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadPost(where, f"is not JSON ({type(error).__name__})", "write one object a line, in UTF-8") from None
    if not isinstance(record, Mapping):
        raise BadPost(where, f"{shown(record)} is not a record", "give an object")
    kept = {key: record[key] for key in LINE_KEYS if key in record}
    kept["images"] = _decoded(kept.get("images"), where, limits)
    named = parse({"id": kept.pop("id", "") or "post", "text": ""}, where=where, folder=Path())
    return named.id, to_post(kept, where=where, limits=limits)


def to_post(record: Mapping[str, Any], *, where: str, limits: RequestLimits) -> Post:
    """A record whose pictures are bytes -> a post within the limits, named by its content."""
    post = parse({**record, "id": "post"}, where=where, folder=Path())
    letters, tags = len(post.full_text), sum(map(len, post.hashtags))
    for key, count, most, unit in (
        ("text", letters, limits.letters, "letters"),
        ("hashtags", len(post.hashtags), limits.hashtags, "hashtags"),
        ("hashtags", tags, limits.letters, "letters"),
        ("images", len(post.images), limits.pictures, "pictures"),
    ):
        if count > most:
            raise BadPost(f"{where}, key {key!r}", f"has {count:,} {unit}", f"give at most {most:,}")
    bounds = Limits(max_pixels=limits.pixels, max_bytes=limits.picture_bytes)
    for number, image in enumerate(post.images, start=1):
        if not isinstance(image, bytes):
            raise BadPost(f"{where}, key 'images'", "is not the bytes of a picture", "send the picture itself")
        check_header(image, limits=bounds, name=f"{where}, picture {number}")
    content = json.dumps([post.full_text, *post.hashtags]).encode()
    return replace(post, id=blake2b(content + b"".join(map(_digest, post.images)), digest_size=12).hexdigest())


def invalid(error: Mapping[str, Any]) -> Refusal:
    """One of pydantic's errors, without what it quotes."""
    where = ".".join(str(part) for part in error["loc"] if part not in ("query", "body")) or "request"
    return refuse(422, where, str(error["msg"]), "see /openapi.json for what may be given")


async def _form(request: Request, limits: RequestLimits, *, fields: int) -> FormData:
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise refuse(415, "content-type", "is not multipart/form-data", "send a form; see /openapi.json")
    parser = MultiPartParser(
        request.headers,
        request.stream(),
        max_files=limits.pictures + 1,
        max_fields=fields + limits.hashtags,
        max_part_size=8 * limits.letters,
    )
    parser.spool_max_size = limits.body_bytes + 1  # in memory: a post is never written to the disk
    try:
        return await parser.parse()
    except MultiPartException as error:
        raise refuse(413 if "exceed" in error.message or "Too many" in error.message else 400,
                     "form", error.message.rstrip("."), "send fewer or smaller parts") from None  # fmt: skip
    except (Refusal, ClientDisconnect):
        raise
    except Exception as error:  # a charset that is no text encoding, a boundary beyond all bounds ...
        raise refuse(400, "form", f"cannot be read ({type(error).__name__})", "send multipart/form-data") from None


async def _pictures(form: FormData, limits: RequestLimits) -> list[bytes]:
    pictures: list[bytes] = []
    for upload in form.getlist("images"):
        if isinstance(upload, UploadFile):
            data = await upload.read(limits.picture_bytes + 1)
            if len(data) > limits.picture_bytes:
                found = f"picture {len(pictures) + 1} has more than {limits.picture_bytes:,} bytes"
                raise refuse(413, "images", found, "send it smaller")
            if data or upload.filename:  # a browser sends an empty part where nothing was chosen
                pictures.append(data)
    return pictures


def _decoded(images: object, where: str, limits: RequestLimits) -> list[bytes]:
    """Base64 texts -> bytes: a text is never taken for a path or an address."""
    if images is None:
        return []
    place = f"{where}, key 'images'"
    if not isinstance(images, list) or not all(isinstance(image, str) for image in images):
        raise BadPost(place, "is not a list of base64 texts", "give the bytes of each picture in base64")
    if len(images) > limits.pictures:
        raise BadPost(place, f"has {len(images):,} pictures", f"give at most {limits.pictures}")
    found = []
    for number, image in enumerate(images, start=1):
        try:
            found.append(base64.b64decode(image, validate=True))
        except ValueError:
            remedy = "give its bytes in base64; no address and no path is opened"
            raise BadPost(place, f"picture {number} is not base64", remedy) from None
    return found


def _digest(image: Path | bytes) -> bytes:
    return blake2b(image if isinstance(image, bytes) else b"", digest_size=12).digest()


def status_of(error: PostplaceError) -> int:
    """What a client's own mistake is answered with."""
    too_many = "at most" in error.remedy and not isinstance(error, BadImage)
    return 413 if too_many else 422
