"""Every reason has a row on the page of reasons, in complete sentences."""

import re
from collections import Counter

import pytest

from microservice_operator.facts import Reason
from microservice_operator.reason_docs import SECTIONS, reasons_page

ROWS = [(reason, row) for rows in SECTIONS.values() for reason, row in rows.items()]
LONGEST = 25  # words in a sentence, as CONTRIBUTING asks


def test_every_reason_is_explained_once() -> None:
    assert Counter(reason for reason, _ in ROWS) == Counter(Reason)


@pytest.mark.parametrize("reason", Reason)
def test_the_page_of_reasons_has_one_row_for_each(reason: Reason) -> None:
    (row,) = re.findall(rf"^\| `{reason}` \| .+ \| .+ \|$", reasons_page(), re.MULTILINE)
    assert row.replace("\\|", "").count("|") == 4, "a bar in a cell breaks the table"


@pytest.mark.parametrize(("reason", "text"), [(reason, text) for reason, row in ROWS for text in row])
def test_the_sentences_about_a_reason_are_short_and_whole(reason: Reason, text: str) -> None:
    assert text[0].isupper() or text[0] == "`", reason
    assert text.endswith("."), reason
    for sentence in re.split(r"(?<=\.) ", text):
        assert len(sentence.split()) <= LONGEST, sentence
