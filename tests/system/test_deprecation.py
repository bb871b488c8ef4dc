"""One sentence for whatever is used by an old name, from wherever it is said."""

from __future__ import annotations

import pytest

from postplace.inference.options import renamed_keyword
from postplace.schema import Prediction
from postplace.system.deprecation import warn_renamed

SENTENCE = "{} is called {}; the old name goes with version 0.3"


def test_the_warning_is_of_the_line_that_uses_the_old_name() -> None:
    with pytest.warns(DeprecationWarning, match=SENTENCE.format("a", "b")) as caught:
        warn_renamed("a", "b", stacklevel=1)
    assert caught[0].filename == __file__


def test_keywords_and_attributes_say_the_same() -> None:
    with pytest.warns(DeprecationWarning, match=SENTENCE.format("the keyword state", "checkpoint_dir")):
        assert renamed_keyword("folder", None, old="state", new="checkpoint_dir") == "folder"
    with pytest.warns(DeprecationWarning, match=SENTENCE.format("Prediction.used", "Prediction.modalities")) as caught:
        assert Prediction("1", (), ("text",)).used == ("text",)
    assert caught[0].filename == __file__
