"""The language of a short post, or that it cannot be told."""

from __future__ import annotations

import sys

import pytest

from postplace.errors import BadOption
from postplace.preparation.language import check_languages, detect_language

pytest.importorskip("py3langid")


@pytest.mark.parametrize(
    ("text", "keep", "expected"),
    [
        ("今天的天气真不错", ("en", "zh"), "zh"),
        ("Wir gehen heute zusammen spazieren", ("de",), "de"),
        ("Wir gehen heute zusammen spazieren", ("en",), "de"),
        ("今天天", ("zh",), None),  # nine bytes
        ("", ("en",), None),
        ("12345 67890 !!! 12345", ("en",), None),  # no letters
        ("http://example.org/a-walk-in-the-park @somebody #sunset", ("en",), None),  # nothing but markup
    ],
)
def test_language_of_short_posts(text: str, keep: tuple[str, ...], expected: str | None) -> None:
    assert detect_language(text, keep=keep) == expected


def test_a_language_that_is_kept_is_a_candidate_though_it_is_not_one_of_the_usual() -> None:
    text = "Ma armastan sind väga, kallis sõber, tere hommikust"
    assert detect_language(text, keep=("et",)) == "et"


def test_check_languages_cleans_the_names_and_drops_those_given_twice() -> None:
    assert check_languages([" EN", "zh ", "en", ""]) == ("en", "zh")
    assert check_languages(["et"]) == ("et",)  # not a usual one, but known
    assert check_languages([]) == ()


def test_check_languages_refuses_a_language_that_is_not_known() -> None:
    with pytest.raises(BadOption, match="xx"):
        check_languages(["en", "xx"])


def test_without_the_library_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "py3langid.langid", None)
    with pytest.raises(BadOption, match="py3langid") as caught:
        detect_language("a text that nobody has asked about before", keep=("sv", "fi"))
    assert "`languages=none`" in caught.value.remedy
