"""Tables of accountability."""
