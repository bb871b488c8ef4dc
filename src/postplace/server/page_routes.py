"""The page: files of this package, what the page is to know of the service, and examples to click.

The files are read when the service starts and found by their names alone: no path of a request reaches the disk.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from postplace.errors import BadOption
from postplace.server.examples import Example
from postplace.server.http_errors import refuse
from postplace.server.service import Service

KINDS = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")


@dataclass(frozen=True)
class TileSource:
    """Where tiles of the ground come from: an address with {z}, {x} and {y}, and whom the page names for them."""

    address: str
    attribution: str = ""

    def __post_init__(self) -> None:
        """Raises BadOption for an address that is none of tiles."""
        parts = urlsplit(self.address)
        lacking = [name for name in ("{z}", "{x}", "{y}") if name not in parts.path + "?" + parts.query]
        if parts.scheme not in ("https", "http") or not _HOST.fullmatch(parts.netloc) or lacking:
            remedy = "give one such as 'https://tiles.example/{z}/{x}/{y}.png'"
            raise BadOption("tiles", f"{self.address!r} is no address of tiles", remedy)

    @property
    def origin(self) -> str:
        """What the page may load images from."""
        parts = urlsplit(self.address)
        return f"{parts.scheme}://{parts.netloc}"


SHOWN: dict[str, Any] = {
    "text": "sunset over the old bridge",
    "hashtags": ["river"],
    "images": ["/examples/1/1.jpg"],
    "truth": "district 2",
}


class ShownExample(BaseModel):
    """A post to try, and where its images are."""

    model_config = ConfigDict(json_schema_extra={"examples": [SHOWN]})

    text: str
    hashtags: list[str]
    images: list[str]
    truth: str | None = Field(None, description="Where it was made, at the level that is shown.")


def page_routes(
    service: Service, *, tiles: TileSource | None = None, tokens: bool = False, examples: Sequence[Example] = ()
) -> APIRouter:
    """`GET /`, the files it needs, and the examples. `tokens`: whether the service wants one."""
    router = APIRouter()
    held = page_files()

    @router.get("/", include_in_schema=False)
    async def page() -> Response:
        return Response(held["index.html"], media_type=KINDS["html"])

    @router.get("/page/settings.json", include_in_schema=False)
    async def settings() -> JSONResponse:
        return JSONResponse(_settings(service, tiles=tiles, tokens=tokens, examples=len(examples)))

    @router.get("/page/{name:path}", include_in_schema=False)
    async def file(name: str) -> Response:
        if name not in held:
            raise refuse(404, "path", "is not there", "see / for the page")
        return Response(held[name], media_type=KINDS[name.rpartition(".")[2]])

    @router.get("/examples", response_model_exclude_none=True)
    async def shown() -> list[ShownExample]:
        """Posts to try, which the model has not learned from."""
        return [
            ShownExample(
                text=example.text,
                hashtags=list(example.hashtags),
                images=[f"/examples/{number}/{k}.jpg" for k in range(1, len(example.images) + 1)],
                truth=example.truth,
            )
            for number, example in enumerate(examples, start=1)
        ]

    @router.get("/examples/{number}/{image}.jpg", include_in_schema=False)
    async def example_image(number: int, image: int) -> Response:
        if not (1 <= number <= len(examples) and 1 <= image <= len(examples[number - 1].images)):
            raise refuse(404, "path", "is not there", "see /examples for what is")
        return Response(examples[number - 1].images[image - 1], media_type="image/jpeg")

    return router


def page_files() -> Mapping[str, bytes]:
    """The page's files by their names, such as `js/main.js`."""
    root = files("postplace.server") / "page"
    contents = {}
    for folder, prefix in ((root, ""), (root / "js", "js/")):
        for entry in folder.iterdir():
            if entry.is_file() and entry.name.rpartition(".")[2] in KINDS:
                contents[prefix + entry.name] = entry.read_bytes()
    return contents


def _settings(service: Service, *, tiles: TileSource | None, tokens: bool, examples: int) -> dict[str, object]:
    generalisation, places, limits = service.generalisation, service.locator.predictor.places, service.limits
    return {
        "version": version("postplace"),
        "model": service.locator.entry.name,
        "target": places.target,
        "classes": len(places),
        "granularity": generalisation.granularity,
        "fine": generalisation.fine,
        "home": generalisation.home,
        "token": tokens,
        "examples": examples,
        "tiles": None if tiles is None else {"address": tiles.address, "attribution": tiles.attribution},
        "limits": {
            "images": limits.images,
            "image_bytes": limits.image_bytes,
            "body_bytes": limits.body_bytes,
        },
    }
