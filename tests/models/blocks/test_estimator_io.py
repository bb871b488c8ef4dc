"""Reading back the files of estimators: whatever is missing, damaged or misshapen is a BadRun."""

from __future__ import annotations

import numpy as np
import pytest
import safetensors.numpy

from postplace.errors import BadRun
from postplace.models.blocks.estimator_io import as_bytes, get_file, read_arrays, read_json_object, read_strings


def saved(**arrays: object) -> dict[str, bytes]:
    return {"weights": safetensors.numpy.save({name: np.asarray(array) for name, array in arrays.items()})}


def test_a_file_that_is_missing_is_named() -> None:
    assert get_file({"a": b"1"}, "a") == b"1"
    with pytest.raises(BadRun, match=r"model\.b"):
        get_file({"a": b"1"}, "b")


def test_arrays_come_back_with_a_free_length_of_any_size() -> None:
    for rows in (1, 3):
        files = saved(weights=np.ones((rows, 2)), bias=[0.0, -np.inf])
        found = read_arrays(files, "weights", needed={"weights": (None, 2), "bias": (2,)})
        assert found["weights"].shape == (rows, 2)
        assert found["bias"].tolist() == [0.0, -np.inf]


@pytest.mark.parametrize(
    ("arrays", "problem"),
    [
        ({"weights": np.ones((2, 3))}, r"weights has the shape \(2, 3\)"),
        ({"weights": np.ones(2)}, r"weights has the shape \(2,\)"),
        ({"weights": [[1.0, np.inf]]}, "weights holds what is no number"),
        ({"weights": [[1.0, np.nan]]}, "weights holds what is no number"),
        ({"other": [[1.0, 2.0]]}, "holds other, not weights"),
    ],
)
def test_arrays_of_another_name_shape_or_kind_are_refused(arrays: dict[str, object], problem: str) -> None:
    with pytest.raises(BadRun, match=problem):
        read_arrays(saved(**arrays), "weights", needed={"weights": (None, 2)})


def test_a_bias_may_be_infinite_but_not_nan_and_bytes_must_be_safetensors() -> None:
    with pytest.raises(BadRun, match="no number"):
        read_arrays(saved(bias=[np.nan]), "weights", needed={"bias": (1,)})
    with pytest.raises(BadRun, match="is damaged"):
        read_arrays({"weights": b"not at all"}, "weights", needed={})


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"a": 1}', b'{"a": 1, "b": 2, "c": 3}', b"[" * 100_000])
def test_json_must_be_an_object_of_just_these_keys(content: bytes) -> None:
    with pytest.raises(BadRun):
        read_json_object({"names": content}, "names", needed=("a", "b"))


def test_json_written_is_json_read_and_infinity_cannot_be_written() -> None:
    content = {"a": "外滩", "b": [1, 2]}
    assert read_json_object({"names": as_bytes(content)}, "names", needed=("b", "a")) == content
    with pytest.raises(ValueError, match="JSON"):
        as_bytes({"a": float("inf")})


@pytest.mark.parametrize("value", ["ab", [1], ["a", "a"], None])
def test_strings_must_be_a_list_of_different_ones(value: object) -> None:
    assert read_strings({"a": ["x", "y"]}, "a", name="names") == ("x", "y")
    with pytest.raises(BadRun, match="different strings"):
        read_strings({"a": value}, "a", name="names")
