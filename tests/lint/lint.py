#!/usr/bin/env python3
"""Checks on the sources that a compiler does not make. usage: lint.py CHECK, or lint.py for a list of them.

Each check prints one line a finding, as path:line: what, and its status is 1 if there are any.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXCEPTIONS = pathlib.Path(__file__).with_name("exceptions.txt")

# Which rooms a room may include, beside itself. docs/architecture.md draws it.
ROOMS = {
    "base": [],
    "compose-spec": ["base"],
    "scheduler": ["compose-spec", "base"],
    "netmgr": ["base"],
    "volmgr": ["base"],
    "imgmgr": ["base"],
    "runtime": ["base"],
    "orchestrator": ["base", "compose-spec", "scheduler", "netmgr", "volmgr", "imgmgr", "runtime"],
}

# Third-party headers, and the only places that may include them.
CONFINED = [
    (r"yaml-cpp/", r"compose-spec/yaml_reader"),
    (r"cxxopts\.hpp", r"orchestrator/cli/"),
    (r"boost/graph/", r"scheduler/service_graph"),
    (r"seccomp\.h", r"runtime/security/"),
    (r"(archive|archive_entry)\.h", r"imgmgr/"),
    (r"curl/", r"imgmgr/curl_library"),
    (r"isa-l/", r"imgmgr/isal_library"),
    (r"toml\+\+/", r"imgmgr/registry/registries_conf"),
    (r"spdlog/", r"base/log"),
    (r"openssl/", r"(base/sha256|imgmgr/)"),
]

TOP_LEVEL = set("""
    CMakeLists.txt CMakePresets.json README.md LICENSE .clang-format .clang-tidy .clangd .editorconfig
    .gitignore .gitattributes .dockerignore .ci cmake docs examples packaging scripts tests
""".split()) | set(ROOMS)

# Calls that change or open what a name means at that moment. What others can write is held by a
# descriptor first, and only these files make the calls that do so.
HOLDS = r"base/(sys|node|beneath|fs|copy_tree)\."
BY_NAME = """
    chmod lchmod chown lchown fchmodat fchmodat2 fchownat utime utimes lutimes futimesat utimensat
    setxattr lsetxattr getxattr lgetxattr listxattr llistxattr removexattr lremovexattr
    mknod mknodat mkfifo mkfifoat openat openat2 creat opendir fdopendir fstatat readlinkat
    link linkat symlinkat mkdirat unlinkat renameat renameat2 faccessat
""".split()
# Where they may stand all the same: what nobody else can write.
BY_NAME_ALLOWED = [
    (r"runtime/sys\.", "mkdirat mknodat symlinkat fchownat",
     "the wrappers for the making of a root"),
    (r"runtime/rootfs/mount_apply\.", "openat openat2 mkdirat mknodat symlinkat fchownat unlinkat",
     "makes a container's root, on descriptors, before anything in it runs"),
    (r"runtime/cgroup/", "setxattr getxattr", "no container can write to the host's cgroups"),
    (r"imgmgr/resolve_path\.", "openat2", "a safe form itself: no link on the way"),
    (r"imgmgr/build_cache\.", "utimensat", "the image store is this host's alone"),
    (r"imgmgr/settling\.", "unlinkat", "the image store is this host's alone"),
    (r"imgmgr/store\.", "renameat2", "the image store is this host's alone"),
]

LONG, TOO_LONG = 400, 500


def tracked(*patterns):
    """The files git knows, and new ones that it would not ignore."""
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", *patterns],
        cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    return sorted({name for name in names if name and (ROOT / name).is_file()})


def sources():
    return tracked("*.cpp", "*.hpp")


def product_sources():
    return [name for name in sources() if name.split("/")[0] in ROOMS]


def text(name):
    return (ROOT / name).read_text(errors="replace")


def without_comments_and_strings(code):
    """The same number of lines, with comments and the insides of literals blanked."""
    pattern = re.compile(
        r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), code)


def includes(name):
    """(line number, header) of each #include."""
    for number, line in enumerate(text(name).splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
        if match:
            yield number, match.group(1)


def layering():
    """A room includes only itself and the rooms beneath it."""
    for name in product_sources():
        room = name.split("/")[0]
        for number, header in includes(name):
            other = header.split("/")[0]
            if other in ROOMS and other != room and other not in ROOMS[room]:
                yield f"{name}:{number}: {room} must not include {header}"
            if header.startswith("../"):
                yield f"{name}:{number}: include {header} from the root of the repository"


def confinement():
    """A third-party library is included by the one place that wraps it."""
    for name in product_sources():
        for number, header in includes(name):
            for library, place in CONFINED:
                if re.match(library, header) and not re.match(place, name):
                    yield f"{name}:{number}: {header} belongs to {place} alone"


def length():
    """Files stay under 400 lines; over 500 only with a reason in exceptions.txt."""
    excused = dict(line.split(None, 1) for line in EXCEPTIONS.read_text().splitlines()
                   if line.strip() and not line.startswith("#"))
    sizes = sorted(((text(name).count("\n"), name) for name in sources()), reverse=True)
    for lines, name in sizes[:10]:
        print(f"   {lines:5} {name}" + ("  (split it)" if LONG < lines <= TOO_LONG else ""))
    for lines, name in sizes:
        if lines > TOO_LONG and name not in excused:
            yield f"{name}:1: {lines} lines; split it, or give the reason in tests/lint/exceptions.txt"
    for name in excused:
        if name not in dict(map(reversed, sizes)) or dict(map(reversed, sizes))[name] <= TOO_LONG:
            yield f"tests/lint/exceptions.txt: {name} needs no exception any more"


def layout():
    """Nothing at the top level beyond what was agreed."""
    for top in sorted({name.split("/")[0] for name in tracked()}):
        if top not in TOP_LEVEL:
            yield f"{top}: does not belong to the top level; see docs/architecture.md"


def descriptors():
    """Whatever makes a descriptor closes it on exec, in the same call."""
    # dup2 is not among them: its result is meant to be inherited.
    calls = re.compile(
        r"(?<![\w.>:])::(open|openat|creat|socket|socketpair|pipe2?|dup3?|accept4?|epoll_create1?"
        r"|memfd_create|eventfd|timerfd_create|inotify_init1?|signalfd|opendir|fopen)\s*\(([^;]*)")
    for name in product_sources():
        code = without_comments_and_strings(text(name))
        for match in calls.finditer(code):
            if "CLOEXEC" not in match.group(2):
                line = code.count("\n", 0, match.start()) + 1
                yield f"{name}:{line}: {match.group(1)} without CLOEXEC"


def by_descriptor():
    """What others can write is not changed or opened by a name, outside the safe forms of base."""
    call = re.compile(r"(?<![\w.>:])(?:sys)?::(" + "|".join(BY_NAME) + r")\s*\(")
    needless = {(place, name) for place, names, _ in BY_NAME_ALLOWED for name in names.split()}
    for name in product_sources():
        if re.match(HOLDS, name):
            continue
        code = without_comments_and_strings(text(name))
        for match in call.finditer(code):
            allowed = {(place, match.group(1)) for place, names, _ in BY_NAME_ALLOWED
                       if re.match(place, name) and match.group(1) in names.split()}
            needless -= allowed
            if not allowed:
                line = code.count("\n", 0, match.start()) + 1
                yield (f"{name}:{line}: {match.group(1)} by name; hold the object (base/node.hpp), or resolve "
                       "its path beneath a root (base/beneath.hpp)")
    for place, name in sorted(needless):
        yield f"tests/lint/lint.py: {place} needs no exception for {name} any more"


def words():
    """No unfinished business, no commented-out marker, no path of one machine, and no tabs."""
    markers = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    for name in tracked("*.cpp", "*.hpp", "*.py", "*.cmake", "*.txt", "*.md", "*.yaml", "scripts", ".ci"):
        if "/corpus/" in name or name.startswith("tests/lint/"):
            continue
        for number, line in enumerate(text(name).splitlines(), 1):
            if markers.search(line):
                yield f"{name}:{number}: {markers.search(line).group()}: finish it, or open an issue"
            if name.endswith((".cpp", ".hpp")) and "\t" in line:
                yield f"{name}:{number}: a tab"


def readmes():
    """Each room says on at most 40 lines what it is for."""
    for room in ROOMS:
        path = ROOT / room / "README.md"
        if not path.exists():
            yield f"{room}/README.md: is missing: purpose, what is not its job, invariants, how to test"
        elif path.read_text().count("\n") > 40:
            yield f"{room}/README.md: has more than 40 lines"


def phases():
    """compose-spec/PHASES.md lists the phases in the order in which loader.cpp calls them."""
    document, loader = ROOT / "compose-spec/PHASES.md", ROOT / "compose-spec/loader.cpp"
    if not document.exists() or not loader.exists():
        return
    listed = re.findall(r"^\d+\.\s+`([\w:]+)`", document.read_text(), re.M)
    code = without_comments_and_strings(loader.read_text())
    position = 0
    for phase in listed:
        found = re.compile(rf"\b{re.escape(phase)}\s*\(").search(code, position)
        if not found:
            yield f"compose-spec/PHASES.md: {phase} is not called in loader.cpp after the phases above it"
        else:
            position = found.end()


def links():
    """Relative links in the documents lead somewhere."""
    for name in tracked("*.md"):
        for number, line in enumerate(text(name).splitlines(), 1):
            for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", line):
                if "://" not in target and not (ROOT / name).parent.joinpath(target).exists():
                    yield f"{name}:{number}: {target} does not exist"


def formatting():
    """clang-format leaves every source as it is."""
    names = sources()
    result = subprocess.run(["clang-format", "--dry-run", "--Werror", *names],
                            cwd=ROOT, capture_output=True, text=True)
    for path in dict.fromkeys(re.findall(r"^(\S+?):\d+:\d+: error", result.stderr, re.M)):
        yield f"{path}: not formatted; clang-format -i {path}"
    if result.returncode and not re.search(r": error", result.stderr):
        yield f"clang-format: {result.stderr.strip()}"


def shell():
    """Shell scripts parse."""
    for name in tracked("scripts", "tests/run", ".ci/run", "examples/*/run"):
        result = subprocess.run(["bash", "-n", name], cwd=ROOT, capture_output=True, text=True)
        if result.returncode:
            yield result.stderr.strip()


# Who may write to a terminal what is not made visible, and why it need not be.
RAW_OUTPUT = {
    "orchestrator/cli/output.cpp": "the place itself",
    "orchestrator/cli/build_output.cpp": "lines of RUN, made visible but for their colours",
    "orchestrator/commands/config.cpp": "YAML and JSON for other programs",
    "orchestrator/commands/stats.cpp": "our own clearing of the screen",
    "orchestrator/logs/printer.cpp": "containers' own output",
    "orchestrator/ui/progress.cpp": "our own movements of the cursor",
}


def streams():
    """Foreign text goes through print and print_aside; who writes raw is listed here, with the reason."""
    raw = re.compile(r"\bprint_raw(_aside)?\s*\(|\bstd::(cout|cerr|clog)\b"
                     r"|(?<![\w.>])(?<!Json )(std::)?(printf|fprintf|puts|fputs|perror)\s*\(|::write\s*\(\s*(1|2|STD\w+)")
    for name in product_sources():
        if not name.startswith("orchestrator/") or name.endswith(".hpp") or name in RAW_OUTPUT:
            continue
        code = without_comments_and_strings(text(name))
        for match in raw.finditer(code):
            line = code.count("\n", 0, match.start()) + 1
            yield f"{name}:{line}: {match.group().strip(' (')} writes foreign text raw; print() makes it visible"


def doors():
    """Every test that docs/security.md names exists."""
    known = set()
    for name in tracked("tests/unit/*.cpp", "tests/integration/*.cpp"):
        known |= {".".join(test) for test in re.findall(r"\bTEST(?:_[FP])?\(\s*(\w+),\s*(\w+)\s*\)", text(name))}
    for name in tracked("tests/e2e/test_*.py"):
        scenario = pathlib.Path(name).stem.removeprefix("test_")
        known |= {f"{scenario}.{test}" for test in re.findall(r"def (test_\w+)", text(name))}
    for number, line in enumerate(text("docs/security.md").splitlines(), 1):
        for test in re.findall(r"`(\w+\.(?:[A-Z]|test_(?!FILE))\w+)`", line):
            if test not in known and test not in ("Suite.Name", "file.test_name"):
                yield f"docs/security.md:{number}: there is no test {test}"


CHECKS = {check.__name__: check for check in (
    layering, confinement, length, layout, descriptors, by_descriptor, words, readmes, phases, links, formatting, shell,
    streams, doors)}


def main():
    if len(sys.argv) != 2 or sys.argv[1] not in CHECKS:
        for name, check in CHECKS.items():
            print(f"{name:12} {check.__doc__}")
        return 2
    findings = list(CHECKS[sys.argv[1]]())
    print("\n".join(findings))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
