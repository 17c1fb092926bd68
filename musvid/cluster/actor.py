"""A hand that is an actor of Ray: a worker in a process of its own, on any machine of a cluster.

Ray is imported by whoever makes one; the rest of musvid does without it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from ..errors import ClusterError
from ._identity import difference, versions
from .worker import Facts, Worker

_RESTARTS = 20  # of one actor, by Ray


def actor_class() -> Any:
    """The class of which Ray makes actors.

    Ray restarts one whose process or machine dies. What it was at is given to another one by the
    pool, which does not wait for it.
    """
    import ray

    return ray.remote(max_restarts=_RESTARTS, max_task_retries=0)(Worker)


class ActorHand:
    """A hand, see `musvid.cluster.pool.Hand`.

    made: makes the actor. device: the one that all workers have to be on, which the first one that
    is ready says.
    """

    def __init__(self, number: int, made: Callable[[], Any], device: Agreed) -> None:
        self.name = f"Worker {number}"
        self.worker = made()
        self._device = device

    def begin(self) -> Future[Any]:
        """See `Hand.begin`."""
        ready: Future[Any] = Future()

        def answered(asked: Future[Facts]) -> None:
            try:
                facts = asked.result()
                self._check(facts)
            except Exception as error:
                ready.set_exception(self._refused(error))
            else:
                ready.set_result(facts)

        # Ray asks again who it is where it has to restart it meanwhile.
        asked = self.worker.hello.options(max_task_retries=-1).remote()
        asked.future().add_done_callback(answered)
        return ready

    def reason(self, error: BaseException) -> BaseException | None:
        """See `Hand.reason`."""
        from ray.exceptions import RayError, RayTaskError

        if isinstance(error, RayTaskError):
            cause = error.cause
            return cause if isinstance(cause, BaseException) else error
        return None if isinstance(error, RayError) else error

    def end(self, *, again: bool) -> None:
        """See `Hand.end`."""
        import ray

        with suppress(Exception):  # it is gone already, or so is the cluster
            ray.kill(self.worker, no_restart=not again)

    def _check(self, facts: Facts) -> None:
        """Raises ClusterError where an actor does not paint the same pictures as the others."""
        if what := difference(versions(), facts.versions):
            raise ClusterError(
                f"A worker of the cluster ({facts.name}) has {what}; install the same there and "
                "here."
            )
        if facts.device != self._device.agree(facts.device):
            raise ClusterError(
                f"A worker of the cluster ({facts.name}) computes on the {facts.device} device, "
                "and others do not; name one with --device."
            )

    def _refused(self, error: BaseException) -> ClusterError:
        """Why a worker will never be ready."""
        if isinstance(error, ClusterError):
            return error
        text = " ".join(str(self.reason(error) or error).split())
        if "No module named 'musvid'" in text:
            return ClusterError(
                "The cluster's machines do not have musvid; install musvid[cluster] there, of the "
                "same version as here."
            )
        return ClusterError(f"A worker of the cluster could not start: {text[-300:]}.")


class Agreed:
    """What the first one says, and all others have to."""

    def __init__(self) -> None:
        self._lock, self._said = threading.Lock(), ""

    def agree(self, said: str) -> str:
        """What was said first."""
        with self._lock:
            self._said = self._said or said
            return self._said
