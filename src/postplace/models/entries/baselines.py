"""What keeps everyone honest: simple systems on the same inputs."""

from __future__ import annotations

from postplace.models.entry import EXAMPLES, READS_ALL, READS_TEXT, STRINGS, LazyClass, ModelEntry

ENTRIES: tuple[ModelEntry, ...] = (
    ModelEntry(
        name="majority",
        title="Majority class",
        family="baseline",
        make=LazyClass("baselines.majority", "MajorityClass"),
        settings={},
        training=None,
        reads=frozenset(),
        needs=EXAMPLES,
        citation="Mourad et al., A Practical Guide for the Effective Evaluation of Twitter User Geolocation, 2019, "
        "arXiv 1907.12700",
        prefer_when="never to be used, always to be beaten",
    ),
    ModelEntry(
        name="nearest-neighbours",
        title="k nearest neighbours",
        family="baseline",
        make=LazyClass("baselines.nearest_neighbours", "NearestNeighbours"),
        settings={},
        training=None,
        reads=READS_ALL,
        needs=EXAMPLES,
        citation="Cover and Hart, Nearest Neighbor Pattern Classification, IEEE Trans. Inf. Theory 13(1), 1967",
        prefer_when="posts repeat each other, and the answer should be shown by the posts it comes from",
    ),
    ModelEntry(
        name="tfidf",
        title="TF-IDF + logistic regression",
        family="baseline",
        make=LazyClass("baselines.tfidf", "Tfidf"),
        settings={},
        training=None,
        reads=READS_TEXT,
        needs=STRINGS,
        citation="Salton and Buckley, Term-weighting Approaches in Automatic Text Retrieval, Inf. Process. Manag. "
        "24(5), 1988",
        prefer_when="there is text: few systems beat it, least of all where words have no spaces between them",
    ),
    ModelEntry(
        name="tfidf-image",
        title="TF-IDF and image vector + logistic regression",
        family="baseline",
        make=LazyClass("baselines.tfidf", "Tfidf", {"beside": "image"}),
        settings={},
        training=None,
        reads=READS_ALL,
        needs=STRINGS,
        citation="Salton and Buckley, Term-weighting Approaches in Automatic Text Retrieval, Inf. Process. Manag. "
        "24(5), 1988",
        prefer_when="there are text and pictures, and the simplest system that reads both is wanted",
    ),
    ModelEntry(
        name="logistic",
        title="Logistic regression",
        family="baseline",
        make=LazyClass("baselines.linear", "LogisticRegression"),
        settings={},
        training=None,
        reads=READS_ALL,
        needs=EXAMPLES,
        citation="Radford et al., Learning Transferable Visual Models from Natural Language Supervision, ICML 2021, "
        "sec. 3.2 (linear probes), arXiv 2103.00020",
        prefer_when="posts are few and the encoders good: what the frozen vectors tell without anything in between",
    ),
    ModelEntry(
        name="lightgbm",
        title="LightGBM",
        family="baseline",
        make=LazyClass("baselines.gradient_boosting", "GradientBoosting"),
        settings={"rounds": 100, "leaves": 7, "learning_rate": 0.1},
        training=None,
        reads=READS_ALL,
        needs=EXAMPLES,
        citation="Ke et al., LightGBM: A Highly Efficient Gradient Boosting Decision Tree, NeurIPS 2017",
        prefer_when="single numbers of the vectors decide, or modalities are often missing",
        changes="At most 100 rounds of trees of 7 leaves, each of a tenth of the columns: half a minute for 6,000 "
        "posts of 30 classes on one core.",
        bounds={"rounds": (1, 1000), "leaves": (2, 1024), "learning_rate": (0.001, 1.0)},
        search={"leaves": (7, 15, 31), "rounds": (100, 200)},
    ),
)
