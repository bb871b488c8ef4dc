"""How far a fitted system reads a post: which limits apply depends on what it is given of posts.

Characters and words are cut to the lengths of the run's vocabularies; a system of vectors or token states reads what
its text encoder does; one of the texts themselves reads everything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from postplace.encoders.encoder import CountsLengths, ImageEncoder, TextEncoder
from postplace.features.batch import Vocabularies
from postplace.features.image_keys import BrokenImage
from postplace.features.pooled import drop_modalities
from postplace.models.settings import ResolvedSettings
from postplace.schema import Post
from postplace.text.cleaning import for_encoder, left_out
from postplace.text.stop_words import PLACES, WordRules
from postplace.text.tokens import HASHTAGS, TEXT, TextTokens, read_extents, tokenize
from postplace.truncation import Extent, Unread

BOTH = "text and hashtags"


@dataclass(frozen=True)
class ReadLimits:
    """What decides how far a system reads: its plan, the lengths its vocabularies cut to, its text encoder."""

    plan: ResolvedSettings
    vocabularies: Vocabularies | None
    encoder: TextEncoder
    modalities: tuple[str, ...]

    def extents(self, post: Post, tokens: TextTokens | None = None) -> list[Extent]:
        """Every way in which it reads the text and the hashtags of a post, cut or not; none for a side not there.

        `tokens` are the post's, if it was cut into them before.
        """
        (post,) = drop_modalities([post], self.modalities)
        found = (
            self._of_tokens(tokens or tokenize(post, self.word_rules))
            if self.plan.inputs & {"characters", "words"}
            else []
        )
        found += self._of_encoder(post)
        sides = {name for name in (TEXT, HASHTAGS) if self.looks_at(name)}
        return [extent for extent in found if extent.total and (extent.of in sides or extent.of == BOTH)]

    @property
    def word_rules(self) -> WordRules:
        """The rules by which it cuts a text into words."""
        return PLACES if self.vocabularies is None else self.vocabularies.word_rules

    def unread(self, post: Post, *, broken: int = 0) -> Unread:
        """What of a post is not read; `broken` of its images could not be."""
        extents = self.extents(post)
        cut = {extent.of for extent in extents if extent.cut}
        markup = left_out(post.full_text) if self.looks_at(TEXT) else left_out("")
        there = {TEXT: for_encoder(post.full_text), HASHTAGS: " ".join(post.hashtags).strip(), "image": post.images}
        return Unread(
            tuple(extent for extent in extents if extent.of in cut),
            broken if self.looks_at("image") else 0,
            len(post.images),
            tuple(name for name, own in there.items() if own and not self.looks_at(name)),
            markup.links,
            markup.mentions,
        )

    def looks_at(self, modality: str) -> bool:
        """Whether text, hashtags or image may move its answer."""
        return modality in self.modalities and modality in self.plan.modalities

    def _of_tokens(self, tokens: TextTokens) -> list[Extent]:
        if self.vocabularies is None or self._reads_vectors():
            return []
        return read_extents(tokens, read_lengths(self.vocabularies, self.plan))

    def _of_encoder(self, post: Post) -> list[Extent]:
        """As far as the encoder says."""
        encoder, needs = self.encoder, self.plan.inputs
        if not isinstance(encoder, CountsLengths):
            return []
        text, tags = for_encoder(post.full_text), " ".join(post.hashtags).strip()
        if "text_states" in needs:  # both are one sequence
            both = " ".join(filter(None, (text, tags)))
            return [Extent(BOTH, encoder.unit, *_pair(encoder.lengths([both], states=True)))]
        if not self._reads_vectors():
            return []
        return [
            Extent(side, encoder.unit, *_pair(encoder.lengths([own]))) for side, own in ((TEXT, text), (HASHTAGS, tags))
        ]

    def _reads_vectors(self) -> bool:
        needs = self.plan.inputs
        return "text_vector" in needs or ("examples" in needs and "strings" not in needs)


class FittedRun(Protocol):
    """What is fitted, or a view of it."""

    @property
    def vocabularies(self) -> Vocabularies | None:
        """The vocabularies of characters and words; None for a model that reads neither."""
        ...


class ReadingRun(Protocol):
    """A fitted locator, or a view of one."""

    @property
    def plan(self) -> ResolvedSettings:
        """The model's settings, resolved."""
        ...

    @property
    def predictor(self) -> FittedRun:
        """What was learned."""
        ...

    @property
    def modalities(self) -> tuple[str, ...]:
        """The modalities that the run looks at."""
        ...

    def encoders(self) -> tuple[TextEncoder, ImageEncoder]:
        """Its text and its image encoder."""
        ...


def read_limits(run: ReadingRun) -> ReadLimits:
    """How far a run reads a post."""
    return ReadLimits(run.plan, run.predictor.vocabularies, run.encoders()[0], run.modalities)


def read_lengths(vocabularies: Vocabularies, plan: ResolvedSettings) -> dict[str, int]:
    """The lengths that posts are cut to, of those that the system reads by: max_characters, max_words, max_hashtags."""
    return {name: getattr(vocabularies, name) for name in plan.vocabulary if name.startswith("max_")}


def unread_of_posts(reader: ReadLimits, posts: Sequence[Post], broken: Sequence[BrokenImage] = ()) -> list[Unread]:
    """What of each post is not read, given the images that could not be read."""
    alike, missing = Counter(post.id for post in posts), Counter(image.post_id for image in broken)
    return [reader.unread(post, broken=missing[post.id] // alike[post.id]) for post in posts]


def _pair(lengths: Any) -> tuple[int, int]:
    ((read, total),) = lengths.tolist()
    return int(read), int(total)
