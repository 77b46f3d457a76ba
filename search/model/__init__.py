"""A configuration to a compiled Keras model: blocks, backbones, head, optimizer. Knows neither datasets nor trials."""
