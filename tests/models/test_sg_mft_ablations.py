"""SG-MFT without its parts, and with others in their place: its Tables 2 to 4."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import torch
from torch import nn

from postplace.features.batch import Batch, InputSizes
from postplace.models.blocks.fusion import AsymmetricLayer, CoAttentionLayer, MergeLayer
from postplace.models.entry import ModelEntry
from postplace.models.networks.sg_mft import SGMFT
from postplace.models.networks.sg_mft_sequences import SequenceSGMFT
from postplace.models.registry import find_model

SMALL: dict[str, Any] = {"tokens": 4, "heads": 2, "head_width": 3}


def _sgmft(sizes: InputSizes, **settings: Any) -> SGMFT:
    torch.manual_seed(0)
    return SGMFT(sizes, classes=3, **{**SMALL, **settings}).eval()


def _tokens(model: SGMFT, batch: Batch) -> list[torch.Tensor]:
    assert model.chunks is not None
    return [side.reshape(-1, 4, 4) + own for side, own in zip(model.sides(batch), model.chunks, strict=True)]


def test_the_weights_of_the_defaults_are_named_and_shaped_as_in_saved_runs(sizes: InputSizes) -> None:
    entry: ModelEntry = find_model("sg-mft")
    found = {
        name: tuple(value.shape)
        for name, value in entry.network(sizes, 3, {**entry.settings, **SMALL}).state_dict().items()
    }
    linear = {
        **{f"text_projections.{part}": (6, 4) for part in ("query", "key", "value")},
        **{f"image_projections.{part}": (6, 4) for part in ("query", "key", "value")},
        **{f"{side}_attention.{part}_output": (4, 6) for side in ("text", "image") for part in ("self", "cross")},
        **{f"{side}_feed_forward.w1": (16, 4) for side in ("text", "image")},
        **{f"{side}_feed_forward.w2": (4, 16) for side in ("text", "image")},
    }
    linear = {f"interaction.0.{name}": shape for name, shape in linear.items()}
    for asking in ("text", "image"):
        linear |= {f"fusion.{asking}_asks.{part}": (6, 4) for part in ("query", "key", "value")}
        linear[f"fusion.{asking}_asks.output"] = (4, 6)
    widths = (16, 512, 256, 128, 64, 3)
    linear |= {f"classifier.{4 * i}": (widths[i + 1], widths[i]) for i in range(5)}
    expected: dict[str, tuple[int, ...]] = {"absent_text": (16,), "absent_image": (16,), "chunks": (2, 4, 4)}
    expected |= {"interaction.0.gate.slope": (4,), "interaction.0.gate.offset": (4,)}
    expected["interaction.0.text_feed_forward.w3.weight"] = (16, 4)
    for name, shape in linear.items():
        expected |= {f"{name}.weight": shape, f"{name}.bias": shape[:1]}
    norms = [
        f"interaction.0.{side}_{part}.norm.norm" for side in ("text", "image") for part in ("attention", "feed_forward")
    ]
    for name, width in [
        *((name, 4) for name in norms),
        *((f"classifier.{4 * i + 1}", widths[i + 1]) for i in range(4)),
    ]:
        expected |= {f"{name}.weight": (width,), f"{name}.bias": (width,)}
    assert found == expected


def test_clip_alone_is_the_classifier_of_both_vectors(sizes: InputSizes, batch: Batch) -> None:
    model = _sgmft(sizes, layers=0, fusion="none")
    assert not list(model.interaction.parameters()) + list(model.fusion.parameters())
    text, image = _tokens(model, batch)
    expected = model.classifier(torch.cat([text.flatten(1), image.flatten(1)], dim=1))
    torch.testing.assert_close(model(batch), expected)


def test_without_sim_the_fusion_sees_the_vectors(sizes: InputSizes, batch: Batch) -> None:
    model = _sgmft(sizes, layers=0)
    expected = model.classifier(model.fusion(*_tokens(model, batch)).flatten(1))
    torch.testing.assert_close(model(batch), expected)


def test_without_sfm_the_classifier_sees_what_sim_gives(sizes: InputSizes, batch: Batch) -> None:
    model = _sgmft(sizes, fusion="none")
    both = model.interaction[0](*_tokens(model, batch))
    torch.testing.assert_close(model(batch), model.classifier(torch.cat(both, dim=1).flatten(1)))


@pytest.mark.parametrize(
    ("fusion", "kind", "width"),
    [("asymmetric", AsymmetricLayer, 16), ("merge", MergeLayer, 32), ("co", CoAttentionLayer, 32)],
)
def test_another_fusion_in_the_place_of_sfm(
    sizes: InputSizes, batch: Batch, fusion: str, kind: type[nn.Module], width: int
) -> None:
    model = _sgmft(sizes, fusion=fusion)
    assert isinstance(model.fusion.layer, kind)
    assert model.classifier[0].in_features == width
    fused = model.fusion.layer(*model.interaction[0](*_tokens(model, batch)))
    fused = torch.cat([fused] if fusion == "asymmetric" else fused, dim=1)
    torch.testing.assert_close(model(batch), model.classifier(fused.flatten(1)))


@pytest.mark.parametrize("fusion", ["asymmetric", "merge", "co"])
def test_tokens_of_width_1_are_not_normalised_away(sizes: InputSizes, batch: Batch, fusion: str) -> None:
    model = _sgmft(sizes, fusion=fusion, tokens="scalar", normalise_over="tokens")
    logits = model(batch)
    assert float((logits[0] - logits[1]).detach().abs().max()) > 1e-4


def test_the_baseline_reads_the_mean_of_word_embeddings(sizes: InputSizes, batch: Batch) -> None:
    model = _sgmft(sizes, text_input="words", layers=0, fusion="none")
    assert model.words is not None
    rows = [model.words.words.weight[row] for row in batch.text_words[0] if row]
    rows += [model.words.hashtags.weight[row] for row in batch.hashtag_words[0] if row]
    expected = model.text_map(torch.stack(rows).mean(dim=0))
    torch.testing.assert_close(model.sides(batch)[0][0], expected)
    torch.testing.assert_close(model.sides(batch)[0][3], model.absent_text)
    silent = dataclasses.replace(batch, text_vector=batch.text_vector * 0, hashtag_vector=batch.hashtag_vector * 0)
    assert torch.equal(model(silent), model(batch))


def test_the_baseline_is_as_wide_as_the_pictures_vectors(sizes: InputSizes) -> None:
    other = dataclasses.replace(sizes, text_width=10)
    assert _sgmft(other, text_input="words").absent_text.shape == (16,)


@pytest.mark.parametrize(("fusion", "streams"), [("none", 2), ("asymmetric", 1), ("merge", 2), ("co", 2)])
def test_another_fusion_of_sequences(sizes: InputSizes, batch: Batch, fusion: Any, streams: int) -> None:
    torch.manual_seed(0)
    model: Any = SequenceSGMFT(sizes, classes=3, features=8, heads=2, head_width=3, fusion=fusion).eval()
    seen: list[tuple[torch.Tensor, ...]] = []
    model.fusion.register_forward_hook(lambda _, given, __: seen.append(given))
    logits = model(batch)
    text, image, text_mask, image_mask = seen[0]
    left = model.fusion.layer(text, image, text_mask=text_mask, image_mask=image_mask)
    assert len(left) == streams
    pooled = [
        pool(x, mask) for pool, x, mask in zip(model.fusion.poolings, left, (text_mask, image_mask), strict=False)
    ]
    torch.testing.assert_close(logits, model.classifier(torch.cat(pooled, dim=1)))
