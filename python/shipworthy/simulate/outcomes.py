"""What the product and the books say: daily product metrics, monthly costs."""

from datetime import date, timedelta

from shipworthy.simulate.dice import Dice
from shipworthy.simulate.organisation import Organisation
from shipworthy.simulate.parameters import Parameters

# Service, metric, level, spread, whether more is better, control service, decimals.
_METRICS = (
    ("checkout", "conversion_rate", 0.0312, 0.0016, True, "storefront", 5),
    ("storefront", "conversion_rate", 0.0540, 0.0022, True, None, 5),
    ("search", "latency_p95_ms", 212.0, 14.0, False, None, 1),
    ("ledger", "payment_success_rate", 0.9861, 0.0018, True, None, 5),
)
_BUILDER_USD = 12_500.0
_SEAT_USD = 39.0


def write_product_metrics(parameters: Parameters, organisation: Organisation) -> list[dict]:
    """Write the product metrics; the day of the bad release is a bad day for its service.

    Parameters
    ----------
    parameters : Parameters
        Seed and period.
    organisation : Organisation
        Services.

    Returns
    -------
    list of dict
        Rows of `product_metrics`.
    """
    bad_on = (parameters.start + parameters.bad_release.opened_after).date()
    rows = []
    metrics = _METRICS if parameters.is_demo else _metrics_of_a_company(organisation)
    for service, metric, level, spread, higher_is_better, control, decimals in metrics:
        dice = Dice(parameters.seed, "product metric", service, metric)
        for day in range(7 * parameters.weeks):
            measured_on = parameters.start.date() + timedelta(days=day)
            value = level + spread * (dice.between(-1, 1) + dice.between(-1, 1))
            if service == parameters.bad_release.service and measured_on == bad_on:
                value -= 25 * spread
            rows.append(
                {
                    "service": service,
                    "metric": metric,
                    "measured_on": measured_on,
                    "value": round(value, decimals),
                    "higher_is_better": higher_is_better,
                    "control_service": control,
                }
            )
    return rows


def _metrics_of_a_company(organisation: Organisation) -> list[tuple]:
    """Return a metric of each team's web service."""
    return [
        (name, "conversion_rate", 0.0312, 0.0016, True, None, 5)
        for name in organisation.services
        if name.endswith("-web")
    ]


def write_costs(parameters: Parameters, organisation: Organisation) -> list[dict]:
    """Write the monthly costs of each team.

    `ai` holds only what no vendor bills by use: the seats of the team with a seat licence.

    Parameters
    ----------
    parameters : Parameters
        Period.
    organisation : Organisation
        Teams and their members.

    Returns
    -------
    list of dict
        Rows of `costs`.
    """
    rows = []
    month = parameters.start.date().replace(day=1)
    while month < parameters.end.date():
        for team in organisation.teams.values():
            day = max(month, parameters.start.date())
            builders = len(organisation.members(team.name, day))
            splits = team.split_from_week is not None and (
                parameters.week(team.split_from_week).date() <= month
            )
            amounts = {
                "builders": _BUILDER_USD * builders,
                # Every deployment costs a build.
                "build_infrastructure": 900.0 + 140.0 * builders + (1_600.0 if splits else 0.0),
            }
            if team.usage.tool == "copilot":
                amounts["ai"] = _SEAT_USD * team.users
            rows += [
                {
                    "team": team.name,
                    "month_start_on": month,
                    "category": category,
                    "amount_usd": amount,
                }
                for category, amount in amounts.items()
            ]
        month = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return rows
