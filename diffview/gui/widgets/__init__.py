"""Small widgets that know neither session nor recipe: values in, signals out."""
