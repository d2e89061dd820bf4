"""A synthetic region that looks like a real one: 普宁市 (445281) with made-up units, people and devices, each labelled as such.

Everything is written through the same services and imports that people use; only the words and numbers are invented, by a seed.
"""
