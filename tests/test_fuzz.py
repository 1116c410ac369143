"""The readers' promises on mutations of good files; `fuzz.py` looks further, guided by coverage."""

import copy
import importlib.util
import os
import re
import subprocess
import sys
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from readers import PARAMS, READERS
from ruamel.yaml import YAML

from rnnlab.core.errors import UserError
from rnnlab.core.params_parsing import flatten, parse

pytestmark = pytest.mark.promise(number=3)

SECONDS = 20  # a reader


@st.composite
def mutations(draw, seeds, words):
    """A good file after one to four changes: a byte flipped, a piece cut out, put in, said twice, or two swapped."""
    content = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(1, 4))):
        a, b, c = sorted(draw(st.lists(st.integers(0, len(content)), min_size=3, max_size=3)))
        before, first, second, after = content[:a], content[a:b], content[b:c], content[c:]
        flipped = bytes(byte ^ draw(st.integers(1, 255)) for byte in first[:1]) + first[1:]
        put_in = draw(st.sampled_from(words) | st.binary(max_size=4))
        changes = [
            flipped + second,
            second,
            put_in + first + second,
            put_in + second,
            first * 2 + second,
            second + first,
        ]
        content = before + draw(st.sampled_from(changes)) + after
    return content


@pytest.mark.parametrize("reader", READERS)
@given(data=st.data())
def test_a_damaged_file_is_read_as_promised_or_refused(reader, data):
    promise, seeds, words = READERS[reader]
    promise(data.draw(mutations(seeds, words)))


CONTENT = YAML(typ="safe").load(PARAMS)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.dates() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(st.sampled_from(sorted(flatten(CONTENT))), VALUES)
def test_any_value_of_a_parameter_is_taken_or_refused(key, value):
    content = copy.deepcopy(CONTENT)
    *path, last = key.split(".")
    section = content
    for part in path:
        section = section[part]
    section[last] = value
    with suppress(UserError):
        parse(content)


@pytest.mark.long
@pytest.mark.parametrize("reader", READERS)
def test_a_search_guided_by_coverage_finds_no_bytes_that_break_a_promise(reader, root, tmp_path, record_property):
    if not importlib.util.find_spec("atheris"):
        pytest.skip("needs atheris: pip install -e '.[fuzz]'")
    words = [sys.executable, str(root / "tests/fuzz.py"), reader, str(SECONDS)]
    environment = os.environ | {"PYTHONPATH": str(root)}
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr[-4000:]
    record_property(f"files tried on the {reader} reader", re.search(r"Done (\d+) runs", done.stderr)[1])
