"""The ZAPIER family: hooks of Zapier."""
