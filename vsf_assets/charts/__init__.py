"""Charts: Vega-Lite specs as JSON files, and what draws them in a browser.

Here: the specs and the colours that they share, filling a spec with rows, and the scripts: the bundle of Vega with its
licences and the small one that draws. Not here: the figures (portal/insights and reports/), and pages.
"""
