"""The recall filmstrip: fixed images, their parts, and what the network makes of these."""

import html

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app import text
from app.charts.style import GREY, NEW, OLD
from app.view_data import image_strip
from app.view_data.compared_runs import ComparedRuns
from app.view_data.filmstrip import DREAMS_SHOWN, FilmStrip, Row, strips
from core.support.errors import LogError
from core.support.text import printable

_IN_A_ROW = 10
_COLOURS = {"old": OLD, "new": NEW, "dreams": GREY}


def filmstrip(arms: ComparedRuns, cycle: int) -> None:
    """Draw the strips after ``cycle``."""
    with st.container(key="filmstrip", gap="small"):
        try:
            drawn = "".join(_section(strip) for strip in strips(arms, cycle))
        except LogError as error:
            st.warning(text.sentence(f"the pictures cannot be shown: {error}"))
            return
        if not drawn:
            st.caption(text.NO_PICTURES)
            return
        st.html(f'<div class="film">{drawn}</div>')


def _section(strip: FilmStrip) -> str:
    rows = "".join(_figure(strip, row) for row in strip.rows)
    title = html.escape(printable(strip.title))
    style = f"border-color:{_COLOURS[strip.kind]}"
    return f'<section class="{strip.kind}" style="{style}"><h4>{title}</h4>{rows}</section>'


def _figure(strip: FilmStrip, row: Row) -> str:
    images = image_strip.load_images(row.array)
    if row.index is not None:
        images = images[row.index]
    images = images[:DREAMS_SHOWN]
    pictures = "".join(
        _picture(images[start : start + _IN_A_ROW], _alt(strip, row, start))
        for start in range(0, len(images), _IN_A_ROW)
    )
    return (
        f"<figure><figcaption>{html.escape(row.label)}</figcaption><div>{pictures}</div></figure>"
    )


def _picture(images: NDArray[np.uint8], alt: str) -> str:
    return f'<img decoding="sync" alt="{alt}" src="{image_strip.encode_row(images)}">'


def _alt(strip: FilmStrip, row: Row, start: int) -> str:
    more = f", from number {start + 1} on" if start else ""
    return html.escape(printable(f"{strip.title}: {row.label}{more}"))
