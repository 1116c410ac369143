"""What a person should know of a panel's table: which symbols start late, stop early or have gaps."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from rnnlab.data.series import Dates, Series


def ended(last: np.datetime64, panel: np.datetime64) -> list[str]:
    """A notice, if a symbol's last day comes before the panel's."""
    return [f"the last price is of {day_of(last)}, the panel ends on {day_of(panel)}"] if last < panel else []


def describe(series: Series, days: Dates, empty: Mapping[str, int]) -> pd.DataFrame:
    """A row a symbol: how its days differ from the panel's.

    Columns: symbol; rows; first and last, its days; missing, days of the panel between these that it has not;
    longest_gap, the most of these in a row; late and early, days of the panel before its first and after its last;
    empty, rows with empty cells or of a trading halt, left out. Symbols of which nothing is left have 0 rows.
    """
    lines = []
    for symbol, dates, _ in series.all():
        own = np.searchsorted(days, dates)
        steps = np.diff(own) - 1
        lines.append(
            {
                "symbol": symbol,
                "rows": len(dates),
                "first": day_of(dates[0]),
                "last": day_of(dates[-1]),
                "missing": int(steps.sum()),
                "longest_gap": int(steps.max(initial=0)),
                "late": int(own[0]),
                "early": int(len(days) - 1 - own[-1]),
                "empty": empty.get(symbol, 0),
            }
        )
    nothing = dict.fromkeys(("missing", "longest_gap", "late", "early"), 0) | {"first": "", "last": ""}
    for symbol in sorted(set(empty) - set(series.symbols)):
        lines.append({"symbol": symbol, "rows": 0, "empty": empty[symbol]} | nothing)
    return pd.DataFrame(lines)


def summary(table: pd.DataFrame, days: Dates) -> list[str]:
    """Sentences on what ``describe`` found; for a person, with the first symbols of each kind."""
    sentences = [
        f"{len(table)} symbol{'s' * (len(table) != 1)}, {table['rows'].sum():,} rows, {len(days):,} days "
        f"from {day_of(days[0])} to {day_of(days[-1])}"
    ]
    for column, said in {
        "late": "start late (after the panel's first day)",
        "early": "stop early (before its last day)",
        "missing": "have gaps (days of the panel between their first and last that they lack)",
        "empty": "have rows with empty cells or of a trading halt, which are left out",
    }.items():
        found = table.sort_values(column, ascending=False, kind="stable").query(f"{column} > 0")
        if len(found):
            some = [f"{symbol} {count}" for symbol, count in zip(found["symbol"], found[column], strict=True)]
            sentences.append(f"{len(found)} of {len(table)} symbols {said}: {_first(some)}")
    if none := table["symbol"][table["rows"] == 0].tolist():
        sentences.append(f"{len(none)} of {len(table)} symbols have no other rows, and are left out: {_first(none)}")
    return sentences


def _first(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def day_of(moment: np.datetime64) -> str:
    return str(moment)[:10]
