"""The files of a model of the hub: where they are looked for, and what is said when they are not there."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from postplace.encoders.hub import files as hub_files
from postplace.encoders.hub.build import HUB_NAMES, hub_image_encoder, hub_text_encoder
from postplace.errors import BadOption, BadWeights
from postplace.system.torchvision_compat import declare_missing_operators

declare_missing_operators()
transformers: Any = pytest.importorskip("transformers")

Make = Callable[[str, Path], Path]


def test_every_short_name_says_what_it_is() -> None:
    for name, entry in HUB_NAMES.items():
        assert "/" not in name
        assert hub_files._REPOSITORY.fullmatch(entry.repository)
        assert entry.reads
        assert all((entry.citation, entry.licence, entry.prefer_when, entry.gigabytes))
    # the main revision holds pickles alone
    assert HUB_NAMES["chinese-clip"].repository == "OFA-Sys/chinese-clip-vit-huge-patch14@refs/pr/1"


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def test_a_model_that_cannot_be_had_is_told_in_one_message(empty_cache: Path) -> None:
    with pytest.raises(BadWeights) as caught:
        hub_image_encoder("chinese-clip", offline=True)
    message = str(caught.value)
    for part in (
        "OFA-Sys/chinese-clip-vit-huge-patch14@refs/pr/1: config.json, ",
        "preprocessor_config.json or processor_config.json, ",
        "model.safetensors or model.safetensors.index.json not found",
        f"the hub's cache {empty_cache}",
        f"no such folder ({Path.cwd() / 'OFA-Sys'}",
        "the hub was not asked; HF_HUB_OFFLINE is not set",
        "name a folder that holds these files",
        "take the bundled encoder, which needs no file (bundled)",
    ):
        assert part in message
    assert "\n" not in message


def test_the_state_of_hf_hub_offline_is_told(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(BadWeights, match=r"tokenizer\.json or vocab\.txt .* not asked; HF_HUB_OFFLINE is set"):
        hub_text_encoder("chinese-clip")


def test_the_cache_of_the_hub_is_read(make_model: Make, empty_cache: Path, tmp_path: Path) -> None:
    commit = "0" * 40
    root = empty_cache / "models--owner--tiny"
    make_model("bert", root / "snapshots" / commit)
    (root / "refs").mkdir()
    (root / "refs" / "main").write_text(commit)
    encoder = hub_text_encoder("owner/tiny", offline=True)
    assert encoder.name == "owner/tiny"
    assert encoder.fingerprint == hub_text_encoder(str(make_model("bert", tmp_path / "again"))).fingerprint
    (root / "snapshots" / commit / "vocab.txt").unlink()
    with pytest.raises(BadWeights, match=r"owner/tiny: tokenizer\.json or vocab\.txt .* looked in: the hub's cache"):
        hub_text_encoder("owner/tiny", offline=True)


@pytest.mark.parametrize("file", ["config.json", "preprocessor_config.json", "model.safetensors", "vocab.txt"])
def test_a_folder_without_a_file_says_which(make_model: Make, file: str, tmp_path: Path) -> None:
    folder = make_model("chinese-clip", tmp_path / "model")
    (folder / file).unlink()
    load = hub_text_encoder if file == "vocab.txt" else hub_image_encoder
    with pytest.raises(BadWeights) as caught:
        load(str(folder))
    assert file in caught.value.found
    assert str(folder) in caught.value.found
    assert "bundled" in caught.value.remedy


def test_a_pickle_is_refused(make_model: Make, tmp_path: Path) -> None:
    folder = make_model("chinese-clip", tmp_path / "model")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(BadWeights, match=r"as a pickle alone \(pytorch_model\.bin\).* can run code .*convert"):
        hub_image_encoder(str(folder))


def test_code_of_a_model_is_never_run(make_model: Make, tmp_path: Path) -> None:
    folder = make_model("bert", tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "own", "auto_map": {"AutoConfig": "own.Config", "AutoModel": "own.Model"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    with pytest.raises(BadWeights, match=r"model_type 'own' is not one .* code that comes with a model is never run"):
        hub_text_encoder(str(folder))
    assert not (tmp_path / "ran").exists()


def test_weights_cut_short_are_found(make_model: Make, tmp_path: Path) -> None:
    folder = make_model("bert", tmp_path / "model")
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadWeights, match=r"cannot be loaded .* fetch or copy the model again"):
        hub_text_encoder(str(folder))


def test_weights_of_another_network_are_found(make_model: Make, tmp_path: Path) -> None:
    folder, other = make_model("chinese-clip", tmp_path / "one"), make_model("bert", tmp_path / "other")
    (other / "model.safetensors").replace(folder / "model.safetensors")
    with pytest.raises(BadWeights, match=r"the weights lack \d+ tensors of chinese_clip, for example vis"):
        hub_image_encoder(str(folder))


def test_a_missing_shard_is_named(make_model: Make, tmp_path: Path) -> None:
    folder = make_model("bert", tmp_path / "model")
    model = transformers.AutoModel.from_pretrained(folder)
    expected = hub_text_encoder(str(folder)).encode(["coffee"])
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="20KB")
    np.testing.assert_array_equal(hub_text_encoder(str(folder)).encode(["coffee"]), expected)
    sorted(folder.glob("model-*.safetensors"))[1].unlink()
    with pytest.raises(BadWeights, match=r"model-00002-of-\d+\.safetensors not found"):
        hub_text_encoder(str(folder))


def test_preprocessing_for_another_size_is_refused(make_model: Make, tmp_path: Path) -> None:
    folder = make_model("chinese-clip", tmp_path / "model")
    (folder / "preprocessor_config.json").write_text('{"image_processor_type": "ChineseCLIPImageProcessor"}')
    with pytest.raises(BadWeights, match=r"images of 224 x 224, the network takes \(32, 32\)"):
        hub_image_encoder(str(folder))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("chinese-klip", r"image encoder: 'chinese-klip' is unknown; did you mean 'chinese-clip'\?"),
        ("/no/such/folder", r"'/no/such/folder' is no folder and no model of the hub"),
        ("minilm", r"'minilm' reads no image; take one of chinese-clip"),
    ],
)
def test_a_name_that_is_nothing(name: str, message: str) -> None:
    with pytest.raises(BadOption, match=message):
        hub_image_encoder(name)


def test_a_text_network_reads_no_pictures(make_model: Make, tmp_path: Path) -> None:
    folder = make_model("bert", tmp_path / "model")
    (folder / "preprocessor_config.json").write_text('{"image_processor_type": "ViTImageProcessor"}')
    with pytest.raises(BadWeights, match="bert does not read an image"):
        hub_image_encoder(str(folder))


def test_without_transformers_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_files, "find_spec", lambda package: None)
    with pytest.raises(BadOption, match=r"transformers, which is not installed; .*'postplace\[hub\]'.* bundled"):
        hub_image_encoder("chinese-clip")


def test_a_large_file_is_hashed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_files, "_SMALL", 0)
    monkeypatch.setattr(hub_files, "_remembered_sums", lambda: tmp_path / "cache" / "sums.json")
    path = tmp_path / "weights"
    hashed: list[Path] = []
    path.write_bytes(b"one")
    original = hub_files._hash

    def hash_(file: Path) -> str:
        hashed.append(file)
        return original(file)

    monkeypatch.setattr(hub_files, "_hash", hash_)
    first = hub_files.compute_sha256(path)
    assert hub_files.compute_sha256(path) == first
    assert len(hashed) == 1
    path.write_bytes(b"two")
    os.utime(path, ns=(1, 1))
    assert hub_files.compute_sha256(path) != first
    (tmp_path / "cache" / "sums.json").write_text("{broken")
    assert hub_files.compute_sha256(path) != first
    blob = tmp_path / "blobs" / ("a" * 64)
    blob.parent.mkdir()
    blob.write_bytes(b"")
    (tmp_path / "link").symlink_to(blob)
    assert hub_files.compute_sha256(tmp_path / "link") == "a" * 64
