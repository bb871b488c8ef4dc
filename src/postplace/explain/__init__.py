"""What gave the place away: each modality's, word's, hashtag's and picture region's part in an answer."""

from __future__ import annotations

from postplace.explain.asked_run import AskedRun
from postplace.explain.explaining import explain
from postplace.explain.explanation import AttentionMap, Belief, Effect, Explanation, Neighbour
from postplace.explain.faithfulness import DeletionCurve, deletion_curve
from postplace.explain.parts import Part
from postplace.explain.variants import OpenedPost, Variant, ask, hide, open_post

__all__ = [
    "AskedRun",
    "AttentionMap",
    "Belief",
    "DeletionCurve",
    "Effect",
    "Explanation",
    "Neighbour",
    "OpenedPost",
    "Part",
    "Variant",
    "ask",
    "deletion_curve",
    "explain",
    "hide",
    "open_post",
]
