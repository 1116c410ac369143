"""Which process wrote a run, and whether it still lives; processes that end with the one that started them."""

import os
import re
import signal
import socket
import time
from threading import Thread

import psutil

SHELLS = {"sh", "bash", "dash", "zsh"}


def identity(process: psutil.Process | None = None) -> str:
    """Of this process or another, also after its number was given to a third."""
    process = process or psutil.Process()
    return f"{socket.gethostname()} {process.pid} {process.create_time():.0f}"


def caller() -> psutil.Process | None:
    """What started this process; shells between are passed over."""
    parent = psutil.Process().parent()
    while parent and parent.name() in SHELLS:
        parent = parent.parent()
    return parent


def is_gone(identity: str) -> bool:
    """Whether the process ran on this machine and no longer does; of another machine, or of what is no identity, false:
    nothing can be told."""
    host, _, numbers = identity.partition(" ")
    if host != socket.gethostname() or not re.fullmatch(r"\d{1,9} \d{1,12}", numbers):
        return False
    pid, created = numbers.split()
    try:
        process = psutil.Process(int(pid))
        moved = abs(process.create_time() - float(created))  # a little, where the clock was set meanwhile
        return moved > 2 or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def end_with(other: psutil.Process) -> None:
    """End this process as SIGTERM does when another is gone: killed outright that one can't say so."""
    lived = identity(other)

    def wait() -> None:
        while not is_gone(lived):
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)

    Thread(target=wait, daemon=True).start()
