"""The client of a tenant's Management API: tokens, requests, waits."""
