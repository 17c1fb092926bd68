"""The page's theme; the style sheets of ``static/`` add to it."""

import gradio as gr

HEADER = """
<header><div><h1>musvid</h1><p>A song goes in, a music video comes out.</p></div></header>
"""

THEME = gr.themes.Base(
    primary_hue=gr.themes.colors.violet,
    secondary_hue=gr.themes.colors.pink,
    neutral_hue=gr.themes.colors.slate,
    radius_size=gr.themes.sizes.radius_lg,
    font=["ui-sans-serif", "system-ui", "sans-serif"],
    font_mono=["ui-monospace", "Consolas", "monospace"],
).set(
    body_background_fill="*neutral_100",
    body_text_color_subdued="*neutral_600",
    body_text_color_subdued_dark="*neutral_300",
    link_text_color="*primary_700",
    link_text_color_dark="*primary_300",
    link_text_color_hover="*primary_800",
    link_text_color_hover_dark="*primary_200",
    block_info_text_color="*neutral_600",
    block_info_text_color_dark="*neutral_300",
    body_background_fill_dark="#0d0b16",
    block_background_fill="white",
    block_background_fill_dark="#171425",
    block_border_width="0px",
    block_border_width_dark="0px",
    block_shadow="none",
    panel_background_fill_dark="#171425",
    input_background_fill="*neutral_50",
    input_background_fill_dark="#221d36",
    border_color_primary_dark="#322b4d",
    button_primary_background_fill="linear-gradient(100deg, #7c3aed, #db2777)",
    button_primary_background_fill_dark="linear-gradient(100deg, #7c3aed, #db2777)",
    button_primary_background_fill_hover="linear-gradient(100deg, #8b5cf6, #ec4899)",
    button_primary_background_fill_hover_dark="linear-gradient(100deg, #8b5cf6, #ec4899)",
    button_primary_text_color="white",
    button_secondary_background_fill_dark="#322b4d",
    button_secondary_background_fill_hover_dark="#413863",
    block_label_background_fill_dark="#221d36",
    block_label_border_color_dark="#322b4d",
    table_even_background_fill_dark="#221d36",
    table_odd_background_fill_dark="#221d36",
    checkbox_background_color_dark="#0d0b16",
    slider_color="#8b5cf6",
    slider_color_dark="#8b5cf6",
)
