"""One module for each command: `add(parser)` declares its options and what is done with them."""
