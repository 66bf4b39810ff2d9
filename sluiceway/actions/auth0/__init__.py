"""The AUTH0 family: users, Management API requests, email, SMS and calls."""
