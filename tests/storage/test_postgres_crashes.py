"""A server that stops at any moment: nothing is lost, and its clients go on by themselves."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections import Counter
from threading import Thread

import pytest
from tests.conftest import trials
from tests.storage.test_processes import started
from tests.tutor.conftest import a_curriculum, a_model

from adaptlearn import Tutor


class Client:
    """A process that records one answer after the other, and what it says about them."""

    def __init__(self, address: str, name: str) -> None:
        self.process: subprocess.Popen[str] = started(address, name, 0)
        self.ids: list[str] = []
        self.statuses: Counter[str] = Counter()
        self.last = 0.0
        self._listener = Thread(target=self._listen)
        self._listener.start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.endswith("\n") and line != "ready\n":
                name, status = line.split()
                self.ids.append(name)
                self.statuses[status] += 1
                self.last = time.monotonic()

    def waits_for_answers_after(self, moment: float) -> float:
        """How many seconds after a moment the next answer was acknowledged."""
        while self.last <= moment:
            assert self.process.poll() is None, f"the client ended after {len(self.ids)} answers"
            assert time.monotonic() < moment + 60
            time.sleep(0.005)
        return self.last - moment

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self._listener.join()
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.mark.slow
@pytest.mark.trials
def test_a_server_that_crashes_loses_nothing(postgres, record_property):
    address, rng, waited = postgres.new(), random.Random(0), []
    Tutor.open(address, model=a_model(), curriculum=a_curriculum()).close()
    clients = [Client(address, name) for name in "abcd"]
    try:
        for client in clients:
            client.waits_for_answers_after(time.monotonic())
        for _ in range(trials(20)):
            time.sleep(rng.uniform(0, 0.5))
            postgres.stop()
            time.sleep(rng.choice([0.0, rng.uniform(0, 4)]))
            postgres.start()
            up = time.monotonic()
            waited.append(max(client.waits_for_answers_after(up) for client in clients))
    finally:
        for client in clients:
            client.kill()
    record_property("seconds", [round(one, 2) for one in waited])
    assert max(waited) < 5
    with Tutor.open(address, model=a_model(), curriculum=a_curriculum()) as tutor:
        students = tutor.store.students().students
        there = Counter(tutor.store.read(dict.fromkeys(students, 0)).id)
        assert set(there.values()) == {1}
        kept = Counter(name for client in clients for name in client.ids)
        assert set(kept.values()) == {1}
        assert kept.keys() <= there.keys()
        assert len(there) - len(kept) <= len(clients)  # written, and killed before it said so
        statuses = sum((client.statuses for client in clients), Counter())
        # Known: the server kept it and stopped before it said so; the client sent it again.
        assert statuses.keys() <= {"new", "known"}
        assert statuses["known"] <= len(clients) * trials(20)
        assert tutor.verify()
        record_property("acknowledged", dict(statuses))
