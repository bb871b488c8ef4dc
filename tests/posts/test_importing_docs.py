"""The page about importing names every reason and key that it promises, and the sources that it is about."""

from __future__ import annotations

import re
from pathlib import Path

from postplace.posts.registry import find_source, source_names

PAGE = (Path(__file__).parents[2] / "docs" / "importing.md").read_text(encoding="utf-8")


def test_every_source_of_the_page_exists_and_has_a_line_of_help() -> None:
    named = re.findall(r"^\| `([\w-]+)` \|", PAGE, flags=re.MULTILINE)
    sections = re.findall(r"^## `([\w-]+)`", PAGE, flags=re.MULTILINE)
    assert named
    assert set(sections) <= set(named) <= set(source_names())
    for name in named:
        assert find_source(name).reads
        assert find_source(name).description
