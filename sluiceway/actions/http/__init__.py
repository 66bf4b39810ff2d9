"""The HTTP family: requests to any service."""
