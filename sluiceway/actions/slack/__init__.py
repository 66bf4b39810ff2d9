"""The SLACK family: messages to a Slack channel."""
