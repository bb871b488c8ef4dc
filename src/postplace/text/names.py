"""Names of classes as they are compared: what cannot be seen does not make two of one."""

from __future__ import annotations

import re
import unicodedata

_INVISIBLE = re.compile("[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_NO_VALUE = frozenset({"na", "n/a", "<na>", "nan", "nat", "none", "null", "nil", "undefined", r"\n", "#n/a"})


def clean_name(name: str) -> str:
    r"""A name without what cannot be seen: composed (NFC), single spaces, no zero-width or direction marks.

    Joiners (U+200C, U+200D) stay: Persian and emoji are written with them.

    >>> clean_name("Cafe\u0301\u200b  am\u00a0Markt ")
    'Café am Markt'
    """
    return " ".join(_INVISIBLE.sub("", unicodedata.normalize("NFC", name)).split())


def fold_name(name: str) -> str:
    """What names that differ only in case, width, accents' encoding or spaces have in common.

    >>> fold_name("ＨＯＭＥ"), fold_name("Old  Mill") == fold_name("oldmill")
    ('home', True)
    """
    return "".join(_INVISIBLE.sub("", unicodedata.normalize("NFKC", name)).casefold().split())


def spells_no_value(name: str) -> bool:
    """Whether a name is how a program writes that there is none.

    >>> spells_no_value("NULL"), spells_no_value("Nanjing")
    (True, False)
    """
    return name.strip().casefold() in _NO_VALUE
