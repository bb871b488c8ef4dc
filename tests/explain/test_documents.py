"""The documents say every key that `to_dict` writes, and no other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from postplace import Post, PostLocator
from postplace.explain import advise, documents, explain
from postplace.explain.parts import Part

Toy = Callable[..., PostLocator]


def required(document: Any) -> set[str]:
    """The keys that are always there; `__required_keys__` has all where annotations are strings (Python 3.11)."""
    return {key for key, hint in document.__annotations__.items() if "NotRequired[" not in str(hint)}


def test_an_explanation_has_the_keys_of_its_document(toy: Toy) -> None:
    locator = toy(lambda text, tags, red: 4.0 * ("bund" in tags) - 1.0)
    found = explain(locator, Post("1", text="a walk", hashtags=("bund",))).to_dict()
    assert required(documents.ExplanationDocument) == set(found)
    for effect in (*found["modalities"], *found["parts"]):
        assert required(documents.EffectDocument) <= set(effect)
    assert set(found["whole"]) == required(documents.ProbabilityDocument)


def test_advice_has_the_keys_of_its_document(toy: Toy) -> None:
    guide = toy(lambda text, tags, red: 4.0 * ("bund" in tags) - 1.0)
    other = toy(lambda text, tags, red: 2.0 * ("bund" in tags) - 1.0)
    found = advise(guide, Post("1", text="a walk", hashtags=("bund", "x")), transfer_model=other).to_dict()
    assert required(documents.AdviceDocument) == set(found)
    best = found["suggestions"][0]
    assert required(documents.SuggestionDocument) == set(best)
    assert required(documents.EditDocument) <= set(best["edits"][0])
    assert best["transfer_view"] is not None
    assert set(best["transfer_view"]) == required(documents.AttackerViewDocument)
    assert set(found["goal"]) == required(documents.GoalDocument)


def test_a_part_says_what_applies_to_its_kind() -> None:
    assert Part("modality", "image").to_dict() == {"kind": "modality", "name": "image"}
    assert Part("image", "image 2", image=1).to_dict() == {"kind": "image", "name": "image 2", "image": 1}
    assert Part("input", "between the words", of="text").to_dict() == {
        "kind": "input",
        "name": "between the words",
        "of": "text",
    }
    word = Part("word", "river", "text", 3, 8)
    assert word.to_dict() == {"kind": "word", "name": "river", "field": "text", "start": 3, "end": 8}
    assert [part.modality for part in (Part("modality", "image"), Part("input", "x", of="text"), word)] == [
        "image",
        "text",
        "text",
    ]
