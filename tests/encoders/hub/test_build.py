"""Encoders of the hub: tiny networks of the real architectures with random weights, in local folders."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from postplace.encoders.encoder import CountsLengths, ImageEncoder, TextEncoder
from postplace.encoders.hub import encoders as hub_encoders
from postplace.encoders.hub.build import hub_image_encoder, hub_text_encoder
from postplace.encoders.hub.encoders import HubImageEncoder, HubTextEncoder, Steps
from postplace.encoders.hub.loading import without_precision
from postplace.encoders.hub.modules import grid_cells
from postplace.errors import BadWeights, PostplaceError
from postplace.system.torchvision_compat import declare_missing_operators

declare_missing_operators()
transformers: Any = pytest.importorskip("transformers")

Make = Callable[[str, Path], Path]
SIDE = 32
CROPPED = {"size": {"shortest_edge": SIDE}, "crop_size": {"height": SIDE, "width": SIDE}}
IMAGE_KINDS = ["chinese-clip", "clip", "siglip", "dinov2", "dinov3"]
TEXT_KINDS = ["chinese-clip", "clip", "siglip", "bert"]


def pictures(count: int, side: int = SIDE) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (count, side, side, 3), dtype=np.uint8)


# ---------------------------------------------------------------------- the contract


@pytest.mark.parametrize("kind", IMAGE_KINDS)
def test_image_contract(
    kind: str, model_folder: Callable[[str], Path], check_image_encoder: Callable[[ImageEncoder], None]
) -> None:
    encoder = hub_image_encoder(str(model_folder(kind)), states=True)
    check_image_encoder(encoder)
    assert encoder.name == kind
    assert isinstance(encoder, HubImageEncoder)
    whole, alone = pictures(5), np.concatenate([encoder.encode(row[None]) for row in pictures(5)])
    np.testing.assert_allclose(alone, encoder.encode(whole), atol=1e-5)
    states = encoder.encode_states(whole)
    assert states.shape == (5, 49, encoder.states_width) == (5, encoder.states, 48)
    assert states.dtype == np.float32
    np.testing.assert_allclose(encoder.encode_states(whole[3:4])[0], states[3], atol=1e-5)
    assert np.abs(encoder.encode(whole)).max() > 1e-3


@pytest.mark.parametrize("kind", TEXT_KINDS)
def test_text_contract(
    kind: str, model_folder: Callable[[str], Path], check_text_encoder: Callable[[TextEncoder], None]
) -> None:
    encoder = hub_text_encoder(str(model_folder(kind)), states=True)
    check_text_encoder(encoder)
    assert isinstance(encoder, HubTextEncoder)
    texts = ["coffee", "", "外 滩 的 夜 景", "a b " * 500]
    vectors, states = encoder.encode(texts), encoder.encode_states(texts)
    assert states.shape == (4, 52, 32)
    for row, text in enumerate(texts):
        np.testing.assert_allclose(encoder.encode([text])[0], vectors[row], atol=1e-5)
        np.testing.assert_allclose(encoder.encode_states([text])[0], states[row], atol=1e-5)
    real = (states != 0).any(axis=2)
    assert real.sum(axis=1).tolist() == [3, 2, 7, 52]  # begin, words, end
    assert (np.diff(real.astype(int), axis=1) <= 0).all(), "real ones first"
    assert np.abs(vectors[0] - vectors[2]).max() > 1e-3


@pytest.mark.parametrize("kind", TEXT_KINDS)
def test_vectors_and_states_of_texts_take_one_run(kind: str, model_folder: Callable[[str], Path]) -> None:
    encoder: Any = hub_text_encoder(str(model_folder(kind)), states=True)
    runs: list[int] = []
    encoder.module.register_forward_pre_hook(lambda _, inputs: runs.append(len(inputs[0])))
    short, longer = ["coffee", "", "外 滩 的 夜 景"], "a b " * 40
    vectors, states = encoder.encode_both([*short, longer])
    # chinese-clip reads no more than 52 tokens, siglip pads to its full length: a second run would be the same
    assert runs == ([4] if kind in ("chinese-clip", "siglip") else [4, 1])
    np.testing.assert_allclose(vectors, encoder.encode([*short, longer]), atol=1e-5)
    np.testing.assert_allclose(states, encoder.encode_states([*short, longer]), atol=1e-5)


# ---------------------------------------------------------------------- the numbers are transformers' own


@pytest.mark.parametrize("kind", ["chinese-clip", "clip", "siglip"])
def test_joint_image_vectors_are_the_projected_ones(kind: str, model_folder: Callable[[str], Path]) -> None:
    model = transformers.AutoModel.from_pretrained(model_folder(kind)).eval()
    encoder = hub_image_encoder(str(model_folder(kind)))
    mean, std = ((0.5,) * 3,) * 2
    if kind != "siglip":
        mean, std = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
    pixels = (pictures(3).astype(np.float32) / 255 - np.array(mean)) / np.array(std)
    with torch.inference_mode():
        out = model.get_image_features(pixel_values=torch.from_numpy(pixels.transpose(0, 3, 1, 2)).float())
    np.testing.assert_allclose(encoder.encode(pictures(3)), out.pooler_output.numpy(), atol=1e-5)


def test_dino_vectors_are_the_class_token_and_states_leave_registers_out(model_folder: Callable[[str], Path]) -> None:
    model = transformers.AutoModel.from_pretrained(model_folder("dinov3")).eval()
    encoder = hub_image_encoder(str(model_folder("dinov3")), states=True)
    assert isinstance(encoder, HubImageEncoder)
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    pixels = (pictures(2).astype(np.float32) / 255 - np.array(mean)) / np.array(std)
    with torch.inference_mode():
        hidden = model(pixel_values=torch.from_numpy(pixels.transpose(0, 3, 1, 2)).float()).last_hidden_state
    np.testing.assert_allclose(encoder.encode(pictures(2)), hidden[:, 0].numpy(), atol=1e-5)
    patches = hidden[:, 5:].reshape(2, 8, 8, 48).permute(0, 3, 1, 2)
    pooled = torch.nn.functional.adaptive_avg_pool2d(patches, 7).flatten(2).transpose(1, 2)
    np.testing.assert_allclose(encoder.encode_states(pictures(2)), pooled.numpy(), atol=1e-5)


def test_states_of_clip_are_its_patches_after_the_last_norm(model_folder: Callable[[str], Path]) -> None:
    encoder: Any = hub_image_encoder(str(model_folder("chinese-clip")), states=True)
    tower = encoder.module.model.vision_model
    with torch.inference_mode():
        pixels = encoder.module.pixels(torch.from_numpy(pictures(2)))
        hidden = tower.post_layernorm(tower(pixel_values=pixels).last_hidden_state[:, 1:])
    patches = hidden.reshape(2, 8, 8, 48).permute(0, 3, 1, 2)
    pooled = torch.nn.functional.adaptive_avg_pool2d(patches, 7).flatten(2).transpose(1, 2)
    np.testing.assert_allclose(encoder.encode_states(pictures(2)), pooled.numpy(), atol=1e-5)


def test_a_grid_of_14_is_averaged_in_fours() -> None:
    cells = grid_cells(14, 14)
    assert cells.shape == (49, 196)
    assert cells[8].nonzero().flatten().tolist() == [30, 31, 44, 45]  # second row, second column of 7 x 7
    np.testing.assert_allclose(cells.sum(dim=1), np.ones(49), rtol=1e-6)


def test_chinese_clip_text_is_the_projected_class_token(model_folder: Callable[[str], Path]) -> None:
    model = transformers.AutoModel.from_pretrained(model_folder("chinese-clip")).eval()
    ids = torch.tensor([[2, 5, 6, 9, 3]])  # [CLS] 外 滩 的 [SEP]
    with torch.inference_mode():
        hidden = model.text_model(input_ids=ids).last_hidden_state
        expected = model.text_projection(hidden[:, 0]).numpy()
    encoder = hub_text_encoder(str(model_folder("chinese-clip")))
    np.testing.assert_allclose(encoder.encode(["外滩的"]), expected, atol=1e-5)


def test_a_text_network_is_averaged_over_its_real_tokens(model_folder: Callable[[str], Path]) -> None:
    model = transformers.AutoModel.from_pretrained(model_folder("bert")).eval()
    with torch.inference_mode():
        hidden = model(input_ids=torch.tensor([[2, 13, 3]])).last_hidden_state
    encoder = hub_text_encoder(str(model_folder("bert")))
    vectors = encoder.encode(["coffee", "外滩的夜景 river river"])  # the second makes the first one's padding
    np.testing.assert_allclose(vectors[0], hidden[0].mean(dim=0).numpy(), atol=1e-5)


def test_the_class_token_is_taken_where_the_model_says_so(make_model: Make, tmp_path: Path) -> None:
    folder = make_model("bert", tmp_path / "bert")
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(
        '{"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false}'
    )
    model = transformers.AutoModel.from_pretrained(folder).eval()
    with torch.inference_mode():
        hidden = model(input_ids=torch.tensor([[2, 13, 3]])).last_hidden_state
    np.testing.assert_allclose(hub_text_encoder(str(folder)).encode(["coffee"]), hidden[:, 0].numpy(), atol=1e-5)
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_max_tokens": true}')
    with pytest.raises(BadWeights, match=r"pools by max_tokens, which is not known here"):
        hub_text_encoder(str(folder))


def test_chinese_clip_reads_52_tokens(model_folder: Callable[[str], Path]) -> None:
    encoder = hub_text_encoder(str(model_folder("chinese-clip")))
    fifty, more = "夜" * 50, "夜" * 50 + "景" * 30
    np.testing.assert_array_equal(encoder.encode([fifty]), encoder.encode([more]))
    assert np.abs(encoder.encode(["夜" * 49]) - encoder.encode([fifty])).max() > 1e-6
    assert isinstance(encoder, CountsLengths)  # the two tokens around a text are not counted
    assert encoder.lengths([fifty, more, "夜", ""]).tolist() == [[50, 50], [50, 80], [1, 1], [0, 0]]


def test_siglip_reads_lower_case_and_its_padding(model_folder: Callable[[str], Path]) -> None:
    encoder = hub_text_encoder(str(model_folder("siglip")))
    np.testing.assert_array_equal(encoder.encode(["Coffee"]), encoder.encode(["coffee"]))
    model = transformers.AutoModel.from_pretrained(model_folder("siglip")).eval()
    ids = torch.zeros((1, 64), dtype=torch.long)
    ids[0, :3] = torch.tensor([3, 12, 1])
    with torch.inference_mode():
        expected = model.get_text_features(input_ids=ids).pooler_output.numpy()
    np.testing.assert_allclose(encoder.encode(["coffee"]), expected, atol=1e-5)


def test_states_must_be_asked_for(model_folder: Callable[[str], Path]) -> None:
    encoder = hub_image_encoder(str(model_folder("clip")))
    assert isinstance(encoder, HubImageEncoder)
    assert encoder.states == 0
    with pytest.raises(PostplaceError, match="loaded without token states; load it with states=True"):
        encoder.encode_states(pictures(1))


# ---------------------------------------------------------------------- batch size, fingerprint, imports


def test_a_batch_too_large_is_halved_and_the_size_remembered() -> None:
    steps = Steps(8, device="cpu")
    tried: list[int] = []

    def work(rows: slice) -> int:
        tried.append(rows.stop - rows.start)
        if tried[-1] > 3:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        return tried[-1]

    assert [rows.start for rows, _ in steps.over(7, work)] == [0, 3, 6]
    assert tried == [7, 3, 3, 1]
    assert steps.size == 3
    with pytest.raises(ValueError, match="of its own"):
        list(steps.over(1, lambda rows: (_ for _ in ()).throw(ValueError("of its own"))))


def test_no_memory_for_one_item_is_said() -> None:
    def work(rows: slice) -> int:
        raise RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory")

    with pytest.raises(PostplaceError, match=r"cpu: has no memory for a single item .* take a smaller model"):
        list(Steps(4, device="cpu").over(4, work))


def test_the_fingerprint_is_of_the_content(model_folder: Callable[[str], Path], tmp_path: Path) -> None:
    import shutil

    first = hub_image_encoder(str(model_folder("clip")))
    moved = Path(shutil.copytree(model_folder("clip"), tmp_path / "elsewhere"))
    assert hub_image_encoder(str(moved)).fingerprint == first.fingerprint
    text = hub_text_encoder(str(moved)).fingerprint
    (moved / "preprocessor_config.json").write_text(
        json.dumps({"image_processor_type": "CLIPImageProcessor", **CROPPED, "resample": 2})
    )
    assert hub_image_encoder(str(moved)).fingerprint != first.fingerprint
    assert hub_text_encoder(str(moved)).fingerprint == text
    torch.manual_seed(1)
    model = transformers.AutoModel.from_pretrained(moved)
    with torch.no_grad():
        model.visual_projection.weight += 1
    model.save_pretrained(moved)
    assert hub_text_encoder(str(moved)).fingerprint != text
    assert "torch.float32" in first.fingerprint


def test_looking_encoders_up_needs_neither_torch_nor_transformers() -> None:
    code = (
        "import sys, postplace.encoders.hub.build, postplace.encoders.hub.preprocessing as p;"
        "sys.exit(any(name in sys.modules for name in ('torch', 'transformers', 'huggingface_hub')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_prepared_picture_goes_through(model_folder: Callable[[str], Path]) -> None:
    encoder = hub_image_encoder(str(model_folder("siglip")))
    ready = encoder.prepare(Image.new("RGB", (50, 20), "red"))
    assert ready.shape == (SIDE, SIDE, 3)
    assert encoder.encode(ready[None]).shape == (1, 48)


@pytest.mark.parametrize("kind", ["chinese-clip", "siglip", "bert"])
def test_half_precision_is_nearly_the_same_and_another_fingerprint(
    kind: str, model_folder: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = ["coffee", "外 滩 的 夜 景", "a b river"]
    exact = hub_text_encoder(str(model_folder(kind)))
    monkeypatch.setattr(hub_encoders, "dtype_for", lambda device: torch.bfloat16)
    half = hub_text_encoder(str(model_folder(kind)))
    (one, precision), (other, halved) = (without_precision(encoder.fingerprint) for encoder in (exact, half))
    assert (one, precision, halved) == (other, "float32", "bfloat16")
    assert half.fingerprint != exact.fingerprint  # the store keeps them apart
    here, there = exact.encode(texts), half.encode(texts)
    assert 0 < np.linalg.norm(here - there) / np.linalg.norm(here) < 0.03
