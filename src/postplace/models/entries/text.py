"""Systems that read text and hashtags alone."""

from __future__ import annotations

from postplace.models.entry import READS_TEXT, STRINGS, LazyClass, ModelEntry, Training

ENTRIES: tuple[ModelEntry, ...] = (
    ModelEntry(
        name="tagvisor",
        title="Tagvisor",
        family="text",
        make=LazyClass("baselines.tagvisor", "Tagvisor"),
        settings={"trees": 100, "leaves": 1024, "min_count": 2},
        training=None,
        reads=frozenset({"hashtags"}),
        needs=STRINGS,
        citation="Zhang et al., Tagvisor: A Privacy Advisor for Sharing Hashtags, WWW 2018, arXiv 1802.04122",
        prefer_when="posts carry several hashtags each, and what they give away is to be known in seconds",
        changes="A post without a known hashtag gets the class frequencies; trees have at most 1024 leaves, which "
        "bounds the file; the number of trees is recalled, not confirmed. A tag counts from its second occurrence; "
        "classes are weighted with --balanced alone.",
        bounds={"leaves": (2, 65536)},
        search={"trees": (100, 300), "leaves": (256, 1024, 4096), "min_count": (1, 2, 5)},
    ),
    ModelEntry(
        name="deepgeo",
        title="DeepGeo",
        family="text",
        make=LazyClass("networks.deepgeo", "DeepGeo"),
        settings={
            "embedding": 64,
            "hidden": 64,
            "filters": 128,
            "window": 10,
            "representation": 128,
            "dropout": 0.2,
            "noise": 0.0,
        },
        training=Training("adam", 1e-3, 128, 30, patience=5, decay_factor=0.5, decay_patience=2),
        reads=READS_TEXT,
        needs=frozenset({"characters"}),
        citation="Lau et al., End-to-end Network for Twitter Geolocation Prediction and Hashing, IJCNLP 2017, "
        "arXiv 1710.04802",
        prefer_when="language and spelling tell more than words, and there are many thousand posts to learn them from",
        changes="No metadata and no hashing; hashtags follow the text in one string, of at most 300 characters "
        "each, a character counting from its second occurrence, not its fifth; widths 64 and 128, not 200 and 400, "
        "batches of 128, not 512, up to 30 epochs, not 10, with early stopping: posts are few, and learned on one "
        "core.",
        vocabulary={"max_characters": 300},
        search={"dropout": (0.2, 0.4), "filters": (128, 400), "hidden": (64, 200)},
    ),
    ModelEntry(
        name="loctwi",
        title="LocTwi",
        family="text",
        make=LazyClass("networks.loctwi", "LocTwi"),
        settings={
            "width": 64,
            "heads": 4,
            "layers": 2,
            "characters": 32,
            "filters": 16,
            "char_heads": 2,
            "char_attention_layers": 2,
            "projections": "relu",
            "pooling": "sum",
            "dropout": 0.3,
        },
        training=Training("adam", 5e-4, 128, 40, patience=5, decay_factor=0.5, decay_patience=2),
        reads=READS_TEXT,
        needs=frozenset({"characters", "words", "coarse"}),
        citation="Huang, Tong, He and Maciejewski, Frontiers in Big Data 2:5, 2019",
        prefer_when="words and parts of words both matter, and places lie in districts that can be learned too",
        changes="Districts (groups of neighbouring places) where there were countries, hashtags after the text; words "
        "64 wide with 4 heads, characters 32, 16 filters a kernel with 2 heads, not 200, 10, 100, 64 and 8; learning "
        "rate 5e-4, not 1e-4, up to 40 epochs, not 30, stopping after 5 without gain, not 3; a character or word "
        "counts from its second occurrence, not its tenth: posts are few, and learned on one core. Two attention "
        "layers over characters, as written; the released loop is never entered (0). Padding is masked throughout.",
        vocabulary={"max_characters": 140, "max_words": 30},
        bounds={"char_attention_layers": (0, 6)},
        search={"dropout": (0.3, 0.5), "filters": (16, 64), "width": (64, 200)},
    ),
)
