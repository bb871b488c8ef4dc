import numpy as np
import pytest
from numpy.typing import NDArray

from postplace.errors import NotEnoughData
from postplace.evaluation.significance import (
    DIFFERENCE,
    Interval,
    group_bootstrap,
    holm,
    least_p_value,
    mean_over_seeds,
    paired_group_bootstrap,
    paired_over_seeds,
    paired_p_value,
    positive_interval,
    share_interval,
    share_over_seeds,
    unpaired_over_seeds,
    verdict,
)


def test_seven_groups_by_hand() -> None:
    # 127 subsets that are not empty; with the empty one 3 of 128 may be below: {0}, {0, 1}, and {1}, {0, 2} are both 1
    assert group_bootstrap(range(7), range(7), seed=0) == Interval(3.0, 1.0, 5.0)
    # large groups weigh more: {0} 0, {0, 1} 9/10, {1} 1 with nine posts of one
    values, groups = [0] + [1] * 9 + [2, 3, 4, 5, 6], [0] + [1] * 9 + [2, 3, 4, 5, 6]
    assert not np.isfinite(group_bootstrap(values, groups, seed=0).low)  # as few as 225 / 87 = 2.6 equal groups
    two = [0] * 3 + [1] * 4 + [2] * 3 + [3] * 3 + [4] * 3 + [5] * 3 + [6] * 3
    assert group_bootstrap(two, two, seed=0).low == pytest.approx(6 / 6)  # {0} 0, {0, 1} 4/7, and {1} 1 is the third


def test_the_interval_of_single_posts_is_the_normal_one() -> None:
    values = np.random.default_rng(0).normal(size=400)
    interval = group_bootstrap(values, np.arange(400), seed=1)
    half = 1.96 * values.std() / 20
    assert interval.low == pytest.approx(values.mean() - half, abs=0.01)
    assert interval.high == pytest.approx(values.mean() + half, abs=0.01)


def test_a_seed_repeats_and_many_draws_in_parts_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    values, groups = np.random.default_rng(0).random(50), np.arange(50) % 20
    first = group_bootstrap(values, groups, seed=3)
    assert group_bootstrap(values, groups, seed=3) == first
    assert group_bootstrap(values, groups, seed=4) != first
    monkeypatch.setattr("postplace.evaluation.significance._DRAWS_AT_ONCE", 160)  # 8 samples of 3 bytes
    assert group_bootstrap(values, groups, seed=3) == first


def test_pairing_takes_out_what_both_systems_share() -> None:
    generator = np.random.default_rng(0)
    hard, groups = generator.normal(size=300) * 10, np.arange(300) // 3
    a, b = hard + 0.3, hard + generator.normal(size=300) / 10
    paired = paired_group_bootstrap(a, b, groups, seed=0)
    assert paired.mean == pytest.approx((a - b).mean())
    assert verdict(paired) == "better"
    assert verdict(paired_group_bootstrap(b, a, groups, seed=0)) == "worse"
    assert group_bootstrap(a, groups, seed=0).high - group_bootstrap(a, groups, seed=0).low > 10 * (
        paired.high - paired.low
    )


def simulated(generator: np.random.Generator, *, groups: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Values of mean 0 in groups of 1 to 9 posts that share most of their noise."""
    group = np.repeat(np.arange(groups), generator.integers(1, 10, size=groups))
    return generator.normal(size=groups)[group] + generator.normal(size=len(group)) / 3, group


@pytest.mark.parametrize("groups", [6, 10, 30])
def test_groups_cover_the_truth_as_often_as_promised_and_single_posts_do_not(groups: int) -> None:
    """1,000 trials: a deviation of .007; of six groups the next level to .95 is .969."""
    generator, trials = np.random.default_rng(groups), 1000
    covered, shown = {"groups": 0, "posts": 0}, {"groups": 0, "posts": 0}
    for trial in range(trials):
        values, own = simulated(generator, groups=groups)
        for name, units in (("groups", own), ("posts", np.arange(len(own)))):
            interval = group_bootstrap(values, units, seed=trial, samples=399)
            shown[name] += bool(np.isfinite(interval.low))
            covered[name] += bool(np.isfinite(interval.low) and interval.low <= 0.0 <= interval.high)
    assert 0.93 <= covered["groups"] / shown["groups"] <= 0.99
    assert covered["posts"] / shown["posts"] < 0.75


def test_seeds_are_averaged_with_equal_weight() -> None:
    runs = [([1.0] * 9, [0.0] * 9, list("aaabbbccc")), ([0.0], [1.0], ["d"]), ([1.0], [0.5], ["e"])]
    assert paired_over_seeds(runs, seed=0).mean == pytest.approx((1.0 - 1.0 + 0.5) / 3)


def test_other_groups_in_every_seed_narrow_the_interval_and_the_same_groups_do_not() -> None:
    values, groups = simulated(np.random.default_rng(5), groups=60)
    zeros = np.zeros_like(values)
    one = paired_group_bootstrap(values, zeros, groups, seed=0, samples=9999)
    same = paired_over_seeds([(values, zeros, groups)] * 4, seed=0)
    other = paired_over_seeds([(values, zeros, groups + 100 * s) for s in range(4)], seed=0)
    assert (same.low, same.high) == pytest.approx((one.low, one.high))
    assert (other.high - other.low) / (one.high - one.low) == pytest.approx(0.5, abs=0.1)


def test_a_run_that_a_sample_misses_does_not_poison_it() -> None:
    runs = [([1.0] * 8, [0.0] * 8, list("abcdefgh")), ([1.0], [0.0], ["z"])]
    interval = paired_over_seeds(runs, seed=0)
    assert interval == Interval(1.0, float("-inf"), float("inf"))  # the one user of the second seed is half of it all
    assert paired_p_value(runs, seed=0) == least_p_value(runs) == 1.0


@pytest.mark.parametrize("users", [1, 2, 3, 5])
def test_few_groups_allow_no_claim(users: int) -> None:
    groups = np.arange(60) % users
    interval = paired_group_bootstrap(np.ones(60), np.zeros(60), groups, seed=0, bounds=DIFFERENCE)
    assert interval == Interval(1.0, float("-inf"), float("inf"))
    assert verdict(interval) == "cannot tell"
    assert share_interval(np.ones(60), groups) == interval  # not [1.0, 1.0], all right as they are
    assert positive_interval(groups + 1.0, groups).high == float("inf")
    runs = [(np.ones(60), np.zeros(60), groups)]
    assert paired_p_value(runs, seed=0) == least_p_value(runs) == 1.0


def test_many_groups_of_which_one_has_most_posts_allow_no_claim() -> None:
    groups = np.repeat(np.arange(40), [100, *[1] * 39])
    assert not np.isfinite(share_interval(np.arange(139) % 2, groups).low)
    assert np.isfinite(share_interval(np.arange(139) % 2, np.arange(139)).low)


@pytest.mark.parametrize(("users", "low"), [(6, 0.025 ** (1 / 6)), (20, 0.025 ** (1 / 20))])
def test_where_all_are_right_some_that_were_not_asked_may_not_be(users: int, low: float) -> None:
    """By hand: with a share 1 - p of users wrong, all of n are right with probability p^n; .025 of it is the bound."""
    found = share_interval(np.ones(5 * users), np.arange(5 * users) % users)
    assert (found.mean, found.low, found.high) == pytest.approx((1.0, low, 1.0))
    nothing = share_interval(np.zeros(5 * users), np.arange(5 * users) % users)
    assert (nothing.low, nothing.high) == pytest.approx((0.0, 1.0 - low))


def test_the_share_of_single_posts_has_the_interval_of_wilson() -> None:
    """8 of 10, with t of nine degrees of freedom, 2.262, and the sample size 10 - 1 (the variance has n - 1)."""
    found = share_interval([1.0] * 8 + [0.0] * 2, range(10))
    q = 2.26216**2 / 9
    centre, half = (0.8 + q / 2) / (1 + q), (q * 0.16 + q * q / 4) ** 0.5 / (1 + q)
    assert (found.low, found.high) == pytest.approx((centre - half, centre + half), abs=1e-4)


def test_the_mean_of_single_kilometres_by_hand() -> None:
    """1 to 9: the mean is 5, its standard error .9129, t of eight degrees of freedom 2.306."""
    found = positive_interval(np.arange(1.0, 10.0), range(9))
    relative = 2.306 * 0.91287 / 5
    assert (found.low, found.high) == pytest.approx((5 * np.exp(-relative), 5 / (1 - relative)), rel=1e-4)


def test_a_share_over_seeds_is_of_the_same_users() -> None:
    hits, groups = (np.random.default_rng(0).random(120) < 0.7).astype(float), np.arange(120) % 20
    one, four = (share_over_seeds([(hits, groups)] * seeds) for seeds in (1, 4))
    assert (one.low, one.high) == pytest.approx((four.low, four.high), abs=0.01)
    other = share_over_seeds([(hits, groups + 100 * seed) for seed in range(4)])
    assert (other.high - other.low) / (one.high - one.low) == pytest.approx(0.5, abs=0.06)


def test_zero_on_the_edge_is_a_tie() -> None:
    assert verdict(Interval(0.1, 0.0, 0.2)) == "tie"
    assert verdict(Interval(-0.1, -0.2, -0.01)) == "worse"


def test_what_cannot_be_compared_is_said() -> None:
    with pytest.raises(NotEnoughData, match="no post to compare"):
        group_bootstrap([], [], seed=0)
    with pytest.raises(NotEnoughData, match="no post to compare"):
        paired_over_seeds([], seed=0)
    with pytest.raises(ValueError, match="NaN or infinity"):
        group_bootstrap([1.0, np.inf], ["a", "b"], seed=0)
    with pytest.raises(ValueError, match="same length"):
        group_bootstrap([1.0, 2.0], ["a"], seed=0)
    with pytest.raises(ValueError, match="cannot be compared"):
        paired_group_bootstrap([1.0, 2.0], [1.0], ["a", "b"], seed=0)


# --- p-values


def _runs(
    generator: np.random.Generator, *, groups: int, shift: float = 0.0, seeds: int = 2
) -> list[tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]]:
    """Two systems that differ by `shift` on average; posts of one group share what they differ by."""
    own = generator.normal(size=groups)
    ids = np.repeat(np.arange(groups), 3)
    noise = [generator.normal(scale=0.2, size=len(ids)) for _ in range(seeds)]
    return [(own[ids] + shift + extra, np.zeros(len(ids)), ids) for extra in noise]


@pytest.mark.parametrize("groups", [12, 60])
def test_of_two_equal_systems_one_in_twenty_is_called_different(groups: int) -> None:
    generator = np.random.default_rng(groups)
    p_values = [paired_p_value(_runs(generator, groups=groups), seed=n, samples=1000) for n in range(300)]
    assert 0.02 <= np.mean(np.array(p_values) < 0.05) <= 0.085  # 15 of 300 on average, a deviation of 3.8


@pytest.mark.parametrize("groups", [7, 12, 60])
def test_a_p_value_agrees_with_its_interval(groups: int) -> None:
    generator = np.random.default_rng(0)
    told = 0
    for shift in np.linspace(0.0, 1.0, 30):
        runs = _runs(generator, groups=groups, shift=float(shift))
        p_value = paired_p_value(runs, seed=0)
        assert (p_value < 0.05) == (paired_over_seeds(runs, seed=0).low > 0 or paired_over_seeds(runs, seed=0).high < 0)
        if not 0.02 < p_value < 0.7:  # beyond them are few draws, or an interval of next to nothing
            continue
        told += 1
        wide, narrow = (paired_over_seeds(runs, seed=0, level=1 - p_value * factor) for factor in (0.8, 1.25))
        assert wide.low <= 0 <= wide.high
        assert not narrow.low < 0 < narrow.high
    assert told >= 4


def test_a_difference_without_doubt_has_the_least_p_value_and_none_has_one() -> None:
    ids = np.arange(40)
    assert paired_p_value([(np.ones(40), np.zeros(40), ids)], seed=0) < 0.001
    assert paired_p_value([(np.ones(40), np.ones(40), ids)], seed=0) == 1.0
    assert paired_p_value([(np.ones(40), np.zeros(40), np.zeros(40))], seed=0) == 1.0  # one group tells nothing


def test_holm_by_hand() -> None:
    # in order 0.01 * 4, 0.02 * 3, 0.03 * 2, 0.5; none below the one before it, none above 1
    assert holm([0.03, 0.5, 0.01, 0.02]) == pytest.approx([0.06, 0.5, 0.04, 0.06])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


def test_a_mean_over_seeds_weighs_seeds_alike_and_draws_a_group_for_all_of_them() -> None:
    one = (np.array([1.0, 1.0, 1.0, 1.0]), np.array([0, 0, 1, 1]))
    other = (np.array([0.0]), np.array([0]))
    assert mean_over_seeds([one, other], seed=0).mean == pytest.approx(0.5)
    values, groups = np.random.default_rng(0).random(60), np.arange(60) // 3
    single, double = (mean_over_seeds([(values, groups)] * number, seed=0) for number in (1, 2))
    assert (single.low, single.high) == pytest.approx((double.low, double.high))  # the same users twice are no more


def test_unpaired_runs_have_the_interval_of_two_independent_means() -> None:
    generator = np.random.default_rng(0)
    a, b = generator.normal(loc=1.0, size=400), generator.normal(size=300)
    interval = unpaired_over_seeds([(a, np.arange(400))], [(b, np.arange(300))], seed=0)
    half = 1.96 * float(np.hypot(a.std() / 20, b.std() / np.sqrt(300)))
    assert interval.mean == pytest.approx(a.mean() - b.mean())
    assert (interval.low, interval.high) == pytest.approx((interval.mean - half, interval.mean + half), abs=0.02)
    alone = unpaired_over_seeds([(a, np.zeros(400))], [(b, np.arange(300))], seed=0)
    assert (alone.low, alone.high) == (float("-inf"), float("inf"))
