"""The one exception whose message is meant for the person at the keyboard."""


class UserError(Exception):
    """Bad input: the message says where, what was found, and what is allowed."""
