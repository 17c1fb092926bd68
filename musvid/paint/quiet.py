"""Diffusers and transformers, without the remarks that they make while they are imported and used.

They report, as warnings, what musvid does on purpose (no safety checker for abstract pictures, PIL
image processors), and what they do themselves. What goes wrong is an exception.
"""

from __future__ import annotations

import warnings


def import_quietly() -> None:
    """Import diffusers and transformers, and have them say nothing from then on."""
    import transformers

    transformers.utils.logging.set_verbosity_error()
    import diffusers

    diffusers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    diffusers.utils.logging.disable_progress_bar()

    warnings.filterwarnings("ignore", category=FutureWarning, module="diffusers")
    # An option of the hub's library that diffusers gives it, and that it knows no more.
    warnings.filterwarnings("ignore", message="The `local_dir_use_symlinks`")
    # Of several LoRAs, which are meant.
    warnings.filterwarnings("ignore", message="Already found a `peft_config`", module="peft")
