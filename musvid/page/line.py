"""Events as they wait: heavy ones in queues of their own, and nobody before all others.

Gradio has one number for all events, after which even those are refused that only read a slider,
and serves who came first. Here each kind of work has its own rule, see `musvid.studio.fairness`.
"""

from __future__ import annotations

import asyncio
import ipaddress
import random
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import gradio as gr
from gradio import queueing, route_utils
from gradio.server_messages import ProcessCompletedMessage
from gradio.utils import error_payload

from ..studio.fairness import Rule, Ticket, Turns
from .guard import place_of, stops_of
from .html import hint
from .letters import Letters
from .presence import Presence

_ASIDE = 4  # events of a kind that may wait for downloads without counting; each takes a thread
_PAUSE = 0.01  # seconds between two looks at a queue in which nobody can be served


def rules(queue: int) -> dict[str, Rule]:
    """The rule of each kind of work, by its `concurrency_id`.

    queue: how much of a heavy kind may wait.
    """
    house = max(1, queue // 2)
    heavy = {"render": ("renders", 2), "paint": ("paintings", 6), "listen": ("searches", 6)}
    found = {
        name: Rule(what, running=1, own=own, house=house, total=queue)
        for name, (what, own) in heavy.items()
    }
    found["grid"] = Rule("grids", running=1, own=2, house=house, total=queue)
    found["files"] = Rule("zip files", running=1, own=2, house=house, total=queue)
    # Each asks for the next piece when it has the last one, or with other settings before that.
    found["play"] = Rule("players", running=2, own=3, house=2 * queue, total=4 * queue)
    # A change of the page sends a handful at once; so many are a mistake, or no page.
    found["light"] = Rule("questions", running=3, own=60, house=200, total=1000)
    # Of a song that has gone, they end as soon as those of the next one have begun.
    found["looks"] = Rule("looks", running=2, own=4, house=queue, total=5 * queue)
    # A change of the model, or of anything else while it is downloaded, begins one anew.
    found["fetch"] = Rule("downloads", running=3, own=20, house=2 * queue, total=5 * queue)
    found["back"] = Rule("looks", running=1, own=2, house=queue, total=5 * queue)
    found["timeline"] = Rule("questions", running=1, own=20, house=100, total=500)
    return found


def rendering(abreast: int) -> dict[str, Any]:
    """How renders wait. abreast: how many work at a time, see `Studio.abreast`."""
    return {"concurrency_limit": abreast, "concurrency_id": "render"}


class Line(queueing.Queue):
    """Gradio's queue with a rule for each kind of work.

    rules: by `concurrency_id`. presence: who is connected; a session of nobody is forgotten.
    more: as for Gradio's.
    """

    def __init__(self, rules: Mapping[str, Rule], presence: Presence, **more: Any) -> None:
        super().__init__(max_size=None, **more)
        self.rules, self.presence, self.turns = rules, presence, Turns()
        self.sleep_when_free = _PAUSE
        self._loop: asyncio.AbstractEventLoop | None = None
        self._aside: Counter[str] = Counter()
        self._counting = threading.Lock()
        self.pending_messages_per_session = Letters(
            self._busy, self._dropped, presence.streams.left
        )

    def _busy(self) -> set[str]:
        """The sessions for which something waits or runs."""
        queues = self.event_queue_per_concurrency_id.values()
        waiting = (event for one in queues for event in one.queue)
        return {event.session_hash for event in (*waiting, *self._active())}

    def _dropped(self, session: str) -> None:
        self.pending_event_ids_session.pop(session, None)

    def send_message(self, event: queueing.Event, event_message: Any) -> None:
        """Lays a message ready; nobody reads those of a session that has gone."""
        if event.session_hash in self.pending_messages_per_session:
            self.pending_messages_per_session.move_to_end(event.session_hash)
            super().send_message(event, event_message)

    async def push(self, body: Any, request: Any, username: str | None) -> Any:
        """Takes an event, or answers it with the reason why not."""
        if body.fn_index is not None:
            fn = route_utils.get_fn(self.blocks, None, body)
            event = queueing.Event(body.session_hash, fn, request, username)
            if reason := self._refusal(event):
                return await self._refuse(event, body, reason)
            self._loop = asyncio.get_running_loop()
            # The event itself is made by Gradio; a program without a session gets one there.
            self.presence.used(body.session_hash, fn.api_visibility == "private")
        return await super().push(body, request, username)

    def _refusal(self, event: queueing.Event) -> str | None:
        rule = self.rules.get(str(event.concurrency_id))
        queue = self.event_queue_per_concurrency_id.get(event.concurrency_id)
        if rule is None or queue is None:
            return None
        waiting = [ticket_of(each) for each in queue.queue]
        return rule.refusal(ticket_of(event), waiting, self._running(event.concurrency_id))

    async def _refuse(self, event: queueing.Event, body: Any, reason: str) -> Any:
        """Answers an event at once, in the way in which its client reads errors."""
        name = body.session_hash = event.session_hash
        async with self.pending_message_lock:
            if name not in self.pending_messages_per_session:
                self.pending_messages_per_session[name] = queueing.AsyncQueue()
            self.pending_event_ids_session.setdefault(name, set()).add(event._id)
        content = error_payload(gr.Error(reason, print_exception=False), True)
        title = str(content.get("title", "Error"))
        self.send_message(
            event, ProcessCompletedMessage(output=content, title=title, success=False)
        )
        return True, event._id, "success"

    @contextmanager
    def aside(self, concurrency_id: str) -> Iterator[None]:
        """A context in which an event that works waits for a download, and the next one of its kind
        may begin meanwhile."""
        with self._counting:
            self._aside[concurrency_id] += 1
        try:
            yield
        finally:
            with self._counting:
                self._aside[concurrency_id] -= 1

    async def clean_events(
        self, *, session_hash: str | None = None, event_id: str | None = None
    ) -> None:
        """Drops what a session has waiting and running, if it is gone, see `Streams`."""
        if session_hash is None or self.presence.streams.left(session_hash):
            await super().clean_events(session_hash=session_hash, event_id=event_id)

    def leave(self, session: str, concurrency_id: str) -> None:
        """Takes what a session has waiting out of the queue, unless something of it runs.

        Its events end as if they were done. It may be called from any thread.
        """
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._leave, session, concurrency_id)

    def _leave(self, session: str, concurrency_id: str) -> None:
        runs = any(
            event.session_hash == session and event.concurrency_id == concurrency_id
            for event in self._active()
        )
        queue = self.event_queue_per_concurrency_id.get(concurrency_id)
        if runs or queue is None:
            return
        for event in [each for each in queue.queue if each.session_hash == session]:
            queue.queue.remove(event)
            self.event_ids_to_events.pop(event._id, None)
            answer: dict[str, Any] = {
                "data": left(event.fn.outputs),
                "is_generating": False,
                "duration": 0.0,
                "average_duration": 0.0,
                "render_config": None,
                "changed_state_ids": [],
            }
            self.send_message(event, ProcessCompletedMessage(output=answer, success=True))
        self.broadcast_estimations(concurrency_id)

    def _running(self, concurrency_id: str) -> list[Ticket]:
        return [ticket_of(each) for each in self._active() if each.concurrency_id == concurrency_id]

    def _active(self) -> list[queueing.Event]:
        return [event for job in self.active_jobs if job for event in job]

    def get_events(self) -> Any:
        """The next event, with the id of its kind of work; None where nobody can be served."""
        names = list(self.event_queue_per_concurrency_id)
        random.shuffle(names)
        for name in names:
            queue = self.event_queue_per_concurrency_id[name]
            limit, aside = queue.concurrency_limit, min(self._aside[name], _ASIDE)
            if not queue.queue or (
                limit is not None and queue.current_concurrency - aside >= limit
            ):
                continue
            place: int | None = 0
            if rule := self.rules.get(name):
                waiting = [ticket_of(each) for each in queue.queue]
                place = self.turns.take(rule, waiting, self._running(name))
            if place is not None:
                return [queue.queue.pop(place)], False, name
        return None

    async def process_events(self, events: Any, *more: Any) -> None:
        """Works for an event; the session of a program that sent but one is forgotten then."""
        try:
            await super().process_events(events, *more)
        finally:
            for event in events:
                if not event.alive:  # or the session's next stream would wait for it for ever
                    self.pending_event_ids_session.get(event.session_hash, set()).discard(event._id)
                if event.session_hash == event._id and self.server_app is not None:
                    forget(self.server_app, event.session_hash)

    def compute_analytics_summary(self, _records: Any) -> Any:
        """Nothing: Gradio would sort up to ten thousand events after each one."""
        return self.cached_event_analytics_summary


def left(outputs: Sequence[Any]) -> list[Any]:
    """What an event that left the queue answers: everything stays, but for who can stop it."""
    place, stops = place_of(outputs), stops_of(outputs)
    same = {"__type__": "update"}
    said = {place: {**same, "value": hint("You left the queue; nothing was rendered.")}}
    ended = {stop: {**same, "interactive": False} for stop in stops}
    return [(said | ended).get(part, same) for part in outputs]


def ticket_of(event: queueing.Event) -> Ticket:
    """Whose work an event is."""
    known = getattr(event, "ticket", None)
    if known is None:
        known = Ticket(event.session_hash, house_of(event.request))
        event.ticket = known
    return known


def house_of(request: Any) -> str | None:
    """The address that a request comes from; None on this machine itself.

    Behind a proxy inside a network it is the last public one of those that the header
    X-Forwarded-For names; whoever is outside can only add to its beginning.
    """
    client: Any = getattr(request, "client", None)
    try:
        address = ipaddress.ip_address(client.host)
    except (AttributeError, ValueError):
        return None
    if address.is_global:
        return str(address)
    forwarded = getattr(request, "headers", {}).get("x-forwarded-for", "")[-1000:]
    for text in reversed(forwarded.split(",")):
        try:
            through = ipaddress.ip_address(text.strip())
        except ValueError:
            continue
        if through.is_global:
            return str(through)
    return None if address.is_loopback else str(address)


def forget(app: Any, session: str) -> None:
    """Has Gradio forget a session: it would keep the state of 10,000, at 0.3 MB each."""
    holder = app.state_holder
    with holder.lock:
        holder.session_data.pop(session, None)
        holder.time_last_used.pop(session, None)
