"""Models from outside: of a package with an entry point, as a class, as an instance, as a scikit-learn estimator."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn

from postplace import Post, PostLocator, register_model
from postplace.errors import BadOption, BadRun
from postplace.explain.explaining import explain
from postplace.features.batch import Batch, InputSizes
from postplace.models.registry import MODELS, find_model, unregister_model

EXTENSION = Path(__file__).parent / "extension"
EPOCH = {"max_epochs": 1}


@pytest.fixture
def extension(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The test package, as if it were installed."""
    monkeypatch.syspath_prepend(str(EXTENSION))
    yield
    unregister_model("toy-linear")
    for name in [name for name in sys.modules if name.startswith("postplace_toy")]:
        del sys.modules[name]


class MyNetwork(nn.Module):
    """A network that is registered nowhere."""

    def __init__(self, sizes: InputSizes, *, classes: int, scale: float = 2.0) -> None:
        super().__init__()
        self.scale = scale
        self.classifier = nn.Linear(sizes.text_width, classes)

    def forward(self, batch: Batch) -> Tensor:
        logits: Tensor = self.classifier(self.scale * batch.text_vector)
        return logits


def _fitted(model: object, posts: list[Post], cache: Path, **settings: object) -> PostLocator:
    return PostLocator("place", model, cache=cache, settings=settings, device="cpu").fit(posts)


def _loads_as_saved(locator: PostLocator, posts: list[Post], run: Path, *, model: object = None) -> None:
    locator.save(run)
    loaded = PostLocator.load(run, device="cpu", model=model)
    np.testing.assert_array_equal(loaded.predict_proba(posts[:9]), locator.predict_proba(posts[:9]))


def test_an_installed_package_adds_a_model(extension: None, posts: list[Post], cache: Path, tmp_path: Path) -> None:
    assert "toy-linear" in MODELS
    locator = _fitted("toy-linear", posts, cache, max_epochs=1, dropout=0.2)
    assert locator.plan.model == {"dropout": 0.2}
    assert len(locator.predict(posts[:3])) == 3
    assert explain(locator, posts[0]).post_id == posts[0].id
    _loads_as_saved(locator, posts, tmp_path / "run")


def test_the_command_lists_the_model_of_an_installed_package() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(EXTENSION), *sys.path])}
    command = [sys.executable, "-m", "postplace", "models", "--format", "json"]
    shown = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    (toy,) = (entry for entry in json.loads(shown.stdout) if entry["name"] == "toy-linear")
    assert (toy["modalities"], toy["settings"]) == (["text"], {"dropout": 0.1})


def test_a_broken_package_spoils_nobody_elses_models(tmp_path: Path) -> None:
    (tmp_path / "broken-1.dist-info").mkdir()
    (tmp_path / "broken-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1\n")
    (tmp_path / "broken-1.dist-info" / "entry_points.txt").write_text("[postplace.models]\nbroken = no_such_thing:X\n")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    command = [sys.executable, "-m", "postplace", "models"]
    shown = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "mrlf" in shown.stdout
    assert "model broken: no_such_thing:X cannot be imported" in shown.stderr


def test_a_class_that_is_not_registered(posts: list[Post], cache: Path, tmp_path: Path) -> None:
    locator = _fitted(MyNetwork, posts, cache, max_epochs=1, scale=-3.5)
    assert explain(locator, posts[0]).post_id == posts[0].id
    _loads_as_saved(locator, posts, tmp_path / "run", model=MyNetwork)
    with pytest.raises(BadRun, match=r"MyNetwork, which is not registered.*PostLocator\.load\(run, model="):
        PostLocator.load(tmp_path / "run", device="cpu")
    with pytest.raises(BadRun, match=r"is of the model .*MyNetwork, not gated"):
        PostLocator.load(tmp_path / "run", device="cpu", model="gated")


def test_a_run_of_a_class_is_found_once_the_class_is_registered(posts: list[Post], cache: Path, tmp_path: Path) -> None:
    locator = _fitted(MyNetwork, posts, cache, max_epochs=1)
    register_model("my-network")(MyNetwork)
    try:
        _loads_as_saved(locator, posts, tmp_path / "run")
        assert find_model(MyNetwork) is find_model("my-network")
    finally:
        unregister_model("my-network")


def test_a_run_folder_imports_nothing(posts: list[Post], cache: Path, tmp_path: Path) -> None:
    _fitted(MyNetwork, posts, cache, max_epochs=1).save(tmp_path / "run")
    config = tmp_path / "run" / "config.json"
    text = config.read_text(encoding="utf-8")
    assert f'"{__name__}:MyNetwork"' in text
    (tmp_path / "strange.py").write_text("raise SystemExit('imported')")
    with pytest.raises(BadRun):
        PostLocator.load(tmp_path / "run", device="cpu")
    assert "strange" not in sys.modules


def test_an_instance_of_a_network_is_copied(place_locator: PostLocator, posts: list[Post], cache: Path) -> None:
    network = MyNetwork(place_locator.fitted.sizes, classes=len(place_locator.fitted.places))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    locator = _fitted(network, posts, cache, max_epochs=1)
    assert locator.fitted.model is not network
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


@pytest.mark.parametrize("given", [LogisticRegression, LogisticRegression(C=0.5)], ids=["class", "instance"])
def test_an_estimator_of_scikit_learn(given: object, posts: list[Post], cache: Path, tmp_path: Path) -> None:
    locator = _fitted(given, posts, cache, max_iter=50)
    assert locator.plan.model["max_iter"] == 50
    assert len(locator.predict(posts[:3])) == 3
    assert not hasattr(given, "coef_")  # the caller's own has learned nothing
    _loads_as_saved(locator, posts, tmp_path / "run", model=given)


def test_an_estimator_that_cannot_be_saved_without_code_is_refused(
    posts: list[Post], cache: Path, tmp_path: Path
) -> None:
    class Odd(LogisticRegression):  # type: ignore[misc]
        """Of a type that nothing knows as safe."""

    locator = _fitted(Odd(max_iter=20), posts, cache)
    with pytest.raises(BadRun, match=r"cannot be saved without code.*files\(\) and restore\(\)"):
        locator.save(tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("given", [3, object(), dict, GaussianProcessClassifier.fit])
def test_what_is_no_model_is_refused(given: object) -> None:
    with pytest.raises(BadOption, match=r"is no model|takes no sizes and classes"):
        find_model(given)


def test_a_constructor_without_the_contract_is_refused() -> None:
    class Wrong(nn.Module):
        def __init__(self, width: int) -> None:
            super().__init__()

    class Open(nn.Module):
        def __init__(self, sizes: InputSizes, *, classes: int, width: int) -> None:
            super().__init__()

    with pytest.raises(BadOption, match="Wrong: takes no sizes and classes"):
        find_model(Wrong)
    with pytest.raises(BadOption, match="width has no default"):
        find_model(Open)


@pytest.mark.parametrize("name", ["mrlf", "gated"])
def test_a_built_in_name_is_taken(name: str) -> None:
    with pytest.raises(BadOption, match=f"model {name}: the name is taken"):
        register_model(name)(MyNetwork)
