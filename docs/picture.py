"""Draw the picture of the README: the diabetes coefficients under ridge and under lasso.

    python docs/picture.py

writes ``docs/picture.png``. Both panels minimise the objective of the course,
1/(2n) ||y - b - Xw||² plus lam/2 ||w||² (left) or lam ||w||_1 (right), on standardised features.
"""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge, lasso_path

# Okabe and Ito's colours, each with a line style of its own, for the five features that the picture follows.
LINES = {
    "s1": ("#0072B2", "-"),
    "s5": ("#D55E00", "--"),
    "bmi": ("#009E73", "-."),
    "s2": ("#CC79A7", (0, (5, 1, 1, 1, 1, 1))),
    "bp": ("#000000", ":"),
}
MEANING = {
    "s1": "total cholesterol (s1)",
    "s5": "log triglycerides (s5)",
    "bmi": "body mass index",
    "s2": "LDL cholesterol (s2)",
    "bp": "blood pressure",
}
ALT = (
    "Two line charts of the ten diabetes coefficients against the penalty strength lambda, which grows "
    "to the right on a logarithmic axis. Left, ridge: all coefficients shrink smoothly towards zero, "
    "some cross it, none stays there. Right, lasso: one coefficient after another becomes exactly zero, "
    "where a dot marks the place; log triglycerides and body mass index are the last two."
)


def coefficient_paths(n_lams=200):
    """Coefficients (10, n_lams) of ridge and lasso, with the grid of each and the feature names."""
    data = load_diabetes(scaled=False)
    X = (data.data - data.data.mean(axis=0)) / data.data.std(axis=0)
    y = data.target - data.target.mean()
    lam_max = np.abs(X.T @ y).max() / len(y)
    ridge_lams = np.geomspace(1e-3, 1e3, n_lams)
    lasso_lams = np.geomspace(1e-3 * lam_max, 1.5 * lam_max, n_lams)
    ridge = np.array([Ridge(alpha=len(y) * lam).fit(X, y).coef_ for lam in ridge_lams]).T
    lams, lasso, _ = lasso_path(X, y, alphas=lasso_lams, tol=1e-8, max_iter=100_000)
    return data.feature_names, (ridge_lams, ridge), (lams[::-1], lasso[:, ::-1])


def draw_panel(axes, names, lams, coefs, title, zeros):
    """One chart; where a followed coefficient becomes exactly zero for good stands a dot."""
    for name, coef in zip(names, coefs, strict=True):
        colour, style = LINES.get(name, ("#BBBBBB", "-"))
        end = np.flatnonzero(coef)[-1] + 2  # one point beyond the last that is not zero
        axes.plot(lams[:end], coef[:end], color=colour, linestyle=style, linewidth=2 if name in LINES else 1)
        if zeros:
            axes.plot(lams[end - 1], 0, "o", color=colour, markersize=6 if name in LINES else 4, zorder=3)
    axes.axhline(0, color="black", linewidth=0.8, zorder=0)
    axes.set(xscale="log", xlim=(lams[0], lams[-1]), xlabel="penalty strength λ")
    axes.set_title(title, loc="left", fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)


def draw():
    """The figure with both panels."""
    names, ridge, lasso = coefficient_paths()
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.9), sharey=True, layout="constrained")
    draw_panel(left, names, *ridge, "Ridge: all shrink, none stays at zero", zeros=False)
    draw_panel(right, names, *lasso, "Lasso: one after another is exactly zero", zeros=True)
    left.set_ylabel("coefficient")
    for name, (colour, style) in LINES.items():
        left.plot([], [], color=colour, linestyle=style, linewidth=2, label=MEANING[name])
    left.plot([], [], color="#BBBBBB", label="the other five")
    left.legend(frameon=False, fontsize=9, loc="lower right")
    return figure


if __name__ == "__main__":
    target = Path(__file__).with_suffix(".png")
    draw().savefig(target, dpi=144, metadata={"Description": ALT, "Software": None})
    print(f"wrote {target}; its alt text:\n{ALT}")
