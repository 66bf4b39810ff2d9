"""The TELEGRAM family: messages of a Telegram bot."""
