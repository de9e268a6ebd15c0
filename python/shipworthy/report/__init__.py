"""The page: the marts as one file that a leader can open.

`panels` is the list of what is shown, as data. Whatever shows a panel selects rows of marts and
computes nothing: a number on the page is a value in a mart.
"""
