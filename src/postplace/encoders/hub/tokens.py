"""Texts -> the token ids that a model of transformers takes: its own tokenizer, cut and padded as it was trained."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from postplace.encoders.bundled import MAX_CHARACTERS
from postplace.encoders.hub.files import SENTENCE_LENGTH, ModelFiles
from postplace.errors import BadWeights, one_line

# Tokens of a text: Chinese-CLIP was trained on 52 (Yang et al., 2022; its code's context length), others say themselves
LONGEST = {"chinese_clip": 52}
MOST_TOKENS = 512
# Networks whose first position is the one after the padding token's id
OFFSET_POSITIONS = ("roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "mpnet", "longformer", "data2vec-text")


class Tokens:
    """Texts -> token ids and mask (B, L), 1 = real; a text without any token is one padding token, taken for real."""

    def __init__(self, files: ModelFiles, text_config: Any) -> None:
        from transformers import AutoTokenizer

        try:
            # never code that comes with the model, never the network: all is in the folder by now
            self.tokenizer = AutoTokenizer.from_pretrained(files.folder, local_files_only=True, trust_remote_code=False)
        except Exception as error:  # damaged files raise nearly anything
            raise BadWeights(
                files.name, f"its tokenizer cannot be loaded ({one_line(error)})", "copy it again"
            ) from None
        self.lower = self.whole = files.kind == "siglip"  # trained on lower case, padded to its full length
        if self.tokenizer.pad_token is None:
            self.tokenizer.pad_token = self.tokenizer.eos_token or self.tokenizer.unk_token
        if self.tokenizer.pad_token is None:
            raise BadWeights(files.name, "its tokenizer has no padding token", "take another model")
        self.longest = _longest(files, text_config, self.tokenizer)
        self._alone = Lock()  # a tokenizer keeps how it cuts and pads: two threads would take each other's

    @property
    def described(self) -> str:
        """What is done to a text, for the fingerprint."""
        case = ", lower case" if self.lower else ""
        return f"the first {MAX_CHARACTERS} characters, {self.longest} tokens{case}"

    def __call__(self, texts: Sequence[str], *, longest: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Texts (B) -> token ids (B, L) and which of them are real (B, L), L at most `longest`."""
        # half of a surrogate pair, as a cut JSON string may hold, is no character: it is read as "?"
        readable = [text[:MAX_CHARACTERS].encode("utf-8", "replace").decode() for text in texts]
        with self._alone:
            cut = self.tokenizer(
                [text.lower() for text in readable] if self.lower else readable,
                truncation=True,
                max_length=self.longest if self.whole else longest,
                padding="max_length" if self.whole else "longest",
                return_attention_mask=True,
                return_tensors="np",
            )
        ids, mask = (np.asarray(cut[name], dtype=np.int64) for name in ("input_ids", "attention_mask"))
        if not ids.shape[1]:
            ids = np.full((len(texts), 1), self.tokenizer.pad_token_id, dtype=np.int64)
            mask = np.zeros_like(ids)
        mask[~mask.any(axis=1), 0] = 1
        return ids, mask

    def lengths(self, texts: Sequence[str], *, longest: int) -> NDArray[np.int64]:
        """How many tokens of each text are read, and how many there are (B, 2), without those put around a text."""
        readable = [text[:MAX_CHARACTERS].encode("utf-8", "replace").decode() for text in texts]
        with self._alone:
            ids = self.tokenizer(
                [text.lower() for text in readable] if self.lower else readable,
                truncation=False,
                padding=False,
                add_special_tokens=False,
                verbose=False,  # it would warn of those longer than its model takes
            )["input_ids"]
            room = longest - self.tokenizer.num_special_tokens_to_add()
        return np.array([(min(len(own), room), len(own)) for own in ids], np.int64).reshape(-1, 2)


def _longest(files: ModelFiles, text_config: Any, tokenizer: Any) -> int:
    """How many tokens of a text are read."""
    positions = int(getattr(text_config, "max_position_embeddings", MOST_TOKENS))
    if getattr(text_config, "model_type", "") in OFFSET_POSITIONS:
        positions -= int(text_config.pad_token_id) + 1
    said = files.settings(SENTENCE_LENGTH).get("max_seq_length")
    limits = [positions, int(min(tokenizer.model_max_length, MOST_TOKENS)), LONGEST.get(files.kind, MOST_TOKENS)]
    if files.kind == "siglip":
        return positions  # padded to it
    return min([*limits, int(said)] if said else limits)
