"""The HTTP face: Auth0's wire under /api/v2 and our own under /sluiceway/v1."""
