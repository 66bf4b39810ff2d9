"""The TWILIO family: text messages and calls through a Twilio account."""
