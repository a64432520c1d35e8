"""The window. Qt and pyqtgraph are imported only below this folder."""
