"""Delivery results that providers post to us: one file each, found by discovery."""
