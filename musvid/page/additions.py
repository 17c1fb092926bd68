"""The panel of what is added to a large model: LoRAs, ControlNets, another scheduler."""

import gradio as gr

from ..paint.control import KINDS
from .board import ADDED_FOLLOWERS, Board
from .html import hint
from .values import PLANS


class AdditionsPanel:
    """What is added to a Stable Diffusion model, where any model may be used."""

    def layout(self, board: Board) -> None:
        """Adds the components."""
        with gr.Accordion(
            "Additions",
            open=False,
            visible=board.limits.any_model,
            elem_classes="part",
            elem_id="additions",
        ):
            gr.HTML(hint("What is added to a Stable Diffusion model."), padding=False)
            board.control(
                "style.lora",
                gr.Textbox(
                    "",
                    label="LoRA",
                    info='a file, folder or hub id, "neon.safetensors:0.8", or '
                    '"neon.safetensors:0.2 by onsets:0.6" to follow the music; several with | '
                    "between them",
                    max_lines=1,
                    elem_id="lora",
                ),
            )
            board.control(
                "style.embedding",
                gr.Textbox(
                    "",
                    label="Textual inversion",
                    info="a file, folder or hub id, whose name is then a word of the prompt; "
                    "several with | between them",
                    max_lines=1,
                    elem_id="embedding",
                ),
            )
            board.control(
                "style.control",
                gr.Textbox(
                    "",
                    label="ControlNet",
                    info='what of the spectrum a painting keeps to, "edges:0.8"; several with | '
                    "between them",
                    max_lines=1,
                    elem_id="control",
                ),
            )
            gr.HTML(hint(f"Kinds: {', '.join(KINDS)}."), padding=False)
            with gr.Row(equal_height=True):
                board.slider("style.control_scale", "Control scale", min_width=120)
                board.control(
                    "style.scheduler",
                    gr.Dropdown(PLANS, value=PLANS[0], label="Scheduler", min_width=120),
                )
            for name, label in ADDED_FOLLOWERS.items():
                board.follower(name, label)

    def wire(self, board: Board) -> None:
        """Says what happens when: nothing but what any change does."""
