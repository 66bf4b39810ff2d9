"""Flows treated as code: check, compare, test, replay. Pure functions over the flow model."""
