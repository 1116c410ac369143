"""The one exception whose message is meant for the person at the keyboard, and what no message may show."""

import re


class UserError(Exception):
    """Bad input: the message says where, what was found, and what is allowed."""


def public(text: str) -> str:
    """Without the user names and passwords of the addresses in it; some drivers take an @ or a / in a password."""
    return re.sub(r"(?<=://)\S*@", "", text)
