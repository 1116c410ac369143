"""README and docs: links lead somewhere, commands exist, figures are those of the results."""

import json
import re
import runpy
from pathlib import Path

import jupytext
import matplotlib.pyplot as plt
import numpy as np
import pytest
from ruamel.yaml import YAML

from rnnlab.cli import app
from rnnlab.comparison import verdict
from rnnlab.core.model_params import Model, Training

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", ROOT / "CHANGELOG.md"]
PAGES += sorted((ROOT / "docs").glob("*.md"))
TEXTS = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in PAGES}
EACH_PAGE = pytest.mark.parametrize("page", TEXTS)
CODE = re.compile(r"^    .*$|^```(?s:.*?)^```$|`[^`\n]+`", re.MULTILINE)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def anchors(text):
    """Of the headings, as GitHub makes them: lower case, words joined by hyphens, punctuation dropped."""
    headings = re.findall(r"^#+ (.+)$", CODE.sub(lambda code: code[0].strip("`"), text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def commands(text):
    """Code of a page: indented lines and what stands between backticks, without comments."""
    lines = re.findall(r"^    (.*)$|`([^`\n]+)`", text, re.MULTILINE)
    return [re.split(r"\s#\s", block or inline)[0] for block, inline in lines]


@EACH_PAGE
def test_relative_links_and_anchors_lead_somewhere(page):
    lost = []
    for link in LINK.findall(CODE.sub("", TEXTS[page])):
        name, _, anchor = link.partition("#")
        if "://" in link:
            continue
        target = (ROOT / page).parent / name if name else ROOT / page
        if not target.exists() or (anchor and anchor not in anchors(target.read_text(encoding="utf-8"))):
            lost.append(link)
    assert not lost


def test_a_link_to_a_heading_that_is_not_there_is_found():
    assert anchors("# The `same` bytes, on 2 PCs\n\n    # no heading\n") == {"the-same-bytes-on-2-pcs"}


def test_the_readme_is_short_and_links_every_page_of_docs():
    text = TEXTS["README.md"]
    assert len(text.splitlines()) <= 150
    assert {f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")} <= set(LINK.findall(text))


def test_the_page_of_the_library_is_that_of_its_docstrings():
    assert runpy.run_path(str(ROOT / ".ci/api.py"))["page"]() == TEXTS["docs/api.md"]


def test_every_picture_of_docs_is_shown():
    shown = {Path(link).name for text in TEXTS.values() for link in LINK.findall(text)}
    assert {path.name for path in (ROOT / "docs").glob("*.png")} <= shown


@EACH_PAGE
def test_make_targets_and_commands_of_rnnlab_exist(page):
    code = "\n".join(commands(TEXTS[page]))
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    known = {command.name or command.callback.__name__ for command in app.registered_commands}
    assert set(re.findall(r"(?:^|\s)make ([a-z-]+)(?=$|[\s,;])", code, re.MULTILINE)) <= targets
    assert set(re.findall(r"(?:^|\s)rnnlab ([a-z]+)\b", code, re.MULTILINE)) <= known


def keys_of(page):
    """Keys that are set with -S, as they are typed."""
    return re.findall(r"-S '?(\+?\+?[a-z_]+(?:\.[a-zA-Z_]+)*)=", "\n".join(commands(TEXTS[page])))


def exists(key, params):
    """Whether params.yaml may have the key; one that the default leaves out needs a plus."""
    optional = {"models": {*Model.model_fields, *Training.model_fields}}
    first, *path = key.lstrip("+").split(".")
    found = params.get(first)
    for name in path:
        if not isinstance(found, dict):
            return False
        if name not in found:
            return key.startswith("+") and first in optional and (len(path) == 1 or path[-1] in optional[first])
        found = found[name]
    return first in params


@EACH_PAGE
def test_keys_that_are_set_exist(page):
    params, keys = YAML(typ="safe").load(ROOT / "params.yaml"), keys_of(page)
    added = tuple(f"{key.lstrip('+')}." for key in keys if key.startswith("+models."))  # the page adds these models
    assert [key for key in keys if not exists(key, params) and not key.startswith(added)] == []


def test_a_key_that_params_lack_is_found():
    params = {"workers": 1, "models": {"gru": {"cell": "gru"}}}
    right, wrong = (
        ["workers", "models.gru.cell", "+models.gru.patience"],
        ["models.gru.patience", "+models.gru.x", "x.y"],
    )
    assert [key for key in right + wrong if not exists(key, params)] == wrong


def test_the_readmes_figures_are_those_of_the_leaderboard():
    rows = re.findall(r"^\| (\w+) \(.*\) \| ([\d.± ]+) \| ([\d.± ]+) \|$", TEXTS["README.md"], re.MULTILINE)
    assert len(rows) == 5
    leaderboard = (ROOT / "metrics/leaderboard.md").read_text(encoding="utf-8")
    board = re.findall(r"^\| (\w+) +\| +([\d.± ]+?) \| +([\d.± ]+?) \|", leaderboard, re.MULTILINE)
    assert set(rows) <= set(board)


def test_both_languages_of_the_tutorial_have_the_same_figures_and_code():
    english, korean = TEXTS["docs/tutorial.md"], TEXTS["docs/tutorial.ko.md"]
    for pattern in (r"\d+\.\d+|\d{1,3}(?:,\d{3})+", r"`[^`\n]+`", r"^\|"):
        found = [sorted(set(re.findall(pattern, text, re.MULTILINE))) for text in (english, korean)]
        assert found[0] == found[1]


def test_the_tutorials_figures_are_those_of_the_results():
    tables = "\n".join(line for line in TEXTS["docs/tutorial.md"].splitlines() if line.startswith("|"))
    figures = set(re.findall(r"\d+\.\d+", tables))
    assert len(figures) > 20
    assert sorted(figure for figure in figures if figure not in TEXTS["docs/results.md"]) == []


def test_the_tutorial_has_the_lengths_that_the_memory_track_found():
    sentence = verdict.memory(json.loads((ROOT / "metrics/memory.json").read_text()))
    found = tuple(re.findall(r"up to (\d+) steps", sentence))
    assert re.findall(r"\((\d of \d seeds)\)", sentence) == re.findall(r"up to 50 \((.+?)\)", TEXTS["docs/tutorial.md"])
    for page, said in {
        "docs/tutorial.md": r"the RNN learned it\s+up to (\d+) steps, the LSTM up to (\d+)[^,]*, the GRU up to (\d+)",
        "docs/tutorial.ko.md": r"RNN은 길이 (\d+)까지, LSTM은 (\d+)까지[^,]*,\s+GRU는 (\d+)까지",
    }.items():
        assert re.search(said, TEXTS[page]).groups() == found


@pytest.fixture(scope="module")
def cells():
    """The notebook's code cells, with few epochs and seeds."""
    notebook = jupytext.read(ROOT / "notebooks/tutorial.py")
    assert 10 <= len(notebook.cells) <= 15
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    (parameters,) = [cell for cell in code if "parameters" in cell.metadata.get("tags", [])]
    parameters.source = "EPOCHS, DIGIT_EPOCHS, SEEDS = 2, 1, range(2)"
    return [cell.source for cell in code]


def test_the_notebook_runs_and_both_loops_have_the_same_losses(cells, monkeypatch):
    shown = []
    monkeypatch.setattr(plt, "show", lambda: shown.append(plt.gcf()))
    names = {}
    for source in cells:
        exec(source, names)
    plt.close("all")
    assert len(shown) == 2
    assert np.shape(names["by_seed"]) == (2, 2)
    np.testing.assert_allclose(names["by_seed"][:, 0], names["losses"], rtol=1e-12)
    assert names["losses"][1] < names["losses"][0]


def test_the_notebook_notices_a_loop_with_another_learning_rate(cells):
    code = "\n".join(cells)
    other = code.replace("lr=SETTINGS.learning_rate", "lr=0.01")
    assert other != code
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        exec(other, {})
