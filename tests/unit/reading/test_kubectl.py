"""Resources are parsed as kubectl parses them; the tests compare with `kubectl annotate --local`."""

import json
import subprocess
from collections.abc import Sequence
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from microservice_operator.reading import BadYAML, read_resources
from tests.cluster.conftest import KUBECTL

HEAD = "apiVersion: x.example/v1\nkind: X\nmetadata: {name: a, annotations: {w: w}}\n"
AS_JSON = json.dumps(yaml.safe_load(HEAD))

# Plain scalars and their tags, as they stand in a list.
SCALARS = (
    *("n", "N", "y", "Y", "yes", "Yes", "YES", "no", "on", "On", "off", "OFF", "true", "True", "TRUE", "tRUE", "False"),
    *(
        "~",
        "null",
        "Null",
        "NULL",
        "nULL",
        "0",
        "-0",
        "+1",
        "08",
        "09",
        "010",
        "-010",
        "00",
        "0o17",
        "0O17",
        "0x1F",
        "0X1f",
    ),
    *(
        "-0x1F",
        "+0x1F",
        "0b101",
        "-0b101",
        "0b12",
        "0x",
        "1_000",
        "1__0",
        "_1",
        "0x_1F",
        "1e3",
        "1E3",
        "1.5e3",
        "1e-3",
        "1e+3",
    ),
    *("+.5", "-.5", ".5", ".5e1", ".1_0", "1.", "1.0", "2.50", "-0.0", "1e400", "-1e400", "1e-400", "1e21", "1e20"),
    *(
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551616",
        "-9223372036854775808",
        "-9223372036854775809",
    ),
    *(
        "12:30",
        "190:20:30",
        "190:20:30.15",
        "2026-11-25",
        "2026-1-1",
        "0000-00-00",
        "2026-13-45",
        "2001-12-14t21:59:43.10-05:00",
    ),
    *(
        "1,5",
        "1 000",
        "Infinity",
        "inf",
        "nan",
        ".infinity",
        "=",
        "<<",
        "a",
        "-a",
        "+",
        "-.",
        "0xg",
        "1e",
        "e3",
        "'8'",
        '"no"',
        "''",
    ),
    *("!!str 5", "!!int '5'", "!!int 5", "!!float 5", "!!float .5", "!!bool yes", "!!null ~", "!!timestamp 2026-01-01"),
    *("!!binary aGk=", "!!binary gA==", "! 12", "!own 12", "!own yes", "!!own no", "!!str ~", "!!str ''"),
)
KEYS = ("y", "N", "010", "0x1F", "1_0", "8", "true", "'no'", "2026-01-01", "1.0.0", "a b", "!!str 010", "!own 010")

# Whole files; `None` where ours is stricter on purpose, and kubectl loses something without a word.
FILES: dict[str, tuple[str, str | None]] = {
    "merge": (f"{HEAD}x: &b {{a: 1, b: 2}}\nspec: {{<<: *b, a: 3}}\n", ""),
    "merge of several": (f"{HEAD}x: &b {{a: 1}}\ny: &c {{a: 2, c: 3}}\nspec: {{<<: [*b, *c]}}\n", ""),
    "merge of a mapping in place": (f"{HEAD}spec: {{<<: {{a: 1}}, a: 2}}\n", ""),
    "anchors": (f"{HEAD}spec: {{a: &a [1, &b x], b: *a, c: *b, *b : d}}\n", ""),
    "block scalars": (f"{HEAD}spec:\n  a: |\n    x\n  b: >-\n    y\n    z\n", ""),
    "hyphens in a block scalar": (f"{HEAD}spec: |\n  a\n  --- b\n", ""),
    "a tab after a colon": (f"{HEAD}spec:\n  a:\t1\n", ""),
    "a tab before a key": (f"{HEAD}spec:\n\ta: 1\n", "5: found character that cannot start any token"),
    "several documents": (f"---\n---\n# nothing\n---\n{HEAD}--- # second\n{HEAD}---\n", ""),
    "several documents of Windows": (f"{HEAD}---\n{HEAD}".replace("\n", "\r\n"), ""),
    "something after the hyphens": (f"{HEAD}--- {{a: 1}}\n", "4: something follows the three hyphens"),
    "four hyphens": (f"{HEAD}----\n", "4: something follows the three hyphens"),
    "a directive": (f"%YAML 1.1\n---\n{HEAD}", "2: did not find expected <document start>"),
    "a byte order mark": (f"\ufeff{HEAD}", ""),
    "JSON": (
        AS_JSON.replace('"kind"', '"spec": ["\\ud83d\\ude00", 1e3, 1.5, 1.0, -0, 12345678901234567890], "kind"'),
        "",
    ),
    "a stream of JSON": (f"{AS_JSON}\n{AS_JSON}{AS_JSON}", ""),
    "JSON between hyphens": (f"{AS_JSON}\n---\n{AS_JSON}", ""),
    "JSON with a comma too many": (AS_JSON.replace("}", ",}", 1), ""),
    "JSON without quotes": ("{apiVersion: x.example/v1, kind: X, metadata: {name: a, annotations: {w: w}}}", ""),
    "JSON with NaN": (AS_JSON.replace('"a"', "NaN"), ""),
    "an alias of what holds it": (f"{HEAD}spec: &a {{b: *a}}\n", "4: the alias *a is inside the value"),
    "an alias of nothing": (f"{HEAD}spec: *x\n", "4: the alias *x refers to no earlier anchor"),
    "a key that is null": (f"{HEAD}spec: {{null: 1}}\n", "4: a key is empty or null"),
    "a key that is a list": (f"{HEAD}spec: {{? [a] : 1}}\n", "4: a key must be text"),
    "no number": (f"{HEAD}spec: [.nan]\n", "4: '.nan' is not a JSON number"),
    "infinite": (f"{HEAD}spec: [-.inf]\n", "4: '-.inf' is not a JSON number"),
    "a tag that lies": (f"{HEAD}spec: !!int abc\n", "4: 'abc' is not a valid int"),
    "a tag that loses": (f"{HEAD}spec: !!int 1.5\n", "4: '1.5' is not a valid int"),
    "no base64": (f"{HEAD}spec: !!binary '***'\n", "4: the value of !!binary is not base64"),
    "base64 with blanks": (f"{HEAD}spec: !!binary 'aG k='\n", "4: the value of !!binary is not base64"),
    "base64 in lines": (f"{HEAD}spec: !!binary |\n  aGk=\n  \n", ""),
    "two colons": (f"{HEAD}spec: a: b\n", "4: mapping values are not allowed"),
    "a control character": (f'{HEAD}spec: "a\x07"\n', "4: it contains a character that YAML does not allow"),
    "one key twice": (f"{HEAD}spec:\n  a: 1\n  a: 2\n", None),
    "one key twice, as number and text": (f"{HEAD}spec: {{8: 1, '8': 2}}\n", None),
    "one key twice in JSON": (AS_JSON.replace('"kind"', '"kind": "Y", "kind"'), None),
    "a field before a merge": (f"{HEAD}x: &b {{a: 1}}\nspec: {{a: 3, <<: *b}}\n", None),
    "a second document after three dots": (f"{HEAD}...\n{HEAD}", None),
    "a key that is a fraction": (f"{HEAD}spec: {{1.50: a}}\n", None),
}


def kubectl(text: str) -> tuple[list[Any], str]:
    """What kubectl makes of a file: the objects up to the first that it refuses, and what it says."""
    command = [str(KUBECTL), "annotate", "--local", "--filename=-", "--output=json", "w=w"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    found: list[Any] = []
    decode, at = json.JSONDecoder().raw_decode, 0
    while at < len(done.stdout):
        value, at = decode(done.stdout, at)
        found.append(value)
        at += len(done.stdout[at:]) - len(done.stdout[at:].lstrip())
    return found, done.stderr


def ours(text: str) -> tuple[list[Any], str]:
    """The same by our reader."""
    found = []
    try:
        for _, _, value in read_resources(text):
            if value is not None:
                found.append(value)
    except BadYAML as error:
        return found, f"{error.line}: {error}"
    return found, ""


def rounded(digits: str) -> int | float:
    """An integer as kubectl has it, whichever way it is written."""
    return int(digits) if -(2**63) <= int(digits) < 2**63 else float(digits)


def exact(values: Any) -> str:
    """Also tells 1 from True, and 1 from 1.0."""
    return json.dumps(json.loads(json.dumps(values), parse_int=rounded), sort_keys=True)


def listed(scalars: Sequence[str]) -> str:
    """A file with these in a list."""
    return f"{HEAD}spec:\n" + "".join(f"- {scalar}\n" for scalar in scalars)


def alike(one: Any, other: Any) -> bool:
    """Equal, and of one type; JSON does not tell 1e20 from 100000000000000000000."""
    if isinstance(one, int | float) and abs(one) >= 2**63:
        return float(one) == float(other)
    return bool(one == other) and type(one) is type(other)


@pytest.fixture(scope="module")
def scalars() -> list[Any]:
    """All plain scalars at once, by kubectl."""
    found, said = kubectl(listed(SCALARS))
    assert said == ""
    return list(found[0]["spec"])


@pytest.mark.parametrize("scalar", SCALARS)
def test_scalars(scalars: list[Any], scalar: str) -> None:
    found, said = ours(listed([scalar]))
    assert said == ""
    assert alike(found[0]["spec"][0], scalars[SCALARS.index(scalar)])


def test_keys() -> None:
    text = f"{HEAD}spec:\n" + "".join(f"  x{at}: {{{key}: 1}}\n" for at, key in enumerate(KEYS))
    assert ours(text) == kubectl(text)


@pytest.mark.parametrize("name", FILES)
def test_files(name: str) -> None:
    text, expected = FILES[name]
    found, said = ours(text)
    by_kubectl, refusal = kubectl(text)
    if expected is None:
        assert refusal == ""
        assert said != ""
        return
    assert bool(said) == bool(refusal), refusal
    assert expected in said
    assert said or exact(found) == exact(by_kubectl)


def alone(text: str) -> bool:
    """Whether it is a scalar, and not a list, a mapping or nothing that YAML knows."""
    try:
        node = yaml.compose(f"- {text}")
        return isinstance(node, yaml.SequenceNode) and isinstance(node.value[0], yaml.ScalarNode)
    except yaml.YAMLError:
        return False


PLAIN = st.text("0123456789abcdefABCDEFxXoOyYnN+-._~:", min_size=1, max_size=8) | st.from_regex(
    r"[-+]?(0[xob])?[0-9_]{1,6}(\.[0-9]{0,3})?([eE][-+]?[0-9]{1,3})?", fullmatch=True
)


@settings(max_examples=5, deadline=None)
@given(st.lists(PLAIN, min_size=200, max_size=200))
def test_any_scalars(texts: list[str]) -> None:
    """Hundreds in one call, because each call starts kubectl again."""
    plain = [text for text in texts if alone(text)]
    found, said = ours(listed(plain))
    expected, refusal = kubectl(listed(plain))
    assert (said, refusal) == ("", "")
    pairs = zip(plain, found[0]["spec"], expected[0]["spec"], strict=True)
    assert [pair for pair in pairs if not alike(*pair[1:])] == []
