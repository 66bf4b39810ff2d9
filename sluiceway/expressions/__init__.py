"""The flow expression language: ``{{ fields.email ?? 'none' }}``."""
