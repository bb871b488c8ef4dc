"""What a whole set of posts shows is told: texts misread, one class under several names, names that are none."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from postplace.cli import app
from postplace.errors import BadPost
from postplace.posts.checks import ESCAPED, MARKED_UP, MISREAD, REPAIRED, PostChecks
from postplace.posts.record import parse
from postplace.posts.table import PostStream, read_posts, write_posts
from postplace.schema import Post

TEXTS = ("上海外滩的夜景 #外滩#", "über die Brücke", "日本橋でラーメン")


def misread(text: str, encoding: str = "latin-1") -> str:
    return text.encode().decode(encoding)


@pytest.mark.parametrize("key", ["text", "place", "category"])
@pytest.mark.parametrize("text", TEXTS)
def test_misread_texts_are_counted_and_repaired_on_request(key: str, text: str) -> None:
    record = {"id": "1", "text": "x", key: misread(text)}
    stream = PostStream([record])
    (post,) = stream
    assert stream.remarks[MISREAD] == 1
    assert getattr(post, key) == misread(text)
    stream = PostStream([record], repair_text=True)
    (post,) = stream
    assert getattr(post, key) == text
    assert stream.remarks == {REPAIRED: 1}


def test_so_are_hashtags() -> None:
    (post,) = PostStream([{"id": 1, "hashtags": [misread("外滩"), "river"]}], repair_text=True)
    assert post.hashtags == ("外滩", "river")


@pytest.mark.parametrize("text", [*TEXTS, "naïve café", "Ångström", "10 °C", "a\u200bb", "🌸早安[奸笑]", "x²", ""])
def test_what_was_read_right_is_let_alone(text: str) -> None:
    stream = PostStream([{"id": "1", "text": text, "user": "u"}], repair_text=True)
    assert [post.text for post in stream] == [text]
    assert not stream.remarks


def test_in_python_it_is_a_warning() -> None:
    with pytest.warns(UserWarning, match=r"read as Latin-1; `repair_text=True` repairs it \(1 of 1 posts\)"):
        read_posts([{"id": 1, "text": misread(TEXTS[0])}])


@pytest.mark.parametrize("command", ["inspect", "prepare"])
def test_on_the_command_line_it_names_the_option(tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["postplace", command])
    posts = [Post(str(n), text=misread(TEXTS[0]) if n < 3 else "a river", user=f"u{n}", place="p") for n in range(30)]
    write_posts(posts, tmp_path / "posts.jsonl")
    out = ["--recipe", "none", "--out", str(tmp_path / "out")] if command == "prepare" else []
    result = CliRunner().invoke(app, [command, str(tmp_path / "posts.jsonl"), *out])
    assert "--repair-text repairs it (3 of 30 posts)" in result.output
    result = CliRunner().invoke(
        app, [command, str(tmp_path / "posts.jsonl"), *out, "--repair-text", *(["--overwrite"] if out else [])]
    )
    assert "text repaired: it was UTF-8, read as Latin-1 (3 of 30 posts)" in result.output


@pytest.mark.parametrize("key", ["place", "category", "venue"])
def test_names_that_cannot_be_told_apart_are_one(key: str) -> None:
    spellings = ("Café am Markt", "Cafe\u0301 am Markt", " Café  am\u00a0Markt", "Café am\u200b Markt\ufeff")
    posts = read_posts([{"id": n, "text": "x", key: name} for n, name in enumerate(spellings)])
    assert {getattr(post, key) for post in posts} == {"Café am Markt"}


def test_a_name_of_nothing_that_is_seen_is_none() -> None:
    assert parse({"id": 1, "text": "x", "place": "\u200b\ufeff"}, where="x", folder=Path()).place is None


def test_names_that_differ_in_case_or_width_are_told() -> None:
    names = ["Home"] * 5 + ["HOME"] * 2 + ["Ｈｏｍｅ", "Work", "Old Mill", "OldMill"]
    stream = PostStream([{"id": n, "text": "x", "category": name} for n, name in enumerate(names)])
    assert len({post.category for post in stream}) == 6
    ((remark, count),) = stream.remarks.items()
    assert remark.startswith("category names that differ only in case, width or spaces")
    assert "'Home' / 'HOME' / 'Ｈｏｍｅ'; 'Old Mill' / 'OldMill'" in remark
    assert count == 4


@pytest.mark.parametrize("name", ["None", "nan", "NULL", "NA", "N/A", "<NA>", "#N/A", r"\N"])
def test_names_that_spell_no_value_are_told(name: str) -> None:
    stream = PostStream([{"id": n, "text": "x", "place": name if n else "Nanjing"} for n in range(3)])
    list(stream)
    assert stream.remarks == {f"place {name!r} is taken for a name: where there is none, leave it out": 2}


@pytest.mark.parametrize("name", ["NULL", "None", "nan", "NA"])
def test_users_that_are_none_would_be_one_user(name: str) -> None:
    stream = PostStream([{"id": n, "text": "x", "user": name if n else "Nanette"} for n in range(3)])
    list(stream)
    assert stream.remarks == {f"user {name!r} is taken for a name: where there is none, leave it out": 2}


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("postplace.posts.checks.KEPT_NAMES", 10)
    checks = PostChecks()
    for number in range(100):
        checks.add(Post(str(number), place=f"p{number}"))
    assert sum(map(len, checks._names.values())) == 10


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("a|b", ("a", "b")),
        ("{a,b}", ("a", "b")),
        ('{"New York",b}', ("New York", "b")),
        ("[New York, b]", ("New York", "b")),
        ("[a]", ("a",)),
        ("{}", ()),
        ("[]", ()),
        ('["New York", "b"]', ("New York", "b")),
        ("#a|#b", ("a", "b")),
        ("[a, NULL]", ("a",)),
        ("{a,NULL}", ("a",)),
    ],
)
def test_lists_of_databases_are_read(given: str, expected: tuple[str, ...]) -> None:
    assert parse({"id": 1, "hashtags": given}, where="x", folder=Path()).hashtags == expected
    paths = given.replace("#", "")
    for name in ("New York", "a", "b"):
        paths = paths.replace(name, f"{name.replace(' ', '-')}.jpg") if name in expected else paths
    images = parse({"id": 1, "images": paths}, where="x", folder=Path("f")).images
    assert images == tuple(Path("f") / f"{name.replace(' ', '-')}.jpg" for name in expected)


def test_a_bar_in_the_name_of_a_file_stays() -> None:
    assert parse({"id": 1, "images": "a|b.jpg"}, where="x", folder=Path("f")).images == (Path("f/a|b.jpg"),)


def remarks_on(key: str, values: list[str]) -> list[str]:
    records = [{"id": str(number), "text": "x", key: value} for number, value in enumerate(values)]
    stream = PostStream(records)
    list(stream)
    return [remark for remark in stream.remarks if "end in zeros" in remark]


@pytest.mark.parametrize("key", ["id", "user", "venue", "place"])
@pytest.mark.parametrize(
    "values",
    [
        [f"512346{n}000" for n in range(10)],  # seven digits are shown: not six
        [f"4454572{n}02912349" for n in range(10)],
        ["5123460000", "5123461234", *(f"51234{n}0000" for n in range(9))],
        [f"{n}00000" for n in range(1, 9)],  # too short to have been cut
        ["5123460000"] * 9,
    ],
)
def test_numbers_that_keep_their_digits_are_let_alone(key: str, values: list[str]) -> None:
    assert remarks_on(key, list(dict.fromkeys(values)) if key == "id" else values) == []


@pytest.mark.parametrize("key", ["id", "user", "venue", "place"])
@pytest.mark.parametrize("zeros", [4, 1], ids=["six digits, as a cell shows", "15 digits, as a cell keeps"])
def test_numbers_that_a_spreadsheet_cut_are_told(key: str, zeros: int) -> None:
    digits = 6 if zeros == 4 else 15
    values = [str(10 ** (digits - 1) + 12_347 + number) + "0" * zeros for number in range(12)]
    (remark,) = remarks_on(key, values)
    assert remark.startswith(f"{key} numbers all end in zeros, as a spreadsheet rounds them: two may have become one")


@pytest.mark.parametrize(
    ("text", "remark"),
    [
        ("Tom &amp; Ann", MARKED_UP),
        ("first<br/>second", MARKED_UP),
        ("&#39;night&#x27;", MARKED_UP),
        ("<a href='x'>river</a>", MARKED_UP),
        ("evening+walk+%E5%A4%9C%E6%99%AF", ESCAPED),
        ("see https://a.example/%E5%A4%9C%E6%99%AF", None),
        ("R&B; <3 and 5 < 6 > 2, AT&T;", None),
        ("100% fun, 50%off", None),
    ],
)
def test_texts_that_are_still_encoded_are_told(text: str, remark: str | None) -> None:
    stream = PostStream([{"id": 1, "text": text}, {"id": 2, "text": "a river"}])
    assert [post.text for post in stream] == [text, "a river"]
    assert stream.remarks == ({remark: 1} if remark else {})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("[New York, 'b, c']", ("New York", "b, c")),  # as DuckDB writes it
        ("['b, c', New York]", ("b, c", "New York")),
        ("[a b, 'null']", ("a b", "null")),
        ('{"b, c",a}', ("b, c", "a")),
        ("[Louvre]", ("Louvre",)),
    ],
)
def test_items_with_commas_are_read(given: str, expected: tuple[str, ...]) -> None:
    assert parse({"id": 1, "hashtags": given}, where="x", folder=Path()).hashtags == expected


@pytest.mark.parametrize("given", ["[[a],[b]]", '["a","b', "['a', 'b']", "['a' 'b']", "{{a},{b}}"])
def test_a_list_that_cannot_be_told_apart_is_refused(given: str) -> None:
    with pytest.raises(BadPost, match="is a list"):
        parse({"id": 1, "hashtags": given}, where="x", folder=Path())
