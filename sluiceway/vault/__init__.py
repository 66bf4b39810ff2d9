"""Secrets at rest: keys, ciphers and vault connections."""
