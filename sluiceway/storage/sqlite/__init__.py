"""Stores kept in one SQLite file by one process."""
