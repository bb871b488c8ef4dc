"""What can be turned in a synthetic city."""

from __future__ import annotations

from typing import Any

import pytest

from postplace.errors import BadOption
from postplace.synthetic.parameters import CityParameters


@pytest.mark.parametrize(
    "values",
    [{"places": 2}, {"places": 48}, {"users": 2}, {"activity_skew": 5}, {"gps_noise_km": 50.0}, {"slang": 1}],
)
def test_the_ends_of_each_range_are_allowed(values: dict[str, Any]) -> None:
    parameters = CityParameters(**values)
    assert {name: getattr(parameters, name) for name in values} == values


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"places": 1}, "1 is out of range"),
        ({"places": 49}, "49 is out of range"),
        ({"users": 1}, "1 is out of range"),
        ({"slang": 1.01}, "1.01 is out of range"),
        ({"slang": float("nan")}, "nan is out of range"),
        ({"places": 12.5}, "12.5 is not a whole number"),
        ({"slang": True}, "True is not a number"),
        ({"slang": "0.5"}, "'0.5' is not a number"),
    ],
)
def test_a_value_out_of_range_or_of_another_type_is_an_error(values: dict[str, Any], problem: str) -> None:
    with pytest.raises(BadOption) as caught:
        CityParameters(**values)
    assert caught.value.found == problem
    assert caught.value.where == next(iter(values))


def test_an_unknown_modality_is_an_error_that_names_the_nearest() -> None:
    with pytest.raises(BadOption, match="images") as caught:
        CityParameters(single_modality="images")  # type: ignore[arg-type]
    assert "image" in caught.value.remedy
