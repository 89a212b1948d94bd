#!/usr/bin/python3
"""Several campaigns in one table, for people: summary.py FILE, which campaign.py --figures wrote.

Prints Markdown; ends with status 1 when a promise was broken in any of them."""

import sys

import report


def line(*cells):
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def span(seconds):
    return "" if seconds is None else f"{seconds:.2f} s"


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        campaigns = [report.Figures.from_json(text) for text in file]
    total = report.Figures()
    for figures in campaigns:
        total.add(figures)
    print(line("fault", "times", "alone", "p50", "p99", "max"))
    print(line("---", "--:", "--:", "--:", "--:", "--:"))
    for fault, times, alone, *spans in report.rows(total):
        print(line(fault, times, alone, *map(span, spans)))
    print(f"\n{len(campaigns)} campaigns, {total.seconds / 60:.0f} minutes, {sum(total.times.values())} faults;"
          f" {total.requests} requests.")
    print(f"Answered: {report.count(total.answered)}. Sent without wanting an answer, and written or not: "
          f"{report.count(total.unanswered)}.")
    print(f"{total.monitors} monitors showed {total.shown} values and {total.gaps} gaps. Resident at most: "
          + ", ".join(f"{what} {most:.0f} MB" for what, most in sorted(total.memory.items())) + ".")
    print(f"Violations: {total.violations}.")
    return 1 if total.violations else 0


if __name__ == "__main__":
    sys.exit(main())
