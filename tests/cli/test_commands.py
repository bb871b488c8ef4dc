"""The commands as the README shows them."""

from __future__ import annotations

import csv
import json
import os
import resource
import signal
import statistics
import subprocess
import sys
from pathlib import Path

from postplace.cli.options import parse_settings


def test_help_is_quick_and_does_not_import_torch() -> None:
    code = (
        "import sys, postplace.cli; print([n for n in ('torch', 'lightning', 'pandas', 'numpy') if n in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
    ratios = [  # in turns, and in seconds of the processor: what else the machine does counts for neither
        processor_seconds("-m", "postplace", "--help") / processor_seconds("-c", "import typer") for _ in range(7)
    ]
    assert statistics.median(ratios) <= 3  # it is about 2; numpy alone would make it more than 3


def processor_seconds(*arguments: str) -> float:
    """What one run of Python costs the processor."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_every_command_explains_itself_with_an_example(postplace) -> None:  # type: ignore[no-untyped-def]
    for command in ("synth", "inspect", "train", "evaluate", "predict", "report"):
        shown = postplace(command, "--help")
        assert shown.returncode == 0
        assert f"Example: postplace {command}" in " ".join(shown.stdout.split())


def test_synth_then_inspect(postplace, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    made = postplace("synth", tmp_path / "city", "--posts", 60, "--set", "exif_gps=1.0")
    assert made.returncode == 0, made.stderr
    shown = postplace("inspect", tmp_path / "city" / "posts.jsonl")
    assert shown.returncode == 0, shown.stderr
    assert "60 posts" in shown.stdout
    assert "carry a GPS position" in shown.stdout


def test_train_evaluate_predict(postplace, city: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    run = tmp_path / "run"
    trained = postplace("train", city, "--model", "mrlf", "--out", run, "--set", "max_epochs=2", "--device", "cpu")
    assert trained.returncode == 0, trained.stderr
    assert "epoch 2/2" in trained.stderr
    assert "majority class" in trained.stdout
    assert {path.name for path in tmp_path.iterdir()} == {"run"}
    assert "must not be used" in (run / "MODEL_CARD.md").read_text()

    judged = postplace("evaluate", run, city, "--output", tmp_path / "metrics.json", "--device", "cpu")
    assert judged.returncode == 0, judged.stderr
    assert json.loads((tmp_path / "metrics.json").read_text())["left_out_as_seen"] > 0

    for name in ("jsonl", "csv", "geojson"):
        output = tmp_path / f"out.{name}"
        asked = postplace("predict", run, city, "--top-k", 2, "--format", name, "--output", output)
        assert asked.returncode == 0, asked.stderr
    records = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    rows = list(csv.DictReader((tmp_path / "out.csv").open()))
    features = json.loads((tmp_path / "out.geojson").read_text())["features"]
    assert len(records) == 240
    ranked = [(record["id"], place["place"]) for record in records for place in record["places"]]
    assert [(row["id"], row["place"]) for row in rows if row["place"]] == ranked
    assert len([feature for feature in features if feature["geometry"]]) == len(ranked)


def test_one_post_on_the_command_line(postplace, place_run: Path, city: Path) -> None:  # type: ignore[no-untyped-def]
    pictures = sorted((city.parent / "images").glob("*.jpg"))[:2]
    options = [option for picture in pictures for option in ("--image", picture)]
    asked = postplace("predict", place_run, "--text", "a walk", "--hashtags", "river weekend", *options, "--top-k", 3)
    assert asked.returncode == 0, asked.stderr
    record = json.loads(asked.stdout)
    assert record["modalities"] == ["text", "hashtags", "image"]
    assert len(record["places"]) == 3


def test_a_killed_training_continues(city: Path, cache: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    command = [sys.executable, "-m", "postplace", "train", str(city), "--out", str(run), "--device", "cpu"]
    command += ["--cache", str(cache), "--set", "max_epochs=4"]
    process = subprocess.Popen([*command], stderr=subprocess.PIPE, text=True, stdout=subprocess.DEVNULL)
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("epoch 2/"):
            process.send_signal(signal.SIGKILL)
            break
    process.wait()
    assert not run.exists()
    assert (tmp_path / ".run.training").is_dir()
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert "continuing the unfinished training" in again.stderr
    assert "epoch 1/4" not in again.stderr
    whole = [*command]
    whole[whole.index(str(run))] = str(tmp_path / "whole")
    subprocess.run(whole, check=True, capture_output=True)
    resumed, straight = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("run", "whole"))
    assert resumed == straight
    assert not (tmp_path / ".run.training").exists()


def test_settings_are_read_as_python_values() -> None:
    assert parse_settings(["fusion=joint", "dropout=0.1", "layers=2"]) == {
        "fusion": "joint",
        "dropout": 0.1,
        "layers": 2,
    }


def test_the_module_is_the_command() -> None:
    environment = {**os.environ, "COLUMNS": "200"}
    shown = subprocess.run(
        [sys.executable, "-m", "postplace", "--version"], capture_output=True, text=True, check=True, env=environment
    )
    assert shown.stdout.startswith("postplace 0.")
