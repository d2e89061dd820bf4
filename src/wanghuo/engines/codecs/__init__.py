"""Wire protocols of the field, one package each. Plain Python: bytes in, values out, and back."""
