"""Run folders that somebody made to do harm, and what the program says of each.

    python -m benchmarks.hostile            all of them, a line each
    python -m benchmarks.hostile --json X   the same as JSON

Each runs in a process of its own with limited memory and time: the page, `runs list`, `show`,
`export`, `keep` and a resume. A neighbour in the same outputs folder must stay as it is.
"""
