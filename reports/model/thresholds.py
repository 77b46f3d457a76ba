"""What a threshold on a probability gives: ROC, precision and recall, one class against the rest."""

from collections.abc import Callable, Sequence

from cnnsearch.reports.charts.chart import Chart
from cnnsearch.reports.charts.frame import WIDTH, Axis, Box, Frame, Key, drawing, framed, legend
from cnnsearch.reports.charts.marks import line, series
from cnnsearch.reports.charts.scales import Linear
from cnnsearch.reports.markup import Element
from cnnsearch.reports.model.curves import Curve, Flags, Numbers, mean_curve, precision_recall, roc, shortened
from cnnsearch.reports.predictions import Predictions

_HEIGHT = 360.0
_NAMED = 7
"""Of more classes than these only the worst are drawn, beside the mean of all."""
_Curves = list[tuple[str, Curve]]


def roc_chart(rows: Predictions) -> Chart | None:
    """The ROC curves of the classes and their mean; None where no class has one, or there is one class."""
    drawn = _curves(rows, roc)
    if not drawn:
        return None
    told = _told(drawn, rows, "AUC", "how likely a photo of a class has a higher probability of it than another photo")
    titles = "taken for it, of the others", "found, of the class"
    return _chart("roc", "ROC", told, titles, drawn, guessing=True)


def precision_recall_chart(rows: Predictions) -> Chart | None:
    """Precision over recall of the classes and their mean; None where no class has one."""
    drawn = _curves(rows, precision_recall)
    if not drawn:
        return None
    told = _told(drawn, rows, "average precision", "the mean of the precisions along a curve")
    titles = "recall: found, of the class", "precision: right, of those taken for it"
    return _chart("precision_recall", "Precision and recall", told, titles, drawn)


def _curves(rows: Predictions, make: Callable[[Flags, Numbers], Curve | None]) -> _Curves:
    """The curve of each class that has one, the worst first; of two classes that of the second, as of a sigmoid."""
    asked = [1] if len(rows.classes) == 2 else range(len(rows.classes))
    made = [(rows.classes[k], make(rows.labels == k, rows.probabilities[:, k])) for k in asked]
    return sorted([(name, curve) for name, curve in made if curve is not None], key=lambda each: each[1].area)


def _told(drawn: _Curves, rows: Predictions, figure: str, meaning: str) -> str:
    (worst, curve), images = drawn[0], f"{len(rows):,} images"
    if len(rows.classes) == 2:
        return f"{figure[0].upper()}{figure[1:]} {curve.area:.4f} for {worst} on {images}: {meaning}."
    mean = sum(each.area for _, each in drawn) / len(drawn)
    left_out = f", {len(rows.classes) - len(drawn)} classes without photos left out" * (len(drawn) < len(rows.classes))
    shown = f" The {_NAMED} worst of {len(drawn)} classes are drawn." if len(drawn) > _NAMED else ""
    return (
        f"Mean {figure} of all classes, each against the rest: {mean:.4f} on {images}{left_out}; "
        f"the lowest is that of {worst} with {curve.area:.4f}: {meaning}.{shown}"
    )


def _chart(
    name: str, title: str, told: str, titles: tuple[str, str], drawn: _Curves, *, guessing: bool = False
) -> Chart:
    shown = drawn[:_NAMED]
    keys = [Key(series(k), f"{each} {curve.area:.3f}") for k, (each, curve) in enumerate(shown)]
    mean = mean_curve([curve for _, curve in drawn]) if len(drawn) > 1 else None
    keys += [Key("ink", f"mean of {len(drawn)} classes {mean.area:.3f}")] if mean else []
    named, high = legend(keys, 50, _HEIGHT + 6, WIDTH - 60)
    frame = framed(Axis(Linear(0, 1), titles[0]), Axis(Linear(0, 1), titles[1]), Box(0, 0, WIDTH, _HEIGHT))
    lines = [_line(frame, curve, series(k), each) for k, (each, curve) in enumerate(shown)]
    lines += [_line(frame, mean, "ink strong", "mean")] if mean else []
    diagonal = [line([frame.at(0, 0), frame.at(1, 1)], "dim dashed", "guessing")] if guessing else []
    return Chart(name, title, told, drawing([*frame.surround(), *diagonal, *lines, *named], told, _HEIGHT + 6 + high))


def _line(frame: Frame, curve: Curve, kind: str, told: str) -> Element:
    short = shortened(curve)
    points: Sequence[tuple[float, float]] = [
        frame.at(x, y) for x, y in zip(short.x.tolist(), short.y.tolist(), strict=True)
    ]
    return line(points, kind, told)
