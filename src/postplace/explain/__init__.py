"""What gave the place away: each modality's, word's, hashtag's and image region's part; and how to hide it."""

from __future__ import annotations

from postplace.explain.advice import Advice, AttackerView, Goal, Suggestion
from postplace.explain.adviser import advise
from postplace.explain.edits import Edit, apply
from postplace.explain.explainable import Explainable
from postplace.explain.explaining import explain
from postplace.explain.explanation import AttentionMap, ClassProbability, Effect, Explanation, Neighbour
from postplace.explain.faithfulness import DeletionCurve, deletion_curve
from postplace.explain.parts import Part
from postplace.explain.variants import OpenedPost, Variant, ask, hide, open_post, open_whole

__all__ = [
    "Advice",
    "AttackerView",
    "AttentionMap",
    "ClassProbability",
    "DeletionCurve",
    "Edit",
    "Effect",
    "Explainable",
    "Explanation",
    "Goal",
    "Neighbour",
    "OpenedPost",
    "Part",
    "Suggestion",
    "Variant",
    "advise",
    "apply",
    "ask",
    "deletion_curve",
    "explain",
    "hide",
    "open_post",
    "open_whole",
]
