"""Posts that name a place: their own or any known one, in the text, among the hashtags, in the names of image files.

And the same posts without those names, which an honest test of a model needs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from postplace.errors import unknown_name
from postplace.schema import Post
from postplace.text.cleaning import for_encoder
from postplace.text.place_names import PlaceNames

KINDS = ("place", "venue", "category")  # the keys of a post whose values are names
WHERE = ("text", "hashtags", "file names")
ANYWHERE = "any of them"
KEPT_FILES = 100  # files that name a place, kept as examples


class KnownNames:
    """The names to look for, and whose they are.

    `values`: for each of `KINDS` the names that posts have under that key. `aliases`: such a value, or a place's id,
    -> its other names. `matcher` finds them all.

    >>> known = KnownNames({"place": ["p1", "Old Mill"]}, aliases={"p1": ("Green Park",)})
    >>> known.of("p1"), known.of("nowhere")
    (frozenset({'Green Park'}), frozenset())
    """

    def __init__(
        self, values: Mapping[str, Iterable[str]], *, aliases: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        for kind in values:
            if kind not in KINDS:
                raise unknown_name("names", kind, KINDS)
        self.kinds = tuple(values)
        self._aliases = aliases or {}
        own = (name for names in values.values() for name in names)
        self.matcher = PlaceNames([*own, *(name for names in self._aliases.values() for name in names)])
        self._found: dict[str, frozenset[str]] = {}

    def of(self, value: str) -> frozenset[str]:
        """The names of a place, venue or category, as the matcher spells them."""
        if value not in self._found:
            names = (value, *self._aliases.get(value, ()))
            self._found[value] = frozenset().union(*(self.matcher.spellings(name) for name in names))
        return self._found[value]


@dataclass
class NameLeaks:
    """How many posts name a place, by `WHERE` and in `ANYWHERE`.

    `own`: for each kind, the posts that name their own; `known`: those that name any. `names`: the posts that each
    name is found in. `by_class`: the posts of each place (else category) that name it. `files`: the first files.
    """

    own: dict[str, Counter[str]] = field(default_factory=dict)
    known: Counter[str] = field(default_factory=Counter)
    names: Counter[str] = field(default_factory=Counter)
    by_class: Counter[str] = field(default_factory=Counter)
    files: list[str] = field(default_factory=list)


def find_leaks(posts: Iterable[Post], known: KnownNames, *, folder: Path | None = None) -> NameLeaks:
    """Look for names in every post, one at a time. Of an image below `folder` the folders' names count, too."""
    leaks = NameLeaks({kind: Counter() for kind in known.kinds})
    for post in posts:
        found = names_in(post, known, folder=folder)
        every = frozenset().union(*found.values())
        if not every:
            continue
        leaks.names.update(every)
        _count(leaks.known, found)
        for kind in known.kinds:
            value = getattr(post, kind)
            if value is not None and every & known.of(value):
                _count(leaks.own[kind], {where: names & known.of(value) for where, names in found.items()})
        label = post.place if post.place is not None else post.category
        if label is not None and every & known.of(label):
            leaks.by_class[label] += 1
        if found["file names"] and len(leaks.files) < KEPT_FILES:
            files = (image for image in post.images if isinstance(image, Path))
            leaks.files += [str(image) for image in files if _in_file_name(image, known, folder)]
    return leaks


def names_in(post: Post, known: KnownNames, *, folder: Path | None = None) -> dict[str, frozenset[str]]:
    """The names in a post by `WHERE`; hashtags within the text count as hashtags, words read in images as text."""
    matcher = known.matcher
    mentions = [mention for text in (post.text, post.image_text) if text for mention in matcher.find(text)]
    text = frozenset(name for mention in mentions if not mention.in_hashtag for name in mention.names)
    tags = {name for mention in mentions if mention.in_hashtag for name in mention.names}
    tags.update(name for tag in post.hashtags for name in matcher.find_in_hashtag(tag))
    files = (image for image in post.images if isinstance(image, Path))
    names = frozenset(name for image in files for name in _in_file_name(image, known, folder))
    return dict(zip(WHERE, (text, frozenset(tags), names), strict=True))


@dataclass
class MaskedPosts:
    """Posts with every known name masked, one at a time; labels and image paths stay.

    Counted while iterating: `changed` posts, `texts` (of posts or read in images) and `hashtags`, and the posts
    that have `nothing_left` to go by.
    """

    posts: Iterable[Post]
    known: KnownNames
    changed: int = 0
    texts: int = 0
    hashtags: int = 0
    nothing_left: int = 0

    def __iter__(self) -> Iterator[Post]:
        self.changed = self.texts = self.hashtags = self.nothing_left = 0
        for post in self.posts:
            masked = mask_post(post, self.known)
            if masked is not post:
                self.changed += 1
                self.texts += (masked.text != post.text) + (masked.image_text != post.image_text)
                self.hashtags += len(post.hashtags) - len(masked.hashtags)
                self.nothing_left += _is_bare(masked)
            yield masked


def mask_post(post: Post, known: KnownNames) -> Post:
    """The post with no known name in its texts (see `PlaceNames.mask`) and no hashtag that holds one."""
    matcher = known.matcher
    text, image_text = matcher.mask(post.text), matcher.mask(post.image_text)
    hashtags = matcher.mask_hashtags(post.hashtags)
    if (text, image_text, hashtags) == (post.text, post.image_text, post.hashtags):
        return post
    return replace(post, text=text, image_text=image_text, hashtags=hashtags)


def _count(counter: Counter[str], found: Mapping[str, frozenset[str]]) -> None:
    counter.update(where for where, names in found.items() if names)
    counter[ANYWHERE] += 1


def _in_file_name(image: Path, known: KnownNames, folder: Path | None) -> Iterator[str]:
    below = folder is not None and image.is_relative_to(folder)
    parts = image.relative_to(folder).parts if below and folder is not None else (image.name,)
    for part in (*parts[:-1], Path(parts[-1]).stem):
        yield from known.matcher.find_in_hashtag(part)


def _is_bare(post: Post) -> bool:
    texts = for_encoder(post.text) + post.image_text
    return not post.images and not post.hashtags and not any(character.isalnum() for character in texts)
