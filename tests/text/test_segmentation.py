"""Words of a text."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from postplace.text.segmentation import words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("我来到北京清华大学", ["来到", "北京", "清华大学"]),
        ("The bridge and the tower", ["bridge", "tower"]),
        ("外滩bridge夜景", ["外滩", "bridge", "夜景"]),
        ("早安🌸🌸hi👨‍👩‍👧❤️🇨🇳👍🏽", ["早安", "🌸", "🌸", "👨‍👩‍👧", "❤️", "🇨🇳", "👍🏽"]),
        ("don't", []),
        ("我们 的 the and 了！", []),
        ("http://a.org @bob #tag# [喵]", []),
        ("", []),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_jieba_is_lazy_silent_and_leaves_no_file(tmp_path: Path) -> None:
    trap = tmp_path / "jieba.cache"  # where jieba would look: a marshal file that anyone may have put there
    trap.write_bytes(b"no marshal")
    code = (
        "import sys; from postplace.text.segmentation import words; assert 'jieba' not in sys.modules;"
        "print(words('北京清华大学'))"
    )
    environment = dict.fromkeys(("TMPDIR", "TEMP", "TMP", "HOME", "XDG_CACHE_HOME"), str(tmp_path))
    environment |= {"PYTHONIOENCODING": "utf-8", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "default", "-c", code],
        env=os.environ | environment,
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    assert done.stdout == "['北京', '清华大学']\n"
    assert done.stderr == ""
    assert trap.read_bytes() == b"no marshal"
    assert list(tmp_path.iterdir()) == [trap]


def test_words_for_places_are_not_dropped_as_stop_words() -> None:
    assert words("back home after work, no room at this place") == ["home", "work", "room", "place"]
