"""Names in text and hashtags: what is one, what only looks like one, and what masking leaves."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postplace.text.cleaning import for_encoder, for_words
from postplace.text.place_names import EVERYDAY, STAND_IN, TOO_SHORT, PlaceNames
from postplace.text.segmentation import words

NAMES = (
    "Rome", "Green Park", "Green Park Tower", "外滩", "Brühlsche Terrasse", "K.F.C.", "서울", "ローマ", "Pier 3",
    "5 Guys", "Park", "Straße", "213385402",
)  # fmt: skip
names = PlaceNames(NAMES)


def found(text: str, matcher: PlaceNames = names) -> list[str]:
    """The names found, in order."""
    return [name for mention in matcher.find(text) for name in mention.names]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("When in Rome, do", ["Rome"]),
        ("ROME's streets", ["Rome"]),
        ("Ｒｏｍｅ", ["Rome"]),  # full width
        ("rómé", ["Rome"]),
        ("the green-park!", ["Green Park"]),
        ("GreenPark", ["Green Park"]),
        ("Green\nPark", ["Green Park"]),
        ("greenpark tower", ["Green Park Tower"]),
        ("昨天在外滩看夜景", ["外滩"]),
        ("外 滩", ["外滩"]),
        ("bruehlsche terrasse", ["Brühlsche Terrasse"]),
        ("Bru\u0308hlsche Terrasse", ["Brühlsche Terrasse"]),  # a decomposed umlaut
        ("brühlscheterrasse", ["Brühlsche Terrasse"]),
        ("kfc and K F C", ["K.F.C.", "K.F.C."]),
        ("서울에서 만나요", ["서울"]),  # an ending follows
        ("ローマへ", ["ローマ"]),
        ("Rome去外滩", ["Rome", "外滩"]),
        ("STRASSE", ["Straße"]),
        ("R\u200bome", ["Rome"]),  # an invisible space
    ],
)
def test_found_in_any_spelling(text: str, expected: list[str]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    "text",
    ["romeo", "Jerome", "a Ro me", "evergreen parking", "greenparks", "门外。滩上", "pier 3rd", "Pier 33", "x5 guys",
     "アローマ", "북서울", "strassen", "外\n滩", f"Green {STAND_IN} Court"],
)  # fmt: skip
def test_not_found_where_words_do_not_end(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("GreenParkTower", ("Green Park Tower",)),
        ("greenparktower", ("Green Park Tower",)),
        ("lovegreenparknights", ("Green Park",)),  # long enough to be told without a border
        ("visitRome", ("Rome",)),
        ("RomeTrip", ("Rome",)),
        ("rome2024", ("Rome",)),
        ("rome_by_night", ("Rome",)),
        ("#外滩夜景#", ("外滩",)),
        ("romeoandjuliet", ()),
        ("Romeo", ()),
        ("chrome", ()),
        ("12133854021", ()),  # an id within a longer one
    ],
)
def test_hashtags_glue_words_together(tag: str, expected: tuple[str, ...]) -> None:
    assert names.find_in_hashtag(tag) == expected


def test_the_longest_name_wins_and_the_others_are_still_found() -> None:
    matcher = PlaceNames(["Old", "Old Town Hall", "Hall of Fame Museum", "外滩", "外滩源"])
    assert found("Old Town Hall of Fame Museum", matcher) == ["Hall of Fame Museum"]  # "Old" is an everyday word
    assert found("外滩源和外滩", matcher) == ["外滩源", "外滩"]


def test_spans_are_of_the_text_as_given() -> None:
    text = "😀 Ｇｒｅｅｎ　Ｐａｒｋ, cafe\u0301 #RomeByNight!"
    spans = [(text[mention.start : mention.end], mention.in_hashtag) for mention in names.find(text)]
    assert spans == [("Ｇｒｅｅｎ　Ｐａｒｋ", False), ("#RomeByNight", True)]
    (accented,) = PlaceNames(["café"]).find("cafe\u0301!")
    assert (accented.start, accented.end) == (0, 5)  # the accent belongs to the name: none is left behind


def test_a_name_does_not_begin_or_end_within_a_character() -> None:
    assert found("ゟ外", PlaceNames(["り外"])) == []  # ゟ folds to より
    assert found("外ゟ", PlaceNames(["外よ"])) == []


def test_what_is_too_short_or_too_common_is_left_out_and_said() -> None:
    matcher = PlaceNames(["A", "滩", "T3", "12", "1234567", "The", "我们", "外滩", "Bar", "Bar", ""])
    assert matcher.left_out == {TOO_SHORT: ("A", "滩", "T3", "12", ""), EVERYDAY: ("The", "我们")}
    assert len(matcher) == 3
    assert found("at the Bar 1234567", matcher) == ["Bar", "1234567"]


def test_a_bracket_at_the_end_is_optional() -> None:
    matcher = PlaceNames(["Old Mill (7)", "星巴克（外滩店）"])
    assert found("old mill and Old Mill (7), 星巴克", matcher) == ["Old Mill (7)", "Old Mill (7)", "星巴克（外滩店）"]
    assert matcher.spellings("OLD MILL") == {"Old Mill (7)"}


def test_masking() -> None:
    assert names.mask("From Green Park Tower to Rome, 在外滩看夜景") == "From 📍 to 📍, 在📍看夜景"
    assert names.mask("night #GreenParkNight# walk #love") == "night   walk #love"
    assert PlaceNames(["Rome", "Green Park"]).mask("Green #Rome Park") == "📍"  # the tag kept its words apart
    assert names.mask_hashtags(["love", "InRome", "romeo"]) == ("love", "romeo")


def test_a_masked_hashtag_leaves_to_the_encoder_what_it_had_before() -> None:
    text = "在#外滩#看 #GreenPark, #love"
    assert for_encoder(names.mask(text)) == for_encoder(text)


def test_the_stand_in_survives_cleaning_and_segmentation() -> None:
    masked = names.mask("tonight in Rome, 外滩夜景")
    assert for_encoder(masked).count(STAND_IN) == for_words(masked).count(STAND_IN) == 2
    assert words(masked).count(STAND_IN) == 2


def test_ten_thousand_names_cost_no_more_than_a_few() -> None:
    many = PlaceNames([*NAMES, *(f"Harbour {number} Quay" for number in range(10_000))])
    assert found("from harbour 77 quay to Rome", many) == ["Harbour 77 Quay", "Rome"]
    assert not any(len(lengths) > 20 for lengths in many._lengths.values())


PIECES = st.sampled_from(
    [*NAMES, "romeo", "#", "＃", " ", "\n", "-", "’", "é", "u\u0308", "ß", "ﬁ", "外", "滩", "G", "reen",
     STAND_IN, "3", "[超话]", "http://t.cn/Rome", "@", "\u200b", "&amp;", "夜景", "한"]
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=40), st.lists(PIECES, max_size=12).map("".join))


@given(TEXTS)
def test_nothing_is_found_after_masking_and_masking_again_changes_nothing(text: str) -> None:
    masked = names.mask(text)
    assert names.find(masked) == ()
    assert names.mask(masked) == masked
    if not names.find(text):
        assert masked == text


@given(TEXTS)
def test_spans_lie_within_the_text_in_order_and_apart(text: str) -> None:
    last = 0
    for mention in names.find(text):
        assert last <= mention.start < mention.end <= len(text)
        assert mention.names
        last = mention.end


@given(st.lists(st.sampled_from(["rome", "romeo", "rom", "erome", "green", "park", "parks"]), max_size=12))
def test_words_are_found_as_a_plain_search_for_whole_words_finds_them(text: list[str]) -> None:
    expected = re.findall(r"\bgreen park\b|\brome\b|\bpark\b", " ".join(text))
    assert [name.lower() for name in found(" ".join(text))] == expected


@given(TEXTS, st.lists(st.text(max_size=8), max_size=5))
def test_any_names_in_any_text(text: str, given_names: list[str]) -> None:
    matcher = PlaceNames([*given_names, text[3:9]])
    assert matcher.find(matcher.mask(text)) == ()
    for mention in matcher.find(text):
        spelt = {unicodedata.normalize("NFC", name) for name in mention.names}
        assert spelt <= {unicodedata.normalize("NFC", name) for name in (*given_names, text[3:9])}
    for tag in matcher.mask_hashtags([text]):
        assert tag == text
