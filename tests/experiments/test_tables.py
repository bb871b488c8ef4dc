"""The tables that come along show what they are to show: systems, what is done to them, and what the papers printed.

The numbers stand here a second time, typed from the papers' texts: one that is lost or misspelt in a table is found.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import pytest

from postplace.experiments.definition import Condition, Row, packaged, read_experiment
from postplace.features.pooled import MODALITIES
from postplace.models.networks.mrlf import Fusion
from postplace.models.registry import MODELS

# Of each table its rows in order, with the system of each
ROWS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "mrlf-table2": (
        ("Tagvisor", "tagvisor"),
        ("DeepGeo", "deepgeo"),
        ("LocTwi", "loctwi"),
        ("LocTwi, as released", "loctwi"),
        ("VGG19", "image-linear"),
        ("VGG19, last stage trained along", "image-finetune"),
        ("ResNet50", "image-linear"),
        ("ResNet50, last stage trained along", "image-finetune"),
        ("ResNet101", "image-linear"),
        ("ResNet101, last stage trained along", "image-finetune"),
        ("DenseNet121", "image-linear"),
        ("DenseNet121, last stage trained along", "image-finetune"),
        ("CLIP ViT-B/32", "image-linear"),
        ("the encoder of the others", "image-linear"),
        ("MRLF", "mrlf"),
        ("MRLF on VGG19", "mrlf"),
    ),
    "mrlf-table3": (("image (all)", "mrlf"), ("image (portraits removed)", "mrlf")),
    "sg-mft-table1": (
        ("mPLUG", "mplug"),
        ("UniS-MMC", "unis-mmc"),
        ("BridgeTower", "bridge-tower"),
        ("BridgeTower-lite", "bridge-tower-lite"),
        ("BalanceMLA (reconstruction)", "balance-mla"),
        ("feature-level fusion CNNs", "feature-cnns"),
        ("product and difference + MLP (control)", "pair-mlp"),
        ("SG-MFT", "sg-mft"),
    ),
    "sg-mft-literal": (("SG-MFT", "sg-mft"), ("SG-MFT (literal)", "sg-mft-paper")),
    "token-states": (
        ("mPLUG", "mplug"),
        ("merge attention", "merge-attention"),
        ("co-attention", "co-attention"),
        ("BridgeTower", "bridge-tower"),
        ("SG-MFT", "sg-mft-tokens"),
    ),
}
CITIES = ("New York", "Melbourne", "Hong Kong")
# MRLF, Tables II and III: accuracy and mean km in New York, Melbourne and Hong Kong
PRINTED_BY_MRLF: Mapping[str, Mapping[str, tuple[float, ...]]] = {
    "mrlf-table2": {
        "Tagvisor": (0.681, 2.385, 0.652, 0.724, 0.523, 1.745),
        "DeepGeo": (0.738, 1.804, 0.742, 1.243, 0.654, 1.522),
        "LocTwi": (0.724, 1.921, 0.734, 1.220, 0.644, 1.582),
        "ResNet50": (0.669, 2.785, 0.694, 1.257, 0.811, 0.767),
        "ResNet101": (0.644, 3.608, 0.718, 1.368, 0.809, 0.730),
        "DenseNet121": (0.553, 3.927, 0.604, 1.608, 0.538, 1.892),
        "MRLF on VGG19": (0.828, 1.510, 0.860, 0.512, 0.847, 0.715),
    },
    "mrlf-table3": {
        "image (all)": (0.579, 3.755, 0.676, 1.399, 0.600, 1.708),
        "image (portraits removed)": (0.579, 3.695, 0.697, 1.261, 0.600, 1.669),
    },
}
# SG-MFT, Tables 1 to 4: accuracy in % on its Weibo posts
PRINTED_BY_SG_MFT: Mapping[str, Mapping[str, float]] = {
    "sg-mft-table1": {
        "mPLUG": 84.56,
        "UniS-MMC": 86.62,
        "BridgeTower": 86.59,
        "BalanceMLA (reconstruction)": 85.24,
        "feature-level fusion CNNs": 86.25,
        "SG-MFT": 87.29,
    },
    "sg-mft-table2": {
        "Baseline": 78.23,
        "+ CLIP": 84.91,
        "+ CLIP + SFM": 85.74,
        "+ CLIP + SIM": 86.94,
        "+ CLIP + SIM + SFM": 87.29,
    },
    "sg-mft-table3": {"asymmetric co-attention": 86.32, "merge attention": 86.35, "co-attention": 86.47, "SFM": 87.29},
    "sg-mft-table4": {"image-wise": 86.88, "text-wise": 87.29},
    "sg-mft-literal": {"SG-MFT (literal)": 87.29},
}


def encode_rows(name: str) -> dict[str, Row]:
    """The rows of a table by name."""
    return {row.name: row for row in read_experiment(name).rows}


@pytest.mark.parametrize("name", ROWS)
def test_the_systems_of_a_table(name: str) -> None:
    assert tuple((row.name, row.model) for row in read_experiment(name).rows) == ROWS[name]


def test_every_build_table_the_papers_is_an_experiment() -> None:
    wanted = {"mrlf-table2", "mrlf-table3", "mrlf-fig2", "mrlf-fig3", "mrlf-fig4"}
    wanted |= {f"sg-mft-table{number}" for number in (1, 2, 3, 4)}
    wanted |= {"all-systems", "missing-modalities", "masked-names", "random-split"}
    assert wanted <= set(packaged())
    assert {read_experiment(f"sg-mft-table{number}").figure for number in (2, 3, 4)} == {"Fig. 5", "Fig. 7", "Fig. 8"}
    for name in wanted:  # km where the paper has km; SG-MFT's classes are categories
        experiment = read_experiment(name)
        assert experiment.metrics[0] == "accuracy"
        assert ("mean_km" in experiment.metrics) == (experiment.target == "place") == (not name.startswith("sg-mft"))


def test_every_number_that_a_paper_printed_is_there_and_no_other() -> None:
    expected: dict[str, dict[str, Mapping[str, float]]] = {}
    for name, lines in PRINTED_BY_MRLF.items():
        columns = [f"{city} {kind}" for city in CITIES for kind in ("Acc", "km")]
        expected[name] = {row: dict(zip(columns, numbers, strict=True)) for row, numbers in lines.items()}
    for name, line in PRINTED_BY_SG_MFT.items():
        expected[name] = {row: {"Weibo %": number} for row, number in line.items()}
    for name in packaged():
        found = {row.name: dict(row.paper) for row in read_experiment(name).rows if row.paper}
        assert found == expected.get(name, {}), name


def test_the_image_networks_of_table_2_have_encoders_of_their_own() -> None:
    rows = encode_rows("mrlf-table2")
    for title, encoder in (("VGG19", "vgg19"), ("ResNet50", "resnet50"), ("ResNet101", "resnet101")):
        assert [rows[f"{title}{more}"].image_encoder for more in ("", ", last stage trained along")] == [encoder] * 2
    assert rows["DenseNet121"].image_encoder == rows["DenseNet121, last stage trained along"].image_encoder
    assert rows["DenseNet121"].image_encoder == "densenet121"
    assert rows["CLIP ViT-B/32"].image_encoder == "clip"
    assert rows["MRLF on VGG19"].image_encoder == "vgg19"
    assert rows["MRLF"].image_encoder is None
    assert rows["LocTwi, as released"].settings == {"char_attention_layers": 0}


def test_noisy_images_are_kept_and_removed() -> None:
    kept, removed = encode_rows("mrlf-table3").values()
    assert kept.modalities == removed.modalities == ("image",)
    assert (kept.condition, removed.condition) == (Condition(), Condition(max_portrait=0.5))


def test_each_modality_is_left_out_once() -> None:
    rows = read_experiment("mrlf-fig2").rows
    assert [row.model for row in rows] == ["mrlf"] * 4
    assert [row.modalities for row in rows] == [None, MODALITIES[1:], ("text", "image"), MODALITIES[:2]]


def test_every_fusion_is_a_row() -> None:
    rows = read_experiment("mrlf-fig3").rows
    fusions = [row.settings.get("fusion", MODELS["mrlf"].settings["fusion"]) for row in rows]
    assert sorted(fusions) == sorted(Fusion.__args__)  # type: ignore[attr-defined]
    assert len(fusions) == 8
    assert {row.model for row in rows} == {"mrlf"}


def test_hashtags_are_cut_at_each_count() -> None:
    rows = read_experiment("mrlf-fig4").rows
    assert [row.condition for row in rows] == [Condition(min_hashtag_posts=n) for n in (0, 5, 10, 25, 50, 100)]
    assert {row.model for row in rows} == {"mrlf"}


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        (
            "sg-mft-table2",
            [
                {"text_input": "words", "layers": 0, "fusion": "none"},
                {"layers": 0, "fusion": "none"},
                {"layers": 0},
                {"fusion": "none"},
                {},
            ],
        ),
        ("sg-mft-table3", [{"fusion": "asymmetric"}, {"fusion": "merge"}, {"fusion": "co"}, {}]),
        ("sg-mft-table4", [{"feed_forward": "image"}, {}]),
    ],
)
def test_the_ablations_of_sg_mft(name: str, settings: list[dict[str, Any]]) -> None:
    rows = read_experiment(name).rows
    assert [dict(row.settings) for row in rows] == settings
    assert {row.model for row in rows} == {"sg-mft"}
    defaults = MODELS["sg-mft"].settings
    assert (defaults["fusion"], defaults["layers"], defaults["feed_forward"]) == ("cross", 1, "text")


def test_all_systems_are_compared_but_those_of_tables_of_their_own() -> None:
    models = [row.model for row in read_experiment("all-systems").rows]
    assert sorted(models) == sorted(set(MODELS) - {"sg-mft-paper", "sg-mft-tokens", "bridge-tower"})
    assert all(not row.settings and row.condition == Condition() for row in read_experiment("all-systems").rows)


def test_a_system_of_states_is_asked_for_them() -> None:
    rows = encode_rows("token-states")
    assert [rows[name].settings for name in ("mPLUG", "merge attention", "co-attention")] == [{"tokens": "states"}] * 3


def test_each_system_is_asked_with_every_subset_of_the_modalities() -> None:
    every = [subset for size in (1, 2, 3) for subset in combinations(MODALITIES, size)]
    assert len(every) == 7
    rows = read_experiment("missing-modalities").rows
    for model in ("mrlf", "sg-mft", "logistic"):
        asked = [row.test_modalities or MODALITIES for row in rows if row.model == model]
        assert sorted(asked) == sorted(every), model
    assert len(rows) == 3 * 7
    assert all(row.modalities is None for row in rows)  # each is trained on everything


def test_names_are_masked_and_hashtags_stand_alone() -> None:
    rows = read_experiment("masked-names").rows
    for model in ("mrlf", "sg-mft", "tfidf"):
        own = [(row.condition.mask_place_names, row.modalities) for row in rows if row.model == model]
        assert own == [(False, None), (True, None), (False, ("hashtags",))], model
    assert len(rows) == 3 * 3


def test_each_system_has_both_splits() -> None:
    rows = read_experiment("random-split").rows
    for model in ("mrlf", "sg-mft", "nearest-neighbours", "tfidf", "logistic"):
        assert [row.condition.split for row in rows if row.model == model] == ["grouped", "random"], model
    assert len(rows) == 5 * 2
