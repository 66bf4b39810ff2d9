"""Draw a command's output as a terminal picture: docs/images/run.svg.

    .venv/bin/python scripts/make_recording.py

The command runs in a terminal of its own (a pty), so that the picture is what a person sees.
"""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
SHOWN = "sluiceway run welcome.json --fields welcome.fields.json"
WIDTH, HEIGHT = 100, 60
_PIECE = re.compile(r"\x1b\[(?P<code>[0-9;?]*)(?P<kind>[A-Za-z])|(?P<move>[\r\n])|[^\x1b\r\n]+")


def main() -> int:
    """Run the sample flow and write the picture."""
    flows = ROOT / "examples" / "flows"
    with tempfile.TemporaryDirectory() as folder:
        output = record([*SHOWN.split()[:2], str(flows / "welcome.json"), "--fields",
                         str(flows / "welcome.fields.json")], Path(folder))  # fmt: skip
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(f"$ {SHOWN}"))
    console.print(Text.from_ansi(output))
    target = ROOT / "docs" / "images" / "run.svg"
    target.parent.mkdir(exist_ok=True)
    drawn = console.export_svg(title="sluiceway", unique_id="run")
    # Without the fonts of a CDN: a page must not call another host.
    drawn = re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL)
    target.write_text(drawn.replace("Fira Code, ", ""), encoding="utf-8")
    return 0


def record(command: list[str], folder: Path) -> str:
    """Return what *command* writes to a terminal, cursor movements taken out."""
    parent, child = pty.openpty()
    environment = {
        **os.environ,
        "TERM": "xterm-256color",
        "COLUMNS": str(WIDTH),
        "LINES": str(HEIGHT),
    }
    environment.pop("NO_COLOR", None)
    program = str(Path(sys.executable).parent / command[0])
    process = subprocess.Popen(
        [program, *command[1:]], cwd=folder, env=environment, stdout=child, stderr=child
    )
    os.close(child)
    pieces: list[bytes] = []
    while True:
        try:
            piece = os.read(parent, 65_536)
        except OSError:
            break
        if not piece:
            break
        pieces.append(piece)
    process.wait()
    return screen(b"".join(pieces).decode())


def screen(output: str) -> str:
    """Return what stands on the screen at the end: lines that were erased or left are gone."""
    lines, row = [""], 0
    for piece in _PIECE.finditer(output):
        if piece["move"] == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif piece["kind"] == "A":
            row = max(0, row - int(piece["code"] or 1))
        elif piece["kind"] == "K":
            lines[row] = ""
        elif piece["kind"] in {None, "m"} and not piece["move"]:
            lines[row] += piece[0]
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
