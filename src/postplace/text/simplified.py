"""Traditional Chinese in simplified characters, by OpenCC."""

from __future__ import annotations

import functools
from typing import Any


def simplified(text: str) -> str:
    """Traditional Chinese in simplified characters, of the same length; what else there is stays as it is.

    >>> simplified("臺北車站"), simplified("Bund 外滩 ラーメン")
    ('台北车站', 'Bund 外滩 ラーメン')
    """
    converted: str = _converter().convert(text)
    return converted if len(converted) == len(text) else "".join(map(_character, text))


def _character(character: str) -> str:
    converted: str = _converter().convert(character)
    return converted if len(converted) == 1 else character


@functools.cache
def _converter() -> Any:
    """OpenCC's converter from traditional to simplified characters; loading it takes milliseconds."""
    from opencc import OpenCC

    return OpenCC("t2s")
