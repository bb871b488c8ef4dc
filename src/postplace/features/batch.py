"""Posts and their stored vectors -> padded tensors and masks: the only collate.

Letters: N posts in all, B posts of a batch, L characters, W words, H hashtags, I images, n token states of an item,
D width, C classes.
Masks are True where something real is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, SupportsIndex

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset, Subset

from postplace.errors import BadRun
from postplace.features.extraction import EncodedPosts
from postplace.system.json_types import JsonObject
from postplace.text.stop_words import PLACES, SG_MFT, WORD_RULES, WordRules
from postplace.text.tokens import LENGTHS, TextTokens
from postplace.text.vocabulary import Vocabulary

TOKEN_IDS = ("text_characters", "text_words", "hashtag_characters", "hashtag_words")


@dataclass(frozen=True, slots=True)
class InputSizes:
    """What a model must know of its inputs: vocabulary sizes (padding 0 and unknown 1 counted in) and vector widths.

    Of token states, how many an item has and their width; 0 where there are none. They may be those of several layers
    of an encoder, the `state_layers` of a position one after the other. `coarse` is the group of each class
    (a district, say), for models that learn it beside the class; empty where there is none. `past_width` is that of
    the vector of what a user had posted before.
    """

    characters: int
    words: int
    hashtags: int
    text_width: int
    image_width: int
    text_states: int = 0
    text_states_width: int = 0
    image_states: int = 0
    image_states_width: int = 0
    coarse: tuple[int, ...] = ()
    past_width: int = 0
    state_layers: int = 1

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> InputSizes:
        """The sizes of a saved run; those that came later are what they were before."""
        return cls(**{**saved, "coarse": tuple(saved.get("coarse", ()))})


@dataclass(slots=True)
class Batch:
    """B posts as tensors.

    Ids are int64 with 0 for padding and 1 for unknown, real ids first (left-aligned). A modality that is absent has
    its mask False, its ids all 0 and its vector all 0; models must not let any of these values through.
    Characters of text and of hashtags share one vocabulary; words and hashtags have one each.
    Token states are there if they were asked for: those of text and hashtags as one sequence, and the patches of a
    image, of several the mean at each place of the grid. `image_grids` are the states of each image by itself.
    """

    text_characters: Tensor  # (B, L) int64
    text_words: Tensor  # (B, W) int64
    text_vector: Tensor  # (B, D_text) float32
    text_mask: Tensor  # (B,) bool
    hashtag_characters: Tensor  # (B, L') int64
    hashtag_words: Tensor  # (B, H) int64
    hashtag_vector: Tensor  # (B, D_text) float32
    hashtag_mask: Tensor  # (B,) bool
    image_vectors: Tensor  # (B, I, D_image) float32
    image_mask: Tensor  # (B, I) bool
    labels: Tensor | None = None  # (B,) int64
    text_states: Tensor | None = None  # (B, n_t, D) float32
    text_states_mask: Tensor | None = None  # (B, n_t) bool
    image_states: Tensor | None = None  # (B, n_i, D) float32
    image_states_mask: Tensor | None = None  # (B, n_i) bool
    past_vector: Tensor | None = None  # (B, D_past) float32
    past_mask: Tensor | None = None  # (B,) bool
    image_grids: Tensor | None = None  # (B, I, n_i, D) float16, of each image; real ones as in image_mask

    def __len__(self) -> int:
        return len(self.text_mask)

    def to(self, device: torch.device | str, *, non_blocking: bool = False) -> Batch:
        """The same batch on another device."""
        moved: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        for name, value in moved.items():
            moved[name] = None if value is None else value.to(device, non_blocking=non_blocking)
        return Batch(**moved)

    def rows(self, rows: Tensor) -> Batch:
        """The posts of these rows (R,), as a batch trimmed to the longest of them."""
        kept: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        for name, value in kept.items():
            kept[name] = None if value is None else value[rows]
        return Batch(**kept | {name: _trimmed(kept[name]) for name in TOKEN_IDS})


@dataclass(frozen=True, slots=True)
class Vocabularies:
    """Character, word and hashtag vocabularies, fitted on the training part alone, and the lengths posts are cut to.

    `word_rules` are those by which the words were made, and by which every post is cut that is asked about.
    """

    characters: Vocabulary
    words: Vocabulary
    hashtags: Vocabulary
    max_characters: int
    max_words: int
    max_hashtags: int
    word_rules: WordRules = PLACES

    @classmethod
    def fit(
        cls,
        tokens: Sequence[TextTokens],
        *,
        min_count: int = 2,
        max_characters: int = LENGTHS["max_characters"],
        max_words: int = LENGTHS["max_words"],
        max_hashtags: int = LENGTHS["max_hashtags"],
        word_rules: WordRules = PLACES,
    ) -> Vocabularies:
        """Learn the three vocabularies from training posts; what occurs fewer than `min_count` times is unknown.

        `word_rules` are those that the tokens were made by.
        """
        characters = [piece for token in tokens for piece in (token.text_characters, token.hashtag_characters)]
        return cls(
            characters=Vocabulary.fit(characters, min_count=min_count),
            words=Vocabulary.fit((token.text_words for token in tokens), min_count=min_count),
            hashtags=Vocabulary.fit((token.hashtag_words for token in tokens), min_count=min_count),
            max_characters=max_characters,
            max_words=max_words,
            max_hashtags=max_hashtags,
            word_rules=word_rules,
        )

    def to_json(self) -> JsonObject:
        """Plain lists and numbers."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value.to_json() if isinstance(value, Vocabulary) else value for name, value in values.items()}

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> Vocabularies:
        """The inverse of `to_json`; a run that does not say by which rules is of version 0.1.0, which had one way."""
        vocabularies = ("characters", "words", "hashtags")
        saved = {"word_rules": SG_MFT, **saved}
        if saved["word_rules"] not in WORD_RULES:
            problem = f"word_rules {saved['word_rules']!r} is none of {', '.join(WORD_RULES)}"
            raise BadRun("vocabulary.json", problem, "use the version of postplace that wrote the run")
        try:
            values: dict[str, Any] = {field.name: saved[field.name] for field in fields(cls)}
        except KeyError as error:
            raise BadRun("vocabulary.json", f"key {error} is missing", "train the run again") from None
        return cls(**values | {name: Vocabulary.from_json(values[name]) for name in vocabularies})


class PostTensors(Dataset[Batch]):
    """N posts, ready to be batched: `tensors[[3, 1]]` and `tensors.__getitems__([3, 1])` are a `Batch` of two posts.

    An image that several posts share is held once; a batch is trimmed to its longest post.
    """

    def __init__(
        self,
        tokens: Sequence[TextTokens] | None,
        encoded: EncodedPosts,
        *,
        vocabularies: Vocabularies | None = None,
        labels: NDArray[np.int64] | None = None,
        past: tuple[NDArray[np.float32], NDArray[np.bool_]] | None = None,
        grids: bool = False,
    ) -> None:
        posts = len(encoded.text_mask)
        present = {"text": encoded.text_mask, "hashtag": encoded.hashtag_mask}
        self._ids = {
            name: ids * torch.from_numpy(present[name.partition("_")[0]])[:, None]  # absent: no vector, and no ids
            for name, ids in _token_ids(tokens, vocabularies, posts).items()
        }
        self._text_vectors = torch.from_numpy(encoded.text_vectors)
        self._text_mask = torch.from_numpy(encoded.text_mask)
        self._hashtag_vectors = torch.from_numpy(encoded.hashtag_vectors)
        self._hashtag_mask = torch.from_numpy(encoded.hashtag_mask)
        self._image_vectors = torch.from_numpy(encoded.image_vectors)
        self._image_index = torch.from_numpy(encoded.image_index)
        self._labels = None if labels is None else torch.from_numpy(labels)
        self._past = None if past is None else tuple(map(torch.from_numpy, past))
        self._text_states = None if encoded.text_states is None else _States(encoded.text_states)
        states = encoded.image_states
        self._image_states = None if states is None or grids else _States(states)
        self._grids = torch.from_numpy(states) if states is not None and grids else None

    def __len__(self) -> int:
        return len(self._text_mask)

    def __getitem__(self, index: SupportsIndex | Sequence[int]) -> Batch:
        return self.__getitems__([int(index)] if isinstance(index, SupportsIndex) else list(index))

    def __getitems__(self, indices: Sequence[int]) -> Batch:
        rows = torch.as_tensor(indices, dtype=torch.int64)
        ids = {name: _trimmed(table[rows]) for name, table in self._ids.items()}
        image_vectors, image_mask = self._gather_images(rows, self._image_vectors)
        text_states, text_states_mask = self._text_states.of(rows) if self._text_states else (None, None)
        images = self._image_states
        image_states, image_states_mask = images.means(self._image_index[rows]) if images else (None, None)
        past_vector, past_mask = (part[rows] for part in self._past) if self._past else (None, None)
        return Batch(
            **ids,
            text_vector=self._text_vectors[rows],
            text_mask=self._text_mask[rows],
            hashtag_vector=self._hashtag_vectors[rows],
            hashtag_mask=self._hashtag_mask[rows],
            image_vectors=image_vectors,
            image_mask=image_mask,
            labels=None if self._labels is None else self._labels[rows],
            text_states=text_states,
            text_states_mask=text_states_mask,
            image_states=image_states,
            image_states_mask=image_states_mask,
            past_vector=past_vector,
            past_mask=past_mask,
            image_grids=None if self._grids is None else self._gather_images(rows, self._grids)[0],
        )

    def subset(self, rows: NDArray[np.int64]) -> Subset[Batch]:
        """The posts of these rows; nothing is copied."""
        return Subset(self, rows.tolist())

    def _gather_images(self, rows: Tensor, images: Tensor) -> tuple[Tensor, Tensor]:
        index = self._image_index[rows]  # (B, I), -1 where there is no image
        if not index.numel():
            index = index.new_full((len(rows), 1), -1)
        mask = index >= 0
        used = max(1, int(mask.sum(1).max())) if len(rows) else 1
        index, mask = index[:, :used], mask[:, :used]
        kept = images.new_zeros((*index.shape, *images.shape[1:]))
        kept[mask] = images[index[mask]]
        return kept, mask


def _token_ids(tokens: Sequence[TextTokens] | None, vocabularies: Vocabularies | None, posts: int) -> dict[str, Tensor]:
    """The four id tables (N, length) int32; one column of padding each for a model that reads no tokens."""
    if tokens is None or vocabularies is None:
        return {name: torch.zeros((posts, 1), dtype=torch.int32) for name in TOKEN_IDS}
    v = vocabularies
    plan = (
        (v.characters, v.max_characters),
        (v.words, v.max_words),
        (v.characters, v.max_characters),
        (v.hashtags, v.max_hashtags),
    )
    return {
        name: torch.from_numpy(
            vocabulary.encode_many([getattr(token, name) for token in tokens], length=length).astype(np.int32)
        )
        for name, (vocabulary, length) in zip(TOKEN_IDS, plan, strict=True)
    }


def _trimmed(ids: Tensor) -> Tensor:
    """Without the columns that are padding in every row, but never without any column."""
    used = int((ids != 0).any(0).sum()) if len(ids) else 0
    return ids[:, : max(1, used)].to(torch.int64)


class _States:
    """Token states (M, n, D) of M items, and which of them are real: those that are not all zero."""

    def __init__(self, states: NDArray[np.float16]) -> None:
        self.states = torch.from_numpy(states)
        self.mask = torch.zeros(self.states.shape[:2], dtype=torch.bool)
        for start in range(0, len(states), 256):  # of all items at once it would take half as much memory again
            self.mask[start : start + 256] = (self.states[start : start + 256] != 0).any(dim=2)

    def of(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """States (B, n, D) of these rows and their mask, without the last places that are padding in every one."""
        mask = self.mask[rows]
        real = mask.any(dim=0).nonzero()
        used = int(real[-1]) + 1 if len(real) else 1
        return self.states.index_select(0, rows)[:, :used].float(), mask[:, :used]

    def means(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """The mean (B, n, D) at each place of the rows (B, I) of an index, -1 for none, and where any is real."""
        total = torch.zeros((len(index), *self.states.shape[1:]))
        count = torch.zeros((len(index), self.states.shape[1]))
        for column in index.T:  # one row a post at a time: all of them together may take gigabytes
            posts = (column >= 0).nonzero()[:, 0]
            rows = column[posts]
            total.index_add_(0, posts, self.states.index_select(0, rows).float())
            count.index_add_(0, posts, self.mask[rows].float())
        return total / count.clamp(min=1)[..., None], count > 0
