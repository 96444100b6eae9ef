#!/usr/bin/env python3
"""Draws the figures of `side_by_side.py --json FILE` as an SVG; needs matplotlib.

    python3 bench/side_by_side.py --json figures.json && python3 bench/plot.py figures.json docs/performance.svg
"""

import json
import statistics
import sys

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

plt.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "figures"})

OURS, THEIRS = "#0b6e4f", "#9aa5b1"


def bars(axes, found, title):
    """CPU per request: the median of the rounds, with minimum and maximum."""
    names = sorted(found, key=lambda name: statistics.median(r["cpu_us"] for r in found[name]))
    for place, name in enumerate(names):
        values = [result["cpu_us"] for result in found[name]]
        middle = statistics.median(values)
        spread = [[middle - min(values)], [max(values) - middle]]
        color = OURS if name == "switchboard" else THEIRS
        axes.barh(place, middle, color=color, xerr=spread, error_kw={"elinewidth": 0.8, "ecolor": "#333"})
        axes.text(max(values), place, f"  {middle:.0f}", va="center", fontsize=8)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.margins(x=0.15)
    axes.set_title(title, fontsize=9)
    axes.set_xlabel("µs of CPU for a request", fontsize=8)


def curves(axes, results, title):
    """CPU per request as one quantity grows."""
    every = [value[0] for points in results.values() for value in points.values()]
    for name, points in results.items():
        places = sorted(map(int, points))
        values = [points[str(place)][0] for place in places]
        axes.plot(places, values, marker="o", markersize=3, color=OURS if "switchboard" in name else THEIRS, label=name)
    axes.set_xscale("log")
    axes.set_xticks(places, [f"{place:,}" for place in places])
    axes.minorticks_off()
    if max(every) > 5 * min(every):
        axes.set_yscale("log")
        for formatter in (axes.yaxis.set_major_formatter, axes.yaxis.set_minor_formatter):
            formatter("{x:,.0f}")
        axes.tick_params(axis="y", which="minor", labelsize=6)
    else:
        axes.set_ylim(0, 1.15 * max(every))
    axes.set_title(title, fontsize=9)
    axes.set_ylabel("µs of CPU for a request", fontsize=8)
    axes.grid(True, linewidth=0.3)
    axes.legend(fontsize=7, frameon=False)


def main():
    figures = json.load(open(sys.argv[1]))
    plots = [(bars, f"cpu_{size}", f"An update of {size // 1024} KiB, 64 connections") for size in (2048, 65536)]
    plots += [(curves, f"growth_{what}", f"By {name}") for what, name in (
        ("bytes", "size of the update in bytes"), ("fields", "fields in the update"),
        ("connections", "connections"), ("assistants", "named assistants"),
    )]
    plots = [plot for plot in plots if plot[1] in figures]
    rows = -(-len(plots) // 2)
    figure, places = plt.subplots(rows, 2, figsize=(10, 3 * rows), squeeze=False)
    for axes in places.flat[len(plots):]:
        axes.remove()
    for axes, (draw, key, title) in zip(places.flat, plots):
        axes.tick_params(labelsize=8)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        draw(axes, figures[key], title)
    figure.tight_layout()
    figure.savefig(sys.argv[2], metadata={"Date": None})


if __name__ == "__main__":
    main()
