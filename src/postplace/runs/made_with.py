"""What decoded images and cut texts into words when a run was made, and what is said where that differs here.

Neither is part of an encoder, and neither is a reason to refuse: other versions change a few values of a few vectors,
or a few words of a few posts.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from postplace.images import decode
from postplace.text import segmentation
from postplace.text.stop_words import PLACES, WordRules


def made_with(rules: WordRules = PLACES) -> dict[str, str]:
    """What decodes images and what cuts words by these rules here, each with its versions."""
    return {"pictures": decode.decoder(), "words": segmentation.segmenter(rules)}


def warn_of_others(config: Mapping[str, Any], *, images: bool, words: WordRules | None) -> None:
    """Warn where a run that looks at images, or reads words, was made with another one than is here.

    `words` are the rules by which it cuts them, None if it reads none. A run of an earlier version does not say
    with what: it was made with the versions that came with it.
    """
    for remark in remarks(config.get("made_with", {}), images=images, words=words):
        warnings.warn(remark, stacklevel=4)


def remarks(then: Mapping[str, str], *, images: bool, words: WordRules | None) -> list[str]:
    """What is to be said of the differences."""
    said = []
    if images and (before := then.get("pictures", decode.UNSAID)) != (here := decode.decoder()):
        said.append(f"this run was made with {before}, here is {here}: vectors of images may differ slightly")
    if words and (before := then.get("words", segmentation.UNSAID)) != (here := segmentation.segmenter(words)):
        said.append(f"this run was made with {before}, here is {here}: some words may be cut or left out otherwise")
    return said
