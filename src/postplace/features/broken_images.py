"""Images that could not be read, told in one line."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import PurePath

from postplace.features.image_keys import BrokenImage

NAMED = 3  # one by one, by their files' names: the line must stay one that is read
REASON = 60  # letters of a reason


def warn_of_broken(broken: Sequence[BrokenImage], *, stacklevel: int = 3) -> None:
    """A warning, if there is any: how many, and the first few by post, file and reason.

    `stacklevel` as `warnings.warn` counts: by default the warning is the caller's caller's.
    """
    _warn(broken, "could not be read", stacklevel=stacklevel + 1)


def warn_of_cut_short(cut_short: Sequence[BrokenImage], *, stacklevel: int = 3) -> None:
    """As `warn_of_broken`, of images that lack their end and were read as far as they go."""
    _warn(cut_short, "are cut short, and were read as far as they go", stacklevel=stacklevel + 1)


def _warn(broken: Sequence[BrokenImage], what: str, *, stacklevel: int) -> None:
    if broken:
        named = "; ".join(
            f"post {one.post_id}: {PurePath(one.image).name}: {_short(one.reason)}" for one in broken[:NAMED]
        )
        more = f"; and {len(broken) - NAMED} more" if len(broken) > NAMED else ""
        warnings.warn(f"{len(broken)} images {what}: {named}{more}", stacklevel=stacklevel)


def _short(reason: str) -> str:
    """What was found, without what to do about it."""
    reason = reason.partition("; ")[0]
    return reason if len(reason) <= REASON else f"{reason[: REASON - 3].rstrip()}..."
