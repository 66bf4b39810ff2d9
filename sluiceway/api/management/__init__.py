"""Routes of Auth0's Management API v2: one file a resource."""
