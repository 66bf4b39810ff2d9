"""Liquid as LiquidJS renders it, for emails, text messages and calls."""
