"""Files of posts in the formats that tables have: read as they are, or named for what they are."""

from __future__ import annotations

import bz2
import codecs
import gzip
import json
import lzma
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postplace.errors import BadPost
from postplace.posts.post_files import READ_ENDINGS, file_records
from postplace.posts.table import PostStream, read_posts
from postplace.schema import Post

RECORDS = [{"id": "1", "text": "a river", "images": ["i.jpg"]}, {"id": "2", "text": "夜景"}]
LINES = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in RECORDS)
CSV = "id,text,images\n1,a river,i.jpg\n2,夜景,\n"


def expected(folder: Path) -> list[Post]:
    return [Post("1", "a river", images=(folder / "i.jpg",)), Post("2", "夜景")]


def zstandard(content: bytes) -> bytes:
    packed: bytes = pa.Codec("zstd").compress(content, asbytes=True)
    return packed


def plain(content: bytes) -> bytes:
    return content


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "": plain,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstandard,
}
CONTENTS = {
    "posts.jsonl": LINES,
    "posts.ndjson": LINES,
    "lines.json": LINES,
    "posts.json": json.dumps(RECORDS),
    "indented.json": json.dumps(RECORDS, indent=2, ensure_ascii=False),
    "several.json": "\n".join(json.dumps(record, indent=2) for record in RECORDS),
    "marked.json": "\ufeff" + json.dumps(RECORDS, indent=2, ensure_ascii=False),
    "posts.csv": CSV,
    "marked.csv": "\ufeff" + CSV,
    "windows.csv": CSV.replace("\n", "\r\n"),
    "semicolons.csv": CSV.replace(",", ";"),
    "tabs.csv": CSV.replace(",", "\t"),
    "posts.tsv": CSV.replace(",", "\t"),
    "bars.csv": CSV.replace(",", "|"),
    "directive.csv": "sep=;\n" + CSV.replace(",", ";"),
    "quoted.csv": CSV.replace("id,text,images", '"id";"text";"images"').replace(",", ";"),
    "POSTS.CSV": CSV,
}


@pytest.mark.parametrize("packing", PACKED)
@pytest.mark.parametrize("name", CONTENTS)
def test_text_formats_compressed_or_not(name: str, packing: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}{packing}"
    path.write_bytes(PACKED[packing](CONTENTS[name].encode()))
    assert read_posts(path) == expected(tmp_path)


@pytest.mark.parametrize("packing", PACKED)
def test_a_line_is_named_in_a_compressed_file_too(packing: str, tmp_path: Path) -> None:
    path = tmp_path / f"p.jsonl{packing}"
    path.write_bytes(PACKED[packing](b'{"id": "1", "text": "x"}\n{"id": "2", "latitude": 91, "longitude": 1}\n'))
    with pytest.raises(BadPost, match=r"p\.jsonl.*, line 2, key 'latitude': 91 is not a latitude"):
        read_posts(path)


@pytest.mark.parametrize("packing", [".gz", ".bz2", ".xz", ".zst"])
def test_a_compressed_file_that_is_damaged_or_not_compressed(packing: str, tmp_path: Path) -> None:
    path = tmp_path / f"p.jsonl{packing}"
    content = "".join(f'{{"id": "{n}", "text": "{n * 7919}"}}\n' for n in range(20_000)).encode()
    path.write_bytes(PACKED[packing](content)[:-2000])
    with pytest.raises(BadPost, match=r"p\.jsonl.*(cut short or damaged|cannot be read|not compressed)"):
        read_posts(path)
    path.write_bytes(content)
    with pytest.raises(BadPost, match=r"p\.jsonl.*(not compressed|damaged|cannot be read)"):
        read_posts(path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("p.json", '[{"id": "1", "text": "x"}, 5]', r"record 2: 5 is not a JSON object; write a list of objects"),
        (
            "p.json",
            '[{"id": "1", "text": "x"}, {"id": "2", "te',
            "after record 1: .*; it is damaged or cut short there",
        ),
        ("p.json", '[{"id": "1", "text": "x"}', "after record 1: "),
        ("p.json", "[]", "holds no posts"),
        ("p.json", '{"id": {"0": "1", "1": "2"}, "text": {"0": "a", "1": "b"}}', "is a whole table, column by column"),
        ("p.json", '{"id": ["1", "2"], "text": ["a", "b"]}', "column by column; .* `to_json.path, orient='records'.`"),
        (
            "p.json",
            '{"count": 1, "items": [{"id": "1", "text": "x"}]}',
            "has its records in a list, under 'items'; give",
        ),
        ("p.json", '"text"', "is not a JSON object"),
        ("p.json", '{"columns": ["id"], "index": [0], "data": [[1]]}', "is a whole table, not one record; .*'records'"),
        ("p.json", '{"0": {"id": 1}, "1": {"id": 2}}', "is a whole table, not one record"),
        (
            "p.json",
            '{"id": {"$numberLong": "1"}, "text": "a"}',
            "give one of its values alone, as that of '.numberLong'",
        ),
        ("p.jsonl", '{\n"id": 1,\n"text": "a"\n}', "line 1: .*, or name it .json"),
        ("p.txt", "id,text\n1,a\n", "has the unknown ending '.txt'; name it for what is in it, as posts.csv"),
        ("p.json", '[{"id": "1", "text": "外滩"}]'.encode("gb18030"), "record 1: is not UTF-8 .it looks like GB18030"),
        ("p.json", '[{"id": 1}]'.encode("utf-16"), "line 1: byte 1 is not UTF-8 but UTF-16; save the file as UTF-8"),
        (
            "p.jsonl",
            '{"id": "1", "text": "外滩"}'.encode("gb18030"),
            "line 1: byte 22 is not UTF-8 .it looks like GB180",
        ),
        (
            "p.csv",
            "id,text\n1,外滩的夜景".encode("gb18030"),
            "line 2: is not UTF-8 .it looks like GB18030 or GBK.*iconv",
        ),
        ("p.csv", "id,text\n1,臺北一零一的夜景，西門町".encode("big5"), "line 2: is not UTF-8 .it looks like Big5"),
        ("p.csv", "id,text\n1,東京タワー".encode("cp932"), "line 2: is not UTF-8 .it looks like Shift-JIS"),
        ("p.csv", "id,text\n1,서울 남산 타워".encode("cp949"), "line 2: is not UTF-8 .it looks like EUC-KR"),
        (
            "p.csv",
            "id,text\n1,Café am Brückenkopf".encode("cp1252"),
            "line 2: is not UTF-8 .it looks like Windows-1252",
        ),
        ("p.csv", "id,text\n1,a".encode("utf-16-le"), "line 1: is not UTF-8 but UTF-16"),
        ("p.csv", codecs.BOM_UTF32_LE + "id".encode("utf-32-le"), "line 1: is not UTF-8 but UTF-32"),
        (
            "p.csv",
            "id;text\n1;a;b\n",
            "line 2: has 3 fields, the header has 2; put texts with semicolons in double quotes",
        ),
        ("p.csv", "name;text\n1;a\n", "line 1: there is no column 'id'"),
        (
            "p.csv",
            f"id,text\n1,{'x' * 200_000}\n",
            "field larger .*; close every quote; if the cell is meant to be so long",
        ),
        ("p.csv.gz", gzip.compress(b""), "there is no column 'id'"),
        ("p.parquet.gz", gzip.compress(b"PAR1"), "is compressed as .gz; unpack it: its format compresses by itself"),
        (
            "posts.gz",
            gzip.compress(b"x"),
            "says by .gz that it is compressed, not what is in it; name it as posts.jsonl.gz",
        ),
        ("posts.tar.gz", b"x", "is an archive; unpack it, and give the file of posts in it"),
        ("posts.zip", b"PK", "has the unknown ending '.zip'; unpack it, and give the file of posts in it"),
        ("posts.xls", b"x", "has the unknown ending '.xls'; save it as .xlsx, or as 'CSV UTF-8'"),
        ("posts.feather", b"x", "has the unknown ending '.feather'; write the table as .parquet"),
        ("posts.sqlite", b"x", "has the unknown ending '.sqlite'; export its table of posts as CSV"),
        ("p.xlsx", b"PK\x03\x04 no", "is not an Excel workbook .*; save it again as .xlsx"),
    ],
)
def test_what_cannot_be_read_is_named(name: str, content: str | bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(BadPost, match=message) as caught:
        read_posts(path)
    assert "\n" not in str(caught.value)


def test_a_damaged_row_of_a_file_in_utf_8_is_not_taken_for_another_encoding(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_bytes("id,text\n1,夜景在外滩\n".encode() + b"2,\xff\xfe\n")
    with pytest.raises(BadPost, match=r"line 3: is not UTF-8; save the file as UTF-8$"):
        read_posts(tmp_path / "p.csv")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("p.csv", b"PK\x03\x04\x14\0\x06\0\x08\0\0\0", "is an Excel workbook or an archive, .*with the ending .xlsx"),
        ("p.csv", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(99), "a workbook of Excel before 2007, .*save it as .xlsx"),
        ("p.jsonl", gzip.compress(LINES.encode()), "is compressed with gzip, .*; name it p.jsonl.gz$"),
        ("p.json", bz2.compress(LINES.encode()), "is compressed with bzip2, .*; name it p.json.bz2$"),
        ("p.tsv", lzma.compress(LINES.encode()), "is compressed with xz, .*; name it p.tsv.xz$"),
        ("p.jsonl", zstandard(LINES.encode()), "is compressed with Zstandard, .*; name it p.jsonl.zst$"),
        ("p.jsonl", b"PAR1" + bytes(20), "is Parquet, .*; name it with the ending .parquet$"),
        ("p.csv.gz", gzip.compress(b"PK\x03\x04"), "is an Excel workbook or an archive"),
        ("p.csv", b"SQLite format 3\0" + bytes(80), "is a database of SQLite, .*; export its table of posts as CSV"),
    ],
)
def test_what_is_no_text_is_named_by_its_first_bytes(name: str, content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadPost, match=message):
        read_posts(tmp_path / name)


def test_semicolons_with_decimal_commas(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("id;text;latitude;longitude;images\n1;x;51,05;-13,5;a.jpg,b.jpg\n")
    images = (tmp_path / "a.jpg", tmp_path / "b.jpg")
    assert read_posts(tmp_path / "p.csv") == [Post("1", "x", images=images, latitude=51.05, longitude=-13.5)]


@pytest.mark.parametrize("header", ["id,text;or words", "id,text|title", "id,a\tb"])
def test_a_comma_wins_where_it_gives_an_id(header: str, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text(f"{header},text\n1,x,y\n")
    assert read_posts(tmp_path / "p.csv")[0].text == "y"


@pytest.mark.parametrize("word", ["NA", "NULL", "nan", "N/A", "None"])
def test_where_no_word_can_stand_one_that_means_nothing_is_none(word: str, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text(f"id,text,latitude,longitude,time\n1,{word},{word},{word},{word}\n")
    assert read_posts(tmp_path / "p.csv") == [Post("1", word)]


def test_columns_without_a_name(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text(",id,text,,\n0,1,x,,\n1,2,y,,\n")
    stream = PostStream(tmp_path / "p.csv")
    assert [post.text for post in stream] == ["x", "y"]
    assert stream.notes() == ["keys that are not used: a column without a name"]


def test_a_folder_of_parts_as_spark_writes_it(tmp_path: Path) -> None:
    folder = tmp_path / "posts.parquet"
    folder.mkdir()
    for number in range(3):
        table = pa.table({"id": [str(number)], "text": ["x"], "images": [["i.jpg"]]})
        pq.write_table(table, folder / f"part-0000{number}-x.snappy.parquet")
    (folder / "_SUCCESS").write_text("")
    (folder / "._part-00000-x.snappy.parquet").write_bytes(b"\0")
    posts = read_posts(folder)
    assert [post.id for post in posts] == ["0", "1", "2"]
    assert posts[0].images == (tmp_path / "i.jpg",)
    pq.write_table(pa.table({"id": ["0"], "text": ["again"]}), folder / "part-00009.parquet")
    with pytest.raises(BadPost, match=r"part-00009\.parquet, row 1, key 'id': '0' is the id of an earlier post"):
        read_posts(folder)


def test_a_folder_with_a_table_in_it_names_the_table(tmp_path: Path) -> None:
    (tmp_path / "posts.csv").write_text("id,text\n1,x\n")
    (tmp_path / "images").mkdir()
    with pytest.raises(BadPost, match=r"is a folder; give a file in it: posts\.csv$"):
        read_posts(tmp_path)


def test_without_openpyxl_excel_is_refused_with_both_ways_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "p.xlsx").write_bytes(b"PK")
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(
        BadPost, match=r"openpyxl, which is not installed; pip install 'postplace\[excel\]', or save the"
    ):
        read_posts(tmp_path / "p.xlsx")


@pytest.mark.parametrize("name", ["posts.json", "posts.json.gz", "posts.csv.gz", "posts.parquet"])
def test_memory_does_not_grow_with_the_file(name: str, tmp_path: Path) -> None:
    path, records = tmp_path / name, [{"id": str(n), "text": f"{n} " * 300} for n in range(4_000)]  # 6 MB
    if name.endswith("parquet"):
        pq.write_table(pa.Table.from_pylist(records), path, row_group_size=500)
    else:
        lines = "id,text\n" + "".join(f"{record['id']},{record['text']}\n" for record in records)
        content = lines if "csv" in name else json.dumps(records, indent=1)
        path.write_bytes(PACKED["." + name.rpartition(".")[2] if name.count(".") > 1 else ""](content.encode()))
    del records
    next(iter(file_records(path)))  # what is imported on the way
    tracemalloc.start()
    count = sum(1 for _ in file_records(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 4_000
    assert peak < 3_000_000


def first_of(path: Path) -> Any:
    return next(iter(file_records(path)))


def test_records_come_before_the_rest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text('[{"id": "1", "text": "x"},' + " " * 300_000 + "damaged")
    assert first_of(path)[1] == {"id": "1", "text": "x"}


def test_a_list_in_json_lines_is_told_its_ending(tmp_path: Path) -> None:
    for content in (json.dumps(RECORDS), json.dumps(RECORDS, indent=2)):
        (tmp_path / "p.jsonl").write_text(content, encoding="utf-8")
        with pytest.raises(BadPost, match=r"p\.jsonl, line 1: .*, or name it \.json$"):
            read_posts(tmp_path / "p.jsonl")


PIECES = [
    b'{"id": "1", "text": "x"}',
    b"[",
    b"]",
    b",",
    b"\n",
    b"id,text\n",
    b"1,a\n",
    b'"',
    b";",
    b"\t",
    b"\xff",
    b"\0",
    b"PAR1",
    b"PK\x03\x04",
]


@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=6), max_size=8).map(b"".join), st.booleans())
@settings(max_examples=60, deadline=None)
@pytest.mark.parametrize("name", [f"p{ending}{packing}" for ending in READ_ENDINGS for packing in ("", ".gz", ".zst")])
def test_whatever_the_bytes_they_are_posts_or_one_clear_line(
    name: str, tmp_path_factory: pytest.TempPathFactory, content: bytes, packed: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / name
    packing = "." + name.rpartition(".")[2]
    path.write_bytes(PACKED[packing](content) if packed and packing in PACKED else content)
    refused: list[BadPost] = []
    try:
        assert list(PostStream(path, on_bad_post="skip"))
    except BadPost as error:
        refused.append(error)
    assert all("\n" not in str(error) for error in refused)


@given(
    st.lists(st.sampled_from(["1,a", "2,b", "1,again", "id,text", "3", "4,a,b", '5,"a"b', "", "6,", ",7"]), max_size=12)
)
@pytest.mark.parametrize("name", ["p.csv", "p.csv.gz"])
def test_every_row_ends_as_a_post_or_is_counted(
    name: str, tmp_path_factory: pytest.TempPathFactory, rows: list[str]
) -> None:
    path = tmp_path_factory.getbasetemp() / f"rows-{name}"
    content = "".join(f"{row}\n" for row in ["id,text", "0,first", *rows]).encode()
    path.write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    stream = PostStream(path, on_bad_post="skip")
    posts = list(stream)
    assert len(posts) == stream.read
    assert stream.read + stream.skipped_count + stream.header_again == 1 + sum(bool(row) for row in rows)


@pytest.mark.parametrize(
    "address", ["https://a.example/posts.csv", "s3://bucket/posts.parquet", "file:///tmp/posts.csv"]
)
def test_an_address_is_no_path(address: str) -> None:
    with pytest.raises(BadPost, match="is an address; give the path of a file, downloaded if need be"):
        read_posts(address)


def test_the_null_of_databases_is_no_value_in_any_column(tmp_path: Path) -> None:
    header = "id\ttext\timages\tuser\tvenue\tplace\tlatitude\tlongitude\ttime"
    (tmp_path / "p.tsv").write_text(f"{header}\n1" + "\t\\N" * 8 + "\n2\ta" + "\t\\N" * 7 + "\n")
    assert read_posts(tmp_path / "p.tsv") == [Post("1", r"\N"), Post("2", "a")]
