"""What gallery-dl's metadata of each site says of a post: its keys, and the names that its images have by default."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from postplace.posts.dump import NO_USER, ImportReport, at, first, require_content
from postplace.posts.foreign_time import first_instant
from postplace.posts.weibo_values import plain_text

Values = Mapping[str, Any]

_PLACE_PAGE = "100101"  # what the pages of Weibo's places begin with; the rest is the place's id


@dataclass(frozen=True, slots=True)
class Site:
    """One site: the id of a record's post, its record, and the default names of its image without the ending."""

    post_id: Callable[[Values], object]
    record: Callable[[Values, ImportReport], dict[str, object]]
    file_stems: Callable[[Values], list[str]]

    def only_own_images(self, values: Values) -> bool:
        """Whether the images are those of who posted: a retweet's are another's."""
        return not at(values, "status", "retweeted_status")


def find_site(values: Mapping[str, object]) -> Site | None:
    """The site of a record by its `category`, or None."""
    category = values.get("category")
    return SITES.get(category) if isinstance(category, str) else None


def _with_user(user: object, tally: ImportReport) -> object:
    if user is None:
        tally.note(NO_USER)
    return user


def _instagram(values: Values, tally: ImportReport) -> dict[str, object]:
    require_content(values, ("description", "display_url", "location_slug"))
    slug = values.get("location_slug")
    return {
        "id": first(values.get("post_shortcode"), values.get("shortcode"), values.get("post_id")),
        "text": values.get("description"),
        "hashtags": values.get("tags") or None,
        "user": _with_user(first(values.get("owner_id"), values.get("username")), tally),
        "time": first_instant([values.get("post_date"), values.get("date")], tally),
        "place": slug.replace("-", " ") if isinstance(slug, str) else slug,
        "venue": values.get("location_id"),
    }


def _flickr(values: Values, tally: ImportReport) -> dict[str, object]:
    require_content(values, ("title", "description", "tags", "url"))
    # `info` gives the title as a text, but within `_content` where gallery-dl could not take it out
    words = [at(given, "_content") if isinstance(given := values.get(key), dict) else given for key in _WORDS]
    location = values.get("location")
    unplaced = str(values.get("accuracy", "")) == "0"  # then Flickr writes 0, 0
    return {
        "id": values.get("id"),
        "text": "\n".join(str(plain_text(word)) for word in words if word not in (None, "")),
        "hashtags": values.get("tags") or None,
        "user": _with_user(first(*(at(values, key, "nsid") for key in ("owner", "user"))), tally),
        "time": first_instant([values.get("date"), values.get("dateupload"), values.get("dateuploaded")], tally),
        "place": first(at(location, "locality"), at(location, "county")),
        **tally.coordinates(
            *(None if unplaced else first(at(location, key), values.get(key)) for key in ("latitude", "longitude"))
        ),
    }


_WORDS = ("title", "description")


def _weibo(values: Values, tally: ImportReport) -> dict[str, object]:
    status = values.get("status")
    status = status if isinstance(status, dict) else {}
    require_content(status, ("text_raw", "text", "pic_ids", "geo"))
    if status.get("retweeted_status"):
        tally.note("retweeted part left out")
    point = at(status, "geo", "coordinates")
    latitude, longitude = point[:2] if isinstance(point, list) and len(point) >= 2 else (None, None)
    place, venue = _check_in(status)
    return {
        "id": first(status.get("idstr"), status.get("id"), status.get("mid")),
        "text": plain_text(first(status.get("text_raw"), status.get("text"))),
        "user": _with_user(first(*(at(status, "user", key) for key in ("idstr", "id", "screen_name"))), tally),
        "time": first_instant([status.get("created_at"), status.get("date")], tally),
        "place": place,
        "venue": venue,
        **tally.coordinates(latitude, longitude),
    }


def _check_in(status: Values) -> tuple[object, object]:
    """The name and the id of the place that the words link to."""
    if at(status, "geo", "detail", "poiid"):
        return at(status, "geo", "detail", "title"), at(status, "geo", "detail", "poiid")
    links = status.get("url_struct")
    for link in (*(links if isinstance(links, list) else ()), status.get("page_info")):
        page = str(first(at(link, "page_id"), ""))
        if page.startswith(_PLACE_PAGE):
            return first(at(link, "url_title"), at(link, "page_title")), page.removeprefix(_PLACE_PAGE)
    return None, None


def _instagram_stems(values: Values) -> list[str]:
    media, album = values.get("media_id"), values.get("sidecar_media_id")
    return [f"{album}_{media}" if album else f"{media}", f"{media}"]


def _numbered(values: Values) -> str:
    number = values.get("num")
    return f"{number:02}" if isinstance(number, int) else f"{number}"


SITES: Mapping[str, Site] = {
    "instagram": Site(
        lambda values: first(values.get("post_shortcode"), values.get("post_id")), _instagram, _instagram_stems
    ),
    "flickr": Site(
        lambda values: values.get("id"), _flickr, lambda values: [f"flickr_{values.get('id')}", f"{values.get('id')}"]
    ),
    "weibo": Site(
        lambda values: first(at(values, "status", "idstr"), at(values, "status", "id")),
        _weibo,
        lambda values: [f"{at(values, 'status', 'id')}_{_numbered(values)}"],
    ),
}
