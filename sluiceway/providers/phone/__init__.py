"""Phone providers: one file each, found by discovery."""
