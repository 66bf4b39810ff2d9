"""Put the project's pinned uv into .tools/, from PyPI, with nothing but the standard library.

A bare machine may have python3 without pip or venv. uv's wheel is a zip with one program in it,
so this fetches that file, checks its SHA-256 against the index, and unpacks the program.
"""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import stat
import subprocess
import sys
import sysconfig
import urllib.request
import zipfile
from pathlib import Path

VERSION = "0.13.9"
INDEX = "https://pypi.org/simple/uv/"
TARGET = Path(__file__).resolve().parent.parent / ".tools" / "uv"


def main() -> int:
    """Install uv at ``.tools/uv`` unless that version is there already."""
    if _version_of(TARGET) == VERSION:
        return 0
    found = shutil.which("uv")
    TARGET.parent.mkdir(exist_ok=True)
    if found and _version_of(Path(found)) == VERSION:
        TARGET.unlink(missing_ok=True)
        TARGET.symlink_to(found)
        return 0
    try:
        wheel = _pick_wheel(json.loads(_fetch(INDEX))["files"])
        archive = TARGET.parent / str(wheel["filename"])
        archive.write_bytes(_fetch(str(wheel["url"])))
    except OSError as error:  # URLError is one, too
        print(
            f"Could not fetch uv {VERSION} from {INDEX}: {getattr(error, 'reason', error)}.\n"
            "Behind a proxy, set HTTPS_PROXY; its certificate authority goes into SSL_CERT_FILE. "
            f"A uv {VERSION} on the PATH is taken as it is.",
            file=sys.stderr,
        )
        return 1
    if hashlib.sha256(archive.read_bytes()).hexdigest() != wheel["hashes"]["sha256"]:
        print(f"{archive.name}: the SHA-256 differs from the index; try again", file=sys.stderr)
        return 1
    with zipfile.ZipFile(archive) as opened:
        TARGET.write_bytes(opened.read(f"uv-{VERSION}.data/scripts/uv"))
    TARGET.chmod(TARGET.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    archive.unlink()
    return 0


def _version_of(program: Path) -> str | None:
    try:
        out = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return out.stdout.split()[1] if out.stdout.startswith("uv ") else None


def _fetch(url: str) -> bytes:
    request = urllib.request.Request(url)  # noqa: S310 - https, from the index
    request.add_header("Accept", "application/vnd.pypi.simple.v1+json, */*;q=0.1")
    with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310 - https, from the index
        return answer.read()


def _pick_wheel(files: list[dict]) -> dict:
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(
        platform.machine().lower(), platform.machine()
    )
    system = platform.system()
    musl = system == "Linux" and "musl" in (sysconfig.get_config_var("HOST_GNU_TYPE") or "")
    wanted = {"Linux": "musllinux" if musl else "manylinux", "Darwin": "macosx", "Windows": "win"}[
        system
    ]
    arch = "arm64" if system == "Darwin" and machine == "aarch64" else machine
    for file in files:
        name = str(file["filename"])
        if (
            name.startswith(f"uv-{VERSION}-")
            and name.endswith(".whl")
            and wanted in name
            and name.endswith(f"{arch}.whl")
        ):
            return file
    raise SystemExit(
        f"no uv {VERSION} wheel for {system} {machine}: install uv by hand as .tools/uv"
    )


if __name__ == "__main__":
    raise SystemExit(main())
