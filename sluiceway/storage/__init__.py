"""Where things are kept: the store interfaces and their databases."""
