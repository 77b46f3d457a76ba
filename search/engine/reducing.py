"""Batches in parts, for trials that run out of memory: a step is the same, and fewer images are in memory at once."""

from cnnsearch.spaces.document import Configuration, Training


def in_parts(configuration: Configuration, parts: int) -> Configuration:
    """The configuration with batches that go through the network in so many parts."""
    training = configuration.training.model_copy(update={"accumulate": parts})
    return configuration.model_copy(update={"training": training})


def retries_between(training: Training, parts: int | None) -> int:
    """How many retries led from the parts that a training asks for to these; None stands for those asked for."""
    now, count = training.accumulate, 0
    while parts is not None and now < parts and (more := more_parts(training.batch_size, now)):
        now, count = more, count + 1
    return count


def images_at_once(batch_size: int, parts: int) -> int:
    """Images that go through the network together, at most, where a batch does so in parts."""
    return -(-batch_size // parts)


def parts_with(training: Training, images: int) -> int:
    """The parts that retries lead to from those that a training asks for, once no more images go through together."""
    now = training.accumulate
    while images_at_once(training.batch_size, now) > images and (more := more_parts(training.batch_size, now)):
        now = more
    return now


def more_parts(batch_size: int, parts: int) -> int | None:
    """The next number of parts for batches that are too large: twice as many; None where each has one image."""
    return min(2 * parts, batch_size) if parts < batch_size else None
