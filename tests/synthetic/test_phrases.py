"""Sentences of posts: their slots, languages, and what is swapped in them."""

from __future__ import annotations

import re
import string

import pytest

from postplace.synthetic import phrases
from postplace.text.segmentation import CHINESE


@pytest.mark.parametrize("frames", [phrases.FRAMES_EN, phrases.FRAMES_ZH])
def test_every_frame_has_a_slot_for_a_word_of_the_place(frames: dict[str, tuple[str, ...]]) -> None:
    for category, sentences in frames.items():
        for sentence in sentences:
            slots = {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}
            assert slots, (category, sentence)
            assert slots <= {"a", "b", "n", "k", "m"}, (category, sentence)
            assert slots & {"a", "b"}, (category, sentence)


@pytest.mark.parametrize("talk", ["ASIDES_EN", "ASIDES_ZH", "IDLE_EN", "IDLE_ZH"])
def test_talk_about_nothing_has_no_slot_for_a_place_and_no_sentence_twice(talk: str) -> None:
    sentences = getattr(phrases, talk)
    assert len(set(sentences)) == len(sentences)
    assert {slot for sentence in sentences for slot in re.findall(r"\{(\w)\}", sentence)} <= set("nkm")


def test_english_has_no_chinese_letters_and_chinese_has_some() -> None:
    for name in ("FRAMES", "ASIDES", "IDLE"):
        english, chinese = getattr(phrases, f"{name}_EN"), getattr(phrases, f"{name}_ZH")
        if name == "FRAMES":
            english, chinese = (sum(table.values(), ()) for table in (english, chinese))
        assert not [sentence for sentence in english if CHINESE.search(sentence)]
        assert all(CHINESE.search(sentence) for sentence in chinese)


def test_a_character_is_misspelt_as_one_other_character() -> None:
    for right, wrong in phrases.SOUNDS_ALIKE.items():
        assert (len(right), len(wrong)) == (1, 1)
        assert right != wrong
