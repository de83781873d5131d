"""The pocket card: which setting of each tool solves the base problem; as rows, text, or a page to print."""

from __future__ import annotations

import html

from course_lib.conventions.table import CONVENTIONS

__all__ = ["BASE", "page", "rows", "text"]

BASE = "D(w, b) + λ ( ρ ‖w‖₁ + (1 − ρ)/2 ‖w‖² ),  D = 1/(2n) ‖y − Xw − b‖² or the mean log-loss"
RULE = "a·D + c₁‖w‖₁ + c₂‖w‖² has the same minimiser for λρ = c₁/a and λ(1 − ρ) = 2c₂/a"


def rows() -> list[tuple[str, str, str, str]]:
    """Return (name, what it minimises, setting for λ and ρ, remarks) of every convention but the base."""
    return [
        (convention.name, convention.objective, convention.recipe, convention.remarks)
        for convention in CONVENTIONS.values()
        if convention.name != "base"
    ]


def text() -> str:
    """Return the card for a terminal."""
    lines = [f"Base objective: {BASE}", f"Rule: {RULE}", ""]
    for name, objective, recipe, remarks in rows():
        lines += [name, f"    minimises  {objective}", f"    set        {recipe}"]
        lines += [f"    mind       {remarks}"] * bool(remarks)
    return "\n".join(lines)


STYLE = """
body { font: 10pt/1.35 sans-serif; margin: 1.5em auto; max-width: 62em; color: #000; background: #fff; }
table { border-collapse: collapse; width: 100%; }
th, td { border: 1px solid #888; padding: .25em .5em; text-align: left; vertical-align: top; }
th { background: #eee; }
tr { break-inside: avoid; }
@page { size: A4 landscape; margin: 8mm; }
@media print {
  body { font-size: 7pt; line-height: 1.2; margin: 0; max-width: none; }
  h1 { font-size: 11pt; margin: 0; }
  p { margin: .4em 0; }
  th, td { padding: .1em .4em; }
}
"""


def page() -> str:
    """Return the card as an HTML page without scripts or outside resources; it prints on A4."""
    head = "".join(
        f'<th scope="col">{title}</th>' for title in ("tool", "minimises", "set, for λ and ρ", "mind")
    )
    body = "\n".join(
        f'<tr><th scope="row">{html.escape(name)}</th>'
        + "".join(f"<td>{html.escape(cell)}</td>" for cell in rest)
        + "</tr>"
        for name, *rest in rows()
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>One penalty, many spellings</title><style>{STYLE}</style></head>
<body>
<h1>One penalty, many spellings</h1>
<p>Base objective: {html.escape(BASE)}.<br>Rule: {html.escape(RULE)}.</p>
<table><thead><tr>{head}</tr></thead><tbody>
{body}
</tbody></table>
</body>
</html>
"""
