"""The WHATSAPP family: messages of a WhatsApp business account."""
