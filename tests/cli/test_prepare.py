"""postplace prepare as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from typer import Typer
from typer.testing import CliRunner, Result

from postplace.cli.prepare import prepare, show_report
from postplace.cli.wording import in_options
from postplace.errors import BadOption, BadPost, NotEnoughData
from postplace.preparation.prepared_folder import is_prepared, read_prepared

app = Typer(pretty_exceptions_enable=False)
app.command()(prepare)


def run(*arguments: object) -> Result:
    """The finished command; an error of ours is raised as the command's entry point gets it."""
    result = CliRunner().invoke(app, [*map(str, arguments), "--quiet", "--workers", "0"])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def few(tmp_path: Path) -> Path:
    """Twenty posts of as many users: half of them with a picture, one hashtag everywhere, one on a single post."""
    lines = []
    for number in range(20):
        record: dict[str, object] = {
            "id": str(number),
            "text": f"{number * 7919 % 1000:x} {chr(97 + number) * 20}",
            "user": str(number),
        }
        record |= {"place": "park" if number else "pier", "hashtags": ["all", f"own{number}"]}
        if number % 2:
            Image.effect_noise((64, 64), 90 + number).convert("RGB").save(tmp_path / f"{number}.png")
            record["images"] = [f"{number}.png"]
        lines.append(json.dumps(record))
    (tmp_path / "posts.jsonl").write_text("\n".join(lines))
    return tmp_path / "posts.jsonl"


def test_prepare_writes_a_folder_and_shows_a_table(few: Path, tmp_path: Path) -> None:
    out = tmp_path / "prepared"
    shown = run(few, "--out", out, "--min-hashtag-posts", 2, "--require", "text,image")
    assert shown.exit_code == 0, shown.output
    assert "hashtags under 2 training posts: 1 of 21 different hashtags stay" in shown.output
    assert "posts without text + image: without text 0, image 10" in shown.output
    found = read_prepared(out)
    assert [post.id for post in found.posts] == [str(number) for number in range(1, 20, 2)]
    assert {post.hashtags for post in found.posts} == {("all",)}
    assert found.recipe["recipe"] == "none"
    assert {path.name for path in tmp_path.iterdir() if path.suffix != ".png"} == {"posts.jsonl", "prepared"}
    cells = [line.split("│")[1:-1] for line in shown.output.splitlines() if line.startswith("│")]
    last = [cell.strip() for cell in cells[-1]]
    assert last[:3] == ["posts without text + image", "20", "10"]
    assert sum(map(int, last[3].split("/"))) == 10
    assert last[4:] == ["10", "10", "20", "10"]


def test_the_recipes_options_can_be_changed_or_left_out(few: Path, tmp_path: Path) -> None:
    options = ["--recipe", "mrlf", "--min-hashtag-posts", 0, "--languages", "none", "--segmenter", "none"]
    shown = run(few, "--out", tmp_path / "a", *options, "--min-place-posts", 5, "--require", "none")
    assert shown.exit_code == 0, shown.output
    saved = read_prepared(tmp_path / "a")
    assert [step["rule"] for step in saved.report["steps"]] == [
        "images that cannot be read",
        "places under 5 training posts",
    ]
    assert len(saved.posts) == 19


def test_nothing_left_says_which_rule_took_how_many(few: Path, tmp_path: Path) -> None:
    with pytest.raises(NotEnoughData, match=r"of 20; removed by places under 100 training posts: 20; loosen") as error:
        run(few, "--out", tmp_path / "a", "--min-place-posts", 100)
    remedy = in_options(error.value, ["prepare"]).remedy
    assert "for example --min-place-posts 6 (the largest place has 13 training posts)" in remedy
    assert not is_prepared(tmp_path / "a")


def test_what_fails_before_an_image_was_looked_at_leaves_nothing(few: Path, tmp_path: Path) -> None:
    lines = [json.dumps({**json.loads(line), "images": []}) for line in few.read_text().splitlines()]
    few.write_text("\n".join(lines))
    before = set(tmp_path.iterdir())
    with pytest.raises(NotEnoughData, match="places under 100 training posts"):
        run(few, "--out", tmp_path / "a", "--min-place-posts", 100)
    few.write_text(lines[0])
    with pytest.raises(NotEnoughData):
        run(few, "--out", tmp_path / "a")
    assert set(tmp_path.iterdir()) == before


def test_names_of_modalities_may_stand_apart(few: Path, tmp_path: Path) -> None:
    shown = run(few, "--out", tmp_path / "a", "--languages", "en, zh")
    assert shown.exit_code == 0, shown.output
    assert [step["rule"] for step in read_prepared(tmp_path / "a").report["steps"]][-1] == "texts not in en, zh"
    with pytest.raises(BadOption, match="no language is named"):
        run(few, "--out", tmp_path / "b", "--languages", " ")


def test_options_of_prepare_that_cannot_be_used_are_refused(few: Path, tmp_path: Path) -> None:
    out = tmp_path / "a"
    for options, told in (
        (("--recipe", "mlrf"), "did you mean 'mrlf'"),
        (("--languages", "english"), "'english' is unknown"),
        (("--require", "text,picture"), "'picture' is unknown"),
        (("--require", ""), "no modality is named"),
        (("--min-place-posts", "-3"), "min_place_posts: -3 is out of range; give a whole number from 1 on"),
        (("--max-portrait", "2"), "2.0 is out of range"),
    ):
        with pytest.raises(BadOption, match=told):
            run(few, "--out", out, *options)
    out.mkdir()
    with pytest.raises(BadOption, match="exists already"):
        run(few, "--out", out)
    with pytest.raises(BadOption, match="is not overwritten"):
        run(few, "--out", out, "--overwrite")


@pytest.mark.parametrize(
    ("option", "value"),
    [("--portrait-weights", "w.onnx"), ("--inpaint-weights", "w.onnx"), ("--inpaint", "telea"), ("--show", 3)],
)
def test_options_about_people_are_refused_where_nobody_is_looked_for(
    few: Path, tmp_path: Path, option: str, value: object
) -> None:
    with pytest.raises(BadOption, match=f"{option}: does nothing: this recipe looks for nobody"):
        run(few, "--out", tmp_path / "a", "--recipe", "none", option, value)
    with pytest.raises(BadOption, match="looks for nobody"):
        run(few, "--out", tmp_path / "a", "--recipe", "mrlf", "--segmenter", "none", option, value)


def test_prepared_posts_are_not_split_anew(few: Path, tmp_path: Path) -> None:
    out = tmp_path / "prepared"
    assert run(few, "--out", out).exit_code == 0
    before = (out / "split.json").read_bytes()
    for source in (out, out / "posts.parquet"):
        with pytest.raises(BadOption, match=r"is prepared already.*; prepare the posts it was made from \(.*jsonl\)"):
            run(source, "--out", out, "--overwrite", "--seed", 1)
    assert (out / "split.json").read_bytes() == before
    (out / "recipe.json").unlink()
    with pytest.raises(BadPost, match=r"recipe.json: is missing"):
        run(out, "--out", tmp_path / "b")


def test_a_recipe_that_needs_what_the_posts_lack_is_refused(few: Path, tmp_path: Path) -> None:
    plain = tmp_path / "plain.jsonl"
    lines = map(json.loads, few.read_text().splitlines())
    plain.write_text("\n".join(json.dumps({**record, "images": []}) for record in lines))
    with pytest.raises(NotEnoughData, match="not one of 20 posts has image"):
        run(plain, "--out", tmp_path / "a", "--recipe", "sg-mft")


def test_bad_posts_stop_it_or_are_counted(few: Path, tmp_path: Path) -> None:
    few.write_text("{}\n" + few.read_text())
    with pytest.raises(BadPost, match="line 1"):
        run(few, "--out", tmp_path / "a")
    shown = run(few, "--out", tmp_path / "a", "--on-bad-post", "skip")
    assert shown.exit_code == 0
    assert "1 of 21 records skipped" in shown.stderr


def test_a_few_of_the_images_that_failed_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    failed = [{"post": str(number), "image": f"{number}.jpg", "reason": "is empty"} for number in range(7)]
    report = {"steps": [], "groups": 1, "largest_group": 1, "near_duplicate_texts": 0, "near_duplicate_images": 0}
    report |= {"unreadable_pictures": failed, "portraits": None, "words_in_pictures": None, "split": {"test": 0}}
    show_report(report)
    shown = capsys.readouterr().out
    assert "7 images could not be read and were left out:" in shown
    assert "post 4: 4.jpg: is empty" in shown
    assert "5.jpg" not in shown
    assert "... and 2 more" in shown
    assert "no post is left in the test part" in shown


def test_show_writes_a_sheet_of_images(city: Path, tmp_path: Path) -> None:
    pytest.importorskip("cv2")
    posts = tmp_path / "posts.jsonl"
    lines = [json.loads(line) for line in city.read_text().splitlines()[:12]]
    for record in lines:
        record["images"] = [str(city.parent / image) for image in record.get("images", [])[:1]]
    posts.write_text("\n".join(map(json.dumps, lines)))
    out = tmp_path / "a"
    options = ("--max-portrait", 0.5, "--segmenter", "embedded", "--inpaint", "telea", "--show", 4)
    shown = run(posts, "--out", out, *options)
    assert shown.exit_code == 0, shown.output
    assert "portrait ratio above 0.5" in shown.output
    if (out / "sheet.png").exists():
        Image.open(out / "sheet.png").verify()
    else:
        assert "nobody was found in any image" in shown.stderr


@pytest.mark.parametrize(
    ("remedy", "option"),
    [
        ("`languages=('en', 'zh')`", "--languages en,zh"),
        ("`require='text,image'`", "--require text,image"),
        ("`max_portrait=1`", "--max-portrait 1"),
        ("without a language filter (`languages=none`)", "without a language filter (--languages none)"),
        ("choose another folder or give `overwrite=True`", "choose another folder or give --overwrite"),
    ],
)
def test_remedies_of_the_preparation_become_its_options(remedy: str, option: str) -> None:
    error = in_options(BadOption("folder", "exists already", remedy), ["prepare"])
    assert str(error) == f"--out: exists already; {option}"
