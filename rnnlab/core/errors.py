"""The exception whose message is meant for the user, and what must not appear in any message."""

import re


class UserError(Exception):
    """Bad input: the message says where, what was found, and what is allowed."""


def redact_credentials(text: str) -> str:
    """Remove user names and passwords from the addresses in a text; some drivers accept an @ or a / in a password."""
    return re.sub(r"(?<=://)\S*@", "", text)
