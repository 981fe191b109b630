#!/usr/bin/env python3
"""Running and waiting requests over time: a real serving run beside its replay, as SVG.

  plot_serving_run.py TIMESERIES.csv SERIES.csv TITLE > picture.svg

TIMESERIES.csv is the real engine's log (t, running, waiting: ../shared/serving-runs); SERIES.csv what `aifsim run
--out` wrote.
"""
import csv
import sys

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 720, 300, 48, 34, 12, 36
COLOURS = {"running": "#1f6feb", "waiting": "#d9822b"}


def points(path, time_column, value_column):
    with open(path, newline="") as file:
        return [(float(row[time_column]), float(row[value_column])) for row in csv.DictReader(file)]


def line(data, colour, dashed, scale_x, scale_y):
    path = " ".join(f"{scale_x(t):.1f},{scale_y(v):.1f}" for t, v in data)
    dash = ' stroke-dasharray="5 4"' if dashed else ""
    return f'<polyline fill="none" stroke="{colour}" stroke-width="1.6"{dash} points="{path}"/>'


def main():
    real_file, simulated_file, title = sys.argv[1:4]
    curves = []
    for name, colour in COLOURS.items():
        curves.append((points(real_file, "t", name), colour, False))
        curves.append((points(simulated_file, "time_s", name), colour, True))
    longest = max(t for data, _, _ in curves for t, _ in data)
    most = max(v for data, _, _ in curves for _, v in data)
    scale_x = lambda t: LEFT + t / longest * (WIDTH - LEFT - RIGHT)
    scale_y = lambda v: HEIGHT - BOTTOM - v / most * (HEIGHT - TOP - BOTTOM)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
           f'font-size="12"><rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
           f'<text x="{LEFT}" y="18" font-size="14">{title}: running (blue), waiting (orange); '
           'measured solid, simulated dashed</text>']
    step = 50 if most > 100 else 20
    for value in range(0, int(most) + 1, step):
        y = scale_y(value)
        out.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
                   f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value}</text>')
    for second in range(0, int(longest) + 1, 20):
        out.append(f'<text x="{scale_x(second):.1f}" y="{HEIGHT - 14}" text-anchor="middle">{second} s</text>')
    out += [line(data, colour, dashed, scale_x, scale_y) for data, colour, dashed in curves]
    print("\n".join(out) + "\n</svg>")


main()
