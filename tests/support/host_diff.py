"""What of the host a test could leave changed, as text lines, and the difference of two such views.

Seen: mounts, interfaces, addresses, routes, network namespaces held by a file, cgroups, nft tables,
processes of the program, unix sockets and listening ports, loop devices and System V IPC.
As a command: host_diff.py save FILE; host_diff.py compare FILE (prints the difference, status 1 if any).
"""
import glob
import json
import os
import re
import subprocess
import sys
import time


def lines_of(*command):
    result = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return result.stdout.splitlines()


def file_lines(path):
    with open(path) as file:
        return file.read().splitlines()


def mounts():
    # Mount id, parent id and propagation peers change without anybody's doing.
    for line in file_lines("/proc/self/mountinfo"):
        fields = line.split()
        rest = fields[fields.index("-"):]
        yield f"mount {fields[4]} {fields[3]} {fields[5]} {' '.join(rest)}"


def interfaces():
    for line in lines_of("ip", "-j", "link"):
        for link in json.loads(line):
            yield f"interface {link['ifname']} {link.get('link_type', '')}"
    for family in ("-4", "-6"):
        for line in lines_of("ip", family, "-o", "addr"):
            yield "address " + " ".join(line.split()[1:4])
        for line in lines_of("ip", family, "route", "show", "table", "all"):
            yield "route " + re.sub(r" expires \d+sec", "", line.strip())
        for line in lines_of("ip", family, "rule"):
            yield "rule " + line.strip()


def named_namespaces():
    for path in glob.glob("/run/netns/*"):
        yield "netns " + path


def cgroups():
    for folder, _, _ in os.walk("/sys/fs/cgroup"):
        yield "cgroup " + folder


def firewall():
    for line in lines_of("nft", "list", "tables"):
        yield "nft " + line


def is_ours(pid):
    try:
        exe = os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return False
    return re.match(r"(/estiba-keeper|.*/estiba( \(deleted\))?$)", exe) is not None


def command_line(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def processes():
    for pid in filter(str.isdigit, os.listdir("/proc")):
        if is_ours(pid):
            yield f"process {pid} {command_line(pid)}"
        elif different_namespaces(pid):
            yield f"contained process {pid} {command_line(pid)}"


def different_namespaces(pid):
    """Whether a process lives in a mount and pid namespace that are not this one's."""
    try:
        return all(os.readlink(f"/proc/{pid}/ns/{kind}") != os.readlink(f"/proc/self/ns/{kind}")
                   for kind in ("mnt", "pid"))
    except OSError:
        return False


def sockets():
    for line in file_lines("/proc/net/unix"):
        path = line.split()[-1]
        if "estiba" in path:
            yield "socket " + path
    for kind in ("tcp", "tcp6"):
        for line in file_lines(f"/proc/net/{kind}")[1:]:
            fields = line.split()
            if fields[3] == "0A":
                yield f"listening {kind} {fields[1]}"


def others():
    for path in glob.glob("/sys/block/loop*/loop/backing_file"):
        yield "loop device " + path
    for kind in ("shm", "sem", "msg"):
        for line in file_lines(f"/proc/sysvipc/{kind}")[1:]:
            yield f"ipc {kind} " + " ".join(line.split()[:2])


def snapshot():
    seen = set()
    for look in (mounts, interfaces, named_namespaces, cgroups, firewall, processes, sockets, others):
        seen.update(look())
    return seen


def difference(before, after):
    return sorted(["+ " + line for line in after - before] + ["- " + line for line in before - after])


def settled_difference(before, seconds=30.0, relevant=lambda line: True):
    """The difference that is still there after a while: the kernel removes some things a moment later,
    and new layers are brought to the disk after the command has ended."""
    deadline = time.monotonic() + seconds
    while True:
        lines = [line for line in difference(before, snapshot()) if relevant(line)]
        if not lines or time.monotonic() > deadline:
            return lines
        time.sleep(0.05)


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in ("save", "compare"):
        print(__doc__)
        return 2
    if sys.argv[1] == "save":
        with open(sys.argv[2], "w") as file:
            json.dump(sorted(snapshot()), file)
        return 0
    with open(sys.argv[2]) as file:
        lines = settled_difference(set(json.load(file)))
    print("\n".join(lines))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
