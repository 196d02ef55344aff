"""Hypothesis strategies for the content of damaged files."""

from hypothesis import strategies as st


@st.composite
def damaged_bytes(draw: st.DrawFn, content: bytes) -> bytes:
    """Draw ``content`` cut off, with a bit flipped, or with bytes inserted or removed."""
    start = draw(st.integers(0, len(content) - 1))
    kind = draw(st.sampled_from(["cut", "flip", "insert", "remove", "replace"]))
    if kind == "cut":
        return content[:start]
    if kind == "flip":
        return flipped(content, start, draw(st.integers(0, 7)))
    inserted, end = b"", start
    if kind != "remove":
        special = [b"NaN", b"1e999", b"null", b"\n", b"{}", b"{}\n", b"\n\n", b"\xff", b"\0" * 20]
        inserted = draw(st.binary(min_size=1, max_size=20) | st.sampled_from(special))
    if kind != "insert":
        end = draw(st.integers(start + 1, min(len(content), start + 40)))
    return content[:start] + inserted + content[end:]


def flipped(content: bytes, index: int, bit: int) -> bytes:
    """Flip one bit of a file.

    Parameters
    ----------
    content : bytes
        Content of the file.
    index : int
        Index of the byte.
    bit : int
        Number of the bit, from 0 (lowest) to 7.

    Returns
    -------
    bytes
        The changed content.
    """
    changed = bytearray(content)
    changed[index] ^= 1 << bit
    return bytes(changed)


@st.composite
def damaged_lines(draw: st.DrawFn, content: bytes) -> bytes:
    """Draw ``content`` with whole lines removed, duplicated, swapped or moved."""
    lines = content.splitlines(keepends=True)
    first, second = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    kind = draw(st.sampled_from(["remove", "duplicate", "swap", "move"]))
    if kind == "swap":
        lines[first], lines[second] = lines[second], lines[first]
    else:
        line = lines[first] if kind == "duplicate" else lines.pop(first)
        if kind != "remove":
            lines.insert(second, line)
    return b"".join(lines)


def damaged(content: bytes) -> st.SearchStrategy[bytes]:
    """Return a strategy for ``content`` with damaged bytes or lines."""
    return damaged_bytes(content) | damaged_lines(content)
