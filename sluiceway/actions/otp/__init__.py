"""The OTP family: one-time codes."""
