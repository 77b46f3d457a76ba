"""Where images come from: folders, archives and arrays, and the labels of what lies in them."""
