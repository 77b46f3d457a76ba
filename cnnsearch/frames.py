"""Draws problems for a terminal: where, the rule, the line of the file with a caret under what is meant, the advice."""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text

from cnnsearch.reports.inert import visible
from cnnsearch.spaces.errors import Excerpt, Problem, without_passwords

MOST_FRAMES = 20
"""Problems that are drawn; more would push the first ones off the screen."""
TAB_WIDTH = 4
_CUT = "…"


def problem_frames(problems: Sequence[Problem], width: int) -> list[Text]:
    """The first problems as texts of so many columns, and a last one that counts the rest."""
    widest = max((problem.excerpt.line or 0 for problem in problems[:MOST_FRAMES] if problem.excerpt), default=0)
    gutter = len(str(widest)) if widest else 0
    frames = [problem_frame(problem, width, gutter) for problem in problems[:MOST_FRAMES]]
    for frame in frames[:-1]:
        frame.append("\n")
    if len(problems) > MOST_FRAMES:
        frames.append(Text(f"\nand {len(problems) - MOST_FRAMES} more", style="bold"))
    return frames


def problem_frame(problem: Problem, width: int, gutter: int) -> Text:
    """One problem; its line number is set right in a gutter of so many columns."""
    excerpt = problem.excerpt
    told_below = excerpt is not None and excerpt.line is None  # an option is the line that is drawn: once is enough
    text = Text("command line" if told_below else visible(problem.where), style="")
    text.stylize("bold")
    text.append(f"\n{visible(problem.rule)}")
    if excerpt is not None:
        text.append("\n")
        text.append_text(_drawn(excerpt, width, gutter))
    if problem.advice:
        text.append(f"\n{visible(problem.advice)}", style="green")
    return text


def _drawn(excerpt: Excerpt, width: int, gutter: int) -> Text:
    number = "" if excerpt.line is None else str(excerpt.line)
    lead = f" {number:>{gutter}} │ " if excerpt.line is not None else " " * 4
    line, column, length = window(excerpt, max(width - cell_len(lead), 8))
    under = " " * len(lead) if excerpt.line is None else f" {'':>{gutter}} │ "
    text = Text.assemble((lead, "blue"), line, "\n", (under, "blue"), " " * column, no_wrap=True)
    return text.append("^" + "~" * (length - 1), style="bold red")


def window(excerpt: Excerpt, width: int) -> tuple[str, int, int]:
    """The line as it can be shown in so many columns, the caret's column in it and its length in columns.

    Tabs become spaces, characters that steer a terminal are spelled out, and wide ones count twice. A line that is
    longer is cut at one end or both, around the beginning of the part that is meant.
    """
    first, stop = max(excerpt.start - width, 0), excerpt.start + min(excerpt.length, width) + width
    pieces = [_shown(character) for character in without_passwords(excerpt.text)[first:stop]]
    start = min(excerpt.start - first, len(pieces))
    end = min(start + excerpt.length, len(pieces))
    low, high = _range(pieces, start, end, width)
    before = _CUT if low or first else ""
    after = _CUT if high < len(pieces) or stop < len(excerpt.text) else ""
    line = before + "".join(pieces[low:high]) + after
    column = cell_len(before + "".join(pieces[low:start]))
    return line, column, max(1, cell_len("".join(pieces[start : min(end, high)])))


def _shown(character: str) -> str:
    return " " * TAB_WIDTH if character == "\t" else visible(character)


def _range(pieces: Sequence[str], start: int, end: int, width: int) -> tuple[int, int]:
    """Which pieces fit: from the line's beginning where that shows enough, else from a little before the mark."""
    room = width - 2 * cell_len(_CUT)
    cells = [cell_len(piece) for piece in pieces]
    if sum(cells) <= width:
        return 0, len(pieces)
    low = start
    wanted = max(room - sum(cells[start:end]), room // 3)
    if sum(cells[:start]) <= wanted:
        low = 0
    else:
        taken = 0
        while low > 0 and taken + cells[low - 1] <= wanted // 2:
            low -= 1
            taken += cells[low]
    high, taken = low, 0
    while high < len(pieces) and taken + cells[high] <= room:
        taken += cells[high]
        high += 1
    while low > 0 and high == len(cells) and taken + cells[low - 1] <= room:
        low -= 1
        taken += cells[low]
    return low, high
