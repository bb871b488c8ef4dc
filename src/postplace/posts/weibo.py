"""What weibo-crawler wrote (CSV, JSON, SQLite, image folders) -> posts.

The crawler writes for each user a folder `weibo/NAME/` with `USER_ID.csv`, `USER_ID.json` (`{"user": {...}, "weibo":
[...]}`) and images in `img/原创微博图片/`, named `{day}_{id}.jpg`, with `_1`, `_2` and so on before the ending if
a post has several; the posts of all users in one database, `weibodata.db`. Its CSV has Chinese headers; those of its
siblings weiboSpider and weibo-search, and the keys of its JSON as headers, are known too. Three flaws are repaired: an
id that a spreadsheet rounded (it is computed from the bid), rows with one cell more than their header (the Live Photo
address), and HTML in the text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from postplace.errors import BadPost
from postplace.posts.dump import (
    BAD_TIME,
    NO_TIME,
    VIDEO,
    Dump,
    ImportReport,
    InvalidRecord,
    at,
    cannot_be_opened,
    first,
    make_posts,
    not_a_post,
    of_one_file,
    require_content,
    walk,
)
from postplace.posts.foreign_values import user_id
from postplace.posts.keys import require_text_key
from postplace.posts.weibo_database import ENDINGS as DATABASES
from postplace.posts.weibo_database import database_rows
from postplace.posts.weibo_images import IMAGES, Images, ImagesOfUsers, count_orphans, find_images, images_beside
from postplace.posts.weibo_records import csv_records, json_records, key_of_header
from postplace.posts.weibo_values import id_of_post, own_words, plain_text, read_time
from postplace.schema import Post
from postplace.text.hashtags import find_hashtags

_ENDINGS = (".json", ".csv", *DATABASES)
_CONTENT = ("text", "pics", "location", "created_at")


def weibo_export(path: Path | str, *, on_refused: Callable[[BadPost], object] | None = None) -> Dump:
    """The posts of an export, a folder or one .csv, .json or .db file, in the order of the paths.

    id: Weibo's number of the post; user: the user's id; time: with Beijing's zone (a day alone begins at 0 h);
    hashtags: `#topic#` of the text, then the crawler's topics; place and venue: the name of the check-in, if any.
    A retweet is a post of who retweets, with their own words, images and check-in; the post they retweet is another
    user's and is left out (a database has it as a post of its own). A post that lies in CSV and JSON is given out
    once, from the JSON. Images without a record are counted, too (of a folder, not of a single file). Iterating raises
    `BadPost` for a path that cannot be read.
    """
    return Dump(partial(_posts, Path(path)), on_refused=on_refused)


def _posts(path: Path, tally: ImportReport) -> Iterator[Post]:
    found = (
        (where, (values, user, source))
        for source in _sources(path, tally)
        for where, values, user in source.records(tally)
    )
    return make_posts(found, tally, record=lambda item: _record(*item, tally))


# --- files

_Found = tuple[str, object, object]  # where it stands; its values, or why it has none (Unusable); whose file it is


@dataclass(frozen=True, slots=True)
class _Source:
    """A file of posts, and the images beside it."""

    path: Path
    images: Images | ImagesOfUsers

    @property
    def user(self) -> str | None:
        """Whose file it is: it is named by the user's number, or by their name like its folder."""
        stem = self.path.stem
        return stem if stem.isdecimal() or stem == self.path.parent.name else None

    def records(self, tally: ImportReport) -> Iterator[_Found]:
        """The records, one at a time."""
        try:
            for where, values, user in self._read(tally):
                if not (isinstance(values, dict) and "user_id" in values):  # a file of many users is named by none
                    user = first(user, self.user)
                yield f"{self.path}{where}", values, user
        except OSError as error:
            found = f"cannot be read ({error.strerror or error})"
            yield str(self.path), InvalidRecord("file cannot be read", found, "check the permissions"), None

    def _read(self, tally: ImportReport) -> Iterator[_Found]:
        ending = self.path.suffix.lower()
        if ending in DATABASES:
            yield from ((where, row, None) for where, row in database_rows(self.path, tally, key_of=key_of_header))
            return
        with self.path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            yield from (json_records if ending == ".json" else csv_records)(file, tally)


def _sources(path: Path, tally: ImportReport) -> Iterator[_Source]:
    """The files to read, a .json before the .csv of the same name: it knows more."""
    try:
        is_file = path.is_file()
    except OSError as error:  # the folder around it may not be looked into
        raise cannot_be_opened(path, error) from error
    if is_file:
        if path.suffix.lower() not in _ENDINGS:
            remedy = of_one_file(path, "give a folder, a .json or a .csv file, or a database (.db, .sqlite)")
            raise BadPost(str(path), f"has the unknown ending {path.suffix!r}", remedy)
        yield _Source(path, _images(path))
        return
    named: set[str] = set()  # images of records, until their folder is come to
    for folder, names, images in walk(path, tally, endings=_ENDINGS, notice=IMAGES):
        count_orphans(folder, images, named, tally)
        beside = None
        for name in sorted(names, key=lambda name: (Path(name).stem, name.lower().endswith(".csv"))):
            path = folder / name
            if path.suffix.lower() in DATABASES or beside is None:
                beside = _images(path)
            yield _Source(path, beside)
            named |= beside.named


def _images(path: Path) -> Images | ImagesOfUsers:
    is_database = path.suffix.lower() in DATABASES
    return ImagesOfUsers(path.parent) if is_database else images_beside(path.parent)


# --- one post


def _record(values: object, user: object, source: _Source, tally: ImportReport) -> dict[str, object]:
    """A record, and the images of its name -> what `parse` reads."""
    if isinstance(values, InvalidRecord):
        raise values
    if not isinstance(values, dict):
        raise not_a_post(values)
    require_content(values, _CONTENT)
    require_text_key(values, ("text",))
    values = {key: value for key, value in values.items() if value not in ("", "无")}
    post_id = _id(values, tally)
    if values.get("video_url") or values.get("live_photo_url"):
        tally.note(VIDEO)
    if _is_retweet(values):
        tally.note("retweeted part left out")
    text, topics = plain_text(values.get("text")), values.get("topics")
    if isinstance(topics, str) or topics is None:
        topics = (topics or "").split(",")
    time = _time(values, tally)
    if not post_id.isdecimal():  # weiboSpider's
        text = own_words(text)
    found = find_hashtags(text) if isinstance(text, str) else ()
    return {
        "id": post_id,
        "text": text,
        "hashtags": [*found, *(topics if isinstance(topics, list) else [topics])],
        "images": find_images(_addresses(values), post_id, time, source.images.of(values), tally),
        "user": user_id(tally, values.get("user_id"), at(values, "user", "id"), user),
        "time": time,
        "place": values.get("location"),
        "venue": values.get("location"),
        **tally.coordinates(values.get("latitude"), values.get("longitude")),
    }


def _is_retweet(values: Mapping[str, object]) -> bool:
    original = str(values.get("is_original", True)).strip().casefold() not in ("false", "0", "否")
    return bool(values.get("retweet") or str(values.get("retweet_id") or "").strip()) or not original


def _id(values: Mapping[str, object], tally: ImportReport) -> str:
    """Weibo's number of the post; computed from the bid where a spreadsheet has rounded it."""
    post_id, is_computed = id_of_post(values.get("id"), values.get("bid"))
    if is_computed:
        tally.note("id computed from the bid")
    return post_id


def _time(values: Mapping[str, object], tally: ImportReport) -> datetime | None:
    given = [values[key] for key in ("full_created_at", "created_at") if values.get(key)]
    for value in given:
        if isinstance(value, str) and (time := read_time(value.strip())):
            return time
    tally.note(BAD_TIME if given else NO_TIME)
    return None


def _addresses(values: Mapping[str, object]) -> list[object]:
    given = values.get("pics")
    return list(given.split(",")) if isinstance(given, str) else given if isinstance(given, list) else []
