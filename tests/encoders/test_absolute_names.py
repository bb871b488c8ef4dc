"""Encoders that are local files are found again from any folder, and missed by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from postplace import PostLocator
from postplace.encoders.absolute_names import lasting_name, missing_path
from postplace.errors import BadRun
from postplace.runs.serialization import asked_encoders


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with an export in `onnx`, one in `clip`, and other folders and files."""
    for name in ("onnx", "clip", "vgg19"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.onnx").touch()
    for name in ("siglip2", "org/model"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "weights.safetensors").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_local_folder_or_file_gets_its_absolute_path(here: Path) -> None:
    for name in ("onnx", "clip", "org/model"):  # an export comes before the hub's model of that name
        assert lasting_name(name) == str(here / name)
    assert lasting_name("vgg19=weights.safetensors") == f"vgg19={here / 'weights.safetensors'}"
    assert PostLocator(image_encoder="onnx").encoder_pair.image == str(here / "onnx")


@pytest.mark.parametrize(
    "name", ["bundled", "vgg19", "siglip2", "other/model", "timm/resnet18", "nope", "", "vgg19=gone.bin"]
)
def test_every_other_name_stays(here: Path, name: str) -> None:
    assert lasting_name(name) == name


def test_the_bundled_text_encoder_of_version_0_1_0_is_the_cased_one(here: Path) -> None:
    image = {"asked": "bundled", "fingerprint": "bundled-image; sha256 0; (x - 127) / 128"}
    for steps, name in (("", "bundled-cased"), (", in lower case", "bundled")):
        text = {"asked": "bundled", "fingerprint": f"bundled-text; sha256 0 1; the first 10,000 characters{steps}"}
        found = asked_encoders({"encoders": {"text": text, "image": image}}, here, given={})
        assert found == {"text": name, "image": "bundled"}


def test_what_is_gone_is_named(here: Path) -> None:
    config = {"encoders": {"text": {"asked": "bundled"}, "image": {"asked": str(here / "onnx")}}}
    assert asked_encoders(config, here, given={}) == {"text": "bundled", "image": str(here / "onnx")}
    (here / "onnx").rename(here / "moved")
    with pytest.raises(BadRun, match=r"config\.json: the image encoder .*/onnx that this run was trained with is not"):
        asked_encoders(config, here, given={})
    assert missing_path("old-relative-folder") == Path("old-relative-folder")
    assert missing_path("vgg19=/gone.bin") == Path("/gone.bin")
    for name in ("bundled", "chinese-clip", "org/other", "timm/resnet18", str(here / "moved")):
        assert missing_path(name) is None
