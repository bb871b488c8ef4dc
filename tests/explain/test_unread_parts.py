"""The ends of a post that a run cuts off: what is said of them, and when they are harmless."""

from __future__ import annotations

from postplace.explain.advice import AttackerView, Goal
from postplace.explain.unread_parts import Ends
from postplace.truncation import WHOLE, Extent, Unread

GOAL = Goal("pier", below=0.2)
CUT = Unread((Extent("text", "characters", 20, 60),))
SAFE, GIVEN_AWAY = AttackerView(0.1, "mall"), AttackerView(0.9, "pier")


def test_a_post_that_is_read_whole_is_harmless_and_nothing_is_said() -> None:
    ends = Ends(WHOLE, None, 0)
    assert ends.harmless(GOAL)
    assert ends.notes(GOAL) == []


def test_an_end_that_gives_the_place_away_by_itself_is_warned_of() -> None:
    ends = Ends(CUT, GIVEN_AWAY, 1)
    assert not ends.harmless(GOAL)
    first, last = ends.notes(GOAL)
    assert "the first 20 of 60 characters" in first
    assert "pier 90%" in last
    assert "take the place out of it" in last


def test_an_end_that_hides_the_place_is_harmless_and_not_warned_of() -> None:
    ends = Ends(CUT, SAFE, 2)
    assert ends.harmless(GOAL)
    assert "pier 10%" in ends.notes(GOAL)[-1]
    assert "take the place out" not in ends.notes(GOAL)[-1]


def test_what_stands_behind_the_last_piece_is_never_called_harmless() -> None:
    ends = Ends(CUT, SAFE, 3, more=True)
    assert not ends.harmless(GOAL)
    assert "behind the first 3 pieces" in ends.notes(GOAL)[-1]


def test_images_and_modalities_that_were_not_read_are_not_said_here() -> None:
    unread = Unread(CUT.extents, images=1, all_images=2, modalities=("image",), links=1)
    lines = Ends(unread, None, 0).notes(GOAL)
    assert len(lines) == 2
    assert "1 link" in lines[-1]
