"""Fragments of the OpenAPI document that no model makes: forms, JSON lines, and what any route may refuse with."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from pydantic import BaseModel

from postplace.server.schemas import ANSWER, PROBLEM, TAGS, Problem

ENDS = (400, 408, 413, 415, 422, 429)  # what a form may be refused with
Fragment = dict[str, Any]  # of a JSON document whose keys OpenAPI 3.1 defines


def form_body(options: type[BaseModel], *, images: int, letters: int, **example: Any) -> Fragment:
    """The multipart form of one post and the options of a route, for OpenAPI; `example`: some of the options."""
    properties = {
        "text": {"type": "string", "maxLength": letters},
        "hashtags": {"type": "string", "description": TAGS},
        "images": {"type": "array", "maxItems": images, "items": {"type": "string", "format": "binary"}},
        **options.model_json_schema()["properties"],
    }
    filled = {"text": "sunset over the old bridge", "hashtags": "river evening", **example}
    content = {"schema": {"type": "object", "properties": properties}, "example": filled}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": content}}}


def lines_body() -> Fragment:
    """JSON lines of posts, for OpenAPI; images inside them are base64."""
    example = '{"id": "1", "text": "sunset over the old bridge", "hashtags": ["river"]}\n{"id": "2", "images": []}\n'
    content = {"schema": {"type": "string"}, "example": example}
    return {"requestBody": {"required": True, "content": {"application/x-ndjson": content}}}


def lines_answer() -> Fragment:
    """One answer a line, for OpenAPI."""
    wrong = {"line": 2, "error": {**PROBLEM, "where": "line 2, key 'images'"}}
    example = "".join(json.dumps(line) + "\n" for line in ({"line": 1, **ANSWER}, wrong))
    about = "Each line an answer as of /predict with the number of its line, or that number and what is wrong with it."
    content = {"schema": {"type": "string", "description": about}, "example": example}
    return {"description": "One answer a line, in the order given.", "content": {"application/x-ndjson": content}}


def add_refusals(schema: Fragment, *, tokens: bool, open_paths: Collection[str]) -> Fragment:
    """An OpenAPI with what is refused before any route is asked: without a token, of another site, while stopping."""
    problem = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    refused = {403: "Asked by another site's page, or under another name.", 503: "The service is stopping."}
    for path, operations in schema["paths"].items():
        closed = tokens and path not in open_paths
        refusals = refused | ({401: "No known token."} if closed else {})
        for operation in operations.values():
            operation["responses"] |= {str(status): {"description": why, **problem} for status, why in refusals.items()}
            if closed:
                operation["security"] = [{"token": []}]
    if tokens:
        schema["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    return schema


def problems(*statuses: int) -> dict[int | str, Fragment]:
    """The statuses a route may refuse with."""
    return {status: {"model": Problem} for status in statuses}
