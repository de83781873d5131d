"""The course as one PDF: the executed chapters as one page of HTML, printed by a browser without a window."""
