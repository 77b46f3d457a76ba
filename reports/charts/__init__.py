"""Charts as SVG: drawn without a plotting library, so that a page of them takes milliseconds."""
