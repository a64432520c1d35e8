"""Files out: fields, runs and ensembles as netCDF, numbers as columns; whole or not at all."""
