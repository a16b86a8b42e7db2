"""What flows through medsift: provenance, pictures, records, limits, errors, taxonomy."""
