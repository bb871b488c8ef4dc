"""The code of docs/extending.md runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from postplace import PostLocator, read_source
from postplace.encoders import outside
from postplace.posts import registry

PAGE = Path(__file__).parents[1] / "docs" / "extending.md"


@pytest.fixture
def nothing_registered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(outside, "_REGISTERED", {})
    monkeypatch.setattr(registry, "_REGISTERED", {})
    monkeypatch.chdir(tmp_path)


def _run(section: str) -> dict[str, Any]:
    """What the Python blocks of a section define."""
    text = PAGE.read_text(encoding="utf-8").partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    names: dict[str, Any] = {"__name__": "extending"}
    for block in re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL):
        exec(block, names)
    assert len(names) > 2
    return names


def test_the_page_shows_an_encoder(nothing_registered: None) -> None:
    encoder = PostLocator(text_encoder=_run("Your own encoder")["Letters"]).encoders()[0]
    assert encoder.encode(["Abba", ""])[:, :3].tolist() == [[2, 2, 0], [0, 0, 0]]


def test_the_page_shows_a_table_of_vectors(nothing_registered: None) -> None:
    names = _run("Vectors you already have")
    assert (len(names["table"]), names["table"].width) == (3, 384)


def test_the_page_shows_a_source(nothing_registered: None, tmp_path: Path) -> None:
    read_lines = _run("Your own source")["read_lines"]
    (tmp_path / "posts.txt").write_text("1\tthe river\n", encoding="utf-8")
    for source in ("lines", read_lines):
        (post,) = read_source(source, tmp_path / "posts.txt")
        assert (post.id, post.text) == ("1", "the river")
