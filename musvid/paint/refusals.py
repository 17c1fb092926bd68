"""Why a model cannot be had: one sentence for whatever the hub's library raised."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .._device import is_out_of_memory
from ..errors import ModelError, MusvidError

_BUSY = 429  # the status of an answer: too many questions
_BROKEN = 500  # and above: something is wrong with the hub itself
_AWAY = ("TransportError", "ConnectionError", "LocalEntryNotFoundError")


def detail(error: BaseException, most: int = 300) -> str:
    """What an error says, in one line of so many letters at most."""
    return " ".join(str(error).split())[:most]


@contextmanager
def told_by(sentence: Callable[[str], str]) -> Iterator[None]:
    """A context in which whatever the libraries raise becomes a ModelError, and what musvid itself
    raises, and that the memory ran out, stays.

    sentence: of what the error says.
    """
    try:
        yield
    except MusvidError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise
        raise ModelError(sentence(detail(error, 200))) from error


def explained(error: BaseException, name: str, *, what: str = "") -> ModelError | None:
    """One sentence for an error while something was downloaded; None where it is of another kind.

    name: the hub id. what: what was to be downloaded for it, where that is not the model itself.
    """
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    chain = list(_chain(error))
    if any(isinstance(link, GatedRepoError) for link in chain):
        return ModelError(
            f"{name} asks for consent to its licence; accept it on its page at huggingface.co and "
            "log in with 'hf auth login'."
        )
    if any(isinstance(link, RepositoryNotFoundError) for link in chain):
        return ModelError(f"There is no model {name} on the Hugging Face Hub; check its name.")
    codes = {getattr(link, "errno", None) for link in chain if isinstance(link, OSError)}
    if codes & {errno.ENOSPC, errno.EDQUOT}:
        return ModelError(
            f"The disk is full, so that {name} cannot be kept; free some space, or name another "
            "folder with HF_HOME, and it goes on where it was."
        )
    if codes & {errno.EACCES, errno.EROFS, errno.EPERM}:
        return ModelError(
            f"{name} cannot be kept, because the folder for downloaded models cannot be written; "
            "name another one with HF_HOME."
        )
    if _forbidden(chain):
        return ModelError(
            f"{what}{name} is not on this machine, and HF_HUB_OFFLINE forbids to download it; "
            "unset that for its first use, or paint with the model sketch, which needs no download."
        )
    if any(status == _BUSY or status >= _BROKEN for status in map(_status, chain)):
        return ModelError(
            f"{what}{name} cannot be downloaded, because the Hugging Face Hub is busy or out of "
            "order; try again later, or paint with the model sketch, which needs no download."
        )
    if any(_is_away(link) for link in chain):
        return ModelError(
            f"{what}{name} cannot be downloaded, because the Hugging Face Hub cannot be reached; "
            "connect to the internet for its first use, or paint with the model sketch, which "
            "needs no download."
        )
    return None


def transient(error: BaseException) -> bool:
    """Whether what was asked of the hub may succeed a moment later."""
    chain = list(_chain(error))
    if _forbidden(chain):
        return False
    return any(
        _is_away(link) or _status(link) == _BUSY or _status(link) >= _BROKEN for link in chain
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error, and what it came from."""
    seen: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in seen:
        seen.append(cause)
        yield cause
        cause = cause.__cause__ or cause.__context__


def _forbidden(chain: list[BaseException]) -> bool:
    """Whether it was the user's own wish that nothing is downloaded.

    The hub's library says the same where musvid itself asks only for what is here.
    """
    from huggingface_hub import constants

    kinds = {base.__name__ for link in chain for base in type(link).__mro__}
    return bool(constants.HF_HUB_OFFLINE) and bool(
        kinds & {"OfflineModeIsEnabled", "LocalEntryNotFoundError"}
    )


def _is_away(error: BaseException) -> bool:
    # By name: the hub's library has changed the one that it asks with, and may do so again.
    return any(base.__name__ in (*_AWAY, "OfflineModeIsEnabled") for base in type(error).__mro__)


def _status(error: BaseException) -> int:
    """The status of the hub's answer that an error tells of; 0 where it tells of none."""
    status = getattr(getattr(error, "response", None), "status_code", 0)
    return status if isinstance(status, int) else 0
