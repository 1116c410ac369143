"""Addresses as they may be shown."""

import re


def public(text: str) -> str:
    """Without the user names and passwords of the addresses in it."""
    return re.sub(r"(?<=://)[^/@\s]+@", "", text)
