"""The wire names of Auth0's API that Sluiceway accepts and shows, but does not run yet.

Source: the ``FlowAction*`` schemas of Auth0's OpenAPI and auth0-python 6.8.0; a name leaves this
table when its module lands.
"""

from __future__ import annotations

from typing import Final

__all__ = ["NOT_OFFERED"]

_TABLE: Final = """
ACTIVECAMPAIGN LIST_CONTACTS UPSERT_CONTACT
AIRTABLE CREATE_RECORD LIST_RECORDS UPDATE_RECORD
BIGQUERY INSERT_ROWS
CLEARBIT FIND_COMPANY FIND_PERSON
GOOGLE_SHEETS ADD_ROW
HUBSPOT ENROLL_CONTACT GET_CONTACT UPSERT_CONTACT
MAILCHIMP UPSERT_MEMBER
PIPEDRIVE ADD_DEAL ADD_ORGANIZATION ADD_PERSON
SALESFORCE CREATE_LEAD GET_LEAD SEARCH_LEADS UPDATE_LEAD
STRIPE ADD_TAX_ID CREATE_CUSTOMER CREATE_PORTAL_SESSION DELETE_TAX_ID FIND_CUSTOMERS
STRIPE GET_CUSTOMER UPDATE_CUSTOMER
"""

NOT_OFFERED: Final = frozenset(
    (words[0], action)
    for line in _TABLE.strip().splitlines()
    for words in [line.split()]
    for action in words[1:]
)
"""Pairs of type and action. An action that has its module is found before this is asked."""
