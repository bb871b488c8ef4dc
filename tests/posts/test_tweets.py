"""Tweets in every form that is read; each with the same words, place and image."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.posts.mutations import as_lines, many

from postplace.errors import BadPost
from postplace.posts.auto import recognise
from postplace.posts.tweets import NO_PLACE, RETWEET, detect, tweets_dump

ID = 1575000000000000000
ADDRESS = "https://pbs.example/media/Fabc.jpg"
COUNT = int(os.environ.get("POSTPLACE_MUTATIONS", "3000"))


def twscrape(number: int = 0, **changes: object) -> dict[str, Any]:
    """As twscrape's `Tweet.json()`."""
    return {
        "id": ID + number,
        "id_str": str(ID + number),
        "url": "https://x.example/mira/status/1",
        "date": "2022-09-28 10:00:00+00:00",
        "user": {"id": 5, "id_str": "5", "username": "mira_o", "location": "Elsewhere"},
        "lang": "en",
        "rawContent": "evening &amp; river #Dusk",
        "hashtags": ["Dusk"],
        "place": {"id": "p1", "fullName": "Oldtown, Freeland", "name": "Oldtown", "type": "city"},
        "coordinates": {"longitude": 13.73, "latitude": 51.05},
        "media": {"photos": [{"url": ADDRESS}], "videos": [], "animated": []},
        "retweetedTweet": None,
    } | changes


def snscrape(number: int = 0, **changes: object) -> dict[str, Any]:
    """As `snscrape --jsonl twitter-search` writes one, in its older form."""
    return {
        "_type": "snscrape.modules.twitter.Tweet",
        "url": "https://x.example/mira/status/1",
        "date": "2022-09-28T10:00:00+00:00",
        "content": "evening &amp; river #Dusk",
        "id": ID + number,
        "user": {"_type": "snscrape.modules.twitter.User", "username": "mira_o", "id": 5},
        "media": [{"_type": "snscrape.modules.twitter.Photo", "previewUrl": "x", "fullUrl": f"{ADDRESS}?name=large"}],
        "coordinates": {"_type": "snscrape.modules.twitter.Coordinates", "longitude": 13.73, "latitude": 51.05},
        "place": {"_type": "snscrape.modules.twitter.Place", "fullName": "Oldtown, Freeland", "name": "Oldtown"},
        "hashtags": None,
    } | changes


def version_1(number: int = 0, **changes: object) -> dict[str, Any]:
    """As the API in version 1.1."""
    return {
        "created_at": "Wed Sep 28 10:00:00 +0000 2022",
        "id": ID + number,
        "id_str": str(ID + number),
        "full_text": "evening &amp; river #Dusk",
        "entities": {"hashtags": [{"text": "Dusk", "indices": [16, 21]}]},
        "extended_entities": {"media": [{"type": "photo", "media_url_https": ADDRESS}]},
        "user": {"id": 5, "id_str": "5", "screen_name": "mira_o"},
        "geo": {"type": "Point", "coordinates": [51.05, 13.73]},
        "coordinates": {"type": "Point", "coordinates": [13.73, 51.05]},
        "place": {"id": "p1", "full_name": "Oldtown, Freeland", "name": "Oldtown"},
    } | changes


def version_2(number: int = 0, **changes: object) -> dict[str, Any]:
    """One page of the API in version 2, with one tweet."""
    tweet = {
        "id": str(ID + number),
        "text": "evening &amp; river #Dusk",
        "author_id": "5",
        "created_at": "2022-09-28T10:00:00.000Z",
        "edit_history_tweet_ids": [str(ID + number)],
        "entities": {"hashtags": [{"start": 16, "end": 21, "tag": "Dusk"}]},
        "attachments": {"media_keys": ["3_1"]},
        "geo": {"place_id": "p1", "coordinates": {"type": "Point", "coordinates": [13.73, 51.05]}},
    } | changes
    includes = {
        "places": [{"id": "p0", "full_name": "Nowhere"}, {"id": "p1", "full_name": "Oldtown, Freeland"}],
        "media": [{"media_key": "3_1", "type": "photo", "url": ADDRESS}],
        "users": [{"id": "5", "username": "mira_o"}],
    }
    return {"data": [tweet], "includes": includes, "meta": {"result_count": 1}}


def flat(number: int = 0) -> dict[str, Any]:
    """One tweet as `twarc2 flatten` writes it."""
    tweet: dict[str, Any] = version_2(number)["data"][0]
    tweet["geo"] |= {"id": "p1", "full_name": "Oldtown, Freeland"}
    media = {"media": [{"media_key": "3_1", "type": "photo", "url": ADDRESS}]}
    return tweet | {"author": {"id": "5", "username": "mira_o"}, "attachments": tweet["attachments"] | media}


def save(path: Path, *records: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


@pytest.mark.parametrize("make", [twscrape, snscrape, version_1, version_2, flat])
def test_each_form_gives_the_same_post(tmp_path: Path, make: Callable[[int], dict[str, Any]]) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "Fabc.jpg").write_bytes(b"x")
    dump = tweets_dump(save(tmp_path / "tweets.jsonl", make(0), make(1), make(1)))
    post, _ = dump
    assert (post.id, post.text, post.user) == (str(ID), "evening & river #Dusk", "5")
    assert [tag.casefold() for tag in post.hashtags] == ["dusk"]
    assert post.time == datetime(2022, 9, 28, 10, tzinfo=UTC)
    assert (post.place, post.venue) == ("Oldtown, Freeland", None if make is snscrape else "p1")
    assert (post.latitude, post.longitude) == (51.05, 13.73)
    assert post.images == (tmp_path / "images" / "Fabc.jpg",)
    assert dump.counts == {"posts": 2, "the same post again": 1}
    assert detect(tmp_path)
    assert recognise(tmp_path).name == "tweets"


def test_a_user_is_one_in_any_writing(tmp_path: Path) -> None:
    users = [5, 5.0, "5", "5.0", "1.57E+18"]
    file = save(tmp_path / "a.jsonl", *(twscrape(n, user={"id": user}) for n, user in enumerate(users)))
    dump = tweets_dump(file)
    assert [post.user for post in dump] == ["5", "5", "5", "5", None]
    assert dump.counts["user rounded by a spreadsheet"] == 1


def archive(folder: Path, *tweets: object) -> Path:
    """The folder that X sends, with the other files of the person."""
    data = folder / "data"
    (data / "tweets_media").mkdir(parents=True)
    listed = json.dumps([{"tweet": tweet} for tweet in tweets], indent=2)
    (data / "tweets.js").write_text(f"window.YTD.tweets.part0 = {listed}", encoding="utf-8")
    (data / "like.js").write_text('window.YTD.like.part0 = [{"like": {"tweetId": "1", "fullText": "other"}}]')
    account = [{"account": {"accountId": "77", "username": "mira_o"}}]
    (data / "account.js").write_text(f"window.YTD.account.part0 = {json.dumps(account)}")
    (data / "tweets_media" / f"{ID}-Fabc.jpg").write_bytes(b"x")
    return folder


def test_an_archive_of_x(tmp_path: Path) -> None:
    point = {"type": "Point", "coordinates": ["13.73", "51.05"]}
    owned = {key: value for key, value in version_1(coordinates=point).items() if key not in ("user", "place")}
    dump = tweets_dump(archive(tmp_path, owned, owned | {"id_str": "2", "full_text": "RT @lev: somebody else's"}))
    (post,) = dump
    assert (post.id, post.user, post.latitude, post.longitude) == (str(ID), "77", 51.05, 13.73)
    assert post.images == (tmp_path / "data" / "tweets_media" / f"{ID}-Fabc.jpg",)
    assert dump.counts == {"posts": 1, RETWEET: 1}
    assert recognise(tmp_path).name == recognise(tmp_path / "data" / "tweets.js").name == "tweets"


@pytest.mark.parametrize(
    ("record", "counts"),
    [
        (twscrape(retweetedTweet={"id": 1}), {RETWEET: 1}),
        (version_1(retweeted_status={"id": 1}), {RETWEET: 1}),
        (version_2(referenced_tweets=[{"type": "retweeted", "id": "1"}]), {RETWEET: 1}),
        (version_2(referenced_tweets=[{"type": "quoted", "id": "1"}], attachments=None), {"posts": 1}),
        ({"_type": "snscrape.modules.twitter.Tombstone", "id": 1}, {"tweet that is gone": 1}),
        ({"data": [], "meta": {"result_count": 0}}, {"response without tweets": 1}),
        ({"errors": [{"title": "gone"}]}, {"response without tweets": 1}),
        ({"id": "1"}, {"no content that is known": 1}),
        (version_2(geo={"place_id": "p9"}, attachments=None), {"posts": 1, NO_PLACE: 1}),
        (twscrape(media={"videos": [{"url": "x"}]}), {"posts": 1, "video ignored": 1}),
        (twscrape(media=None, date=None, user=None), {"posts": 1, "time unknown": 1, "user unknown": 1}),
        (
            twscrape(media=None, coordinates={"longitude": 0, "latitude": 0}),
            {"posts": 1, "coordinates cannot be read": 1},
        ),
    ],
)
def test_what_is_counted(tmp_path: Path, record: object, counts: dict[str, int]) -> None:
    dump = tweets_dump(save(tmp_path / "a.jsonl", record))
    list(dump)
    assert dump.counts == counts


def test_long_tweets_keep_all_their_words(tmp_path: Path) -> None:
    longer = version_2(note_tweet={"text": "all of it"})
    older = version_1(1, extended_tweet={"full_text": "all of it"})
    assert [post.text for post in tweets_dump(save(tmp_path / "a.jsonl", longer, older))] == ["all of it"] * 2


def test_other_files_are_not_tweets(tmp_path: Path) -> None:
    save(tmp_path / "a.jsonl", {"id": 1, "text": "a"}, {"pk": 2, "caption_text": "x"})
    assert not detect(tmp_path)
    with pytest.raises(BadPost, match="does not exist"):
        list(tweets_dump(tmp_path / "none"))


@pytest.mark.parametrize("make", [twscrape, snscrape, version_1, flat])
def test_every_mutated_record_ends_as_a_post_or_a_reason(tmp_path: Path, make: Callable[[int], dict[str, Any]]) -> None:
    lines = list(as_lines(many(make, COUNT // 4, seed=15), seed=15))
    (tmp_path / "a.jsonl").write_text("\n".join(lines), encoding="utf-8", errors="surrogatepass")
    dump = tweets_dump(tmp_path / "a.jsonl")
    posts = list(dump)
    assert len(posts) == len({post.id for post in posts}) == dump.tally.posts
    assert dump.tally.records == len(lines)
    assert COUNT // 8 < len(posts) < COUNT // 4
    assert dump.refused_count > 0
