"""How far a collection is, on disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from postplace.errors import BadOption
from postplace.posts.collection.journal import Entry, Journal


def test_a_saved_entry_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "journal.json"
    journal = Journal(path)
    entry = journal.entry("42")
    entry.posts, entry.cursor, entry.end = 3, "next", True
    entry.page.append("a")
    journal.save()
    assert Journal(path).entry("42") == Entry(3, "next", ["a"], True)


def test_a_location_that_was_never_begun_starts_at_the_first_page(tmp_path: Path) -> None:
    assert Journal(tmp_path / "journal.json").entry("42") == Entry(0, None, [], False)


def test_entries_do_not_share_their_pages(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.json")
    journal.entry("1").page.append("x")
    assert journal.entry("2").page == []


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        '{"format": 2, "locations": {}}',
        '{"format": 1}',
        json.dumps({"format": 1, "locations": {"1": {"posts": "3"}}}),
        json.dumps({"format": 1, "locations": {"1": {"pages": []}}}),
        json.dumps({"format": 1, "locations": {"1": {"cursor": 5}}}),
    ],
)
def test_a_damaged_journal_is_an_error_that_says_what_to_do(tmp_path: Path, content: str) -> None:
    path = tmp_path / "journal.json"
    path.write_text(content)
    with pytest.raises(BadOption, match="is damaged") as caught:
        Journal(path)
    assert "delete it" in caught.value.remedy
    assert path.read_text() == content  # it is left for its owner to look at
