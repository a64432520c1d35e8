"""Work in the background: one generic job, and what is computed for the window without holding it up."""
