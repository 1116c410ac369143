"""Which process wrote a run, and whether it still lives; processes that end with the one that started them."""

import os
import signal
import socket
import time
from threading import Thread

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


def end_with(parent: int) -> None:
    """End this process as SIGTERM does when its parent, of this number, is gone: killed outright it can't say so."""

    def wait() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)

    Thread(target=wait, daemon=True).start()
