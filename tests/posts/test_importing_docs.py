"""The page about importing has a line and a section for every source of the package."""

from __future__ import annotations

import re
from pathlib import Path

from postplace.posts.registry import find_source, source_names

PAGE = (Path(__file__).parents[2] / "docs" / "importing.md").read_text(encoding="utf-8")


def test_every_source_of_the_page_exists_and_has_a_line_of_help() -> None:
    named = re.findall(r"^\| `([\w-]+)` \|", PAGE, flags=re.MULTILINE)
    sections = re.findall(r"^## .*`([\w-]+)`", PAGE, flags=re.MULTILINE)
    assert sorted(sections) == sorted(named)
    assert set(named) >= {name for name in source_names() if find_source(name).detect} | {"auto"}
    for name in named:
        assert find_source(name).reads
        assert find_source(name).description
