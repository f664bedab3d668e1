"""Publishes readings into a store until it is killed; started by ``test_store_kills.py``.

Each line on stdin names a database. A child is forked for it, which saves the imports; its process id is written to
stdout, and ``ended`` when it is gone. The child appends each number to ``<database>.accepted`` after its commit.
"""

import os
import sys
import time
from pathlib import Path

from ocr_edge.config.settings import StoreSettings
from ocr_edge.reading import Reading
from ocr_edge.sinks.store import Store, database
from ocr_edge.system.health import Health


def publish(path: Path) -> None:
    database._WAL_BYTES = 60_000  # a kill should meet a checkpoint now and then
    store = Store(StoreSettings(commit_s=0.003, commit_readings=5), path, Health())
    log = os.open(f"{path}.accepted", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    number, said = store.last_number(), 0
    while True:
        number += 1
        store.publish(Reading("camera", (), time.time(), "meter", number=number, device="pi"))
        store.set_delivered("mqtt", number)
        if (accepted := store.accepted) > said:
            said = accepted
            os.write(log, f"{said}\n".encode())
        time.sleep(0.0005)


for line in sys.stdin:
    if (child := os.fork()) == 0:
        publish(Path(line.strip()))
    print(child, flush=True)
    os.waitpid(child, 0)
    print("ended", flush=True)
