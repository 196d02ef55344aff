"""One module a page, each with a function that draws it."""
