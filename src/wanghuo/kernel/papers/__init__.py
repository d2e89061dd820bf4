"""Official papers and letters from templates: numbered, approved, sealed, served with receipt, verified by anyone."""
