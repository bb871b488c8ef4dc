"""Evidence: the training posts most like the asked one."""

from __future__ import annotations

from postplace.explain.explanation import Neighbour
from postplace.locator import PostLocator
from postplace.post import Post


def evidence_for(locator: PostLocator, post: Post) -> tuple[tuple[Neighbour, ...], list[str]]:
    """stub"""
    return (), []
