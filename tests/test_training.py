import math

import pytest
import torch
from architectures import GRU
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from rnnlab.core.errors import UserError
from rnnlab.networks.network import RecurrentNetwork
from rnnlab.training import batches
from rnnlab.training.batches import draw
from rnnlab.training.ensemble import Ensemble
from rnnlab.training.losses import cross_entropy, squared_error
from rnnlab.training.replicas import Replicas
from rnnlab.training.settings import Settings, learning_rate
from rnnlab.training.stacked import Stacked
from rnnlab.training.trainer import Trainer

CONFIG = GRU
SEEDS = (3, 4)
SETTINGS = Settings(epochs=4, batch_size=4, learning_rate=0.05)
ENGINES = pytest.mark.parametrize("engine", [Ensemble, Stacked, Replicas])


def states(**changes):
    made = []
    for seed in SEEDS:
        torch.manual_seed(seed)
        made.append(RecurrentNetwork(**CONFIG | changes).state_dict())
    return made


def trainer_of(settings=SETTINGS, validation=None, engine=Ensemble):
    generator = torch.Generator().manual_seed(1)
    x, y = torch.rand(10, 3, 2, generator=generator), torch.rand(10, 1, generator=generator)
    return Trainer(engine(CONFIG, states()), x, y, SEEDS, settings, validation)


def weights(trainer):
    return torch.cat([value.flatten() for state in trainer.states() for value in state.values()])


def other_data(count=5):
    generator = torch.Generator().manual_seed(2)
    return torch.rand(count, 3, 2, generator=generator), torch.rand(count, 1, generator=generator)


@ENGINES
def test_one_full_batch_is_one_step_of_adam(engine):
    trainer = trainer_of(Settings(epochs=1, batch_size=10, learning_rate=0.01), engine=engine)
    (rows,) = trainer.run()
    for row, before, after in zip(rows, states(), trainer.states(), strict=True):
        network = RecurrentNetwork(**CONFIG)
        network.load_state_dict(before)
        loss = nn.functional.mse_loss(network(trainer.x), trainer.y)
        loss.backward()
        torch.optim.Adam(network.parameters(), lr=0.01).step()
        for name, value in network.state_dict().items():
            torch.testing.assert_close(after[name], value)
        assert row["train_loss"] == pytest.approx(loss.item())
    assert [(row["epoch"], row["seed"]) for row in rows] == [(0, 3), (0, 4)]


@pytest.mark.parametrize("engine", [Stacked, Replicas])
def test_engines_train_alike_with_all_that_can_be_set(engine):
    settings = Settings(3, 4, 0.05, schedule="onecycle", max_grad_norm=0.1, patience=2)
    trainers = [trainer_of(settings, other_data(), engine) for engine in (Ensemble, engine)]
    first, second = ([row for rows in trainer.run() for row in rows] for trainer in trainers)
    assert [{k: pytest.approx(v, abs=1e-6) for k, v in row.items()} for row in first] == second
    torch.testing.assert_close(*map(weights, trainers), atol=1e-6, rtol=0)


@given(st.integers(1, 50), st.integers(1, 12), st.integers(1, 20))
def test_each_replica_draws_every_sample_once_an_epoch(count, batch_size, at_once):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches, "SHUFFLED_AT_ONCE", at_once)
        drawn = list(draw(count, batch_size, [torch.Generator().manual_seed(seed) for seed in SEEDS]))
    sizes = [batch.shape[1] for batch in drawn]
    assert sizes == [batch_size] * (count // batch_size) + [count % batch_size] * (count % batch_size > 0)
    for order in torch.cat(drawn, 1):
        assert sorted(order.tolist()) == list(range(count))


def test_the_order_is_anew_each_epoch_and_a_replicas_own():
    orders = [torch.Generator().manual_seed(seed) for seed in SEEDS]
    (first,), (second,) = draw(10, 10, orders), draw(10, 10, orders)
    assert first.tolist() != second.tolist()
    assert first[0].tolist() != first[1].tolist()
    assert first[1].tolist() == torch.randperm(10, generator=torch.Generator().manual_seed(SEEDS[1])).tolist()


def test_samples_in_blocks_come_from_few_places_at_a_time(monkeypatch):
    monkeypatch.setattr(batches, "SHUFFLED_AT_ONCE", 10)
    blocks = [batch[0] // 10 for batch in draw(100, 5, [torch.Generator().manual_seed(0)])]
    assert all(len(block.unique()) == 1 for block in blocks)
    assert len(torch.stack(blocks).unique()) == 10


def test_a_constant_rate():
    assert learning_rate(SETTINGS, 7, 100) == SETTINGS.learning_rate


@given(st.integers(1, 300))
def test_one_cycle_is_pytorchs(steps):
    settings = Settings(epochs=1, batch_size=1, learning_rate=0.5, schedule="onecycle")
    optimizer = torch.optim.SGD([torch.zeros(())], lr=0.5)
    reference = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.5, total_steps=steps)
    for step in range(steps):
        assert learning_rate(settings, step, steps) == pytest.approx(reference.get_last_lr()[0], abs=1e-12)
        optimizer.step()
        if step + 1 < steps:
            reference.step()


def test_patience_without_validation_is_an_error():
    with pytest.raises(UserError, match="patience needs a validation part"):
        trainer_of(Settings(3, 4, 0.05, patience=2), other_data(0))


@ENGINES
def test_gradients_are_clipped_by_replica(engine):
    trainer = trainer_of(engine=engine)
    way = trainer.engine.at(10)
    way.load(trainer.x[None])
    way.forward()
    way.backward(torch.tensor([1.0, 1e-3])[:, None, None].expand(2, 1, 10).contiguous())

    def norms():
        flat = Ensemble(CONFIG, states())
        if isinstance(trainer.engine, Ensemble):
            flat.parameters[0].copy_(trainer.engine.gradients[0])
            gradients = flat.states()
        elif isinstance(trainer.engine, Stacked):
            gradients = [dict(enumerate(each)) for each in zip(*trainer.engine.gradients, strict=True)]
        else:
            count = len(trainer.engine.gradients) // 2
            parts = trainer.engine.gradients[:count], trainer.engine.gradients[count:]
            gradients = [dict(enumerate(part)) for part in parts]
        return [math.hypot(*torch.cat([g.flatten() for g in each.values()]).tolist()) for each in gradients]

    large, small = norms()
    trainer.engine.clip_gradients(0.5)
    assert large > 0.5
    assert norms() == pytest.approx([0.5, small], rel=1e-4)


def test_a_replica_without_patience_left_stops_alone_and_keeps_its_best_weights():
    validation = other_data()
    settings = Settings(epochs=200, batch_size=4, learning_rate=0.05, patience=5)
    trainer = trainer_of(settings, validation)
    rows = [row for rows in trainer.run() for row in rows]
    for seed, state in zip(SEEDS, trainer.states(), strict=True):
        losses = [row["validation_loss"] for row in rows if row["seed"] == seed]
        assert len(losses) == losses.index(min(losses)) + 1 + 5 < 200
        network = RecurrentNetwork(**CONFIG)
        network.load_state_dict(state)
        assert nn.functional.mse_loss(network(validation[0]), validation[1]).item() == pytest.approx(min(losses))
    assert len({sum(row["seed"] == seed for row in rows) for seed in SEEDS}) == 2  # not both at once


@pytest.mark.promise(number=4)
@ENGINES
@pytest.mark.parametrize("patience", [None, 2])
def test_a_replica_that_diverges_is_named_and_the_others_go_on_as_if_alone(engine, patience):
    settings = Settings(epochs=4, batch_size=4, learning_rate=0.05, max_grad_norm=1.0, patience=patience)
    validation = other_data() if patience else None
    alone = trainer_of(settings, validation, engine)
    expected = [[row for row in rows if row["seed"] == SEEDS[1]] for rows in alone.run()]
    spoilt = {name: torch.full_like(value, float("inf")) for name, value in states()[0].items()}
    trainer = trainer_of(settings, validation, lambda config, given: engine(config, [spoilt, given[1]]))
    assert list(trainer.run()) == [rows for rows in expected if rows]
    assert trainer.diverged == {0: 0}
    for name, value in alone.states()[1].items():
        torch.testing.assert_close(trainer.states()[1][name], value, rtol=0, atol=0)


@pytest.mark.promise(number=4)
def test_a_replica_that_diverges_in_its_last_step_is_found(monkeypatch):
    trainer = trainer_of()
    trained = trainer.states
    spoilt = {"linear.bias": torch.tensor([float("nan")])}
    monkeypatch.setattr(trainer, "states", lambda: [trained()[0], trained()[1] | spoilt])
    assert len(list(trainer.run())) == SETTINGS.epochs
    assert trainer.diverged == {1: SETTINGS.epochs - 1}


@pytest.mark.promise(number=4)
def test_where_all_diverge_the_training_ends_without_a_row():
    trainer = trainer_of(Settings(epochs=50, batch_size=4, learning_rate=3e38))
    assert len(list(trainer.run())) < 5
    assert set(trainer.diverged) == {0, 1}


def test_validation_is_reported_and_not_trained_on():
    plain, watched = trainer_of(), trainer_of(validation=other_data())
    list(plain.run())
    rows = [row for rows in watched.run() for row in rows]
    assert torch.equal(weights(plain), weights(watched))
    network = RecurrentNetwork(**CONFIG)
    network.load_state_dict(watched.states()[1])
    x, y = other_data()
    assert rows[-1]["validation_loss"] == pytest.approx(nn.functional.mse_loss(network(x), y).item())


def test_classes_report_their_accuracy():
    x, y = other_data(8)[0], torch.tensor([0, 1] * 4)
    made = states(output_size=2)
    trainer = Trainer(
        Ensemble(CONFIG | {"output_size": 2}, made), x, y, SEEDS, Settings(1, 8, learning_rate=0.01), (x[:5], y[:5])
    )
    (rows,) = trainer.run()
    for row, before, after in zip(rows, made, trainer.states(), strict=True):
        for figure, state, count in (("train_accuracy", before, 8), ("validation_accuracy", after, 5)):
            network = RecurrentNetwork(**CONFIG | {"output_size": 2})
            network.load_state_dict(state)
            right = (network(x[:count]).argmax(1) == y[:count]).sum().item()
            assert row[figure] == pytest.approx(right / count)


@pytest.mark.parametrize(
    ("ours", "theirs", "y"),
    [
        (squared_error, nn.functional.mse_loss, torch.rand(2, 3, 4, dtype=torch.float64)),
        (cross_entropy, nn.functional.cross_entropy, torch.tensor([[0, 2, 1, 1], [2, 2, 0, 1]])),
    ],
)
def test_the_losses_and_their_derivatives_are_pytorchs(ours, theirs, y):
    predicted = torch.randn(2, 3, 4, dtype=torch.float64, requires_grad=True)  # K, O or classes, B
    expected = torch.stack([theirs(p.mT, t if t.dim() == 1 else t.mT) for p, t in zip(predicted, y, strict=True)])
    (gradient,) = torch.autograd.grad(expected.sum(), predicted)
    losses, derivative = ours(predicted.detach(), y)
    torch.testing.assert_close(losses, expected.detach())
    torch.testing.assert_close(derivative, gradient)


@pytest.mark.promise(number=4)
@pytest.mark.parametrize("stop", [1, 3, 5, 12])
def test_a_training_that_was_cut_off_goes_on_to_the_same_bytes(stop):
    settings = Settings(epochs=6, batch_size=4, learning_rate=0.05, schedule="onecycle", patience=3)
    whole = trainer_of(settings, other_data())
    expected = list(whole.run())

    cut, rows, saved = trainer_of(settings, other_data()), [], {}

    def kill():
        if cut.epoch * cut.steps + cut.step == stop:
            saved.update(cut.progress())
            raise InterruptedError

    with pytest.raises(InterruptedError):
        rows.extend(cut.run(after_step=kill))
    again = trainer_of(settings, other_data())
    again.restore(saved)
    rows.extend(again.run())
    assert rows == expected
    assert torch.equal(weights(again), weights(whole))
