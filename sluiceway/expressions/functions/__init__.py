"""The helper functions of flow expressions: one file each, found by discovery."""
