"""What people of the synthetic city write."""

from __future__ import annotations

from random import Random

import pytest

from postplace.synthetic.gazetteer import CATEGORY_TAGS, GENERIC_TAGS, SITES
from postplace.synthetic.language import add_markup, leak_name, misspell, use_slang, write_hashtags, write_text
from postplace.text.hashtags import find_hashtags

TOWER = SITES[0]


@pytest.mark.parametrize("chinese", [False, True])
def test_a_text_of_a_place_has_one_of_its_words_and_no_slot_is_left(chinese: bool) -> None:
    words = TOWER.zh if chinese else TOWER.en
    for seed in range(50):
        text = write_text(TOWER, chinese=chinese, random=Random(seed))
        assert any(word.lower() in text.lower() for word in words), text
        assert "{" not in text


def test_a_text_about_nothing_has_no_word_of_any_place() -> None:
    phrases = [word.lower() for site in SITES for word in site.en]
    texts = [write_text(None, chinese=False, random=Random(seed)).lower() for seed in range(50)]
    assert not [text for text in texts if any(phrase in text for phrase in phrases)]


def test_hashtags_are_one_to_four_with_one_of_the_place_and_generic_ones_without() -> None:
    for seed in range(50):
        tags = write_hashtags(TOWER, Random(seed))
        assert 1 <= len(tags) <= 4
        assert 1 <= len(set(tags) & set(TOWER.tags)) <= 2
        assert set(tags) <= {*TOWER.tags, *CATEGORY_TAGS["travel"], *GENERIC_TAGS}
        assert set(write_hashtags(None, Random(seed))) <= set(GENERIC_TAGS)


def test_a_leaked_name_is_in_the_text_or_among_the_hashtags_and_not_in_the_other() -> None:
    names = (TOWER.name, *TOWER.aliases)
    for seed in range(20):
        text, tags = leak_name(TOWER, "nice", ("fun",), into="text", chinese=False, random=Random(seed))
        assert any(name in text for name in names)
        assert tags == ("fun",)
        text, tags = leak_name(TOWER, "nice", ("fun",), into="hashtags", chinese=False, random=Random(seed))
        assert text == "nice"
        assert tags[-1] in {name.lower().replace(" ", "") for name in names}


def test_slang_swaps_whole_words_in_any_case() -> None:
    found = use_slang("You love thankstherefore", chinese=False, random=Random(0))
    assert found.startswith("u luv thankstherefore ")


def test_misspelling_spares_short_words_and_at_rate_zero_all() -> None:
    assert misspell("a cat sat down", rate=0.0, chinese=False, random=Random(0)) == "a cat sat down"
    found = misspell("a cat sat down", rate=1.0, chinese=False, random=Random(0)).split()
    assert found[:3] == ["a", "cat", "sat"]
    assert found[3] in {"dwon", "donw", "dwn", "don", "doown", "dowwn"}
    assert misspell("我在那", rate=1.0, chinese=True, random=Random(0)) == "我再哪"


def test_markup_is_added_at_the_end_and_is_no_hashtag() -> None:
    found = [add_markup("nice", Random(seed)) for seed in range(30)]
    assert all(text.startswith("nice") and len(text) > 4 for text in found)
    assert not any(find_hashtags(text) for text in found)
