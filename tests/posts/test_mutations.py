"""Mutated records: each ends as a post, in a refusal or as the same post again, by count, and no text is lost.

POSTPLACE_MUTATIONS says how many of each source are tried.
"""

from __future__ import annotations

import copy
import csv
import json
import random
import runpy
import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.posts.mutation import NUMBER, STRANGE

from postplace.posts.dump import AGAIN, Dump
from postplace.posts.instaloader import instaloader_dump
from postplace.posts.record_files import HEADER_AGAIN
from postplace.posts.weibo import weibo_export

AT_ONCE = 5_000  # records of one dump
DATA = Path(__file__).parents[1] / "data"
INSTALOADER = runpy.run_path(str(DATA / "instaloader" / "make.py"))
WEIBO = runpy.run_path(str(DATA / "weibo" / "make.py"))
WORDS = "by the river"  # in every text: where they are lost, a text was

OTHERS = {  # what other programs call it
    "edge_media_to_caption": "caption_text",
    "caption": "description",
    "text": "content",
    "shortcode": "shortCode",
    "location": "locationName",
    "created_at": "publish_time",
    "pics": "original_pictures",
    "id": "mblogid",
}


def mutated(record: dict[str, Any], draw: random.Random) -> dict[str, Any]:
    """A record with up to three of its values, at any depth, removed, renamed or replaced."""
    record = copy.deepcopy(record)
    for _ in range(draw.randrange(4)):
        inside: Any = record
        while True:
            keys = list(inside) if isinstance(inside, dict) else list(range(len(inside)))
            if not keys:
                break
            key = draw.choice(keys)
            if isinstance(inside[key], dict | list) and inside[key] and draw.random() < 0.6:
                inside = inside[key]
                continue
            change = draw.randrange(3)
            if change == 0:
                inside[key] = draw.choice(STRANGE)
            elif change == 1 and isinstance(inside, dict):
                inside[OTHERS.get(str(key), f"{key}_")] = inside.pop(key)
            else:
                del inside[key]
            break
    return record


def check(dump: Dump, records: int, *, ignored: tuple[str, ...] = (), whole: int) -> Counter[str]:
    """Read the dump, and hold its counts to the records that are in it."""
    posts = list(dump)
    counts = dump.tally.left_out
    others = {AGAIN, *ignored}
    assert dump.tally.posts == len(posts) == len({post.id for post in posts})
    assert dump.refused_count == sum(count for reason, count in counts.items() if reason not in others)
    assert len(posts) + dump.refused_count + sum(counts[reason] for reason in others) == records
    assert sum(WORDS in post.text for post in posts) + counts[AGAIN] >= whole  # nothing was lost of what was whole
    for post in posts:
        json.dumps([post.id, post.text, post.hashtags, post.user, post.place], ensure_ascii=False).encode()
    return counts


def in_parts(make: Callable[[Path, int, random.Random], None], folder: Path) -> None:
    draw = random.Random(15)
    for number, start in enumerate(range(0, NUMBER, AT_ONCE)):
        inside = folder / str(number)
        inside.mkdir()
        make(inside, min(AT_ONCE, NUMBER - start), draw)


def instagram_node(number: int, draw: random.Random) -> dict[str, Any]:
    caption = f"{WORDS} #{number}"
    if draw.random() < 0.3:
        node: dict[str, Any] = INSTALOADER["iphone_node"](f"C{number}", caption={"text": caption})
        return node | {"caption": caption}
    parts = INSTALOADER["sidecar"](False, True) if draw.random() < 0.2 else {}
    edges = {"edges": [{"node": {"text": caption}}]}
    own: dict[str, Any] = INSTALOADER["node"](f"C{number}", edge_media_to_caption=edges)
    return {**parts, **own, **{key: parts[key] for key in parts if key == "edge_sidecar_to_children"}}


def test_instaloader(tmp_path: Path) -> None:
    def make(folder: Path, records: int, draw: random.Random) -> None:
        whole = 0
        for number in range(records):
            node = instagram_node(draw.randrange(records), draw)  # some come again
            changed = INSTALOADER["structure"](node) if draw.random() < 0.9 else node
            again = mutated(changed, draw)
            content = json.dumps(again)
            if draw.random() < 0.05:
                content = content[: draw.randrange(len(content))]
                again = {}
            whole += again == changed
            (folder / f"{number}.json").write_text(content, encoding="utf-8")
        kinds = ("comments ignored", "metadata of another kind ignored", "Profile ignored")
        check(instaloader_dump(folder), records, ignored=kinds, whole=whole)

    in_parts(make, tmp_path)


def weibo_post(number: int) -> dict[str, Any]:
    post: dict[str, Any] = WEIBO["weibo"](id=4454572602912349 + number, bid="", text=f"{WORDS} #{number}#")
    return post


def test_weibo_json(tmp_path: Path) -> None:
    def make(folder: Path, records: int, draw: random.Random) -> None:
        originals = [weibo_post(draw.randrange(records)) for _ in range(records)]
        changed = [mutated(post, draw) for post in originals]
        whole = sum(before == after for before, after in zip(originals, changed, strict=True))
        items = [draw.choice(STRANGE) if draw.random() < 0.02 else post for post in changed]
        (folder / "x.json").write_text(json.dumps({"weibo": items}), encoding="utf-8")
        check(weibo_export(folder), records, whole=int(whole * 0.9))

    in_parts(make, tmp_path)


def test_weibo_csv(tmp_path: Path) -> None:
    def make(folder: Path, records: int, draw: random.Random) -> None:
        header = list(WEIBO["HEADER"] + WEIBO["RETWEET_HEADER"])
        rows, whole = [], 0
        for _ in range(records):
            row = [str(cell) for cell in WEIBO["cells"](weibo_post(draw.randrange(records)))]
            kind = draw.randrange(10)
            whole += kind < 5
            if kind == 5:
                row = header
            elif kind == 6:
                row = row[: draw.randrange(1, len(row))]
            elif kind == 7:
                row[draw.randrange(len(row))] = str(draw.choice(STRANGE)).replace("\ud83d", "")
            elif kind == 8:
                draw.shuffle(row)
            elif kind == 9:
                row.insert(draw.randrange(len(row)), "https://x/live.mov")
            rows.append(row)
        check(weibo_export(WEIBO["save_csv"](folder, rows)), records, ignored=(HEADER_AGAIN,), whole=whole)

    in_parts(make, tmp_path)


def test_weibo_database(tmp_path: Path) -> None:
    def make(folder: Path, records: int, draw: random.Random) -> None:
        columns = list(weibo_post(0))
        connection = sqlite3.connect(folder / "weibodata.db")
        connection.execute(f"CREATE TABLE weibo ({', '.join(columns)})")
        whole = 0
        for _ in range(records):
            post = weibo_post(draw.randrange(records))
            if draw.random() < 0.5:
                post[draw.choice(columns)] = draw.choice([None, 0, -1, 1.5, "", "\0", b"\xff\x00", "无", "a" * 5000])
            else:
                whole += 1
            connection.execute(f"INSERT INTO weibo VALUES ({', '.join('?' * len(columns))})", list(post.values()))
        connection.commit()
        connection.close()
        check(weibo_export(folder), records, whole=whole)

    in_parts(make, tmp_path)


@pytest.mark.parametrize("ending", [".jsonl", ".csv"])
def test_own_tables(tmp_path: Path, ending: str) -> None:
    from postplace.posts.table import PostStream

    def make(folder: Path, records: int, draw: random.Random) -> None:
        path = folder / f"posts{ending}"
        rows = []
        for _ in range(records):
            post = {"id": draw.randrange(records), "text": WORDS, "hashtags": "a;b", "user": "u", "time": 1664191650}
            rows.append(mutated(post, draw))
        if ending == ".jsonl":
            path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        else:
            with path.open("w", encoding="utf-8", errors="replace", newline="") as file:
                table = csv.DictWriter(file, ["id", "text", "hashtags", "user", "time", "likes"], extrasaction="ignore")
                table.writeheader()
                for row in rows:
                    if draw.random() < 0.05:
                        table.writeheader()
                    else:
                        table.writerow(row)
        stream = PostStream(path, on_bad_post="skip")
        posts = list(stream)
        blank = len(rows) - stream.read - stream.skipped_count - stream.header_again
        assert blank == 0
        assert len(posts) == stream.read == len({post.id for post in posts})
        assert sum(not (post.text.strip() or post.hashtags or post.images) for post in posts) == stream.empty

    in_parts(make, tmp_path)
