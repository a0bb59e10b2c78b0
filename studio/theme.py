"""The studio's looks as a Gradio theme: warm paper, dark ink, one red. The storyboard's own styles are in ``assets/css``."""

from __future__ import annotations

import gradio as gr
from gradio.themes.utils import colors, fonts, sizes

INK = colors.Color(
    *("#fdfbf7", "#f7f2ea", "#ebe4d8", "#dcd3c4", "#b3a898", "#877d70", "#655d54", "#4a443f", "#322e2d", "#242124", "#1b191c"),
    name="ink",
)
BALLOON = colors.Color(
    *("#fdf3f0", "#fbe3dd", "#f6c9bf", "#eea596", "#e37d6a", "#d05c47", "#b8452f", "#993726", "#7a2e22", "#602820", "#34120d"),
    name="balloon",
)


def theme() -> gr.themes.Base:
    """All fonts come with Gradio or with the computer: nothing is fetched from elsewhere."""
    # Of the fonts that come with Gradio, few are whole: Lora, Source Sans 3 and all semi-bolds lack most letters.
    made = gr.themes.Base(
        primary_hue=BALLOON,
        secondary_hue=BALLOON,
        neutral_hue=INK,
        radius_size=sizes.radius_lg,
        text_size=sizes.text_md,
        font=(fonts.LocalFont("Source Sans Pro", weights=(400, 700)), "ui-sans-serif", "system-ui", "sans-serif"),
        font_mono=("ui-monospace", "SFMono-Regular", "Consolas", "monospace"),
    )
    return made.set(
        body_background_fill="#f8f4ec",
        body_background_fill_dark="#1b191c",
        body_text_color="#2b2833",
        body_text_color_dark="#ece6da",
        body_text_color_subdued="#655d54",
        body_text_color_subdued_dark="#b3a898",
        background_fill_primary="#fffdf9",
        background_fill_primary_dark="#242124",
        background_fill_secondary="#f3ede2",
        background_fill_secondary_dark="#201d20",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        block_border_width_dark="0px",
        block_shadow="none",
        block_shadow_dark="none",
        block_padding="0px",
        block_label_text_color="#655d54",
        block_label_text_color_dark="#b3a898",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        block_title_background_fill="transparent",
        block_title_background_fill_dark="transparent",
        block_title_text_color="#4a443f",
        block_title_text_color_dark="#dcd3c4",
        block_title_text_weight="600",
        border_color_primary="#ddd3c3",
        border_color_primary_dark="#3b363a",
        border_color_accent="#d05c47",
        input_background_fill="#fffdf9",
        input_background_fill_dark="#242124",
        input_border_color="#d5cab8",
        input_border_color_dark="#4a4448",
        input_border_width="1px",
        input_border_width_dark="1px",
        input_placeholder_color="#877d70",
        input_placeholder_color_dark="#8b8189",
        button_primary_background_fill="#b8452f",
        button_primary_background_fill_hover="#993726",
        button_primary_background_fill_dark="#b8452f",
        button_primary_background_fill_hover_dark="#d05c47",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="#ffffff",
        button_primary_border_color="#b8452f",
        button_secondary_background_fill="#fffdf9",
        button_secondary_background_fill_dark="#2d292c",
        button_secondary_border_color="#d5cab8",
        button_secondary_border_color_dark="#4a4448",
        button_large_radius="999px",
        button_medium_radius="999px",
        button_small_radius="999px",
        slider_color="#b8452f",
        slider_color_dark="#d05c47",
        checkbox_background_color_selected="#b8452f",
        checkbox_background_color_selected_dark="#d05c47",
        checkbox_border_color_selected="#b8452f",
        checkbox_label_background_fill="transparent",
        checkbox_label_background_fill_dark="transparent",
        link_text_color="#993726",
        link_text_color_dark="#eea596",
    )
