"""What a frozen network is, in one hash: equal for equal structures and weights, however Keras numbered its layers.

A network is taken as the expression that its outputs are of its inputs: each call of a layer is the hash of what the
layer is and of the calls that it takes from. So no name counts, and a layer can be left out as if it were not there.
"""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from typing import Any

import keras
import numpy as np

AUGMENTATION = "augment_"
"""How the names of the layers begin that change images at random, and rest where features are computed."""
_UNSEEN = ("name", "trainable", "seed", "build_config")
"""What does not change what a layer with these weights makes of its input when it is not trained."""
_INITIAL = ("_initializer", "_regularizer", "_constraint")

Calls = Mapping[tuple[str, int], str]
"""The hash of each call of a layer, by the layer's name and the number of the call."""


def identity_of(model: keras.Model) -> str:
    """The hash, in hex, of a functional model's structure, weights and precision, and of the version of Keras.

    Names, seeds, what is trained, and the layers that change images at random (`augment_...`) do not count.
    """
    digest = blake2b(f"{keras.__version__} {_network(model.get_config())}".encode(), digest_size=20)
    layers = [layer for layer in model.layers if not layer.name.startswith(AUGMENTATION)]
    with ThreadPoolExecutor() as pool:  # hashing releases Python's lock
        for found in pool.map(_weight, [weight for layer in layers for weight in layer.weights]):
            digest.update(found)
    return digest.hexdigest()


def _weight(weight: keras.Variable) -> bytes:
    values = np.ascontiguousarray(keras.ops.convert_to_numpy(weight.value))
    digest = blake2b(f"{values.shape} {values.dtype}".encode(), digest_size=20)
    digest.update(values.reshape(-1).view(np.uint8).data)
    return digest.digest()


def _network(config: Mapping[str, Any]) -> str:
    """The hash of a functional model's configuration, whose layers stand in the order of their calls."""
    inputs = [history[0] for history in _histories(config["input_layers"])]
    calls: dict[tuple[str, int], str] = {}
    for layer in config["layers"]:
        name, what = layer["name"], _layer(layer)
        for number, call in enumerate(layer["inbound_nodes"] or [None]):
            place = inputs.index(name) if name in inputs else None
            if name.startswith(AUGMENTATION):
                calls[name, number] = _first_taken(call, calls)
            else:
                calls[name, number] = _hash([what, place, _seen(call, calls)])
    # Where the outputs are named, and there alone, Keras counts a network's own inside as its first call.
    nested = {layer["name"] for layer in config["layers"] if "output_layers" in layer["config"]}
    outputs = _histories(config["output_layers"])
    return _hash([[calls[name, call - (name in nested)], tensor] for name, call, tensor in outputs])


def _histories(node: Any) -> list[tuple[str, int, int]]:  # noqa: ANN401 - any nest of lists and mappings
    """The tensors named in a nest, `[layer, call, tensor]` each, in its order."""
    if isinstance(node, Mapping):
        return [history for key in sorted(node) for history in _histories(node[key])]
    if isinstance(node, list | tuple) and [type(part) for part in node] == [str, int, int]:
        return [(node[0], node[1], node[2])]
    return [history for part in node for history in _histories(part)] if isinstance(node, list | tuple) else []


def _first_taken(call: Any, calls: Calls) -> str:  # noqa: ANN401 - any nest of lists and mappings
    name, number, _ = _histories(call)[0]
    return calls[name, number]


def _layer(layer: Mapping[str, Any]) -> list[Any]:
    """What a layer is, but for its name and its calls."""
    config = {key: value for key, value in layer["config"].items() if key != "name"}
    return [layer["module"], layer["class_name"], _seen(config, {})]


def _seen(node: Any, calls: Calls) -> Any:  # noqa: ANN401 - any JSON value
    """A nest without what does not count; a tensor becomes the call that it comes from, a network its hash."""
    if isinstance(node, list | tuple):
        return [_seen(part, calls) for part in node]
    if not isinstance(node, Mapping):
        return node
    if node.get("class_name") == "__keras_tensor__":
        name, number, tensor = node["config"]["keras_history"]
        return [calls[name, number], tensor]
    if "output_layers" in node:
        return _network(node)
    is_layer = "trainable" in node or "batch_shape" in node  # else a `name` may be that of a precision
    kept = {key: value for key, value in node.items() if not (is_layer and _is_unseen(key))}
    return {key: _seen(value, calls) for key, value in kept.items()}


def _is_unseen(key: str) -> bool:
    return key in _UNSEEN or key.endswith(_INITIAL)


def _hash(value: Any) -> str:  # noqa: ANN401 - any JSON value
    return blake2b(json.dumps(value, sort_keys=True).encode(), digest_size=20).hexdigest()
