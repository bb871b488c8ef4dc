"""How the files of Instaloader and weibo-crawler are recognised, by names and by their first records."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from postplace.posts.dump import LONGEST_RECORD, InvalidRecord, JsonText
from postplace.posts.json_files import first_objects, open_text, sample_files
from postplace.posts.weibo_database import ENDINGS as DATABASES
from postplace.posts.weibo_database import holds_posts
from postplace.posts.weibo_records import key_of_header

_NAMED_BY_TIME = re.compile(r"(?:.*_)?\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d_UTC(?:_.*)?\..+")
_ITS_FILES = (".json", ".txt", ".jpg", ".jpeg", ".png", ".webp", ".mp4")
_WORDS = frozenset(("text", "正文", "微博正文"))
_IDS = frozenset(("bid", "微博id", "微博bid"))


def is_instaloader(path: Path) -> bool:
    """Whether a folder was filled by Instaloader; never raises."""
    with suppress(OSError, ValueError):
        if not path.is_dir():
            return False
        if any(_NAMED_BY_TIME.fullmatch(file.name) for file in sample_files(path, _ITS_FILES)):
            return True
        for record in first_objects(path, (".json",)):
            bare = str(record.get("__typename", "")).startswith("Graph") and "shortcode" in record
            if bare or "instaloader" in record:
                return True
    return False


def is_weibo_crawler(path: Path) -> bool:
    """Whether a path holds what weibo-crawler wrote, or a table of its siblings; never raises."""
    return any(_is_crawlers_file(file) for file in sample_files(path, (".json", ".csv", *DATABASES)))


def _is_crawlers_file(file: Path) -> bool:
    ending = file.suffix.lower()
    if ending in DATABASES:
        return holds_posts(file, key_of=key_of_header)
    with suppress(OSError, ValueError, InvalidRecord, RecursionError, csv.Error), open_text(file) as opened:
        if ending == ".csv":
            header = next(csv.reader(iter([opened.readline(LONGEST_RECORD)])), [])
            names = {name.strip().casefold() for name in header}
            return bool(names & _WORDS and names & _IDS)
        return any(
            isinstance(post, dict) and "text" in post and {"bid", "pics", "attitudes_count"} & set(post)
            for post in _first_posts(JsonText(opened))
        )
    return False


def _first_posts(text: JsonText) -> Iterator[object]:
    """The first of `{"user": ..., "weibo": [...]}`, of a list, or of an object a line."""
    opening = text.peek()
    if opening == "[":
        yield from islice(text.list_items(), 3)
    elif opening == "{":
        whole: dict[str, object] = {}
        for key in text.object_keys():
            if key == "weibo" and text.peek() == "[":
                yield from islice(text.list_items(), 3)
                return
            whole[key] = text.value()
        yield whole
