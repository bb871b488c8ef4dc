"""A network from an ONNX file: opened, and checked for what it takes and gives."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import SimpleNamespace

import pytest

from postplace.errors import BadOption, BadWeights
from postplace.images import onnx_network
from postplace.images.onnx_network import Signature, Slot, digest, open_network, signature


def test_signature_names_lengths_that_are_fixed_and_none_for_those_that_are_free() -> None:
    image = SimpleNamespace(name="image", shape=["batch", 3, -1, 320])
    mask = SimpleNamespace(name="mask", shape=[None, 1])
    session = SimpleNamespace(get_inputs=lambda: [image], get_outputs=lambda: [mask])
    assert signature(session) == Signature((Slot("image", (None, 3, None, 320)),), (Slot("mask", (None, 1)),))


def test_digest_is_the_sha256_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.onnx").write_bytes(b"abc")
    assert digest(tmp_path / "a.onnx") == hashlib.sha256(b"abc").hexdigest()
    with pytest.raises(BadWeights, match="cannot be read"):
        digest(tmp_path / "none.onnx")


def test_a_file_that_was_replaced_since_it_was_checked_is_not_opened(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    (tmp_path / "a.onnx").write_bytes(b"abc")
    with pytest.raises(BadWeights, match="has changed"):
        open_network(tmp_path / "a.onnx", "0" * 64)


def test_a_file_that_is_no_network_is_an_error(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    path = tmp_path / "a.onnx"
    path.write_bytes(b"abc")
    with pytest.raises(BadWeights, match="is not an ONNX network"):
        open_network(path, digest(path))


def test_without_onnxruntime_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(onnx_network, "import_module", missing)
    with pytest.raises(BadOption, match="onnxruntime") as caught:
        open_network(tmp_path / "b.onnx", "0" * 64)
    assert "pip install" in caught.value.remedy
