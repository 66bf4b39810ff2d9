"""What the user actions share: the paths of the Management API, and its answer as an outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from sluiceway.actions.base import StepOutcome
from sluiceway.errors import InvalidActionParams
from sluiceway.tenants.pathname import check_pathname

if TYPE_CHECKING:
    from sluiceway.tenants.base import TenantResponse

__all__ = ["SOURCE", "USERS_PATH", "outcome_of", "user_path"]

SOURCE: Final = "https://auth0.com/docs/customize/forms/flows/integrations/auth0"
USERS_PATH: Final = "/api/v2/users"


def user_path(user_id: str) -> str:
    """Return the path of one user; every character of the id that needs it is percent-encoded.

    Raises:
        InvalidActionParams: the id would lead to another path (``..``), or holds line breaks.
    """
    try:
        return check_pathname(f"{USERS_PATH}/{quote(user_id, safe='')}")
    except InvalidActionParams:
        raise InvalidActionParams(
            "expected the id of a user, found a text that leads to another path",
            at="/user_id",
            hint="Give it as Auth0 shows it, like auth0|5f7c8ec7c33c6c004bbafe82.",
        ) from None


def outcome_of(response: TenantResponse) -> StepOutcome:
    """Return the answer as the step's output, whatever its status."""
    return StepOutcome(output=response.as_output(), status_code=response.status)
