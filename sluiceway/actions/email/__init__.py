"""The EMAIL family: checks of email addresses."""
