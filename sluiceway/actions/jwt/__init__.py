"""The JWT family: signing, reading and checking JSON Web Tokens."""
