"""What was not read, in numbers and in words."""

from __future__ import annotations

import pytest

from postplace.truncation import WHOLE, Extent, TruncationCounts, Unread, truncation_lines

CHARACTERS, WORDS = Extent("text", "characters", 5, 12), Extent("text", "words", 3, 7)


def test_a_post_that_was_read_whole_has_nothing_to_say() -> None:
    assert not WHOLE
    assert (WHOLE.lines(), WHOLE.lost, WHOLE.said) == ((), (), "")


@pytest.mark.parametrize(
    ("unread", "line", "lost"),
    [
        (
            Unread((CHARACTERS, WORDS)),
            "read: the first 5 of 12 characters and 3 of 7 words of the text; the rest had no influence on this answer",
            ("text",),
        ),
        (
            Unread((CHARACTERS, Extent("text", "words", 2, 2))),
            "read: the first 5 of 12 characters and all 2 words of the text; the rest was read by its words alone",
            (),
        ),
        (
            Unread((Extent("text", "characters", 4, 4), WORDS)),
            "read: all 4 characters and the first 3 of 7 words of the text; the rest was read by its characters alone",
            (),
        ),
        (
            Unread((Extent("text and hashtags", "tokens", 52, 60),)),
            "read: the first 52 of 60 tokens of the text and hashtags; the rest had no influence on this answer",
            ("text and hashtags",),
        ),
        (Unread(images=1, all_images=3), "not read: 1 of 3 images; they had no influence on this answer", ()),
        (Unread(modalities=("image",)), "not read: the images, which this run does not look at", ()),
        (Unread(links=1, mentions=2), "not read: 1 link and 2 mentions in the text: no influence on this answer", ()),
    ],
)
def test_what_is_lost_is_said_and_what_is_read_in_another_way_is_not_called_lost(
    unread: Unread, line: str, lost: tuple[str, ...]
) -> None:
    assert unread
    assert unread.lines() == (line,)
    assert unread.lost == lost
    assert unread.to_json()["said"] == line


def test_a_line_for_each_side_and_numbers_for_programs() -> None:
    found = Unread((WORDS, Extent("hashtags", "words", 2, 3)), images=1, all_images=2)
    assert [line.partition(";")[0] for line in found.lines()] == [
        "read: the first 3 of 7 words of the text",
        "read: the first 2 of 3 words of the hashtags",
        "not read: 1 of 2 images",
    ]
    assert found.to_json() == {
        "said": "; ".join(found.lines()),
        "extents": [
            {"of": "text", "unit": "words", "read": 3, "total": 7},
            {"of": "hashtags", "unit": "words", "read": 2, "total": 3},
        ],
        "images": 1,
        "modalities": [],
        "links": 0,
        "mentions": 0,
    }


def test_losses_are_shares_of_all_posts_and_of_all_units() -> None:
    found = TruncationCounts()
    for total in (2, 3, 7, 12):
        found.add([Extent("text", "words", min(total, 3), total), Extent("hashtags", "words", 1, 1)])
    found.add([])
    words, tags = found.to_json()
    assert words == {
        "of": "text", "unit": "words", "posts_cut": 2, "share_of_posts": 0.4, "lost": 13, "total": 24,
        "share_lost": 13 / 24,
    }  # fmt: skip
    assert (tags["posts_cut"], tags["lost"], tags["total"]) == (0, 0, 4)
    assert truncation_lines(found.to_json()) == ["40.0 % of posts lose words of the text, in all 54.2 % of these words"]
    assert TruncationCounts().to_json() == []
