"""Runs flows: walks the steps, journals them, resumes them."""
