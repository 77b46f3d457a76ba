"""From a dataset to the batches that Keras trains on."""
