"""How many threads of the CPU a process computes with."""

import keras


def limit_threads(count: int | None) -> None:
    """Have this process compute with so many threads; None for as many as there are cores. JAX knows no such limit.

    Must come before anything is computed: the threads are made once.

    Raises:
        RuntimeError: too late.
    """
    if count is None or keras.backend.backend() != "tensorflow":
        return
    import tensorflow as tf  # type: ignore[import-untyped]

    tf.config.threading.set_intra_op_parallelism_threads(count)
    tf.config.threading.set_inter_op_parallelism_threads(count)
