#!/usr/bin/env python3
"""Runs the conformance vectors beside this file on a command-line tool.

usage: run.py TOOL [--missing FEATURE]... [--ignore-requirement] [--rules] [--only ID]...

README.md has the format and the contract. Exit code 0: nothing failed, and
nothing was skipped but for features that were declared missing. 1: something did.
3: the vectors or the tool can not be read.
"""

import argparse
import base64
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile

FACTS = (
    "tls_spki_sha256", "snp_measurement", "measured_from", "workload_identity_tag", "workload", "manifest", "trust_bundle",
    "report", "receipt", "leaf", "roots", "revocation", "warnings", "notes", "not_checked", "limits",
)
COMMANDS = ("attest", "report", "receipt", "measure")
OPTIONS = (
    "at", "spki", "workload", "strict", "vmpl", "allow-debug", "allow-migration", "allow-vlek",
    "measurement", "report-data", "report-data-prefix", "host-data", "chip-id", "min-tcb", "qualifying-data", "user-data", "pcr", "max-age",
    "vmm", "vcpus", "cpu", "features", "cmdline",
)
INPUTS = (
    "envelope", "bundle", "evidence", "cert", "release-root", "amd-root", "report", "certs", "crl", "quote", "quote-signature", "pcrs",
    "policy", "state", "pin", "receipt", "jwks", "request", "response",
    "launch", "firmware", "kernel", "initrd", "cmdline-file", "igvm", "match", "id-block", "id-auth",
)
TIMEOUT = 120  # seconds for one case; only a tool that hangs needs it


class Unreadable(Exception):
    """The vectors are not what the index says."""


def read(folder, name):
    with open(os.path.join(folder, name), "rb") as f:
        return f.read()


def load(folder):
    """All cases, in the order of the index, which has to list every file."""
    index = json.loads(read(folder, "index.json"))
    entries = index["cases"]
    if index["schema"] != "tresor.vectors/v1" or index["count"] != len(entries) or not entries:
        raise Unreadable("index.json is not a complete index")
    cases = []
    for entry in entries:
        case = json.loads(read(folder, entry["file"]))
        if case["id"] != entry["id"]:
            raise Unreadable(entry["file"] + " is not the case that the index lists")
        case["section"] = os.path.basename(os.path.dirname(entry["file"]))
        cases.append(case)
    found = {
        os.path.relpath(os.path.join(at, name), folder).replace(os.sep, "/")
        for at, _, names in os.walk(os.path.join(folder, "cases")) for name in names if name.endswith(".json")
    }
    if found != {entry["file"] for entry in entries} or len(found) != len(entries):
        raise Unreadable("the index and cases/ do not agree")
    return cases


def content(folder, part):
    """The bytes of one input."""
    if len(part) != 1:
        raise Unreadable("not exactly one of text, base64 and shared")
    (form, value), = part.items()
    if form == "text":
        return value.encode("utf-8")
    if form == "base64":
        return base64.b64decode(value, validate=True)
    if form == "shared" and os.path.basename(value) == value:
        return read(os.path.join(folder, "shared"), value)
    raise Unreadable("an input of the unknown form %s: %.60r" % (form, value))


def command_line(folder, case, scratch):
    """The arguments of a case, with its inputs in files below scratch."""
    args, operands = [case["command"], "--json"], []
    for name, value in sorted(case["options"].items()):
        args += ["--" + name] if value is True else ["--" + name, value]
    for name, parts in sorted(case["inputs"].items()):
        for i, part in enumerate(parts):
            path = os.path.join(scratch, "%s-%d" % (name, i))
            with open(path, "wb") as f:
                f.write(content(folder, part))
            if name == "receipt":  # the operand of that command
                operands.append(path)
            else:
                args += ["--" + name, path]
    return args + operands


def foreign(case):
    """What makes a case one that is not run: vectors choose neither addresses nor
    places on disk, and start no other command."""
    if case["schema"] != "tresor.vector/v1":
        return "its schema is " + case["schema"]
    for what, names, known in (
        ("command", [case["command"]], COMMANDS), ("option", case["options"], OPTIONS), ("input", case["inputs"], INPUTS),
    ):
        for name in sorted(names):
            if name not in known:
                return "no vector has the %s %r" % (what, name)
    return None


def lacks_feature(case, missing):
    """Whether a case uses a feature that is declared missing."""
    features = {case["command"], case["section"], *case["options"], *case["inputs"]}
    return any(name in features or len(name) > 1 and name.endswith("*") and case["section"].startswith(name[:-1]) for name in missing)


def lacks(want, got, path="result"):
    """Where got lacks something of want, or None."""
    if isinstance(want, dict):
        if not isinstance(got, dict):
            return "%s: expected an object, got %r" % (path, got)
        found = (lacks(value, got.get(name), path + "." + name) for name, value in want.items())
        return next((problem for problem in found if problem), None)
    if isinstance(want, list):
        if not isinstance(got, list) or len(got) != len(want):
            return "%s: expected %r, got %r" % (path, want, got)
        found = (lacks(w, g, "%s[%d]" % (path, i)) for i, (w, g) in enumerate(zip(want, got)))
        return next((problem for problem in found if problem), None)
    if type(want) is not type(got) or want != got:
        return "%s: expected %r, got %r" % (path, want, got)
    return None


def judge(expect, code, stdout, requirements):
    """What is wrong with an answer, or None."""
    try:
        got = json.loads(stdout)
    except ValueError:
        got = None
    if not isinstance(got, dict):
        return "the answer is not one JSON object"
    error = got.get("error") or {}
    compared = [
        ("exit code", expect["exit_code"], code), ("exit_code", expect["exit_code"], got.get("exit_code")),
        ("verdict", expect["verdict"], got.get("verdict")), ("error type", expect.get("error"), error.get("type")),
    ]
    if requirements:
        compared.append(("requirement", expect.get("requirement"), error.get("requirement")))
    for what, want, have in compared:
        if want != have:
            return "%s: expected %s, got %s (%s)" % (what, want, have, error.get("message"))
    if expect["exit_code"] not in (0, 4):
        shown = [name for name in FACTS if name in got]
        if shown:
            return "a refusal that shows " + ", ".join(shown)
    failed = [check for check in got.get("checks", []) if check.get("status") == "fail"]
    if failed and (expect["exit_code"] in (0, 4) or failed[0].get("requirement") != error.get("requirement")):
        return "step %s failed, which is not the verdict" % failed[0].get("id")
    return lacks(expect["result"], got) if "result" in expect else None


def play(folder, tool, case, requirements):
    with tempfile.TemporaryDirectory(prefix="vector-") as scratch:
        args = command_line(folder, case, scratch)
        try:
            done = subprocess.run([tool] + args, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT, check=False)
        except subprocess.TimeoutExpired:
            return "no answer within %d seconds" % TIMEOUT
        return judge(case["expect"], done.returncode, done.stdout, requirements)


def main():
    parser = argparse.ArgumentParser(description="Runs conformance vectors on a tool.")
    parser.add_argument("tool")
    parser.add_argument("--missing", action="append", default=[], metavar="FEATURE", help="a command, option or input that the tool does not have, or a section of cases; NAME* are all sections that begin so")
    parser.add_argument("--ignore-requirement", action="store_true", help="do not compare ids of rules")
    parser.add_argument("--rules", action="store_true", help="print what became of the cases of each rule")
    parser.add_argument("--only", action="append", default=[], metavar="ID", help="run this case and no other; may be repeated")
    options = parser.parse_args()
    folder = os.path.dirname(os.path.abspath(__file__))
    cases = load(folder)
    unknown = set(options.only) - {case["id"] for case in cases}
    if unknown:
        raise Unreadable("no such case: " + ", ".join(sorted(unknown)))
    if options.only:
        cases = [case for case in cases if case["id"] in options.only]

    def outcome(case):
        if lacks_feature(case, options.missing):
            return "skipped", None
        strange = foreign(case)
        if strange:
            return "undeclared", "skipped, and not declared missing: " + strange
        problem = play(folder, options.tool, case, not options.ignore_requirement)
        return ("failed", problem) if problem else ("passed", None)

    numbers = dict.fromkeys(("passed", "failed", "skipped", "undeclared"), 0)
    rules = {}  # what became of the cases of each
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for case, (kind, problem) in zip(cases, pool.map(outcome, cases)):
            numbers[kind] += 1
            for rule in set(case["rules"]):
                rules.setdefault(rule, dict.fromkeys(numbers, 0))[kind] += 1
            if problem:
                print("%s: %s" % (case["id"], problem))
    if options.rules:
        for rule in sorted(rules):
            print("%s  %4d passed, %d failed, %d skipped" % (
                rule, rules[rule]["passed"], rules[rule]["failed"], rules[rule]["skipped"] + rules[rule]["undeclared"]))
    bad = numbers["failed"] + numbers["undeclared"]
    print("%s: %d passed, %d failed, %d skipped as declared, %d skipped undeclared" % (
        "FAIL" if bad else "PASS", numbers["passed"], numbers["failed"], numbers["skipped"], numbers["undeclared"]))
    whole = sum(1 for of in rules.values() if of["passed"] and not of["failed"] + of["skipped"] + of["undeclared"])
    print("vectors %s: of %d rules with a case, %d passed all of theirs, %d some, %d none" % (
        read(folder, "VERSION").decode("ascii").strip(), len(rules), whole,
        sum(1 for of in rules.values() if of["passed"]) - whole, sum(1 for of in rules.values() if not of["passed"])))
    if options.only:
        print("run by itself: " + ", ".join(options.only))
    if options.missing:
        print("declared missing: " + ", ".join(options.missing))
    if options.ignore_requirement:
        print("requirements were not compared")
    return 1 if bad else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, ValueError, KeyError, Unreadable) as e:
        print("run.py: %s" % e, file=sys.stderr)
        sys.exit(3)
