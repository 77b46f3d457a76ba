"""How charts look: the same rules twice, for a page with its variables, and for files, which have colours only.

The renderer of the PNG files knows no variables and no media queries. A mark's colour is its `color`, which its kind
takes for its line or its area, so that any kind of mark can have any colour. Opacity is that of lines and areas, since
the renderer takes a whole layer for each mark that is pale itself.
"""

import re
from collections.abc import Mapping

from cnnsearch.reports.charts.palette import NAMED, SERIES, SHADES, Colour

_COLOURS: Mapping[str, Colour] = {
    **NAMED,
    **{f"series-{place}": colour for place, colour in enumerate(SERIES)},
    **{f"shade-{place}": colour for place, colour in enumerate(SHADES)},
}
_SERIES_RULES = "".join(f".chart .s{place}{{color:var(--series-{place})}}\n" for place in range(len(SERIES)))
_SHADE_RULES = "".join(f".chart .h{place}{{color:var(--shade-{place})}}\n" for place in range(len(SHADES)))
_RULES = f"""
.chart text {{ font-size: 11.5px; fill: var(--ink); }}
.chart .tick {{ fill: var(--dim); }}
.chart .name {{ font-size: 12px; font-weight: 600; }}
.chart .heading {{ font-size: 15px; font-weight: 600; }}
.chart .halo {{ stroke: var(--card); stroke-width: 3px; stroke-linejoin: round; paint-order: stroke; }}
.chart .over {{ fill: var(--card); }}
.chart .ground {{ fill: var(--card); }}
.chart .grid {{ stroke: var(--line); stroke-width: 1px; fill: none; }}
.chart .axis {{ stroke: var(--dim); stroke-width: 1px; fill: none; }}
.chart .mark {{ color: var(--completed); }}
{_SERIES_RULES}{_SHADE_RULES}.chart .ink {{ color: var(--ink); }}
.chart .dim {{ color: var(--dim); }}
.chart .completed {{ color: var(--completed); }}
.chart .stopped_early {{ color: var(--stopped); }}
.chart .pruned {{ color: var(--pruned); }}
.chart .queued {{ color: var(--pruned); }}
.chart .infeasible {{ color: var(--infeasible); }}
.chart .failed {{ color: var(--failed); }}
.chart .running {{ color: var(--running); }}
.chart .best {{ color: var(--best); }}
.chart .line {{ fill: none; stroke: currentColor; stroke-width: 1.5px; stroke-linejoin: round;
  stroke-linecap: round; }}
.chart .area {{ fill: currentColor; stroke: none; }}
.chart .cell {{ shape-rendering: crispEdges; }}
.chart .band {{ fill: currentColor; stroke: none; fill-opacity: 0.18; }}
.chart .faint {{ fill-opacity: 0.45; stroke-opacity: 0.45; }}
.chart .crowded {{ stroke-opacity: 0.25; }}
.chart .strong {{ stroke-width: 3px; }}
.chart .thin {{ stroke-width: 1px; }}
.chart .dashed {{ stroke-dasharray: 5 4; }}
.chart .ringed {{ stroke: var(--card); stroke-width: 1px; }}
"""
_PAGE_ONLY = """
.chart { display: block; width: 100%; height: auto; font-family: system-ui, "Segoe UI", "DejaVu Sans", sans-serif;
  print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.chart-scroll { overflow-x: auto; }
.chart-scroll > .chart { min-width: 690px; }
@media print { .chart-scroll { overflow: visible; } .chart-scroll > .chart { min-width: 0; }
  .chart { break-inside: avoid; } }
.chart [data-trial]:hover, .chart [data-trial].chosen { color: var(--best); fill-opacity: 1; stroke-opacity: 1; }
.chart .line[data-trial]:hover, .chart .line[data-trial].chosen { stroke-width: 3px; }
"""
"""A chart is 720 units wide: on a narrow screen it keeps a readable size and is pushed sideways in `.chart-scroll`."""


def variables(*, dark: bool) -> str:
    """The declarations of all colours of one ground, as `--ink:#1c2330;...`."""
    return "".join(f"--{name}:{colour.dark if dark else colour.light};" for name, colour in _COLOURS.items())


def page_style() -> str:
    """The style sheet of charts on a page: light, dark where the system or `data-theme` says so, light on paper."""
    light, dark = variables(dark=False), variables(dark=True)
    return (
        f":root{{{light}}}\n"
        f"@media screen and (prefers-color-scheme: dark){{:root:not([data-theme=light]){{{dark}}}}}\n"
        f"@media screen{{:root[data-theme=dark]{{{dark}}}}}\n"
        f"{_PAGE_ONLY}{_RULES}"
    )


def file_style(*, dark: bool = False) -> str:
    """The style sheet within a picture's file: no variables, one ground."""
    colours = {name: colour.dark if dark else colour.light for name, colour in _COLOURS.items()}
    rules = re.sub(r"var\(--([a-z0-9-]+)\)", lambda found: colours[found[1]], _RULES)
    return f'.chart {{ font-family: "DejaVu Sans", sans-serif; }}{rules}'
