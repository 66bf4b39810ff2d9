"""The rules of ``sluiceway check``: one module a family, found by its constant ``FAMILY``."""
