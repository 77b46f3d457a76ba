"""From a YAML text and command line settings to nodes that know their places, and from what is wrong to words."""
