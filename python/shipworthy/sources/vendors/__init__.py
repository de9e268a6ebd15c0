"""One file or package a vendor, named as `shipworthy load` spells it."""
