#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""make bench-docs: draw docs/costs.svg from what `make bench-costs` measured last (build/bench/costs.json): a bar a row,
our instructions over Xen's; the line is Xen."""
import json
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TITLES = {"dom0": "control domain", "guest": "guest", "hypercalls of the control domain": "hypercalls, control domain",
	"hypercalls of the guest": "hypercalls, guest"}
ROW, COLUMN, LABEL, SCALE, TOP = 15, 430, 150, 200, 46
THICK = ROW - 4
LESS, MORE = "#3b7a57", "#b5543a"


def text(x, y, words, extra=""):
	"""One line of text."""
	return f'<text x="{x}" y="{y}" {extra}>{words}</text>'


def part(title, ratios, x, y):
	"""A heading and its bars; the lines and the y below them."""
	out, y = [text(x, y, title, 'font-weight="bold"')], y + 8
	top = y
	for name, ratio in ratios.items():
		width = min(ratio, 1.3) * SCALE
		out += [text(x + LABEL - 6, y + 11, name.removeprefix("hc_").replace("_", " "), 'text-anchor="end"'),
			f'<rect x="{x + LABEL}" y="{y + 2}" width="{width:.1f}" height="{THICK}" fill="{LESS if ratio <= 1 else MORE}"/>',
			text(x + LABEL + 1.3 * SCALE + 4, y + 11, f"{ratio:.2f}")]
		y += ROW
	out.append(f'<line x1="{x + LABEL + SCALE}" x2="{x + LABEL + SCALE}" y1="{top}" y2="{y}" stroke="#222"/>')
	return out, y + 24


def draw(measured):
	"""The picture: services on the left and in the middle, hypercalls on the right."""
	out, bottoms = [], [TOP] * 3
	for column, key in enumerate(("dom0", "guest", "hypercalls of the control domain", "hypercalls of the guest")):
		column = min(column, 2)
		lines, bottoms[column] = part(TITLES[key], measured[key], 10 + column * COLUMN, bottoms[column])
		out += lines
	width, height = 3 * COLUMN, max(bottoms)
	head = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
		' font-family="sans-serif" font-size="11">', f'<rect width="{width}" height="{height}" fill="white"/>',
		text(10, 20, "Instructions, Paravane over Xen 4.17 (the line): shorter is cheaper", 'font-size="14"')]
	return "\n".join(head + out + ["</svg>"]) + "\n"


def main():
	"""Read, draw, write."""
	try:
		with open(os.path.join(ROOT, "build", "bench", "costs.json")) as f:
			measured = json.load(f)["ours over Xen"]
	except FileNotFoundError:
		sys.exit("make bench-docs: nothing was measured yet: run make bench-costs first")
	with open(os.path.join(ROOT, "docs", "costs.svg"), "w") as f:
		f.write(draw(measured))


if __name__ == "__main__":
	main()
