"""The way out: one guarded HTTP client for every call a flow makes."""
