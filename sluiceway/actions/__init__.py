"""The actions of flows: a wire name is a path."""
