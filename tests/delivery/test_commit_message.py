"""The commit-msg hook: which messages it accepts, and what it says about the others."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOOK = ROOT / ".ci/commit-msg"

ACCEPTED = {
    "a verb in the imperative": "Add a metric for the work queue",
    "60 characters": "Add " + "x" * 56,
    "60 characters, not bytes": "Add " + "é" * 56,
    "a reason in the body": "Add a metric\n\nThe queue hid what it waited for; now it shows it.",
    "a verb that ends in ed": "Embed the schema in the CRD",
    "a verb that ends in eed": "Speed up the start",
    "a verb that ends in ing": "Bring the index up to date",
    "a verb that ends in ss": "Pass the region to the client",
    "a merge by git": "Merge branch 'a-branch-whose-name-says-everything; and then some more' into main",
    "a revert by git": 'Revert "Add a metric for the depth of the work queue of the operator"',
    "a fixup that autosquash takes away": "fixup! Add a metric for the depth of the work queue of the operator",
    "comments and what git shows below the scissors": (
        "\n# Please enter the commit message\nAdd a metric\n\n# Changes to be committed; these files\n"
        "# ------------------------ >8 ------------------------\ndiff --git a/x b/x\n"
    ),
    "nothing, which git itself refuses": "# Please enter the commit message\n",
}

REFUSED = {
    "61 characters": ("Add " + "x" * 57, "61 characters"),
    "61 characters, not bytes": ("Add " + "é" * 57, "61 characters"),
    "two changes": ("Add a metric; fix the queue", "';'"),
    "past tense": ("Added a metric", "starts with 'Added'"),
    "a gerund": ("Fixing the queue", "starts with 'Fixing'"),
    "third person": ("Fixes the queue", "starts with 'Fixes'"),
    "a plural noun": ("Tests for the queue", "starts with 'Tests'"),
    "a label": ("Docs: explain the queue", "starts with 'Docs:'"),
    "no word": ("#1 add a metric\n123 metrics", "does not start with a word"),
    "a body without an empty line": ("Add a metric\nBecause it was missing.", "second line is not empty"),
    "a merge by a person": ("Merge five modules into one; drop the index", "';'"),
}


def _hook(message: str, folder: Path) -> subprocess.CompletedProcess[str]:
    file = folder / "COMMIT_EDITMSG"
    file.write_text(message, encoding="utf-8")
    return subprocess.run([HOOK, file], capture_output=True, text=True, timeout=10, check=False)


@pytest.mark.parametrize("message", ACCEPTED.values(), ids=ACCEPTED)
def test_the_commit_message_hook_accepts(message: str, tmp_path: Path) -> None:
    done = _hook(message, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("message", "said"), REFUSED.values(), ids=REFUSED)
def test_the_commit_message_hook_refuses(message: str, said: str, tmp_path: Path) -> None:
    done = _hook(message, tmp_path)
    assert done.returncode == 1
    assert said in done.stderr


def test_the_commit_message_hook_says_all_that_is_wrong_at_once(tmp_path: Path) -> None:
    done = _hook("Added a metric; " + "x" * 60 + "\nbody", tmp_path)
    assert done.stderr.count("error: ") == 4


def test_git_refuses_the_commit_once_the_hooks_are_installed(tmp_path: Path) -> None:
    for name in (".pre-commit-config.yaml", ".ci/commit-msg"):
        copy = tmp_path / name
        copy.parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, copy)
    (tmp_path / "Makefile").write_text("format:\n\t@true\n", encoding="utf-8")
    commit = ("git", "-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "--message")

    def run(*command: str | Path) -> tuple[int, str]:
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout + done.stderr

    for command in (("git", "init", "--quiet"), ("git", "add", "."), (ROOT / ".venv/bin/pre-commit", "install")):
        status, output = run(*command)
        assert status == 0, output

    status, output = run(*commit, "Added everything")
    assert status != 0
    assert "starts with 'Added'" in output

    status, output = run(*commit, "Add everything")
    assert status == 0, output
