"""Feeds kept features to Keras in place of images: `Batches(dataset, ..., inputs=OneView(features, seed))`.

`OneView(features: Features, seed: int)`: for each image and each pass one of the views, drawn from (seed, pass); batches
are (batch, *shape). `EveryView(features: Features)`: (batch, views, *shape), and (batch, *shape) where there is one view.
"""
