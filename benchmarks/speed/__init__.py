"""Speed and memory of nights and how they grow with a night's size; `make bench` prints all."""
