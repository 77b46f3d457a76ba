"""Two trained models side by side: parameters, scores, curves, and the images that only one of them gets right."""
