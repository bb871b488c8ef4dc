"""Tweets as the tools of researchers and X itself write them -> posts.

Read are the objects of twscrape and snscrape (`rawContent`, once `content`), those of the API in version 1.1
(`full_text`), pages of the API in version 2 (`data` with `includes`; one page a file or a line, as twarc2 writes them)
and its tweets alone (`twarc2 flatten`), and `tweets.js` of the archive that X gives to people, with its images.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import Path

from postplace.errors import BadPost
from postplace.posts.downloaded_images import ImageIndex
from postplace.posts.dump import (
    Dump,
    ImportReport,
    InvalidRecord,
    at,
    first,
    make_posts,
    not_a_post,
    require_content,
)
from postplace.posts.foreign_time import first_instant
from postplace.posts.foreign_values import user_id
from postplace.posts.json_files import JSON_ENDINGS, dump_files, first_objects, json_values, sample_files, unpacked_name
from postplace.posts.tweet_media import tweet_images
from postplace.schema import Post

CONTENT = ("rawContent", "content", "full_text", "text")
RETWEET = "retweet ignored: its words are another's"
NO_PLACE = "place is not among those of its response"

_ENDINGS = (".js", *JSON_ENDINGS)
_ARCHIVE = re.compile(r"tweets?(-part\d+)?\.js")
_RETWEETED = re.compile(r"RT @\w+: ")


def tweets_dump(path: Path | str, *, on_refused: Callable[[BadPost], object] | None = None) -> Dump:
    """The tweets of a file, or of all below a folder, in the order of their paths.

    id: the tweet's; text: the words as they were typed, `&amp;` as `&`; user: the account's id; time: UTC; place and
    venue: the name and the id of the place that was tagged (often a town), coordinates: only where they were shared. A
    retweet is no post and is counted. Of an archive only `tweets.js` is read. Images are those of the archive, or such
    as lie beside the file by the name in their address. Iterating raises `BadPost` for a path that cannot be read.
    """
    return Dump(partial(_posts, Path(path)), on_refused=on_refused)


def detect(path: Path) -> bool:
    """Whether a path holds tweets; never raises."""
    if any(_ARCHIVE.fullmatch(unpacked_name(file)) for file in sample_files(path, (".js",))):
        return True
    return find_archive(path) is not None or any(_is_tweet(record) for record in first_objects(path))


def find_archive(path: Path) -> Path | None:
    """The `tweets.js` of an archive that was unpacked there, or None; never raises."""
    with suppress(OSError, ValueError):
        for folder in (path, path / "data"):
            for name in ("tweets.js", "tweet.js"):
                if (folder / name).is_file():
                    return folder / name
    return None


def _is_tweet(record: Mapping[str, object]) -> bool:
    if isinstance(record.get("tweet"), dict) or str(record.get("_type", "")).startswith("snscrape.modules.twitter."):
        return True
    data = record.get("data")
    tweet = data[0] if isinstance(data, list) and data else data if isinstance(data, dict) else record
    if not isinstance(tweet, dict) or "id" not in tweet:
        return False
    keys = set(tweet)
    if keys & {"rawContent", "full_text"}:
        return True
    if "content" in keys and keys >= {"url", "date", "user"}:  # snscrape before 0.5
        return True
    return "text" in keys and bool(keys & {"author_id", "edit_history_tweet_ids", "id_str"})


# --- records


Found = tuple[Path, object, object]  # the file; the tweet, or why it is none; the page it came with


def _posts(path: Path, tally: ImportReport) -> Iterator[Post]:
    images = ImageIndex()
    found = ((where, item) for file in _files(path, tally) for where, item in _tweets(file, tally))
    return make_posts(found, tally, record=lambda item: _record(*item, images, tally))


def _files(path: Path, tally: ImportReport) -> Iterator[Path]:
    """Of an archive the tweets, for its other files hold other things of the same person."""

    def wanted(file: Path) -> bool:
        return file.suffix.lower() != ".js" or _ARCHIVE.fullmatch(file.name.lower()) is not None

    return dump_files(path, tally, wanted=wanted, endings=_ENDINGS)


def _tweets(file: Path, tally: ImportReport) -> Iterator[tuple[str, Found]]:
    account = _account(file) if file.suffix.lower() == ".js" else None
    empty = True
    for where, value in json_values(file):
        empty = False
        where = f"{file}{where}"
        if not isinstance(value, dict):
            yield where, (file, value, None)
        elif isinstance(value.get("tweet"), dict):
            yield where, (file, value["tweet"], account)
        elif isinstance(data := value.get("data"), list | dict):
            yield from _page(where, file, data if isinstance(data, list) else [data], value, tally)
        elif not any(key in value for key in CONTENT) and ("meta" in value or "errors" in value):
            tally.left_out["response without tweets"] += 1
        else:
            yield where, (file, value, account)
    if empty:
        tally.left_out["empty file"] += 1


def _page(
    where: str, file: Path, tweets: list[object], page: Mapping[str, object], tally: ImportReport
) -> Iterator[tuple[str, Found]]:
    if not tweets:
        tally.left_out["response without tweets"] += 1
    for number, tweet in enumerate(tweets, start=1):
        yield f"{where}, tweet {number}", (file, tweet, page.get("includes"))


def _account(file: Path) -> object:
    """The id of whose archive it is, from the `account.js` beside; None without."""
    with suppress(OSError, ValueError):
        for _, value in islice(json_values(file.with_name("account.js")), 1):
            return at(value, "account", "accountId")
    return None


# --- one tweet


def _record(
    file: Path, tweet: object, around: object, images: ImageIndex, tally: ImportReport
) -> dict[str, object] | None:
    """A tweet -> what `parse` reads; `around` is its page's `includes`, or whose archive it is."""
    if isinstance(tweet, InvalidRecord):
        raise tweet
    if not isinstance(tweet, dict):
        raise not_a_post(tweet)
    if str(tweet.get("_type", "")).endswith(".Tombstone"):
        tally.left_out["tweet that is gone"] += 1
        return None
    require_content(tweet, CONTENT)
    text = _text(tweet)
    if _is_retweet(tweet, text):
        tally.left_out[RETWEET] += 1
        return None
    user = user_id(
        tally,
        *(at(tweet, "user", key) for key in ("id_str", "id", "username", "screen_name")),
        tweet.get("author_id"),
        at(tweet, "author", "id"),
        around if isinstance(around, str) else None,
    )
    return {
        "id": first(tweet.get("id_str"), tweet.get("id")),
        "text": html.unescape(text) if isinstance(text, str) else text,
        "hashtags": _hashtags(tweet) or None,
        "images": tweet_images(file, tweet, around, images=images, tally=tally),
        "user": user,
        "time": first_instant([tweet.get("created_at"), tweet.get("date")], tally),
        **_place(tweet, around, tally),
        **_coordinates(tweet, tally),
    }


def _text(tweet: Mapping[str, object]) -> object:
    """The whole text: tweets of more than 140 and 280 characters keep it apart."""
    longer = (at(tweet, "note_tweet", "text"), at(tweet, "extended_tweet", "full_text"))
    return first(*longer, *(tweet.get(key) for key in CONTENT))


def _is_retweet(tweet: Mapping[str, object], text: object) -> bool:
    if tweet.get("retweetedTweet") or tweet.get("retweeted_status"):
        return True
    references = tweet.get("referenced_tweets")
    if isinstance(references, list) and any(at(reference, "type") == "retweeted" for reference in references):
        return True
    return isinstance(text, str) and _RETWEETED.match(text) is not None


def _hashtags(tweet: Mapping[str, object]) -> list[object]:
    listed = first(tweet.get("hashtags"), at(tweet, "entities", "hashtags"))
    tags = listed if isinstance(listed, list) else []
    return [first(tag.get("text"), tag.get("tag")) if isinstance(tag, dict) else tag for tag in tags]


def _place(tweet: Mapping[str, object], includes: object, tally: ImportReport) -> dict[str, object]:
    place, geo = tweet.get("place"), tweet.get("geo")
    venue = first(at(place, "id"), at(geo, "place_id"), at(geo, "id"))
    name = first(*(at(place, key) for key in ("fullName", "full_name", "name")), at(geo, "full_name"))
    if name is None and venue is not None:
        places = at(includes, "places")
        known = [known for known in places if at(known, "id") == venue] if isinstance(places, list) else []
        name = first(*(at(place, key) for place in known for key in ("full_name", "name")))
        if name is None:
            tally.note(NO_PLACE)
    return {"place": name, "venue": venue}


def _coordinates(tweet: Mapping[str, object], tally: ImportReport) -> dict[str, float]:
    """Where the point stands: longitude first as in GeoJSON, but in the `geo` of version 1.1 latitude first."""
    point, geo = tweet.get("coordinates"), tweet.get("geo")
    if isinstance(point, dict) and "longitude" in point:
        return tally.coordinates(point.get("latitude"), point.get("longitude"))
    for pair in (at(point, "coordinates"), at(geo, "coordinates", "coordinates")):
        if isinstance(pair, list) and len(pair) == 2:
            return tally.coordinates(pair[1], pair[0])
    if isinstance(pair := at(geo, "coordinates"), list) and len(pair) == 2:
        return tally.coordinates(pair[0], pair[1])
    return {}
