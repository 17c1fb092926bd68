"""The option of the command line and of the page that names a cluster."""

from __future__ import annotations

import argparse

from ..errors import SettingsError
from . import address


def add_option(parser: argparse._ActionsContainer) -> None:
    """Give a parser the option --cluster: None, or an address as `address.parse` takes it."""
    parser.add_argument(
        "--cluster",
        type=_address,
        metavar="ADDRESS",
        default=None,
        help="paint on many machines with Ray (musvid[cluster]): ray://HOST:10001 or HOST:6379, or "
        "auto for what $RAY_ADDRESS names, else for every core or graphics card of this machine",
    )


def _address(text: str) -> str:
    try:
        return address.parse(text)
    except SettingsError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
