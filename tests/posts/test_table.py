"""Reading and writing of our own format."""

from __future__ import annotations

import json
import os
import warnings
import weakref
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postplace.errors import BadOption, BadPost, WriteFailed
from postplace.posts import post_files, writing
from postplace.posts.record import KEYS, RECORD_KEYS
from postplace.posts.table import PostStream, parse, read_posts, write_posts
from postplace.schema import Post
from postplace.text.names import clean_name

FOLDER = Path("city")
WriteFile = Callable[[str, str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> WriteFile:
    def write_file(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_file


def parsed(**record: object) -> Post:
    return parse({"id": "1", **record}, where="posts.jsonl, line 3", folder=FOLDER)


def refusal(record: object) -> str:
    with pytest.raises(BadPost) as caught:
        parse(record, where="posts.jsonl, line 3", folder=FOLDER)  # type: ignore[arg-type]
    return str(caught.value)


# --- parse


def test_a_full_record_becomes_a_post() -> None:
    post = parsed(
        text="night at #bund",
        hashtags=["#Bund#", "＃New York", "Bund", None],
        images=["a/1.jpg", "/abs/2.jpg"],
        user=7.0,
        time="2022-09-26 11:27:30",
        place=" p ",
        venue=np.int64(5),
        category="food",
        latitude="31.5",
        longitude=121,
    )
    assert post == Post(
        id="1",
        text="night at #bund",
        hashtags=("Bund", "New York"),
        images=(Path("city/a/1.jpg"), Path("/abs/2.jpg")),
        user="7",
        time=datetime(2022, 9, 26, 11, 27, 30),
        place="p",
        venue="5",
        category="food",
        latitude=31.5,
        longitude=121.0,
    )


@pytest.mark.parametrize("absent", [None, float("nan"), "", "  ", np.float64("nan"), pd.NA, pd.NaT, Decimal("nan")])
def test_null_nan_and_empty_are_absent(absent: object) -> None:
    others = ("text", "hashtags", "images", "user", "time", "place", "venue", "category", "latitude", "longitude")
    assert parsed(**dict.fromkeys(others, absent)) == Post(id="1")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("a b", ("a", "b")),
        ("#a #b", ("a", "b")),
        ("#a# #b#", ("a", "b")),
        ("a;b,c", ("a", "b", "c")),
        ("#a#;#b", ("a", "b")),
        ("#New York# rome", ("New York", "rome")),
        ("#a#b#c", ("a", "b", "c")),
        ("＃外滩＃，夜景", ("外滩", "夜景")),
        ("#2024 a", ("2024", "a")),
        ('["a", "b c"]', ("a", "b c")),
        ("[]", ()),
        (2024, ("2024",)),
        (("a", "#b"), ("a", "b")),
        (np.array(["a", "b"]), ("a", "b")),
        (["a", float("nan"), 7], ("a", "7")),
    ],
)
def test_hashtags_in_every_shape(given: object, expected: tuple[str, ...]) -> None:
    assert parsed(hashtags=given).hashtags == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("a.jpg;b.jpg", (Path("city/a.jpg"), Path("city/b.jpg"))),
        (" a b.jpg ; ", (Path("city/a b.jpg"),)),
        ([Path("a.jpg"), b"bytes"], (Path("city/a.jpg"), b"bytes")),
        (np.array(["a.jpg"], dtype=object), (Path("city/a.jpg"),)),
        ('["a;b.jpg"]', (Path("city/a;b.jpg"),)),
    ],
)
def test_images_in_every_shape(given: object, expected: tuple[object, ...]) -> None:
    assert parsed(images=given).images == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2022-09-26", datetime(2022, 9, 26)),
        ("20220926", datetime(2022, 9, 26)),
        ("2022-09-26T11:27:30Z", datetime(2022, 9, 26, 11, 27, 30, tzinfo=UTC)),
        ("2022-09-26T11:27+08:00", datetime(2022, 9, 26, 11, 27, tzinfo=timezone(timedelta(hours=8)))),
        (1_664_191_650_000, datetime(2022, 9, 26, 11, 27, 30, tzinfo=UTC)),
        (1_664_191_650_000_000, datetime(2022, 9, 26, 11, 27, 30, tzinfo=UTC)),
        ("202209261127", datetime(2022, 9, 26, 11, 27)),
        ("1664191650", datetime(2022, 9, 26, 11, 27, 30, tzinfo=UTC)),
        (1664191650.0, datetime(2022, 9, 26, 11, 27, 30, tzinfo=UTC)),
        (pd.Timestamp("2022-09-26 11:27:30.000000001"), datetime(2022, 9, 26, 11, 27, 30)),
        (np.datetime64("2022-09-26T11:27:30", "ns"), datetime(2022, 9, 26, 11, 27, 30)),
        (datetime(2022, 9, 26).date(), datetime(2022, 9, 26)),
    ],
)
def test_time_in_every_shape(given: object, expected: datetime) -> None:
    time = parsed(time=given).time
    assert time == expected
    assert type(time) is datetime
    assert time.tzinfo == expected.tzinfo


@pytest.mark.parametrize("given", [1, 1.0, "1", " 1 ", np.int64(1), np.float32(1), Decimal("1.0")])
def test_numbers_become_names(given: object) -> None:
    assert parse({"id": given}, where="", folder=FOLDER).id == "1"


def test_degrees_up_to_the_poles_and_the_date_line() -> None:
    post = parsed(latitude=-90, longitude="180")
    assert (post.latitude, post.longitude) == (-90.0, 180.0)
    for latitude, longitude in ((-90.001, 0), (90.001, 0), (0, -180.001), (0, 180.001)):
        assert "; give degrees between" in refusal({"id": "1", "latitude": latitude, "longitude": longitude})


def test_half_an_emoji_is_replaced_and_a_split_one_joined() -> None:
    assert parsed(text="a\ud83d", place="\ud83d\ude00") == Post(id="1", text="a\ufffd", place="😀")


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"latitude": 200, "longitude": 1}, "key 'latitude': 200 is not a latitude; give degrees between -90 and 90"),
        ({"latitude": 1, "longitude": "x"}, "key 'longitude': 'x' is not a longitude; give degrees between -180 and"),
        ({"latitude": "inf", "longitude": 1}, "key 'latitude': 'inf' is not a latitude"),
        ({"latitude": True, "longitude": 1}, "key 'latitude': True is not a latitude"),
        ({"latitude": 1}, "key 'longitude': is missing; give both"),
        ({"longitude": 1, "latitude": None}, "key 'latitude': is missing; give both"),
        ({"time": "Mon Sep 26"}, "key 'time': 'Mon Sep 26' is not a time; give it as 2022-09-26T11:27:30+08:00"),
        ({"time": 0}, "is not a time"),
        ({"time": 2022}, "2022 is a year, not a time"),
        ({"time": "1012123012345678901234"}, "is not a time"),
        ({"time": True}, "is not a time"),
        ({"hashtags": {"a": 1}}, "key 'hashtags': {'a': 1} is not a text"),
        ({"hashtags": ["a", ["b"]]}, "key 'hashtags': ['b'] is not a text"),
        ({"hashtags": "['a', 'b']"}, "is a list printed by a program; join the items with ';'"),
        ({"images": ["https://a.org/b.jpg"]}, "is an address; download the image and give its path"),
        ({"images": [3]}, "key 'images': 3 is not a path"),
        ({"images": "a\0b"}, "key 'images': 'a\\x00b' is not a path"),
        ({"user": ["u"]}, "key 'user': ['u'] is not a text; give a text or a number"),
        ({"text": True}, "key 'text': True is not a text"),
        ({"id": 2.0**53}, "is a rounded number; read it as text"),
        ({"id": float("inf")}, "key 'id': inf is a rounded number"),
        ({"id": None}, "key 'id': is empty; give every post an 'id'"),
    ],
)
def test_a_refusal_names_place_key_value_and_remedy(record: dict[str, object], message: str) -> None:
    found = refusal({"id": "1", **record})
    assert found.startswith("posts.jsonl, line 3, key ")
    assert message in found


@pytest.mark.parametrize(
    ("keys", "remedy"),
    [
        (["post_id", "text"], "did you mean 'post_id'? rename it to 'id'"),
        (["user_id", "ID"], "did you mean 'ID'?"),
        (["tweetId"], "did you mean 'tweetId'?"),
        (["text", "video"], "give every post an 'id'"),
    ],
)
def test_a_missing_id_names_the_key_most_like_it(keys: list[str], remedy: str) -> None:
    assert f"key 'id': is missing; {remedy}" in refusal(dict.fromkeys(keys, ""))


def test_long_values_are_shortened_to_one_line() -> None:
    for value in ("x\n" * 10_000, ["y" * 500] * 500, 10**6000):
        message = refusal({"id": "1", "latitude": value, "longitude": 1})
        assert len(message) < 400
        assert "\n" not in message


class Hostile:
    """An object that raises at every touch."""

    def __repr__(self) -> str:
        raise RuntimeError("no")

    def __getattr__(self, name: str) -> object:
        raise RuntimeError("no")


def test_an_object_that_raises_ends_as_bad_post() -> None:
    assert "line 3: cannot be read (RuntimeError)" in refusal({"id": "1", "user": Hostile()})
    assert "5 is not a record" in refusal(5)


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.binary()
    | st.datetimes(timezones=st.none() | st.just(UTC))
    | st.dates()
    | st.decimals()
    | st.sampled_from([np.array(1), np.array([["a"]]), np.datetime64("NaT"), pd.NaT, pd.NA, "[[", '["a"', "[" * 9999]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3) | st.sets(st.integers())
    ),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(KEYS), anything))
def test_whatever_the_record_only_bad_post_escapes(record: dict[str, object]) -> None:
    try:
        post = parse({"id": "x", **record}, where="here", folder=FOLDER)
    except BadPost:
        return
    assert post.id
    json.dumps([post.text, post.hashtags, post.user, post.place], ensure_ascii=False).encode()
    assert post.latitude is None or -90 <= post.latitude <= 90
    assert (post.latitude is None) == (post.longitude is None)


# --- sources

LINES = '{"id": "a", "text": "x", "images": ["i.jpg"], "extra": 1}\n\n{"id": "b", "latitude": 1, "longitude": 2}\n'
TABLE = [{"id": "a", "text": "x, \n y", "hashtags": "p q", "latitude": 1.5, "longitude": 2.0, "extra": 1}, {"id": "b"}]


def test_jsonl_by_line_with_paths_relative_to_the_file(write: WriteFile) -> None:
    path = write("posts.jsonl", b"\xef\xbb\xbf" + LINES.encode())
    stream = PostStream(str(path))
    posts = list(stream)
    assert posts == [Post("a", "x", images=(path.parent / "i.jpg",)), Post("b", latitude=1.0, longitude=2.0)]
    assert (stream.read, stream.skipped_count, stream.ignored_keys) == (2, 0, {"extra": 1})
    assert list(stream) == posts  # a second pass counts anew
    assert stream.read == 2


@pytest.mark.parametrize("name", ["posts.csv", "posts.parquet", "posts.ndjson", "posts.JSON", "DataFrame", "dicts"])
def test_every_way_in_gives_the_same_posts(name: str, tmp_path: Path) -> None:
    frame, path = pd.DataFrame(TABLE), tmp_path / name
    source: object = path
    if name.endswith("csv"):
        frame.to_csv(path, index=False)
    elif name.endswith("parquet"):
        frame.to_parquet(path)
    elif name == "DataFrame":
        source = frame
    elif name == "dicts":
        source = iter(frame.to_dict("records"))
    else:
        frame.to_json(path, orient="records", lines=True)
    stream = PostStream(source)
    assert list(stream) == [Post("a", "x, \n y", ("p", "q"), latitude=1.5, longitude=2.0), Post("b")]
    assert stream.ignored_keys == {"extra": 2}


def test_parquet_lists_and_times(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    times = [pd.Timestamp("2022-09-26 11:27:30"), pd.NaT]
    pd.DataFrame({"id": [1, 2], "hashtags": [["a", "b"], None], "images": [["i.jpg"], []], "time": times}).to_parquet(
        path
    )
    assert read_posts(path) == [
        Post("1", "", ("a", "b"), (tmp_path / "i.jpg",), time=datetime(2022, 9, 26, 11, 27, 30)),
        Post("2"),
    ]


def test_a_csv_error_names_the_line_the_record_begins_on(write: WriteFile) -> None:
    path = write("p.csv", 'id,text,latitude,longitude\r\n1,"two\r\nlines",,\r\n2,x,200,1\r\n')
    with pytest.raises(BadPost, match=r"p\.csv, line 4, key 'latitude': '200' is not a latitude"):
        read_posts(path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "p.jsonl",
            '{"id": "a", "text": "x"}\n{"id": "b", "te',
            r"p\.jsonl, line 2: is not a complete JSON object \(.* column 13\)",
        ),
        (
            "p.jsonl",
            b'{"id": "a", "text": "x"}\n{"id": "\xff"}',
            r"line 2: byte 9 is not UTF-8; save the file as UTF-8",
        ),
        ("p.jsonl", '{"id": "a"}'.encode("utf-16"), "line 1: byte 1 is not UTF-8"),
        ("p.jsonl", "[1]", r"line 1: \[1\] is not a JSON object"),
        ("p.jsonl", '[{"id": 1},\n{"id": 2}]', r"line 1: is not a complete JSON object .* without a list around them"),
        ("p.jsonl", "[" * 100_000, "line 1: "),
        ("p.jsonl", '{"id": ' + "9" * 5000 + "}", "line 1: holds a number too long"),
        (
            "p.jsonl",
            '{"id": "a", "text": "x"}\n{"id": "a", "text": "y"}',
            r"line 2, key 'id': 'a' is the id of an earlier post",
        ),
        ("p.jsonl", "", "p.jsonl: is empty"),
        ("p.jsonl", "\n \n", "p.jsonl: holds no posts"),
        ("p.csv", "id,text\n", "p.csv: holds no posts"),
        ("p.csv", "\n", "p.csv: there is no column 'id'"),
        ("p.csv", "post_id,text\n1,a\n", r"p\.csv, line 1: there is no column 'id'; did you mean 'post_id'\?"),
        ("p.csv", "id,id\n1,2\n", "line 1: the column 'id' is there twice"),
        ("p.csv", "id,text\n1,a\n2\n", "line 3: has 1 fields, the header has 2"),
        ("p.csv", 'id,text\n1,a\n2,"b\n3,c\n', "line 3: is not a CSV row"),
        ("p.csv", b"id,text\n1,a\n2,\xff\n", "line 3: is not UTF-8"),
        ("p.csv", "id,text\n1,a".encode("utf-16"), "line 1: is not UTF-8"),
        ("p.csv", f"id,text\n1,{'x' * 200_000}\n", "line 2: is not a CSV row .field larger"),
        ("p.parquet", "PAR1 no", "p.parquet: is not a Parquet file, or is damaged"),
        ("p.xlsx", "x", "p.xlsx: is not an Excel workbook"),
        ("p.dat", "x", "has the unknown ending '.dat'; give a file with one of the endings .jsonl"),
        ("posts", "x", "has no ending; give"),
        ("._posts.csv", "x", "is a file that a Mac or Windows left beside another one; give the other one"),
    ],
)
def test_a_file_that_cannot_be_read_gives_one_clear_line(
    name: str, content: str | bytes, message: str, write: WriteFile
) -> None:
    with pytest.raises(BadPost, match=message) as caught:
        read_posts(write(name, content))
    assert "\n" not in str(caught.value)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(BadPost, match=r"nope\.jsonl: does not exist; check the path"):
        read_posts(tmp_path / "nope.jsonl")
    with pytest.raises(BadPost, match="is a folder; give a file"):
        read_posts(tmp_path)
    with pytest.raises(BadPost, match="cannot be read"):
        read_posts(f"{tmp_path}/a\0.jsonl")


def test_no_permission(write: WriteFile, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("p.jsonl", LINES)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(BadPost, match=r"cannot be read \(Permission denied\); check the path and the permissions"):
        read_posts(path)


def test_damaged_parquet_in_the_middle(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    pd.DataFrame({"id": [str(i) for i in range(5000)]}).to_parquet(path, compression="gzip")
    data = bytearray(path.read_bytes())
    data[100:3000] = bytes(2900)
    path.write_bytes(data)
    with pytest.raises(BadPost, match=r"p\.parquet"):
        read_posts(path)


@pytest.mark.parametrize("source", [5, {"id": 1}, b"x", Post("a")])
def test_what_is_no_source(source: object) -> None:
    with pytest.raises(BadPost, match="is not a source; give a path, a DataFrame or a list"):
        read_posts(source)


def test_a_frame_without_id() -> None:
    with pytest.raises(BadPost, match=r"DataFrame: there is no column 'id'; did you mean 'Id'"):
        read_posts(pd.DataFrame({"Id": [1]}))
    with pytest.raises(BadPost, match=r"DataFrame\.iloc\[1\], key 'latitude'"):
        read_posts(pd.DataFrame({"id": [1, 2], "latitude": [1.0, 99.0], "longitude": [1.0, 1.0]}, index=[7, 7]))


def test_posts_pass_through_and_are_checked_for_duplicates() -> None:
    posts = [Post("a", images=(b"x",)), Post("b")]
    assert read_posts(posts) == posts
    with pytest.raises(BadPost, match=r"posts\[2\], key 'id': 'a' is the id of an earlier post"):
        read_posts([*posts, Post("a")])


def test_skipping_counts_keeps_reasons_and_warns_once(write: WriteFile) -> None:
    lines = '{"id": "a", "text": "x"}\n{"id": \n{"id": "a", "text": "x"}\n\n{"id": "b", "text": "x"}\n{"text": 1}\n'
    path = write("p.jsonl", lines)
    stream = PostStream(path, on_bad_post="skip")
    assert [post.id for post in stream] == ["a", "b"]
    assert (stream.read, stream.skipped_count) == (2, 3)
    assert [str(reason).split(" ", 2)[1].strip(":,") for reason in stream.skipped] == ["line"] * 3
    assert [reason.where.rsplit("line ")[1][0] for reason in stream.skipped] == ["2", "3", "6"]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert len(read_posts(path, on_bad_post="skip")) == 2
    (warning,) = caught
    assert str(warning.message).startswith("skipped 3 of 5 records; the first: ")
    assert "p.jsonl, line 2" in str(warning.message)


def test_skipping_csv_rows_goes_on_with_the_next(write: WriteFile) -> None:
    path = write("p.csv", b'id,text\n1,\xff\n2,"a"b\n3,c\n4,d,e\n5,f\n')
    stream = PostStream(path, on_bad_post="skip")
    assert [post.id for post in stream] == ["3", "5"]
    assert stream.skipped_count == 3


def test_skipping_keeps_a_thousand_reasons() -> None:
    stream = PostStream([{}] * 1500 + [{"id": 1, "text": "x"}], on_bad_post="skip")
    assert len(list(stream)) == 1
    assert (stream.skipped_count, len(stream.skipped)) == (1500, 1000)


def test_skipping_everything_is_an_error() -> None:
    with pytest.raises(BadPost, match=r"posts: none of its 2 records is a post; the first: is missing"):
        read_posts([{}, {"text": "x"}], on_bad_post="skip")


def test_an_unknown_way_with_bad_posts() -> None:
    with pytest.raises(BadOption, match="on_bad_post: 'skp' is unknown; did you mean 'skip'"):
        PostStream([], on_bad_post="skp")


def test_a_line_without_end_does_not_fill_the_memory(write: WriteFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(post_files, "LONGEST_LINE", 64)
    path = write("p.jsonl", '{"id": "a", "text": "' + "x" * 500 + '"}\n{"id": "b", "text": "x"}\n')
    stream = PostStream(path, on_bad_post="skip")
    assert [post.id for post in stream] == ["b"]
    assert "line 1: is longer than 64 bytes" in str(stream.skipped[0])


def test_streaming_reads_no_further_than_asked() -> None:
    given_out = 0

    def records() -> Iterator[dict[str, object]]:
        nonlocal given_out
        for number in range(1000):
            given_out += 1
            yield {"id": number, "text": "x"}

    posts = iter(PostStream(records()))
    assert next(posts).id == "0"
    assert given_out == 1


@pytest.mark.parametrize("ending", [".jsonl", ".csv", ".parquet", "frame", "dicts"])
def test_a_record_of_which_only_the_id_is_known_is_no_post(tmp_path: Path, ending: str) -> None:
    rows = [{"id": "1", "caption": "by the river", "likes": 3}]
    with pytest.raises(BadPost, match=r"has none of the keys text, .* \(it has caption, likes\): an id alone"):
        read_posts(given_as(rows, ending, tmp_path))
    with pytest.raises(BadPost, match=r"did you mean 'text' by 'caption'\? rename it"):
        read_posts(given_as(rows, ending, tmp_path))
    with pytest.raises(BadPost, match="none of its 1 records is a post; the first: has none of the keys"):
        read_posts(given_as(rows, ending, tmp_path), on_bad_post="skip")


@pytest.mark.parametrize("ending", [".jsonl", ".csv", ".parquet", "frame", "dicts"])
def test_posts_with_nothing_in_them_are_counted_and_unused_keys_told_once(tmp_path: Path, ending: str) -> None:
    rows = [{"id": "1", "text": "x", "image": "a.jpg", "lat": 1.5}, {"id": "2", "text": "", "image": "b.jpg", "lat": 2}]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert len(read_posts(given_as(rows, ending, tmp_path))) == 2
    assert [str(warning.message) for warning in caught] == [
        "1 of 2 posts have no text, no hashtags and no images",
        "keys that are not used: image, lat; did you mean 'images' by 'image', 'latitude' by 'lat'?",
    ]
    assert all(warning.filename == __file__ for warning in caught)


@pytest.mark.parametrize("ending", [".jsonl", ".csv", ".parquet", "frame", "dicts"])
def test_a_source_in_which_every_post_is_empty_is_an_error(tmp_path: Path, ending: str) -> None:
    rows = [{"id": str(number), "user": "a", "caption": "by the river"} for number in range(3)]
    given = given_as(rows, ending, tmp_path)
    with pytest.raises(BadPost, match=r"none of 3 posts has text, hashtags or images \(keys that .*: caption"):
        read_posts(given)
    with pytest.raises(BadPost, match=r"did you mean 'text' by 'caption'\? rename it"):
        read_posts(given)
    assert len(list(PostStream(given, on_empty="keep"))) == 3


def test_what_python_gives_with_an_empty_text_may_have_nothing_else(write: WriteFile) -> None:
    assert read_posts([{"id": "1", "text": ""}]) == [Post("1")]
    assert read_posts([Post("1")]) == [Post("1")]
    with pytest.raises(BadPost, match="none of 1 posts has text, hashtags or images; fill at least one of"):
        read_posts(write("p.jsonl", '{"id": "1", "text": ""}'))


def test_an_unknown_way_with_empty_posts() -> None:
    with pytest.raises(BadOption, match="on_empty: 'kep' is unknown; did you mean 'keep'"):
        PostStream([], on_empty="kep")


@pytest.mark.parametrize("ending", [".csv", ".parquet", "frame"])
def test_a_row_that_is_the_header_again_is_passed_over_and_counted(tmp_path: Path, ending: str) -> None:
    rows = [{"id": i, "text": t, "likes": n} for i, t, n in [("1", "a", "3"), ("id", "text", "likes"), ("2", "b", "4")]]
    stream = PostStream(given_as(rows, ending, tmp_path))
    assert [post.id for post in stream] == ["1", "2"]
    assert stream.header_again == 1
    assert stream.notes() == ["rows that are the header again, passed over: 1", "keys that are not used: likes"]


def given_as(rows: list[dict[str, Any]], ending: str, folder: Path) -> object:
    """The rows in a file of that ending, as a frame, or as they are."""
    frame = pd.DataFrame(rows)
    if ending in ("frame", "dicts"):
        return frame if ending == "frame" else rows
    path = folder / f"posts{ending}"
    if ending == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    elif ending == ".csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path)
    return path


# --- writing

names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8).map(str.strip).filter(bool)
posts_strategy = st.lists(
    st.builds(
        Post,
        id=names,
        text=names,
        hashtags=st.lists(names.map(lambda s: s.strip("#＃").strip()).filter(bool), unique=True, max_size=3).map(tuple),
        images=st.lists(st.sampled_from(["a.jpg", "b/c d.jpg", "图;1.png"]), max_size=2),
        user=st.none() | names,
        time=st.none()
        | st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.sampled_from([None, UTC])),
        place=st.none() | names.map(clean_name).filter(bool),
        latitude=st.just(1 / 3),
        longitude=st.floats(-180, 180),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda post: post.id,
)


ENDINGS = (".jsonl", ".csv", ".parquet")


@pytest.mark.parametrize("ending", ENDINGS)
@given(posts_strategy)
def test_what_is_written_is_read_back(ending: str, tmp_path_factory: pytest.TempPathFactory, posts: list[Any]) -> None:
    folder = tmp_path_factory.mktemp("round")
    whole = [
        Post(**{name: getattr(p, name) for name in KEYS} | {"images": tuple(folder / i for i in p.images)})
        for p in posts
    ]
    write_posts(whole, folder / f"p{ending}")
    assert read_posts(folder / f"p{ending}") == whole


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_field_and_its_absence_survive(tmp_path: Path, ending: str) -> None:
    full = Post(
        id="1",
        text='two\r\nlines, "quoted"\nand\rmore; \0',
        hashtags=("New York", 'a"b', "a;b", "夜景"),
        images=(tmp_path / "a;b, c.jpg", Path("/elsewhere/d.jpg")),
        user="7",
        time=datetime(2022, 9, 26, 11, 27, 30, 123456, tzinfo=timezone(timedelta(hours=8))),
        place="[bridge]",
        venue="v",
        category="food",
        latitude=1 / 3,
        longitude=-180.0,
        image_text="EXIT",
    )
    whole = [full, Post("2"), Post("3", text="at #bund", time=datetime(2022, 9, 26))]
    write_posts(iter(whole), tmp_path / f"p{ending}")
    assert read_posts(tmp_path / f"p{ending}") == whole
    assert [path.name for path in tmp_path.iterdir()] == [f"p{ending}"]


def test_parquet_is_written_in_groups_and_read_by_pandas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "_ROW_GROUP", 2)
    path = tmp_path / "p.parquet"
    write_posts((Post(str(number), hashtags=("a",), latitude=0.5, longitude=1.5) for number in range(5)), path)
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        assert file.num_row_groups == 3
    frame = pd.read_parquet(path)
    assert list(frame.columns) == list(RECORD_KEYS)
    assert frame["id"].tolist() == list("01234")
    assert frame["latitude"].dtype == float
    assert frame["hashtags"][4].tolist() == ["a"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_posts_are_written_as_they_come(tmp_path: Path, ending: str) -> None:
    alive: list[weakref.ref[object]] = []

    class Text(str):
        """A text whose end can be watched."""

    def posts() -> Iterator[Post]:
        for number in range(10_000):
            text = Text("x")
            alive.append(weakref.ref(text))
            yield Post(str(number), text=text)
            if number == 9_000:
                assert sum(reference() is not None for reference in alive) < 5_000

    write_posts(posts(), tmp_path / f"p{ending}")


def test_an_ending_that_nothing_would_read(tmp_path: Path) -> None:
    for name, found in (("p.xlsx", r"has the unknown ending '\.xlsx'"), ("posts", "has no ending")):
        with pytest.raises(BadOption, match=f"{found}; give a file with one of the endings .jsonl"):
            write_posts([Post("a")], tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_text_longer_than_a_csv_reader_takes(tmp_path: Path) -> None:
    with pytest.raises(BadPost, match=r"post '1', key 'text': is longer than the 131072 characters"):
        write_posts([Post("1", text="x" * 131_073)], tmp_path / "p.csv")
    assert list(tmp_path.iterdir()) == []


def test_image_paths_are_relative_below_the_folder_and_absolute_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    images = (Path("out/i/a.jpg"), tmp_path / "out" / "b.jpg", Path("elsewhere/c.jpg"))
    write_posts([Post("1", images=images)], Path("out/p.jsonl"))
    written = json.loads((tmp_path / "out/p.jsonl").read_text())
    assert written["images"] == ["i/a.jpg", "b.jpg", str(tmp_path / "elsewhere/c.jpg")]
    assert written["hashtags"] == []


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize(
    "tags", [(), ("river",), ("bund", "Bund"), ("bund\u200b", "Zu\u0308rich", "\u200f"), ("外滩", "bund")]
)
def test_hashtags_are_read_back_as_they_were_though_others_are_typed(
    tmp_path: Path, ending: str, tags: tuple[str, ...]
) -> None:
    """A filter took them out of the list, and they stay in the text: reading the file does not bring them back."""
    post = Post("1", text="at #bund and #外滩", hashtags=tags)
    write_posts([post, Post("2", text="at #bund", hashtags=("bund",))], tmp_path / f"p{ending}")
    assert read_posts(tmp_path / f"p{ending}")[0] == post
    if ending != ".jsonl":
        read = pd.read_csv if ending == ".csv" else pd.read_parquet
        assert read_posts(read(tmp_path / f"p{ending}"))[0] == post


@pytest.mark.parametrize(
    "cell", ["", '""', "null", "NULL", "NaN", "nan", " NaN ", "None", "NA", "<NA>", r"\N", "[null]"]
)
def test_a_csv_cell_that_spells_out_no_value_is_absent(tmp_path: Path, cell: str) -> None:
    """As pandas (na_rep), R, MySQL and PostgreSQL write it; a text keeps its words."""
    (tmp_path / "p.csv").write_text(f"id,text,hashtags,images\n1,at #bund,{cell},{cell}\n2,NaN,#null,a.jpg\n")
    absent, given = read_posts(tmp_path / "p.csv")
    assert (absent.hashtags, absent.images) == (("bund",), ())
    assert (given.text, given.hashtags) == ("NaN", ("null",))


def test_a_file_says_that_its_hashtags_are_complete_only_where_that_matters(tmp_path: Path) -> None:
    posts = [Post("1", text="at #bund"), Post("2", text="#bund", hashtags=("Bund",)), Post("3", "#bund", ("river",))]
    write_posts(posts, tmp_path / "p.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "p.jsonl").read_text().splitlines()]
    assert [line.get("hashtags_complete") for line in lines] == [None, None, True]


@pytest.mark.parametrize(
    ("post", "message"),
    [
        (Post("x", images=(b"jpeg",)), "post 'x', key 'images': an image is bytes; only paths can be written"),
        (Post("a"), "post 'a': its id is that of an earlier post"),
        (Post("x", text="\ud83d"), "post 'x': cannot be written"),
        (Post("x", latitude=float("nan"), longitude=1.0), "post 'x': cannot be written"),
    ],
)
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    post: Post, message: str, ending: str, tmp_path: Path
) -> None:
    path = tmp_path / f"p{ending}"
    path.write_text("old")
    with pytest.raises(BadPost, match=message):
        write_posts([Post("a"), post], path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_full_disk_and_a_missing_folder(ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WriteFailed, match="cannot be written"):
        write_posts([Post("a")], tmp_path / "none" / f"p{ending}")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(
        WriteFailed, match=rf"p\{ending}: cannot be written \(No space left on device\); free some disk"
    ):
        write_posts([Post("a")], tmp_path / f"p{ending}")
    assert list(tmp_path.iterdir()) == []


def test_what_was_read_from_images_is_its_own_field(tmp_path: Path) -> None:
    post = Post("1", text="lunch", image_text="老上海 Café")
    assert post.full_text == "lunch\n老上海 Café"
    write_posts([post, Post("2", image_text="EXIT"), Post("3")], tmp_path / "posts.jsonl")
    assert [read.image_text for read in read_posts(tmp_path / "posts.jsonl")] == ["老上海 Café", "EXIT", ""]
    assert "image_text" not in (tmp_path / "posts.jsonl").read_text().splitlines()[2]


# --- a file that is something else


def test_a_file_of_another_program_names_the_command_that_reads_it(tmp_path: Path) -> None:
    weibo = [{"id": n, "bid": "L", "text": "a", "pics": "", "user_id": 1, "location": ""} for n in range(2)]
    (tmp_path / "1.json").write_text(json.dumps({"user": {"id": 1}, "weibo": weibo}), encoding="utf-8")
    for path in (tmp_path, tmp_path / "1.json"):
        with pytest.raises(BadPost, match="the source weibo reads it: `postplace import weibo` makes a file of posts"):
            read_posts(path)
    tweet = {"id": 1, "id_str": "1", "date": "2022-09-28 10:00:00+00:00", "rawContent": "x", "user": {"id": 5}}
    (tmp_path / "t.jsonl").write_text(json.dumps(tweet | {"url": "https://x.com/a/status/1"}), encoding="utf-8")
    with pytest.raises(BadPost, match=r"t\.jsonl, line 1.*the source tweets reads it: `postplace import tweets`"):
        read_posts(tmp_path / "t.jsonl")
    with pytest.raises(BadPost, match=r"none of its 1 records is a post; .*the source tweets reads it"):
        read_posts(tmp_path / "t.jsonl", on_bad_post="skip")


def test_places_given_as_posts_are_named(tmp_path: Path) -> None:
    table = pd.DataFrame({"fsq_place_id": ["1"], "name": ["Mill"], "latitude": [1.0], "longitude": [2.0]})
    table.to_parquet(tmp_path / "places.parquet")
    with pytest.raises(BadPost, match="there is no column 'id'; it holds FSQ OS Places; `postplace import places`"):
        read_posts(tmp_path / "places.parquet")
    (tmp_path / "places.csv").write_text("place,name,latitude,longitude\n1,Mill,1,2\n")
    with pytest.raises(BadPost, match="there is no column 'id'; it is a list of places already; give it to the option"):
        read_posts(tmp_path / "places.csv")


def test_columns_of_another_program_that_are_not_used_name_the_command(tmp_path: Path) -> None:
    header = "collected_from_url,id,timestamp,thread_id,parent_id,url,body,author_id,author,hashtags,image_urls"
    (tmp_path / "4cat.csv").write_text(f"{header}\nu,1,2022-09-26 11:27:30,1,1,u,by the river,5,a,river,u\n")
    with pytest.warns(UserWarning, match=r"'text' by 'body'.*the source 4cat reads it: `postplace import 4"):
        read_posts(tmp_path / "4cat.csv")


def test_an_error_in_a_later_record_is_let_alone(tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text('{"id": "1", "text": "x"}\n{"text": "y"}\n')
    with pytest.raises(BadPost, match=r"line 2, key 'id': is missing; give every post an 'id'$"):
        read_posts(tmp_path / "p.jsonl")


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("name", ["1.0", "-0.0", r"\N", "NULL", "007", "1e5"])
def test_names_that_look_like_numbers_or_nothing_are_read_back(tmp_path: Path, ending: str, name: str) -> None:
    post = Post(id=name, text="x", user=name, place=name, venue=name, category=name)
    write_posts([post], tmp_path / f"p{ending}")
    assert read_posts(tmp_path / f"p{ending}") == [post]


def test_what_would_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(BadPost, match=r"key 'user': '1E\+05' is a rounded number, and would not be read again"):
        write_posts([Post("1", text="x", user="1E+05")], tmp_path / "p.jsonl")
    assert not (tmp_path / "p.jsonl").exists()


def test_an_option_that_is_yes_or_no_takes_no_text() -> None:
    with pytest.raises(BadOption, match="repair_text: 'no' is neither True nor False"):
        PostStream([{"id": 1, "text": "x"}], repair_text="no")  # type: ignore[arg-type]


def test_a_folder_with_posts_among_places_names_the_posts(tmp_path: Path) -> None:
    (tmp_path / "places.csv").write_text("place,name\n1,Pier\n")
    (tmp_path / "posts.jsonl").write_text('{"id": "1", "text": "a"}\n')
    with pytest.raises(BadPost, match=r"is a folder; give a file in it: posts.jsonl$"):
        read_posts(tmp_path)
