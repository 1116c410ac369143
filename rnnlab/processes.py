"""Which process wrote a run, and whether it still lives."""

import socket

import psutil


def identity() -> str:
    """Of this process, also after its number was given to another."""
    process = psutil.Process()
    return f"{socket.gethostname()} {process.pid} {process.create_time():.0f}"


def is_gone(identity: str) -> bool:
    """Whether the process ran on this machine and no longer does; of another machine nothing can be told."""
    host, pid, created = identity.rsplit(" ", 2)
    if host != socket.gethostname():
        return False
    try:
        process = psutil.Process(int(pid))
        moved = abs(process.create_time() - float(created))  # a little, where the clock was set meanwhile
        return moved > 2 or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
