"""`train_model` is a function of what it is given; so is the calibration."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from postplace import Post, PostLocator
from postplace.inference import steps
from postplace.training.train_model import train_model


def test_the_same_dataset_trains_the_same_weights_twice_and_stays_as_it_is(posts: list[Post], cache: Path) -> None:
    locator = PostLocator("place", "sg-mft", cache=cache, settings={"max_epochs": 1}, device="cpu")
    dataset = locator.build_dataset(posts)
    vectors, labels = dataset.encoded.text_vectors.copy(), dataset.labels.copy()
    models = [train_model(dataset, locator.model_settings, locator.encoder_pair).model for _ in range(2)]
    weights = [model.state_dict() for model in models if isinstance(model, nn.Module)]
    assert len(weights) == 2
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    np.testing.assert_array_equal(dataset.encoded.text_vectors, vectors)
    np.testing.assert_array_equal(dataset.labels, labels)


def test_calibrating_changes_neither_the_predictor_nor_the_dataset(posts: list[Post], cache: Path) -> None:
    locator = PostLocator("place", "majority", cache=cache, device="cpu")
    dataset = locator.build_dataset(posts)
    predictor = locator.fit_dataset(dataset, evaluate=False).predictor
    labels = dataset.labels.copy()
    first, second = (steps.calibrate_predictor(predictor, dataset) for _ in range(2))
    assert first.temperature == second.temperature
    assert locator.predictor.calibration is predictor.calibration
    np.testing.assert_array_equal(dataset.labels, labels)


def test_the_old_name_of_the_checkpoint_folder_works_with_a_warning(
    posts: list[Post], cache: Path, tmp_path: Path
) -> None:
    locator = PostLocator("place", "majority", cache=cache, device="cpu")
    with pytest.warns(DeprecationWarning, match="state is called checkpoint_dir; the old name goes with version 0.3"):
        locator.fit(posts, state=tmp_path / "state")
    with pytest.raises(TypeError, match="both given"):
        locator.fit(posts, state=tmp_path / "state", checkpoint_dir=tmp_path / "other")
