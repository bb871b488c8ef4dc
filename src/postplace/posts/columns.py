"""What every table has: columns with names, rows of values -> records that `parse` reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np

from postplace.errors import BadPost
from postplace.posts.record import NAME_KEYS, RECORD_KEYS, id_remedy, shown

Record = tuple[str, object]  # where it stands, and the record, or why there is none (a BadPost)

_NARROW = ("float16", "halffloat", "float32", "float")  # as pandas, Arrow and Polars call them, in lower case


def check_columns(names: Sequence[str], where: str) -> None:
    """Refuse a table without an `id`, or with a column twice; columns without a name are passed over.

    Raises BadPost.
    """
    if "id" not in names:
        raise BadPost(where, "there is no column 'id'", id_remedy(names))
    if twice := [name for name, count in Counter(names).items() if count > 1 and name]:
        raise BadPost(where, f"the column {shown(twice[0])} is there twice", "give every column its own name")


def known_and_other(names: Sequence[Any]) -> tuple[list[str], dict[str, None]]:
    """The columns that are read, and the others, as keys without a value: they are counted, not read.

    >>> known_and_other(["id", "likes"])
    (['id'], {'likes': None})
    """
    known = [name for name in names if name in RECORD_KEYS]
    return known, dict.fromkeys(str(name) for name in names if name not in RECORD_KEYS)


def narrow_names(names: Sequence[str], types: Sequence[object]) -> set[str]:
    """The columns of ids and names that hold floats of 32 bits or fewer: they round what has more than seven digits.

    >>> narrow_names(["id", "user", "latitude"], ["Float32", "double", "float"])
    {'id'}
    """
    plain = [str(kind).casefold().removesuffix("[pyarrow]") for kind in types]
    return {name for name, kind in zip(names, plain, strict=True) if name in NAME_KEYS and kind in _NARROW}


def keep_narrow(record: dict[str, Any], narrow: Collection[str]) -> dict[str, Any]:
    """The record with the floats of such columns as what they are, so that `parse` refuses those that were rounded."""
    return record | {name: np.float32(record[name]) for name in narrow if isinstance(record[name], float)}


def arrow_rows(batch: Any) -> Iterator[dict[str, object] | Exception]:
    """The rows of an Arrow batch; one by one where a damaged value keeps them from coming all at once."""
    narrow = narrow_names(batch.schema.names, batch.schema.types)
    try:
        rows = batch.to_pylist()
    except (ValueError, OverflowError):
        for row in range(batch.num_rows):
            try:
                yield from (keep_narrow(record, narrow) for record in batch.slice(row, 1).to_pylist())
            except (ValueError, OverflowError) as error:
                yield error
    else:
        yield from (keep_narrow(record, narrow) for record in rows) if narrow else rows


def arrow_records(batches: Any, other: dict[str, None], where: str) -> Iterator[Record]:
    """The records of Arrow batches that hold the known columns. `where` has a place for the row, counted from 1."""
    row = 0
    for batch in batches:
        for record in arrow_rows(batch):
            row += 1
            place = where.format(row)
            if isinstance(record, Exception):
                yield place, BadPost(place, f"cannot be read ({type(record).__name__})", "write texts as UTF-8")
            else:
                yield place, other | record
