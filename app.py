"""The page: ``python app.py``. It is built in musvid/page and started by its launch.py."""

import os

# Nothing about a visit leaves the machine.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch: see musvid._device

try:
    import spaces  # a Space with ZeroGPU wants to see it before torch
except ImportError:
    spaces = None

try:
    from musvid.page.launch import build_parser, is_public, main
except KeyboardInterrupt:  # it takes seconds
    raise SystemExit(130) from None

__all__ = ["build_parser", "is_public", "main"]

if __name__ == "__main__":
    main()
