"""The images of tweets: what each kind of record says of them, and where they lie."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from postplace.posts.downloaded_images import FOLDERS, ImageIndex, address_stem, usable
from postplace.posts.dump import VIDEO, ImportReport, at, first

_FOLDERS = (*FOLDERS, "tweets_media", "tweet_media")  # the last two are an archive's


def tweet_images(
    file: Path, tweet: Mapping[str, object], includes: object, *, images: ImageIndex, tally: ImportReport
) -> list[str]:
    """The images that lie beside the file: `ID-NAME` as in an archive, `NAME` as in the address, or `ID_NUMBER`."""
    tweet_id, found = first(tweet.get("id_str"), tweet.get("id")), []
    for number, (kind, address) in enumerate(_media(tweet, includes), start=1):
        if kind != "photo":
            tally.note(VIDEO)
            continue
        name = address_stem(address)
        names = [f"{tweet_id}-{name}" if name else "", name, f"{tweet_id}_{number}"]
        found += usable(images.find(file.parent, names, inside=_FOLDERS), tally)
    return list(dict.fromkeys(found))


def _media(tweet: Mapping[str, object], includes: object) -> Iterator[tuple[str, object]]:
    """The kind of each medium, "photo" or another, and its address."""
    media = tweet.get("media")
    if isinstance(media, dict):  # twscrape
        for key, kind in (("photos", "photo"), ("videos", "video"), ("animated", "video")):
            listed = media.get(key)
            yield from ((kind, at(item, "url")) for item in listed or []) if isinstance(listed, list) else ()
    elif isinstance(media, list):  # snscrape
        for item in media:
            kind = "photo" if str(at(item, "_type")).endswith(".Photo") or at(item, "fullUrl") else "video"
            yield kind, at(item, "fullUrl")
    else:
        yield from _media_of_the_api(tweet, includes)


def _media_of_the_api(tweet: Mapping[str, object], includes: object) -> Iterator[tuple[str, object]]:
    listed = first(at(tweet, "extended_entities", "media"), at(tweet, "entities", "media"))
    if isinstance(listed, list):  # version 1.1, and archives
        for item in listed:
            address = first(at(item, "media_url_https"), at(item, "media_url"))
            yield str(first(at(item, "type"), "photo")), address
        return
    keys, known = at(tweet, "attachments", "media_keys"), at(includes, "media")
    embedded = at(tweet, "attachments", "media")  # as `twarc2 flatten` writes them
    if isinstance(embedded, list):
        yield from ((str(at(item, "type")), at(item, "url")) for item in embedded)
    elif isinstance(keys, list):
        media = {str(at(item, "media_key")): item for item in known} if isinstance(known, list) else {}
        for key in keys:
            item = media.get(str(key))
            yield str(first(at(item, "type"), "photo")), at(item, "url")
