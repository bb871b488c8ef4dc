"""What a run was made with, beside what is here: said, never refused."""

from __future__ import annotations

import re
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from tests.features.test_extraction import Colours, Lengths, picture

from postplace import PostLocator
from postplace.features.extraction import encode_posts
from postplace.images import decode
from postplace.runs.made_with import made_with, remarks, warn_of_others
from postplace.schema import Post
from postplace.text import segmentation
from postplace.text.stop_words import WORD_RULES

CONSTRAINTS = Path(__file__).parents[2] / "constraints.txt"


def test_the_same_is_not_worth_a_word() -> None:
    assert remarks(made_with(), images=True, words="places") == []
    assert remarks(made_with("sg-mft"), images=True, words="sg-mft") == []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_others({"made_with": made_with()}, images=True, words="places")


def test_another_decoder_is_said_of_a_run_that_looks_at_pictures() -> None:
    then = made_with() | {"pictures": "Pillow 12.0.0, libjpeg-turbo 3.1.0"}
    with pytest.warns(UserWarning, match=r"made with Pillow 12\.0\.0, .* here is Pillow .* may differ slightly"):
        warn_of_others({"made_with": then}, images=True, words="places")
    assert remarks(then, images=False, words="places") == []


def test_another_dictionary_or_stop_list_is_said_of_a_run_that_reads_words() -> None:
    then = made_with() | {"words": "jieba 0.42.1, dictionary 0, stop words 0"}
    (said,) = remarks(then, images=True, words="places")
    assert "jieba 0.42.1, dictionary 0" in said
    assert segmentation.segmenter() in said
    assert remarks(then, images=True, words=None) == []


def test_runs_that_do_not_say_were_made_with_the_versions_that_were_pinned() -> None:
    pins = dict(re.findall(r"^([\w-]+)==(\S+)", CONSTRAINTS.read_text("utf-8"), re.MULTILINE))
    assert decode.UNSAID.startswith(f"Pillow {pins['pillow']},")
    assert segmentation.UNSAID.startswith(f"jieba {pins['jieba']},")
    both = {"pictures": decode.UNSAID, "words": segmentation.UNSAID}
    for rules in WORD_RULES:
        assert remarks({}, images=True, words=rules) == remarks(both, images=True, words=rules)


def test_the_stop_list_and_the_dictionary_are_part_of_what_cuts_words(monkeypatch: pytest.MonkeyPatch) -> None:
    before = segmentation.segmenter()
    with monkeypatch.context() as other:
        other.setattr(segmentation, "PLACE_WORDS", frozenset({"home"}))
        assert segmentation.segmenter.__wrapped__("sg-mft") != segmentation.segmenter("sg-mft")
    with monkeypatch.context() as other:
        other.setattr(segmentation, "published", lambda *_: frozenset({"the"}))
        assert segmentation.segmenter.__wrapped__("sg-mft") != segmentation.segmenter("sg-mft")
    with monkeypatch.context() as other:
        other.setattr(segmentation, "stop_words", lambda _: frozenset({"the"}))
        assert segmentation.segmenter.__wrapped__() != before
    with monkeypatch.context() as other:
        other.setattr(segmentation, "version", lambda name: "9.9" if name == "opencc" else version(name))
        assert segmentation.segmenter.__wrapped__() != before
    assert segmentation.segmenter.__wrapped__() == before != segmentation.segmenter("sg-mft")


def test_vectors_of_pictures_that_another_decoder_made_are_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    posts = [Post("1", text="a", images=(picture(tmp_path, "red", (200, 0, 0)),))]

    def encoded() -> tuple[int, int]:
        text, image = Lengths(), Colours()
        found = encode_posts(posts, text_encoder=text, image_encoder=image, store_folder=tmp_path / "store")
        np.testing.assert_array_equal(found.image_vectors, [[200, 0, 0]])
        return len(text.seen), image.seen

    monkeypatch.setattr(decode, "decoder", lambda: decode.UNSAID)
    assert encoded() == (1, 1)
    folders = set((tmp_path / "store").iterdir())  # as every version so far has named them
    assert encoded() == (0, 0)
    monkeypatch.setattr(decode, "decoder", lambda: "Pillow 14.0.0")
    assert encoded() == (0, 1)
    assert len(set((tmp_path / "store").iterdir()) - folders) == 1


@pytest.mark.filterwarnings("ignore:this run was made with:UserWarning")
def test_a_run_of_version_0_1_0_cuts_words_and_reads_capitals_as_it_did(tmp_path: Path) -> None:
    runs = Path(__file__).parents[1] / "data" / "version_0_1_0" / "runs"
    locator = PostLocator.load(runs / "mrlf", device="cpu")
    for _ in range(2):  # as it was saved then, and as it is saved now
        assert locator.fitted.vocabularies is not None
        assert locator.fitted.vocabularies.word_rules == locator.plan.word_rules == "sg-mft"
        assert locator.encoder_pair.text == "bundled-cased"
        assert locator.options()["word_rules"] == "sg-mft"
        locator.save(tmp_path / "run", overwrite=True)
        locator = PostLocator.load(tmp_path / "run", device="cpu")
    assert PostLocator().plan.word_rules == "places"
    assert PostLocator.load(runs / "logistic", device="cpu").options().get("word_rules") is None  # it reads none
