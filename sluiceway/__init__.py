"""Run Auth0 Flows anywhere."""
