"""What the templates of notifications read, from the execution's context and the tenant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from sluiceway.liquid import parse
from sluiceway.liquid.variables import NOTIFICATION_VARIABLES, notification_variables


@dataclass
class Names:
    name: str = "travel0"
    friendly_name: str = "Travel 0"
    support_email: str = "help@travel0.example"
    support_url: str = "https://travel0.example/help"
    default_locale: str = "en"


CONTEXT: Any = {
    "user": {"name": "Ana", "identities": [{"connection": "Users", "user_id": "1"}]},
    "client": {"client_id": "xpeg5", "name": "My App", "metadata": {"k": "v"}},
    "organization": {"id": "org_1", "display_name": "Acme"},
    "tenant": {"name": "acme-prod"},
    "transaction": {"state": "s1"},
    "custom_domain": {"domain": "login.acme.example"},
    "request_language": "fr-CA,fr;q=0.9",
}


def variables(context: Any = CONTEXT, **custom_vars: Any) -> Any:
    return notification_variables(context=context, tenant=Names(), custom_vars=custom_vars)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ user.name }}", "Ana"),
        ("{{ application.name }}/{{ application.clientID }}", "My App/xpeg5"),
        ("{{ client.client_id }}/{{ client.metadata.k }}", "xpeg5/v"),
        ("{{ organization.display_name }}", "Acme"),
        ("{{ tenant }}/{{ friendly_name }}", "acme-prod/Travel 0"),
        (
            "{{ support_email }}|{{ support_url }}",
            "help@travel0.example|https://travel0.example/help",
        ),
        ("{{ request_language }}|{{ locale }}", "fr-CA,fr;q=0.9|fr-CA"),
        ("{{ connection.name }}", "Users"),
        ("{{ custom_domain.domain }}", "login.acme.example"),
        ("{{ transaction.state }}", "s1"),
        ("{{ custom_vars.code }}", "012345"),
    ],
)
def test_auth0s_common_variables_are_there(template: str, text: str) -> None:
    assert parse(template).render(variables(code="012345")) == text


def test_every_variable_that_is_made_is_documented() -> None:
    full = {**CONTEXT, "connection": {"name": "Users"}, "locale": "es"}

    assert set(variables(full)) == set(NOTIFICATION_VARIABLES)


@pytest.mark.parametrize(
    ("context", "name", "value"),
    [
        ({}, "locale", "en"),
        ({}, "request_language", "en"),
        ({}, "tenant", "travel0"),
        ({}, "user", {}),
        ({}, "connection", {}),
        ({"locale": "pt-BR;q=1"}, "locale", "pt-BR"),
        ({"locale": "pt-BR"}, "request_language", "pt-BR"),
        ({"connection": {"name": "Own"}, **CONTEXT}, "connection", {"name": "Own"}),
        ({"user": {"identities": []}}, "connection", {}),
        ({"user": {"identities": ["odd"]}}, "connection", {}),
        ({"user": "odd", "client": None}, "client", {}),
        ({"tenant": "odd"}, "tenant", "travel0"),
    ],
)
def test_what_the_context_lacks_has_a_default(context: Any, name: str, value: Any) -> None:
    assert variables(context)[name] == value


@pytest.mark.parametrize("name", ["organization", "custom_domain", "transaction"])
def test_what_may_be_missing_is_left_out(name: str) -> None:
    assert name not in variables({})
    assert parse(f"[{{{{ {name}.x }}}}]").render(variables({})) == "[]"
