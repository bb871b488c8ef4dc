"""postplace inspect: what it prints, what it writes, what it refuses."""

from __future__ import annotations

import json
import os
import shutil
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from random import Random
from subprocess import CompletedProcess
from threading import Thread
from typing import Any

import pytest
from PIL import Image

from postplace import read_posts
from postplace.cli import main
from postplace.text.tokens import LENGTHS

Command = Callable[..., "CompletedProcess[str]"]
WORDS = (
    "rain",
    "snow",
    "cloud",
    "wind",
    "sun",
    "fog",
    "hail",
    "storm",
    "breeze",
    "ice",
    "heat",
    "frost",
    "thunder",
    "dew",
)
PLACES = "place,name,aliases\np1,Heron Tower,白鹭塔;heron lookout\np2,Stone Bridge,\n"


def write(path: Path, records: list[dict[str, Any]]) -> Path:
    """A file of posts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
    return path


def clean() -> list[dict[str, Any]]:
    """Posts of many users at two places, which give nothing away."""
    kept = ({"id": str(n), "user": f"u{n}", "place": f"p{n % 2 + 1}"} for n in range(60))
    return [{**post, "text": " ".join(Random(post["id"]).sample(WORDS, 6))} for post in kept]


def test_what_is_left_out_is_reported(postplace: Command, tmp_path: Path) -> None:
    records = clean()
    records[0]["text"] = "the rain of the day, the [Louvre] [心] @ann"
    records[1]["text"] = "we are the [心]"
    path = write(tmp_path / "posts.jsonl", records)
    done = postplace("inspect", path)
    assert "left out:  7 of 358 words are stop words (2%): the 4, of 1, " in done.stdout
    assert "           2 emoticons: [心] 2\n           mentions 1\n           1 text has no other words" in done.stdout
    found = report(postplace, path)["left_out"]
    assert found.pop("most_frequent")["[心]"] == 2
    assert found == {
        **{"words": 358, "stop_words": 7, "emoticons": 2, "links": 0, "mentions": 1},
        "texts_without_another_word": 1,
    }


def report(postplace: Command, *arguments: object) -> dict[str, Any]:
    """What is written as JSON."""
    done = postplace("inspect", *arguments, "--format", "json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture
def postplace(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command in this process, which is faster; `test_commands.py` runs it in one of its own."""

    def run(*arguments: object) -> CompletedProcess[str]:
        monkeypatch.setattr(sys, "argv", ["postplace", *map(str, arguments)])
        monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)  # main() sets its own
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        written = capsys.readouterr()
        return CompletedProcess(sys.argv, int(ended.value.code or 0), written.out, written.err)

    return run


@pytest.fixture
def places(tmp_path: Path) -> Path:
    """A places.csv."""
    path = tmp_path / "places.csv"
    path.write_text(PLACES, encoding="utf-8")
    return path


def test_inspect_finds_no_leak_in_clean_posts(postplace: Command, tmp_path: Path, places: Path) -> None:
    posts = write(tmp_path / "posts.jsonl", clean())
    done = postplace("inspect", posts, "--places", places)
    assert done.returncode == 0, done.stderr
    assert "nothing found that would leak" in done.stdout
    assert "no post names any of them" in done.stdout
    assert report(postplace, posts, "--places", places)["warnings"] == []


def test_planted_leaks_are_found_by_the_aliases_of_places_csv(postplace: Command, tmp_path: Path, places: Path) -> None:
    records = clean()
    records[0] |= {"text": "up on the heron lookout at last"}
    records[1] |= {"hashtags": ["stonebridge"]}
    records[3] |= {"text": "day trip to 白鹭塔"}  # another place than their own
    records[4] |= {"images": ["heron_tower.jpg"]}
    Image.new("RGB", (8, 8)).save(tmp_path / "heron_tower.jpg")
    posts = write(tmp_path / "posts.jsonl", records)
    names = report(postplace, posts, "--places", places)["names"]
    assert names["own"]["place"] == {"text": 1, "hashtags": 1, "file names": 1, "any of them": 3}
    assert names["any"] == {"text": 2, "hashtags": 1, "file names": 1, "any of them": 4}
    assert [Path(name).name for name in names["files"]] == ["heron_tower.jpg"]
    assert not any(
        report(postplace, posts)["names"]["any"].values()
    )  # without the file, the posts' own p1 and p2 are too short


def test_the_masked_copy_names_no_place(postplace: Command, tmp_path: Path, places: Path) -> None:
    records = clean()
    records[0] |= {
        "text": "from Heron Tower to #StoneBridge",
        "hashtags": ["StoneBridge"],
        "images": ["heron tower.jpg"],
    }
    Image.new("RGB", (8, 8)).save(tmp_path / "heron tower.jpg")
    posts = write(tmp_path / "posts.jsonl", records)
    (tmp_path / "elsewhere").mkdir()
    for name in ("masked.jsonl", "masked.csv", "masked.parquet"):
        target = tmp_path / "elsewhere" / name
        done = postplace("inspect", posts, "--places", places, "--mask-place-names", target)
        assert done.returncode == 0, done.stderr
        assert "masked:    1 of 60 posts: names in 1 texts, 1 hashtags dropped" in done.stdout
        assert "1 posts name a place in a file name" in done.stdout
        first, *others = read_posts(target)
        assert (first.text.strip(), first.hashtags, first.place) == ("from 📍 to", (), "p1")
        assert first.images[0].is_file()  # type: ignore[union-attr]
        assert others == read_posts(posts)[1:]
        again = report(postplace, target, "--places", places)["names"]
        assert again["any"] == {"text": 0, "hashtags": 0, "file names": 1, "any of them": 1}


def test_the_report_and_the_masked_copy_are_files(postplace: Command, tmp_path: Path) -> None:
    posts = write(tmp_path / "posts.jsonl", clean())
    done = postplace("inspect", posts, "--format", "json", "--output", tmp_path / "report.json")
    assert (done.returncode, done.stdout) == (0, "")
    assert json.loads((tmp_path / "report.json").read_text())["posts"] == 60
    assert {path.name for path in tmp_path.iterdir()} == {"posts.jsonl", "report.json"}


@pytest.mark.parametrize(
    ("target", "problem"),
    [("posts.jsonl", "would overwrite"), ("masked.txt", "another ending"), (".", "is a folder")],
)
def test_a_masked_copy_that_overwrites_or_has_no_ending_is_refused(
    postplace: Command, tmp_path: Path, target: str, problem: str
) -> None:
    posts = write(tmp_path / "posts.jsonl", clean())
    before = posts.read_bytes()
    done = postplace("inspect", posts, "--mask-place-names", tmp_path / target)
    assert done.returncode == 2
    assert problem in done.stderr
    assert posts.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["posts.jsonl"]


def test_a_split_post_by_post_leaks_users(postplace: Command, tmp_path: Path) -> None:
    records = [{**post, "user": f"u{n % 20}"} for n, post in enumerate(clean())]
    shared = report(postplace, write(tmp_path / "posts.jsonl", records))["test_posts_shared_with_training"]
    assert shared["post by post"]["user"] > 0
    assert shared["by user or venue"]["user"] == 0


def test_one_user_is_no_split(postplace: Command, tmp_path: Path) -> None:
    records = [{**post, "user": "u"} for post in clean()]
    done = postplace("inspect", write(tmp_path / "posts.jsonl", records))
    assert done.returncode == 0, done.stderr
    assert "there is no split by user or venue: 1 group(s)" in done.stdout


def test_what_the_split_could_not_keep_is_reported_before_any_training(postplace: Command, tmp_path: Path) -> None:
    stock = "Just posted a photo @ Dresden, Germany"
    records = [{**post, "user": f"u{n}", "text": stock} for n, post in enumerate([*clean(), *clean(), *clean()])]
    records = [{**record, "id": str(n)} for n, record in enumerate(records)]
    path = write(tmp_path / "posts.jsonl", records)
    notes = report(postplace, path)["split_notes"]
    assert any(f"{len(records)} posts are of 1 stock sentence(s)" in note for note in notes)
    shown = postplace("inspect", path).stdout
    assert "of the split that train would draw:" in shown
    assert all(f"  - {note}" in shown.splitlines() for note in notes)


def test_a_prepared_folder_is_inspected_by_its_own_split(postplace: Command, tmp_path: Path) -> None:
    posts = write(tmp_path / "posts.jsonl", clean())
    done = postplace("prepare", posts, "--out", tmp_path / "prepared", "--quiet")
    assert done.returncode == 0, done.stderr
    found = report(postplace, tmp_path / "prepared")
    assert list(found["test_posts_shared_with_training"]) == ["as prepared"]
    assert found["warnings"] == []
    done = postplace("inspect", tmp_path / "prepared", "--mask-place-names", tmp_path / "prepared" / "posts.parquet")
    assert (done.returncode, "would overwrite" in done.stderr) == (2, True)


def test_the_keys_that_hold_names_can_be_chosen(postplace: Command, tmp_path: Path) -> None:
    records = [{**post, "category": "weather", "text": f"weather {post['text']}"} for post in clean()]
    posts = write(tmp_path / "posts.jsonl", records)
    assert report(postplace, posts)["names"]["own"]["category"]["text"] == 60
    assert not any(report(postplace, posts, "--names", "place")["names"]["any"].values())
    done = postplace("inspect", posts, "--names", "plaice")
    assert (done.returncode, "did you mean 'place'?" in done.stderr) == (2, True)


def test_ids_and_no_names_at_all_are_reported(postplace: Command, tmp_path: Path) -> None:
    posts = write(tmp_path / "posts.jsonl", [{**post, "place": "B2094651D1"} for post in clean()])
    assert "1 looked for (as 'B2094651D1'; if these are ids, --places gives" in postplace("inspect", posts).stdout
    assert "0 looked for; --places gives some" in postplace("inspect", posts, "--names", "venue").stdout


def test_skipped_records_are_said_once(postplace: Command, tmp_path: Path) -> None:
    posts = write(tmp_path / "posts.jsonl", [*clean(), {"text": "without an id"}])
    target = tmp_path / "masked.jsonl"
    done = postplace("inspect", posts, "--on-bad-post", "skip", "--mask-place-names", target)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("1 of 61 records skipped:\n  ") == 1
    assert len(read_posts(target)) == 60


def test_up_to_five_reasons_are_named(postplace: Command, tmp_path: Path) -> None:
    posts = write(tmp_path / "posts.jsonl", [*clean()[:5], *({"text": f"without an id {n}"} for n in range(7))])
    lines = postplace("inspect", posts, "--on-bad-post", "skip").stderr.splitlines()
    assert lines[0] == "7 of 12 records skipped:"
    assert [line.split(",")[1] for line in lines[1:6]] == [f" line {n}" for n in range(6, 11)]
    assert lines[6] == "  ... and 2 more"


def test_what_models_would_not_read_is_counted(postplace: Command, tmp_path: Path) -> None:
    words = [f"word{n}" for n in range(4 * LENGTHS["max_words"])]
    records = [{"id": "1", "text": " ".join(words), "place": "p1"}, {"id": "2", "text": "rain", "place": "p2"}]
    path = write(tmp_path / "posts.jsonl", records)
    found = report(postplace, path)["not_read"]
    assert found["lengths"] == dict(LENGTHS)
    (lost,) = [own for own in found["losses"] if own["unit"] == "words"]
    assert (lost["posts_cut"], lost["lost"], lost["total"]) == (1, 3 * LENGTHS["max_words"], len(words) + 1)
    shown = postplace("inspect", path).stdout
    assert "50.0 % of posts lose words of the text" in shown
    assert "read the first 280 characters, 60 words of the text and 30 words of the hashtags by default:" in shown
    assert "lengths:" not in postplace("inspect", write(tmp_path / "short.jsonl", records[1:])).stdout


def test_where_no_text_is_nothing_is_left_out_of_one(postplace: Command, tmp_path: Path) -> None:
    path = write(tmp_path / "posts.jsonl", [{"id": "1", "hashtags": ["bund"], "place": "p1"}])
    assert "left out:" not in postplace("inspect", path).stdout


def test_a_pipe_is_inspected_though_it_is_read_several_times(
    city: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = tmp_path / "q.jsonl"
    os.mkfifo(pipe)
    Thread(target=pipe.write_bytes, args=(city.read_bytes(),), daemon=True).start()
    monkeypatch.setattr(sys, "argv", ["postplace", "inspect", str(pipe)])
    with pytest.raises(SystemExit, match="0"):
        main()
    through_pipe = capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["postplace", "inspect", str(shutil.copy(city, tmp_path / "c.jsonl"))])
    with pytest.raises(SystemExit, match="0"):
        main()
    assert through_pipe.replace("q.jsonl", "c.jsonl") == capsys.readouterr().out
