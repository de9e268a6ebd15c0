"""How much each move may earn, as data: the one place, read by the page and by the test.

Limits are on the median over the seeds. One that does not hold is named on the page, under "What
still works".
"""

from dataclasses import dataclass

from shipworthy.gauntlet.run import Played, Result

# Which way a headline looks better: with more of it, or with less.
BETTER = {
    "nd": 1,
    "ai_nd": 1,
    "index": 1,
    "failure_rate": -1,
    "harm": -1,
    "ratio": -1,
    "label_free_ratio": -1,
    "decisions": 1,
    "cost": -1,
}
# A move that improves a headline by more than this must be shown by a signal in so many weeks.
NOTABLE, SHOWN = 0.15, 0.5
HONEST_SIGNAL, HONEST_ANY = 0.05, 0.15


@dataclass(frozen=True)
class Limit:
    """How far a move may move a headline.

    Parameters
    ----------
    move, measure : str
        Which.
    most : float
        Relative change.
    either_way : bool
        Whether making it worse counts as well (of a rate that blames somebody).
    """

    move: str
    measure: str
    most: float
    either_way: bool = False

    def holds(self, change: float | None) -> bool:
        """Tell whether a change keeps the limit; what was not measured does."""
        if change is None:
            return True
        gain = abs(change) if self.either_way else BETTER[self.measure] * change
        return gain <= self.most + 1e-9


def _limits(measure: str, most: float, moves: str, either_way: bool = False) -> list[Limit]:
    return [Limit(move, measure, most, either_way) for move in moves.split()]


_SPLITTING = """
    split_deployments_x5 split_services_x4_paths split_services_x4_paths_incident_on_one
    split_services_x4_from_day_one split_services_x4_repositories smear_over_5_days one_line_daily
    one_line_every_day_of_the_week midnight_split twenty_dummy_services
"""
_BLAMING = """
    scapegoat_one_deployment scapegoat_weekly scapegoat_weekly_flag scapegoat_other_team
    scapegoat_before_baseline scapegoat_smallest_release delete_failed_deployments
    failed_deployments_marked_failure failed_production_relabelled_staging
"""

LIMITS = (
    *_limits(
        "nd",
        0.02,
        """token_loop_one token_loop_team token_loop_marked_automated token_loop_jittered
        token_loop_daily_buckets split_deployments_x5 empty_redeployments generate_delete_day_9
        idle_builders_50 idle_builders_from_day_one everybody_is_a_member""",
    ),
    *_limits(
        "nd",
        0.10,
        """smear_over_5_days one_line_daily one_line_every_day_of_the_week midnight_split
        split_services_x4_paths split_services_x4_paths_incident_on_one
        split_services_x4_from_day_one split_services_x4_repositories claim_others_paths""",
    ),
    *_limits(
        "nd",
        0.25,
        """narrow_formatter retire_and_readd copy_then_delete
        import_old_code_into_new_repository""",
    ),
    *_limits("nd", 0.30, "dead_lines_100"),
    *_limits("nd", 0.40, "mass_reformat_weekly"),
    *_limits("nd", 0.75, "vendored_as_own_5x1000_a_week"),
    *_limits(
        "index",
        0.10,
        """rewind every_other_deployment_without_sha delivery_unit_commit split_services_x4_paths
        split_services_x4_paths_incident_on_one split_services_x4_from_day_one
        split_services_x4_repositories""",
    ),
    *_limits("failure_rate", 0.15, _SPLITTING),
    *_limits("harm", 0.10, _SPLITTING),
    *_limits("failure_rate", 0.10, _BLAMING, either_way=True),
    *_limits("harm", 0.10, _BLAMING, either_way=True),
)


def kept(result: Result) -> list[tuple[Limit, float | None, bool]]:
    """Return the limits on the moves that were played, what was found, and whether each holds."""
    rows = []
    for limit in LIMITS:
        if limit.move in result.played:
            change = result.played[limit.move].change(limit.measure)
            rows.append((limit, change, limit.holds(change)))
    return rows


def gains(played: Played) -> dict[str, float]:
    """Return the headlines that a move improves by more than `NOTABLE`, and by how much."""
    found = {}
    for name, direction in BETTER.items():
        change = played.change(name)
        if change is not None and direction * change > NOTABLE:
            found[name] = change
    return found


def still_works(result: Result) -> list[tuple[Played, dict[str, float]]]:
    """Return the moves that improve a headline and that no signal shows in half of the weeks."""
    rows = []
    for played in result.played.values():
        found = gains(played)
        if found and played.shown < SHOWN:
            rows.append((played, found))
    rows.sort(key=lambda row: -max(map(abs, row[1].values())))
    return rows
