"""Vectors that were computed elsewhere, as a text encoder: one of each post, found by the post's id.

Files are read in blocks or mapped into memory: of a `.npy` file and a Parquet file never more than a block of rows is
held, beside the ids. Letters: N rows, B posts, D width.
"""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from postplace.encoders.encoder import Vectors
from postplace.encoders.vector_sources import Block, VectorSource, open_source
from postplace.errors import BadOption, BadVectors
from postplace.schema import Post
from postplace.system.text_tables import plain_number

SUFFIXES = (".npy", ".npz", ".parquet")
IDS = ("{stem}.ids.txt", "{stem}.ids.csv", "ids.txt", "ids.csv")  # where the ids of a .npy file are looked for
SHOWN = 5  # ids that are named in a message


class VectorTable:
    """A text encoder that looks vectors up by the id of the post: `PostLocator(text_encoder=VectorTable(...))`.

    `vectors` is a `.npy` file (its rows in the order of `ids`), a `.npz` file with the arrays `ids` and `vectors`, a
    Parquet file or a pandas DataFrame with a column of ids and a column of lists, or an array (N, D). `ids` is a
    sequence, a text file with one id a line or a CSV file with a column of that name; without it, it is looked for
    beside a `.npy` file as NAME.ids.txt, NAME.ids.csv, ids.txt or ids.csv. `column` names the column of lists; without
    it it is the only one, or all columns of numbers are taken together. `id_column` is the name of the column of ids.

    A vector stands for the text of its post: of a post without text none is asked for. `hashtags` is a table of the
    same width with the vectors of the posts' hashtags; without it the hashtags have no vector and are left out.
    The fingerprint is made of ids and vectors, whatever their order and file. With `made_by`, a text of yours that
    names what computed them and changes whenever that does, it is made of this instead, so that a run can be asked
    about later posts with another table. Nothing is ever unpickled. Raises BadVectors.
    """

    def __init__(
        self,
        vectors: Any,
        ids: Any = None,
        *,
        column: str | None = None,
        id_column: str = "id",
        hashtags: VectorTable | None = None,
        made_by: str | None = None,
    ) -> None:
        self.file = Path.cwd() / Path(vectors).expanduser() if isinstance(vectors, str | os.PathLike) else None
        self.where = "vectors" if self.file is None else str(vectors)
        if ids is None and self.file is not None and self.file.suffix.lower() == ".npy":
            ids = find_ids(self.file)
        _check_kinds(hashtags=hashtags, column=column, id_column=id_column, made_by=made_by)
        listed = _read_ids(ids, id_column)
        given = self.file if self.file is not None else vectors
        self._source: VectorSource = open_source(given, listed, where=self.where, column=column, id_column=id_column)
        self._rows, content = _index(self._source.blocks(), where=self.where, width=self._source.width)
        self.width, self.hashtags = self._source.width, hashtags
        self.name = "vectors" if made_by is None else made_by
        self.fingerprint = f"vectors {content}" if made_by is None else f"vectors made by {made_by}, width {self.width}"
        if hashtags is not None:
            self.fingerprint += f"; hashtags: {hashtags.fingerprint}"
            if hashtags.width != self.width:
                problem = f"has hashtags of width {hashtags.width}, and texts of width {self.width}"
                raise BadVectors(self.where, problem, "compute both with one encoder")

    def __len__(self) -> int:
        return len(self._rows)

    def encode_posts(self, posts: Sequence[Post]) -> Vectors:
        """The vectors (B, D) of the texts of posts, by id; BadVectors names those that have none."""
        ids = [normal_id(post.id) for post in posts]
        lacking = [name for name in dict.fromkeys(ids) if name not in self._rows]
        if lacking:
            shown = ", ".join(lacking[:SHOWN]) + (", ..." if len(lacking) > SHOWN else "")
            problem = f"has no vector for {len(lacking)} of {len(set(ids))} posts: {shown}"
            raise BadVectors(self.where, problem, "compute theirs and add them, or leave these posts out")
        if not ids:
            return np.zeros((0, self.width), np.float32)
        return self._source.take(np.array([self._rows[name] for name in ids], dtype=np.int64))

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Refused, for vectors are known of whole posts alone; of no texts at all it gives (0, D)."""
        if not texts:
            return np.zeros((0, self.width), np.float32)
        raise cannot_be_asked(self.where)


def cannot_be_asked(where: str) -> BadVectors:
    """What to say where the vector of a text is wanted that is not the text of a post as it was given."""
    problem = "precomputed vectors cannot be asked about changed posts: they are known of whole posts alone"
    return BadVectors(where, problem, "train with the encoder itself to explain answers or to ask about other texts")


def is_vector_file(name: str) -> bool:
    """Whether the name of an encoder is that of a file of vectors, there or not."""
    return name.lower().endswith(SUFFIXES) and "=" not in name


def vector_file(path: Path) -> VectorTable:
    """The table of a file, its ids beside it or in it."""
    return VectorTable(path)


def find_ids(path: Path) -> Path:
    """The file of ids beside a `.npy` file; BadVectors, with the names that it may have, where there is none."""
    names = [name.format(stem=path.stem) for name in IDS]
    for name in names:
        if path.with_name(name).is_file():
            return path.with_name(name)
    raise BadVectors(
        str(path), "has no ids beside it", f"write the posts' ids, one a line, as {names[0]} or {names[2]}"
    )


def normal_id(value: Any) -> str:
    """An id as posts have it: 1, 1.0 and "1" are one.

    >>> normal_id(1), normal_id(np.float64(1)), normal_id(" a ")
    ('1', '1', 'a')
    """
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").strip()
    if isinstance(value, float | np.floating | Decimal) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


def _check_kinds(*, hashtags: object, **texts: object) -> None:
    """BadOption for a parameter of another type than it must have."""
    if hashtags is not None and not isinstance(hashtags, VectorTable):
        problem = f"{type(hashtags).__name__} is no table of vectors"
        raise BadOption("hashtags", problem, "give a VectorTable of the vectors of the posts' hashtags")
    for name, value in texts.items():
        if value is not None and not isinstance(value, str):
            raise BadOption(name, f"{value!r} is no text", "give a text, or leave it out")


def _read_ids(ids: Any, column: str) -> list[str] | None:
    if ids is None:
        return None
    if not isinstance(ids, str | os.PathLike):
        if not isinstance(ids, Iterable):
            raise BadOption("ids", f"{ids!r} is no list of ids", "give one id a row, or a file of them")
        return [normal_id(value) for value in ids]
    path = Path(ids).expanduser()
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            if path.suffix.lower() != ".csv":
                return [line.strip() for line in file if line.strip()]
            rows = csv.DictReader(file)
            if column not in (rows.fieldnames or ()):
                raise BadVectors(str(path), f"has no column {column!r}", "name the column of ids so, or give id_column")
            # a row that is the header again, as in files that were joined, has no vector
            return [
                normal_id(plain_number(row[column] or ""))
                for row in rows
                if any(key != value for key, value in row.items())
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        problem = f"cannot be read ({error})"
        raise BadVectors(str(path), problem, "give a text file with one id a line, or a CSV file") from None


def _index(blocks: Iterable[Block], *, where: str, width: int) -> tuple[dict[str, int], str]:
    """The row of each id, and a digest of ids and vectors that does not depend on their order.

    Checks every vector: BadVectors for an id that comes twice, a vector of another width and one that is not finite.
    """
    rows: dict[str, int] = {}
    total = 0
    for ids, vectors in blocks:
        bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
        if len(bad):
            problem = f"the vector of {normal_id(ids[bad[0]])!r} has a number that is NaN or infinite"
            raise BadVectors(where, problem, "compute it again, or leave its post out")
        for name, vector in zip(map(normal_id, ids), vectors, strict=True):
            if name in rows:
                problem = f"has two vectors for the id {name!r}, in rows {rows[name] + 1} and {len(rows) + 1}"
                raise BadVectors(where, problem, "keep one of them")
            rows[name] = len(rows)
            key = hashlib.blake2b(name.encode() + b"\0" + vector.tobytes(), digest_size=16).digest()
            total = (total + int.from_bytes(key)) % 2**128
    if not rows:
        raise BadVectors(where, "holds no vectors", "give a file with one row a post")
    return rows, f"{total:032x}, {len(rows)} of width {width}"
