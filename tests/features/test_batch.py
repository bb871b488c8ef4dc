"""Posts -> tensors: ids, vectors, masks and nothing that is not there."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from postplace.errors import BadRun
from postplace.features.batch import Batch, InputSizes, PostTensors, Vocabularies
from postplace.features.extraction import EncodedPosts
from postplace.schema import Post
from postplace.text.tokens import TextTokens, tokenize

TOKENS = [
    TextTokens("abba", ("red", "house"), "ab", ("tower",)),
    TextTokens("a", ("red",), "", ()),
    TextTokens("", (), "", ()),
    TextTokens("xa", ("blue", "red", "red"), "b ab", ("tower", "gate")),
]


@pytest.fixture
def vocabularies() -> Vocabularies:
    """Characters a 2, b 3 (x is unknown); words red 2; hashtags tower 2; cut at 3 characters."""
    return Vocabularies.fit(TOKENS, min_count=2, max_characters=3, max_words=2, max_hashtags=9)


@pytest.fixture
def encoded() -> EncodedPosts:
    """Post 0 has pictures 0 and 1, posts 1 and 3 share picture 1, post 2 has nothing."""
    return EncodedPosts(
        text_vectors=np.array([[1, 2], [3, 4], [0, 0], [5, 6]], dtype=np.float32),
        text_mask=np.array([True, True, False, True]),
        hashtag_vectors=np.array([[7, 8], [0, 0], [0, 0], [9, 10]], dtype=np.float32),
        hashtag_mask=np.array([True, False, False, True]),
        image_vectors=np.array([[1, 1, 1], [2, 2, 2]], dtype=np.float32),
        image_index=np.array([[0, 1, -1], [1, -1, -1], [-1, -1, -1], [1, -1, -1]]),
        broken=(),
        image_hashes=None,
    )


@pytest.fixture
def tensors(encoded: EncodedPosts, vocabularies: Vocabularies) -> PostTensors:
    """The four posts with labels 3, 1, 0, 2."""
    return PostTensors(TOKENS, encoded, vocabularies=vocabularies, labels=np.array([3, 1, 0, 2]))


def test_ids_by_hand(tensors: PostTensors) -> None:
    batch = tensors[[0, 3]]
    assert batch.text_characters.tolist() == [[2, 3, 3], [1, 2, 0]]  # "abba" is cut at 3, x is unknown
    assert batch.text_words.tolist() == [[2, 1], [1, 2]]  # house and blue occur once
    assert batch.hashtag_characters.tolist() == [[2, 3, 0], [3, 1, 2]]  # a space occurs once
    assert batch.hashtag_words.tolist() == [[2, 0], [2, 1]]
    assert {values.dtype for values in (batch.text_characters, batch.hashtag_words)} == {torch.int64}


def test_a_batch_is_trimmed_to_its_longest_post(tensors: PostTensors) -> None:
    batch = tensors[[1]]
    assert batch.text_characters.tolist() == [[2]]
    assert batch.text_words.tolist() == [[2]]
    assert batch.hashtag_words.tolist() == [[0]]  # one column stays
    assert batch.image_mask.shape == (1, 1)
    assert tensors[[1, 0]].text_characters.shape == (2, 3)


def test_vectors_and_masks(tensors: PostTensors) -> None:
    batch = tensors[[3, 2, 1]]
    assert len(batch) == 3
    assert batch.text_vector.tolist() == [[5, 6], [0, 0], [3, 4]]
    assert batch.text_mask.tolist() == [True, False, True]
    assert batch.hashtag_vector.tolist() == [[9, 10], [0, 0], [0, 0]]
    assert batch.hashtag_mask.tolist() == [True, False, False]
    assert batch.text_vector.dtype == torch.float32
    assert batch.text_mask.dtype == torch.bool


def test_pictures(tensors: PostTensors) -> None:
    batch = tensors[[2, 0, 1, 3]]
    assert batch.image_mask.tolist() == [[False, False], [True, True], [True, False], [True, False]]
    assert batch.image_vectors[..., 0].tolist() == [[0, 0], [1, 2], [2, 0], [2, 0]]  # 0 where there is none


def test_a_shared_picture_is_not_overwritten(tensors: PostTensors) -> None:
    first = tensors[[0, 1]]
    first.image_vectors.fill_(99.0)
    first.text_vector.fill_(99.0)
    second = tensors[[0, 1]]
    assert second.image_vectors[..., 0].tolist() == [[1, 2], [2, 0]]
    assert second.text_vector.tolist() == [[1, 2], [3, 4]]


def test_labels(tensors: PostTensors, encoded: EncodedPosts) -> None:
    labels = tensors[[3, 0, 0]].labels
    assert labels is not None
    assert labels.tolist() == [2, 3, 3]
    assert labels.dtype == torch.int64
    assert PostTensors(None, encoded)[[0]].labels is None


def test_one_post_is_a_batch_of_one(tensors: PostTensors) -> None:
    assert torch.equal(tensors[3].text_characters, tensors[[3]].text_characters)
    assert len(tensors) == 4


def test_without_tokens_there_is_one_column_of_padding(encoded: EncodedPosts) -> None:
    batch = PostTensors(None, encoded)[[0, 1]]
    for ids in (batch.text_characters, batch.text_words, batch.hashtag_characters, batch.hashtag_words):
        assert ids.tolist() == [[0], [0]]
        assert ids.dtype == torch.int64


@pytest.mark.parametrize("slots", [0, 2])
def test_posts_without_anything(slots: int) -> None:
    nothing = EncodedPosts(
        text_vectors=np.zeros((2, 4), dtype=np.float32),
        text_mask=np.zeros(2, dtype=bool),
        hashtag_vectors=np.zeros((2, 4), dtype=np.float32),
        hashtag_mask=np.zeros(2, dtype=bool),
        image_vectors=np.zeros((0, 3), dtype=np.float32),
        image_index=np.full((2, slots), -1),
        broken=(),
        image_hashes=None,
    )
    empty = [TextTokens("", (), "", ())] * 2
    batch = PostTensors(empty, nothing, vocabularies=Vocabularies.fit(empty))[[0, 1]]
    assert batch.image_vectors.shape == (2, 1, 3)
    assert batch.image_mask.tolist() == [[False], [False]]
    assert batch.text_characters.tolist() == [[0], [0]]
    assert not batch.text_mask.any()


def test_subset_and_loader(tensors: PostTensors) -> None:
    def same(batch: Any) -> Any:
        return batch

    subset = tensors.subset(np.array([3, 1, 0]))
    loader: DataLoader[Batch] = DataLoader(subset, batch_size=2, collate_fn=same)
    labels = [batch.labels.tolist() for batch in loader if batch.labels is not None]
    assert labels == [[2, 1], [3]]


def test_to_another_device(tensors: PostTensors, encoded: EncodedPosts) -> None:
    moved = tensors[[0, 2]].to("meta")
    assert moved.text_characters.device.type == "meta"
    assert moved.labels is not None
    assert moved.labels.device.type == "meta"
    assert PostTensors(None, encoded)[[0]].to("cpu").labels is None


def test_vocabularies_by_hand(vocabularies: Vocabularies) -> None:
    assert vocabularies.characters.items == ("a", "b")
    assert vocabularies.words.items == ("red",)
    assert vocabularies.hashtags.items == ("tower",)


def test_characters_of_text_and_hashtags_are_counted_together() -> None:
    fitted = Vocabularies.fit([TextTokens("q", ("w",), "q", ("w",))], min_count=2)
    assert fitted.characters.items == ("q",)
    assert fitted.words.items == fitted.hashtags.items == ()  # words and hashtags are not


def test_vocabularies_saved_and_loaded(vocabularies: Vocabularies) -> None:
    saved = json.loads(json.dumps(vocabularies.to_json()))
    assert Vocabularies.from_json(saved) == vocabularies


@pytest.mark.parametrize("key", ["characters", "hashtags", "max_words"])
def test_a_missing_key_is_named(vocabularies: Vocabularies, key: str) -> None:
    saved = vocabularies.to_json()
    del saved[key]
    with pytest.raises(BadRun, match=key):
        Vocabularies.from_json(saved)


def test_the_rules_of_words_are_kept_and_a_run_that_does_not_say_had_those_of_the_paper() -> None:
    tokens = [tokenize(Post("1", text="上海外灘 Line 10"), "sg-mft")]
    fitted = Vocabularies.fit(tokens, min_count=1, word_rules="sg-mft")
    assert Vocabularies.from_json(json.loads(json.dumps(fitted.to_json()))) == fitted
    saved = Vocabularies.fit([tokenize(Post("1", text="上海外灘 Line 10"))], min_count=1).to_json()
    assert saved["word_rules"] == "places"
    assert saved["words"] == ["10", "line", "上海", "外滩"]
    earlier = {name: value for name, value in saved.items() if name != "word_rules"}
    assert Vocabularies.from_json(earlier).word_rules == "sg-mft"
    with pytest.raises(BadRun, match="word_rules 'x' is none of places, sg-mft"):
        Vocabularies.from_json({**saved, "word_rules": "x"})


def test_tokenize_by_hand() -> None:
    tokens = tokenize(Post("1", text="Sunset over the HARBOUR http://a.b/c @me", hashtags=("NewYorkCity", "外滩")))
    assert tokens.text_characters == "sunset over the harbour"
    assert tokens.text_words == ("sunset", "harbour")
    assert tokens.hashtag_characters == "newyorkcity 外滩"
    assert tokens.hashtag_words == ("newyorkcity", "外滩", "new", "york", "city")


def test_tokenize_nothing() -> None:
    assert tokenize(Post("1")) == TextTokens("", (), "", ())


def test_a_hashtag_of_one_word_counts_once() -> None:
    assert tokenize(Post("1", hashtags=("Tower", "tower"))).hashtag_words == ("tower",)


def test_a_row_may_be_a_numpy_number(tensors: PostTensors) -> None:
    assert tensors[np.int64(3)].labels.tolist() == tensors[3].labels.tolist() == [2]  # type: ignore[union-attr]


def test_a_batch_of_no_posts(tensors: PostTensors) -> None:
    batch = tensors[[]]
    assert batch.image_vectors.shape == (0, 1, 3)
    assert batch.text_characters.shape == (0, 1)


# ---------------------------------------------------------------------- token states


@pytest.fixture
def with_states(encoded: EncodedPosts) -> PostTensors:
    """Texts of 3, 1, no and 2 tokens of at most 4; two pictures of three patches, the last of picture 0 is padding."""
    text = np.zeros((4, 4, 2), dtype=np.float16)
    for row, tokens in enumerate((3, 1, 0, 2)):
        text[row, :tokens] = [10 * row + 1, 0]
    image = np.array([[[1, 1], [2, 2], [0, 0]], [[3, 5], [4, 8], [9, 0]]], dtype=np.float16)
    return PostTensors(None, replace(encoded, text_states=text, image_states=image))


def test_states_of_texts_are_trimmed_to_the_longest(with_states: PostTensors) -> None:
    batch = with_states[[1, 3, 2]]
    assert batch.text_states is not None
    assert batch.text_states_mask is not None
    assert batch.text_states.dtype == torch.float32
    assert batch.text_states[..., 0].tolist() == [[11, 0], [31, 31], [0, 0]]
    assert batch.text_states_mask.tolist() == [[True, False], [True, True], [False, False]]
    nothing = with_states[[2]]
    assert nothing.text_states_mask is not None
    assert nothing.text_states_mask.tolist() == [[False]]  # one column stays


def test_states_of_several_pictures_are_averaged_where_they_are_real(with_states: PostTensors) -> None:
    batch = with_states[[0, 1, 2]]
    assert batch.image_states is not None
    assert batch.image_states_mask is not None
    both, second, none = batch.image_states.tolist()
    assert both == [[2, 3], [3, 5], [9, 0]]  # (1 + 3) / 2, (1 + 5) / 2; ...; of the third place only one is real
    assert second == [[3, 5], [4, 8], [9, 0]]
    assert none == [[0, 0]] * 3
    assert batch.image_states_mask.tolist() == [[True] * 3, [True] * 3, [False] * 3]


def test_a_padded_patch_stays_padding(encoded: EncodedPosts) -> None:
    image = np.array([[[1, 1], [0, 0]], [[3, 5], [0, 0]]], dtype=np.float16)
    mask = PostTensors(None, replace(encoded, image_states=image))[[0]].image_states_mask
    assert mask is not None
    assert mask.tolist() == [[True, False]]


def test_stored_states_are_not_overwritten(with_states: PostTensors) -> None:
    first = with_states[[0, 1]]
    assert first.text_states is not None
    assert first.image_states is not None
    before = first.text_states.clone(), first.image_states.clone()
    first.text_states.fill_(99.0)
    first.image_states.fill_(99.0)
    second = with_states[[0, 1]]
    assert torch.equal(second.text_states, before[0])  # type: ignore[arg-type]
    assert torch.equal(second.image_states, before[1])  # type: ignore[arg-type]


def test_states_only_if_they_were_encoded(tensors: PostTensors, with_states: PostTensors) -> None:
    batch = tensors[[0]]
    assert (batch.text_states, batch.text_states_mask, batch.image_states, batch.image_states_mask) == (None,) * 4
    moved = with_states[[]].to("meta")
    assert moved.text_states is not None
    assert moved.image_states is not None
    assert (moved.text_states.shape, moved.image_states.shape) == ((0, 1, 2), (0, 3, 2))
    assert moved.image_states.device.type == "meta"


def test_sizes_without_states_are_as_they_were_saved() -> None:
    sizes = InputSizes(characters=2, words=2, hashtags=2, text_width=4, image_width=4)
    assert (sizes.text_states, sizes.image_states, sizes.text_states_width, sizes.image_states_width) == (0, 0, 0, 0)


def test_rows_of_a_batch_are_the_batch_of_those_posts(with_states: PostTensors, tensors: PostTensors) -> None:
    for posts in (tensors, with_states):
        found, expected = posts[[0, 1, 2, 3]].rows(torch.tensor([1, 2])), posts[[1, 2]]
        for name in ("text_characters", "text_words", "hashtag_characters", "hashtag_words", "text_vector"):
            assert torch.equal(getattr(found, name), getattr(expected, name)), name
        assert found.image_mask[:, :1].equal(expected.image_mask)
        assert len(found) == 2
