"""Where the behaviour of the JSON family is described."""

from __future__ import annotations

from typing import Final

__all__ = ["SOURCE"]

SOURCE: Final = "https://auth0.com/docs/customize/forms/flows/integrations/json"
