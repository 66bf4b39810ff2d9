"""The JSON family: objects to text and back."""
