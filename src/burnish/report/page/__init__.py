"""`report.html`: the report as one page that needs nothing but itself.

`page.py` puts it together from `Contents`. Python writes all words, tables and charts, in English and Chinese; `page.js` filters,
sorts and points. A section is a file in `sections/`, the card of a mistake a file in `cards/`.
"""
