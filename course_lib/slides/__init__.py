"""Slides: parts of an executed chapter, set by nbconvert and reveal.js.

A chapter's paragraphs are too long for a slide, so its cells cannot be the slides.
``docs/slides/NN_stem.toml`` therefore names, slide by slide, the parts to show: an equation by its number, a
figure, a function, a sentence by its first words. The words, the formulas and the figures come from the
chapter alone; a choice that no longer finds its part is an error that names it.
"""
