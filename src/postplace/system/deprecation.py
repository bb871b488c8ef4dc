"""What is said where something is used by the name that it had in version 0.1: one sentence for all of them."""

from __future__ import annotations

import warnings

GONE_WITH = "0.3"  # the version in which the old names work no more


def renamed(old: str, new: str) -> str:
    """What to say of a name that has changed.

    >>> renamed("--judge", "--transfer-model")
    '--judge is called --transfer-model; the old name goes with version 0.3'
    """
    return f"{old} is called {new}; the old name goes with version {GONE_WITH}"


def warn_renamed(old: str, new: str, *, stacklevel: int) -> None:
    """A DeprecationWarning; `stacklevel` 1 is the caller of this function."""
    warnings.warn(renamed(old, new), DeprecationWarning, stacklevel=stacklevel + 1)
