"""Errors keep what they say, wherever they come from."""

from __future__ import annotations

import pickle

import pytest

from postplace.errors import BadRun, UnknownName, unknown_name

LANGUAGES = ["de", "en", "fr", "hi", "zh"]


@pytest.mark.parametrize(
    ("name", "known", "guess"),
    [
        ("chinese", LANGUAGES, None),
        ("nope", ["bundled", "clip", "dinov3"], None),
        ("chinese", ["chinese-clip", "clip"], "chinese-clip"),
        ("sgmft", ["mrlf", "sg-mft"], "sg-mft"),
        ("dropuot", ["dropout", "width"], "dropout"),
        ("u2nt", ["auto", "embedded", "u2net"], "u2net"),
        ("vgg", ["resnet50", "vgg19"], "vgg19"),
        ("catgory", ["category", "place"], "category"),
    ],
)
def test_only_a_name_that_is_near_is_suggested(name: str, known: list[str], guess: str | None) -> None:
    remedy = unknown_name("--x", name, known).remedy
    assert remedy.startswith(f"did you mean {guess!r}? " if guess else "take one of the known names ")


def test_an_unknown_name_comes_whole_from_another_process() -> None:
    error = unknown_name("--x", "sgmft", ["mrlf", "sg-mft"])
    again = pickle.loads(pickle.dumps(error))
    assert isinstance(again, UnknownName)
    assert (str(again), again.name, again.known) == (str(error), "sgmft", ["mrlf", "sg-mft"])


def test_an_error_of_another_place() -> None:
    assert str(BadRun("a", "is gone", "look").at("b")) == "b: is gone; look"
    moved = unknown_name("--x", "sgmft", ["mrlf", "sg-mft"]).at("NAME")
    assert str(moved) == "NAME: 'sgmft' is unknown; did you mean 'sg-mft'? (known: mrlf, sg-mft)"
