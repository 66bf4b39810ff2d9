"""Follows a page of the documentation as a reader would: its files, its commands, its programs."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>[a-z]+)(?P<rest>[^\n]*)\n(?P<body>.*?)^ *```$",
    re.MULTILINE | re.DOTALL,
)
_TITLE = re.compile(r'title="([^"]+)"')
_PORT = "4080"


@dataclass(frozen=True)
class Block:
    """A fenced block: *title* is the file that it shows, if it shows one."""

    language: str
    title: str
    body: str
    line: int


def blocks_of(page: Path) -> list[Block]:
    """Return the blocks of a page in order."""
    text = page.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(text):
        indent = len(match["indent"])
        body = "".join(line[indent:] for line in match["body"].splitlines(keepends=True))
        title = _TITLE.search(match["rest"])
        line = text.count("\n", 0, match.start()) + 1
        found.append(Block(match["language"], title[1] if title else "", body, line))
    return found


@dataclass
class Reader:
    """Someone at a terminal, in an empty folder."""

    folder: Path
    port: str
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def follow(self, page: Path) -> int:
        """Do what the page shows; return how many commands and programs were run."""
        done = 0
        for block in blocks_of(page):
            where = f"{page.relative_to(ROOT)}:{block.line}"
            body = block.body.replace(_PORT, self.port)
            if block.title:
                path = self.folder / block.title
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(body, encoding="utf-8")
            elif block.language == "console":
                for command, expected in commands_of(body):
                    self.run(command, expected, where)
                    done += 1
            elif block.language == "python":
                self.run_python(body, where)
                done += 1
        return done

    def run(self, command: str, expected: str, where: str) -> None:
        if command.endswith(" &"):
            self.running.append(
                subprocess.Popen(
                    ["bash", "-c", f"exec {command[:-2]}"],
                    cwd=self.folder,
                    env=self.environment,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )
            self.wait_for_port(where)
            return
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        shown = done.stdout + done.stderr
        assert "Traceback" not in shown, f"{where}: {command}\n{shown}"
        if expected.strip():
            assert re.fullmatch(pattern_of(expected), shown.strip(), re.DOTALL), (
                f"{where}: {command}\n--- the page shows\n{expected}\n--- found\n{shown}"
            )
        if "error[" not in expected:
            assert done.returncode == 0, f"{where}: {command}\n{shown}"

    def run_python(self, program: str, where: str) -> None:
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{where}\n{done.stdout}{done.stderr}"

    def wait_for_port(self, where: str) -> None:
        end = time.monotonic() + 20
        while time.monotonic() < end:
            with suppress(OSError), socket.create_connection(("127.0.0.1", int(self.port)), 1):
                return
            time.sleep(0.05)
        raise AssertionError(f"{where}: nothing listens on port {self.port}")

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TZ") if name in os.environ}
        return {
            **kept,
            "PATH": f"{Path(sys.executable).parent}:{kept['PATH']}",
            "HOME": str(self.folder),
            "NO_COLOR": "1",
            "COLUMNS": "100",
        }

    def leave(self) -> None:
        for process in self.running:
            process.terminate()
        for process in self.running:
            process.wait(20)


def commands_of(body: str) -> Iterator[tuple[str, str]]:
    """Yield each ``$ command``, continued by a backslash, with the output that the page shows."""
    for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        lines = part.split("\n")
        command = lines.pop(0)
        while command.endswith("\\"):
            command = command[:-1] + lines.pop(0).strip().removeprefix(">").lstrip()
        yield command, "\n".join(lines).strip("\n")


def pattern_of(expected: str) -> str:
    """Return a pattern in which ``…`` stands for anything."""
    lines = [line.rstrip() for line in expected.strip().split("\n")]
    return r"[ \t]*\n".join(r".*?".join(map(re.escape, line.split("…"))) for line in lines)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    made = Reader(tmp_path, port)
    examples: Any = ROOT / "examples"
    (tmp_path / "examples").symlink_to(examples)
    yield made
    made.leave()
