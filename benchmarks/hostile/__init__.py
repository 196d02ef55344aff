"""Measure how the program handles run folders that were crafted to do harm.

    python -m benchmarks.hostile            all hostile runs, one line each
    python -m benchmarks.hostile --json X   the same as JSON

A separate process with limited memory and time handles each run: it shows the page, runs the
commands `runs list`, `show`, `export` and `keep`, and resumes the run. Another run in the same
outputs folder must not change.
"""
