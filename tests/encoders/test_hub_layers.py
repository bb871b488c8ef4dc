"""States of several layers of a network of the hub: which they are, in what order, and how they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from postplace.encoders.encoder import LayeredStates
from postplace.encoders.hub.build import hub_image_encoder, hub_text_encoder
from postplace.encoders.onnx.export import export_image
from postplace.encoders.registry import find_image_encoder, find_text_encoder
from postplace.encoders.token_states import get_state_layers, image_state_rows, text_state_rows
from postplace.errors import BadOption
from postplace.locator import PostLocator
from postplace.schema import Post
from postplace.system.torchvision_compat import declare_missing_operators

declare_missing_operators()
transformers: Any = pytest.importorskip("transformers")

Folder = Callable[[str], Path]
NORMS = {"dinov2": "layernorm", "dinov3": "norm"}
IMAGE_KINDS = ["chinese-clip", "clip", "siglip", "dinov2", "dinov3"]
TEXT_KINDS = ["chinese-clip", "clip", "siglip", "bert"]
TEXTS = ["coffee", "", "外 滩 的 夜 景", "a b " * 40]


def pictures(count: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)


@pytest.mark.parametrize("kind", IMAGE_KINDS)
def test_layers_of_pictures(kind: str, model_folder: Folder) -> None:
    one: Any = hub_image_encoder(str(model_folder(kind)), states=True)
    two: Any = find_image_encoder(str(model_folder(kind)), states=True, layers=2)
    assert (two.states, two.states_width, two.state_layers) == (98, 48, 2)
    vectors, states = two.encode_both(pictures(3))
    assert states.shape == (3, 98, 48)
    np.testing.assert_allclose(vectors, one.encode(pictures(3)), atol=1e-5)
    np.testing.assert_allclose(states[:, 1::2], one.encode_states(pictures(3)), atol=1e-5)  # the last layer last
    model = one.module.model
    tower = getattr(model, "vision_model", model)
    with torch.inference_mode():
        out = tower(pixel_values=one.module.pixels(torch.from_numpy(pictures(3))), output_hidden_states=True)
        hidden = getattr(tower, NORMS.get(kind, "post_layernorm"))(out.hidden_states[1])  # [0] are the embeddings
    patches = hidden[:, one.module.prefix :].reshape(3, 8, 8, 48).permute(0, 3, 1, 2)
    pooled = torch.nn.functional.adaptive_avg_pool2d(patches, 7).flatten(2).transpose(1, 2)
    np.testing.assert_allclose(states[:, ::2], pooled.numpy(), atol=1e-4)


@pytest.mark.parametrize("kind", TEXT_KINDS)
def test_layers_of_texts(kind: str, model_folder: Folder) -> None:
    one: Any = hub_text_encoder(str(model_folder(kind)), states=True)
    two: Any = find_text_encoder(str(model_folder(kind)), states=True, layers=2)
    assert (two.states, two.states_width, two.state_layers) == (104, 32, 2)
    vectors, states = two.encode_both(TEXTS)
    assert states.shape == (4, 104, 32)
    np.testing.assert_allclose(states, two.encode_states(TEXTS), atol=1e-5)
    np.testing.assert_allclose(vectors, one.encode(TEXTS), atol=1e-5)
    np.testing.assert_allclose(states[:, 1::2], one.encode_states(TEXTS), atol=1e-5)
    real = (states != 0).any(axis=2).reshape(4, 52, 2)
    assert (real[..., 0] == real[..., 1]).all(), "a position is real in every layer or in none"
    assert np.abs(states[0, 0] - states[0, 1]).max() > 1e-3


def test_a_text_network_gives_its_own_layers(model_folder: Folder) -> None:
    encoder: Any = hub_text_encoder(str(model_folder("bert")), states=True, layers=2)
    model = transformers.AutoModel.from_pretrained(model_folder("bert")).eval()
    with torch.inference_mode():
        hidden = model(input_ids=torch.tensor([[2, 13, 3]]), output_hidden_states=True).hidden_states
    states = encoder.encode_states(["coffee"])[0]
    for position in range(3):
        for layer in range(2):
            expected = hidden[1 + layer][0, position].numpy()
            np.testing.assert_allclose(states[position * 2 + layer], expected, atol=1e-5)


@pytest.mark.parametrize("layers", [0, 3])
def test_more_layers_than_there_are(layers: int, model_folder: Folder) -> None:
    with pytest.raises(BadOption, match=f"layers: {layers}, but clip has 2; give a number from 1 to 2"):
        hub_image_encoder(str(model_folder("clip")), states=True, layers=layers)
    with pytest.raises(BadOption, match=f"layers: {layers}, but bert has 2"):
        hub_text_encoder(str(model_folder("bert")), states=True, layers=layers)


def test_layers_are_kept_apart_in_the_store(model_folder: Folder) -> None:
    folder = str(model_folder("clip"))
    one, two = (hub_image_encoder(folder, states=True, layers=layers) for layers in (1, 2))
    assert one.fingerprint == two.fingerprint  # the vectors are the same
    assert image_state_rows(one).fingerprint.endswith("; 49 states of width 48, float16")  # as it always was
    assert image_state_rows(two).fingerprint.endswith("; 98 states of 2 layers of width 48, float16")
    rows = text_state_rows(hub_text_encoder(folder, states=True, layers=2))
    assert rows.encode(["coffee"]).shape == (1, rows.row) == (1, 104 * 32)
    assert rows.shaped(rows.encode(["coffee"]).astype(np.float16)).shape == (1, 104, 32)


def test_how_many_layers_an_encoder_hands_out(model_folder: Folder) -> None:
    assert get_state_layers(object()) == 1
    encoder = hub_image_encoder(str(model_folder("clip")), states=True, layers=2)
    assert isinstance(encoder, LayeredStates)
    assert get_state_layers(encoder) == 2


def test_an_export_hands_out_one_layer(model_folder: Folder, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    encoder = hub_image_encoder(str(model_folder("clip")), states=True, layers=2)
    with pytest.raises(BadOption, match="hands out several layers, an export only the last"):
        export_image(encoder, tmp_path / "several")
    export_image(hub_image_encoder(str(model_folder("clip")), states=True), tmp_path / "one")
    assert find_image_encoder(str(tmp_path / "one"), states=True, layers=1).name == "clip (onnx)"
    with pytest.raises(BadOption, match="its last layer only, and this model reads the states of 2"):
        find_image_encoder(str(tmp_path / "one"), states=True, layers=2)


def test_a_locator_asks_for_the_layers_its_model_reads(model_folder: Folder, posts: list[Post], tmp_path: Path) -> None:
    folder = str(model_folder("chinese-clip"))
    settings = {"layers": 2, "width": 8, "heads": 2, "max_epochs": 1}

    def locator(**more: Any) -> PostLocator:
        options: dict[str, Any] = {"settings": settings, "text_encoder": folder, "image_encoder": folder, **more}
        return PostLocator("place", model="bridge-tower", device="cpu", workers=0, cache=tmp_path / "store", **options)

    some = posts[::2]
    fitted = locator().fit(some)
    assert fitted.fitted.sizes.state_layers == 2
    assert (fitted.fitted.sizes.text_states, fitted.fitted.sizes.image_states) == (104, 98)
    fitted.save(tmp_path / "run")
    again = PostLocator.load(tmp_path / "run", device="cpu", cache=tmp_path / "store")
    np.testing.assert_allclose(again.predict_proba(some[:4]), fitted.predict_proba(some[:4]), atol=1e-6)
    with pytest.raises(BadOption, match=r"layers: 3, but .* has 2"):
        locator(settings={"layers": 3}).fit(some)
    with pytest.raises(BadOption, match="bundled-text gives no token states"):
        locator(text_encoder="bundled").fit(some)
