"""Makes what lies beside this file, with version 0.1.0 of postplace and no other: what that version wrote.

Later versions read it in `tests/test_version_0_1_0.py`. With a later version this script would make files of that
version, which prove nothing: it refuses. It was run as `python make.py`, in an empty copy of this folder that holds
`experiment.toml` alone.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from postplace import PostLocator, read_posts

HERE = Path(__file__).parent
POSTS, PLACES = 60, 3  # few classes, and few pictures: what is learned of them is small
CITY = ["users=30", "missing_images=0.75", "several_images=0.05", "name_leak=0", "label_noise=0", "portraits=0"]
# model -> its options; the settings keep the files small
RUNS = {
    "mrlf": ["--evidence", "embedding=16", "filters=8", "heads=2", "image_features=16", "max_epochs=4"],
    "sg-mft": ["features=16", "tokens=4", "heads=2", "head_width=4", "max_epochs=4"],
    "user-cnns": ["embedding=8", "filters=4", "image_features=8", "max_epochs=4"],
    "tfidf": [],
    "logistic": [],
    "lightgbm": ["rounds=2", "leaves=3"],
    "tagvisor": ["trees=4"],
}


def postplace(*words: str) -> None:
    """The command line, in this folder: paths in what it writes are relative."""
    subprocess.run([sys.executable, "-m", "postplace", *words], cwd=HERE, check=True)


def set_(*settings: str) -> list[str]:
    """The options for settings of the form NAME=VALUE."""
    return [word for setting in settings for word in ("--set", setting)]


def train(model: str, options: list[str]) -> None:
    """A run, its answers to every post in JSON lines, and its metrics on what it has not learned from."""
    switches = [option for option in options if option.startswith("--")]
    words = [*switches, *set_(*(option for option in options if option not in switches))]
    common = ["--cache", "vectors", "--device", "cpu", "--quiet"]
    run = f"runs/{model}"
    postplace("train", "city/posts.jsonl", "--model", model, "--out", run, *words, *common)
    postplace("predict", run, "city/posts.jsonl", "--output", f"answers/{model}.jsonl", *common)
    postplace("evaluate", run, "city/posts.jsonl", "--output", f"metrics/{model}.json", *common)


def probabilities(model: str) -> dict[str, dict[str, float]]:
    """Post -> place -> calibrated probability, from the stored vectors; a post with nothing that is read has none."""
    locator = PostLocator.load(HERE / "runs" / model, device="cpu")
    posts = read_posts(HERE / "city" / "posts.jsonl")
    answers = locator.predict(posts, top_k=PLACES, cache=HERE / "vectors")
    return {
        post.id: {own.place.name: own.probability for own in answer.ranked}
        for post, answer in zip(posts, answers, strict=True)
    }


def main() -> None:
    """City, vectors, runs, answers, metrics, an explanation, a prepared folder, results of an experiment."""
    if version("postplace") != "0.1.0":
        sys.exit("make.py: run it with version 0.1.0: it keeps what that version wrote")
    postplace("synth", "city", "--posts", str(POSTS), "--seed", "4", *set_(f"places={PLACES}", *CITY))
    for folder in ("answers", "metrics"):
        (HERE / folder).mkdir()
    for model, options in RUNS.items():
        train(model, options)
    expected = {model: probabilities(model) for model in RUNS}
    (HERE / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
    told = ["--text", "a walk to the lighthouse", "--hashtags", "waves", "--format", "json"]
    postplace("explain", "runs/mrlf", *told, "--output", "answers/explanation.json", "--device", "cpu")
    postplace("advise", "runs/mrlf", *told, "--output", "answers/advice.json", "--device", "cpu")
    # what came out named this machine: the images' paths were made relative afterwards, and the sha256 in recipe.json
    postplace("prepare", "city/posts.jsonl", "--min-hashtag-posts", "2", "--out", "prepared", "--quiet")
    data = ["--data", "city/posts.jsonl", "--seeds", "2", "--cache", "vectors", "--quiet"]
    postplace("experiment", "experiment.toml", *data, "--out", "results")
    postplace("compare", "results", "--output", "answers/compare.md")
    for lock in HERE.rglob("*.lock"):
        lock.unlink()
    shutil.rmtree(HERE / "__pycache__", ignore_errors=True)


if __name__ == "__main__":
    main()
