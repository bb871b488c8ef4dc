"""An explanation as a person reads it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from postplace.cli.explanation_table import SHOWN, written
from postplace.explain.explanation import ClassProbability, Effect, Explanation, Neighbour
from postplace.explain.parts import Part, modality_part
from postplace.schema import Post

EXPLANATION = Explanation(
    "1", "pier", "mall", "occlusion",
    ClassProbability(0.75, 1.0986), ClassProbability(0.5, 0.0),
    modalities=(Effect(modality_part("text"), 1.0986, 0.25),),
    parts=(
        Effect(Part("word", "harbour", "text", 0, 7), 1.0, 0.2),
        Effect(Part("hashtag", "sale"), -0.5, -0.1),
        Effect(Part("hashtag", "fun"), 0.0001, 0.0),
    ),
)  # fmt: skip


def text(explanation: Explanation) -> str:
    locator: Any = None  # the table needs none
    return written(locator, Post("1"), explanation, "text")


def test_the_first_line_has_the_place_the_runs_own_answer_and_both_probabilities() -> None:
    first = text(EXPLANATION).splitlines()[0]
    assert first.startswith("pier (the run's answer is mall): probability 0.750, log-odds +1.10")
    assert first.endswith("0.500, +0.00")
    assert text(replace(EXPLANATION, answer="pier")).startswith("pier: probability")


def test_bars_are_as_long_as_the_effects_and_show_their_direction() -> None:
    lines = text(EXPLANATION).splitlines()
    (harbour,) = (line for line in lines if "harbour" in line)
    (sale,) = (line for line in lines if "sale" in line)
    assert "+1.000" in harbour
    assert "+" * 12 in harbour
    assert "-0.500" in sale
    assert "-" * 6 in sale
    assert "-" * 7 not in sale


def test_parts_that_did_not_move_the_answer_are_counted_and_so_are_those_beyond_the_first() -> None:
    assert "1 more did not move it" in text(EXPLANATION)
    many = tuple(Effect(Part("word", f"w{number}", "text", 0, 1), 1.0 + number, 0.1) for number in range(SHOWN + 3))
    found = text(replace(EXPLANATION, parts=many))
    assert "and 3 parts that moved it less" in found
    assert "w0 " not in found
    assert f"w{SHOWN + 2} " in found


def test_markup_in_a_word_is_shown_as_it_is_and_neighbours_notes_and_unread_words_follow() -> None:
    found = text(
        replace(
            EXPLANATION,
            parts=(Effect(Part("word", "[red]x", "text", 0, 6), 1.0, 0.1),),
            evidence=(Neighbour("p7", "pier", 0.98765),),
            notes=("one image could not be read",),
            not_read=(Part("word", "later", "text", 9, 14), Part("hashtag", "end")),
        )
    )
    assert "[red]x" in found
    assert "0.988" in found
    assert "note: one image could not be read" in found
    assert "not read: later, #end" in found
