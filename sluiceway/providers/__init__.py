"""Delivery services for email and phone: one file each."""
