"""The MAILJET family: email through a Mailjet account."""
