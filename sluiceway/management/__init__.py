"""The rules behind the Management API: users, flows, connections; no HTTP."""
