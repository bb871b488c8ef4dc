"""What is filled, and that nothing else changes."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from postplace.errors import BadOption, BadWeights
from postplace.images import inpaint
from postplace.images.inpaint import Inpainter, find_inpainter, widened
from postplace.images.onnx_network import open_network

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("cv2")


def image(wide: int = 53, high: int = 37, *, seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (high, wide, 3), dtype=np.uint8))


def box(wide: int = 53, high: int = 37) -> inpaint.Mask:
    mask = np.zeros((high, wide), dtype=np.bool_)
    mask[high // 3 : high // 2, wide // 3 : wide // 2] = True
    return mask


def write_lama(
    path: Path,
    *,
    side: int | None = None,
    unit: float = 255.0,
    names: tuple[str, str] = ("image", "mask"),
    mask_first: bool = False,
    echo: bool = False,
) -> Path:
    """A network with LaMa's signature that puts 0.25 into the hole. It needs sides that divide by 8, as LaMa does.

    `echo`: it gives the image back as it got it.
    """
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    high, wide = (side, side) if side else ("height", "width")
    image = helper.make_tensor_value_info(names[0], kind, [1, 3, high, wide])
    mask = helper.make_tensor_value_info(names[1], kind, [1, 1, high, wide])
    output = helper.make_tensor_value_info("output", kind, [1, 3, high, wide])
    constants = {"one": [1.0], "quarter": [0.0 if echo else 0.25], "nothing": [0.0], "unit": [unit]}
    constants["scales"] = [1.0, 1.0, 8.0, 8.0]
    weights = [helper.make_tensor(name, kind, [len(value)], value) for name, value in constants.items()]
    nodes = [
        helper.make_node("MaxPool", [names[0]], ["pooled"], kernel_shape=[8, 8], strides=[8, 8]),
        helper.make_node("Resize", ["pooled", "", "scales"], ["coarse"], mode="nearest"),
        helper.make_node("Mul", ["coarse", "nothing"], ["zeros"]),  # of the wrong size where a side does not divide
        helper.make_node("Sub", ["one", names[1]], ["known"]),
        helper.make_node("Mul", [names[0], "one" if echo else "known"], ["kept"]),
        helper.make_node("Mul", [names[1], "quarter"], ["hole"]),
        helper.make_node("Add", ["kept", "hole"], ["sum"]),
        helper.make_node("Add", ["sum", "zeros"], ["fraction"]),
        helper.make_node("Mul", ["fraction", "unit"], ["output"]),
    ]
    graph = helper.make_graph(nodes, "lama", [mask, image] if mask_first else [image, mask], [output], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, path)
    return path


def assert_same_outside(before: Image.Image, after: Image.Image, mask: inpaint.Mask) -> None:
    assert after.size == before.size
    assert after.mode == "RGB"
    assert (np.asarray(after)[~mask] == np.asarray(before)[~mask]).all()


# ---------------------------------------------------------------------- the mask


def test_the_mask_grows_by_two_pixels_at_least() -> None:
    mask = np.zeros((9, 9), dtype=np.bool_)
    mask[4, 4] = True
    wanted = np.zeros((9, 9), dtype=np.bool_)
    wanted[2:7, 2:7] = True
    assert (widened(mask) == wanted).all()


def test_the_mask_grows_with_the_image() -> None:
    mask = np.zeros((40, 1600), dtype=np.bool_)
    mask[20, 800] = True
    assert np.flatnonzero(widened(mask)[20]).tolist() == list(range(790, 811))


# ---------------------------------------------------------------------- Telea


def test_telea_fills_the_hole_from_its_rim() -> None:
    whole = Image.new("RGB", (40, 40), (10, 120, 30))
    before = whole.copy()
    before.paste((255, 0, 0), (10, 10, 20, 25))
    mask = np.zeros((40, 40), dtype=np.bool_)
    mask[10:25, 10:20] = True
    after = find_inpainter("telea").fill(before, mask)
    assert np.abs(np.asarray(after).astype(int) - np.asarray(whole)).max() <= 3


@settings(max_examples=40)
@given(
    wide=st.integers(1, 90),
    high=st.integers(1, 90),
    side=st.integers(1, 60),
    share=st.sampled_from([0.0, 0.01, 0.3, 0.9, 1.0]),
    seed=st.integers(0, 99),
)
def test_no_pixel_outside_the_mask_changes(wide: int, high: int, side: int, share: float, seed: int) -> None:
    before = image(wide, high, seed=seed)
    mask = np.random.default_rng(seed).random((high, wide)) < share
    after = inpaint._filled(before, mask, fill=inpaint._telea, side=side)
    assert_same_outside(before, after, mask)


def test_a_large_image_is_filled_on_a_smaller_copy() -> None:
    before = image(400, 300)
    mask = np.zeros((300, 400), dtype=np.bool_)
    mask[20:280, 30:370] = True
    seen = []

    def fill(pixels: inpaint.Pixels, hole: inpaint.Mask) -> inpaint.Pixels:
        seen.append(hole.shape)
        return np.full_like(pixels, 77)

    after = inpaint._filled(before, mask, fill=fill, side=100)
    assert seen == [(75, 100)]
    assert (np.asarray(after)[mask] == 77).all()
    assert_same_outside(before, after, mask)


def test_a_small_hole_is_filled_where_it_is() -> None:
    before = image(4000, 40)
    mask = np.zeros((40, 4000), dtype=np.bool_)
    mask[10:20, 2000:2010] = True
    seen = []

    def fill(pixels: inpaint.Pixels, hole: inpaint.Mask) -> inpaint.Pixels:
        seen.append(hole.shape)
        return pixels * 0

    after = inpaint._filled(before, mask, fill=fill, side=100)
    assert seen == [(40, 74)], "the hole and 32 pixels on each side, at full size"
    assert_same_outside(before, after, mask)


def test_an_image_that_is_all_hole_becomes_flat() -> None:
    before = Image.new("RGB", (4, 2), (10, 20, 30))
    before.paste((30, 40, 50), (0, 0, 2, 2))
    after = find_inpainter("telea").fill(before, np.ones((2, 4), dtype=np.bool_))
    assert after.getcolors() == [(8, (20, 30, 40))]


# ---------------------------------------------------------------------- LaMa


@pytest.mark.parametrize("side", [None, 64])
@pytest.mark.parametrize("unit", [1.0, 255.0])
def test_lama_fills_at_the_size_of_the_image(tmp_path: Path, side: int | None, unit: float) -> None:
    lama = find_inpainter("lama", weights=write_lama(tmp_path / "lama.onnx", side=side, unit=unit))
    before, mask = image(), box()
    after = lama.fill(before, mask)
    assert (np.asarray(after)[mask] == 64).all(), "0.25 of 255"
    assert_same_outside(before, after, mask)


def test_lama_with_a_fixed_size_takes_a_larger_image(tmp_path: Path) -> None:
    lama = find_inpainter("auto", weights=write_lama(tmp_path / "lama.onnx", side=64))
    before, mask = image(301, 203), box(301, 203)
    after = lama.fill(before, mask)
    assert_same_outside(before, after, mask)
    changed = np.asarray(after)[mask]
    assert np.median(changed) == 64
    assert np.abs(changed.astype(int) - 64).mean() < 12, "but for the rim"


def test_lama_inputs_are_told_apart_by_their_channels(tmp_path: Path) -> None:
    path = write_lama(tmp_path / "lama.onnx", names=("x", "y"), mask_first=True)
    after = find_inpainter("lama", weights=path).fill(image(), box())
    assert (np.asarray(after)[box()] == 64).all()


def test_the_network_never_sees_the_person(tmp_path: Path) -> None:
    lama = find_inpainter("lama", weights=write_lama(tmp_path / "lama.onnx", echo=True))
    after = lama.fill(Image.new("RGB", (48, 48), (200, 200, 200)), box(48, 48))
    assert (np.asarray(after)[box(48, 48)] == 0).all()


def test_lama_travels_to_a_worker(tmp_path: Path) -> None:
    lama = find_inpainter("lama", weights=write_lama(tmp_path / "lama.onnx"))
    again = pickle.loads(pickle.dumps(lama))
    assert again == lama
    assert again.fingerprint == lama.fingerprint
    assert len(pickle.dumps(lama)) < 1000, "the file stays where it is"
    assert again.fill(image(), box()).tobytes() == lama.fill(image(), box()).tobytes()


def test_other_weights_have_another_fingerprint(tmp_path: Path) -> None:
    one, two = (write_lama(tmp_path / f"{unit}.onnx", unit=unit) for unit in (1.0, 255.0))
    assert find_inpainter("lama", weights=one).fingerprint != find_inpainter("lama", weights=two).fingerprint


def test_a_file_that_changes_under_way_is_noticed(tmp_path: Path) -> None:
    lama = find_inpainter("lama", weights=write_lama(tmp_path / "lama.onnx"))
    write_lama(tmp_path / "lama.onnx", unit=1.0)
    open_network.cache_clear()
    with pytest.raises(BadWeights, match="has changed"):
        lama.fill(image(), box())


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "cannot be read"), (b"", "is not an ONNX network"), (b"<html>not found</html>", "is not an ONNX network")],
)
def test_a_file_that_is_no_network_is_named(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "lama.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadWeights, match=message) as caught:
        find_inpainter("lama", weights=path)
    assert str(path) in str(caught.value)


def test_a_network_that_is_not_lama_is_named(tmp_path: Path) -> None:
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    slots = [helper.make_tensor_value_info(name, kind, [1, 3, 8, 8]) for name in ("input", "output")]
    graph = helper.make_graph([helper.make_node("Relu", ["input"], ["output"])], "g", slots[:1], slots[1:])
    path = tmp_path / "other.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    with pytest.raises(BadWeights, match="takes input"):
        find_inpainter("lama", weights=path)


# ---------------------------------------------------------------------- PatchMatch, none, names


def test_patchmatch_is_asked_in_the_same_way_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []

    def fill(image: inpaint.Pixels, mask: inpaint.Mask, *, patch_size: int) -> inpaint.Pixels:
        calls.append((image.shape, mask.dtype, patch_size))
        return np.full_like(image, 9)

    stand_in = SimpleNamespace(patchmatch_available=True, set_random_seed=calls.append, inpaint=fill)
    monkeypatch.setitem(sys.modules, "patchmatch", stand_in)
    monkeypatch.setattr(inpaint, "version", lambda _: "2.2.0")
    patchmatch = find_inpainter("patchmatch")
    after = patchmatch.fill(image(), box())
    assert calls == [0, ((37, 53, 3), np.dtype(bool), 5)]
    assert (np.asarray(after)[box()] == 9).all()
    assert_same_outside(image(), after, box())
    assert "2.2.0" in patchmatch.fingerprint


@pytest.mark.parametrize("found", [None, SimpleNamespace(patchmatch_available=False)])
def test_patchmatch_that_cannot_run_is_said_at_once(monkeypatch: pytest.MonkeyPatch, found: object) -> None:
    monkeypatch.setitem(sys.modules, "patchmatch", found)
    with pytest.raises(BadOption, match="telea"):
        find_inpainter("patchmatch")


def test_none_leaves_the_image() -> None:
    before = image()
    assert find_inpainter("none").fill(before, box()) is before


@pytest.mark.parametrize("name", ["telea", "none"])
def test_a_mask_of_another_size_is_refused(name: str) -> None:
    with pytest.raises(BadOption, match="is 53 x 37 for an image of 37 x 53"):
        find_inpainter(name).fill(image(37, 53), box())


def test_auto_is_telea_without_weights() -> None:
    found: Inpainter = find_inpainter()
    assert found.name == "telea"
    assert "OpenCV 4" in found.fingerprint


@pytest.mark.parametrize(
    ("name", "weights", "message"),
    [
        ("lamma", None, "did you mean 'lama'"),
        ("lama", None, "name the ONNX file"),
        ("telea", Path("lama.onnx"), "no use for lama.onnx"),
    ],
)
def test_what_cannot_be_meant_is_refused(name: str, weights: Path | None, message: str) -> None:
    with pytest.raises(BadOption, match=message):
        find_inpainter(name, weights=weights)
