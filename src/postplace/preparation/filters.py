"""The papers' filters (MRLF, section IV-A; SG-MFT, section 4.1), each fitted on the training part and applied to all.

A filter is a frozen dataclass of options; `fit(training posts)` gives a fitted one, whose `apply(post)` gives the post,
a changed copy of it, or None. A fitted filter can be written as JSON and read again, for posts to come.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Protocol

from postplace.errors import BadOption, BadRun, unknown_name
from postplace.preparation.language import check_languages, detect_language
from postplace.schema import Post
from postplace.system.json_types import JsonObject
from postplace.system.option_checks import check_names, check_share, check_whole
from postplace.text.hashtags import normalise_hashtag

MODALITIES = {"text": "text", "hashtags": "hashtags", "image": "images"}  # name -> field of a post
NAMED = 5  # languages named one by one in a note


class FittedFilter(Protocol):
    """A rule with nothing left to learn: applying it again changes nothing."""

    name: ClassVar[str]

    @property
    def rule(self) -> str:
        """What it removes, in a few words."""
        ...

    def apply(self, post: Post) -> Post | None:
        """The post, changed or not; None where the rule leaves it out."""
        ...

    def note(self, posts: Sequence[Post]) -> str:
        """What is left of these posts, in a line for the report."""
        ...


class Filter(Protocol):
    """A rule with its options; what it must count, it counts in the training part."""

    @property
    def rule(self) -> str:
        """What it removes, in a few words."""
        ...

    def fit(self, training: Sequence[Post]) -> FittedFilter:
        """Learn from the training posts alone what the rule needs."""
        ...


# --- rare hashtags: taken out of the posts, which stay


@dataclass(frozen=True, slots=True)
class RareHashtags:
    """Hashtags in fewer than `min_posts` posts of the training part are removed from every post (MRLF IV-A: 50).

    The paper counts in each city: a set of posts is one city here. `NewYork` and `#NEWYORK` are one hashtag.
    """

    min_posts: int = 50

    def __post_init__(self) -> None:
        _check_count("min_hashtag_posts", self.min_posts)

    @property
    def rule(self) -> str:
        """What it removes, in a few words."""
        return f"hashtags under {self.min_posts} training posts"

    def fit(self, training: Sequence[Post]) -> KeptHashtags:
        """The hashtags that are frequent enough in these posts."""
        counts = Counter(tag for post in training for tag in {normalise_hashtag(tag) for tag in post.hashtags})
        return KeptHashtags(self.min_posts, frozenset(tag for tag, count in counts.items() if count >= self.min_posts))


@dataclass(frozen=True, slots=True)
class KeptHashtags:
    """Removes every hashtag but those in `kept`, which are in their normalised form."""

    name: ClassVar[str] = "rare hashtags"
    min_posts: int
    kept: frozenset[str]

    @property
    def rule(self) -> str:
        """What it removes, in a few words."""
        return RareHashtags(self.min_posts).rule

    def apply(self, post: Post) -> Post:
        """The post with the kept hashtags alone."""
        tags = tuple(tag for tag in post.hashtags if normalise_hashtag(tag) in self.kept)
        return post if tags == post.hashtags else replace(post, hashtags=tags)

    def note(self, posts: Sequence[Post]) -> str:
        """How many different hashtags stay."""
        found = {normalise_hashtag(tag) for post in posts for tag in post.hashtags}
        return f"{len(self.kept)} of {len(found)} different hashtags stay"


# --- rare places: their posts go


@dataclass(frozen=True, slots=True)
class RarePlaces:
    """Posts of places with fewer than `min_posts` posts in the training part are removed (MRLF IV-A: 100).

    A post without a place stays: there is nothing to count.
    """

    min_posts: int = 100

    def __post_init__(self) -> None:
        _check_count("min_place_posts", self.min_posts)

    @property
    def rule(self) -> str:
        """What it removes, in a few words."""
        return f"places under {self.min_posts} training posts"

    def fit(self, training: Sequence[Post]) -> KeptPlaces:
        """The places that are frequent enough in these posts."""
        counts = Counter(post.place for post in training if post.place is not None)
        return KeptPlaces(self.min_posts, frozenset(name for name, count in counts.items() if count >= self.min_posts))


@dataclass(frozen=True, slots=True)
class KeptPlaces:
    """Removes posts of every place but those in `kept`."""

    name: ClassVar[str] = "rare places"
    min_posts: int
    kept: frozenset[str]

    @property
    def rule(self) -> str:
        """What it removes, in a few words."""
        return RarePlaces(self.min_posts).rule

    def apply(self, post: Post) -> Post | None:
        """The post, if its place is kept or not known."""
        return post if post.place is None or post.place in self.kept else None

    def note(self, posts: Sequence[Post]) -> str:
        """How many places stay, and how many posts have none."""
        found = {post.place for post in posts if post.place is not None}
        without = sum(post.place is None for post in posts)
        unplaced = f"; {without} posts without a place stay" if without else ""
        return f"{len(self.kept)} of {len(found)} places stay{unplaced}"


# --- filters with nothing to learn


@dataclass(frozen=True, slots=True)
class Languages:
    """Posts whose text is of a language not in `keep` (ISO 639-1) are removed (MRLF IV-A: English posts stay).

    A text too short to tell, or none, stays and is counted; see `detect_language`.
    """

    name: ClassVar[str] = "languages"
    keep: tuple[str, ...] = ("en",)

    def __post_init__(self) -> None:
        object.__setattr__(self, "keep", check_languages(self.keep))
        if not self.keep:
            raise BadOption("languages", "no language is named", "give for example en,zh, or none for no such filter")

    @property
    def rule(self) -> str:
        """What it removes, in a few words."""
        return f"texts not in {', '.join(self.keep)}"

    def fit(self, training: Sequence[Post]) -> Languages:
        """Itself."""
        return self

    def apply(self, post: Post) -> Post | None:
        """The post, unless its text is certainly of another language."""
        return post if detect_language(post.text, keep=self.keep) in (None, *self.keep) else None

    def note(self, posts: Sequence[Post]) -> str:
        """Which languages go, and how many texts were too short to tell."""
        found = Counter(detect_language(post.text, keep=self.keep) for post in posts)
        undecided = found.pop(None, 0)
        others = [f"{name} {count}" for name, count in found.most_common() if name not in self.keep]
        named = ", ".join(others[:NAMED]) + (", ..." if len(others) > NAMED else "")
        return f"{undecided} texts too short to tell stay" + (f"; removed: {named}" if named else "")


@dataclass(frozen=True, slots=True)
class Modalities:
    """Posts without all of `required` are removed (MRLF IV-A: text, hashtags and image; SG-MFT 4.1: text and image)."""

    name: ClassVar[str] = "modalities"
    required: tuple[str, ...] = ("text", "hashtags", "image")

    def __post_init__(self) -> None:
        object.__setattr__(self, "required", check_names("required", self.required))
        for modality in self.required:
            if modality not in MODALITIES:
                raise unknown_name("require", modality, MODALITIES)
        if not self.required:
            raise BadOption(
                "require", "no modality is named", "give for example text,image, or none for no such filter"
            )

    @property
    def rule(self) -> str:
        """What it removes, in a few words."""
        return f"posts without {' + '.join(self.required)}"

    def fit(self, training: Sequence[Post]) -> Modalities:
        """Itself."""
        return self

    def apply(self, post: Post) -> Post | None:
        """The post, if it has them all."""
        return post if all(has(post, modality) for modality in self.required) else None

    def note(self, posts: Sequence[Post]) -> str:
        """How many posts lack each modality."""
        lacking = {modality: sum(not has(post, modality) for post in posts) for modality in self.required}
        return "without " + ", ".join(f"{modality} {count}" for modality, count in lacking.items())


@dataclass(frozen=True, slots=True)
class Portraits:
    """Images of which people fill more than `max_ratio` are removed from their posts (MRLF III-B, IV-A, IV-E: 0.5).

    In the others the people are painted over. It cannot be applied to a post alone: its images must be looked at
    first, by the run (`postplace.preparation.pipeline`). `segmenter` and `inpaint` are names, the weights optional
    files.
    """

    name: ClassVar[str] = "portraits"
    max_ratio: float = 0.5
    segmenter: str = "auto"
    segmenter_weights: str | None = None
    inpaint: str = "auto"
    inpaint_weights: str | None = None

    def __post_init__(self) -> None:
        what = "the largest part of an image that people may fill, from 0 to 1"
        check_share("max_portrait", self.max_ratio, what=what)

    @property
    def rule(self) -> str:
        """What it removes, in a few words."""
        return f"portrait ratio above {self.max_ratio:g}"

    def fit(self, training: Sequence[Post]) -> PortraitsLeft:
        """Nothing to learn, and no image looked at yet: every image stays as it is."""
        return PortraitsLeft(self, {})


@dataclass(frozen=True, slots=True)
class PortraitsLeft:
    """What the run found: an image -> the one to take instead, None for none; any other image stays as it is."""

    name: ClassVar[str] = "portraits"
    options: Portraits
    replacements: Mapping[Path, Path | None]

    @property
    def rule(self) -> str:
        """What it removes, in a few words."""
        return self.options.rule

    def apply(self, post: Post) -> Post:
        """The post with the images to take."""
        return replace_images(post, self.replacements)

    def note(self, posts: Sequence[Post]) -> str:
        """How many different images go, and in how many the people were painted over."""
        removed = sum(path is None for path in self.replacements.values())
        return f"{removed} removed, people painted over in {len(self.replacements) - removed}"


# --- posts


def has(post: Post, modality: str) -> bool:
    """Whether a post has a modality: a text that is more than spaces, a hashtag, an image."""
    value = getattr(post, MODALITIES[modality])
    return bool(value.strip() if isinstance(value, str) else value)


def replace_images(post: Post, replacements: Mapping[Path, Path | None]) -> Post:
    """The post with some images exchanged for others, or (None) left out."""
    if not any(image in replacements for image in post.images if isinstance(image, Path)):
        return post
    taken = ((replacements.get(image, image) if isinstance(image, Path) else image) for image in post.images)
    return replace(post, images=tuple(image for image in taken if image is not None))


def _check_count(where: str, count: int) -> None:
    check_whole(where, count, least=1, remedy=", or leave the filter out")


# --- recipes

RECIPES: Mapping[str, tuple[Filter, ...]] = {
    "mrlf": (RareHashtags(50), RarePlaces(100), Languages(("en",)), Portraits(0.5), Modalities()),
    "sg-mft": (Modalities(("text", "image")),),
    "none": (),
}
# As MRLF IV-A tells it, but for the portraits, which it names second. They change images alone, so that only a rule
# that asks for an image must come after them, too: the result is the same, and no image of a post that another rule
# removes is searched.
_ORDER = (RareHashtags, RarePlaces, Languages, Modalities, Portraits)
_IMAGE = "image"


def find_recipe(name: str, *, changes: Mapping[type[Filter], Filter | None] | None = None) -> tuple[Filter, ...]:
    """The filters of a recipe, in their order; `changes` replaces, adds or (None) leaves out a kind of filter.

    An image that is required is required again after the portraits, which may have taken a post's last.

    >>> [filter_.rule for filter_ in find_recipe("sg-mft", changes={RareHashtags: RareHashtags(5), Modalities: None})]
    ['hashtags under 5 training posts']
    """
    if name not in RECIPES:
        raise unknown_name("recipe", name, RECIPES)
    chosen: dict[type[Filter], Filter | None] = {type(filter_): filter_ for filter_ in RECIPES[name]}
    chosen |= changes or {}
    ordered = tuple(filter_ for kind in _ORDER if (filter_ := chosen.get(kind)) is not None)
    required = chosen.get(Modalities)
    asks_for_image = isinstance(required, Modalities) and _IMAGE in required.required
    return (*ordered, Modalities((_IMAGE,))) if asks_for_image and chosen.get(Portraits) else ordered


def apply_filters(fitted: Sequence[FittedFilter], posts: Sequence[Post]) -> list[Post]:
    """The posts that pass every filter, in order, with what the filters changed in them."""
    for filter_ in fitted:
        posts = [kept for post in posts if (kept := filter_.apply(post)) is not None]
    return list(posts)


# --- on disk


def to_json(fitted: FittedFilter) -> JsonObject:
    """A fitted filter as plain data; of the portraits the options alone, since other posts have other images."""
    options: Any = fitted.options if isinstance(fitted, PortraitsLeft) else fitted
    values = {key: sorted(value) if isinstance(value, frozenset) else value for key, value in asdict(options).items()}
    return {"filter": fitted.name, **values}


def from_json(saved: Mapping[str, Any]) -> FittedFilter:
    """The inverse of `to_json`; a BadRun for anything else."""
    try:
        values = {key: value for key, value in saved.items() if key != "filter"}
        read: FittedFilter = _READERS[saved["filter"]](values)
        return read
    except (KeyError, TypeError, AttributeError, BadOption) as error:
        problem = f"{dict(saved)!r:.80} is no filter ({error})"
        raise BadRun("the saved recipe", problem, "prepare the posts again") from error


def _names(values: object) -> frozenset[str]:
    if not isinstance(values, list):
        raise TypeError("its names are no list")
    return frozenset(values)


_READERS: Mapping[str, Any] = {
    KeptHashtags.name: lambda saved: KeptHashtags(**saved | {"kept": _names(saved["kept"])}),
    KeptPlaces.name: lambda saved: KeptPlaces(**saved | {"kept": _names(saved["kept"])}),
    Languages.name: lambda saved: Languages(tuple(saved["keep"])),
    Modalities.name: lambda saved: Modalities(tuple(saved["required"])),
    Portraits.name: lambda saved: Portraits(**saved).fit(()),
}
