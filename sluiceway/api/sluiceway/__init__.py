"""Routes of Sluiceway's own API: one file a resource."""
