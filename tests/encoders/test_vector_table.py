"""Tables of computed vectors: every file gives the same rows, and what cannot be used is refused in words."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from postplace import Post, VectorTable
from postplace.encoders import vector_sources
from postplace.encoders.bundled import bundled_image_encoder
from postplace.encoders.registry import find_text_encoder
from postplace.encoders.vector_table import normal_id
from postplace.errors import BadOption, BadVectors
from postplace.features.batch import PostTensors, Vocabularies
from postplace.features.extraction import encode_posts
from postplace.features.pooled import hashtags_without_vectors, pool_features
from postplace.text.tokens import tokenize

IDS = ["a", "2", "c"]
ROWS = np.array([[1, 2], [3, 4], [5, 6]], dtype=np.float32)
WANTED = [Post("c", text="x"), Post("a", text="y"), Post("c", text="z")]


def _npy(folder: Path) -> VectorTable:
    np.save(folder / "v.npy", ROWS)
    (folder / "v.ids.txt").write_text("a\n2\nc\n", encoding="utf-8")
    return VectorTable(folder / "v.npy")


def _npy_with_csv(folder: Path) -> VectorTable:
    np.save(folder / "v.npy", ROWS)
    (folder / "ids.csv").write_text("other,id\n1,a\n2,2\n3,c\n", encoding="utf-8")
    return VectorTable(str(folder / "v.npy"))


def _npz(folder: Path) -> VectorTable:
    np.savez(folder / "v.npz", ids=np.array(IDS), vectors=ROWS)
    return VectorTable(folder / "v.npz")


def _parquet(folder: Path) -> VectorTable:
    frame = pd.DataFrame({"id": IDS[::-1], "vector": list(ROWS[::-1])})
    frame.to_parquet(folder / "v.parquet", row_group_size=1)
    return VectorTable(folder / "v.parquet")


def _columns(folder: Path) -> VectorTable:
    pd.DataFrame({"post": IDS, "x": ROWS[:, 0], "y": ROWS[:, 1]}).to_parquet(folder / "v.parquet")
    return VectorTable(folder / "v.parquet", id_column="post")


def _frame(_: Path) -> VectorTable:
    frame = pd.DataFrame({"id": ["a", 2, "c"], "text": ["", "", ""], "e": ROWS.tolist()})
    return VectorTable(frame, column="e")


def _array(_: Path) -> VectorTable:
    return VectorTable(ROWS.astype(np.float64), ["a", 2.0, "c"])


@pytest.mark.parametrize("make", [_npy, _npy_with_csv, _npz, _parquet, _columns, _frame, _array])
def test_every_form_gives_the_same_table(make: Any, tmp_path: Path) -> None:
    table = make(tmp_path)
    assert (len(table), table.width) == (3, 2)
    assert table.fingerprint == VectorTable(ROWS, IDS).fingerprint
    np.testing.assert_array_equal(table.encode_posts(WANTED), [[5, 6], [1, 2], [5, 6]])
    assert table.encode_posts([]).shape == (0, 2)


def test_the_fingerprint_is_of_the_content() -> None:
    other = VectorTable(ROWS + 1, IDS)
    assert other.fingerprint != VectorTable(ROWS, IDS).fingerprint
    assert VectorTable(ROWS, IDS, made_by="me").fingerprint == VectorTable(ROWS + 1, IDS, made_by="me").fingerprint


def test_a_large_file_is_read_in_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vector_sources, "BLOCK", 2)
    rows = np.arange(14, dtype=np.float32).reshape(7, 2)
    ids = [f"p{row}" for row in range(7)]
    pd.DataFrame({"id": ids, "v": list(rows)}).to_parquet(tmp_path / "v.parquet", row_group_size=3)
    np.save(tmp_path / "v.npy", rows)
    wanted = [Post(name, text="x") for name in ("p6", "p0", "p3", "p2")]
    for table in (VectorTable(tmp_path / "v.parquet"), VectorTable(tmp_path / "v.npy", ids)):
        np.testing.assert_array_equal(table.encode_posts(wanted), rows[[6, 0, 3, 2]])
    assert isinstance(VectorTable(tmp_path / "v.npy", ids)._source._array, np.memmap)  # type: ignore[attr-defined]


def test_hashtags_have_a_table_of_their_own() -> None:
    table = VectorTable(ROWS, IDS, hashtags=VectorTable(ROWS + 10, IDS))
    assert table.hashtags is not None
    np.testing.assert_array_equal(table.hashtags.encode_posts(WANTED[:1]), [[15, 16]])
    with pytest.raises(BadVectors, match="hashtags of width 1, and texts of width 2"):
        VectorTable(ROWS, IDS, hashtags=VectorTable(ROWS[:, :1], IDS))


def test_texts_cannot_be_encoded() -> None:
    assert VectorTable(ROWS, IDS).encode([]).shape == (0, 2)
    with pytest.raises(BadVectors, match="precomputed vectors cannot be asked about changed posts"):
        VectorTable(ROWS, IDS).encode(["a text"])


@pytest.mark.parametrize(
    ("vectors", "ids", "message"),
    [
        (ROWS, ["a", "b", "a"], "has two vectors for the id 'a', in rows 1 and 3; keep one of them"),
        (ROWS, ["1", 1, "c"], "has two vectors for the id '1'"),
        (ROWS, ["a"], "has 3 rows, and there are 1 ids"),
        (ROWS, None, "says of no row which post it is of"),
        ([[1.0, np.nan], [1, 2]], ["a", "b"], "the vector of 'a' has a number that is NaN or infinite"),
        ([["x"], ["y"]], ["a", "b"], "not numbers"),
        ([[1.0], [1.0, 2.0]], ["a", "b"], "vectors of several widths"),
        ([1.0, 2.0], ["a", "b"], r"has the shape \(2,\)"),
        (np.zeros((0, 2)), [], "holds no vectors"),
        ("no/such/file.parquet", None, "no/such/file.parquet: is not there"),
    ],
)
def test_what_cannot_be_used_is_said(vectors: Any, ids: Any, message: str) -> None:
    with pytest.raises(BadVectors, match=message):
        VectorTable(vectors, ids)


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(BadVectors, match="cannot be read as plain arrays of numbers"):
        VectorTable(tmp_path / "v.npy", ["a"])


def test_parquet_files_that_cannot_be_used(tmp_path: Path) -> None:
    path = tmp_path / "v.parquet"

    def refused(message: str, columns: dict[str, Any], **options: Any) -> None:
        pd.DataFrame(columns).to_parquet(path)
        with pytest.raises(BadVectors, match=message):
            VectorTable(path, **options)

    refused("has no column 'id'", {"name": ["a"], "v": [[1.0]]})
    refused("several columns of lists: v, w; say which", {"id": ["a"], "v": [[1.0]], "w": [[1.0]]})
    refused("has no column 'w'; name one of id, v", {"id": ["a"], "v": [[1.0]]}, column="w")
    refused("the column 'v' holds string, not lists|large_string, not lists", {"id": ["a"], "v": ["x"]}, column="v")
    refused("has no column of lists of numbers", {"id": ["a"], "v": ["x"]})
    refused("several widths: 1, 2", {"id": ["a", "b"], "v": [[1.0], [1.0, 2.0]]})
    refused("has rows without a vector", {"id": ["a", "b"], "v": [[1.0], None]})
    refused("has no id in row 2", {"id": ["a", None], "v": [[1.0], [2.0]]})
    refused("NaN or infinite", {"id": ["a"], "x": [np.nan]})
    path.write_bytes(b"no parquet")
    with pytest.raises(BadVectors, match=r"cannot be read .*; give a whole Parquet file"):
        VectorTable(path)


def test_ids_that_are_not_there_or_cannot_be_read(tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", ROWS)
    with pytest.raises(BadVectors, match=r"has no ids beside it; write the posts' ids, one a line, as v\.ids\.txt or"):
        VectorTable(tmp_path / "v.npy")
    (tmp_path / "ids.csv").write_text("name\na\n", encoding="utf-8")
    with pytest.raises(BadVectors, match=r"ids\.csv: has no column 'id'"):
        VectorTable(tmp_path / "v.npy")


def test_ids_are_one_name_however_they_are_written() -> None:
    assert [normal_id(value) for value in (7, 7.0, "7", " 7 ", b"7", np.int64(7))] == ["7"] * 6


def test_a_header_in_the_middle_of_the_ids_is_none_of_them(tmp_path: Path) -> None:
    (tmp_path / "ids.csv").write_text("other,id\n1,a\nother,id\n2,b\n", encoding="utf-8")
    table = VectorTable(np.eye(2, dtype=np.float32), tmp_path / "ids.csv")
    assert table.encode_posts([Post("b", text="x")]).tolist() == [[0.0, 1.0]]


@pytest.mark.parametrize(
    ("parameter", "value"), [("hashtags", 5), ("column", 5), ("id_column", 5), ("made_by", 5), ("ids", 5)]
)
def test_a_parameter_of_another_type_is_refused_by_its_name(parameter: str, value: Any) -> None:
    with pytest.raises(BadOption, match=f"^{parameter}: "):
        VectorTable(ROWS, **{"ids": IDS, parameter: value})


@pytest.mark.parametrize("name", ["missing.parquet", "missing.npy"])
def test_a_file_that_is_not_there_is_refused_by_the_option_with_the_kinds(name: str) -> None:
    with pytest.raises(BadOption, match=r"text_encoder: there is no file .*; a file of vectors ends in .npy, .npz"):
        find_text_encoder(name)


def test_a_table_of_another_kind_is_refused_with_the_kinds(tmp_path: Path) -> None:
    (tmp_path / "v.csv").write_text("id,x\na,1\n")
    for name in (str(tmp_path / "v.csv"), "v.csv"):
        with pytest.raises(BadOption, match=r"text_encoder: .*ends in .npy, .npz or .parquet"):
            find_text_encoder(name)


class Raising:
    """An encoder of another package that cannot encode one of the texts."""

    name, width, fingerprint = "raising", 2, "raising 1"

    def encode(self, texts: Any) -> Any:
        if "bad" in texts:
            raise ZeroDivisionError("no words")
        return np.ones((len(texts), 2), np.float32)


def test_an_encoder_that_raises_is_named_with_the_post() -> None:
    posts = [Post("a", text="good"), Post("b", text="bad")]
    with pytest.raises(BadVectors, match="text encoder raising, post b: failed: ZeroDivisionError: no words") as caught:
        encode_posts(posts, text_encoder=Raising(), image_encoder=bundled_image_encoder(device="cpu"))
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_hashtags_without_vectors_are_absent_in_whatever_a_model_is_given() -> None:
    posts = [Post("a", text="old bridge", hashtags=("bund",)), Post("c", text="old bridge")]
    encoded = encode_posts(
        posts, text_encoder=VectorTable(ROWS, IDS), image_encoder=bundled_image_encoder(device="cpu")
    )
    tokens = [tokenize(post) for post in posts]
    batch = PostTensors(tokens, encoded, vocabularies=Vocabularies.fit(tokens, min_count=1))[[0, 1]]
    assert not batch.hashtag_mask.any()
    assert not batch.hashtag_words.any()
    assert not batch.hashtag_characters.any()
    assert batch.text_words.any()
    assert pool_features(posts, encoded).hashtags == [(), ()]
    assert hashtags_without_vectors(posts, encoded) == 1


def test_ids_that_pandas_made_floats_of_are_those_of_the_posts(tmp_path: Path) -> None:
    (tmp_path / "ids.csv").write_text("id\n123.0\n124.0\n", encoding="utf-8")
    table = VectorTable(np.eye(2, dtype=np.float32), tmp_path / "ids.csv")
    assert table.encode_posts([Post("124", text="x")]).tolist() == [[0.0, 1.0]]
    assert [normal_id(value) for value in (123.0, np.float32(123), Decimal("123.0"), "123")] == ["123"] * 4
