"""The ways to split, one file each; the entry-point group ``taskplan.strategies`` names them."""
