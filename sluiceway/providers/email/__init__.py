"""Email providers: one file each, found by discovery."""
