"""Networks of the user's own: found, tried, trained as replicas, kept in weights files, and exported."""

import re
import sys
import warnings
from pathlib import Path

import pytest
import torch
from ruamel.yaml import YAML
from small_model import PACKED
from torch import nn

from rnnlab.core.errors import UserError
from rnnlab.core.params_parsing import parse
from rnnlab.networks.custom import check_module, with_code
from rnnlab.networks.followed import MADE, WALKED, write_followed
from rnnlab.networks.network import build, initial_states, restore
from rnnlab.networks.weights import pack, unpack
from rnnlab.serving.merging import merge
from rnnlab.training.engines import ENGINES, engine_of
from rnnlab.training.settings import Settings
from rnnlab.training.trainer import Trainer

ROOT = Path(__file__).parent.parent
EXAMPLES = {
    "attention.py:Attention": {"hidden_size": 4},
    "temporal_convolution.py:TemporalConvolution": {"channels": 4, "levels": 2},
    "min_gru.py:MinGRU": {"hidden_size": 4, "num_layers": 2},
    "residual_lstm.py:ResidualLSTM": {"hidden_size": 4, "num_layers": 2},
}
SEEDS, SETTINGS = (3, 4), Settings(3, 4, 0.05, schedule="onecycle", max_grad_norm=0.1, patience=2)
HEAD = """
import torch
from torch import nn
class Mine(nn.Module):
    def __init__(self, input_size, output_size, hidden_size=4):
        super().__init__()
        self.linear = nn.Linear(input_size, output_size)
"""
PLAIN = HEAD + "    def forward(self, x): return self.linear(x[:, -1])\n"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder in which networks/mine.py is written; imports of other projects do not find it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    Path("networks").mkdir()

    def write(text, path="networks/mine.py"):
        Path(path).write_text(text)
        return architecture()

    return write


def architecture(reference="networks/mine.py:Mine", arguments=None):
    given = {"network": reference, "arguments": arguments or {}, "input_size": 2, "length": 3, "output_size": 1}
    return with_code(given)


def example(name):
    return architecture(f"examples/networks/{name}", EXAMPLES[name])


def data(count, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(count, 3, 2, generator=generator), torch.rand(count, 1, generator=generator)


def trainer_of(made, engine, settings=SETTINGS, seeds=SEEDS):
    return Trainer(ENGINES[engine](made, initial_states(made, seeds)), *data(10, 1), seeds, settings, data(5, 2))


def weights(trainer):
    return torch.cat([value.flatten() for state in trainer.states() for value in state.values()])


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_are_trained_at_once_as_if_each_seed_were_alone(name):
    made = example(name)
    assert engine_of(made) == "stacked"
    stacked, *alone = trainer_of(made, "stacked"), *(trainer_of(made, "replicas", seeds=[seed]) for seed in SEEDS)
    rows = [[row for rows in trainer.run() for row in rows] for trainer in (stacked, *alone)]
    expected = sorted(rows[1] + rows[2], key=lambda row: (row["epoch"], row["seed"]))
    assert rows[0] == [{key: pytest.approx(value, abs=1e-5) for key, value in row.items()} for row in expected]
    x, _ = data(20, 3)  # a bias of attention's keys changes nothing, and wanders: outputs are compared, not weights
    ends = [restore(made, state).eval()(x) for trainer in (stacked, *alone) for state in trainer.states()]
    torch.testing.assert_close(ends[:2], ends[2:], atol=1e-4, rtol=0)


def test_the_gated_unit_is_its_recurrence():
    """h_t = (1 - z_t) h_(t-1) + z_t c_t, step by step, from h = 0 (Feng et al. 2024, equations of minGRU)."""
    network = build(example("min_gru.py:MinGRU") | {"arguments": {"hidden_size": 4}})
    x = torch.rand(5, 3, 2)
    gate, candidate = network.layers[0](x).chunk(2, dim=2)
    candidate = torch.where(candidate > 0, candidate + 0.5, candidate.sigmoid())
    state = torch.zeros(5, 4)
    for z, c in zip(gate.sigmoid().unbind(1), candidate.unbind(1), strict=True):
        state = (1 - z) * state + z * c
    torch.testing.assert_close(network(x), network.linear(state))


@pytest.mark.parametrize("step", range(3))
def test_the_convolution_sees_no_step_but_those_before(step):
    network = build(example("temporal_convolution.py:TemporalConvolution"))
    x = torch.rand(1, 3, 2)
    heard = []
    for convolution in network.convolutions:
        convolution.register_forward_hook(lambda _, __, output: heard.append(output))
    network(x)
    before, changed = list(heard), x.clone()
    changed[:, step] += 1
    heard.clear()
    network(changed)
    for first, second in zip(before, heard, strict=True):
        assert torch.equal(first[:, :, :step], second[:, :, :step])


WRONG = {
    "there is no file networks/mine.py": None,
    "can't be imported: ModuleNotFoundError: No module named 'nowhere' (mine.py, line 1)": "import nowhere",
    "mine.py, line 1 is no Python": "class Mine(:",
    "networks/mine.py has no class Mine; of its own it has Other": PLAIN.replace("Mine", "Other"),
    "is no torch.nn.Module, but makes str": "def Mine(input_size): return 'a word'",
    "can't be made with input_size=2, output_size=1: ValueError: odd (mine.py, line 7)": PLAIN.replace(
        "super().__init__()", "super().__init__()\n        raise ValueError('odd')"
    ),
    "fails on a batch of shape (3, 3, 2): IndexError": PLAIN.replace("x[:, -1]", "x[:, 7]"),
    "it should return (3, 1) (batch, output_size); found of shape (3, 3, 1)": PLAIN.replace("x[:, -1]", "x"),
    "it should return (3, 1) (batch, output_size); found tuple": PLAIN.replace("x[:, -1])", "x[:, -1]), 0"),
    "for a batch of shape (1, 3, 2) it should return (1, 1)": PLAIN.replace(
        "self.linear(x[:, -1])", "self.linear(x[:, -1]) if len(x) > 1 else self.linear(x[0, -1])"
    ),
    "its output is not finite": PLAIN.replace("x[:, -1])", "x[:, -1]) / 0"),
    "its output has no gradient": PLAIN.replace("x[:, -1])", "x[:, -1]).detach()"),
    "its output does not depend on its weights": PLAIN.replace(
        "self.linear(x[:, -1])", "x[:, -1, :1] * torch.ones(1, requires_grad=True)"
    ),
    "a gradient is not finite": PLAIN.replace("self.linear(x[:, -1])", "(0 * self.linear(x[:, -1])).sqrt()"),
    "says something else each time (is dropout on in evaluation mode, or a state kept?)": PLAIN.replace(
        "x[:, -1])", "nn.functional.dropout(x[:, -1]))"
    ),
    "depends on the others in its batch (is batch_first=True missing?)": HEAD
    + "        self.gru = nn.GRU(input_size, input_size)\n"
    + "    def forward(self, x): return self.linear(self.gru(x)[0][:, -1])\n",
    "its state dict does not hold all that it computes with": HEAD
    + "        self.drawn = torch.randn(input_size)\n"
    + "    def forward(self, x): return self.linear(x[:, -1] * self.drawn)\n",
    "has lazy layers, whose sizes are not known": PLAIN.replace("nn.Linear(input_size, ", "nn.LazyLinear("),
    "place is of type torch.float64; float32, int64 and bool are kept": HEAD
    + "        self.register_buffer('place', torch.zeros(3).double())\n"
    + "    def forward(self, x): return self.linear(x[:, -1])\n",
    "has no weights to train": PLAIN.replace("nn.Linear(input_size, output_size)", "nn.Identity()"),
}


@pytest.mark.parametrize("message", WRONG)
def test_a_network_that_fails_is_told_in_a_sentence(project, message):
    text = WRONG[message]
    given = {"network": "networks/mine.py:Mine", "arguments": {}, "input_size": 2, "length": 3, "output_size": 1}
    if text is not None:
        Path("networks/mine.py").write_text(text)
    with pytest.raises(UserError) as error:
        check_module(given)
    assert message in str(error.value)
    assert str(error.value).startswith("networks/mine.py:Mine: ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hiden_size": 4}, "arguments: got an unexpected keyword argument 'hiden_size'; it takes hidden_size"),
        ({"input_size": 4}, "arguments.input_size: comes from the data; leave it out"),
    ],
)
def test_a_wrong_argument_is_named(project, arguments, message):
    project(PLAIN)
    with pytest.raises(UserError) as error:
        check_module(architecture(arguments=arguments))
    assert message in str(error.value)


def test_a_file_that_dvc_does_not_follow_is_refused(project):
    Path("mine.py").write_text(PLAIN)
    for reference in ("mine.py:Mine", "../mine.py:Mine", f"{Path.cwd()}/mine.py:Mine"):
        Path("../mine.py").write_text(PLAIN)
        with pytest.raises(UserError, match="should lie in networks or examples/networks, where DVC sees"):
            architecture(reference)


def test_a_class_can_be_named_by_its_module(project):
    project(PLAIN)
    check_module(architecture("networks.mine:Mine"))
    with pytest.raises(UserError, match=r"there is no module networks\.other"):
        architecture("networks.other:Mine")


@pytest.mark.parametrize(
    ("line", "file"),
    [
        ("from networks.parts import size", "parts.py"),
        ("from .parts import size", "parts.py"),
        ("from . import parts", "parts.py"),
        ("import networks.parts", "parts.py"),
        ("from networks.parts import size", "parts/__init__.py"),
    ],
)
def test_the_code_is_that_of_the_file_and_of_what_it_imports(project, line, file):
    first, parts = project(f"{line}\n" + PLAIN)["code"], Path("networks") / file
    parts.parent.mkdir(exist_ok=True)
    parts.write_text("size = 1\n")
    second = architecture()["code"]
    parts.write_text("size = 2\n")
    Path("networks/others.py").write_text("size = 3\n")
    assert len({first, second, architecture()["code"]}) == 3
    third = architecture()["code"]
    Path("networks/others.py").write_text("size = 4\n")
    assert architecture()["code"] == third


STACKED = {  # besides the examples
    "dropout": PLAIN.replace("self.linear(x", "self.linear(nn.functional.dropout(x, training=self.training)")
    .replace("x[:, -1])", "x)[:, -1])")
    .replace("dropout(x, training=self.training)[:, -1]", "dropout(x[:, -1], training=self.training)"),
    "batch normalisation": HEAD
    + "        self.norm = nn.BatchNorm1d(input_size)\n"
    + "    def forward(self, x): return self.linear(self.norm(x[:, -1]))\n",
    "tied weights": HEAD
    + "        self.other = nn.Linear(input_size, output_size)\n"
    + "        self.other.weight = self.linear.weight\n"
    + "    def forward(self, x): return self.linear(x[:, -1]) + self.other(x[:, 0])\n",
    "a frozen weight and a buffer that is not saved": HEAD
    + "        self.register_buffer('scale', torch.full((), 3.0), persistent=False)\n"
    + "        self.frozen = nn.Parameter(torch.ones(input_size), requires_grad=False)\n"
    + "    def forward(self, x): return self.linear(x[:, -1] * self.scale * self.frozen)\n",
    "a part of two names, with buffers": HEAD
    + "        self.norm = nn.BatchNorm1d(input_size)\n        self.again = self.norm\n"
    + "    def forward(self, x): return self.linear(self.norm(x[:, -1]) + self.again(x[:, 0]))\n",
    "a mask of what is infinite": HEAD
    + "        self.register_buffer('mask', torch.full((3, 3), -torch.inf).triu(1))\n"
    + "    def forward(self, x): return self.linear((self.mask[1].softmax(0)[:, None] * x).sum(1))\n",
    "a weight that is not used": HEAD
    + "        self.unused = nn.Parameter(torch.ones(input_size))\n"
    + "    def forward(self, x): return self.linear(x[:, -1])\n",
}


@pytest.mark.parametrize("text", STACKED.values(), ids=STACKED)
def test_a_training_that_was_cut_off_goes_on_to_the_same_bytes(project, text):
    made = project(text)
    assert engine_of(made) == "stacked"
    settings = Settings(4, 5, 0.05)
    whole = trainer_of(made, "stacked", settings)
    expected, saved = list(whole.run()), {}

    def kill():
        if cut.epoch * cut.steps + cut.step == 5:
            saved.update(cut.progress())
            raise InterruptedError

    cut, rows = trainer_of(made, "stacked", settings), []
    with pytest.raises(InterruptedError):
        rows.extend(cut.run(after_step=kill))
    again = trainer_of(made, "stacked", settings)
    again.restore(saved)
    rows.extend(again.run())
    assert rows == expected
    assert torch.equal(weights(again), weights(whole))


@pytest.mark.parametrize("name", [name for name in STACKED if name != "dropout"])
def test_stacked_networks_of_all_kinds_learn_as_alone(project, name):
    made = project(STACKED[name])
    trainers = [trainer_of(made, engine, Settings(3, 5, 0.05)) for engine in ("stacked", "replicas")]
    first, second = ([row for rows in trainer.run() for row in rows] for trainer in trainers)
    assert [{k: pytest.approx(v, abs=1e-5) for k, v in row.items()} for row in first] == second
    torch.testing.assert_close(*map(weights, trainers), atol=1e-5, rtol=0)


def test_dropout_is_off_where_nothing_is_trained(project):
    trainer = trainer_of(project(STACKED["dropout"]), "stacked", Settings(1, 10, 1e-9))
    ((first, _),) = trainer.run()
    network = restore(architecture(), initial_states(architecture(), SEEDS)[0]).eval()
    x, y = data(5, 2)
    assert first["validation_loss"] == pytest.approx(nn.functional.mse_loss(network(x), y).item(), rel=1e-5)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ("self.linear(x[:, -1]) if x.sum() > 0 else self.linear(x[:, 0])", "data-dependent control flow"),
        ("self.count(self.linear(x[:, -1]))", "its outputs or buffers are others"),
        ("self.linear(x[:, -1]) * (1 if x.sum().item() < 1e9 else 2)", "calling .item() on a Tensor"),
    ],
)
def test_networks_that_cant_be_stacked_are_trained_one_after_the_other(project, capsys, changed, said):
    counts = """
    @property
    def count(self):
        if self.training:
            self.steps = self.steps + 1
        return lambda x: x
"""
    head = HEAD + "        self.register_buffer('steps', torch.zeros(()))\n" + counts
    made = project(head + PLAIN.removeprefix(HEAD).replace("self.linear(x[:, -1])", changed))
    assert engine_of(made) == "replicas"
    assert "its seeds are trained one after the other" in (told := capsys.readouterr().out)
    assert said in told
    assert len(list(trainer_of(made, "replicas").run())) == SETTINGS.epochs


def test_a_transformers_layer_is_stacked_without_a_warning(project):
    text = HEAD + "        self.layer = nn.TransformerEncoderLayer(2, 1, 4, dropout=0.0, batch_first=True)\n"
    made = project(text + "    def forward(self, x): return self.linear(self.layer(x)[:, -1])\n")
    assert engine_of(made) == "stacked"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        list(trainer_of(made, "stacked").run())


def test_what_the_code_raises_in_the_middle_of_a_training_is_told_in_a_sentence(project):
    made = project(PLAIN.replace("return", "\n        if len(x) == 2: raise ValueError('two')\n        return"))
    with pytest.raises(UserError, match=r"mine.py:Mine: fails in training: ValueError: two \(mine.py, line 9\)"):
        list(trainer_of(made, "stacked").run())


def test_a_mask_of_what_is_infinite_is_no_divergence(project):
    trainer = trainer_of(project(STACKED["a mask of what is infinite"]), "stacked", Settings(1, 5, 0.01))
    list(trainer.run())
    assert trainer.diverged == {}


def packed(made):
    states = dict(zip((0, 1), initial_states(made, (0, 1)), strict=True))
    Path("mine.safetensors").write_bytes(pack(states, PACKED | {"network": made}))
    return states


def named(reference):
    content = YAML(typ="safe").load(ROOT / "params.yaml")
    content["models"]["mine"] = {"track": "series", "network": reference}
    with Path("params.yaml").open("w") as file:
        YAML(typ="safe").dump(content, file)
    return content


def test_weights_give_the_networks_back(project):
    made = project(PLAIN)
    states = packed(made)
    named("networks/mine.py:Mine")
    networks, config = unpack("mine.safetensors")
    assert config["network"] == made
    for seed, network in networks.items():
        assert all(torch.equal(value, states[seed][name]) for name, value in network.state_dict().items())


def test_weights_alone_import_no_code(project):
    made = project("from pathlib import Path\nPath('ran').touch()\n" + PLAIN)
    packed(made)
    Path("ran").unlink()
    named("networks/other.py:Other")
    with pytest.raises(UserError, match=r"which params\.yaml does not name: weights alone import no code"):
        unpack("mine.safetensors")
    Path("params.yaml").unlink()
    with pytest.raises(UserError, match="weights alone import no code"):
        unpack("mine.safetensors")
    assert not Path("ran").exists()


def test_weights_of_other_code_are_refused(project):
    packed(project(PLAIN))
    named("networks/mine.py:Mine")
    project(PLAIN + "# changed\n")
    with pytest.raises(UserError, match=r"was trained with other code of networks/mine\.py:Mine than there is now"):
        unpack("mine.safetensors")


def test_each_model_has_a_file_that_changes_with_its_code_alone(project):
    project(PLAIN)
    content = named("networks/mine.py:Mine")
    content["memory"] |= {"cells": ["rnn", "mine"], "lengths": [2, 3]}
    write_followed(parse(content))
    before = {path: path.read_text() for path in Path("data").rglob("*.json")}
    assert {path.stem for path in before} == {"memory", *content["models"]}
    assert before[Path("data/networks/gru.json")] == "{}\n"
    project(PLAIN + "# changed\n")
    del content["models"]["rnn"]
    content["backtest"]["models"].remove("rnn")
    write_followed(parse(content))
    after = {path: path.read_text() for path in Path("data").rglob("*.json")}
    changed = {path.stem for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    assert changed == {"memory", "mine", "rnn"}


def test_outputs_of_models_that_are_gone_are_removed_and_no_others(project):
    project(PLAIN)
    content = named("networks/mine.py:Mine")
    write_followed(parse(content))
    made = {Path(output.format(name)) for output in MADE for name in ("rnn", "lstm", "gru")}
    own = {Path("models/rnn.safetensors.bak"), Path("models/rnn_copy.safetensors"), Path("metrics/test/rnn/a.json")}
    for path in made | own:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    del content["models"]["rnn"]
    content["backtest"]["models"] = ["gru"]
    write_followed(parse(content))
    gone = {path for path in made | own if not path.exists()}
    assert gone == {Path(output.format("rnn")) for output in MADE} | {Path(WALKED.format("lstm"))}


def test_what_is_removed_of_a_model_is_what_the_pipeline_makes_of_each():
    stages = YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"]
    outputs = [
        output for name in ("train", "evaluate", "backtest") for key in ("outs", "plots")
        for output in stages[name]["do"].get(key, [])
    ]  # fmt: skip
    paths = [next(iter(output)) if isinstance(output, dict) else output for output in outputs]
    assert {re.sub(r"\$\{(key|item)\}", "{}", path) for path in paths} == set(MADE)


def test_a_failing_network_is_named_by_its_key_and_nothing_is_written(project):
    project(PLAIN.replace("x[:, -1]", "x"))
    with pytest.raises(UserError, match=r"models\.mine: networks/mine\.py:Mine: for a batch"):
        write_followed(parse(named("networks/mine.py:Mine")))
    assert not Path("data").exists()


def test_the_memory_track_takes_no_unknown_cell():
    content = YAML(typ="safe").load(ROOT / "params.yaml")
    content["memory"]["cells"] = ["gru_change"]
    with pytest.raises(UserError, match=r"memory\.cells: gru_change is none of rnn, lstm, gru, and no model with"):
        parse(content)


@pytest.mark.filterwarnings("ignore:The tensor attributes .* were assigned during export")  # as registry.py does
@pytest.mark.parametrize("name", EXAMPLES)
def test_the_exported_graph_says_what_the_networks_say(name):
    made = example(name)
    networks = [restore(made, state).eval() for state in initial_states(made, SEEDS)]
    x = torch.rand(5, 3, 2)
    batch = torch.export.Dim("batch")
    graph = torch.export.export(merge(networks, made), (torch.rand(3, 3, 2),), dynamic_shapes=({0: batch},))
    torch.testing.assert_close(graph.module()(x), torch.cat([network(x) for network in networks], 1))
