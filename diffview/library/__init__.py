"""The face for notebooks and scripts: files in, xarray out; `import diffview` has its functions.

`opened` gives fields and reads recipes, `datasets` turns content into xarray, `making` puts noise in and takes it out.
The command line opens and plans by the same functions.
"""
