"""What a frozen network makes of images, computed once, on disk, for all trials, runs and processes."""
