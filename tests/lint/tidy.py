#!/usr/bin/env python3
"""Runs clang-tidy over the rooms within a time budget. usage: tidy.py BUILD_DIR [SECONDS]

What has not changed since it was found clean is not looked at again (BUILD_DIR/tidy/), and what
changed last is looked at first. What the budget does not reach is named and is not a failure.
Sources with coroutines are left out: clang 14 cannot read g++ 12's <coroutine>.
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROOMS = ("base", "compose-spec", "scheduler", "netmgr", "volmgr", "imgmgr", "runtime", "orchestrator")


def headers_digest():
    """Of what every source may depend on: all headers and the list of checks."""
    digest = hashlib.sha256((ROOT / ".clang-tidy").read_bytes())
    for path in sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.hpp")):
        digest.update(path.read_bytes())
    return digest


def reaches_coroutines(path, seen):
    """Whether a source includes Asio or <coroutine>, itself or through the rooms' headers."""
    if path in seen or not path.exists():
        return False
    seen.add(path)
    code = path.read_text(errors="replace")
    if re.search(r"co_await|co_return|<coroutine>|boost/asio", code):
        return True
    return any(reaches_coroutines(ROOT / header, seen)
               for header in re.findall(r'#include "([^"]+)"', code))


def sources(build):
    commands = json.loads((build / "compile_commands.json").read_text())
    paths = {pathlib.Path(entry["file"]) for entry in commands}
    mine = [path for path in paths if path.exists()
            and path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in ROOMS]
    return sorted((path for path in mine if not reaches_coroutines(path, set())),
                  key=lambda path: -path.stat().st_mtime)


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    deadline = time.monotonic() + float(sys.argv[2] if len(sys.argv) > 2 else 240)
    known_clean = build / "tidy"
    known_clean.mkdir(exist_ok=True)
    common = headers_digest()

    def check(path):
        digest = common.copy()
        digest.update(path.read_bytes())
        mark = known_clean / digest.hexdigest()
        if mark.exists():
            return path, "clean", ""
        if time.monotonic() > deadline:
            return path, "not reached", ""
        run = subprocess.run(
            ["clang-tidy", "--quiet", "-p", str(build), "--extra-arg=-Wno-everything", str(path)],
            capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if run.returncode == 0:
            mark.touch()
            return path, "clean", ""
        return path, "findings", run.stdout + run.stderr

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(check, sources(build)))
    for path, verdict, output in results:
        if verdict == "findings":
            print(output)
    for verdict in ("clean", "findings", "not reached"):
        print(f"{sum(1 for result in results if result[1] == verdict)} {verdict}")
    return any(result[1] == "findings" for result in results)


if __name__ == "__main__":
    sys.exit(main())
