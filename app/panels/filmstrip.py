"""The filmstrip: original, partial and recalled images, and dreams."""

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

_IMAGES_PER_PICTURE = 10
_COLOURS = {"old": OLD, "new": NEW, "dreams": GREY}


def filmstrip(runs: ComparedRuns, cycle: int) -> None:
    """Draw the images after ``cycle`` of the main run."""
    with st.container(key="filmstrip", gap="small"):
        try:
            sections = "".join(_section(strip) for strip in strips(runs, cycle))
        except LogError as error:
            st.warning(text.sentence(f"the images cannot be shown: {error}"))
            return
        if not sections:
            st.caption(text.NO_IMAGES)
            return
        st.html(f'<div class="film">{sections}</div>')


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
        _picture(images[start : start + _IMAGES_PER_PICTURE], _alt(strip, row, start))
        for start in range(0, len(images), _IMAGES_PER_PICTURE)
    )
    return (
        f"<figure><figcaption>{html.escape(row.label)}</figcaption><div>{pictures}</div></figure>"
    )


def _picture(images: NDArray[np.uint8], alt: str) -> str:
    return f'<img decoding="sync" alt="{alt}" src="{image_strip.encode_row(images)}">'


def _alt(strip: FilmStrip, row: Row, start: int) -> str:
    continuation = f", from number {start + 1}" if start else ""
    return html.escape(printable(f"{strip.title}: {row.label}{continuation}"))
