"""Cards, tables, icons, messages, and the parts that forms are made of."""
