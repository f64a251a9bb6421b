#!/usr/bin/python3
"""What scripts, makefiles and C sources call, against what a bare Debian has once test/setup is done: needs.py [-v].

Read, not run: commands where the shell would look for one, programs that Python starts, modules it imports, headers and
libraries, files under /usr.  A bare Debian is the essential packages, apt and what these depend on; test/setup adds the
packages of its `need` lines, mk/toolchain.sh those of its own, for the scripts that come after it.  So what happens to be
installed on the machine where a test was written does not count.  Prints what is used and not provided, as FILE:LINE.
Not seen: commands behind a variable.  Without dpkg there is nothing to compare with.
"""
import ast
import glob
import os
import re
import shutil
import subprocess
import sys

# Targets that are not part of `make test` and say themselves what they want; scripts that look before they call.
OPTIONAL = {
    "mk/toolchain.sh": "/usr/src/uClibc-ng-",  # of uclibc-source, which it installs just before, so perhaps not yet here
    "test/setup": "sudo",  # for who is not root; it says so where it is missing
    "test/router/build.sh": "cares_check",  # a function of mk/toolchain.sh
    "test/leaf/accept.sh": "go node java javac cargo /usr/share/cargo/registry",  # `have` skips what is not here
    "test/tls/peers_more.py": "go node java javac keytool selfserv certutil pk12util",  # is_there skips what is not here
    "test/bogo/run": "go",  # make bogo; it looks first
    "test/x509/x509.mk": "afl-clang-fast afl-fuzz",  # make x509-afl
}
LEFT_OUT = ("openwrt/", "test/bench/", "test/interop/", "test/powercut.sh", "test/router/malta.sh", "test/openwrt/rc.common")
# Words that run their arguments, and how many of these come before the command.
RUNNERS = {"exec": 0, "env": 0, "nice": 0, "nohup": 0, "timeout": 1, "xargs": 0, "sudo": 0, "command": 0, "unshare": 0,
           "nsenter": 0, "eval": 0, "check": 1, "refuse": 1, "rule": 1, "wait_for": 1, "in_background": 0, "inside": 0,
           "quiet": 0, "run": 1, "watch": 0, "counted": 0, "tries": 4, "each": 0, "step": 1, "kernel": 0}
# Flags of these that take a word.
VALUES = {"xargs": "-P -n -I", "timeout": "-k -s", "nsenter": "-t", "sudo": "-u", "unshare": "", "nice": "-n"}
KEYWORDS = set("if then elif else fi do done while until ! { } time coproc".split())
BUILTINS = set(""". : [ [[ alias bg break builtin cd continue declare echo eval exec exit export false fg getopts hash help
    jobs kill let local mapfile printf pushd popd pwd read readarray readonly return select set shift shopt source test times
    trap true type typeset ulimit umask unalias unset wait command for case in esac function ]""".split())
ALTERNATIVES = {"awk": "mawk", "cc": "gcc", "which": "debianutils"}


# --- shell: a reader of words that knows where a command stands ---------------------------
class Shell:
    """Walks over a script; self.calls are (command, line), self.functions the names that it defines."""

    def __init__(self, text, line=1):
        self.s, self.at, self.line = text, 0, line
        self.calls, self.functions, self.heredocs = [], set(), []
        self.paths = []

    def peek(self, n=1):
        return self.s[self.at:self.at + n]

    def take(self, n=1):
        part = self.s[self.at:self.at + n]
        self.line += part.count("\n")
        self.at += n
        return part

    def single(self):
        end = self.s.find("'", self.at)
        return self.take((end if end >= 0 else len(self.s)) - self.at + 1)[:-1]

    def braces(self):
        """After ${: to its }, with what is substituted inside."""
        while self.at < len(self.s) and self.peek() != "}":
            if not self.dollar():
                if self.peek() == "\\":
                    self.take(2)
                elif self.peek() == '"':
                    self.take()
                    self.double()
                elif self.take() == "'" and self.s.find("'", self.at) > 0:
                    self.single()
        self.take()

    def arithmetic(self):
        depth = 2
        while self.at < len(self.s) and depth:
            if not self.dollar():
                depth += {"(": 1, ")": -1}.get(self.take(), 0)

    def dollar(self):
        """A substitution, if there is one here."""
        if self.peek(3) == "$((":
            self.take(3)
            self.arithmetic()
        elif self.peek(2) in ("$(", "<(", ">("):
            self.take(2)
            self.commands(")")
        elif self.peek(2) == "${":
            self.take(2)
            self.braces()
        elif self.peek() == "`":
            self.take()
            self.commands("`")
        else:
            return False
        return True

    def double(self):
        out = ""
        while self.at < len(self.s) and self.peek() != '"':
            if self.peek() == "\\":
                out += self.take(2)[1:]
            elif self.dollar():
                out += "$"
            else:
                out += self.take()
        self.take()
        return out

    def word(self):
        """The next word; substitutions are "$" in it.  None where there is none."""
        out = None
        while self.at < len(self.s):
            c = self.peek()
            if c == "\\":
                two = self.take(2)
                out = (out or "") + ("" if two == "\\\n" else two[1:])
                if two == "\\\n" and out == "":
                    out = None
                    self.blanks()
            elif c == "'":
                self.take()
                out = (out or "") + self.single()
            elif c == '"':
                self.take()
                out = (out or "") + self.double()
            elif self.dollar():
                out = (out or "") + "$"
            elif c == "(" and out and out.endswith("="):  # an array
                self.take()
                self.list_to(")")
                return out
            elif c in " \t\n;|&()<>" or (c == "#" and out is None):
                return out
            else:
                out = (out or "") + self.take()
        return out

    def list_to(self, end):
        while self.at < len(self.s) and self.peek() != end:
            if self.word() is None:
                if self.peek() == "#":
                    self.comment()
                else:
                    self.take()
        self.take()

    def blanks(self):
        while self.peek() and self.peek() in " \t":
            self.take()

    def comment(self):
        end = self.s.find("\n", self.at)
        self.take((end if end >= 0 else len(self.s)) - self.at)

    def bodies(self):
        """The heredocs that were promised on the line that ends here; one that is a script is read, too."""
        for mark, tabs in self.heredocs:
            start, body = self.line, ""
            while self.at < len(self.s):
                end = self.s.find("\n", self.at)
                text = self.take((end if end >= 0 else len(self.s)) - self.at + 1)
                if (text.lstrip("\t") if tabs else text).rstrip("\n") == mark:
                    break
                body += text
            if re.match(r"\t*#!/bin/(ba)?sh|set -u\n", body) or re.search(r"^# In a namespace", body):
                inner = Shell(body, start)
                inner.commands("")
                self.calls += inner.calls
                self.functions |= inner.functions
        self.heredocs = []

    def redirect(self):
        """At < or >: over the operator and its word."""
        op = ""
        while self.peek() and self.peek() in "<>&|-":
            op += self.take()
            if op == "<<" and self.peek() not in "<-":
                break
        self.blanks()
        if op in ("<<", "<<-"):
            self.heredocs.append((self.word() or "", op == "<<-"))
        elif not op.endswith("-"):
            self.word()

    def commands(self, end):
        """A list of commands up to `end`: ")", "`", or "" for the whole text."""
        cases = 0
        words = []  # of the command at hand
        while self.at < len(self.s):
            self.blanks()
            c = self.peek()
            if c == "" or (end and c == end):
                break
            if c == "#":
                self.comment()
            elif c == "\n":
                self.finish(words)
                self.take()
                self.bodies()
            elif c in ";|&":
                self.finish(words)
                if self.peek(2) == "&>":
                    self.take()
                elif self.peek(2) in (";;", "||", "&&") and self.take(2) == ";;" and cases:
                    self.pattern()
                elif self.s[self.at - 1] not in ";|&" or self.peek() in "|&;":
                    self.take()
                    if self.peek() == "&":
                        self.take()
            elif c in "<>" and self.peek(2) not in ("<(", ">("):
                self.redirect()
            elif self.peek(2) == "((":
                self.take(2)
                self.arithmetic()
            elif c == "(":
                self.take()
                if len(words) == 1:  # name() {
                    self.functions.add(words.pop()[0])
                    self.list_to(")")
                else:
                    self.commands(")")
            elif c == ")":
                self.take()
            else:
                line = self.line
                word = self.word()
                if word is None:
                    self.take()
                    continue
                if not words and word in KEYWORDS:
                    continue
                if word == "esac":
                    cases -= 1
                    continue
                words.append((word, line))
                if word == "in" and len(words) == 3 and words[0][0] == "case":
                    cases += 1
                    words.clear()
                    self.pattern()
                elif words[0][0] == "[[":
                    while self.at < len(self.s) and self.word() != "]]":
                        self.blanks()
                        if self.peek() and self.peek() in "\n|&;()<>":
                            self.take()
        self.finish(words)
        self.take()

    def pattern(self):
        """Over `pattern)` of a case, unless it ends here."""
        while self.at < len(self.s):
            while self.peek() and self.peek() in " \t\n(|":
                self.take()
            if self.peek() == "#":
                self.comment()
                continue
            if self.s.startswith("esac", self.at):
                return
            if self.peek() == ")":
                self.take()
                return
            if self.word() is None:
                self.take()

    def finish(self, words):
        """A command is complete: its name, and what it runs in turn."""
        words = list(words) if not words else [words.pop(0) for _ in range(len(words))]
        if words and words[0][0] in ("for", "case", "select"):
            return
        self.note(words)

    def note(self, words):
        while words and re.match(r"[A-Za-z_]\w*(\[[^]]*\])?\+?=", words[0][0]):
            words = words[1:]
        if not words:
            return
        name, line = words[0]
        self.calls.append((name, line))
        for word, at in words[1:]:
            self.paths += [(p, at) for p in re.findall(r"(?<![\w$}])/usr/[\w./-]+", word)]
        if name in RUNNERS and not (name == "command" and words[1:2] and words[1][0] == "-v"):
            rest, skip = words[1:], RUNNERS[name]
            values = VALUES.get(name, "").split()
            while rest and (rest[0][0].startswith("-") or skip or re.match(r"\w+=", rest[0][0])):
                if rest[0][0] in values:
                    rest = rest[1:]
                elif not rest[0][0].startswith("-") and "=" not in rest[0][0]:
                    skip -= 1
                elif skip and "=" in rest[0][0]:
                    skip -= 1
                rest = rest[1:]
            self.note(rest)


# --- makefiles: their recipes are shell ------------------------------------------------------
def recipes(text):
    """(line, script) of each recipe line, continued ones joined, make's own marks taken off."""
    lines, at = text.split("\n"), 0
    while at < len(lines):
        first = at
        if not lines[at].startswith("\t"):
            while lines[at].endswith("\\") and at + 1 < len(lines):
                at += 1
            at += 1
            continue
        script = lines[at][1:].lstrip("@-+")
        while script.endswith("\\") and at + 1 < len(lines):
            at += 1
            script += "\n" + lines[at].lstrip("\t")
        at += 1
        script = re.sub(r"\$\((\w+)\)", r"${\1}", script)
        while re.search(r"\$\([^()]*\)", script):
            script = re.sub(r"\$\([^()]*\)", "${X}", script)
        yield first + 1, re.sub(r"\$[@<^*?]", "${X}", script.replace("$$", "$"))


# --- Python: what it imports and starts -------------------------------------------------------
def python_uses(text, where):
    starts, imports = [], []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            imports += [(a.name.split(".")[0], node.lineno) for a in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            imports.append((node.module.split(".")[0], node.lineno))
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("run", "Popen", "check_output", "call") and node.args:
            first = node.args[0]
            if isinstance(first, ast.List) and first.elts and isinstance(first.elts[0], ast.Constant):
                starts.append((first.elts[0].value, node.lineno))
    folders = [os.path.dirname(where), *re.findall(r'sys\.path\.insert\(0, os\.path\.join\(TOP, "([\w/]+)"', text)]
    near = {os.path.basename(f)[:-3] for folder in folders for f in glob.glob(folder + "/*.py")}
    known = set(sys.stdlib_module_names) | near
    return starts, [(name, line) for name, line in imports if name not in known]


# --- what is provided ----------------------------------------------------------------------------
def packages_of_setup():
    """{package: command or file that stands for it} of the `need` lines; the second: packages of the toolchain."""
    with open("test/setup") as f:
        pairs = re.findall(r"^\s*need (\S+) (\S+)$", f.read(), re.M)
    with open("mk/toolchain.sh") as f:
        later = re.findall(r"^\s*need ([^#\n]+)$", f.read(), re.M)
    return dict(reversed(pairs)), [p for names in later for p in names.split() if "$" not in p]


def dpkg(*args):
    return subprocess.run(["dpkg-query", *args], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout


def closure(wanted):
    """The installed ones among these packages and all that they depend on; of alternatives the first that is installed."""
    depends, provides = {}, {}
    for line in dpkg("-W", "-f", "${db:Status-Abbrev}\t${Package}\t${Pre-Depends}, ${Depends}\t${Provides}\n").splitlines():
        state, name, needs, gives = line.split("\t")
        if state.startswith("ii"):
            depends[name] = needs
            for virtual in re.findall(r"[^\s,()=]+(?=[^,]*)", gives):
                provides.setdefault(virtual, name)
    found, todo = set(), list(wanted)
    while todo:
        name = todo.pop()
        name = name if name in depends else provides.get(name)
        if name is None or name in found:
            continue
        found.add(name)
        for group in depends[name].split(","):
            options = [re.sub(r"[:(\s].*", "", o.strip()) for o in group.split("|")]
            todo += [o for o in options if o in depends or o in provides][:1]
    return found


def provided():
    """(packages, files): of a bare machine after test/setup."""
    needs, later = packages_of_setup()
    bare = [line.split()[1] for line in dpkg("-W", "-f", "${Essential} ${Package}\n").splitlines() if line.startswith("yes")]
    packages = closure([*bare, "apt", *needs, *later])
    files = set(dpkg("-L", *packages).splitlines())
    return packages, files, set(needs.values())


class Check:
    def __init__(self):
        self.packages, self.files, self.named = provided()
        commands = {os.path.basename(f) for f in self.files if re.match(r"/(usr/)?s?bin/|/usr/games/", f)}
        self.commands = commands | {n for n in self.named if "/" not in n}
        self.commands |= {name for name, package in ALTERNATIVES.items() if package in self.packages}
        self.missing, self.seen, self.names = [], 0, set()

    def miss(self, where, line, what):
        self.missing.append("%s:%d: %s" % (where, line, what))

    def command(self, where, line, name, functions):
        optional = OPTIONAL.get(where, "").split()
        if "-v" in sys.argv:
            self.names.add(name)
        if re.match(r"[a-z]+-\$$", name):  # as qemu-$arch
            self.seen += 1
            if not any(c.startswith(name[:-1]) for c in self.commands):
                self.miss(where, line, "%s...: no package that test/setup installs has one" % name[:-1])
        if not re.match(r"[A-Za-z_/][\w.+/-]*$", name) or name in BUILTINS or name in functions or name in optional:
            return
        self.seen += 1
        if name.startswith("/"):
            if name.startswith(("/usr/", "/bin/", "/sbin/")):
                self.path(where, line, name)
        elif "/" not in name and name not in self.commands:
            self.miss(where, line, "%s: no package that test/setup installs has it" % name)

    def path(self, where, line, path):
        self.seen += 1
        path = path.rstrip("/.")
        if path in OPTIONAL.get(where, "").split() or path in self.named or path.startswith("/usr/local/"):
            return
        if not any(f == path or f == "/usr" + path or (path.endswith("-") and f.startswith(path)) for f in self.files):
            self.miss(where, line, "%s: in no package that test/setup installs" % path)

    def shell(self, where, text, functions, line=1):
        s = Shell(text, line)
        s.commands("")
        functions = functions | s.functions
        for name, at in s.calls:
            self.command(where, at, name, functions)
        for path, at in s.paths:
            self.path(where, at, path)
        return functions

    def python(self, where, text):
        starts, imports = python_uses(text, where)
        for name, line in starts:
            self.command(where, line, name, set())
        for name, line in imports:
            self.miss(where, line, "import %s: not in Python's own library" % name)
        self.seen += len(starts)

    def headers(self, where, text):
        for n, line in enumerate(text.splitlines(), 1):
            m = re.match(r"#\s*include <([^>]+)>", line)
            if m:
                self.seen += 1
                if not any(f.endswith("/include/" + m.group(1)) or f.endswith("-linux-gnu/" + m.group(1)) for f in self.includes):
                    self.miss(where, n, "<%s>: no package that test/setup installs has it" % m.group(1))

    def libraries(self, where, text):
        for n, line in enumerate(text.splitlines(), 1):
            for name in re.findall(r"(?<![\w-])-l(\w+)\b", line if not line.startswith("#") else ""):
                self.seen += 1
                if not any(re.search(r"/lib%s\.(so|a)$" % re.escape(name), f) for f in self.files):
                    self.miss(where, n, "-l%s: no package that test/setup installs has it" % name)


def sources():
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], stdout=subprocess.PIPE, text=True).stdout.splitlines()
    return [n for n in names if os.path.isfile(n) and not n.startswith(LEFT_OUT) and os.path.getsize(n) < 200000]


def main():
    if not shutil.which("dpkg-query"):
        return print("skip - needs: no dpkg here to ask what a package has")
    check = Check()
    check.includes = [f for f in check.files if "include/" in f]
    scripts, makefiles, library = {}, {}, set()
    for name in sources():
        with open(name, errors="replace") as f:
            text = f.read()
        if re.match(r"#!/bin/(ba)?sh|# shellcheck shell=", text):
            scripts[name] = text
            s = Shell(text)
            s.commands("")
            if text.startswith("# shellcheck shell="):
                library |= s.functions
        elif name.endswith(".mk") or name == "Makefile":
            makefiles[name] = text
        elif name.endswith(".py") or text.startswith("#!/usr/bin/python3"):
            check.python(name, text)
        elif name.endswith((".c", ".h")):
            check.headers(name, text)
    for name, text in scripts.items():
        check.shell(name, text, library)
    for name, text in makefiles.items():
        check.libraries(name, text)
        for line, script in recipes(text):
            check.shell(name, script, set(), line)
    if "-v" in sys.argv:
        print(" ".join(sorted(n for n in check.names if re.match(r"[\w.+/-]+$", n) and n not in BUILTINS)))
        print("%d uses looked at" % check.seen)
    print("\n".join(check.missing) or "needs: nothing is missing")
    sys.exit(bool(check.missing))


main()
