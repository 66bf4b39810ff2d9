"""The SENDGRID family: email through a SendGrid account."""
