"""Reading back the files of estimators: whatever is missing, damaged or misshapen is a BadRun. C classes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from postplace.errors import BadRun

REMEDY = "copy the run folder again, or train again"


def damaged(name: str, why: object) -> BadRun:
    """An error for a file of the run that is there but not what was written."""
    return BadRun(f"model.{name}", f"is damaged ({why})", REMEDY)


def get_file(files: Mapping[str, bytes], name: str) -> bytes:
    """The file of that name; BadRun when it is missing."""
    if name not in files:
        raise BadRun(f"model.{name}", "is missing", REMEDY)
    return files[name]


def read_arrays(
    files: Mapping[str, bytes], name: str, *, needed: Mapping[str, tuple[int | None, ...]]
) -> dict[str, NDArray[Any]]:
    """The arrays of a safetensors file; BadRun when one is missing or has another shape (None: any) or kind.

    All numbers must be finite but those of arrays called "bias", where -inf stands for a class that cannot be.
    """
    import safetensors.numpy
    from safetensors import SafetensorError

    try:
        arrays: dict[str, NDArray[Any]] = safetensors.numpy.load(get_file(files, name))
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise damaged(name, error) from None
    if set(arrays) != set(needed):
        raise damaged(name, f"holds {', '.join(sorted(arrays))}, not {', '.join(sorted(needed))}")
    for key, shape in needed.items():
        found = arrays[key].shape
        if len(found) != len(shape) or any(wide not in (None, here) for wide, here in zip(shape, found, strict=True)):
            raise damaged(name, f"{key} has the shape {found}")
        if np.isnan(arrays[key]).any() or (key != "bias" and np.isinf(arrays[key]).any()):
            raise damaged(name, f"{key} holds what is no number")
    return arrays


def read_json_object(files: Mapping[str, bytes], name: str, *, needed: Sequence[str]) -> dict[str, Any]:
    """A JSON object with these keys; BadRun when it is not one."""
    try:
        content = json.loads(get_file(files, name))
    except (ValueError, RecursionError) as error:
        raise damaged(name, error) from None
    if not isinstance(content, dict) or set(content) != set(needed):
        raise damaged(name, f"is no object of {', '.join(needed)}")
    return content


def as_bytes(content: Mapping[str, Any]) -> bytes:
    """JSON for `read_json_object`."""
    return json.dumps(content, ensure_ascii=False, allow_nan=False).encode()


def read_strings(content: Mapping[str, Any], key: str, *, name: str) -> tuple[str, ...]:
    """A list of different strings; BadRun when it is not one."""
    found = content[key]
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found) or len(set(found)) < len(found):
        raise damaged(name, f"{key} is no list of different strings")
    return tuple(found)
