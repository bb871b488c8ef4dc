"""How other programs write ids, lists and addresses of images; nothing for what cannot be read."""

from __future__ import annotations

import re

from postplace.posts.dump import NO_USER, ImportReport, first
from postplace.system.text_tables import is_rounded

_ADDRESS = re.compile(r"\s*[,;]\s*(?=https?://)")


def whole_id(value: object, name: str, tally: ImportReport) -> object:
    """An id of a user or a location as it is; None, with a remark on the post, for one that a spreadsheet has rounded,
    since several would become one.
    """
    if not isinstance(value, str) or not is_rounded(value):
        return value
    tally.note(f"{name} rounded by a spreadsheet")
    return None


def user_id(tally: ImportReport, *values: object) -> object:
    """The first of the values that is one, as the user's id; None, with a remark on the post, without one."""
    value = first(*values)
    if value is None:
        tally.note(NO_USER)
    return whole_id(value, "user", tally)


def texts(value: object) -> list[str]:
    """The texts of a list, or of a text in which commas part them.

    >>> texts("river, bridge"), texts(["river", 3]), texts(None)
    (['river', 'bridge'], ['river'], [])
    """
    items = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else []
    return [item.strip() for item in items if isinstance(item, str) and item.strip()]


def addresses(value: object) -> list[str]:
    """The addresses of a list, or of a text in which commas part them; there may be commas within them.

    >>> addresses("https://a.org/1,2.jpg, https://a.org/3.jpg")
    ['https://a.org/1,2.jpg', 'https://a.org/3.jpg']
    """
    items = _ADDRESS.split(value) if isinstance(value, str) else value if isinstance(value, list) else []
    return [item.strip() for item in items if isinstance(item, str) and item.strip()]
