"""One file a vendor, named as `shipworthy load` spells it."""
