"""Where the behaviour of the FLOW family is described."""

from __future__ import annotations

from typing import Final

__all__ = ["API_SOURCE", "LOGIC_SOURCE"]

LOGIC_SOURCE: Final = "https://auth0.com/docs/customize/forms/flows/integrations/logic"
API_SOURCE: Final = "https://auth0.com/docs/api/management/v2/flows/post-flows"
