"""Pictures of fields: colours, bars, rulers, lines over them, and the view that is moved by hand."""
