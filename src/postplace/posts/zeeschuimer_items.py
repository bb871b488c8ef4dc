"""What the sites send to a browser, as Zeeschuimer keeps it: one post of Instagram, TikTok, X or Xiaohongshu each."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from postplace.posts.dump import VIDEO, ImportReport, InvalidRecord, at, first, require_content
from postplace.posts.foreign_time import first_instant
from postplace.posts.foreign_values import user_id

ADVERTISEMENT = "advertisements ignored"
RETWEET = "retweets ignored"

Data = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Item:
    """A post as `parse` reads it, but for the images, and the addresses of these; no addresses of videos."""

    record: dict[str, object]
    addresses: list[str] = field(default_factory=list)


def instagram_item(data: Data, tally: ImportReport) -> Item | None:
    """A post of Instagram or Threads; None for an advertisement, which is counted.

    The site has three forms: `code` with `caption`, `shortcode` with `edge_media_to_caption`, and one without a time.
    """
    keys = ("caption", "edge_media_to_caption", "location", "taken_at", "taken_at_timestamp", "image_versions2")
    require_content(data, (*keys, "carousel_media", "display_url", "display_uri"))
    if data.get("product_type") == "ad":
        tally.left_out[ADVERTISEMENT] += 1
        return None
    post_id = _required("code", data.get("code"), data.get("shortcode"))
    user = first(*(at(data, holder, key) for holder in ("user", "owner") for key in ("pk", "id")))
    location = data.get("location")
    found = []
    for part in _instagram_parts(data):
        if at(part, "media_type") == 2 or at(part, "is_video") is True or "Video" in str(at(part, "__typename")):
            tally.note(VIDEO)
            continue
        versions = at(part, "image_versions2", "candidates", 0, "url")
        found.append(first(versions, at(part, "display_url"), at(part, "display_uri")))
    record = {
        "id": post_id,
        "text": first(at(data, "caption", "text"), at(data, "edge_media_to_caption", "edges", 0, "node", "text")),
        "user": user_id(tally, user),
        "time": first_instant([data.get("taken_at"), data.get("taken_at_timestamp")], tally),
        "place": at(location, "name"),
        "venue": first(at(location, "pk"), at(location, "id")),
        **tally.coordinates(at(location, "lat"), at(location, "lng")),
    }
    return Item(record, _texts(found))


def _instagram_parts(data: Data) -> list[object]:
    carousel, edges = data.get("carousel_media"), at(data, "edge_sidecar_to_children", "edges")
    if isinstance(carousel, list) and carousel:
        return carousel
    if isinstance(edges, list) and edges:
        return [at(edge, "node") for edge in edges]
    return [data]


def tiktok_item(data: Data, tally: ImportReport) -> Item | None:
    """A post of TikTok: a video, or images. None for an advertisement, which is counted."""
    require_content(data, ("desc", "createTime", "imagePost", "poi"))
    if data.get("isAd") is True:
        tally.left_out[ADVERTISEMENT] += 1
        return None
    post_id = _required("id", data.get("id"))
    author = data.get("author")
    user = first(
        at(author, "id"), data.get("authorId"), at(author, "uniqueId"), author if isinstance(author, str) else None
    )
    images = at(data, "imagePost", "images")
    if not isinstance(images, list):
        tally.note(VIDEO)
        images = []
    extras = data.get("textExtra")
    tags = [at(extra, "hashtagName") for extra in extras] if isinstance(extras, list) else []
    record = {
        "id": post_id,
        "text": data.get("desc"),
        "hashtags": _texts(tags) or None,
        "user": user_id(tally, user),
        "time": first_instant([data.get("createTime")], tally),
        "place": at(data, "poi", "name"),
        "venue": at(data, "poi", "id"),
    }
    return Item(record, _texts([at(image, "imageURL", "urlList", 0) for image in images]))


def x_item(data: Data, tally: ImportReport) -> Item | None:
    """A post of X; None for an advertisement and for a retweet, which has no words of its own: both are counted.

    The id is the text that the site sends: as a number, JavaScript has rounded it.
    """
    inner = data.get("tweet")
    tweet: Data = inner if isinstance(inner, dict) and "legacy" in inner else data
    require_content(tweet, ("legacy",))
    legacy = tweet.get("legacy")
    if not isinstance(legacy, dict):
        raise InvalidRecord("no content that is known", "its key 'legacy' is no object", "export the file again")
    require_content(legacy, ("full_text", "created_at", "entities", "place"))
    if data.get("promoted") is True:
        tally.left_out[ADVERTISEMENT] += 1
        return None
    if first(legacy.get("retweeted_status_result"), legacy.get("retweeted_status_id_str")) is not None:
        tally.left_out[RETWEET] += 1
        return None
    post_id = _required("rest_id", tweet.get("rest_id"), legacy.get("id_str"))
    user = first(
        legacy.get("user_id_str"), at(tweet, "core", "user_results", "result", "rest_id"), at(tweet, "user", "id_str")
    )
    text = first(at(tweet, "note_tweet", "note_tweet_results", "result", "text"), legacy.get("full_text"))
    tags = at(legacy, "entities", "hashtags")
    record = {
        "id": post_id,
        "text": html.unescape(text) if isinstance(text, str) else text,
        "hashtags": _texts([at(tag, "text") for tag in tags] if isinstance(tags, list) else []) or None,
        "user": user_id(tally, user),
        "time": first_instant([legacy.get("created_at")], tally),
        "place": at(legacy, "place", "full_name"),
        "venue": at(legacy, "place", "id"),
        **_x_point(legacy, tally),
    }
    return Item(record, _x_images(legacy, tally))


def _x_point(legacy: Data, tally: ImportReport) -> dict[str, float]:
    """The point, if there is one; the box of a place is none. `geo` has the latitude first, `coordinates` last."""
    longitude, latitude = (at(legacy, "coordinates", "coordinates", index) for index in (0, 1))
    if latitude is None:
        latitude, longitude = (at(legacy, "geo", "coordinates", index) for index in (0, 1))
    return tally.coordinates(latitude, longitude)


def _x_images(legacy: Data, tally: ImportReport) -> list[str]:
    media = first(at(legacy, "extended_entities", "media"), at(legacy, "entities", "media"))
    found = []
    for item in media if isinstance(media, list) else []:
        if at(item, "type") == "photo":
            found.append(at(item, "media_url_https"))
        else:
            tally.note(VIDEO)
    return _texts(found)


def xiaohongshu_item(data: Data, tally: ImportReport) -> Item | None:
    """A note of Xiaohongshu, from a list of notes (`note_card`), from its own page (`note`) or from the page's HTML."""
    holders = [data.get(key) for key in ("note_card", "note")]
    note: Data = next((holder for holder in holders if isinstance(holder, dict)), data)
    require_content(note, ("desc", "title", "display_title", "image_list", "imageList", "time"))
    post_id = _required("id", data.get("id"), data.get("note_id"), note.get("noteId"))
    title, body = first(note.get("title"), note.get("display_title")), note.get("desc")
    both = f"{title}\n{body}" if isinstance(title, str) and isinstance(body, str) and body else first(body, title)
    images = first(note.get("image_list"), note.get("imageList"))
    found = []
    if note.get("type") == "video":
        tally.note(VIDEO)
    else:
        for image in images if isinstance(images, list) else []:
            address = first(at(image, "url_default"), at(image, "urlDefault"))
            found.append(first(address, at(image, "info_list", 0, "url")))
    record = {
        "id": post_id,
        "text": both,
        "user": user_id(tally, at(note, "user", "user_id"), at(note, "user", "userId")),
        "time": first_instant([note.get("time")], tally),
        "place": at(note, "poi", "name"),
        "venue": first(at(note, "poi", "poiId"), at(note, "poi", "id")),
    }
    return Item(record, _texts(found))


def _required(name: str, *values: object) -> object:
    value = first(*values)
    if value is None:
        raise InvalidRecord("no id", f"has no key {name!r}", "export the file again")
    return value


def _texts(values: list[object]) -> list[str]:
    return [value for value in values if isinstance(value, str) and value]


PLATFORMS: Mapping[str, Callable[[Data, ImportReport], Item | None]] = {
    "instagram.com": instagram_item,
    "threads.com": instagram_item,
    "threads.net": instagram_item,
    "tiktok.com": tiktok_item,
    "twitter.com": x_item,
    "x.com": x_item,
    "xiaohongshu.com": xiaohongshu_item,
}
