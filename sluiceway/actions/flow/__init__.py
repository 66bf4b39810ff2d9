"""The FLOW family: conditions, variables, endings, delays."""
