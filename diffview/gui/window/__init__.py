"""The window as a whole: its docks, layouts and dialogs, opening and sharing, the hands on the film and the gaps."""
