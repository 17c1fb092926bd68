"""Pictures for Gradio's components, encoded in a tenth of the time that these take."""

import tempfile
from hashlib import sha256
from pathlib import Path

import gradio as gr

from ..frame import Frame, encoded

_QUALITY = 92


def quick(frame: Frame, image: gr.Image) -> Path:
    """A frame for a component: a JPEG, whole in colour, in Gradio's folder.

    A picture of 720 pixels a side takes 3 ms so, and 55 as the WebP that Gradio makes, which was
    much of the time after which a change of the view is seen. A file that is there already is not
    written again, as Gradio's are: somebody may be reading it.
    """
    file = encoded(frame, _QUALITY, "JPEG", subsampling=0)
    path = Path(image.GRADIO_CACHE) / sha256(file).hexdigest() / "image.jpeg"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as part:
            part.write(file)
        Path(part.name).replace(path)
    return path
