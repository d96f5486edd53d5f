#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""make bench-docs: draw docs/costs.svg from what `make bench-costs` measured last (build/bench/costs.json): a bar a row,
our instructions over Xen's; the line is Xen.  And docs/scale.svg from what `make bench-scale` measured last, if it ran: a
curve over the number of guests for each figure, ours and Xen's."""
import json
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TITLES = {"dom0": "control domain", "guest": "guest", "hypercalls of the control domain": "hypercalls, control domain",
	"hypercalls of the guest": "hypercalls, guest"}
ROW, COLUMN, LABEL, SCALE, TOP = 15, 430, 150, 180, 46
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


CURVES = {"start": ("start of one more, M instructions", 1e6), "list": ("list of all, M instructions", 1e6),
	"hypervisor KiB a guest": ("hypervisor's memory a guest, KiB", 1),
	"worst share over its due": ("worst share over its due, %", 0.01)}
PLOT, HIGH, LEFT = 300, 150, 40


def curve(title, lines, by, x, y):
	"""One plot of [(colour, {guests: value}), ...], both axes from 0."""
	most = max(v for _, points in lines for v in points.values()) / by or 1
	guests = sorted({n for _, points in lines for n in points})
	right = PLOT - LEFT - 30
	out = [text(x, y - 8, title, 'font-weight="bold"'), f'<path d="M{x + LEFT} {y}v{HIGH}h{right}" fill="none" stroke="#222"/>',
		text(x + LEFT - 4, y + 10, f"{most:.3g}", 'text-anchor="end"'), text(x + LEFT - 4, y + HIGH, "0", 'text-anchor="end"')]
	for colour, points in lines:
		at = [(x + LEFT + n * right / guests[-1], y + HIGH - v / by / most * HIGH) for n, v in points.items()]
		out.append(f'<polyline points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in at)}" fill="none" stroke="{colour}" stroke-width="2"/>')
		out += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{colour}"/>' for a, b in at]
	return out + [text(f"{x + LEFT + n * right / guests[-1]:.1f}", y + HIGH + 14, n, 'text-anchor="middle"') for n in guests if n != 1]


def draw_scale(measured):
	"""The picture of scale: a plot for each figure, side by side."""
	width, out = len(CURVES) * PLOT, []
	for i, (key, (title, by)) in enumerate(CURVES.items()):
		lines = [(colour, {int(n): row[key] for n, row in measured[h].items() if key in row})
			for h, colour in (("paravane", LESS), ("xen", MORE)) if h in measured]
		out += curve(title, lines, by, 10 + i * PLOT, 50)
	head = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="225" viewBox="0 0 {width} 225"'
		' font-family="sans-serif" font-size="11">', f'<rect width="{width}" height="225" fill="white"/>',
		text(10, 20, "By number of running guests:", 'font-size="14"'), text(230, 20, "Paravane", f'font-size="14" fill="{LESS}"'),
		text(310, 20, "Xen 4.17", f'font-size="14" fill="{MORE}"')]
	return "\n".join(head + out + ["</svg>"]) + "\n"


def kept(name):
	"""What a part of make bench kept; None when it did not run."""
	try:
		with open(os.path.join(ROOT, "build", "bench", name)) as f:
			return json.load(f)
	except FileNotFoundError:
		return None


def write(name, picture):
	"""Keep a picture in docs/."""
	with open(os.path.join(ROOT, "docs", name), "w") as f:
		f.write(picture)


def main():
	"""Read, draw, write."""
	costs, scale = kept("costs.json"), kept("scale.json")
	if not costs and not scale:
		sys.exit("make bench-docs: nothing was measured yet: run make bench-costs or make bench-scale first")
	if costs:
		write("costs.svg", draw(costs["ours over Xen"]))
	if scale:
		write("scale.svg", draw_scale(scale))


if __name__ == "__main__":
	main()
