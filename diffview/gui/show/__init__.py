"""Words and curves that the window shows, without Qt."""
