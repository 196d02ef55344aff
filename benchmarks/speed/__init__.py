"""How fast nights are slept, how much they take, and how that grows; `make bench` prints it all."""
