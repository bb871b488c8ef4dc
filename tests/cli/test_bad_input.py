"""Whatever is wrong with the input: one clear line, exit code 2, nothing half-written."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from postplace import Post
from postplace.cli import main, reading
from postplace.preparation.prepared_folder import PreparedPosts, write_prepared
from postplace.splitting.splits import Split

GOOD = {"text": "lunch by the river", "place": "bridge", "latitude": 31.2, "longitude": 121.4}


def write(path: Path, *records: object) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def refused(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: object) -> str:
    """Run the command; it must end with code 2 and one line on stderr, which is returned."""
    monkeypatch.setattr(sys, "argv", ["postplace", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    printed = capsys.readouterr()
    lines = [line for line in printed.err.splitlines() if line.startswith("error: ")]
    assert ended.value.code == 2, printed
    assert len(lines) == 1, printed.err
    assert printed.err.splitlines()[-1] == lines[0]
    assert "Traceback" not in printed.err
    return lines[0]


@pytest.fixture
def train(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cache: Path):  # type: ignore[no-untyped-def]
    """`train(posts, ...)` that must be refused, leaving no run; returns the line."""

    def run(posts: Path, *options: object) -> str:
        out = tmp_path / "made" / "run"
        line = refused(
            capsys, monkeypatch, "train", posts, "--out", out, "--cache", cache, "--device", "cpu", "-q", *options
        )
        assert not out.exists()
        return line

    return run


def test_an_empty_file_of_posts_is_refused(train, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    posts = tmp_path / "posts.jsonl"
    posts.write_text("")
    assert "posts.jsonl" in train(posts)


def test_a_json_line_cut_in_half_is_refused(train, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    posts = write(tmp_path / "posts.jsonl", {"id": "1", **GOOD})
    posts.write_text(posts.read_text() + '{"id": "2", "text": "lun')
    assert "posts.jsonl, line 2" in train(posts)


def test_a_latitude_of_200_is_refused(train, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    line = train(write(tmp_path / "posts.jsonl", {"id": "1", **GOOD}, {"id": "2", **GOOD, "latitude": 200}))
    assert "posts.jsonl, line 2, key 'latitude'" in line
    assert "200" in line


def test_posts_of_one_class_only_are_refused(train, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    posts = write(tmp_path / "posts.jsonl", *({"id": str(i), **GOOD} for i in range(30)))
    assert "'bridge'" in train(posts)


def test_a_place_with_one_post_is_refused(train, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    places = [{"id": str(i), **GOOD, "place": f"place {i % 3}"} for i in range(30)]
    line = train(write(tmp_path / "posts.jsonl", *places, {"id": "alone", **GOOD, "place": "tower"}))
    assert "'tower'" in line
    assert "--min-posts" in line


def test_predict_without_any_post_is_refused(train, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    posts = write(tmp_path / "posts.jsonl", *({"id": str(i), "place": f"place {i % 3}"} for i in range(60)))
    assert "none of 60 posts has text, hashtags or images" in train(posts)


def test_an_unknown_model_is_refused_with_the_nearest(train, city: Path) -> None:  # type: ignore[no-untyped-def]
    assert "did you mean 'sg-mft'" in train(city, "--model", "sgmft")


def test_an_unknown_setting_is_refused(train, city: Path) -> None:  # type: ignore[no-untyped-def]
    assert "did you mean 'dropout'" in train(city, "--set", "dropuot=0.5")


def test_a_setting_that_is_no_number_is_refused(train, city: Path) -> None:  # type: ignore[no-untyped-def]
    assert "max_epochs" in train(city, "--set", "max_epochs=many")


def test_a_folder_that_may_not_be_written_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, city: Path, tmp_path: Path
) -> None:
    locked = tmp_path / "locked"
    locked.mkdir()
    if os.geteuid() == 0:  # root may write anywhere: a file in the way of the folder is what root cannot pass

        def refuse(self: Path, *_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "mkdir", refuse)
    else:
        locked.chmod(0o500)
    line = refused(capsys, monkeypatch, "train", city, "--out", locked / "run")
    assert "Permission denied" in line
    assert list(locked.iterdir()) == []


def test_a_disk_that_is_full_while_encoding_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, city: Path, tmp_path: Path
) -> None:
    real = os.fsync

    def full(descriptor: int) -> None:
        if "part-" in str(Path(f"/proc/self/fd/{descriptor}").readlink()):
            raise OSError(28, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    line = refused(capsys, monkeypatch, "train", city, "--out", tmp_path / "run", "--cache", tmp_path / "vectors", "-q")
    assert "No space left on device" in line
    assert "free some disk space" in line
    assert not (tmp_path / "run").exists()
    assert not list((tmp_path / "vectors").rglob("*.parquet"))


@pytest.mark.parametrize("kind", ["missing", "enormous", "text"])
def test_an_image_that_cannot_be_used_is_refused(
    kind: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    place_run: Path,
    tmp_path: Path,
) -> None:
    picture = tmp_path / ("huge.png" if kind == "enormous" else "photo.jpg")
    if kind == "enormous":
        Image.new("1", (20_000, 20_000)).save(picture)
    elif kind == "text":
        picture.write_text("this is no picture")
    line = refused(capsys, monkeypatch, "predict", place_run, "--text", "a walk", "--image", picture)
    assert picture.name in line
    if kind == "enormous":
        assert "400,000,000" in line or "20,000" in line or "20000" in line


def test_broken_images_do_not_stop_a_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, place_run: Path, tmp_path: Path
) -> None:
    (tmp_path / "photo.jpg").write_text("this is no picture")
    posts = write(tmp_path / "posts.jsonl", {"id": "1", "text": "a walk", "images": ["photo.jpg", "gone.jpg"]})
    monkeypatch.setattr(sys, "argv", ["postplace", "predict", str(place_run), str(posts), "--cache", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["modalities"] == ["text"]
    assert "photo.jpg" in printed.err
    assert "gone.jpg" in printed.err


@pytest.mark.parametrize("arguments", [[], ["--text", " "], ["--hashtags", ""]])
def test_a_post_without_text_hashtags_and_images_is_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, place_run: Path
) -> None:
    assert "nothing" in refused(capsys, monkeypatch, "predict", place_run, *arguments) or arguments


def test_a_file_of_empty_posts_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, place_run: Path, tmp_path: Path
) -> None:
    posts = write(tmp_path / "posts.jsonl", {"id": "1", "hashtags": []}, {"id": "2", "text": " "})
    output = tmp_path / "out.jsonl"
    line = refused(
        capsys, monkeypatch, "predict", place_run, posts, "--output", output, "--cache", tmp_path / "v", "-q"
    )
    assert "none of 2 posts" in line
    assert not output.exists()


@pytest.mark.parametrize("damage", ["missing", "truncated"])
@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "places.json", "metrics.json"])
def test_a_damaged_run_is_refused(
    damage: str,
    name: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    place_run: Path,
    tmp_path: Path,
) -> None:
    run = tmp_path / "run"
    shutil.copytree(place_run, run)
    content = (run / name).read_bytes()
    (run / name).unlink()
    if damage == "truncated":
        (run / name).write_bytes(content[: len(content) // 2])
    assert name in refused(capsys, monkeypatch, "predict", run, "--text", "a walk")


def test_a_run_that_is_not_there_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert "no such run" in refused(capsys, monkeypatch, "predict", tmp_path / "nowhere", "--text", "a walk")


def test_an_error_is_the_same_in_a_process_of_its_own(postplace, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    ended: subprocess.CompletedProcess[str] = postplace("inspect", tmp_path / "nowhere.jsonl")
    assert ended.returncode == 2
    assert ended.stderr.startswith("error: ")
    assert len(ended.stderr.splitlines()) == 1


def test_a_misspelt_option_is_named(postplace) -> None:  # type: ignore[no-untyped-def]
    ended = postplace("train", "--modle", "mrlf")
    assert ended.returncode == 2
    assert "--modle" in ended.stderr


def test_posts_are_only_read(posts: list[Post]) -> None:
    """The fixtures above are shared: nothing may have changed them."""
    assert len(posts) == 240


def as_typer() -> None:
    raise KeyboardInterrupt


def as_lightning() -> None:
    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt:
        sys.exit(1)


@pytest.mark.parametrize("interrupt", [as_typer, as_lightning])
@pytest.mark.parametrize(
    ("command", "continues"),
    [(("train", "posts.jsonl", "--out", "new"), True), (("prepare", "posts.jsonl", "--out", "made"), True),
     (("evaluate", "run", "posts.jsonl"), False)],
)  # fmt: skip
def test_an_interrupt_says_whether_the_command_continues(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    interrupt: Callable[[], None],
    command: tuple[str, ...],
    continues: bool,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(reading, "read", lambda *_, **__: interrupt())
    monkeypatch.setattr(sys, "argv", ["postplace", *command])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130
    told = capsys.readouterr().err.splitlines()
    again = "; what is finished is kept: run the same command again to continue"
    assert told[-1] == f"interrupted{again if continues else ''}"


def test_a_wrong_usage_ends_as_before(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for arguments, code in (((), 2), (("--version",), 0), (("train",), 2), (("train", "--nonsense"), 2)):
        monkeypatch.setattr(sys, "argv", ["postplace", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == code
        assert "interrupted" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "option"),
    [
        ("train p.jsonl --out r --cells 8 --min-posts 3", "--min-posts"),
        ("experiment mrlf-table2 --data p.jsonl --out r --cells 8 --min-posts 3", "--min-posts"),
        ("experiment mrlf-table2 --data p.jsonl --out r --places places.csv", "--places"),
        ("explain r --text a --method gradients --limit 160", "--limit"),
        ("explain r --text a --method gradients --grid 4", "--grid"),
        ("explain r --text a --method gradients --seed 0", "--seed"),
        ("import places f.parquet --box 50,13,52,14 --out x.csv --radius-km 0.2", "--radius-km"),
        ("serve r --attribution them", "--attribution"),
        ("predict r --text a --cache c", "--cache"),
        ("predict r --text a --on-bad-post error", "--on-bad-post"),
        ("train prepared --out r --on-bad-post error", "--on-bad-post"),
        ("inspect prepared --on-bad-post skip", "--on-bad-post"),
    ],
)
def test_an_option_that_does_nothing_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str, option: str
) -> None:
    monkeypatch.chdir(tmp_path)
    only, none = np.array([0], dtype=np.int64), np.array([], dtype=np.int64)
    prepared = PreparedPosts([Post("1", text="a")], Split(only, none, none, none), 0, [], {}, {})
    write_prepared(tmp_path / "prepared", prepared, overwrite=False)
    line = refused(capsys, monkeypatch, *command.split())
    assert line.startswith(f"error: {option}: does nothing ")


def test_a_run_is_refused_as_its_own_transfer_model(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for command in (("serve",), ("advise", "--text", "a")):
        line = refused(
            capsys, monkeypatch, command[0], tmp_path, *command[1:], "--transfer-model", tmp_path / ".." / tmp_path.name
        )
        assert line.startswith("error: --transfer-model: ")
        assert "is the run that chooses the edits" in line


@pytest.mark.parametrize(
    ("setting", "found"),
    [
        ("missing_images=abc", "'abc' is not a number"),
        ("missing_images=[0.5]", "[0.5] is not a number"),
        ("places=2.5", "2.5 is not a whole number"),
        ("users=True", "True is not a whole number"),
        ("missing_images={[]:1}", "'{[]:1}' is not a number"),
        ("x={[]:1}", "'x' is unknown"),
    ],
)
def test_a_parameter_of_the_city_that_is_no_number_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, setting: str, found: str
) -> None:
    assert found in refused(capsys, monkeypatch, "synth", tmp_path / "city", "--posts", 2, "--set", setting)
    assert not (tmp_path / "city").exists()
