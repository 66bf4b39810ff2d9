"""The XML family: objects to XML and back."""
