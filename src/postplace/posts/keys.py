"""Which keys of a record are read, what was probably meant by others, and what is said of both."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice

from postplace.errors import BadPost
from postplace.posts.dump import AUTO, NO_CONTENT, InvalidRecord
from postplace.posts.record import KEYS, shown

SAYS = ("text", "hashtags", "images", "image_text")
"""The keys of what models read of a post."""
KNOWN = tuple(key for key in KEYS if key != "id")
"""The keys of which a record has at least one: an id alone is no post."""

_CALLED_OTHERWISE = {  # what crawlers, data sets and networks call it
    "text": "caption captiontext content body fulltext rawcontent message tweet description desc posttext title 正文",
    "hashtags": "hashtag tags tag topics topic",
    "images": "image img imgs imagepath imagepaths imagefile imagefiles imageurl imageurls filename filenames picture "
    "pictures pic pics photo photos media mediaurls path paths",
    "user": "userid username author authorid owner ownerid ownerusername uid screenname account",
    "time": "timestamp date datetime createdat created takenat takenattimestamp publishtime posttime unixtimestamp",
    "place": "placename location locationname label city landmark",
    "venue": "venueid locationid poi poiid placeid",
    "category": "class type",
    "latitude": "lat y",
    "longitude": "lon lng long x",
    "image_text": "ocr ocrtext",
}
_MEANT: Mapping[str, str] = {other: key for key, others in _CALLED_OTHERWISE.items() for other in others.split()}
_PLAIN = {re.sub("_", "", key): key for key in KNOWN}
_OTHERS_TEXTS = (
    *("caption_text", "edge_media_to_caption", "description", "content", "full_text", "rawContent", "text_raw"),
    *("text", "caption"),
)
_ALIKE = 0.8  # of difflib's ratio
_SHOWN = 8  # keys of a record in a message


def likely_key(name: str) -> str | None:
    """The key of a record that was probably meant by another name.

    >>> [likely_key(name) for name in ("image", "Caption", "lng", "created_at", "lattitude", "likes")]
    ['images', 'text', 'longitude', 'time', 'latitude', None]
    """
    plain = re.sub(r"[\s_-]", "", name.casefold())
    if plain in _PLAIN:
        return _PLAIN[plain]
    if plain in _MEANT:
        return _MEANT[plain]
    alike = difflib.get_close_matches(plain, _PLAIN, n=1, cutoff=_ALIKE)
    return _PLAIN[alike[0]] if alike else None


def suggestions(unused: Iterable[str], used: Collection[str]) -> str:
    """What was probably meant by keys that are not used, where nothing else has that key; "" where nobody knows.

    >>> suggestions(["caption", "image", "likes", "lat"], used=["id", "images"])
    "did you mean 'text' by 'caption', 'latitude' by 'lat'?"
    """
    guesses: dict[str, str] = {}
    for name in unused:
        key = likely_key(name)
        if key and key not in used:
            guesses.setdefault(key, name)
    pairs = ", ".join(f"{key!r} by {shown(name)}" for key, name in guesses.items())
    return f"did you mean {pairs}?" if pairs else ""


def on_unused(unused: Iterable[str], used: Collection[str]) -> str:
    """One line on the keys that are not used, with what was probably meant.

    >>> on_unused(["likes", "image"], used=["id"])
    "keys that are not used: image, likes; did you mean 'images' by 'image'?"
    """
    names = sorted(name.strip() or "a column without a name" for name in unused)
    guess = suggestions(names, used)
    return f"keys that are not used: {', '.join(names)}" + (f"; {guess}" if guess else "")


def require_known(record: Mapping[str, object], where: str) -> None:
    """Refuse a record of which nothing but the id is known. A key counts where it stands, with nothing in it too.

    Raises BadPost.
    """
    if any(key in record for key in KNOWN):
        return
    names = [str(key) for key in islice(record, _SHOWN) if key != "id"]
    has = f" (it has {', '.join(shown(name)[1:-1] for name in names)})" if names else ""
    guess = suggestions(names, ())
    remedy = f"{guess} rename it" if guess else "give at least one of them, as 'text', 'hashtags' or 'images'"
    raise BadPost(where, f"has none of the keys {', '.join(KNOWN)}{has}: an id alone is no post", remedy)


def require_text_key(record: Mapping[str, object], keys: Sequence[str]) -> None:
    """Refuse a record that has its text under a key of another program's: else the text is lost.

    `keys` are those of the source's own. Raises InvalidRecord.
    """
    if any(key in record for key in keys):
        return
    other = next((key for key in _OTHERS_TEXTS if record.get(key) is not None), None)
    if other is not None:
        found = f"has its text under {other!r}, not under {' or '.join(keys)}: another program wrote it"
        raise InvalidRecord(NO_CONTENT, found, AUTO)


def is_header(record: Mapping[str, object]) -> bool:
    """Whether a record is the header again, as in tables that were written to in several runs, or joined.

    >>> is_header({"id": "id", "text": "text"}), is_header({"id": "id", "text": "river"})
    (True, False)
    """
    if record.get("id") != "id" or len(record) == 1:
        return False
    return all(value is None or (isinstance(value, str) and value.strip() == key) for key, value in record.items())
