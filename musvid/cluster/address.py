"""Which cluster is meant, and a connection to it."""

from __future__ import annotations

import logging
import os
import re
import socket
from importlib.util import find_spec
from typing import Any

from .. import _device, _ffmpeg
from ..errors import ClusterError, SettingsError, quoted

AUTO = "auto"
ADDRESS = "RAY_ADDRESS"
"""The environment variable that names a cluster, as Ray's own tools read it."""

_PLACE = re.compile(r"(?:ray://)?(?P<host>[^:/\s]+|\[[0-9a-fA-F:]+\]):(?P<port>[0-9]{1,5})")
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_HEAD, _CLIENT = "/ray.rpc.NodeInfoGcsService/CheckAlive", "/ray.rpc.RayletDriver/ClusterInfo"
"""Questions of Ray's protocol for who is there, at a head's port and at its client's."""
_WAIT = 10.0  # seconds in which a cluster's machine must answer
_TRIES = 4  # of joining through Ray's client
_SHARED = 1_000_000_000  # bytes of memory that the processes of a local cluster share


def parse(text: str) -> str:
    """The address of a cluster: "auto", "HOST:PORT" or "ray://HOST:PORT".

    Raises SettingsError for anything else.
    """
    text = text.strip()
    found = _PLACE.fullmatch(text)
    if text != AUTO and not (found and 0 < int(found["port"]) < 65536):
        raise SettingsError(
            f"{quoted(text)} is no cluster; write auto, or the address of its head as "
            "ray://HOST:10001 or HOST:6379."
        )
    return text


def join(text: str) -> bool:
    """Connect this process to a cluster; whether it was not connected before.

    text: see `parse`. "auto" is what `ADDRESS` names, or else a cluster of this machine alone,
    which is started, and ends with this process.

    Raises ClusterError where it cannot be reached, or has other versions.
    """
    text = parse(text)
    if find_spec("ray") is None:
        raise ClusterError(
            'Rendering on a cluster needs Ray; install it with: pip install "musvid[cluster]".'
        )
    # Nothing about a render leaves its machines; and where there is no card, Ray shall not hide it.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    if text == AUTO and os.environ.get(ADDRESS):
        text = parse(os.environ[ADDRESS])
    if text == AUTO or _PLACE.fullmatch(text)["host"] in _LOOPBACK:  # type: ignore[index]
        # Or Ray takes this machine's address in the network for it, which others reach.
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    if text != AUTO:
        _check_there(text)
        _show_token(text)
    # Looking for it starts it, which may fail while Ray's client changes the environment.
    _ffmpeg.executable()
    import ray  # which reads all of these as it is imported

    if ray.is_initialized():
        return False
    logging.getLogger("ray").setLevel(logging.ERROR)  # what matters is said here
    quiet: dict[str, Any] = {"log_to_driver": False, "configure_logging": False}
    try:
        if text == AUTO:
            ray.init(
                "local",
                num_cpus=_device.cores(),
                include_dashboard=False,
                object_store_memory=_SHARED,
                **quiet,
            )
        else:
            _join_there(text, quiet)
    except ClusterError:
        raise
    except Exception as error:
        raise _unreachable(text, error) from None
    return True


def leave() -> None:
    """End the connection, and the cluster if this process has started it."""
    import ray

    ray.shutdown()


def _show_token(text: str) -> None:
    """Have Ray show this account's token to a cluster that asks for one.

    Only there: with a token, Ray cannot work with a cluster that has none.
    """
    if "RAY_AUTH_MODE" in os.environ or not find_spec("grpc"):
        return
    import grpc  # type: ignore[import-untyped]

    asks = _CLIENT if text.startswith("ray://") else _HEAD
    with grpc.insecure_channel(text.removeprefix("ray://")) as channel:
        try:
            channel.unary_unary(asks)(b"", timeout=_WAIT)
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.UNAUTHENTICATED:
                os.environ["RAY_AUTH_MODE"] = "token"


def _join_there(text: str, options: dict[str, Any]) -> None:
    """Join a cluster that answers, by Ray's client from elsewhere."""
    import ray

    for tried in range(1, _TRIES + 1):
        try:
            ray.init(text, **options)
            return
        except ConnectionAbortedError:
            # Ray's server starts a process for each client, and one in ten of them dies at once
            # (github.com/ray-project/ray/issues/63202).
            if tried == _TRIES:
                raise


def _check_there(text: str) -> None:
    """Raises ClusterError where nobody answers, which Ray would wait for a long time for."""
    found = _PLACE.fullmatch(text)
    assert found
    try:
        with socket.create_connection((found["host"].strip("[]"), int(found["port"])), _WAIT):
            pass
    except OSError as error:
        why = error.strerror or str(error) or type(error).__name__
        raise ClusterError(
            f"The cluster {text} does not answer ({why}); see whether it is up, and whether this "
            "machine may connect to it."
        ) from None


def _unreachable(text: str, error: Exception) -> ClusterError:
    said = " ".join(str(error).split())
    if "ersion mismatch" in said or ("versions" in said.lower() and "python" in said.lower()):
        return ClusterError(
            f"The cluster {text} runs another version of Ray or Python ({said[:200]}); install the "
            "same here and there."
        )
    what = (
        "A cluster cannot be started on this machine"
        if text == AUTO
        else (f"The cluster {text} cannot be joined")
    )
    return ClusterError(f"{what}: {said[:200] or type(error).__name__}.")
