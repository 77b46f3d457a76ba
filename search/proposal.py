"""A first space for somebody's images: written out with comments that give the figures it rests on."""

import json
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.survey import Survey

FEW, MANY = 1_000, 20_000
"""Below the first, images are too few to learn from them alone; from the second on, they are enough."""
UNEVEN, LOPSIDED = 1.5, 3.0
"""How many times more images the commonest class has than the rarest, to be weighed, and to make accuracy mislead."""
_SIDES = range(32, 225, 32)
"""Image sizes in pixels that are offered: multiples of what backbones shrink an image by."""
_TINY = 32
_COLUMN, _WIDTH = 56, 120
"""Where comments beside values begin, and the most characters in a line."""


@dataclass(frozen=True)
class Proposal:
    """What is chosen for these images, and why.

    Attributes:
        source: as `data.source` takes it.
        survey: what the images are like.
        gpu: whether there is one to train a pretrained network on.
    """

    source: str
    survey: Survey
    gpu: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in pixels: the median image's, made smaller where it is large; a square if it nearly is."""
        height, width = self.survey.heights.median, self.survey.widths.median
        if max(height, width) <= 1.34 * min(height, width):
            height = width = min(height, width)
        shrink = min(1.0, _SIDES[-1] / max(height, width))
        return _side(height * shrink), _side(width * shrink)

    @property
    def blocks(self) -> tuple[int, int]:
        """The fewest and the most blocks: the last one still sees four pixels or more each way."""
        most = min((min(self.size) // 4).bit_length() - 1, 5)
        return max(2, most - 1), most

    @property
    def ratio(self) -> float:
        """How many times more images the largest class has than the smallest."""
        return max(self.survey.counts.values()) / max(1, min(self.survey.counts.values()))

    @property
    def like_digits(self) -> bool:
        """Whether these are small gray signs rather than photos."""
        return self.survey.is_gray and max(self.survey.heights.median, self.survey.widths.median) <= _TINY

    @property
    def few(self) -> bool:
        """Whether there are too few images to learn from them alone."""
        return self.survey.images < FEW

    @property
    def pretrained(self) -> bool:
        """Whether a network that was trained on photos is worth a try."""
        return not self.like_digits and self.survey.images < MANY


def proposed_space(source: str, survey: Survey, *, gpu: bool = False) -> str:
    """The text of a space that fits these images, with comments.

    Args:
        gpu: whether there is one to train on.

    Raises:
        DataError: a class has too few images to train and to validate on.
    """
    proposal = Proposal(source, survey, gpu)
    least = min(survey.counts, key=lambda name: survey.counts[name])
    if survey.counts[least] < 2 and not survey.split:
        got = f"{survey.counts[least]} readable of {_printable(least)!r}"
        rule = f"every class needs two images or more, one of them to validate on, got {got}."
        raise DataError(source, rule, "Add images of it, or leave it out.")
    sections = (_head_comment, _data, _augment, _model, _head, _optimizer, _training, _evaluation, _search)
    return "\n\n".join("\n".join(_aligned(section(proposal))) for section in sections) + "\n"


def found(survey: Survey) -> str:
    """What the images are like, in one sentence."""
    colour = "gray" if survey.is_gray else "in colour" if not survey.gray else "in colour, some of them gray"
    heights, widths = survey.heights, survey.widths
    size = f"{heights.median} x {widths.median} pixels in the median (height x width)"
    if (heights.least, widths.least) != (heights.most, widths.most):
        size += f", heights {heights.least} to {heights.most}, widths {widths.least} to {widths.most}"
    return f"{survey.images:,} images of {len(survey.counts)} classes, {colour}, {size}"


def _side(length: float) -> int:
    return min(_SIDES, key=lambda side: (abs(side - length), side))


def _printable(name: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in name)[:60]


def _quoted(name: str) -> str:
    """A class's name as it is where it reads as a word, else in quotes."""
    return name if name.isalpha() else repr(_printable(name))


def _aligned(lines: Iterable[str | tuple[str, str]]) -> Iterator[str]:
    """Lines of code; the comments of pairs stand beside their code in one column, or above it where they are long."""
    for line in lines:
        code, comment = (line, "") if isinstance(line, str) else line
        indent = " " * (len(code) - len(code.lstrip()))
        if code.lstrip().startswith("#"):
            yield from _comment(code.lstrip()[2:], indent)
        elif len(code) + 2 > _COLUMN or _COLUMN + 2 + len(comment) > _WIDTH:
            yield from _comment(f"{comment[:1].upper()}{comment[1:]}.", indent) if comment else ()
            yield code
        else:
            yield f"{code.ljust(_COLUMN)}# {comment}" if comment else code


def _comment(text: str, indent: str) -> list[str]:
    marks = f"{indent}# "
    return textwrap.wrap(text, _WIDTH, initial_indent=marks, subsequent_indent=marks, break_on_hyphens=False)


Lines = list[str | tuple[str, str]]


def _head_comment(proposal: Proposal) -> Lines:
    survey = proposal.survey
    name = _printable(proposal.source)
    lines: Lines = [
        "# yaml-language-server: $schema=space.schema.json",
        f"# A first space for {name}: {found(survey)}.",
    ]
    if survey.looked_at < survey.images:
        lines.append(f"# Sizes and colours are those of {survey.looked_at} images spread evenly over all of them.")
    if survey.unreadable:
        path, reason = next(iter(survey.unreadable.items()))
        count = len(survey.unreadable)
        lines.append(f"# Not readable, and left out of the search: {count}; {_printable(path)} {_printable(reason)}.")
    lines += [
        "# Change what you know better: `cnnsearch check` tells mistakes, `cnnsearch run` searches.",
        "# Where `cnnsearch schema > space.schema.json` lies beside it, an editor completes and explains its keys.",
    ]
    return lines


def _data(proposal: Proposal) -> Lines:
    survey, (height, width) = proposal.survey, proposal.size
    median = f"{survey.heights.median} x {survey.widths.median}"
    gray = survey.looked_at - len(survey.unreadable)
    color = f"none of {gray} images looked at has colours" if survey.is_gray else "rgb: three channels; gray: one"
    if survey.gray and not survey.is_gray:
        color = f"{survey.gray} of {gray} images looked at are gray, the others are not"
    split = "the source's own validation folder is kept as it is" if survey.split else "shares of each class"
    return [
        "data:",
        f"  source: {json.dumps(proposal.source)}",
        (f"  image_size: [{height}, {width}]", f"the median image has {median} pixels"),
        (f"  color: {'gray' if survey.is_gray else 'rgb'}", color),
        ("  split: {validation: 0.2, test: 0.1, seed: 42}", split),
    ]


def _augment(proposal: Proposal) -> Lines:
    if proposal.like_digits:
        why = "small gray images, as of signs or digits: one that is mirrored or turned may mean another"
        return [f"# No random changes: {why}.", "augment: {}"]
    flip = ("  horizontal_flip: true", "take it out where left and right matter, as in writing")
    count = f"{proposal.survey.images:,} images"
    if proposal.survey.images >= MANY:
        return [f"# Gentle changes: {count} are varied by themselves.", "augment:", flip, "  translation: 0.1"]
    most = 0.2 if proposal.few else 0.1
    # Each strength that is tried would have the features of all images computed anew.
    return [
        f"# Random changes make more of {count}" + (": strong ones, since they are few." if proposal.few else "."),
        "# Under a pretrained network images are only mirrored, so that what it makes of them is computed once for all",
        "# trials.",
        "augment:",
        flip,
        f"  rotation: {{float: [0.0, {most / 2}], when: {{model: scratch}}}}",
        f"  zoom: {{float: [0.0, {most * 1.5:g}], when: {{model: scratch}}}}",
        f"  translation: {{float: [0.0, {most}], when: {{model: scratch}}}}",
        f"  contrast: {{float: [0.0, {most * 1.5:g}], when: {{model: scratch}}}}",
    ]


def _model(proposal: Proposal) -> Lines:
    if not proposal.pretrained:
        why = "what was learned from photos is of no use to signs or digits"
        if not proposal.like_digits:
            why = f"{proposal.survey.images:,} images are enough to learn from them alone"
        return [f"# A network of its own: {why}.", "model:", *_scratch(proposal, "  ")]
    count = f"{proposal.survey.images:,} images"
    why = f"{count} are few, so a network that knows photos already is the better bet; one of its own is the yardstick"
    if not proposal.few:
        why = f"with {count} either may win: a network that knows photos already, or one of its own"
    return [
        f"# {why[0].upper()}{why[1:]}.",
        "model:",
        "  choice:",
        ("    mobilenet:", "its ImageNet weights are downloaded once; without them it is left out"),
        "      weights: imagenet",
        "      alpha: {choice: [0.25, 0.5, 1.0]}",
        ("      trainable_from: none", "only the head is trained, on what the network makes of each image once"),
        *_fine_tune(proposal),
        *_scratch(proposal, "    "),
    ]


def _fine_tune(proposal: Proposal) -> Lines:
    if not proposal.gpu:
        return [("      fine_tune: null", "or {trainable_from: conv_pw_12}: trains its last layers, too; wants a GPU")]
    return [
        "      # A second phase that trains its last layers as well, in steps so small that it forgets little.",
        "      fine_tune:",
        "        choice:",
        "          frozen: null",
        "          tuned:",
        (
            "            trainable_from: {choice: [conv_pw_12, conv_pw_10]}",
            "`cnnsearch backbones mobilenet` lists more",
        ),
        "            learning_rate: {float: [0.00003, 0.001], scale: log, prior: 0.0003}",
        "        prior: frozen",
    ]


def _evaluation(proposal: Proposal) -> Lines:
    if proposal.like_digits:
        return ["evaluation: {flip: false}"]
    return [
        (
            "evaluation: {flip: {choice: [false, true]}}",
            "the answer is the mean over an image and its mirror image where flip is true",
        )
    ]


def _scratch(proposal: Proposal, indent: str) -> Lines:
    (low, high), (height, width) = proposal.blocks, proposal.size
    left = f"{height >> high} x {width >> high}"
    start = "[16, 32]" if proposal.few else "[16, 32, 64]"
    return [
        f"{indent}scratch:",
        (f"{indent}  blocks: {{int: [{low}, {high}]}}", f"each halves the image: {left} pixels are left after {high}"),
        f"{indent}  convs: {{choice: [1, 2]}}",
        (f"{indent}  filters: {{start: {{choice: {start}}}, growth: 2, most: 256}}", "doubled from block to block"),
        f"{indent}  norm: batch",
        f"{indent}  dropout: {{float: [0.0, {0.4 if proposal.few else 0.2}], step: 0.1}}",
    ]


def _head(proposal: Proposal) -> Lines:
    classes = len(proposal.survey.counts)
    units = "sigmoid", "two classes: one unit tells them apart"
    if classes > 2:
        units = "softmax", f"{classes} classes: one unit for each"
    dropout = "[0.2, 0.6]" if proposal.few else "[0.0, 0.5]"
    return [
        "head:",
        ("  pooling: average", "one number for each feature map; flatten keeps every pixel"),
        f"  dense: [{{units: {{choice: [64, 128, 256]}}, dropout: {{float: {dropout}, step: 0.1}}}}]",
        (f"  output: {units[0]}", units[1]),
    ]


def _optimizer(proposal: Proposal) -> Lines:  # noqa: ARG001 - the same for all images
    return [
        "optimizer:",
        ("  adam: {learning_rate: {float: [0.0001, 0.01], scale: log, prior: 0.001}}", "begins with its usual 0.001"),
    ]


def _training(proposal: Proposal) -> Lines:
    images = proposal.survey.images
    batch = 16 if images < 500 else 32 if images < 10_000 else 64
    epochs = 40 if proposal.few else 25 if images < MANY else 15
    steps = max(1, round(images * 0.7 / batch))
    return [
        "training:",
        (f"  epochs: {epochs}", f"at most; the fewer images, the more: {images:,} here"),
        (f"  batch_size: {batch}", f"about {steps:,} steps in an epoch"),
        (f"  class_weights: {'balanced' if proposal.ratio > UNEVEN else 'none'}", _evenness(proposal)),
        ("  schedule: cosine", "the learning rate falls to 0 by the last epoch"),
        "  early_stopping: {monitor: val_loss, patience: 6}",
    ]


def _evenness(proposal: Proposal) -> str:
    counts = proposal.survey.counts
    rarest, commonest = min(counts, key=lambda n: counts[n]), max(counts, key=lambda n: counts[n])
    least, most = f"{counts[rarest]:,} images of {_quoted(rarest)}", f"{counts[commonest]:,} of {_quoted(commonest)}"
    if proposal.ratio > UNEVEN:
        return f"{least}, {most}: rare classes count for more"
    return f"classes are even: {least}, {most}" if proposal.ratio > 1 else f"{counts[rarest]:,} images of each class"


def _search(proposal: Proposal) -> Lines:
    images = proposal.survey.images
    trials = 30 if proposal.few else 24 if images < MANY else 16
    lopsided = proposal.ratio > LOPSIDED
    share = f"{max(proposal.survey.counts.values()) / images:.0%}"
    why = f"accuracy would give {share} to whoever always names the commonest class" if lopsided else "or val_loss"
    return [
        "search:",
        (
            f"  trials: {trials}",
            "one trial of a few images is quick" if proposal.few else f"each trains on {images:,} images",
        ),
        (f"  objective: {'val_loss' if lopsided else 'val_accuracy'}", why),
        ("  pruner: patient", "ends who gets worse and is below the median; or asha, bolder"),
        "  start_from:",
        "    # Plain baselines, tried first: what the search finds must beat them.",
        *_baselines(proposal),
    ]


def _baselines(proposal: Proposal) -> Iterator[str]:
    head = f"      head: {{dense: [{{units: 128, dropout: {0.4 if proposal.few else 0.2}}}]}}"
    if proposal.pretrained:
        yield from ("    - model: {mobilenet: {alpha: 0.5}}", head)
    own = f"blocks: {proposal.blocks[1]}, convs: 1, filters: {{start: 32}}, dropout: 0.0"
    yield from (f"    - model: {{scratch: {{{own}}}}}", head)
