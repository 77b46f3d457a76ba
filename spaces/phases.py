"""The phases of a configuration's training: the head first, then, with `fine_tune`, the end of the backbone as well."""

from collections.abc import Mapping
from typing import Any

from cnnsearch.spaces.document import Backbone, Configuration, Document, FineTune, branch_of
from cnnsearch.spaces.leaves import leaves
from cnnsearch.spaces.values import counts, is_searched


def phases(configuration: Configuration) -> tuple[Configuration, ...]:
    """One configuration for each phase, in their order; what none of them says any more is `fine_tune`.

    The second phase has the depth, the epochs and the learning rate of `fine_tune` in the place of its own, and
    everything else of the first one. A configuration without `fine_tune` is its only phase.
    """
    name, section = branch_of(configuration.model)
    if not isinstance(section, Backbone) or section.fine_tune is None:
        return (configuration,)
    tune = section.fine_tune
    first = section.model_copy(update={"fine_tune": None})
    second = first.model_copy(update={"trainable_from": tune.trainable_from})
    return (
        _with_backbone(configuration, name, first),
        _with_backbone(_fine_tuning(configuration, tune), name, second),
    )


def _with_backbone(configuration: Configuration, name: str, section: Backbone) -> Configuration:
    return configuration.model_copy(update={"model": configuration.model.model_copy(update={name: section})})


def _fine_tuning(configuration: Configuration, tune: FineTune) -> Configuration:
    kind, optimizer = branch_of(configuration.optimizer)
    slower = optimizer.model_copy(update={"learning_rate": tune.learning_rate})
    training = configuration.training.model_copy(update={"epochs": tune.epochs})
    moved = configuration.optimizer.model_copy(update={kind: slower})
    return configuration.model_copy(update={"optimizer": moved, "training": training})


def epochs_of(configuration: Configuration) -> int:
    """The most epochs that one training of a configuration takes, over all its phases."""
    return sum(phase.training.epochs for phase in phases(configuration))


def most_epochs(document: Document) -> int:
    """The most epochs that any draw of a space trains for, over all phases."""
    networks = (section for _, _, section in leaves(document.model, "model"))
    tuned = (tune for section in networks if isinstance(section, Backbone) for tune in tunings(section))
    return max(counts(document.training.epochs)) + max((max(counts(tune.epochs)) for tune in tuned), default=0)


def tunings(backbone: Backbone) -> list[FineTune]:
    """Every form of a second phase that a backbone's section may draw."""
    return _tunings(backbone.fine_tune)


def _tunings(node: Any) -> list[FineTune]:  # noqa: ANN401 - any node
    if isinstance(node, FineTune):
        return [node]
    if not is_searched(node):
        return []
    options = node["choice"]
    inside = list(options.values() if isinstance(options, Mapping) else options)
    return [tune for option in [*inside, node.get("otherwise")] for tune in _tunings(option)]
