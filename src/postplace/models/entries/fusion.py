"""Systems that read text and pictures, beside those of the two papers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from postplace.models.entry import READS_ALL, READS_TEXT, STATES, VECTORS, Input, LazyClass, ModelEntry, Training


def _vectors_or_states(settings: Mapping[str, Any]) -> frozenset[Input]:
    return STATES if settings["tokens"] == "states" else VECTORS


def _words_and_past(settings: Mapping[str, Any]) -> frozenset[Input]:
    return _WORDS | {"past_vectors"} if settings["past"] else _WORDS


def _idle_cnns(settings: Mapping[str, Any], there: frozenset[str]) -> set[str]:
    """A branch that is never given anything is a learned vector, however wide; attributes are as wide as pictures."""
    of_text = set() if there & READS_TEXT else {"filters"}
    return of_text if "image" in there or settings.get("past") else {*of_text, "image_features"}


def _idle_levels(settings: Mapping[str, Any], there: frozenset[str]) -> set[str]:
    """Without districts there is one level, and no weight of another."""
    return set() if "coarse" in there else {"coarse_weight"}


_WORDS: frozenset[Input] = frozenset({"words", "image_vector"})
_CNN_SETTINGS = {"embedding": 128, "filters": 100, "image_features": 256, "dropout": 0.5}
_ON_VECTORS = Training("adam", 1e-3, 128, 40, patience=5, decay_factor=0.5, decay_patience=2)
_ATTENTION = Training(
    "adamw", 1e-3, 64, 30, patience=4, decay_factor=0.5, decay_patience=2, weight_decay=0.01
)  # METER: AdamW with a weight decay of 0.01
_TOKENS: Mapping[str, type] = {"tokens": str}
_LAYERS = (1, 24)
_STACK = {"tokens": 16, "width": 64, "layers": 2, "heads": 4, "dropout": 0.1}
_HENDRICKS = (
    "Hendricks et al., Decoupling the Role of Data, Attention, and Losses in Multimodal Transformers, TACL 2021, "
    "as formalised in Dou et al., METER, CVPR 2022"
)
_CHUNKS = "chunks of the frozen encoders' vectors (or their token states) in the place of encoders trained along"
_CHOSEN = "The learning rate (1e-3) and the number of chunks (16) were chosen on a validation part."
_SMALL_STACK = (
    f"On {_CHUNKS}; 2 layers of width 64 and 4 heads, not 6 of width 768 and 12; no pre-training, and one learning "
    f"rate for all weights. {_CHOSEN}"
)

ENTRIES: tuple[ModelEntry, ...] = (
    ModelEntry(
        name="mplug",
        title="mPLUG",
        family="text and image",
        make=LazyClass("networks.mplug", "MPLUG"),
        settings={"tokens": 16, "width": 32, "layers": 6, "connect_every": 3, "heads": 4, "dropout": 0.1},
        training=_ATTENTION,
        reads=READS_ALL,
        needs=_vectors_or_states,
        citation="Li et al., mPLUG: Effective and Efficient Vision-Language Learning by Cross-modal Skip-connections, "
        "EMNLP 2022, arXiv 2205.12005",
        prefer_when="the text says more about the place than the picture, which then only answers its questions",
        changes=f"The fusion encoder alone, on {_CHUNKS}; width 32 and 4 heads, not 768 and 12; no image-text "
        f"pre-training; means of both streams are classified. {_CHOSEN}",
        also=_TOKENS,
        bounds={"layers": _LAYERS, "connect_every": (0, 24)},
        search={"dropout": (0.1, 0.3), "width": (32, 64), "connect_every": (2, 3)},
    ),
    ModelEntry(
        name="merge-attention",
        title="Merge attention",
        family="text and image",
        make=LazyClass("networks.merge_attention", "MergeAttention"),
        settings=_STACK,
        training=_ATTENTION,
        reads=READS_ALL,
        needs=_vectors_or_states,
        citation=_HENDRICKS,
        prefer_when="few weights are wanted: both modalities share every layer",
        changes=_SMALL_STACK,
        also=_TOKENS,
        bounds={"layers": _LAYERS},
        search={"dropout": (0.1, 0.3), "width": (32, 64), "layers": (1, 2, 3)},
    ),
    ModelEntry(
        name="co-attention",
        title="Co-attention",
        family="text and image",
        make=LazyClass("networks.co_attention", "CoAttention"),
        settings=_STACK,
        training=_ATTENTION,
        reads=READS_ALL,
        needs=_vectors_or_states,
        citation=_HENDRICKS,
        prefer_when="posts are many and both modalities tell the place, so that each is worth weights of its own",
        changes=_SMALL_STACK,
        also=_TOKENS,
        bounds={"layers": _LAYERS},
        search={"dropout": (0.1, 0.3), "width": (32, 64), "layers": (1, 2)},
    ),
    ModelEntry(
        name="bridge-tower",
        title="BridgeTower",
        family="text and image",
        make=LazyClass("networks.bridge_tower", "BridgeTower"),
        settings={"width": 32, "layers": 3, "heads": 4, "dropout": 0.1},
        training=_ATTENTION,
        reads=READS_ALL,
        needs=STATES,
        citation="Xu et al., BridgeTower: Building Bridges Between Encoders in Vision-Language Representation "
        "Learning, AAAI 2023, arXiv 2206.08657",
        prefer_when="the encoders hand out layers, and what their earlier ones see (letters, textures) tells the place",
        changes="Frozen encoders; 3 layers of width 32 and 4 heads, not 6 of width 768 and 12; no pre-training; the "
        "poolers take the mean of the tokens, not the first; the learning rate (1e-3) is that of BridgeTower-lite.",
        bounds={"layers": _LAYERS},
        search={"dropout": (0.1, 0.3), "width": (32, 64)},
        state_layers="layers",
    ),
    ModelEntry(
        name="bridge-tower-lite",
        title="BridgeTower-lite",
        family="text and image",
        make=LazyClass("networks.bridge_tower", "BridgeTowerLite"),
        settings=_STACK,
        training=_ATTENTION,
        reads=READS_ALL,
        needs=VECTORS,
        citation="after Xu et al., BridgeTower, AAAI 2023, arXiv 2206.08657",
        prefer_when="a comparison with BridgeTower is wanted where the encoders hand out pooled vectors alone",
        changes="Not BridgeTower: the same chunk tokens of one pooled vector are added at every bridge, where it adds "
        "the states of another layer; 2 layers of width 64. " + _CHOSEN,
        bounds={"layers": _LAYERS},
        search={"dropout": (0.1, 0.3), "width": (32, 64), "layers": (1, 2)},
    ),
    ModelEntry(
        name="transtagger",
        title="transTagger",
        family="text and image",
        make=LazyClass("networks.transtagger", "TransTagger"),
        settings={
            "width": 128,
            "layers": 3,
            "heads": 64,
            "feed_forward": 1300,
            "dropout": 0.1,
            "coarse_weight": 0.1,
        },
        training=Training("adam", 3e-4, 128, 40, patience=5, decay_factor=0.5, decay_patience=2),
        reads=READS_ALL,
        needs=VECTORS | {"coarse"},
        citation="Li et al., A Transformer-based Framework for POI-level Social Post Geolocation, ECIR 2023, "
        "arXiv 2211.01336",
        prefer_when="places lie in districts, and a post has several fields that say little each",
        changes="The fields are the stored vectors of text, hashtags and pictures, mapped to the 128 of BERT-Tiny, "
        "where there were BERT-Tiny's own of text, user and time; one coarse level (districts) with weight 0.1, not "
        "two. Sizes of the encoder are the published ones; dropout is ours.",
        search={"dropout": (0.1, 0.3), "coarse_weight": (0.03, 0.1, 0.3), "layers": (1, 3)},
        idle=_idle_levels,
    ),
    ModelEntry(
        name="feature-cnns",
        title="Feature-level fusion CNNs",
        family="text and image",
        make=LazyClass("networks.feature_cnns", "FeatureCNNs"),
        settings=_CNN_SETTINGS,
        training=_ON_VECTORS,
        reads=READS_ALL,
        needs=_WORDS,
        citation="Meng et al., MUSA2 at ACM Multimedia 2017; TextCNN of Kim, Convolutional Neural Networks for "
        "Sentence Classification, EMNLP 2014",
        prefer_when="words that the frozen text encoder does not know (names, slang) tell the place",
        changes="A reconstruction from second-hand descriptions. Any image encoder stands where CaffeNet's fc7 did; "
        "words are learned with the rest, where Kim's were word2vec's; 100 filters of each width are his; hashtags are "
        "read as words too.",
        search={"dropout": (0.3, 0.5), "filters": (50, 100), "image_features": (128, 256)},
        idle=_idle_cnns,
    ),
    ModelEntry(
        name="user-cnns",
        title="Fusion CNNs with user attributes",
        family="text and image",
        make=LazyClass("networks.feature_cnns", "UserCNNs"),
        settings={"past": True, **_CNN_SETTINGS},
        training=_ON_VECTORS,
        reads=READS_ALL,
        needs=_words_and_past,
        citation="Wang et al., IEEE MultiMedia 28(4), 2021",
        prefer_when="the same users post again and again: what they posted before says where they are now",
        changes="A reconstruction from second-hand descriptions; the form of the gates is ours. Any image encoder "
        "stands where PlacesCNN did; the attributes are the mean vectors of the user's earlier posts alone, for a "
        "profile is not given, and counts of places would give the answer away.",
        search={"dropout": (0.3, 0.5), "filters": (50, 100), "image_features": (128, 256)},
        idle=_idle_cnns,
    ),
    ModelEntry(
        name="unis-mmc",
        title="UniS-MMC",
        family="text and image",
        make=LazyClass("networks.unis_mmc", "UniSMMC"),
        settings={"width": 256, "hidden": 256, "dropout": 0.1, "weight": 0.1, "tau": 0.07},
        training=Training("adam", 5e-4, 128, 40, patience=5, decay_factor=0.2, decay_patience=2, weight_decay=1e-4),
        reads=READS_ALL,
        needs=VECTORS,
        citation="Zou et al., UniS-MMC: Multimodal Classification via Unimodality-supervised Multimodal Contrastive "
        "Learning, Findings of ACL 2023, arXiv 2305.09299",
        prefer_when="text and picture each tell the place often enough, and should be brought to agree",
        changes="Frozen encoders with one layer of width 256 each, where BERT and ViT (768) were trained along; "
        "learning rate 5e-4, not 1e-4. The pairwise loss is the intended one, over the pairs of a batch (recalled); "
        "the released code keeps row 0 of the similarities only.",
        bounds={"tau": (0.01, 1.0)},
        search={"dropout": (0.1, 0.3), "weight": (0.03, 0.1, 0.3), "width": (128, 256)},
    ),
    ModelEntry(
        name="balance-mla",
        title="BalanceMLA (reconstruction)",
        family="text and image",
        make=LazyClass("networks.balance_mla", "BalanceMLA"),
        settings={"width": 256, "dropout": 0.3, "temperature": 0.2},
        training=_ON_VECTORS,
        reads=READS_ALL,
        needs=VECTORS,
        citation="after Fu et al., BalanceMLA, OpenReview submission, 2024",
        prefer_when="which of text and picture to believe differs from post to post, or one is often missing",
        changes="Text and code are not public: a reconstruction from a description in a few lines. The weights of the "
        "losses, the running confidences and the weights of the decisions are ours.",
        bounds={"temperature": (0.01, 1.0)},
        search={"dropout": (0.1, 0.3, 0.5), "temperature": (0.05, 0.2, 1.0), "width": (128, 256)},
    ),
    ModelEntry(
        name="pair-mlp",
        title="Product and difference + MLP",
        family="text and image",
        make=LazyClass("networks.pair_mlp", "PairMLP"),
        settings={"side": 256, "width": 256, "dropout": 0.3},
        training=_ON_VECTORS,
        reads=READS_ALL,
        needs=VECTORS,
        citation="after Conneau et al., Supervised Learning of Universal Sentence Representations, EMNLP 2017, "
        "arXiv 1705.02364",
        prefer_when="it is asked what attention adds to comparing both vectors number by number, in one hidden layer",
        changes="A control, not a system of the papers: text and picture stand where there were two sentences.",
        search={"dropout": (0.1, 0.3, 0.5), "width": (128, 256, 512)},
    ),
    ModelEntry(
        name="gated",
        title="Gated fusion (GLU)",
        family="text and image",
        make=LazyClass("networks.gated_fusion", "GatedFusion"),
        settings={"width": 200, "dropout": 0.25},
        training=_ON_VECTORS,
        reads=READS_ALL,
        needs=VECTORS,
        citation="Sanchez Villegas and Aletras, Point-of-Interest Type Prediction using Text and Images, EMNLP 2021",
        prefer_when="a small model is wanted that learns, for each feature, whether text or picture is to be believed",
        changes="Frozen encoders, so that the learning rate is 1e-3, not 1e-5, in batches of 128, not 8, over up to "
        "40 epochs, not 4; classes are weighted with --balanced alone; a learned vector, not the mean picture of the "
        "training part, stands for a picture that is absent.",
        search={"dropout": (0.05, 0.25, 0.5), "width": (100, 200, 400)},
    ),
    ModelEntry(
        name="ogm-ge",
        title="OGM-GE",
        family="text and image",
        make=LazyClass("networks.ogm_ge", "OGMGE"),
        settings={"width": 256, "alpha": 0.1, "noise": 1.0},
        training=_ON_VECTORS,
        reads=READS_ALL,
        needs=VECTORS,
        citation="Peng et al., Balanced Multimodal Learning via On-the-fly Gradient Modulation, CVPR 2022, "
        "arXiv 2203.15332",
        prefer_when="one side is learned so fast that the other, which also tells the place, is left behind",
        changes="One layer on stored vectors a side, where there were ResNet18 from scratch and SGD: all weights of "
        "these layers are modulated, not convolutions alone, and in every epoch; alpha is recalled.",
        bounds={"alpha": (0.0, 1.0), "noise": (0.0, 1.0)},
        search={"alpha": (0.1, 0.3, 0.8), "noise": (0.5, 1.0), "width": (128, 256)},
    ),
)
