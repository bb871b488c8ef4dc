"""What every encoder must pass: fixtures that hand out the checks, for the test file of each encoder."""

from __future__ import annotations

import importlib
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from postplace.encoders.encoder import ImageEncoder, TextEncoder, Vectors

SENTENCES = ["外滩的夜景", "coffee by the river", "a " * 60, "😀", "x", "#", "no\nbreak", "cut \ud83d short"]


@pytest.fixture
def check_text_encoder() -> Callable[[TextEncoder], None]:
    """Shape, type, order, frozenness and independence of a text encoder."""

    def check(encoder: TextEncoder) -> None:
        vectors = encoder.encode(SENTENCES)
        assert_vectors(vectors, rows=len(SENTENCES), width=encoder.width)
        alone = np.concatenate([encoder.encode([sentence]) for sentence in SENTENCES])
        np.testing.assert_allclose(alone, vectors, atol=1e-5)
        np.testing.assert_allclose(encoder.encode(SENTENCES[::-1])[::-1], vectors, atol=1e-5)
        assert_vectors(encoder.encode([]), rows=0, width=encoder.width)
        assert_vectors(encoder.encode(["", " \n"]), rows=2, width=encoder.width)
        assert encoder.name
        assert encoder.fingerprint

    return check


@pytest.fixture
def check_image_encoder() -> Callable[[ImageEncoder], None]:
    """The same of an image encoder, and of its preparation, which runs in other processes."""

    def check(encoder: ImageEncoder) -> None:
        rng = np.random.default_rng(0)
        sides = [(1, 1), (640, 17), (30, 500), (224, 224), (300, 300), (5, 5), (64, 48)]
        pictures = [Image.fromarray(rng.integers(0, 256, (high, wide, 3), dtype=np.uint8)) for wide, high in sides]
        prepare = pickle.loads(pickle.dumps(encoder.prepare))
        ready: NDArray[np.uint8] = np.stack([prepare(picture) for picture in pictures])
        before = ready.copy()
        vectors = encoder.encode(ready)
        assert_vectors(vectors, rows=len(sides), width=encoder.width)
        np.testing.assert_array_equal(ready, before)
        alone = np.concatenate([encoder.encode(ready[row : row + 1]) for row in range(len(ready))])
        np.testing.assert_allclose(alone, vectors, atol=1e-4)
        np.testing.assert_allclose(encoder.encode(ready[::-1])[::-1], vectors, atol=1e-4)
        assert_vectors(encoder.encode(ready[:0]), rows=0, width=encoder.width)
        assert encoder.name
        assert encoder.fingerprint

    return check


def assert_vectors(vectors: Vectors, *, rows: int, width: int) -> None:
    """Finite float32 (rows, width), no two rows alike by accident of a constant answer."""
    assert vectors.shape == (rows, width)
    assert vectors.dtype == np.float32
    assert np.isfinite(vectors).all()


# ---------------------------------------------------------------------- tiny models as the hub has them

SIDE = 32
TEXT: dict[str, Any] = {
    "vocab_size": 64,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 64,
}
VISION: dict[str, Any] = {
    "hidden_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "image_size": SIDE,
    "patch_size": 4,
}
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "外", "滩", "夜", "景", "的", "a", "b", "##b", "coffee", "river"]
CROPPED = {"size": {"shortest_edge": SIDE}, "crop_size": {"height": SIDE, "width": SIDE}, "do_center_crop": True}
SQUARE = {"size": {"height": SIDE, "width": SIDE}}


def _save(folder: Path, model: Any, processor: dict[str, Any] | None) -> Path:
    model.save_pretrained(folder)
    if processor is not None:
        (folder / "preprocessor_config.json").write_text(json.dumps(processor))
    return folder


def _write_fast_tokenizer(folder: Path, *, end: str) -> None:
    """A tokenizer.json of whole words that ends every text with `end`, as CLIP's and SigLIP's do."""
    transformers: Any = importlib.import_module("transformers")
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    words = {word: number for number, word in enumerate(["<pad>", end, "<unk>", "<bos>", *WORDS[5:]])}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"<bos> $A {end}", special_tokens=[("<bos>", 3), (end, 1)]
    )
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token=end, unk_token="<unk>", bos_token="<bos>"
    ).save_pretrained(folder)


def _make(kind: str, folder: Path) -> Path:
    """A model of that kind, saved as on the hub."""
    import torch

    transformers: Any = importlib.import_module("transformers")
    torch.manual_seed(0)
    folder.mkdir(parents=True)
    if kind == "chinese-clip":
        config = transformers.ChineseCLIPConfig(text_config=TEXT, vision_config=VISION, projection_dim=16)
        (folder / "vocab.txt").write_text("\n".join(WORDS), "utf-8")
        processor = {"image_processor_type": "ChineseCLIPImageProcessor", **CROPPED}
        return _save(folder, transformers.ChineseCLIPModel(config), processor)
    if kind == "clip":
        ends = {"eos_token_id": 1, "bos_token_id": 3, "pad_token_id": 0}
        config = transformers.CLIPConfig(text_config=TEXT | ends, vision_config=VISION, projection_dim=16)
        _write_fast_tokenizer(folder, end="<end>")
        return _save(
            folder, transformers.CLIPModel(config), {"feature_extractor_type": "CLIPFeatureExtractor", **CROPPED}
        )
    if kind == "siglip":
        config = transformers.SiglipConfig(text_config=TEXT, vision_config=VISION)
        _write_fast_tokenizer(folder, end="<eos>")
        return _save(
            folder, transformers.SiglipModel(config), {"image_processor_type": "SiglipImageProcessor", **SQUARE}
        )
    if kind == "dinov2":
        config = transformers.Dinov2Config(**(VISION | {"mlp_ratio": 2}))
        return _save(folder, transformers.Dinov2Model(config), {"image_processor_type": "BitImageProcessor", **CROPPED})
    if kind == "dinov3":
        config = transformers.DINOv3ViTConfig(**(VISION | {"num_register_tokens": 4}))
        processor = {"image_processor_type": "DINOv3ViTImageProcessorFast", **SQUARE}
        return _save(folder, transformers.DINOv3ViTModel(config), processor)
    (folder / "vocab.txt").write_text("\n".join(WORDS), "utf-8")
    return _save(folder, transformers.BertModel(transformers.BertConfig(**TEXT)), None)


@pytest.fixture(scope="session")
def make_model() -> Callable[[str, Path], Path]:
    """Saves a tiny network of a kind of the hub with random weights into a new folder, and returns the folder."""
    pytest.importorskip("transformers")
    from postplace.system.torchvision_compat import declare_missing_operators

    declare_missing_operators()
    return _make


@pytest.fixture(scope="session")
def model_folder(
    make_model: Callable[[str, Path], Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Path]:
    """Each kind's folder, made once and not to be changed."""
    made: dict[str, Path] = {}

    def folder_of(kind: str) -> Path:
        if kind not in made:
            made[kind] = make_model(kind, tmp_path_factory.mktemp("models") / kind)
        return made[kind]

    return folder_of
