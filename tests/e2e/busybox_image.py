"""A small root file system as a tar: Debian's static busybox, its commands as links, and a few files."""
import io
import pathlib
import shutil
import subprocess
import tarfile

FOLDERS = {"bin": 0o755, "dev": 0o755, "etc": 0o755, "home": 0o755, "proc": 0o755, "root": 0o700,
           "sys": 0o755, "tmp": 0o1777, "usr": 0o755, "var": 0o755}
FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n"
                  "app:x:1000:1000:app:/home:/bin/sh\n"
                  "nobody:x:65534:65534:nobody:/:/bin/false\n",
    "etc/group": "root:x:0:\napp:x:1000:\nnogroup:x:65534:\n",
}


def busybox():
    path = shutil.which("busybox")
    if not path:
        raise FileNotFoundError("busybox is missing: scripts/install-packages busybox-static")
    return path


def root_filesystem(archive, files):
    """Writes the tar; `files` (path → text) come on top, with their folders."""
    program = busybox()
    applets = subprocess.run([program, "--list"], capture_output=True, text=True, check=True).stdout.split()
    with tarfile.open(archive, "w") as tar:
        folders = dict(FOLDERS)
        for name in files:
            for parent in reversed(pathlib.PurePath(name).parents[:-1]):
                folders.setdefault(str(parent), 0o755)
        for name, mode in sorted(folders.items()):
            add(tar, name, tarfile.DIRTYPE, mode)
        add(tar, "bin/busybox", tarfile.REGTYPE, 0o755, pathlib.Path(program).read_bytes())
        for applet in applets:
            if applet != "busybox":
                add(tar, f"bin/{applet}", tarfile.SYMTYPE, 0o777, target="busybox")
        for name, text in {**FILES, **files}.items():
            add(tar, name, tarfile.REGTYPE, 0o644, text.encode())


def add(tar, name, kind, mode, data=b"", target=""):
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.linkname, entry.size, entry.mtime = kind, mode, target, len(data), 1
    tar.addfile(entry, io.BytesIO(data))
