"""Which encoders a run is answered with: those it was trained on, in whatever precision. Runs of earlier sizes."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest

from postplace.errors import BadRun
from postplace.runs.serialization import check_encoders, rebuild


def encoders(image: str, *, text: str = "bundled-text; sha256 1") -> dict[str, Any]:
    """What config.json keeps of two encoders."""
    prints = {"text": text, "image": image}
    return {kind: {"asked": "x", "name": "x", "width": 16, "fingerprint": said} for kind, said in prints.items()}


def test_the_same_encoders_are_taken_without_a_word() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_encoders({"encoders": encoders("a; torch.float32")}, encoders("a; torch.float32"), where=Path("run"))


def test_another_precision_is_said() -> None:
    saved, here = {"encoders": encoders("a; torch.bfloat16")}, encoders("a; torch.float32")
    with pytest.warns(UserWarning, match=r"image encoder ran in bfloat16 .* runs in float32 here: .* 1 in 100"):
        check_encoders(saved, here, where=Path("run"))


@pytest.mark.parametrize(
    "now",
    [
        "b; torch.float32",  # other weights too
        "a; torch.int8",  # no precision that is known to give the same vectors
        "a",
    ],
)
def test_anything_else_is_refused(now: str) -> None:
    with pytest.raises(BadRun, match=r"the image encoder differs: fingerprint a; torch\.bfloat16 then"):
        check_encoders({"encoders": encoders("a; torch.bfloat16")}, encoders(now), where=Path("run"))


def test_of_another_width_is_refused() -> None:
    here = encoders("a; torch.float32")
    here["image"]["width"] = 8
    with pytest.raises(BadRun, match="width 16 then, 8 now"):
        check_encoders({"encoders": encoders("a; torch.bfloat16")}, here, where=Path("run"))


def test_a_run_that_was_told_other_pasts_is_refused() -> None:
    """Those of the first version had the text and the pictures of earlier posts, without their hashtags."""
    sizes = {"characters": 2, "words": 9, "hashtags": 9, "text_width": 4, "image_width": 6, "past_width": 4 + 6}
    with pytest.raises(BadRun, match=r"tells 10 numbers of what users had posted before, .*hashtags; .*train again"):
        rebuild(lambda *_: pytest.fail("it was built"), {"sizes": sizes, "classes": 2}, {}, where=Path("run"))
