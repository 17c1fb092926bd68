"""A cluster at work: its workers, and models that paint on them."""

from __future__ import annotations

import uuid
from collections import Counter
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from .. import _device
from ..errors import ClusterError
from ..paint import models
from ..paint.style import Style
from ..store import Store
from . import address
from .actor import ActorHand, Agreed, actor_class
from .painter import ClusterPainter
from .pool import Pool
from .worker import Loaded

_MOST = 2000  # workers


class Cluster:
    """The workers of a cluster: one for every graphics card, or for every core where there is none.

    where: "auto" for a cluster of this machine, or for the one that the environment variable
        RAY_ADDRESS names; or the address of a cluster's head, see `musvid.cluster.address.parse`.
    device, precision, fast: as for `musvid.render`, of the workers.
    store: of finished frames. Workers that see its folder, on this machine or on a shared disk, put
        their paintings there as soon as they are painted; what others paint is put there when it
        comes.

    It is left by `close`, or at the end of a `with`. Raises SettingsError and ClusterError.
    """

    def __init__(
        self,
        where: str = address.AUTO,
        *,
        device: str = "auto",
        precision: str = "auto",
        fast: str = "auto",
        store: Store | None = None,
    ) -> None:
        self._own = address.join(where)
        self._precision, self._store = precision, store
        self._token: Path | None = None
        try:
            self._pool = Pool(self._hands(device, fast))
        except BaseException:
            self._leave()
            raise

    def __enter__(self) -> Cluster:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self._pool)

    @property
    def states(self) -> Counter[str]:
        """How many workers do what, see `Pool.states`."""
        return self._pool.states

    def painter(self, style: Style) -> ClusterPainter:
        """The model of a style, loaded by the first worker that is ready; the others load it before
        they paint. Raises what `musvid.Painter` raises, and ClusterError."""
        loads = [lambda worker: worker.load.remote(style, self._precision).future()]
        (loaded,) = self._pool.map(loads)
        # Processors differ in what is fastest; all of them shall compute alike.
        precision = loaded.precision if loaded.device == "cpu" else self._precision
        model = models.find(style.model)
        if models.downloaded(model, style.tiny_autoencoder, style.additions):
            # As a render on this machine calls it: paths and times of files differ elsewhere.
            found = models.fingerprint(model, style.tiny_autoencoder, style.additions)
            loaded = Loaded(found, loaded.device, loaded.precision)
        return ClusterPainter(self._pool, loaded, precision, self._store)

    def close(self) -> None:
        """Send the workers away, and end a cluster that was started for this."""
        self._pool.close()
        self._leave()

    def _leave(self) -> None:
        if self._token:
            self._token.unlink(missing_ok=True)
        if self._own:
            address.leave()

    def _hands(self, device: str, fast: str) -> list[ActorHand]:
        import ray

        here: dict[str, Any] = ray.cluster_resources()
        cpus, cards = int(here.get("CPU", 0)), int(here.get("GPU", 0))
        on_cards = cards if device in ("auto", "cuda") else 0
        count = min(_MOST, on_cards or (1 if self._on_mac(device) else cpus))
        if not count:
            raise ClusterError(
                "The cluster has no processor or graphics card to give; see `ray status` there."
            )
        folder, token = self._sign()
        cores = max(1, cpus // count) if on_cards or count == 1 else 1
        needs = {"num_cpus": 1 if cpus >= count else 0, "num_gpus": 1 if on_cards else 0}
        options = {**needs, "scheduling_strategy": "SPREAD"}
        kind = actor_class().options(**options)
        wanted = "cuda" if on_cards else device
        made = partial(kind.remote, cores, wanted, fast, folder, token)
        agreed = Agreed()
        return [ActorHand(number, made, agreed) for number in range(1, count + 1)]

    @staticmethod
    def _on_mac(device: str) -> bool:
        """Whether this machine is a Mac whose GPU paints: it is one, and Ray does not know it."""
        return device in ("auto", "mps") and _device.pick_device() == "mps"

    def _sign(self) -> tuple[str, str]:
        """The folder of the store, and the name of a file in it by which workers know it."""
        if self._store is None:
            return "", ""
        folder = self._store.folder.absolute()
        self._token = folder / f"cluster-{uuid.uuid4().hex}"
        try:
            self._token.touch()
        except OSError:  # what cannot be written is told by the store
            self._token = None
            return "", ""
        return str(folder), self._token.name
