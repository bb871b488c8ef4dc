"""What may be asked of an answer, and what a place may be."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from postplace.server.schemas import AnsweredPlace, Options


def test_without_options_the_defaults_hold() -> None:
    options = Options.model_validate({})
    assert (options.top_k, options.level, options.min_confidence) == (5, 0.9, 0.0)


@pytest.mark.parametrize("given", [{"top_k": "3"}, {"top_k": 100}, {"level": "0.5"}, {"level": 0.99}])
def test_options_may_be_texts_of_a_form_up_to_their_bounds(given: dict[str, Any]) -> None:
    (name,) = given
    assert getattr(Options.model_validate(given), name) == float(given[name])


@pytest.mark.parametrize(
    "given",
    [
        {"top_k": 0},
        {"top_k": 101},
        {"top_k": 1.5},
        {"level": 0.49},
        {"level": 1.0},
        {"level": "nan"},
        {"min_confidence": -0.1},
        {"min_confidence": "inf"},
        {"topk": 3},
    ],
)
def test_options_out_of_bounds_or_unknown_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        Options.model_validate(given)
    assert caught.value.errors()[0]["loc"] == tuple(given)


def test_a_probability_is_a_share_and_coordinates_may_be_missing() -> None:
    assert AnsweredPlace(place="pier", probability=1.0).latitude is None
    for probability in (1.1, -0.1, float("nan")):
        with pytest.raises(ValidationError):
            AnsweredPlace(place="pier", probability=probability)
