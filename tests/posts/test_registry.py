"""Sources by name, function, class and object, and what is said of one that is none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from postplace import Post, read_source, register_source
from postplace.errors import BadOption, BadPost
from postplace.posts import registry
from postplace.posts.auto import recognise
from postplace.posts.dump import AGAIN
from postplace.posts.registry import find_source, source_names


def two_posts(path: Path) -> Iterator[Post]:
    yield Post("1", text=path.name)
    yield Post("2", text="x")
    yield Post("1", text="again")


class Reader:
    """A source that is an object."""

    def __call__(self, path: Path) -> list[Post]:
        return list(two_posts(path))


@pytest.mark.parametrize("source", [two_posts, Reader, Reader()])
def test_a_function_a_class_and_an_object_are_sources(source: object) -> None:
    dump = read_source(source, "folder/file")
    for _ in range(2):  # every iteration begins again
        assert [(post.id, post.text) for post in dump] == [("1", "file"), ("2", "x")]
        assert (dump.tally.posts, dump.tally.left_out[AGAIN]) == (2, 1)


def test_a_source_of_the_package_tells_of_what_is_refused(tmp_path: Path) -> None:
    (tmp_path / "weibo.json").write_text(json.dumps({"weibo": [{"id": 1, "text": "a"}, {"text": "b"}]}))
    refused: list[BadPost] = []
    assert [post.id for post in read_source("weibo", tmp_path, on_refused=refused.append)] == ["1"]
    assert len(refused) == 1


@pytest.mark.parametrize(
    ("source", "message"),
    [("wibo", "source: 'wibo' is unknown; did you mean 'weibo'"), (3, "int cannot be called with a path")],
)
def test_what_is_no_source_is_refused(source: Any, message: str) -> None:
    with pytest.raises(BadOption, match=message):
        find_source(source)


def test_what_gives_no_posts_is_refused() -> None:
    with pytest.raises(BadPost, match="item 1: gave str where a post was expected"):
        list(read_source(lambda path: ["x"], "."))


@pytest.mark.parametrize("name", ["weibo", "places"])
def test_a_name_belongs_to_one_source(name: str) -> None:
    with pytest.raises(BadOption, match=f"source {name}: the name is taken"):
        register_source(name)(two_posts)
    assert source_names()[:2] == ["instaloader", "weibo"]


def test_every_source_says_what_it_reads_and_can_be_found() -> None:
    for name, entry in registry._BUILT_IN.items():
        for where in filter(None, (entry.read, entry.detect)):
            module, _, function = str(where).partition(":")
            assert callable(getattr(import_module(module), function)), name
        assert "" not in (entry.reads, entry.description), name


OWN_FILES: dict[str, tuple[str, str]] = {
    "weibospider": (
        "1.json",
        '{"user": {"id": "1"}, "weibo": [{"id": "Kx", "content": "a", "publish_place": "b", "publish_time": ""}]}',
    ),
    "weibo-search": ("1.csv", "id,bid,user_id,微博正文,发布位置,微博图片url\n1,a,2,b,c,\n"),
    "weibospider-nghuyong": ("1.jsonl", '{"_id": "1", "mblogid": "Kx", "content": "a", "geo": null}\n'),
    "mediacrawler": ("1.json", '[{"note_id": "1", "content": "a", "last_modify_ts": 1}]'),
    "zeeschuimer": ("1.ndjson", '{"item_id": "1", "source_platform": "x.com", "data": {"_id": 1, "content": "a"}}\n'),
    "4cat": ("1.csv", "id,thread_id,timestamp,body\n1,1,2022-09-26 11:27:30,a\n"),
}


@pytest.mark.parametrize("source", OWN_FILES)
def test_a_source_knows_its_own_files_and_no_others(tmp_path: Path, source: str) -> None:
    for name, (file, content) in OWN_FILES.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / file).write_text(content, encoding="utf-8")
    module, _, function = find_source(source).detect.partition(":")
    detect = getattr(import_module(module), function)
    assert [name for name in OWN_FILES if detect(tmp_path / name)] == [source]
    assert recognise(tmp_path / source).name == source
    assert not detect(tmp_path / "nowhere")
    assert not detect(Path(__file__))


def broken_at_the_third(path: Path) -> Iterator[Post]:
    yield from (Post("1", text=path.name), Post("2"))
    raise KeyError("caption")


def broken_at_once(path: Path) -> list[Post]:
    raise RuntimeError(f"no {path.name}")


@pytest.mark.parametrize(
    ("source", "where", "problem"),
    [
        (broken_at_the_third, "source broken_at_the_third, item 3", "failed: KeyError: 'caption' (test_registry.py"),
        (broken_at_once, "source broken_at_once", "failed: RuntimeError: no dump (test_registry.py"),
    ],
)
def test_what_a_source_raises_names_it_and_the_item(source: Any, where: str, problem: str) -> None:
    with pytest.raises(BadPost) as caught:
        list(read_source(source, "dump"))
    assert caught.value.where == where
    assert caught.value.found.startswith(problem)
    assert isinstance(caught.value.__cause__, (KeyError, RuntimeError))


@pytest.mark.parametrize("given", [None, 5])
def test_a_source_that_gives_no_iterable_is_refused(given: object) -> None:
    def nothing(_: Path) -> object:
        return given

    with pytest.raises(BadPost, match=f"source nothing: gave {given} where posts were expected; let it return a list"):
        list(read_source(nothing, "dump"))
